import atexit
import contextlib
import functools
import gc
import importlib
import math
import os
import subprocess
import sys
import typing
import urllib.request
from pathlib import Path

import pytest

from tests import kernels
from tests.mounts import mounted
from tfgan_zoo.kernels import prefer_onednn

# Before anything imports TensorFlow. Test files import it before the package.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
prefer_onednn()

# Imports make no garbage that is worth looking for; tests turn it on again.
gc.disable()

#: Files whose graphs run as they do for users. In the others of the default suite TensorFlow leaves
#: graphs as they were traced: to optimize one takes longer than to run it a few times.
OPTIMIZED = (
    "models/test_suite.py",
    "run/test_experiment.py",
    "serving/test_signatures.py",
    "test_earlier_versions.py",
)

#: The files that take longest come first, so that several workers finish together. Texts come
#: before all, as their run collects the garbage of all tests before it.
LONGEST = (
    "tasks/test_text_to_image.py",
    "models/test_suite.py",
    "run/test_experiment.py",
    "tasks/test_tasks.py",
    "models/mechanics/test_batches.py",
    "serving/test_predict.py",
    "test_two_replicas.py",
    "models/test_conditions.py",
    "serving/test_signatures.py",
    "models/test_classes.py",
    "test_adding_a_model.py",
    "test_earlier_versions.py",
    "commands/test_commands.py",
)


def pytest_configure(config):
    # pytest-xdist would start with the files that have most tests.
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish():
    # What imports have created stays; the garbage collector need not visit it again and again.
    gc.collect()
    gc.freeze()
    # Tests make many objects and few cycles: collecting less often halves the time it takes.
    gc.set_threshold(5_000, 20, 20)
    gc.enable()
    if sys.version_info < (3, 12):  # which keeps this itself
        typing._get_protocol_attrs = functools.cache(typing._get_protocol_attrs)
    if "tensorflow" in sys.modules:
        kernels.keep()
    if "keras" in sys.modules:
        # Keras means to keep this between saves, but looks for it under another name.
        saving = importlib.import_module("keras.src.saving.saving_lib")
        saving.get_attr_skipset = functools.cache(saving.get_attr_skipset)


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure():
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Pytest collects all garbage once more, which takes seconds; of a worker, nobody sees what
        # it finds.
        gc.freeze()
    # Commands register it, whose process ends with them.
    atexit.unregister(gc.collect)


@pytest.fixture(autouse=True)
def _fresh_keras():
    """Lets no test inherit another's dtype policy or layer names."""
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].config.set_dtype_policy("float32")
        importlib.import_module("keras.src.utils.naming").reset_uids()


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch):
    """Lets no command print progress, however slow the machine is."""
    monkeypatch.setattr("tfgan_zoo.progress.QUIET", math.inf)


@pytest.fixture
def offline(monkeypatch):
    """Lets nothing be downloaded: nobody listens at the proxy."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    # The opener keeps the proxies of its first use, which a later test must not inherit.
    urllib.request.install_opener(None)
    yield
    urllib.request.install_opener(None)


@pytest.fixture
def read_only():
    """Makes a folder write-protected for a while, also for root."""

    @contextlib.contextmanager
    def protected(folder):
        if os.getuid():
            folder.chmod(0o555)
            yield
            folder.chmod(0o755)
            return
        with mounted(folder, "--bind", str(folder)):
            subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
            yield

    return protected


@pytest.fixture
def volume(tmp_path):
    """An empty folder into which nothing can be moved from beside it, as a container's volumes."""
    folder = tmp_path / "around" / "volume"
    folder.mkdir(parents=True)
    if os.getuid():
        folder.parent.chmod(0o555)
        yield folder
        folder.parent.chmod(0o755)
        return
    with mounted(folder, "-t", "tmpfs", "tmpfs"):
        yield folder


@pytest.fixture(autouse=True, scope="module")
def _fresh_session():
    """Lets no file inherit what another left in Keras' session."""
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session(free_memory=False)


@pytest.fixture(autouse=True, scope="module")
def _graphs(request):
    """Lets TensorFlow optimize no graphs where only that they run is of interest: `OPTIMIZED`."""
    if "tensorflow" in sys.modules:
        is_default = request.config.option.markexpr == "not slow"
        plain = is_default and request.path not in {Path(__file__).parent / n for n in OPTIMIZED}
        options = {"disable_meta_optimizer": plain}
        sys.modules["tensorflow"].config.optimizer.set_experimental_options(options)


@pytest.fixture(scope="module")
def loaded_once():
    """Lets the commands of a module load each run once; they read models, and change none."""
    from tfgan_zoo.run import experiment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "load_run", functools.cache(experiment.load_run))
        yield

"""What `import tfgan_zoo` offers without importing TensorFlow."""

import importlib
import importlib.util
import os
import pkgutil
import subprocess
import sys
import types

import pytest

import tfgan_zoo
from tfgan_zoo import backend, moved
from tfgan_zoo.errors import InputError


def test_every_room_is_an_attribute_of_the_package():
    rooms = {module.name for module in pkgutil.iter_modules(tfgan_zoo.__path__) if module.ispkg}
    documented = {"noise", "schedules", "config", "errors"}
    for name in rooms | documented:
        assert name in dir(tfgan_zoo)
        assert name in tfgan_zoo.__all__
        # As on the first use, whoever has imported it meanwhile.
        assert isinstance(tfgan_zoo.__getattr__(name), types.ModuleType)
    assert tfgan_zoo.networks.dcgan_generator
    assert tfgan_zoo.DCGAN is tfgan_zoo.models.DCGAN


def test_attributes_that_nearly_exist_are_ordinary_errors():
    for name in ("callback", "Callbacks", "dcgan", "train_step", "backend_"):
        with pytest.raises(AttributeError, match=f"'tfgan_zoo' has no attribute '{name}'"):
            getattr(tfgan_zoo, name)
        assert not hasattr(tfgan_zoo, name)


PROGRAM = """
import sys, tfgan_zoo
assert len(dir(tfgan_zoo)) > 30
assert {"train", "load_run", "export_run", "convert_run", "Run"} <= set(dir(tfgan_zoo.run))
assert not {"tensorflow", "keras", "numpy"} & set(sys.modules)
assert tfgan_zoo.config.load_config("joint_embedding").model == "joint_embedding"
try:
    tfgan_zoo.DCGAN
except ValueError as error:
    assert type(error).__name__ == "InputError"
    print(error)
assert not {"tensorflow", "keras", "jax", "torch"} & set(sys.modules)
from tfgan_zoo import cli, export
cli.run(export.main, ["--workdir=x", "--output=y"])
"""


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_another_backend_of_keras_is_refused_by_models_and_commands(name):
    """Before anything of it is imported, so whether it is installed or not."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"KERAS_BACKEND": name},
        capture_output=True,
        text=True,
    )
    sentence = (
        f"KERAS_BACKEND: expected tensorflow, on which tfgan_zoo's models are built, got {name}"
    )
    assert done.stdout.startswith(sentence), done.stderr
    assert done.stderr.startswith(f"error: {sentence}")
    assert done.returncode == 2


def test_the_backend_is_looked_at_again(monkeypatch):
    backend.check_backend()
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(InputError, match=r"^KERAS_BACKEND: expected tensorflow"):
        backend.check_backend()


def test_modules_import_under_the_names_that_they_had():
    for name, home in moved.MOVED.items():
        if home.endswith("figures.tfds") and not importlib.util.find_spec("tensorflow_datasets"):
            continue
        module = importlib.import_module(name)
        assert module is importlib.import_module(home)
        assert module.__spec__.name == home
    assert tfgan_zoo.experiment.load_run is tfgan_zoo.run.load_run
    assert tfgan_zoo.runs.Run is tfgan_zoo.run.Run
    with pytest.raises(AttributeError, match=r"'tfgan_zoo\.run' has no attribute 'trian'"):
        tfgan_zoo.run.trian  # noqa: B018

"""The wheel and the source distribution, built and used elsewhere, as `.ci/extras` does it."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import tfgan_zoo
from tfgan_zoo.config import list_configs

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
#: What a build needs of a checkout.
NEEDED = ("LICENSE", "README.md", "pyproject.toml", "setup.cfg", "setup.py")
#: What users do first.
FIRST_STEPS = """
import json
import tfgan_zoo
from tfgan_zoo.config import list_configs, load_config

load_config("dcgan")
names = [card.name for card in tfgan_zoo.list_presets()]
images = tfgan_zoo.from_preset("dcgan_figures").generate(2, label="red circle", seed=0)
print(json.dumps({
    "file": tfgan_zoo.__file__,
    "version": tfgan_zoo.__version__,
    "configs": list_configs(),
    "presets": names,
    "shape": list(images.shape),
}))
"""


def succeed(*command, cwd):
    """Runs a command without this checkout on its path; returns what it printed."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env=environment | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Builds the source distribution, and from it the wheel, as `python -m build` does."""
    pytest.importorskip("build", reason="pip install build 'setuptools>=77'")
    folder = tmp_path_factory.mktemp("distributions")
    checkout, output = folder / "checkout", folder / "dist"
    checkout.mkdir()
    for name in NEEDED:
        shutil.copy(ROOT / name, checkout)
    for name in ("configs", "tfgan_zoo"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, checkout / name, ignore=ignored)
    succeed(
        sys.executable, "-m", "build", "--no-isolation", f"--outdir={output}", checkout, cwd=folder
    )
    return output


def made(distributions, suffix):
    (file,) = distributions.glob(f"*{suffix}")
    return file


@pytest.mark.parametrize("suffix", [".whl", ".tar.gz"])
def test_first_steps_with_it_installed(distributions, suffix, tmp_path):
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    # Its dependencies are those of these tests; what they install in editable mode is not on its
    # path, because Python reads .pth files in its own folders alone.
    (packages,) = environment.glob("lib/python*/site-packages")
    found = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (packages / "dependencies.pth").write_text("\n".join(found))
    # If the tests run with an editable installation, pip finds that one, and leaves it alone.
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--force-reinstall")
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", *options)
    succeed(*pip, made(distributions, suffix), cwd=tmp_path)

    told = json.loads(succeed(python, "-c", FIRST_STEPS, cwd=tmp_path).splitlines()[-1])
    assert Path(told["file"]).is_relative_to(packages)
    assert told["version"] == tfgan_zoo.__version__
    assert told["configs"] == list_configs()
    assert told["presets"] == [card.name for card in tfgan_zoo.list_presets()]
    assert told["shape"] == [2, 32, 32, 3]
    # The command of the package, too.
    assert "tfgan_zoo.generate" in succeed(environment / "bin" / "tfgan_zoo", cwd=tmp_path)


def test_they_hold_every_file_of_the_library(distributions):
    files = {
        path.relative_to(ROOT).as_posix()
        for folder in ("configs", "tfgan_zoo")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with tarfile.open(made(distributions, ".tar.gz")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert files | {"LICENSE", "README.md", "pyproject.toml", "setup.cfg", "setup.py"} <= names
    wheel = zipfile.ZipFile(made(distributions, ".whl"))
    named = {
        name.removeprefix("tfgan_zoo/") if name.startswith("tfgan_zoo/configs/") else name
        for name in wheel.namelist()
    }
    assert {name for name in named if ".dist-info/" not in name} == files

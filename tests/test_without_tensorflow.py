"""What works before TensorFlow is imported, and does not import it: all in one process."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.tiny_runs import as_recipe, tiny_config
from tfgan_zoo.__main__ import COMMANDS
from tfgan_zoo.data import imresize

PROGRAM = """
import contextlib, io, json, sys

def run(argv):
    # As `python -m`, or as `python -c`.
    import runpy
    module, *sys.argv[1:] = argv
    if module == "-c":
        exec(argv[1], {})
    else:
        runpy.run_module(module, run_name="__main__", alter_sys=True)

results = {}
for name, argv in json.loads(sys.argv[1]).items():
    out, err, status, before = io.StringIO(), io.StringIO(), 0, set(sys.modules)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run(argv)
        except SystemExit as stop:
            status = stop.code or 0
    imported = sorted({"tensorflow", "keras"} & (set(sys.modules) - before))
    results[name] = {"ended": [status, err.getvalue(), imported], "out": out.getvalue()}
print(json.dumps(results))
"""

OPENED = """
import sys
from tfgan_zoo.data import load_pair, open_super_resolution
load_pair(open_super_resolution(sys.argv[2], scale=4), 0)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A recipe, a run that only started, and a pair of a small and a large picture."""
    folder = tmp_path_factory.mktemp("light")
    as_recipe(tiny_config(folder), folder / "tiny.py")
    (folder / "started" / "samples").mkdir(parents=True)
    written = {"config": {"model": "dcgan", "train": {"steps": 4}}, "versions": {}}
    (folder / "started" / "config.json").write_text(json.dumps(written))
    (folder / "pairs").mkdir()
    large = np.random.default_rng(0).integers(0, 256, (48, 40, 3), np.uint8)
    for name, image in (("HR", large), ("LR", imresize(large, 0.25))):
        Image.fromarray(image).save(folder / "pairs" / f"0_{name}.png")
    return folder


@pytest.fixture(scope="module")
def results(folder):
    """How each ended: status, standard error, what it had imported; and what it printed."""
    asked = {f"{command} --help": [f"tfgan_zoo.{command}", "--help"] for command in COMMANDS}
    asked |= {
        "commands": ["tfgan_zoo"],
        "metrics": ["-c", "import tfgan_zoo.metrics"],
        "presets": ["tfgan_zoo.presets"],
        "pairs": ["-c", OPENED, f"folder:{folder / 'pairs'}"],
        "report": ["tfgan_zoo.report", f"--workdir={folder / 'started'}"],
        "evaluate": [
            "tfgan_zoo.evaluate",
            f"--data=folder:{folder / 'pairs'}",
            "--baseline=bicubic",
        ],
        "import": [
            "tfgan_zoo.import_weights",
            "--family=realesrgan",
            f"--input={folder / 'tiny.py'}",
            f"--output={folder / 'imported'}",
        ],
        "dry run": [
            "tfgan_zoo.train",
            f"--config={folder / 'tiny.py'}",
            f"--workdir={folder / 'run'}",
            "--dry_run",
            "--config.train.steps=7",
            "--config.data.flip",
            "false",
        ],
        "by name": ["tfgan_zoo", "train", "--model=dcgan", "--dry_run"],  # last: it imports `train`
    }
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(asked)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


QUIETLY = [0, "", []]


@pytest.mark.parametrize("command", COMMANDS)
def test_help(results, command):
    assert results[f"{command} --help"]["ended"] == QUIETLY
    assert f"python -m tfgan_zoo.{command} --" in results[f"{command} --help"]["out"]


@pytest.mark.parametrize("name", ["commands", "by name", "metrics", "pairs", "presets"])
def test_imports_of_the_package(results, name):
    assert results[name]["ended"] == QUIETLY


def test_a_report(results, folder):
    assert results["report"]["ended"] == QUIETLY
    assert results["report"]["out"].startswith("1 run, 0.")
    assert (folder / "started" / "report.html").read_text().endswith("</html>\n")


def test_the_scores_of_a_baseline(results):
    assert results["evaluate"]["ended"] == QUIETLY
    header = results["evaluate"]["out"].splitlines()[0]
    assert header.split() == ["image", "psnr", "ssim", "ssim_daala"]


def test_files_of_weights_that_are_refused(results):
    status, said, imported = results["import"]["ended"]
    assert (status, imported) == (2, [])
    assert "tiny.py holds no tensors that can be read (it does not begin as such files do);" in said


def test_a_dry_run_which_touches_nothing(results, folder):
    assert results["dry run"]["ended"] == QUIETLY
    config = json.loads(results["dry run"]["out"])
    assert config["train"]["steps"] == 7
    assert config["data"]["flip"] is False
    assert not (folder / "run").exists()

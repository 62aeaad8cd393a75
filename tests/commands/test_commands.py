"""The command lines, in this process where that will do."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.marks import slow
from tests.tiny_runs import as_recipe, assert_same, lines, saved, tiny_config
from tfgan_zoo import cli, export, generate, train
from tfgan_zoo.config import load_config
from tfgan_zoo.errors import InputError, NonFiniteLossError
from tfgan_zoo.run import experiment


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("commands")


@pytest.fixture(scope="module")
def recipe(folder):
    return as_recipe(tiny_config(folder, train__export="true"), folder / "tiny.py")


@pytest.fixture(scope="module")
def run(folder, recipe):
    """A finished run."""
    train.main([f"--config={recipe}", f"--workdir={folder / 'run'}"])
    return folder / "run"


def python(*arguments):
    """Runs Python as a user would, with TensorFlow's default verbosity."""
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def said(main, *argv, capsys):
    """Returns (status, standard output, standard error) of a command."""
    with pytest.raises(SystemExit) as stop:
        cli.run(main, list(argv))
    return (stop.value.code, *capsys.readouterr())


# ---------------------------------------------------------------------- flags


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--model=dcgann"], "error: --model: there is no 'dcgann'; did you mean dcgan"),
        (["--config=dcgann"], "error: --config: there is no 'dcgann'; did you mean dcgan"),
        (["--config=no/such.py"], "error: --config: there is no file 'no/such.py'."),
        ([], "error: Give --model or --config: one of acgan"),
        (["--modle=dcgan"], "error: There is no flag --modle; did you mean --model"),
        (["--zzz"], "error: There is no flag --zzz; --help shows all."),
        (["--batch_size=8"], "no flag --batch_size; did you mean --config.data.batch_size?"),
        (["--epochs", "9"], "no flag --epochs; did you mean --config.train.steps?"),
        (["--resume"], "no flag --resume; the same command, or --workdir alone, resumes a run."),
        (["dcgan"], "error: There is an argument too many: 'dcgan'."),
        (["--model"], "error: Missing value for flag --model."),
        (["--model=dcgan", "--config.train.stepz=1"], "did you mean train.steps"),
        (["--model=dcgan", "--config.train.steps"], "train.steps: expected a value, got none."),
        (["--model=dcgan", "--config.train.steps", "--dry_run"], "expected a value, got none."),
        (["--model=dcgan", "--config.train.steps=x"], "expected a whole number, got 'x'."),
        (
            ["--model=wgan", "--config=dcgan"],
            "error: --model=wgan: the config dcgan is for 'dcgan'.",
        ),
    ],
    ids=str,
)
def test_unusable_flags_are_a_sentence(capsys, flags, sentence):
    status, out, err = said(train.main, *flags, capsys=capsys)
    assert status == 2
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1


def test_take_overrides():
    argv = ["--config.a.b=1=2", "--model=x", "--config.c", "-1", "--config=y", "--config.d="]
    overrides, others = cli.take_overrides(argv)
    assert overrides == {"a.b": "1=2", "c": "-1", "d": ""}
    assert others == ["--model=x", "--config=y"]


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (InputError("no."), 2, "error: no.\n"),
        (NonFiniteLossError("nan."), 1, "error: nan.\n"),
        (OSError(28, "No space left on device"), 1, "error: [Errno 28] No space left on device.\n"),
        (KeyboardInterrupt(), 130, "Aborted.\n"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_errors_become_a_line_and_a_status(capsys, error, status, line):
    def main(_):
        raise error

    assert said(main, capsys=capsys) == (status, "", line)


# ---------------------------------------------------------------------- training


def test_train_says_what_it_left(run, recipe, capsys):
    status, out, _ = said(train.main, f"--config={recipe}", f"--workdir={run}", capsys=capsys)
    assert status == 0
    assert "all 10 steps are done" in out
    for path in ("samples/final.png", "model.keras", "export/dcgan/1"):
        assert str(run / path) in out
        assert (run / path).exists()


def test_data_errors_end_with_status_2(tmp_path, recipe, capsys):
    flags = [
        f"--config={recipe}",
        "--config.data.source=npz:/no.npz",
        f"--workdir={tmp_path / 'r'}",
    ]
    status, _, err = said(train.main, *flags, capsys=capsys)
    assert (status, err.count("\n")) == (2, 1)
    assert "/no.npz" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_broken_training_ends_with_status_1(tmp_path, recipe, capsys):
    steep = {"name": "sgd", "learning_rate": "1e30"}
    flags = [f"--config.discriminator_optimizer.{key}={value}" for key, value in steep.items()]
    flags.append(f"--config={recipe}")
    status, _, err = said(train.main, *flags, f"--workdir={tmp_path / 'r'}", capsys=capsys)
    assert status == 1
    assert err.startswith("error: At step 4 ")
    assert err.count("\n") == 1


STOPPED = """
import os, sys
from tfgan_zoo import cli, train
cli.quiet_tensorflow()
from tfgan_zoo import callbacks

pytestmark = pytest.mark.usefixtures("loaded_once")

class Progress(callbacks.Progress):
    def on_train_batch_begin(self, batch, logs=None):
        if int(self.model.step) == 5:
            os.kill(os.getpid(), {signal})

callbacks.Progress = Progress
cli.run(train.main)
"""


@pytest.mark.slow
def test_one_command_that_starts_another_quiets_both(run):
    code = (
        "import subprocess, sys\n"
        "from tfgan_zoo.cli import quiet_tensorflow\n"
        "quiet_tensorflow()\n"
        f"run = ['-m', 'tfgan_zoo.generate', '--workdir={run}', '--num=1']\n"
        f"subprocess.run([sys.executable, *run, '--output={run.parent / 'one.png'}'], check=True)\n"
    )
    done = python("-c", code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_the_same_command_resumes(run, recipe, tmp_path, number):
    command = [f"--config={recipe}", f"--workdir={tmp_path / 'run'}"]
    stopped = python("-c", STOPPED.format(signal=int(number)), *command)
    assert stopped.returncode == 128 + number
    assert "Traceback" not in stopped.stderr
    assert stopped.stderr.endswith("Stopped at step 6 and saved; the same command resumes.\n")
    if number == signal.SIGINT:
        resumed = python("-m", "tfgan_zoo.train", *command)
        assert resumed.returncode == 0
        assert "resumed at step 6" in resumed.stdout
        # Nothing from TensorFlow or Keras among our own lines.
        assert [line.split()[1] for line in resumed.stderr.splitlines()] == ["8/10", "10/10"]
    else:
        train.main(command)
    assert lines(tmp_path / "run") == lines(run)
    assert_same(saved(tmp_path / "run", 10), saved(run, 10))


# ---------------------------------------------------------------------- generate


def drawn(run, output, *flags):
    generate.main([f"--workdir={run}", f"--output={output}", *flags])
    return output


def test_grid(run, tmp_path, capsys):
    one = drawn(run, tmp_path / "1.png", "--num=9").read_bytes()
    assert f"9 images: {tmp_path / '1.png'}" in capsys.readouterr().out
    assert drawn(run, tmp_path / "2.png", "--num=9").read_bytes() == one
    assert drawn(run, tmp_path / "3.png", "--num=9", "--seed=1").read_bytes() != one
    drawn(run, tmp_path / "4.png", "--num=4", "--checkpoint=last")
    with Image.open(tmp_path / "4.png") as picture:
        assert picture.size == (34 * 15, 34 * 15)


def test_single_files(run, tmp_path):
    drawn(run, tmp_path / "images", "--num=3")
    names = ["000000.png", "000001.png", "000002.png"]
    assert sorted(p.name for p in (tmp_path / "images").iterdir()) == names
    model = experiment.load_run(run)
    with Image.open(tmp_path / "images" / "000002.png") as picture:
        expected = np.rint((model.generate(3)[2] + 1) * 127.5)
        assert np.array_equal(np.asarray(picture), expected)


@pytest.mark.parametrize("path", ["spherical", slow("linear")])
def test_walks(run, tmp_path, path):
    flags = ("--interpolate", "--num=3", "--frames=4", f"--path={path}")
    with Image.open(drawn(run, tmp_path / "walk.png", *flags)) as strips:
        factor = 512 // 34
        assert strips.size == (factor * (4 * 18 - 2), factor * (2 * 18 - 2))
    with Image.open(drawn(run, tmp_path / "walk.gif", *flags)) as gif:
        assert gif.n_frames == 9
        assert gif.size == (256, 256)
    first = (tmp_path / "walk.gif").read_bytes()
    assert drawn(run, tmp_path / "walk.gif", *flags, "--overwrite").read_bytes() == first


def test_a_walk_as_a_film(run, tmp_path, monkeypatch, capsys):
    flags = [f"--workdir={run}", "--interpolate", "--num=3", "--frames=4"]
    output = tmp_path / "walk.mp4"
    if shutil.which("ffmpeg") is not None:
        status, out, _ = said(generate.main, *flags, f"--output={output}", capsys=capsys)
        assert (status, out) == (0, f"9 images: {output}\n")
        assert output.read_bytes()[4:8] == b"ftyp"
    before = sorted(tmp_path.iterdir())
    monkeypatch.setenv("PATH", str(tmp_path))
    status, out, err = said(
        generate.main, *flags, f"--output={output}", "--overwrite", capsys=capsys
    )
    assert (status, out) == (2, "")
    assert err == (
        "error: --output: a .mp4 is written by the program ffmpeg, which is not on the PATH; "
        "install it, or give a .gif.\n"
    )
    assert sorted(tmp_path.iterdir()) == before


def test_one_image(run, tmp_path, capsys):
    drawn(run, tmp_path / "1.png", "--num=1")
    assert capsys.readouterr().out == f"1 image: {tmp_path / '1.png'}\n"


@pytest.mark.slow
def test_points_are_plotted(folder, tmp_path, capsys):
    config = tiny_config(folder, "gan", model_args__image_shape="2", data__flip="false")
    config.data.source = "points/ring"
    config.evaluate.metrics = ()
    config.train.steps = 2
    run = tmp_path / "run"
    experiment.train(config, run, lambda _: None)
    with Image.open(drawn(run, tmp_path / "points.png")) as picture:
        assert picture.size == (384, 384)
    status, _, err = said(
        generate.main, f"--workdir={run}", f"--output={tmp_path / 'x'}", capsys=capsys
    )
    assert status == 2
    assert "makes points, which are drawn as a .png" in err


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ([], "error: --output: expected a value, got none; --help shows all."),
        (
            ["--output=x.png"],
            "error: --workdir: expected a value, or --preset=NAME instead of it, got",
        ),
        (["--workdir=.", "--output=x.png"], "is no run folder"),
        (["--workdir=.", "--output=x.gif"], "add --interpolate"),
        (["--workdir=.", "--output=x.mp4"], "a .mp4 shows a walk; add --interpolate"),
        (["--workdir=.", "--output=x.jpg"], "a .png, a .gif, a .mp4 or a folder, got 'x.jpg'"),
        (["--workdir=.", "--output=made"], "'made' exists; add --overwrite"),
        (
            ["--workdir=.", "--output=.", "--overwrite"],
            "files that this command did not write (2019.png)",
        ),
        (["--workdir=.", "--output=2019.png"], "'2019.png' exists; add --overwrite"),
        (["--workdir=.", "--output=odd.png", "--overwrite"], "'odd.png' is a folder"),
        (["--workdir=.", "--output=x.png", "--num=0"], "--num: expected a whole number from 1 up"),
        (
            ["--workdir=.", "--output=x.png", "--num=some"],
            "Flag --num=some: invalid literal for int()",
        ),
        (["--workdir=.", "--output=x.gif", "--interpolate", "--num=1"], "from 2 up, got 1"),
        (["--workdir=.", "--output=x.gif", "--interpolate", "--frames=1"], "from 2 up, got 1"),
        (
            ["--workdir=.", "--output=x.png", "--path=bent"],
            "value should be one of <spherical|linear>",
        ),
        (
            ["--workdir=.", "--output=x.png", "--path=linear"],
            "error: --path: expected --interpolate beside it, got none.",
        ),
        (["--workdir=.", "--output=x.png", "--frames=4"], "--frames: expected --interpolate bes"),
        (
            ["--workdir=.", "--output=x.png", "--sweep=x:0:1:4", "--seed=1"],
            "--seed: expected none beside --sweep",
        ),
    ],
    ids=str,
)
def test_generate_refuses_in_a_sentence(tmp_path, monkeypatch, capsys, flags, sentence):
    (tmp_path / "odd.png").mkdir()
    (tmp_path / "2019.png").touch()
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "000000.png").touch()
    monkeypatch.chdir(tmp_path)
    status, out, err = said(generate.main, *flags, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert sentence in err


def test_export_refuses_flags_that_a_saved_model_ignores(capsys):
    for flag in ("--overwrite", "--height=8"):
        err = said(export.main, "--workdir=.", "--output=x", flag, capsys=capsys)[2]
        assert err.startswith(f"error: {flag.partition('=')[0]}: expected none, as a SavedModel")


@pytest.mark.slow
def test_the_home_folder(run, recipe, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, tmp_path / "run")
    train.main([f"--config={recipe}", "--workdir=~/run"])
    (tmp_path / "many").mkdir()  # empty
    for flags in (["--output=~/grid.png"], ["--output=~/many"]):
        assert said(generate.main, "--workdir=~/run", *flags, capsys=capsys)[0] == 0
    assert said(export.main, "--workdir=~/run", "--output=~/served/gan", capsys=capsys)[0] == 0
    assert not (tmp_path / "~").exists()
    assert (tmp_path / "grid.png").exists()
    assert (tmp_path / "many" / "000063.png").exists()
    assert (tmp_path / "served" / "gan" / "1").exists()


def test_generate_needs_a_checkpoint(folder, run, tmp_path, capsys):
    (tmp_path / "config.json").write_text((run / "config.json").read_text())
    status, _, err = said(
        generate.main, f"--workdir={tmp_path}", f"--output={tmp_path / 'x.png'}", capsys=capsys
    )
    assert status == 2
    assert err.endswith("has no checkpoint yet.\n")
    first = tmp_path / "pretraining"
    shutil.copytree(run, first, ignore=shutil.ignore_patterns("export", "tensorboard"))
    status, _, err = said(
        generate.main, f"--workdir={tmp_path}", f"--output={tmp_path / 'x.png'}", capsys=capsys
    )
    assert status == 2
    assert err.endswith(f"has no checkpoint yet; its pretraining has, in {str(first)!r}.\n")


@pytest.mark.parametrize("flag", ["--attribute=shape=star", "--sweep=angle:0:360:4"])
def test_models_that_draw_from_no_attributes(run, tmp_path, capsys, flag):
    output = f"--output={tmp_path / 'x.png'}"
    status, _, err = said(generate.main, f"--workdir={run}", output, flag, capsys=capsys)
    assert status == 2
    assert "whose model draws from no attributes" in err


# ---------------------------------------------------------------------- a recipe that changed


@pytest.fixture
def begun(run, tmp_path):
    """A copy of the run as it was at step 8."""
    copy = shutil.copytree(run, tmp_path / "run")
    shutil.rmtree(copy / "checkpoints" / "step_00000010")
    return copy


def edited(recipe, folder, old, new):
    """Another text of the recipe, in a file of the same name."""
    text = recipe.read_text()
    assert old in text
    (folder / recipe.name).write_text(text.replace(old, new))
    return folder / recipe.name


@pytest.mark.slow
def test_the_same_command_resumes_a_run_whose_recipe_was_edited(
    begun, run, recipe, tmp_path, capsys
):
    mine = edited(recipe, tmp_path, '"batch_size": 8', '"batch_size": 16')
    status, out, err = said(train.main, f"--config={mine}", f"--workdir={begun}", capsys=capsys)
    assert status == 0
    (line,) = [line for line in err.splitlines() if "resumes with its stored config" in line]
    assert line.endswith(f"other values of {mine} are not used: data.batch_size: 8 -> 16")
    assert "resumed at step 8" in out
    assert lines(begun) == lines(run)
    assert_same(saved(begun, 10), saved(run, 10))
    # A caller in Python compares the whole config, as ever.
    with pytest.raises(InputError, match=r"data\.batch_size: 8 -> 16"):
        experiment.train(load_config(str(mine)), begun)


@pytest.mark.parametrize(
    ("entry", "flags"),
    [
        ({"steps": 20}, "it for this run, add --config.train.steps=20"),
        ({"steps": 8}, None),  # fewer would be another run
        (
            {"steps": 20, "rematerialize": True},
            "them for this run, add --config.train.rematerialize=true --config.train.steps=20",
        ),
    ],
    ids=str,
)
def test_the_line_about_an_edited_recipe_says_how_to_change_what_may_differ(
    begun, recipe, tmp_path, capsys, entry, flags
):
    new = "".join(f"    config.train.{name} = {value}\n" for name, value in entry.items())
    mine = edited(recipe, tmp_path, "    return config\n", f"{new}    return config\n")
    command = [f"--config={mine}", f"--workdir={begun}"]
    status, _, err = said(train.main, *command, "--dry_run", capsys=capsys)
    assert status == 0
    (line,) = err.splitlines()
    assert f"train.steps: 10 -> {entry['steps']}" in line
    if flags is None:
        assert "to change" not in line
        return
    assert line.endswith(f"; to change {flags}")
    # The flags do it, and then nothing differs.
    added = shlex.split(flags.split(" add ")[1])
    status, out, err = said(train.main, *command, *added, "--dry_run", capsys=capsys)
    assert (status, err) == (0, "")
    assert entry.items() <= json.loads(out)["train"].items()


def test_what_the_command_line_sets_is_compared_with_the_run(begun, recipe, capsys):
    flags = [f"--config={recipe}", f"--workdir={begun}", "--config.data.batch_size=4"]
    status, _, err = said(train.main, *flags, capsys=capsys)
    assert status == 2
    assert "another config (data.batch_size: 8 -> 4 would change the batches); give another" in err
    # Data that do not fit the run's config are other data first of all.
    flags[-1] = "--config.data.source=folder:others"
    status, _, err = said(train.main, *flags, capsys=capsys)
    assert status == 2
    assert "-> folder:others would change the batches); give another folder" in err
    # What may differ may do so still, and what the run began with need not be said again.
    before = json.loads((begun / "config.json").read_text())
    before["config"]["data"]["crop"] = 12
    (begun / "config.json").write_text(json.dumps(before))
    flags = [f"--config={recipe}", f"--workdir={begun}", "--config.train.steps=12", "--dry_run"]
    status, out, err = said(train.main, *flags, capsys=capsys)
    assert (status, err.count("\n")) == (0, 1)
    assert "data.crop: 12 -> None" in err
    shown = json.loads(out)
    assert (shown["train"]["steps"], shown["data"]["crop"]) == (12, 12)
    assert shown["model_args"]["image_shape"] == [16, 16, 3]


def test_another_model_or_recipe_is_refused_in_a_folder_with_a_run(begun, recipe, tmp_path, capsys):
    status, _, err = said(train.main, "--model=gan", f"--workdir={begun}", capsys=capsys)
    assert status == 2
    assert "error: --model=gan:" in err
    assert "holds a run of 'dcgan', not of 'gan'" in err
    other = edited(recipe, tmp_path, '"batch_size": 8', '"batch_size": 16').rename(
        tmp_path / "other.py"
    )
    status, _, err = said(train.main, f"--config={other}", f"--workdir={begun}", capsys=capsys)
    assert status == 2
    assert "holds a run that began with tiny (data.batch_size: 8 -> 16)" in err
    # An earlier version did not note it; then the model alone decides.
    written = json.loads((begun / "config.json").read_text())
    assert written.pop("recipe") == "tiny"
    (begun / "config.json").write_text(json.dumps(written))
    flags = [f"--config={other}", f"--workdir={begun}", "--dry_run"]
    assert said(train.main, *flags, capsys=capsys)[0] == 0


def test_overrides_have_the_types_of_a_recipe_in_a_stored_config(begun, capsys):
    written = json.loads((begun / "config.json").read_text())
    del written["recipe"]
    del written["config"]["nan"], written["config"]["model_args"]["skip_discriminator_above"]
    (begun / "config.json").write_text(json.dumps(written))
    flags = [
        "--config.model_args.ema_half_life=30",
        "--config.data.crop=12",
        "--config.evaluate.metrics=swd,fid",
        "--config.train.generator_from=none",
    ]
    command = ["--model=dcgan", f"--workdir={begun}", *flags, "--dry_run"]
    status, out, _ = said(train.main, *command, capsys=capsys)
    assert status == 0
    shown = json.loads(out)
    assert shown["model_args"]["ema_half_life"] == 30.0
    assert shown["model_args"]["skip_discriminator_above"] is None
    assert shown["data"]["crop"] == 12
    assert shown["evaluate"]["metrics"] == ["swd", "fid"]
    assert shown["train"]["generator_from"] is None
    assert shown["nan"]["rollbacks"] == 3
    status, _, err = said(train.main, *command[:2], "--config.data.crop=x", capsys=capsys)
    assert (status, "--config.data.crop: expected a whole number, or none" in err) == (2, True)

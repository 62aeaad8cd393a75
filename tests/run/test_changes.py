"""Runs that are resumed by their folder alone, with other entries, and with more steps."""

import json
import re
import shutil
import signal

import keras
import numpy as np
import pytest
from ml_collections import ConfigDict
from PIL import Image

from tests.run.test_experiment import at_step, quiet
from tests.tiny_runs import as_recipe, assert_same, lines, saved, tiny_config
from tfgan_zoo import config as config_lib
from tfgan_zoo import train
from tfgan_zoo.config.changes import refused_changes
from tfgan_zoo.data import open_source, unconditional
from tfgan_zoo.errors import InputError, Interrupted
from tfgan_zoo.run import building, experiment
from tfgan_zoo.run.changing import describe_change
from tfgan_zoo.run.folder import Run
from tfgan_zoo.run.user_callbacks import import_callbacks, make_callbacks
from tfgan_zoo.schedules import LinearDecay

MINE = """
import keras

def stop_at_9(config, folder):
    def end(epoch, logs):
        with (folder / "seen.txt").open("a") as file:
            file.write(f"{config.train.log_every} {sorted(logs)}\\n")
        callback.model.stop_training = callback.model.steps_done >= 9
    callback = keras.callbacks.LambdaCallback(on_epoch_end=end)
    return [callback]

def nothing(config, folder):
    return None

def failing(config, folder):
    raise RuntimeError("no account")

number = 1
"""


def decaying(folder, **overrides):
    """A config whose generator's learning rate falls from step 5 to step 10."""
    config = tiny_config(folder, **overrides)
    with config.unlocked():
        config.generator_optimizer.decay = "linear"
        config.generator_optimizer.decay_start = 0.5
    return config


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("changes")
    (folder / "my_callbacks.py").write_text(MINE)
    return folder


@pytest.fixture(scope="module")
def finished(folder):
    """A run of ten steps, made by a recipe that is gone."""
    recipe = as_recipe(decaying(folder), folder / "gone.py")
    train.main([f"--config={recipe}", f"--workdir={folder / 'run'}"])
    recipe.unlink()
    return folder / "run"


@pytest.fixture
def run(finished, tmp_path):
    """A copy of it, to change."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture
def begun(run):
    """A copy of it as it was at step 8."""
    shutil.rmtree(run / "checkpoints" / "step_00000010")
    for name in ("result.json", "model.keras", "samples/final.png"):
        (run / name).unlink()
    return run


@pytest.fixture
def importable(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))


@pytest.mark.slow
def test_other_records_and_scores_leave_training_as_it_was(begun, finished, importable, capsys):
    before = lines(finished)
    flags = [
        "--config.train.log_every=1",
        "--config.train.sample_every=3",
        "--config.train.checkpoint_every=1",
        "--config.train.keep_checkpoints=7",
        "--config.train.samples=2",
        "--config.train.callbacks=my_callbacks:stop_at_9",
        "--config.evaluate.samples=12",
        "--config.data.cache=no",
    ]
    train.main([f"--workdir={begun}", *flags])
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("From step 8 on: ")]
    assert "train.log_every: 4 -> 1" in line
    assert line.endswith("; earlier scores are not compared with later ones")
    assert "ended at step 9, by a callback" in out
    assert json.loads((begun / "result.json").read_text())["step"] == 9
    seen = (begun / "seen.txt").read_text().splitlines()
    assert len(seen) == 1
    assert seen[0].startswith("1 ['d_fake', 'd_loss'")
    # The new entries are the run's own now.
    train.main([f"--workdir={begun}", "--config.train.callbacks="])
    rows = lines(begun)
    assert [row["step"] for row in rows] == [4, 8, 9, 10]
    assert rows[:2] == before[:2]
    # Step 8 had its line, so those of 9 and 10 have one step each.
    for name in ("d_loss", "g_loss"):
        assert np.mean([row[name] for row in rows[2:]]) == pytest.approx(before[2][name], rel=1e-5)
        assert rows[2][name] != pytest.approx(rows[3][name], rel=1e-5)
    assert_same(saved(begun, 10), saved(finished, 10))
    with pytest.raises(AssertionError):
        assert_same(saved(begun, 9), saved(finished, 10))
    history = config_lib.history_of(begun)
    assert [note["step"] for note in history] == [8, 9]
    assert history[0]["changed"]["evaluate.samples"] == [16, 12]
    assert [note.get("scores_after") for note in history] == [8, None]
    scored = {step: Run(begun).checkpoints.state(step)["score"] for step in (8, 9, 10)}
    assert Run(begun).checkpoints.best() == max((9, 10), key=lambda step: (scored[step], step))


def test_a_decaying_run_is_prolonged(run, capsys):
    train.main([f"--workdir={run}", "--extend_to=12"])
    # As in a run of 12 steps: constant up to step 6, then linear to 0.
    rate = 1e-3 * (12 - 10) / (12 - 6)
    said = f"learning rate of generator: 0 -> {rate:.3g}, and 0 at step 12"
    assert said in capsys.readouterr().out
    assert float(experiment.load_run(run, "last").generator_optimizer.learning_rate) == 0
    before, after = (saved(run, step) for step in (10, 12))
    moved = {name for name in after if np.any(after[name] != before[name])}
    assert "generator/layers/dense/vars/0" in moved
    assert len(config_lib.history_of(run)) == 1
    config_lib.check_extension(run, 12)  # the same command again is the same run


@pytest.mark.slow
def test_another_resume_of_a_prolonged_run_finds_the_same_plan(run, tmp_path, monkeypatch):
    other = shutil.copytree(run, tmp_path / "other")
    train.main([f"--workdir={run}", "--extend_to=16"])
    with monkeypatch.context() as patch:
        at_step(patch, 12, lambda model: signal.raise_signal(signal.SIGTERM))
        with pytest.raises(Interrupted):
            train.main([f"--workdir={other}", "--extend_to=16"])
    model = experiment.load_run(other, "last")
    assert float(model.generator_optimizer.learning_rate) == pytest.approx(1e-3 * 3 / 8)
    first, stopped = (
        np.asarray(Image.open(other / "samples" / f"step_{step:08d}.png")) for step in (0, 13)
    )
    assert first.shape == stopped.shape
    assert np.any(first != stopped)
    train.main([f"--workdir={other}"])
    assert_same(saved(other, 16), saved(run, 16))
    assert lines(other) == lines(run)
    assert np.any(saved(run, 16)["generator/layers/dense/vars/0"] != 0)
    assert len(config_lib.history_of(other)) == 1


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--extend_to=9"], r"--extend_to: expected more than the 10 steps of the run, got 9"),
        (["--extend_to=0"], r"--extend_to: expected a whole number from 1 up"),
        (["--extend_to=12", "--config.train.steps=12"], r"leave out --config\.train\.steps"),
        (["--config.train.steps=12"], r"falls to 0 at the last step \(--extend_to=STEPS plans"),
        (["--config.train.steps=9"], r"train\.steps: 10 -> 9 is not possible, as steps can only"),
        (["--config.data.batch_size=4"], r"data\.batch_size: 8 -> 4 would change the batches"),
        (["--config.distribution.synchronized_bn=False"], r"synchronized_bn: .* change training"),
        (["--config.seed=4"], r"seed: 0 -> 4 would change noise and batches"),
        (["--config.model_args.r1_every=4"], r"r1_every: 2 -> 4 would change the model"),
        (["--config.train.start_from=x"], r"start_from: None -> x is only read when a run begins"),
        (["--config.train.log_every=3"], r"train\.sample_every: expected a multiple"),
        (["--config.train.steps_per_execution=4"], r"expected a multiple of train\.steps_per"),
    ],
    ids=str,
)
def test_what_a_run_refuses_leaves_it_as_it_is(finished, flags, said):
    before = (finished / "config.json").read_bytes()
    with pytest.raises(InputError, match=said):
        train.main([f"--workdir={finished}", *flags])
    assert (finished / "config.json").read_bytes() == before


def test_a_run_that_has_ended_keeps_its_entries(run, capsys):
    before = (run / "config.json").read_bytes()
    train.main([f"--workdir={run}", "--config.evaluate.samples=12"])
    out = capsys.readouterr().out
    assert "The run has ended and keeps its entries: evaluate.samples: 16 -> 12" in out
    assert (run / "config.json").read_bytes() == before


def test_a_folder_without_a_run_is_a_sentence(finished, tmp_path):
    with pytest.raises(InputError, match=r"expected a run to resume, got .* give --model or --con"):
        train.main([f"--workdir={tmp_path / 'no'}"])
    with pytest.raises(InputError, match=rf"one of the run folders in it: '{finished}'"):
        train.main([f"--workdir={finished.parent}"])
    with pytest.raises(InputError, match=r"or the --workdir of a run, to resume it\."):
        train.main([])
    with pytest.raises(InputError, match=r"--extend_to: expected a run that has begun"):
        train.main(["--model=dcgan", f"--workdir={tmp_path / 'no'}", "--extend_to=9"])


def test_the_rates_of_a_longer_plan_are_those_that_the_optimizers_use(folder):
    """Also of several updates a step, and after rollbacks."""
    settings = {"name": "adam", "learning_rate": 1e-3, "decay": "linear", "decay_start": 0.25}
    config = tiny_config(folder, "wgan")
    with config.unlocked():
        config.model_args.discriminator_steps = 3
        config.generator_optimizer = config.discriminator_optimizer = ConfigDict(settings)
        config.train.steps = 40
    model = building.build_model(config)
    note = {"step": 20, "changed": {"train.steps": [30, 40]}}
    text = describe_change(note, config.to_dict(), model, 0.5)
    for role, updates in (("generator", 1), ("discriminator", 3)):
        rate = getattr(model, f"{role}_optimizer").get_config()["learning_rate"]["config"]
        planned = float(LinearDecay(**rate)(20 * updates))
        assert planned == pytest.approx(1e-3 * 20 / 30)
        assert re.search(rf"learning rate of {role}: \S+ -> {planned / 2:.3g}, and 0 at", text)


def test_the_cache_stays_where_unreadable_images_are_left_out(tmp_path):
    for i in range(9):
        Image.new("L", (16, 16), i).save(tmp_path / f"{i}.png")
    before = {"data": {"cache": "yes", "on_error": "skip"}, "train": {"steps": 9}}
    after = {**before, "data": {**before["data"], "cache": "no"}}
    for broken in (False, True):
        if broken:
            (tmp_path / "4.png").write_bytes(b"nothing")
        source = open_source(f"folder:{tmp_path}", on_error="skip")
        batches = [
            np.stack(list(unconditional(source, batch_size=3, image_size=16, cache=c).take(4)))
            for c in (True, False)
        ]
        assert np.array_equal(*batches) is not broken
    (refused,) = refused_changes(before, after)
    assert refused == "data.cache: yes -> no would change the batches"
    for each in (before, after):
        each["data"]["on_error"] = "raise"
    assert not refused_changes(before, after)


def test_which_scores_can_be_compared():
    old = config_lib.default_config().to_dict()

    def comparable(**entries):
        new = config_lib.default_config()
        new.evaluate.update(entries)
        return "scores_after" not in config_lib.note_of(old, new.to_dict(), 8, 8)

    assert comparable(every=400, patience=3)
    assert comparable(metrics=("swd", "fid"))
    assert not comparable(metrics=("fid", "swd"))
    assert not comparable(metrics=())
    assert not comparable(main="swd")
    assert not comparable(samples=16)
    assert not comparable(best=False)


def test_the_history_follows_a_run_that_falls_back():
    note = {"step": 8, "changed": {"train.log_every": [4, 2]}, "scores_after": 8}
    (moved,) = config_lib.notes_until([note], 4, 4)
    assert (moved["step"], moved["scores_after"]) == (4, 4)
    assert config_lib.notes_until([note], 12, 12) == [note]


def test_a_value_before_a_change(tmp_path):
    assert config_lib.value_at(tmp_path, "train.log_every", 8, 2) == 2
    notes = [{"step": s, "changed": {"train.log_every": c}} for s, c in ((4, [9, 4]), (8, [4, 2]))]
    (tmp_path / "config.json").write_text(json.dumps({"history": notes}))
    values = [config_lib.value_at(tmp_path, "train.log_every", step, 2) for step in (4, 5, 8, 9)]
    assert values == [9, 4, 4, 2]


# ---------------------------------------------------------------------- callbacks of a config


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my_callbacks:nothing", "expected 'my_callbacks:nothing' to return a Keras callback"),
        ("my_callbacks:failing", r"'my_callbacks:failing' failed \(RuntimeError: no account\)"),
        ("my_callbacks:number", r"expected a function of \(config, run folder\), got 'my_c"),
        ("my_callbacks:stop_at_8", "there is no 'stop_at_8' in 'my_callbacks'"),
        ("no_such_module:make", "there is no module 'no_such_module'"),
    ],
)
def test_unusable_callbacks_are_a_sentence(importable, tmp_path, name, said):
    with pytest.raises(InputError, match=rf"^train\.callbacks: {said}"):
        make_callbacks(import_callbacks([name]), config_lib.default_config(), Run(tmp_path))


def test_callbacks_are_functions_by_name(importable, folder, tmp_path):
    with pytest.raises(InputError, match=r'expected functions as "package\.module:function", got'):
        tiny_config(folder, train__callbacks="my_callbacks")
    functions = import_callbacks(["my_callbacks:stop_at_9"])
    (made,) = make_callbacks(functions, config_lib.default_config(), Run(tmp_path))
    assert isinstance(made, keras.callbacks.Callback)
    config = tiny_config(folder, train__callbacks="no_such_module:make")
    with pytest.raises(InputError, match="there is no module 'no_such_module'"):
        experiment.train(config, tmp_path / "run", quiet)
    assert not (tmp_path / "run").exists()

"""Runs that are planned by minutes: the plan, and that nothing of the measurement remains."""

import json
import shutil
import signal

import keras
import pytest

from tests.tiny_runs import (
    as_recipe,
    assert_same,
    lines,
    quiet,
    saved,
    tiny_autoencoder,
    tiny_config,
    tiny_super_resolution,
    tiny_text_to_image,
)
from tfgan_zoo import train
from tfgan_zoo.config import Planner, load_config, set_cosine
from tfgan_zoo.config.planning import stored_plan
from tfgan_zoo.errors import InputError, Interrupted
from tfgan_zoo.run import experiment, planning
from tfgan_zoo.run.folder import Run
from tfgan_zoo.run.planning import Costs, choose_steps, duration

OWN = Costs("train.steps", 10, start=5, step=0.1, sheet=1, score=2, save=0.5, finish=3)


def decaying(folder, **overrides):
    """A config of twenty steps whose penalty and learning rate fall until the last one."""
    config = tiny_config(folder, train__steps="20", evaluate__metrics="()", **overrides)
    with config.unlocked():
        config.generator_optimizer.decay = "linear"
        set_cosine(config, "model_args.r1_gamma", 1.0, 0.1, 20)
    return config


@pytest.fixture(scope="module")
def planned(folder):
    """A run of a second's measurement and few steps, its config and its folder."""
    config = decaying(folder)
    with pytest.MonkeyPatch.context() as patch:
        # The speed allows more steps, which would take half a minute.
        patch.setattr(planning, "choose_steps", lambda *_: (8, 1))
        patch.setattr(planning, "_SHARE", 0.002)
        experiment.train(config, folder / "planned", quiet, minutes=0.5)
    return config, folder / "planned"


def test_is_the_run_of_as_many_steps(planned, tmp_path):
    config, run = planned
    written = json.loads((run / "config.json").read_text())
    assert written["config"]["train"]["steps"] == 8
    assert written["config"]["train"]["log_every"] == 2
    assert written["config"]["train"]["checkpoint_every"] == 2
    assert written["config"]["train"]["sample_every"] == 4
    assert written["config"]["model_args"]["r1_gamma"]["steps"] == 8
    assert written["planned"]["minutes"] == 0.5
    same = config.copy_and_resolve_references()
    same.train.update(steps=8, log_every=2, checkpoint_every=2, sample_every=4)
    same.model_args.r1_gamma.steps = 8
    assert written["config"] == json.loads(json.dumps(same.to_dict()))
    experiment.train(same, tmp_path / "run", quiet)
    assert lines(run) == lines(tmp_path / "run")
    assert_same(saved(run, 8), saved(tmp_path / "run", 8))
    with pytest.raises(AssertionError):
        assert_same(saved(run, 8), saved(run, 6))
    names = [w.path for w in experiment.load_run(run).weights]
    assert names == [w.path for w in experiment.load_run(tmp_path / "run").weights]


def test_resumes_its_plan(planned, tmp_path, monkeypatch, capsys):
    config, whole = planned
    run = shutil.copytree(whole, tmp_path / "run")
    shutil.rmtree(run / "checkpoints" / "step_00000008")  # as it was killed after step 6
    (run / "result.json").unlink()
    recipe = as_recipe(config, tmp_path / "decaying.py")
    flags = [f"--config={recipe}", f"--workdir={run}"]
    # Another plan would have other steps.
    monkeypatch.setattr(planning, "choose_steps", lambda *_: (9, 1))
    train.main([*flags, "--minutes=0.5"])
    assert "not used" not in capsys.readouterr().err
    assert_same(saved(run, 8), saved(whole, 8))
    assert lines(run) == lines(whole)
    assert json.loads((run / "config.json").read_text())["planned"]["minutes"] == 0.5
    for other in ("--minutes=1", "--minutes=0.5 --extend_to=9"):
        with pytest.raises(InputError, match=r"--minutes: (.* --minutes=0\.5; leave|plans a new)"):
            train.main([*flags, *other.split()])
    # In Python, the recipe's config is given, without what was planned.
    said = []
    experiment.train(config, run, said.append, minutes=0.5)
    assert "all 8 steps are done" in said[0]


def test_bad_minutes(planned, tmp_path):
    where = f"--workdir={tmp_path / 'run'}"
    for flags, match in {
        "--minutes=0": "--minutes: expected a number above 0",
        "--minutes=-3": "--minutes: expected a number above 0",
        "--minutes=nan": "--minutes: expected a number above 0",
        "--minutes=inf": "--minutes: expected 525,600 at most",
        "--minutes=1e300": "--minutes: expected 525,600 at most",
        "--minutes=1 --config.train.steps=9": "leave out --config.train.steps",
    }.items():
        with pytest.raises(InputError, match=match):
            train.main(["--model=dcgan", where, *flags.split()])
    assert not (tmp_path / "run").exists()
    config, _ = planned
    with pytest.raises(InputError, match="one of them"):
        experiment.train(config, tmp_path / "run", quiet, minutes=1, extend_to=9)
    nowhere = config.copy_and_resolve_references()
    nowhere.train.start_from = str(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"train\.start_from: "):
        experiment.train(nowhere, tmp_path / "other", quiet, minutes=1)
    assert not (tmp_path / "other").exists()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").touch()
    with pytest.raises(InputError, match="holds files but no run"):
        experiment.train(config, tmp_path / "run", quiet, minutes=1)


def test_too_short_a_time_leaves_no_run(planned, tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "_measure", lambda *_: [OWN])
    with pytest.raises(InputError, match=r"--minutes: expected more than 0\.\d"):
        experiment.train(planned[0], tmp_path / "run", quiet, minutes=0.01)
    assert not (tmp_path / "run").exists()


@pytest.fixture
def interruptible():
    """Ctrl-C interrupts, also in the background, where shells start processes that ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_measuring_leaves_nothing(planned, tmp_path, monkeypatch, number):
    run, kept = tmp_path / "run", tmp_path / "kept"
    kept.mkdir()

    def stop(measured, config, devices, seconds, folder):
        (folder / "weights").touch()
        with pytest.raises(InputError, match="another process"), measured.locked():
            pass
        assert not (measured.path / "config.json").exists()
        # Keras replaces an error in a layer, as while a model is traced.
        keras.layers.Lambda(lambda x: signal.raise_signal(number))(keras.ops.zeros(1))

    monkeypatch.setattr(planning, "_measure", stop)
    before = signal.getsignal(signal.SIGTERM)
    for folder in (run, kept):
        with pytest.raises((KeyboardInterrupt, Interrupted)) as stopped:
            experiment.train(planned[0], folder, quiet, minutes=1)
        assert getattr(stopped.value, "signal_number", signal.SIGINT) == number
    assert signal.getsignal(signal.SIGTERM) == before
    assert not run.exists()
    assert [file.name for file in kept.iterdir()] == [".lock"]


def test_a_run_killed_before_its_first_step(planned, tmp_path):
    config, run = planned[0], Run(tmp_path / "run")
    (run.measured / "left").mkdir(parents=True)  # by a process killed while it measured
    with run.claim(config, "dcgan", planned={"minutes": 0.5, "entries": {"train.steps": 20}}):
        assert not run.measured.exists()
    with run.claim(config, "dcgan"):  # --workdir alone
        assert stored_plan(run.path)["minutes"] == 0.5
    with pytest.raises(InputError, match=r"--minutes: .* of 20 steps that has not begun; add"):
        train.main([f"--workdir={run.path}", "--minutes=0.5"])
    other = config.copy_and_resolve_references()
    other.train.steps = 19
    with run.claim(other, "dcgan"):
        assert stored_plan(run.path) is None


# ---------------------------------------------------------------------- the arithmetic


def test_duration_counts_everything(folder):
    config = tiny_config(folder, train__steps="10")  # intervals of 4, 8 and 4 steps
    planner = Planner(config)
    # 5 to start, 10 steps, 4 sheets, 3 scores and the last, 3 checkpoints, 3 for the files.
    assert duration(planner, [OWN], 10) == pytest.approx(5 + 1 + 4 + 8 + 1.5 + 3)
    # Five steps have intervals half as long.
    assert duration(planner, [OWN], 5) == pytest.approx(5 + 0.5 + 4 + 8 + 1.5 + 3)
    # Twenty have the same intervals, and more of everything.
    assert duration(planner, [OWN], 20) == pytest.approx(5 + 2 + 5 + 12 + 2.5 + 3)
    before = OWN._replace(entry="pretraining.steps", steps=4, step=1.0)
    both = duration(planner, [OWN, before], 10)
    assert both - duration(planner, [OWN], 10) == pytest.approx(5 + 4 + 3 + 4 + 0.5 + 3)


def test_steps_fill_the_time(folder):
    planner = Planner(tiny_config(folder, train__steps="10"))
    free = OWN._replace(sheet=0, score=0, save=0)
    for seconds, expected in {8.05: 0, 8.1: 1, 9.01: 10, 108.01: 1000}.items():
        assert choose_steps(planner.config, (), [free], seconds)[0] == expected
        assert not expected or duration(planner, [free], expected) <= seconds
        assert duration(planner, [free], expected + 1) > seconds


def test_scores_that_take_too_long_become_rarer(folder):
    config = tiny_config(folder, train__steps="1000")  # 250 scores
    costly = OWN._replace(score=1.0, sheet=0, save=0)
    steps, rarer = choose_steps(config, (), [costly], 60)
    planner = Planner(config, (), rarer)
    assert duration(planner, [costly], steps) <= 60 < duration(planner, [costly], steps + 8)
    assert 0.1 * steps >= 30
    fixed = {"train.log_every": "4"}
    assert choose_steps(config, fixed, [costly], 60)[1] == 1


# ---------------------------------------------------------------------- what is planned


def test_what_a_recipe_counts_in_steps_keeps_its_share(folder):
    config = load_config("r3gan_cifar10")
    whole, steps = config.train.steps, config.train.steps // 100
    short = Planner(config).planned(steps)
    assert short.model_args.r1_gamma.steps == steps
    assert short.generator_optimizer.learning_rate.steps == steps
    assert short.generator_optimizer.beta_2.steps == steps
    # Half as old as a hundredth of the run, as in the recipe.
    longest = config.model_args.ema_half_life.end
    assert short.model_args.ema_half_life.end == pytest.approx(longest * steps / whole)
    assert short.train.log_every == round(config.train.log_every / 100)
    for name in ("sample_every", "checkpoint_every"):
        ratio = config.train[name] // config.train.log_every
        assert short.train[name] == ratio * short.train.log_every
    long = Planner(config).planned(2 * whole)
    assert long.model_args.r1_gamma.steps == 2 * whole
    assert long.train.log_every == config.train.log_every
    kept = Planner(config, {"model_args.r1_gamma.steps", "train.sample_every"}).planned(steps)
    assert kept.model_args.r1_gamma.steps == whole
    assert kept.model_args.augment_probability.steps == steps
    assert kept.train.to_dict() == {**config.train.to_dict(), "steps": steps}


def test_stages_before_shrink_and_do_not_grow(folder):
    config = load_config("gan_cls")
    assert Planner(config).planned(config.train.steps // 2).pretraining.steps == 1000
    assert Planner(config).planned(config.train.steps * 2).pretraining.steps == 2000
    kept = Planner(config, {"pretraining.steps"}).planned(1)
    assert (kept.train.steps, kept.pretraining.steps) == (1, 2000)
    halving = load_config("gan_cls_flowers")
    half = Planner(halving).planned(halving.train.steps // 2)
    assert half.generator_optimizer.halve_every == 5500


def test_steps_stay_multiples_of_what_one_call_takes(folder):
    config = tiny_config(folder, train__steps="40", train__steps_per_execution="4")
    planner = Planner(config)
    assert planner.unit == 4
    assert planner.planned(8).train.log_every == 4
    free = OWN._replace(sheet=0, score=0, save=0)
    assert choose_steps(config, (), [free], 9.9)[0] == 16  # 1.9 seconds


# ---------------------------------------------------------------------- measuring


@pytest.mark.slow
@pytest.mark.parametrize("make", [tiny_text_to_image, tiny_super_resolution, tiny_autoencoder])
def test_stages_are_measured_too(folder, make, monkeypatch):
    config, measured = make(folder, train__steps="40"), []

    def choose(config, kept, costs, seconds):
        measured.extend(costs)
        return 20, 1

    monkeypatch.setattr(planning, "_SHARE", 0.01)
    monkeypatch.setattr(planning, "choose_steps", choose)
    experiment.train(config, folder / make.__name__, quiet, minutes=0.3)
    assert Run(folder / make.__name__).checkpoints.steps()[-1] == 20
    known = [("train.steps", 40), ("pretraining.steps", 6)]
    assert [(each.entry, each.steps) for each in measured] == known[: 1 + ("pretraining" in config)]
    assert all(each.start > each.step > 0 for each in measured)
    if "pretraining" in config:
        assert Run(folder / make.__name__ / "pretraining").checkpoints.steps()[-1] == 3

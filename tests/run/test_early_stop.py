"""Runs that are evaluated between checkpoints, and end when their scores get no better."""

import json
import shutil

import pytest

from tests.run.test_rehearsal import Killed, fails_at
from tests.tiny_runs import (
    assert_same,
    lines,
    quiet,
    saved,
    stop_at,
    tiny_config,
    tiny_text_to_image,
)
from tfgan_zoo import callbacks
from tfgan_zoo.config import load_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.run import experiment, scoring
from tfgan_zoo.run import folder as runs
from tfgan_zoo.tasks import open_task, resolve
from tfgan_zoo.tasks.noise_to_image import NoiseToImageTask


def standing_still(folder, **overrides):
    """A generator that never moves, so that no score is better than the first."""
    return tiny_config(
        folder,
        "gan",
        generator_optimizer__learning_rate="0",
        train__steps="24",
        train__checkpoint_every="24",
        train__export="true",
        **{"evaluate__every": "4", "evaluate__patience": "2", **overrides},
    )


@pytest.fixture(scope="module")
def ended(folder):
    said = []
    config = standing_still(folder)
    result = experiment.train(config, folder / "run", said.append)
    return config, folder / "run", result, said


def test_it_ends_when_patience_is_lost(ended):
    config, run, result, _ = ended
    assert [row["step"] for row in lines(run)] == [4, 8, 12]
    assert result.ended == ("at step 12, after 2 evaluations without a better swd than at step 4")
    assert json.loads((run / "result.json").read_text())["ended"] == result.ended
    # Of equals, the last checkpoint is the best.
    assert result.step == 12
    assert (run / "export" / "gan" / "1").is_dir()
    assert runs.Run(run).checkpoints.steps() == [4, 12]
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*") if p.is_file() and p.name != ".lock"}
    said = []
    assert experiment.train(config, run, said.append) == result
    assert "ended at step 12 of 24" in said[0]
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


@pytest.mark.slow
def test_resumed_it_ends_at_the_same_step(ended, tmp_path, monkeypatch):
    config, whole, result, _ = ended
    stop_at(monkeypatch, config, tmp_path / "run", 10)
    assert experiment.train(config, tmp_path / "run", quiet).ended == result.ended
    assert lines(tmp_path / "run") == lines(whole)
    assert_same(saved(tmp_path / "run", 12), saved(whole, 12))


@pytest.mark.slow
def test_it_ends_at_the_same_step_where_it_was_killed_before_a_score(ended, tmp_path, monkeypatch):
    config, whole, result, _ = ended
    for step in (8, 12):  # one whose checkpoint is not kept, and the last one
        with monkeypatch.context() as patch:
            fails_at(patch, NoiseToImageTask, "score", step)
            with pytest.raises(Killed):
                experiment.train(config, tmp_path / "run", quiet)
        assert runs.Run(tmp_path / "run").checkpoints.steps()[-1] == step
    assert experiment.train(config, tmp_path / "run", quiet).ended == result.ended
    assert lines(tmp_path / "run") == lines(whole)
    assert (tmp_path / "run" / "result.json").read_bytes() == (whole / "result.json").read_bytes()
    assert_same(saved(tmp_path / "run", 12), saved(whole, 12))


@pytest.mark.slow
def test_with_more_patience_it_goes_on(ended, folder, tmp_path):
    run = shutil.copytree(ended[1], tmp_path / "run")
    result = experiment.train(standing_still(folder, evaluate__patience="4"), run, quiet)
    assert result.ended.startswith("at step 20, after 4 evaluations")
    result = experiment.train(standing_still(folder, evaluate__patience="0"), run, quiet)
    assert result.ended == "after all 24 steps"


@pytest.mark.slow
def test_the_best_is_kept_though_no_checkpoint_was_due(folder, tmp_path):
    config = tiny_config(
        folder, train__steps="24", train__checkpoint_every="24", evaluate__every="4"
    )
    result = experiment.train(config, tmp_path / "run", quiet)
    scores = {row["step"]: row["swd"] for row in lines(tmp_path / "run")}
    assert set(scores) == {4, 8, 12, 16, 20, 24}
    assert result.scores["swd"] == pytest.approx(min(scores.values()), rel=1e-6)
    assert scores[result.step] == min(scores.values())


@pytest.mark.slow
def test_evaluated_less_often_than_saved(folder, tmp_path):
    config = tiny_config(folder, evaluate__every="8")
    experiment.train(config, tmp_path / "run", quiet)
    assert [row["step"] for row in lines(tmp_path / "run") if "swd" in row] == [8, 10]
    assert runs.Run(tmp_path / "run").checkpoints.best() in (8, 10)


def test_how_scores_stand(tmp_path):
    run = runs.Run(tmp_path)
    rows = [(10, 3.0), (20, 2.0), (25, 1.0), (30, None), (40, 2.0), (50, 2.5)]
    run.metrics.write_text(
        "".join(json.dumps({"step": step, "swd": swd}) + "\n" for step, swd in rows)
        + '{"step": 55, "d_loss": 1.0}\n{"step": 60, "sw'
    )
    due = callbacks.Schedule(10, 100).due
    assert run.score_history("swd", -1, due) == (20, 3)
    assert run.score_history("swd", 1, due) == (10, 4)
    assert run.score_history("validity", 1, due) == (None, 0)


@pytest.mark.slow
def test_the_one_that_decides(tmp_path):
    config = load_config("gan", {"evaluate.main": "swd"})
    assert config.evaluate.metrics == ("figures", "swd")
    model = experiment.build_model(config)
    by_swd = scoring.RunScores(config, open_task(config, model))
    assert (by_swd.name, by_swd.sign) == ("swd", -1)
    config.evaluate.main = None
    by_first = scoring.RunScores(config, open_task(config, model))
    assert (by_first.name, by_first.sign) == ("validity", 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evaluate__every": "5"}, r"evaluate.every: expected a multiple of train.log_every \(4\)"),
        ({"evaluate__every": "0"}, "evaluate.every: expected a whole number from 1 up"),
        ({"evaluate__patience": "-1"}, "evaluate.patience: expected a whole number from 0 up"),
        ({"evaluate__main": "psnr"}, r"evaluate.main: expected one of .* \(swd\), got 'psnr'"),
    ],
    ids=str,
)
def test_refused(folder, change, said):
    with pytest.raises(InputError, match=said):
        tiny_config(folder, **change)


def test_refused_for_this_data(folder, tmp_path):
    config = tiny_config(folder, evaluate__metrics="swd,figures", evaluate__main="figures")
    with pytest.raises(InputError, match=r"evaluate.main: expected a metric for this data \(swd\)"):
        experiment.train(config, tmp_path / "run", quiet)
    config = tiny_config(folder, evaluate__metrics="figures", evaluate__patience="1")
    with pytest.raises(InputError, match=r"evaluate.patience: expected 0 where nothing is scored"):
        experiment.train(config, tmp_path / "run", quiet)
    assert not (tmp_path / "run").exists()


def test_a_text_encoder_is_not_judged_by_the_score_of_its_game(tmp_path):
    config = tiny_text_to_image(tmp_path, evaluate__main="swd", evaluate__patience="3")
    config = resolve(config)
    model = experiment.build_model(config)
    before = open_task(config, model).pretraining()
    assert (before.evaluate.main, before.evaluate.patience) == (None, 0)

"""What a run says of its health, and writes down."""

import json
import shutil

import pytest

from tests.tiny_runs import assert_same, lines, quiet, saved, stop_at, tiny_config
from tfgan_zoo.run import experiment
from tfgan_zoo.run import folder as runs
from tfgan_zoo.run.trained import scores_at


def health(run):
    return [json.loads(text) for text in (run / "health.jsonl").read_text().splitlines()]


def stuck(folder, **health):
    """A generator that stays as it was made, and so makes images that are all alike."""
    return tiny_config(
        folder,
        "gan",
        generator_optimizer__learning_rate="0",
        train__steps="24",
        train__log_every="2",
        train__sample_every="24",
        train__checkpoint_every="24",
        **health,
    )


@pytest.fixture(scope="module")
def config(folder):
    return stuck(folder, health__every="2")


@pytest.fixture(scope="module")
def ill(config, folder):
    said = []
    experiment.train(config, folder / "run", said.append)
    return folder / "run", said


@pytest.mark.slow
def test_it_is_said_and_written_down(ill):
    run, said = ill
    begun, found = health(run)
    assert (begun["step"], begun["condition"]) == (0, "begun")
    assert begun["g_gradient"] > 0
    # The tenth look.
    assert (found["step"], found["condition"]) == (20, "diversity")
    assert found["message"] in said
    assert all(0 < row["diversity"] < 0.1 and row["g_gradient"] > 0 for row in lines(run))


@pytest.mark.slow
def test_what_was_measured_is_no_score(ill, tmp_path):
    run = shutil.copytree(ill[0], tmp_path / "run")
    (run / "result.json").unlink()
    model = experiment.load_run(run)
    assert set(scores_at(runs.Run(run), model)) == {"swd"}


@pytest.mark.slow
def test_resumed_it_is_said_once(ill, config, tmp_path, monkeypatch):
    whole, _ = ill
    run, said = tmp_path / "run", []
    for step in (1, 13, 22):
        stop_at(monkeypatch, config, run, step)
    experiment.train(config, run, said.append)
    assert health(run) == health(whole)
    assert not [text for text in said if "mode collapse" in text]
    assert lines(run) == lines(whole)
    assert_same(saved(run, 24), saved(whole, 24))


@pytest.mark.slow
def test_switched_off_it_looks_at_nothing_and_changes_nothing(ill, folder, tmp_path):
    off = stuck(folder, health__gradients="false", health__diversity="false")
    experiment.train(off, tmp_path / "run", quiet)
    assert not {"g_gradient", "diversity"} & set(lines(tmp_path / "run")[0])
    assert not (tmp_path / "run" / "health.jsonl").exists()
    assert_same(saved(tmp_path / "run", 24), saved(ill[0], 24))

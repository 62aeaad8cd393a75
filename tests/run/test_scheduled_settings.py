"""Settings that follow a schedule, from a config to a run that is resumed and given more steps."""

import json

import numpy as np
import pytest

from tests.marks import slow_except
from tests.tiny_runs import assert_same, lines, quiet, saved, stop_at, tiny_config
from tfgan_zoo import train
from tfgan_zoo.config import check, flatten, override, set_cosine, typed
from tfgan_zoo.errors import InputError
from tfgan_zoo.run import building, experiment
from tfgan_zoo.schedules import ScheduledAdam


def scheduled(folder, **overrides):
    config = tiny_config(folder, "r3gan", convolutional=True)
    with config.unlocked():
        config.model_args.r2_gamma = 1.0
        config.model_args.fresh_samples = True
        config.discriminator.normalization = "none"
        for key in ("model_args.r1_gamma", "model_args.r2_gamma"):
            set_cosine(config, key, 2.0, 0.5, 12)
        set_cosine(config, "model_args.ema_half_life", 0.0, 200.0, 12)
        for role in ("generator", "discriminator"):
            config[f"{role}_optimizer"] = {"name": "adam", "beta_1": 0.0}
            set_cosine(config, f"{role}_optimizer.learning_rate", 1e-2, 1e-3, 12)
            set_cosine(config, f"{role}_optimizer.beta_2", 0.9, 0.99, 12)
    for key, text in overrides.items():
        override(config, key.replace("__", "."), text)
    check(config)
    return config


def test_from_a_config_to_a_model(tmp_path):
    config = scheduled(tmp_path)
    stored = typed(json.loads(json.dumps(config.to_dict())), config)
    assert flatten(stored) == flatten(config)
    model = building.build_model(stored)
    optimizer = model.generator_optimizer
    assert type(optimizer) is ScheduledAdam
    found = []
    for step in (0, 6, 12, 40):
        optimizer.iterations.assign(step)
        r1, half_life = (float(each(step)) for each in (model.r1_gamma, model.ema_half_life))
        found.append([float(optimizer.learning_rate), float(optimizer.beta_2), r1, half_life])
    np.testing.assert_allclose(
        found,
        [[0.01, 0.9, 2.0, 0.0], [0.0055, 0.945, 1.25, 100.0], *[[0.001, 0.99, 0.5, 200.0]] * 2],
        rtol=1e-5,
        atol=1e-5,
    )


def test_schedules_of_several_updates_in_a_step(tmp_path):
    config = tiny_config(tmp_path, "wgan")
    with config.unlocked():
        config.model_args.discriminator_steps = 3
        config.discriminator_optimizer = {"name": "rmsprop"}
        set_cosine(config, "discriminator_optimizer.learning_rate", 1e-3, 0.0, 10)
    optimizer = building.build_optimizer(config, "discriminator", updates_per_step=3)
    optimizer.iterations.assign(15)
    assert float(optimizer.learning_rate) == pytest.approx(5e-4)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"name": "rmsprop", "rho": {"start": 1, "end": 2, "steps": 3}},
            r"optimizer\.rho: expected",
        ),
        ({"beta_2": {"start": 0.9, "end": 1, "steps": 3}}, r"beta_2\.end: .* below 1, got 1\."),
        ({"learning_rate": {"start": 1, "stop": 2}}, r"learning_rate: expected a number, or a sch"),
        ({"learning_rate": {"start": 1, "end": -2, "steps": 3}}, r"learning_rate\.end: expected"),
        ({"decay": "linear"}, r"decay: expected constant"),
    ],
)
def test_schedules_that_cannot_be(tmp_path, changed, message):
    config = tiny_config(tmp_path)
    with config.unlocked():
        config.generator_optimizer = {"name": "adam", "beta_1": 0.0}
        set_cosine(config, "generator_optimizer.learning_rate", 1e-2, 1e-3, 12)
        with config.ignore_type():
            config.generator_optimizer.update(changed)
    if "learning_rate" in changed:
        with config.unlocked(), config.ignore_type():
            config.generator_optimizer.learning_rate = changed["learning_rate"]
    with pytest.raises(InputError, match=message):
        building.build_optimizer(config, "generator")


def test_overrides(tmp_path):
    config = scheduled(tmp_path, model_args__r1_gamma__end="0.7", model_args__r2_gamma="3")
    assert config.model_args.r1_gamma.end == 0.7
    assert config.model_args.r2_gamma == 3.0
    with pytest.raises(InputError, match=r"r1_gamma: expected a number in place of its schedule"):
        override(config, "model_args.r1_gamma", "fast")
    with pytest.raises(InputError, match=r"r1_gamma\.begin: there is no such entry"):
        override(config, "model_args.r1_gamma.begin", "1")


@pytest.mark.parametrize("way", slow_except((), ("interrupted", "extended")))
def test_a_run_goes_on_exactly(way, tmp_path, monkeypatch):
    config = scheduled(tmp_path, train__steps="14")
    whole, run = tmp_path / "whole", tmp_path / "run"
    experiment.train(config, whole, quiet)
    if way == "interrupted":
        stop_at(monkeypatch, config, run, 6)
        experiment.train(config, run, quiet)
    else:
        experiment.train(scheduled(tmp_path, train__steps="10"), run, quiet)
        train.main([f"--workdir={run}", "--config.train.steps=14"])
    assert_same(saved(run, 14), saved(whole, 14))
    assert [row["step"] for row in lines(run)][-1] == 14
    assert lines(run)[-1]["d_loss"] == lines(whole)[-1]["d_loss"]

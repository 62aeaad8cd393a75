"""A discriminator that is too often right waits."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.marks import slow_except
from tests.models import linear
from tests.models.tiny import GAMES as ALL_GAMES
from tests.models.tiny import (
    IMAGE_TO_IMAGE,
    assert_same,
    compiled,
    dataset,
    fit,
    samples,
    state,
    step,
    tiny,
)
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import MODELS

# Models that translate have an accuracy or none by their arguments, and have one by default.
GAMES = [name for name in ALL_GAMES if MODELS[name].has_accuracy or name in IMAGE_TO_IMAGE]
CRITICS = [name for name in ALL_GAMES if name not in GAMES]


def test_the_models_that_are_known_have_an_accuracy_or_none():
    assert {"wgan", "wgan_gp"} <= set(CRITICS)
    assert {"gan", "dcgan", "lsgan", "relativistic_gan", "gan_cls"} <= set(GAMES)
    assert {"cyclegan", "pix2pix", "srgan"} <= set(GAMES)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    # Real samples score 0 and 2, fakes 1 and -3.
    [
        ("gan", {}, 0.5),
        ("dcgan", {}, 0.5),
        ("lsgan", {"a": 0.0, "b": 5.0}, 0.5),  # above 2.5: none of two; below: both
        ("lsgan", {"a": 1.0, "b": -1.0}, 0.25),  # below 0: none of two; above: one
        ("relativistic_gan", {}, 0.5),  # 0 - 1, 2 + 3
        ("relativistic_gan", {"average": True}, 0.75),  # 0 + 1, 2 + 1; 1 - 1, -3 - 1
    ],
)
def test_accuracy(name, arguments, expected):
    model = linear.linear(name, skip_discriminator_above=0.9, **arguments)
    _, logs = linear.losses(model)
    assert logs["d_accuracy"] == expected
    assert logs["d_idle"] == 0.0


@pytest.mark.parametrize("name", slow_except(("dcgan",), GAMES))
def test_ahead_it_waits_and_behind_it_learns(name):
    model = compiled(name, skip_discriminator_above=0.6)
    optimizer = model.discriminator_optimizer
    data = samples(model, batch=2)

    def learnt():
        owners = [w for n in model.roles()["discriminator"] for w in n.trainable_weights]
        return [v.numpy() for v in (*owners, *optimizer.variables)]

    before, shown = learnt(), model.role_variables(model.shown)[0].numpy()
    model.accuracy.assign(1.0)  # after the step at least 0.9
    step(model, data)
    assert all(np.array_equal(a, b) for a, b in zip(learnt(), before, strict=True))
    assert float(model.trackers["d_idle"].result()) == 1.0
    assert np.any(model.role_variables(model.shown)[0].numpy() != shown)
    model.accuracy.assign(0.0)
    step(model, data)
    assert int(optimizer.iterations) == model.discriminator_steps
    assert not np.array_equal(learnt()[0], before[0])


def test_logs_are_means_over_the_updates_of_a_step():
    model = compiled("gan", skip_discriminator_above=0.6, discriminator_steps=2)
    skipped, found, apply = iter([True, False]), [], model.apply
    model.is_ahead = lambda accuracy: tf.constant(next(skipped))

    def noting(role, gradients, logs):
        if role == "discriminator":
            found.append(logs)
        return apply(role, gradients, logs)

    model.apply = noting
    logs = step(model, samples(model))
    assert float(logs["d_idle"]) == 0.5
    for name in ("d_loss", "d_accuracy"):
        first, second = (float(each[name]) for each in found)
        assert float(logs[name]) == pytest.approx((first + second) / 2)
    assert float(found[0]["d_loss"]) != float(found[1]["d_loss"])


@pytest.mark.slow
def test_it_is_counted_logged_and_goes_on_where_it_was(tmp_path):
    keras.utils.set_random_seed(0)
    whole = tiny("gan", skip_discriminator_above=0.7)
    whole.compile(discriminator_optimizer=keras.optimizers.Adam(1e-2))
    logs = fit(whole, dataset(whole, 40))
    idle = logs["d_idle"][0]
    assert 0 < idle < 1
    assert 0.5 < logs["d_accuracy"][0] <= 1
    assert int(whole.discriminator_optimizer.iterations) < 40 * whole.discriminator_steps
    keras.utils.set_random_seed(0)
    begun = tiny("gan", skip_discriminator_above=0.7)
    begun.compile(discriminator_optimizer=keras.optimizers.Adam(1e-2))
    fit(begun, dataset(begun, 25))
    begun.save(tmp_path / "begun.keras")
    resumed = tfgan_zoo.load_model(tmp_path / "begun.keras")
    assert resumed.skip_discriminator_above == 0.7
    fit(resumed, dataset(resumed, 15, first=25))

    def lasting(model):
        return [(n, v) for n, v in state(model) if not n.endswith(("/total", "/count"))]

    assert_same(lasting(resumed), lasting(whole))


def test_evaluation_and_none():
    model = compiled("lsgan", skip_discriminator_above=0.6)
    before = float(model.accuracy)
    logs = model.evaluate(dataset(model), return_dict=True, verbose=0)
    assert set(logs) == {*MODELS["lsgan"].log_names, "d_accuracy", "d_idle"}
    assert float(model.accuracy) == before
    assert len(tiny("lsgan").weights) == len(model.weights) - 1


@pytest.mark.parametrize("name", CRITICS)
def test_critics_are_never_right(name):
    with pytest.raises(InputError, match="skip_discriminator_above: expected None for"):
        tiny(name, skip_discriminator_above=0.9)


def test_refused():
    for share in (0.4, 1.0):
        with pytest.raises(InputError, match=r"from 0\.5 to below 1"):
            tiny("dcgan", skip_discriminator_above=share)
    with pytest.raises(InputError, match="expected None for"):
        tiny("cyclegan", objective="wasserstein_gp", skip_discriminator_above=0.9)
    with pytest.raises(InputError, match="expected None for"):
        tiny("srgan", adversarial_weight=0.0, skip_discriminator_above=0.9)


def test_one_loss_scale_more_or_less():
    keras.config.set_dtype_policy("mixed_float16")
    model = compiled("dcgan", skip_discriminator_above=0.6)
    model.accuracy.assign(1.0)
    scale = float(model.discriminator_optimizer.dynamic_scale.numpy())
    step(model, samples(model))
    assert float(model.discriminator_optimizer.dynamic_scale.numpy()) == scale
    assert tf.reduce_all(tf.math.is_finite(model.accuracy.value))

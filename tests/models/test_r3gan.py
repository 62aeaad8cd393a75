import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.linear import FAKE, REAL, critic_batches, images, linear, losses
from tests.models.tiny import LATENT, SHAPE, samples, step, tiny
from tfgan_zoo import R3GAN
from tfgan_zoo.errors import InputError
from tfgan_zoo.schedules import Cosine

PIXELS = math.prod(SHAPE)


def softplus(x):
    return np.log1p(np.exp(x))


def test_losses_by_hand():
    (d_loss, g_loss), logs = losses(linear("r3gan", r1_gamma=0.0, r2_gamma=0.0))
    # Scores are colours. Real minus fake: -1 and 5.
    assert d_loss == pytest.approx((softplus(1) + softplus(-5)) / 2)
    assert g_loss == pytest.approx((softplus(-1) + softplus(5)) / 2)
    assert logs["d_penalty"] == 0
    assert logs["d_real"] == pytest.approx(1.0)
    assert logs["d_fake"] == pytest.approx(-1.0)


@pytest.mark.parametrize(("r1", "r2"), [(3.0, None), (3.0, 0.0), (0.0, 5.0)])
@pytest.mark.parametrize("packing", [1, 2])
def test_penalties_are_summed_over_pixels(r1, r2, packing):
    model = linear("r3gan", packing, r1_gamma=r1, r2_gamma=r2)
    (d_loss, _), logs = losses(model)
    # The score of a pack is the mean of its pixels: every slope is 1 / pixels.
    pixels = packing * PIXELS
    slope = packing * PIXELS / pixels**2
    expected = 0.5 * (r1 + (r1 if r2 is None else r2)) * slope
    assert logs["d_penalty"] == pytest.approx(expected, rel=1e-5)
    assert d_loss == pytest.approx(logs["d_loss"] + expected, rel=1e-5)


def curved(**kwargs):
    """A game whose slope differs from sample to sample: C(x) = (mean of x)^2."""
    model = linear("r3gan", **kwargs)
    mean = model.discriminator
    x = keras.Input(SHAPE)
    critic = keras.Model(x, mean(x) ** 2)
    return R3GAN(SHAPE, LATENT, model.generator, critic, **kwargs)


def test_each_penalty_is_at_its_own_samples():
    # Slopes at colours 0, 2 and 1, -3: 2 c / pixels in each pixel.
    r1, r2 = ((2 * np.array(colours)) ** 2 / PIXELS for colours in (REAL, FAKE))
    for given, expected in (
        ({"r1_gamma": 1.0, "r2_gamma": 0.0}, 0.5 * r1.mean()),
        ({"r1_gamma": 0.0, "r2_gamma": 1.0}, 0.5 * r2.mean()),
        ({"r1_gamma": 0.7, "r2_gamma": 0.3}, 0.35 * r1.mean() + 0.15 * r2.mean()),
    ):
        _, logs = losses(curved(**given))
        assert logs["d_penalty"] == pytest.approx(expected, rel=1e-4)
    assert r1.mean() != pytest.approx(r2.mean(), rel=0.1)  # the control


def test_penalties_are_taken_through_augmentation(monkeypatch):
    model = linear("r3gan", r1_gamma=2.0, r2_gamma=0.0)
    monkeypatch.setattr(model, "augment", lambda x, purpose, training=True: 3.0 * x)
    _, logs = losses(model)
    assert logs["d_penalty"] == pytest.approx(9.0 / PIXELS, rel=1e-5)
    assert logs["d_real"] == pytest.approx(3.0)


def test_penalties_in_every_other_step():
    model = curved(r1_gamma=1.0, r1_every=2)
    always = losses(curved(r1_gamma=1.0))[1]["d_penalty"]
    assert losses(model)[1]["d_penalty"] == pytest.approx(2 * always, rel=1e-5)
    model.step.assign(1)
    assert losses(model)[1]["d_penalty"] == 0


def test_gamma_follows_its_schedule():
    schedule = {"start": 2.0, "end": 0.5, "steps": 10}
    constant = losses(linear("r3gan", r1_gamma=1.0))[1]["d_penalty"]
    for model in (
        linear("r3gan", r1_gamma=schedule),
        R3GAN.from_config(linear("r3gan", r1_gamma=schedule).get_config()),
    ):
        for at, gamma in ((0, 2.0), (5, 1.25), (10, 0.5), (99, 0.5)):
            model.step.assign(at)
            assert losses(model)[1]["d_penalty"] == pytest.approx(gamma * constant, rel=1e-4)


def test_each_update_has_samples_of_its_own():
    model = tiny("r3gan", dense=True)
    model.compile(run_eagerly=True)
    assert model.samples_per_step(4) == 8
    data = samples(model)
    seen = []
    generator_loss = model.generator_loss

    def watched(fake, real, *args):
        seen.append((real.numpy(), fake.numpy()))
        return generator_loss(fake, real, *args)

    model.generator_loss = watched
    ((real, fake),) = critic_batches(model, data)
    ((other_real, other_fake),) = seen
    floats = data.astype("float32") / 127.5 - 1
    np.testing.assert_allclose(real, floats[0::2], atol=1e-6)
    np.testing.assert_allclose(other_real, floats[1::2], atol=1e-6)
    assert np.abs(fake - other_fake).max() > 1e-3

    shared = tiny("r3gan", dense=True, fresh_samples=False)
    shared.compile(run_eagerly=True)
    assert shared.samples_per_step(4) == 4
    shared.generator_loss, generator_loss = watched, shared.generator_loss
    seen.clear()
    ((real, fake),) = critic_batches(shared, data[:4])
    np.testing.assert_array_equal(real, seen[0][0])
    np.testing.assert_array_equal(fake, seen[0][1])


def test_a_pair_has_one_class():
    model = tiny("r3gan", num_classes=3)
    assert model.fake_labels == "real"
    told = []
    run = model.run
    model.run = lambda network, given, training: (
        told.append((network.name, given[1].numpy())) or run(network, given, training)
    )
    model.compile(run_eagerly=True)
    batch = {"image": model.example_batch(4)["image"], "label": np.arange(8, dtype="int32") % 3}
    step(model, batch)
    first, second = batch["label"][0::2], batch["label"][1::2]
    assert [name for name, _ in told] == ["generator", "discriminator", "discriminator"] * 2
    for i, (_, labels) in enumerate(told):
        np.testing.assert_array_equal(labels, first if i < 3 else second)


def test_samples_are_clipped_and_training_sees_them_as_they_are():
    model = tiny("r3gan", latent_distribution="normal")
    head = model.generator.get_layer("output")
    head.kernel.assign(100 * head.kernel)
    z = model.sample_latents(4)
    raw = model.run(model.generator, tf.constant(z), training=False)
    assert np.abs(raw).max() > 2
    np.testing.assert_allclose(model.generate(latents=z), np.clip(raw, -1, 1), atol=1e-5)
    made, _ = model.samples_and_targets(samples(model))["samples"]
    assert np.abs(made).max() == 1
    points = R3GAN((2,), 4)
    weight = points.generator.get_layer("output").kernel
    weight.assign(100 * weight)
    assert np.abs(points.generate(4)).max() > 2


def test_default_networks():
    points = R3GAN((2,), 4)
    assert points.generator.output_shape == (None, 2)
    assert points.discriminator.count_params() == 2 * 128 + 128 + 2 * (128 * 128 + 128) + 129


def test_the_half_life_of_the_average_may_rise():
    schedule = {"start": 0.0, "end": 80.0, "steps": 10}
    model = tiny("r3gan", dense=True, ema_half_life=schedule)
    assert isinstance(model.ema_half_life, Cosine)
    model.compile(run_eagerly=True)
    weight, mean = model.generator.trainable_variables[0], model.averages[0].variables[0]
    for at in (0, 5, 20):
        model.step.assign(at)
        before = mean.numpy()
        step(model, samples(model, seed=at))
        half_life = 80.0 * 0.5 * (1 - math.cos(math.pi * min(at / 10, 1)))
        keep = 0.0 if half_life == 0 else 0.5 ** (8 / half_life)
        expected = keep * before + (1 - keep) * weight.numpy()
        np.testing.assert_allclose(mean.numpy(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"r1_gamma": -1.0}, "r1_gamma: expected a number from 0 up"),
        ({"r1_gamma": {"start": 1, "end": -1, "steps": 5}}, "r1_gamma.end: expected a number from"),
        ({"r2_gamma": {"start": 1, "end": 1}}, "r2_gamma: expected a number, or a schedule"),
        ({"ema_half_life": {"start": 1, "end": 1, "steps": 0}}, "ema_half_life.steps: expected"),
    ],
)
def test_bad_arguments(given, message):
    with pytest.raises(InputError, match=message):
        tiny("r3gan", **given)


def test_a_batch_that_cannot_be_shared_out():
    model = tiny("r3gan", dense=True)
    with pytest.raises(InputError, match=r"packing 1 x real batches 2.*got 3"):
        step(model, np.zeros((3, *SHAPE), "uint8"))


def test_images_as_constants_have_no_slope():
    """A discriminator that does not look at its input is not penalised."""
    model = linear("r3gan", r1_gamma=1.0)
    model.discriminator.layers[-1].kernel.assign(
        tf.zeros_like(model.discriminator.layers[-1].kernel)
    )
    assert float(model.discriminator_loss(images(REAL), images(FAKE))[1]["d_penalty"]) == 0


def test_the_probability_of_augmentation_may_rise():
    schedule = {"start": 0.0, "end": 0.5, "steps": 4}
    model = tiny("r3gan", dense=True, augment_probability=schedule, ada_kinds=("shift",))
    assert model.log_names[-1] == "d_augment"
    for at, expected in ((0, 0.0), (2, 0.25), (9, 0.5)):
        model.step.assign(at)
        assert float(model.current_probability()) == pytest.approx(expected, abs=1e-6)
    for wrong in ({"start": 0.0, "end": 1.5, "steps": 4}, Cosine(0.0, 1.5, 4)):
        with pytest.raises(InputError, match="augment_probability: expected a number from 0 to 1"):
            tiny("r3gan", augment_probability=wrong)

"""Real-ESRGAN's compact generator; tests/importing compares it with its authors' arithmetic."""

import doctest

import keras
import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.models import SRGAN
from tfgan_zoo.networks import srgan_discriminator, srvgg, srvgg_generator

TINY = {"filters": 4, "convs": 2}


def test_parameters_of_the_published_networks():
    """By convolutions: 621,424 with 16, and 1,213,296 with 32."""
    model = srvgg_generator((24, 24, 3))
    inner = 9 * 64 * 64 + 64 + 64
    ends = (9 * 3 * 64 + 64 + 64) + (9 * 64 * 48 + 48)
    assert model.count_params() == ends + 16 * inner == 621_424
    assert model.count_params() + 16 * inner == 1_213_296


def test_initial_weights_and_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = srvgg_generator((8, 8, 3), 2, filters=32, convs=1)
    assert model(np.zeros((1, 4, 5, 3), "float32")).dtype == "float32"
    for layer in model.layers:
        if isinstance(layer, keras.layers.PReLU):
            assert np.all(layer.get_weights()[0] == 0.25)
        elif layer.get_weights():
            kernel, bias = layer.get_weights()
            deviation = np.sqrt(2 / (1 + 0.25**2) / np.prod(kernel.shape[:3]))
            last = layer.name == "body.4"
            assert np.std(kernel) == pytest.approx(deviation * (0.1 if last else 1), rel=0.1)
            assert not bias.any()


def test_signals_reach_the_end_of_the_authors_network():
    """As it starts, it changes its enlarged input by some hundredths, and not by 1e-7."""
    model = srvgg_generator((16, 16, 3), 2, filters=32, convs=16)
    image = np.random.default_rng(0).uniform(size=(1, 16, 16, 3)).astype("float32")
    change = np.asarray(model(image)) - (2 * image.repeat(2, 1).repeat(2, 2) - 1)
    assert 0.01 < np.std(change) < 0.3


@pytest.mark.parametrize("scale", [1, 2, 3, 8])
def test_without_weights_it_is_its_input_enlarged(scale):
    model = srvgg_generator((8, 8, 2), scale, **TINY)
    for weight in model.weights:
        weight.assign(np.zeros(weight.shape))
    image = np.random.default_rng(0).uniform(size=(1, 3, 5, 2)).astype("float32")
    expected = 2 * image.repeat(scale, 1).repeat(scale, 2) - 1
    np.testing.assert_allclose(model(image), expected, atol=1e-6)


def test_it_learns_in_an_srgan():
    shape = (16, 16, 3)
    discriminator = srgan_discriminator(shape, filters=2, dense_units=4)
    model = SRGAN(shape, 4, srvgg_generator((4, 4, 3), **TINY), discriminator, content="pixel")
    model.compile(run_eagerly=True)
    random = np.random.default_rng(0)
    small, large = (random.integers(0, 256, (2, s, s, 3), np.uint8) for s in (4, 16))
    before = [weight.numpy() for weight in model.generator.trainable_weights]
    model.train_on_batch((small, large))
    for weight, value in zip(model.generator.trainable_weights, before, strict=True):
        assert np.any(weight.numpy() != value), weight.path


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"scale": 5}, "scale: expected 1, 2, 3, 4 or 8, got 5"),
        ({"filters": 0}, "filters: .*0"),
        ({"convs": 0}, "convs: .*0"),
        ({"lr_shape": (8, 8)}, "lr_shape: "),
    ],
)
def test_errors(arguments, match):
    with pytest.raises(InputError, match=match):
        srvgg_generator(**{"lr_shape": (8, 8, 3), **arguments})


def test_example():
    result = doctest.testmod(srvgg)
    assert result.attempted
    assert not result.failed

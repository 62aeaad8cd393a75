"""BasicSR's residual generator; tests/importing compares it with its authors' arithmetic."""

import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import msrresnet, msrresnet_generator

TINY = {"filters": 4, "blocks": 1}


def test_parameters_of_the_published_networks():
    """By the authors' count: 1,517,571 at x4."""
    model = msrresnet_generator((24, 24, 3))
    square = 9 * 64 * 64 + 64
    ends = (9 * 3 * 64 + 64) + (9 * 64 * 3 + 3)
    assert model.count_params() == ends + 32 * square + 2 * 4 * square + square == 1_517_571
    assert msrresnet_generator((24, 24, 3), 2).count_params() == 1_517_571 - 4 * square


def test_initial_weights_and_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = msrresnet_generator((8, 8, 3), 2, filters=32, blocks=1)
    assert model(np.zeros((1, 4, 5, 3), "float32")).dtype == "float32"
    for layer in model.layers:
        if layer.get_weights():
            kernel, bias = layer.get_weights()
            expected = 0.1 * (2 / np.prod(kernel.shape[:3])) ** 0.5
            assert kernel.std() == pytest.approx(expected, rel=0.1)
            assert not bias.any()


def test_every_weight_learns():
    model = msrresnet_generator((8, 8, 3), 3, **TINY)
    x = np.random.default_rng(0).uniform(size=(2, 4, 6, 3)).astype("float32")
    with tf.GradientTape() as tape:
        out = model(x, training=True)
        loss = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert np.any(gradient), weight.path


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"scale": 8}, "scale: expected 2, 3 or 4, got 8"),
        ({"filters": 0}, "filters: .*0"),
        ({"blocks": 0}, "blocks: .*0"),
        ({"lr_shape": (8, 8)}, "lr_shape: "),
    ],
)
def test_errors(arguments, match):
    with pytest.raises(InputError, match=match):
        msrresnet_generator(**{"lr_shape": (8, 8, 3), **arguments})


def test_example():
    result = doctest.testmod(msrresnet)
    assert result.attempted
    assert not result.failed

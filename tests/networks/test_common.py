import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import common, size_multiple, translation_resnet, unet_generator

DOWN = {"strides": 2, "padding": "same"}


def convolutions(*layers):
    return keras.Sequential([keras.Input((None, None, 2)), *layers], name="net")


def test_instance_normalization_by_hand():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, common.normalize(inputs, "instance", name="norm"))
    assert not model.weights
    x = np.random.default_rng(0).normal(1, 3, size=(2, 6, 5, 3)).astype("float32")
    mean, variance = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
    np.testing.assert_allclose(model(x), (x - mean) / np.sqrt(variance + 1e-5), atol=1e-5)


@pytest.mark.parametrize("kind", ["batch", "instance", "layer", "none"])
def test_which_normalizations_cancel_a_bias(kind):
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, common.normalize(inputs, kind, name="norm"))
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("float32")
    biased = model(x + np.array([1, -2, 3], "float32"), training=True)
    same = np.allclose(biased, model(x, training=True), atol=1e-4)
    assert same == common.cancels_bias(kind)


@pytest.mark.parametrize(
    ("network", "multiple"),
    [
        (lambda: translation_resnet((16, 16, 2), filters=1, blocks=1), 4),
        (lambda: translation_resnet((16, 16, 2), filters=1, blocks=1, upsampling="resize"), 4),
        (lambda: unet_generator((32, 32, 2), filters=1), 32),
        (lambda: unet_generator((256, 256, 2), filters=1), 256),
        (lambda: unet_generator((8, 16, 2), filters=1, depth=3, upsampling="resize"), 8),
        (lambda: convolutions(keras.layers.Conv2D(1, 3, padding="same")), 1),
        # Odd sides are halved to one more than half.
        (
            lambda: convolutions(
                keras.layers.Conv2D(1, 3, **DOWN), keras.layers.Conv2DTranspose(1, 3, **DOWN)
            ),
            2,
        ),
        # As a nested model.
        (lambda: convolutions(unet_generator((8, 8, 2), filters=1, depth=3)), 8),
        # With fixed sides, images must have these.
        (lambda: keras.Sequential([keras.Input((48, 32, 3)), keras.layers.ReLU()]), 16),
    ],
)
def test_size_multiple(network, multiple):
    assert size_multiple(network()) == multiple


def test_size_multiple_is_what_the_network_takes():
    model = unet_generator((16, 16, 1), filters=2, depth=3)
    m = size_multiple(model)
    assert model(np.zeros((1, 3 * m, 5 * m, 1))).shape == (1, 3 * m, 5 * m, 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Concat"):
        model(np.zeros((1, 3 * m // 2, 5 * m, 1)))


def test_networks_that_change_the_size():
    model = convolutions(keras.layers.Conv2D(1, 3))
    with pytest.raises(InputError, match="'net': expected outputs of the size of its inputs"):
        size_multiple(model)


def test_examples():
    result = doctest.testmod(common)
    assert result.attempted
    assert not result.failed

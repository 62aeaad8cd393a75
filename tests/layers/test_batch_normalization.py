import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import PredictionTimeBatchNormalization

X = np.random.default_rng(0).normal(1, 2, size=(3, 5, 4, 2)).astype("float32")


def trained(inference="paper", **kwargs):
    """Returns a layer with changed moving statistics, scale and offset."""
    layer = PredictionTimeBatchNormalization(inference=inference, epsilon=1e-5, **kwargs)
    layer(X, training=True)
    layer.gamma.assign([2.0, 0.5])
    layer.beta.assign([-1.0, 3.0])
    return layer


def by_hand(x):
    mean, variance = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * [2.0, 0.5] + [-1.0, 3.0]


def test_paper_by_hand():
    layer = trained()
    before = layer.get_weights()
    np.testing.assert_allclose(layer(X), by_hand(X), atol=1e-5)
    np.testing.assert_allclose(layer(X, training=False), by_hand(X), atol=1e-5)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_paper_does_not_depend_on_the_batch():
    layer = trained()
    together = layer(X)
    for i in range(3):
        np.testing.assert_array_equal(layer(X[i : i + 1]), together[i : i + 1])
    # Exactly what training does with a batch of one.
    np.testing.assert_allclose(layer(X[:1]), layer(X[:1], training=True), atol=1e-5)


@pytest.mark.parametrize("inference", ["frozen", "paper"])
def test_training_is_keras(inference):
    ours = PredictionTimeBatchNormalization(inference=inference, momentum=0.9)
    keras_layer = keras.layers.BatchNormalization(momentum=0.9)
    for _ in range(2):
        results = ours(X, training=True), keras_layer(X, training=True)
        np.testing.assert_allclose(*results, atol=1e-5)
    for a, b in zip(ours.weights, keras_layer.weights, strict=True):
        assert a.name == b.name
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    same = np.allclose(ours(X), keras_layer(X), atol=1e-5)
    assert same == (inference == "frozen")


def test_untrainable_layers_are_in_inference():
    layer = trained()
    layer.trainable = False
    np.testing.assert_allclose(layer(X, training=True), by_hand(X), atol=1e-5)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_statistics_in_float32(dtype):
    layer = trained(dtype=dtype)
    # In float16 the squares of these overflow, and in bfloat16 their sum loses the small part.
    x = (1000 + 8 * np.arange(40).reshape(1, 5, 4, 2)).astype("float32")
    out = layer(x)
    assert out.dtype == layer.compute_dtype
    exact = np.array(tf.cast(tf.cast(x, layer.compute_dtype), "float32"))
    np.testing.assert_allclose(tf.cast(out, "float32"), by_hand(exact), atol=0.03)


def test_channels_first():
    first = trained()
    second = PredictionTimeBatchNormalization(inference="paper", epsilon=1e-5, axis=1)
    second.build((None, 2, 5, 4))
    second.set_weights(first.get_weights())
    out = second(np.moveaxis(X, 3, 1))
    np.testing.assert_allclose(np.moveaxis(out, 1, 3), first(X), atol=1e-6)


def test_without_scale_and_offset():
    layer = PredictionTimeBatchNormalization(inference="paper", scale=False, center=False)
    out = layer(X)
    np.testing.assert_allclose(np.mean(out, (1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(np.std(out, (1, 2)), 1, atol=1e-3)


def test_config():
    layer = trained(name="bn", momentum=0.9)
    copy = PredictionTimeBatchNormalization.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert (copy.inference, copy.momentum) == ("paper", 0.9)
    assert PredictionTimeBatchNormalization().inference == "frozen"


def test_errors():
    with pytest.raises(InputError, match=r"inference: .*'train'"):
        PredictionTimeBatchNormalization(inference="train")
    layer = PredictionTimeBatchNormalization(inference="paper", name="bn")
    with pytest.raises(InputError, match=r"'bn': expected 4-D .*inference='paper', .*\(8, 3\)"):
        layer(np.zeros((8, 3), "float32"))
    layer = PredictionTimeBatchNormalization(inference="paper")
    with pytest.raises(InputError, match="and a mask"):
        layer(X, mask=tf.ones((3, 5, 4), tf.bool))
    assert layer(X, training=True, mask=tf.ones((3, 5, 4), tf.bool)).shape == X.shape

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.layers import CentredAveragePooling2D


def by_loops(x):
    """Means over the pixels around (2 i, 2 j) that exist."""
    num, height, width, channels = x.shape
    out = np.zeros((num, (height + 1) // 2, (width + 1) // 2, channels))
    for i, j in np.ndindex(out.shape[1:3]):
        rows, columns = slice(max(0, 2 * i - 1), 2 * i + 2), slice(max(0, 2 * j - 1), 2 * j + 2)
        out[:, i, j] = x[:, rows, columns].mean((1, 2))
    return out


@pytest.mark.parametrize("shape", [(2, 6, 8, 3), (1, 5, 7, 2), (1, 1, 2, 1)])
def test_means_of_the_pixels_around_every_other(shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    layer = CentredAveragePooling2D()
    np.testing.assert_allclose(layer(x), by_loops(x), atol=1e-6)
    assert layer.compute_output_shape(shape) == by_loops(x).shape
    # Keras' padding looks further to the bottom and right.
    same = keras.layers.AveragePooling2D(3, 2, padding="same")(x)
    if shape == (2, 6, 8, 3):
        assert np.max(np.abs(same - by_loops(x))) > 0.1


def test_sizes_that_are_unknown_when_it_is_traced():
    layer = CentredAveragePooling2D(dtype="mixed_bfloat16")
    pool = tf.function(lambda x: layer(x), input_signature=[tf.TensorSpec([None, None, None, 1])])
    for side in (4, 7):
        x = np.random.default_rng(side).integers(0, 9, (1, side, side, 1)).astype("float32")
        out = pool(x)
        assert out.dtype == "bfloat16"
        np.testing.assert_allclose(tf.cast(out, "float32"), by_loops(x), rtol=0.02)


def test_serialization():
    model = keras.Sequential([keras.Input((None, None, 1)), CentredAveragePooling2D(name="half")])
    copy = keras.Sequential.from_config(model.get_config())
    x = np.ones((1, 3, 3, 1), "float32")
    np.testing.assert_array_equal(copy(x), np.ones((1, 2, 2, 1)))

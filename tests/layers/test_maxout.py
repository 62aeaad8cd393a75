import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import Maxout


def by_hand():
    """Two units of two pieces: the columns are u0p0, u0p1, u1p0, u1p1."""
    layer = Maxout(units=2, pieces=2)
    layer.build((None, 2))
    layer.kernel.assign([[1.0, 2.0, 3.0, 4.0], [0.5, -1.0, 0.0, 1.0]])
    layer.bias.assign([0.0, 0.0, 2.0, 0.0])
    return layer


def test_value_by_hand():
    # x = (1, -2): u0 = max(1 - 1, 2 + 2) = 4; u1 = max(3 + 0 + 2, 4 - 2) = 5.
    # x = (0, 1): u0 = max(0.5, -1) = 0.5; u1 = max(0 + 2, 1) = 2.
    out = by_hand()(np.array([[1.0, -2.0], [0.0, 1.0]], "float32"))
    np.testing.assert_allclose(out, [[4.0, 5.0], [0.5, 2.0]])


def test_gradient_goes_to_the_largest_piece():
    layer = by_hand()
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(np.array([[1.0, -2.0]], "float32")))
    gradient = tape.gradient(total, layer.kernel.value)
    np.testing.assert_allclose(gradient, [[0.0, 1.0, 1.0, 0.0], [0.0, -2.0, -2.0, 0.0]])


@pytest.mark.parametrize("use_bias", [True, False])
def test_shapes(use_bias):
    layer = Maxout(3, 5, use_bias=use_bias)
    assert layer(keras.Input((7, 4))).shape == (None, 7, 3)
    assert layer(np.zeros((2, 7, 4), "float32")).shape == (2, 7, 3)
    assert [tuple(w.shape) for w in layer.weights] == [(4, 15)] + [(15,)] * use_bias


def test_config_round_trip():
    initializer = keras.initializers.RandomUniform(-0.005, 0.005, seed=1)
    layer = Maxout(3, 5, use_bias=False, kernel_initializer=initializer, name="m")
    copy = Maxout.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    x = np.ones((1, 4), "float32")
    np.testing.assert_array_equal(copy(x), layer(x))


def test_mixed_precision():
    layer = Maxout(3, 5, dtype="mixed_bfloat16")
    assert layer(np.zeros((2, 4), "float32")).dtype == "bfloat16"
    assert layer.kernel.dtype == "float32"


@pytest.mark.parametrize(("units", "pieces"), [(0, 5), (3, 0)])
def test_errors(units, pieces):
    with pytest.raises(InputError, match=f"units={units}, pieces={pieces}"):
        Maxout(units, pieces)

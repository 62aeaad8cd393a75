import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.layers import SignNumber


def test_signs_are_digits():
    x = np.array([[-1, -1, -1], [2, -1, -1], [-1, 2, -1], [-1e-9, 1e-9, 3]], "float32")
    np.testing.assert_array_equal(SignNumber()(x), [0, 1, 2, 6])


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_numbers_of_noise_are_equally_frequent(policy):
    keras.config.set_dtype_policy(policy)
    inputs = keras.Input((5,))
    model = keras.Model(inputs, SignNumber()(inputs[:, :3]))
    assert model.output.dtype == "int32"
    noise = tf.random.stateless_normal([8000, 5], (0, 1))
    counts = np.bincount(np.array(model(noise)), minlength=8)
    assert counts.min() > 900
    assert counts.max() < 1100

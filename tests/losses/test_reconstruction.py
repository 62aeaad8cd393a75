import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.losses import l1


def test_hand_computed():
    assert float(l1(tf.constant([[1.0, -1.0]]), tf.constant([[0.5, 1.5]]))) == pytest.approx(1.5)


def test_zero_and_symmetry():
    x, y = np.random.default_rng(0).normal(size=(2, 3, 4, 4, 2)).astype("float32")
    assert float(l1(x, x)) == 0
    assert float(l1(x, y)) == float(l1(y, x))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_is_float32(dtype):
    loss = l1(tf.cast([1000.0, 2000.0], dtype), tf.cast([0.0, 0.0], dtype))
    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(1500)

import doctest

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.losses import l1, mse, reconstruction, squared_error

LOSSES = [l1, mse]


def test_hand_computed():
    x, y = tf.constant([[1.0, -1.0]]), tf.constant([[0.5, 1.5]])
    assert float(l1(x, y)) == pytest.approx((0.5 + 2.5) / 2)
    assert float(mse(x, y)) == pytest.approx((0.25 + 6.25) / 2)
    # Summed over the values of a sample, and averaged over samples.
    assert float(squared_error(x, y)) == pytest.approx(0.25 + 6.25)
    two = tf.concat([x, y], axis=0), tf.concat([y, y], axis=0)
    assert float(squared_error(*two)) == pytest.approx((0.25 + 6.25) / 2)


@pytest.mark.parametrize("loss", LOSSES)
def test_zero_and_symmetry(loss):
    x, y = np.random.default_rng(0).normal(size=(2, 3, 4, 4, 2)).astype("float32")
    assert float(loss(x, x)) == 0
    assert float(loss(x, y)) == float(loss(y, x))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize(("loss", "value"), [(l1, 1500), (mse, 2_500_000)])
def test_is_float32(loss, value, dtype):
    result = loss(tf.cast([1000.0, 2000.0], dtype), tf.cast([0.0, 0.0], dtype))
    assert result.dtype == tf.float32
    assert float(result) == pytest.approx(value)


@pytest.mark.parametrize("loss", [*LOSSES, squared_error])
def test_each_value_has_a_target_of_its_own(loss):
    """Subtracting `[4]` from `[4, 1]` would compare every value with every target."""
    with pytest.raises(InputError, match=r"wanted: expected shape \(4, 1\), got \(4,\)"):
        loss(np.ones((4, 1)), np.ones(4))


def test_gradient_of_mse():
    x = tf.constant([3.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = mse(x, tf.constant([1.0, 2.0]))
    np.testing.assert_allclose(tape.gradient(loss, x), [2.0, -1.0])


def test_examples():
    result = doctest.testmod(reconstruction)
    assert result.attempted == 3
    assert not result.failed

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import losses


def test_by_hand():
    # W^T W = [[1, 2], [2, 13]]; off the diagonal 2^2 + 2^2. The other kernel's columns: 3 * 1 - 1.
    first = tf.constant([[1.0, 2.0], [0.0, 3.0]])
    second = tf.reshape(tf.constant([[3.0, 1.0], [1.0, -1.0]]), [2, 1, 1, 2])
    assert float(losses.orthogonal_penalty([first])) == 8.0
    assert float(losses.orthogonal_penalty([first, second])) == 16.0
    assert float(losses.orthogonal_penalty([])) == 0.0


def test_orthogonal_outputs_of_any_length_cost_nothing():
    kernel = keras.initializers.Orthogonal(seed=1)((3, 3, 4, 8)) * tf.range(1.0, 9.0)
    assert float(losses.orthogonal_penalty([kernel])) == pytest.approx(0, abs=1e-9)
    glorot = keras.initializers.GlorotUniform(seed=1)((3, 3, 4, 8))
    assert float(losses.orthogonal_penalty([glorot])) > 0.1


def test_gradient():
    """4 W (W^T W * (1 - I)), also in half precision through a Keras variable."""
    values = np.random.default_rng(0).normal(size=(3, 2)).astype("float32")
    for dtype, atol in (("float32", 1e-4), ("float16", 0.1)):
        kernel = keras.Variable(values, dtype=dtype)
        with tf.GradientTape() as tape:
            penalty = losses.orthogonal_penalty([kernel])
        assert penalty.dtype == tf.float32
        expected = 4 * values @ (values.T @ values * (1 - np.eye(2)))
        np.testing.assert_allclose(tape.gradient(penalty, kernel.value), expected, atol=atol)


def test_keras_orthogonal_kernels():
    """Keras' initializer makes the matrix `[-1, outputs]` orthogonal, of convolutions, too."""
    for shape in ((3, 3, 4, 8), (3, 3, 2, 32), (20, 64)):
        matrix = np.array(keras.initializers.Orthogonal()(shape)).reshape(-1, shape[-1])
        if matrix.shape[0] >= matrix.shape[1]:
            np.testing.assert_allclose(matrix.T @ matrix, np.eye(shape[-1]), atol=1e-5)
        else:
            np.testing.assert_allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-5)

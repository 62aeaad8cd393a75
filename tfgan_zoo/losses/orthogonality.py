"""A penalty on kernels that are far from orthogonal."""

from collections.abc import Iterable

import keras
import tensorflow as tf


def orthogonal_penalty(kernels: Iterable[tf.Tensor | keras.Variable]) -> tf.Tensor:
    """Sum of |W^T W * (1 - I)|^2 over kernels (Brock et al. 2018, arXiv 1809.11096, equation 3).

    It is zero where the weights of different outputs are orthogonal, whatever their lengths.

    Args:
        kernels: Kernels of dense layers and convolutions, `[..., outputs]`; each counts as a matrix
            W `[-1, outputs]`.

    Example:
        >>> float(orthogonal_penalty([tf.constant([[1.0, 2.0], [0.0, 3.0]])]))  # 2 * 2^2
        8.0
    """
    total = tf.zeros([])
    for kernel in kernels:
        value = kernel.value if isinstance(kernel, keras.Variable) else kernel
        value = tf.cast(value, tf.float32)
        matrix = tf.reshape(value, [-1, value.shape[-1]])
        products = tf.matmul(matrix, matrix, transpose_a=True)
        others = tf.linalg.set_diag(products, tf.zeros([products.shape[0]]))
        total += tf.reduce_sum(tf.square(others))
    return total

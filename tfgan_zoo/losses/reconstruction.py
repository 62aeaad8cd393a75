"""Distances between images, or their features, and targets, value by value."""

import tensorflow as tf

from tfgan_zoo.losses.shapes import check_same_shape


def l1(images: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """E|x - y|, the mean absolute difference of all values, in float32.

    Args:
        images: x, of any shape.
        wanted: y, of the same shape.

    Raises:
        InputError: If the shapes differ.

    Example:
        >>> float(l1(tf.constant([1.0, -1.0]), tf.constant([0.5, 0.5])))
        1.0
    """
    return tf.reduce_mean(tf.abs(_difference(images, wanted)))


def mse(images: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """E (x - y)^2, the mean squared difference of all values, in float32.

    SRGAN's content loss (Ledig et al. 2016, https://arxiv.org/abs/1609.04802, equations 4 and 5),
    on images or on their features from `networks.vgg19_features`.

    Args:
        images: x, of any shape.
        wanted: y, of the same shape.

    Raises:
        InputError: If the shapes differ.

    Example:
        >>> float(mse(tf.constant([1.0, -1.0]), tf.constant([0.5, 0.5])))
        1.25
    """
    return tf.reduce_mean(_difference(images, wanted) ** 2)


def squared_error(images: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """E |x - y|^2, the squared error of a sample, summed over its values, in float32.

    The loss of autoencoders. Beside a second term for each sample, such as a divergence of its
    code, the sum keeps the weight of that term the same at any size of the images; a mean over
    values would multiply it by their number.

    Args:
        images: X, `[B, ...]`.
        wanted: Y, of the same shape.

    Raises:
        InputError: If the shapes differ.

    Example:
        >>> float(squared_error(tf.constant([[1.0, -1.0]]), tf.constant([[0.5, 0.5]])))
        2.5
    """
    squares = _difference(images, wanted) ** 2
    return tf.reduce_mean(tf.reduce_sum(squares, axis=list(range(1, squares.shape.rank))))


def _difference(images: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """Returns x - y in float32."""
    x, y = tf.cast(images, tf.float32), tf.cast(wanted, tf.float32)
    check_same_shape("wanted", y, x)
    return x - y

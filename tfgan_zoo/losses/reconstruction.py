"""How far images are from what they ought to be, pixel by pixel."""

import tensorflow as tf


def l1(images: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """E|x - y|, the mean absolute difference of all values, in float32.

    Args:
        images: x, of any shape.
        wanted: y, of the same.

    Example:
        >>> float(l1(tf.constant([1.0, -1.0]), tf.constant([0.5, 0.5])))
        1.0
    """
    return tf.reduce_mean(tf.abs(tf.cast(images, tf.float32) - tf.cast(wanted, tf.float32)))

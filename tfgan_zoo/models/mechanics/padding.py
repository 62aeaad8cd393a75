"""Padding of images by reflection, to sizes that networks take."""

import tensorflow as tf


def reflect_to(images: tf.Tensor, axis: int, size: int | tf.Tensor) -> tf.Tensor:
    """Continues images along an axis by reflection, again and again if need be.

    Args:
        images: Images `[B, H, W, C]` of any size.
        axis: 1 for the height, which grows at the lower edge, or 2 for the width, at the right one.
        size: The new size, at least that of the images.
    """
    had = tf.shape(images)[axis]
    rows = tf.range(size) % (2 * had)
    return tf.gather(images, tf.minimum(rows, 2 * had - 1 - rows), axis=axis)

"""Maps of classes and instances, as networks see them."""

from typing import Any

import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics import parts
from tfgan_zoo.models.mechanics.arguments import stack_images

#: The class of pixels that have none.
NO_CLASS = -1


def one_hot(labels: tf.Tensor, num_classes: int) -> tf.Tensor:
    """Returns a channel for each class, 1 where a pixel is of it; `NO_CLASS` has none.

    Args:
        labels: Class numbers `[B, H, W]`.
        num_classes: Number of classes.

    Returns:
        float32 `[B, H, W, num_classes]`.
    """
    return tf.one_hot(labels, num_classes, dtype=tf.float32)


def boundaries(instances: tf.Tensor) -> tf.Tensor:
    """Returns where a pixel above, below, left or right belongs to another instance.

    Args:
        instances: Instance numbers `[B, H, W]`, any whole numbers.

    Returns:
        float32 `[B, H, W, 1]`, 1 on both sides of each boundary.
    """
    down = instances[:, 1:] != instances[:, :-1]
    right = instances[:, :, 1:] != instances[:, :, :-1]
    edge = tf.pad(down, [(0, 0), (1, 0), (0, 0)]) | tf.pad(down, [(0, 0), (0, 1), (0, 0)])
    edge |= tf.pad(right, [(0, 0), (0, 0), (1, 0)]) | tf.pad(right, [(0, 0), (0, 0), (0, 1)])
    return tf.expand_dims(tf.cast(edge, tf.float32), -1)


def instance_means(features: tf.Tensor, instances: tf.Tensor) -> tf.Tensor:
    """Replaces the numbers of each pixel by their mean over the pixel's instance in its image.

    Args:
        features: Floats `[B, H, W, C]`.
        instances: Instance numbers `[B, H, W]`.

    Returns:
        Floats `[B, H, W, C]`, the same at all pixels of an instance.
    """
    instances = tf.cast(instances, tf.int64)
    instances -= tf.reduce_min(instances)
    samples = tf.range(tf.shape(instances, tf.int64)[0])[:, tf.newaxis, tf.newaxis]
    own = samples * (tf.reduce_max(instances) + 1) + instances
    names, index = tf.unique(tf.reshape(own, [-1]))
    flat = tf.reshape(features, [-1, features.shape[-1]])
    means = tf.math.unsorted_segment_mean(flat, index, tf.size(names))
    return tf.reshape(tf.gather(means, index), tf.shape(features))


def styled(labels: tf.Tensor, numbers: tf.Tensor, styles: Any) -> tf.Tensor:
    """Returns the style of each pixel, that of its class; of class 0 for `NO_CLASS`.

    Args:
        labels: Class numbers `[B, H, W]`.
        numbers: Number of the style of each image, `[B]`.
        styles: Styles of each class, floats `[num_classes, num_styles, style_size]`.
    """
    numbers = tf.broadcast_to(numbers[:, tf.newaxis, tf.newaxis], tf.shape(labels))
    index = tf.stack([tf.maximum(labels, 0), numbers], axis=-1)
    return tf.gather_nd(tf.convert_to_tensor(styles), index)


def as_maps(maps: Any, channels: int, name: str) -> tf.Tensor:
    """Returns maps of whole numbers as int32 `[B, H, W, channels]`.

    Args:
        maps: Class numbers, or class and instance numbers, `[B, H, W, channels]`; class numbers
            alone may lack the last axis.
        channels: 1 for classes, 2 for classes and instances.
        name: What to call them in messages.

    Raises:
        InputError: If they have another shape or type.
    """
    maps = tf.convert_to_tensor(stack_images(maps, name))
    if not maps.dtype.is_integer:
        raise InputError(f"{name}: expected whole numbers, got type {maps.dtype.name}.")
    if channels == 1 and maps.shape.rank == 3:
        maps = maps[..., tf.newaxis]
    came = tuple(maps.shape)
    alone = len(came) == 3 and came[-1] == channels
    if (len(came) == 3 and not alone) or (len(came) == 4 and came[-1] == 1 < channels):
        raise InputError(
            f"{name}: expected class and instance numbers, shape (batch, height, width, 2), got "
            f"{came} without instances, which the boundaries and styles of this model come from; "
            "give instances."
        )
    return as_int32(parts.with_shape(maps, (None, None, channels), name), name)


def as_int32(numbers: Any, name: str) -> tf.Tensor:
    """Returns whole numbers as int32, which would give numbers beyond it other values.

    Args:
        numbers: Class or instance numbers of any shape.
        name: What to call them in messages.

    Raises:
        InputError: If they are no whole numbers, or int32 cannot hold one; also within a graph.
    """
    numbers = tf.convert_to_tensor(stack_images(numbers, name))
    if not numbers.dtype.is_integer:
        raise InputError(f"{name}: expected whole numbers, got type {numbers.dtype.name}.")
    lowest, highest = max(numbers.dtype.min, tf.int32.min), tf.int32.max
    if numbers.dtype.max > highest:
        expected = f"{name}: expected numbers that fit in int32, got"
        numbers = _checked(numbers, lowest, highest, expected, "; count instances from 0.")
    return tf.cast(numbers, tf.int32)


def checked_labels(labels: tf.Tensor, num_classes: int, name: str) -> tf.Tensor:
    """Returns class numbers that are checked when they are there, also within a graph.

    Raises:
        InputError: If one is of no class.
    """
    expected = (
        f"{name}: expected class numbers from 0 to {num_classes - 1}, or {NO_CLASS} for no class, "
        "got"
    )
    return _checked(labels, NO_CLASS, num_classes - 1, expected, f"; num_classes={num_classes}.")


def checked_numbers(numbers: tf.Tensor, num: int, name: str) -> tf.Tensor:
    """Returns numbers of styles or classes, checked when they are there, also within a graph.

    `tf.gather` alone checks them on a CPU; on a GPU it returns zeros for others.

    Args:
        numbers: Whole numbers of any shape.
        num: Number of styles or classes.
        name: What to call them in messages.

    Raises:
        InputError: If one is not from 0 to below `num`.
    """
    expected = f"{name}: expected numbers from 0 to {num - 1}, got"
    return _checked(numbers, 0, num - 1, expected, ".")


def _checked(
    numbers: tf.Tensor, lowest: int, highest: int, expected: str, advice: str
) -> tf.Tensor:
    low, high = tf.reduce_min(numbers), tf.reduce_max(numbers)
    fits = (low >= lowest) & (high <= highest)
    wrong = tf.where(high > highest, high, low)
    if tf.executing_eagerly():
        if not fits:
            raise InputError(f"{expected} {int(wrong)}{advice}")
        return numbers
    with tf.control_dependencies(parts.asserted(fits, expected, wrong, advice)):
        return tf.identity(numbers)

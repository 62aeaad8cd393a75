"""Checks of the tensors that losses compare."""

import tensorflow as tf

from tfgan_zoo.errors import InputError


def check_same_shape(name: str, values: tf.Tensor, like: tf.Tensor) -> None:
    """Checks that two tensors can have the same shape, as far as their shapes are known.

    TensorFlow by itself would compare each value of `[B, 1]` with all of `[B]`.

    Args:
        name: What to call `values` in the message.
        values: A tensor.
        like: The other one.

    Raises:
        InputError: If the shapes differ.
    """
    if not values.shape.is_compatible_with(like.shape):
        raise InputError(f"{name}: expected shape {tuple(like.shape)}, got {tuple(values.shape)}.")

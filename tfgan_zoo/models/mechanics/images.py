"""Batches of images, as a train step takes them."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.models.mechanics import batches
from tfgan_zoo.models.mechanics.arguments import stack_images
from tfgan_zoo.pixels import from_uint8


def to_unit_range(images: Any, shape: tuple[int | None, ...], name: str) -> tf.Tensor:
    """Returns a batch of images as floats in [-1, 1].

    Args:
        images: uint8 in 0..255, or floats in [-1, 1].
        shape: Shape of one image; None for any size.
        name: Their name in a message.

    Raises:
        InputError: If they have another shape or type.
    """
    images = batches.with_shape(tf.convert_to_tensor(stack_images(images, name)), shape, name)
    if images.dtype == tf.uint8:
        return from_uint8(images)
    if not images.dtype.is_floating:
        advice = "; if they are 0..255, use x.astype('uint8')" * images.dtype.is_integer
        raise InputError(
            f"{name}: expected uint8, or floats in [-1, 1], got type {images.dtype.name}{advice}."
        )
    return tf.cast(images, tf.float32)


def random_images(shape: tuple[int, ...], batch_size: int, seed: int) -> np.ndarray:
    """Returns uint8 images of random pixels, `[batch_size, *shape]`; floats for vectors."""
    random = np.random.default_rng(check_seed(seed, least=0))
    if len(shape) == 1:
        return random.standard_normal((batch_size, *shape), "float32")
    return random.integers(0, 256, (batch_size, *shape), "uint8")

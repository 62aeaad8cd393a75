"""What a model's methods are given by their callers, checked."""

import operator
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, looks_like_bytes


def stacked(images: Any, name: str) -> Any:
    """Returns a list of images as one array; anything else as it is.

    Args:
        images: an array or tensor, or a list of them, one an image.
        name: what to call them in a message.

    Raises:
        InputError: if those of a list differ in shape.
    """
    if not isinstance(images, (list, tuple)) or not images:
        return images
    if any(tf.is_tensor(image) for image in images):
        # Those of a graph have no values yet, and sizes perhaps not either.
        shapes = [tf.convert_to_tensor(image).shape for image in images]
        if all(shape.is_compatible_with(shapes[0]) for shape in shapes):
            return tf.stack(images)
    else:
        images = [np.asarray(image) for image in images]
        shapes = [image.shape for image in images]
        if len(set(shapes)) == 1:
            return np.stack(images)
    other = next(shape for shape in shapes if shape != shapes[0])
    raise InputError(
        f"{name}: expected images of one shape, got {tuple(shapes[0])} and {tuple(other)}; "
        "give them one by one."
    )


def check_range(images: Any, name: str) -> None:
    """Checks that floats are not those of 0..255, which would be taken for far too bright.

    Args:
        images: an array, or a tensor that has its values.
        name: what to call them in a message.

    Raises:
        InputError: if they are; see `errors.looks_like_bytes`.
    """
    values = np.asarray(images)
    floats = np.issubdtype(values.dtype, np.floating) and values.size > 0
    if floats and looks_like_bytes(values.min(), values.max()):
        raise InputError(
            f"{name}: expected uint8, or floats in [-1, 1], got floats up to {values.max():g}; "
            "give 0..255 as uint8, or divide by 127.5 and subtract 1."
        )


def check_num(num: Any) -> int:
    """Returns how many images are wanted, or raises `InputError` if that is no number of them."""
    whole = _whole(num)
    if whole is None or whole < 1:
        raise InputError(f"num: expected a whole number from 1 up, got {num!r}.")
    return whole


def check_seed(seed: Any) -> int:
    """Returns a seed, or raises `InputError` if it is no whole number of 64 bits."""
    whole = _whole(seed)
    if whole is None or not -(2**63) <= whole < 2**63:
        raise InputError(f"seed: expected a whole number from -2**63 to 2**63 - 1, got {seed!r}.")
    return whole


def check_seeds(seeds: Any) -> np.ndarray:
    """Returns seeds as int64, shape (num,).

    Raises:
        InputError: if they have another shape, there is none, or one is no whole number of 64 bits.
    """
    each = np.asarray(seeds)
    whole = np.issubdtype(each.dtype, np.integer) and np.all(each <= np.iinfo(np.int64).max)
    if each.ndim != 1 or len(each) == 0 or not whole:
        raise InputError(
            "seeds: expected whole numbers, shape (num,), one or more, from -2**63 to 2**63 - 1, "
            f"got {seeds!r}."
        )
    return each.astype(np.int64)


def _whole(value: Any) -> int | None:
    try:
        return operator.index(value)
    except TypeError:
        return None

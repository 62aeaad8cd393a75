"""What everything that turns images into features shares."""

from typing import Any, Protocol

import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import FeatureExtractor
from tfgan_zoo.pictures import to_uint8


class Features(FeatureExtractor, Protocol):
    """An extractor of features that says all that a score in them depends on.

    It is called with images, shape (num, height, width, 1 or 3), uint8 or floats in [-1, 1], which
    are rounded to uint8 first, as when they are saved. It returns NumPy arrays, float32, and raises
    `InputError` where it cannot be given such images. Those that come with the library have
    `of_floats` too, which computes the same without rounding, for images that differ by less.

    Attributes:
        resizer: how images come to the network's size, in a word.
        fingerprint: another one for another network, other weights, or images prepared in another
            way: what stored statistics are known by.
    """

    resizer: str
    fingerprint: str


def as_bytes(images: Any) -> np.ndarray:
    """Checks images, and returns them as uint8, shape (num, height, width, 1 or 3).

    What is a little outside of [-1, 1], as the outputs of a generator without tanh may be, is
    clipped.

    Raises:
        InputError: if they have another shape or type, or numbers that no such images have; see
            `check_floats`.

    Example:
        >>> as_bytes(np.full((1, 1, 1, 1), -1.0)).ravel()
        array([0], dtype=uint8)
    """
    images = _checked(images)
    return images if images.dtype == np.uint8 else to_uint8(images)


def as_floats(images: Any) -> np.ndarray:
    """Like `as_bytes`, but returns float32 in 0..255, of floats not rounded.

    Example:
        >>> as_floats(np.full((1, 1, 1, 1), -0.9)).ravel().round(2)
        array([12.75], dtype=float32)
    """
    images = _checked(images)
    if images.dtype == np.uint8:
        return images.astype(np.float32)
    return (np.clip(images.astype(np.float32), -1, 1) + 1) * np.float32(127.5)


def _checked(images: Any) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise InputError(
            f"images: expected shape (num, height, width, 1 or 3), got {images.shape}."
        )
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise InputError(f"images: expected uint8 or floats in [-1, 1], got {images.dtype}.")
    check_floats(images)
    return images


def check_floats(images: np.ndarray) -> None:
    """Checks that floats can be those of images, in [-1, 1]; whatever else there is it lets pass.

    Args:
        images: of any shape.

    Raises:
        InputError: if some are NaN or infinite, or all of them look like 0 to 255.

    Example:
        >>> check_floats(np.array([-1.2, 1.2]))  # of a generator without tanh
    """
    if images.dtype.kind != "f" or not images.size:
        return
    bad = np.count_nonzero(~np.isfinite(images))
    if bad:
        raise InputError(f"images: expected finite numbers, got {bad:,} that are not.")
    # A generator without tanh leaves [-1, 1] too, but has dark pixels beside bright ones.
    if images.min() >= 0 and images.max() > 2:
        raise InputError(
            f"images: expected floats in [-1, 1], got {images.min():g} to {images.max():g}; give "
            "those in 0 to 255 as uint8."
        )


def are_finite(images: np.ndarray) -> np.ndarray:
    """Returns which images have no NaN and no infinity: booleans, shape (num,)."""
    return np.isfinite(images).all(axis=tuple(range(1, images.ndim)))

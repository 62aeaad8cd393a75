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
    `InputError` where it cannot be given such images.

    Attributes:
        resizer: how images come to the network's size, in a word.
        fingerprint: another one for other weights: what stored statistics are known by.
    """

    resizer: str
    fingerprint: str


def as_bytes(images: Any) -> np.ndarray:
    """Checks images, and returns them as uint8, shape (num, height, width, 1 or 3).

    Raises:
        InputError: if they have another shape or type.

    Example:
        >>> as_bytes(np.full((1, 1, 1, 1), -1.0)).ravel()
        array([0], dtype=uint8)
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise InputError(
            f"images: expected shape (num, height, width, 1 or 3), got {images.shape}."
        )
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise InputError(f"images: expected uint8 or floats in [-1, 1], got {images.dtype}.")
    return to_uint8(images)

"""Checks and converts arrays of samples and of labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgan_zoo.data.images import WHITE, range_of, scaled_to_bytes
from tfgan_zoo.data.missing import check_no_nan
from tfgan_zoo.data.voxels import as_bytes
from tfgan_zoo.errors import InputError, warn_user

LOOKED_AT = 16
"""Number of images, spread evenly, that are examined for a warning."""

MOST_CLASSES = 1_000_000
"""Larger labels are taken for identifiers rather than classes."""


def check_samples(
    spec: str, array: np.ndarray, white: float | None = None, black: float | None = None
) -> np.ndarray:
    """Checks an array of samples and converts it to uint8, or vectors to float32 `[N, D]`.

    Args:
        spec: The source, for messages.
        array: Images `[N, H, W]` or `[N, H, W, C]`, float vectors `[N, D]`, or voxels
            `[N, D, H, W, C]`. More than 4 channels must be fewer than the image is high and wide.
        white: See `ArraySource`.
        black: See `ArraySource`.

    Raises:
        InputError: If the array is neither, or its values are NaN or out of range.
    """
    found = f"{array.dtype} {list(array.shape)}"
    if array.ndim == 0:
        raise InputError(
            f"{spec} is a single value, not images [N, H, W] or [N, H, W, channels] nor "
            "float vectors [N, D]; save an array of samples."
        )
    if len(array) == 0:
        raise InputError(f"{spec} is empty; at least one sample is needed.")
    if array.ndim == 2 and array.dtype.kind == "f":
        check_no_nan(array, spec)
        return np.ascontiguousarray(array, np.float32)
    # Images at most 4 pixels wide and high are never taken for a single image.
    if array.ndim == 3 and array.shape[-1] <= 4 < array.shape[1]:
        raise InputError(
            f"{spec} is {found}, which looks like one image [H, W, channels], where images "
            "[N, H, W] or [N, H, W, channels] are expected; give one image as x[np.newaxis], grey "
            "images as x[..., np.newaxis]."
        )
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.ndim == 5:
        return np.ascontiguousarray(as_bytes(array, spec))
    if array.ndim != 4 or not 1 <= array.shape[-1] < max(5, min(array.shape[1:3])):
        raise InputError(
            f"{spec} is {found}, not images [N, H, W] or [N, H, W, channels] nor float "
            "vectors [N, D]; reshape or transpose it."
        )
    if array.dtype.kind not in "iufb":
        raise InputError(f"{spec} is {found}, not numbers; save images as uint8.")
    if array.dtype != np.uint8:
        if white:
            return _scale(spec, array, white, black)
        low, high = float(array.min()), float(array.max())
        if array.dtype.kind not in "iu" or low < 0 or high > 255:
            raise InputError(
                f"{spec} is {found} with values {range_of(array)}, but images must be integers "
                "from 0 to 255; scale and save them as uint8, or give the value of white as "
                f"{WHITE}."
            )
    some = array[:: max(1, len(array) // LOOKED_AT)]
    if array.size and some.max() <= 1 and array.max() == 1 and _has_masks(array):
        white_of_1 = "" if array.dtype == np.uint8 else f", or give 1 as {WHITE}"
        warn_user(
            f"{spec} is {found} without a value above 1, which is nearly black, as 255 is white; "
            f"if these are masks of 0 and 1, multiply them by 255{white_of_1}."
        )
    return np.ascontiguousarray(array, np.uint8)


def _has_masks(array: np.ndarray) -> bool:
    """Returns whether any image has two values; an image of a single value is not a mask."""
    axes = (1, 2, 3)
    return bool((array.min(axis=axes) < array.max(axis=axes)).any())


def _scale(spec: str, array: np.ndarray, white: float, black: float | None) -> np.ndarray:
    """Scales images to uint8 one by one, as float64 takes eight times the memory."""
    scaled = np.empty(array.shape, np.uint8)
    for i, (image, into) in enumerate(zip(array, scaled, strict=True)):
        check_no_nan(image, f"{spec}[{i}]")
        into[...] = scaled_to_bytes(image, white, black)
    return scaled


def check_labels(spec: str, labels: Any, num: int, class_names: Sequence[str] = ()) -> np.ndarray:
    """Checks the labels of a source and converts them to int64 `[N]`.

    Args:
        spec: The source, for messages.
        labels: Integers of shape `[N]` or `[N, 1]`, from 0 up.
        num: Number of samples.
        class_names: Names of the classes; empty if they have none.

    Raises:
        InputError: If there is not one class number for each sample.
    """
    array = np.asarray(labels)
    found = f"{array.dtype} {list(array.shape)}"
    if array.shape == (num, 1):
        array = array[:, 0]
    if array.shape != (num,) or array.dtype.kind not in "iu":
        raise InputError(
            f"{spec}: expected labels of shape ({num},), one integer for each sample, got {found}; "
            "save the numbers of their classes."
        )
    low, high = int(array.min()), int(array.max())
    most = len(class_names) or MOST_CLASSES
    if low < 0 or high >= most:
        raise InputError(
            f"{spec}: expected labels from 0 to {most - 1}, got {low if low < 0 else high}; number "
            "the classes 0, 1, 2, ... and leave samples without a class out."
        )
    return array.astype(np.int64)

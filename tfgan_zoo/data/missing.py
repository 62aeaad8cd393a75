"""Values that are missing in data, which would silently become black pixels or empty voxels."""

from __future__ import annotations

import numpy as np

from tfgan_zoo.errors import InputError


def check_no_nan(values: np.ndarray, name: str) -> None:
    """Checks that stored values are numbers.

    Args:
        values: Values of any shape and type.
        name: The file that holds them, for the message.

    Raises:
        InputError: If some are NaN.

    Example:
        >>> check_no_nan(np.array([0.5, np.nan]), "a.npy")
        Traceback (most recent call last):
        tfgan_zoo.errors.InputError: a.npy: expected numbers, got NaN for 1 of 2 values; replace \
them, or leave it out.
    """
    num = int(np.isnan(values).sum()) if values.dtype.kind == "f" else 0
    if num:
        raise InputError(
            f"{name}: expected numbers, got NaN for {num:,} of {values.size:,} values; replace "
            "them, or leave it out."
        )

"""Pixels as the models see them, floats in [-1, 1], and as files hold them, 0 to 255."""

import sys
from typing import Any

import numpy as np


def to_unit_range(pixels: Any) -> Any:
    """Scales pixels in 0 to 255 to float32 in [-1, 1].

    Args:
        pixels: A NumPy array or a tensor, of any shape, usually uint8.

    Returns:
        The same kind of array.

    Example:
        >>> to_unit_range(np.uint8([0, 255]))
        array([-1.,  1.], dtype=float32)
    """
    return _float32(pixels) / 127.5 - 1.0


def to_byte_range(images: Any) -> Any:
    """Scales floats in [-1, 1] to float32 in 0 to 255; clips values outside, rounds nothing.

    Args:
        images: A NumPy array or a tensor, of any shape.

    Returns:
        The same kind of array.

    Example:
        >>> to_byte_range(np.float32([-0.5, 1.2]))
        array([ 63.75, 255.  ], dtype=float32)
    """
    return _clipped((_float32(images) + 1.0) * 127.5, 255.0)


def to_occupancy(voxels: Any) -> Any:
    """Scales voxels in [-1, 1] to occupancies, float32 in [0, 1]; clips values outside.

    Args:
        voxels: A NumPy array or a tensor, of any shape.

    Returns:
        The same kind of array.

    Example:
        >>> to_occupancy(np.float32([-1.0, 0.5, 1.2]))
        array([0.  , 0.75, 1.  ], dtype=float32)
    """
    return _clipped((_float32(voxels) + 1.0) * 0.5, 1.0)


def to_uint8(images: Any) -> Any:
    """Rounds floats in [-1, 1] to uint8 pixels; clips values outside.

    Args:
        images: A NumPy array or a tensor, of any shape.

    Returns:
        The same kind of array.

    Raises:
        ValueError: If the images are uint8 already, as all but black would become white.

    Example:
        >>> to_uint8(np.float32([-0.5, 1.2]))
        array([ 64, 255], dtype=uint8)
    """
    if getattr(images, "dtype", None) == "uint8":
        raise ValueError("images: expected floats in [-1, 1], got uint8.")
    scaled = to_byte_range(images)
    if isinstance(scaled, np.ndarray):
        return np.rint(scaled).astype(np.uint8)
    import tensorflow as tf

    return tf.cast(tf.round(scaled), tf.uint8)


def _float32(values: Any) -> Any:
    """Casts a tensor to float32, and anything else to a float32 array."""
    # Reports and scores of image pairs do without TensorFlow, which takes seconds to import.
    tf = sys.modules.get("tensorflow")
    if tf is not None and tf.is_tensor(values):
        return tf.cast(values, tf.float32)
    return np.asarray(values, np.float32)


def on_black(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Returns images times their masks, uint8.

    Args:
        images: uint8 `[N, H, W, C]`.
        masks: uint8 `[N, H, W, 1]`, 255 where the object is.

    Example:
        >>> on_black(np.full((1, 1, 1, 3), 200, np.uint8), np.full((1, 1, 1, 1), 51, np.uint8))
        array([[[[40, 40, 40]]]], dtype=uint8)
    """
    return np.rint(images * (masks / np.float32(255))).astype(np.uint8)


def _clipped(values: Any, most: float) -> Any:
    if isinstance(values, np.ndarray):
        return np.clip(values, 0.0, most)
    import tensorflow as tf

    return tf.clip_by_value(values, 0.0, most)

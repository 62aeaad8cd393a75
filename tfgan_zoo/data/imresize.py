"""MATLAB's `imresize`, which makes the low-resolution images of super-resolution.

Its bicubic kernel is Keys' with a = -0.5 (https://doi.org/10.1109/TASSP.1981.1163711), widened by
the factor when shrinking. Pillow and TensorFlow use other bicubic kernels, and scores of images
made by them are not comparable with published ones.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tfgan_zoo.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf

BORDERS = ("symmetric", "replicate")


def imresize(
    images: np.ndarray,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    kernel: str = "bicubic",
    *,
    antialias: bool = True,
    borders: str = "symmetric",
) -> np.ndarray:
    """Resizes images as MATLAB's `imresize` does.

    A pixel of the result is a weighted mean of the pixels around its place,
    `sum_i k(u - i) x_i / sum_i k(u - i)`, first along the side that shrinks more (the height if
    both do alike), then along the other. As in MATLAB, uint8 is rounded after each of the two.

    Args:
        images: uint8 or floats, shape [..., height, width, channels].
        scale: Factor of both sides; the result has `ceil(scale * side)` pixels.
        size: Height and width of the result, instead of `scale`.
        kernel: "bicubic", "bilinear" or "nearest".
        antialias: When shrinking, widen the kernel by the factor; "nearest" never does.
        borders: How images continue beyond their edges. "symmetric": mirrored, the last
            pixel twice. "replicate": the last pixel repeated, as in older releases of MATLAB, which
            made the common copies of Set5 and Set14.

    Returns:
        Images of the type of `images`; uint8 is rounded half up and clipped, floats are neither.

    Raises:
        InputError: If an argument is out of range or unknown.

    Example:
        >>> edge = np.array([0, 0, 0, 0, 128, 128, 128, 128], np.uint8).reshape(1, 8, 1)
        >>> imresize(edge, size=(1, 2)).ravel()
        array([  8, 120], dtype=uint8)
    """
    if images.ndim < 3:
        raise InputError(
            f"images: expected shape [..., height, width, channels], got {list(images.shape)}."
        )
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise InputError(f"images: expected uint8 or floats, got {images.dtype}.")
    sides = images.shape[-3:-1]
    if (scale is None) == (size is None):
        raise InputError("Give one of scale and size.")
    if scale is not None:
        if not scale > 0:
            raise InputError(f"scale: expected a number above 0, got {scale}.")
        scales = (float(scale), float(scale))
        # Less a little, as 0.07 * 100 is more than 7 in floating point.
        size = tuple(math.ceil(scale * side - 1e-9 * side) for side in sides)  # type: ignore[assignment]
    assert size is not None
    if len(size) != 2 or min(size) < 1:
        raise InputError(f"size: expected a height and a width from 1 up, got {size}.")
    if scale is None:
        scales = (size[0] / sides[0], size[1] / sides[1])
    result = images.astype(np.float64)
    for axis in sorted((0, 1), key=lambda axis: scales[axis]):
        weights = resize_matrix(sides[axis], size[axis], scales[axis], kernel, antialias, borders)
        place = axis - 3
        result = np.moveaxis(np.tensordot(weights, result, (1, place)), 0, place)
        if images.dtype == np.uint8:
            result = np.clip(np.floor(result + 0.5), 0, 255)
    return np.ascontiguousarray(result, images.dtype)


def imresize_graph(images: tf.Tensor, factor: int) -> tf.Tensor:
    """Shrinks images in TensorFlow like `imresize(images, 1 / factor)`, by an integer factor.

    It multiplies by two constant matrices, for pipelines on the CPU; a GPU may use only ten bits
    (TF32).

    Args:
        images: uint8 or floats, shape [..., height, width, channels], height and width static and
            divisible by `factor`.
        factor: An integer of at least 1.

    Returns:
        Images of the same type, shape [..., height / factor, width / factor, channels]. They are
        computed in float32: floats differ from `imresize` by less than 1e-6 of the largest, uint8
        not at all for powers of two, and by at most 1 for other factors.

    Raises:
        InputError: If a side is unknown or not divisible.

    Example:
        >>> imresize_graph(tf.zeros((16, 96, 96, 3), tf.uint8), 4).shape
        TensorShape([16, 24, 24, 3])
    """
    # Scoring needs only the NumPy version.
    import tensorflow as tf

    height, width = images.shape[-3:-1]
    if factor < 1 or None in (height, width) or height % factor or width % factor:
        raise InputError(
            f"factor: expected a divisor of both sides of the images, got {factor} for "
            f"{width}x{height} pixels."
        )
    rows, columns = (
        tf.constant(resize_matrix(side, side // factor, 1 / factor), tf.float32)
        for side in (height, width)
    )
    exact = images.dtype == tf.uint8
    result = tf.einsum("ih,...hwc->...iwc", rows, tf.cast(images, tf.float32))
    result = _to_bytes(result) if exact else result
    result = tf.einsum("jw,...iwc->...ijc", columns, result)
    return tf.cast(_to_bytes(result) if exact else result, images.dtype)


def _to_bytes(values: Any) -> Any:
    import tensorflow as tf

    return tf.clip_by_value(tf.floor(values + 0.5), 0.0, 255.0)


def resize_matrix(
    length: int,
    resized: int,
    scale: float,
    kernel: str = "bicubic",
    antialias: bool = True,
    borders: str = "symmetric",
) -> np.ndarray:
    """Returns the weights that resize one side.

    Args:
        length: Pixels of the side.
        resized: Pixels of the result.
        scale: Factor by which places are mapped; about `resized / length`.
        kernel: See `imresize`, as for the arguments below.
        antialias: Whether the kernel is widened when shrinking.
        borders: What lies beyond the edges.

    Returns:
        float64, shape [resized, length]; every row sums to 1.

    Raises:
        InputError: If the kernel or the borders are unknown.

    Example:
        >>> resize_matrix(4, 2, 0.5, "nearest")
        array([[0., 1., 0., 0.],
               [0., 0., 0., 1.]])
    """
    if kernel not in _KERNELS:
        raise InputError(f"kernel: expected {', '.join(_KERNELS)}, got {kernel!r}.")
    if borders not in BORDERS:
        raise InputError(f"borders: expected {' or '.join(BORDERS)}, got {borders!r}.")
    function, width = _KERNELS[kernel]
    narrow = min(scale, 1.0) if antialias and kernel != "nearest" else 1.0
    width /= narrow
    places = (np.arange(resized) + 0.5) / scale - 0.5
    first = np.floor(places - width / 2).astype(int)
    # Two more than the width, so that no pixel is missing wherever the places lie.
    pixels = first[:, np.newaxis] + np.arange(math.ceil(width) + 2)
    weights = function(narrow * (places[:, np.newaxis] - pixels))
    weights /= weights.sum(axis=1, keepdims=True)
    if borders == "symmetric":
        pixels = pixels % (2 * length)
        pixels = np.where(pixels < length, pixels, 2 * length - 1 - pixels)
    else:
        pixels = np.clip(pixels, 0, length - 1)
    matrix = np.zeros((resized, length))
    np.add.at(matrix, (np.arange(resized)[:, np.newaxis], pixels), weights)
    return matrix


def keys_cubic(x: np.ndarray) -> np.ndarray:
    """Evaluates Keys' cubic kernel with a = -0.5; it is 0 from 2 on."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.abs(x), 0.0)


def _box(x: np.ndarray) -> np.ndarray:
    return ((x >= -0.5) & (x < 0.5)).astype(np.float64)


_KERNELS = {"bicubic": (keys_cubic, 4.0), "bilinear": (_triangle, 2.0), "nearest": (_box, 1.0)}

"""Two ways to bring images to a network's size. FID depends on which one it is.

`legacy` is what published FIDs mean; `antialiased` is what clean-fid showed to be sound (Parmar et
al. 2022, https://arxiv.org/abs/2104.11222).
"""

from collections.abc import Callable, Sequence

import numpy as np

from tfgan_zoo.data.imresize import keys_cubic


def legacy(images: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Resizes as TensorFlow 1 and Inception's graph do: bilinear, from two neighbours a side.

    Output pixel i shows the place i * n / m of n input pixels, counted from the first one's centre:
    half a pixel beside where it belongs. When it shrinks images, what lies between is left out.

    Args:
        images: uint8 or floats, shape (num, height, width, channels).
        size: (height, width).

    Returns:
        float32, in the units of the images.

    Example:
        >>> legacy(np.float32([0, 100]).reshape(1, 1, 2, 1), (1, 4)).ravel()
        array([  0.,  50., 100., 100.], dtype=float32)
    """
    import tensorflow as tf

    resized = tf.raw_ops.ResizeBilinear(
        images=images, size=list(size), align_corners=False, half_pixel_centers=False
    )
    return resized.numpy()


def antialiased(images: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Resizes as Pillow does: bicubic, each output pixel of all that it covers.

    Like `Image.resize(size, BICUBIC)` of each channel as floats: nothing is rounded or cut off.

    Args:
        images: uint8 or floats, shape (num, height, width, channels).
        size: (height, width).

    Returns:
        float32, in the units of the images.

    Example:
        >>> antialiased(np.float32([0, 0, 100, 100]).reshape(1, 1, 4, 1), (1, 2)).ravel().round(2)
        array([ 8.26, 91.74], dtype=float32)
    """
    images = images.astype(np.float32)
    if images.shape[1] != size[0]:
        images = np.einsum("oh,nhwc->nowc", _weights(images.shape[1], size[0]), images)
    if images.shape[2] != size[1]:
        images = np.einsum("ow,nhwc->nhoc", _weights(images.shape[2], size[1]), images)
    return images


def _weights(length: int, wanted: int) -> np.ndarray:
    """How much of each input pixel is in each output pixel: float32 (wanted, length)."""
    scale = length / wanted
    stretch = max(scale, 1.0)  # of the kernel, which covers 2 pixels to each side
    centres = (np.arange(wanted) + 0.5) * scale
    weights = keys_cubic((np.arange(length) + 0.5 - centres[:, np.newaxis]) / stretch)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


RESIZERS: dict[str, Callable[[np.ndarray, Sequence[int]], np.ndarray]] = {
    "legacy": legacy,
    "antialiased": antialiased,
}

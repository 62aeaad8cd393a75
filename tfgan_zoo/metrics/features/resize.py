"""Two ways to resize images to a network's size. FID depends on the choice.

Published FIDs use `legacy`; clean-fid showed that `antialiased` is correct (Parmar et al. 2022,
https://arxiv.org/abs/2104.11222).
"""

from collections.abc import Callable, Sequence

import numpy as np

from tfgan_zoo.data.imresize import keys_cubic


def legacy(images: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Resizes like TensorFlow 1 and Inception's graph: bilinear, from two neighbours per axis.

    Of n input pixels and m output pixels, output pixel i samples position i * n / m from the centre
    of the first one, half a pixel off. Pixels in between are skipped when images shrink.

    Args:
        images: uint8 or floats of shape `[B, H, W, C]`.
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
    """Resizes like Pillow: bicubic, each output pixel from all pixels that it covers.

    Like `Image.resize(size, BICUBIC)` of each channel as floats, without rounding or clipping.

    Args:
        images: uint8 or floats of shape `[B, H, W, C]`.
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
    """Returns the weight of each input pixel in each output pixel, float32 (wanted, length)."""
    scale = length / wanted
    stretch = max(scale, 1.0)  # of the kernel, which covers 2 pixels on each side
    centres = (np.arange(wanted) + 0.5) * scale
    weights = keys_cubic((np.arange(length) + 0.5 - centres[:, np.newaxis]) / stretch)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


RESIZERS: dict[str, Callable[[np.ndarray, Sequence[int]], np.ndarray]] = {
    "legacy": legacy,
    "antialiased": antialiased,
}

"""Structural similarity: Wang's, its multi-scale form, and daala's, which SRGAN's table uses."""

import math

import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.psnr import planes

#: The smallest side of images that have room for Wang's window.
SIDE = 11

_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2


def ssim(image: np.ndarray, reference: np.ndarray, border: int = 4, channel: str = "y") -> float:
    """Structural similarity of Wang et al. 2004 (https://doi.org/10.1109/TIP.2003.819861).

    The mean over all positions of

        (2 m_x m_y + C1) (2 s_xy + C2) / ((m_x^2 + m_y^2 + C1) (s_x^2 + s_y^2 + C2))

    where m, s^2 and s_xy are mean, variance and covariance in an 11x11 Gaussian window with sigma
    1.5 inside the image, C1 = (0.01 * 255)^2 and C2 = (0.03 * 255)^2.

    Args:
        image: See `psnr`.
        reference: Image of the same shape.
        border: Pixels to ignore at each edge.
        channel: "y", or "rgb" for the mean of the three channels.

    Returns:
        A value from -1 to 1; 1 for equal images.

    Raises:
        InputError: As for `psnr`, or if fewer than 11x11 pixels are inside the border.

    Example:
        >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
        >>> ssim(image, image, border=0)
        1.0
    """
    a, b = planes(image, reference, border, channel)
    if min(a.shape[:2]) < 11:
        raise InputError(
            f"image: expected 11x11 pixels or more inside border={border}, got "
            f"{a.shape[1]}x{a.shape[0]}."
        )
    return float(np.mean([np.mean(_in_windows(*each)[0]) for each in _channels(a, b)]))


def ms_ssim(
    image: np.ndarray, reference: np.ndarray, border: int = 4, channel: str = "y", scales: int = 5
) -> float:
    """Multi-scale SSIM of Wang et al. 2003 (https://doi.org/10.1109/ACSSC.2003.1292216).

    The product of the structural part of `ssim` at five scales and the whole of it at the coarsest,
    each to the power of a weight fitted to human judgement. Each scale averages 2x2 pixels of the
    one before.

    Args:
        image: See `psnr`.
        reference: Image of the same shape.
        border: Pixels to ignore at each edge.
        channel: "y", or "rgb" for the mean of the three channels.
        scales: Number of scales. For small images leave out the coarsest; the other weights are
            divided by their sum.

    Returns:
        A value from 0 to 1; 1 for equal images, 0 if the structures of a scale are opposed.

    Raises:
        InputError: As for `psnr`, or if fewer than 161x161 pixels are inside the border (81 for
            four scales, 41 for three, 21 for two).

    Example:
        >>> image = np.arange(40_000, dtype=np.uint8).reshape(200, 200, 1)
        >>> round(ms_ssim(image, image), 9)
        1.0
    """
    if not 1 <= scales <= len(_SCALES):
        raise InputError(f"scales: expected 1 to {len(_SCALES)}, got {scales}.")
    a, b = planes(image, reference, border, channel)
    least = 10 * 2 ** (scales - 1) + 1
    if min(a.shape[:2]) < least:
        number = ("one scale", "two scales", "three scales", "four scales", "five scales")
        raise InputError(
            f"image: expected {least}x{least} pixels or more inside border={border}, for "
            f"{number[scales - 1]}, got {a.shape[1]}x{a.shape[0]}."
        )
    weights = _SCALES[:scales]
    # All five weights sum to 1 up to rounding.
    whole_weight = sum(weights) if scales < len(_SCALES) else 1.0
    values = []
    for x, y in _channels(a, b):
        value = 1.0
        for scale, weight in enumerate(weights):
            if scale:
                x, y = _halved(x), _halved(y)
            whole, structure = _in_windows(x, y)
            part = whole if scale == scales - 1 else structure
            value *= max(0.0, float(np.mean(part))) ** (weight / whole_weight)
        values.append(value)
    return float(np.mean(values))


_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def _channels(a: np.ndarray, b: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(a[..., c], b[..., c]) for c in range(a.shape[2])]


def _in_windows(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns similarity and its structural part at all positions of Wang's window."""
    kernel = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    kernel /= kernel.sum()
    return _similarity(*_moments(kernel, a, b)[:, 5:-5, 5:-5])


def _halved(image: np.ndarray) -> np.ndarray:
    """Averages 2x2 pixels; mirrors the last row or column if their number is odd."""
    image = np.pad(image, [(0, n % 2) for n in image.shape], mode="symmetric")
    height, width = image.shape
    return image.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


def ssim_daala(
    image: np.ndarray, reference: np.ndarray, border: int = 4, channel: str = "y"
) -> float:
    """Structural similarity as computed by daala's tool `dump_ssim`.

    The SRGAN paper's table (https://arxiv.org/abs/1609.04802) uses it; on Set5 and Set14 it is .009
    to .056 above Wang's. It differs from `ssim` in three ways. The window grows with the image:
    sigma is 1.5 * height / 256. At the edges only the part of the window inside the image counts,
    and the position is weighted by that share. Pixels are integers (luma is rounded), and weights
    are multiples of 1/256.

    Args:
        image: See `psnr`.
        reference: Image of the same shape.
        border: Pixels to ignore at each edge; the height is that of the rest.
        channel: "y", or "rgb" for the mean of the three channels.

    Returns:
        A value from -1 to 1; 1 for equal images.

    Raises:
        InputError: As for `psnr`.

    Example:
        >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
        >>> ssim_daala(image, image, border=0)
        1.0
    """
    a, b = (np.floor(plane + 0.5) for plane in planes(image, reference, border, channel))
    height, width = a.shape[:2]
    kernel = _whole_gaussian(1.5 * height / 256, min(height, width))
    share = _slid(kernel, np.ones((height, width)))
    values = []
    for c in range(a.shape[2]):
        similarity, _ = _similarity(*_moments(kernel, a[..., c], b[..., c]) / share)
        values.append(np.average(similarity, weights=share))
    return float(np.mean(values))


def _whole_gaussian(sigma: float, most: int) -> np.ndarray:
    """Returns a window of non-zero integers that sum to 256."""
    peak = 256 / (math.sqrt(2 * math.pi) * sigma)
    # Weights below one half round to 0; a narrow window has no neighbours at all.
    reach = math.floor(sigma * math.sqrt(2 * math.log(2 * peak))) if 2 * peak > 1 else 0
    reach = min(reach, most - 1)
    side = np.floor(peak * np.exp(-(np.arange(1, reach + 1) ** 2) / (2 * sigma**2)) + 0.5)
    return np.concatenate([side[::-1], [256 - 2 * side.sum()], side])


def _slid(kernel: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Returns weighted sums around every position of images [..., H, W], padded with 0."""
    reach, block = len(kernel) // 2, 64
    # Products with one band of rows at a time: far fewer than with all rows, and faster than adding
    # shifted images.
    band = np.zeros((block, block + 2 * reach))
    for row in range(block):
        band[row, row : row + len(kernel)] = kernel
    for _ in range(2):
        length = images.shape[-2]
        around = [(0, 0)] * (images.ndim - 2) + [(reach, reach + -length % block), (0, 0)]
        padded = np.pad(images, around)
        starts = range(0, length, block)
        sums = [band @ padded[..., start : start + band.shape[1], :] for start in starts]
        images = np.concatenate(sums, axis=-2)[..., :length, :].swapaxes(-1, -2)
    return images


def _moments(kernel: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns weighted sums of x, y, x^2, y^2 and xy at every position, shape [5, H, W]."""
    return _slid(kernel, np.stack([a, b, a * a, b * b, a * b]))


def _similarity(
    x: np.ndarray, y: np.ndarray, xx: np.ndarray, yy: np.ndarray, xy: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    brightness = (2 * x * y + _C1) / (x * x + y * y + _C1)
    structure = (2 * (xy - x * y) + _C2) / (xx - x * x + yy - y * y + _C2)
    return brightness * structure, structure

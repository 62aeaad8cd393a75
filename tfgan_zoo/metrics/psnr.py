"""Peak signal-to-noise ratio, as in tables of super-resolution papers."""

import numpy as np

from tfgan_zoo.errors import InputError

CHANNELS = ("y", "rgb")


def psnr(image: np.ndarray, reference: np.ndarray, border: int = 4, channel: str = "y") -> float:
    """Peak signal-to-noise ratio in dB, `10 log10(255^2 / mean((image - reference)^2))`.

    Args:
        image: uint8 of shape (height, width, 1 or 3).
        reference: uint8 of the same shape.
        border: Pixels to ignore at each edge, usually the upscaling factor.
        channel: "y" compares luma, see `luma`; "rgb" compares all channels. For grey images both
            compare the grey channel.

    Returns:
        The ratio; higher is closer, `inf` if the images are equal inside the border.

    Raises:
        InputError: If the images differ in size, are not uint8, have nothing inside the border, or
            the channel is unknown.

    Example:
        >>> black = np.zeros((16, 16, 1), np.uint8)
        >>> round(psnr(black + 255, black), 2), round(psnr(black + 1, black), 2)
        (0.0, 48.13)
    """
    a, b = planes(image, reference, border, channel)
    error = np.mean((a - b) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def luma(images: np.ndarray) -> np.ndarray:
    """Returns luma like MATLAB's `rgb2ycbcr` (ITU-R BT.601): 16 for black to 235 for white.

    `Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255`, not rounded.

    Args:
        images: RGB in 0 to 255, shape [..., 3].

    Returns:
        float64, shape [..., 1].

    Example:
        >>> luma(np.array([[0, 0, 0], [255, 255, 255]])).ravel()
        array([ 16., 235.])
    """
    weights = np.array([65.481, 128.553, 24.966])
    return 16 + (images.astype(np.float64) @ weights)[..., np.newaxis] / 255


def planes(
    image: np.ndarray, reference: np.ndarray, border: int, channel: str
) -> tuple[np.ndarray, np.ndarray]:
    """Checks two images and returns the planes to compare; arguments as for `psnr`.

    Returns:
        Both, float64, shape (height - 2 border, width - 2 border, 1 or 3).

    Raises:
        InputError: As for `psnr`.
    """
    if channel not in CHANNELS:
        raise InputError(f"channel: expected {' or '.join(CHANNELS)}, got {channel!r}.")
    if border < 0:
        raise InputError(f"border: expected a number of pixels from 0 up, got {border}.")
    for name, each in (("image", image), ("reference", reference)):
        if each.dtype != np.uint8 or each.ndim != 3 or each.shape[2] not in (1, 3):
            raise InputError(
                f"{name}: expected uint8 of shape (height, width, 1 or 3), got {each.dtype} of "
                f"{each.shape}; see pictures.to_uint8 for floats."
            )
    if image.shape != reference.shape:
        raise InputError(
            f"image: expected the reference's shape, {reference.shape}, got {image.shape}."
        )
    height, width, channels = image.shape
    if min(height, width) <= 2 * border:
        raise InputError(
            f"border: expected less than half of {width}x{height} pixels, got {border}."
        )
    inside = (slice(border, height - border), slice(border, width - border))
    a, b = image[inside], reference[inside]
    if channel == "y" and channels == 3:
        return luma(a), luma(b)
    return a.astype(np.float64), b.astype(np.float64)

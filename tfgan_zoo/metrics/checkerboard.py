"""The grid that upsampling layers leave in images: the grain of dots of some super-resolution."""

import numpy as np

from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.metrics.psnr import planes

#: Periods in the side of a tile, at most and at least.
_MOST, _LEAST = 16, 8
#: Distance in frequencies of the neighbours. A sinusoid in a Hann window reaches the next one only.
_AWAY = (3, 4, 5)
#: Variance of rounding to whole numbers, added to all energies: a flat image scores 0.
_ROUNDING = 1 / 12


def checkerboard(
    image: np.ndarray,
    reference: np.ndarray,
    border: int = 4,
    channel: str = "y",
    period: int = 4,
) -> float:
    """Energy of a grid of `period` pixels, in dB above that of neighbouring frequencies.

    Layers that upsample by r treat the r * r pixels of a block differently, and can leave a pattern
    that repeats every r pixels (Odena et al. 2016, https://distill.pub/2016/deconv-checkerboard/).
    All its energy lies at multiples of the frequency 1 / r:

        10 log10(mean over (i, j) of (P(i / r, j / r) + e) / (N(i / r, j / r) + e))

    for i and j from 0 to r - 1, not both 0. P is the power spectrum of n * n pixels in a Hann
    window along both axes, the mean over tiles that overlap by half; n is 16 periods, fewer in
    small images. N is the mean of P at the frequencies 3, 4 and 5 steps of 1 / n away: along the
    axis where j or i is 0, otherwise along both. e is the energy of rounding to 8 bits.

    It is a score of the image alone, and tells how regular its grain is, not how strong it looks.
    Blocks of equal pixels, of enlargement to the nearest neighbours, are no such grid: their
    spectrum is 0 there.

    Args:
        image: uint8 of shape (height, width, 1 or 3).
        reference: uint8 of the same shape; its pixels are not used.
        border: See `psnr`.
        channel: "y" for luma, or "rgb" for the mean energies of all channels; see `psnr`.
        period: r, usually the upscaling factor.

    Returns:
        About 0 without a grid, as of photographs; below 0 if these frequencies are missing, as they
        are after interpolation; lower is better down to the value of the originals.

    Raises:
        InputError: As for `psnr`, if `period` is no whole number from 2 up, or if fewer than 8
            periods are inside the border.

    Example:
        >>> flat = np.full((64, 64, 1), 100, np.uint8)
        >>> dots = flat.copy()
        >>> dots[::4, ::4] += 8
        >>> checkerboard(flat, flat), checkerboard(dots, flat) > 20
        (0.0, True)
    """
    check_number("period", period, least=2, whole=True)
    pixels, _ = planes(image, reference, border, channel)
    periods = min(_MOST, min(pixels.shape[:2]) // period)
    if periods < _LEAST:
        least = _LEAST * period
        raise InputError(
            f"image: expected {least}x{least} pixels or more inside border={border} for a grid of "
            f"{period} pixels, got {pixels.shape[1]}x{pixels.shape[0]}."
        )
    power = _power(pixels, periods * period)
    ratios = [
        power[i * periods, j * periods] / np.mean(_around(power, i * periods, j * periods))
        for i in range(period)
        for j in range(period)
        if i or j
    ]
    return float(10 * np.log10(np.mean(ratios)))


def _power(pixels: np.ndarray, side: int) -> np.ndarray:
    """Returns the power spectrum of tiles, with the energy of rounding: [side, side]."""
    window = np.hanning(side + 1)[:-1]  # periodic
    window = window[:, np.newaxis] * window
    starts = [range(0, n - side + 1, side // 2) for n in pixels.shape[:2]]
    spectra = [
        np.abs(np.fft.fft2(window * pixels[y : y + side, x : x + side, c])) ** 2
        for y in starts[0]
        for x in starts[1]
        for c in range(pixels.shape[2])
    ]
    return np.mean(spectra, axis=0) + _ROUNDING * np.sum(window**2)


def _around(power: np.ndarray, i: int, j: int) -> list[float]:
    """Returns the energies of neighbouring frequencies."""
    side = len(power)
    steps = [sign * away for away in _AWAY for sign in (-1, 1)]
    found = [power[(i + step) % side, j] for step in steps if i]
    return found + [power[i, (j + step) % side] for step in steps if j]

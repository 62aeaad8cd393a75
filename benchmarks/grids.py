"""How strong the grid is that upsampling layers leave in images."""

import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.psnr import planes

#: Largest side of a tile, in pixels; a multiple of all periods.
_SIDE = 64
#: Variance of rounding to whole numbers.
_ROUNDING = 1 / 12


def grid_energy(pixels: np.ndarray, period: int) -> float:
    """Returns the energy that an image has at multiples of the frequency 1 / period.

    With X(u, v) the discrete Fourier transform of n x n pixels times a Hann window w along both
    axes, and s = sum of w over all pixels,

        E_p = sum over (i, j) != (0, 0), i and j from 0 to p - 1, of |X(i n / p, j n / p)|^2 / s^2,

    the mean over tiles of n pixels that overlap by half. n is 64, or in smaller images the largest
    multiple of 2 p that fits. For a pattern that repeats every p pixels, and nothing else, E_p is
    its variance. Multiples of 1 / 4 contain those of 1 / 2, so E_4 is at least E_2. Photographs
    have energy at these frequencies, too: see `grid_ratio`.

    Args:
        pixels: `[height, width]`.
        period: p in pixels, which divides 64.
    """
    n = min(_SIDE, min(pixels.shape) // (2 * period) * 2 * period)
    window = np.hanning(n + 1)[:-1]  # periodic: no leakage beyond the next frequency
    window = window[:, np.newaxis] * window
    starts = [range(0, size - n + 1, n // 2) for size in pixels.shape]
    found = []
    for y in starts[0]:
        for x in starts[1]:
            spectrum = np.fft.fft2(window * pixels[y : y + n, x : x + n]) / window.sum()
            power = np.abs(spectrum[:: n // period, :: n // period]) ** 2
            found.append(power.sum() - power[0, 0])
    return float(np.mean(found))


def grid_ratio(
    image: np.ndarray, reference: np.ndarray, border: int, channel: str, period: int
) -> float:
    """Returns the energy of a grid in an image in dB above that in the original.

        10 log10((E_p(image) + e) / (E_p(reference) + e))

    E_p is `grid_energy`, the mean over channels, and e the energy of rounding to 8 bits, 1 / 12
    times (p^2 - 1) sum(w^2) / s^2. 0 is as much as in the original; blurred images are below, and
    images with a grid, or with any too strong texture of this fineness, above. In contrast to the
    metric `checkerboard`, it tells how strong the grid is, and not how regular.

    Args:
        image: uint8 of shape (height, width, 1 or 3).
        reference: The original, uint8 of the same shape.
        border: Pixels to ignore at each edge.
        channel: "y" or "rgb"; see `metrics.psnr.psnr`.
        period: See `grid_energy`.

    Raises:
        InputError: As for `psnr`, or if fewer than 4 periods are inside the border.
    """
    both = planes(image, reference, border, channel)
    least = min(both[0].shape[:2])
    if least < 4 * period:
        raise InputError(
            f"image: expected {4 * period} pixels or more inside border={border} for a grid of "
            f"{period} pixels, got {least}."
        )
    n = min(_SIDE, least // (2 * period) * 2 * period)
    # A Hann window has the mean 1/2 and the mean square 3/8.
    rounding = _ROUNDING * (period**2 - 1) * (3 / 8 / n / (1 / 2) ** 2) ** 2
    energies = [
        np.mean([grid_energy(each[..., c], period) for c in range(each.shape[2])]) for each in both
    ]
    return float(10 * np.log10((energies[0] + rounding) / (energies[1] + rounding)))

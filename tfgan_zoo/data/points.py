"""Two-dimensional toy sets, small enough to see every mode that a GAN finds, misses or smears.

`8gaussians`, `25gaussians` and `swissroll` are those of Gulrajani et al. 2017, figure 2
(https://arxiv.org/abs/1704.00028), with the constants of the authors' code (`gan_toy.py`).
`ring` and `grid` are the "2D-ring" and "2D-grid" of VEEGAN (https://arxiv.org/abs/1705.07761) as
PacGAN uses them (https://arxiv.org/abs/1712.04086), the sets on which mode coverage is reported.
"""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any

import numpy as np

from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.suggestions import did_you_mean

_Array = np.ndarray[Any, np.dtype[np.float32]]


@dataclasses.dataclass(frozen=True)
class Mixture:
    """Equally likely isotropic Gaussians, from which a toy set is drawn and by which it is scored.

    Attributes:
        centres: float32 `[modes, 2]`, the mean of every mode.
        sigma: Standard deviation of each coordinate around its mode.
    """

    centres: _Array
    sigma: float

    def sample(self, num: int, rng: np.random.Generator) -> _Array:
        """Draws `num` points, float32 `[num, 2]`."""
        mode = rng.integers(len(self.centres), size=num)
        noise = rng.standard_normal((num, 2), dtype=np.float32)
        return self.centres[mode] + np.float32(self.sigma) * noise


def _circle(modes: int, radius: float) -> _Array:
    angle = 2 * np.pi * np.arange(modes) / modes
    return np.float32(radius) * np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def _lattice(coordinates: tuple[float, ...]) -> _Array:
    x, y = np.meshgrid(coordinates, coordinates, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


# The toys of WGAN-GP are drawn at one scale and then divided, noise and all; so is sigma here.
MIXTURES: dict[str, Mixture] = {
    "8gaussians": Mixture(_circle(8, radius=2 / 1.414), sigma=0.02 / 1.414),
    "25gaussians": Mixture(_lattice((-4, -2, 0, 2, 4)) / np.float32(2.828), sigma=0.05 / 2.828),
    "ring": Mixture(_circle(8, radius=1), sigma=0.01),
    "grid": Mixture(_lattice((-4, -2, 0, 2, 4)), sigma=0.05),
}
NAMES = (*MIXTURES, "swissroll")


def _swissroll(num: int, rng: np.random.Generator) -> _Array:
    """scikit-learn's `make_swiss_roll(noise=0.25)` seen along its axis, divided by 7.5."""
    t = 1.5 * np.pi * (1 + 2 * rng.random(num))
    roll = np.stack([t * np.cos(t), t * np.sin(t)], axis=1) + 0.25 * rng.standard_normal((num, 2))
    return (roll / 7.5).astype(np.float32)


def mixture(name: str) -> Mixture:
    """Returns the modes of a toy set, for metrics that count those that a generator covers.

    Args:
        name: A key of `MIXTURES`.

    Returns:
        Centres and sigma, in the units of the points themselves.

    Raises:
        InputError: If `name` is unknown, or `swissroll`, which has no modes.

    Example:
        >>> mixture("ring").centres.shape, mixture("ring").sigma
        ((8, 2), 0.01)
    """
    if name == "swissroll":
        raise InputError(
            f"points/swissroll is one curve without modes; mode coverage needs one of "
            f"{', '.join(MIXTURES)}."
        )
    if name not in MIXTURES:
        raise InputError(f"There is no toy set points/{name}{did_you_mean(name, NAMES)}.")
    return MIXTURES[name]


def sample(name: str, num: int = 100_000, *, split: str = "train", seed: int = 0) -> _Array:
    """Samples a toy set.

    The same arguments give the same points on every machine. Splits are independent draws.

    Args:
        name: One of `NAMES`.
        num: Number of points.
        split: Any name; each gives a draw of its own.
        seed: Any integer.

    Returns:
        float32 `[num, 2]`; coordinates are within about ±2, for `grid` ±4.2.

    Raises:
        InputError: If `name` is unknown or `num` is not positive.

    Example:
        >>> sample("8gaussians", 3).shape
        (3, 2)
    """
    seed = check_seed(seed, any_integer=True)
    if num < 1:
        raise InputError(f"num: expected at least 1 for points/{name}, got {num}.")
    rng = np.random.default_rng([seed % 2**63, zlib.crc32(f"{name}/{split}".encode())])
    return _swissroll(num, rng) if name == "swissroll" else mixture(name).sample(num, rng)

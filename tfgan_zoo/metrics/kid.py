"""Kernel Inception distance: an unbiased distance of features."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.metrics.base import FeatureExtractor, SampledMetric


def polynomial_mmd2(x: np.ndarray, y: np.ndarray) -> float:
    r"""Unbiased squared maximum mean discrepancy with the kernel of KID.

    With k(a, b) = (a.b / dim + 1)^3,

        \(mean_{i \ne j} k(x_i, x_j) + mean_{i \ne j} k(y_i, y_j) - 2 mean_{i,j} k(x_i, y_j)\)

    Args:
        x: Floats of shape (n, dim), n >= 2.
        y: Floats of shape (m, dim), m >= 2.

    Returns:
        The estimate. It may be negative if the distributions are the same.

    Raises:
        InputError: If shapes do not match.

    Example:
        >>> polynomial_mmd2(np.array([[0.0], [1.0]]), np.array([[1.0], [1.0]]))  # 1 + 8 - 2 (4.5)
        0.0
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    _check(x, y)
    return float(_mean_of_pairs(x) + _mean_of_pairs(y) - 2 * _kernel(x, y).mean())


def _check(x: np.ndarray, y: np.ndarray) -> None:
    for name, each in (("x", x), ("y", y)):
        if each.ndim != 2 or len(each) < 2 or each.shape[1] != x.shape[-1]:
            raise InputError(
                f"{name}: expected shape (2 or more, {x.shape[-1]}), got {each.shape}."
            )


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3


def _mean_of_pairs(x: np.ndarray) -> float:
    kernel = _kernel(x, x)
    return (kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1))


def kernel_distance(
    real: np.ndarray,
    generated: np.ndarray,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """KID of features (Bińkowski et al. 2018, https://arxiv.org/abs/1801.01401).

    The mean of `polynomial_mmd2` over random subsets, as in the authors' code. Subsets keep the
    kernel matrix small, and their spread shows how certain the mean is.

    Args:
        real: Floats of shape (n, dim).
        generated: Floats of shape (m, dim).
        subsets: Number of subsets.
        subset_size: Samples per subset, drawn without replacement.
        seed: Seed of the subsets.

    Returns:
        `(mean, standard deviation)` over subsets. If a subset is all of the samples, the deviation
        is 0 and meaningless; half of the samples is a good size.

    Raises:
        InputError: If there are fewer samples than a subset needs, or shapes do not match.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(100, 4))
        >>> mean, std = kernel_distance(x, x + 2, subsets=10, subset_size=50)
        >>> bool(mean > 50 > std)
        True
    """
    real, generated = np.asarray(real), np.asarray(generated)
    _check(real, generated)
    if subsets < 1:
        raise InputError(f"subsets: expected a number from 1 up, got {subsets}.")
    least = min(len(real), len(generated))
    if not 2 <= subset_size <= least:
        raise InputError(
            f"subset_size: expected 2 to {least}, the number of samples, got {subset_size}."
        )
    random = np.random.default_rng(check_seed(seed, least=0))
    values = [
        polynomial_mmd2(
            *(each[random.choice(len(each), subset_size, False)] for each in (real, generated))
        )
        for _ in range(subsets)
    ]
    return float(np.mean(values)), float(np.std(values))


@keras.saving.register_keras_serializable("tfgan_zoo")
class KID(SampledMetric):
    """`kernel_distance` of features of real and generated images.

    Unlike FID it is unbiased, so a few hundred images are enough. Its variance is higher, so its
    standard deviation is given too. Papers usually report it times 1,000; this one is not scaled.

    Args:
        features: The extractor; None if the metric is given features.
        dim: Length of a feature vector; only needed for `features=None`.
        subsets: Number of subsets.
        subset_size: Samples per subset. For `kid_std` to be meaningful, at most about half of the
            samples kept.
        max_samples: Number of samples kept of each kind, `4 * dim` bytes each.
        seed: Seed of the samples kept and of the subsets.
        name: Name of the metric; None for `kid` with Inception v3, and `kid[NAME]` with others.
        dtype: Type of the result.

    Example:
        >>> metric = KID(dim=1, subsets=1, subset_size=2)
        >>> metric.update_state(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]]))
        >>> {name: float(value) for name, value in metric.result().items()}  # 1 + 27 - 2 (9.25)
        {'kid[features]': 9.5, 'kid_std[features]': 0.0}
    """

    _outputs = ("", "_std")

    def __init__(
        self,
        features: FeatureExtractor | None = None,
        dim: int | None = None,
        subsets: int = 100,
        subset_size: int = 1000,
        max_samples: int = 10_000,
        seed: int = 0,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__("kid", features, dim, max_samples, seed, name, dtype)
        self.subsets = subsets
        self.subset_size = subset_size

    def _compute(self, real: np.ndarray, generated: np.ndarray) -> Sequence[float]:
        return kernel_distance(real, generated, self.subsets, self.subset_size, self.seed)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        own = {"subsets": self.subsets, "subset_size": self.subset_size}
        return {**super().get_config(), **own}

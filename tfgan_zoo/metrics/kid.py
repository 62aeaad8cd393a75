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
        x: floats, shape (n, dim), n of 2 or more.
        y: floats, shape (m, dim), m of 2 or more.

    Returns:
        The estimate; it may be below 0 where the distributions are the same.

    Raises:
        InputError: shapes do not fit.

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
    """KID (Bińkowski et al. 2018, https://arxiv.org/abs/1801.01401) of features.

    The mean of `polynomial_mmd2` over random subsets, as the authors' code has it: subsets keep
    the kernel matrix small, and their spread says how sure the mean is.

    Args:
        real: floats, shape (n, dim).
        generated: floats, shape (m, dim).
        subsets: how many.
        subset_size: samples in each, drawn without replacement.
        seed: the same seed gives the same subsets.

    Returns:
        `(mean, standard deviation)` over subsets. Of subsets that are all of the samples the
        deviation is 0, and says nothing; half of them is a good size.

    Raises:
        InputError: there are less samples than a subset needs, or shapes do not fit.

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
            f"subset_size: expected 2 to {least}, of which there are samples, got {subset_size}."
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
    """`kernel_distance` of features of real images and of generated ones.

    Unlike FID it has no bias, so that it may be taken of some hundred images; what it gains in this
    it pays in variance, for which its standard deviation is given too. By custom it is reported
    times 1,000; this one is not.

    Args:
        features: the extractor; None if what is shown are features already.
        dim: length of a feature vector; needed for `features=None` alone.
        subsets: how many.
        subset_size: samples in each; about half of those kept, or fewer, or else `kid_std` says
            nothing.
        max_samples: how many of each kind are kept, 4 dim bytes each.
        seed: of what is kept beyond that, and of the subsets.
        name: of the metric; None for `kid` with Inception v3, and `kid[NAME]` with others.
        dtype: of the result.

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
        """The constructor's arguments."""
        own = {"subsets": self.subsets, "subset_size": self.subset_size}
        return {**super().get_config(), **own}

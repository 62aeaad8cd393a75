"""Precision and recall, density and coverage: quality and variety, by nearest neighbours."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import FeatureExtractor, SampledMetric, metric_name

_BLOCK = 4_000_000  # distances in memory at a time, 32 MB


def improved_precision_recall(
    real: np.ndarray, generated: np.ndarray, k: int = 3
) -> tuple[float, float]:
    """Improved precision and recall (Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991).

    The manifold of a set is the union of balls around its members. Each ball reaches to the
    member's k-th nearest neighbour within the set and includes its border.

    Args:
        real: Features of shape (n, dim), n > k.
        generated: Features of shape (m, dim), m > k.
        k: Index of the neighbour.

    Returns:
        `(precision, recall)`: the share of generated samples in the manifold of the real ones, and
        the share of real samples in the manifold of the generated ones.

    Raises:
        InputError: If shapes do not match, or there are too few samples.

    Example:
        >>> line = np.arange(8.0)[:, None]
        >>> improved_precision_recall(line, line[:6] * 10, k=1)  # of 0 to 50, only 0 is near
        (0.16..., 1.0)
    """
    real, generated = _checked(real, generated, k)
    return _share_within(generated, real, k), _share_within(real, generated, k)


def _share_within(samples: np.ndarray, centres: np.ndarray, k: int) -> float:
    within = np.zeros(len(samples), bool)
    radius = _radius(centres, k)
    for rows, distance in _distances(centres, samples):
        within |= (distance <= radius[rows, None]).any(axis=0)
    return float(within.mean())


def density_coverage(real: np.ndarray, generated: np.ndarray, k: int = 5) -> tuple[float, float]:
    """Density and coverage (Naeem et al. 2020, https://arxiv.org/abs/2002.09797).

    Both use balls around real samples, so outliers among generated samples add none. Density is the
    average number of balls that contain a generated sample, divided by k. Coverage is the share of
    balls that contain a generated sample. Balls do not include their borders, as in the authors'
    code.

    Args:
        real: Features of shape (n, dim), n > k.
        generated: Features of shape (m, dim), m > k.
        k: Index of the neighbour that a ball reaches to.

    Returns:
        `(density, coverage)`: about 1 and `1 - 2 ** -k` for two samples of the same distribution.
        Density may exceed 1.

    Raises:
        InputError: If shapes do not match, or there are too few samples.

    Example:
        >>> line = np.arange(8.0)[:, None]
        >>> density_coverage(line, line[:4] + 0.25, k=1)
        (2.0, 0.625)
    """
    real, generated = _checked(real, generated, k)
    radius = _radius(real, k)
    inside, covered = 0, 0
    for rows, distance in _distances(real, generated):
        within = distance < radius[rows, None]
        inside += int(within.sum())
        covered += int(within.any(axis=1).sum())
    return inside / (k * len(generated)), covered / len(real)


def _checked(real: np.ndarray, generated: np.ndarray, k: int) -> list[np.ndarray]:
    arrays = [np.asarray(each, np.float64) for each in (real, generated)]
    if k < 1:
        raise InputError(f"k: expected a number from 1 up, got {k}.")
    dim = arrays[0].shape[-1:]
    for name, each in zip(("real", "generated"), arrays, strict=True):
        if each.ndim != 2 or each.shape[1:] != dim or len(each) <= k:
            raise InputError(
                f"{name}: expected shape (more than k={k}, {', '.join(map(str, dim))}), got "
                f"{each.shape}."
            )
    return arrays


def _distances(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields squared distances of blocks of rows of x to all rows of y."""
    step = max(1, _BLOCK // len(y))
    squares = (y * y).sum(axis=1)
    for start in range(0, len(x), step):
        rows = slice(start, min(start + step, len(x)))
        part = x[rows]
        yield rows, (part * part).sum(axis=1)[:, None] - 2 * (part @ y.T) + squares


def _radius(x: np.ndarray, k: int) -> np.ndarray:
    """Returns squared distances to the k-th nearest other row."""
    radius = np.empty(len(x))
    for rows, distance in _distances(x, x):
        np.put_along_axis(distance, np.arange(rows.start, rows.stop)[:, None], np.inf, axis=1)
        radius[rows] = np.partition(distance, k - 1, axis=1)[:, k - 1]
    return radius


@keras.saving.register_keras_serializable("tfgan_zoo")
class PrecisionRecall(SampledMetric):
    """`improved_precision_recall` and `density_coverage` of features.

    Args:
        features: The extractor; None if the metric is given features.
        dim: Length of a feature vector; only needed for `features=None`.
        k: Index of the neighbour for precision and recall.
        density_k: Index of the neighbour for density and coverage.
        max_samples: Number of samples kept of each kind, `4 * dim` bytes each; time grows with its
            square.
        seed: Seed of the samples kept.
        name: Name of the metric. The results are `precision`, `recall`, `density` and `coverage`,
            with `[NAME]` for features other than Inception v3's; a name given is their prefix.
        dtype: Type of the result.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(2, 500, 4))
        >>> metric = PrecisionRecall(dim=4)
        >>> metric.update_state(x[0], x[1])
        >>> result = metric.result()
        >>> list(result)
        ['precision[features]', 'recall[features]', 'density[features]', 'coverage[features]']
        >>> round(float(result["density[features]"]), 1)
        1.0
    """

    _outputs = ("precision", "recall", "density", "coverage")

    def __init__(
        self,
        features: FeatureExtractor | None = None,
        dim: int | None = None,
        k: int = 3,
        density_k: int = 5,
        max_samples: int = 10_000,
        seed: int = 0,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__("precision_recall", features, dim, max_samples, seed, name, dtype)
        self.k = k
        self.density_k = density_k

    def _named(self, suffix: str) -> str:
        if self.name == metric_name("precision_recall", self.features):
            return metric_name(suffix, self.features)
        return f"{self.name}_{suffix}"

    def _compute(self, real: np.ndarray, generated: np.ndarray) -> Sequence[float]:
        return (
            *improved_precision_recall(real, generated, self.k),
            *density_coverage(real, generated, self.density_k),
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "k": self.k, "density_k": self.density_k}

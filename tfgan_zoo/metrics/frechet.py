"""Fréchet distance of two Gaussians, and FID."""

import warnings
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import FeatureExtractor, FeatureMetric


class Statistics(NamedTuple):
    """Statistics of features, which FID compares.

    Attributes:
        mean: float64 of shape (dim,).
        covariance: float64 of shape (dim, dim), divided by num - 1.
        num: Number of samples; None if unknown.
    """

    mean: np.ndarray
    covariance: np.ndarray
    num: int | None = None


def frechet_distance(
    mean1: np.ndarray, cov1: np.ndarray, mean2: np.ndarray, cov2: np.ndarray
) -> float:
    r"""Squared Fréchet (Wasserstein-2) distance of two Gaussians (Dowson & Landau 1982).

        \(|m_1 - m_2|^2 + tr(C_1) + tr(C_2) - 2 tr((C_1^{1/2} C_2 C_1^{1/2})^{1/2})\)

    Both roots are of symmetric matrices and are computed from eigenvalues, in float64. This is also
    exact for singular covariances. A general matrix square root, as in other implementations, then
    needs a term on the diagonal or leaves imaginary parts.

    Args:
        mean1: Array of shape (dim,).
        cov1: Array of shape (dim, dim), symmetric and positive semidefinite up to rounding.
        mean2: Like `mean1`.
        cov2: Like `cov1`.

    Returns:
        The distance, at least 0.

    Raises:
        InputError: If shapes do not match, or values are not finite.

    Example:
        >>> one, eye = np.ones(3), np.eye(3)
        >>> round(frechet_distance(0 * one, eye, one, 4 * eye), 9)  # 3 + 3 (2 - 1)^2
        6.0
    """
    mean1, mean2 = (_floats(*each, 1) for each in (("mean1", mean1), ("mean2", mean2)))
    cov1, cov2 = (_floats(*each, 2) for each in (("cov1", cov1), ("cov2", cov2)))
    dim = len(mean1)
    for name, array, shape in (
        ("mean2", mean2, (dim,)),
        ("cov1", cov1, (dim, dim)),
        ("cov2", cov2, (dim, dim)),
    ):
        if array.shape != shape:
            raise InputError(f"{name}: expected the shape {shape}, got {array.shape}.")
    values, vectors = np.linalg.eigh(cov1)
    # In the basis of cov1's eigenvectors its root is diagonal; eigenvalues need no basis.
    root = np.sqrt(_positive(values))
    product = root[:, None] * (vectors.T @ cov2 @ vectors) * root
    overlap = np.sqrt(_positive(np.linalg.eigvalsh(product))).sum()
    shift = mean1 - mean2
    return float(max(0.0, shift @ shift + np.trace(cov1) + np.trace(cov2) - 2 * overlap))


def _positive(values: np.ndarray) -> np.ndarray:
    """Sets eigenvalues that are rounding errors to 0: the square root of 1e-16 would be 1e-8."""
    least = values.max(initial=0) * len(values) * np.finfo(np.float64).eps
    return np.where(values > least, values, 0.0)


def _floats(name: str, array: Any, axes: int) -> np.ndarray:
    array = np.asarray(array, np.float64)
    if array.ndim != axes or not array.size:
        shape = "(dim,)" if axes == 1 else "(dim, dim)"
        raise InputError(f"{name}: expected the shape {shape}, got {array.shape}.")
    if not np.isfinite(array).all():
        raise InputError(f"{name}: expected finite numbers, got {np.sum(~np.isfinite(array))} not.")
    return array


@keras.saving.register_keras_serializable("tfgan_zoo")
class FID(FeatureMetric):
    """Fréchet Inception distance (Heusel et al. 2017, https://arxiv.org/abs/1706.08500).

    The `frechet_distance` of Gaussians with the mean and covariance of the features of real and of
    generated images. Keeps sums of features and of their outer products in float64, which take
    16 dim^2 bytes for any number of images.

    The FID of a sample is biased upwards, about as 1 / num, so it can be compared only with an FID
    of the same number of images; 50,000 is usual. If there are no more samples than dimensions, the
    covariance is singular, and `result` warns.

    Args:
        features: The extractor; None if the metric is given features.
        dim: Length of a feature vector; only needed for `features=None`.
        name: Name of the metric; None for `fid` with Inception v3, and `fid[NAME]` with others.
        dtype: Type of the result; the sums are float64.

    Example:
        >>> metric = FID(dim=1)
        >>> metric.update_state(np.array([[0.0], [2.0]]), np.array([[3.0], [5.0], [7.0]]))
        >>> round(float(metric.result()), 4)  # (5 - 1)^2 + (2 - sqrt(2))^2
        16.3431
    """

    def __init__(
        self,
        features: FeatureExtractor | None = None,
        dim: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__("fid", features, dim, name, dtype)
        self._real = self._sums("real")
        self._generated = self._sums("generated")
        self._reference: Statistics | None = None
        self._warned = False

    def _sums(self, name: str) -> list[Any]:
        shapes = {"num": (), "sum": (self.dim,), "products": (self.dim, self.dim)}
        return [
            self.add_variable(shape, "zeros", "float64", name=f"{name}_{what}")
            for what, shape in shapes.items()
        ]

    def update_state(
        self, y_true: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> None:
        """Adds samples.

        Args:
            y_true: Real images, or features if `features` is None; None for no new ones.
            y_pred: Generated images or features; None for no new ones. Their number may differ.
            sample_weight: Must be None; Keras passes it.

        Raises:
            InputError: If features have the wrong length, or `y_true` is given after
                `set_reference`.
        """
        self._check_update(sample_weight)
        if y_true is not None and self._reference is not None:
            raise InputError("y_true: expected None after set_reference, got samples.")
        for images, sums in ((y_true, self._real), (y_pred, self._generated)):
            if images is not None:
                x = tf.cast(self._extract(images, real=sums is self._real), tf.float64)
                num, total, products = sums
                num.assign(num + tf.cast(tf.shape(x)[0], tf.float64))
                total.assign(total + tf.reduce_sum(x, axis=0))
                products.assign(products + tf.matmul(x, x, transpose_a=True))

    def set_reference(self, mean: np.ndarray, covariance: np.ndarray, num: int | None = None):
        """Sets the statistics of real images, instead of adding real images.

        `reset_state` keeps them, so that several generators can be scored against them. They are
        not part of the config.

        Args:
            mean: Array of shape (dim,).
            covariance: Array of shape (dim, dim).
            num: Number of samples; None if unknown.

        Raises:
            InputError: If a shape is wrong, or values are not finite.

        Example:
            >>> metric = FID(dim=1)
            >>> metric.set_reference(np.zeros(1), np.ones((1, 1)))
            >>> metric.update_state(None, np.array([[0.0], [2.0], [1.0]]))
            >>> float(metric.result())
            1.0
        """
        given = Statistics(
            _floats("mean", mean, 1), _floats("covariance", covariance, 2), num and int(num)
        )
        for array, shape in ((given.mean, (self.dim,)), (given.covariance, (self.dim,) * 2)):
            if array.shape != shape:
                raise InputError(
                    f"set_reference: expected shapes ({self.dim},) and ({self.dim}, {self.dim}), "
                    f"got {given.mean.shape} and {given.covariance.shape}."
                )
        self._reference = given

    def statistics(self, which: str) -> Statistics:
        """Returns the statistics of the samples so far, for example for `set_reference`.

        Args:
            which: "real" or "generated".

        Raises:
            InputError: If there are fewer than two samples.
        """
        if which not in ("real", "generated"):
            raise InputError(f"which: expected real or generated, got {which!r}.")
        if which == "real" and self._reference is not None:
            return self._reference
        sums = self._real if which == "real" else self._generated
        return self._statistics(which, *(np.asarray(tf.convert_to_tensor(s)) for s in sums))

    def _statistics(
        self, which: str, num: np.ndarray, total: np.ndarray, products: np.ndarray
    ) -> Statistics:
        if num < 2:
            raise InputError(
                f"{self.name}: expected two {which} samples or more, got {round(float(num))}."
            )
        mean = total / num
        covariance = (products - np.outer(total, mean)) / (num - 1)
        return Statistics(mean, covariance, round(float(num)))

    def result(self) -> Any:
        """Returns the distance, a float32 scalar.

        Raises:
            InputError: If there are fewer than two samples of either kind.
        """

        def compute(*sums: np.ndarray) -> list[float]:
            real = self._reference or self._statistics("real", *sums[:3])
            generated = self._statistics("generated", *sums[3:])
            self._warn_of_few(real.num, generated.num)
            return [frechet_distance(*real[:2], *generated[:2])]

        return self._results([self.name], compute, *self._real, *self._generated)

    def _warn_of_few(self, real: int | None, generated: int | None) -> None:
        least = min(num for num in (real, generated) if num is not None)
        if least <= self.dim and not self._warned:
            self._warned = True
            warnings.warn(
                f"{self.name}: {least} samples of {self.dim} features have a singular covariance, "
                f"so the distance is far too large and cannot be compared with others; use more "
                f"than {self.dim}, usually 50,000.",
                stacklevel=3,
            )

"""Which modes of a known distribution samples cover, and how evenly."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.data.points import Mixture
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import SummedMetric, numpy_results
from tfgan_zoo.metrics.divergence import reverse_kl


def mode_scores(points: np.ndarray, mixture: Mixture) -> dict[str, float]:
    r"""Scores samples of a mixture of Gaussians, as PacGAN's tables do.

    (Lin et al. 2018, https://arxiv.org/abs/1712.04086, section 4.1.) A sample belongs to the
    nearest mode, and is of high quality within 3 sigma of it. With p the share of each of K modes,
    `reverse_kl` is \(\sum_k p_k \log (K p_k)\): 0 if all are equally frequent, log K if there is
    only one.

    Args:
        points: Samples of shape (n, dim).
        mixture: The modes, such as `data.points.mixture("ring")`.

    Returns:
        "modes": number of modes with a sample of high quality. "high_quality": share of samples of
        high quality. "reverse_kl": of all samples, in nats.

    Raises:
        InputError: If there is no sample, or the dimensions do not match.

    Example:
        >>> from tfgan_zoo.data import points
        >>> scores = mode_scores(points.sample("ring", 2500), points.mixture("ring"))
        >>> scores["modes"], scores["high_quality"] > 0.98, scores["reverse_kl"] < 0.01
        (8.0, True, True)
    """
    points = np.asarray(points, np.float64)
    dim = mixture.centres.shape[1]
    if points.ndim != 2 or points.shape[1] != dim or not len(points):
        raise InputError(f"points: expected shape (n, {dim}), n from 1 up, got {points.shape}.")
    return dict(zip(_SCORES, _scores(*_counts(points, mixture)), strict=True))


_SCORES = ("modes", "high_quality", "reverse_kl")


def _counts(points: np.ndarray, mixture: Mixture) -> tuple[np.ndarray, np.ndarray]:
    """Counts all samples of each mode, and those of high quality."""
    modes = len(mixture.centres)
    nearest = np.empty(len(points), int)
    distance = np.empty(len(points))
    for start in range(0, len(points), 10_000):
        part = slice(start, start + 10_000)
        apart = np.linalg.norm(points[part, None] - mixture.centres.astype(np.float64), axis=2)
        nearest[part], distance[part] = apart.argmin(axis=1), apart.min(axis=1)
    good = distance <= 3 * mixture.sigma
    return np.bincount(nearest, minlength=modes), np.bincount(nearest[good], minlength=modes)


def _scores(counts: np.ndarray, good: np.ndarray) -> tuple[float, float, float]:
    return float(np.count_nonzero(good)), float(good.sum() / counts.sum()), reverse_kl(counts)


def class_coverage(labels: np.ndarray, num_classes: int) -> dict[str, float]:
    """Scores samples by the classes that a classifier assigns to them.

    PacGAN reports both numbers for 26,000 samples of stacked MNIST, which has 1,000 classes
    (`stacked_labels`).

    Args:
        labels: Integers from 0, shape (n,).
        num_classes: Number of classes.

    Returns:
        "modes": number of classes that occur. "reverse_kl": see `mode_scores`.

    Raises:
        InputError: If there is no label, or one is out of range.

    Example:
        >>> class_coverage(np.array([0, 1, 1, 0]), num_classes=4)  # log(4 / 2)
        {'modes': 2.0, 'reverse_kl': 0.693...}
    """
    labels = np.asarray(labels)
    if not len(labels):
        raise InputError("labels: expected one or more, got none.")
    _check_labels(labels, num_classes)
    counts = np.bincount(labels, minlength=num_classes)
    return dict(zip(("modes", "reverse_kl"), _class_scores(counts), strict=True))


def _check_labels(labels: np.ndarray, num_classes: int) -> None:
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(
            f"labels: expected integers of shape (n,), got {labels.dtype} of {labels.shape}."
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < num_classes:
        raise InputError(
            f"labels: expected 0 to {num_classes - 1}, got {labels.min()} to {labels.max()}."
        )


def _class_scores(counts: np.ndarray) -> tuple[float, float]:
    return float(np.count_nonzero(counts)), reverse_kl(counts)


def stacked_labels(digits: np.ndarray) -> np.ndarray:
    """Returns the classes of stacked MNIST, where each colour channel is a digit.

    Args:
        digits: Integers from 0 to 9, shape (n, 3).

    Returns:
        Integers from 0 to 999, shape (n,).

    Example:
        >>> stacked_labels(np.array([[0, 4, 2], [9, 9, 9]]))
        array([ 42, 999])
    """
    return np.asarray(digits) @ np.array([100, 10, 1])


class _Counts(SummedMetric):
    """A metric of counts of samples, which are summed over replicas."""

    _default: str

    def __init__(self, name: str | None, dtype: Any):
        super().__init__(name or self._default, dtype)

    def _results(self, names: Sequence[str], compute: Callable, *counts: Any) -> dict[str, Any]:
        """Returns results by name, prefixed by the metric's name if it is not the default."""
        prefix = "" if self.name == self._default else f"{self.name}_"

        def checked(*counts: np.ndarray) -> Any:
            if not counts[0].any():
                raise InputError(f"{self.name}: expected one sample or more, got none.")
            return compute(*counts)

        return numpy_results([prefix + name for name in names], checked, counts, self.dtype)


@keras.saving.register_keras_serializable("tfgan_zoo")
class ModeCoverage(_Counts):
    """`mode_scores` of a stream, by counts of samples of each mode.

    Args:
        centres: Centres of the modes, shape (modes, dim).
        sigma: Standard deviation of each coordinate.
        name: Name of the metric, and prefix of the results' names: `modes`, `high_quality` and
            `reverse_kl`.
        dtype: Type of the results.

    Example:
        >>> metric = ModeCoverage(centres=[[0.0, 0.0], [4.0, 0.0]], sigma=0.1)
        >>> metric.update_state(None, np.array([[0.1, 0.1], [0.2, 0.0], [4.5, 0.0], [0.0, 0.0]]))
        >>> {name: round(float(value), 4) for name, value in metric.result().items()}
        {'modes': 1.0, 'high_quality': 0.75, 'reverse_kl': 0.1308}
    """

    _default = "mode_coverage"

    def __init__(self, centres: Any, sigma: float, name: str | None = None, dtype: Any = None):
        super().__init__(name, dtype)
        self.centres = np.asarray(centres, np.float32)
        self.sigma = float(sigma)
        if self.centres.ndim != 2 or not len(self.centres):
            raise InputError(f"centres: expected shape (modes, dim), got {self.centres.shape}.")
        modes = (len(self.centres),)
        self._counts = self.add_variable(modes, "zeros", "float64", name="counts")
        self._good = self.add_variable(modes, "zeros", "float64", name="good")

    def update_state(
        self, y_true: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> None:
        """Adds samples.

        Args:
            y_true: Ignored.
            y_pred: Samples of shape (n, dim); None for no new ones.
            sample_weight: Must be None; Keras passes it.
        """
        self._check_update(sample_weight)
        if y_pred is None:
            return
        points = tf.cast(y_pred, tf.float64)
        if not points.shape.is_compatible_with([None, self.centres.shape[1]]):
            raise InputError(
                f"{self.name}: expected points of shape (n, {self.centres.shape[1]}), got "
                f"{tuple(points.shape)}."
            )
        apart = tf.norm(points[:, None] - self.centres.astype(np.float64), axis=2)
        nearest = tf.one_hot(tf.argmin(apart, axis=1), len(self.centres), dtype=tf.float64)
        good = tf.cast(tf.reduce_min(apart, axis=1) <= 3 * self.sigma, tf.float64)
        self._counts.assign(self._counts + tf.reduce_sum(nearest, axis=0))
        self._good.assign(self._good + tf.linalg.matvec(nearest, good, transpose_a=True))

    def result(self) -> dict[str, Any]:
        """Returns the results by name.

        Raises:
            InputError: If there is no sample.
        """
        return self._results(_SCORES, _scores, self._counts, self._good)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        own = {"centres": self.centres.tolist(), "sigma": self.sigma}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("tfgan_zoo")
class ClassCoverage(_Counts):
    """`class_coverage` of a stream, by counts of samples of each class.

    Args:
        num_classes: Number of classes.
        name: Name of the metric, and prefix of the results' names: `modes` and `reverse_kl`.
        dtype: Type of the results.

    Example:
        >>> metric = ClassCoverage(num_classes=4)
        >>> metric.update_state(None, np.array([0, 1, 1, 0]))
        >>> {name: round(float(value), 4) for name, value in metric.result().items()}
        {'modes': 2.0, 'reverse_kl': 0.6931}
    """

    _default = "class_coverage"

    def __init__(self, num_classes: int, name: str | None = None, dtype: Any = None):
        super().__init__(name, dtype)
        self.num_classes = num_classes
        self._counts = self.add_variable((num_classes,), "zeros", "float64", name="counts")

    def update_state(
        self, y_true: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> None:
        """Adds samples.

        Args:
            y_true: Ignored.
            y_pred: Labels from a classifier, integers of shape (n,); None for no new ones. Labels
                out of range raise an error in eager mode and are ignored in a graph.
            sample_weight: Must be None; Keras passes it.
        """
        self._check_update(sample_weight)
        if y_pred is None:
            return
        labels = tf.cast(y_pred, tf.int64)
        if tf.executing_eagerly():
            _check_labels(labels.numpy(), self.num_classes)
        one_hot = tf.one_hot(labels, self.num_classes, dtype=tf.float64)
        self._counts.assign(self._counts + tf.reduce_sum(one_hot, axis=0))

    def result(self) -> dict[str, Any]:
        """Returns the results by name.

        Raises:
            InputError: If there is no sample.
        """
        return self._results(("modes", "reverse_kl"), _class_scores, self._counts)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}

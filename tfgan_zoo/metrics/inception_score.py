"""Inception Score: whether each image is of one class, and all images together of all classes."""

import itertools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import FeatureExtractor, FeatureMetric, output_size


def inception_score_from_logits(logits: np.ndarray, splits: int = 10) -> tuple[float, float]:
    r"""Inception Score (Salimans et al. 2016, https://arxiv.org/abs/1606.03498).

        \(exp(mean_x KL(p(y|x) || p(y)))\),  p(y) the mean of p(y|x)

    of several equal, consecutive parts of the samples, as in the authors' code.

    Args:
        logits: A classifier's logits for generated images, shape (n, classes).
        splits: Number of parts. Each part has its own p(y), so fewer and larger parts score higher.

    Returns:
        `(mean, standard deviation)` over parts. The score ranges from 1, if all images look alike
        to the classifier, to the number of classes.

    Raises:
        InputError: If there are fewer samples than parts, or the shape is wrong.

    Example:
        >>> inception_score_from_logits(np.tile(1e3 * np.eye(4), (5, 1)), splits=5)
        (4.0, 0.0)
    """
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 2:
        raise InputError(f"logits: expected shape (n, classes), got {logits.shape}.")
    if not 1 <= splits <= len(logits):
        raise InputError(
            f"splits: expected 1 to {len(logits)}, the number of samples, got {splits}."
        )
    top = logits - logits.max(axis=1, keepdims=True)
    log_p = top - np.log(np.exp(top).sum(axis=1, keepdims=True))
    p = np.exp(log_p)
    bounds = [i * len(logits) // splits for i in range(splits + 1)]
    parts = [slice(*bound) for bound in itertools.pairwise(bounds)]
    return _score(
        np.array([part.stop - part.start for part in parts]),
        np.array([p[part].sum(axis=0) for part in parts]),
        np.array([(p[part] * log_p[part]).sum() for part in parts]),
    )


def _score(num: np.ndarray, p: np.ndarray, p_log_p: np.ndarray) -> tuple[float, float]:
    """Scores sums over each part, of shapes (splits,), (splits, classes) and (splits,)."""
    mean = p / num[:, None]
    scores = np.exp(p_log_p / num - (mean * np.log(np.where(mean > 0, mean, 1))).sum(axis=1))
    return float(scores.mean()), float(scores.std())


@keras.saving.register_keras_serializable("tfgan_zoo")
class InceptionScore(FeatureMetric):
    """Inception Score of a stream; see `inception_score_from_logits`.

    The number of samples is not known in advance, so sample i belongs to part i mod `splits`. For
    samples in random order, such as a generator's, this is as good as consecutive parts. Only sums
    are kept. Real images are ignored; their own score is a useful bound.

    Args:
        features: The extractor; None if the metric is given logits.
        classes: Number of logits; only needed for `features=None`.
        splits: Number of parts.
        name: Name of the metric; None for `inception_score` with Inception v3, and
            `inception_score[NAME]` with others.
        dtype: Type of the result; the sums are float64.

    Example:
        >>> metric = InceptionScore(classes=3, splits=1)
        >>> metric.update_state(None, 1e3 * np.eye(3))
        >>> {name: float(value) for name, value in metric.result().items()}
        {'inception_score[logits]': 3.0, 'inception_score_std[logits]': 0.0}
    """

    _given = "logits"

    def __init__(
        self,
        features: FeatureExtractor | None = None,
        classes: int | None = None,
        splits: int = 10,
        name: str | None = None,
        dtype: Any = None,
    ):
        self.classes = output_size("classes", classes, features)
        super().__init__("inception_score", features, self.classes, name, dtype)
        if splits < 1:
            raise InputError(f"splits: expected a number from 1 up, got {splits}.")
        self.splits = splits
        self._num = self.add_variable((splits,), "zeros", "float64", name="num")
        self._p = self.add_variable((splits, self.classes), "zeros", "float64", name="p")
        self._p_log_p = self.add_variable((splits,), "zeros", "float64", name="p_log_p")

    def update_state(
        self, y_true: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> None:
        """Adds samples.

        Args:
            y_true: Ignored.
            y_pred: Generated images, or logits if `features` is None; None for no new ones.
            sample_weight: Must be None; Keras passes it.
        """
        self._check_update(sample_weight)
        if y_pred is None:
            return
        logits = y_pred if self.features is None else self.features(y_pred)[1]
        logits = tf.cast(self._checked(logits, self.classes), tf.float64)
        log_p = tf.nn.log_softmax(logits)
        p = tf.exp(log_p)
        place = tf.cast(tf.reduce_sum(self._num), tf.int32) + tf.range(tf.shape(p)[0])
        part = tf.one_hot(place % self.splits, self.splits, dtype=tf.float64, axis=0)
        self._num.assign(self._num + tf.reduce_sum(part, axis=1))
        self._p.assign(self._p + tf.matmul(part, p))
        self._p_log_p.assign(
            self._p_log_p + tf.linalg.matvec(part, tf.reduce_sum(p * log_p, axis=1))
        )

    def result(self) -> Any:
        """Returns mean and standard deviation over parts, by name.

        Raises:
            InputError: If there are fewer samples than parts.
        """

        def compute(num: np.ndarray, p: np.ndarray, p_log_p: np.ndarray) -> tuple[float, float]:
            if not num.all():
                raise InputError(
                    f"{self.name}: expected samples for each of {self.splits} splits, got "
                    f"{round(num.sum())}."
                )
            return _score(num, p, p_log_p)

        names = [self.name, self._named("_std")]
        return self._results(names, compute, self._num, self._p, self._p_log_p)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        config = {**super().get_config(), "classes": self.classes, "splits": self.splits}
        del config["dim"]
        return config

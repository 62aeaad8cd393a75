"""Inception Score: whether images are each of one class, and together of all."""

import itertools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import FeatureExtractor, FeatureMetric, _size, metric_name


def inception_score_from_logits(logits: np.ndarray, splits: int = 10) -> tuple[float, float]:
    r"""Inception Score (Salimans et al. 2016, https://arxiv.org/abs/1606.03498).

        \(exp(mean_x KL(p(y|x) || p(y)))\),  p(y) the mean of p(y|x)

    of each of several equal parts of the samples, one after the other, as the authors' code has it.

    Args:
        logits: a classifier's, of generated images; shape (n, classes).
        splits: how many parts. A part's p(y) is its own, so fewer and larger ones score higher.

    Returns:
        `(mean, standard deviation)` over parts: 1, where all images look alike to the classifier,
        to the number of classes.

    Raises:
        InputError: there are less samples than parts, or the shape is another one.

    Example:
        >>> inception_score_from_logits(np.tile(1e3 * np.eye(4), (5, 1)), splits=5)
        (4.0, 0.0)
    """
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 2:
        raise InputError(f"logits: expected shape (n, classes), got {logits.shape}.")
    if not 1 <= splits <= len(logits):
        raise InputError(
            f"splits: expected 1 to {len(logits)}, of which there are samples, got {splits}."
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
    """Of sums over each part: shapes (splits,), (splits, classes), (splits,)."""
    mean = p / num[:, None]
    scores = np.exp(p_log_p / num - (mean * np.log(np.where(mean > 0, mean, 1))).sum(axis=1))
    return float(scores.mean()), float(scores.std())


@keras.saving.register_keras_serializable("tfgan_zoo")
class InceptionScore(FeatureMetric):
    """Inception Score of a stream; see `inception_score_from_logits`.

    How many there will be is not known, so sample i goes to part i mod `splits`: for samples in
    random order, as a generator's are, that is as good as one part after the other. What is kept
    are sums. Real images are not looked at; their own score is a bound worth knowing.

    Args:
        features: the extractor; None if what is shown are logits already.
        classes: how many logits; needed for `features=None` alone.
        splits: how many parts.
        name: of the metric; None for `inception_score` with Inception v3, and
            `inception_score[NAME]` with others.
        dtype: of the result; the sums are float64.

    Example:
        >>> metric = InceptionScore(classes=3, splits=1)
        >>> metric.update_state(None, 1e3 * np.eye(3))
        >>> {name: float(value) for name, value in metric.result().items()}
        {'inception_score[logits]': 3.0, 'inception_score_std[logits]': 0.0}
    """

    def __init__(
        self,
        features: FeatureExtractor | None = None,
        classes: int | None = None,
        splits: int = 10,
        name: str | None = None,
        dtype: Any = None,
    ):
        name = name or metric_name("inception_score", features, "logits")
        self.classes = _size("classes", classes, features)
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
            y_true: not looked at.
            y_pred: generated images, or logits if `features` is None; None for no new ones.
            sample_weight: None; Keras passes it.
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
        """Mean and standard deviation over parts, by name.

        Raises:
            InputError: there are less samples than parts.
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
        """The constructor's arguments."""
        config = {**super().get_config(), "classes": self.classes, "splits": self.splits}
        del config["dim"]
        return config

"""Base classes of the metrics that compare images in features."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.metrics.familiarity import familiarity_of, warn_if_unfamiliar
from tfgan_zoo.metrics.reservoir import Reservoir, kept


class FeatureExtractor(Protocol):
    """Turns images into the features that a metric compares.

    Called with images, uint8 or floats in [-1, 1] of shape `[B, H, W, 1 or 3]`, it returns
    `(features, logits)`: float32 of shape (B, dim), and float32 of shape (B, classes) or None. An
    extractor that rounds images to uint8 may have a method `of_floats` that does not, for
    `embedding_distance`.

    In a graph, as with `compile(metrics=...)`, it is called with symbolic tensors and returns
    symbolic tensors; NumPy code then runs in a `tf.numpy_function`.

    An extractor that knows its training images may have an attribute `familiarity`. Metrics then
    warn if real images are of another kind; see `metrics.familiarity`.

    Attributes:
        name: Name of the extractor. Scores of different extractors cannot be compared.
        dim: Length of a feature vector.
        classes: Number of logits; 0 for none.
    """

    name: str
    dim: int
    classes: int

    def __call__(self, images: Any) -> tuple[Any, Any]:
        """Returns `(features, logits)`."""


def metric_name(base: str, features: FeatureExtractor | None, otherwise: str = "features") -> str:
    """Returns the name of a metric in certain features.

    Published scores use Inception v3, so only those have the plain name.

    Args:
        base: Name of the metric, such as `fid`.
        features: The extractor; None if the metric is given features.
        otherwise: Name to use for None.

    Returns:
        `fid` for Inception v3, `fid[fashion_mnist_v1]` for another one, `fid[features]` for None.

    Example:
        >>> metric_name("fid", None)
        'fid[features]'
    """
    shown = otherwise if features is None else features.name
    return base if shown == "inception_v3" else f"{base}[{shown}]"


class SummedMetric(keras.metrics.Metric):
    """A metric whose states are sums, over batches and over replicas.

    Create it in the scope of the replicas' strategy. `result` may take seconds: call it at the end
    of an evaluation, not with `compile(metrics=...)`, where Keras calls it at every step.

    Args:
        name: Name of the metric.
        dtype: Type of the results; states have their own types.
    """

    def __init__(self, name: str, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self._replicas = tf.distribute.get_strategy().num_replicas_in_sync

    def _check_update(self, sample_weight: Any) -> None:
        """Raises `InputError` where the result would be silently wrong."""
        if sample_weight is not None:
            raise InputError(f"{self.name}: sample_weight: expected None, got weights.")
        replica = tf.distribute.get_replica_context()
        if replica is not None and replica.num_replicas_in_sync > self._replicas == 1:
            raise InputError(
                f"{self.name}: expected a metric created in strategy.scope() of the strategy that "
                "runs it, got one created outside, whose states replicas would overwrite."
            )


class FeatureMetric(SummedMetric):
    """A metric of features.

    Args:
        base: Name of the metric without the extractor's.
        features: The extractor; None if the metric is given features.
        dim: Length of a feature vector; only needed for `features=None`.
        name: Name of the metric; None for `metric_name(base, features)`.
        dtype: Type of the result; states have their own types.
    """

    #: What the metric is given without an extractor, for its name.
    _given = "features"

    def __init__(
        self,
        base: str,
        features: FeatureExtractor | None = None,
        dim: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name or metric_name(base, features, self._given), dtype)
        self.features = features
        self._base = base
        self.dim = output_size("dim", dim, features)
        self._familiarity = familiarity_of(features)
        # Sum and number of the distances of real images from the extractor's training images.
        self._distances = [
            self.add_variable((), "zeros", "float64", name=f"real_distance_{what}")
            for what in (("sum", "num") if self._familiarity else ())
        ]
        self._warned_of_unfamiliar = False

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments. The extractor must be serializable."""
        return {**super().get_config(), "features": self.features, "dim": self.dim}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FeatureMetric":
        """Creates a metric from the result of `get_config`."""
        return cls(**keras.saving.deserialize_keras_object(config))

    def _extract(self, images: Any, real: bool) -> tf.Tensor:
        """Returns features, float32 of shape (B, dim), and records the distances of real images."""
        given = images if self.features is None else self.features(images)[0]
        features = self._checked(given, self.dim)
        if real and self._familiarity is not None:
            distances = tf.cast(self._familiarity.distances(features), tf.float64)
            total, num = self._distances
            total.assign(total + tf.reduce_sum(distances))
            num.assign(num + tf.cast(tf.size(distances), tf.float64))
        return features

    def _checked(self, values: Any, size: int) -> tf.Tensor:
        values = tf.cast(values, tf.float32)
        if not values.shape.is_compatible_with([None, size]):
            raise InputError(
                f"{self.name}: expected features of shape (n, {size}), got {tuple(values.shape)}."
            )
        return values

    def _results(self, names: Sequence[str], compute: Callable, *states: Any) -> Any:
        """Returns `numpy_results`, or the value itself if there is one name."""

        def checked(*arrays: np.ndarray) -> Any:
            self._warn_if_unfamiliar(*arrays[len(states) :])
            return compute(*arrays[: len(states)])

        results = numpy_results(names, checked, [*states, *self._distances], self.dtype)
        return results if len(names) > 1 else results[names[0]]

    def _warn_if_unfamiliar(self, total: Any = 0, num: Any = 0) -> None:
        if num and not self._warned_of_unfamiliar:
            self._warned_of_unfamiliar = warn_if_unfamiliar(
                self.features, float(total / num), int(num)
            )

    def _named(self, suffix: str) -> str:
        """Returns the metric's name with a suffix before the features: `kid_std[...]`."""
        if self.name == metric_name(self._base, self.features, self._given):
            return metric_name(self._base + suffix, self.features, self._given)
        return self.name + suffix


def numpy_results(
    names: Sequence[str], compute: Callable, states: Sequence[Any], dtype: str
) -> dict[str, tf.Tensor]:
    """Calls a NumPy function on a metric's states, also in a graph.

    Args:
        names: Names of the floats that the function returns.
        compute: The function.
        states: Keras variables.
        dtype: Type of the results.
    """
    tensors = [tf.convert_to_tensor(state) for state in states]
    if tf.executing_eagerly():
        values = tf.constant(compute(*(t.numpy() for t in tensors)), tf.float64)
    else:
        values = tf.numpy_function(
            lambda *arrays: np.array(compute(*arrays), np.float64), tensors, tf.float64
        )
    values = tf.unstack(tf.cast(tf.ensure_shape(values, [len(names)]), dtype))
    return dict(zip(names, values, strict=True))


def output_size(argument: str, given: int | None, features: FeatureExtractor | None) -> int:
    """Returns the size that an extractor has, or the given one without an extractor."""
    size = given if features is None else getattr(features, argument)
    if not size or size < 1:
        source = "features=None" if features is None else f"features of {features.name}"
        raise InputError(f"{argument}: expected a number from 1 up for {source}, got {size}.")
    return size


class SampledMetric(FeatureMetric):
    """A metric of two bounded samples of features, of real images and of generated ones.

    A subclass defines `_outputs`, the suffixes of the results' names, and `_compute`.

    Args:
        base: See `FeatureMetric`, as for the others.
        features: The extractor.
        dim: Length of a feature vector.
        max_samples: Number of samples kept of each; of more, a random choice is kept.
        seed: Seed of everything random.
        name: Name of the metric.
        dtype: Type of the result.
    """

    def __init__(
        self,
        base: str,
        features: FeatureExtractor | None,
        dim: int | None,
        max_samples: int,
        seed: int,
        name: str | None,
        dtype: Any,
    ):
        super().__init__(base, features, dim, name, dtype)
        if max_samples < 2:
            raise InputError(f"max_samples: expected a number from 2 up, got {max_samples}.")
        self.max_samples = max_samples
        self.seed = check_seed(seed, least=0)
        size = self._row_size()
        # Two seeds, so that real and generated samples are not chosen in pairs.
        self._real = Reservoir(self, "real", max_samples, size, 2 * self.seed)
        self._generated = Reservoir(self, "generated", max_samples, size, 2 * self.seed + 1)

    def update_state(
        self, y_true: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> None:
        """Adds samples.

        Args:
            y_true: Real images, or features if `features` is None; None for no new ones.
            y_pred: Generated images or features; None for no new ones. Their number may differ.
            sample_weight: Must be None; Keras passes it.
        """
        self._check_update(sample_weight)
        for images, reservoir in ((y_true, self._real), (y_pred, self._generated)):
            if images is not None:
                reservoir.add(self._rows(images, real=reservoir is self._real))

    def result(self) -> Any:
        """Returns the metric of the samples kept: a float, or a dict of floats by name.

        Raises:
            InputError: If there are too few samples.
        """
        states = [s for r in (self._real, self._generated) for s in (r.keys, r.rows)]
        names = [self._named(suffix) for suffix in self._outputs]

        def compute(real_keys: Any, real: Any, keys: Any, generated: Any) -> Sequence[float]:
            samples = kept(real_keys, real), kept(keys, generated)
            for what, each in zip(("y_true", "y_pred"), samples, strict=True):
                if len(each) < 2:
                    raise InputError(
                        f"{self.name}: expected two samples or more of {what}, got {len(each)}."
                    )
            return self._compute(*samples)

        return self._results(names, compute, *states)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "max_samples": self.max_samples, "seed": self.seed}

    _outputs: Sequence[str] = ("",)

    def _row_size(self) -> int:
        return self.dim

    def _rows(self, images: Any, real: bool) -> tf.Tensor:
        return self._extract(images, real)

    def _compute(self, real: np.ndarray, generated: np.ndarray) -> Sequence[float]:
        raise NotImplementedError

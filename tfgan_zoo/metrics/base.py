"""What metrics of features share: extractors, names, and samples kept in bounded memory."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.metrics.familiarity import familiarity_of, warn_if_unfamiliar


class FeatureExtractor(Protocol):
    """What turns images into the numbers that a metric compares.

    Called with images, uint8 or floats in [-1, 1] of shape (n, height, width, 1 or 3), it returns
    `(features, logits)`: float32 (n, dim), and float32 (n, classes) or None. One that rounds images
    to uint8 may have a method `of_floats` that does not, for `embedding_distance`.

    Within a graph, as of `compile(metrics=...)`, it is called with symbolic tensors, and returns
    such; what it does with NumPy goes into a `tf.numpy_function` then.

    One that knows what its training images look like may have an attribute `familiarity`, by which
    metrics warn of real images of another kind; see `metrics.familiarity`.

    Attributes:
        name: which it is; figures of different extractors do not compare.
        dim: length of a feature vector.
        classes: how many it tells apart; 0 where it gives no logits.
    """

    name: str
    dim: int
    classes: int

    def __call__(self, images: Any) -> tuple[Any, Any]:
        """Returns `(features, logits)`."""


def metric_name(base: str, features: FeatureExtractor | None, otherwise: str = "features") -> str:
    """Names a metric after the features it was taken in.

    Figures in the literature are of Inception v3, so only these have the plain name.

    Args:
        base: such as `fid`.
        features: the extractor; None where features themselves are shown.
        otherwise: what is said to be shown then.

    Returns:
        `fid` for Inception v3, `fid[fashion_mnist_v1]` for another one, `fid[features]` for None.

    Example:
        >>> metric_name("fid", None)
        'fid[features]'
    """
    shown = otherwise if features is None else features.name
    return base if shown == "inception_v3" else f"{base}[{shown}]"


class SummedMetric(keras.metrics.Metric):
    """A metric whose states start at zero and add up: over batches, and over replicas.

    Replicas do so where it was made within their strategy's scope. `result` may take seconds, so it
    is for the end of an evaluation, not for `compile(metrics=...)`, where Keras asks for it at
    every step.

    Args:
        name: of the metric.
        dtype: of the results; states have their own.
    """

    def __init__(self, name: str, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self._replicas = tf.distribute.get_strategy().num_replicas_in_sync

    def _check_update(self, sample_weight: Any) -> None:
        """Refuses what would give a wrong result without a word."""
        if sample_weight is not None:
            raise InputError(f"{self.name}: sample_weight: expected None, got weights.")
        replica = tf.distribute.get_replica_context()
        if replica is not None and replica.num_replicas_in_sync > self._replicas == 1:
            raise InputError(
                f"{self.name}: expected to be made within strategy.scope() of the strategy that "
                "runs it, got a metric made outside, whose states replicas would overwrite."
            )


class FeatureMetric(SummedMetric):
    """A metric of features: sums over all that was shown, or samples of it.

    Args:
        base: name without the extractor's.
        features: the extractor; None if what is shown are features already.
        dim: length of a feature vector; needed for `features=None` alone.
        name: of the metric; None for `metric_name(base, features)`.
        dtype: of the result; states have their own.
    """

    def __init__(
        self,
        base: str,
        features: FeatureExtractor | None = None,
        dim: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name or metric_name(base, features), dtype)
        self.features = features
        self.dim = _size("dim", dim, features)
        self._familiarity = familiarity_of(features)
        # Of real images: the sum of distances from what the extractor knows, and their number.
        self._distances = [
            self.add_variable((), "zeros", "float64", name=f"real_distance_{what}")
            for what in (("sum", "num") if self._familiarity else ())
        ]
        self._warned_of_unfamiliar = False

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; an extractor must be serialisable itself."""
        return {**super().get_config(), "features": self.features, "dim": self.dim}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FeatureMetric":
        """Makes a metric of what `get_config` returned."""
        return cls(**keras.saving.deserialize_keras_object(config))

    def _extract(self, images: Any, real: bool) -> tf.Tensor:
        """Features of what was shown, float32 (n, dim); whether real images fit is noted."""
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
        """See `numpy_results`; a single result is returned as it is."""

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
        """`kid[...]` with a suffix: `kid_std[...]`."""
        base, bracket, rest = self.name.partition("[")
        return base + suffix + bracket + rest


def numpy_results(
    names: Sequence[str], compute: Callable, states: Sequence[Any], dtype: str
) -> dict[str, tf.Tensor]:
    """Calls a NumPy function with a metric's states, within a graph too.

    Args:
        names: of the floats that it returns.
        compute: the function.
        states: Keras variables.
        dtype: of the results.
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


def _size(argument: str, given: int | None, features: FeatureExtractor | None) -> int:
    """The length of what an extractor gives, or else of what is shown."""
    size = given if features is None else getattr(features, argument)
    if not size or size < 1:
        source = "features=None" if features is None else f"features of {features.name}"
        raise InputError(f"{argument}: expected a number from 1 up for {source}, got {size}.")
    return size


class Reservoir:
    """A random sample of rows, without replacement, of a stream of any length.

    Each row of the stream has a random key, which follows from the seed and the row's place, and
    those with the largest stay: so what is kept does not depend on how the stream was cut into
    batches. Every replica fills places of its own and leaves zeros in the others', so that the sum
    over replicas, which is how Keras reads a metric's states, is all of them.

    Args:
        metric: to which the states belong.
        name: of the states.
        num: rows kept; divided evenly between replicas.
        dim: length of a row.
        seed: of the keys.
    """

    def __init__(self, metric: FeatureMetric, name: str, num: int, dim: int, seed: int):
        self._strategy = tf.distribute.get_strategy()
        self._replicas = self._strategy.num_replicas_in_sync
        self._own = max(1, num // self._replicas)
        self._seed = seed
        rows = self._own * self._replicas
        self.keys = metric.add_variable((rows,), "zeros", "float64", name=f"{name}_keys")
        self.rows = metric.add_variable((rows, dim), "zeros", "float32", name=f"{name}_rows")
        # A float, because TensorFlow divides what it assigns to all replicas by their number.
        self.seen = metric.add_variable((), "zeros", "float64", name=f"{name}_seen")
        # Outside of the replicas: the first one takes all, the others none.
        self._add_from_outside = tf.function(
            lambda rows: self._strategy.run(self._add_on_the_first, (rows,)),
            autograph=False,
            reduce_retracing=True,
        )

    def add(self, rows: tf.Tensor) -> None:
        """Shows rows, float32 (n, dim)."""
        replica = tf.distribute.get_replica_context()
        if self._replicas == 1:
            self._add(rows, 0)
        elif replica is not None and replica.num_replicas_in_sync == self._replicas:
            self._add(rows, replica.replica_id_in_sync_group)
        else:
            with self._strategy.scope():
                self._add_from_outside(rows)

    def _add_on_the_first(self, rows: tf.Tensor) -> None:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        self._add(rows[: tf.where(tf.equal(replica, 0), tf.shape(rows)[0], 0)], replica)

    def _add(self, rows: tf.Tensor, replica: Any) -> None:
        num = tf.shape(rows, tf.int64)[0]
        place = tf.cast(self.seen, tf.int64) + tf.range(num)
        keys = _keys(place * self._replicas + tf.cast(replica, tf.int64), self._seed)
        own = tf.cast(replica, tf.int32) * self._own
        keys = tf.concat([tf.convert_to_tensor(self.keys)[own : own + self._own], keys], 0)
        rows = tf.concat([tf.convert_to_tensor(self.rows)[own : own + self._own], rows], 0)
        largest, chosen = tf.math.top_k(keys, self._own)
        rows = tf.gather(rows, chosen)
        around = [own, (self._replicas - 1) * self._own - own]
        self.keys.assign(tf.ensure_shape(tf.pad(largest, [around]), self.keys.shape))
        self.rows.assign(tf.ensure_shape(tf.pad(rows, [around, [0, 0]]), self.rows.shape))
        self.seen.assign(self.seen + tf.cast(num, tf.float64))


def kept(keys: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The rows that a `Reservoir` holds, in random order.

    Args:
        keys: its `keys`.
        rows: its `rows`.
    """
    order = np.argsort(-keys, kind="stable")
    return rows[order[keys[order] > 0]]


def _keys(places: tf.Tensor, seed: int) -> tf.Tensor:
    """Random numbers in (0, 1], float64, one for each place: the hash "lowbias32"."""
    low = 0xFFFFFFFF
    x = tf.bitwise.bitwise_and(places * 0x9E3779B1 + (seed * 0x85EBCA6B & low), low)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(shift, tf.int64)))
        x = tf.bitwise.bitwise_and(x * factor, low)
    return (tf.cast(x, tf.float64) + 1) / 2.0**32


class SampledMetric(FeatureMetric):
    """A metric of two bounded samples of features, of real images and of generated ones.

    A subclass gives `_outputs`, suffixes of the results' names, and `_compute`.

    Args:
        base: as for `FeatureMetric`, like the others.
        features: see there.
        dim: see there.
        max_samples: how many of each are kept: all up to there, then a random choice of them.
        seed: of all that is random.
        name: see there.
        dtype: see there.
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
        # Two seeds, so that the real and the generated that are kept are not pairs.
        self._real = Reservoir(self, "real", max_samples, size, 2 * self.seed)
        self._generated = Reservoir(self, "generated", max_samples, size, 2 * self.seed + 1)

    def update_state(
        self, y_true: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> None:
        """Adds samples.

        Args:
            y_true: real images, or features if `features` is None; None for no new ones.
            y_pred: generated ones; None for no new ones. Not necessarily as many.
            sample_weight: None; Keras passes it.
        """
        self._check_update(sample_weight)
        for images, reservoir in ((y_true, self._real), (y_pred, self._generated)):
            if images is not None:
                reservoir.add(self._rows(images, real=reservoir is self._real))

    def result(self) -> Any:
        """The metric of the samples kept: a float, or a dictionary of them by name.

        Raises:
            InputError: there are too few samples.
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
        """The constructor's arguments."""
        return {**super().get_config(), "max_samples": self.max_samples, "seed": self.seed}

    _outputs: Sequence[str] = ("",)

    def _row_size(self) -> int:
        return self.dim

    def _rows(self, images: Any, real: bool) -> tf.Tensor:
        return self._extract(images, real)

    def _compute(self, real: np.ndarray, generated: np.ndarray) -> Sequence[float]:
        raise NotImplementedError

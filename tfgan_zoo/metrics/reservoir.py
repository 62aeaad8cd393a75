"""Random samples of streams, kept in bounded memory."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf


class Reservoir:
    """A random sample, without replacement, of the rows of a stream of any length.

    Each row of the stream gets a random key, a function of the seed and the row's position, and the
    rows with the largest keys are kept. The sample therefore does not depend on how the stream is
    batched. Every replica fills its own places and leaves zeros in the others, so that the sum over
    replicas, which is how Keras reads the states of a metric, holds all rows.

    Args:
        metric: The metric that owns the states.
        name: Prefix of the names of the states.
        num: Number of rows kept, divided evenly between replicas.
        dim: Length of a row.
        seed: Seed of the keys.
    """

    def __init__(self, metric: keras.metrics.Metric, name: str, num: int, dim: int, seed: int):
        self._strategy = tf.distribute.get_strategy()
        self._replicas = self._strategy.num_replicas_in_sync
        self._own = max(1, num // self._replicas)
        self._seed = seed
        rows = self._own * self._replicas
        self.keys = metric.add_variable((rows,), "zeros", "float64", name=f"{name}_keys")
        self.rows = metric.add_variable((rows, dim), "zeros", "float32", name=f"{name}_rows")
        # A float, as TensorFlow divides values assigned to all replicas by the number of replicas.
        self.seen = metric.add_variable((), "zeros", "float64", name=f"{name}_seen")
        # Outside of replicas, the first one takes all rows and the others none.
        self._add_from_outside = tf.function(
            lambda rows: self._strategy.run(self._add_on_the_first, (rows,)),
            autograph=False,
            reduce_retracing=True,
        )

    def add(self, rows: tf.Tensor) -> None:
        """Adds rows, float32 of shape (n, dim)."""
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
    """Returns the rows that a `Reservoir` holds, in random order.

    Args:
        keys: Its `keys`.
        rows: Its `rows`.
    """
    order = np.argsort(-keys, kind="stable")
    return rows[order[keys[order] > 0]]


def _keys(places: tf.Tensor, seed: int) -> tf.Tensor:
    """Returns a random number in (0, 1], float64, for each position: the hash "lowbias32"."""
    low = 0xFFFFFFFF
    x = tf.bitwise.bitwise_and(places * 0x9E3779B1 + (seed * 0x85EBCA6B & low), low)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(shift, tf.int64)))
        x = tf.bitwise.bitwise_and(x * factor, low)
    return (tf.cast(x, tf.float64) + 1) / 2.0**32

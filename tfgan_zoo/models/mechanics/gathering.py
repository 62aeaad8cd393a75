"""The samples of all replicas, for losses that compare samples with one another."""

import tensorflow as tf


def gathered(values: tf.Tensor) -> tf.Tensor:
    """Returns everyone's rows, as many from each replica, in the order of one device.

    Gradients go back to the replica that each row is from. A loss of all rows is then the same on
    every replica, and so is its mean over the replicas.

    Args:
        values: This replica's rows, float32 `[rows, ...]`.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return values
    rows = tf.shape(values)[0]
    total, first = rows * replica.num_replicas_in_sync, replica.replica_id_in_sync_group * rows
    # A sum of float32 is what every kind of device and strategy can reduce, and differentiate.
    others = [[0, 0]] * (values.shape.rank - 1)
    alone = tf.pad(values, tf.concat([[[first, total - first - rows]], *[[o] for o in others]], 0))
    return replica.all_reduce(tf.distribute.ReduceOp.SUM, alone)


def differ(keys: tf.Tensor) -> tf.Tensor:
    """Returns which of everyone's rows have different keys.

    Args:
        keys: This replica's keys, whole numbers or strings `[rows]`.

    Returns:
        bool `[all rows, all rows]`.

    Example:
        >>> differ(tf.constant(["red", "blue", "red"])).numpy().astype(int).tolist()
        [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return keys[:, tf.newaxis] != keys[tf.newaxis]
    if keys.dtype == tf.string:  # Texts cannot be reduced; two of one hash of 63 bits are unlikely.
        keys = tf.strings.to_hash_bucket_fast(keys, 2**63 - 1)
    keys = tf.cast(keys, tf.int64)
    # Four numbers that float32 holds exactly.
    words = [tf.bitwise.bitwise_and(tf.bitwise.right_shift(keys, 16 * i), 0xFFFF) for i in range(4)]
    everyones = gathered(tf.cast(tf.stack(words, axis=-1), tf.float32))
    return tf.reduce_any(everyones[:, tf.newaxis] != everyones[tf.newaxis], axis=-1)

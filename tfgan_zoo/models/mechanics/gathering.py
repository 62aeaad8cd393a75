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

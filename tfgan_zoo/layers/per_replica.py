"""Variables of which each replica has a copy of its own."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import keras_internals


def of_all_replicas(variable: keras.Variable) -> np.ndarray:
    """Stacks the copies of all replicas; those of other workers, too, which must all call this.

    Args:
        variable: one of several copies, or of one.
    """
    copies = np.stack([copy.numpy() for copy in _copies(variable)])
    strategy = _of_several_workers(variable)
    if strategy is None:
        return copies
    per_replica = strategy.experimental_distribute_values_from_function(
        lambda replica: tf.constant(copies[replica.replica_id_in_sync_group % len(copies)])[None]
    )
    return strategy.gather(per_replica, axis=0).numpy()


def assign_replicas(variable: keras.Variable, saved: np.ndarray) -> None:
    """Gives each replica its own value; of n values, replica r takes number r modulo n.

    Args:
        variable: as for `of_all_replicas`.
        saved: what that returned.
    """
    copies = _copies(variable)
    strategy = _of_several_workers(variable)
    first = keras_internals.worker_index(strategy) * len(copies) if strategy else 0
    for replica, copy in enumerate(copies, first):
        copy.assign(saved[replica % len(saved)])


def _copies(variable: keras.Variable) -> Sequence[tf.Variable]:
    value = variable.value
    return value.values if isinstance(value, tf.distribute.DistributedValues) else [value]


def _of_several_workers(variable: keras.Variable) -> Any:
    """Returns the strategy that a variable was made under, if that has several workers."""
    strategy: Any = getattr(variable.value, "distribute_strategy", None)
    return strategy if keras_internals.spans_workers(strategy) else None

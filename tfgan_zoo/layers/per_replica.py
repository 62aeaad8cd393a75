"""Variables with one copy per replica."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import keras_internals


def per_replica_variable(name: str, shape: Sequence[int], dtype: str) -> keras.Variable:
    """Creates a variable, initially zero, with one copy per replica.

    Each replica updates its own copy: any aggregation at write time would require all replicas to
    meet, which a nested `tf.function` does not allow. `add_weight` has no such option.

    Args:
        name: Name of the variable.
        shape: Shape of the variable.
        dtype: Type of the variable. Counters are int64, as int32 variables are not placed on GPUs.
    """
    return keras.Variable(
        "zeros",
        shape=shape,
        dtype=dtype,
        trainable=False,
        autocast=False,
        synchronization="on_read",
        aggregation="only_first_replica",
        name=name,
    )


def of_all_replicas(variable: keras.Variable) -> np.ndarray:
    """Stacks the copies of all replicas on all workers; every worker must call this.

    Args:
        variable: A variable with one or more copies.
    """
    copies = np.stack([copy.numpy() for copy in _copies(variable)])
    strategy = _multi_worker_strategy(variable)
    if strategy is None:
        return copies
    per_replica = strategy.experimental_distribute_values_from_function(
        lambda replica: tf.constant(copies[replica.replica_id_in_sync_group % len(copies)])[None]
    )
    return strategy.gather(per_replica, axis=0).numpy()


def assign_replicas(variable: keras.Variable, saved: np.ndarray) -> None:
    """Assigns each replica its own value; of n saved values, replica r gets number r modulo n.

    Args:
        variable: As for `of_all_replicas`.
        saved: What `of_all_replicas` returned.
    """
    copies = _copies(variable)
    strategy = _multi_worker_strategy(variable)
    first = keras_internals.worker_index(strategy) * len(copies) if strategy else 0
    for replica, copy in enumerate(copies, first):
        copy.assign(saved[replica % len(saved)])


def _copies(variable: keras.Variable) -> Sequence[tf.Variable]:
    value = variable.value
    return value.values if isinstance(value, tf.distribute.DistributedValues) else [value]


def _multi_worker_strategy(variable: keras.Variable) -> Any:
    """Returns the multi-worker strategy that a variable was created under, or None."""
    strategy: Any = getattr(variable.value, "distribute_strategy", None)
    return strategy if keras_internals.spans_workers(strategy) else None

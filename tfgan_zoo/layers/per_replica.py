"""Variables with a separate copy on each replica."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def of_all_replicas(variable: keras.Variable) -> np.ndarray:
    """Stacks the copies of all replicas. All workers must call it together.

    Args:
        variable: A variable with one copy per replica, or with one copy.
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
    """Assigns each replica its own value: replica r of n values takes number r modulo n.

    Args:
        variable: See `of_all_replicas`.
        saved: Values that `of_all_replicas` returned.
    """
    copies = _copies(variable)
    strategy = _of_several_workers(variable)
    first = strategy.extended._id_in_cluster * len(copies) if strategy else 0
    for replica, copy in enumerate(copies, first):
        copy.assign(saved[replica % len(saved)])


def _copies(variable: keras.Variable) -> Sequence[tf.Variable]:
    value = variable.value
    return value.values if isinstance(value, tf.distribute.DistributedValues) else [value]


def _of_several_workers(variable: keras.Variable) -> Any:
    """Returns the strategy that a variable was created under, if that has several workers."""
    strategy: Any = getattr(variable.value, "distribute_strategy", None)
    return strategy if num_workers(strategy) > 1 else None


def num_workers(strategy: Any) -> int:
    """Returns the number of workers that a strategy trains on.

    Args:
        strategy: A `tf.distribute.Strategy`, or None for one device.
    """
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return 1
    jobs = strategy.cluster_resolver.cluster_spec().as_dict()
    return max(1, sum(len(jobs.get(job, ())) for job in ("chief", "worker")))

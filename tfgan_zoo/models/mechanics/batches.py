"""Checks of the data and batch sizes of `fit` and similar methods, before the first step."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.models.mechanics.parts import asserted, unpacked

#: Keras' own default of `batch_size`.
KERAS_BATCH_SIZE = 32


# ---------------------------------------------------------------------- arrays, shared out


def check_given(given: Mapping[str, Any]) -> None:
    """Checks arguments of `fit` or `evaluate` by themselves.

    Args:
        given: The arguments by name.

    Raises:
        InputError: If there is no data, an array has no samples, or a batch size or share of the
            samples is out of range.
    """
    for name in ("batch_size", "validation_batch_size"):
        if given.get(name) is not None:
            check_number(name, given[name], least=1, whole=True)
    if given.get("validation_split") is not None:
        check_number("validation_split", given["validation_split"], least=0, below=1)
    if given.get("x") is None:
        raise InputError(
            "x: expected arrays or a tf.data.Dataset, got None; give the data as the first "
            "argument."
        )
    for name in ("x", "validation_data"):
        if _num_rows(given.get(name)) == 0:
            raise InputError(
                f"{name}: expected one sample or more, got an array of none; check what was loaded."
            )


def with_batch_size(
    fit: Mapping[str, Any], training: int, testing: int, samples_per_step: Callable[[int], int]
) -> tuple[dict[str, Any], list[str]]:
    """Chooses a batch size for arrays if `fit` was given none.

    A train step takes the samples of updates on Keras' 32. Samples at the end that cannot be
    divided evenly are left out, also of those that `validation_split` holds back.

    Args:
        fit: The arguments of `fit`, by name.
        training: The number of samples of a training batch is a multiple of this.
        testing: The number of samples of a validation batch is a multiple of this.
        samples_per_step: Returns the samples of one train step for a batch size.

    Returns:
        The arguments for Keras, and sentences about differences from Keras' defaults.

    Raises:
        InputError: If there are too few samples for a single step.
    """
    chosen, said = dict(fit), list[str]()
    num = _num_rows(fit.get("x"))
    if fit.get("batch_size") is not None or num is None:
        return chosen, said
    size = samples_per_step(KERAS_BATCH_SIZE)
    times = 1 if size % training == 0 else KERAS_BATCH_SIZE * training // size
    size *= times
    validates = fit.get("validation_data") is not None or fit.get("validation_split")
    if size != KERAS_BATCH_SIZE:
        chosen["batch_size"] = size
        named = f"{times} * " * (times > 1) + f"model.samples_per_step({KERAS_BATCH_SIZE})"
        said.append(f"No batch_size is given: each train step takes {size} samples, {named}.")
        if validates and fit.get("validation_batch_size") is None:
            chosen["validation_batch_size"] = evaluation_batch_size(testing)
    split = 0.0 if fit.get("validation_data") is not None else fit.get("validation_split") or 0.0
    trained = math.floor(num * (1 - split))
    held = num - trained
    if split and not 0 < trained < num:
        return chosen, said  # Keras says what is wrong.
    if trained < training:
        raise InputError(
            f"x: expected at least {training} samples to train on, as one train step shares them "
            f"out, got {trained}."
        )
    surplus, unheld = trained % training, held % testing
    if not surplus and not unheld:
        return chosen, said
    leaves = tf.nest.flatten((fit.get("x"), fit.get("y")))
    if any(_num_rows(leaf) != num for leaf in leaves if leaf is not None):
        return chosen, said  # Keras says what is wrong.
    given = fit.get("x"), fit.get("y")
    chosen["x"], chosen["y"] = _rows(given, 0, trained - surplus)
    if split:
        x, y = _rows(given, trained, num - unheld)
        chosen["validation_split"] = 0.0
        chosen["validation_data"] = (x,) if y is None else (x, y)
    for left, of, share in ((surplus, trained, training), (unheld, held, testing)):
        if left:
            said.append(
                f"The last {left} of {of} samples are left out, as batches are shared out into "
                f"{share} equal parts."
            )
    return chosen, said


def evaluation_batch_size(multiple: int) -> int:
    """Returns the default batch size for evaluation: Keras' own, or one that divides evenly."""
    return KERAS_BATCH_SIZE if KERAS_BATCH_SIZE % multiple == 0 else KERAS_BATCH_SIZE * multiple


def check_batch_sizes(
    fit: Mapping[str, Any],
    training: int,
    testing: int,
    samples_per_step: Callable[[int], int] = lambda size: size,
) -> None:
    """Checks that batches of arrays divide evenly. Datasets are checked step by step.

    Args:
        fit: The arguments of `fit`, by name.
        training: The number of samples of a training batch is a multiple of this.
        testing: The number of samples of a validation batch is a multiple of this.
        samples_per_step: Returns the samples of one train step for a batch size.

    Raises:
        InputError: If a batch size or a number of samples does not fit.
    """
    size, num = fit.get("batch_size") or KERAS_BATCH_SIZE, _num_rows(fit.get("x"))
    split = fit.get("validation_split") or 0.0
    trained = None if num is None else math.floor(num * (1 - split))
    held = _num_rows(fit.get("validation_data"))
    if held is None and split and num is not None and trained is not None:
        held = num - trained
    if fit.get("steps_per_epoch") is None:
        named = ""
        if samples_per_step(size) != size:
            times = size * training // samples_per_step(size)
            named = f" ({f'{times} * ' * (times > 1)}model.samples_per_step({size}))"
        _check_batch_size("x", trained, "batch_size", size, training, named)
    if fit.get("validation_steps") is None:
        size = fit.get("validation_batch_size") or size
        _check_batch_size("validation_data", held, "validation_batch_size", size, testing)


def _check_batch_size(
    data: str, num: int | None, argument: str, size: int, multiple: int, named: str = ""
) -> None:
    if num is None or (num % size % multiple == 0 and (num < size or size % multiple == 0)):
        return
    if num >= size and size % multiple:
        raise InputError(
            f"{argument}: expected a multiple of {multiple}, as each batch is shared out, got "
            f"{size}; with {size * multiple}{named} every share has {size}."
        )
    raise InputError(
        f"{data}: expected a number of samples that is a multiple of {multiple}, as each batch is "
        f"shared out and the last one here has {num % size}, got {num}; leave out "
        f"{num % multiple}, or give a tf.data.Dataset, batched with drop_remainder=True."
    )


def _num_rows(data: Any) -> int | None:
    """Returns the number of samples of arrays; None for other data."""
    parts = unpacked(data)
    first = next(iter(parts.values() if isinstance(parts, Mapping) else parts), None)
    if isinstance(first, (np.ndarray, tf.Tensor)) and len(first.shape) > 0:
        return int(first.shape[0])
    return None


def _rows(data: Any, start: int, stop: int) -> Any:
    return tf.nest.map_structure(lambda rows: None if rows is None else rows[start:stop], data)


def some_rows(data: Any, size: int) -> Any:
    """Returns a batch of samples spread over arrays; None for other data.

    Args:
        data: The data of `fit`.
        size: Number of samples.
    """
    num = _num_rows(data)
    if num is None:
        return None
    every = max(1, num // size)
    return tf.nest.map_structure(
        lambda rows: rows[::every][:size] if _num_rows(rows) == num else rows, data
    )


# ---------------------------------------------------------------------- the first batches


def read_ahead(iterator: Any, steps: int) -> tuple[list[Any], Any]:
    """Reads the next batches, and returns them with an iterator of the same next batches.

    They are read once: a pipeline is not started twice, and a generator loses nothing.

    Args:
        iterator: An iterator of batches, possibly distributed over several replicas.
        steps: Number of batches to read.

    Returns:
        The first batch, or one for each replica of this process; none at the end of the data. And
        the iterator that replaces `iterator` in the next execution.
    """
    read = list(itertools.islice(iterator, steps))
    if not read:
        return [], iterator
    if not isinstance(iterator, tf.data.Iterator):
        return _of_each_replica(read[0]), read
    # The iterator's own type, with unknown sizes, does not trace another graph.
    spec = iterator.element_spec
    first, *others = (_typed(tf.data.Dataset.from_tensors(batch), spec) for batch in read)
    for dataset in others:
        first = first.concatenate(dataset)
    return read[:1], iter(first)


def local_values(value: Any) -> list[Any]:
    """Returns the value of each replica of this process."""
    distributed = isinstance(value, tf.distribute.DistributedValues)
    return list(value.values) if distributed else [value]


def _of_each_replica(batch: Any) -> list[Any]:
    leaves = [local_values(leaf) for leaf in tf.nest.flatten(batch)]
    num = max(map(len, leaves), default=1)
    each = ([leaf[i] if len(leaf) == num else leaf[0] for leaf in leaves] for i in range(num))
    return [tf.nest.pack_sequence_as(batch, values) for values in each]


def _typed(dataset: tf.data.Dataset, spec: Any) -> tf.data.Dataset:
    return tf.data.experimental.from_variant(tf.data.experimental.to_variant(dataset), spec)


# ---------------------------------------------------------------------- within a graph


def num_samples(data: Any) -> tf.Tensor | None:
    """Returns the number of samples in this replica's batch, float32; None if it is unknown."""
    parts = (x for x in tf.nest.flatten(data) if isinstance(x, (np.ndarray, tf.Tensor)))
    first = next((x for x in map(tf.convert_to_tensor, parts) if x.shape.rank != 0), None)
    return None if first is None else tf.cast(tf.shape(first)[0], tf.float32)


def check_equal_shares(data: Any) -> list[tf.Operation]:
    """Checks, within a step, that all replicas have the same number of samples.

    Losses are means over a replica's own samples, so samples of a smaller batch would weigh more.
    The check costs nothing on a single replica, or if the number is static.

    Args:
        data: This replica's batch.

    Returns:
        The check, a control dependency of the step.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return []
    tensors = filter(tf.is_tensor, tf.nest.flatten(data, expand_composites=True))
    first = next((t for t in tensors if t.shape.rank != 0), None)
    if first is None or (first.shape.rank is not None and first.shape[0] is not None):
        return []
    own = tf.shape(first)[0]
    count = tf.cast(own, tf.float32)
    replicas = replica.num_replicas_in_sync
    total = replica.all_reduce(tf.distribute.ReduceOp.SUM, count)
    return asserted(
        tf.equal(total, replicas * count),
        f"Batches: {_EQUAL_SHARES.format(replicas=replicas)}, got",
        own,
        "on one of them, of a batch of",
        tf.cast(total, tf.int32),
        f"; {_DROP_REMAINDER}.",
    )


def check_shares_of(counts: Sequence[int]) -> None:
    """Checks that all replicas have the same number of samples.

    Raises:
        InputError: If they differ.
    """
    if len(set(counts)) > 1:
        raise InputError(
            f"Batches: {_EQUAL_SHARES.format(replicas=len(counts))}, got {min(counts)} on one of "
            f"them, of a batch of {sum(counts)}; {_DROP_REMAINDER}."
        )


_EQUAL_SHARES = "expected as many samples on each of {replicas} replicas"
_DROP_REMAINDER = (
    "batch a tf.data.Dataset with drop_remainder=True, by a multiple of the number of replicas"
)

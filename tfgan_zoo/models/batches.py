"""What `fit` and its like are given, looked at before a train step sees it."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.models.arguments import check_range


def unpacked(data: Any) -> Any:
    """Returns the parts of a batch, a dict or a list, however Keras packs what it is given.

    `fit((a, b))` gives a step `((a, b),)`, and `train_on_batch(a, b)` gives it `(a, b, None)`.

    Example:
        >>> unpacked((("a", "b"),)), unpacked(("a", "b", None)), unpacked(({"a": 1}, None, None))
        (['a', 'b'], ['a', 'b'], {'a': 1})
    """
    if not isinstance(data, (list, tuple)):
        return data if isinstance(data, Mapping) else [data]
    parts = list(data)
    while parts and parts[-1] is None:
        parts.pop()
    nested = len(parts) == 1 and isinstance(parts[0], (list, tuple, Mapping))
    return unpacked(parts[0]) if nested else parts


def parts_of(data: Any, names: Sequence[str]) -> list[Any]:
    """Returns the parts of a batch in order, of a dict those of these names that it has."""
    parts = unpacked(data)
    if isinstance(parts, Mapping):
        return [parts[name] for name in names if name in parts]
    return parts


def what_came(data: Any) -> str:
    """Says what a batch consists of, for a message about what it lacks."""
    parts = unpacked(data)
    if isinstance(parts, Mapping):
        return f"a dict with the keys {', '.join(map(str, parts))}"
    return f"{len(parts)} part{'s' * (len(parts) != 1)}"


def check_cut(fit: Mapping[str, Any], training: int, testing: int) -> None:
    """Checks that arrays make batches that can be shared out; those of datasets are not known.

    Args:
        fit: the arguments that `fit` was given, by name.
        training: what the number of samples of a batch is to be a multiple of.
        testing: the same of a batch to validate on.

    Raises:
        InputError: if a batch size or a number of samples does not fit.
    """
    size, num = fit.get("batch_size") or 32, _num_rows(fit.get("x"))  # Keras' default
    split = fit.get("validation_split") or 0.0
    trained = None if num is None else math.floor(num * (1 - split))
    held = _num_rows(fit.get("validation_data"))
    if held is None and split and num is not None and trained is not None:
        held = num - trained
    if fit.get("steps_per_epoch") is None:
        _check_cut("x", trained, "batch_size", size, training)
    if fit.get("validation_steps") is None:
        size = fit.get("validation_batch_size") or size
        _check_cut("validation_data", held, "validation_batch_size", size, testing)


def _check_cut(data: str, num: int | None, argument: str, size: int, multiple: int) -> None:
    if num is None or (num % size % multiple == 0 and (num < size or size % multiple == 0)):
        return
    if num >= size and size % multiple:
        raise InputError(
            f"{argument}: expected a multiple of {multiple}, as each batch is shared out, got "
            f"{size}; with {size * multiple} every share has {size}."
        )
    raise InputError(
        f"{data}: expected a number of samples that is a multiple of {multiple}, as each batch is "
        f"shared out and the last one here has {num % size}, got {num}; leave out "
        f"{num % multiple}, or give a tf.data.Dataset, batched with drop_remainder=True."
    )


def _num_rows(data: Any) -> int | None:
    """How many samples arrays have; None for all else that `fit` takes."""
    parts = unpacked(data)
    first = next(iter(parts.values() if isinstance(parts, Mapping) else parts), None)
    return len(first) if isinstance(first, (np.ndarray, tf.Tensor)) else None


def look_ahead(iterator: tf.data.Iterator, names: Sequence[str], steps: int) -> tf.data.Iterator:
    """Checks the range of the next batch, and returns an iterator of the same next batches.

    They are read once: a pipeline is not started twice, and a generator loses nothing.

    Args:
        iterator: of batches, of which so many are taken.
        names: of a batch's parts.
        steps: how many batches are asked for next.

    Raises:
        InputError: if images are floats in 0..255.
    """
    spec = iterator.element_spec
    if not any(_may_be_float_images(leaf) for leaf in tf.nest.flatten(spec)):
        return iterator
    read = list(itertools.islice(iterator, steps))
    if not read:
        return iterator
    for name, part in zip(names, parts_of(read[0], names), strict=False):
        if _may_be_float_images(part):
            check_range(part, f"Training batches{f', {name}' * (len(names) > 1)}")
    # Of the iterator's own type, which leaves sizes open: no other graph is traced for it.
    again = [_typed(tf.data.Dataset.from_tensors(batch), spec) for batch in read]
    first, *others = again
    for dataset in others:
        first = first.concatenate(dataset)
    return iter(first)


def read_ahead(iterator: tf.data.Iterator, steps: int) -> tuple[list[Any], tf.data.Iterator]:
    """Reads the next batches, and returns them with an iterator of the same batches.

    A pipeline is not started twice, and a generator loses nothing.

    Args:
        iterator: of batches, of which so many are taken.
        steps: how many batches are asked for next.
    """
    read = list(itertools.islice(iterator, steps))
    if not read:
        return [], iterator
    # Of the iterator's own type, which leaves sizes open: no other graph is traced for it.
    spec = iterator.element_spec
    first, *others = (_typed(tf.data.Dataset.from_tensors(batch), spec) for batch in read)
    for dataset in others:
        first = first.concatenate(dataset)
    return read, iter(first)


def _typed(dataset: tf.data.Dataset, spec: Any) -> tf.data.Dataset:
    return tf.data.experimental.from_variant(tf.data.experimental.to_variant(dataset), spec)


def _may_be_float_images(leaf: Any) -> bool:
    tensor = isinstance(leaf, (tf.Tensor, tf.TensorSpec))
    return tensor and leaf.dtype.is_floating and leaf.shape.rank in (None, 4)

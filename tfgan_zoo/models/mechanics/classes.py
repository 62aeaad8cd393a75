"""Checks that the networks of a conditional model know the classes of its data."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import calls_of, num_classes_of
from tfgan_zoo.layers import ConditionalBatchNormalization


def check_labels(
    labels: Any, networks: Sequence[keras.Model], position: int, name: str, advice: str = ""
) -> None:
    """Checks that labels number classes, and that networks know all of these.

    TensorFlow embeds an unknown class as zeros on a GPU, and `one_hot` does so anywhere.

    Args:
        labels: Whole numbers, of any shape.
        networks: Functional networks, of which those with such an input are looked into.
        position: The place of the labels among a network's inputs.
        name: What to call the labels in a message.
        advice: The end of the message about a class that is not known.

    Raises:
        InputError: If a label is negative, or a network does not know its class.
    """
    seen = np.unique(np.asarray(labels))
    if not len(seen):
        return
    low, high = int(seen[0]), int(seen[-1])
    if low < 0:
        raise InputError(
            f"{name}: expected numbers from 0 up, got {low}; number the classes 0, 1, 2, ... and "
            "leave samples without a class out."
        )
    for network in networks:
        for layer, known, numbers in lookups(network, position, seen):
            wrong = seen[((numbers < 0) | (numbers >= known)).reshape(len(seen), -1).any(axis=1)]
            if len(wrong):
                classes = f"class {low}" if low == high else f"classes from {low} to {high}"
                raise InputError(
                    f"{name}: expected the {known} classes that layer {layer!r} of "
                    f"{network.name!r} knows, got {classes}, of which it does not know "
                    f"{int(wrong[0])}; {advice or _ADVICE.format(high + 1)}."
                )


_ADVICE = "make networks for {} classes, or leave the others out"


def lookups(
    network: keras.Model, position: int, labels: np.ndarray
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Yields what a functional network looks up by labels alone.

    Args:
        network: The network.
        position: The place of the labels among its inputs.
        labels: Whole numbers, shape `[num]`.

    Yields:
        The name of a layer that embeds or encodes classes, the number of classes it knows, and the
        numbers that it gets for the labels, one or several for each.
    """
    inputs = getattr(network, "inputs", None) or []
    if position >= len(inputs) or not _is_integer(inputs[position]):
        return
    sizes = [1 if size is None else size for size in inputs[position].shape[1:]]
    shape = (len(labels), *(1 for _ in sizes))
    full = np.broadcast_to(labels.reshape(shape), (len(labels), *sizes))
    yield from _lookups(network, position, full.astype(inputs[position].dtype))


def _lookups(
    network: keras.Model, position: int, labels: Any
) -> Iterator[tuple[str, int, np.ndarray]]:
    values = {id(network.inputs[position]): labels}
    # A sequential model has no calls of its own.
    for call in calls_of(keras.Function(network.inputs, network.outputs)):
        known = num_classes_of(call.operation)
        alone = bool(call.inputs) and all(id(each) in values for each in call.inputs)
        if isinstance(call.operation, keras.Model):
            for place, each in enumerate(call.inputs):
                if id(each) in values and getattr(call.operation, "inputs", None):
                    yield from _lookups(call.operation, place, values[id(each)])
        elif isinstance(call.operation, ConditionalBatchNormalization):
            classes, count = values.get(id(call.inputs[1])), call.operation.num_classes
            if classes is not None and count is not None:
                yield call.operation.name, count, np.asarray(classes)
        elif known is not None and alone:
            yield call.operation.name, known, np.asarray(values[id(call.inputs[0])])
        elif alone and all(map(_is_integer, call.outputs)):
            args, kwargs = call.fill_in(values)
            made = keras.tree.flatten(call.operation(*args, **kwargs))
            values |= {id(out): each for out, each in zip(call.outputs, made, strict=True)}


def _is_integer(tensor: Any) -> bool:
    return "int" in keras.backend.standardize_dtype(tensor.dtype)

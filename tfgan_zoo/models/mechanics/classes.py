"""Labels of classes: checked, converted, and looked up by name."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import calls_of, num_classes_of
from tfgan_zoo.layers import ConditionalBatchNormalization
from tfgan_zoo.models.mechanics import parts
from tfgan_zoo.models.mechanics.arguments import stack_images
from tfgan_zoo.suggestions import nearest


def check_class_names(names: Sequence[str], num_classes: int | None) -> tuple[str, ...]:
    """Returns the names of classes as a tuple; empty if they have none.

    Raises:
        InputError: If a name is no text, empty or occurs twice, or there are more or fewer than
            classes.
    """
    # The exported model returns an empty name for a number of no class.
    if not isinstance(names, (list, tuple)) or not all(n and isinstance(n, str) for n in names):
        raise InputError(f"class_names: expected a list of texts, none empty, got {names!r}.")
    if len(names) not in (0, num_classes or len(names)):
        raise InputError(
            f"class_names: expected {num_classes} names, one for each class, got {len(names)}."
        )
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise InputError(f"class_names: expected different names, got {twice!r} twice.")
    return tuple(names)


def numbers_of_names(labels: Any, names: Sequence[str], argument: str) -> np.ndarray:
    """Returns the numbers of classes that are given by name.

    Args:
        labels: Names, of any shape.
        names: The names of all classes, by number; empty if they are not known.
        argument: What to call the labels in a message.

    Raises:
        InputError: If there is no such class.
    """
    labels = np.asarray(labels)
    numbers = {name: number for number, name in enumerate(names)}
    for label in labels.reshape(-1).tolist():
        if label not in numbers:
            if not names:
                raise InputError(
                    f"{argument}: expected class numbers, as the model has no class_names, got "
                    f"{label!r}."
                )
            advice = f"choose from {', '.join(names)}"
            raise InputError(
                f"{argument}: there is no class {label!r}{nearest(label, names, advice)}"
            )
    return np.array([numbers[n] for n in labels.reshape(-1).tolist()], int).reshape(labels.shape)


def class_numbers(labels: Any, num_classes: int, name: str) -> tf.Tensor:
    """Returns labels as class numbers, int32 `[B]`.

    Values that are not there yet, those of a graph, are checked when they are.

    Args:
        labels: Whole numbers `[B]`, or rows of `num_classes` numbers of any type that are exactly
            one-hot.
        num_classes: Number of classes.
        name: What to call the labels in a message.

    Raises:
        InputError: If they are anything else, or a number is out of range.
    """
    values = tf.convert_to_tensor(stack_images(labels, name))
    if values.shape.rank == 2 and values.shape[1] != 1:
        if values.shape[1] not in (None, num_classes):
            raise InputError(
                f"{name}: expected class numbers, shape (batch), or one-hot rows, shape (batch, "
                f"{num_classes}), got {tuple(values.shape)}."
            )
        values = parts.with_shape(values, (num_classes,), name)
        if values.dtype == tf.bool:
            values = tf.cast(values, tf.int32)
        exact = (values == 0) | (values == 1)
        ones = tf.reduce_sum(tf.cast(values == 1, tf.int32), axis=1)
        fits = tf.reduce_all(exact) & tf.reduce_all(ones == 1)
        expected = f"{name}: expected class numbers, or rows of zeros and a single one, got others"
        return _if_fits(tf.argmax(values, axis=1, output_type=tf.int32), fits, f"{expected}.")
    values = parts.with_shape(values, (), name)
    if not values.dtype.is_integer:
        raise InputError(f"{name}: expected whole numbers, got type {values.dtype.name}.")
    values = tf.cast(values, tf.int64)
    low, high = tf.reduce_min(values), tf.reduce_max(values)
    fits = (low >= 0) & (high < num_classes)
    wrong = tf.where(low < 0, low, high)
    expected = f"{name}: expected numbers from 0 to {num_classes - 1}, got"
    advice = f"; the model knows {num_classes} classes, num_classes={num_classes}."
    return _if_fits(tf.cast(values, tf.int32), fits, expected, wrong, advice)


def _if_fits(numbers: tf.Tensor, fits: tf.Tensor, *said: Any) -> tf.Tensor:
    if tf.executing_eagerly():
        if not fits:
            shown = [each if isinstance(each, str) else f" {int(each)}" for each in said]
            raise InputError("".join(shown))
        return numbers
    with tf.control_dependencies(parts.asserted(fits, *said)):
        return tf.identity(numbers)


def numbers_or_mixtures(labels: np.ndarray, num_classes: int, name: str) -> np.ndarray:
    """Returns class numbers, int32 `[B]`, or mixtures of classes, float32 `[B, num_classes]`.

    Raises:
        InputError: If a class is not known, or the weights of a mixture do not add up to 1.
    """
    if labels.ndim != 2 or labels.shape[1] != num_classes or labels.dtype.kind != "f":
        return class_numbers(labels, num_classes, name).numpy()
    sums = labels.sum(axis=1)
    if not ((labels >= 0).all() and np.allclose(sums, 1, atol=1e-4)):
        raise InputError(
            f"{name}: expected weights of classes from 0 up, whose sum is 1 in each row, got "
            f"weights from {labels.min():g} up and sums from {sums.min():g} to {sums.max():g}."
        )
    if ((labels == 0) | (labels == 1)).all():
        return labels.argmax(axis=1).astype(np.int32)
    return labels.astype(np.float32)


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

"""Keras' functional models, run piece by piece."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import Call, calls_of, num_classes_of
from tfgan_zoo.layers import ConditionalBatchNormalization


def graph_of(network: keras.Model) -> keras.Model:
    """Returns a Sequential model as a functional one of the same layers; any other as it is."""
    if isinstance(network, keras.Sequential):
        return keras.Model(network.inputs, network.outputs, name=network.name)
    return network


def is_plain(layer: Any) -> bool:
    """Returns whether a layer is a functional or Sequential model without a `call` of its own."""
    kind = isinstance(layer, (keras.Function, keras.Sequential))
    return kind and type(layer).__module__.startswith("keras.")


def as_functional(network: keras.Model) -> keras.Model | None:
    """Returns a network as its graph of layers; None if it has another `call` or more outputs."""
    if not is_plain(network):
        return None
    graph = graph_of(network)
    return graph if len(graph.outputs) == 1 else None


def inputs_of(network: keras.Model, values: Any) -> dict[int, tf.Tensor]:
    """Returns values for a functional network's inputs, by the inputs' identities."""
    pairs = zip(network.inputs, tf.nest.flatten(values), strict=True)
    return {id(x): tf.cast(value, x.dtype) for x, value in pairs}


def run_calls(
    calls: Sequence[Call], values: dict[int, tf.Tensor], training: bool
) -> dict[int, tf.Tensor]:
    """Returns `values`, by the identities of symbolic tensors, with the outputs of some calls."""
    values = dict(values)
    for call in calls:
        args, kwargs = call.fill_in(values)
        # Every Keras layer takes `training`, also one whose `call` does not.
        if isinstance(call.operation, keras.layers.Layer):
            kwargs["training"] = training
        outputs = call.operation(*args, **kwargs)
        values |= zip(map(id, call.outputs), tf.nest.flatten(outputs), strict=True)
    return values


def run_for_each(
    network: keras.Model, first: tf.Tensor, seconds: Sequence[tf.Tensor], training: bool
) -> list[tf.Tensor]:
    """Returns `network([first, second])` for each second; the rest is computed once.

    Args:
        network: A network of two inputs and one output. One that is no functional model runs for
            each second.
        first: The first input.
        seconds: Second inputs.
        training: Whether layers run in training mode.
    """
    graph = as_functional(network)
    if graph is None:
        return [network([first, second], training=training) for second in seconds]
    calls, depends = calls_of(graph), {id(graph.inputs[1])}
    for call in calls:
        if any(id(x) in depends for x in call.inputs):
            depends |= set(map(id, call.outputs))
    once = [call for call in calls if id(call.outputs[0]) not in depends]
    each = [call for call in calls if id(call.outputs[0]) in depends]
    answers = []
    shared: dict[int, tf.Tensor] = {}
    for second in seconds:
        values = inputs_of(graph, [first, second])
        shared = shared or run_calls(once, values, training)
        values = run_calls(each, shared | values, training)
        answers.append(values[id(graph.outputs[0])])
    return answers


def run_on_mixtures(
    network: keras.Model, inputs: Sequence[Any], place: int, training: bool
) -> tf.Tensor:
    """Returns a network's outputs, float32, for mixtures of classes in place of class numbers.

    Where the network embeds or encodes a class, the weighted mean over classes takes its place, and
    so it does for scales and offsets of conditional normalisation.

    Args:
        network: A functional network.
        inputs: Its inputs, with weights `[B, num_classes]` as the label.
        place: The label's place among them.
        training: Whether layers run in training mode.

    Raises:
        InputError: If the network uses class numbers in any other way; see `check_mixes`.
    """
    graph = graph_of(network)
    weights = tf.cast(inputs[place], tf.float32)
    numbers = tf.zeros([tf.shape(weights)[0]], tf.int32)
    values = inputs_of(graph, [*inputs[:place], numbers, *inputs[place + 1 :]])
    values.pop(id(graph.inputs[place]))
    return tf.cast(_mixed(graph, values, {id(graph.inputs[place])}, weights, training), tf.float32)


def check_mixes(network: keras.Model, place: int) -> None:
    """Checks that a network can be run on mixtures of classes: see `run_on_mixtures`.

    Args:
        network: The network.
        place: The label's place among its inputs.

    Raises:
        InputError: If it uses class numbers in any other way than to embed or encode them.
    """
    if as_functional(network) is None:
        raise _unmixable(network, network)
    graph = graph_of(network)
    for call in calls_of(graph):
        told = [i for i, x in enumerate(call.inputs) if x is graph.inputs[place]]
        if not told or (num_classes_of(call.operation) is not None and len(call.inputs) == 1):
            continue
        if isinstance(call.operation, ConditionalBatchNormalization) and told == [1]:
            continue
        if len(told) > 1 or not is_plain(call.operation) or len(call.outputs) != 1:
            raise _unmixable(graph, call.operation)
        check_mixes(call.operation, told[0])


def _mixed(
    graph: keras.Model, values: dict[int, Any], labels: set[int], weights: tf.Tensor, training: bool
) -> tf.Tensor:
    """Runs a functional network; `labels` are the identities of its inputs that are classes."""
    for call in calls_of(graph):
        told = [id(x) in labels for x in call.inputs]
        operation = call.operation
        if not any(told):
            values = run_calls([call], values, training)
        elif num_classes_of(operation) is not None and len(told) == 1:
            # What the layer makes of each class: a table with a row for each.
            table = operation(tf.range(num_classes_of(operation)))
            mean = tf.matmul(weights, tf.cast(table, tf.float32))
            values[id(call.outputs[0])] = tf.cast(mean, table.dtype)
        elif isinstance(operation, ConditionalBatchNormalization) and told == [False, True]:
            inputs = [values[id(call.inputs[0])], weights]
            values[id(call.outputs[0])] = operation(inputs, training=training)
        elif is_plain(operation) and len(call.outputs) == 1:
            inner = graph_of(operation)
            pairs = list(zip(inner.inputs, call.inputs, strict=True))
            known = {id(x): values[id(y)] for x, y in pairs if id(y) not in labels}
            classes = {id(x) for x, y in pairs if id(y) in labels}
            values[id(call.outputs[0])] = _mixed(inner, known, classes, weights, training)
        else:
            raise _unmixable(graph, operation)
    return values[id(graph.outputs[0])]


def _unmixable(network: keras.Model, operation: Any) -> InputError:
    return InputError(
        f"label: expected class numbers, as layer {operation.name!r} of {network.name!r} cannot "
        "take mixtures of classes, got mixtures; a network that takes classes through Embedding "
        "layers alone can."
    )


def hands_on(network: keras.Model, layer: Any, values: np.ndarray, images: np.ndarray) -> bool:
    """Returns whether a network's output is one image where a layer returns some values.

    Layers may reshape what it returns. Those that scale it, bend it, move it or add to it do not
    hand it on.

    Args:
        network: The network.
        layer: One of its layers.
        values: What it returns for one image, at every place if it returns maps.
        images: The image.
    """
    try:
        output = layer.output
        ends = output is network.outputs[0]
        rest = None if ends else keras.Model(output, network.outputs[0])
    except (AttributeError, ValueError):  # used more than once, or one of several branches
        return False
    made = tf.constant(np.broadcast_to(values, [1, *output.shape[1:]]))
    made = tf.cast(made if rest is None else rest(made, training=False), tf.float32).numpy()[0]
    return made.shape == images.shape and np.allclose(made, images, rtol=1e-2, atol=1e-2)

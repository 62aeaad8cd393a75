"""Keras' functional models, run piece by piece."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


def graph_of(network: keras.Model) -> keras.Model:
    """Returns the functional model that a Sequential one is inside; any other as it is."""
    return getattr(network, "_functional", None) or network


def as_functional(network: keras.Model) -> keras.Model | None:
    """Returns a network as the graph of layers that it is; None if it has a `call` of its own."""
    network = graph_of(network)
    plain = type(network).__name__ == "Functional"
    return network if plain and len(network.outputs) == 1 else None


def nodes_of(network: keras.Model) -> list[Any]:
    """Returns a functional network's operations in the order in which Keras runs them."""
    by_depth = network._nodes_by_depth
    return [
        n for depth in sorted(by_depth, reverse=True) for n in by_depth[depth] if not n.is_input
    ]


def inputs_of(network: keras.Model, values: Any) -> dict[int, tf.Tensor]:
    """Returns values for a functional network's inputs, by the inputs' identities."""
    pairs = zip(network.inputs, tf.nest.flatten(values), strict=True)
    return {id(x): tf.cast(value, x.dtype) for x, value in pairs}


def run_nodes(
    nodes: Sequence[Any], values: dict[int, tf.Tensor], training: bool
) -> dict[int, tf.Tensor]:
    """Returns `values`, by the identities of symbolic tensors, with the outputs of some nodes."""
    values = dict(values)
    for node in nodes:
        args, kwargs = node.arguments.fill_in(values)
        if "training" in getattr(node.operation, "_call_context_args", {}):
            kwargs["training"] = training
        outputs = node.operation(*args, **kwargs)
        values |= zip(map(id, node.outputs), tf.nest.flatten(outputs), strict=True)
    return values


def run_for_each(
    network: keras.Model, first: tf.Tensor, seconds: Sequence[tf.Tensor], training: bool
) -> list[tf.Tensor]:
    """Returns `network([first, second])` for each second; what needs no second is computed once.

    Args:
        network: of two inputs and one output. One that is no functional model runs for each.
        first: the first input.
        seconds: second inputs.
        training: whether layers are to train.
    """
    graph = as_functional(network)
    if graph is None:
        return [network([first, second], training=training) for second in seconds]
    nodes, depends = nodes_of(graph), {id(graph.inputs[1])}
    for node in nodes:
        if any(id(x) in depends for x in node.input_tensors):
            depends |= set(map(id, node.outputs))
    once = [node for node in nodes if id(node.outputs[0]) not in depends]
    each = [node for node in nodes if id(node.outputs[0]) in depends]
    answers = []
    shared: dict[int, tf.Tensor] = {}
    for second in seconds:
        values = inputs_of(graph, [first, second])
        shared = shared or run_nodes(once, values, training)
        values = run_nodes(each, shared | values, training)
        answers.append(values[id(graph.outputs[0])])
    return answers

"""Rematerialization: features are computed again in the backward pass, to save memory."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import Call, calls_of
from tfgan_zoo.models.mechanics.functional import as_functional, inputs_of, run_calls


def rematerialized(network: keras.Model, inputs: Any) -> tf.Tensor:
    """Returns `network(inputs, training=True)` and keeps few features for the backward pass.

    A backward pass needs the features of every layer, and they take most of the memory in training.
    Here the network is cut into stretches where the fewest features cross. Only those are kept; the
    others are computed a second time in the backward pass. Results, gradients and the state of
    layers are the same; the forward pass runs twice (Chen et al. 2016,
    https://arxiv.org/abs/1604.06174).

    Args:
        network: A functional Keras model of one output; any other is called directly.
        inputs: Its inputs, with known shapes except for the batch axis.

    Raises:
        InputError: If layers add losses of their own.

    Example:
        >>> layers = [keras.layers.Dense(1, kernel_initializer="ones"), keras.layers.ReLU()]
        >>> network = keras.Sequential([keras.Input((1,)), *layers])
        >>> x = tf.constant([[2.0]])
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = rematerialized(network, x)
        >>> tape.gradient(y, x).numpy().tolist()
        [[1.0]]
    """
    graph = as_functional(network)
    if graph is None:
        return network(inputs, training=True)
    values = inputs_of(graph, inputs)
    calls = calls_of(graph)
    for start, stop in _stretches(graph, calls, _sizes(graph, calls, values)):
        stretch = calls[start:stop]
        used = {id(x) for call in stretch for x in call.inputs}
        made = {id(x) for call in stretch for x in call.outputs}
        needs = [i for i in _crossing(graph, calls, start) if i in used]
        wanted = [i for i in _crossing(graph, calls, stop) if i in made]
        outputs = _forgetting(stretch, needs, wanted, [values[i] for i in needs])
        values |= dict(zip(wanted, outputs, strict=True))
    return values[id(graph.outputs[0])]


# ---------------------------------------------------------------------- one stretch


def _forgetting(
    calls: Sequence[Call], needs: list[int], wanted: list[int], inputs: list[tf.Tensor]
) -> Sequence[tf.Tensor]:
    """Runs calls whose gradient runs them again; the state of their layers changes once."""
    layers = [c.operation for c in calls if isinstance(c.operation, keras.Layer)]
    weights = _unique(v for layer in layers for v in layer.trainable_variables)
    state = _unique(v for layer in layers for v in layer.non_trainable_variables)
    before = [(v, tf.convert_to_tensor(v.value)) for v in state]
    after: list[Any] = []

    def run(inputs, weight_values):
        mapping = [*zip(weights, weight_values, strict=True), *before]
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
            values = run_calls(calls, dict(zip(needs, inputs, strict=True)), training=True)
        if scope.losses:
            names = ", ".join(layer.name for layer in layers)
            raise InputError(
                "rematerialize=True: expected layers that add no losses, got some with "
                f"activity_regularizer or add_loss among {names}."
            )
        after[:] = after or [scope.get_current_value(v) for v in state]
        return [values[i] for i in wanted]

    @tf.custom_gradient
    def forward(*tensors):
        split = len(inputs)
        outputs = run(tensors[:split], tensors[split:])

        def gradient(*upstream):
            late = [_after(x, upstream[0]) for x in tensors[:split]]
            sources = [*late, *tensors[split:]]
            floats = [x for x in sources if x.dtype.is_floating]  # no labels
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(floats)
                again = run(late, tensors[split:])
            found = iter(tape.gradient(again, floats, upstream, unconnected_gradients="zero"))
            return [next(found) if x.dtype.is_floating else None for x in sources]

        return outputs, gradient

    outputs = forward(*inputs, *(tf.convert_to_tensor(v.value) for v in weights))
    for (variable, old), new in zip(before, after, strict=True):
        if new is not None and new is not old:
            variable.assign(new)
    return outputs


def _after(x: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
    """Returns `x` once `upstream` has been computed; XLA respects the order, too."""
    some = tf.reduce_max(tf.reshape(upstream, [-1])[:1])
    # Not zero times `some`: an infinite gradient would become NaN elsewhere.
    return x + tf.cast(tf.where(some == some, tf.zeros_like(some), some), x.dtype)


# ---------------------------------------------------------------------- where to cut


def _sizes(
    network: keras.Model, calls: Sequence[Call], values: dict[int, tf.Tensor]
) -> dict[int, int]:
    """Returns the number of values per sample of each tensor, given the inputs."""
    specs = {
        id(x): keras.KerasTensor((None, *values[id(x)].shape[1:]), x.dtype) for x in network.inputs
    }
    for call in calls:
        args, kwargs = call.fill_in(specs)
        outputs = call.operation.compute_output_spec(*args, **kwargs)
        specs |= zip(map(id, call.outputs), tf.nest.flatten(outputs), strict=True)
    return {i: math.prod(n or 1 for n in spec.shape[1:]) for i, spec in specs.items()}


def _crossing(network: keras.Model, calls: Sequence[Call], cut: int) -> list[int]:
    """Returns the tensors made before a cut and used after it."""
    made = _unique([*network.inputs, *(x for call in calls[:cut] for x in call.outputs)])
    used = [*network.outputs, *(x for call in calls[cut:] for x in call.inputs)]
    later = set(map(id, used))
    return [id(x) for x in made if id(x) in later]


def _stretches(
    network: keras.Model, calls: Sequence[Call], sizes: dict[int, int]
) -> list[tuple[int, int]]:
    """Returns the cuts that keep least: the crossing tensors, and all of the largest stretch."""
    made = [sum(sizes[id(x)] for x in call.outputs) for call in calls]
    crossing = [_crossing(network, calls, cut) for cut in range(len(calls) + 1)]
    loads = [sum(sizes[i] for i in ids) for ids in crossing]

    def cuts(room: float) -> list[int]:
        found = [0]
        while found[-1] < len(calls):
            start = found[-1]
            stop = start + 1
            while stop < len(calls) and sum(made[start : stop + 1]) <= room:
                stop += 1
            if stop < len(calls):
                stop = min(range(start + 1, stop + 1), key=lambda cut: (loads[cut], -cut))
            found.append(stop)
        return found

    def kept(found: list[int]) -> int:
        across = {i for cut in found for i in crossing[cut]}
        largest = max(sum(made[a:b]) for a, b in itertools.pairwise(found))
        return sum(sizes[i] for i in across) + largest

    tries = [cuts(sum(made) / parts) for parts in range(1, len(calls) + 1)]
    best = min(tries, key=kept)
    return list(itertools.pairwise(best))


def _unique(things: Any) -> list[Any]:
    return list({id(x): x for x in things}.values())

"""The private names of Keras and TensorFlow that the zoo depends on, each in one function.

Every room may import this file: layers, models and runs need parts of it.
`tests/test_keras_internals.py` names each of them and says what to do when it is gone.
"""

import collections
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

# ---------------------------------------------------------------------- layers and graphs


def layers_of(network: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Returns a network and all layers in it, also those inside of layers."""
    return list(network._flatten_layers())


class Call(NamedTuple):
    """One call of a layer or an operation in a functional network.

    Attributes:
        operation: What is called.
        inputs: The symbolic tensors among its arguments.
        outputs: The symbolic tensors that it returned.
        args: Its positional arguments, nested.
        kwargs: Its keyword arguments, nested.
    """

    operation: Any
    inputs: list[Any]
    outputs: list[Any]
    args: Any
    kwargs: Mapping[str, Any]

    def fill_in(self, values: Mapping[int, Any]) -> tuple[Any, dict[str, Any]]:
        """Returns the arguments with values for symbolic tensors, by the tensors' identities."""
        return keras.tree.map_structure(
            lambda x: values[id(x)] if isinstance(x, keras.KerasTensor) else x,
            (self.args, dict(self.kwargs)),
        )


def calls_of(network: keras.Model | keras.Function) -> list[Call]:
    """Returns the calls in a functional network in the order in which Keras runs them.

    Public ways see less: `keras.Function.operations` has each layer once, and `layer.output` is
    that of its first call, wherever that was. `keras.Model(intermediate, outputs)` makes new calls
    of the layers, which stay with them; and it takes a layer that returned one of the intermediate
    tensors for an input wherever else it is called.
    """
    by_depth = network._nodes_by_depth
    return [
        Call(
            node.operation,
            list(node.input_tensors),
            list(node.outputs),
            node.arguments.args,
            node.arguments.kwargs,
        )
        for depth in sorted(by_depth, reverse=True)
        for node in by_depth[depth]
        if not node.is_input
    ]


def num_classes_of(operation: Any) -> int | None:
    """Returns how many classes a layer or operation embeds or encodes by number; None for others.

    Keras has no public class for the operation of `keras.ops.one_hot` in a functional network.
    """
    while isinstance(operation, keras.layers.Wrapper):
        operation = operation.layer
    if isinstance(operation, keras.layers.Embedding):
        return operation.input_dim
    if isinstance(operation, keras.layers.CategoryEncoding):
        return operation.num_tokens
    return operation.num_classes if type(operation).__name__ == "OneHot" else None


def lambda_output_shape(layer: keras.layers.Lambda) -> Any:
    """Returns the `output_shape` that a `Lambda` layer was given."""
    return layer._output_shape


@contextlib.contextmanager
def uncounted_names() -> Iterator[None]:
    """Context after which layers without a name are named as if nothing was built within it."""
    from keras.src.backend.common import global_state

    key = "object_name_uids"
    before = dict(global_state.get_global_attribute(key) or {})
    try:
        yield
    finally:
        global_state.set_global_attribute(key, collections.defaultdict(int, before))


# ---------------------------------------------------------------------- optimizers and metrics

#: The attributes in which optimizers keep a list with one slot per variable.
SLOTS: dict[type, tuple[str, ...]] = {
    keras.optimizers.Adam: ("_momentums", "_velocities"),
    keras.optimizers.SGD: ("momentums",),
    keras.optimizers.RMSprop: ("_momentums", "_velocities", "_average_gradients"),
}


def slots_of(optimizer: keras.optimizers.Optimizer) -> dict[str, list[keras.Variable]] | None:
    """Returns an optimizer's slots, by their names without underscore.

    None if they are not where this file expects them, so that Keras has to apply the gradients.
    """
    names = SLOTS.get(type(optimizer), ())
    if not names or not all(hasattr(optimizer, name) for name in names):
        return None
    return {name.removeprefix("_"): getattr(optimizer, name) for name in names}


def slot_index(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> int:
    """Returns the place of a variable's slot in each list of `slots_of`."""
    return optimizer._get_variable_index(variable)


def is_built_with(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> bool:
    """Returns whether an optimizer was built with a variable."""
    inner = inner_optimizer(optimizer)
    return inner._var_key(variable) in inner._trainable_variables_indices


def inner_optimizer(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Returns the optimizer that one with loss scaling wraps; any other as it is."""
    scaled = isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)
    return optimizer.inner_optimizer if scaled else optimizer


def loss_scale(optimizer: keras.optimizers.Optimizer) -> Any:
    """Returns the factor by which an optimizer scales losses; None if it does not."""
    scaled = isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)
    return optimizer.dynamic_scale if scaled else None


def applied_updates(optimizer: keras.optimizers.Optimizer) -> keras.Variable:
    """Returns the counter of an optimizer's updates, with those that only accumulate gradients.

    The public `iterations` leaves the latter out.
    """
    return inner_optimizer(optimizer)._iterations


def add_to_mean(
    metric: keras.metrics.Mean, value: tf.Tensor, weight: tf.Tensor | None = None
) -> None:
    """Does what `update_state` does with a scalar, in two operations instead of a dozen."""
    metric.total.value.assign_add(value if weight is None else weight * value)
    metric.count.value.assign_add(1.0 if weight is None else weight)


def add_to_sum(metric: keras.metrics.Sum, value: tf.Tensor) -> None:
    """Does what `update_state` does with a scalar, in one operation."""
    metric.total.value.assign_add(value)


# ---------------------------------------------------------------------- the training loop


class BuiltModel(keras.Model):
    """A model that Keras need not build by a first batch."""

    def _maybe_symbolic_build(self, *args, **kwargs) -> None:
        # Keras would reduce the first distributed batch to infer shapes. That fails for uint8 on
        # several workers and for uneven batches, and the model is built already.
        pass


def distributed_function(model: keras.Model, step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Returns Keras' function of an iterator that runs a step on all replicas.

    It runs `steps_per_execution` of them, as a graph unless the model runs eagerly.
    """
    return model._make_function(step)


# ---------------------------------------------------------------------- distribution


def spans_workers(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether a strategy has replicas on several workers."""
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return several and strategy.extended._in_multi_worker_mode()


def worker_index(strategy: tf.distribute.MultiWorkerMirroredStrategy) -> int:
    """Returns the number of this worker."""
    return strategy.extended._id_in_cluster

"""The range of numbers that a network can return, by the activation that it ends in."""

import contextlib
import contextvars
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, warn_user
from tfgan_zoo.keras_internals import Call, calls_of
from tfgan_zoo.layers import PixelShuffle, StatelessDropout
from tfgan_zoo.models.mechanics.functional import graph_of


class Ending(NamedTuple):
    """The activation that a network ends in.

    Attributes:
        layer: Name of the layer or operation that applies it.
        activation: Name of the activation.
        low: The smallest number that it returns for inputs from -50 to 50.
        high: The largest.
    """

    layer: str
    activation: str
    low: float
    high: float


_checks_warn = contextvars.ContextVar("checks_warn", default=False)


@contextlib.contextmanager
def made_before() -> Iterator[None]:
    """A context in which `check_logits` only warns: the model is older than the check."""
    token = _checks_warn.set(True)
    try:
        yield
    finally:
        _checks_warn.reset(token)


def is_made_before() -> bool:
    """Returns whether this is within `made_before`, where later checks must not refuse a model."""
    return _checks_warn.get()


def check_logits(argument: str, discriminator: keras.Model) -> None:
    """Checks that a discriminator does not return probabilities.

    The losses apply the sigmoid themselves, or take scores of any size. A second sigmoid of
    probabilities, which lie in [0, 1], lies in [0.5, 0.73].

    Args:
        argument: Name of the discriminator in messages.
        discriminator: A network.

    Raises:
        InputError: If it returns probabilities or their logarithms. Within `made_before` this is a
            warning.
    """
    ending = ending_of(discriminator)
    if ending is None or not (ending.high <= 0 or (ending.low >= 0 and ending.high <= 1)):
        return
    what = "probabilities" if ending.high > 0 else "logarithms of probabilities"
    message = (
        f"{argument}: expected a network that returns logits, to which the loss applies what "
        f"activation it needs, got {what}, from the {ending.activation} of layer "
        f"{ending.layer!r}; leave that activation out."
    )
    if not is_made_before():
        raise InputError(message)
    warn_user(f"{message} It is used as it is, because it was made before this was checked.")


def check_reaches_images(argument: str, generator: keras.Model) -> None:
    """Warns if a generator's output cannot reach all of [-1, 1], the range of images.

    Args:
        argument: Name of the generator in messages.
        generator: A network that returns images.
    """
    ending = ending_of(generator)
    if ending is None or (ending.low <= -0.9 and ending.high >= 0.9):
        return
    low, high = (f"{round(x, 2) + 0.0:g}" for x in (ending.low, ending.high))
    span = f"[{low}, {high}]" if ending.high < 40 else f"from {low} up"
    if ending.low < -40:
        span = f"up to {high}"
    warn_user(
        f"{argument}: expected a network whose output can be anywhere in [-1, 1], as the images "
        f"are, got one that ends in the {ending.activation} of layer {ending.layer!r}, {span}; end "
        "it in tanh."
    )


def check_endings(model: Any) -> None:
    """Checks the outputs of a game's discriminators, and of generators of images and voxels.

    Args:
        model: A `Game` that has its networks as attributes.

    Raises:
        InputError: If a discriminator returns probabilities: see `check_logits`.
    """
    roles, names = model.roles(), {id(value): name for name, value in vars(model).items()}
    if model.takes_logits:
        for network in roles.get("discriminator", []):
            check_logits(names.get(id(network), network.name), network)
    # Loaded models were checked when they were created.
    if len(getattr(model, "image_shape", ())) in (3, 4) and not is_made_before():
        for network in roles.get("generator", []):
            check_reaches_images(names.get(id(network), network.name), network)


def ending_of(network: keras.Model) -> Ending | None:
    """Returns the last activation before a network's output; None if none is known.

    Layers that keep the range of numbers are skipped: reshaping, pooling, dropout, noise, casts.
    Clipping and scaling change the range. Averages, sums and the like combine the ranges of their
    inputs, if each has one. Nested models are searched. Any other layer after an activation ends
    the search.

    Args:
        network: A functional or Sequential model.
    """
    found = _of_tensor(graph_of(network), 0)
    return found if isinstance(found, Ending) else None


def _of_tensor(graph: keras.Model, output: int) -> "Ending | int | None":
    """Returns the ending of an output, or the index of the input that the output passes on."""
    made_by = {id(x): call for call in calls_of(graph) for x in call.outputs}
    inputs = [id(x) for x in graph.inputs]
    known: dict[int, Ending | int | None] = {}

    def ending_at(tensor: Any) -> "Ending | int | None":
        if id(tensor) not in known:
            known[id(tensor)] = found_from(tensor)
        return known[id(tensor)]

    def found_from(tensor: Any) -> "Ending | int | None":
        while id(tensor) not in inputs:
            call = made_by[id(tensor)]
            operation = call.operation
            if isinstance(operation, keras.Model):
                inner = graph_of(operation)
                if not isinstance(inner, keras.Function):
                    return None
                place = [id(x) for x in call.outputs].index(id(tensor))
                found = _of_tensor(inner, place)
                if not isinstance(found, int):
                    return found
                tensor = call.inputs[found]
                continue
            while isinstance(operation, keras.layers.Wrapper):
                operation = operation.layer
            if (combine := _combination(operation)) is not None:
                operands = _operands(operation, call)
                if operands is None:
                    return None
                tensors = [x for x in operands if not isinstance(x, float)]
                # Nothing is known of an operand that is an input of this graph.
                found_at = {id(x): ending_at(x) for x in tensors}
                return _combined(combine, operands, found_at)
            if not _hands_on(operation):
                ending = _probed(operation)
                # A bare linear activation, used as a cast, is skipped; a weighted sum is not.
                linear = isinstance(operation, keras.layers.Activation)
                if ending is not None or not (linear or _rearranges(operation, call)):
                    return ending
            if len(call.inputs) != 1:
                return None
            (tensor,) = call.inputs
        return inputs.index(id(tensor))

    return ending_at(graph.outputs[output])


def _combination(operation: Any) -> Callable[..., Any] | None:
    """Returns an operation as a function of one number per operand; None if it is not known."""
    layer = isinstance(operation, keras.layers.Layer)
    name = type(operation).__name__
    if layer and not type(operation).__module__.startswith("keras."):
        return None
    if name == "Clip":
        return lambda x: np.clip(x, operation.x_min, operation.x_max)
    if name == "Rescaling":
        return lambda x: x * np.asarray(operation.scale) + np.asarray(operation.offset)
    return (_MERGING_LAYERS if layer else _MERGING_OPERATIONS).get(name)


def _operands(operation: Any, call: Call) -> list[Any] | None:
    """Returns an operation's tensors, and floats for its constants; None if there are others.

    None, too, if tensors are multiplied or divided by tensors, as features are by gates.
    """
    if isinstance(operation, keras.layers.Layer):
        return list(call.inputs)
    operands: list[Any] = []
    for value in keras.tree.flatten((call.args, call.kwargs)):
        if isinstance(value, keras.KerasTensor):
            operands.append(value)
        elif isinstance(value, (int, float, np.number)):
            operands.append(float(value))
        else:
            return None
    kind = type(operation).__name__
    if kind in ("Multiply", "Divide", "TrueDivide"):
        if all(not isinstance(x, float) for x in operands):
            return None
        if kind != "Multiply" and not isinstance(operands[1], float):
            return None
    return operands


def _combined(
    combine: Callable[..., Any], operands: Sequence[Any], found: Mapping[int, Any]
) -> Ending | None:
    """Returns the range of a combination of operands with known ranges.

    Every combination is monotone in each operand, so its extremes are at the operands' extremes.
    """
    endings = [found[id(x)] for x in operands if not isinstance(x, float)]
    if not all(isinstance(e, Ending) and max(-e.low, e.high) <= _BOUNDED for e in endings):
        return None
    ends = [(x, x) if isinstance(x, float) else found[id(x)][2:] for x in operands]
    with np.errstate(all="ignore"):
        made = [np.asarray(combine(*corner)) for corner in itertools.product(*ends)]
    low, high = float(np.min(made)), float(np.max(made))
    # Negative numbers are logarithms only if the activation returns negative numbers.
    if not np.isfinite([low, high]).all() or (high <= 0 < endings[0].high):
        return None
    return endings[0]._replace(low=low, high=high)


def _hands_on(operation: Any) -> bool:
    if isinstance(operation, keras.layers.Layer):
        return isinstance(operation, _TRANSPARENT)
    return type(operation).__name__ in _TRANSPARENT_OPERATIONS


def _rearranges(operation: Any, call: Call) -> bool:
    """Returns whether a `Lambda` only rearranges its inputs, as `squeeze` does."""
    if not isinstance(operation, keras.layers.Lambda) or len(call.inputs) != 1:
        return False
    (tensor,) = call.inputs
    shape = [n or 2 for n in tensor.shape]
    if not tf.as_dtype(tensor.dtype).is_floating or np.prod(shape) > 2**20:
        return False
    given = np.sin(np.arange(1.0, 1.0 + np.prod(shape, dtype=int), dtype=np.float32))
    try:
        with tf.init_scope():
            # Traced first, so that a function that draws random numbers does not run.
            function = tf.function(_activation_of(operation), autograph=False)
            traced = function.get_concrete_function(tf.constant(given.reshape(shape)))
            if any(op.op_def.is_stateful for op in traced.graph.get_operations()):
                return False
            made = np.asarray(function(tf.constant(given.reshape(shape))))
    except Exception:  # The user's own functions may raise anything.
        return False
    return made.size > 0 and bool(np.isin(made, given).all())


def _probed(operation: Any) -> Ending | None:
    """Returns the range of an operation's activation; None if it has none, or a linear one."""
    if type(operation).__name__ == "Softmax":  # Along any axis.
        return Ending(operation.name, "softmax", 0.0, 1.0)
    function = _activation_of(operation)
    if function is None:
        return None
    # Each row has one number, and a zero for activations that compare numbers, such as softmax.
    given = np.stack([np.linspace(-50, 50, 401, dtype=np.float32), np.zeros(401, np.float32)], 1)
    try:
        # Computes numbers also while a graph is being traced.
        with tf.init_scope():
            made = np.asarray(function(tf.constant(given)), np.float64)
            if isinstance(operation, keras.layers.Lambda):
                # It can do anything; only functions of single numbers can be probed.
                alone = np.asarray(function(tf.constant(given[:, :1])), np.float64)
                if alone.shape != (401, 1) or not np.allclose(alone, made[:, :1]):
                    return None
    except Exception:  # The user's own functions may not expect such inputs.
        return None
    if made.shape != given.shape or not np.all(np.isfinite(made)) or np.allclose(made, given):
        return None
    named = getattr(function, "activation", function)  # A layer may be used as a function.
    name = getattr(named, "__name__", type(named).__name__)
    name = "function" if name == "<lambda>" else name
    if not isinstance(operation, keras.layers.Layer):  # Operations have names in camel case.
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return Ending(operation.name, name, float(made.min()), float(made.max()))


def _activation_of(operation: Any) -> Any:
    if isinstance(operation, keras.layers.Lambda):
        return lambda x: operation.function(x, **(operation.arguments or {}))
    if isinstance(operation, keras.layers.Layer):
        if isinstance(operation, _ACTIVATIONS):
            return operation
        activation = getattr(operation, "activation", None)
        if isinstance(operation, keras.layers.RNN):
            return None  # Its gates come after the activation.
        return activation if callable(activation) else None
    return operation if type(operation).__name__ in _ACTIVATION_OPERATIONS else None


def _classes(*names: str) -> tuple[type, ...]:
    return tuple(getattr(keras.layers, name) for name in names if hasattr(keras.layers, name))


_ACTIVATIONS = _classes("ReLU", "LeakyReLU", "ELU")

_TRANSPARENT = (StatelessDropout, PixelShuffle) + _classes(
    *("Flatten", "Reshape", "Permute", "RepeatVector", "Identity"),
    *("ActivityRegularization", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
    *("Cropping1D", "Cropping2D", "Cropping3D", "UpSampling1D", "UpSampling2D", "UpSampling3D"),
    *(
        f"{kind}Pooling{rank}D"
        for kind in ("Average", "Max", "GlobalAverage", "GlobalMax")
        for rank in (1, 2, 3)
    ),
)

#: Classes of `keras.ops`, which Keras does not export.
_TRANSPARENT_OPERATIONS = (
    *("Cast", "Reshape", "Ravel", "Squeeze", "ExpandDims", "Transpose", "Moveaxis", "Swapaxes"),
    *("Mean", "Max", "Min", "Amax", "Amin", "GetItem", "StopGradient", "Copy", "Identity", "Flip"),
)

#: Layers and operations of several inputs, as functions of one number per input.
_MERGING_LAYERS: dict[str, Callable[..., Any]] = {
    "Average": lambda *x: sum(x) / len(x),
    "Maximum": max,
    "Minimum": min,
    "Add": lambda *x: sum(x),
    "Concatenate": lambda *x: x,
}
_MERGING_OPERATIONS: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Subtract": np.subtract,
    "Multiply": np.multiply,
    "Divide": np.divide,
    "TrueDivide": np.divide,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Concatenate": lambda *x: x,
    "Stack": lambda *x: x,
}

#: An activation that returns a larger number counts as unbounded.
_BOUNDED = 6.5

_ACTIVATION_OPERATIONS = (
    *("Sigmoid", "HardSigmoid", "SparseSigmoid", "LogSigmoid", "LogSoftmax"),
    *("Sparsemax", "Tanh", "HardTanh", "Softsign", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu"),
    *("Celu", "Gelu", "Silu", "HardSilu", "Softplus", "SparsePlus", "Squareplus", "Exp"),
)

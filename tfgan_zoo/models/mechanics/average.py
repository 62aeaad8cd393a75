"""Copies of networks that hold averages of their weights."""

import inspect
import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.keras_internals import Call, calls_of, lambda_output_shape, layers_of
from tfgan_zoo.models.mechanics.functional import graph_of, is_plain


def average_of(network: keras.Model) -> keras.Model:
    """Returns a copy of a network: the same layers and weights, with variables of its own.

    Variables are float32 even if the network's are of half precision, in which an average would
    never move. The user's own layers need not be registered with Keras.

    Args:
        network: A functional or Sequential model.

    Raises:
        InputError: If a layer cannot be copied from its config, or if its copy computes something
            else.
    """
    made: dict[int, Any] = {}
    unregistered: dict[str, Any] = {}
    for layer in layers_of(network):
        unregistered |= _unregistered_in(layer)
    with warnings.catch_warnings(), keras.saving.custom_object_scope(unregistered):
        # Keras warns that loading a lambda from a file is unsafe; this copy is not from a file.
        warnings.filterwarnings("ignore", message=".*`?lambda`?.*", category=UserWarning)
        copy = _copy(network, made)
    if not copy.built:
        copy.build(network.input_shape)
    copy.set_weights(network.get_weights())
    _check_same(network, made)
    copy.trainable = False
    return copy


def _copy(layer: Any, made: dict[int, Any]) -> Any:
    """Returns the copy of a layer or model; it is made once."""
    if id(layer) not in made:
        if is_plain(layer):
            made[id(layer)] = keras.models.clone_model(
                layer, clone_function=lambda inner: _copy(inner, made)
            )
        elif isinstance(layer, keras.layers.Layer):
            made[id(layer)] = _from_config(layer)
        else:  # An operation, which has no variables.
            made[id(layer)] = layer
    return made[id(layer)]


def _from_config(layer: keras.layers.Layer) -> keras.layers.Layer:
    try:
        config = _with_full_variables(layer.get_config())
        for name, value in config.items():
            own = getattr(layer, name, None)
            if isinstance(value, dict) and inspect.isroutine(own):
                config[name] = own  # It may have no name by which Keras could find it.
        if isinstance(layer, keras.layers.Lambda):  # Its `from_config` refuses Python's lambdas.
            if isinstance(config.get("output_shape"), dict):
                config["output_shape"] = lambda_output_shape(layer)
            return type(layer)(**config)
        return type(layer).from_config(config)
    except Exception as error:  # The user's own layers may raise anything.
        raise InputError(
            f"ema_half_life: expected layers that can be copied for the average, got layer "
            f"{layer.name!r} of class {type(layer).__name__} ({first_line(error)}); give the class "
            "a get_config that returns its constructor's arguments, and decorate it with "
            "@keras.saving.register_keras_serializable()."
        ) from error


def _check_same(network: keras.Model, made: dict[int, Any]) -> None:
    """Checks that copies of the user's own layers compute what the layers do.

    If `get_config` omits an argument, `from_config` silently uses its default. Layers of Keras and
    of this library are not checked.

    Args:
        network: A functional or Sequential model.
        made: The copies, with the same weights, by the identity of the original.

    Raises:
        InputError: If a copy returns something else.
    """
    for call in calls_of(graph_of(network)):
        layer = call.operation
        if is_plain(layer):
            _check_same(layer, made)
        elif isinstance(layer, keras.layers.Layer) and not _all_known(layer):
            ours, theirs = (_answer(each, layer, call) for each in (layer, made[id(layer)]))
            if ours is not None and theirs is not None and not _alike(ours, theirs, layer):
                raise InputError(
                    f"ema_half_life: expected layers that can be copied for the average, got layer "
                    f"{layer.name!r} of class {type(layer).__name__}, whose get_config does not "
                    "return all that the layer depends on; have it return every argument of the "
                    "constructor."
                )


def _all_known(layer: keras.layers.Layer) -> bool:
    modules = (type(each).__module__ for each in layers_of(layer))
    return all(module.split(".")[0] in ("keras", "tfgan_zoo") for module in modules)


def _answer(
    layer: keras.layers.Layer, original: keras.layers.Layer, call: Call
) -> list[np.ndarray] | None:
    """Returns a layer's outputs for fixed inputs and shifted weights.

    Without the shift, weights that start at zero would hide the computation after them. The layer's
    variables and the states of random number generators do not change.

    Args:
        layer: The layer that is called, or its copy.
        original: The layer, whose variables it is called with, those of generators among them.
        call: A call in a functional model.

    Returns:
        The outputs; None if the layer takes strings, draws random numbers from TensorFlow, or
        cannot be called by itself.
    """
    try:
        values = {id(x): _numbers([n or 2 for n in x.shape], x.dtype) for x in call.inputs}
        args, kwargs = call.fill_in(values)
        kwargs["training"] = False
        state = [
            # Integers do not change: the shift is cast to zero.
            (own, tf.cast(v.value, own.dtype) + tf.cast(0.1 * _sines(v.shape), own.dtype))
            for own, v in zip(layer.variables, original.variables, strict=True)
        ]

        @tf.function(autograph=False)
        def answer():
            with keras.StatelessScope(state_mapping=state):
                return [tf.cast(x, tf.float32) for x in tf.nest.flatten(layer(*args, **kwargs))]

        with tf.init_scope():
            traced = answer.get_concrete_function()
            stateful = {op.type for op in traced.graph.get_operations() if op.op_def.is_stateful}
            # Other stateful operations draw random numbers, assign variables, or call Python.
            if stateful - {"ReadVariableOp", "Placeholder"}:
                return None
            return [x.numpy() for x in traced()]
    except Exception:  # The user's own layers may raise anything outside of their network.
        return None


def _numbers(shape: Any, dtype: str) -> tf.Tensor:
    """Returns fixed numbers in [-1, 1]; zeros of any type but floats."""
    if not tf.as_dtype(dtype).is_floating:
        return tf.zeros(shape, dtype)
    return tf.cast(_sines(shape), dtype)


def _sines(shape: Any) -> np.ndarray:
    return np.sin(np.arange(1.0, 1.0 + np.prod(shape, dtype=int))).reshape(shape)


def _alike(a: list[np.ndarray], b: list[np.ndarray], layer: keras.layers.Layer) -> bool:
    tolerance = 0.1 if layer.compute_dtype in _HALVES else 1e-3
    return len(a) == len(b) and all(
        x.shape == y.shape
        and np.allclose(x, y, tolerance, tolerance * float(np.max(np.abs(x), initial=0.0)))
        for x, y in zip(a, b, strict=True)
    )


def _unregistered_in(layer: keras.layers.Layer) -> dict[str, Any]:
    """Returns unregistered classes and functions of a layer and its attributes, by name."""
    found = {}
    for value in (layer, *vars(layer).values()):
        cls = value if inspect.isfunction(value) else type(value)
        described = inspect.isfunction(value) or hasattr(value, "get_config")
        if described and not str(cls.__module__).startswith("keras."):
            name = keras.saving.get_registered_name(cls)
            if name == cls.__name__:
                found[name] = cls
    return found


def _with_full_variables(config: Any) -> Any:
    """Returns a nested config in which layers of half precision keep float32 variables."""
    if isinstance(config, (list, tuple)):
        return type(config)(map(_with_full_variables, config))
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy" and config["config"]["name"] in _HALVES:
        return config | {"config": {"name": f"mixed_{config['config']['name']}"}}
    return {key: _with_full_variables(value) for key, value in config.items()}


_HALVES = ("bfloat16", "float16")

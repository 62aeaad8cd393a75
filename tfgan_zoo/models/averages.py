"""Copies of networks, for averages of their weights."""

import inspect
import warnings
from typing import Any

import keras

from tfgan_zoo.errors import InputError, first_line


def average_of(network: keras.Model) -> keras.Model:
    """Returns a network of the same layers and weights, with variables of its own.

    They are float32 where the network's are of half precision, in which an average never moves.
    Layers of the user's need not be registered with Keras.

    Args:
        network: a functional or Sequential model.

    Raises:
        InputError: if a layer's config does not say how to make another one like it.
    """
    unregistered: dict[str, Any] = {}
    for layer in network._flatten_layers():
        unregistered |= _unregistered_in(layer)
    with warnings.catch_warnings(), keras.saving.custom_object_scope(unregistered):
        # A lambda is unsafe to load from a file, which this copy never comes from.
        warnings.filterwarnings("ignore", message=".*`?lambda`?.*", category=UserWarning)
        copy = _copy(network, {})
    if not copy.built:
        copy.build(network.input_shape)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy


def _copy(layer: Any, made: dict[int, Any]) -> Any:
    """Returns another layer or model like this one, the same for the same one."""
    if id(layer) not in made:
        if type(layer).__name__ in ("Functional", "Sequential"):
            made[id(layer)] = keras.models.clone_model(
                layer, clone_function=lambda inner: _copy(inner, made)
            )
        elif isinstance(layer, keras.layers.Layer):
            made[id(layer)] = _from_config(layer)
        else:  # an operation, which has no variables
            made[id(layer)] = layer
    return made[id(layer)]


def _from_config(layer: keras.layers.Layer) -> keras.layers.Layer:
    try:
        config = _with_full_variables(layer.get_config())
        for name, value in config.items():
            own = getattr(layer, name, None)
            if isinstance(value, dict) and inspect.isroutine(own):
                config[name] = own  # It may have no name by which Keras could find it.
        if isinstance(layer, keras.layers.Lambda):  # whose `from_config` refuses Python's lambdas
            if isinstance(config.get("output_shape"), dict):
                config["output_shape"] = layer._output_shape
            return type(layer)(**config)
        return type(layer).from_config(config)
    except Exception as error:  # whatever a layer of the user's raises
        raise InputError(
            f"ema_half_life: expected layers that can be copied for the average, got layer "
            f"{layer.name!r} of class {type(layer).__name__} ({first_line(error)}); give the class "
            "a get_config that returns its constructor's arguments, and decorate it with "
            "@keras.saving.register_keras_serializable()."
        ) from error


def _unregistered_in(layer: keras.layers.Layer) -> dict[str, Any]:
    """Returns the layer's class, and those of its initializers and the like, by name."""
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
    """A config, of whatever depth, whose layers compute in half precision but keep float32."""
    if isinstance(config, (list, tuple)):
        return type(config)(map(_with_full_variables, config))
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy" and config["config"]["name"] in _HALVES:
        return config | {"config": {"name": f"mixed_{config['config']['name']}"}}
    return {key: _with_full_variables(value) for key, value in config.items()}


_HALVES = ("bfloat16", "float16")

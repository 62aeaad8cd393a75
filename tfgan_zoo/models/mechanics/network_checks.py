"""Checks of the networks that a model is given."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.models.mechanics.functional import graph_of
from tfgan_zoo.progress import counted


def check_networks(
    inputs: Sequence[str] = ("one",), outputs: int | None = 1, /, **networks: Any
) -> None:
    """Checks that networks know their shapes, and have the right inputs and one output.

    Args:
        inputs: A name for each input.
        outputs: 1; or None for any number of outputs, in lists.
        **networks: Networks by the names of the constructor's arguments.

    Raises:
        InputError: If one is no functional or Sequential model (a subclass of `keras.Model` does
            not know its shapes, and cannot be copied for a moving average), takes another number of
            inputs, or a dict of them, or returns several outputs.
    """
    for argument, network in networks.items():
        known = all(hasattr(network, name) for name in ("inputs", "input_shape", "output_shape"))
        if not (isinstance(network, keras.Model) and known):
            raise InputError(
                f"{argument}: expected a functional keras.Model, or a Sequential one with a "
                f"keras.Input, got {type(network).__name__}; one with a call of its own can be "
                "made functional: x = keras.Input(shape), keras.Model(x, network(x))."
            )
        graph = graph_of(network)
        if len(network.inputs) != len(inputs) or isinstance(graph.input, dict):
            several = f"{_COUNTS.get(len(inputs), len(inputs))} inputs, [{', '.join(inputs)}]"
            wanted = "one input" if len(inputs) == 1 else several
            raise InputError(
                f"{argument}: expected a network of {wanted}, got {_names(graph.input, 'input')}; "
                "make it with keras.Model("
                f"{'x' if len(inputs) == 1 else '[' + ', '.join(inputs) + ']'}, y)."
            )
        if outputs == 1 and (len(network.outputs) != 1 or isinstance(graph.output, dict)):
            raise InputError(
                f"{argument}: expected a network of one output, got "
                f"{_names(graph.output, 'output')}; make one of the output that the model is to "
                "train: keras.Model(network.inputs, network.outputs[0])."
            )


_COUNTS = {2: "two", 3: "three", 4: "four"}
_ORDINALS = ("first", "second", "third", "fourth")


def check_inputs(argument: str, network: Any, shapes: Mapping[str, tuple[int, ...] | None]) -> None:
    """Checks a network as `check_networks` does, and the shape of each input.

    Args:
        argument: The constructor's argument.
        network: The network.
        shapes: The shape of one sample of each input, by the input's name; None for any.

    Raises:
        InputError: If the network cannot be used.
    """
    check_networks(tuple(shapes), **{argument: network})
    for ordinal, x, shape in zip(_ORDINALS, network.inputs, shapes.values(), strict=False):
        side = "input" if len(shapes) == 1 else f"{ordinal} input"
        if shape is not None:
            check_shape(argument, side, x.shape, shape)


def _names(structure: Any, kind: str) -> str:
    if isinstance(structure, dict):
        return f"a dict of {kind}s with the keys {', '.join(map(repr, structure))}"
    count = len(tf.nest.flatten(structure))
    return counted(count, kind)


def check_shape(argument: str, side: str, came: tuple, expected: tuple[int, ...]) -> None:
    """Checks the shape of a network's input or output; unknown sizes fit anything.

    Raises:
        InputError: If they differ.
    """
    if not tf.TensorShape(came[1:]).is_compatible_with(expected):
        shape, found = (
            ", ".join(map(str, ("batch", *sizes))) for sizes in (expected, tuple(came[1:]))
        )
        advice = "; change it, or the model's image_shape" if len(expected) == 3 else ""
        raise InputError(
            f"{argument}: expected a network whose {side} has shape ({shape}), got ({found})"
            f"{advice}."
        )


def check_strings(argument: str, encoder: keras.Model) -> None:
    """Raises `InputError` if a text encoder takes anything but strings."""
    (given,) = encoder.inputs
    if given.dtype != "string":
        raise InputError(
            f"{argument}: expected a network of strings, got one of {given.dtype}; begin it with "
            'keras.Input((), dtype="string") and a layer that reads text.'
        )


def latent_dim_of(generator: keras.Model) -> int:
    """Returns the length of the latents that a generator takes as its first input.

    Raises:
        InputError: If they are not vectors of a known length.
    """
    shape = tuple(generator.inputs[0].shape)
    if len(shape) == 2 and shape[1] is not None:
        return int(shape[1])
    length = shape[-1] if len(shape) > 1 and shape[-1] is not None else "latent_dim"
    reshape = ""
    if len(shape) > 2:
        inner = ", ".join("?" if n is None else str(n) for n in shape[1:])
        reshape = f" and a keras.layers.Reshape(({inner})) after it"
    raise InputError(
        f"generator: expected a network whose input has shape (batch, latent_dim), got {shape}; "
        f"begin it with keras.Input(({length},)){reshape}."
    )


def check_no_batch_norm(argument: str, critic: keras.Model) -> None:
    """Checks that a critic judges each sample by itself, as a gradient penalty requires.

    Raises:
        InputError: If it has batch normalisation.
    """
    for layer in layers_of(critic):
        if isinstance(layer, keras.layers.BatchNormalization):
            raise InputError(
                f"{argument}: expected a critic without batch normalisation, which mixes the "
                f"samples whose slopes are penalised one by one, got layer {layer.name!r}; use "
                "another normalisation or none."
            )


def check_policy_is_not_float64(model: Any, dtype: Any) -> None:
    """Checks the type in which a model computes.

    Args:
        model: A model.
        dtype: What its constructor was given.

    Raises:
        InputError: If it is float64.
    """
    if "float64" in (model.compute_dtype, model.variable_dtype):
        raise InputError(
            f"dtype: expected {_ACCEPTED_TYPES}, got 'float64'"
            + (
                "; leave it out."
                if dtype is not None
                else f", Keras' global policy; {_RESET_POLICY}."
            )
        )


def check_no_float64(model: Any) -> None:
    """Checks the types in which a model's networks compute.

    Raises:
        InputError: If a layer computes in float64 or has such variables.
    """
    names = {id(value): name for name, value in vars(model).items()}
    trained = [network for networks in model.roles().values() for network in networks]
    # A text encoder that is not trained has no role.
    others = [each for each in vars(model).values() if isinstance(each, keras.Model)]
    for network in [*trained, *others]:
        for layer in layers_of(network):
            if "float64" in (layer.compute_dtype, layer.variable_dtype):
                advice = "build it with dtype='float32'"
                # A network that is loaded takes Keras' policy, whatever its layers were saved with.
                if isinstance(layer, keras.Model) and keras.config.dtype_policy().name == "float64":
                    advice = f"{_RESET_POLICY} first, as this is Keras' global policy"
                raise InputError(
                    f"{names.get(id(network), network.name)}: expected layers that compute in "
                    f"{_ACCEPTED_TYPES}, got layer {layer.name!r} of float64; {advice}."
                )


_RESET_POLICY = "call keras.config.set_dtype_policy('float32')"
_ACCEPTED_TYPES = "float32, mixed_float16, mixed_bfloat16, float16 or bfloat16"

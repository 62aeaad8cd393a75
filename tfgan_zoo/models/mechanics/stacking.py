"""Pairs of layers of an encoder and a decoder, to be trained one after the other."""

import dataclasses

import keras

from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.output_ranges import ending_of


@dataclasses.dataclass(frozen=True)
class Stage:
    """One layer of an encoder, and the layer of the decoder that mirrors it.

    Attributes:
        below: From images to the layer's inputs, `[B, width]`.
        up: From these to the layer's outputs, with their activation.
        down: From such outputs back to the layer's inputs.
        layers: Both layers.
        low: The inputs of a unit that is off: -1 for images and tanh, 0 for others.
    """

    below: keras.Model
    up: keras.Model
    down: keras.Model
    layers: tuple[keras.layers.Layer, keras.layers.Layer]
    low: float


def num_stages(encoder: keras.Model) -> int:
    """Returns the number of fully connected layers of an encoder."""
    return len(_dense(encoder))


def stage_of(encoder: keras.Model, decoder: keras.Model, number: int) -> Stage:
    """Returns a pair of layers.

    Args:
        encoder: A network of fully connected layers, and others between them, in one chain.
        decoder: Such a network with as many of them, whose widths are those of the encoder in
            reverse.
        number: The number of the encoder's layer, from 1 at the image.

    Raises:
        InputError: If the networks are not such a pair.
    """
    up, down = _dense(encoder), _dense(decoder)
    if len(up) != len(down) or not 1 <= number <= len(up):
        raise InputError(
            f"stage: expected a number from 0 to {min(len(up), len(down))}, of fully connected "
            f"layers that encoder and decoder both have, got {number}; they have {len(up)} and "
            f"{len(down)}."
        )
    mirrored = len(down) - number
    given, made = up[number - 1].input, _end(encoder, up, number - 1)
    code, last = down[mirrored].input, _end(decoder, down, mirrored)
    if mirrored == len(down) - 1:
        last = down[mirrored].output  # Not as an image.
    for side, came, wanted in (("input", code, made), ("output", last, given)):
        if tuple(came.shape) != tuple(wanted.shape):
            raise InputError(
                f"decoder: expected layers whose widths are those of the encoder in reverse, got "
                f"an {side} of shape {tuple(came.shape)} for one of {tuple(wanted.shape)}."
            )
    below = keras.Model(encoder.inputs, given)
    ending = ending_of(below)
    positive = number > 1 and (ending is None or ending.low > -0.5)
    return Stage(
        below,
        keras.Model(given, made),
        keras.Model(code, last),
        (up[number - 1], down[mirrored]),
        0.0 if positive else -1.0,
    )


def _dense(network: keras.Model) -> list[keras.layers.Dense]:
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]


def _end(network: keras.Model, layers: list[keras.layers.Dense], i: int) -> keras.KerasTensor:
    """Returns what a layer hands on, behind its activation."""
    return layers[i + 1].input if i + 1 < len(layers) else network.outputs[0]

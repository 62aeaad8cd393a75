"""Discriminators of several scales: `networks.multiscale_discriminator`, and single ones."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape
from tfgan_zoo.models.mechanics.output_ranges import check_logits

#: For each scale the features of every layer and, at the end, the logits.
Scales = list[list[tf.Tensor]]


def scales_of(outputs: Any) -> Scales:
    """Returns a discriminator's outputs by scale; logits alone are those of a single scale.

    Of a list for each scale, Keras unpacks that of a single one when it calls the network.

    Example:
        >>> scales_of("logits"), scales_of([["features", "logits"], ["small features", "logits"]])
        ([['logits']], [['features', 'logits'], ['small features', 'logits']])
        >>> scales_of(["features", "logits"])
        [['features', 'logits']]
    """
    if not isinstance(outputs, (list, tuple)):
        return [[outputs]]
    if not isinstance(outputs[0], (list, tuple)):
        return [list(outputs)]
    return [list(scale) for scale in outputs]


def logits_of(scales: Scales) -> list[tf.Tensor]:
    """Returns the logits of each scale."""
    return [scale[-1] for scale in scales]


def features_of_scales(scales: Scales) -> Scales:
    """Returns the features of each scale, without the logits."""
    return [scale[:-1] for scale in scales]


def sum_over_scales(loss: Callable[..., tf.Tensor], *scores: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the sum of a loss of logits over the scales.

    Args:
        loss: A loss, as of `tfgan_zoo.losses`.
        *scores: For each argument of the loss its logits at each scale.
    """
    terms = [loss(*each) for each in zip(*scores, strict=True)]
    return terms[0] if len(terms) == 1 else tf.add_n(terms)


def joined(scores: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the logits of all scales in one tensor, for means and accuracies."""
    if len(scores) == 1:
        return scores[0]
    return tf.concat([tf.reshape(each, [-1]) for each in scores], axis=0)


def check_scales(
    argument: str, discriminator: keras.Model, shape: tuple[int, ...], num_scales: int, why: str
) -> None:
    """Checks a discriminator that returns the features and logits of each scale.

    Args:
        argument: The constructor's argument.
        discriminator: The network.
        shape: Shape of its input.
        num_scales: Number of scales that the model expects.
        why: The arguments that ask for them, for messages.

    Raises:
        InputError: If it takes or returns anything else.
    """
    check_networks(("one",), None, **{argument: discriminator})
    check_shape(argument, "input", discriminator.input_shape, shape)
    shapes = discriminator.compute_output_shape((None, *shape))
    nested = isinstance(shapes, list) and all(isinstance(each, list) for each in shapes)
    for logits in (
        [scale[-1] for scale in discriminator.output] if nested else discriminator.outputs
    ):
        check_logits(argument, keras.Model(discriminator.inputs, logits))
    if not nested or any(len(scale) < 2 for scale in shapes):
        raise InputError(
            f"{argument}: expected a network that returns a list for each scale, of features and, "
            f"at the end, logits, as {why} needs, got another; use "
            "networks.multiscale_discriminator."
        )
    if len(shapes) != num_scales:
        raise InputError(
            f"{argument}: expected a network of {num_scales} scales, as num_scales says, got "
            f"{len(shapes)}; give both the same number."
        )

"""The networks of Domain Transfer Networks, on both sides of a frozen network's features."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks.common import (
    activate,
    cancels_bias,
    check_choice,
    check_doublings,
    check_positive,
    check_shape,
    normalize,
    small_normal,
    upsample,
)
from tfgan_zoo.networks.dcgan import halve


def dtn_generator(
    feature_shape: Sequence[int],
    image_shape: Sequence[int],
    *,
    filters: int = 128,
    convolutions: int = 1,
    kernel_size: int = 4,
    upsampling: str = "transposed",
    normalization: str = "batch",
    synchronized_bn: bool = False,
    name: str = "generator",
) -> keras.Model:
    """DTN's decoder g (Taigman et al. 2016, https://arxiv.org/abs/1611.02200), for any features.

    Features are projected, vectors by a dense layer to maps of about 4x4, maps by 3x3 convolutions;
    each layer then doubles their size and halves their number, as in DCGAN. Normalisation and ReLU
    follow every layer but the output, which is tanh. Without an authors' code, all but the 512,
    256, 128 maps of the paper's g for digits is a choice.

    Args:
        feature_shape: Shape of the features, `(h, w, c)` or `(c,)`.
        image_shape: `(height, width, channels)` of images; of maps, its sides are h and w times the
            same power of two, and of vectors as in `common.check_doublings`.
        filters: Feature maps of the last hidden layer; each layer before it has twice as many.
        convolutions: Number of 3x3 convolutions of maps before the first doubling.
        kernel_size: Side of the kernels that double.
        upsampling: `transposed` convolutions or `resize`, see `common.upsample`.
        normalization: `batch`, `instance` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from features `[B, *feature_shape]`, of maps in any size, to float32 images in
        [-1, 1].

    Raises:
        InputError: If the shapes do not fit each other, or a size or a choice is invalid.

    Example:
        >>> dtn_generator((8, 8, 16), (32, 32, 3), filters=8).compute_output_shape((1, 5, 6, 16))
        (1, 20, 24, 3)
    """
    shape = check_shape(image_shape)
    given = tuple(feature_shape)
    check_positive(filters=filters, convolutions=convolutions, kernel_size=kernel_size)
    check_choice("upsampling", upsampling, ("transposed", "resize"))
    check_choice("normalization", normalization, ("batch", "instance", "none"))
    use_bias = not cancels_bias(normalization)

    def normalized(x: Any, name: str) -> Any:
        x = normalize(x, normalization, name=f"{name}_norm", synchronized=synchronized_bn)
        return activate(x, "relu", name=f"{name}_relu")

    if len(given) == 1:
        _, times, start = check_doublings(shape)
        width = filters * 2 ** max(times - 1, 0)
        inputs = keras.Input(given, name="features")
        units, kernel = math.prod(start) * width, small_normal()
        x = layers.Dense(units, use_bias=use_bias, kernel_initializer=kernel, name="project")(
            inputs
        )
        x = normalized(layers.Reshape((*start, width), name="maps")(x), "project")
    else:
        times = _doublings(given, shape)
        width = filters * 2 ** max(times - 1, 0)
        inputs = x = keras.Input((None, None, given[-1]), name="features")
        for i in range(1, convolutions + 1):
            options = {"padding": "same", "use_bias": use_bias, "name": f"conv_{i}"}
            x = layers.Conv2D(width, 3, kernel_initializer=small_normal(), **options)(x)
            x = normalized(x, f"conv_{i}")
    for i in range(1, times):
        up = width // 2**i
        x = upsample(x, up, kernel_size, upsampling, use_bias=use_bias, name=f"up_{i}")
        x = normalized(x, f"up_{i}")
    if times:
        x = upsample(x, shape[-1], kernel_size, upsampling, dtype="float32", name="output")
    else:
        x = layers.Conv2D(shape[-1], 3, padding="same", dtype="float32", name="output")(x)
    x = layers.Activation("tanh", dtype="float32", name="tanh")(x)
    return keras.Model(inputs, x, name=name)


def _doublings(features: tuple[int, ...], image: tuple[int, ...]) -> int:
    """Returns how often maps double to the size of the image."""
    if len(features) == 3:
        for times in range(12):
            if all(a << times == b for a, b in zip(features[:2], image[:2], strict=True)):
                return times
    raise InputError(
        "feature_shape: expected vectors, or maps whose sides times 1, 2, 4, ... are those of the "
        f"image, {image[:2]}, got {features}; choose another layer or image_shape."
    )


def dtn_discriminator(
    image_shape: Sequence[int],
    *,
    filters: int = 64,
    classes: int = 3,
    kernel_size: int = 4,
    normalization: str = "batch",
    synchronized_bn: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """DTN's ternary discriminator (Taigman et al. 2016, https://arxiv.org/abs/1611.02200).

    Convolutions of stride 2 down to maps of 4x4 to 7x7, each with twice the feature maps of the one
    before it; normalisation, except after the first, and LeakyReLU; a dense layer of logits.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`.
        filters: Feature maps of the first convolution.
        classes: Number of logits: a generated source, a generated target, a target.
        kernel_size: Side of the kernels.
        normalization: `batch`, `layer`, `instance` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 logits `[B, classes]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> dtn_discriminator((32, 32, 3), filters=8).output_shape
        (None, 3)
    """
    shape, times, _ = check_doublings(image_shape)
    check_positive(filters=filters, classes=classes, kernel_size=kernel_size)
    check_choice("normalization", normalization, ("batch", "layer", "instance", "none"))
    inputs = keras.Input(shape, name="image")
    x = halve(inputs, times, filters, kernel_size, normalization, synchronized_bn)
    x = layers.Flatten(name="flatten")(x)
    logits = layers.Dense(
        classes, kernel_initializer=small_normal(), dtype="float32", name="logits"
    )
    return keras.Model(inputs, logits(x), name=name)

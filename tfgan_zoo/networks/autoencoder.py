"""Encoders and decoders of autoencoders, convolutional and fully connected."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.networks.common import (
    activate,
    cancels_bias,
    check_choice,
    check_doublings,
    check_positive,
    check_shape,
    downsample,
    fresh,
    normalize,
    upsample,
)
from tfgan_zoo.samples import SAMPLES, kind_of

NORMALIZATIONS = ("none", "batch", "layer")


def conv_encoder(
    image_shape: Sequence[int],
    latent_dim: int = 64,
    *,
    filters: int = 32,
    kernel_size: int = 4,
    activation: str = "relu",
    output_activation: str = "linear",
    normalization: str = "none",
    synchronized_bn: bool = False,
    name: str = "encoder",
) -> keras.Model:
    """Convolutional encoder.

    Convolutions of stride 2, each with twice the feature maps of the one before, lead down to maps
    of 4 to 7 pixels, whose values a dense layer maps to the code. There is no pooling, which would
    lose where things are.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`.
        latent_dim: Length of the code; twice that for mean and log-variance in one output.
        filters: Feature maps of the first convolution.
        kernel_size: Side of the kernels.
        activation: Activation of the hidden layers, by its Keras name (`leaky_relu`: slope 0.2).
        output_activation: Activation of the code: `sigmoid` or `tanh` for units that can be sparse.
        normalization: `none`, `batch` or `layer`, after every convolution.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 codes `[B, latent_dim]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> conv_encoder((64, 96, 3), 16).get_layer("conv_4").output.shape
        (None, 4, 6, 256)
    """
    shape, halvings, _ = check_doublings(image_shape)
    check_positive(latent_dim=latent_dim, filters=filters, kernel_size=kernel_size)
    check_choice("normalization", normalization, NORMALIZATIONS)

    inputs = x = keras.Input(shape, name="image")
    for i in range(1, halvings + 1):
        x = downsample(
            x,
            filters * 2 ** (i - 1),
            kernel_size,
            use_bias=not cancels_bias(normalization),
            kernel_initializer=fresh("he_normal"),
            name=f"conv_{i}",
        )
        x = normalize(x, normalization, name=f"norm_{i}", synchronized=synchronized_bn)
        x = activate(x, activation, name=f"activation_{i}")
    x = layers.Flatten(name="flatten")(x)
    x = _code(x, latent_dim, output_activation)
    return keras.Model(inputs, x, name=name)


def conv_decoder(
    image_shape: Sequence[int],
    latent_dim: int = 64,
    *,
    filters: int = 32,
    kernel_size: int = 4,
    upsampling: str = "transposed",
    activation: str = "relu",
    output_activation: str = "tanh",
    normalization: str = "none",
    synchronized_bn: bool = False,
    name: str = "decoder",
) -> keras.Model:
    """Convolutional decoder, the mirror image of `conv_encoder`.

    A dense layer maps the code to maps of 4 to 7 pixels; each layer then doubles their sides and
    halves their number.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`.
        latent_dim: Length of the code.
        filters: Feature maps of the last hidden layer; each layer before it has twice as many.
        kernel_size: Side of the kernels of transposed convolutions.
        upsampling: `transposed` convolutions, or `resize`; see `common.upsample`.
        activation: Activation of the hidden layers, by its Keras name (`leaky_relu`: slope 0.2).
        output_activation: `tanh` for images in [-1, 1]; `linear` for logits, and for squared errors
            that should have a gradient everywhere.
        normalization: `none`, `batch` or `layer`, before every activation.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from codes `[B, latent_dim]` to float32 images or logits `[B, *image_shape]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> conv_decoder((64, 96, 3), 16).get_layer("maps").output.shape
        (None, 4, 6, 256)
    """
    shape, doublings, start = check_doublings(image_shape)
    check_positive(latent_dim=latent_dim, filters=filters, kernel_size=kernel_size)
    check_choice("upsampling", upsampling, ("transposed", "resize"))
    check_choice("normalization", normalization, NORMALIZATIONS)
    use_bias = not cancels_bias(normalization)

    inputs = keras.Input((latent_dim,), name="code")
    width = filters * 2 ** (doublings - 1)
    x = layers.Dense(
        math.prod(start) * width,
        use_bias=use_bias,
        kernel_initializer=fresh("he_normal"),
        name="project",
    )(inputs)
    x = layers.Reshape((*start, width), name="maps")(x)
    for i in range(1, doublings + 1):
        x = normalize(x, normalization, name=f"norm_{i}", synchronized=synchronized_bn)
        x = activate(x, activation, name=f"activation_{i}")
        last = i == doublings
        x = upsample(
            x,
            shape[-1] if last else width // 2**i,
            kernel_size,
            upsampling,
            use_bias=use_bias or last,
            activation=output_activation if last else None,
            kernel_initializer=fresh("glorot_uniform" if last else "he_normal"),
            dtype="float32" if last else None,
            name="output" if last else f"conv_{i}",
        )
    return keras.Model(inputs, x, name=name)


def mlp_encoder(
    image_shape: Sequence[int],
    latent_dim: int = 50,
    *,
    units: Sequence[int] = (200, 200),
    activation: str = "tanh",
    output_activation: str = "linear",
    initializer: Any = "glorot_uniform",
    name: str = "encoder",
) -> keras.Model:
    """Fully connected encoder (Burda et al. 2015, https://arxiv.org/abs/1509.00519).

    The defaults are the paper's for MNIST: two layers of 200 tanh units and a code of 50. Without
    hidden layers, `units=()`, the encoder is linear, or one layer of units as in sparse and
    denoising autoencoders.

    Args:
        image_shape: `(height, width, channels)`, or the shape of points or voxels.
        latent_dim: Length of the code; twice that for mean and log-variance in one output.
        units: Width of each hidden layer.
        activation: Activation of the hidden layers, by its Keras name (`leaky_relu`: slope 0.2).
        output_activation: Activation of the code: `sigmoid` or `tanh` for units that can be sparse.
        initializer: Initializer of every kernel, as Keras takes it.
        name: Name of the model.

    Returns:
        A model from samples `[B, *image_shape]` to float32 codes `[B, latent_dim]`.

    Raises:
        InputError: If a shape or a size is invalid.

    Example:
        >>> mlp_encoder((28, 28, 1), 2 * 50).output_shape
        (None, 100)
        >>> mlp_encoder((28, 28, 1), 16, units=()).count_params()  # linear
        12560
    """
    shape = check_shape(image_shape, kinds=tuple(SAMPLES.values()))
    check_positive(latent_dim=latent_dim, **{f"units[{i}]": n for i, n in enumerate(units)})
    inputs = x = keras.Input(shape, name="image")
    if len(shape) > 1:
        x = layers.Flatten(name="flatten")(x)
    x = _hidden(x, units, activation, initializer)
    x = _code(x, latent_dim, output_activation, initializer)
    return keras.Model(inputs, x, name=name)


def mlp_decoder(
    image_shape: Sequence[int],
    latent_dim: int = 50,
    *,
    units: Sequence[int] = (200, 200),
    activation: str = "tanh",
    output_activation: str | None = None,
    initializer: Any = "glorot_uniform",
    name: str = "decoder",
) -> keras.Model:
    """Fully connected decoder (Burda et al. 2015, https://arxiv.org/abs/1509.00519).

    The defaults are the paper's for MNIST, but for the output. The paper's output biases start as
    the logits of the mean image: set them with `decoder.get_layer("output").bias.assign(...)`.

    Args:
        image_shape: `(height, width, channels)`, or the shape of points or voxels.
        latent_dim: Length of the code.
        units: Width of each hidden layer, from the code to the image.
        activation: Activation of the hidden layers, by its Keras name (`leaky_relu`: slope 0.2).
        output_activation: Activation of the output: `linear` for logits; None is `linear` for
            points and `tanh` for images and voxels, in [-1, 1].
        initializer: Initializer of every kernel, as Keras takes it.
        name: Name of the model.

    Returns:
        A model from codes `[B, latent_dim]` to float32 samples or logits `[B, *image_shape]`.

    Raises:
        InputError: If a shape or a size is invalid.

    Example:
        >>> mlp_decoder((28, 28, 1), 50, output_activation="linear").output_shape
        (None, 28, 28, 1)
    """
    shape = check_shape(image_shape, kinds=tuple(SAMPLES.values()))
    check_positive(latent_dim=latent_dim, **{f"units[{i}]": n for i, n in enumerate(units)})
    if output_activation is None:
        output_activation = "tanh" if kind_of(shape).is_pixels else "linear"
    inputs = keras.Input((latent_dim,), name="code")
    x = _hidden(inputs, units, activation, initializer)
    x = layers.Dense(
        math.prod(shape),
        activation=output_activation,
        kernel_initializer=fresh(initializer),
        dtype="float32",
        name="output",
    )(x)
    if len(shape) > 1:
        x = layers.Reshape(shape, dtype="float32", name="image")(x)
    return keras.Model(inputs, x, name=name)


def _hidden(x: Any, units: Sequence[int], activation: str, initializer: Any) -> Any:
    for i, width in enumerate(units, 1):
        x = layers.Dense(width, kernel_initializer=fresh(initializer), name=f"dense_{i}")(x)
        x = activate(x, activation, name=f"activation_{i}")
    return x


def _code(
    x: Any, latent_dim: int, activation: str, initializer: Any = "glorot_uniform"
) -> keras.KerasTensor:
    return layers.Dense(
        latent_dim,
        activation=activation,
        kernel_initializer=fresh(initializer),
        dtype="float32",
        name="code",
    )(x)

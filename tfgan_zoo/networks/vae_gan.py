"""The encoder, decoder and discriminator of VAE/GAN, Larsen et al. 2015."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks.common import (
    activate,
    cancels_bias,
    check_choice,
    check_positive,
    check_shape,
    downsample,
    fresh,
    normalize,
    transposed,
)

NORMALIZATIONS = ("batch", "layer", "none")


def vae_gan_encoder(
    image_shape: Sequence[int],
    latent_dim: int = 256,
    *,
    filters: Sequence[int] = (64, 128, 256),
    dense_units: int = 1024,
    kernel_size: int = 5,
    normalization: str = "batch",
    synchronized_bn: bool = False,
    name: str = "encoder",
) -> keras.Model:
    """VAE/GAN's encoder (Larsen et al. 2015, https://arxiv.org/abs/1512.09300).

    Convolutions of stride 2 and a dense layer, each with batch normalisation and ReLU. The defaults
    are those of the authors' code for 32x32 images.

    Args:
        image_shape: `(height, width, channels)`, sides that can be halved once for each of
            `filters`.
        latent_dim: Length of mean and log-variance together: twice that of a code, 256 for 128.
        filters: Feature maps of each convolution.
        dense_units: Width of the dense layer.
        kernel_size: Side of the kernels.
        normalization: `batch`, `layer` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 vectors `[B, latent_dim]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> vae_gan_encoder((32, 32, 3)).get_layer("conv_3").output.shape
        (None, 4, 4, 256)
    """
    shape = _check(image_shape, filters, latent_dim=latent_dim, dense_units=dense_units)
    block = _Blocks(normalization, synchronized_bn, kernel_size)

    inputs = x = keras.Input(shape, name="image")
    for i, width in enumerate(filters, 1):
        x = block.activated(block.halved(x, width, i), i)
    x = layers.Flatten(name="flatten")(x)
    x = block.activated(block.dense(x, dense_units, "dense"), "dense")
    x = layers.Dense(latent_dim, dtype="float32", name="code")(x)
    return keras.Model(inputs, x, name=name)


def vae_gan_decoder(
    image_shape: Sequence[int],
    latent_dim: int = 128,
    *,
    project: int = 256,
    filters: Sequence[int] = (192, 128, 32),
    kernel_size: int = 5,
    output_activation: str = "tanh",
    normalization: str = "batch",
    synchronized_bn: bool = False,
    name: str = "decoder",
) -> keras.Model:
    """VAE/GAN's decoder (Larsen et al. 2015, https://arxiv.org/abs/1512.09300).

    A dense layer, transposed convolutions of stride 2, each with batch normalisation and ReLU, and
    a convolution of stride 1. The defaults are those of the authors' code for 32x32 images.

    Args:
        image_shape: `(height, width, channels)`, sides that can be halved once for each of
            `filters`.
        latent_dim: Length of the code.
        project: Feature maps of the dense layer.
        filters: Feature maps of each transposed convolution.
        kernel_size: Side of the kernels.
        output_activation: Activation of the output.
        normalization: `batch`, `layer` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from codes `[B, latent_dim]` to float32 images `[B, *image_shape]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> vae_gan_decoder((32, 32, 3)).get_layer("maps").output.shape
        (None, 4, 4, 256)
    """
    shape = _check(image_shape, filters, latent_dim=latent_dim, project=project)
    block = _Blocks(normalization, synchronized_bn, kernel_size)
    height, width = (side >> len(filters) for side in shape[:2])

    inputs = keras.Input((latent_dim,), name="code")
    x = block.dense(inputs, height * width * project, "project")
    x = layers.Reshape((height, width, project), name="maps")(x)
    x = block.activated(x, "project")
    for i, number in enumerate(filters, 1):
        x = transposed(x, number, kernel_size, use_bias=block.use_bias, name=f"conv_{i}")
        x = block.activated(x, i)
    x = layers.Conv2D(
        shape[-1],
        kernel_size,
        padding="same",
        activation=output_activation,
        dtype="float32",
        name="output",
    )(x)
    return keras.Model(inputs, x, name=name)


def vae_gan_discriminator(
    image_shape: Sequence[int],
    *,
    first_filters: int = 32,
    filters: Sequence[int] = (128, 192, 256),
    dense_units: int = 512,
    kernel_size: int = 5,
    normalization: str = "batch",
    synchronized_bn: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """VAE/GAN's discriminator (Larsen et al. 2015, https://arxiv.org/abs/1512.09300).

    A convolution of stride 1, convolutions of stride 2, a dense layer and a logit. All but the
    first and the last are followed by batch normalisation and ReLU. The layer "features", the last
    convolution before its normalisation, is what VAE/GAN compares reconstructions in. The defaults
    are those of the authors' code for 32x32 images.

    Args:
        image_shape: `(height, width, channels)`, sides that can be halved once for each of
            `filters`.
        first_filters: Feature maps of the first convolution.
        filters: Feature maps of each convolution of stride 2.
        dense_units: Width of the dense layer.
        kernel_size: Side of the kernels.
        normalization: `batch`, `layer` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 logits `[B, 1]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> vae_gan_discriminator((32, 32, 3)).get_layer("features").output.shape
        (None, 4, 4, 256)
    """
    shape = _check(image_shape, filters, first_filters=first_filters, dense_units=dense_units)
    block = _Blocks(normalization, synchronized_bn, kernel_size)

    inputs = keras.Input(shape, name="image")
    x = layers.Conv2D(
        first_filters,
        kernel_size,
        padding="same",
        kernel_initializer=fresh("he_normal"),
        name="conv_0",
    )(inputs)
    x = activate(x, "relu", name="activation_0")
    for i, width in enumerate(filters, 1):
        last = i == len(filters)
        x = block.halved(x, width, i, name="features" if last else None)
        x = block.activated(x, i)
    x = layers.Flatten(name="flatten")(x)
    x = block.activated(block.dense(x, dense_units, "dense"), "dense")
    x = layers.Dense(1, dtype="float32", name="logits")(x)
    return keras.Model(inputs, x, name=name)


class _Blocks:
    """The layers that all three networks are made of."""

    def __init__(self, normalization: str, synchronized: bool, kernel_size: int):
        check_positive(kernel_size=kernel_size)
        check_choice("normalization", normalization, NORMALIZATIONS)
        self.normalization, self.synchronized = normalization, synchronized
        self.kernel_size = kernel_size
        self.use_bias = not cancels_bias(normalization)

    def halved(self, x: Any, filters: int, i: int, name: str | None = None) -> Any:
        return downsample(
            x,
            filters,
            self.kernel_size,
            use_bias=self.use_bias,
            kernel_initializer=fresh("he_normal"),
            name=name or f"conv_{i}",
        )

    def dense(self, x: Any, units: int, name: str) -> Any:
        return layers.Dense(
            units, use_bias=self.use_bias, kernel_initializer=fresh("he_normal"), name=name
        )(x)

    def activated(self, x: Any, suffix: int | str) -> Any:
        x = normalize(x, self.normalization, name=f"norm_{suffix}", synchronized=self.synchronized)
        return activate(x, "relu", name=f"activation_{suffix}")


def _check(image_shape: Sequence[int], filters: Sequence[int], **sizes: int) -> tuple[int, ...]:
    shape = check_shape(image_shape)
    check_positive(**sizes, **{f"filters[{i}]": n for i, n in enumerate(filters)})
    multiple = 2 ** len(filters)
    if any(side % multiple for side in shape[:2]):
        raise InputError(
            f"image_shape: expected sides that are multiples of {multiple}, as {len(filters)} "
            f"convolutions halve them, got {shape}."
        )
    return shape

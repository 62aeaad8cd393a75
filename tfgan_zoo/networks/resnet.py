"""WGAN-GP's residual networks."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.networks.classes import check_classes, join_class, judge
from tfgan_zoo.networks.common import (
    activate,
    check_choice,
    check_doublings,
    check_positive,
    normalize,
)


def _conv(x: Any, filters: int, size: int, *, name: str, use_bias: bool = True) -> Any:
    # The authors' scheme: He's variance, averaged over fan in and fan out, for the 3x3 kernels
    # that follow a ReLU; Glorot's, half of that, for the shortcuts.
    initializer = keras.initializers.VarianceScaling(
        2.0 if size > 1 else 1.0, mode="fan_avg", distribution="uniform"
    )
    return layers.Conv2D(
        filters,
        size,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=initializer,
        name=name,
    )(x)


def _up(x: Any, *, name: str) -> Any:
    return layers.UpSampling2D(2, interpolation="nearest", name=name)(x)


def _pool(x: Any, *, name: str) -> Any:
    return layers.AveragePooling2D(2, name=name)(x)


def _block(
    x: Any,
    filters: int,
    *,
    resample: str | None,
    normalization: str,
    synchronized: bool,
    name: str,
    condition: Any = None,
) -> Any:
    """Adds a pre-activation residual block; `resample` is "up", "down" or None."""
    options = {"synchronized": synchronized, "condition": condition}
    # Batch normalisation, in the next block or at the output, cancels any constant added here.
    use_bias = normalization != "batch"

    # A 1x1 convolution commutes with both resamplings, and runs where there are fewer pixels.
    shortcut = x
    if resample == "up":
        shortcut = _conv(shortcut, filters, 1, name=f"{name}_shortcut", use_bias=use_bias)
        shortcut = _up(shortcut, name=f"{name}_shortcut_up")
    elif resample == "down":
        shortcut = _pool(shortcut, name=f"{name}_shortcut_pool")
        shortcut = _conv(shortcut, filters, 1, name=f"{name}_shortcut", use_bias=use_bias)

    x = normalize(x, normalization, name=f"{name}_norm_1", **options)
    x = activate(x, "relu", name=f"{name}_relu_1")
    if resample == "up":
        x = _up(x, name=f"{name}_up")
    x = _conv(x, filters, 3, name=f"{name}_conv_1", use_bias=use_bias)
    x = normalize(x, normalization, name=f"{name}_norm_2", **options)
    x = activate(x, "relu", name=f"{name}_relu_2")
    x = _conv(x, filters, 3, name=f"{name}_conv_2", use_bias=use_bias)
    if resample == "down":
        x = _pool(x, name=f"{name}_pool")
    return layers.Add(name=f"{name}_add")([shortcut, x])


def _first_block(x: Any, filters: int) -> Any:
    """Adds the critic's first block; its input, pixels, is neither normalised nor activated."""
    shortcut = _pool(x, name="block_1_shortcut_pool")
    shortcut = _conv(shortcut, filters, 1, name="block_1_shortcut")
    x = _conv(x, filters, 3, name="block_1_conv_1")
    x = activate(x, "relu", name="block_1_relu")
    x = _conv(x, filters, 3, name="block_1_conv_2")
    x = _pool(x, name="block_1_pool")
    return layers.Add(name="block_1_add")([shortcut, x])


def resnet_generator(
    image_shape: Sequence[int],
    latent_dim: int = 128,
    num_classes: int | None = None,
    *,
    filters: int = 128,
    normalization: str = "batch",
    synchronized_bn: bool = False,
    embedding_dim: int = 16,
    conditional_normalization: bool = True,
    name: str = "generator",
) -> keras.Model:
    """WGAN-GP's residual CIFAR-10 generator (Gulrajani et al. 2017, arXiv 1704.00028, appendix F).

    A dense layer to 4x4 maps, one residual block for each doubling of the size (nearest-neighbour
    upsampling), then batch normalisation, ReLU, a 3x3 convolution and tanh.
    Convolutions have no bias where batch normalisation would cancel it. The authors' code upsamples
    before a 1x1 convolution, this network after it: the function is the same.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`.
        latent_dim: Size of the noise vector.
        num_classes: Number of classes, for a network of [noise, label]; None for one without.
        filters: Feature maps of every block.
        normalization: `batch` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        embedding_dim: Size of the embedding of the class, which is joined to the noise.
        conditional_normalization: Whether scale and offset of batch normalisation follow from the
            embedding of the class, if there are classes.
        name: Name of the model.

    Returns:
        A model from noise `[B, latent_dim]` to float32 images `[B, *image_shape]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> resnet_generator((32, 32, 3)).get_layer("block_3_add").output.shape
        (None, 32, 32, 128)
    """
    shape, doublings, start = check_doublings(image_shape)
    check_positive(latent_dim=latent_dim, filters=filters)
    check_choice("normalization", normalization, ("batch", "none"))
    num_classes = check_classes(num_classes)

    noise = keras.Input((latent_dim,), name="noise")
    inputs, code, embedded = join_class(noise, num_classes, embedding_dim)
    condition = embedded if conditional_normalization else None
    x = layers.Dense(
        math.prod(start) * filters, kernel_initializer="glorot_uniform", name="project"
    )(code)
    x = layers.Reshape((*start, filters), name="maps")(x)
    for i in range(1, doublings + 1):
        x = _block(
            x,
            filters,
            resample="up",
            normalization=normalization,
            synchronized=synchronized_bn,
            name=f"block_{i}",
            condition=condition,
        )
    x = normalize(
        x, normalization, name="output_norm", synchronized=synchronized_bn, condition=condition
    )
    x = activate(x, "relu", name="output_relu")
    x = layers.Conv2D(
        shape[-1],
        3,
        padding="same",
        activation="tanh",
        kernel_initializer="glorot_uniform",
        dtype="float32",
        name="output",
    )(x)
    return keras.Model(inputs, x, name=name)


def resnet_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    packing: int = 1,
    *,
    filters: int = 128,
    normalization: str = "none",
    name: str = "discriminator",
) -> keras.Model:
    """WGAN-GP's residual CIFAR-10 critic (Gulrajani et al. 2017, arXiv 1704.00028, appendix F).

    Residual blocks halve the size by mean pooling down to 8x8, the first of them without
    activation before its first convolution; two blocks keep the size; ReLU, the mean over all
    pixels and one logit follow. For 32x32 images there are four blocks. There is no batch
    normalisation, which would make the gradient penalty of one sample depend on the others.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`. A packed
            discriminator (PacGAN) has m times the channels.
        num_classes: Number of classes, for a network of [images, labels]; None for one without.
        packing: Samples in a pack, of which each has a label; without classes it has no meaning.
        filters: Feature maps of every block.
        normalization: `none`, as in the paper's CIFAR-10 critic, or `layer`.
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 logits `[B, 1]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> resnet_discriminator((32, 32, 3)).get_layer("block_4_add").output.shape
        (None, 8, 8, 128)
    """
    shape, halvings, _ = check_doublings(image_shape)
    check_positive(filters=filters)
    check_choice("normalization", normalization, ("none", "layer"))
    num_classes = check_classes(num_classes, packing)

    inputs = keras.Input(shape, name="image")
    x = _first_block(inputs, filters)
    for i, resample in enumerate(["down"] * (halvings - 2) + [None, None], 2):
        x = _block(
            x,
            filters,
            resample=resample,
            normalization=normalization,
            synchronized=False,
            name=f"block_{i}",
        )
    x = activate(x, "relu", name="output_relu")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    all_inputs, x = judge(inputs, x, num_classes, packing, keras.initializers.GlorotUniform)
    return keras.Model(all_inputs, x, name=name)

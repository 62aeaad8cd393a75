"""pix2pix's generators: a U-Net, and the same network without skip connections."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import PredictionTimeBatchNormalization, StatelessDropout
from tfgan_zoo.layers.inference import check_inference
from tfgan_zoo.networks.common import (
    cancels_bias,
    check_choice,
    check_positive,
    check_shape,
    downsample,
    normal_around_one,
    normalize,
    small_normal,
    upsample,
)
from tfgan_zoo.sizes import halvings


def unet_generator(
    image_shape: Sequence[int],
    channels: int | None = None,
    *,
    filters: int = 64,
    depth: int | None = None,
    normalization: str = "batch",
    dropout: float = 0.5,
    upsampling: str = "transposed",
    inference: str = "frozen",
    innermost_dropout: bool = True,
    synchronized_bn: bool = False,
    seed: int = 0,
    name: str = "generator",
) -> keras.Model:
    """pix2pix's U-Net (Isola et al. 2016, https://arxiv.org/abs/1611.07004, sections 3.2.1, 6.1.1).

    4x4 convolutions of stride 2 lead down to one pixel, with 64, 128, 256, 512, 512, ... feature
    maps, and as many of stride 1/2 back up to the image; each of those also sees the maps of its
    size from the way down. LeakyReLU of slope 0.2 on the way down, ReLU on the way up, tanh at the
    end; normalisation in all but the first, the innermost and the last convolution. Dropout in the
    first three convolutions on the way up is the only noise: for 256x256 images, in the paper's
    notation, CD512-CD1024-CD1024-C1024-C1024-C512-C256-C128. Networks of depth 7 have it in two
    convolutions, and smaller ones in one. Weights N(0, 0.02), scales N(1, 0.02). Convolutions have
    no bias where normalisation would cancel it.

    Args:
        image_shape: `(height, width, channels)` in training, with sides that are multiples of
            2**depth; the network accepts other such sizes.
        channels: Channels of the output; None for as many as the input has.
        filters: Feature maps of the first convolution; deeper ones have up to eight times as many.
        depth: Number of convolutions down, at least 2. None for as many as lead to one pixel (8 for
            256x256 images); images must then be square, and their side a power of two of at least
            32.
        normalization: `batch`, `instance` or `none`.
        dropout: Probability of dropping an input, in [0, 1).
        upsampling: `transposed` convolutions, or `resize`: nearest-neighbour resizing followed by
            3x3 convolutions, without checkerboard artifacts (Odena et al. 2016).
        inference: What dropout and batch normalisation do at inference, `frozen` or `paper`;
            `tfgan_zoo.layers.set_inference` changes it.
        innermost_dropout: Whether the first convolution on the way up has dropout, as in the paper.
            The authors' PyTorch code drops out after `depth - 5`, beginning with the second.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        seed: Seed of the dropout masks.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 images `[B, H, W, channels]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> model = unet_generator((256, 256, 1), 3)
        >>> model.compute_output_shape((1, 256, 512, 1))
        (1, 256, 512, 3)
        >>> [layer.name for layer in model.layers if isinstance(layer, StatelessDropout)]
        ['up_8_dropout', 'up_7_dropout', 'up_6_dropout']
    """
    return _generator(**locals(), skips=True)


def encoder_decoder_generator(
    image_shape: Sequence[int],
    channels: int | None = None,
    *,
    filters: int = 64,
    depth: int | None = None,
    normalization: str = "batch",
    dropout: float = 0.5,
    upsampling: str = "transposed",
    inference: str = "frozen",
    innermost_dropout: bool = True,
    synchronized_bn: bool = False,
    seed: int = 0,
    name: str = "generator",
) -> keras.Model:
    """`unet_generator` without its skip connections, for comparison as in pix2pix's paper.

    All information about the image passes through the innermost maps.

    Args:
        image_shape: As for `unet_generator`, like all other arguments.
        channels: Channels of the output.
        filters: Feature maps of the first convolution.
        depth: Number of convolutions down.
        normalization: `batch`, `instance` or `none`.
        dropout: Probability of dropping an input.
        upsampling: `transposed` or `resize`.
        inference: `frozen` or `paper`.
        innermost_dropout: Whether the first convolution on the way up has dropout.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        seed: Seed of the dropout masks.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 images `[B, H, W, channels]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> encoder_decoder_generator((256, 256, 3), filters=8).get_layer("up_2").input.shape
        (None, None, None, 16)
    """
    return _generator(**locals(), skips=False)


def _generator(
    image_shape: Sequence[int],
    channels: int | None,
    filters: int,
    depth: int | None,
    normalization: str,
    dropout: float,
    upsampling: str,
    inference: str,
    innermost_dropout: bool,
    synchronized_bn: bool,
    seed: int,
    name: str,
    skips: bool,
) -> keras.Model:
    shape = check_shape(image_shape)
    depth = _check_depth(shape, depth)
    channels = shape[-1] if channels is None else channels
    check_positive(channels=channels, filters=filters)
    check_choice("normalization", normalization, ("batch", "instance", "none"))
    check_choice("upsampling", upsampling, ("transposed", "resize"))
    check_inference(inference)

    def norm(x: Any, kind: str, *, name: str) -> Any:
        if kind != "batch":
            return normalize(x, kind, name=name)
        return PredictionTimeBatchNormalization(
            inference=inference,
            momentum=0.9,
            epsilon=1e-5,
            gamma_initializer=normal_around_one(),
            synchronized=synchronized_bn,
            name=name,
        )(x)

    inputs = keras.Input((None, None, shape[-1]), name="image")
    x = inputs
    maps = []  # The output of every level before its LeakyReLU, the innermost last.
    for i in range(1, depth + 1):
        kind = "none" if i in (1, depth) else normalization
        if i > 1:
            x = layers.LeakyReLU(negative_slope=0.2, name=f"down_{i}_lrelu")(x)
        x = downsample(
            x,
            filters * min(2 ** (i - 1), 8),
            4,  # An even kernel on even sides: padded as in the authors' code.
            use_bias=not cancels_bias(kind),
            kernel_initializer=small_normal(),
            name=f"down_{i}",
        )
        x = norm(x, kind, name=f"down_{i}_norm")
        maps.append(x)

    # The authors' smaller networks have less dropout; without any there would be no noise.
    noisy = min(max(depth - 5, 1), 3) if innermost_dropout else max(depth - 5, 0)
    first = depth if innermost_dropout else depth - 1
    for i in range(depth, 0, -1):
        if skips and i < depth:
            x = layers.Concatenate(name=f"skip_{i}")([x, maps[i - 1]])
        x = layers.ReLU(name=f"relu_{i}")(x)
        if i == 1:
            break
        width = filters * min(2 ** (i - 2), 8)
        use_bias = not cancels_bias(normalization)
        x = upsample(x, width, 4, upsampling, use_bias=use_bias, name=f"up_{i}")
        x = norm(x, normalization, name=f"up_{i}_norm")
        if dropout and first - noisy < i <= first:
            x = StatelessDropout(dropout, seed, inference=inference, name=f"up_{i}_dropout")(x)
    x = upsample(x, channels, 4, upsampling, activation="tanh", dtype="float32", name="output")
    return keras.Model(inputs, x, name=name)


def _check_depth(shape: tuple[int, ...], depth: int | None) -> int:
    height, width, _ = shape
    if depth is None:
        depth = halvings(height, width)
        if depth < 5:
            raise InputError(
                "image_shape: expected sides that are multiples of 32 for this network, got "
                f"{shape}; give depth for other shapes."
            )
        return depth
    check_positive(depth=depth)
    if depth < 2:
        raise InputError(f"depth: expected at least 2, got {depth}.")
    if height % 2**depth or width % 2**depth:
        raise InputError(
            f"image_shape: expected sides that are multiples of 2**depth, {2**depth}, got {shape}."
        )
    return depth

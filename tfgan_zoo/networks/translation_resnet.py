"""CycleGAN's generator."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ReflectionPadding2D
from tfgan_zoo.networks.common import (
    PADDINGS,
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


def translation_resnet(
    image_shape: Sequence[int],
    channels: int | None = None,
    *,
    filters: int = 64,
    blocks: int | None = None,
    normalization: str = "instance",
    upsampling: str = "transposed",
    padding: str = "same",
    synchronized_bn: bool = False,
    name: str = "generator",
) -> keras.Model:
    """CycleGAN's generator (Zhu et al. 2017, https://arxiv.org/abs/1703.10593, section 7.2).

    As in Johnson et al. 2016 (https://arxiv.org/abs/1603.08155): a 7x7 convolution, two 3x3 of
    stride 2, residual blocks of two 3x3, two of stride 1/2, a 7x7 and tanh; in the paper's notation
    c7s1-64, d128, d256, R256 6 or 9 times, u128, u64, c7s1-3. Normalisation and ReLU after every
    convolution but the last, and no ReLU after a residual block. The 7x7 and the residual
    convolutions use reflection padding. Weights N(0, 0.02). Convolutions have no bias where
    normalisation would cancel it; the authors' code has those biases, which change no output.

    Args:
        image_shape: `(height, width, channels)` in training, with sides that are multiples of 4 and
            at least 16; the network accepts other such sizes.
        channels: Channels of the output; None for as many as the input has.
        filters: Feature maps at full size; twice and four times as many at half and at a
            quarter of it.
        blocks: Number of residual blocks; None for 9 from sides of 256, else 6, as in the authors'
            code.
        normalization: `instance`, `batch` or `none`.
        upsampling: `transposed` convolutions, or `resize`: nearest-neighbour resizing followed by
            convolutions, without checkerboard artifacts (Odena et al. 2016).
        padding: Padding of the convolutions of stride 2 and 1/2: `same`, as in TensorFlow, with
            zeros only at the bottom and right; or `symmetric`, one pixel on every side, as in the
            authors' code and as weights converted from it need.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 images `[B, H, W, channels]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> model = translation_resnet((128, 128, 3))
        >>> model.get_layer("block_6_add").output.shape
        (None, None, None, 256)
        >>> model.compute_output_shape((1, 40, 24, 3))
        (1, 40, 24, 3)
    """
    shape = check_shape(image_shape)
    side = min(shape[:2])
    if side < 16 or shape[0] % 4 or shape[1] % 4:
        raise InputError(
            "image_shape: expected sides that are multiples of 4, at least 16, for this network, "
            f"got {shape}."
        )
    channels = shape[-1] if channels is None else channels
    blocks = (9 if side >= 256 else 6) if blocks is None else blocks
    check_positive(channels=channels, filters=filters, blocks=blocks)
    check_choice("normalization", normalization, ("instance", "batch", "none"))
    check_choice("upsampling", upsampling, ("transposed", "resize"))
    check_choice("padding", padding, PADDINGS)
    use_bias = not cancels_bias(normalization)

    def conv(x: Any, width: int, size: int, *, name: str, **options: Any) -> Any:
        """Adds a convolution with reflection padding."""
        x = ReflectionPadding2D(size // 2, name=f"{name}_padding")(x)
        options = {"use_bias": use_bias, "kernel_initializer": small_normal(), **options}
        return layers.Conv2D(width, size, name=name, **options)(x)

    def norm(x: Any, *, name: str) -> Any:
        return normalize(
            x, normalization, name=name, gamma=normal_around_one(), synchronized=synchronized_bn
        )

    def norm_relu(x: Any, *, name: str) -> Any:
        return layers.ReLU(name=f"{name}_relu")(norm(x, name=f"{name}_norm"))

    inputs = keras.Input((None, None, shape[-1]), name="image")
    x = norm_relu(conv(inputs, filters, 7, name="input"), name="input")
    for i in (1, 2):
        x = downsample(
            x,
            filters * 2**i,
            3,
            padding=padding,
            use_bias=use_bias,
            kernel_initializer=small_normal(),
            name=f"down_{i}",
        )
        x = norm_relu(x, name=f"down_{i}")
    for i in range(1, blocks + 1):
        shortcut = x
        x = conv(x, 4 * filters, 3, name=f"block_{i}_conv_1")
        x = norm_relu(x, name=f"block_{i}_conv_1")
        x = conv(x, 4 * filters, 3, name=f"block_{i}_conv_2")
        x = norm(x, name=f"block_{i}_conv_2_norm")
        x = layers.Add(name=f"block_{i}_add")([shortcut, x])
    for i in (1, 2):
        width = 4 * filters // 2**i
        x = upsample(x, width, 3, upsampling, padding=padding, use_bias=use_bias, name=f"up_{i}")
        x = norm_relu(x, name=f"up_{i}")
    x = conv(x, channels, 7, use_bias=True, activation="tanh", dtype="float32", name="output")
    return keras.Model(inputs, x, name=name)

"""SRGAN's generator."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ICNR, PixelShuffle
from tfgan_zoo.networks.common import (
    cancels_bias,
    check_choice,
    check_positive,
    check_shape,
    normalize,
    repeated_pixels,
)


def srresnet_generator(
    lr_shape: Sequence[int],
    scale: int = 4,
    *,
    filters: int = 64,
    blocks: int = 16,
    normalization: str = "batch",
    output_activation: str = "linear",
    upsampling: str = "shuffle",
    icnr: bool = False,
    synchronized_bn: bool = False,
    name: str = "generator",
) -> keras.Model:
    """SRResNet (Ledig et al. 2016, https://arxiv.org/abs/1609.04802, figure 4).

    A 9x9 convolution and PReLU; residual blocks of two 3x3 convolutions with batch normalisation,
    with PReLU between them and none after the sum; another such convolution and the sum with the
    input of the first block; for every doubling a 3x3 convolution to four times `filters`,
    `PixelShuffle` and PReLU; a 9x9 convolution. PReLU has one slope per channel, initially 0.25,
    and kernels have the normal initializer of the same paper (He et al. 2015,
    https://arxiv.org/abs/1502.01852); SRGAN's paper names none. Convolutions have no bias where
    normalisation would cancel it. At inference, batch normalisation uses its moving averages, so an
    image's result does not depend on the others.

    Args:
        lr_shape: `(height, width, channels)` of low-resolution images in training; the network
            accepts images of any size, in whichever range it is trained on.
        scale: Factor by which sides grow: 2, 4 or 8.
        filters: Feature maps at low resolution.
        blocks: Residual blocks.
        normalization: `batch` or `none`. With `none`, the weights of residual blocks start at a
            tenth of their scale (Wang et al. 2018, https://arxiv.org/abs/1809.00219); otherwise the
            sums would explode.
        output_activation: `linear`, as in the paper's figure: values outside [-1, 1] are possible
            and must be clipped to make an image. Or `tanh`, as in several reimplementations, which
            stays inside but reaches black and white only in the limit.
        upsampling: `shuffle`, as in the paper: a convolution to four times `filters`, and
            `PixelShuffle`. Or `resize`: nearest-neighbour resizing and a convolution to `filters`
            (Wang et al. 2018), which is as fast and makes no checkerboard artifacts.
        icnr: Whether upsampling by `shuffle` starts as nearest-neighbour resizing (see
            `layers.ICNR`), without checkerboard artifacts, which training may bring back.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 images `[B, scale * H, scale * W, C]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> srresnet_generator((24, 24, 3), blocks=2).compute_output_shape((1, 24, 17, 3))
        (1, 96, 68, 3)
    """
    channels = check_shape(lr_shape, name="lr_shape")[-1]
    if scale not in (2, 4, 8):
        raise InputError(f"scale: expected 2, 4 or 8, got {scale!r}.")
    check_positive(filters=filters, blocks=blocks)
    check_choice("normalization", normalization, ("batch", "none"))
    check_choice("output_activation", output_activation, ("linear", "tanh"))
    check_choice("upsampling", upsampling, ("shuffle", "resize"))
    if icnr and upsampling == "resize":
        raise InputError("icnr: expected False with upsampling='resize', got True.")

    def conv(x: Any, width: int, size: int, *, name: str, **options: Any) -> Any:
        options = {"kernel_initializer": "he_normal", **options}
        return layers.Conv2D(width, size, padding="same", name=name, **options)(x)

    def conv_norm(x: Any, *, name: str) -> Any:
        """Adds a convolution of a residual branch."""
        if normalization == "none":
            # He's scale is 2; a tenth of the weights is a hundredth of their variance.
            options = {"kernel_initializer": keras.initializers.VarianceScaling(0.02)}
        else:
            options = {"use_bias": not cancels_bias(normalization)}
        x = conv(x, filters, 3, name=name, **options)
        return normalize(x, normalization, name=f"{name}_norm", synchronized=synchronized_bn)

    def prelu(x: Any, *, name: str) -> Any:
        slope = keras.initializers.Constant(0.25)
        return layers.PReLU(alpha_initializer=slope, shared_axes=[1, 2], name=f"{name}_prelu")(x)

    inputs = keras.Input((None, None, channels), name="image")
    x = first = prelu(conv(inputs, filters, 9, name="input"), name="input")
    for i in range(1, blocks + 1):
        shortcut = x
        x = prelu(conv_norm(x, name=f"block_{i}_conv_1"), name=f"block_{i}")
        x = conv_norm(x, name=f"block_{i}_conv_2")
        x = layers.Add(name=f"block_{i}_add")([shortcut, x])
    x = layers.Add(name="trunk_add")([first, conv_norm(x, name="trunk")])
    for i in range(1, scale.bit_length()):
        if upsampling == "resize":
            x = conv(repeated_pixels(x, prefix=f"up_{i}_"), filters, 3, name=f"up_{i}")
        else:
            options = {"kernel_initializer": ICNR("he_normal")} if icnr else {}
            x = conv(x, 4 * filters, 3, name=f"up_{i}", **options)
            x = PixelShuffle(2, name=f"up_{i}_shuffle")(x)
        x = prelu(x, name=f"up_{i}")
    x = conv(x, channels, 9, activation=output_activation, dtype="float32", name="output")
    return keras.Model(inputs, x, name=name)

"""Real-ESRGAN's compact generator."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import PixelShuffle
from tfgan_zoo.networks.common import check_positive, check_shape

#: Initial slope of PReLUs.
_SLOPE = 0.25


def srvgg_generator(
    lr_shape: Sequence[int],
    scale: int = 4,
    *,
    filters: int = 64,
    convs: int = 16,
    name: str = "generator",
) -> keras.Model:
    """SRVGGNetCompact, of Real-ESRGAN (Wang et al. 2021, https://arxiv.org/abs/2107.10833).

    A row of 3x3 convolutions at low resolution, each followed by a PReLU with a slope for every
    channel, initially 0.25; the last convolution makes `scale * scale` times as many channels, and
    `PixelShuffle` enlarges. To this the network adds its input, enlarged to the nearest neighbours.
    The paper does not describe it; details follow the authors' code
    (https://github.com/xinntao/Real-ESRGAN), as do the names of layers, such as `body.0`. Kernels
    start as He et al. 2015 (https://arxiv.org/abs/1502.01852) derive for these PReLUs, and the last
    one at a tenth of that, so that the network starts near its enlarged input; biases start at 0.
    From PyTorch's default, which the authors keep, signals vanish in a row of 16 convolutions, and
    training does not start.

    The authors' network takes and makes images in [0, 1]. This one makes them in [-1, 1], as
    `SRGAN` needs: the enlarged input is brought to that range.

    Args:
        lr_shape: `(height, width, channels)` of low-resolution images, in [0, 1], in training; the
            network accepts images of any size.
        scale: Factor by which sides grow: 1, 2, 3, 4 or 8.
        filters: Feature maps of every convolution but the last.
        convs: Convolutions between the first and the last. The authors' networks for video have 16,
            and those for general images 32.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 images `[B, scale * H, scale * W, C]`.

    Raises:
        InputError: If the shape or a size is invalid.

    Example:
        >>> model = srvgg_generator((24, 24, 3), convs=2, filters=8)
        >>> model.compute_output_shape((1, 24, 17, 3))
        (1, 96, 68, 3)
    """
    channels = check_shape(lr_shape, name="lr_shape")[-1]
    if scale not in (1, 2, 3, 4, 8):
        raise InputError(f"scale: expected 1, 2, 3, 4 or 8, got {scale!r}.")
    check_positive(filters=filters, convs=convs)

    def conv(x: Any, width: int, *, name: str, times: float = 1.0, **options: Any) -> Any:
        variance = times**2 * 2 / (1 + _SLOPE**2)
        initializer = keras.initializers.VarianceScaling(variance, "fan_in", "untruncated_normal")
        return layers.Conv2D(
            width, 3, padding="same", kernel_initializer=initializer, name=name, **options
        )(x)

    def shuffled(x: Any, *, name: str) -> Any:
        if scale == 1:
            return x
        return PixelShuffle(scale, dtype="float32", name=name)(x)

    inputs = keras.Input((None, None, channels), name="image")
    x: Any = inputs
    for i in range(convs + 1):
        x = conv(x, filters, name=f"body.{2 * i}")
        x = layers.PReLU(
            alpha_initializer=keras.initializers.Constant(_SLOPE),
            shared_axes=[1, 2],
            name=f"body.{2 * i + 1}",
        )(x)
    last = f"body.{2 * convs + 2}"
    x = conv(x, channels * scale**2, name=last, times=0.1, dtype="float32")
    x = shuffled(x, name="upsampler")
    base = layers.Rescaling(2.0, offset=-1.0, dtype="float32", name="base")(inputs)
    if scale > 1:  # Not by `UpSampling2D`, whose sides TensorFlow Lite's converter fixes.
        base = layers.Concatenate(dtype="float32", name="base_repeat")([base] * scale**2)
        base = shuffled(base, name="base_resize")
    x = layers.Add(dtype="float32", name="output")([x, base])
    return keras.Model(inputs, x, name=name)

"""BasicSR's residual generator."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import BilinearUpsampling2D, LeakyReLU, PixelShuffle
from tfgan_zoo.networks.common import activate, check_positive, check_shape


def msrresnet_generator(
    lr_shape: Sequence[int],
    scale: int = 4,
    *,
    filters: int = 64,
    blocks: int = 16,
    name: str = "generator",
) -> keras.Model:
    """MSRResNet, the SRResNet that ESRGAN is compared with (https://arxiv.org/abs/1809.00219).

    A 3x3 convolution; residual blocks of two 3x3 convolutions with ReLU between them; for each
    doubling, or once by 3, a convolution to as many more channels and `PixelShuffle`; two more
    convolutions. To this the network adds its input, enlarged bilinearly. LeakyReLU of slope 0.1
    follows all convolutions outside of the blocks but the last, and there is no normalisation.
    Details follow the authors' code (https://github.com/XPixelGroup/BasicSR), as do the names of
    layers, such as `body.0.conv1`. Kernels start at a tenth of He's normal initializer (He et al.
    2015, https://arxiv.org/abs/1502.01852).

    The authors' network takes and makes images in [0, 1]. This one makes them in [-1, 1], as
    `SRGAN` needs: the enlarged input is brought to that range.

    Args:
        lr_shape: `(height, width, channels)` of low-resolution images, in [0, 1], in training; the
            network accepts images of any size.
        scale: Factor by which sides grow: 2, 3 or 4.
        filters: Feature maps.
        blocks: Residual blocks.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 images `[B, scale * H, scale * W, C]`.

    Raises:
        InputError: If the shape or a size is invalid.

    Example:
        >>> model = msrresnet_generator((24, 24, 3), blocks=1, filters=8)
        >>> model.compute_output_shape((1, 24, 17, 3))
        (1, 96, 68, 3)
    """
    channels = check_shape(lr_shape, name="lr_shape")[-1]
    if scale not in (2, 3, 4):
        raise InputError(f"scale: expected 2, 3 or 4, got {scale!r}.")
    check_positive(filters=filters, blocks=blocks)

    def conv(x: Any, width: int, *, name: str, **options: Any) -> Any:
        # He's scale is 2; a tenth of the weights is a hundredth of their variance.
        initializer = keras.initializers.VarianceScaling(0.02, "fan_in", "untruncated_normal")
        return layers.Conv2D(
            width, 3, padding="same", kernel_initializer=initializer, name=name, **options
        )(x)

    def leaky_relu(x: Any, *, name: str) -> Any:
        return LeakyReLU(0.1, name=f"{name}.lrelu")(x)

    inputs = keras.Input((None, None, channels), name="image")
    x = leaky_relu(conv(inputs, filters, name="conv_first"), name="conv_first")
    for block in range(blocks):
        shortcut = x
        x = conv(x, filters, name=f"body.{block}.conv1")
        x = activate(x, "relu", name=f"body.{block}.relu")
        x = conv(x, filters, name=f"body.{block}.conv2")
        x = layers.Add(name=f"body.{block}.add")([shortcut, x])
    factors = (2, 2) if scale == 4 else (scale,)
    for i, factor in enumerate(factors, 1):
        label = f"upconv{i}"
        x = conv(x, filters * factor**2, name=label)
        x = PixelShuffle(factor, name=f"{label}.shuffle")(x)
        x = leaky_relu(x, name=label)
    x = leaky_relu(conv(x, filters, name="conv_hr"), name="conv_hr")
    x = conv(x, channels, name="conv_last", dtype="float32")
    base = layers.Rescaling(2.0, offset=-1.0, dtype="float32", name="base")(inputs)
    base = BilinearUpsampling2D(scale, dtype="float32", name="base_resize")(base)
    x = layers.Add(dtype="float32", name="output")([x, base])
    return keras.Model(inputs, x, name=name)

"""Residual blocks of SNGAN and BigGAN: up in generators, down in discriminators."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from tfgan_zoo.networks.common import activate

#: Returns a convolution, given its filters, the side of its kernel and its name.
Convolution = Callable[[int, int, str], keras.layers.Layer]
#: Returns normalised features, given features and the name of the layer.
Normalization = Callable[[Any, str], Any]


def up_block(
    x: Any, filters: int, convolution: Convolution, normalization: Normalization, name: str
) -> Any:
    """Adds a block that doubles the sides of feature maps.

    Normalisation, ReLU, nearest-neighbour upsampling, 3x3 convolution, normalisation, ReLU and 3x3
    convolution are added to a 1x1 convolution of the upsampled input. The 1x1 convolution commutes
    with the upsampling, and runs before it.

    Args:
        x: Features, `[B, H, W, C]`.
        filters: Number of output feature maps.
        convolution: Returns a convolution.
        normalization: Normalises features.
        name: Name of the block, with which the names of its layers start.

    Returns:
        Features `[B, 2 H, 2 W, filters]`.
    """
    shortcut = convolution(filters, 1, f"{name}_shortcut")(x)
    shortcut = layers.UpSampling2D(2, name=f"{name}_shortcut_up")(shortcut)
    x = activate(normalization(x, f"{name}_norm_1"), "relu", name=f"{name}_relu_1")
    x = layers.UpSampling2D(2, name=f"{name}_up")(x)
    x = convolution(filters, 3, f"{name}_conv_1")(x)
    x = activate(normalization(x, f"{name}_norm_2"), "relu", name=f"{name}_relu_2")
    x = convolution(filters, 3, f"{name}_conv_2")(x)
    return layers.Add(name=f"{name}_add")([shortcut, x])


def down_block(
    x: Any,
    filters: int,
    convolution: Convolution,
    name: str,
    *,
    hidden: int | None = None,
    down: bool = True,
    first: bool = False,
) -> Any:
    """Adds a block that halves the sides of feature maps, or keeps them.

    ReLU, 3x3 convolution, ReLU, 3x3 convolution and mean pooling are added to a 1x1 convolution of
    the pooled input; to the input itself if neither its sides nor its width change. The 1x1
    convolution commutes with the pooling.

    Args:
        x: Features, `[B, H, W, C]`.
        filters: Number of output feature maps.
        convolution: Returns a convolution.
        name: Name of the block, with which the names of its layers start.
        hidden: Feature maps between the convolutions; None for `filters`.
        down: Whether to halve the sides.
        first: Whether the input is images, to which ReLU is not applied.

    Returns:
        Features `[B, H / 2, W / 2, filters]`, or `[B, H, W, filters]`.
    """
    shortcut = x
    if down:
        shortcut = layers.AveragePooling2D(2, name=f"{name}_shortcut_pool")(shortcut)
    if down or x.shape[-1] != filters:
        shortcut = convolution(filters, 1, f"{name}_shortcut")(shortcut)
    if not first:
        x = activate(x, "relu", name=f"{name}_relu_1")
    x = convolution(hidden or filters, 3, f"{name}_conv_1")(x)
    x = activate(x, "relu", name=f"{name}_relu_2")
    x = convolution(filters, 3, f"{name}_conv_2")(x)
    if down:
        x = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
    return layers.Add(name=f"{name}_add")([shortcut, x])


def sum_pool(x: Any) -> Any:
    """Returns the sum of ReLU(x) over all pixels, `[B, C]`, in float32."""
    x = activate(x, "relu", name="output_relu")
    return ops.sum(ops.cast(x, "float32"), axis=(1, 2))


def images(x: Any, channels: int, convolution: Convolution) -> Any:
    """Returns images in [-1, 1], float32, by a last convolution and tanh.

    Args:
        x: Features, `[B, H, W, C]`.
        channels: Number of channels.
        convolution: Returns a convolution.
    """
    x = convolution(channels, 3, "output_conv")(x)
    return layers.Activation("tanh", dtype="float32", name="output")(x)

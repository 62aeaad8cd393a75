"""SRGAN's discriminator."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks.common import (
    PADDINGS,
    activate,
    cancels_bias,
    check_choice,
    check_positive,
    check_shape,
    downsample,
    normalize,
)

#: Feature maps of each convolution, as a multiple of the first's, and its stride.
_CONVOLUTIONS = ((1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (8, 1), (8, 2))


def srgan_discriminator(
    hr_shape: Sequence[int],
    *,
    filters: int = 64,
    dense_units: int = 1024,
    padding: str = "same",
    normalization: str = "batch",
    synchronized_bn: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """SRGAN's discriminator (Ledig et al. 2016, https://arxiv.org/abs/1609.04802, figure 4).

    Eight 3x3 convolutions, of stride 1 and 2 in turn, with 64, 64, 128, 128, 256, 256, 512 and 512
    feature maps; a dense layer of 1024 units; the logit. LeakyReLU of slope 0.2 after each but the
    logit; normalisation after every convolution but the first. Kernels have He's normal initializer
    (https://arxiv.org/abs/1502.01852), as the paper names none. Convolutions have no bias where
    normalisation would cancel it.

    Args:
        hr_shape: `(height, width, channels)` of all images, with sides that are multiples of 16.
            For 96x96, four fifths of all weights are in the dense layer, and their number grows
            with the area.
        filters: Feature maps of the first convolution.
        dense_units: Units of the dense layer.
        padding: Padding of the convolutions of stride 2: `same`, as in TensorFlow, or `symmetric`,
            one pixel on every side, as in PyTorch code. The paper does not specify it.
        normalization: `batch`, `layer` (for a critic under a gradient penalty) or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, *hr_shape]` to float32 logits `[B, 1]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> srgan_discriminator((96, 96, 3), filters=8).get_layer("conv_8").output.shape
        (None, 6, 6, 64)
    """
    shape = check_shape(hr_shape, name="hr_shape")
    if shape[0] % 16 or shape[1] % 16:
        raise InputError(
            f"hr_shape: expected sides that are multiples of 16 for this network, got {shape}."
        )
    check_positive(filters=filters, dense_units=dense_units)
    check_choice("padding", padding, PADDINGS)
    check_choice("normalization", normalization, ("batch", "layer", "none"))

    inputs = keras.Input(shape, name="image")
    x = inputs
    for i, (multiple, strides) in enumerate(_CONVOLUTIONS, 1):
        kind = "none" if i == 1 else normalization
        options: dict[str, Any] = {
            "use_bias": not cancels_bias(kind),
            "kernel_initializer": "he_normal",
            "name": f"conv_{i}",
        }
        if strides == 2:
            x = downsample(x, filters * multiple, 3, padding=padding, **options)
        else:
            x = layers.Conv2D(filters * multiple, 3, padding="same", **options)(x)
        x = normalize(x, kind, name=f"norm_{i}", synchronized=synchronized_bn)
        x = activate(x, "leaky_relu", name=f"lrelu_{i}")
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(dense_units, kernel_initializer="he_normal", name="dense")(x)
    x = activate(x, "leaky_relu", name="dense_lrelu")
    x = layers.Dense(1, kernel_initializer="he_normal", dtype="float32", name="logits")(x)
    return keras.Model(inputs, x, name=name)

"""A small convolutional classifier of images, whose layers are features for other models."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.networks.common import (
    cancels_bias,
    check_choice,
    check_positive,
    check_shape,
    normalize,
)

#: Filters in shares of the first, kernel size and stride of each convolution.
_CONVOLUTIONS = ((1.0, 3, 1), (1.5, 3, 2), (2.0, 3, 1), (2.0, 3, 2), (0.5, 1, 1))


def image_classifier(
    image_shape: Sequence[int],
    num_classes: int,
    *,
    filters: int = 32,
    normalization: str = "batch",
    synchronized_bn: bool = False,
    name: str = "classifier",
) -> keras.Model:
    """The architecture of `figures_v1` and `mnist_v1`, for any size of image.

    Four convolutions with ReLU, two of which halve the maps, a narrow fifth one, and two dense
    layers. The layers `conv1` to `conv5` and `dense64` are what ReLU leaves of them; `logits` is
    the last.

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: Number of classes.
        filters: Feature maps of the first convolution; the others have 1.5, 2, 2 and 0.5 times as
            many.
        normalization: `batch` after each convolution, or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` in [-1, 1] to float32 logits `[B, num_classes]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> image_classifier((28, 28, 3), 10).get_layer("conv4").output.shape
        (None, 7, 7, 64)
    """
    shape = check_shape(image_shape)
    check_positive(num_classes=num_classes, filters=filters)
    check_choice("normalization", normalization, ("batch", "none"))
    inputs = keras.Input(shape, name="image")
    x: Any = inputs
    for i, (share, size, stride) in enumerate(_CONVOLUTIONS, 1):
        x = layers.Conv2D(
            max(1, round(share * filters)),
            size,
            stride,
            "same",
            use_bias=not cancels_bias(normalization),
            kernel_initializer="he_normal",
            name=f"conv{i}_linear",
        )(x)
        x = normalize(x, normalization, name=f"conv{i}_norm", synchronized=synchronized_bn)
        x = layers.ReLU(name=f"conv{i}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(64, "relu", kernel_initializer="he_normal", name="dense64")(x)
    x = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(inputs, x, name=name)

"""A small image encoder, for training text encoders."""

from collections.abc import Sequence

import keras
from keras import layers

from tfgan_zoo.networks.common import check_choice, check_positive, check_shape
from tfgan_zoo.networks.dcgan import halve


def image_encoder(
    image_shape: Sequence[int],
    embedding_dim: int = 1024,
    *,
    filters: int = 32,
    kernel_size: int = 4,
    normalization: str = "batch",
    synchronized_bn: bool = False,
    name: str = "image_encoder",
) -> keras.Model:
    """A small image encoder for a joint embedding with texts.

    It replaces the features of a GoogLeNet trained for classification in Reed et al. 2016
    (https://arxiv.org/abs/1605.05395). As in DCGAN's discriminator, convolutions of stride 2, each
    with twice the feature maps of the one before, reduce both sides to at most 4. A linear layer
    over all positions follows.

    Args:
        image_shape: `(height, width, channels)`.
        embedding_dim: Length of the vectors.
        filters: Feature maps of the first convolution.
        kernel_size: Side of the kernels.
        normalization: `batch`, `layer` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 vectors `[B, embedding_dim]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> image_encoder((64, 48, 3)).get_layer("lrelu_4").output.shape
        (None, 4, 3, 256)
    """
    shape = check_shape(image_shape)
    check_positive(embedding_dim=embedding_dim, filters=filters, kernel_size=kernel_size)
    check_choice("normalization", normalization, ("batch", "layer", "none"))

    inputs = keras.Input(shape, name="image")
    times = max(1, (max(shape[:2]) - 1).bit_length() - 2)
    x = halve(inputs, times, filters, kernel_size, normalization, synchronized_bn)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(embedding_dim, dtype="float32", name="embedding")(x)
    return keras.Model(inputs, x, name=name)

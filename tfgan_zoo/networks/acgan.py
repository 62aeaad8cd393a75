"""AC-GAN's discriminator, which is not told the class but asked for it."""

from collections.abc import Sequence

import keras
from keras import layers

from tfgan_zoo.layers import StatelessDropout
from tfgan_zoo.networks.cgan import required_classes
from tfgan_zoo.networks.common import (
    activate,
    check_choice,
    check_doublings,
    check_positive,
    normal_around_one,
    normalize,
    small_normal,
)


def acgan_discriminator(
    image_shape: Sequence[int],
    num_classes: int = 10,
    packing: int = 1,
    *,
    filters: int = 16,
    normalization: str = "batch",
    dropout: float = 0.5,
    synchronized_bn: bool = False,
    seed: int = 0,
    name: str = "discriminator",
) -> keras.Model:
    """AC-GAN's discriminator (Odena et al. 2016, https://arxiv.org/abs/1610.09585, appendix A).

    3x3 convolutions, by turns of stride 2 and 1, each with twice the feature maps of the one before
    (for 32x32 images 16, 32, 64, 128, 256, 512); normalisation after each but the first, LeakyReLU
    of slope 0.2 and dropout after all. One dense layer follows: a logit for "real", and the logits
    of the classes. Weights N(0, 0.02).

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`. A packed
            discriminator (PacGAN) has m times the channels.
        num_classes: Number of classes.
        packing: Samples in a pack, of each of which the class is asked.
        filters: Feature maps of the first convolution.
        normalization: `batch`, `layer` (for a discriminator under a gradient penalty) or `none`.
        dropout: Probability of dropping a feature, in [0, 1).
        synchronized_bn: Whether batch statistics are computed over all replicas.
        seed: Seed of the dropout masks.
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 logits `[B, 1 + packing * num_classes]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> acgan_discriminator((32, 32, 3)).get_layer("conv_6").output.shape
        (None, 4, 4, 512)
        >>> acgan_discriminator((32, 32, 3)).output_shape
        (None, 11)
    """
    shape, halvings, _ = check_doublings(image_shape)
    check_positive(filters=filters)
    check_choice("normalization", normalization, ("batch", "layer", "none"))
    classes = required_classes(num_classes, packing)

    inputs = keras.Input(shape, name="image")
    x = inputs
    for i in range(1, 2 * halvings + 1):
        kind = "none" if i == 1 else normalization
        x = layers.Conv2D(
            filters * 2 ** (i - 1),
            3,
            strides=1 + i % 2,
            padding="same",
            use_bias=kind != "batch",
            kernel_initializer=small_normal(),
            name=f"conv_{i}",
        )(x)
        x = normalize(
            x, kind, name=f"norm_{i}", gamma=normal_around_one(), synchronized=synchronized_bn
        )
        x = activate(x, "leaky_relu", name=f"lrelu_{i}")
        if dropout:
            x = StatelessDropout(dropout, seed, name=f"dropout_{i}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(
        1 + packing * classes, kernel_initializer=small_normal(), dtype="float32", name="logits"
    )(x)
    return keras.Model(inputs, x, name=name)

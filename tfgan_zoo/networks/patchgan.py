"""PatchGAN, the discriminator of pix2pix and CycleGAN."""

from collections.abc import Sequence

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks.common import (
    activate,
    cancels_bias,
    check_choice,
    check_positive,
    check_shape,
    normal_around_one,
    normalize,
    small_normal,
)

#: Number of convolutions of stride 2, by the side of the patch that a logit sees.
STRIDED = {16: 1, 34: 2, 70: 3, 142: 4, 286: 5}


def patchgan_discriminator(
    image_shape: Sequence[int],
    *,
    receptive_field: int = 70,
    filters: int = 64,
    normalization: str = "batch",
    synchronized_bn: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """PatchGAN (Isola et al. 2016, https://arxiv.org/abs/1611.07004, sections 3.2.2 and 6.1.2).

    A fully convolutional network, each of whose logits sees one patch of the image. As in the
    authors' code, 4x4 convolutions on maps padded by one pixel of zeros: first those of stride 2,
    with feature maps that double up to eight times `filters`, then two of stride 1; for 70x70
    patches 64, 128, 256, 512 and the logit. For patches of one pixel all are 1x1: 64, 128 and the
    logit. LeakyReLU of slope 0.2; normalisation after every convolution but the first and the last.
    Weights N(0, 0.02), scales N(1, 0.02). Convolutions have no bias where normalisation would
    cancel it.

    Args:
        image_shape: `(height, width, channels)` in training; the network accepts other sizes.
            Stacked pairs of images have the channels of both.
        receptive_field: Side of the patches: 1, 16, 34, 70, 142 or 286.
        filters: Feature maps of the first convolution.
        normalization: `batch` (pix2pix), `instance` (CycleGAN), `layer` or `none` (for critics
            under a gradient penalty).
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 logits `[B, h, w, 1]`; for 70x70 patches h
        is H / 8 - 2.

    Raises:
        InputError: If the shape, a size or a choice is invalid, or images are too small for one
            logit.

    Example:
        >>> patchgan_discriminator((256, 256, 6)).compute_output_shape((1, 256, 256, 6))
        (1, 30, 30, 1)
    """
    shape = check_shape(image_shape)
    check_positive(filters=filters)
    if receptive_field not in (1, *STRIDED):
        raise InputError(
            f"receptive_field: expected one of 1, {', '.join(map(str, STRIDED))}, "
            f"got {receptive_field!r}."
        )
    check_choice("normalization", normalization, ("batch", "instance", "layer", "none"))
    if receptive_field == 1:
        size, strides = 1, [1, 1, 1]
    else:
        size, strides = 4, [2] * STRIDED[receptive_field] + [1, 1]
        # Every stride of 2 halves sides, rounding down; the last two convolutions take off 1 each.
        smallest = 3 * 2 ** STRIDED[receptive_field]
        if min(shape[:2]) < smallest:
            raise InputError(
                f"image_shape: expected sides of at least {smallest} for receptive_field="
                f"{receptive_field}, got {shape}."
            )

    inputs = keras.Input((None, None, shape[-1]), name="image")
    x = inputs
    last = len(strides)
    for i, stride in enumerate(strides, 1):
        kind = "none" if i in (1, last) else normalization
        if size > 1:
            # "same" would add one more pixel to odd sides.
            x = layers.ZeroPadding2D(1, name=f"padding_{i}")(x)
        x = layers.Conv2D(
            1 if i == last else filters * min(2 ** (i - 1), 8),
            size,
            strides=stride,
            use_bias=not cancels_bias(kind),
            kernel_initializer=small_normal(),
            dtype="float32" if i == last else None,
            name="logits" if i == last else f"conv_{i}",
        )(x)
        if i < last:
            x = normalize(
                x, kind, name=f"norm_{i}", gamma=normal_around_one(), synchronized=synchronized_bn
            )
            x = activate(x, "leaky_relu", name=f"lrelu_{i}")
    return keras.Model(inputs, x, name=name)

"""SNGAN's residual networks."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.layers import ConditionalBatchNormalization, SpectralNormalization
from tfgan_zoo.networks.classes import check_classes, judge
from tfgan_zoo.networks.common import activate, check_doublings, check_positive, normalize
from tfgan_zoo.networks.residual import down_block, images, sum_pool, up_block

#: Images up to this side have blocks of one width.
_SMALL = 32
#: No block is wider than this many times the narrowest.
_WIDEST = 16


def sngan_generator(
    image_shape: Sequence[int],
    latent_dim: int = 128,
    num_classes: int | None = None,
    *,
    filters: int | None = None,
    synchronized_bn: bool = False,
    name: str = "generator",
) -> keras.Model:
    """SNGAN's residual generator (Miyato et al. 2018, arXiv 1802.05957, appendix B).

    A dense layer to 4x4 maps, a residual block for each doubling of the size, batch normalisation,
    ReLU, a 3x3 convolution and tanh. Up to 32 pixels every block has 256 maps. Above, the last has
    64 and each before it twice as many, up to 1,024: for 48x48 512 at the start, then 256, 128 and
    64; for 128x128 1,024 at the start, then 1,024, 512, 256, 128 and 64. The generator has no
    spectral normalisation.

    With classes, the blocks' batch normalisation has scales and offsets by class, and nothing else
    depends on it (Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637). The authors' code has
    biases in all convolutions; here those that batch normalisation cancels are left out.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`.
        latent_dim: Size of the noise vector.
        num_classes: Number of classes, for a network of [noise, label]; None for one without.
        filters: Feature maps of the last block; None for the paper's.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from noise `[B, latent_dim]` to float32 images `[B, *image_shape]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or the number of classes is invalid.

    Example:
        >>> sngan_generator((32, 32, 3), filters=8).get_layer("block_3_add").output.shape
        (None, 32, 32, 8)
    """
    shape, doublings, start = check_doublings(image_shape)
    num_classes = check_classes(num_classes)
    small = min(shape[:2]) <= _SMALL
    filters = (256 if small else 64) if filters is None else filters
    check_positive(latent_dim=latent_dim, filters=filters)
    widths = [
        filters * (1 if small else min(2**halved, _WIDEST)) for halved in range(doublings, -1, -1)
    ]

    noise = keras.Input((latent_dim,), name="noise")
    label = None if num_classes is None else keras.Input((), dtype="int32", name="label")

    def convolution(filters: int, size: int, name: str) -> keras.layers.Layer:
        last = name == "output_conv"
        return _convolution(filters, size, name, use_bias=last, gain=1.0 if last else None)

    def normalization(x: Any, name: str) -> Any:
        if label is None:
            return normalize(x, "batch", name=name, synchronized=synchronized_bn)
        return ConditionalBatchNormalization(
            num_classes, momentum=0.9, epsilon=1e-5, synchronized=synchronized_bn, name=name
        )([x, label])

    size = math.prod(start) * widths[0]
    x = layers.Dense(size, kernel_initializer="glorot_uniform", name="project")(noise)
    x = layers.Reshape((*start, widths[0]), name="maps")(x)
    for i, width in enumerate(widths[1:], 1):
        x = up_block(x, width, convolution, normalization, f"block_{i}")
    x = normalize(x, "batch", name="output_norm", synchronized=synchronized_bn)
    x = images(activate(x, "relu", name="output_relu"), shape[-1], convolution)
    return keras.Model(noise if label is None else [noise, label], x, name=name)


def sngan_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    packing: int = 1,
    *,
    filters: int | None = None,
    output_bias: bool = True,
    name: str = "discriminator",
) -> keras.Model:
    """SNGAN's residual discriminator (Miyato et al. 2018, arXiv 1802.05957, appendix B).

    Residual blocks with mean pooling, ReLU, the sum over all pixels, and one logit; all layers are
    spectrally normalised. Up to 32 pixels every block has 128 maps, and two that keep the size come
    last: for 32x32 there are four blocks, down to 8x8. Above, the first block has 64 maps and each
    after it twice as many, up to 1,024; they halve the size until the shorter side is at most 4 or
    odd, and one that keeps it comes last: for 48x48 64, 128, 256, 512 and 1,024. The authors' code
    for 64x64 has the same five blocks, but the last halves the size too.

    With classes, an embedding of the class, spectrally normalised too, is projected on the sum
    (Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637).

    The last layer has a bias, as in the authors' code for 64x64 and 128x128. Their discriminator
    for 32x32 has none there, and `output_bias=False` leaves it out. It is in by default at every
    size, as in earlier versions, so that their runs resume. The paper does not mention it.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`. A packed
            discriminator (PacGAN) has m times the channels.
        num_classes: Number of classes, for a network of [images, labels]; None for one without.
        packing: Samples in a pack, of which each has a label; without classes it has no meaning.
        filters: Feature maps of the first block; None for the paper's.
        output_bias: Whether the last layer has a bias.
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 logits `[B, 1]`.

    Raises:
        InputError: If the shape, a size or the number of classes is invalid.

    Example:
        >>> sngan_discriminator((32, 32, 3), filters=8).get_layer("block_4_add").output.shape
        (None, 8, 8, 8)
    """
    shape, halvings, _ = check_doublings(image_shape)
    num_classes = check_classes(num_classes, packing)
    small = min(shape[:2]) <= _SMALL
    filters = (128 if small else 64) if filters is None else filters
    check_positive(filters=filters)
    downs = halvings - 1 if small else _halvings_to_four(*shape[:2])
    blocks = downs + (2 if small else 1)

    inputs = keras.Input(shape, name="image")
    x = inputs
    for i in range(blocks):
        x = down_block(
            x,
            filters * (1 if small else min(2**i, _WIDEST)),
            _spectral_convolution,
            f"block_{i + 1}",
            hidden=None if i == 0 else x.shape[-1],
            down=i < downs,
            first=i == 0,
        )
    all_inputs, x = judge(
        inputs,
        sum_pool(x),
        num_classes,
        packing,
        keras.initializers.GlorotUniform,
        wrap=SpectralNormalization,
        use_bias=output_bias,
    )
    return keras.Model(all_inputs, x, name=name)


def _convolution(
    filters: int, size: int, name: str, *, use_bias: bool = True, gain: float | None = None
) -> keras.layers.Layer:
    # The authors' scheme: Glorot's, with twice the variance for the blocks' 3x3 kernels.
    scale = (2.0 if size > 1 else 1.0) if gain is None else gain
    return layers.Conv2D(
        filters,
        size,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=keras.initializers.VarianceScaling(scale, "fan_avg", "uniform"),
        name=name,
    )


def _spectral_convolution(filters: int, size: int, name: str) -> keras.layers.Layer:
    return SpectralNormalization(_convolution(filters, size, name))


def _halvings_to_four(height: int, width: int) -> int:
    times = 0
    while min(height, width) > 4 and height % 2 == 0 and width % 2 == 0:
        height, width, times = height // 2, width // 2, times + 1
    return times

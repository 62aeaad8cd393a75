"""R3GAN's networks."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import (
    ClassEmbedding,
    FIRDownsampling2D,
    FIRUpsampling2D,
    GroupedConv2D,
    PixelShuffle,
    SpatialBasis,
    SpatialProjection,
)
from tfgan_zoo.networks.classes import check_classes
from tfgan_zoo.networks.common import activate, check_doublings, check_positive

#: The widths of the authors' networks, up to 32x32 maps and, halved, at each further size.
_WIDTH, _FULL_SIZES = 768, 4
#: Channels of a group in the wide part of a block.
_GROUP = 16
#: The standard deviation that LeakyReLU with slope 0.2 needs to keep that of its inputs.
_GAIN = math.sqrt(2 / (1 + 0.2**2))

#: One number for all sizes of maps, or one for each, the smallest first.
PerSize = int | Sequence[int]


def r3gan_generator(
    image_shape: Sequence[int],
    latent_dim: int = 64,
    num_classes: int | None = None,
    *,
    widths: PerSize | None = None,
    groups: PerSize | None = None,
    blocks: PerSize = 2,
    expansion: int = 2,
    embedding_dim: int = 64,
    patch_size: int = 1,
    head_kernel_size: int = 1,
    name: str = "generator",
) -> keras.Model:
    """R3GAN's generator (Huang et al. 2024, https://arxiv.org/abs/2501.05441, section 4).

    A dense layer of the noise scales learned 4x4 maps, which residual blocks without normalisation
    follow, and a filter [1, 3, 3, 1] that doubles their size, until they are as large as the image.
    A 1x1 convolution makes the image, without tanh: its range is learned.

    A block is x + W3 a(W2 a(W1 x)): W1 a 1x1 convolution that widens, W2 a grouped 3x3 convolution,
    W3 a 1x1 convolution back, which is 0 at first, and a a bias and LeakyReLU with slope 0.2. W1
    and W2 are N(0, k / sqrt(inputs)), k falling with the number of blocks.

    With classes, an embedding of the class is joined to the noise.

    Sizes of the authors' code, of which `widths=None` and `groups=None` are the first three:

    - 32x32, CIFAR-10: `num_classes=10`; widths 768, 96 groups.
    - 64x64, FFHQ: widths `(768, 768, 768, 768, 384)`.
    - 256x256, FFHQ: widths `(768, 768, 768, 768, 384, 192, 96)`.
    - 32x32 and 64x64, ImageNet: `num_classes=1000, widths=1536, groups=96`.

    Small networks on CPUs are several times as fast with `patch_size=2`, whose maps stop at half
    the size of the image.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`.
        latent_dim: Size of the noise vector.
        num_classes: Number of classes, for a network of [noise, label]; None for one without.
        widths: Feature maps, for each size; None for the authors'.
        groups: Groups of W2, for each size; None for groups of 16 channels.
        blocks: Blocks, for each size.
        expansion: How many times as wide a block is inside.
        embedding_dim: Size of the embedding of the class.
        patch_size: A power of two. The last convolution makes that many pixels squared of each
            position of the last maps. (Not in the paper.)
        head_kernel_size: Side of its kernel; the paper has 1.
        name: Name of the model.

    Returns:
        A model from noise `[B, latent_dim]` to float32 images `[B, *image_shape]`, not bounded.

    Raises:
        InputError: If the shape or a size is invalid.

    Example:
        >>> r3gan_generator((32, 32, 3), widths=16).get_layer("block_32_2_add").output.shape
        (None, 32, 32, 16)
    """
    shape, doublings, start = check_doublings(image_shape)
    num_classes = check_classes(num_classes)
    check_positive(latent_dim=latent_dim, expansion=expansion, head_kernel_size=head_kernel_size)
    plan = _Plan(doublings, start, widths, groups, blocks, expansion, patch_size)

    noise = keras.Input((latent_dim,), name="noise")
    inputs, x = noise, noise
    if num_classes is not None:
        check_positive(embedding_dim=embedding_dim)
        label = keras.Input((), dtype="int32", name="label")
        embedded = ClassEmbedding(
            num_classes,
            embedding_dim,
            embeddings_initializer=_normal(1 / math.sqrt(num_classes)),
            name="class_embedding",
        )(label)
        inputs, x = [noise, label], layers.Concatenate(name="noise_and_class")([noise, embedded])
    x = _dense(plan.widths[0], "project")(x)
    x = SpatialBasis(start, name="basis")(x)
    for i, width in enumerate(plan.widths):
        if i:
            if width != plan.widths[i - 1]:
                x = _convolution(width, 1, f"to_{plan.sides[i]}")(x)
            x = FIRUpsampling2D(name=f"up_{plan.sides[i]}")(x)
        x = plan.run_blocks(x, i)
    head = _convolution(
        shape[-1] * patch_size**2, head_kernel_size, "output", padding="same", dtype="float32"
    )
    x = head(x)
    if patch_size > 1:
        x = PixelShuffle(patch_size, dtype="float32", name="image")(x)
    return keras.Model(inputs, x, name=name)


def r3gan_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    packing: int = 1,
    *,
    widths: PerSize | None = None,
    groups: PerSize | None = None,
    blocks: PerSize = 2,
    expansion: int = 2,
    embedding_dim: int | None = None,
    patch_size: int = 1,
    stem_kernel_size: int | None = None,
    name: str = "discriminator",
) -> keras.Model:
    """R3GAN's discriminator (Huang et al. 2024, https://arxiv.org/abs/2501.05441, section 4).

    The generator backwards, with the same blocks: a 1x1 convolution, and for each size blocks and a
    filter [1, 3, 3, 1] that halves the maps. Learned maps weight the last, 4x4 ones, which are
    summed, and a dense layer makes one logit. With classes it makes a vector instead, and the logit
    is the dot product with an embedding of the class.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`. A packed
            discriminator (PacGAN) has m times the channels.
        num_classes: Number of classes, for a network of [images, labels]; None for one without.
        packing: Samples in a pack, of which each has a label; without classes it has no meaning.
        widths: Feature maps, for each size, the smallest first, as of the generator.
        groups: Groups of W2, for each size.
        blocks: Blocks, for each size.
        expansion: How many times as wide a block is inside.
        embedding_dim: Size of the embedding of the class; None for the width of the 4x4 maps.
        patch_size: A power of two. The first convolution makes one position of its maps of that
            many pixels squared. (Not in the paper.)
        stem_kernel_size: Side of its kernel; None for `patch_size`.
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 logits `[B, 1]`.

    Raises:
        InputError: If the shape or a size is invalid.

    Example:
        >>> r3gan_discriminator((32, 32, 3), widths=16).get_layer("block_4_2_add").output.shape
        (None, 4, 4, 16)
    """
    shape, doublings, start = check_doublings(image_shape)
    num_classes = check_classes(num_classes, packing)
    check_positive(expansion=expansion)
    plan = _Plan(doublings, start, widths, groups, blocks, expansion, patch_size)
    stem = patch_size if stem_kernel_size is None else stem_kernel_size
    check_positive(stem_kernel_size=stem)

    image = keras.Input(shape, name="image")
    last = len(plan.widths) - 1
    x = _convolution(plan.widths[last], stem, "input", strides=patch_size, padding="same")(image)
    for i in range(last, -1, -1):
        x = plan.run_blocks(x, i)
        if i:
            x = FIRDownsampling2D(name=f"down_{plan.sides[i]}")(x)
            if plan.widths[i] != plan.widths[i - 1]:
                x = _convolution(plan.widths[i - 1], 1, f"from_{plan.sides[i]}")(x)
    x = SpatialProjection(name="basis")(x)
    if num_classes is None:
        return keras.Model(image, _dense(1, "logits", dtype="float32")(x), name=name)
    size = plan.widths[0] if embedding_dim is None else embedding_dim
    check_positive(embedding_dim=size)
    x = _dense(size, "features", dtype="float32")(x)
    label = keras.Input((packing,) if packing > 1 else (), dtype="int32", name="label")
    scores = []
    for i in range(packing):
        suffix = "" if packing == 1 else f"_{i + 1}"
        embedded = ClassEmbedding(
            num_classes,
            size,
            embeddings_initializer=_normal(1 / math.sqrt(num_classes * size)),
            name=f"class_embedding{suffix}",
        )(label if packing == 1 else label[:, i])
        scores.append(layers.Dot(1, dtype="float32", name=f"logits{suffix}")([x, embedded]))
    x = scores[0] if packing == 1 else layers.Add(dtype="float32", name="logits")(scores)
    return keras.Model([image, label], x, name=name)


class _Plan:
    """The blocks of one network, at each size of its maps.

    Args:
        doublings: How often 4x4 maps are doubled to the size of the image.
        start: Size of the smallest maps.
        widths: See `r3gan_generator`.
        groups: See `r3gan_generator`.
        blocks: See `r3gan_generator`.
        expansion: See `r3gan_generator`.
        patch_size: See `r3gan_generator`.
    """

    def __init__(
        self,
        doublings: int,
        start: tuple[int, int],
        widths: PerSize | None,
        groups: PerSize | None,
        blocks: PerSize,
        expansion: int,
        patch_size: int,
    ):
        check_positive(patch_size=patch_size)
        merged = patch_size.bit_length() - 1
        if 2**merged != patch_size or merged > doublings:
            raise InputError(
                f"patch_size: expected a power of two up to {2**doublings} for images of this "
                f"size, got {patch_size}."
            )
        sizes = doublings - merged + 1
        self.sides = [min(start) * 2**i for i in range(sizes)]
        if widths is None:
            widths = [_WIDTH >> max(0, i + 1 - _FULL_SIZES) for i in range(sizes)]
        self.widths = _per_size("widths", widths, self.sides)
        self.blocks = _per_size("blocks", blocks, self.sides)
        self.expansion = expansion
        inside = [width * expansion for width in self.widths]
        if groups is None:
            groups = [width // _GROUP if width % _GROUP == 0 else 1 for width in inside]
        self.groups = _per_size("groups", groups, self.sides)
        for width, count in zip(inside, self.groups, strict=True):
            if width % count:
                raise InputError(
                    f"groups: expected numbers that divide {width}, {expansion} times the width, "
                    f"got {count}."
                )
        self.gain = _GAIN * sum(self.blocks) ** -0.25

    def run_blocks(self, x: Any, i: int) -> Any:
        """Returns what the blocks of the i-th size make of features."""
        for j in range(1, self.blocks[i] + 1):
            x = self._block(x, self.widths[i], self.groups[i], f"block_{self.sides[i]}_{j}")
        return x

    def _block(self, x: Any, width: int, groups: int, name: str) -> Any:
        """Returns x + W3 a(W2 a(W1 x))."""
        inside = width * self.expansion
        y = _convolution(inside, 1, f"{name}_conv_1", self.gain, use_bias=True)(x)
        y = activate(y, "leaky_relu", name=f"{name}_act_1")
        y = GroupedConv2D(
            inside,
            3,
            groups,
            padding="same",
            kernel_initializer=_scaled(self.gain),
            name=f"{name}_conv_2",
        )(y)
        y = activate(y, "leaky_relu", name=f"{name}_act_2")
        y = layers.Conv2D(
            width, 1, use_bias=False, kernel_initializer="zeros", name=f"{name}_conv_3"
        )(y)
        return layers.Add(name=f"{name}_add")([x, y])


def _per_size(name: str, value: Any, sides: Sequence[int]) -> list[int]:
    """Returns one number for each size of maps.

    Raises:
        InputError: If there are too few or too many, or one is no integer from 1 up.
    """
    each = [value] * len(sides) if isinstance(value, int) else value
    if (
        not isinstance(each, Sequence)
        or len(each) != len(sides)
        or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in each)
    ):
        raise InputError(
            f"{name}: expected an integer of at least 1, or {len(sides)} of them, for maps of "
            f"{', '.join(map(str, sides))} pixels, got {value!r}."
        )
    return list(each)


def _normal(stddev: float) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=stddev)


def _scaled(gain: float) -> keras.initializers.Initializer:
    """Returns an initializer for kernels, N(0, gain / sqrt(inputs))."""
    return keras.initializers.VarianceScaling(
        gain**2, mode="fan_in", distribution="untruncated_normal"
    )


def _convolution(
    filters: int, size: int, name: str, gain: float = 1.0, use_bias: bool = False, **options: Any
) -> keras.layers.Layer:
    return layers.Conv2D(
        filters, size, use_bias=use_bias, kernel_initializer=_scaled(gain), name=name, **options
    )


def _dense(units: int, name: str, **options: Any) -> keras.layers.Layer:
    return layers.Dense(
        units, use_bias=False, kernel_initializer=_scaled(1.0), name=name, **options
    )

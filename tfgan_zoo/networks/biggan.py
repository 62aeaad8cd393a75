"""BigGAN's networks."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import (
    BatchNormalization,
    ClassEmbedding,
    ConditionalBatchNormalization,
    SelfAttention2D,
    SpectralNormalization,
)
from tfgan_zoo.networks.classes import check_classes, judge
from tfgan_zoo.networks.common import (
    activate,
    check_choice,
    check_doublings,
    check_positive,
    small_normal,
)
from tfgan_zoo.networks.residual import down_block, images, sum_pool, up_block

#: Widths of the first maps and of each block of the generator, and of the blocks of the
#: discriminator, in units of `filters`, by the number of doublings.
_GENERATOR = {
    2: (4, 4, 4),
    3: (4, 4, 4, 4),
    4: (16, 16, 8, 4, 2),
    5: (16, 16, 8, 4, 2, 1),
    6: (16, 16, 8, 8, 4, 2, 1),
}
_DISCRIMINATOR = {
    2: (4, 4, 4),
    3: (4, 4, 4, 4),
    4: (1, 2, 4, 8, 16),
    5: (1, 2, 4, 8, 16, 16),
    6: (1, 2, 4, 8, 8, 16, 16),
}
#: The largest maps that attention follows by default, in larger images.
_ATTENTION = 64
_NORM = {"momentum": 0.9, "epsilon": 1e-4}


def biggan_generator(
    image_shape: Sequence[int],
    latent_dim: int = 120,
    num_classes: int | None = None,
    *,
    filters: int = 96,
    widths: Sequence[int] | None = None,
    embedding_dim: int | None = 128,
    hierarchical: bool = True,
    attention: int | str | None = "auto",
    initializer: str = "orthogonal",
    use_bias: bool = True,
    synchronized_bn: bool = False,
    name: str = "generator",
) -> keras.Model:
    """BigGAN's generator (Brock et al. 2018, https://arxiv.org/abs/1809.11096, appendix B).

    The noise is cut into as many parts as there are blocks, and one more. The first part makes 4x4
    maps; each block doubles their size, and its batch normalisation is told the class, by an
    embedding that all blocks share, and a part of the noise of its own. Batch normalisation, ReLU,
    a 3x3 convolution and tanh follow. All layers but the embedding are spectrally normalised. As in
    the authors' code, every convolution has a bias, also those that batch normalisation cancels.

    Without classes the blocks are told their part of the noise alone.

    Sizes of the paper and of published code:

    - 128x128, the paper's: `num_classes=1000`.
    - 32x32, the authors' for CIFAR-10: `latent_dim=128, num_classes=10, filters=64,
      embedding_dim=None, hierarchical=False, initializer="normal"`.
    - 32x32, StudioGAN's for CIFAR-10: `latent_dim=80, num_classes=10, attention=16`.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`.
        latent_dim: Size of the noise vector, a multiple of the number of its parts.
        num_classes: Number of classes, for a network of [noise, label]; None for one without.
        filters: Unit of the widths.
        widths: Feature maps of the first maps and of each block, in units of `filters`; None for
            the authors', which are 16, 16, 8, 4, 2, 1 for 128x128 and 4, 4, 4, 4 for 32x32.
        embedding_dim: Size of the embedding of the class; None for tables of scales and offsets by
            class instead, in each layer of batch normalisation.
        hierarchical: Whether the noise is cut into parts. Otherwise all of it makes the first maps.
        attention: Shorter side of the maps that self-attention follows; None for no attention.
            "auto" is the largest up to 64 for images above 64, and None for others.
        initializer: `orthogonal`, as in the paper, or `normal`, N(0, 0.02).
        use_bias: Whether convolutions have a bias that batch normalisation cancels, as in the
            authors' code. The last one always has a bias.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from noise `[B, latent_dim]` to float32 images `[B, *image_shape]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid, or `latent_dim` cannot be cut.

    Example:
        >>> biggan_generator((32, 32, 3), 32, filters=2).get_layer("block_3_add").output.shape
        (None, 32, 32, 8)
    """
    shape, doublings, start = check_doublings(image_shape)
    num_classes = check_classes(num_classes)
    check_positive(latent_dim=latent_dim, filters=filters)
    check_choice("initializer", initializer, tuple(_INITIALIZERS))
    steps = _widths(widths, _GENERATOR, doublings)
    sides = [min(start) * 2**i for i in range(1, doublings + 1)]
    attended = _attended(attention, sides, min(shape[:2]))
    if embedding_dim is not None:
        check_positive(embedding_dim=embedding_dim)
    elif hierarchical and num_classes is not None:
        raise InputError(
            "embedding_dim: expected an integer of at least 1 with hierarchical=True, as parts of "
            "the noise are joined to the embedding, got None."
        )
    parts = doublings + 1 if hierarchical else 1
    if latent_dim % parts:
        less = latent_dim // parts * parts
        near = " or ".join(str(size) for size in (less, less + parts) if size)
        raise InputError(
            f"latent_dim: expected a multiple of {parts}, for the first maps and {doublings} "
            f"blocks, got {latent_dim}; give {near}, or hierarchical=False."
        )

    noise = keras.Input((latent_dim,), name="noise")
    label = None if num_classes is None else keras.Input((), dtype="int32", name="label")
    embedded = None
    if num_classes is not None and embedding_dim is not None:
        embedded = ClassEmbedding(
            num_classes,
            embedding_dim,
            embeddings_initializer=_INITIALIZERS[initializer](),
            name="class_embedding",
        )(label)
    part = latent_dim // parts

    def told(block: int) -> Any:
        """Returns the vector that a block is told, if any."""
        vectors = [] if embedded is None else [embedded]
        if hierarchical:
            vectors.append(noise[:, block * part : (block + 1) * part])
        if len(vectors) > 1:
            return layers.Concatenate(name=f"condition_{block}")(vectors)
        return vectors[0] if vectors else None

    def convolution(filters: int, size: int, name: str) -> keras.layers.Layer:
        has_bias = use_bias or name == "output_conv"
        return _convolution(filters, size, name, initializer, has_bias)

    settings = {**_NORM, "synchronized": synchronized_bn}
    x = _dense(math.prod(start) * steps[0] * filters, "project", initializer)(
        noise[:, :part] if hierarchical else noise
    )
    x = layers.Reshape((*start, steps[0] * filters), name="maps")(x)
    for i in range(1, doublings + 1):
        condition = told(i)

        def normalization(x: Any, name: str, condition: Any = condition) -> Any:
            options: dict[str, Any] = {**settings, "name": name}
            if condition is None and label is None:
                return BatchNormalization(**options)(x)
            options["initializer"] = _INITIALIZERS[initializer]()
            if condition is None:
                return ConditionalBatchNormalization(num_classes, **options)([x, label])
            options["spectral_normalization"] = True
            return ConditionalBatchNormalization(**options)([x, condition])

        x = up_block(x, steps[i] * filters, convolution, normalization, f"block_{i}")
        if attended == min(start) * 2**i:
            x = _attention(initializer)(x)
    x = BatchNormalization(**settings, name="output_norm")(x)
    x = images(activate(x, "relu", name="output_relu"), shape[-1], convolution)
    return keras.Model(noise if label is None else [noise, label], x, name=name)


def biggan_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    packing: int = 1,
    *,
    filters: int = 96,
    widths: Sequence[int] | None = None,
    attention: int | str | None = "auto",
    initializer: str = "orthogonal",
    name: str = "discriminator",
) -> keras.Model:
    """BigGAN's discriminator (Brock et al. 2018, https://arxiv.org/abs/1809.11096, appendix B).

    Residual blocks that halve the size by mean pooling, one that keeps it, ReLU, the sum over all
    pixels, and one logit. Below 64 pixels two blocks keep the size. With classes, an embedding of
    the class is projected on the sum. All layers are spectrally normalised.

    Sizes of the paper and of published code:

    - 128x128, the paper's: `num_classes=1000`.
    - 32x32, the authors' for CIFAR-10: `num_classes=10, filters=64, initializer="normal"`.
    - 32x32, StudioGAN's for CIFAR-10: `num_classes=10, widths=(2, 2, 2, 2), attention=16`.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`. A packed
            discriminator (PacGAN) has m times the channels.
        num_classes: Number of classes, for a network of [images, labels]; None for one without.
        packing: Samples in a pack, of which each has a label; without classes it has no meaning.
        filters: Unit of the widths.
        widths: Feature maps of each block, in units of `filters`; None for the authors', which are
            1, 2, 4, 8, 16, 16 for 128x128 and 4, 4, 4, 4 for 32x32.
        attention: Shorter side of the maps that self-attention follows; None for no attention.
            "auto" is the largest up to 64 for images above 64, and None for others.
        initializer: `orthogonal`, as in the paper, or `normal`, N(0, 0.02).
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 logits `[B, 1]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> biggan_discriminator((32, 32, 3), filters=2).get_layer("block_4_add").output.shape
        (None, 8, 8, 8)
    """
    shape, halvings, _ = check_doublings(image_shape)
    num_classes = check_classes(num_classes, packing)
    check_positive(filters=filters)
    check_choice("initializer", initializer, tuple(_INITIALIZERS))
    steps = _widths(widths, _DISCRIMINATOR, halvings)
    downs = halvings if halvings > 3 else halvings - 1
    sides = [min(shape[:2]) >> i for i in range(1, downs + 1)]
    attended = _attended(attention, sides, min(shape[:2]))

    def convolution(filters: int, size: int, name: str) -> keras.layers.Layer:
        return _convolution(filters, size, name, initializer)

    inputs = keras.Input(shape, name="image")
    x = inputs
    for i, width in enumerate(steps):
        x = down_block(
            x, width * filters, convolution, f"block_{i + 1}", down=i < downs, first=i == 0
        )
        if i < downs and attended == min(x.shape[1:3]):
            x = _attention(initializer)(x)
    all_inputs, x = judge(
        inputs,
        sum_pool(x),
        num_classes,
        packing,
        _INITIALIZERS[initializer],
        wrap=SpectralNormalization,
    )
    return keras.Model(all_inputs, x, name=name)


_INITIALIZERS = {"orthogonal": keras.initializers.Orthogonal, "normal": small_normal}


def _convolution(
    filters: int, size: int, name: str, initializer: str, use_bias: bool = True
) -> keras.layers.Layer:
    return SpectralNormalization(
        layers.Conv2D(
            filters,
            size,
            padding="same",
            use_bias=use_bias,
            kernel_initializer=_INITIALIZERS[initializer](),
            name=name,
        )
    )


def _dense(units: int, name: str, initializer: str) -> keras.layers.Layer:
    kernel = _INITIALIZERS[initializer]()
    return SpectralNormalization(layers.Dense(units, kernel_initializer=kernel, name=name))


def _attention(initializer: str) -> keras.layers.Layer:
    return SelfAttention2D(
        spectral_normalization=True,
        kernel_initializer=_INITIALIZERS[initializer](),
        name="attention",
    )


def _widths(
    widths: Sequence[int] | None, known: dict[int, tuple[int, ...]], times: int
) -> tuple[int, ...]:
    """Returns the widths that are given, checked, or the authors'."""
    if widths is None and times in known:
        return known[times]
    if (
        not isinstance(widths, Sequence)
        or len(widths) != times + 1
        or not all(isinstance(width, int) and width > 0 for width in widths)
    ):
        raise InputError(
            f"widths: expected {times + 1} integers of at least 1 for images of this size, got "
            f"{widths!r}."
        )
    return tuple(widths)


def _attended(attention: int | str | None, sides: Sequence[int], side: int) -> int | None:
    """Returns the side of the maps that attention follows; None for no attention."""
    if attention == "auto":
        return max(known for known in sides if known <= _ATTENTION) if side > _ATTENTION else None
    if attention is not None and attention not in sides:
        raise InputError(
            "attention: expected the shorter side of maps between blocks, one of "
            f"{', '.join(map(str, sides))}, or None or 'auto', got {attention!r}."
        )
    return attention  # type: ignore[return-value]

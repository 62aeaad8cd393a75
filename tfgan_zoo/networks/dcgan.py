"""DCGAN's generator and discriminator."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks.classes import check_classes, join_class, judge, mix_codes
from tfgan_zoo.networks.common import (
    PADDINGS,
    activate,
    cancels_bias,
    check_choice,
    check_doublings,
    check_positive,
    downsample,
    normal_around_one,
    normalize,
    small_normal,
    transposed,
)


def dcgan_generator(
    image_shape: Sequence[int],
    latent_dim: int = 100,
    num_classes: int | None = None,
    *,
    filters: int = 128,
    kernel_size: int = 5,
    upsampling: str = "transposed",
    padding: str = "same",
    normalization: str = "batch",
    synchronized_bn: bool = False,
    embedding_dim: int = 16,
    conditional_normalization: bool = True,
    mixture_bits: int = 0,
    name: str = "generator",
) -> keras.Model:
    """DCGAN's generator (Radford et al. 2015, https://arxiv.org/abs/1511.06434, figure 1).

    Projects noise to 4x4 maps; each layer then doubles their size and halves their number: for
    64x64 images 1024, 512, 256, 128 and the image. Batch normalisation and ReLU follow every layer
    but the output, which is tanh. Weights N(0, 0.02), scales N(1, 0.02). Layers followed by batch
    normalisation have no bias, which it would cancel.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`.
        latent_dim: Size of the noise vector.
        num_classes: Number of classes, for a network of [noise, label]; None for one without.
        filters: Feature maps of the last hidden layer; each layer before it has twice as many.
        kernel_size: Side of the kernels; the authors' code has 5 in Theano, like the paper's
            figure, and 4 in Torch.
        upsampling: `transposed` convolutions as in the paper, or `resize`: nearest-neighbour
            resizing followed by a convolution, without checkerboard artifacts (Odena et al. 2016).
        padding: Padding of transposed convolutions with an odd `kernel_size`: `same`, as in
            TensorFlow, or `symmetric`, as in the authors' code. Even kernels are padded alike by
            both.
        normalization: `batch` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        embedding_dim: Size of the embedding of the class, which is joined to the noise, and of the
            vectors of a mixture.
        conditional_normalization: Whether scale and offset of batch normalisation follow from the
            embedding of the class, if there are classes.
        mixture_bits: Numbers of the noise that count by their signs, which choose one of
            2^mixture_bits learned vectors: a code for data in separate modes. (Not in the paper.)
        name: Name of the model.

    Returns:
        A model from noise `[B, latent_dim]` to float32 images `[B, *image_shape]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> dcgan_generator((64, 64, 3)).get_layer("project").output.shape
        (None, 16384)
    """
    shape, doublings, start = check_doublings(image_shape)
    check_positive(latent_dim=latent_dim, filters=filters, kernel_size=kernel_size)
    check_choice("upsampling", upsampling, ("transposed", "resize"))
    check_choice("padding", padding, PADDINGS)
    check_choice("normalization", normalization, ("batch", "none"))
    num_classes = check_classes(num_classes)
    use_bias = normalization == "none"

    noise = keras.Input((latent_dim,), name="noise")
    inputs, code, embedded = join_class(noise, num_classes, embedding_dim)
    if num_classes is None:
        code = mix_codes(noise, mixture_bits, embedding_dim)
    elif mixture_bits:
        raise InputError(f"mixture_bits: expected 0 with num_classes, got {mixture_bits!r}.")
    condition = embedded if conditional_normalization else None
    width = filters * 2 ** (doublings - 1)
    x = layers.Dense(
        math.prod(start) * width,
        use_bias=use_bias,
        kernel_initializer=small_normal(),
        name="project",
    )(code)
    x = layers.Reshape((*start, width), name="maps")(x)
    for i in range(1, doublings + 1):
        x = normalize(
            x,
            normalization,
            name=f"norm_{i}",
            gamma=normal_around_one(),
            synchronized=synchronized_bn,
            condition=condition,
        )
        x = layers.ReLU(name=f"relu_{i}")(x)
        last = i == doublings
        options = {
            "filters": shape[-1] if last else width // 2**i,
            "kernel_size": kernel_size,
            "use_bias": use_bias or last,
            "activation": "tanh" if last else None,
            "kernel_initializer": small_normal(),
            "dtype": "float32" if last else None,
            "name": "output" if last else f"conv_{i}",
        }
        if upsampling == "transposed":
            x = transposed(x, padding=padding, **options)
        else:
            x = layers.UpSampling2D(2, interpolation="nearest", name=f"resize_{i}")(x)
            x = layers.Conv2D(padding="same", **options)(x)
    return keras.Model(inputs, x, name=name)


def halve(
    x: Any,
    times: int,
    filters: int,
    kernel_size: int,
    normalization: str,
    synchronized_bn: bool,
    padding: str = "same",
) -> Any:
    """Halves the sides of feature maps and doubles their number, like DCGAN's discriminator.

    Args:
        x: Images, `[B, H, W, C]`.
        times: Number of halvings.
        filters: Feature maps of the first convolution.
        kernel_size: Side of the kernels.
        normalization: `batch`, `layer`, `instance` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        padding: `same` or, for even sides, `symmetric`.

    Returns:
        Features `[B, H / 2**times, W / 2**times, filters * 2 ** (times - 1)]`, sides rounded up.
    """
    for i in range(1, times + 1):
        kind = "none" if i == 1 else normalization
        x = downsample(
            x,
            filters * 2 ** (i - 1),
            kernel_size,
            padding=padding,
            use_bias=not cancels_bias(kind),
            kernel_initializer=small_normal(),
            name=f"conv_{i}",
        )
        x = normalize(
            x, kind, name=f"norm_{i}", gamma=normal_around_one(), synchronized=synchronized_bn
        )
        x = activate(x, "leaky_relu", name=f"lrelu_{i}")
    return x


def dcgan_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    packing: int = 1,
    *,
    filters: int = 64,
    kernel_size: int = 5,
    padding: str = "same",
    normalization: str = "batch",
    synchronized_bn: bool = False,
    projected: int | None = 64,
    name: str = "discriminator",
) -> keras.Model:
    """DCGAN's discriminator (Radford et al. 2015, https://arxiv.org/abs/1511.06434).

    Convolutions of stride 2, each with twice the feature maps of the one before, lead down to 4x4
    (for 64x64 images 64, 128, 256, 512); one logit follows. LeakyReLU of slope 0.2;
    normalisation after every convolution but the first; no hidden dense layer. Weights N(0, 0.02),
    scales N(1, 0.02). Layers followed by batch normalisation have no bias.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`. A packed
            discriminator (PacGAN) has m times the channels.
        num_classes: Number of classes, for a network of [images, labels]; None for one without.
        packing: Samples in a pack, of which each has a label; without classes it has no meaning.
        filters: Feature maps of the first convolution.
        kernel_size: Side of the kernels; the authors' code has 5 in Theano, 4 in Torch.
        padding: Padding for an odd `kernel_size`: `same`, as in TensorFlow, or `symmetric`, as in
            the authors' code. Even kernels are padded alike by both.
        normalization: `batch`, `layer` (for a critic under a gradient penalty) or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        projected: Size of a dense layer on the last maps, whose features embeddings of the classes
            are projected on; None for the maps themselves. Without classes there is no such layer.
        name: Name of the model.

    Returns:
        A model from images `[B, *image_shape]` to float32 logits `[B, 1]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> dcgan_discriminator((64, 64, 3)).get_layer("conv_4").output.shape
        (None, 4, 4, 512)
    """
    shape, halvings, _ = check_doublings(image_shape)
    check_positive(filters=filters, kernel_size=kernel_size)
    check_choice("padding", padding, PADDINGS)
    check_choice("normalization", normalization, ("batch", "layer", "none"))
    num_classes = check_classes(num_classes, packing)

    inputs = keras.Input(shape, name="image")
    x = halve(inputs, halvings, filters, kernel_size, normalization, synchronized_bn, padding)
    x = layers.Flatten(name="flatten")(x)
    if num_classes and projected:
        check_positive(projected=projected)
        x = layers.Dense(projected, kernel_initializer=small_normal(), name="projected")(x)
    all_inputs, x = judge(inputs, x, num_classes, packing, small_normal)
    return keras.Model(all_inputs, x, name=name)

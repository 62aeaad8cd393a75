"""3D-GAN's generator and discriminator of voxels."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks.classes import check_classes, join_class, judge
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
from tfgan_zoo.samples import VOXELS

#: Side of the smallest maps, and of all kernels.
_START, _KERNEL = 4, 4
#: The largest side that `check_cube` accepts.
_MOST = 1024


def check_cube(image_shape: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """Checks that the networks can make or judge voxels of a shape.

    Args:
        image_shape: (depth, height, width, channels).

    Returns:
        The shape as a tuple, and how often maps of 4x4x4 are doubled to reach it.

    Raises:
        InputError: If it is no cube whose side is a power of two from 8 up.
    """
    shape = check_shape(image_shape, kinds=(VOXELS,))
    sides = {*shape[:3]}
    side = sides.pop()
    if sides or side < 2 * _START or side > _MOST or side & (side - 1):
        raise InputError(
            "image_shape: expected a cube of voxels whose side is a power of two from 8 up, such "
            f"as (32, 32, 32, 1), for this network, got {shape}."
        )
    return shape, side.bit_length() - _START.bit_length()


def gan_3d_generator(
    image_shape: Sequence[int],
    latent_dim: int = 200,
    num_classes: int | None = None,
    *,
    filters: int = 64,
    upsampling: str = "transposed",
    normalization: str = "batch",
    synchronized_bn: bool = False,
    embedding_dim: int = 16,
    conditional_normalization: bool = True,
    name: str = "generator",
) -> keras.Model:
    """3D-GAN's generator (Wu et al. 2016, https://arxiv.org/abs/1610.07584).

    Transposed convolutions with kernels of 4x4x4: the first makes maps of 4x4x4 from the noise, and
    each of the others doubles their sides and halves their number (for 64x64x64 voxels 512, 256,
    128, 64 maps). Batch normalisation and ReLU follow each but the last, which ends in a sigmoid.
    No layer has a bias. Kernels N(0, 0.02), scales N(1, 0.02).

    The sigmoid's occupancies in [0, 1] are scaled to [-1, 1], where the zoo has all its samples.

    Args:
        image_shape: `(depth, height, width, channels)`, a cube whose side is a power of two from 8
            up.
        latent_dim: Size of the noise vector.
        num_classes: Number of classes, for a network of [noise, label]; None for one without.
        filters: Feature maps before the output.
        upsampling: `transposed`, or `resize`: nearest-neighbour resizing, then a 3x3x3 convolution.
        normalization: `batch` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        embedding_dim: Size of the embedding of the class, which is joined to the noise.
        conditional_normalization: Whether scale and offset of batch normalisation follow from the
            embedding of the class, if there are classes.
        name: Name of the model.

    Returns:
        A model from noise `[B, latent_dim]` to float32 voxels `[B, *image_shape]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> gan_3d_generator((32, 32, 32, 1), filters=8).get_layer("conv_2").output.shape
        (None, 8, 8, 8, 16)
    """
    shape, doublings = check_cube(image_shape)
    check_positive(latent_dim=latent_dim, filters=filters)
    check_choice("upsampling", upsampling, ("transposed", "resize"))
    check_choice("normalization", normalization, ("batch", "none"))
    num_classes = check_classes(num_classes)
    use_bias = normalization == "none"

    noise = keras.Input((latent_dim,), name="noise")
    inputs, code, embedded = join_class(noise, num_classes, embedding_dim)
    condition = embedded if conditional_normalization else None
    width = filters * 2 ** (doublings - 1)
    # A transposed convolution of a single voxel is a product of matrices.
    x = layers.Dense(
        _START**3 * width, use_bias=use_bias, kernel_initializer=small_normal(), name="conv_1"
    )(code)
    x = layers.Reshape((_START,) * 3 + (width,), name="maps")(x)
    for i in range(1, doublings + 1):
        x = normalize(
            x,
            normalization,
            name=f"norm_{i}",
            gamma=normal_around_one(),
            synchronized=synchronized_bn,
            condition=condition,
        )
        x = activate(x, "relu", name=f"relu_{i}")
        last = i == doublings
        options: dict[str, Any] = {
            "padding": "same",
            "use_bias": use_bias,
            "kernel_initializer": small_normal(),
            "dtype": "float32" if last else None,
            "name": "output" if last else f"conv_{i + 1}",
        }
        made = shape[-1] if last else width // 2**i
        if upsampling == "transposed":
            x = layers.Conv3DTranspose(made, _KERNEL, strides=2, **options)(x)
        else:
            x = layers.UpSampling3D(2, name=f"resize_{i}")(x)
            x = layers.Conv3D(made, 3, **options)(x)
    x = layers.Activation("sigmoid", dtype="float32", name="occupancy")(x)
    x = layers.Rescaling(2.0, offset=-1.0, dtype="float32", name="voxels")(x)
    return keras.Model(inputs, x, name=name)


def gan_3d_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    packing: int = 1,
    *,
    filters: int = 64,
    normalization: str = "batch",
    synchronized_bn: bool = False,
    projected: int | None = 64,
    name: str = "discriminator",
) -> keras.Model:
    """3D-GAN's discriminator (Wu et al. 2016, https://arxiv.org/abs/1610.07584).

    It mirrors the generator: convolutions with kernels of 4x4x4 and stride 2, each with twice the
    maps of the one before, lead down to 4x4x4 (for 64x64x64 voxels 64, 128, 256, 512 maps); a last
    one makes the logit. Normalisation and LeakyReLU of slope 0.2 follow each but the last. No layer
    has a bias. Samples in [-1, 1] are scaled to occupancies in [0, 1] first.

    Args:
        image_shape: `(depth, height, width, channels)`, see `gan_3d_generator`. A packed
            discriminator (PacGAN) has m times the channels.
        num_classes: Number of classes, for a network of [voxels, labels]; None for one without.
        packing: Samples in a pack, of which each has a label; without classes it has no meaning.
        filters: Feature maps of the first convolution.
        normalization: `batch`, `layer` (for a critic under a gradient penalty) or `none`. With the
            last two, convolutions have a bias.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        projected: Size of a dense layer on the last maps, whose features embeddings of the classes
            are projected on; None for the maps themselves. Without classes there is no such layer.
        name: Name of the model.

    Returns:
        A model from voxels `[B, *image_shape]` to float32 logits `[B, 1]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> gan_3d_discriminator((32, 32, 32, 1), filters=8).get_layer("conv_3").output.shape
        (None, 4, 4, 4, 32)
    """
    shape, halvings = check_cube(image_shape)
    check_positive(filters=filters)
    check_choice("normalization", normalization, ("batch", "layer", "none"))
    num_classes = check_classes(num_classes, packing)

    inputs = keras.Input(shape, name="voxels")
    x = layers.Rescaling(0.5, offset=0.5, name="occupancy")(inputs)
    for i in range(1, halvings + 1):
        x = layers.Conv3D(
            filters * 2 ** (i - 1),
            _KERNEL,
            strides=2,
            padding="same",
            use_bias=not cancels_bias(normalization),
            kernel_initializer=small_normal(),
            name=f"conv_{i}",
        )(x)
        x = normalize(
            x,
            normalization,
            name=f"norm_{i}",
            gamma=normal_around_one(),
            synchronized=synchronized_bn,
        )
        x = activate(x, "leaky_relu", name=f"lrelu_{i}")
    # A convolution of 4x4x4 maps with kernels of 4x4x4 is a product of matrices.
    x = layers.Flatten(name="flatten")(x)
    if num_classes and projected:
        check_positive(projected=projected)
        x = layers.Dense(projected, kernel_initializer=small_normal(), name="projected")(x)
    use_bias = not cancels_bias(normalization)
    all_inputs, x = judge(inputs, x, num_classes, packing, small_normal, use_bias=use_bias)
    return keras.Model(all_inputs, x, name=name)

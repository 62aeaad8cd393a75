"""What the network builders share: argument checks, normalisation and resampling."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import (
    BatchNormalization,
    ConditionalBatchNormalization,
    GroupNormalization,
    LeakyReLU,
    PixelShuffle,
    ReLU,
)
from tfgan_zoo.samples import IMAGES, SampleKind, described
from tfgan_zoo.sizes import doublings, nearest_doubled, whole_shape


def check_positive(**arguments: int) -> None:
    """Checks that every named argument is an integer above 0.

    Args:
        **arguments: The arguments, by name.

    Raises:
        InputError: If an argument is not.
    """
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{name}: expected an integer of at least 1, got {value!r}.")


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Checks that an argument is one of its choices.

    Args:
        name: The argument's name.
        value: Its value.
        choices: Allowed values.

    Raises:
        InputError: If the value is not among them.
    """
    if value not in choices:
        raise InputError(f"{name}: expected one of {', '.join(choices)}, got {value!r}.")


def check_shape(
    shape: Sequence[int], *, name: str = "image_shape", kinds: Sequence[SampleKind] = (IMAGES,)
) -> tuple[int, ...]:
    """Checks the shape of a sample.

    Args:
        shape: The shape, without the batch axis; as `image_shape`, also the side of square
            colour images.
        name: The argument's name.
        kinds: The kinds of samples that are allowed.

    Returns:
        The shape, as a tuple.

    Raises:
        InputError: If it is anything else.
    """
    if name == "image_shape":
        shape = whole_shape(shape)
    sizes = tuple(shape) if isinstance(shape, Sequence) else ()
    if len(sizes) not in [len(kind.axes) for kind in kinds] or not all(
        isinstance(size, int) and size > 0 for size in sizes
    ):
        raise InputError(f"{name}: expected {described(*kinds)}, all above 0, got {shape!r}.")
    return sizes


def check_doublings(image_shape: Sequence[int]) -> tuple[tuple[int, ...], int, tuple[int, int]]:
    """Checks that a network can make images from small maps by doubling them.

    Args:
        image_shape: `(height, width, channels)`.

    Returns:
        The shape as a tuple, the number of doublings, and the size of the first maps: 4x4 for
        squares with a side that is a power of two, 6x8 for 96x128.

    Raises:
        InputError: If the shape is anything else; the message names the nearest sizes.
    """
    shape = check_shape(image_shape)
    height, width, channels = shape
    times = doublings(height, width)
    if times is None:
        near = " or ".join(str((*size, channels)) for size in nearest_doubled(height, width))
        raise InputError(
            "image_shape: expected sides of 4 to 7 times 2, 4, 8, ..., such as 16, 28, 64 or 96, "
            f"for this network, got {shape}; the nearest are {near}."
        )
    return shape, times, (height >> times, width >> times)


def normalize(
    x: Any,
    kind: str,
    *,
    name: str,
    gamma: Any = "ones",
    synchronized: bool = False,
    condition: Any = None,
) -> Any:
    """Normalises feature maps, with a scale and an offset for each channel.

    Args:
        x: Features, `[B, ..., C]`.
        kind: `batch`: each channel over the batch (momentum 0.9 and epsilon 1e-5, which differ from
            Keras' defaults). `layer`: each sample over height, width and channels, for critics
            under a gradient penalty, whose samples must not mix. `instance`: each channel of each
            sample over height and width, without scale and offset, as in CycleGAN's code. `none`:
            returns `x` unchanged.
        name: Name of the layer.
        gamma: Initializer of the scale.
        synchronized: Whether batch statistics are computed over all replicas.
        condition: Vectors `[B, D]` from which scale and offset of `batch` follow; None for ones of
            the layer's own.

    Returns:
        Features of the same shape.
    """
    if kind == "batch" and condition is not None:
        return ConditionalBatchNormalization(
            momentum=0.9, epsilon=1e-5, synchronized=synchronized, name=name
        )([x, condition])
    if kind == "batch":
        return BatchNormalization(
            momentum=0.9,
            epsilon=1e-5,
            gamma_initializer=gamma,
            synchronized=synchronized,
            name=name,
        )(x)
    if kind == "layer":
        # keras.layers.LayerNormalization over these axes would have one scale per pixel.
        return GroupNormalization(groups=1, epsilon=1e-5, gamma_initializer=gamma, name=name)(x)
    if kind == "instance":
        return GroupNormalization(groups=-1, epsilon=1e-5, scale=False, center=False, name=name)(x)
    return x


def cancels_bias(kind: str) -> bool:
    """Returns whether a normalisation makes a bias before it redundant.

    It subtracts each channel's mean, and the bias with it. Such a bias would only drift with the
    rounding errors in its gradient, which Adam scales up to full steps.

    Args:
        kind: As for `normalize`.
    """
    return kind in ("batch", "instance")


def activate(x: Any, activation: str, *, name: str) -> Any:
    """Applies an activation; `leaky_relu` has slope 0.2 as in the papers, not Keras' 0.3.

    Args:
        x: Features.
        activation: Name of a Keras activation.
        name: Name of the layer.

    Returns:
        Features of the same shape.
    """
    if activation == "leaky_relu":
        return LeakyReLU(0.2, name=name)(x)
    if activation == "relu":
        return ReLU(name=name)(x)
    return layers.Activation(activation, name=name)(x)


def fresh(initializer: Any) -> keras.initializers.Initializer:
    """Returns a copy of an initializer for one layer, as one instance repeats its numbers.

    Args:
        initializer: An initializer, its name or its configuration.

    Returns:
        An initializer that draws its own numbers unless it has a seed.
    """
    return keras.initializers.get(initializer).clone()


def small_normal() -> keras.initializers.Initializer:
    """Returns an initializer for kernels, N(0, 0.02)."""
    return keras.initializers.RandomNormal(stddev=0.02)


def normal_around_one() -> keras.initializers.Initializer:
    """Returns an initializer for the scales of batch normalisation, N(1, 0.02)."""
    return keras.initializers.RandomNormal(mean=1.0, stddev=0.02)


#: Paddings of convolutions that halve or double even sides.
PADDINGS = ("same", "symmetric")


def pads_alike(kernel_size: int, padding: str) -> bool:
    """Returns whether a padding equals TensorFlow's "same" for a convolution of stride 2.

    An even kernel leaves an even number of pixels to add, and both paddings put half of them on
    each side. An odd kernel leaves an odd number: "same" puts the smaller half at the top and left,
    `(0, 1)` for 3x3. PyTorch, Torch and Theano code usually pads by `kernel_size // 2` on all sides
    and leaves the last row and column unread: `(1, 1)` for 3x3. With the same weights, the two see
    images that are shifted by one pixel.

    Args:
        kernel_size: Side of the kernel.
        padding: `same` or `symmetric`.
    """
    return padding == "same" or kernel_size % 2 == 0 or kernel_size == 1


def downsample(
    x: Any, filters: int, kernel_size: int, *, name: str, padding: str = "same", **options: Any
) -> Any:
    """Halves the even sides of feature maps with a convolution of stride 2.

    Args:
        x: Features, `[B, H, W, C]`.
        filters: Number of output feature maps.
        kernel_size: Side of the kernel.
        name: Name of the convolution.
        padding: `same`, or `symmetric`: `(kernel_size - 1) // 2` zeros on every side.
        **options: Arguments of the convolution.

    Returns:
        Features `[B, H / 2, W / 2, filters]`.
    """
    if not pads_alike(kernel_size, padding):
        # A separate layer: gradients of convolutions with explicit padding are slow on CPUs.
        x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_padding")(x)
        return layers.Conv2D(filters, kernel_size, strides=2, name=name, **options)(x)
    return layers.Conv2D(filters, kernel_size, strides=2, padding="same", name=name, **options)(x)


def transposed(
    x: Any, filters: int, kernel_size: int, *, name: str, padding: str = "same", **options: Any
) -> Any:
    """Doubles the sides of feature maps with a transposed convolution of stride 2.

    Args:
        x: Features, `[B, H, W, C]`.
        filters: Number of output feature maps.
        kernel_size: Side of the kernel.
        name: Name of the convolution.
        padding: `same`, or `symmetric`: the transpose of `downsample`'s, which for odd kernels is
            PyTorch's `padding=kernel_size // 2, output_padding=1`.
        **options: Arguments of the convolution.

    Returns:
        Features `[B, 2 H, 2 W, filters]`.
    """
    options = {"strides": 2, "name": name, **options}
    if pads_alike(kernel_size, padding):
        return layers.Conv2DTranspose(filters, kernel_size, padding="same", **options)(x)
    x = layers.Conv2DTranspose(filters, kernel_size, padding="valid", **options)(x)
    pair = (kernel_size // 2, kernel_size // 2 - 1)
    crop = layers.Cropping2D((pair, pair), dtype=options.get("dtype"), name=f"{name}_crop")
    return crop(x)


def upsample(
    x: Any,
    filters: int,
    kernel_size: int,
    upsampling: str,
    *,
    name: str,
    padding: str = "same",
    **options: Any,
) -> Any:
    """Doubles the sides of feature maps.

    Args:
        x: Features, `[B, H, W, C]`.
        filters: Number of output feature maps.
        kernel_size: Side of the kernel of the transposed convolution.
        upsampling: `transposed`: a transposed convolution of stride 2. `resize`: nearest-neighbour
            resizing followed by a 3x3 convolution, without checkerboard artifacts (Odena et al.
            2016).
        name: Name of the convolution.
        padding: Padding of the transposed convolution, as for `transposed`.
        **options: Arguments of the convolution.

    Returns:
        Features `[B, 2 H, 2 W, filters]`.
    """
    options = {"kernel_initializer": small_normal(), "name": name, **options}
    if upsampling == "transposed":
        return transposed(x, filters, kernel_size, padding=padding, **options)
    x = layers.UpSampling2D(2, interpolation="nearest", name=f"{name}_resize")(x)
    return layers.Conv2D(filters, 3, padding="same", **options)(x)


def repeated_pixels(x: Any, *, prefix: str) -> Any:
    """Doubles the sides of feature maps by resizing to the nearest neighbours.

    As `UpSampling2D` does, but TensorFlow Lite's converter fixes the sides of that.

    Args:
        x: Features, `[B, H, W, C]`.
        prefix: What the names of the layers begin with.
    """
    x = layers.Concatenate(name=f"{prefix}repeat")([x] * 4)
    return PixelShuffle(2, name=f"{prefix}resize")(x)


def size_multiple(network: keras.Model, scale: int = 1) -> int:
    """Returns the number that sides must be a multiple of for a network to preserve or scale them.

    It is found from the network's output shapes, without running the network.

    Args:
        network: A built network from images `[B, H, W, C]` to images.
        scale: Ratio of output to input size.

    Returns:
        The smallest such power of two, up to 1024. If the network's input has fixed sides, their
        greatest common divisor.

    Raises:
        InputError: If there is none.

    Example:
        >>> size_multiple(keras.Sequential([
        ...     keras.Input((None, None, 3)),
        ...     layers.Conv2D(8, 4, strides=2, padding="same"),
        ...     layers.Conv2DTranspose(3, 4, strides=2, padding="same"),
        ... ]))
        2
    """
    channels = network.input_shape[-1]
    fixed = [side for side in network.input_shape[1:-1] if side is not None]
    if fixed:
        return math.gcd(*fixed)
    for multiple in (2**power for power in range(11)):
        # Odd multiples, large enough for any border.
        sides = (65 * multiple, 67 * multiple)
        try:
            shape = network.compute_output_shape((1, *sides, channels))
        except (ValueError, TypeError, tf.errors.InvalidArgumentError):
            continue  # For example, a skip connection meets maps of another size.
        if tuple(shape[1:-1]) == (sides[0] * scale, sides[1] * scale):
            return multiple
    size = "the size of its inputs" if scale == 1 else f"{scale} times the size of its inputs"
    raise InputError(
        f"Network {network.name!r}: expected outputs of {size} for sides that are multiples of a "
        "power of two up to 1024, got other sizes."
    )


def smallest_side(network: keras.Model, multiple: int, scale: int = 1) -> int:
    """Returns the smallest side of images that a network accepts.

    Reflection padding, as in CycleGAN, needs images that are larger than the padding. Found like
    `size_multiple`.

    Args:
        network: A built network from images `[B, H, W, C]` to images.
        multiple: Number that sides must be a multiple of.
        scale: Ratio of output to input size.

    Returns:
        The smallest such multiple, up to 64 times `multiple`; `multiple` itself if the network's
        input has fixed sides or none is found.
    """
    if any(side is not None for side in network.input_shape[1:-1]):
        return multiple
    for side in range(multiple, 64 * multiple + 1, multiple):
        try:
            shape = network.compute_output_shape((1, side, side, network.input_shape[-1]))
        except (ValueError, TypeError, tf.errors.InvalidArgumentError):
            continue
        if tuple(shape[1:-1]) == (side * scale, side * scale):
            return side
    return multiple

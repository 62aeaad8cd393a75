"""What the network builders share: checks of their arguments, and normalisation."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import BatchNormalization, GroupNormalization, LeakyReLU, ReLU


def check_positive(**arguments: int) -> None:
    """Checks that every named argument is an integer above 0.

    Args:
        **arguments: The arguments, by name.

    Raises:
        InputError: If one is not.
    """
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{name} must be an integer of at least 1; got {value!r}.")


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Checks that an argument is one of its choices.

    Args:
        name: The argument's name.
        value: Its value.
        choices: What it may be.

    Raises:
        InputError: If it is none of them.
    """
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}; got {value!r}.")


def check_shape(image_shape: Sequence[int], *, vectors: bool = False) -> tuple[int, ...]:
    """Checks the shape of a sample.

    Args:
        image_shape: `(height, width, channels)`.
        vectors: Whether `(dimensions,)` will also do.

    Returns:
        The shape, as a tuple.

    Raises:
        InputError: If it is anything else.
    """
    expected = "(height, width, channels)" + (" or (dimensions,)" if vectors else "")
    shape = tuple(image_shape) if isinstance(image_shape, Sequence) else None
    if (
        shape is None
        or len(shape) not in ((1, 3) if vectors else (3,))
        or not all(isinstance(size, int) and size > 0 for size in shape)
    ):
        raise InputError(f"image_shape must be {expected}, all above 0; got {image_shape!r}.")
    return shape


def check_square(image_shape: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """Checks that images are square with a power of two, at least 16, as their side.

    Args:
        image_shape: `(height, width, channels)`.

    Returns:
        The shape as a tuple, and how many doublings lead from 4x4 to it.

    Raises:
        InputError: If the shape is any other.
    """
    shape = check_shape(image_shape)
    height, width, _ = shape
    if height != width or height < 16 or height & (height - 1):
        raise InputError(
            "image_shape must be square with a side of 16, 32, 64, ... for this network; "
            f"got {shape}."
        )
    return shape, int(math.log2(height // 4))


def normalize(
    x: Any, kind: str, *, name: str, gamma: Any = "ones", synchronized: bool = False
) -> Any:
    """Normalises feature maps, with a scale and an offset for each channel.

    Args:
        x: Features, `[B, ..., C]`.
        kind: `batch`: each channel over the batch (momentum 0.9 and epsilon 1e-5, stated because
            Keras' defaults are others). `layer`: each sample over height, width and channels, for
            critics under a gradient penalty, whose samples must not mix. `instance`: each channel
            of each sample over height and width, without scale and offset as in CycleGAN's code.
            `none`: `x` as it is.
        name: Name of the layer.
        gamma: Initializer of the scale.
        synchronized: Whether batch statistics are taken over all replicas together.

    Returns:
        Features of the same shape.
    """
    if kind == "batch":
        return BatchNormalization(
            momentum=0.9,
            epsilon=1e-5,
            gamma_initializer=gamma,
            synchronized=synchronized,
            name=name,
        )(x)
    if kind == "layer":
        # keras.layers.LayerNormalization over these axes would have a scale for each pixel.
        return GroupNormalization(groups=1, epsilon=1e-5, gamma_initializer=gamma, name=name)(x)
    if kind == "instance":
        return GroupNormalization(groups=-1, epsilon=1e-5, scale=False, center=False, name=name)(x)
    return x


def cancels_bias(kind: str) -> bool:
    """Returns whether a normalisation makes a bias before it pointless.

    Each channel's mean, and so its bias, is subtracted. Such a bias would only drift with the
    rounding errors in its gradient, which Adam scales up to full steps.

    Args:
        kind: As for `normalize`.
    """
    return kind in ("batch", "instance")


def activate(x: Any, activation: str, *, name: str) -> Any:
    """Applies an activation; `leaky_relu` has slope 0.2, the papers', where Keras' layer has 0.3.

    Args:
        x: Features.
        activation: A Keras activation, by name.
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
    """Returns a copy of an initializer, for one layer: an instance draws the same numbers again.

    Args:
        initializer: An initializer as Keras takes it: an instance, a name or a configuration.

    Returns:
        An initializer that, unless given a seed, draws numbers of its own.
    """
    return keras.initializers.get(initializer).clone()


def small_normal() -> keras.initializers.Initializer:
    """Returns an initializer of kernels, N(0, 0.02)."""
    return keras.initializers.RandomNormal(stddev=0.02)


def normal_around_one() -> keras.initializers.Initializer:
    """Returns an initializer of the scales of batch normalisation, N(1, 0.02)."""
    return keras.initializers.RandomNormal(mean=1.0, stddev=0.02)


#: How convolutions that halve or double maps of even sides can be padded.
PADDINGS = ("same", "symmetric")


def pads_alike(kernel_size: int, padding: str) -> bool:
    """Returns whether a padding is TensorFlow's "same" for a convolution of stride 2.

    An even kernel leaves an even number of pixels to add, and both paddings put half of them on
    each side. An odd kernel leaves an odd number: "same" puts the smaller half at the top and at
    the left, `(0, 1)` for 3x3. PyTorch, Torch and Theano code usually pads by `kernel_size // 2` on
    all sides, and nothing reads the last row and column: `(1, 1)` for 3x3. With the same weights
    the two see the image shifted by a pixel.

    Args:
        kernel_size: Side of the kernel.
        padding: `same` or `symmetric`.
    """
    return padding == "same" or kernel_size % 2 == 0 or kernel_size == 1


def downsample(
    x: Any, filters: int, kernel_size: int, *, name: str, padding: str = "same", **options: Any
) -> Any:
    """Halves the even sides of feature maps, by a convolution of stride 2.

    Args:
        x: Features, `[B, H, W, C]`.
        filters: Number of feature maps to make.
        kernel_size: Side of the kernel.
        name: Name of the convolution.
        padding: `same`, or `symmetric`: `(kernel_size - 1) // 2` zeros on every side.
        **options: Of the convolution, as Keras takes them.

    Returns:
        Features `[B, H / 2, W / 2, filters]`.
    """
    if not pads_alike(kernel_size, padding):
        # Padded here: convolutions with explicit paddings have slow gradients on a CPU.
        x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_padding")(x)
        return layers.Conv2D(filters, kernel_size, strides=2, name=name, **options)(x)
    return layers.Conv2D(filters, kernel_size, strides=2, padding="same", name=name, **options)(x)


def transposed(
    x: Any, filters: int, kernel_size: int, *, name: str, padding: str = "same", **options: Any
) -> Any:
    """Doubles the sides of feature maps, by a transposed convolution of stride 2.

    Args:
        x: Features, `[B, H, W, C]`.
        filters: Number of feature maps to make.
        kernel_size: Side of the kernel.
        name: Name of the convolution.
        padding: `same`, or `symmetric`: the transpose of `downsample`'s; PyTorch's
            `padding=kernel_size // 2, output_padding=1` for odd kernels.
        **options: Of the convolution, as Keras takes them.

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
        filters: Number of feature maps to make.
        kernel_size: Side of the kernel of the transposed convolution.
        upsampling: `transposed`: a transposed convolution of stride 2. `resize`: nearest-neighbour
            resizing and then a 3x3 convolution, which leaves no checkerboards (Odena et al. 2016).
        name: Name of the convolution.
        padding: Of the transposed convolution, `same` or `symmetric`; see `transposed`.
        **options: Of the convolution, as Keras takes them.

    Returns:
        Features `[B, 2 H, 2 W, filters]`.
    """
    options = {"kernel_initializer": small_normal(), "name": name, **options}
    if upsampling == "transposed":
        return transposed(x, filters, kernel_size, padding=padding, **options)
    x = layers.UpSampling2D(2, interpolation="nearest", name=f"{name}_resize")(x)
    return layers.Conv2D(filters, 3, padding="same", **options)(x)


def size_multiple(network: keras.Model) -> int:
    """Returns what the sides of images must be multiples of for a network to keep their size.

    Found by asking the network for the shape of its output, without running it.

    Args:
        network: From images `[B, H, W, C]` to images, built.

    Returns:
        The smallest power of two that will do, up to 1024. If the network's input has fixed
        sides, their greatest common divisor.

    Raises:
        InputError: If none will do.

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
        # Odd multiples, and so large that no border is too wide for them.
        sides = (65 * multiple, 67 * multiple)
        try:
            shape = network.compute_output_shape((1, *sides, channels))
        except (ValueError, TypeError, tf.errors.InvalidArgumentError):
            continue  # As where a skip connection meets maps of another size.
        if tuple(shape[1:-1]) == sides:
            return multiple
    raise InputError(
        f"Network {network.name!r}: expected outputs of the size of its inputs, at least where "
        "their sides are multiples of a power of two up to 1024."
    )


def smallest_side(network: keras.Model, multiple: int, scale: int = 1) -> int:
    """Returns how many pixels the sides of images must have at least for a network to take them.

    Borders that are mirrored, as CycleGAN's are, need an image that is wider than the border. Found
    like `size_multiple`.

    Args:
        network: From images `[B, H, W, C]` to images, built.
        multiple: What sides must be multiples of.
        scale: How much larger its outputs are than its inputs.

    Returns:
        The smallest multiple that will do, up to 64 times `multiple`. If the network's input has
        fixed sides, or does not tell, `multiple`.
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


def check_named_shape(name: str, shape: Sequence[int]) -> tuple[int, ...]:
    """Checks the shape of an image.

    Args:
        name: The argument's name.
        shape: `(height, width, channels)`.

    Returns:
        The shape, as a tuple.

    Raises:
        InputError: If it is anything else.
    """
    sizes = tuple(shape) if isinstance(shape, Sequence) else ()
    if len(sizes) != 3 or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise InputError(f"{name} must be (height, width, channels), all above 0; got {shape!r}.")
    return sizes

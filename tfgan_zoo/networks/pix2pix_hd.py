"""The networks of pix2pixHD: generators from coarse to fine, discriminators of several scales."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import CentredAveragePooling2D, ReflectionPadding2D
from tfgan_zoo.networks.common import (
    activate,
    cancels_bias,
    check_choice,
    check_positive,
    check_shape,
    downsample,
    normal_around_one,
    normalize,
    small_normal,
    upsample,
)
from tfgan_zoo.networks.patchgan import STRIDED

#: Name of the global generator within a local enhancer.
GLOBAL = "global"


def global_generator(
    image_shape: Sequence[int],
    channels: int | None = None,
    *,
    filters: int = 64,
    downsamplings: int = 4,
    blocks: int = 9,
    normalization: str = "instance",
    upsampling: str = "transposed",
    synchronized_bn: bool = False,
    name: str = "generator",
) -> keras.Model:
    """pix2pixHD's G1 (Wang et al. 2018, https://arxiv.org/abs/1711.11585, section 3.2).

    In the paper's notation c7s1-64, d128, d256, d512, d1024, R1024 9 times, u512, u256, u128, u64,
    c7s1-3 and tanh. Normalisation and ReLU after every convolution but the last, and no ReLU after
    a residual block. The 7x7 and the residual convolutions use reflection padding; those of stride
    2 and 1/2 pad as the authors' do, by one pixel on every side. Weights N(0, 0.02). Convolutions
    have no bias where normalisation would cancel it; the authors' code has those biases, which
    change no output.

    Args:
        image_shape: `(height, width, channels)` in training, with sides that are multiples of
            2^downsamplings, and at least twice that; the network accepts other such sizes.
        channels: Channels of the output; None for as many as the input has.
        filters: Feature maps at full size. Each downsampling doubles them.
        downsamplings: Number of convolutions of stride 2.
        blocks: Number of residual blocks.
        normalization: `instance`, `batch` or `none`.
        upsampling: `transposed` convolutions, or `resize`: nearest-neighbour resizing followed by
            convolutions, without checkerboard artifacts (Odena et al. 2016).
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 images `[B, H, W, channels]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> model = global_generator((64, 64, 5), 3, filters=2, downsamplings=3, blocks=1)
        >>> model.compute_output_shape((1, 32, 64, 5))
        (1, 32, 64, 3)
    """
    check_positive(filters=filters, downsamplings=downsamplings, blocks=blocks)
    shape, channels = _checked(image_shape, channels, 2**downsamplings, 2, "downsamplings")
    stack = _stack(normalization, upsampling, synchronized_bn)
    inputs = keras.Input((None, None, shape[-1]), name="image")
    x = _global_features(inputs, stack, filters, downsamplings, blocks)
    return keras.Model(inputs, stack.output(x, channels), name=name)


def local_enhancer(
    image_shape: Sequence[int],
    channels: int | None = None,
    *,
    filters: int = 32,
    blocks: int = 3,
    global_downsamplings: int = 4,
    global_blocks: int = 9,
    normalization: str = "instance",
    upsampling: str = "transposed",
    synchronized_bn: bool = False,
    name: str = "generator",
) -> keras.Model:
    """pix2pixHD's G2 around G1 (Wang et al. 2018, https://arxiv.org/abs/1711.11585, section 3.2).

    G1 sees the images at half their size. The features before its output are added to those of
    c7s1-32, d64. R64 3 times, u32, c7s1-3 and tanh continue from the sum. All layers are as in
    `global_generator`. G1 is the layer "global", without its last convolution, and its layers have
    the same names as in `global_generator`, from which weights can be taken.

    Args:
        image_shape: `(height, width, channels)` in training, with sides that are multiples of
            2^(global_downsamplings + 1), and at least twice that.
        channels: Channels of the output; None for as many as the input has.
        filters: Feature maps at full size; G1 has twice as many at half of it.
        blocks: Number of residual blocks of G2.
        global_downsamplings: `downsamplings` of G1.
        global_blocks: `blocks` of G1.
        normalization: See `global_generator`.
        upsampling: See `global_generator`.
        synchronized_bn: See `global_generator`.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 images `[B, H, W, channels]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> model = local_enhancer((64, 64, 5), 3, filters=2, global_downsamplings=3)
        >>> model.get_layer("global").output.shape
        (None, None, None, 4)
    """
    check_positive(
        filters=filters,
        blocks=blocks,
        global_downsamplings=global_downsamplings,
        global_blocks=global_blocks,
    )
    multiple = 2 ** (global_downsamplings + 1)
    shape, channels = _checked(image_shape, channels, multiple, 2, "global_downsamplings")
    stack = _stack(normalization, upsampling, synchronized_bn)
    half = keras.Input((None, None, shape[-1]), name="image")
    coarse = keras.Model(
        half,
        _global_features(half, stack, 2 * filters, global_downsamplings, global_blocks),
        name=GLOBAL,
    )
    inputs = keras.Input((None, None, shape[-1]), name="image")
    x = stack.reflected(inputs, filters, 7, name="input")
    x = stack.down(x, 2 * filters, name="down")
    features = coarse(CentredAveragePooling2D(name="half")(inputs))
    x = layers.Add(name="add_global")([x, features])
    for i in range(1, blocks + 1):
        x = stack.residual(x, 2 * filters, name=f"block_{i}")
    x = stack.up(x, filters, name="up")
    return keras.Model(inputs, stack.output(x, channels), name=name)


def feature_encoder(
    image_shape: Sequence[int],
    channels: int = 3,
    *,
    filters: int = 16,
    downsamplings: int = 4,
    normalization: str = "instance",
    upsampling: str = "transposed",
    synchronized_bn: bool = False,
    name: str = "encoder",
) -> keras.Model:
    """pix2pixHD's E (Wang et al. 2018, https://arxiv.org/abs/1711.11585, section 3.4).

    `global_generator` without residual blocks: c7s1-16, d32, d64, d128, d256, u128, u64, u32, u16,
    c7s1-3 and tanh. The model that uses it replaces each pixel's numbers by their mean over the
    pixel's instance.

    Args:
        image_shape: `(height, width, channels)` in training, with sides that are multiples of
            2^downsamplings, and at least 4; the network accepts other such sizes.
        channels: Numbers for each pixel.
        filters: Feature maps at full size. Each downsampling doubles them.
        downsamplings: Number of convolutions of stride 2.
        normalization: See `global_generator`.
        upsampling: See `global_generator`.
        synchronized_bn: See `global_generator`.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 features `[B, H, W, channels]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> feature_encoder((64, 64, 3), filters=2).compute_output_shape((1, 32, 64, 3))
        (1, 32, 64, 3)
    """
    check_positive(filters=filters, downsamplings=downsamplings)
    shape, channels = _checked(image_shape, channels, 2**downsamplings, 1, "downsamplings")
    stack = _stack(normalization, upsampling, synchronized_bn)
    inputs = keras.Input((None, None, shape[-1]), name="image")
    x = _global_features(inputs, stack, filters, downsamplings, 0)
    return keras.Model(inputs, stack.output(x, channels), name=name)


def multiscale_discriminator(
    image_shape: Sequence[int],
    num_scales: int = 2,
    *,
    receptive_field: int = 70,
    filters: int = 64,
    normalization: str = "instance",
    synchronized_bn: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """pix2pixHD's D (Wang et al. 2018, https://arxiv.org/abs/1711.11585, section 3.2).

    A PatchGAN of its own for each scale, the images at full size, at half of it, and so on. The
    layers are those of `patchgan_discriminator`, except that maps are padded by two pixels, as in
    the authors' code. All features are returned, for feature matching.

    Args:
        image_shape: `(height, width, channels)` in training; the network accepts other sizes.
            Stacked pairs of images have the channels of both.
        num_scales: Number of scales; the paper has 3, the authors' code 2 up to 1024x512 pixels.
        receptive_field: Side of the patches in pixels of a scale: 16, 34, 70, 142 or 286.
        filters: Feature maps of the first convolution.
        normalization: `instance`, `batch`, `layer` or `none`.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to a list for each scale, the full size first: the
        features after each convolution and its activation, and at the end float32 logits
        `[B, h, w, 1]`. Keras unpacks the list of a single scale.

    Raises:
        InputError: If the shape, a size or a choice is invalid, or the smallest scale has less than
            four pixels along a side.

    Example:
        >>> model = multiscale_discriminator((64, 64, 4), 2, filters=2)
        >>> [scale[-1] for scale in model.compute_output_shape((1, 64, 64, 4))]
        [(1, 11, 11, 1), (1, 7, 7, 1)]
    """
    shape = check_shape(image_shape)
    check_positive(num_scales=num_scales, filters=filters)
    if receptive_field not in STRIDED:
        raise InputError(
            f"receptive_field: expected one of {', '.join(map(str, STRIDED))}, got "
            f"{receptive_field!r}."
        )
    check_choice("normalization", normalization, ("instance", "batch", "layer", "none"))
    least = 4 * 2 ** (num_scales - 1)
    if min(shape[:2]) < least:
        raise InputError(
            f"image_shape: expected sides of at least {least} for num_scales={num_scales}, got "
            f"{shape}."
        )
    strides = [2] * STRIDED[receptive_field] + [1, 1]
    inputs = images = keras.Input((None, None, shape[-1]), name="image")
    outputs = []
    for scale in range(1, num_scales + 1):
        if scale > 1:
            images = CentredAveragePooling2D(name=f"scale_{scale}")(images)
        x, found = images, []
        for i, stride in enumerate(strides, 1):
            is_last = i == len(strides)
            kind = "none" if i == 1 or is_last else normalization
            named = f"scale_{scale}_{{}}_{i}".format
            x = layers.ZeroPadding2D(2, name=named("padding"))(x)
            x = layers.Conv2D(
                1 if is_last else filters * min(2 ** (i - 1), 8),
                4,
                strides=stride,
                use_bias=not cancels_bias(kind),
                kernel_initializer=small_normal(),
                dtype="float32" if is_last else None,
                name=f"scale_{scale}_logits" if is_last else named("conv"),
            )(x)
            if not is_last:
                x = normalize(
                    x,
                    kind,
                    name=named("norm"),
                    gamma=normal_around_one(),
                    synchronized=synchronized_bn,
                )
                x = activate(x, "leaky_relu", name=named("lrelu"))
            found.append(x)
        outputs.append(found)
    return keras.Model(inputs, outputs, name=name)


class _Stack(NamedTuple):
    """How the convolutions of a generator are normalised and enlarged."""

    normalization: str
    upsampling: str
    synchronized: bool

    @property
    def options(self) -> dict[str, Any]:
        return {"use_bias": not cancels_bias(self.normalization), "padding": "symmetric"}

    def norm(self, x: Any, name: str) -> Any:
        return normalize(
            x,
            self.normalization,
            name=f"{name}_norm",
            gamma=normal_around_one(),
            synchronized=self.synchronized,
        )

    def norm_relu(self, x: Any, name: str) -> Any:
        return activate(self.norm(x, name), "relu", name=f"{name}_relu")

    def convolution(self, x: Any, width: int, size: int, name: str, **options: Any) -> Any:
        x = ReflectionPadding2D(size // 2, name=f"{name}_padding")(x)
        options = {"use_bias": not cancels_bias(self.normalization), **options}
        return layers.Conv2D(width, size, kernel_initializer=small_normal(), name=name, **options)(
            x
        )

    def reflected(self, x: Any, width: int, size: int, name: str) -> Any:
        return self.norm_relu(self.convolution(x, width, size, name), name)

    def down(self, x: Any, width: int, name: str) -> Any:
        x = downsample(x, width, 3, name=name, kernel_initializer=small_normal(), **self.options)
        return self.norm_relu(x, name)

    def up(self, x: Any, width: int, name: str) -> Any:
        return self.norm_relu(
            upsample(x, width, 3, self.upsampling, name=name, **self.options), name
        )

    def residual(self, x: Any, width: int, name: str) -> Any:
        y = self.reflected(x, width, 3, f"{name}_conv_1")
        y = self.norm(self.convolution(y, width, 3, f"{name}_conv_2"), f"{name}_conv_2")
        return layers.Add(name=f"{name}_add")([x, y])

    def output(self, x: Any, channels: int) -> Any:
        return self.convolution(
            x, channels, 7, "output", use_bias=True, activation="tanh", dtype="float32"
        )


def _stack(normalization: str, upsampling: str, synchronized: bool) -> _Stack:
    check_choice("normalization", normalization, ("instance", "batch", "none"))
    check_choice("upsampling", upsampling, ("transposed", "resize"))
    return _Stack(normalization, upsampling, synchronized)


def _global_features(
    inputs: Any, stack: _Stack, filters: int, downsamplings: int, blocks: int
) -> Any:
    """Returns the features of G1 before its output."""
    x = stack.reflected(inputs, filters, 7, name="input")
    for i in range(1, downsamplings + 1):
        x = stack.down(x, filters * 2**i, name=f"down_{i}")
    for i in range(1, blocks + 1):
        x = stack.residual(x, filters * 2**downsamplings, name=f"block_{i}")
    for i in range(1, downsamplings + 1):
        x = stack.up(x, filters * 2 ** (downsamplings - i), name=f"up_{i}")
    return x


def _checked(
    image_shape: Sequence[int], channels: int | None, multiple: int, least: int, argument: str
) -> tuple[tuple[int, ...], int]:
    """Returns the shape and the channels of the output.

    Raises:
        InputError: If a side cannot be halved as often, or becomes too small to be mirrored.
    """
    shape = check_shape(image_shape)
    smallest = max(4, least * multiple)
    if any(side % multiple or side < smallest for side in shape[:2]):
        raise InputError(
            f"image_shape: expected sides that are multiples of {multiple}, at least {smallest}, "
            f"for this network, got {shape[0]}x{shape[1]}; {argument} decides."
        )
    channels = shape[-1] if channels is None else channels
    check_positive(channels=channels)
    return shape, channels

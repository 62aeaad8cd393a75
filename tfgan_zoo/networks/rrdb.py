"""ESRGAN's generator."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.layers import PixelUnshuffle
from tfgan_zoo.networks.common import (
    activate,
    check_choice,
    check_positive,
    check_shape,
    repeated_pixels,
)


def rrdb_generator(
    lr_shape: Sequence[int],
    scale: int = 4,
    *,
    filters: int = 64,
    blocks: int = 23,
    growth: int = 32,
    residual_scale: float = 0.2,
    output_activation: str = "linear",
    name: str = "generator",
) -> keras.Model:
    """RRDBNet, of ESRGAN (Wang et al. 2018, https://arxiv.org/abs/1809.00219, figure 4).

    A convolution; residual-in-residual dense blocks; another convolution, and the sum with the
    input of the first block; twice nearest-neighbour resizing by 2 with a convolution; two more
    convolutions. All kernels are 3x3, LeakyReLU has slope 0.2, and there is no normalisation. A
    block is three dense blocks, each of five convolutions that see the features of all before them;
    the outputs of a dense block and of the whole block are multiplied by `residual_scale` before
    they are added to its input.

    Details follow the authors' code (https://github.com/XPixelGroup/BasicSR). Kernels in dense
    blocks start at a tenth of He's normal initializer (He et al. 2015,
    https://arxiv.org/abs/1502.01852), the others uniformly in +-1 / sqrt(fan-in), which is
    PyTorch's default; PyTorch also draws their biases, which start at 0 here. Scales below 4 are
    Real-ESRGAN's (Wang et al. 2021, https://arxiv.org/abs/2107.10833): blocks of pixels become
    channels first, so that the body works at a half or a quarter of the image's size.

    Layers have the names of the code's modules, such as `body.0.rdb1.conv1`, and their weights the
    same shapes up to the order of axes: a PyTorch kernel `[out, in, height, width]` is
    `np.transpose(kernel, (2, 3, 1, 0))` here. Published weights take and make images in [0, 1].

    Args:
        lr_shape: `(height, width, channels)` of low-resolution images in training; the network
            accepts images of any size whose sides are multiples of 4 / `scale`, in whichever range
            it is trained on.
        scale: Factor by which sides grow: 4, 2, or 1 to restore images without enlarging them.
        filters: Feature maps outside of dense blocks.
        blocks: Residual-in-residual dense blocks.
        growth: Feature maps that each of the first four convolutions of a dense block adds.
        residual_scale: Factor of residuals.
        output_activation: `linear`, as in the paper: values outside the range are possible and must
            be clipped to make an image. Or `tanh`.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, C]` to float32 images `[B, scale * H, scale * W, C]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> model = rrdb_generator((24, 24, 3), blocks=1, filters=8, growth=4)
        >>> model.compute_output_shape((1, 24, 17, 3))
        (1, 96, 68, 3)
    """
    height, width, channels = check_shape(lr_shape, name="lr_shape")
    if scale not in (1, 2, 4):
        raise InputError(f"scale: expected 1, 2 or 4, got {scale!r}.")
    factor = 4 // scale
    if height % factor or width % factor:
        raise InputError(
            f"lr_shape: expected sides that are multiples of {factor} at scale={scale}, got "
            f"{tuple(lr_shape)}."
        )
    check_positive(filters=filters, blocks=blocks, growth=growth)
    check_number("residual_scale", residual_scale, least=0)
    check_choice("output_activation", output_activation, ("linear", "tanh"))

    def conv(x: Any, width: int, *, name: str, residual: bool = False, **options: Any) -> Any:
        # He's scale is 2; a tenth of the weights is a hundredth of their variance.
        variance, drawn = (0.02, "untruncated_normal") if residual else (1 / 3, "uniform")
        initializer = keras.initializers.VarianceScaling(variance, "fan_in", drawn)
        return layers.Conv2D(
            width, 3, padding="same", kernel_initializer=initializer, name=name, **options
        )(x)

    def leaky_relu(x: Any, *, name: str) -> Any:
        return activate(x, "leaky_relu", name=f"{name}.lrelu")

    def add_to(x: Any, residual: Any, *, name: str) -> Any:
        residual = layers.Rescaling(residual_scale, name=f"{name}.scale")(residual)
        return layers.Add(name=f"{name}.add")([residual, x])

    def dense_block(x: Any, *, name: str) -> Any:
        seen = [x]
        for i in range(1, 6):
            together = seen[0]
            if len(seen) > 1:
                together = layers.Concatenate(name=f"{name}.concat{i}")(seen)
            label = f"{name}.conv{i}"
            y = conv(together, growth if i < 5 else filters, name=label, residual=True)
            if i < 5:
                seen.append(leaky_relu(y, name=label))
        return add_to(x, y, name=name)

    inputs = keras.Input((None, None, channels), name="image")
    x: Any = inputs
    if factor > 1:
        x = PixelUnshuffle(factor, pytorch_order=True, name="pixel_unshuffle")(x)
    x = first = conv(x, filters, name="conv_first")
    for block in range(blocks):
        shortcut = x
        for i in range(1, 4):
            x = dense_block(x, name=f"body.{block}.rdb{i}")
        x = add_to(shortcut, x, name=f"body.{block}")
    x = layers.Add(name="body.add")([first, conv(x, filters, name="conv_body")])
    for label in ("conv_up1", "conv_up2"):
        x = repeated_pixels(x, prefix=f"{label}.")
        x = leaky_relu(conv(x, filters, name=label), name=label)
    x = leaky_relu(conv(x, filters, name="conv_hr"), name="conv_hr")
    x = conv(x, channels, name="conv_last", activation=output_activation, dtype="float32")
    return keras.Model(inputs, x, name=name)

"""Sub-pixel resampling: from channels to larger feature maps, and back."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError


@keras.saving.register_keras_serializable("tfgan_zoo")
class PixelShuffle(keras.layers.Layer):
    """Rearranges r * r times as many channels into maps that are r times as high and wide.

    Sub-pixel convolution (Shi et al. 2016, https://arxiv.org/abs/1609.05158, equation 4) is a
    convolution followed by this:

        y[n, h r + i, w r + j, c] = x[n, h, w, (i r + j) C + c]

    for i and j below the factor r and c below C, the number of channels that remain. This is the
    order of `tf.nn.depth_to_space`, whose inverse is `tf.nn.space_to_depth`. PyTorch's
    `PixelShuffle` reads x[..., c r r + i r + j] instead. That is the same for one remaining
    channel; for more, kernels from PyTorch need their output channels rearranged.

    Args:
        factor: r, at least 2.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B, H, W, C * r * r]`; H and W may be unknown.

    Output shape:
        `[B, H * r, W * r, C]`.

    Raises:
        InputError: If `factor` is invalid, or, when called, if the channels are not divisible.

    Example:
        >>> PixelShuffle(2)(np.array([1, 2, 3, 4.0]).reshape(1, 1, 1, 4)).numpy()[0, :, :, 0]
        array([[1., 2.],
               [3., 4.]], dtype=float32)
    """

    def __init__(self, factor: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = _checked_factor(factor)

    def build(self, input_shape: Any) -> None:
        """Creates no weights.

        Args:
            input_shape: Unused.
        """

    def call(self, inputs: Any) -> Any:
        """Rearranges channels into space.

        Args:
            inputs: Features, `[B, H, W, C * r * r]`.
        """
        self.compute_output_shape(inputs.shape)  # A clearer error than TensorFlow's.
        return tf.nn.depth_to_space(inputs, self.factor)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, H * r, W * r, C]`.

        Args:
            input_shape: Shape of the input.
        """
        shape = tuple(input_shape)
        if len(shape) != 4:
            raise InputError(
                f"Layer {self.name!r}: expected inputs [B, H, W, C], got shape {shape}."
            )
        area = self.factor**2
        if shape[3] is None or shape[3] % area:
            raise InputError(
                f"Layer {self.name!r}: expected channels that are a multiple of {area}, its factor "
                f"squared, got {shape[3]}."
            )
        height, width = (None if side is None else side * self.factor for side in shape[1:3])
        return (shape[0], height, width, shape[3] // area)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {"factor": self.factor}


@keras.saving.register_keras_serializable("tfgan_zoo")
class PixelUnshuffle(keras.layers.Layer):
    """Rearranges blocks of r * r pixels into channels: the inverse of `PixelShuffle`.

    The first layer of Real-ESRGAN's generator (Wang et al. 2021, https://arxiv.org/abs/2107.10833)
    at scales below 4:

        y[n, h, w, (i r + j) C + c] = x[n, h r + i, w r + j, c]

    for i and j below the factor r and c below C, the number of channels.

    Args:
        factor: r, at least 2.
        pytorch_order: Whether y has its channels in the order of PyTorch's `PixelUnshuffle`, at
            c r r + i r + j, so that kernels from PyTorch need no rearrangement. For one channel
            that is the same.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B, H, W, C]`; H and W may be unknown, and must be multiples of r.

    Output shape:
        `[B, H / r, W / r, C * r * r]`.

    Raises:
        InputError: If `factor` is invalid, or, when called, if the sides are not divisible.

    Example:
        >>> PixelUnshuffle(2)(np.array([[1, 2], [3, 4.0]]).reshape(1, 2, 2, 1)).numpy()[0, 0, 0]
        array([1., 2., 3., 4.], dtype=float32)
    """

    def __init__(self, factor: int, *, pytorch_order: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = _checked_factor(factor)
        self.pytorch_order = bool(pytorch_order)

    def build(self, input_shape: Any) -> None:
        """Creates no weights.

        Args:
            input_shape: Unused.
        """

    def call(self, inputs: Any) -> Any:
        """Rearranges space into channels.

        Args:
            inputs: Images or features, `[B, H, W, C]`.
        """
        self.compute_output_shape(inputs.shape)  # A clearer error than TensorFlow's.
        outputs = tf.nn.space_to_depth(inputs, self.factor)
        channels, area = inputs.shape[-1], self.factor**2
        if not self.pytorch_order or channels == 1:
            return outputs
        order = np.arange(area * channels).reshape(area, channels).T.ravel()
        return tf.gather(outputs, order, axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, H / r, W / r, C * r * r]`.

        Args:
            input_shape: Shape of the input.
        """
        shape = tuple(input_shape)
        if len(shape) != 4 or shape[3] is None:
            raise InputError(
                f"Layer {self.name!r}: expected inputs [B, H, W, C], got shape {shape}."
            )
        if any(side is not None and side % self.factor for side in shape[1:3]):
            raise InputError(
                f"Layer {self.name!r}: expected sides that are multiples of {self.factor}, its "
                f"factor, got {shape[1]}x{shape[2]}."
            )
        height, width = (None if side is None else side // self.factor for side in shape[1:3])
        return (shape[0], height, width, shape[3] * self.factor**2)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {
            "factor": self.factor,
            "pytorch_order": self.pytorch_order,
        }


def _checked_factor(factor: Any) -> int:
    if isinstance(factor, bool) or not isinstance(factor, int) or factor < 2:
        raise InputError(f"factor: expected an integer of at least 2, got {factor!r}.")
    return factor

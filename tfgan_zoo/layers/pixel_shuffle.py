"""Sub-pixel upsampling: from channels to larger feature maps."""

from typing import Any

import keras
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
        if isinstance(factor, bool) or not isinstance(factor, int) or factor < 2:
            raise InputError(f"factor: expected an integer of at least 2, got {factor!r}.")
        self.factor = factor

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

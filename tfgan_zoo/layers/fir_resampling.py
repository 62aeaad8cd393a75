"""Halving and doubling of feature maps with a low-pass filter."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError

#: The filter along each axis. It is [1, 2, 1], a triangle, as seen by pixels of half the size.
FILTER = (1.0, 3.0, 3.0, 1.0)


class _Resampling(keras.layers.Layer):
    """What both layers share: they have no weights and keep the channels."""

    def build(self, input_shape: Any) -> None:
        """Creates no weights.

        Args:
            input_shape: Unused.
        """

    def _maps(self, shape: Any) -> tuple[int | None, int | None, int]:
        if len(shape) != 4 or shape[-1] is None:
            raise InputError(
                f"Layer {self.name!r}: expected inputs [B, H, W, C] of known C, got shape "
                f"{tuple(shape)}."
            )
        return tuple(shape[1:])

    def _kernel(self, channels: int, dtype: Any) -> tf.Tensor:
        """Returns the filter along both axes, `[4, 4, C, 1]`; its weights add up to 1."""
        both = np.outer(FILTER, FILTER) / np.sum(FILTER) ** 2
        return tf.constant(np.tile(both[:, :, np.newaxis, np.newaxis], (1, 1, channels, 1)), dtype)


@keras.saving.register_keras_serializable("tfgan_zoo")
class FIRDownsampling2D(_Resampling):
    """Halves feature maps: a [1, 3, 3, 1] filter along each axis, then every second pixel.

        y[i] = (x[2i - 1] + 3 x[2i] + 3 x[2i + 1] + x[2i + 2]) / 8

    along an axis, with zeros beyond the border. The filter removes most of what half the pixels
    cannot show, as in StyleGAN2 (Karras et al. 2020, https://arxiv.org/abs/1912.04958) and R3GAN.

    Args:
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B, H, W, C]`, H and W even; they may be unknown.

    Output shape:
        `[B, H / 2, W / 2, C]`.

    Raises:
        InputError: If, when called, a side is odd.

    Example:
        >>> FIRDownsampling2D()(np.ones((1, 6, 6, 1)))[0, 1, :, 0].numpy()
        array([0.875, 1.   , 0.875], dtype=float32)
    """

    def call(self, inputs: Any) -> tf.Tensor:
        """Returns maps of half the size.

        Args:
            inputs: Features, `[B, H, W, C]`.
        """
        self.compute_output_shape(inputs.shape)
        kernel = self._kernel(inputs.shape[-1], inputs.dtype)
        return tf.nn.depthwise_conv2d(inputs, kernel, [1, 2, 2, 1], "SAME")

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, H / 2, W / 2, C]`.

        Args:
            input_shape: Shape of the input.
        """
        height, width, channels = self._maps(input_shape)
        if any(side is not None and side % 2 for side in (height, width)):
            raise InputError(
                f"Layer {self.name!r}: expected sides that are even, got {height} and {width}."
            )
        halves = (None if side is None else side // 2 for side in (height, width))
        return (input_shape[0], *halves, channels)


@keras.saving.register_keras_serializable("tfgan_zoo")
class FIRUpsampling2D(_Resampling):
    """Doubles feature maps: zeros between the pixels, then a [1, 3, 3, 1] filter along each axis.

        y[2i] = (x[i - 1] + 3 x[i]) / 4,  y[2i + 1] = (3 x[i] + x[i + 1]) / 4

    along an axis, with zeros beyond the border: four times the transpose of `FIRDownsampling2D`.

    Args:
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B, H, W, C]`; B, H and W may be unknown.

    Output shape:
        `[B, 2 H, 2 W, C]`.

    Example:
        >>> FIRUpsampling2D()(np.ones((1, 2, 2, 1)))[0, 1, :, 0].numpy()
        array([0.75, 1.  , 1.  , 0.75], dtype=float32)
    """

    def call(self, inputs: Any, training: bool | None = None) -> tf.Tensor:
        """Returns maps of twice the size.

        Args:
            inputs: Features, `[B, H, W, C]`.
            training: Whether to use the transposed convolution, which is two to four times as
                fast, but which TFLite and ONNX do not have. The results are those of the two
                steps that they do have, to rounding.
        """
        doubled_shape = self.compute_output_shape(inputs.shape)
        kernel = 4 * self._kernel(inputs.shape[-1], inputs.dtype)
        dynamic = tf.unstack(tf.shape(inputs) * [1, 2, 2, 1])
        shape = [side or other for side, other in zip(doubled_shape, dynamic, strict=True)]
        if training:
            doubled = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=shape,
                filter=kernel,
                out_backprop=inputs,
                strides=[1, 2, 2, 1],
                padding="SAME",
            )
        else:
            spread = tf.stack([inputs, tf.zeros_like(inputs)], axis=3)
            spread = tf.stack([spread, tf.zeros_like(spread)], axis=2)
            # The filter's last three weights see the first pixel, its first two the last.
            spread = tf.pad(tf.reshape(spread, shape), [[0, 0], [2, 1], [2, 1], [0, 0]])
            doubled = tf.nn.depthwise_conv2d(spread, kernel, [1, 1, 1, 1], "VALID")
        doubled.set_shape(doubled_shape)
        return doubled

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, 2 H, 2 W, C]`.

        Args:
            input_shape: Shape of the input.
        """
        *sides, channels = self._maps(input_shape)
        doubled = (None if side is None else 2 * side for side in sides)
        return (input_shape[0], *doubled, channels)

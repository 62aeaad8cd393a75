"""Grouped convolutions that are fast on every device, in all derivatives."""

import functools
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError


@keras.saving.register_keras_serializable("tfgan_zoo")
class GroupedConv2D(keras.layers.Conv2D):
    """A convolution whose output channels see one group of the input channels each.

    With G groups, the input and output channels are cut into G equal parts, and part i of the
    output is a convolution of part i of the input (Xie et al. 2017,
    https://arxiv.org/abs/1611.05431). It has the weights, arguments and config of
    `keras.layers.Conv2D(groups=G)`, and computes the same. On CPUs Keras compiles each such layer
    with XLA, whose second derivatives, as in gradient penalties, take a hundred times as long as
    those of TensorFlow's own kernels. This layer uses the latter, or one convolution for each group
    where they have no gradient, as in float16 on CPUs.

    Args:
        filters: Number of output channels, a multiple of `groups`.
        kernel_size: Side of the kernel.
        groups: G, which divides the input channels too.
        **kwargs: See `keras.layers.Conv2D`.

    Input shape:
        `[B, H, W, C]`; B, H and W may be unknown.

    Output shape:
        `[B, H, W, filters]` with `padding="same"` and without strides.

    Raises:
        InputError: If channels come first, or the padding is causal.

    Example:
        >>> layer = GroupedConv2D(8, 3, groups=4, padding="same")
        >>> layer(np.zeros((1, 5, 5, 12))).shape
        TensorShape([1, 5, 5, 8])
        >>> layer.kernel.shape
        TensorShape([3, 3, 3, 8])
    """

    def __init__(self, filters: int, kernel_size: Any, groups: int = 1, **kwargs: Any) -> None:
        super().__init__(filters, kernel_size, groups=groups, **kwargs)
        if self.data_format != "channels_last":
            raise InputError(f"data_format: expected 'channels_last', got {self.data_format!r}.")

    def convolution_op(self, inputs: Any, kernel: Any) -> tf.Tensor:
        """Returns the convolution without bias and activation."""
        kernel = tf.convert_to_tensor(kernel)
        if self.groups == 1 or _has_gradient(inputs.dtype):
            return self._convolved(inputs, kernel)
        parts = (tf.split(tensor, self.groups, axis=-1) for tensor in (inputs, kernel))
        return tf.concat([self._convolved(*each) for each in zip(*parts, strict=True)], axis=-1)

    def _convolved(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(
            inputs,
            kernel,
            strides=self.strides,
            padding=self.padding.upper(),
            dilations=self.dilation_rate,
        )


@functools.cache
def _has_gradient(dtype: Any) -> bool:
    """Returns whether TensorFlow's kernels differentiate grouped convolutions on this machine.

    On CPUs those of oneDNN do, which have no float16.
    """
    with tf.init_scope():
        ones = tf.ones([1, 1, 1, 2], dtype)
        try:
            for function, given in (
                (tf.raw_ops.Conv2DBackpropInput, {"input_sizes": [1, 1, 1, 2]}),
                (tf.raw_ops.Conv2DBackpropFilter, {"filter_sizes": [1, 1, 1, 2]}),
            ):
                other = "filter" if "input_sizes" in given else "input"
                function(
                    **given, **{other: ones}, out_backprop=ones, strides=[1] * 4, padding="SAME"
                )
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            return False
    return True

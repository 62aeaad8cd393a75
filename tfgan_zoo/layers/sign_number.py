"""From continuous noise to a choice among a number of things."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfgan_zoo")
class SignNumber(keras.layers.Layer):
    """The number whose binary digits are the signs of its inputs: 1 for those above 0.

        y[n] = sum_i 2^i [x[n, i] > 0]

    Of noise that is as often positive as negative, all numbers below 2^k are equally frequent. No
    gradient reaches the inputs.

    Args:
        **kwargs: Arguments of `keras.layers.Layer`, such as `name`.

    Input shape:
        `[B, k]`.

    Output shape:
        `[B]`, int32.

    Example:
        >>> SignNumber()(np.array([[-0.3, 0.2, 1.5], [0.1, -2.0, -0.7]])).numpy()
        array([6, 1], dtype=int32)
    """

    def __init__(self, **kwargs: Any) -> None:
        # Small numbers would be 0 in half precision.
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, inputs: Any) -> tf.Tensor:
        """Returns the numbers.

        Args:
            inputs: `[B, k]`.
        """
        digits = tf.cast(inputs > 0, tf.int32)
        return tf.reduce_sum(digits * [2**i for i in range(digits.shape[-1])], axis=-1)

"""Steps between vectors and small maps with one learned map for each channel."""

import math
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError


@keras.saving.register_keras_serializable("tfgan_zoo")
class SpatialBasis(keras.layers.Layer):
    """Makes maps of a vector: each channel is a learned map times a number.

        y[b, h, w, c] = basis[h, w, c] * x[b, c]

    R3GAN's generator begins with it (Huang et al. 2024, https://arxiv.org/abs/2501.05441), after a
    dense layer. The basis is N(0, 1) at first.

    Args:
        size: Height and width of the maps.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B, C]`.

    Output shape:
        `[B, H, W, C]`.

    Example:
        >>> SpatialBasis((4, 4))(np.zeros((2, 8))).shape
        TensorShape([2, 4, 4, 8])
    """

    def __init__(self, size: tuple[int, int] = (4, 4), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = tuple(size)

    def build(self, input_shape: Any) -> None:
        """Creates the basis.

        Args:
            input_shape: Shape of the input.
        """
        self.basis = self.add_weight(
            name="basis",
            shape=(*self.size, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )

    def call(self, inputs: Any) -> tf.Tensor:
        """Returns maps.

        Args:
            inputs: Vectors, `[B, C]`.
        """
        return tf.convert_to_tensor(self.basis) * inputs[:, tf.newaxis, tf.newaxis, :]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, H, W, C]`.

        Args:
            input_shape: Shape of the input.
        """
        return (input_shape[0], *self.size, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {"size": self.size}


@keras.saving.register_keras_serializable("tfgan_zoo")
class SpatialProjection(keras.layers.Layer):
    """Makes a vector of maps: each channel is weighted by a learned map and summed.

        y[b, c] = sum over h, w of basis[h, w, c] * x[b, h, w, c]

    This is a depthwise convolution as large as its input, with which R3GAN's discriminator ends,
    before a dense layer. The basis is N(0, 1 / (H W)) at first.

    Args:
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B, H, W, C]` of known H and W.

    Output shape:
        `[B, C]`.

    Raises:
        InputError: If, when built, a side is not known.

    Example:
        >>> SpatialProjection()(np.zeros((2, 4, 4, 8))).shape
        TensorShape([2, 8])
    """

    def build(self, input_shape: Any) -> None:
        """Creates the basis.

        Args:
            input_shape: Shape of the input.
        """
        shape = tuple(input_shape[1:])
        if len(shape) != 3 or None in shape:
            raise InputError(
                f"Layer {self.name!r}: expected inputs [B, H, W, C] of known size, got shape "
                f"{tuple(input_shape)}."
            )
        self.basis = self.add_weight(
            name="basis",
            shape=shape,
            initializer=keras.initializers.RandomNormal(stddev=1 / math.sqrt(shape[0] * shape[1])),
        )

    def call(self, inputs: Any) -> tf.Tensor:
        """Returns vectors.

        Args:
            inputs: Maps, `[B, H, W, C]`.
        """
        return tf.reduce_sum(tf.convert_to_tensor(self.basis) * inputs, axis=(1, 2))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, C]`.

        Args:
            input_shape: Shape of the input.
        """
        return (input_shape[0], input_shape[-1])

"""Bilinear enlargement of images of any size."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError


@keras.saving.register_keras_serializable("tfgan_zoo")
class BilinearUpsampling2D(keras.layers.Layer):
    """Enlarges maps bilinearly, with centres of pixels as points.

    As `keras.layers.UpSampling2D` with `interpolation="bilinear"`, whose graphs need sides that are
    known, and as PyTorch's `interpolate` with `align_corners=False`. Beyond the outermost centres
    the outermost pixels are repeated.

    Args:
        factor: Factor by which sides grow, at least 2.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B, H, W, C]`; H and W may be unknown.

    Output shape:
        `[B, H * factor, W * factor, C]`.

    Raises:
        InputError: If `factor` is invalid.

    Example:
        >>> BilinearUpsampling2D(2)(np.array([0.0, 4.0]).reshape(1, 1, 2, 1)).numpy()[0, 0, :, 0]
        array([0., 1., 3., 4.], dtype=float32)
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
        """Enlarges maps.

        Args:
            inputs: Maps, `[B, H, W, C]`.
        """
        made = tf.image.resize(inputs, tf.shape(inputs)[1:3] * self.factor, "bilinear")
        made.set_shape(self.compute_output_shape(inputs.shape))
        return tf.cast(made, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, H * factor, W * factor, C]`.

        Args:
            input_shape: Shape of the input.
        """
        batch, *sides, channels = tuple(input_shape)
        height, width = (None if side is None else side * self.factor for side in sides)
        return (batch, height, width, channels)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {"factor": self.factor}

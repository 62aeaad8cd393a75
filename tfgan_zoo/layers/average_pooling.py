"""Average pooling as PyTorch pads it."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfgan_zoo")
class CentredAveragePooling2D(keras.layers.Layer):
    """Halves images: means over 3x3 pixels around every other pixel, of those within the image.

    PyTorch's `AvgPool2d(3, stride=2, padding=1, count_include_pad=False)`, by which pix2pixHD (Wang
    et al. 2018, https://arxiv.org/abs/1711.11585) makes its scales. Keras' pooling with
    `padding="same"` looks one pixel further to the bottom and right, so that each scale would be
    shifted by half a pixel.

    Args:
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B, H, W, C]`; H and W may be unknown.

    Output shape:
        `[B, (H + 1) // 2, (W + 1) // 2, C]`.

    Example:
        >>> layer = CentredAveragePooling2D()
        >>> layer(np.array([1.0, 3.0, 8.0, 1.0]).reshape(1, 1, 4, 1)).numpy().ravel().tolist()
        [2.0, 4.0]
    """

    def build(self, input_shape: Any) -> None:
        """Creates no weights.

        Args:
            input_shape: Unused.
        """

    def call(self, inputs: Any) -> Any:
        """Halves images.

        Args:
            inputs: Images, `[B, H, W, C]`.
        """
        sums = _means(inputs)
        counts = _means(tf.ones_like(inputs[:1, :, :, :1]))
        return sums / counts

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the halved shape.

        Args:
            input_shape: Shape of the input.
        """
        batch, height, width, channels = input_shape
        height, width = (None if side is None else (side + 1) // 2 for side in (height, width))
        return batch, height, width, channels


def _means(images: tf.Tensor) -> tf.Tensor:
    padded = tf.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    return tf.nn.avg_pool2d(padded, ksize=3, strides=2, padding="VALID")

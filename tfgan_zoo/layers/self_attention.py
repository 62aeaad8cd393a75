"""Self-attention over the pixels of feature maps."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.spectral_normalization import SpectralNormalization


@keras.saving.register_keras_serializable("tfgan_zoo")
class SelfAttention2D(keras.layers.Layer):
    """Self-attention (Zhang et al. 2018, https://arxiv.org/abs/1805.08318), as in BigGAN's code.

    Every pixel attends to all others. With queries theta(x), keys phi(x) and values g(x), which are
    1x1 convolutions without bias to C / 8, C / 8 and C / 2 channels,

        y = x + gamma * o(softmax(theta phi^T) g),

    where o is a 1x1 convolution back to C channels, and gamma a scalar that starts at 0, so that
    the layer starts as the identity. As in the authors' code, and not in the paper, keys and values
    are max-pooled 2x2. The softmax is computed in float32.

    Args:
        spectral_normalization: Whether the convolutions are spectrally normalised, as in both
            papers.
        kernel_initializer: Initial values of the convolutions' kernels.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B, H, W, C]`, C at least 8, H and W at least 2.

    Output shape:
        Same shape as the input.

    Raises:
        InputError: When it is built, if the input has another shape.

    Example:
        >>> layer = SelfAttention2D()
        >>> x = np.random.rand(1, 4, 4, 8).astype("float32")
        >>> np.array_equal(layer(x), x)
        True
    """

    def __init__(
        self,
        *,
        spectral_normalization: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.spectral_normalization = spectral_normalization
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any) -> None:
        """Creates the four convolutions and gamma.

        Args:
            input_shape: Shape of the input.
        """
        shape = tuple(input_shape)
        small = len(shape) == 4 and any(side is not None and side < 2 for side in shape[1:3])
        if len(shape) != 4 or small or (shape[-1] or 0) < 8:
            raise InputError(
                f"Layer {self.name!r}: expected inputs [B, H, W, C] with H and W of at least 2 and "
                f"C of at least 8, got shape {shape}."
            )
        channels = shape[-1]
        self.theta, self.phi, self.g = (
            self._conv(name, channels // part)
            for name, part in (("theta", 8), ("phi", 8), ("g", 2))
        )
        self.o = self._conv("o", channels)
        for layer in (self.theta, self.phi, self.g):
            layer.build(shape)
        self.o.build((*shape[:-1], channels // 2))
        self.gamma = self.add_weight(name="gamma", shape=(), initializer="zeros")

    def _conv(self, name: str, filters: int) -> keras.layers.Layer:
        layer = keras.layers.Conv2D(
            filters,
            1,
            use_bias=False,
            kernel_initializer=self.kernel_initializer.clone(),
            dtype=self.dtype_policy,
            name=name,
        )
        return SpectralNormalization(layer) if self.spectral_normalization else layer

    def call(self, inputs: Any) -> Any:
        """Adds to every pixel what it attends to.

        Args:
            inputs: Features `[B, H, W, C]`.
        """
        sizes = tf.shape(inputs)
        pooled = [tf.nn.max_pool2d(x, 2, 2, "VALID") for x in (self.phi(inputs), self.g(inputs))]
        queries, keys, values = (
            tf.reshape(x, [sizes[0], -1, x.shape[-1]]) for x in (self.theta(inputs), *pooled)
        )
        scores = tf.cast(tf.matmul(queries, keys, transpose_b=True), tf.float32)
        attention = tf.cast(tf.nn.softmax(scores), values.dtype)
        seen = tf.reshape(tf.matmul(attention, values), [*tf.unstack(sizes[:3]), values.shape[-1]])
        return inputs + tf.cast(self.gamma, inputs.dtype) * self.o(seen)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the input's shape.

        Args:
            input_shape: Shape of the input.
        """
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {
            "spectral_normalization": self.spectral_normalization,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

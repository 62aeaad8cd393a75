"""Keras' normalisation layers, by TensorFlow's fused kernel where it fits.

Keras makes a normalisation of a dozen operations that each go over all of the features; the kernel
goes over them twice. The classes have Keras' names, because those are part of what checkpoints call
the layers' weights.
"""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfgan_zoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167).

    In training `[B, H, W, C]` is normalised by a fused kernel, to the same result and the same
    moving statistics but for rounding. Everything else is Keras' own: inference, other shapes,
    masks, renormalisation, statistics shared by several replicas.

    Args:
        **kwargs: As for `keras.layers.BatchNormalization`.

    Example:
        >>> layer = BatchNormalization(epsilon=0.0)
        >>> layer(np.array([1.0, 3.0]).reshape(2, 1, 1, 1), training=True).numpy().ravel().tolist()
        [-1.0, 1.0]
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalises.

        Args:
            inputs: Features.
            training: Whether to use, and to follow, the statistics of the batch.
            mask: As for Keras' layer.
        """
        rank = len(inputs.shape)
        channels_last = rank == 4 and self.axis in (-1, 3)
        own = mask is not None or self.renorm or self.synchronized or not channels_last
        if own or not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        x = tf.cast(inputs, tf.float32)
        gamma = self.gamma.value if self.scale else tf.ones(x.shape[-1])
        beta = self.beta.value if self.center else tf.zeros(x.shape[-1])
        y, mean, variance = _normalized(x, gamma, beta, self.epsilon)
        # The kernel divides by one less than the number of values, Keras by their number.
        count = tf.cast(tf.size(x) // tf.shape(x)[-1], tf.float32)
        variance *= (count - 1) / count
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving.value * self.momentum + now * (1.0 - self.momentum))
        return tf.cast(y, self.compute_dtype)


@keras.saving.register_keras_serializable("tfgan_zoo")
class GroupNormalization(keras.layers.GroupNormalization):
    """Keras' group normalisation (Wu and He 2018, https://arxiv.org/abs/1803.08494).

    Of a single sample `[1, H, W, C]` with each channel a group, which is instance normalisation
    (Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022), a fused kernel does the same but for
    rounding. Everything else is Keras' own.

    Args:
        groups: As for `keras.layers.GroupNormalization`.
        **kwargs: As for `keras.layers.GroupNormalization`.

    Example:
        >>> layer = GroupNormalization(groups=-1, epsilon=0.0)
        >>> layer(np.array([1.0, 3.0]).reshape(1, 2, 1, 1)).numpy().ravel().tolist()
        [-1.0, 1.0]
    """

    def call(self, inputs: Any) -> Any:
        """Normalises.

        Args:
            inputs: Features.
        """
        single = len(inputs.shape) == 4 and inputs.shape[0] == 1 and self.axis in (-1, 3)
        if not single or self.groups != inputs.shape[-1]:
            return super().call(inputs)
        x = tf.cast(inputs, tf.float32)
        gamma = self.gamma.value if self.scale else tf.ones(x.shape[-1])
        beta = self.beta.value if self.center else tf.zeros(x.shape[-1])
        y, _, _ = _normalized(x, gamma, beta, self.epsilon)
        return tf.cast(y, self.compute_dtype)


def _normalized(x, gamma, beta, epsilon) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    return tf.compat.v1.nn.fused_batch_norm(
        x, tf.cast(gamma, tf.float32), tf.cast(beta, tf.float32), epsilon=epsilon
    )

"""Keras' normalisation layers, on TensorFlow's fused kernel where possible.

Keras composes a normalisation of a dozen operations that each traverse all features; the kernel
traverses them twice. The classes have Keras' names, because these are part of the names of weights
in checkpoints.
"""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfgan_zoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167).

    In training, a fused kernel normalises `[B, H, W, C]` and `[B, D, H, W, C]`, with the same
    result and moving statistics up to rounding. Everything else is left to Keras: inference, other
    shapes, masks, renormalisation, and statistics shared between replicas.

    Args:
        **kwargs: As for `keras.layers.BatchNormalization`.

    Example:
        >>> layer = BatchNormalization(epsilon=0.0)
        >>> layer(np.array([1.0, 3.0]).reshape(2, 1, 1, 1), training=True).numpy().ravel().tolist()
        [-1.0, 1.0]
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalises features.

        Args:
            inputs: Features.
            training: Whether to use the batch's statistics and update the moving ones.
            mask: As for Keras' layer.
        """
        rank = len(inputs.shape)
        channels_last = rank in (4, 5) and self.axis in (-1, rank - 1)
        if rank == 5 and None in inputs.shape[2:]:
            channels_last = False
        unsupported = mask is not None or self.renorm or self.synchronized or not channels_last
        if unsupported or not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        x = tf.cast(inputs, tf.float32)
        if rank == 5:  # The kernel does not mind where the values of a channel are.
            x = tf.reshape(x, [-1, *x.shape[2:]])
        gamma = self.gamma.value if self.scale else tf.ones(x.shape[-1])
        beta = self.beta.value if self.center else tf.zeros(x.shape[-1])
        y, mean, variance = _normalized(x, gamma, beta, self.epsilon)
        # The kernel divides by one less than the number of values, Keras by the number itself.
        count = tf.cast(tf.size(x) // tf.shape(x)[-1], tf.float32)
        variance *= (count - 1) / count
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving.value * self.momentum + batch * (1.0 - self.momentum))
        if rank == 5:
            y = tf.reshape(y, tf.shape(inputs))
        return tf.cast(y, self.compute_dtype)


@keras.saving.register_keras_serializable("tfgan_zoo")
class GroupNormalization(keras.layers.GroupNormalization):
    """Keras' group normalisation (Wu and He 2018, https://arxiv.org/abs/1803.08494).

    For a single sample `[1, H, W, C]` with one channel per group, which is instance normalisation
    (Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022), a fused kernel computes the same result
    up to rounding. Everything else is left to Keras.

    Args:
        groups: As for `keras.layers.GroupNormalization`.
        **kwargs: As for `keras.layers.GroupNormalization`.

    Example:
        >>> layer = GroupNormalization(groups=-1, epsilon=0.0)
        >>> layer(np.array([1.0, 3.0]).reshape(1, 2, 1, 1)).numpy().ravel().tolist()
        [-1.0, 1.0]
    """

    def call(self, inputs: Any) -> Any:
        """Normalises features.

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

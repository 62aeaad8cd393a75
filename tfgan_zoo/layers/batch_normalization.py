"""Batch normalisation that can use each sample's own statistics at inference."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.inference import check_inference
from tfgan_zoo.layers.normalization import BatchNormalization


@keras.saving.register_keras_serializable("tfgan_zoo")
class PredictionTimeBatchNormalization(BatchNormalization):
    """Batch normalisation with a choice of statistics at inference.

    In training it behaves like `keras.layers.BatchNormalization`. At inference, for a sample's
    features x_nhwc:

        frozen: y = gamma_c (x - mu_c) / sqrt(var_c + epsilon) + beta_c, with the moving statistics;
        paper: the same with mu_nc and var_nc, the mean and variance of x_nhwc over h and w.

    `paper` is what pix2pix does (Isola et al. 2016, https://arxiv.org/abs/1611.07004, section 3.4),
    "using the statistics of the test batch", which is one image there. Here each sample has its own
    statistics, so its result does not depend on the rest of the batch. They are computed in
    float32, and the moving statistics are not updated.

    Args:
        inference: `frozen` or `paper`.
        **kwargs: As for `keras.layers.BatchNormalization`.

    Input shape:
        As for Keras' layer; for `paper`, 4-D with the batch first.

    Output shape:
        Same shape as the input.

    Raises:
        InputError: If `inference` is unknown, or, when called in mode `paper`, if the input is not
            4-D or has a mask.

    Example:
        >>> layer = PredictionTimeBatchNormalization(inference="paper", epsilon=0.0)
        >>> layer(np.array([1.0, 3.0]).reshape(1, 2, 1, 1)).numpy().ravel().tolist()
        [-1.0, 1.0]
    """

    def __init__(self, *, inference: str = "frozen", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inference = check_inference(inference)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalises features.

        Args:
            inputs: Features.
            training: Whether to use the batch's statistics and update the moving ones.
            mask: As for Keras' layer.
        """
        if self.inference == "frozen" or (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        if len(inputs.shape) != 4 or mask is not None:
            raise InputError(
                f"Layer {self.name!r}: expected 4-D inputs without a mask for inference='paper', "
                f"got shape {tuple(inputs.shape)}{'' if mask is None else ' and a mask'}."
            )
        dtype = keras.backend.result_type(inputs.dtype, "float32")
        x = tf.cast(inputs, dtype)
        axis = self.axis % 4
        mean, variance = tf.nn.moments(x, [i for i in (1, 2, 3) if i != axis], keepdims=True)
        x = (x - mean) * tf.math.rsqrt(variance + self.epsilon)
        shape = [-1 if i == axis else 1 for i in range(4)]
        if self.scale:
            x *= tf.reshape(tf.cast(self.gamma, dtype), shape)
        if self.center:
            x += tf.reshape(tf.cast(self.beta, dtype), shape)
        return tf.cast(x, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {"inference": self.inference}

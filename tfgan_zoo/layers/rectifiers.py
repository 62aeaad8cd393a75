"""ReLU and LeakyReLU for discriminators whose slopes are penalised."""

from typing import Any

import keras
import tensorflow as tf

# A gradient penalty is differentiated through the gradient of the score. There TensorFlow takes the
# second derivative of a rectifier for a tensor of zeros, and carries it back through all layers: of
# the penalty's matrix products and convolutions, two in six multiply by zero. x times its slope at
# x is the same function, and a slope that counts as constant has no such gradient. One kernel
# computes it, that of the rectifier's gradient.


@keras.saving.register_keras_serializable("tfgan_zoo")
class ReLU(keras.layers.ReLU):
    """`keras.layers.ReLU`, whose second derivative, zero, costs a gradient penalty nothing.

    Values and gradients of every order are the same, but that -inf becomes NaN. It saves a train
    step of `WGANGP` about a seventh of its operations; without a penalty there is no difference.

    Args:
        max_value: see `keras.layers.ReLU`; as with the next two, another value than the default
            makes this that layer.
        negative_slope: the slope below 0.
        threshold: what is below counts as negative.
        **kwargs: `name`, `dtype` and the like, for `keras.layers.Layer`.

    Input shape:
        Any, floating.

    Output shape:
        The same.

    Example:
        >>> ReLU()(np.array([-1.0, 2.0]), training=True).numpy()
        array([0., 2.], dtype=float32)
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns max(x, 0).

        Args:
            inputs: x.
            training: Whether gradients may be asked for.
        """
        if not training or self.negative_slope or self.threshold or self.max_value is not None:
            return super().call(inputs)
        return tf.raw_ops.ReluGrad(gradients=inputs, features=tf.stop_gradient(inputs))


@keras.saving.register_keras_serializable("tfgan_zoo")
class LeakyReLU(keras.layers.LeakyReLU):
    """`keras.layers.LeakyReLU`, whose second derivative costs a gradient penalty nothing.

    See `ReLU`.

    Args:
        negative_slope: the slope below 0; Keras' default is 0.3, most papers' 0.2.
        **kwargs: `name`, `dtype` and the like, for `keras.layers.Layer`.

    Input shape:
        Any, floating.

    Output shape:
        The same.

    Example:
        >>> LeakyReLU(0.25)(np.array([-1.0, 2.0]), training=True).numpy()
        array([-0.25,  2.  ], dtype=float32)
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns x, or slope * x where x is below 0.

        Args:
            inputs: x.
            training: Whether gradients may be asked for.
        """
        if not training:
            return super().call(inputs)
        return tf.raw_ops.LeakyReluGrad(
            gradients=inputs, features=tf.stop_gradient(inputs), alpha=self.negative_slope
        )

"""Autoencoder."""

import keras
import tensorflow as tf

from tfgan_zoo import losses
from tfgan_zoo.models.autoencoding import Autoencoding


@keras.saving.register_keras_serializable("tfgan_zoo")
class Autoencoder(Autoencoding):
    """An encoder f and a decoder g, with a code between them that is shorter than an image.

    Hinton and Salakhutdinov 2006, https://doi.org/10.1126/science.1127647. Both minimise

        L = E |x - g(f(x))|^2,

    the squared error of an image, summed over its values. A linear encoder and decoder span the
    principal components; deeper ones reach a lower error with a code of the same length. The codes
    serve as features, as coordinates in few dimensions, or as a start for other networks. Nothing
    says where codes lie, so there is no prior to generate images from.

    Departures from the paper:

    - The networks are convolutional, see `networks.conv_encoder`, and are trained together from the
      start. The paper's are fully connected, and each layer is first trained as a Boltzmann
      machine.
    - The loss is the squared error. The paper also has the cross-entropy of pixels in [0, 1].

    A training batch is images `[B, H, W, C]`, uint8 or floats in [-1, 1].

    Args:
        image_shape: (height, width, channels), of any size.
        latent_dim: Length of a code; None for that of the given networks.
        encoder: F, from images to codes `[B, latent_dim]`; None for `networks.conv_encoder`.
        decoder: G, from codes to images; None for `networks.conv_decoder`.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `ZooModel`.

    Raises:
        InputError: If a network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.Autoencoder((28, 28, 1), latent_dim=16)
        >>> model.compile()
        >>> model.fit(images, batch_size=64, epochs=10)
        >>> codes = model.encode(images)  # float32, shape (num, 16)
        >>> again = model.reconstruct(images)
    """

    def autoencoder_loss(self, images: tf.Tensor, training: bool = True):
        """E |x - g(f(x))|^2."""
        decoded = self.decoded(self.encoded(images, training), training)
        loss = losses.squared_error(decoded, images)
        return loss, {"loss": loss}

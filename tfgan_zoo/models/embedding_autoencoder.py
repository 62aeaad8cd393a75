"""Autoencoder whose codes keep the distances between images."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfgan_zoo import losses
from tfgan_zoo.errors import check_number
from tfgan_zoo.models.autoencoding import Autoencoding
from tfgan_zoo.models.mechanics.gathering import gathered


@keras.saving.register_keras_serializable("tfgan_zoo")
class EmbeddingAutoencoder(Autoencoding):
    """Embedding with autoencoder regularization. Yu et al. 2013 (ECML PKDD).

    An autoencoder whose codes e = f(x) are as far apart as the images, by multidimensional scaling:

        L = E |x - g(e)|^2 + lambda E (|x_i - x_j| - |e_i - e_j|)^2.

    The second mean is over the pairs of different images in a batch. With codes of two numbers it
    is a map of the images. The decoder keeps codes apart where distances in so few dimensions
    cannot, and the distances keep apart what an autoencoder alone would place anywhere.

    Departures from the paper:

    - The paper regularises several embeddings with an autoencoder. This one is multidimensional
      scaling of the images, and the weight of 1 is ours.
    - Both terms are means, over images and over pairs. Both grow with the number of pixels, so a
      weight means the same at any size.

    A training batch is images `[B, H, W, C]`, uint8 or floats in [-1, 1]. On several replicas, the
    pairs are those of the whole batch.

    Args:
        image_shape: (height, width, channels), of any size.
        latent_dim: Length of a code; None for that of the given networks.
        encoder: F, from images to codes `[B, latent_dim]`; None for `networks.conv_encoder`. Its
            last layer should be linear, as distances between images have no bound.
        decoder: G, from codes to images; None for `networks.conv_decoder`.
        embedding_weight: The weight lambda; 0 for a plain autoencoder.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `ZooModel`.

    Raises:
        InputError: If the weight is below 0, or a network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.EmbeddingAutoencoder((28, 28, 1), latent_dim=2)
        >>> model.compile()
        >>> model.fit(images, batch_size=100, epochs=10)
        >>> places = model.encode(images)  # float32, shape (num, 2)
    """

    log_names = ("loss", "reconstruction", "embedding", "stress")
    main_logs = ("loss", "stress")
    uses_global_means = True

    def __init__(
        self,
        image_shape: Sequence[int] = (32, 32, 3),
        latent_dim: int | None = 2,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        *,
        embedding_weight: float = 1.0,
        **kwargs,
    ):
        check_number("embedding_weight", embedding_weight, least=0)
        super().__init__(image_shape, latent_dim, encoder, decoder, **kwargs)
        self.embedding_weight = float(embedding_weight)

    def autoencoder_loss(self, images: tf.Tensor, training: bool = True):
        """E |x - g(e)|^2 + lambda E (|x_i - x_j| - |e_i - e_j|)^2."""
        codes = self.encoded(images, training)
        reconstruction = losses.squared_error(self.decoded(codes, training), images)
        everyones = gathered(images), gathered(codes)
        embedding = losses.mds_loss(*everyones)
        loss = reconstruction + self.embedding_weight * embedding
        return loss, {
            "loss": loss,
            "reconstruction": reconstruction,
            "embedding": embedding,
            "stress": losses.mds_stress(*everyones),
        }

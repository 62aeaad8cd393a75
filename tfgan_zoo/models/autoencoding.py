"""The base of models that learn to encode images, and to decode them again."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.models.base import ZooModel
from tfgan_zoo.models.coding import Coding
from tfgan_zoo.models.mechanics.output_ranges import check_logits, check_reaches_images


class Autoencoding(Coding, ZooModel):
    """A model whose one role, "autoencoder", trains an encoder and a decoder together.

    A subclass defines `autoencoder_loss`. A training batch is images `[B, H, W, C]`, uint8 or
    floats in [-1, 1]; labels and other parts of it are ignored.

    Args:
        image_shape: (height, width, channels).
        latent_dim: Length of a code; None for that of the given networks.
        encoder: From images to codes `[B, latent_dim]`; None for the paper's.
        decoder: From codes to images; None for the paper's.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `ZooModel`.

    Raises:
        InputError: If a network's shapes do not fit.
    """

    kind = "autoencoder"
    shown = "autoencoder"
    paper_optimizer = {"name": "adam", "learning_rate": 1e-3}
    autoencoder_optimizer: keras.optimizers.Optimizer | None

    def __init__(
        self,
        image_shape: Sequence[int] = (32, 32, 3),
        latent_dim: int | None = 64,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.set_networks(image_shape, latent_dim, encoder, decoder)

    def build_state(self) -> None:
        """See `ZooModel.build_state`.

        Raises:
            InputError: If the decoder returns probabilities where logits are due.
        """
        if self.decodes_logits:
            check_logits("decoder", self.decoder)
        else:
            check_reaches_images("decoder", self.decoder)
        super().build_state()

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns both networks in one role, as they are trained together."""
        return {"autoencoder": [self.encoder, self.decoder]}

    def images(self, data: Any, training: bool = True) -> tf.Tensor:
        """Returns the images of a batch as floats in [-1, 1]; see `batch`."""
        return self.batch(data, training)["image"]

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the encoder and the decoder."""
        images = self.images(data)
        return self.end_step(self.update("autoencoder", self.autoencoder_loss, images), images)

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        return self.autoencoder_loss(self.images(data, training=False), training=False)[1]

    def autoencoder_loss(
        self, images: tf.Tensor, training: bool = True
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Returns (loss, logs), the terms of the loss among them.

        Args:
            images: Floats in [-1, 1].
            training: Whether the networks train.
        """
        raise NotImplementedError

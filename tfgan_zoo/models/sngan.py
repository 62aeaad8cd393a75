"""SNGAN, and with classes the projection discriminator."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.errors import check_number
from tfgan_zoo.models.conditional import Given
from tfgan_zoo.models.mechanics.logs import mean_logs
from tfgan_zoo.models.noise_to_image import NoiseToImage


@keras.saving.register_keras_serializable("tfgan_zoo")
class SNGAN(NoiseToImage):
    """SNGAN. Miyato et al. 2018, https://arxiv.org/abs/1802.05957.

    Every kernel of the discriminator is divided by its spectral norm, which bounds how steep the
    discriminator can be, and the game is played with the hinge losses

        L_D = E[max(0, 1 - C(x))] + E[max(0, 1 + C(G(z)))],  L_G = -E[C(G(z))].

    With `num_classes`, the discriminator is told the class by projection, and the generator by
    conditional batch normalisation (Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637).

    Departures from the authors' code (https://github.com/pfnet-research/sngan_projection):

    - There u and v move in every training call of the discriminator, so that real samples, fakes
      and the generator's step see different norms. Here they move once before each update: see
      `layers.SpectralNormalization`.
    - The generator's batches are twice as large as the discriminator's there. Here both have the
      same size.
    - The classes of fakes are drawn uniformly there: `fake_labels="uniform"`. Here they have the
      frequencies of the data.
    - Their discriminator for 32x32 has no bias in its last layer. Here it has one: see
      `output_bias` of `networks.sngan_discriminator`.
    - The learning rate falls linearly to 0 during training there; here it is constant unless an
      optimizer with a schedule is given, as in the recipes.

    Args:
        image_shape: (height, width, channels), or the side of square colour images. The paper's
            networks double small maps; see `networks.common.check_doublings`.
        latent_dim: Length of z.
        generator: None for the paper's ResNet.
        discriminator: None for the paper's ResNet, with spectral normalisation. Your own network
            needs `layers.SpectralNormalization` in its layers.
        discriminator_steps: The discriminator's updates before each update of the generator.
        **kwargs: Classes, packing, penalties, augmentation, averaging and seed: see `NoiseToImage`.

    Example:
        >>> model = tfgan_zoo.SNGAN(image_shape=(32, 32, 3), num_classes=10)
        >>> model.compile()
        >>> model.fit(dataset.batch(model.samples_per_step(64), drop_remainder=True))
        >>> images = model.generate(16, label=3)
    """

    default_fake_labels = "shuffled"
    has_accuracy = True
    scores_have_zero = True
    paper_optimizer = {
        "name": "adam",
        "learning_rate": 2e-4,
        "beta_1": 0.0,
        "beta_2": 0.9,
        "epsilon": 1e-8,
    }

    def __init__(
        self,
        image_shape: Sequence[int] = (32, 32, 3),
        latent_dim: int = 128,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        discriminator_steps: int = 5,
        **kwargs,
    ):
        check_number("discriminator_steps", discriminator_steps, least=1, whole=True)
        super().__init__(image_shape, latent_dim, generator, discriminator, **kwargs)
        self.discriminator_steps = int(discriminator_steps)

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns the paper's ResNet."""
        return networks.sngan_generator(image_shape, latent_dim, self.num_classes)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the paper's ResNet."""
        return networks.sngan_discriminator(image_shape, self.num_classes, self.packing)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Several steps of the discriminator, each on fresh data; one of the generator."""
        images, conditions = self.real(data)
        d_logs = []
        for real, given in self.fresh_batches(images, conditions):
            fake = self.fakes("discriminator", real, self.asked(given))
            d_logs.append(self.update("discriminator", self.discriminator_loss, real, fake, given))
        fake = self.record_fakes("generator", real, self.asked(given))
        g_logs = self.update("generator", self.generator_loss, fake, real, given)
        return self.end_step(mean_logs(d_logs) | g_logs, images)

    def discriminator_loss(
        self, real: tf.Tensor, fake: tf.Tensor, given: Given = (), training: bool = True
    ):
        """E[max(0, 1 - C(x))] + E[max(0, 1 + C(G(z)))]."""
        real_scores = self.logits(real, "real", given, training)
        fake_scores = self.logits(fake, "fake", self.asked(given, training), training)
        loss = losses.hinge_discriminator(real_scores, fake_scores)
        return loss + self.penalties(real, fake, given, training), {
            "d_loss": loss,
            "d_real": tf.reduce_mean(real_scores),
            "d_fake": tf.reduce_mean(fake_scores),
            **self.accuracy_logs(real_scores, fake_scores),
        }

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        return 0.0, 2.0

    def generator_loss(
        self, fake: tf.Tensor, real: tf.Tensor, given: Given = (), training: bool = True
    ):
        """-E[C(G(z))]."""
        loss = losses.hinge_generator(
            self.logits(fake, "generated", self.asked(given, training), training)
        )
        return loss, {"g_loss": loss}

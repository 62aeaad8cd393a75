"""The first generative adversarial network."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.errors import check_number
from tfgan_zoo.models.game import generator_objective
from tfgan_zoo.models.mechanics.logs import mean_logs
from tfgan_zoo.models.noise_to_image import Given, NoiseToImage


@keras.saving.register_keras_serializable("tfgan_zoo")
class GAN(NoiseToImage):
    """Generative adversarial nets. Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661.

    The discriminator ascends, and in the minimax game the generator descends,

        E[log D(x)] + E[log(1 - D(G(z)))].

    At the equilibrium D is 1/2 everywhere, and the logged `d_loss`, the negative of this value,
    is log 4 = 1.386.

    Departures from the authors' code (https://github.com/goodfeli/adversarial, `mnist.yaml`):

    - z is uniform in [-1, 1]; the code's default is a normal z. Set `latent_distribution`.
    - The generator ends in a tanh, for pixels in [-1, 1], where the authors' sigmoid makes pixels
      in [0, 1]; its output bias starts at 0 rather than at the logits of the pixels' means.
    - Both players learn from one batch of fakes there, at the same time and with the same dropout
      masks, and the discriminator's loss is halved. Here the steps follow Algorithm 1.
    - The authors' learning rate falls by a factor of 1.000004 at each update, and their momentum
      grows from 0.5 to 0.7 within 250 epochs. Here both are constant.

    Args:
        image_shape: (height, width, channels), or the shape of points or voxels.
        latent_dim: Length of z.
        generator: None for two layers of 1200 rectifiers.
        discriminator: None for two layers of 240 maxout units of 5 pieces, with dropout.
        objective: The generator's objective: "non_saturating", -E[log D(G(z))], or "minimax".
        discriminator_steps: k, the discriminator's updates before each update of the generator.
        label_smoothing: Real samples are labelled 1 minus this value (Salimans et al. 2016,
            https://arxiv.org/abs/1606.03498).
        latent_distribution: "uniform" in [-1, 1], or "normal".
        **kwargs: Classes, packing, penalties, augmentation, averaging and seed: see
            `NoiseToImage`.

    Example:
        >>> model = tfgan_zoo.GAN(image_shape=(28, 28, 1))
        >>> model.compile()
        >>> model.fit(images, batch_size=100, epochs=10)
    """

    default_fake_labels = "shuffled"
    has_accuracy = True
    scores_have_zero = True
    #: The authors' for MNIST starts with these.
    paper_optimizer = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.5}

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        latent_dim: int = 100,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        objective: Literal["non_saturating", "minimax"] = "non_saturating",
        discriminator_steps: int = 1,
        label_smoothing: float = 0.0,
        latent_distribution: Literal["normal", "uniform"] = "uniform",
        **kwargs,
    ):
        check_number("discriminator_steps", discriminator_steps, least=1, whole=True)
        check_number("label_smoothing", label_smoothing, least=0, below=1)
        super().__init__(
            image_shape,
            latent_dim,
            generator,
            discriminator,
            latent_distribution=latent_distribution,
            **kwargs,
        )
        self.objective = objective
        self.adversarial = generator_objective(objective)
        self.label_smoothing = float(label_smoothing)
        self.discriminator_steps = int(discriminator_steps)

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns the authors' network for MNIST."""
        return networks.mlp_generator(image_shape, latent_dim, self.num_classes)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the authors' network for MNIST."""
        return networks.mlp_discriminator(image_shape, self.num_classes, self.packing)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1: k steps of the discriminator, each on fresh noise and data; one of G."""
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
        """-E[log D(x)] - E[log(1 - D(G(z)))]."""
        real_logits = self.logits(real, "real", given, training)
        fake_logits = self.logits(fake, "fake", self.asked(given, training), training)
        loss = losses.cross_entropy_discriminator(real_logits, fake_logits, self.label_smoothing)
        return loss + self.penalties(real, fake, given, training), {
            "d_loss": loss,
            "d_real": tf.reduce_mean(tf.sigmoid(real_logits)),
            "d_fake": tf.reduce_mean(tf.sigmoid(fake_logits)),
            **self.accuracy_logs(real_logits, fake_logits),
        }

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        return losses.entropy(self.label_smoothing), math.log(4)

    def generator_loss(
        self, fake: tf.Tensor, real: tf.Tensor, given: Given = (), training: bool = True
    ):
        """-E[log D(G(z))], or E[log(1 - D(G(z)))] in the minimax game."""
        fake_logits = self.logits(fake, "generated", self.asked(given, training), training)
        loss = self.adversarial(fake_logits)
        return loss, {"g_loss": loss}

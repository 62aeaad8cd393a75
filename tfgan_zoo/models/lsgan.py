"""Least squares GAN."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import losses
from tfgan_zoo.errors import check_number
from tfgan_zoo.models.noise_to_image import Given, NoiseToImage


@keras.saving.register_keras_serializable("tfgan_zoo")
class LSGAN(NoiseToImage):
    """Least squares GAN. Mao et al. 2016, https://arxiv.org/abs/1611.04076.

    The discriminator's output is linear, and

        D minimises 1/2 E[(C(x) - b)^2] + 1/2 E[(C(G(z)) - a)^2],
        G minimises 1/2 E[(C(G(z)) - c)^2].

    A fake on the right side of the boundary but far from the data still has a gradient. The paper
    uses (a, b, c) = (0, 1, 1), or (-1, 1, 0), which minimises the Pearson chi^2 divergence;
    one-sided label smoothing is a smaller b.

    Departures from the authors' code (https://github.com/xudonmao/LSGAN):

    - z has 1024 uniform numbers there, here 100 normal ones. Set `latent_dim` and
      `latent_distribution`.
    - For LSUN's scenes the authors train a deeper network of their own on 112x112 pixels, with a
      learning rate of 1e-3; the networks here are DCGAN's. Their 5x5 convolutions pad "same", as
      these do.
    - All their convolutions have a bias. Here those have none that batch normalization follows.

    Args:
        image_shape: (height, width, channels), or the side of square colour images. The paper's
            networks double small maps; see `networks.common.check_doublings`.
        latent_dim: Length of z.
        generator: None for DCGAN's, on which the paper's is built.
        discriminator: None for DCGAN's, from which the paper's differs in the loss alone.
        a: The discriminator's label of fakes.
        b: The discriminator's label of real samples.
        c: The label that the generator aims at.
        **kwargs: Classes, packing, penalties, augmentation, averaging and seed: see
            `NoiseToImage`.

    Example:
        >>> model = tfgan_zoo.LSGAN(image_shape=(64, 64, 3), a=-1.0, b=1.0, c=0.0)
        >>> model.compile()
        >>> model.fit(dataset, epochs=10)
    """

    default_fake_labels = "shuffled"
    has_accuracy = True
    scores_have_zero = True
    #: As for DCGAN, whose networks these are.
    paper_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-8}

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 3),
        latent_dim: int = 100,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        a: float = 0.0,
        b: float = 1.0,
        c: float = 1.0,
        **kwargs,
    ):
        for name, label in (("a", a), ("b", b), ("c", c)):
            check_number(name, label)
        super().__init__(image_shape, latent_dim, generator, discriminator, **kwargs)
        self.a, self.b, self.c = float(a), float(b), float(c)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the discriminator, then one of the generator on the same fakes."""
        real, given = self.real(data)
        fake = self.record_fakes("latents", real, self.asked(given))
        d_logs = self.update("discriminator", self.discriminator_loss, real, fake.value, given)
        g_logs = self.update("generator", self.generator_loss, fake, real, given)
        return self.end_step(d_logs | g_logs, real)

    def discriminator_loss(
        self, real: tf.Tensor, fake: tf.Tensor, given: Given = (), training: bool = True
    ):
        """1/2 E[(C(x) - b)^2] + 1/2 E[(C(G(z)) - a)^2]."""
        real_scores = self.logits(real, "real", given, training)
        fake_scores = self.logits(fake, "fake", self.asked(given, training), training)
        scores = real_scores, fake_scores
        loss = losses.least_squares_discriminator(real_scores, fake_scores, self.a, self.b)
        return loss + self.penalties(real, fake, given, training), {
            "d_loss": loss,
            "d_real": tf.reduce_mean(real_scores),
            "d_fake": tf.reduce_mean(fake_scores),
            # Distances from the middle of both labels, whichever of them is larger.
            **self.accuracy_logs(
                *((s - (self.a + self.b) / 2) * (self.b - self.a) for s in scores)
            ),
        }

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        return 0.0, (self.a - self.b) ** 2 / 4

    def generator_loss(
        self, fake: tf.Tensor, real: tf.Tensor, given: Given = (), training: bool = True
    ):
        """1/2 E[(C(G(z)) - c)^2]."""
        loss = losses.least_squares_generator(
            self.logits(fake, "generated", self.asked(given, training), training), self.c
        )
        return loss, {"g_loss": loss}

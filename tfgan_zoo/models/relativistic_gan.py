"""Relativistic GAN."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import losses
from tfgan_zoo.errors import check_number
from tfgan_zoo.models.mechanics.arguments import check_flag
from tfgan_zoo.models.noise_to_image import Given, NoiseToImage


@keras.saving.register_keras_serializable("tfgan_zoo")
class RelativisticGAN(NoiseToImage):
    """Relativistic GAN. Jolicoeur-Martineau 2018, https://arxiv.org/abs/1807.00734.

    The discriminator judges whether a real sample looks more real than a fake,

        L_D = -E[log s(C(x_r) - C(x_f))],  L_G = -E[log s(C(x_f) - C(x_r))],

    s the logistic function; or, with `average`, whether it looks more real than fakes do on average
    (RaGAN), and both losses compare each side with the mean of the other. Either way the
    generator's loss needs the real batch too.

    Departures from the authors' code (https://github.com/AlexiaJM/RelativisticGAN):

    - The generator's step draws a fresh z and a fresh batch of real samples there. Here it takes
      those that the discriminator has just seen, which saves a pass of the generator.
    - With `average` the code halves both losses; here they are sums, as in the paper. Adam's
      updates do not depend on that, except for epsilon.
    - The code's networks have 4x4 kernels, 128 filters and no bias. The defaults here are DCGAN's,
      with 5x5 kernels and 64 filters in the discriminator: see `dcgan_generator`,
      `dcgan_discriminator` and their `kernel_size` and `filters`.
    - The code's default learning rate is 1e-4, here 2e-4.
    - PyTorch's Adam adds epsilon after bias correction: see `models.mechanics.optimizers`.

    Args:
        image_shape: (size, size, channels), size a power of two from 16 up.
        latent_dim: Length of z.
        generator: None for DCGAN's.
        discriminator: None for DCGAN's.
        average: Whether to play RaGAN rather than RGAN.
        label_smoothing: The discriminator's label for "more real" is 1 minus this value (Salimans
            et al. 2016, https://arxiv.org/abs/1606.03498).
        **kwargs: Classes, packing, penalties, augmentation, averaging and seed: see
            `NoiseToImage`.

    Example:
        >>> model = tfgan_zoo.RelativisticGAN(image_shape=(64, 64, 3), average=True)
        >>> model.compile()
        >>> model.fit(dataset, epochs=10)
    """

    #: Each pair has one class.
    default_fake_labels = "real"
    has_accuracy = True
    paper_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-8}

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 3),
        latent_dim: int = 128,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        average: bool = False,
        label_smoothing: float = 0.0,
        **kwargs,
    ):
        check_number("label_smoothing", label_smoothing, least=0, below=1)
        super().__init__(image_shape, latent_dim, generator, discriminator, **kwargs)
        self.average = self.uses_global_means = check_flag("average", average)
        self.label_smoothing = float(label_smoothing)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the discriminator, then one of the generator, on the same pairs."""
        real, given = self.real(data)
        fake = self.record_fakes("latents", real, self.asked(given))
        d_logs = self.update("discriminator", self.discriminator_loss, real, fake.value, given)
        g_logs = self.update("generator", self.generator_loss, fake, real, given)
        return self.end_step(d_logs | g_logs, real)

    def discriminator_loss(
        self, real: tf.Tensor, fake: tf.Tensor, given: Given = (), training: bool = True
    ):
        """-E[log s(C(x_r) - C(x_f))], or its average form."""
        real_scores = self.logits(real, "real", given, training)
        fake_scores = self.logits(fake, "fake", self.asked(given, training), training)
        loss = self.preference(real_scores, fake_scores, self.label_smoothing)
        return loss + self.penalties(real, fake, given, training), {
            "d_loss": loss,
            "d_real": tf.reduce_mean(real_scores),
            "d_fake": tf.reduce_mean(fake_scores),
            **self.accuracy_logs(
                real_scores,
                fake_scores,
                relative_to=self.global_mean if self.average else tf.identity,
            ),
        }

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        return losses.entropy(self.label_smoothing), math.log(4 if self.average else 2)

    def generator_loss(
        self, fake: tf.Tensor, real: tf.Tensor, given: Given = (), training: bool = True
    ):
        """-E[log s(C(x_f) - C(x_r))], or its average form."""
        real_scores = self.logits(real, "compared", given, training)
        loss = self.preference(
            self.logits(fake, "generated", self.asked(given, training), training), real_scores
        )
        return loss, {"g_loss": loss}

    def preference(self, winner: tf.Tensor, loser: tf.Tensor, label_smoothing: float = 0.0):
        """Returns the loss of a side that wants `winner` to score above `loser`."""
        if self.average:
            return losses.relativistic_average(winner, loser, label_smoothing, self.global_mean)
        return losses.relativistic(winner, loser, label_smoothing)

"""Wasserstein GAN."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import losses
from tfgan_zoo.errors import check_number
from tfgan_zoo.models.mechanics.logs import mean_logs
from tfgan_zoo.models.noise_to_image import Given, NoiseToImage


@keras.saving.register_keras_serializable("tfgan_zoo")
class WGAN(NoiseToImage):
    """Wasserstein GAN. Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875.

    The critic ascends E[C(x)] - E[C(G(z))], with its weights clipped to [-c, c] so that it is
    K-Lipschitz for some K; the generator ascends E[C(G(z))]. The critic's value is K times an
    estimate of the Wasserstein distance between data and samples, logged as `d_wasserstein`: it
    falls as samples improve.

    Departures from the authors' code (https://github.com/martinarjovsky/WassersteinGAN):

    - There the critic takes 100 steps in place of `discriminator_steps` before each of the first 25
      generator steps, and before every 500th. Here their number is constant.
    - Weights are clipped before each critic step there, here after it, as in the paper's Algorithm
      1.
    - The authors' networks have 4x4 kernels, 64 filters and no bias. The defaults here are DCGAN's,
      with 5x5 kernels and 128 filters in the generator: see `dcgan_generator`,
      `dcgan_discriminator` and their `kernel_size` and `filters`.
    - PyTorch's RMSProp adds epsilon to the root of the mean square, Keras' to the mean square
      itself: see `models.mechanics.optimizers`.

    Args:
        image_shape: (height, width, channels), or the side of square colour images. The paper's
            networks double small maps; see `networks.common.check_doublings`.
        latent_dim: Length of z.
        generator: None for DCGAN's, as in the paper.
        discriminator: The critic; None for DCGAN's, as in the paper.
        discriminator_steps: n_critic, the critic's updates before each update of the generator.
        clip: c, the bound on the critic's weights.
        **kwargs: Classes, packing, penalties, augmentation, averaging and seed: see
            `NoiseToImage`.

    Example:
        >>> model = tfgan_zoo.WGAN(image_shape=(64, 64, 3))
        >>> model.compile()
        >>> model.fit(dataset.batch(model.samples_per_step(64), drop_remainder=True))
    """

    default_fake_labels = "shuffled"
    log_names = ("d_loss", "d_real", "d_fake", "d_wasserstein", "g_loss")
    #: With momentum the critic's loss was unstable.
    paper_optimizer = {"name": "rmsprop", "learning_rate": 5e-5, "rho": 0.99, "epsilon": 1e-8}

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 3),
        latent_dim: int = 100,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        discriminator_steps: int = 5,
        clip: float = 0.01,
        **kwargs,
    ):
        check_number("discriminator_steps", discriminator_steps, least=1, whole=True)
        check_number("clip", clip, above=0, infinite=True)
        super().__init__(image_shape, latent_dim, generator, discriminator, **kwargs)
        self.discriminator_steps = int(discriminator_steps)
        self.clip = float(clip)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1: n_critic steps of the critic, clipped after each; one of the generator."""
        images, conditions = self.real(data)
        d_logs = []
        for real, given in self.fresh_batches(images, conditions):
            fake = self.fakes("discriminator", real, self.asked(given))
            d_logs.append(self.update("discriminator", self.discriminator_loss, real, fake, given))
            self.clip_weights()
        fake = self.record_fakes("generator", real, self.asked(given))
        g_logs = self.update("generator", self.generator_loss, fake, real, given)
        return self.end_step(mean_logs(d_logs) | g_logs, images)

    def clip_weights(self) -> None:
        """Sets w to clip(w, -c, c), for every trainable weight of the critic."""
        for weight in self.role_variables("discriminator"):
            weight.assign(tf.clip_by_value(weight.value, -self.clip, self.clip))

    def discriminator_loss(
        self, real: tf.Tensor, fake: tf.Tensor, given: Given = (), training: bool = True
    ):
        """E[C(G(z))] - E[C(x)]."""
        real_scores = self.logits(real, "real", given, training)
        fake_scores = self.logits(fake, "fake", self.asked(given, training), training)
        loss = losses.wasserstein_critic(real_scores, fake_scores)
        return loss + self.penalties(real, fake, given, training), {
            "d_loss": loss,
            "d_real": tf.reduce_mean(real_scores),
            "d_fake": tf.reduce_mean(fake_scores),
            "d_wasserstein": -loss,
            **self.accuracy_logs(real_scores, fake_scores),
        }

    def generator_loss(
        self, fake: tf.Tensor, real: tf.Tensor, given: Given = (), training: bool = True
    ):
        """-E[C(G(z))]."""
        loss = losses.wasserstein_generator(
            self.logits(fake, "generated", self.asked(given, training), training)
        )
        return loss, {"g_loss": loss}

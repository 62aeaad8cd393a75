"""Hinge GAN."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.models.noise_to_image import NoiseToImage


@keras.saving.register_keras_serializable("tfgan_zoo")
class HingeGAN(NoiseToImage):
    """Geometric GAN. Lim and Ye 2017, https://arxiv.org/abs/1705.02894.

    The discriminator's output is linear; samples that it has right by a margin teach it nothing:

        L_D = E[max(0, 1 - C(x))] + E[max(0, 1 + C(G(z)))],  L_G = -E[C(G(z))].

    Args:
        **kwargs: see `NoiseToImage`.

    Example:
        >>> model = HingeGAN(image_shape=(64, 64, 3))
        >>> model.compile()
        >>> model.fit(dataset, epochs=10)
    """

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam, rate 2e-4, beta1 0.5, for each player."""
        return {
            "generator": keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8),
            "discriminator": keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8),
        }

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the discriminator, then one of the generator on the same fakes."""
        real = self.images(data)
        fake = self.record_fakes("latents", real)
        d_logs = self.update("discriminator", self.discriminator_loss, real, fake.value)
        g_logs = self.update("generator", self.generator_loss, fake, real)
        return self.end_step(d_logs | g_logs, real)

    def discriminator_loss(self, real: tf.Tensor, fake: tf.Tensor, training: bool = True):
        """E[max(0, 1 - C(x))] + E[max(0, 1 + C(G(z)))]."""
        real_scores = self.logits(real, "real", training)
        fake_scores = self.logits(fake, "fake", training)
        loss = tf.reduce_mean(tf.nn.relu(1.0 - real_scores))
        loss += tf.reduce_mean(tf.nn.relu(1.0 + fake_scores))
        return loss + self.r1(real, training), {
            "d_loss": loss,
            "d_real": tf.reduce_mean(real_scores),
            "d_fake": tf.reduce_mean(fake_scores),
        }

    def generator_loss(self, fake: tf.Tensor, real: tf.Tensor, training: bool = True):
        """-E[C(G(z))]."""
        loss = -tf.reduce_mean(self.logits(fake, "generated", training))
        return loss, {"g_loss": loss}

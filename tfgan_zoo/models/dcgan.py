"""Deep convolutional GAN."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

from tfgan_zoo import losses
from tfgan_zoo.errors import check_number
from tfgan_zoo.models.noise_to_image import Given, NoiseToImage


@keras.saving.register_keras_serializable("tfgan_zoo")
class DCGAN(NoiseToImage):
    """Deep convolutional GAN. Radford et al. 2015, https://arxiv.org/abs/1511.06434.

    The game of the first GAN (see `GAN`), on networks that made it train: strided convolutions,
    batch normalisation in both networks, no hidden dense layers, Adam with beta1 0.5. As in the
    authors' Torch code, the discriminator and then the generator learn from one and the same batch
    of fakes, so a step runs the generator once.

    Departures from the authors' code, of which there are two versions, in Theano
    (https://github.com/Newmu/dcgan_code) and in Torch (https://github.com/soumith/dcgan.torch):

    - Neither has a bias in any layer. `dcgan_generator` has one in its output, and
      `dcgan_discriminator` in its first convolution and in the logit.
    - The Theano code pads its 5x5 convolutions by two pixels on every side. The networks here do so
      with `padding="symmetric"`, as in the recipe `dcgan_celeba`; "same", the default, pads by one
      pixel at the top and at the left. The Torch code has 4x4 kernels, which "same" pads alike.
    - The Torch code's z is normal by default. Set `latent_distribution`.
    - The Theano code updates one player with each batch, in turn, has 128 filters in the first
      layer of the discriminator too, and adds an L2 penalty of 1e-5 on all weights.
    - In the Torch code the generator's gradient starts from the scores of the discriminator before
      its own update. Here the updated discriminator judges again.

    Args:
        image_shape: (height, width, channels), or the side of square colour images. The paper's
            networks double small maps; see `networks.common.check_doublings`.
        latent_dim: Length of z.
        generator: None for the paper's: project to 4x4x1024, then 512, 256, 128 and the image
            (64x64).
        discriminator: None for the paper's mirror image of it.
        latent_distribution: "uniform" in [-1, 1], as in the paper, or "normal".
        label_smoothing: Real samples are labelled 1 minus this value (Salimans et al. 2016,
            https://arxiv.org/abs/1606.03498).
        **kwargs: Classes, packing, penalties, augmentation, averaging and seed: see
            `NoiseToImage`.

    Example:
        >>> model = tfgan_zoo.DCGAN(image_shape=(64, 64, 3))
        >>> model.compile()
        >>> model.fit(dataset, epochs=10)
        >>> images = model.generate(16, seed=0)
    """

    default_fake_labels = "shuffled"
    has_accuracy = True
    scores_have_zero = True
    paper_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-8}

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 3),
        latent_dim: int = 100,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        latent_distribution: Literal["normal", "uniform"] = "uniform",
        label_smoothing: float = 0.0,
        **kwargs,
    ):
        check_number("label_smoothing", label_smoothing, least=0, below=1)
        super().__init__(
            image_shape,
            latent_dim,
            generator,
            discriminator,
            latent_distribution=latent_distribution,
            **kwargs,
        )
        self.label_smoothing = float(label_smoothing)

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
        """-E[log D(G(z))]."""
        loss = losses.non_saturating_generator(
            self.logits(fake, "generated", self.asked(given, training), training)
        )
        return loss, {"g_loss": loss}

"""BigGAN."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.errors import check_number
from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.models.conditional import Given
from tfgan_zoo.models.mechanics.logs import mean_logs
from tfgan_zoo.models.noise_to_image import NoiseToImage


@keras.saving.register_keras_serializable("tfgan_zoo")
class BigGAN(NoiseToImage):
    """BigGAN. Brock et al. 2018, https://arxiv.org/abs/1809.11096.

    The hinge game between large residual networks with self-attention, whose kernels are divided
    by their spectral norms, but for the generator's embedding of the class,

        L_D = E[max(0, 1 - C(x, y))] + E[max(0, 1 + C(G(z, y), y))],
        L_G = -E[C(G(z, y), y)] + beta sum |W^T W * (1 - I)|^2.

    The second term of L_G keeps the generator's kernels W near orthogonal, so that its latents can
    be truncated: `generate(..., truncation=0.5)` trades variety for quality. Samples show a moving
    average of the generator's weights, whose batch statistics are its own: they are those of
    batches that the averaged generator makes, not those of the trained one.

    Departures from the authors' code (https://github.com/ajbrock/BigGAN-PyTorch):

    - There u and v move in every training call of a network. Here they move once before each
      update: see `layers.SpectralNormalization`.
    - The classes of fakes are drawn uniformly there: `fake_labels="uniform"`. Here they have the
      frequencies of the data.
    - The scripts for ImageNet there have `orthogonal_weight=0`, one update of the discriminator and
      other learning rates, and start the average after 20,000 updates. Defaults are the paper's.
    - The average has one decay there, and averages the batch statistics of the trained generator,
      too. Here its half-life grows with the images seen until it is `ema_half_life`: see
      `ema_ramp_up` of `ZooModel`.

    Args:
        image_shape: (height, width, channels), or the side of square colour images; see
            `networks.biggan_generator`.
        latent_dim: Length of z.
        generator: A network of [z, label]; None for the paper's.
        discriminator: A network of [x, label]; None for the paper's.
        num_classes: Number of classes; None for a game without.
        discriminator_steps: The discriminator's updates before each update of the generator.
        orthogonal_weight: Beta; 0 is off.
        ema_half_life: Half-life, in images, of the moving average of the generator's weights. All
            real images of a step count: the paper's decay of 0.9999 for each update, with two
            batches of 2048 in a step, is 28 million.
        **kwargs: Class names, packing, penalties, augmentation and seed: see `NoiseToImage`.

    Example:
        >>> model = tfgan_zoo.BigGAN(image_shape=(128, 128, 3), latent_dim=120, num_classes=1000)
        >>> model.compile()
        >>> model.fit(dataset.batch(model.samples_per_step(256), drop_remainder=True))
        >>> images = model.generate(16, label=207, truncation=0.5)
    """

    default_fake_labels = "shuffled"
    has_accuracy = True
    scores_have_zero = True
    average_has_own_statistics = True
    log_names: tuple[str, ...] = ("d_loss", "d_real", "d_fake", "g_loss", "g_orthogonality")
    paper_optimizer = {
        "generator": {"name": "adam", "learning_rate": 5e-5, "beta_1": 0.0, "epsilon": 1e-8},
        "discriminator": {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.0, "epsilon": 1e-8},
    }

    def __init__(
        self,
        image_shape: Sequence[int] = (32, 32, 3),
        latent_dim: int = 128,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        num_classes: int | None = 10,
        discriminator_steps: int = 2,
        orthogonal_weight: float = 1e-4,
        ema_half_life: float | None = 28_000_000.0,
        **kwargs,
    ):
        check_number("discriminator_steps", discriminator_steps, least=1, whole=True)
        check_number("orthogonal_weight", orthogonal_weight, least=0)
        super().__init__(
            image_shape,
            latent_dim,
            generator,
            discriminator,
            num_classes=num_classes,
            ema_half_life=ema_half_life,
            **kwargs,
        )
        self.discriminator_steps = int(discriminator_steps)
        self.orthogonal_weight = float(orthogonal_weight)

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns the paper's generator."""
        return networks.biggan_generator(image_shape, latent_dim, self.num_classes)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the paper's discriminator."""
        return networks.biggan_discriminator(image_shape, self.num_classes, self.packing)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Several steps of the discriminator, each on fresh data; one of the generator."""
        images, conditions = self.real(data)
        d_logs = []
        for real, given in self.fresh_batches(images, conditions):
            fake = self.fakes("discriminator", real, self.asked(given))
            d_logs.append(self.update("discriminator", self.discriminator_loss, real, fake, given))
        fake = self.record_fakes("generator", real, self.asked(given))
        g_logs = self.update("generator", self.generator_loss, fake, real, given)
        self.update_average_statistics(real, self.asked(given))
        return self.end_step(mean_logs(d_logs) | g_logs, images)

    def discriminator_loss(
        self, real: tf.Tensor, fake: tf.Tensor, given: Given = (), training: bool = True
    ):
        """E[max(0, 1 - C(x, y))] + E[max(0, 1 + C(G(z, y), y))]."""
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
        """-E[C(G(z, y), y)] + beta sum |W^T W * (1 - I)|^2."""
        loss = losses.hinge_generator(
            self.logits(fake, "generated", self.asked(given, training), training)
        )
        penalty = self.orthogonality() if self.orthogonal_weight else tf.zeros([])
        total = loss + self.orthogonal_weight * penalty
        return total, {"g_loss": loss, "g_orthogonality": penalty}

    def orthogonality(self) -> tf.Tensor:
        """Returns the sum of |W^T W * (1 - I)|^2 over the generator's kernels.

        The embedding of the class is no kernel.
        """
        found = {
            id(layer.kernel): layer.kernel
            for layer in layers_of(self.generator)
            if isinstance(getattr(layer, "kernel", None), keras.Variable)
        }
        return losses.orthogonal_penalty(found.values())

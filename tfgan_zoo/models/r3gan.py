"""R3GAN."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import losses, networks, schedules
from tfgan_zoo.models.conditional import Given
from tfgan_zoo.models.mechanics.arguments import check_flag
from tfgan_zoo.models.noise_to_image import NoiseToImage
from tfgan_zoo.samples import IMAGES, kind_of


@keras.saving.register_keras_serializable("tfgan_zoo")
class R3GAN(NoiseToImage):
    """R3GAN. Huang et al. 2024, https://arxiv.org/abs/2501.05441.

    The relativistic game by pairs of a real sample and a fake, with a penalty on the
    discriminator's slope at both, R1 and R2, in every step,

        L_D = E[softplus(C(G(z)) - C(x))] + r1/2 E|dC/dx|^2 + r2/2 E|dC/dG(z)|^2,
        L_G = E[softplus(C(x) - C(G(z)))],

    between plain residual networks without normalisation. Squared slopes are summed over pixels;
    with augmentation they are those of the whole C(augmented x). In the paper r1 = r2 = gamma,
    which is chosen for each data set: 0.05 for CIFAR-10, 2 for FFHQ at 64x64, 150 at 256x256.

    Each update takes real samples and noise of its own, so a step takes two batches. The authors
    let settings follow a cosine: gamma falls to a tenth, the learning rate to a quarter; beta_2,
    the half-life of the average and the probability of augmentation rise. See `schedules.Cosine`,
    `schedules.ScheduledAdam` and the recipes.

    Departures from the authors' code (https://github.com/brownvc/R3GAN):

    - Schedules there follow the number of images, here that of train steps.
    - They count the discriminator's real images alone, and this library all of them, so that the
      half-life of the average is twice theirs.
    - The paper's networks compute most sizes of maps in bfloat16: here `dtype` or
      `train.precision` decides, for all of them.
    - PyTorch's Adam adds epsilon after bias correction: see `models.mechanics.optimizers`.

    Args:
        image_shape: (height, width, channels), or the side of square colour images, see
            `networks.r3gan_generator`; or (size,) for points.
        latent_dim: Length of z.
        generator: None for the paper's; for points, three layers of 128.
        discriminator: None for the paper's; for points, three layers of 128.
        r1_gamma: Weight of R1, a number or a schedule.
        r2_gamma: Weight of R2, a number or a schedule; None for that of R1.
        fresh_samples: Whether the generator's update takes real samples and noise of its own.
            Otherwise both updates share theirs, which saves a pass of the generator and half of
            the data.
        **kwargs: Classes, packing, `r1_every`, augmentation, averaging and seed: see
            `NoiseToImage`.

    Example:
        >>> model = tfgan_zoo.R3GAN(image_shape=(32, 32, 3), num_classes=10)
        >>> model.compile()
        >>> model.fit(dataset.batch(model.samples_per_step(64), drop_remainder=True))
        >>> images = model.generate(16, label=3)
    """

    #: Each pair has one class.
    default_fake_labels = "real"
    has_accuracy = True
    sample_factors = ("packing", "real_batches")
    log_names: tuple[str, ...] = ("d_loss", "d_real", "d_fake", "d_penalty", "g_loss")
    paper_optimizer = {
        "name": "adam",
        "learning_rate": 2e-4,
        "beta_1": 0.0,
        "beta_2": 0.99,
        "epsilon": 1e-8,
    }

    def __init__(
        self,
        image_shape: Sequence[int] = (32, 32, 3),
        latent_dim: int = 64,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        r1_gamma: schedules.Setting = 0.05,
        r2_gamma: schedules.Setting | None = None,
        fresh_samples: bool = True,
        **kwargs,
    ):
        r2_gamma = r1_gamma if r2_gamma is None else r2_gamma
        super().__init__(
            image_shape,
            latent_dim,
            generator,
            discriminator,
            r1_gamma=r1_gamma,
            r2_gamma=r2_gamma,
            **kwargs,
        )
        self.fresh_samples = check_flag("fresh_samples", fresh_samples)

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns the paper's generator, or a small network for points."""
        if kind_of(image_shape) is IMAGES:
            return networks.r3gan_generator(image_shape, latent_dim, self.num_classes)
        return networks.mlp_generator(image_shape, latent_dim, self.num_classes, **_MLP)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the paper's discriminator, or a small network for points."""
        if kind_of(image_shape) is IMAGES:
            return networks.r3gan_discriminator(image_shape, self.num_classes, self.packing)
        plain: dict[str, Any] = {"maxout_pieces": 0, "input_dropout": 0.0, "dropout": 0.0}
        return networks.mlp_discriminator(
            image_shape, self.num_classes, self.packing, **_MLP, **plain
        )

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """See `Sampling.call`: pixels are clipped to [-1, 1], as the networks have no tanh."""
        return self._clipped(super().call(inputs, training))

    def samples_and_targets(self, data: Any) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """See `ZooModel.samples_and_targets`: samples are clipped as in `call`."""
        found = super().samples_and_targets(data)
        return {name: (self._clipped(made), real) for name, (made, real) in found.items()}

    def _clipped(self, samples: tf.Tensor) -> tf.Tensor:
        is_pixels = kind_of(self.image_shape).is_pixels
        return tf.clip_by_value(samples, -1.0, 1.0) if is_pixels else samples

    @property
    def real_batches(self) -> int:
        """See `NoiseToImage.real_batches`: one for each update, or one for both."""
        return 2 if self.fresh_samples else 1

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the discriminator, then one of the generator, on fresh samples."""
        images, conditions = self.real(data)
        for i, (real, given) in enumerate(self.fresh_batches(images, conditions)):
            fake = self.record_fakes("latents", real, self.asked(given))
            if i == 0:
                d_logs = self.update(
                    "discriminator", self.discriminator_loss, real, fake.value, given
                )
            if i == self.real_batches - 1:
                g_logs = self.update("generator", self.generator_loss, fake, real, given)
        return self.end_step(d_logs | g_logs, images)

    def discriminator_loss(
        self, real: tf.Tensor, fake: tf.Tensor, given: Given = (), training: bool = True
    ):
        """E[softplus(C(G(z)) - C(x))] + r1/2 E|dC/dx|^2 + r2/2 E|dC/dG(z)|^2."""
        asked = self.asked(given, training)
        real_scores, r1 = self.scores(real, "real", given, self.r1_gamma, training)
        fake_scores, r2 = self.scores(fake, "fake", asked, self.r2_gamma, training)
        loss = losses.relativistic(real_scores, fake_scores)
        penalty = self.penalties(real, fake, given, training) if self.r1_every > 1 else r1 + r2
        return loss + penalty, {
            "d_loss": loss,
            "d_real": tf.reduce_mean(real_scores),
            "d_fake": tf.reduce_mean(fake_scores),
            "d_penalty": penalty,
            **self.accuracy_logs(real_scores, fake_scores, relative_to=tf.identity),
        }

    def scores(
        self,
        samples: tf.Tensor,
        purpose: str,
        given: Given,
        gamma: schedules.Setting,
        training: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns C(x) and gamma/2 E|dC/dx|^2, by one pass of the discriminator.

        A penalty that is not for every step is left to `penalties`, which has passes of its own.
        """

        def logits(samples: tf.Tensor) -> tf.Tensor:
            return self.logits(samples, purpose, given, training)

        if not (training and gamma and self.r1_every == 1):
            return logits(samples), tf.zeros([])
        self._penalises_fakes = True
        scores, slope = losses.scores_and_r1_penalty(logits, samples)
        # It is a mean over samples; the discriminator's input is a pack of them.
        weight = self.packing * schedules.value_at(gamma, self.step.value)
        return scores, weight * slope

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        return 0.0, math.log(2)

    def generator_loss(
        self, fake: tf.Tensor, real: tf.Tensor, given: Given = (), training: bool = True
    ):
        """E[softplus(C(x) - C(G(z)))]."""
        real_scores = self.logits(real, "compared", given, training)
        fake_scores = self.logits(fake, "generated", self.asked(given, training), training)
        loss = losses.relativistic(fake_scores, real_scores)
        return loss, {"g_loss": loss}


#: Networks for points: three layers of 128.
_MLP: dict[str, Any] = {
    "units": (128,) * 3,
    "activation": "leaky_relu",
    "initializer": "he_normal",
}

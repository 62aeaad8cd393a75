"""Wasserstein GAN with gradient penalty."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import losses, networks, noise
from tfgan_zoo.errors import check_number
from tfgan_zoo.models.mechanics.logs import mean_logs
from tfgan_zoo.models.mechanics.network_checks import check_no_batch_norm
from tfgan_zoo.models.noise_to_image import Given, NoiseToImage
from tfgan_zoo.samples import IMAGES, VOXELS, kind_of


@keras.saving.register_keras_serializable("tfgan_zoo")
class WGANGP(NoiseToImage):
    """WGAN with gradient penalty. Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028.

    The Wasserstein game (see `WGAN`), in which a penalty instead of clipping keeps the critic's
    slope near one:

        L_D = E[C(G(z))] - E[C(x)] + lambda E[(|dC/dx^| - 1)^2],
        x^ = a x + (1 - a) G(z),  a ~ U(0, 1).

    The slope is that of single samples, so the critic must not mix them: no batch normalisation.

    Departures from the authors' code (https://github.com/igul222/improved_wgan_training,
    `gan_cifar_resnet.py` with `CONDITIONAL = False`):

    - A generator step there draws 128 samples, twice the critic's batch, and two devices normalize
      64 of them each. Here both batches are of the same size.
    - Adam has a learning rate of 2e-4 there, which falls linearly to 0, and betas of 0 and 0.9. The
      default here is that of the paper's Algorithm 1: 1e-4, constant, with 0.5 and 0.9.
    - The authors scale pixels to x / 128 - 1 and add noise, uniform in [0, 1/128], so that they are
      no longer discrete. Here they are x / 127.5 - 1, without noise. Add it in the input pipeline,
      to float images, if you want it.
    - Convolutions before batch normalization have a bias there, which the normalization cancels.

    Args:
        image_shape: (size, size, channels), size a power of two from 16 up; or (size,) for points;
            or (size, size, size, channels) for voxels, size a power of two from 8 up.
        latent_dim: Length of z.
        generator: None for the paper's: the CIFAR-10 ResNet for images, 3 x 512 ReLU for points.
            For voxels, 3D-GAN's (as in Smith and Meger 2017, https://arxiv.org/abs/1707.09557).
        discriminator: The critic; None for the paper's.
        discriminator_steps: n_critic, the critic's updates before each update of the generator.
        penalty_weight: The weight lambda; the paper has 10 for images, 0.1 for its 2-D toys.
        **kwargs: Classes, packing, penalties, augmentation, averaging and seed: see
            `NoiseToImage`.

    Raises:
        InputError: If the critic has batch normalisation.

    Example:
        >>> model = tfgan_zoo.WGANGP(image_shape=(32, 32, 3))
        >>> model.compile()
        >>> model.fit(dataset.batch(model.samples_per_step(64), drop_remainder=True))
    """

    #: The penalty looks at points between a real sample and a fake, and each pair has one class.
    default_fake_labels = "real"
    log_names = (
        "d_loss",
        "d_real",
        "d_fake",
        "d_wasserstein",
        "d_penalty",
        "d_gradient_norm",
        "g_loss",
    )
    paper_optimizer = {
        "name": "adam",
        "learning_rate": 1e-4,
        "beta_1": 0.5,
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
        penalty_weight: float = 10.0,
        **kwargs,
    ):
        check_number("discriminator_steps", discriminator_steps, least=1, whole=True)
        check_number("penalty_weight", penalty_weight, least=0)
        super().__init__(image_shape, latent_dim, generator, discriminator, **kwargs)
        self.discriminator_steps = int(discriminator_steps)
        self.penalty_weight = float(penalty_weight)
        check_no_batch_norm("discriminator", self.discriminator)

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns the paper's ResNet, its toy network for points, or 3D-GAN's for voxels."""
        if kind_of(image_shape) is VOXELS:
            return networks.gan_3d_generator(image_shape, latent_dim, self.num_classes)
        if kind_of(image_shape) is not IMAGES:
            return networks.mlp_generator(
                image_shape,
                latent_dim,
                self.num_classes,
                units=(512,) * 3,
                initializer="he_uniform",
            )
        return networks.resnet_generator(image_shape, latent_dim, self.num_classes)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the paper's ResNet, its toy network for points, or 3D-GAN's for voxels."""
        if kind_of(image_shape) is VOXELS:
            return networks.gan_3d_discriminator(
                image_shape, self.num_classes, self.packing, normalization="layer"
            )
        if kind_of(image_shape) is not IMAGES:
            return networks.mlp_discriminator(
                image_shape,
                self.num_classes,
                self.packing,
                units=(512,) * 3,
                maxout_pieces=0,
                input_dropout=0.0,
                dropout=0.0,
                initializer="he_uniform",
            )
        return networks.resnet_discriminator(image_shape, self.num_classes, self.packing)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1: n_critic steps of the critic, each on fresh data; one of the generator."""
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
        """E[C(G(z))] - E[C(x)] + lambda E[(|dC/dx^| - 1)^2]."""
        real_scores = self.logits(real, "real", given, training)
        fake_scores = self.logits(fake, "fake", self.asked(given, training), training)
        wasserstein = losses.wasserstein_critic(real_scores, fake_scores)
        norms = self.gradient_norms(real, fake, training, given)
        penalty = losses.wgan_gp_penalty(norms)
        loss = wasserstein + self.penalty_weight * penalty
        return loss + self.penalties(real, fake, given, training), {
            "d_loss": loss,
            "d_real": tf.reduce_mean(real_scores),
            "d_fake": tf.reduce_mean(fake_scores),
            "d_wasserstein": -wasserstein,
            "d_penalty": penalty,
            "d_gradient_norm": tf.reduce_mean(norms),
            **self.accuracy_logs(real_scores, fake_scores),
        }

    def gradient_norms(
        self, real: tf.Tensor, fake: tf.Tensor, training: bool = True, given: Given = ()
    ) -> tf.Tensor:
        """Returns |dC/dx^| at one random point between each real sample and its fake."""
        # Between the samples as the critic has just seen them.
        real = self.pack(self.augment(real, "real", training))
        fake = self.pack(self.augment(fake, "fake", training))
        weight = noise.uniform(self.key("interpolation"), [tf.shape(real)[0]])
        between = losses.interpolate(real, fake, weight)
        packed = [self.pack(part) for part in given]

        def critic(x: tf.Tensor) -> tf.Tensor:
            return self.discriminator([x, *packed] if packed else x, training=training)

        return losses.gradient_norm(critic, between)

    def generator_loss(
        self, fake: tf.Tensor, real: tf.Tensor, given: Given = (), training: bool = True
    ):
        """-E[C(G(z))]."""
        loss = losses.wasserstein_generator(
            self.logits(fake, "generated", self.asked(given, training), training)
        )
        return loss, {"g_loss": loss}

"""AC-GAN."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.errors import check_number
from tfgan_zoo.models.conditional import Given
from tfgan_zoo.models.mechanics.network_checks import check_shape
from tfgan_zoo.models.noise_to_image import NoiseToImage


@keras.saving.register_keras_serializable("tfgan_zoo")
class ACGAN(NoiseToImage):
    """AC-GAN. Odena et al. 2016, https://arxiv.org/abs/1610.09585.

    The generator is told the class; the discriminator, which is not, says both whether an image is
    real, with S(x), and which class it shows, with P(y | x):

        L_S = E[log S(x)] + E[log(1 - S(G(z, y)))],
        L_C = E[log P(y | x)] + E[log P(y | G(z, y))].

    The discriminator ascends L_S + L_C, the generator L_C - L_S. Fakes are classified like real
    samples: there is no class of their own for them.

    The authors published no code known to us. Departures from the paper:

    - The generator ascends E[log S(G(z, y))] in place of -E[log(1 - S(G(z, y)))]: the
      non-saturating objective, as for `DCGAN`.
    - The default generator is DCGAN's with the paper's widths, for 32x32 images 384, 192, 96. It
      normalises its first maps, too, and is told the class by an embedding beside z and by its
      batch normalisation; the paper's has an input of 110 numbers, for z and the class.
    - The paper adds noise to activations. Here there is none.

    Args:
        image_shape: (height, width, channels), or the side of square colour images; sides as for
            `networks.common.check_doublings`.
        latent_dim: Length of z.
        generator: A network of [z, label]; None for the paper's.
        discriminator: A network from images to logits `[B, 1 + num_classes]`, the first of them for
            "real", of packs `[B, 1 + packing * num_classes]`; None for the paper's.
        num_classes: Number of classes.
        class_weight: Weight of L_C.
        fake_class_weight: Weight, in the discriminator's L_C, of the term of the fakes beside that
            of the real samples. The paper's 1 teaches the discriminator to name the class that a
            fake was asked for, whatever it shows, and with many classes samples may then disobey
            their label; with 0 classes are learned from real samples alone, as in many later
            implementations.
        label_smoothing: Real samples are labelled 1 minus this value (Salimans et al. 2016,
            https://arxiv.org/abs/1606.03498).
        **kwargs: Class names, packing, penalties, augmentation, averaging and seed: see
            `NoiseToImage`. Penalties are those of S.

    Example:
        >>> model = tfgan_zoo.ACGAN(image_shape=(32, 32, 3), num_classes=10)
        >>> model.compile()
        >>> model.fit(dataset, epochs=10)
        >>> images = model.generate(16, label=3)
    """

    default_fake_labels = "shuffled"
    needs_classes = True
    judges_condition = False
    has_accuracy = True
    scores_have_zero = True
    log_names: tuple[str, ...] = (
        "d_loss",
        "d_real",
        "d_fake",
        "d_class",
        "d_class_fake",
        "g_loss",
        "g_class",
    )
    paper_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-8}

    def __init__(
        self,
        image_shape: Sequence[int] = (32, 32, 3),
        latent_dim: int = 100,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        num_classes: int = 10,
        class_weight: float = 1.0,
        fake_class_weight: float = 1.0,
        label_smoothing: float = 0.0,
        **kwargs,
    ):
        check_number("class_weight", class_weight, least=0)
        check_number("fake_class_weight", fake_class_weight, least=0)
        check_number("label_smoothing", label_smoothing, least=0, below=1)
        super().__init__(
            image_shape, latent_dim, generator, discriminator, num_classes=num_classes, **kwargs
        )
        outputs = (1 + self.packing * num_classes,)
        check_shape("discriminator", "output", self.discriminator.output_shape, outputs)
        self.class_weight = float(class_weight)
        self.fake_class_weight = float(fake_class_weight)
        self.label_smoothing = float(label_smoothing)

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns DCGAN's generator, as wide as the paper's."""
        return networks.dcgan_generator(image_shape, latent_dim, self.num_classes, filters=96)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the paper's discriminator."""
        return networks.acgan_discriminator(image_shape, self.num_classes or 0, self.packing)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the discriminator, then one of the generator on the same fakes."""
        real, given = self.real(data)
        fake = self.record_fakes("latents", real, self.asked(given))
        d_logs = self.update("discriminator", self.discriminator_loss, real, fake.value, given)
        g_logs = self.update("generator", self.generator_loss, fake, real, given)
        return self.end_step(d_logs | g_logs, real)

    def judge(
        self, images: tf.Tensor, purpose: str, given: Given, training: bool = True
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the logits of S(x), `[B, 1]`, and -E[log P(y | x)] for the labels `given`."""
        answers = self.answers(images, purpose, training)
        (labels,) = given
        classes = tf.reshape(answers[:, 1:], [-1, self.num_classes])
        return answers[:, :1], losses.class_cross_entropy(labels, classes)

    def answers(self, images: tf.Tensor, purpose: str, training: bool = True) -> tf.Tensor:
        """Returns all logits of the discriminator: of "real", and of the classes."""
        return super().logits(images, purpose, (), training)

    def logits(
        self, images: tf.Tensor, purpose: str, given: Given = (), training: bool = True
    ) -> tf.Tensor:
        """Returns the logits of S(x), `[B, 1]`; see `NoiseToImage.logits`."""
        return self.answers(images, purpose, training)[:, :1]

    def discriminator_loss(
        self, real: tf.Tensor, fake: tf.Tensor, given: Given = (), training: bool = True
    ):
        """-(L_S + L_C)."""
        real_logits, real_class = self.judge(real, "real", given, training)
        asked = self.asked(given, training)
        fake_logits, fake_class = self.judge(fake, "fake", asked, training)
        source = losses.cross_entropy_discriminator(real_logits, fake_logits, self.label_smoothing)
        loss = source + self.class_weight * (real_class + self.fake_class_weight * fake_class)
        return loss + self.penalties(real, fake, given, training), {
            "d_loss": source,
            "d_real": tf.reduce_mean(tf.sigmoid(real_logits)),
            "d_fake": tf.reduce_mean(tf.sigmoid(fake_logits)),
            "d_class": real_class,
            "d_class_fake": fake_class,
            **self.accuracy_logs(real_logits, fake_logits),
        }

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        return losses.entropy(self.label_smoothing), math.log(4)

    def generator_loss(
        self, fake: tf.Tensor, real: tf.Tensor, given: Given = (), training: bool = True
    ):
        """-E[log S(G(z, y))] - E[log P(y | G(z, y))]."""
        logits, of_class = self.judge(fake, "generated", self.asked(given, training), training)
        source = losses.non_saturating_generator(logits)
        return source + self.class_weight * of_class, {"g_loss": source, "g_class": of_class}

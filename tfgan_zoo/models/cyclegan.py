"""Cycle-consistent GAN."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

from tfgan_zoo import losses, networks, noise
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.layers import ImagePool
from tfgan_zoo.models.image_to_image import (
    BOUNDARIES,
    OBJECTIVES,
    ImageToImage,
    check_objective,
    check_weights,
    domain_shapes,
)
from tfgan_zoo.models.mechanics.network_checks import (
    check_networks,
    check_no_batch_norm,
    check_shape,
)


@keras.saving.register_keras_serializable("tfgan_zoo")
class CycleGAN(ImageToImage):
    """Unpaired image-to-image translation. Zhu et al. 2017, https://arxiv.org/abs/1703.10593.

    Two generators, G: a -> b and F: b -> a, and a discriminator for each domain. Besides looking
    real, translations should lead back, and images that are already in the target domain should
    stay as they are:

        L_G,F = E[(D_b(G(a)) - 1)^2] + E[(D_a(F(b)) - 1)^2]
                + lambda (E|F(G(a)) - a| + E|G(F(b)) - b|)
                + mu lambda (E|F(a) - a| + E|G(b) - b|),
        L_D   = 1/2 (E[(D_b(b) - 1)^2] + E[D_b(G(a))^2]) + the same for a.

    The discriminators see translations from a pool of recent ones. One optimizer trains both
    generators, another both discriminators. The paper's learning rate is constant for the first
    half of training and then falls linearly to 0: `tfgan_zoo.schedules.LinearDecay`, which the
    recipes use; `compile()` alone cannot know how long training will be.

    Departures from the authors' code (https://github.com/junyanz/CycleGAN, in Torch, and
    https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix, which is followed where they differ):

    - The authors pad the 3x3 convolutions of stride 2 and 1/2 by one pixel on every side. The
      default generators here pad at the bottom and at the right only, so weights from there need
      `translation_resnet(..., padding="symmetric")`, which the recipes `cyclegan_horse2zebra` and
      `cyclegan_maps` have.
    - Convolutions before instance normalization have a bias there, which the normalization cancels.
    - Their learning rate falls once an epoch, here at every step.
    - PyTorch's Adam adds epsilon after bias correction: see `models.mechanics.optimizers`.

    Args:
        image_shape: (height, width, channels) of domain a in training.
        channels_b: Channels of domain b; None for the same as a.
        generator_a_to_b: G; None for the paper's: ResNet-9 from 256 pixels up, ResNet-6 below.
        generator_b_to_a: F; None for the same.
        discriminator_a: None for the paper's 70x70 PatchGAN.
        discriminator_b: None for the same.
        objective: "least_squares" as above, "cross_entropy", or "wasserstein_gp": the critics'
            scores are means over patches, with the penalty of Gulrajani et al. 2017
            (https://arxiv.org/abs/1704.00028) of weight 10.
        cycle_weight: The weight lambda.
        identity_weight: mu, as a share of `cycle_weight`; 0 if the domains' channels differ.
        pool_size: Number of past translations of each direction that a discriminator may see.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.

    Raises:
        InputError: If an argument is out of range or a network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.CycleGAN(image_shape=(256, 256, 3))
        >>> model.compile()
        >>> model.fit(dataset, epochs=200)  # of pairs (a, b) that need not belong together
        >>> zebras = model.translate(horses, "a_to_b")
    """

    pairs = False
    log_names = (
        "d_loss",
        "d_a",
        "d_b",
        "g_loss",
        "g_gan_a_to_b",
        "g_gan_b_to_a",
        "g_cycle_a",
        "g_cycle_b",
        "g_identity_a",
        "g_identity_b",
    )
    #: Weight of the gradient penalty of "wasserstein_gp".
    penalty_weight = 10.0
    paper_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-8}

    def __init__(
        self,
        image_shape: Sequence[int] = (256, 256, 3),
        channels_b: int | None = None,
        generator_a_to_b: keras.Model | None = None,
        generator_b_to_a: keras.Model | None = None,
        discriminator_a: keras.Model | None = None,
        discriminator_b: keras.Model | None = None,
        *,
        objective: Literal["least_squares", "cross_entropy", "wasserstein_gp"] = "least_squares",
        cycle_weight: float = 10.0,
        identity_weight: float = 0.5,
        pool_size: int = 50,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.set_shapes(image_shape, channels_b)
        self.objective = check_objective(objective)
        self.has_accuracy = self.objective != "wasserstein_gp"
        check_weights(cycle_weight=cycle_weight, identity_weight=identity_weight)
        check_number("pool_size", pool_size, least=0, whole=True)
        self.cycle_weight = float(cycle_weight)
        self.identity_weight = float(identity_weight)
        self.pool_size = int(pool_size)
        a, b = self.shape_a, self.shape_b
        if self.identity_weight and a != b:
            raise InputError(
                f"identity_weight: expected 0 between domains of {a[-1]} and {b[-1]} channels, "
                f"got {identity_weight}."
            )
        if generator_a_to_b is None:
            generator_a_to_b = networks.translation_resnet(a, b[-1], name="generator_a_to_b")
        if generator_b_to_a is None:
            generator_b_to_a = networks.translation_resnet(b, a[-1], name="generator_b_to_a")
        if discriminator_a is None:
            discriminator_a = _patchgan(a, "discriminator_a")
        if discriminator_b is None:
            discriminator_b = _patchgan(b, "discriminator_b")
        self.generator_a_to_b, self.generator_b_to_a = generator_a_to_b, generator_b_to_a
        self.discriminator_a, self.discriminator_b = discriminator_a, discriminator_b
        check_networks(
            generator_a_to_b=generator_a_to_b,
            generator_b_to_a=generator_b_to_a,
            discriminator_a=discriminator_a,
            discriminator_b=discriminator_b,
        )
        for name, takes, gives in (("generator_a_to_b", a, b), ("generator_b_to_a", b, a)):
            check_shape(name, "input", getattr(self, name).input_shape, takes)
            check_shape(name, "output", getattr(self, name).output_shape, gives)
        for name, takes in (("discriminator_a", a), ("discriminator_b", b)):
            check_shape(name, "input", getattr(self, name).input_shape, takes)
            if self.objective == "wasserstein_gp":
                check_no_batch_norm(name, getattr(self, name))
        self.pool_a = ImagePool(self.pool_size, a, name="pool_a")
        self.pool_b = ImagePool(self.pool_size, b, name="pool_b")

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        a, b = domain_shapes(arguments["image_shape"], arguments["channels_b"])
        return {
            "generator_a_to_b": ("generator", (a, b[-1])),
            "generator_b_to_a": ("generator", (b, a[-1])),
            "discriminator_a": ("discriminator", (a,)),
            "discriminator_b": ("discriminator", (b,)),
        }

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the networks of each role."""
        return {
            "generator": [self.generator_a_to_b, self.generator_b_to_a],
            "discriminator": [self.discriminator_a, self.discriminator_b],
        }

    def translators(self) -> dict[str, keras.Model]:
        """Returns both generators."""
        return {"a_to_b": self.generator_a_to_b, "b_to_a": self.generator_b_to_a}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of both generators, then one of both discriminators on pooled fakes."""
        a, b = self.pair(data)
        g_logs, (fake_a, fake_b) = self.update("generator", self.generator_loss, a, b)
        fake_a = self.pool_a(fake_a, noise.uniform(self.key("pool a"), [tf.shape(a)[0], 2]))
        fake_b = self.pool_b(fake_b, noise.uniform(self.key("pool b"), [tf.shape(b)[0], 2]))
        d_logs = self.update("discriminator", self.discriminator_loss, a, b, fake_a, fake_b)
        return self.end_step(d_logs | g_logs, a)

    def generator_loss(self, a: tf.Tensor, b: tf.Tensor, training: bool = True):
        """The adversarial terms + lambda * the cycles + mu * lambda * the identities."""
        _, adversarial = OBJECTIVES[self.objective]
        fake_b = self.run(self.generator_a_to_b, a, training)
        fake_a = self.run(self.generator_b_to_a, b, training)
        gan_a_to_b = adversarial(self.run(self.discriminator_b, fake_b, training))
        gan_b_to_a = adversarial(self.run(self.discriminator_a, fake_a, training))
        cycle_a = losses.l1(self.run(self.generator_b_to_a, fake_b, training), a)
        cycle_b = losses.l1(self.run(self.generator_a_to_b, fake_a, training), b)
        identity_a = identity_b = tf.zeros([])
        if self.identity_weight:
            identity_a = losses.l1(self.run(self.generator_b_to_a, a, training), a)
            identity_b = losses.l1(self.run(self.generator_a_to_b, b, training), b)
        loss = (
            gan_a_to_b
            + gan_b_to_a
            + self.cycle_weight * (cycle_a + cycle_b)
            + self.cycle_weight * self.identity_weight * (identity_a + identity_b)
        )
        logs = {
            "g_loss": loss,
            "g_gan_a_to_b": gan_a_to_b,
            "g_gan_b_to_a": gan_b_to_a,
            "g_cycle_a": cycle_a,
            "g_cycle_b": cycle_b,
            "g_identity_a": identity_a,
            "g_identity_b": identity_b,
        }
        return loss, (logs, (fake_a, fake_b))

    def discriminator_loss(
        self,
        a: tf.Tensor,
        b: tf.Tensor,
        fake_a: tf.Tensor,
        fake_b: tf.Tensor,
        training: bool = True,
    ):
        """The sum of both discriminators' losses, each halved."""
        loss_a, of_a = self.judge(self.discriminator_a, a, fake_a, "a", training)
        loss_b, of_b = self.judge(self.discriminator_b, b, fake_b, "b", training)
        both = {name: (of_a[name] + of_b[name]) / 2 for name in of_a}
        return loss_a + loss_b, {"d_loss": loss_a + loss_b, "d_a": loss_a, "d_b": loss_b, **both}

    def judge(
        self, discriminator: keras.Model, real: tf.Tensor, fake: tf.Tensor, domain: str, training
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Returns one discriminator's loss, and the logs of its accuracy."""

        def score(images):
            return self.run(discriminator, images, training)

        critic, _ = OBJECTIVES[self.objective]
        real_scores, fake_scores = score(real), score(fake)
        loss = critic(real_scores, fake_scores)
        if self.objective == "wasserstein_gp":
            weight = noise.uniform(self.key(f"interpolation {domain}"), [tf.shape(real)[0]])
            between = losses.interpolate(real, fake, weight)
            norms = losses.gradient_norm(lambda x: tf.reduce_mean(score(x), (1, 2, 3)), between)
            loss += self.penalty_weight * losses.wgan_gp_penalty(norms)
        return loss, self.accuracy_logs(real_scores, fake_scores, BOUNDARIES[self.objective])

    def d_loss_bounds(self) -> tuple[float, float] | None:
        """See `ZooModel.d_loss_bounds`."""
        undecided = {"least_squares": 0.5, "cross_entropy": math.log(4)}
        return (0.0, undecided[self.objective]) if self.objective in undecided else None

    def test_losses(self, a: tf.Tensor, b: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `ImageToImage.test_losses`."""
        _, (g_logs, (fake_a, fake_b)) = self.generator_loss(a, b, training=False)
        _, d_logs = self.discriminator_loss(a, b, fake_a, fake_b, training=False)
        return d_logs | g_logs


def _patchgan(shape: tuple[int, ...], name: str) -> keras.Model:
    return networks.patchgan_discriminator(shape, normalization="instance", name=name)

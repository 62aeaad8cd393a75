"""Conditional GAN for image-to-image translation."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

from tfgan_zoo import layers, losses, networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.models.image_to_image import (
    BOUNDARIES,
    OBJECTIVES,
    ImageToImage,
    check_objective,
    check_weights,
    domain_shapes,
)
from tfgan_zoo.models.mechanics.arguments import check_size
from tfgan_zoo.models.mechanics.frozen import (
    Frozen,
    check_features_file,
    check_used_features,
    features_of,
)
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape
from tfgan_zoo.models.mechanics.scales import (
    check_scales,
    features_of_scales,
    joined,
    logits_of,
    scales_of,
    sum_over_scales,
)


@keras.saving.register_keras_serializable("tfgan_zoo")
class Pix2Pix(ImageToImage):
    """Paired image-to-image translation. Isola et al. 2016, https://arxiv.org/abs/1611.07004.

    A generator G: a -> b, and a discriminator of pairs, patch by patch:

        L_D = 1/2 (-E[log D(a, b)] - E[log(1 - D(a, G(a)))]),
        L_G = -E[log D(a, G(a))] + lambda E|b - G(a)|.

    L_G may also compare b and G(a) in the features of a frozen network, and penalise roughness:

        L_G + feature_weight sum_l E(phi_l(b) - phi_l(G(a)))^2 + tv_weight E|grad G(a)|

    (Johnson et al. 2016, https://arxiv.org/abs/1603.08155). With `gan_weight=0` there is no game: G
    alone is trained, and D is left out of training and of the logs.

    From pix2pixHD (Wang et al. 2018, https://arxiv.org/abs/1711.11585), D may judge pairs at
    `num_scales` scales, whose terms are added, and L_G may compare b and G(a) in the features of D:
    `feature_matching` times `losses.feature_matching`.

    The only noise is dropout in G. The paper leaves it on when G is used, and normalises with the
    statistics of the images at hand, so that G is used exactly as it was trained; `inference`
    chooses whether to do so.

    Departures from the authors' code (https://github.com/phillipi/pix2pix, in Torch, and
    https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix):

    - The Torch code sets all biases of convolutions to 0 before each update. Here the U-Net has
      biases in its first, innermost and last convolutions (`down_1`, `down_8` and `output` for
      256x256 images), and the PatchGAN in its first and last. The PyTorch code has them too, except
      for `down_1` and `down_8`.
    - In the Torch code the generator's gradient starts from the scores of the discriminator before
      its own update. Here, as in the PyTorch code, the updated discriminator judges again.
    - PyTorch's Adam adds epsilon after bias correction: see `models.mechanics.optimizers`.

    All convolutions pad as the authors' do.

    Args:
        image_shape: (height, width, channels) of domain a in training.
        channels_b: Channels of domain b; None for the same as a.
        generator: None for the paper's U-Net, which needs a side that is a power of two.
        discriminator: A network of a and b stacked along the channels; None for the 70x70 PatchGAN.
        objective: "cross_entropy" as above, or "least_squares".
        l1_weight: The weight lambda.
        gan_weight: Weight of the adversarial term of L_G; 0 trains G alone, with the other terms.
            With the default weights that is the paper's "L1".
        feature_weight: Weight of the term in features.
        features: Its network and layers, such as "efficientnet_lite0:block2,block3"; see
            `networks.features`. They are loaded when training or evaluation starts, and are not
            saved with the model.
        features_file: File of VGG19's weights, if `features` are its; None to download them.
        tv_weight: Weight of the total variation of G(a), `losses.total_variation` with beta 1.
        num_scales: Number of scales at which D judges. Above 1, and with `feature_matching`, D is
            a `networks.multiscale_discriminator`, here with batch normalisation by default.
        feature_matching: Weight of the distance in D's features; pix2pixHD has 10.
        inference: How `translate`, evaluation and export run G. "paper": dropout with one fixed
            mask, and batch normalisation with the statistics of each image by itself; so an image's
            translation is always the same, and does not depend on the others of its batch.
            "frozen": no dropout, and the moving averages of training, as Keras does by default:
            smoother and less like training. It is set in `generator`, whose layers must come from
            `tfgan_zoo.layers` for "paper".
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.

    Raises:
        InputError: If an argument is out of range or a network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.Pix2Pix(image_shape=(256, 256, 3))
        >>> model.compile()
        >>> model.fit(dataset, epochs=200)  # of pairs (a, b)
        >>> photos = model.translate(drawings)
    """

    log_names: tuple[str, ...] = ("d_loss", "d_real", "d_fake", "g_loss", "g_gan", "g_l1")
    paper_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-8}

    def __init__(
        self,
        image_shape: Sequence[int] = (256, 256, 3),
        channels_b: int | None = None,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        objective: Literal["cross_entropy", "least_squares"] = "cross_entropy",
        l1_weight: float = 100.0,
        gan_weight: float = 1.0,
        feature_weight: float = 0.0,
        features: str | None = None,
        features_file: str | None = None,
        tv_weight: float = 0.0,
        num_scales: int = 1,
        feature_matching: float = 0.0,
        inference: Literal["paper", "frozen"] = "paper",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.set_shapes(image_shape, channels_b)
        self.objective = check_objective(objective)
        if self.objective == "wasserstein_gp":
            raise InputError("objective: expected cross_entropy or least_squares of Pix2Pix.")
        check_weights(
            l1_weight=l1_weight,
            gan_weight=gan_weight,
            feature_weight=feature_weight,
            tv_weight=tv_weight,
            feature_matching=feature_matching,
        )
        if not any((l1_weight, gan_weight, feature_weight, tv_weight)):
            raise InputError(
                "l1_weight, gan_weight, feature_weight, tv_weight: expected one above 0 for the "
                "generator to learn from, got 0 for each."
            )
        if feature_matching and not gan_weight:
            raise InputError(
                f"feature_matching: expected 0 with gan_weight=0, which trains no discriminator "
                f"whose features could be compared, got {feature_matching!r}."
            )
        self.num_scales = check_size("num_scales", num_scales)
        self.feature_matching = float(feature_matching)
        self.l1_weight = float(l1_weight)
        self.gan_weight = float(gan_weight)
        self.feature_weight = float(feature_weight)
        self.tv_weight = float(tv_weight)
        self.features = features
        used = features if self.feature_weight else None
        self.features_file = check_features_file(features_file, used)
        if self.feature_weight:
            check_used_features(features, self.shape_b, f"feature_weight={feature_weight}")
        self.has_accuracy = bool(self.gan_weight)
        self.log_names = self._log_names()
        if not self.gan_weight:
            self.main_logs = ("g_loss",)
        a, b = self.shape_a, self.shape_b
        both = (*a[:-1], a[-1] + b[-1])
        if generator is None:
            generator = networks.unet_generator(a, b[-1])
        if discriminator is None:
            discriminator = (
                networks.multiscale_discriminator(both, self.num_scales, normalization="batch")
                if self._has_scales
                else networks.patchgan_discriminator(both)
            )
        self.generator, self.discriminator = generator, discriminator
        check_networks(generator=generator)
        check_shape("generator", "input", self.generator.input_shape, a)
        check_shape("generator", "output", self.generator.output_shape, b)
        if self._has_scales:
            why = f"feature_matching={self.feature_matching:g}"
            if self.num_scales > 1:
                why = f"num_scales={self.num_scales}"
            check_scales("discriminator", discriminator, both, self.num_scales, why)
        else:
            check_networks(discriminator=discriminator)
            check_shape("discriminator", "input", self.discriminator.input_shape, both)
        self.inference = inference
        layers.set_inference(self.generator, inference)

    @property
    def _has_scales(self) -> bool:
        return _has_scales(self.num_scales, self.feature_matching)

    def _log_names(self) -> tuple[str, ...]:
        of_game = {"d_loss", "d_real", "d_fake", "g_gan"} if not self.gan_weight else set()
        names = [name for name in type(self).log_names if name not in of_game]
        names += ["g_matching"] if self.feature_matching and self.gan_weight else []
        names += ["g_features"] if self.feature_weight else []
        names += ["g_tv"] if self.tv_weight else []
        return tuple(names)

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        a, b = domain_shapes(arguments["image_shape"], arguments["channels_b"])
        judged: tuple[Any, ...] = ((*a[:-1], a[-1] + b[-1]),)
        num_scales = arguments.get("num_scales", 1)
        if _has_scales(num_scales, arguments.get("feature_matching", 0.0)):
            judged = (*judged, num_scales)
        return {
            "generator": ("generator", (a, b[-1])),
            "discriminator": ("discriminator", judged),
        }

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the networks of each role."""
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    def translators(self) -> dict[str, keras.Model]:
        """Returns the generator."""
        return {"a_to_b": self.generator}

    def training_warnings(self, batch_size: int) -> list[str]:
        """See `ZooModel.training_warnings`: whether `inference` differs from training.

        Args:
            batch_size: Number of samples that a train step takes on each replica.
        """
        if self.inference != "paper":
            return []
        replicas = self.distribute_strategy.num_replicas_in_sync
        together = max(
            (
                batch_size * (replicas if layer.synchronized else 1)
                for layer in layers_of(self.generator)
                if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
            ),
            default=1,
        )
        if together == 1:
            return []
        return [
            "inference='paper': expected batches of 1, got batches of "
            f"{together}, which training normalises together while translations are "
            "normalised one by one, so that colours shift; train in batches of 1, or give "
            "inference='frozen', or a generator with normalization='instance'."
        ]

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the discriminator, then one of the generator on the same translations."""
        a, b = self.pair(data)
        if not self.gan_weight:
            return self.end_step(self.update("generator", self.generator_alone_loss, a, b), a)
        fake = self.record(self.run, self.generator, a, True)
        d_logs = self.update("discriminator", self.discriminator_loss, a, b, fake.value)
        g_logs = self.update("generator", self.generator_loss, a, b, fake)
        return self.end_step(d_logs | g_logs, a)

    def discriminator_loss(
        self, a: tf.Tensor, b: tf.Tensor, fake: tf.Tensor, training: bool = True
    ):
        """1/2 (-E[log D(a, b)] - E[log(1 - D(a, G(a)))])."""
        critic, _ = OBJECTIVES[self.objective]
        real = logits_of(scales_of(self.judge(a, b, training)))
        made = logits_of(scales_of(self.judge(a, fake, training)))
        loss = sum_over_scales(critic, real, made)
        real_logits, fake_logits = joined(real), joined(made)
        return loss, {
            "d_loss": loss,
            "d_real": tf.reduce_mean(real_logits),
            "d_fake": tf.reduce_mean(fake_logits),
            **self.accuracy_logs(real_logits, fake_logits, BOUNDARIES[self.objective]),
        }

    def d_loss_bounds(self) -> tuple[float, float] | None:
        """See `ZooModel.d_loss_bounds`."""
        if not self.gan_weight:
            return None
        unsure = 0.25 if self.objective == "least_squares" else math.log(2)
        return 0.0, self.num_scales * unsure

    def generator_loss(self, a: tf.Tensor, b: tf.Tensor, fake: tf.Tensor, training: bool = True):
        """-E[log D(a, G(a))] + lambda E|b - G(a)|, and the terms of `distance` and of features."""
        _, adversarial = OBJECTIVES[self.objective]
        made = scales_of(self.judge(a, fake, training))
        gan = sum_over_scales(adversarial, logits_of(made))
        distance, logs = self.distance(b, fake)
        loss = self.gan_weight * gan + distance
        if self.feature_matching:
            real = scales_of(self.judge(a, b, training))
            matching = losses.feature_matching(features_of_scales(made), features_of_scales(real))
            loss, logs["g_matching"] = loss + self.feature_matching * matching, matching
        return loss, {"g_loss": loss, "g_gan": gan, **logs}

    def generator_alone_loss(self, a: tf.Tensor, b: tf.Tensor, training: bool = True):
        """The terms of `distance`: L_G without a discriminator."""
        loss, logs = self.distance(b, self.run(self.generator, a, training))
        return loss, {"g_loss": loss, **logs}

    def distance(self, b: tf.Tensor, fake: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Lambda E|b - G(a)|, weighted distances in features, and weighted total variation."""
        l1 = losses.l1(fake, b)
        loss, logs = self.l1_weight * l1, {"g_l1": l1}
        if self.feature_weight:
            phi = self.frozen("features")
            found = losses.feature_loss(phi(fake, training=False), phi(b, training=False))
            loss, logs["g_features"] = loss + self.feature_weight * found, found
        if self.tv_weight:
            rough = losses.total_variation(fake, beta=1.0)
            loss, logs["g_tv"] = loss + self.tv_weight * rough, rough
        return loss, logs

    def frozen_networks(self) -> dict[str, Frozen]:
        """See `ZooModel.frozen_networks`: the network whose features are compared."""
        if not self.feature_weight:
            return {}
        return {"features": features_of(str(self.features), self.features_file)}

    def judge(self, a: tf.Tensor, b: tf.Tensor, training: bool) -> Any:
        """Returns the logits of pairs, one for each patch; see `scales.scales_of` for several."""
        return self.run(self.discriminator, tf.concat([a, b], axis=-1), training)

    def test_losses(self, a: tf.Tensor, b: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `ImageToImage.test_losses`."""
        if not self.gan_weight:
            return self.generator_alone_loss(a, b, training=False)[1]
        fake = self.run(self.generator, a, training=False)
        _, d_logs = self.discriminator_loss(a, b, fake, training=False)
        _, g_logs = self.generator_loss(a, b, fake, training=False)
        return d_logs | g_logs


def _has_scales(num_scales: Any, feature_matching: Any) -> bool:
    """Returns whether a discriminator returns features and logits of each scale."""
    return bool(feature_matching) or num_scales != 1

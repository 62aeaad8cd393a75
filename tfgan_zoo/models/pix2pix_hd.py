"""Conditional GAN for large images from label maps."""

import os
from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.image_to_image import (
    BOUNDARIES,
    OBJECTIVES,
    check_objective,
    check_weights,
)
from tfgan_zoo.models.label_to_image import LabelToImage, label_shapes
from tfgan_zoo.models.mechanics.arguments import check_flag, check_size
from tfgan_zoo.models.mechanics.frozen import (
    Frozen,
    check_features_file,
    check_used_features,
    features_of,
)
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape
from tfgan_zoo.models.mechanics.scales import (
    Scales,
    check_scales,
    features_of_scales,
    joined,
    logits_of,
    scales_of,
    sum_over_scales,
)
from tfgan_zoo.networks.features import parse_features
from tfgan_zoo.networks.pix2pix_hd import GLOBAL

#: Weights of layers in the perceptual term, that of the last layer at the end.
LAYER_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)

#: VGG19's relu1_1 to relu5_1.
PAPER_FEATURES = "vgg19:1_1,2_1,3_1,4_1,5_1"


@keras.saving.register_keras_serializable("tfgan_zoo")
class Pix2PixHD(LabelToImage):
    """Large images from label maps. Wang et al. 2018, https://arxiv.org/abs/1711.11585.

    A generator G that works from coarse to fine, and discriminators D_1, D_2, ... that judge pairs
    at several scales:

        L_D = sum_k 1/2 E[(D_k(a, b) - 1)^2 + D_k(a, G(a))^2],
        L_G = sum_k E[(D_k(a, G(a)) - 1)^2] + 10 L_FM + 10 L_VGG.

    L_FM is `losses.feature_matching`, distances in the features of D. L_VGG is the sum of the mean
    absolute differences of G(a) and b in layers of a frozen network, weighted by 1/32, 1/16, 1/8,
    1/4 and 1. Both players are updated from the same fakes and scores, which a step computes
    once: G's update comes first, and D's does not use the new G.

    With `num_classes`, a is a map of class numbers. G and D see a channel for each class and, with
    `boundaries`, one that marks where instances touch. With `style_size`, an encoder E, which
    learns with G, describes each instance in b by a few numbers, the same at all of its pixels. G
    sees them as further channels. They decide what the label map leaves open, such as colours.

    The paper trains G in stages: `global_generator` at half the size, then `local_enhancer` around
    it, first with `freeze_global`. `start_from` takes over the networks of the stage before.

    Departures from the authors' code (https://github.com/NVIDIA/pix2pixHD):

    - The features of VGG19 come from images normalised as that network was trained, and are divided
      by 12.75, as in SRGAN. The authors feed it images in [-1, 1], unnormalised.
    - Convolutions have no bias where instance normalisation cancels it.
    - PyTorch's Adam adds epsilon after bias correction: see `models.mechanics.optimizers`.
    - The styles of a class are sorted by the number of their instances, and all instances of a
      class get the requested one; the authors draw one at random for each instance.
    - Styles come from all instances; there, from those that cover more than 1/64 of the image.
    - The learning rate falls linearly to 0 in the second half of training there. Here it is
      constant unless the optimizers have a schedule, as in the recipes. Each stage of a run has the
      whole schedule; there, one schedule spans both stages of the enhancer.
    - Resuming restores learning rates and optimizers; there it does not.

    A training batch is `(a, b)` or `{"a": a, "b": b}` as for `Pix2Pix`. With `num_classes` it is
    `{"label": labels, "instance": instances, "image": b}`: class numbers, -1 for none, and instance
    numbers, whole numbers `[B, H, W]`, without "instance" if neither boundaries nor styles need it.

    Args:
        image_shape: (height, width, channels) of domain a in training; with `num_classes` the
            channels are those of b.
        channels_b: Channels of domain b; None for those of `image_shape`.
        generator: From a, followed by the channels of E, to b; None for `global_generator`.
        discriminator: Of a and b stacked along the channels; None for `multiscale_discriminator`.
        encoder: E, from b to `style_size` numbers for each pixel; None for `feature_encoder`.
        num_classes: Number of classes of label maps; None if a is images.
        boundaries: Whether the networks see boundaries between the instances of label maps.
        style_size: Numbers for each instance, 3 in the paper; 0 for no E. It needs label maps.
        num_scales: Number of scales at which D judges.
        objective: "least_squares" or "cross_entropy".
        feature_matching: Weight of L_FM.
        perceptual_weight: Weight of L_VGG; no effect without `features`.
        features: Network and layers of L_VGG, such as "efficientnet_lite0:block1,block2,block3";
            see `networks.features`. None leaves L_VGG out. They are loaded when training or
            evaluation starts, and are not saved with the model.
        features_file: File of VGG19's weights, if `features` are its; None to download them.
        freeze_global: Whether the global generator within a `local_enhancer` stays as it is.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.

    Raises:
        InputError: If an argument is out of range or a network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.Pix2PixHD((512, 1024, 3), num_classes=35)
        >>> model.compile()
        >>> model.fit(dataset, epochs=200)  # of {"label": ..., "instance": ..., "image": ...}
        >>> photos = model.translate(labels, instances=instances)
    """

    log_names: tuple[str, ...] = ("d_loss", "d_real", "d_fake", "g_loss", "g_gan")
    paper_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-8}
    has_accuracy = True

    def __init__(
        self,
        image_shape: Sequence[int] = (512, 1024, 3),
        channels_b: int | None = None,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        encoder: keras.Model | None = None,
        *,
        num_classes: int | None = None,
        boundaries: bool = True,
        style_size: int = 0,
        num_scales: int = 2,
        objective: Literal["least_squares", "cross_entropy"] = "least_squares",
        feature_matching: float = 10.0,
        perceptual_weight: float = 10.0,
        features: str | None = PAPER_FEATURES,
        features_file: str | os.PathLike | None = None,
        freeze_global: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.set_label_shapes(image_shape, channels_b, num_classes, boundaries, style_size)
        self.num_scales = check_size("num_scales", num_scales)
        self.objective = check_objective(objective)
        if self.objective == "wasserstein_gp":
            raise InputError("objective: expected least_squares or cross_entropy of Pix2PixHD.")
        check_weights(feature_matching=feature_matching, perceptual_weight=perceptual_weight)
        self.feature_matching = float(feature_matching)
        self.perceptual_weight = float(perceptual_weight)
        self.features = features
        self.has_perceptual = features is not None and bool(self.perceptual_weight)
        used = features if self.has_perceptual else None
        self.features_file = check_features_file(features_file, used)
        if self.has_perceptual:
            weight = f"perceptual_weight={self.perceptual_weight:g}"
            check_used_features(features, self.shape_b, weight)
        self.log_names = (
            *type(self).log_names,
            *["g_matching"] * bool(self.feature_matching),
            *["g_perceptual"] * self.has_perceptual,
        )
        given, both = self.shape_given, self.shape_both
        if generator is None:
            generator = networks.global_generator(given, self.channels_b)
        if discriminator is None:
            discriminator = networks.multiscale_discriminator(both, self.num_scales)
        if encoder is None and self.style_size:
            encoder = networks.feature_encoder(self.shape_b, self.style_size)
        self.generator, self.discriminator, self.encoder = generator, discriminator, encoder
        check_networks(generator=generator)
        check_shape("generator", "input", generator.input_shape, given)
        check_shape("generator", "output", generator.output_shape, self.shape_b)
        check_scales("discriminator", discriminator, both, self.num_scales, "Pix2PixHD")
        self._check_encoder()
        self.freeze_global = check_flag("freeze_global", freeze_global)
        self._freeze_global()

    def _check_encoder(self) -> None:
        if self.encoder is None:
            return
        if not self.style_size:
            raise InputError("encoder: expected None with style_size=0, got a network.")
        styles = (*self.shape_b[:-1], self.style_size)
        check_networks(encoder=self.encoder)
        check_shape("encoder", "input", self.encoder.input_shape, self.shape_b)
        check_shape("encoder", "output", self.encoder.output_shape, styles)

    def _freeze_global(self) -> None:
        coarse = _global_of(self.generator)
        if self.freeze_global and coarse is None:
            raise InputError(
                f"freeze_global: expected False for a generator without a layer {GLOBAL!r}, got "
                "True; use local_enhancer."
            )
        if coarse is not None:
            coarse.trainable = not self.freeze_global

    @classmethod
    def network_names(cls, **arguments: Any) -> tuple[str, ...]:
        """See `ZooModel.network_names`."""
        return ("generator", "discriminator", "encoder")

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        names = ("image_shape", "channels_b", "num_classes", "boundaries", "style_size")
        shapes = label_shapes(*(arguments[name] for name in names))
        size = arguments["style_size"]
        return {
            "generator": ("generator", (shapes.given, shapes.b[-1])),
            "discriminator": ("discriminator", (shapes.both, arguments["num_scales"])),
            **({"encoder": ("encoder", (shapes.b, size))} if size else {}),
        }

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the networks of each role; the encoder learns with the generator."""
        encoder = [] if self.encoder is None else [self.encoder]
        return {"generator": [self.generator, *encoder], "discriminator": [self.discriminator]}

    def translators(self) -> dict[str, keras.Model]:
        """Returns the generator."""
        return {"a_to_b": self.generator}

    def start_from(self, other: Any) -> None:
        """Takes over the networks of another model, such as that of the stage before.

        A global generator becomes the one within a `local_enhancer`. The discriminator is taken
        over if it has the same shapes.

        Raises:
            ValueError: If the generator or the encoder is another network.
        """
        coarse = _global_of(self.generator)
        theirs = getattr(other, "generator", None)
        if coarse is None or theirs is None or _global_of(theirs) is not None:
            super().start_from(other)
        else:
            shown = other.sampling_network(theirs)
            output = len(theirs.get_layer("output").weights)
            weights = shown.get_weights()[:-output]
            if [w.shape for w in weights] != _shapes_of(coarse):
                raise InputError(
                    "generator: expected a local_enhancer around the global generator that it "
                    "starts from, got one of other sizes; give filters half as many as there, and "
                    "the same numbers of downsamplings and blocks."
                )
            encoder = getattr(other, "encoder", None)
            if self.encoder is not None and encoder is not None:
                if _shapes_of(self.encoder) != _shapes_of(encoder):
                    raise InputError(
                        "encoder: expected one of the same filters and downsamplings as the one "
                        "that it starts from, got one of other sizes."
                    )
                self.encoder.set_weights(other.sampling_network(encoder).get_weights())
            coarse.set_weights(weights)
        judge = getattr(other, "discriminator", None)
        if judge is not None and _shapes_of(self.discriminator) == _shapes_of(judge):
            self.discriminator.set_weights(judge.get_weights())
        self.restart_averages()

    # ------------------------------------------------------------------ a train step

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One update of G and E, and one of D, from the same fakes and scores."""
        a, b, instances = self.label_parts(data)
        fake = self.record(self.fakes, a, b, instances)
        scores = self.record(self.scores, a, b, fake, role="discriminator")
        g_logs = self.update("generator", self.generator_loss, b, fake, scores)
        d_logs = self.update("discriminator", self.discriminator_loss, scores)
        return self.end_step(d_logs | g_logs, b)

    def fakes(self, a: tf.Tensor, b: tf.Tensor, instances: Any, training: bool = True) -> tf.Tensor:
        """Returns G(a), or G(a, E(b))."""
        if self.encoder is not None:
            a = self.with_styles(a, self.instance_styles(b, instances, training))
        return self.run(self.generator, a, training)

    def scores(
        self, a: tf.Tensor, b: tf.Tensor, fake: tf.Tensor, training: bool = True
    ) -> tuple[Scales, Scales]:
        """Returns the features and logits of D_k(a, b) and D_k(a, G(a)), for both losses."""
        return self.judge(a, b, training), self.judge(a, fake, training)

    def discriminator_loss(self, scores: tuple[Scales, Scales]):
        """sum_k 1/2 E[(D_k(a, b) - 1)^2 + D_k(a, G(a))^2]."""
        critic, _ = OBJECTIVES[self.objective]
        real, made = map(logits_of, scores)
        loss = sum_over_scales(critic, real, made)
        real_logits, fake_logits = joined(real), joined(made)
        return loss, {
            "d_loss": loss,
            "d_real": tf.reduce_mean(real_logits),
            "d_fake": tf.reduce_mean(fake_logits),
            **self.accuracy_logs(real_logits, fake_logits, BOUNDARIES[self.objective]),
        }

    def generator_loss(self, b: tf.Tensor, fake: tf.Tensor, scores: tuple[Scales, Scales]):
        """sum_k E[(D_k(a, G(a)) - 1)^2] + 10 L_FM + 10 L_VGG."""
        _, adversarial = OBJECTIVES[self.objective]
        real, made = scores
        gan = loss = sum_over_scales(adversarial, logits_of(made))
        logs = {"g_gan": gan}
        if self.feature_matching:
            matching = losses.feature_matching(features_of_scales(made), features_of_scales(real))
            loss, logs["g_matching"] = loss + self.feature_matching * matching, matching
        if self.has_perceptual:
            apart = self.perceptual(fake, b)
            loss, logs["g_perceptual"] = loss + self.perceptual_weight * apart, apart
        return loss, {"g_loss": loss, **logs}

    def perceptual(self, fake: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        """L_VGG: sum_l w_l E|phi_l(G(a)) - phi_l(b)|."""
        phi = self.frozen("features")
        weights = layer_weights(len(parse_features(self.features).layers))
        made, wanted = (phi(images, training=False) for images in (fake, b))
        return losses.feature_loss(made, wanted, weights, distance=losses.l1)

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        unsure = 0.25 if self.objective == "least_squares" else float(np.log(2))
        return 0.0, self.num_scales * unsure

    def frozen_networks(self) -> dict[str, Frozen]:
        """See `ZooModel.frozen_networks`: the network whose features are compared."""
        if not self.has_perceptual:
            return {}
        return {"features": features_of(str(self.features), self.features_file)}

    def judge(self, a: tf.Tensor, b: tf.Tensor, training: bool) -> Scales:
        """Returns the features and logits of pairs at each scale."""
        return scales_of(self.run(self.discriminator, tf.concat([a, b], axis=-1), training))

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        a, b, instances = self.label_parts(data, training=False)
        fake = self.fakes(a, b, instances, training=False)
        scores = self.scores(a, b, fake, training=False)
        _, d_logs = self.discriminator_loss(scores)
        _, g_logs = self.generator_loss(b, fake, scores)
        return d_logs | g_logs

    def samples_and_targets(self, data: Any) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """See `ZooModel.samples_and_targets`."""
        a, b, instances = self.label_parts(data, training=False)
        return {"a_to_b": (self.fakes(a, b, instances, training=False), b)}


def layer_weights(num: int) -> list[float]:
    """Returns the weights of layers in the perceptual term; the first of more than five have 1/32.

    Example:
        >>> layer_weights(2), layer_weights(6)[:3]
        ([0.25, 1.0], [0.03125, 0.03125, 0.0625])
    """
    return [LAYER_WEIGHTS[0]] * (num - len(LAYER_WEIGHTS)) + list(LAYER_WEIGHTS[-num:])


def _shapes_of(network: keras.Model) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in network.weights]


def _global_of(generator: keras.Model) -> keras.Model | None:
    """Returns the global generator within a local enhancer; None in any other network."""
    found = [layer for layer in generator.layers if layer.name == GLOBAL]
    return found[0] if found and isinstance(found[0], keras.Model) else None

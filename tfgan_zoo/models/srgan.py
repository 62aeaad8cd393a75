"""Super-resolution GAN."""

import math
import os
from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.errors import InputError, whole_number
from tfgan_zoo.models.image_to_image import ImageToImage, check_weights
from tfgan_zoo.models.mechanics.arguments import check_flag, check_image_shape
from tfgan_zoo.models.mechanics.frozen import (
    Frozen,
    check_features_file,
    check_used_features,
)
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape
from tfgan_zoo.networks.vgg_features import LAYERS

CONTENTS = ("vgg", "pixel", "features")


@keras.saving.register_keras_serializable("tfgan_zoo")
class SRGAN(ImageToImage):
    """Super-resolution. Ledig et al. 2016, https://arxiv.org/abs/1609.04802.

    A generator G that enlarges, and a discriminator of large images:

        L_G = content(G(x), y) + 1e-3 (-E[log D(G(x))]),
        L_D = -E[log D(y)] - E[log(1 - D(G(x)))],

    x the small image and y the large one. Content is the mean squared error between features
    phi_i,j of a VGG19 classifier, which follow perceived similarity better than pixels do; between
    pixels, the paper's SRGAN-MSE; or between the features of another frozen network. With
    `adversarial_weight=0` this is SRResNet, G alone. The paper starts the game from an SRResNet
    trained on pixels, as `pretraining` in the recipes does.

    `relativistic` and `pixel_weight` are ESRGAN's (Wang et al. 2018,
    https://arxiv.org/abs/1809.00219), with C(x) the score of an image, s the logistic function, and
    means over the batch:

        D(a, b) = s(C(a) - E[C(b)]),
        L_D = -E[log D(y, G(x))] - E[log(1 - D(G(x), y))],
        L_G = content(G(x), y) + 5e-3 (-E[log(1 - D(y, G(x)))] - E[log D(G(x), y)])
              + 1e-2 E|G(x) - y|.

    G learns from both terms of its game. The means are of all replicas' batches together.

    The authors published no code to depart from. `srresnet_generator` and `srgan_discriminator`
    choose what the paper leaves open: initial weights, and the padding of convolutions of stride 2.

    Departures from ESRGAN and its authors' code (https://github.com/XPixelGroup/BasicSR):

    - ESRGAN's content is the l1 distance of VGG19's phi_5,4 before its activation; features here
      are after it. The code has torchvision's weights of VGG19, for normalised pixels. Here they
      are the original ones, for pixels up to 255, and features are divided by 12.75, as in SRGAN.
      So the paper's weights do not give the balance of content and game that they give there.
    - There, pixels lie in [0, 1]. Here they lie in [-1, 1], so that the same weight makes them
      count twice.
    - The code halves both losses of the game, so that its 5e-3 is 2.5e-3 in the formula above.
    - The code updates G first, and D with the images that G made before. Here D is first.

    A training batch is `(x, y)`, uint8 or floats in [-1, 1]; the generator sees x in [0, 1], as in
    the paper.

    Args:
        image_shape: (height, width, channels) of the large images in training.
        scale: Factor by which they are larger: 2, 4 or 8.
        generator: None for the paper's SRResNet.
        discriminator: None for the paper's.
        content: "vgg", "pixel" or "features".
        content_layer: phi_i,j as "i_j": "5_4", the paper's best, or "2_2".
        content_weights: Weights of VGG19: "imagenet" downloads them as Keras does; or a local file;
            None for random ones. They are loaded when training or evaluation starts, and are not
            saved with the model.
        features: Network and layers for content="features", such as "efficientnet_lite0:block3";
            see `networks.features`. The distances of several layers are added. The network is
            loaded like VGG19, which is among them: "vgg19:5_4" is content="vgg".
        content_loss: "mse" or "l1".
        adversarial_weight: Weight of the second term of L_G; 0 for SRResNet.
        relativistic: Whether D judges which of two images is more real, against the mean of the
            others (RaGAN, Jolicoeur-Martineau 2018, https://arxiv.org/abs/1807.00734), as in
            ESRGAN.
        pixel_weight: Weight of E|G(x) - y|, a third term of L_G; ESRGAN has 1e-2 beside features.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.

    Raises:
        InputError: If an argument is out of range or a network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.SRGAN(image_shape=(96, 96, 3), scale=4)
        >>> model.compile()
        >>> model.fit(dataset, epochs=100)  # of pairs (small, large)
        >>> large = model.upscale(small)
    """

    kind = "super_resolution"
    log_names: tuple[str, ...] = ("d_loss", "d_real", "d_fake", "g_loss", "g_content", "g_gan")
    paper_optimizer = {"name": "adam", "learning_rate": 1e-4, "epsilon": 1e-8}

    def __init__(
        self,
        image_shape: Sequence[int] = (96, 96, 3),
        scale: int = 4,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        content: Literal["vgg", "pixel", "features"] = "vgg",
        content_layer: str = "5_4",
        content_weights: str | None = "imagenet",
        features: str | None = None,
        content_loss: Literal["mse", "l1"] = "mse",
        adversarial_weight: float = 1e-3,
        relativistic: bool = False,
        pixel_weight: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.set_shapes(image_shape, None)
        self.scale = scale = check_scale(scale)
        if content not in CONTENTS:
            raise InputError(f"content: expected one of {', '.join(CONTENTS)}, got {content!r}.")
        if not isinstance(content_loss, str) or content_loss not in _DISTANCES:
            raise InputError(
                f"content_loss: expected one of {', '.join(_DISTANCES)}, got {content_loss!r}."
            )
        if content == "vgg" and content_layer not in LAYERS:
            raise InputError(
                f"content_layer: expected one of {', '.join(LAYERS)}, got {content_layer!r}."
            )
        if not isinstance(content_weights, (str, os.PathLike, type(None))):
            raise InputError(
                f"content_weights: expected 'imagenet', a file or None, got {content_weights!r}."
            )
        check_weights(adversarial_weight=adversarial_weight, pixel_weight=pixel_weight)
        if content == "features":
            check_used_features(features, self.image_shape, "content='features'")
            check_features_file(content_weights, features, "content_weights")
        elif content == "vgg" and features is not None:
            raise InputError(
                f"content: expected 'features' with features={features!r}, got 'vgg', whose layer "
                "is content_layer."
            )
        self.shape_a, self.shape_b = _small(self.image_shape, scale), self.image_shape
        self.content = content
        self.content_layer = content_layer
        self.content_weights = content_weights
        self.features = features
        self.content_loss = content_loss
        self.adversarial_weight = float(adversarial_weight)
        self.has_accuracy = bool(self.adversarial_weight)
        self.pixel_weight = float(pixel_weight)
        self.relativistic = self.uses_global_means = check_flag("relativistic", relativistic)
        if generator is None:
            generator = networks.srresnet_generator(self.shape_a, scale)
        if discriminator is None:
            discriminator = networks.srgan_discriminator(self.shape_b)
        self.generator, self.discriminator = generator, discriminator
        check_networks(generator=generator, discriminator=discriminator)
        check_shape("generator", "input", self.generator.input_shape, self.shape_a)
        made = self.generator.compute_output_shape((None, *self.shape_a))
        check_shape("generator", "output", made, self.shape_b)
        check_shape("discriminator", "input", self.discriminator.input_shape, self.shape_b)
        if not self.adversarial_weight:
            self.log_names, self.main_logs = ("g_loss", "g_content"), ("g_loss",)
        if self.pixel_weight:
            self.log_names = (*self.log_names, "g_pixel")

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        shape = check_image_shape(arguments["image_shape"])
        scale = check_scale(arguments["scale"])
        return {
            "generator": ("generator", (_small(shape, scale), scale)),
            "discriminator": ("discriminator", (shape,)),
        }

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the networks of each role."""
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    def translators(self) -> dict[str, keras.Model]:
        """Returns the generator."""
        return {"upscale": self.generator}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the discriminator, then one of the generator, on the same images."""
        small, large = self.pair(data)
        if not self.adversarial_weight:
            return self.end_step(self.update("generator", self.srresnet_loss, small, large), large)
        fake = self.record(self.run, self.generator, self.network_input(small), True)
        d_logs = self.update("discriminator", self.discriminator_loss, large, fake.value)
        g_logs = self.update("generator", self.generator_loss, large, fake)
        return self.end_step(d_logs | g_logs, large)

    def srresnet_loss(self, small: tf.Tensor, large: tf.Tensor, training: bool = True):
        """content(G(x), y), and the weighted distance of pixels."""
        fake = self.run(self.generator, self.network_input(small), training)
        loss, logs = self.reconstruction(fake, large)
        return loss, {"g_loss": loss, **logs}

    def discriminator_loss(self, large: tf.Tensor, fake: tf.Tensor, training: bool = True):
        """-E[log D(y)] - E[log(1 - D(G(x)))], or its relativistic form."""
        real_logits = self.run(self.discriminator, large, training)
        fake_logits = self.run(self.discriminator, fake, training)
        loss = self.preference(real_logits, fake_logits)
        return loss, {
            "d_loss": loss,
            "d_real": tf.reduce_mean(tf.sigmoid(real_logits)),
            "d_fake": tf.reduce_mean(tf.sigmoid(fake_logits)),
            **self.accuracy_logs(
                real_logits,
                fake_logits,
                relative_to=self.global_mean if self.relativistic else None,
            ),
        }

    def d_loss_bounds(self) -> tuple[float, float] | None:
        """See `ZooModel.d_loss_bounds`."""
        return (0.0, math.log(4)) if self.adversarial_weight else None

    def generator_loss(self, large: tf.Tensor, fake: tf.Tensor, training: bool = True):
        """content(G(x), y) + 1e-3 (-E[log D(G(x))]), or ESRGAN's form."""
        reconstruction, logs = self.reconstruction(fake, large)
        fake_logits = self.run(self.discriminator, fake, training)
        if self.relativistic:
            gan = self.preference(fake_logits, self.run(self.discriminator, large, training))
        else:
            gan = losses.non_saturating_generator(fake_logits)
        loss = reconstruction + self.adversarial_weight * gan
        return loss, {"g_loss": loss, **logs, "g_gan": gan}

    def preference(self, winner: tf.Tensor, loser: tf.Tensor) -> tf.Tensor:
        """Returns the loss of a discriminator that should score `winner` above `loser`."""
        if self.relativistic:
            return losses.relativistic_average(winner, loser, mean=self.global_mean)
        return losses.cross_entropy_discriminator(winner, loser)

    def reconstruction(
        self, image: tf.Tensor, wanted: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Returns the terms of L_G that compare an image with its target, and their logs."""
        content = self.content_between(image, wanted)
        if not self.pixel_weight:
            return content, {"g_content": content}
        pixel = losses.l1(image, wanted)
        return content + self.pixel_weight * pixel, {"g_content": content, "g_pixel": pixel}

    def content_between(self, image: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        """Returns the distance between an image and its target, in pixels or features."""
        distance = _DISTANCES[self.content_loss]
        if self.content == "pixel":
            return distance(image, wanted)
        phi = self.frozen("features")
        seen, expected = (phi(x, training=False) for x in (image, wanted))
        return losses.feature_loss(seen, expected, distance=distance)

    def frozen_networks(self) -> dict[str, Frozen]:
        """See `ZooModel.frozen_networks`: the network whose features are compared."""
        if self.content == "pixel":
            return {}
        if self.content == "vgg":
            return {"features": Frozen(self._vgg19, saved=False)}
        name, weights = str(self.features), self.content_weights
        return {
            "features": Frozen(lambda: networks.feature_network(name, weights=weights), saved=False)
        }

    def _vgg19(self) -> keras.Model:
        return networks.vgg19_features(self.content_layer, weights=self.content_weights)

    def feature_network(self) -> keras.Model:
        """Returns `frozen("features")`: the earlier name."""
        return self.frozen("features")

    def test_losses(self, a: tf.Tensor, b: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `ImageToImage.test_losses`."""
        if not self.adversarial_weight:
            return self.srresnet_loss(a, b, training=False)[1]
        fake = self.run(self.generator, self.network_input(a), training=False)
        _, d_logs = self.discriminator_loss(b, fake, training=False)
        _, g_logs = self.generator_loss(b, fake, training=False)
        return d_logs | g_logs

    def network_input(self, images: tf.Tensor) -> tf.Tensor:
        """Returns small images, scaled from [-1, 1] to [0, 1]."""
        return (images + 1.0) / 2.0

    def upscale(self, images: np.ndarray, *, batch_size: int = 1) -> np.ndarray:
        """Enlarges images.

        Args:
            images: Images `[num, H, W, C]`, uint8 or floats in [-1, 1], of any size.
            batch_size: Number of images at a time.

        Returns:
            float32 `[num, scale * H, scale * W, C]`, in [-1, 1] except for overshoots.

        Raises:
            InputError: If the images have another shape or type.

        Example:
            >>> large = model.upscale(small)
        """
        return self.translate(images, "upscale", batch_size=batch_size)


def check_scale(scale: Any) -> int:
    """Returns a scale, or raises `InputError` if it is not 2, 4 or 8."""
    whole = whole_number(scale)
    if whole in (2, 4, 8):
        return whole
    raise InputError(f"scale: expected 2, 4 or 8, got {scale!r}.")


_DISTANCES = {"mse": losses.mse, "l1": losses.l1}


def _small(image_shape: tuple[int, ...], scale: int) -> tuple[int, ...]:
    """Returns the shape of the small images.

    Raises:
        InputError: If the sides of the large images are no multiples of the scale.
    """
    check_scale(scale)  # A config's networks are made before the model can look at it.
    height, width, channels = image_shape
    if height % scale or width % scale:
        raise InputError(
            f"image_shape: expected sides that are multiples of the scale, {scale}, got "
            f"{tuple(image_shape)}."
        )
    return height // scale, width // scale, channels

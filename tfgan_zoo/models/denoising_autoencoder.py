"""Denoising autoencoder."""

from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import networks, noise
from tfgan_zoo.errors import InputError, check_number, check_seed
from tfgan_zoo.layers.corruption import Corruption, check_corruption, corrupt
from tfgan_zoo.models.autoencoding import Autoencoding
from tfgan_zoo.models.coding import padded_shape
from tfgan_zoo.models.mechanics.arguments import check_flag
from tfgan_zoo.models.mechanics.stacking import Stage, stage_of

RECONSTRUCTIONS = ("squared_error", "cross_entropy")


@keras.saving.register_keras_serializable("tfgan_zoo")
class DenoisingAutoencoder(Autoencoding):
    """Denoising autoencoder. Vincent et al. 2010, JMLR 11, 3371-3408.

    An autoencoder that restores images from corrupted ones, x~ ~ q(x~ | x), drawn again in each
    step:

        L = E [ alpha sum_{j in J} l(x_j, y_j) + beta sum_{j not in J} l(x_j, y_j) ],  y = g(f(x~)),

    J the corrupted values, and l the squared error, or the cross-entropy of values scaled to
    [0, 1]. The target is the image itself, so the networks cannot copy their input, and the
    features they learn are those that tell a part of an image from the rest. The emphasis (alpha,
    beta) is (1, 1) without emphasis; the paper also has (1, 0.5) and (1, 0), with which only
    corrupted values count.

    Layers can be stacked: `stage` k trains the k-th layer of an encoder of fully connected layers,
    and its mirror in the decoder, to restore the clean output of the layers below from a corrupted
    one. Stages 1, 2, ... are followed by stage 0, which fine-tunes all layers on images. With
    `pretraining.steps`, a run has all stages before it.

    Departures from the paper:

    - From the second layer on, stages restore codes by their squared error, whatever
      `reconstruction` is.
    - Encoder and decoder have weights of their own. The paper's layers are tied in some
      experiments.
    - Noisy values are clipped to [-1, 1], as those of noisy image files are.
    - Images lie in [-1, 1], so masked values are -1, black; the paper's are 0 in [0, 1], black too.

    A training batch is clean images `[B, H, W, C]`, uint8 or floats in [-1, 1]. `encode` and
    `reconstruct` corrupt nothing: `reconstruct` denoises images that are noisy already.

    Args:
        image_shape: (height, width, channels), of any size.
        latent_dim: Length of a code, which may be longer than an image; None for that of the given
            networks.
        encoder: F, from images to codes `[B, latent_dim]`; None for one layer of sigmoid units.
        decoder: G, from codes to images, or to logits for a cross-entropy; None for one linear
            layer.
        corruption: "gaussian" adds noise N(0, level^2). "masking" makes values black with
            probability `level`. "salt_and_pepper" makes them black or white, with the same
            probability each.
        corruption_level: The standard deviation, on the scale of [-1, 1], or the probability.
        per_pixel: Whether masking, salt and pepper corrupt all channels of a pixel together.
        emphasis: Weights (alpha, beta) of corrupted values and of the others, from 0 up.
        reconstruction: "squared_error" or "cross_entropy".
        stage: The layer to train alone, from 1 at the image; 0 for all.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `ZooModel`.

    Raises:
        InputError: If an argument is out of range, or a network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.DenoisingAutoencoder((28, 28, 1), 1000, corruption="masking")
        >>> model.compile()
        >>> model.fit(images, batch_size=100, epochs=10)
        >>> noisy = model.corrupted(images)
        >>> restored = model.reconstruct(noisy)
    """

    log_names = ("loss", "error")
    corrupts = True

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        latent_dim: int | None = 1000,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        *,
        corruption: Corruption = "gaussian",
        corruption_level: float = 0.25,
        per_pixel: bool = False,
        emphasis: Sequence[float] = (1.0, 1.0),
        reconstruction: Literal["squared_error", "cross_entropy"] = "squared_error",
        stage: int = 0,
        **kwargs,
    ):
        check_number("stage", stage, least=0, whole=True)
        check_corruption(corruption, corruption_level)
        if reconstruction not in RECONSTRUCTIONS:
            raise InputError(
                f"reconstruction: expected {' or '.join(map(repr, RECONSTRUCTIONS))}, got "
                f"{reconstruction!r}."
            )
        weights = _emphasis(emphasis)
        if corruption == "gaussian" and weights != (1.0, 1.0):
            raise InputError(
                "emphasis: expected (1, 1) for Gaussian noise, which corrupts every value, got "
                f"{weights}."
            )
        super().__init__(image_shape, latent_dim, encoder, decoder, **kwargs)
        self.corruption, self.corruption_level = corruption, float(corruption_level)
        self.per_pixel, self.emphasis = check_flag("per_pixel", per_pixel), weights
        self.reconstruction = reconstruction
        self.stage = int(stage)

    def default_encoder(self, width: int) -> keras.Model:
        """Returns one layer of sigmoid units."""
        return networks.mlp_encoder(
            padded_shape(self.image_shape), width, units=(), output_activation="sigmoid"
        )

    def default_decoder(self, latent_dim: int) -> keras.Model:
        """Returns one linear layer."""
        return networks.mlp_decoder(
            padded_shape(self.image_shape), latent_dim, units=(), output_activation="linear"
        )

    @property
    def decodes_logits(self) -> bool:
        """See `Coding.decodes_logits`: for a cross-entropy."""
        return self.reconstruction == "cross_entropy"

    def build_state(self) -> None:
        """See `Autoencoding.build_state`."""
        self._stage = stage_of(self.encoder, self.decoder, self.stage) if self.stage else None
        super().build_state()

    def role_variables(self, role: str) -> list[keras.Variable]:
        """See `ZooModel.role_variables`; in a stage, those of its layers."""
        if self._stage is None:
            return super().role_variables(role)
        return [v for layer in self._stage.layers for v in layer.trainable_variables]

    def autoencoder_loss(self, images: tf.Tensor, training: bool = True):
        """E [alpha sum l(x, g(f(x~))) over corrupted values + beta the same over the others]."""
        if self._stage is not None:
            return self.stage_loss(self._stage, images, training)
        noisy, changed = self.noisy(images, self.key("corruption"))
        decoded = self.decoded(self.encoded(noisy, training), training)
        return self.weighted(self.errors(decoded, images), changed)

    def stage_loss(self, stage: Stage, images: tf.Tensor, training: bool = True):
        """The same of a layer: its clean inputs h are restored from corrupted ones."""
        h = tf.stop_gradient(self.run(stage.below, self.padded(images, self.encoder), False))
        noisy, changed = self.noisy_inputs(stage, h, self.key("corruption"))
        decoded = self.run(stage.down, self.run(stage.up, noisy, training), training)
        errors = self.errors(decoded, h) if self.stage == 1 else tf.square(decoded - h)
        return self.weighted(errors, changed)

    def weighted(self, errors: tf.Tensor, changed: tf.Tensor):
        """Returns (loss, logs) of the errors of all values."""
        alpha, beta = self.emphasis
        axes = list(range(1, errors.shape.rank))
        loss = tf.reduce_mean(tf.reduce_sum(tf.where(changed, alpha, beta) * errors, axes))
        return loss, {"loss": loss, "error": tf.reduce_mean(tf.reduce_sum(errors, axes))}

    def noisy(self, images: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns corrupted images, in [-1, 1], and which of their values are corrupted."""
        noisy, changed = corrupt(
            images, self.corruption, self.corruption_level, key, per_pixel=self.per_pixel
        )
        return tf.clip_by_value(noisy, -1.0, 1.0), changed

    def noisy_inputs(
        self, stage: Stage, h: tf.Tensor, key: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns corrupted inputs of a layer, `[B, width]`, and which values are corrupted.

        Those of the first layer are pixels, and are corrupted as images are.
        """
        if self.stage == 1:
            channels = self.image_shape[-1]
            pixels = tf.reshape(h, [tf.shape(h)[0], -1, channels]) if self.per_pixel else h
            noisy, changed = self.noisy(pixels, key)
            return tf.reshape(noisy, tf.shape(h)), tf.reshape(changed, tf.shape(h))
        return corrupt(h, self.corruption, self.corruption_level, key, low=stage.low)

    def errors(self, decoded: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        """Returns l(x, y) of each value."""
        if self.decodes_logits:
            targets = (images + 1.0) / 2.0
            return tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=decoded)
        return tf.square(decoded - images)

    def corrupted(self, images: np.ndarray, seed: int = 0) -> np.ndarray:
        """Returns corrupted images, as training sees them, to denoise by `reconstruct`.

        Args:
            images: Images `[num, *image_shape]`, uint8 or floats in [-1, 1].
            seed: The same seed corrupts alike.

        Returns:
            float32 of the same shape, in [-1, 1].

        Raises:
            InputError: If the images have another shape, type or range.
        """
        given = self.as_input(self.checked_images(images))
        return self.noisy(given, noise.key("corrupted", check_seed(seed)))[0].numpy()


def _emphasis(weights: Sequence[float]) -> tuple[float, float]:
    """Returns two weights, checked."""
    if isinstance(weights, (str, bytes)) or not np.iterable(weights) or len(tuple(weights)) != 2:
        raise InputError(f"emphasis: expected two weights, (alpha, beta), got {weights!r}.")
    for weight in weights:
        check_number("emphasis", weight, least=0)
    alpha, beta = map(float, weights)
    if alpha == beta == 0:
        raise InputError("emphasis: expected a weight above 0, got (0, 0).")
    return alpha, beta

"""3D-GAN."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.data.voxels import check_not_binary
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.models.mechanics.arguments import check_image_shape
from tfgan_zoo.models.mechanics.parts import as_images
from tfgan_zoo.models.noise_to_image import Given, NoiseToImage
from tfgan_zoo.samples import VOXELS


@keras.saving.register_keras_serializable("tfgan_zoo")
class GAN3D(NoiseToImage):
    """3D-GAN: voxels from noise. Wu et al. 2016, https://arxiv.org/abs/1610.07584.

    The game of DCGAN with volumetric convolutions,

        L_D = -E[log D(x)] - E[log(1 - D(G(z)))],  L_G = -E[log D(G(z))],  z ~ U(0, 1).

    As the discriminator learns faster than the generator, it is updated with a batch only if its
    accuracy on the batch before was at most 80 %; the first batch always updates it. `d_accuracy`
    is its accuracy on each batch, `d_idle` the share of batches without an update.

    What the discriminator sees in voxels tells objects apart: see `encode`.

    Departures from the paper, whose training code was not released:

    - Samples are occupancies on the scale [-1, 1] in the model, as all samples of the zoo are; the
      networks end in and begin with the paper's [0, 1]. Exported endpoints return [0, 1].
    - The paper states the generator's objective as log(1 - D(G(z))), to be minimised. Here it is
      the non-saturating one, which has the same fixed points.
    - The paper does not name initial weights; here kernels are N(0, 0.02).
    - Discriminator and generator learn from the same fakes, as in DCGAN's code.

    Args:
        image_shape: (depth, height, width, channels). The paper's networks make cubes whose side is
            a power of two from 8 up.
        latent_dim: Length of z.
        generator: None for the paper's: 512, 256, 128, 64 maps and the voxels (64x64x64).
        discriminator: None for the paper's mirror image of it.
        latent_distribution: "uniform" in [0, 1], as in the paper, or "normal".
        skip_discriminator_above: The accuracy on the batch before above which the discriminator is
            not updated, from 0.5 up to below 1; None to update it always.
        label_smoothing: Real samples are labelled 1 minus this value (Salimans et al. 2016,
            https://arxiv.org/abs/1606.03498).
        **kwargs: Classes, packing, penalties, averaging and seed: see `NoiseToImage`.

    Raises:
        InputError: If `image_shape` is that of other samples than voxels.

    Example:
        >>> model = tfgan_zoo.GAN3D(image_shape=(64, 64, 64, 1))
        >>> model.compile()
        >>> model.fit(dataset, epochs=10)  # batches of 100 in the paper
        >>> voxels = model.generate(16, seed=0)
        >>> features = model.encode(voxels)
    """

    default_fake_labels = "shuffled"
    has_accuracy = True
    scores_have_zero = True
    uniform_range = (0.0, 1.0)
    paper_optimizer = {
        "generator": {"name": "adam", "learning_rate": 2.5e-3, "beta_1": 0.5, "epsilon": 1e-8},
        "discriminator": {"name": "adam", "learning_rate": 1e-5, "beta_1": 0.5, "epsilon": 1e-8},
    }

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 64, 1),
        latent_dim: int = 200,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        latent_distribution: Literal["normal", "uniform"] = "uniform",
        skip_discriminator_above: float | None = 0.8,
        label_smoothing: float = 0.0,
        **kwargs,
    ):
        check_number("label_smoothing", label_smoothing, least=0, below=1)
        super().__init__(
            check_image_shape(image_shape, (VOXELS,)),
            latent_dim,
            generator,
            discriminator,
            latent_distribution=latent_distribution,
            skip_discriminator_above=skip_discriminator_above,
            **kwargs,
        )
        self.label_smoothing = float(label_smoothing)
        self._features: Any = None

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns the paper's generator."""
        return networks.gan_3d_generator(image_shape, latent_dim, self.num_classes)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the paper's discriminator."""
        return networks.gan_3d_discriminator(image_shape, self.num_classes, self.packing)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the discriminator, unless it is ahead; one of G on the same fakes."""
        real, given = self.real(data)
        fake = self.record_fakes("latents", real, self.asked(given))
        d_logs = self.update("discriminator", self.discriminator_loss, real, fake.value, given)
        g_logs = self.update("generator", self.generator_loss, fake, real, given)
        return self.end_step(d_logs | g_logs, real)

    def is_ahead(self, accuracy: tf.Tensor) -> tf.Tensor:
        """See `Game.is_ahead`: the accuracy on the batch before decides."""
        assert self.skip_discriminator_above is not None
        # float32 rounds some accuracies of exactly this value up.
        ahead = self.accuracy.value > self.skip_discriminator_above + 1e-6
        self.accuracy.assign(accuracy)
        return ahead

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

    # ------------------------------------------------------------------ features

    def encode(self, voxels: np.ndarray, *, batch_size: int = 64) -> np.ndarray:
        """Returns the discriminator's features of voxels, for a linear classifier.

        As in section 4.2 of the paper: the outputs of all convolutions but the first, max-pooled to
        2x2x2 each (for 64x64x64 voxels with kernels of 8, 4 and 2) and concatenated, 7,168 numbers
        with the paper's networks. Outputs are those after normalisation and LeakyReLU. If there is
        one convolution alone, it is taken.

        Args:
            voxels: `[num, *image_shape]`, uint8 or floats in [-1, 1].
            batch_size: Number of objects at a time; the features of one do not depend on the
                others.

        Returns:
            float32 `[num, size]`.

        Raises:
            InputError: If the voxels have another shape, type or range, there are none, or the
                discriminator has no convolutions, or judges several objects together.

        Example:
            >>> features = model.encode(voxels)
        """
        check_number("batch_size", batch_size, least=1, whole=True)
        given = self.checked_images(voxels, "voxels", self.image_shape)
        check_not_binary(given, "encode")
        if len(given) == 0:
            raise InputError("encode: expected one or more, got none.")
        function = self._feature_function()
        parts = (given[i : i + batch_size] for i in range(0, len(given), batch_size))
        return np.concatenate(
            [function(as_images(part, self.image_shape, "voxels")).numpy() for part in parts]
        )

    def _feature_function(self) -> Any:
        if self._features is None:
            network = features_of(self.discriminator, self.packing)
            spec = tf.TensorSpec([None, *self.image_shape], tf.float32)
            self._features = tf.function(
                lambda voxels: tf.cast(network(voxels, training=False), tf.float32),
                input_signature=(spec,),
                autograph=False,
            )
        return self._features


def features_of(discriminator: keras.Model, packing: int = 1) -> keras.Model:
    """Returns a network from voxels to the features of `GAN3D.encode`.

    It shares the weights of the discriminator.

    Args:
        discriminator: One from `networks.gan_3d_discriminator`, or like it: 3-D convolutions, each
            followed by an activation.
        packing: Number of objects that it judges together.

    Raises:
        InputError: If it has no convolutions, or judges several objects together.
    """
    if packing > 1:
        raise InputError(f"encode: expected packing=1, got {packing}.")
    inputs = discriminator.inputs[0]
    outputs: list[Any] = []
    last: Any = None
    for layer in discriminator.layers:
        if isinstance(layer, keras.layers.Conv3D):
            outputs.append(last)
        if len(layer.output.shape) == 5:
            last = layer.output
    if not outputs:
        raise InputError(
            f"encode: expected a discriminator with Conv3D layers, got {discriminator.name!r}."
        )
    outputs = [*outputs[2:], last]
    pooled = []
    for x in outputs:
        sides = [max(1, side // 2) for side in x.shape[1:4]]
        x = keras.layers.MaxPooling3D(sides)(x)
        pooled.append(keras.layers.Flatten()(x))
    made = keras.layers.Concatenate()(pooled) if len(pooled) > 1 else pooled[0]
    return keras.Model(inputs, made, name="features")

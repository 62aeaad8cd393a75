"""Sparse autoencoder."""

from collections.abc import Sequence
from typing import Literal

import keras
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.models.autoencoding import Autoencoding
from tfgan_zoo.models.coding import padded_shape
from tfgan_zoo.models.mechanics.gathering import gathered
from tfgan_zoo.models.mechanics.output_ranges import ending_of

PENALTIES = ("kl", "l1")


@keras.saving.register_keras_serializable("tfgan_zoo")
class SparseAutoencoder(Autoencoding):
    """Sparse autoencoder. Ng, lecture notes of CS294A, https://web.stanford.edu/class/cs294a.

    An autoencoder with a penalty on units that are active too often. With the mean activation
    rho^_j of each unit of the code over the batch,

        L = 1/2 E |x - g(f(x))|^2 + beta sum_j KL(rho || rho^_j),

    the Kullback-Leibler divergence of Bernoulli variables with means rho and rho^_j. It is 0 where
    a unit is active for a share rho of the images, and grows to infinity for units that are always
    on or always off. Codes may be longer than images, and still tell what images have in common.

    For tanh units, whose activations lie in [-1, 1], rho^_j is (1 + mean) / 2. Units without bounds
    on both sides, such as ReLU, have no such share; the penalty "l1" takes the sum of absolute
    activations, beta E sum_j |f_j(x)|, instead.

    Departures from the notes:

    - The mean activation is that of the batch, on all replicas together; the notes take that of all
      images. Batches of a hundred images or more keep it steady.
    - Weights decay by `kernel_regularizer` of the layers, if at all.

    A training batch is images `[B, H, W, C]`, uint8 or floats in [-1, 1].

    Args:
        image_shape: (height, width, channels), of any size.
        latent_dim: Number of units of the code; None for that of the given networks.
        encoder: F, from images to codes `[B, latent_dim]`, ending in sigmoid or tanh for the
            penalty "kl"; None for one layer of sigmoid units.
        decoder: G, from codes to images; None for one linear layer.
        rho: The share of images for which a unit should be active, above 0 and below 1.
        sparsity_weight: The weight beta; 0 for a plain autoencoder.
        penalty: "kl" or "l1".
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `ZooModel`.

    Raises:
        InputError: If an argument is out of range, the units have no bounds, or a network's shapes
            do not fit.

    Example:
        >>> model = tfgan_zoo.SparseAutoencoder((28, 28, 1), latent_dim=196)
        >>> model.compile()
        >>> model.fit(images, batch_size=200, epochs=20)
        >>> model.encode(images).mean()  # about rho
    """

    log_names = ("loss", "reconstruction", "sparsity", "mean_activation")
    main_logs = ("loss", "mean_activation")
    uses_global_means = True

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        latent_dim: int | None = 196,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        *,
        rho: float = 0.05,
        sparsity_weight: float = 3.0,
        penalty: Literal["kl", "l1"] = "kl",
        **kwargs,
    ):
        check_number("rho", rho, above=0, below=1)
        check_number("sparsity_weight", sparsity_weight, least=0)
        if penalty not in PENALTIES:
            raise InputError(
                f"penalty: expected {' or '.join(map(repr, PENALTIES))}, got {penalty!r}."
            )
        super().__init__(image_shape, latent_dim, encoder, decoder, **kwargs)
        self.rho, self.sparsity_weight = float(rho), float(sparsity_weight)
        self.penalty = penalty

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

    def build_state(self) -> None:
        """See `Autoencoding.build_state`.

        Raises:
            InputError: If the units of the code have no bounds, for the penalty "kl".
        """
        ending = ending_of(self.encoder)
        bounds = None if ending is None else (round(ending.low, 2), round(ending.high, 2))
        if bounds in ((0.0, 1.0), (-1.0, 1.0)):
            self.code_range = bounds
        elif self.penalty == "kl":
            came = "a linear layer" if ending is None else f"{ending.activation} units"
            raise InputError(
                "encoder: expected a network that ends in sigmoid or tanh, whose mean activation "
                f"is a share, got {came}; give penalty='l1', which takes absolute activations."
            )
        super().build_state()

    def autoencoder_loss(self, images: tf.Tensor, training: bool = True):
        """1/2 E |x - g(f(x))|^2 + beta sum_j KL(rho || rho^_j), or the absolute activations."""
        codes = self.encoded(images, training)
        reconstruction = 0.5 * losses.squared_error(self.decoded(codes, training), images)
        activity = self.activity(codes)
        if self.penalty == "kl":
            sparsity = losses.sparsity_kl(activity, self.rho)
        else:
            sparsity = tf.reduce_mean(tf.reduce_sum(tf.abs(codes), axis=1))
        loss = reconstruction + self.sparsity_weight * sparsity
        return loss, {
            "loss": loss,
            "reconstruction": reconstruction,
            "sparsity": sparsity,
            "mean_activation": tf.reduce_mean(activity),
        }

    def activity(self, codes: tf.Tensor) -> tf.Tensor:
        """Returns rho^_j, the mean activation of each unit over the whole batch."""
        mean = tf.reduce_mean(gathered(codes), axis=0)
        low, high = self.code_range or (0.0, 1.0)
        return (mean - low) / (high - low)

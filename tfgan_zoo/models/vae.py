"""Variational autoencoder."""

from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, networks, noise
from tfgan_zoo.errors import InputError, check_number, check_seed
from tfgan_zoo.models.autoencoding import Autoencoding
from tfgan_zoo.models.coding import padded_shape
from tfgan_zoo.models.mechanics.arguments import check_flag

LIKELIHOODS = ("gaussian", "bernoulli")

#: Codes that `VAE.bound` decodes at a time.
_DECODED = 4096


@keras.saving.register_keras_serializable("tfgan_zoo")
class VAE(Autoencoding):
    """Auto-encoding variational Bayes. Kingma and Welling 2013, https://arxiv.org/abs/1312.6114.

    The encoder returns the mean m and the logarithm of the variance s^2 of codes q(z | x), the
    decoder the parameters of p(x | z), and codes have the prior N(0, I). Both networks minimise

        L = -E_q log p(x | z) + beta KL(q(z | x) || N(0, I)),   z = m + s e,  e ~ N(0, I),

    in nats, summed over the values of an image and over a code, and averaged over images. With beta
    1, -L is a lower bound of log p(x); larger ones make codes say less of the image (Higgins et al.
    2017, https://openreview.net/forum?id=Sy2fzU9gl). With k draws, L is minus the
    importance-weighted bound (Burda et al. 2015, https://arxiv.org/abs/1509.00519)

        log 1/k sum_i p(x | z_i) p(z_i) / q(z_i | x),   z_i ~ q(z | x),

    which is tighter; it is the same for k = 1, but for the KL in closed form.

    Departures from the paper, as in Burda et al. 2015, whose experiments are in reach of a CPU:

    - Both networks have two layers of 200 tanh units and a code of 50. The paper's have one layer
      of 500 and codes of 3 to 200.
    - The optimizer is Adam at 1e-3. The paper has Adagrad, and chose its rate for each experiment.
    - Runs start the decoder's last biases at the mean image, see `start_at_mean`; in Python, call
      it before `fit`.
    - A Gaussian likelihood has one standard deviation, an argument. The paper's decoder returns one
      for each pixel.

    `encode` returns means, and `reconstruct` the decoded means, so both are the same at every call.
    A training batch is images `[B, H, W, C]`, uint8 or floats in [-1, 1].

    Args:
        image_shape: (height, width, channels), of any size.
        latent_dim: Length of a code; None for that of the given networks.
        encoder: From images to means and log-variances, `[B, 2 latent_dim]`; None for
            `networks.mlp_encoder`.
        decoder: From codes to the means of a Gaussian, images in [-1, 1], or to the logits of a
            Bernoulli distribution; None for `networks.mlp_decoder`.
        likelihood: "gaussian" for images in [-1, 1]. "bernoulli" takes pixels scaled to [0, 1] as
            targets: a likelihood of black and white images, and the usual cross-entropy of others.
        sigma: Standard deviation of the Gaussian likelihood, on the scale of [-1, 1]. The smaller
            it is, the more reconstructions count beside the KL.
        beta: Weight of the KL, from 0 up.
        draws: Codes drawn for each image; more than one for the importance-weighted bound.
        binarize: Whether each pixel is drawn as black or white, with its value as the probability,
            again in each step: dynamic binarisation, for a Bernoulli likelihood.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `ZooModel`.

    Raises:
        InputError: If an argument is out of range, or a network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.VAE((28, 28, 1), 50, likelihood="bernoulli", binarize=True)
        >>> model.compile()
        >>> model.fit(digits, batch_size=100, epochs=60)
        >>> model.bound(test_digits, draws=500).mean()  # of log p(x), in nats
        >>> digits = model.generate(16)
    """

    numbers_per_code = 2
    has_prior = True
    has_bound = True
    starts_at_mean = True
    log_names: tuple[str, ...] = ("loss", "reconstruction", "kl")
    main_logs = ("loss", "reconstruction", "kl")

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        latent_dim: int | None = 50,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        *,
        likelihood: Literal["gaussian", "bernoulli"] = "gaussian",
        sigma: float = 1.0,
        beta: float = 1.0,
        draws: int = 1,
        binarize: bool = False,
        **kwargs,
    ):
        if likelihood not in LIKELIHOODS:
            raise InputError(
                f"likelihood: expected {' or '.join(map(repr, LIKELIHOODS))}, got {likelihood!r}."
            )
        check_number("sigma", sigma, above=0)
        check_number("beta", beta, least=0)
        check_number("draws", draws, least=1, whole=True)
        binarize = check_flag("binarize", binarize)
        if likelihood == "bernoulli" and sigma != 1:
            raise InputError(f"sigma: expected 1 for a Bernoulli likelihood, got {sigma!r}.")
        if binarize and likelihood != "bernoulli":
            raise InputError("binarize: expected False for a Gaussian likelihood, got True.")
        if draws > 1 and beta != 1:
            raise InputError(
                f"beta: expected 1 with draws={int(draws)}, whose bound has no KL to weigh, got "
                f"{beta!r}."
            )
        super().__init__(image_shape, latent_dim, encoder, decoder, **kwargs)
        self.likelihood, self.sigma, self.beta = likelihood, float(sigma), float(beta)
        self.draws, self.binarize = int(draws), binarize
        if self.draws > 1:
            self.log_names = (*self.log_names, "gain")

    def default_encoder(self, width: int) -> keras.Model:
        """Returns the encoder of Burda et al."""
        return networks.mlp_encoder(padded_shape(self.image_shape), width, name="encoder")

    def default_decoder(self, latent_dim: int) -> keras.Model:
        """Returns the decoder of Burda et al."""
        return networks.mlp_decoder(
            padded_shape(self.image_shape), latent_dim, output_activation="linear", name="decoder"
        )

    @property
    def decodes_logits(self) -> bool:
        """See `Coding.decodes_logits`: those of a Bernoulli distribution, whose mean is shown."""
        return self.likelihood == "bernoulli"

    # ------------------------------------------------------------------ training

    def autoencoder_loss(self, images: tf.Tensor, training: bool = True):
        """-E_q log p(x | z) + beta KL, or minus the importance-weighted bound of several draws."""
        images = self.binarized(images, self.key("pixels"))
        mean, log_variance = self.posterior(images, training)
        codes = self.drawn(mean, log_variance, self.key("codes"), self.draws)
        log_likelihood = self.log_likelihood(images, codes, training)
        reconstruction = -tf.reduce_mean(log_likelihood)
        kl = tf.reduce_mean(losses.gaussian_kl(mean, log_variance))
        logs = {"reconstruction": reconstruction, "kl": kl}
        if self.draws == 1:
            loss = reconstruction + self.beta * kl
            return loss, {"loss": loss, **logs}
        log_weights = log_likelihood + log_ratio(codes, mean, log_variance)
        loss = -tf.reduce_mean(losses.importance_weighted_bound(log_weights))
        return loss, {"loss": loss, **logs, "gain": reconstruction + kl - loss}

    def posterior(
        self, images: tf.Tensor, training: bool = False, *, shown: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns mean and log-variance of q(z | x), `[B, latent_dim]` each; see `encoded`."""
        mean, log_variance = tf.split(self.encoded(images, training, shown=shown), 2, axis=1)
        return mean, log_variance

    def drawn(
        self, mean: tf.Tensor, log_variance: tf.Tensor, key: tf.Tensor, draws: int | tf.Tensor
    ) -> tf.Tensor:
        """Returns codes of q(z | x), `[draws, B, latent_dim]`."""
        shape = [tf.shape(mean)[0], draws, self.latent_dim]
        e = tf.transpose(noise.normal(key, shape), [1, 0, 2])
        return mean + tf.exp(0.5 * log_variance) * e

    def log_likelihood(
        self, images: tf.Tensor, codes: tf.Tensor, training: bool = False, *, shown: bool = False
    ) -> tf.Tensor:
        """Returns log p(x | z) of codes `[draws, B, latent_dim]`, `[draws, B]`; see `decoded`."""
        codes = tf.reshape(codes, [-1, self.latent_dim])
        decoded = self.decoded(codes, training, shown=shown)
        decoded = tf.reshape(decoded, [-1, tf.shape(images)[0], *self.image_shape])
        if self.decodes_logits:
            return losses.bernoulli_log_likelihood(decoded, (images + 1.0) / 2.0)
        return losses.gaussian_log_likelihood(decoded, images, self.sigma)

    def binarized(self, images: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """Returns images with pixels drawn as black or white, -1 or 1, if the model is for them."""
        if not self.binarize:
            return images
        return tf.where(noise.uniform(key, tf.shape(images)) < (images + 1.0) / 2.0, 1.0, -1.0)

    # ------------------------------------------------------------------ evaluation

    def bound(
        self,
        images: np.ndarray,
        draws: int | None = None,
        seed: int = 0,
        *,
        batch_size: int = 100,
    ) -> np.ndarray:
        """Returns a lower bound of log p(x) of each image, in nats.

        Args:
            images: Images `[num, *image_shape]`, uint8 or floats in [-1, 1]; binarised once if the
                model is for binarised ones.
            draws: Codes drawn for each image, for the importance-weighted bound, whose mean rises
                towards log p(x) with their number; papers have 5,000. None for the variational
                bound: one draw, and the KL in closed form.
            seed: Seed of the draws. They also depend on `batch_size`.
            batch_size: Number of images at a time.

        Returns:
            float64 `[num]`.

        Raises:
            InputError: If the images have another shape, type or range, or a number is out of
                range.

        Example:
            >>> model.bound(images, draws=5000).mean()
        """
        if draws is not None:
            check_number("draws", draws, least=1, whole=True)
        check_number("batch_size", batch_size, least=1, whole=True)
        seed, images = check_seed(seed), self._of_its_shape(images)
        self.check_probabilities(images, "images")
        found = []
        for i in range(0, len(images), int(batch_size)):
            part = self.as_input(images[i : i + int(batch_size)])
            part = self.binarized(part, noise.key("bound, pixels", seed, i))
            found.append(self._bound(part, draws, ("bound", seed, i)))
        if not found:
            raise InputError("bound: expected an image or more, got none.")
        return np.concatenate(found)

    def _bound(
        self, images: tf.Tensor, draws: int | None, purpose: tuple[str | int, ...]
    ) -> np.ndarray:
        batch = tf.TensorSpec([None, *self.image_shape], tf.float32)
        key = tf.TensorSpec([2], tf.int64)
        if draws is None:
            elbo = self.traced("elbo", self._elbo, batch, key)
            return elbo(images, noise.key(*purpose)).numpy().astype(np.float64)
        count = tf.TensorSpec([], tf.int32)
        log_sum = self.traced("log_sum", self._log_sum, batch, key, count)
        at_a_time, parts = max(1, _DECODED // len(images)), []
        for first in range(0, int(draws), at_a_time):
            num = min(at_a_time, int(draws) - first)
            parts.append(log_sum(images, noise.key(*purpose, first), num).numpy())
        return np.logaddexp.reduce(np.array(parts, np.float64), axis=0) - np.log(draws)

    def _elbo(self, images: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        mean, log_variance = self.posterior(images, shown=True)
        codes = self.drawn(mean, log_variance, key, 1)
        log_likelihood = self.log_likelihood(images, codes, shown=True)[0]
        return log_likelihood - losses.gaussian_kl(mean, log_variance)

    def _log_sum(self, images: tf.Tensor, key: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        """Returns the logarithm of the sum of the importance weights of some draws."""
        mean, log_variance = self.posterior(images, shown=True)
        codes = self.drawn(mean, log_variance, key, draws)
        log_likelihood = self.log_likelihood(images, codes, shown=True)
        log_weights = log_likelihood + log_ratio(codes, mean, log_variance)
        return tf.reduce_logsumexp(log_weights, axis=0)


def log_ratio(codes: tf.Tensor, mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Returns log p(z) - log q(z | x) of codes `[draws, B, latent_dim]`, `[draws, B]`."""
    prior = losses.gaussian_log_density(codes)
    return prior - losses.gaussian_log_density(codes, mean, log_variance)

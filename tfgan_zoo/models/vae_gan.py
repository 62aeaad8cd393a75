"""VAE/GAN: an autoencoder that is judged by what a discriminator sees."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

from tfgan_zoo import losses, networks, noise, schedules
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.models.coding import Coding, check_holds
from tfgan_zoo.models.game import Game, check_r1, generator_objective
from tfgan_zoo.models.mechanics.arguments import check_flag, check_image_shape, check_size
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape
from tfgan_zoo.models.mechanics.output_ranges import check_reaches_images, is_made_before


@keras.saving.register_keras_serializable("tfgan_zoo")
class VAEGAN(Coding, Game):
    """Autoencoding beyond pixels. Larsen et al. 2015, https://arxiv.org/abs/1512.09300.

    A VAE whose decoder is the generator of a GAN, and whose reconstructions x' = Dec(z) are
    compared with images in the features F of the discriminator instead of pixel by pixel. With
    z ~ q(z | x) from the encoder, x_p = Dec(z_p) of z_p ~ N(0, I), and

        L_prior = E KL(q(z | x) || N(0, I)),   L_feat = 1/2 E |F(x) - F(x')|^2,

    each network minimises terms of its own:

        L_Enc = beta L_prior + L_feat,
        L_Dec = gamma L_feat + (1 - gamma) (E log(1 - D(x')) + E log(1 - D(x_p))),
        L_D = -E log D(x) - 1/2 (E log(1 - D(x')) + E log(1 - D(x_p))).

    No gradient of L_feat reaches the discriminator, and none of the adversarial terms reaches the
    encoder.

    Departures from the paper, as in the authors' code
    (https://github.com/andersbll/autoencoding_beyond_pixels):

    - Fakes count half in L_D, so that they weigh as much as images; the adversarial term of L_Dec
      has the weight 1 - gamma.
    - The players are balanced: the discriminator rests in steps in which the cost of images,
      -E log D(x), or of fakes is below `equilibrium - margin`, and the decoder in those in which
      one is above `equilibrium + margin`. None of them rests if both would.

    Departures from both:

    - There, all gradients are taken at the same weights. Here the discriminator moves first, then
      the decoder, then the encoder.
    - The code has passes of D for L_feat, of x and x', besides those of the game, of what D judges.
      Here the encoder's pass has x and x', too, but one pass of x, x' and x_p serves both terms
      of L_Dec, which matters to batch normalisation alone.
    - The code adds 1e-3 to probabilities before their logarithm. Here losses take logits.
    - The code decays weights and lowers the rate of RMSProp, from 3.9e-4 in batches of 64. Here the
      rate is constant, and there is no decay, unless an optimizer of yours says so.

    With a discriminator without batch normalisation, two settings of later GANs can take the place
    of the balance, which `margin=None` turns off: `objective="non_saturating"` and an R1 penalty.

    A training batch is images `[B, H, W, C]`, uint8 or floats in [-1, 1].

    Args:
        image_shape: (height, width, channels). The default networks halve sides three times;
            images are padded to multiples of 8.
        latent_dim: Length of a code; None for that of the given networks.
        encoder: From images to means and log-variances of codes, `[B, 2 latent_dim]`; None for the
            authors'.
        decoder: From codes to images; None for the authors'.
        discriminator: From images to logits; None for the authors'.
        feature_layer: Name of the discriminator's layer whose outputs are F.
        gamma: Weight of L_feat for the decoder, in [0, 1]. The features are summed, so it is small;
            the authors' code has 1e-6 for CelebA and 5e-5 by default.
        beta: Weight of L_prior for the encoder; 1 in the paper. L_feat depends on how large the
            features are, which only this weight can make up for.
        objective: The decoder's adversarial terms: "minimax", E log(1 - D(x)), as in the paper, or
            "non_saturating", -E log D(x), whose gradient does not vanish where D is sure.
        judge_reconstructions: Whether the discriminator sees x' besides x_p; the authors' recipe
            for CelebA leaves x' out of L_D and L_Dec.
        margin: How far costs may be from `equilibrium` before a player rests; None for never.
        equilibrium: Cost at which the players are balanced.
        r1_gamma: Weight of 1/2 E|dC/dx|^2 at images, where C are D's logits (Mescheder et al. 2018,
            https://arxiv.org/abs/1801.04406); 0 for none. A number, or a schedule. `d_loss` is
            logged without it.
        r1_every: The penalty is applied in every n-th step, n times as strong.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.

    Raises:
        InputError: If an argument is out of range, or a network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.VAEGAN((32, 32, 3), latent_dim=64)
        >>> model.compile()
        >>> model.fit(images, batch_size=64, epochs=10)
        >>> images = model.generate(16)
        >>> again = model.reconstruct(images)
    """

    kind = "autoencoder"
    numbers_per_code = 2
    has_prior = True
    shown = "decoder"
    takes_logits = True
    has_accuracy = True
    log_prefixes = {"decoder": "g_", "discriminator": "d_"}
    log_names: tuple[str, ...] = (
        *("loss", "kl", "reconstruction"),
        *("d_loss", "d_real", "d_fake", "g_loss", "g_adversarial"),
    )
    main_logs = ("kl", "reconstruction", "d_loss", "g_loss")
    paper_optimizer = {"name": "rmsprop", "learning_rate": 3e-4, "rho": 0.9}
    encoder_optimizer: keras.optimizers.Optimizer | None
    decoder_optimizer: keras.optimizers.Optimizer | None

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 3),
        latent_dim: int | None = 128,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        feature_layer: str = "features",
        gamma: float = 5e-5,
        beta: float = 1.0,
        objective: Literal["minimax", "non_saturating"] = "minimax",
        judge_reconstructions: bool = True,
        margin: float | None = 0.35,
        equilibrium: float = 0.68,
        r1_gamma: schedules.Setting = 0.0,
        r1_every: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_number("gamma", gamma, least=0)
        if gamma > 1:
            raise InputError(f"gamma: expected a number from 0 to 1, got {gamma!r}.")
        check_number("beta", beta, least=0)
        self.r1_gamma, self.r1_every = check_r1(r1_gamma, r1_every)
        if margin is not None:
            check_number("margin", margin, least=0, infinite=True)
            if self.skip_discriminator_above is not None:
                raise InputError(
                    "skip_discriminator_above: expected None beside a margin, which decides when "
                    f"the discriminator rests, got {self.skip_discriminator_above}; give "
                    "margin=None."
                )
            self.log_names = (*self.log_names, "d_idle", "g_idle")
            self.uses_global_means = True
        check_number("equilibrium", equilibrium, above=0)
        self.gamma, self.beta, self.equilibrium = float(gamma), float(beta), float(equilibrium)
        self.adversarial = generator_objective(objective)
        self.objective = objective
        self.margin = None if margin is None else float(margin)
        self.judge_reconstructions = check_flag("judge_reconstructions", judge_reconstructions)
        self.set_networks(image_shape, latent_dim, encoder, decoder)
        if discriminator is None:
            discriminator = networks.vae_gan_discriminator(halved_shape(self.image_shape))
        self.discriminator = discriminator
        check_networks(discriminator=discriminator)
        check_holds("discriminator", "input", discriminator.input_shape, self.image_shape)
        check_shape("discriminator", "output", discriminator.output_shape, (1,))
        self.feature_layer = feature_layer
        self._judge = _Judge(discriminator, feature_layer)

    def default_encoder(self, width: int) -> keras.Model:
        """Returns the authors' encoder."""
        return networks.vae_gan_encoder(halved_shape(self.image_shape), width)

    def default_decoder(self, latent_dim: int) -> keras.Model:
        """Returns the authors' decoder."""
        return networks.vae_gan_decoder(halved_shape(self.image_shape), latent_dim)

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        shape = halved_shape(check_image_shape(arguments["image_shape"]))
        latent_dim = check_size("latent_dim", arguments["latent_dim"])
        return {
            "encoder": ("encoder", (shape, cls.numbers_per_code * latent_dim)),
            "decoder": ("decoder", (shape, latent_dim)),
            "discriminator": ("discriminator", (shape,)),
        }

    def build_state(self) -> None:
        """See `Game.build_state`."""
        if not is_made_before():
            check_reaches_images("decoder", self.decoder)
        super().build_state()

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the networks of each role."""
        return {
            "encoder": [self.encoder],
            "decoder": [self.decoder],
            "discriminator": [self.discriminator],
        }

    def shown_networks(self) -> list[keras.Model]:
        """See `MovingAverage.shown_networks`: both that are used after training."""
        return [self.encoder, self.decoder]

    # ------------------------------------------------------------------ training

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of each player, on the same codes: discriminator, decoder, encoder."""
        images = self.batch(data)["image"]
        statistics = self.record(self.encoded, images, True, role="encoder")
        codes = self.sampled(statistics.value), self.prior(images)
        fakes = self.record(self.decoded, tf.concat(codes, axis=0), True, role="decoder")
        d_logs = self.update("discriminator", self.discriminator_loss, images, fakes.value)
        rests = d_logs.pop("g_idle", tf.zeros([]))
        g_logs = self.update("decoder", self.decoder_loss, images, fakes, rests)
        logs = self.update("encoder", self.encoder_loss, images, statistics)
        return self.end_step(logs | d_logs | g_logs, images)

    def sampled(self, statistics: tf.Tensor) -> tf.Tensor:
        """Returns codes z = m + s e of means m and log-variances log s^2, `[B, 2 latent_dim]`."""
        mean, log_variance = tf.split(statistics, 2, axis=1)
        noises = noise.normal(self.key("codes"), tf.shape(mean))
        return mean + tf.exp(0.5 * log_variance) * noises

    def prior(self, images: tf.Tensor) -> tf.Tensor:
        """Returns codes of the prior N(0, I), as many as there are images."""
        return noise.normal(self.key("latents"), [tf.shape(images)[0], self.latent_dim])

    def features_and_logits(
        self, *batches: tf.Tensor, training: bool
    ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Returns the features and the logits of equally large batches of images.

        They are judged in one, which matters to batch normalisation.
        """
        x = self.padded(tf.concat(batches, axis=0), self.discriminator)
        features, logits = self._judge(x, training)
        return tf.split(features, len(batches)), tf.split(logits, len(batches))

    def logits(self, images: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns the discriminator's logits of images."""
        return self.features_and_logits(images, training=training)[1][0]

    def discriminator_loss(self, images: tf.Tensor, fakes: tf.Tensor, training: bool = True):
        """-E log D(x) - 1/2 (E log(1 - D(x')) + E log(1 - D(x_p)))."""
        made = tf.split(fakes, 2)
        _, (real, reconstructed, sampled) = self.features_and_logits(
            images, *made, training=training
        )
        # Without judged reconstructions, samples count twice: in full.
        others = reconstructed if self.judge_reconstructions else sampled
        loss = losses.matching_aware_discriminator(real, others, sampled)
        judged = tf.concat([others, sampled], axis=0)
        logs = {
            "d_loss": loss,
            "d_real": tf.reduce_mean(real),
            "d_fake": tf.reduce_mean(judged),
            **self.accuracy_logs(real, judged),
        }
        if self.margin is not None:
            logs |= self._who_rests(
                losses.non_saturating_generator(real), -losses.minimax_generator(judged)
            )
        penalty = self.weighted_r1(lambda x: self.logits(x, training), images, training)
        return loss + penalty, logs

    def _who_rests(self, real_cost: tf.Tensor, fake_cost: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns 1 for players that the costs tell to rest, and 0 for the others."""
        assert self.margin is not None
        low, high = self.equilibrium - self.margin, self.equilibrium + self.margin
        costs = tf.stack([self.global_mean(real_cost), self.global_mean(fake_cost)])
        ahead, behind = tf.reduce_any(costs < low), tf.reduce_any(costs > high)
        one = ahead != behind
        return {
            "d_idle": tf.cast(ahead & one, tf.float32),
            "g_idle": tf.cast(behind & one, tf.float32),
        }

    def decoder_loss(
        self, images: tf.Tensor, fakes: tf.Tensor, rests: tf.Tensor, training: bool = True
    ):
        """Gamma L_feat + (1 - gamma) (E log(1 - D(x')) + E log(1 - D(x_p)))."""
        features, (_, reconstructed, sampled) = self.features_and_logits(
            images, *tf.split(fakes, 2), training=training
        )
        adversarial = self.adversarial(sampled)
        if self.judge_reconstructions:
            adversarial += self.adversarial(reconstructed)
        loss = self.gamma * feature_error(features) + (1 - self.gamma) * adversarial
        logs = {"g_loss": loss, "g_adversarial": adversarial}
        return loss, logs if self.margin is None else logs | {"g_idle": rests}

    def encoder_loss(self, images: tf.Tensor, statistics: tf.Tensor, training: bool = True):
        """Beta KL(q(z | x) || N(0, I)) + L_feat."""
        kl = tf.reduce_mean(losses.gaussian_kl(*tf.split(statistics, 2, axis=1)))
        reconstructed = self.decoded(self.sampled(statistics), training)
        features, _ = self.features_and_logits(images, reconstructed, training=training)
        error = feature_error(features)
        loss = self.beta * kl + error
        return loss, {"loss": loss, "kl": kl, "reconstruction": error}

    def apply(self, role: str, gradients: list[tf.Tensor | None], logs: Any) -> Any:
        """Applies a role's gradients, unless the balance of costs tells it to rest."""
        log = {"discriminator": "d_idle", "decoder": "g_idle"}.get(role)
        if self.margin is None or log is None:
            return super().apply(role, gradients, logs)
        self.apply_unless(logs[log] > 0, role, gradients)
        return logs

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        return 0.0, math.log(4)

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        images = self.batch(data, training=False)["image"]
        statistics = self.encoded(images, training=False)
        codes = self.sampled(statistics), self.prior(images)
        fakes = self.decoded(tf.concat(codes, axis=0), training=False)
        _, d_logs = self.discriminator_loss(images, fakes, training=False)
        rests = d_logs.pop("g_idle", tf.zeros([]))
        _, g_logs = self.decoder_loss(images, fakes, rests, training=False)
        _, logs = self.encoder_loss(images, statistics, training=False)
        return logs | d_logs | g_logs

    def samples_and_targets(self, data: Any) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """See `ZooModel.samples_and_targets`."""
        images = self.batch(data, training=False)["image"]
        return {"samples": (self.images_of(self.prior(images)), images)}


class _Judge:
    """A discriminator with two outputs, features and logits, which owns no weights itself."""

    def __init__(self, discriminator: keras.Model, feature_layer: str):
        try:
            features = discriminator.get_layer(feature_layer).output
        except ValueError as error:
            names = ", ".join(layer.name for layer in discriminator.layers)
            raise InputError(
                f"feature_layer: expected a layer of the discriminator, one of {names}, got "
                f"{feature_layer!r}."
            ) from error
        self.network = keras.Model(discriminator.inputs, [features, *discriminator.outputs])

    def __call__(self, images: tf.Tensor, training: bool) -> list[tf.Tensor]:
        return [tf.cast(x, tf.float32) for x in self.network(images, training=training)]


def feature_error(features: Sequence[tf.Tensor]) -> tf.Tensor:
    """1/2 E |F(x) - F(x')|^2, the Gaussian log-likelihood of features but for a constant.

    Args:
        features: Those of images and of reconstructions; others are ignored.
    """
    return 0.5 * losses.squared_error(features[1], features[0])


def halved_shape(image_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the smallest shape that holds another one, with sides that are multiples of 8.

    Example:
        >>> halved_shape((28, 30, 1))
        (32, 32, 1)
    """
    return (*(-(-side // 8) * 8 for side in image_shape[:2]), image_shape[-1])

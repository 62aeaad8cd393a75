"""Generative adversarial text to image synthesis."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, networks, noise
from tfgan_zoo.errors import InputError, check_number, check_seed
from tfgan_zoo.layers.diff_augment import check_policy
from tfgan_zoo.models.base import ZooModel
from tfgan_zoo.models.game import Game, check_r1
from tfgan_zoo.models.joint_embedding import JointEmbedding
from tfgan_zoo.models.mechanics.arguments import (
    check_flag,
    check_image_shape,
    check_num,
    check_seeds,
    check_size,
)
from tfgan_zoo.models.mechanics.batches import describe_batch, parts_of, with_shape
from tfgan_zoo.models.mechanics.functional import run_for_each
from tfgan_zoo.models.mechanics.images import random_images, to_unit_range
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape, check_strings
from tfgan_zoo.models.texts import OnUnknown, ReadsTexts, as_texts
from tfgan_zoo.serving.signatures import Endpoint

#: From a batch of strings to a batch of embeddings.
TextEncoder = Callable[[tf.Tensor], tf.Tensor]


@keras.saving.register_keras_serializable("tfgan_zoo")
class GANCLS(ReadsTexts, Game):
    """Text to image synthesis. Reed et al. 2016, https://arxiv.org/abs/1605.05396.

    A generator G(z, h) of noise and a text's embedding h = phi(t), and a discriminator that judges
    images x together with texts. It is shown real images with their texts, real images with texts
    of others, t^, and generated images:

        s_r = D(x, h),  s_w = D(x, h^),  s_f = D(G(z, h), h),
        L_D = -E[log s_r] - 1/2 (E[log(1 - s_w)] + E[log(1 - s_f)]),
        L_G = -E[log s_f].

    With `interpolation` (GAN-INT-CLS), L_G has a second such term, for embeddings halfway between
    two texts, (h + h^) / 2.

    Departures from the authors' code (https://github.com/reedscot/icml2016, main_cls_int.lua):

    - G's step draws a z of its own there: `fresh_latents=True`. By default, G learns from the
      images that D was shown.
    - The two terms of GAN-INT have weights 2/3 and 1/3 there: `interpolation_weights`. By default,
      both have 1.
    - Its networks differ from the default ones: see `networks.text_conditional_generator` and
      `networks.text_conditional_discriminator`, whose arguments follow most of it.
    - s_w is that of images of other classes with the batch's texts. This class follows the paper,
      which takes the batch's images with the texts of others.
    - Embeddings between texts are the means of the first and the second half of the batch, half as
      many as there are texts; G draws both kinds in one pass, with common batch statistics.
    - An example is drawn as a class, and then an image of it. `tfgan_zoo.data.captioned` goes
      through all images in epochs, and averages captions of an image drawn without replacement,
      the authors with replacement.
    - The learning rate is halved at the start of every hundredth epoch, in the recipes at its end.

    The recipes `gan_cls_cub` and `gan_cls_flowers` follow the first three.

    A training batch is `{"image": x, "text": t, "mismatching_text": t^}` or `(x, t, t^)`: images,
    uint8 or floats in [-1, 1], and for each a text of its own and one that does not describe it
    (`tfgan_zoo.data.captioned` draws both). Texts are strings or, where they were embedded
    beforehand, h itself, shape (batch, embedding_dim). TensorFlow keeps strings on the host: on
    several GPUs give embeddings, as `tfgan_zoo.train` does.

    Args:
        image_shape: (height, width, channels).
        latent_dim: length of z, which is normal.
        embedding_dim: length of h.
        generator: a network of [z, h]; None for the paper's.
        discriminator: a network of [x, h]; None for the paper's.
        text_encoder: phi, from strings (batch,) to (batch, embedding_dim): a Keras model, see
            `JointEmbedding` for how to train one; or a function, which is saved only if it is
            registered with Keras. It stays as it is. None where all texts are embedded beforehand.
        matching_aware: whether D is shown real images with texts of others; without them it is a
            conditional GAN, L_D = -E[log s_r] - E[log(1 - s_f)].
        interpolation: whether G also learns from embeddings between two texts.
        interpolation_weights: weights of G's term for texts and of that for embeddings between
            texts; the authors' code has 2/3 and 1/3.
        fresh_latents: whether G's step draws a z of its own, as in the authors' code. Otherwise G
            learns from the images that D was shown, which saves a pass of G.
        r1_gamma: weight of 1/2 E|dD/dx|^2, before the sigmoid, at real images with their texts;
            see `NoiseToImage` for this and the next two.
        r1_every: applies that penalty in every n-th step, n times as strong.
        diff_augment: any of "color", "translation", "cutout".
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.

    Raises:
        InputError: if an argument is out of range or a network's shapes do not fit.

    Example:
        >>> encoder = tfgan_zoo.networks.word_encoder(128, vocabulary=words)
        >>> joint = tfgan_zoo.JointEmbedding((64, 64, 3), text_encoder=encoder)
        >>> joint.compile()
        >>> joint.fit(dataset, epochs=10)
        >>> model = tfgan_zoo.GANCLS((64, 64, 3), embedding_dim=128, text_encoder=encoder)
        >>> model.compile()
        >>> model.fit(dataset, epochs=100)
        >>> images = model.generate(["a small red circle", "a large blue star"], seed=0)
    """

    takes_logits = True
    batch_parts = ("image", "text", "mismatching_text")
    has_accuracy = True
    log_names: tuple[str, ...] = ("d_loss", "d_real", "d_mismatched", "d_fake", "g_loss")
    #: The paper halves the rate during training.
    paper_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-8}

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 3),
        latent_dim: int = 100,
        embedding_dim: int = 1024,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        text_encoder: keras.Model | TextEncoder | None = None,
        *,
        matching_aware: bool = True,
        interpolation: bool = False,
        interpolation_weights: Sequence[float] = (1.0, 1.0),
        fresh_latents: bool = False,
        r1_gamma: float = 0.0,
        r1_every: int = 1,
        diff_augment: Sequence[str] = (),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.latent_dim = check_size("latent_dim", latent_dim)
        self.embedding_dim = check_size("embedding_dim", embedding_dim)
        self.matching_aware = check_flag("matching_aware", matching_aware)
        self.interpolation = check_flag("interpolation", interpolation)
        self.interpolation_weights = _checked_weights(interpolation_weights)
        self.fresh_latents = check_flag("fresh_latents", fresh_latents)
        check_r1(r1_gamma, r1_every)
        self.r1_gamma, self.r1_every = float(r1_gamma), int(r1_every)
        self.diff_augment = check_policy(diff_augment)
        shape, dim = self.image_shape, self.embedding_dim
        if generator is None:
            generator = networks.text_conditional_generator(shape, self.latent_dim, dim)
        if discriminator is None:
            discriminator = networks.text_conditional_discriminator(shape, dim)
        self.generator, self.discriminator = generator, discriminator
        self.text_encoder = text_encoder
        check_networks(("z", "h"), generator=generator)
        check_networks(("x", "h"), discriminator=discriminator)
        for argument, first in (("generator", (self.latent_dim,)), ("discriminator", shape)):
            came = getattr(self, argument).inputs
            check_shape(argument, "first input", came[0].shape, first)
            check_shape(argument, "second input", came[1].shape, (dim,))
        check_shape("generator", "output", self.generator.output_shape, shape)
        if isinstance(text_encoder, keras.Model):
            check_networks(text_encoder=text_encoder)
            check_strings("text_encoder", text_encoder)
            check_shape("text_encoder", "output", text_encoder.output_shape, (dim,))
            text_encoder.trainable = False
        elif text_encoder is not None and not callable(text_encoder):
            raise InputError(
                "text_encoder: expected a Keras model, a function from strings to embeddings, or "
                f"None, got {text_encoder!r}."
            )
        if not self.matching_aware:
            self.log_names = tuple(n for n in self.log_names if n != "d_mismatched")

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        shape = check_image_shape(arguments["image_shape"])
        latent_dim, dim = (check_size(n, arguments[n]) for n in ("latent_dim", "embedding_dim"))
        return {
            "generator": ("generator", (shape, latent_dim, dim)),
            "discriminator": ("discriminator", (shape, dim)),
            "text_encoder": ("text_encoder", (dim,)),
        }

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the networks of each role."""
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    # ------------------------------------------------------------------ training

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1: one step of the discriminator, then one of the generator."""
        real, text, mismatching = self.batch(data)
        fake = self.record(lambda: self.fakes("latents", text))
        d_logs = self.update(
            "discriminator", self.discriminator_loss, real, text, mismatching, fake.value
        )
        if self.fresh_latents:
            fake = self.record(lambda: self.fakes("generator's latents", text))
        g_logs = self.update("generator", self.generator_loss, fake, text, mismatching)
        return self.end_step(d_logs | g_logs, real)

    def discriminator_loss(self, real, text, mismatching, fake, training: bool = True):
        """-E[log s_r] - 1/2 (E[log(1 - s_w)] + E[log(1 - s_f)])."""
        s_f = self.logits(fake, text, "fake", training)
        if self.matching_aware:
            s_r, s_w = self.logits_for_each(real, (text, mismatching), "real", training)
        else:
            s_r = self.logits(real, text, "real", training)
        scores, false = {"d_real": s_r, "d_fake": s_f}, s_f
        if self.matching_aware:
            loss = losses.matching_aware_discriminator(s_r, s_w, s_f)
            scores["d_mismatched"] = s_w
            false = tf.concat([s_w, s_f], axis=0)
        else:
            loss = losses.cross_entropy_discriminator(s_r, s_f)
        logs = {name: tf.reduce_mean(tf.sigmoid(score)) for name, score in scores.items()}
        logs |= self.accuracy_logs(s_r, false)
        return loss + self.r1(real, text, training), {"d_loss": loss, **logs}

    def generator_loss(self, fake, text, mismatching, training: bool = True):
        """-E[log s_f], and the same for texts between two texts, weighted."""
        s_f = self.logits(fake, text, "generated", training)
        loss = losses.non_saturating_generator(s_f)
        if self.interpolation:
            of_texts, of_between = self.interpolation_weights
            loss *= of_texts
            between = 0.5 * (text + mismatching)
            fake = self.fakes("interpolated", between, training)
            s_f = self.logits(fake, between, "interpolated", training)
            loss += of_between * losses.non_saturating_generator(s_f)
        return loss, {"g_loss": loss}

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        real, text, mismatching = self.batch(data)
        fake = self.fakes("latents", text, training=False)
        _, d_logs = self.discriminator_loss(real, text, mismatching, fake, training=False)
        _, g_logs = self.generator_loss(fake, text, mismatching, training=False)
        return d_logs | g_logs

    def samples_and_targets(self, data: Any) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """See `ZooModel.samples_and_targets`: images of the batch's texts."""
        real, text, _ = self.batch(data)
        return {"samples": (self.fakes("latents", text, training=False), real)}

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        return 0.0, math.log(4)

    def batch(self, data: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns a training batch's images in [-1, 1], their embeddings h, and h^.

        Raises:
            InputError: if one is missing, or has another shape or type.
        """
        parts = parts_of(data, self.batch_parts)
        if len(parts) != 3:
            raise InputError(
                "Training batches: expected (images, texts, mismatching texts), or a dict with the "
                "keys image, text and mismatching_text, as tfgan_zoo.data.captioned gives, got "
                f"{describe_batch(data)}."
            )
        images, *texts = parts
        images = to_unit_range(images, self.image_shape, "Training batches")
        text, mismatching = (self.embeddings(each, "Training batches") for each in texts)
        return images, text, mismatching

    def embeddings(self, texts: Any, name: str = "texts") -> tf.Tensor:
        """Returns phi(texts), float32 of shape (batch, embedding_dim); embeddings as they are.

        Raises:
            InputError: if they are of another shape, or strings without a `text_encoder`.
        """
        texts = as_texts(texts, name)
        if texts.shape.rank is None:
            texts = with_shape(
                texts, () if texts.dtype == tf.string else (self.embedding_dim,), name
            )
        if texts.dtype == tf.string:
            if self.text_encoder is None:
                raise InputError(
                    f"{name}: expected embeddings, as the model has no text_encoder, got strings."
                )
            encode = self.text_encoder
            inference = {"training": False} if isinstance(encode, keras.layers.Layer) else {}
            texts = encode(texts, **inference)
        if not texts.shape.is_compatible_with((None, self.embedding_dim)):
            raise InputError(
                f"{name}: expected strings, or embeddings of shape (batch, {self.embedding_dim}), "
                f"got shape {tuple(texts.shape)}."
            )
        return tf.stop_gradient(tf.cast(texts, tf.float32))

    def fakes(self, purpose: str, text: tf.Tensor, training: bool = True) -> tf.Tensor:
        """Returns G(z, h), from noise of its own for each purpose."""
        z = noise.normal(self.key(purpose), [tf.shape(text)[0], self.latent_dim])
        return self.run(self.generator, [z, text], training)

    def logits(self, images, text, purpose: str, training: bool = True) -> tf.Tensor:
        """Returns D(x, h) before its sigmoid, of images augmented as asked for."""
        return self.run(
            self.discriminator, [self.augment(images, purpose, training), text], training
        )

    def logits_for_each(
        self, images: tf.Tensor, texts: Sequence[tf.Tensor], purpose: str, training: bool = True
    ) -> list[tf.Tensor]:
        """Returns `logits` of the same images with several texts: the images are looked at once."""
        images = self.augment(images, purpose, training)
        scores = run_for_each(self.discriminator, images, texts, training)
        return [tf.cast(each, tf.float32) for each in scores]

    def r1(self, real: tf.Tensor, text: tf.Tensor, training: bool = True) -> tf.Tensor:
        """Returns the R1 penalty with its weight, or zero in the steps that leave it out."""
        return self.weighted_r1(lambda x: self.logits(x, text, "r1"), real, training)

    def start_from(self, other: ZooModel) -> None:
        """Takes over a `JointEmbedding`'s text encoder, or all that another GAN-CLS draws with.

        Raises:
            ValueError: if they are other networks.
        """
        if not isinstance(other, JointEmbedding):
            super().start_from(other)
        if isinstance(self.text_encoder, keras.Model):
            self.text_encoder.set_weights(other.text_encoder.get_weights())

    # ------------------------------------------------------------------ use

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns images, floats in [-1, 1], from (latents, embeddings)."""
        return self.run(self.sampling_network(self.generator), list(inputs), training)

    def sample_latents(self, num: int, seed: int = 0) -> np.ndarray:
        """Draws latents, shape (num, latent_dim); a larger `num` continues a smaller one."""
        return noise.normal(noise.key("sample", check_seed(seed)), [num, self.latent_dim]).numpy()

    def latents_from_seeds(self, seeds: tf.Tensor) -> tf.Tensor:
        """Draws latents, shape (num, latent_dim), each from a seed of its own: int64, (num,)."""
        draw = lambda key: noise.normal(key, [1, self.latent_dim])[0]  # noqa: E731
        rows = noise.for_each(seeds, "sample of a seed", draw)
        return tf.ensure_shape(rows, [None, self.latent_dim])

    def generate(
        self,
        texts: str | Sequence[str] | None = None,
        num: int | None = None,
        seed: int = 0,
        *,
        latents: np.ndarray | None = None,
        seeds: Sequence[int] | np.ndarray | None = None,
        embeddings: np.ndarray | None = None,
        batch_size: int = 64,
        on_unknown: OnUnknown = "warn",
    ) -> np.ndarray:
        """Draws what texts say.

        Args:
            texts: one text, or several: an image of each.
            num: with a single text, how many images of it.
            seed: the same seed gives the same images.
            latents: z, shape (num, latent_dim), instead of `seed`.
            seeds: instead of it too, one for each image, on which that image's noise alone depends:
                the one that a server takes for it.
            embeddings: h, shape (num, embedding_dim), instead of `texts`.
            batch_size: how many at a time.
            on_unknown: what to do about unknown words; see `embed`.

        Returns:
            float32 in [-1, 1], shape (num, *image_shape).

        Raises:
            InputError: if neither or both of `texts` and `embeddings` are given, a text is no
                string, or numbers and shapes do not fit.

        Example:
            >>> images = model.generate(["a small red circle", "a large blue star"], seed=0)
            >>> variations = model.generate("a small red circle", num=16)
        """
        if (texts is None) == (embeddings is None):
            raise InputError("generate: expected either texts or embeddings.")
        if texts is not None:
            embeddings = self.embed(texts, batch_size=batch_size, on_unknown=on_unknown)
        embeddings = np.asarray(embeddings, np.float32)
        if embeddings.shape[1:] != (self.embedding_dim,) or len(embeddings) == 0:
            raise InputError(
                f"embeddings: expected one or more, shape (num, {self.embedding_dim}), got "
                f"{embeddings.shape}."
            )
        if num is not None:
            if check_num(num) and len(embeddings) != 1:
                raise InputError(
                    "num: expected a number of images of a single text, got "
                    f"{num} for {len(embeddings)} texts."
                )
            embeddings = np.repeat(embeddings, num, axis=0)
        if seeds is not None:
            if latents is not None:
                raise InputError("generate: expected either latents or seeds.")
            latents = self.latents_from_seeds(tf.constant(check_seeds(seeds))).numpy()
        if latents is None:
            latents = self.sample_latents(len(embeddings), seed)
        latents = np.asarray(latents, np.float32)
        if latents.shape != (len(embeddings), self.latent_dim):
            raise InputError(
                f"latents: expected shape {(len(embeddings), self.latent_dim)}, got "
                f"{latents.shape}."
            )
        return self.predict((latents, embeddings), batch_size=batch_size, verbose=0)

    def endpoints(self) -> dict[str, Endpoint]:
        """From texts with a seed for each, or from latents and embeddings, to images.

        Images are floats in [-1, 1]. Without a `text_encoder` there is the second one only.
        """

        def generate(text, seed):
            return {"images": self.call((self.latents_from_seeds(seed), self.embeddings(text)))}

        def from_embeddings(latents, embeddings):
            return {"images": self.call((latents, embeddings))}

        text = (
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([None], tf.int64, name="seed"),
        )
        numbers = (
            tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents"),
            tf.TensorSpec([None, self.embedding_dim], tf.float32, name="embeddings"),
        )
        both = {
            "generate": Endpoint(generate, text, _example_texts),
            "generate_from_embeddings": Endpoint(
                from_embeddings,
                numbers,
                lambda n: {
                    "latents": self.sample_latents(n),
                    "embeddings": random_images((self.embedding_dim,), n, 0),
                },
            ),
        }
        if self.text_encoder is None:
            del both["generate"]
        return both

    def example_batch(self, batch_size: int, seed: int = 0) -> dict[str, np.ndarray]:
        """See `ZooModel.example_batch`."""

        def texts(seed: int) -> np.ndarray:
            if self.text_encoder is None:
                return random_images((self.embedding_dim,), batch_size, seed)
            random = np.random.default_rng(seed)
            drawn = zip(*(random.choice(words, batch_size) for words in _WORDS), strict=True)
            return np.array([f"a {colour} {shape}" for colour, shape in drawn], object)

        return {
            "image": random_images(self.image_shape, batch_size, 3 * seed),
            "text": texts(3 * seed + 1),
            "mismatching_text": texts(3 * seed + 2),
        }


_WORDS = (("red", "green", "blue"), ("circle", "square", "ring"))


def _example_texts(num: int) -> dict[str, np.ndarray]:
    return {"text": np.array(["a red circle"] * num, object), "seed": np.arange(num)}


def _checked_weights(weights: Any) -> tuple[float, float]:
    if not isinstance(weights, (list, tuple)) or len(weights) != 2:
        raise InputError(
            "interpolation_weights: expected two numbers, those of G's terms for texts and between "
            f"texts, got {weights!r}."
        )
    for weight in weights:
        check_number("interpolation_weights", weight, least=0)
    return float(weights[0]), float(weights[1])


def _is_registered(function: Any) -> bool:
    return function is not None and keras.saving.get_registered_name(function) != getattr(
        function, "__name__", None
    )

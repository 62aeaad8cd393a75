"""Generative adversarial text to image synthesis."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.models.base import ZooModel
from tfgan_zoo.models.joint_embedding import JointEmbedding
from tfgan_zoo.models.mechanics import parts
from tfgan_zoo.models.mechanics.arguments import (
    check_flag,
    check_image_shape,
    check_num,
    check_size,
)
from tfgan_zoo.models.mechanics.frozen import Frozen
from tfgan_zoo.models.mechanics.functional import run_for_each
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape, check_strings
from tfgan_zoo.models.noise_to_image import NoiseToImage, packed
from tfgan_zoo.models.texts import OnUnknown, ReadsTexts
from tfgan_zoo.serving.signatures import Endpoint

#: From a batch of strings to a batch of embeddings.
TextEncoder = Callable[[tf.Tensor], tf.Tensor]


@keras.saving.register_keras_serializable("tfgan_zoo")
class GANCLS(ReadsTexts, NoiseToImage):
    """Text to image synthesis. Reed et al. 2016, https://arxiv.org/abs/1605.05396.

    A generator G(z, h) of noise and the embedding h = phi(t) of a text, and a discriminator that
    judges images x together with texts. It is shown real images with their texts, real images with
    mismatching texts, t^, and generated images:

        s_r = D(x, h),  s_w = D(x, h^),  s_f = D(G(z, h), h),
        L_D = -E[log s_r] - 1/2 (E[log(1 - s_w)] + E[log(1 - s_f)]),
        L_G = -E[log s_f].

    With `interpolation` (GAN-INT-CLS), L_G has a second such term, for embeddings halfway between
    two texts, (h + h^) / 2. With `l1_weight`, L_G also has that many times E|x - G(z, h)|, the
    distance to the image that h describes, as in PyTorch's public examples of this game. Where a
    text leaves little open, G then learns much faster; where it leaves much open, images blur.

    Departures from the authors' code (https://github.com/reedscot/icml2016, main_cls_int.lua):

    - G's step draws a z of its own there: `fresh_latents=True`. By default, G learns from the
      images that D was shown.
    - The two terms of GAN-INT have weights 2/3 and 1/3 there: `interpolation_weights`. By default,
      both have 1.
    - Its networks differ from the default ones: see `networks.text_conditional_generator` and
      `networks.text_conditional_discriminator`, whose arguments follow most of it.
    - There, s_w scores images of other classes with the batch's texts. This class follows the
      paper, which takes the batch's images with mismatching texts.
    - Embeddings between texts are the means of the first and the second half of the batch, half as
      many as there are texts; G draws both kinds in one pass, with common batch statistics.
    - An example is drawn as a class, and then an image of it. `tfgan_zoo.data.captioned` goes
      through all images in epochs, and averages captions of an image drawn without replacement,
      the authors with replacement.
    - The learning rate is halved at the start of every hundredth epoch, in the recipes at its end.

    The recipes `gan_cls_cub` and `gan_cls_flowers` follow the first three.

    A training batch is `{"image": x, "text": t, "mismatching_text": t^}` or `(x, t, t^)`: images,
    uint8 or floats in [-1, 1], and for each a text of its own and one that does not describe it
    (`tfgan_zoo.data.captioned` draws both). Texts are strings, or their embeddings h
    `[B, embedding_dim]`. TensorFlow keeps strings on the host: on several GPUs give embeddings, as
    `tfgan_zoo.train` does.

    Args:
        image_shape: (height, width, channels).
        latent_dim: Length of z, which is normal.
        embedding_dim: Length of h.
        generator: A network of [z, h]; None for the paper's.
        discriminator: A network of [x, h]; None for the paper's.
        text_encoder: Phi, from strings `[B]` to `[B, embedding_dim]`: a Keras model, see
            `JointEmbedding` for how to train one; or a function, which is saved only if it is
            registered with Keras. It is not trained. None if all texts are embedded beforehand.
        matching_aware: Whether D is shown real images with mismatching texts; without them it is a
            conditional GAN, L_D = -E[log s_r] - E[log(1 - s_f)].
        interpolation: Whether G also learns from embeddings between two texts.
        interpolation_weights: Weights of G's terms for texts and for embeddings between texts; the
            authors' code has 2/3 and 1/3.
        fresh_latents: Whether G's step draws a z of its own, as in the authors' code. Otherwise G
            learns from the images that D was shown, which saves a pass of G.
        l1_weight: Weight of the distance between what G draws of a text and the real image that
            the text describes, the mean of absolute differences of images in [-1, 1].
        **kwargs: Packing, penalties, augmentation, averaging and seed: see `NoiseToImage`.

    Raises:
        InputError: If an argument is out of range or a network's shapes do not fit.

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

    kind = "text_to_image"
    condition = ("text",)
    optional_functions = ("text_encoder",)
    has_accuracy = True
    scores_have_zero = True
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
        l1_weight: float = 0.0,
        **kwargs,
    ):
        # The base checks the networks against it.
        self.embedding_dim = check_size("embedding_dim", embedding_dim)
        check_image_shape(image_shape)
        super().__init__(image_shape, latent_dim, generator, discriminator, **kwargs)
        self.text_encoder = text_encoder
        self.matching_aware = check_flag("matching_aware", matching_aware)
        self.interpolation = check_flag("interpolation", interpolation)
        self.interpolation_weights = _checked_weights(interpolation_weights)
        self.fresh_latents = check_flag("fresh_latents", fresh_latents)
        check_number("l1_weight", l1_weight, least=0)
        self.l1_weight = float(l1_weight)
        if isinstance(text_encoder, keras.Model):
            check_networks(text_encoder=text_encoder)
            check_strings("text_encoder", text_encoder)
            came = text_encoder.output_shape
            check_shape("text_encoder", "output", came, (self.embedding_dim,))
        elif text_encoder is not None and not callable(text_encoder):
            raise InputError(
                "text_encoder: expected a Keras model, a function from strings to embeddings, or "
                f"None, got {text_encoder!r}."
            )
        if not self.matching_aware:
            self.log_names = tuple(n for n in self.log_names if n != "d_mismatched")
        if self.l1_weight:
            self.log_names += ("g_l1",)

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns the paper's generator."""
        return networks.text_conditional_generator(image_shape, latent_dim, self.embedding_dim)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the paper's discriminator."""
        dim = self.embedding_dim * self.packing
        return networks.text_conditional_discriminator(image_shape, dim)

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        slots = super().network_arguments(**arguments)
        dim = check_size("embedding_dim", arguments["embedding_dim"])
        dims = {"generator": (dim,), "discriminator": packed((dim,), arguments["packing"])}
        return {
            **{name: (role, (*shapes, *dims[name])) for name, (role, shapes) in slots.items()},
            "text_encoder": ("text_encoder", (dim,)),
        }

    def frozen_networks(self) -> dict[str, Frozen]:
        """See `ZooModel.frozen_networks`: the text encoder, if it is a Keras model."""
        encoder = self.text_encoder
        is_network = isinstance(encoder, keras.Model)
        return {"text_encoder": Frozen(lambda: encoder)} if is_network else {}

    def batch_spec(self) -> dict[str, tf.TensorSpec]:
        """See `ZooModel.batch_spec`; with a text encoder, texts can be embeddings too."""
        text = tf.TensorSpec([None], tf.string)
        if self.text_encoder is None:
            text = self.condition_spec()["text"]
        return super().batch_spec() | {"text": text, "mismatching_text": text}

    def condition_spec(self) -> dict[str, tf.TensorSpec]:
        """See `NoiseToImage.condition_spec`: the networks take embeddings."""
        return {"text": tf.TensorSpec([None, self.embedding_dim], tf.float32)}

    # ------------------------------------------------------------------ training

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1: one step of the discriminator, then one of the generator."""
        real, text, mismatching = self.batch(data).values()
        fake = self.record_fakes("latents", real, (text,))
        d_logs = self.update(
            "discriminator", self.discriminator_loss, real, text, mismatching, fake.value
        )
        if self.fresh_latents:
            fake = self.record_fakes("generator's latents", real, (text,))
        g_logs = self.update("generator", self.generator_loss, fake, real, text, mismatching)
        return self.end_step(d_logs | g_logs, real)

    def discriminator_loss(  # type: ignore[override]
        self, real, text, mismatching, fake, training: bool = True
    ):
        """-E[log s_r] - 1/2 (E[log(1 - s_w)] + E[log(1 - s_f)])."""
        s_f = self.logits(fake, "fake", (text,), training)
        if self.matching_aware:
            s_r, s_w = self.logits_for_each(real, (text, mismatching), "real", training)
        else:
            s_r = self.logits(real, "real", (text,), training)
        scores, false = {"d_real": s_r, "d_fake": s_f}, s_f
        if self.matching_aware:
            loss = losses.matching_aware_discriminator(s_r, s_w, s_f)
            scores["d_mismatched"] = s_w
            false = tf.concat([s_w, s_f], axis=0)
        else:
            loss = losses.cross_entropy_discriminator(s_r, s_f)
        logs = {name: tf.reduce_mean(tf.sigmoid(score)) for name, score in scores.items()}
        logs |= self.accuracy_logs(s_r, false)
        return loss + self.penalties(real, fake, (text,), training), {"d_loss": loss, **logs}

    def generator_loss(  # type: ignore[override]
        self, fake, real, text, mismatching, training: bool = True
    ):
        """-E[log s_f], the same for texts between two texts, and E|x - G(z, h)|, weighted."""
        s_f = self.logits(fake, "generated", (text,), training)
        loss = losses.non_saturating_generator(s_f)
        if self.interpolation:
            of_texts, of_between = self.interpolation_weights
            between = 0.5 * (text + mismatching)
            halfway = self.fakes("interpolated", between, (between,), training)
            s_f = self.logits(halfway, "interpolated", (between,), training)
            loss = of_texts * loss + of_between * losses.non_saturating_generator(s_f)
        if not self.l1_weight:
            return loss, {"g_loss": loss}
        l1 = losses.l1(fake, real)
        loss += self.l1_weight * l1
        return loss, {"g_loss": loss, "g_l1": l1}

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        real, text, mismatching = self.batch(data, training=False).values()
        fake = self.fakes("latents", real, (text,), training=False)
        _, d_logs = self.discriminator_loss(real, text, mismatching, fake, training=False)
        _, g_logs = self.generator_loss(fake, real, text, mismatching, training=False)
        return d_logs | g_logs

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        return 0.0, math.log(4)

    def as_declared(self, name: str, value: Any, called: str) -> tf.Tensor:
        """See `ZooModel.as_declared`: texts are embedded."""
        if name == "image":
            return super().as_declared(name, value, called)
        return self.embeddings(value, called)

    def embeddings(self, texts: Any, name: str = "texts") -> tf.Tensor:
        """Returns phi(texts), float32 `[B, embedding_dim]`; embeddings as they are.

        Raises:
            InputError: If they have another shape, or are strings without a `text_encoder`.
        """
        texts = parts.as_texts(texts, name)
        if texts.shape.rank is None:
            shape = () if texts.dtype == tf.string else (self.embedding_dim,)
            texts = parts.with_shape(texts, shape, name)
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

    def logits_for_each(
        self, images: tf.Tensor, texts: Sequence[tf.Tensor], purpose: str, training: bool = True
    ) -> list[tf.Tensor]:
        """Returns `logits` of the same images with several texts; images are processed once."""
        x = self.pack(self.augment(images, purpose, training))
        scores = run_for_each(self.discriminator, x, [self.pack(h) for h in texts], training)
        return [tf.cast(each, tf.float32) for each in scores]

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

    def generate(  # type: ignore[override]
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
        """Draws images of texts.

        Args:
            texts: One text, or several: an image of each.
            num: Number of images of a single text.
            seed: The same seed gives the same images.
            latents: z, `[num, latent_dim]`, instead of `seed`.
            seeds: A seed for the noise of each image, instead of `seed`. A server makes the same
                image from the same text and seed.
            embeddings: h, `[num, embedding_dim]`, instead of `texts`.
            batch_size: Number of images made at a time, on each replica.
            on_unknown: What to do about unknown words; see `embed`.

        Returns:
            float32 `[num, *image_shape]`, in [-1, 1].

        Raises:
            InputError: If neither or both of `texts` and `embeddings` are given, a text is no
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
            advice = "; give one as x[np.newaxis]" * (embeddings.shape == (self.embedding_dim,))
            raise InputError(
                f"embeddings: expected one or more, shape (num, {self.embedding_dim}), got "
                f"{embeddings.shape}{advice}."
            )
        if num is not None and check_num(num) and len(embeddings) != 1:
            raise InputError(
                "num: expected a number of images of a single text, got "
                f"{num} for {len(embeddings)} texts."
            )
        return super().generate(
            num, seed, latents=latents, seeds=seeds, batch_size=batch_size, text=embeddings
        )

    def endpoints(self) -> dict[str, Endpoint]:
        """From texts with a seed for each, or from latents and embeddings, to images.

        Images are floats in [-1, 1]. Without a `text_encoder` there is the second one only.
        """

        def generate(text, seed):
            return {"images": self.call((self.latents_from_seeds(seed), self.embeddings(text)))}

        def from_embeddings(latents, embeddings):
            return {"images": self.call((latents, embeddings))}

        text = tf.TensorSpec([None], tf.string, name="text")
        seed = tf.TensorSpec([None], tf.int64, name="seed")
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")
        embeddings = tf.TensorSpec([None, self.embedding_dim], tf.float32, name="embeddings")
        both = {
            "generate": Endpoint(
                generate,
                (text, seed),
                lambda n: {"text": parts.random_values(text, n), "seed": np.arange(n)},
            ),
            "generate_from_embeddings": Endpoint(
                from_embeddings,
                (latents, embeddings),
                lambda n: {
                    "latents": self.sample_latents(n),
                    "embeddings": parts.random_values(embeddings, n),
                },
            ),
        }
        if self.text_encoder is None:
            del both["generate"]
        return both


def _checked_weights(weights: Any) -> tuple[float, float]:
    if not isinstance(weights, (list, tuple)) or len(weights) != 2:
        raise InputError(
            "interpolation_weights: expected two numbers, those of G's terms for texts and between "
            f"texts, got {weights!r}."
        )
    for weight in weights:
        check_number("interpolation_weights", weight, least=0)
    return float(weights[0]), float(weights[1])

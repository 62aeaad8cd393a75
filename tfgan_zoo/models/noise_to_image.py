"""What the games that turn noise into images have in common besides their losses."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import networks, noise
from tfgan_zoo.errors import InputError, check_number, check_seed
from tfgan_zoo.layers.diff_augment import check_policy
from tfgan_zoo.models.game import Game, check_r1
from tfgan_zoo.models.mechanics.arguments import (
    check_image_shape,
    check_num,
    check_seeds,
    check_size,
    constructor_arguments,
)
from tfgan_zoo.models.mechanics.batches import asserted, describe_batch, parts_of
from tfgan_zoo.models.mechanics.images import random_images, to_unit_range
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape, latent_dim_of
from tfgan_zoo.models.mechanics.output_ranges import is_made_before
from tfgan_zoo.serving.signatures import Endpoint


class NoiseToImage(Game):
    """A generator G(z) and a discriminator C(x) of single images, or of points.

    A training batch is images, shape (batch, height, width, channels): uint8, or floats in
    [-1, 1]; or vectors, shape (batch, size). `(images, labels)` and `{"image": images}` are
    accepted too, and anything besides the images is ignored. One batch feeds one train step, so it
    holds `discriminator_steps` times `packing` times the batch size that a paper speaks of; see
    `samples_per_step`.

    Args:
        image_shape: (height, width, channels), or (size,) for vectors.
        latent_dim: length of z; taken from `generator` where one is given and this is left out.
        generator: a network from (batch, latent_dim) to images; None for the paper's.
        discriminator: a network from images, `packing` of them stacked along the channels, to
            logits; None for the paper's.
        latent_distribution: "normal", N(0, 1), or "uniform", U(-1, 1).
        packing: m, the number of samples the discriminator judges together, against mode collapse
            (PacGAN, Lin et al. 2018, https://arxiv.org/abs/1712.04086); 1 is off.
        r1_gamma: weight of 1/2 E|dC/dx|^2 at real samples (Mescheder et al. 2018,
            https://arxiv.org/abs/1801.04406); 0 is off.
        r1_every: applies that penalty in every n-th step, n times as strong (Karras et al. 2020,
            https://arxiv.org/abs/1912.04958), which saves its time in the others, though not under
            `jit_compile`.
        diff_augment: any of "color", "translation", "cutout": augments what the discriminator sees,
            real and fake (DiffAugment, Zhao et al. 2020, https://arxiv.org/abs/2006.10738).
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.

    Raises:
        InputError: if an argument is out of range or a network's shapes do not fit `image_shape`
            or `latent_dim`.
    """

    takes_logits = True
    log_names: tuple[str, ...] = ("d_loss", "d_real", "d_fake", "g_loss")

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 3),
        latent_dim: int = 100,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        latent_distribution: Literal["normal", "uniform"] = "normal",
        packing: int = 1,
        r1_gamma: float = 0.0,
        r1_every: int = 1,
        diff_augment: Sequence[str] = (),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape, vectors=True)
        if generator is None or latent_dim is not None:
            latent_dim = check_size("latent_dim", latent_dim)
        check_number("packing", packing, least=1, whole=True)
        check_r1(r1_gamma, r1_every)
        if latent_distribution not in ("normal", "uniform"):
            raise InputError(
                f"latent_distribution: expected 'normal' or 'uniform', got {latent_distribution!r}."
            )
        self.latent_distribution = latent_distribution
        self.packing = int(packing)
        self.r1_gamma = float(r1_gamma)
        self.r1_every = int(r1_every)
        self.diff_augment = check_policy(diff_augment)
        if self.diff_augment and len(self.image_shape) == 1:
            raise InputError("diff_augment: expected image data, got vectors; leave it empty.")
        given = generator is not None
        packed_shape = _packed(self.image_shape, self.packing)
        if generator is None:
            generator = self.default_generator(self.image_shape, latent_dim)
        if discriminator is None:
            discriminator = self.default_discriminator(packed_shape)
        self.generator = generator
        self.discriminator = discriminator
        check_networks(generator=generator, discriminator=discriminator)
        check_shape("generator", "output", self.generator.output_shape, self.image_shape)
        check_shape("discriminator", "input", self.discriminator.input_shape, packed_shape)
        self.latent_dim = latent_dim_of(generator)
        # The default is taken for an argument that was left out.
        default = constructor_arguments(type(self))["latent_dim"]
        other = latent_dim not in (None, default, self.latent_dim)
        if given and other and not is_made_before():
            raise InputError(
                f"latent_dim: expected {self.latent_dim}, which the generator takes, got "
                f"{latent_dim}; leave it out."
            )

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns the paper's generator."""
        if len(image_shape) == 1:
            return networks.mlp_generator(image_shape, latent_dim)
        return networks.dcgan_generator(image_shape, latent_dim)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the paper's discriminator."""
        if len(image_shape) == 1:
            return networks.mlp_discriminator(image_shape)
        return networks.dcgan_discriminator(image_shape)

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the networks of each role."""
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        shape = check_image_shape(arguments["image_shape"], vectors=True)
        latent_dim = check_size("latent_dim", arguments["latent_dim"])
        packing = check_size("packing", arguments["packing"])
        return {
            "generator": ("generator", (shape, latent_dim)),
            "discriminator": ("discriminator", (_packed(shape, packing),)),
        }

    def example_batch(self, batch_size: int, seed: int = 0) -> np.ndarray:
        """See `ZooModel.example_batch`."""
        return random_images(self.image_shape, self.samples_per_step(batch_size), seed)

    def samples_per_step(self, batch_size: int) -> int:
        """See `ZooModel.samples_per_step`."""
        return batch_size * self.packing * self.discriminator_steps

    def batch_multiple(self, training: bool) -> int:
        """See `ZooModel.batch_multiple`: without training, nothing is shared out over steps."""
        return self.samples_per_step(1) if training else self.packing

    # ------------------------------------------------------------------ the parts of a train step

    def images(self, data: Any, training: bool = True) -> tf.Tensor:
        """Returns the images of a batch as floats in [-1, 1].

        Args:
            data: the batch.
            training: whether they are to be shared out over the discriminator's steps.

        Raises:
            InputError: if their shape is not `image_shape`, or their number cannot be shared
                out evenly over packs, and discriminator steps.
        """
        parts = parts_of(data, self.batch_parts)
        if not parts:
            raise InputError(
                "Training batches: expected images, (images, ...) or a dict with the key image, "
                f"got {describe_batch(data)}."
            )
        images = to_unit_range(parts[0], self.image_shape, "Training batches")
        share, count = self.batch_multiple(training), images.shape[0]
        kind, steps = "Test", ""
        advice = "batch a tf.data.Dataset with drop_remainder=True"
        if training:
            kind, steps = "Training", f" x discriminator steps {self.discriminator_steps}"
            if share > 1:
                size = "batch_size" if count is None else count
                value = "" if count is None else f" = {self.samples_per_step(count)}"
                advice = (
                    f"give each step model.samples_per_step({size}){value} samples, and {advice}"
                )
        expected = (
            f"{kind} batches: expected a multiple of {share} samples "
            f"(packing {self.packing}{steps}) on each replica, got"
        )
        if count is None:
            number = tf.shape(images)[0]
            # The mean over an empty share is NaN.
            divides = (number > 0) & (number % share == 0)
            check = asserted(divides, expected, number, f"; {advice}.")
            with tf.control_dependencies(check):
                return tf.identity(images)
        if count % share:
            raise InputError(f"{expected} {count}; {advice}.")
        return images

    def fresh_batches(self, images: tf.Tensor) -> Iterator[tf.Tensor]:
        """Shares a training batch out over the discriminator steps; random numbers are fresh too.

        Samples are dealt like cards, so that the i-th steps of all replicas together see what the
        i-th step of a single device would.
        """
        phase, counter = self.random_phase[0], self.random_phase[-1]
        for i in range(self.discriminator_steps):
            with self.random_phase_of(phase, i, counter):
                yield images[i :: self.discriminator_steps]

    def latents(self, purpose: str, count: tf.Tensor) -> tf.Tensor:
        """Draws z, shape (count, latent_dim)."""
        return self._draw_latents(self.key(purpose), count)

    def _draw_latents(self, key: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        if self.latent_distribution == "uniform":
            return noise.uniform(key, [count, self.latent_dim], -1.0, 1.0)
        return noise.normal(key, [count, self.latent_dim])

    def fakes(self, purpose: str, real: tf.Tensor, training: bool = True) -> tf.Tensor:
        """Generates as many images as there are in `real`, from noise of their own."""
        z = self.latents(purpose, tf.shape(real)[0])
        return self.run(self.generator, z, training)

    def record_fakes(self, purpose: str, real: tf.Tensor):
        """Generates like `fakes`, for one or more updates to share; see `record`."""
        return self.record(lambda: self.fakes(purpose, real))

    def pack(self, images: tf.Tensor) -> tf.Tensor:
        """Stacks every `packing` consecutive samples along the last axis."""
        if self.packing == 1:
            return images
        packs = tf.reshape(images, [-1, self.packing, *self.image_shape])
        return tf.concat(tf.unstack(packs, axis=1), axis=-1)

    def logits(self, images: tf.Tensor, purpose: str, training: bool = True) -> tf.Tensor:
        """Returns C(x), float32, of images packed and augmented as asked for."""
        seen = self.pack(self.augment(images, purpose, training))
        return self.run(self.discriminator, seen, training)

    def r1(self, real: tf.Tensor, training: bool = True) -> tf.Tensor:
        """Returns the R1 penalty with its weight, or zero in the steps that leave it out."""
        # It is a mean over samples; the discriminator's input is a pack of them.
        return self.packing * self.weighted_r1(lambda x: self.logits(x, "r1"), real, training)

    def discriminator_loss(self, real, fake, training: bool = True):
        """Returns (loss, logs) of the discriminator."""
        raise NotImplementedError

    def generator_loss(self, fake, real, training: bool = True):
        """Returns (loss, logs) of the generator."""
        raise NotImplementedError

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        real = self.images(data, training=False)
        fake = self.fakes("latents", real, training=False)
        _, d_logs = self.discriminator_loss(real, fake, training=False)
        _, g_logs = self.generator_loss(fake, real, training=False)
        return d_logs | g_logs

    def samples_and_targets(self, data: Any) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """See `ZooModel.samples_and_targets`."""
        real = self.images(data, training=False)
        return {"samples": (self.fakes("latents", real, training=False), real)}

    # ------------------------------------------------------------------ use

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns images, floats in [-1, 1], from latents of shape (batch, latent_dim)."""
        return self.run(self.sampling_network(self.generator), inputs, training)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> np.ndarray:
        """Makes images from latents, as Keras' `predict` does; `generate` draws them as well.

        Args:
            x: latents, shape (num, latent_dim), or a dataset of batches of them.
            *args: what else Keras' `predict` takes.
            **kwargs: the same.

        Raises:
            InputError: if they have another shape.
        """
        first = x.element_spec if isinstance(x, tf.data.Dataset) else x
        shape = getattr(first, "shape", None)
        if shape is not None and not tf.TensorShape(shape).is_compatible_with(
            (None, self.latent_dim)
        ):
            raise InputError(
                f"predict: expected latents, shape (num, {self.latent_dim}), got {tuple(shape)}; "
                "use generate, which draws them."
            )
        return super().predict(x, *args, **kwargs)

    def sample_latents(self, num: int, seed: int = 0) -> np.ndarray:
        """Draws latents, shape (num, latent_dim); a larger `num` continues a smaller one."""
        return self._draw_latents(noise.key("sample", check_seed(seed)), num).numpy()

    def latents_from_seeds(self, seeds: tf.Tensor) -> tf.Tensor:
        """Draws latents, shape (num, latent_dim), each from a seed of its own: int64, (num,)."""
        rows = noise.for_each(seeds, "sample of a seed", lambda k: self._draw_latents(k, 1)[0])
        return tf.ensure_shape(rows, [None, self.latent_dim])

    def generate(
        self,
        num: int | None = None,
        seed: int = 0,
        *,
        latents: np.ndarray | None = None,
        seeds: Sequence[int] | np.ndarray | None = None,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Makes images.

        Args:
            num: how many.
            seed: the same seed gives the same images.
            latents: z, shape (num, latent_dim), instead of `num` and `seed`.
            seeds: instead of them too, a seed for each image, on which that image alone depends:
                the one that a server's `generate_from_seed` gives for it.
            batch_size: how many at a time.

        Returns:
            float32 in [-1, 1], shape (num, *image_shape).

        Raises:
            InputError: if not one of `num`, `latents` and `seeds` is given, or one has the wrong
                shape.

        Example:
            >>> images = model.generate(16, seed=0)
            >>> again = model.generate(seeds=[7, 7])  # twice the same
        """
        if sum(given is not None for given in (num, latents, seeds)) != 1:
            raise InputError("generate: expected either num or latents or seeds.")
        if seeds is not None:
            latents = self.latents_from_seeds(tf.constant(check_seeds(seeds))).numpy()
        if num is not None:
            latents = self.sample_latents(check_num(num), seed)
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim or len(latents) == 0:
            raise InputError(
                f"latents: expected one or more, shape (num, {self.latent_dim}), got "
                f"{latents.shape}."
            )
        return self.predict(latents, batch_size=batch_size, verbose=0)

    def endpoints(self) -> dict[str, Endpoint]:
        """From latents, or from a seed for each image, to images, floats in [-1, 1]."""
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")
        seed = tf.TensorSpec([None], tf.int64, name="seed")
        return {
            "generate": Endpoint(
                lambda latents: {"images": self.call(latents)},
                (latents,),
                lambda n: {"latents": self.sample_latents(n)},
            ),
            "generate_from_seed": Endpoint(
                lambda seed: {"images": self.call(self.latents_from_seeds(seed))},
                (seed,),
                lambda n: {"seed": np.arange(n, dtype=np.int64)},
            ),
        }

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments; networks are serialised with the model."""
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "latent_distribution": self.latent_distribution,
            "packing": self.packing,
            "r1_gamma": self.r1_gamma,
            "r1_every": self.r1_every,
            "diff_augment": list(self.diff_augment),
        }


def _packed(image_shape: Sequence[int], packing: int) -> tuple[int, ...]:
    # A config's networks are made before the model can look at it.
    check_number("packing", packing, least=1, whole=True)
    *size, channels = image_shape
    return (*size, channels * packing)

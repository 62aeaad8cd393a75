"""The base of games in which a generator makes images, or points or voxels, from noise."""

import functools
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import networks, noise
from tfgan_zoo.errors import InputError, check_number, check_seed
from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.layers.diff_augment import check_policy
from tfgan_zoo.models.conditional import Conditional, FakeLabels, Given
from tfgan_zoo.models.game import Game, check_r1
from tfgan_zoo.models.mechanics import classes, parts
from tfgan_zoo.models.mechanics.arguments import (
    check_image_shape,
    check_num,
    check_seeds,
    check_size,
    constructor_arguments,
)
from tfgan_zoo.models.mechanics.functional import run_on_mixtures
from tfgan_zoo.models.mechanics.network_checks import check_inputs, check_shape, latent_dim_of
from tfgan_zoo.models.mechanics.output_ranges import is_made_before
from tfgan_zoo.samples import IMAGES, POINTS, VOXELS, kind_of
from tfgan_zoo.serving.signatures import Endpoint


def _adapted(method: Callable) -> Callable:
    """Adapts a hook of a class that may have been written before there were conditions.

    A hook without a parameter `given` is called without an empty condition. One that has it takes
    `training` in its place too, where `training` stood.
    """
    names = list(inspect.signature(method).parameters)

    @functools.wraps(method)
    def called(self, *args, **kwargs):
        conditions = [arg for arg in (*args, kwargs.pop("given", ())) if isinstance(arg, tuple)]
        if any(conditions):
            raise InputError(
                f"{method.__qualname__}: expected a parameter given, as the model has a condition, "
                "got none."
            )
        return method(self, *(arg for arg in args if not isinstance(arg, tuple)), **kwargs)

    @functools.wraps(method)
    def called_with_condition(self, *args, **kwargs):
        place = names.index("given") - 1
        if len(args) > place and isinstance(args[place], bool):
            args, kwargs["training"] = args[:place], args[place]
        return method(self, *args, **kwargs)

    return called_with_condition if "given" in names else called


def _adapted_batches(method: Callable) -> Callable:
    """Adapts `fresh_batches` of a class that may have been written before there were conditions."""
    if "given" in inspect.signature(method).parameters:
        return method
    without_condition = _adapted(method)

    @functools.wraps(method)
    def called(self, images, given=None):
        shares = without_condition(self, images, given or ())
        return shares if given is None else ((share, ()) for share in shares)

    return called


#: Hooks that subclasses may override as in earlier versions, and what adapts them. `NoiseToImage`
#: decorates its own hooks as well, since such overrides pass `training` to `super()` where `given`
#: stands now.
_ADAPTED = {
    "fakes": _adapted,
    "record_fakes": _adapted,
    "logits": _adapted,
    "gradient_norms": _adapted,
    "r1": _adapted,
    "discriminator_loss": _adapted,
    "generator_loss": _adapted,
    "fresh_batches": _adapted_batches,
}


class NoiseToImage(Conditional):
    """A generator G(z) and a discriminator C(x) of single images, or of points or voxels.

    A training batch is images `[B, H, W, C]`: uint8, or floats in [-1, 1]; or voxels
    `[B, D, H, W, C]`; or points `[B, size]`. `(images, labels)` and `{"image": images}` are
    accepted too, and anything besides the images is ignored. One batch feeds one train step, so it
    holds `discriminator_steps` times `packing` times the batch size of a paper; see
    `samples_per_step`.

    With `num_classes`, the game is conditional on classes: batches are `(images, labels)` or
    `{"image": images, "label": labels}`, and the networks G([z, label]) and C([x, label]). Other
    conditions are for subclasses, which name the parts in `condition` and declare them in
    `batch_spec`. Their networks are G([z, *given]) and C([x, *given]):

        class LabelledGAN(DCGAN):
            condition = ("label",)

            def batch_spec(self):
                return super().batch_spec() | {"label": tf.TensorSpec([None], tf.int32)}

    Args:
        image_shape: (height, width, channels), (size,) for points, or (depth, height, width,
            channels) for voxels.
        latent_dim: Length of z; taken from `generator` if one is given and this is left out.
        generator: A network from latents `[B, latent_dim]` to images; None for the paper's.
        discriminator: A network from images, `packing` of them stacked along the channels, to
            logits; None for the paper's.
        latent_distribution: "normal", N(0, 1), or "uniform", U(-1, 1).
        packing: m, the number of samples the discriminator judges together, against mode collapse
            (PacGAN, Lin et al. 2018, https://arxiv.org/abs/1712.04086); 1 is off. A condition is
            packed like the images.
        r1_gamma: Weight of 1/2 E|dC/dx|^2 at real samples (Mescheder et al. 2018,
            https://arxiv.org/abs/1801.04406); 0 is off.
        r1_every: Applies that penalty in every n-th step, n times as strong (Karras et al. 2020,
            https://arxiv.org/abs/1912.04958), which saves its time in the others, though not under
            `jit_compile`.
        diff_augment: Any of "color", "translation", "cutout": augments what the discriminator sees,
            real and fake (DiffAugment, Zhao et al. 2020, https://arxiv.org/abs/2006.10738).
        r2_gamma: Weight of the same penalty at fakes, in the same steps; 0 is off.
        num_classes: Number of classes that the networks are told; None or 0 for none. Labels are
            whole numbers from 0, or exactly one-hot rows. The paper's networks then embed the class
            (see `networks.classes`).
        class_names: The names of the classes, by number, for `generate(label="ring")`.
        fake_labels: The classes of the fakes in training: "shuffled", those of the real batch in
            another order; "real", those of the real batch, so that a pair has one class; "uniform",
            all classes equally often. Each fake is judged with its own. None for what suits the
            game.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.

    Raises:
        InputError: If an argument is out of range, or a network's shapes do not fit `image_shape`,
            `latent_dim` or the condition, or it does not know all classes.
    """

    kind = "noise_to_image"
    sample_factors = ("packing", "discriminator_steps")
    takes_logits = True
    log_names: tuple[str, ...] = ("d_loss", "d_real", "d_fake", "g_loss")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, adapted in _ADAPTED.items():
            # A plain mixin may bring a hook, too.
            owner = next((c for c in cls.__mro__ if name in vars(c)), None)
            if owner is cls or not (owner is None or issubclass(owner, Game)):
                setattr(cls, name, adapted(vars(owner)[name]))

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
        r2_gamma: float = 0.0,
        num_classes: int | None = None,
        class_names: Sequence[str] = (),
        fake_labels: FakeLabels | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape, (IMAGES, POINTS, VOXELS))
        if generator is None or latent_dim is not None:
            latent_dim = check_size("latent_dim", latent_dim)
        check_number("packing", packing, least=1, whole=True)
        check_r1(r1_gamma, r1_every)
        check_number("r2_gamma", r2_gamma, least=0)
        self._init_condition(num_classes, class_names, fake_labels)
        if latent_distribution not in ("normal", "uniform"):
            raise InputError(
                f"latent_distribution: expected 'normal' or 'uniform', got {latent_distribution!r}."
            )
        self.latent_distribution = latent_distribution
        self.packing = int(packing)
        self.r1_gamma = float(r1_gamma)
        self.r1_every = int(r1_every)
        self.r2_gamma = float(r2_gamma)
        self._penalises_fakes = False
        self.diff_augment = check_policy(diff_augment)
        kind = kind_of(self.image_shape)
        if self.diff_augment and not kind.is_drawn:
            raise InputError(f"diff_augment: expected image data, got {kind.name}; leave it empty.")
        has_generator = generator is not None
        packed_shape = packed(self.image_shape, self.packing)
        if generator is None:
            generator = self.default_generator(self.image_shape, latent_dim)
        if discriminator is None:
            discriminator = self.default_discriminator(packed_shape)
        self.generator = generator
        self.discriminator = discriminator
        given = {name: tuple(spec.shape[1:]) for name, spec in self.condition_spec().items()}
        given_packed = {name: packed(shape, self.packing) for name, shape in given.items()}
        check_inputs("generator", generator, {"z": None, **given})
        check_shape("generator", "output", self.generator.output_shape, self.image_shape)
        told = given_packed if self.judges_condition else {}
        check_inputs("discriminator", discriminator, {"x": packed_shape, **told})
        if self.num_classes is not None:
            place = 1 + self.condition.index("label")
            known = np.arange(self.num_classes)
            classes.check_labels(known, [generator, discriminator], place, "num_classes")
        self.latent_dim = latent_dim_of(generator)
        # An argument that was left out has its default.
        default = constructor_arguments(type(self))["latent_dim"]
        other = latent_dim not in (None, default, self.latent_dim)
        if has_generator and other and not is_made_before():
            raise InputError(
                f"latent_dim: expected {self.latent_dim}, which the generator takes, got "
                f"{latent_dim}; leave it out."
            )

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns the paper's generator."""
        make = (
            networks.dcgan_generator if kind_of(image_shape) is IMAGES else networks.mlp_generator
        )
        return make(image_shape, latent_dim, self.num_classes)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the paper's discriminator."""
        is_images = kind_of(image_shape) is IMAGES
        make = networks.dcgan_discriminator if is_images else networks.mlp_discriminator
        return make(image_shape, self.num_classes, self.packing)

    def compile(self, *optimizers: Any, **settings: Any) -> None:
        """Prepares the game for training; see `Game.compile`.

        Raises:
            InputError: If XLA is to compile losses that exchange labels with other replicas, or as
                `Game.compile` says.
        """
        several = self.distribute_strategy.num_replicas_in_sync > 1
        if settings.get("jit_compile") is True and several and self.fake_labels == "shuffled":
            raise InputError(
                "jit_compile: expected False on several replicas with fake_labels='shuffled', as "
                "XLA cannot exchange their labels, got True; or give fake_labels='uniform'."
            )
        super().compile(*optimizers, **settings)

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the networks of each role."""
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        shape = check_image_shape(arguments["image_shape"], (IMAGES, POINTS, VOXELS))
        latent_dim = check_size("latent_dim", arguments["latent_dim"])
        packing = check_size("packing", arguments["packing"])
        known = classes.check_num_classes(arguments.get("num_classes"))
        of_generator = () if known is None else (known,)
        of_discriminator = () if known is None else (known, packing)
        return {
            "generator": ("generator", (shape, latent_dim, *of_generator)),
            "discriminator": ("discriminator", (packed(shape, packing), *of_discriminator)),
        }

    def samples_per_step(self, batch_size: int) -> int:
        """See `ZooModel.samples_per_step`."""
        return batch_size * self.packing * self.discriminator_steps

    def batch_multiple(self, training: bool) -> int:
        """See `ZooModel.batch_multiple`: a test batch is not divided among steps."""
        return self.samples_per_step(1) if training else self.packing

    # ------------------------------------------------------------------ the parts of a train step

    def batch(self, data: Any, training: bool = True) -> dict[str, tf.Tensor]:
        """See `ZooModel.batch`.

        Raises:
            InputError: If a part is missing, or has another shape or type than declared, or the
                number of samples cannot be divided evenly among packs and discriminator steps.
        """
        found = super().batch(data, training)
        return found | {"image": self._divisible(found["image"], training)}

    def _divisible(self, images: tf.Tensor, training: bool) -> tf.Tensor:
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
            check = parts.asserted(divides, expected, number, f"; {advice}.")
            with tf.control_dependencies(check):
                return tf.identity(images)
        if count % share:
            raise InputError(f"{expected} {count}; {advice}.")
        return images

    def real(self, data: Any, training: bool = True) -> tuple[tf.Tensor, Given]:
        """Returns the images of a batch, floats in [-1, 1], and its condition; see `batch`."""
        if not self.condition:
            return self.images(data, training), ()
        found = self.batch(data, training)
        return found["image"], tuple(found[name] for name in self.condition)

    def images(self, data: Any, training: bool = True) -> tf.Tensor:
        """Returns the images of a batch as floats in [-1, 1]; see `batch`."""
        return self.batch(data, training)["image"]

    def fresh_batches(self, images: tf.Tensor, given: Given | None = None) -> Iterator[Any]:
        """Divides a training batch among the discriminator steps, which draw fresh noise too.

        Samples are dealt like cards, so that the i-th steps of all replicas together see the same
        samples as the i-th step of a single device.

        Args:
            images: The images of the batch.
            given: Its condition, possibly empty.

        Yields:
            The share of each step: (images, given), or the images alone without `given`.
        """
        phase, counter = self.random_phase[0], self.random_phase[-1]
        steps = self.discriminator_steps
        for i in range(steps):
            with self.random_phase_of(phase, i, counter):
                share = images[i::steps]
                yield share if given is None else (share, tuple(part[i::steps] for part in given))

    def latents(self, purpose: str, count: tf.Tensor) -> tf.Tensor:
        """Draws z, `[count, latent_dim]`."""
        return self._draw_latents(self.key(purpose), count)

    def _draw_latents(
        self, key: tf.Tensor, count: tf.Tensor | int, truncation: float | None = None
    ) -> tf.Tensor:
        if self.latent_distribution == "uniform":
            return noise.uniform(key, [count, self.latent_dim], -1.0, 1.0)
        if truncation is not None:
            return truncated_normal(key, [count, self.latent_dim], truncation)
        return noise.normal(key, [count, self.latent_dim])

    @_adapted
    def fakes(
        self, purpose: str, real: tf.Tensor, given: Given = (), training: bool = True
    ) -> tf.Tensor:
        """Returns G(z), or G([z, *given]): as many images as `real` has, from noise of their own.

        Args:
            purpose: Noise differs from purpose to purpose.
            real: A batch; only its number of samples matters.
            given: Its condition.
            training: Whether the generator trains.
        """
        z = self.latents(purpose, tf.shape(real)[0])
        return self.run(self.generator, [z, *given] if given else z, training)

    def record_fakes(self, purpose: str, real: tf.Tensor, given: Given = ()):
        """Returns `fakes`, recorded for one or more updates to share; see `record`."""
        return self.record(lambda: self.fakes(purpose, real, given))

    def update_average_statistics(self, real: tf.Tensor, asked: Given = ()) -> None:
        """Updates the batch statistics of the averaged generator, if it has its own.

        Args:
            real: A batch; only its number of samples matters.
            asked: The condition of the samples, see `asked`.
        """
        if self.averages and self.average_has_own_statistics:
            z = self.latents("statistics of the average", tf.shape(real)[0])
            self.run(self.averages[0], [z, *asked] if asked else z, training=True)

    def standing_statistics(self, num: int = 1024, batch_size: int = 64, seed: int = 0) -> None:
        """Replaces the batch statistics that samples are drawn with by means over many batches.

        Brock et al. 2018, https://arxiv.org/abs/1809.11096, appendix D. The statistics are those of
        the generator whose samples are shown: the moving average, if there is one. Training goes on
        with the usual moving statistics.

        Args:
            num: Number of images to make; their last batch is left out if it is smaller.
            batch_size: Number of images in a batch.
            seed: Seed of their latents; classes follow one another.

        Raises:
            InputError: If the model has a condition other than classes, or the numbers are no whole
                ones, or there is no batch.
        """
        check_number("batch_size", batch_size, least=1, whole=True)
        check_number("num", num, least=batch_size, whole=True)
        if self.condition and self.num_classes is None:
            raise InputError(
                "standing_statistics: expected a model without a condition, or with num_classes, "
                f"got one with the condition {' and '.join(self.condition)}."
            )
        network = self.sampling_network(self.generator)
        statistics = [
            layer
            for layer in layers_of(network)
            if isinstance(layer, keras.layers.BatchNormalization)
        ]
        before = [(layer.momentum, layer.trainable) for layer in statistics]
        latents = self.sample_latents(num, seed)
        labels = np.arange(num) % (self.num_classes or 1)
        try:
            for i in range(num // batch_size):
                rows = slice(i * batch_size, (i + 1) * batch_size)
                for layer in statistics:
                    layer.trainable, layer.momentum = True, i / (i + 1)
                z, asked = tf.constant(latents[rows]), tf.constant(labels[rows], tf.int32)
                self.run(network, [z, asked] if self.condition else z, training=True)
        finally:
            for layer, (momentum, trainable) in zip(statistics, before, strict=True):
                layer.momentum, layer.trainable = momentum, trainable

    def pack(self, samples: tf.Tensor) -> tf.Tensor:
        """Stacks every `packing` consecutive samples, or entries of a condition, on the last axis.

        Of labels, which have no axis of their own, this makes `[B / packing, packing]`.
        """
        if self.packing == 1:
            return samples
        packs = tf.reshape(samples, [-1, self.packing, *samples.shape[1:]])
        if packs.shape.rank == 2:
            return packs
        return tf.concat(tf.unstack(packs, axis=1), axis=-1)

    @_adapted
    def logits(
        self, images: tf.Tensor, purpose: str, given: Given = (), training: bool = True
    ) -> tf.Tensor:
        """Returns C(x), or C([x, *given]), float32: images and condition packed, images augmented.

        Args:
            images: A batch of real or generated images.
            purpose: Augmentation differs from purpose to purpose.
            given: The condition of these images.
            training: Whether the discriminator trains.
        """
        x = self.pack(self.augment(images, purpose, training))
        inputs = [x, *map(self.pack, given)] if given else x
        return self.run(self.discriminator, inputs, training)

    @_adapted
    def r1(self, real: tf.Tensor, given: Given = (), training: bool = True) -> tf.Tensor:
        """Returns the weighted R1 penalty; zero in the steps without it."""

        def logits(images: tf.Tensor) -> tf.Tensor:
            return self.logits(images, "r1", given)

        # It is a mean over samples; the discriminator's input is a pack of them.
        return self.packing * self.weighted_r1(logits, real, training)

    def r2(self, fake: tf.Tensor, asked: Given = (), training: bool = True) -> tf.Tensor:
        """Returns the weighted R2 penalty, R1 at fakes; zero in the steps without it.

        Args:
            fake: Generated images.
            asked: Their condition, see `asked`.
            training: Whether the discriminator trains.
        """

        def logits(images: tf.Tensor) -> tf.Tensor:
            return self.logits(images, "r2", asked)

        self._penalises_fakes = True
        return self.packing * self.weighted_r1(logits, fake, training, self.r2_gamma)

    def penalties(
        self, real: tf.Tensor, fake: tf.Tensor, given: Given = (), training: bool = True
    ) -> tf.Tensor:
        """Returns `r1` at real samples and, if asked for, `r2` at fakes: a term of D's loss."""
        penalty = self.r1(real, given, training)
        if self.r2_gamma:
            penalty += self.r2(fake, self.asked(given, training), training)
        return penalty

    def end_step(self, logs: Mapping[str, tf.Tensor], images: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `ZooModel.end_step`.

        Raises:
            InputError: If there is to be an R2 penalty and the discriminator's loss has none.
        """
        if self.r2_gamma and not self._penalises_fakes:
            raise InputError(
                f"r2_gamma: expected 0, as {type(self).__name__}.discriminator_loss has no such "
                f"term, got {self.r2_gamma}; add self.penalties(real, fake, given, training) to it "
                "in place of self.r1(real, given, training)."
            )
        return super().end_step(logs, images)

    def discriminator_loss(self, real, fake, given: Given = (), training: bool = True):
        """Returns (loss, logs) of the discriminator."""
        raise NotImplementedError

    def generator_loss(self, fake, real, given: Given = (), training: bool = True):
        """Returns (loss, logs) of the generator."""
        raise NotImplementedError

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        real, given = self.real(data, training=False)
        fake = self.fakes("latents", real, self.asked(given, training=False), training=False)
        _, d_logs = self.discriminator_loss(real, fake, given, training=False)
        _, g_logs = self.generator_loss(fake, real, given, training=False)
        return d_logs | g_logs

    def samples_and_targets(self, data: Any) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """See `ZooModel.samples_and_targets`."""
        real, given = self.real(data, training=False)
        return {"samples": (self.fakes("latents", real, given, training=False), real)}

    # ------------------------------------------------------------------ use

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """Returns images, floats in [-1, 1], from latents `[B, latent_dim]`.

        Args:
            inputs: The latents; of a conditional model, (latents, *given), where labels are class
                numbers `[B]` or mixtures of classes `[B, num_classes]`.
            training: Whether the generator trains.
        """
        network = self.sampling_network(self.generator)
        if not self.condition:
            return self.run(network, inputs, training)
        inputs = list(inputs)
        if self.num_classes is not None:
            place = 1 + self.condition.index("label")
            if tf.as_dtype(inputs[place].dtype).is_floating:
                return run_on_mixtures(network, inputs, place, training)
        return self.run(network, inputs, training)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> np.ndarray:
        """Makes images from latents, as Keras' `predict` does; `generate` draws them as well.

        Args:
            x: Latents `[num, latent_dim]`, or a dataset of batches of them; of a conditional model,
                (latents, *given).
            *args: As for Keras' `predict`.
            **kwargs: As for Keras' `predict`.

        Raises:
            InputError: If the latents have another shape.
        """
        leaves = tf.nest.flatten(x.element_spec if isinstance(x, tf.data.Dataset) else x)
        shape = getattr(next(iter(leaves), None), "shape", None)
        if shape is not None and not tf.TensorShape(shape).is_compatible_with(
            (None, self.latent_dim)
        ):
            raise InputError(
                f"predict: expected latents, shape (num, {self.latent_dim}), got {tuple(shape)}; "
                "use generate, which draws them."
            )
        return super().predict(x, *args, **kwargs)

    def sample_latents(
        self, num: int, seed: int = 0, truncation: float | None = None
    ) -> np.ndarray:
        """Draws latents `[num, latent_dim]`; a larger `num` continues a smaller one.

        Args:
            num: Number of latents.
            seed: The same seed gives the same latents.
            truncation: See `generate`.
        """
        self._check_truncation(truncation)
        key = noise.key("sample", check_seed(seed))
        return self._draw_latents(key, num, truncation).numpy()

    def latents_from_seeds(self, seeds: tf.Tensor, truncation: float | None = None) -> tf.Tensor:
        """Draws latents `[num, latent_dim]`, each from a seed of its own: int64 `[num]`."""
        self._check_truncation(truncation)
        rows = noise.for_each(
            seeds, "sample of a seed", lambda k: self._draw_latents(k, 1, truncation)[0]
        )
        return tf.ensure_shape(rows, [None, self.latent_dim])

    def _check_truncation(self, truncation: float | None) -> None:
        if truncation is None:
            return
        check_number("truncation", truncation, above=0)
        if self.latent_distribution != "normal":
            raise InputError(
                f"truncation: expected None for a model whose latents are "
                f"{self.latent_distribution}, got {truncation}; it is for normal ones."
            )

    def generate(
        self,
        num: int | None = None,
        seed: int = 0,
        *,
        latents: np.ndarray | None = None,
        seeds: Sequence[int] | np.ndarray | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
        **given: Any,
    ) -> np.ndarray:
        """Makes images.

        Args:
            num: Number of images. A conditional model makes one for each entry of its condition if
                this is left out.
            seed: The same seed gives the same images.
            latents: z, `[num, latent_dim]`, instead of `seed`.
            seeds: A seed for each image, instead of `seed`. The image depends on no other seed, and
                is the one that a server's `generate_from_seed` makes from it.
            truncation: Draws each number of z again until it is at most this far from 0: smaller
                values give more typical images that differ less (Brock et al. 2018,
                https://arxiv.org/abs/1809.11096). For normal latents; None for all of them.
            batch_size: Number of images made at a time.
            **given: The condition, by name: an entry for each image, or a single one for all. A
                `label` is a class number, one of `class_names`, or a mixture of classes: a row of
                `num_classes` weights that add up to 1.

        Returns:
            float32 `[num, *image_shape]`, in [-1, 1].

        Raises:
            InputError: If the number of images is not given, or in two ways; or an argument has the
                wrong shape; or the condition is incomplete.

        Example:
            >>> images = model.generate(16, seed=0)
            >>> again = model.generate(seeds=[7, 7])  # twice the same
            >>> threes = conditional.generate(16, label=3)
            >>> digits = conditional.generate(label=range(10))
            >>> rings = conditional.generate(16, label="ring", truncation=0.7)
        """
        condition = self.condition_of(given)
        count = None if num is None else check_num(num)
        ways = [each is not None for each in (num, latents, seeds)]
        if sum(ways[1:]) > 1 or (not condition and sum(ways) != 1):
            either = "latents or seeds" if condition else "num or latents or seeds"
            raise InputError(f"generate: expected either {either}.")
        for name, values in condition.items():
            if len(values) > 1 and count not in (None, len(values)):
                raise InputError(f"{name}: expected one entry, or {count}, got {len(values)}.")
            if len(values) > 1:
                count = len(values)
        if latents is not None and truncation is not None:
            raise InputError(f"truncation: expected None beside latents, got {truncation!r}.")
        if seeds is not None:
            rows_of = tf.constant(check_seeds(seeds))
            latents = self.latents_from_seeds(rows_of, truncation).numpy()
        if latents is None:
            latents = self.sample_latents(count or 1, seed, truncation)
        latents = np.asarray(latents, np.float32)
        rows = len(latents) if count is None else count
        if latents.shape != (rows, self.latent_dim) or rows == 0:
            expected = f"shape ({rows}, {self.latent_dim})"
            if count is None:
                expected = f"one or more, shape (num, {self.latent_dim})"
            raise InputError(f"latents: expected {expected}, got {latents.shape}.")
        if not condition:
            return self.predict(latents, batch_size=batch_size, verbose=0)
        entries = (np.repeat(v, rows // len(v), axis=0) for v in condition.values())
        return self.predict((latents, *entries), batch_size=batch_size, verbose=0)

    def endpoints(self) -> dict[str, Endpoint]:
        """From latents, or from a seed for each image, to images, floats in [-1, 1].

        A conditional model also takes its condition, a tensor for each part.
        """
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")
        seed = tf.TensorSpec([None], tf.int64, name="seed")
        condition = self.condition_spec()
        given = tuple(tf.TensorSpec(s.shape, s.dtype, name) for name, s in condition.items())
        made = kind_of(self.image_shape).tensor

        def generate(latents, *given):
            return {made: self.call((latents, *given) if given else latents)}

        def generate_from_seed(seed, *given):
            return generate(self.latents_from_seeds(seed), *given)

        def example(num):
            return {name: parts.random_values(each, num) for name, each in condition.items()}

        return {
            "generate": Endpoint(
                generate,
                (latents, *given),
                lambda n: {"latents": self.sample_latents(n), **example(n)},
            ),
            "generate_from_seed": Endpoint(
                generate_from_seed,
                (seed, *given),
                lambda n: {"seed": np.arange(n, dtype=np.int64), **example(n)},
            ),
        }


def packed(shape: Sequence[int], packing: int) -> tuple[int, ...]:
    """Returns the shape of `packing` samples, or entries of a condition, on the last axis."""
    # A config's networks are made before the model can look at it.
    check_number("packing", packing, least=1, whole=True)
    if not shape:
        return () if packing == 1 else (packing,)
    return (*shape[:-1], shape[-1] * packing)


def truncated_normal(key: tf.Tensor, shape: Sequence[Any], truncation: float) -> tf.Tensor:
    """Draws from N(0, 1), again until each number is at most `truncation` from 0.

    Numbers within the bound are those that are drawn without it. The others are drawn from the
    truncated distribution at once, by its inverse distribution function.

    Args:
        key: Seed from `noise.key`.
        shape: See `noise.normal`.
        truncation: The bound.
    """
    z = noise.normal(key, shape)
    bound = tf.constant(truncation, tf.float64)
    share = tf.math.erf(bound / math.sqrt(2.0))
    u = tf.cast(noise.uniform(noise.derived(key, "truncated"), shape), tf.float64)
    inside = math.sqrt(2.0) * tf.math.erfinv((2.0 * u - 1.0) * share)
    inside = tf.clip_by_value(tf.cast(inside, tf.float32), -truncation, truncation)
    return tf.where(tf.abs(z) <= truncation, z, inside)

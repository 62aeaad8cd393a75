"""The base of games in which a generator makes images, or points or voxels, from noise."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import networks, schedules
from tfgan_zoo.data.voxels import check_not_binary
from tfgan_zoo.errors import InputError, check_num_classes, check_number
from tfgan_zoo.models.augmented import Augmented
from tfgan_zoo.models.conditional import FakeLabels, Given
from tfgan_zoo.models.game import Game, check_r1
from tfgan_zoo.models.mechanics import classes, parts
from tfgan_zoo.models.mechanics.arguments import (
    check_image_shape,
    check_size,
    constructor_arguments,
)
from tfgan_zoo.models.mechanics.network_checks import check_inputs, check_shape, latent_dim_of
from tfgan_zoo.models.mechanics.output_ranges import is_made_before
from tfgan_zoo.models.sampling import Sampling
from tfgan_zoo.samples import IMAGES, POINTS, VOXELS, kind_of


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


class NoiseToImage(Augmented, Sampling):
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
            https://arxiv.org/abs/1801.04406); 0 is off. It may be a schedule over train steps, see
            `schedules.Cosine`.
        r1_every: Applies that penalty in every n-th step, n times as strong (Karras et al. 2020,
            https://arxiv.org/abs/1912.04958), which saves its time in the others, though not under
            `jit_compile`.
        r2_gamma: Weight of the same penalty at fakes, in the same steps; 0 is off. It may be a
            schedule, too.
        num_classes: Number of classes that the networks are told; None or 0 for none. Labels are
            whole numbers from 0, or exactly one-hot rows. The paper's networks then embed the class
            (see `networks.classes`).
        class_names: The names of the classes, by number, for `generate(label="ring")`.
        fake_labels: The classes of the fakes in training: "shuffled", those of the real batch in
            another order; "real", those of the real batch, so that a pair has one class; "uniform",
            all classes equally often. Each fake is judged with its own. None for what suits the
            game.
        **kwargs: What the discriminator's inputs are augmented by, see `Augmented`; `seed`,
            `ema_half_life`, `ema_ramp_up`, `name`, see `Game`.

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
        r1_gamma: schedules.Setting = 0.0,
        r1_every: int = 1,
        r2_gamma: schedules.Setting = 0.0,
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
        self.r1_gamma, self.r1_every = check_r1(r1_gamma, r1_every)
        self._init_condition(num_classes, class_names, fake_labels)
        if latent_distribution not in ("normal", "uniform"):
            raise InputError(
                f"latent_distribution: expected 'normal' or 'uniform', got {latent_distribution!r}."
            )
        self.latent_distribution = latent_distribution
        self.packing = int(packing)
        self.r2_gamma = schedules.checked("r2_gamma", r2_gamma, least=0)
        self._penalises_fakes = False
        self.check_augmentation()
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
        known = check_num_classes(arguments.get("num_classes"))
        of_generator = () if known is None else (known,)
        of_discriminator = () if known is None else (known, packing)
        return {
            "generator": ("generator", (shape, latent_dim, *of_generator)),
            "discriminator": ("discriminator", (packed(shape, packing), *of_discriminator)),
        }

    @property
    def real_batches(self) -> int:
        """Batches of real samples that a train step takes: by default, one per update of D."""
        return self.discriminator_steps

    def samples_per_step(self, batch_size: int) -> int:
        """See `ZooModel.samples_per_step`."""
        return batch_size * self.packing * self.real_batches

    def batch_multiple(self, training: bool) -> int:
        """See `ZooModel.batch_multiple`: a test batch is not divided among steps."""
        return self.samples_per_step(1) if training else self.packing

    # ------------------------------------------------------------------ the first batch

    @property
    def looks_at_first_batch(self) -> bool:  # type: ignore[override]
        """See `Inspection`: voxels are often 0 and 1."""
        return kind_of(self.image_shape) is VOXELS

    @property
    def half_range(self) -> str:  # type: ignore[override]
        """See `Inspection`: of voxels, occupancies."""
        if kind_of(self.image_shape) is VOXELS:
            return "as in occupancies from 0 to 1, which leave no voxel empty; give 2.0 * x - 1."
        return super().half_range

    def check_batch(self, batches: Sequence[Any], phase: str, called: str) -> None:
        """See `Inspection.check_batch`.

        Raises:
            InputError: If voxels are 0 and 1: none of them would be empty, or none full.
        """
        super().check_batch(batches, phase, called)
        if kind_of(self.image_shape) is VOXELS:
            for data in batches:
                check_not_binary(parts.named_parts(data, ("image",)).get("image"), called)

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
            alike = self.real_batches == self.discriminator_steps
            factor = "discriminator steps" if alike else "real batches"
            kind, steps = "Training", f" x {factor} {self.real_batches}"
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
        """Divides a training batch among `real_batches` updates, which draw fresh noise too.

        Samples are dealt like cards, so that the i-th updates of all replicas together see the same
        samples as the i-th update of a single device.

        Args:
            images: The images of the batch.
            given: Its condition, possibly empty.

        Yields:
            The share of each update: (images, given), or the images alone without `given`.
        """
        phase, counter = self.random_phase[0], self.random_phase[-1]
        steps = self.real_batches
        for i in range(steps):
            with self.random_phase_of(phase, i, counter):
                share = images[i::steps]
                yield share if given is None else (share, tuple(part[i::steps] for part in given))

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
            InputError: If `r2_gamma` is above 0 and the discriminator's loss has no such term.
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


def packed(shape: Sequence[int], packing: int) -> tuple[int, ...]:
    """Returns the shape of `packing` samples, or entries of a condition, on the last axis."""
    # A config's networks are made before the model can look at it.
    check_number("packing", packing, least=1, whole=True)
    if not shape:
        return () if packing == 1 else (packing,)
    return (*shape[:-1], shape[-1] * packing)

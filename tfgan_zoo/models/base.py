"""GANModel: everything that makes training correct and is the same for every game."""

import contextlib
import inspect
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import GeneratorType
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, noise
from tfgan_zoo.errors import (
    InputError,
    check_number,
    check_seed,
    first_line,
    input_errors,
    warn_user,
)
from tfgan_zoo.layers.diff_augment import diff_augment
from tfgan_zoo.models.mechanics import batches
from tfgan_zoo.models.mechanics.arguments import (
    check_ends,
    check_flag,
    check_range,
    check_save_path,
    constructor_arguments,
    stacked,
)
from tfgan_zoo.models.mechanics.average import average_of
from tfgan_zoo.models.mechanics.keywords import check_compile, check_export_format, check_known
from tfgan_zoo.models.mechanics.optimizers import apply_gradients, prepare, unknown_to
from tfgan_zoo.models.mechanics.output_ranges import check_endings, made_before
from tfgan_zoo.models.mechanics.rematerialization import rematerialized
from tfgan_zoo.models.mechanics.role_optimizers import (
    RoleOptimizers,
    check_callbacks,
    for_each_role,
)
from tfgan_zoo.serving import saved_model
from tfgan_zoo.serving.card import model_card
from tfgan_zoo.serving.signatures import Endpoint, in_every_form


class Recorded(NamedTuple):
    """A forward pass whose gradient is still to come: see `GANModel.record`."""

    value: Any
    tape: tf.GradientTape


class GANModel(keras.Model):
    """A game between players; the base of every model in the zoo.

    A subclass holds its networks as attributes, names them by role in `players`, and overrides
    `train_step` with its paper's algorithm, written with

    - `run(network, inputs, training)`: a network's pass,
    - `update(role, loss_fn, *args)`: one step of one player,
    - `record(fn, *args)`: a forward pass shared by several updates,
    - `key(purpose)`: the seed of this step's random numbers,
    - `end_step(logs, images)`: counts the step, moves the average, returns the logs.

    Losses are plain means over the replica's own samples. Scaling for replicas and for float16,
    noise, averaging, saving and exporting are done here, once.

    Args:
        seed: of what a train step draws: noise, augmentation, picks from pools. Networks have
            their own random numbers, initial weights and dropout: for the same ones call
            `keras.utils.set_random_seed` before they are made.
        ema_half_life: half-life, in images, of the moving average of the generator's weights, which
            is then what samples and exports show; None for no average. (Karras et al. 2018,
            https://arxiv.org/abs/1710.10196, who used 10,000.)
        ema_ramp_up: at the start the half-life is at most this share of the images seen so far.
        skip_discriminator_above: leave out the discriminator's updates while it tells more than
            this share of what it judges right, from 0.5 to below 1, as a moving average over its
            last ten updates or so; None for never. `d_accuracy` and `d_idle`, the share of updates
            left out, are then logged. (Not of any paper; DCGAN's authors had it in their code.)
        **kwargs: `name` and `dtype`, as for any Keras model.
    """

    #: What the model does, a key of `tfgan_zoo.tasks.TASKS`.
    kind = ""
    #: Attributes by whose product a step takes more samples than a batch has.
    sample_factors: tuple[str, ...] = ()
    #: Every name that `train_step` logs.
    log_names: tuple[str, ...] = ("d_loss", "g_loss")
    #: The parts of a training batch: keys of a dict, or else a tuple in this order.
    batch_parts: tuple[str, ...] = ("image",)
    #: Of one image: (height, width, channels), or (size,) for vectors.
    image_shape: tuple[int, ...]
    #: Updates of the discriminator, each on fresh data, in one train step.
    discriminator_steps = 1
    #: Weight of an R1 penalty on the discriminator, applied in every n-th step n times as strong.
    r1_gamma = 0.0
    r1_every = 1
    #: How what the discriminator sees is augmented: see `NoiseToImage`.
    diff_augment: tuple[str, ...] = ()
    #: Whether a loss takes means over all replicas; XLA compiles each by itself.
    uses_global_means = False
    #: Whether the discriminator tells real from fake, so that it can be right or wrong.
    has_accuracy = False
    #: Whether losses take a discriminator's output as it is, for which no activation may bound it.
    takes_logits = False
    #: Whether strings in training batches need no check.
    texts_checked = True
    #: The shares of the moving average that `skip_discriminator_above` goes by.
    accuracy_memory = 0.9

    def __init__(
        self,
        *,
        seed: int = 0,
        ema_half_life: float | None = None,
        ema_ramp_up: float = 0.05,
        skip_discriminator_above: float | None = None,
        **kwargs,
    ):
        known = constructor_arguments(type(self), GANModel)
        check_known(type(self).__name__, kwargs, [*known, "name", "dtype"])
        name = kwargs.get("name")
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise InputError(f"name: expected a text without '/', got {name!r}.")
        try:
            super().__init__(**kwargs)
        except (TypeError, ValueError) as error:
            raise InputError(
                "dtype: expected a Keras dtype policy, such as 'float32' or 'mixed_bfloat16', got "
                f"{kwargs.get('dtype')!r}."
            ) from error
        if ema_half_life is not None:
            check_number("ema_half_life", ema_half_life, above=0)
        check_number("ema_ramp_up", ema_ramp_up, above=0)
        if "float64" in (self.compute_dtype, self.variable_dtype):
            raise InputError(
                f"dtype: expected {_ACCEPTED_TYPES}, got 'float64'"
                + (
                    "; leave it out."
                    if kwargs.get("dtype") is not None
                    else ", Keras' global policy; call keras.config.set_dtype_policy('float32')."
                )
            )
        self.seed = check_seed(seed)
        self.ema_half_life = ema_half_life
        self.ema_ramp_up = ema_ramp_up
        if skip_discriminator_above is not None:
            check_number("skip_discriminator_above", skip_discriminator_above, least=0.5, below=1)
        self.skip_discriminator_above = skip_discriminator_above
        self.jit_updates = False
        self.rematerialize = False
        self.generator_optimizer: keras.optimizers.Optimizer | None = None
        self.discriminator_optimizer: keras.optimizers.Optimizer | None = None

    def finish_init(self) -> None:
        """Builds what depends on the networks; the last line of every constructor.

        Raises:
            InputError: if a network computes in float64, a discriminator returns probabilities, or
                no copy can be made of a generator whose average is asked for.
        """
        self._refuse_float64()
        check_endings(self)
        self.step = self.add_weight(
            name="step", dtype="int64", initializer="zeros", trainable=False
        )
        self.images_seen = self.add_weight(
            name="images_seen", dtype="int64", initializer="zeros", trainable=False
        )
        self._shows_average = True
        self.averages = []
        if self.ema_half_life is not None:
            if "generator" not in self.players():
                raise InputError(
                    f"ema_half_life: expected None for {type(self).__name__}, which has no "
                    f"generator, got {self.ema_half_life}."
                )
            self.averages = [average_of(network) for network in self.players()["generator"]]
        if self.skip_discriminator_above is not None:
            if not self.has_accuracy:
                raise InputError(
                    f"skip_discriminator_above: expected None for {self.name!r}, which has no "
                    f"discriminator that is right or wrong, got {self.skip_discriminator_above}."
                )
            self.log_names = (*self.log_names, "d_accuracy", "d_idle")
            self.accuracy = self.add_weight(
                name="accuracy",
                dtype="float32",
                initializer=keras.initializers.Constant(0.5),
                trainable=False,
            )
        # Whatever the networks' type is: means of many small numbers.
        self.trackers = {
            name: keras.metrics.Mean(name=name, dtype="float32") for name in self.log_names
        }
        self.evaluated_batches = keras.metrics.Sum(name="evaluated_batches", dtype="float32")
        # A metric, because those are no part of what checkpoints of before hold.
        self.nonfinite_steps = keras.metrics.Sum(name="nonfinite_steps", dtype="float32")
        #: Changes the random numbers, to train on from a checkpoint in another way.
        self.attempt = 0
        self._training_data: Callable[[], Any] = lambda: None
        # In which phase the next batch is to be looked at, and what to call it then.
        self._unseen: dict[str, str] = {}
        self._said: set[str] = set()
        self._trained_on_batch = False
        self._trained: tuple[int, ...] = ()
        # MirroredStrategy gives each replica a thread and switches between them in mid-step.
        self._moments = threading.local()
        # Keras would otherwise call the model on a training batch to build it.
        self.built = True

    def _refuse_float64(self) -> None:
        names = {id(value): name for name, value in vars(self).items()}
        players = [network for networks in self.players().values() for network in networks]
        # A text encoder that is not trained is no player.
        others = [each for each in vars(self).values() if isinstance(each, keras.Model)]
        for network in [*players, *others]:
            for layer in network._flatten_layers():
                if "float64" in (layer.compute_dtype, layer.variable_dtype):
                    raise InputError(
                        f"{names.get(id(network), network.name)}: expected layers that compute in "
                        f"{_ACCEPTED_TYPES}, got layer {layer.name!r} of float64; build it with "
                        "dtype='float32'."
                    )

    def build(self, input_shape=None) -> None:
        """Does nothing: the networks are built by the constructor."""

    def _maybe_symbolic_build(self, *args, **kwargs) -> None:
        # Nor need `fit` average the replicas' first batches to see their shape, as Keras does: that
        # fails for uint8 on several workers, and where the batch does not divide evenly.
        pass

    # ------------------------------------------------------------------ what a subclass says

    def players(self) -> dict[str, list[keras.Model]]:
        """Returns the networks of each role, "generator" and "discriminator"."""
        raise NotImplementedError

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Returns new optimizers, by role, with the paper's settings."""
        raise NotImplementedError

    def endpoints(self) -> dict[str, Endpoint]:
        """Returns what the exported model is asked by, by name; the first is the default.

        Images among the inputs and outputs are called `images`, and are floats in [-1, 1]; forms
        for uint8 and for files follow from that, see `signatures`. Every tensor has the batch as
        its first axis, and a row of the outputs follows from that row of the inputs alone: servers
        put together requests of several clients.
        """
        raise NotImplementedError

    def example_batch(self, batch_size: int, seed: int = 0) -> Any:
        """Returns a training batch of random pixels, uint8: what one train step takes."""
        raise NotImplementedError

    @classmethod
    def network_slots(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """Returns the constructor's arguments that are networks.

        Args:
            **arguments: the constructor's other arguments.

        Returns:
            For each its role, and what a function of `tfgan_zoo.networks` is given to build one
            that fits: shapes, and sizes.
        """
        raise NotImplementedError

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """Returns all that is logged, computed on a batch, without an update."""
        raise NotImplementedError

    def made_and_real(self, data: Any) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """Returns what each generator makes with a batch, and images that it should resemble.

        Nothing if the model is no game. What is made differs from row to row as noise or inputs do.
        """
        del data
        return {}

    def d_loss_range(self) -> tuple[float, float] | None:
        """Returns `d_loss` where the discriminator is always right, and where it cannot tell.

        None if that has no meaning: for critics.
        """
        return None

    def samples_per_step(self, batch_size: int) -> int:
        """Returns how many real samples one train step takes, so how large a training batch is.

        Args:
            batch_size: what one update of the discriminator sees, as papers count.
        """
        return batch_size

    def batch_multiple(self, training: bool) -> int:
        """Returns what the number of samples in a replica's batch is to be a multiple of."""
        return self.samples_per_step(1) if training else 1

    def image_parts(self) -> dict[str, tuple[int | None, ...]]:
        """Returns which of `batch_parts` are images, or points, and the shape of one of them."""
        shape = getattr(self, "image_shape", None)
        return {} if shape is None else {self.batch_parts[0]: shape}

    def training_warnings(self, batch_size: int) -> list[str]:
        """Returns sentences about what in these settings is likely to go wrong in training.

        `fit` warns of each once.

        Args:
            batch_size: how many samples a train step takes on each replica.
        """
        del batch_size
        return []

    def start_from(self, other: "GANModel") -> None:
        """Takes over the generators of another model, as its samples show them.

        Raises:
            ValueError: if they are other networks.
        """
        generators, others = (m.players()["generator"] for m in (self, other))
        for mine, theirs in zip(generators, others, strict=True):
            mine.set_weights(other.sampling_network(theirs).get_weights())
        for mine, average in zip(generators, self.averages, strict=bool(self.averages)):
            average.set_weights(mine.get_weights())

    # ------------------------------------------------------------------ compile

    def compile(
        self,
        generator_optimizer: Any = None,
        discriminator_optimizer: Any = None,
        **settings: Any,
    ) -> None:
        """Prepares the model for training.

        Args:
            generator_optimizer: a Keras optimizer, its name or its config; None for the paper's.
            discriminator_optimizer: the same for the discriminator.
            **settings: see `compile_roles`.

        Raises:
            InputError: if one optimizer is given for both roles, or XLA is asked for on several
                replicas together with what they share within a loss: batch statistics or means; or
                rematerialisation together with shared batch statistics; or several steps per
                execution on several replicas; or an optimizer is to keep averages that nobody
                would see.
        """
        self.compile_roles(
            {"generator": generator_optimizer, "discriminator": discriminator_optimizer}, **settings
        )

    def compile_roles(
        self,
        optimizers: Mapping[str, Any],
        *,
        run_eagerly: bool = False,
        steps_per_execution: int | Literal["auto"] = 1,
        jit_compile: bool | Literal["auto"] = False,
        rematerialize: bool = False,
        **others: Any,
    ) -> None:
        """Does what `compile` does, whatever the roles are.

        Args:
            optimizers: by role; None for the paper's.
            run_eagerly: run `train_step` without a graph, for debugging.
            steps_per_execution: train steps in one call of the graph; "auto" is 1.
            jit_compile: compile losses and gradients with XLA, inside each replica; "auto", Keras'
                own default, is False.
            rematerialize: keep few of the generators' features for the way back, and compute the
                others again: less memory, and the generators' forward passes twice.
            **others: what else Keras' `compile` takes; None, or an `InputError` says what to use.
        """
        settings = ("run_eagerly", "steps_per_execution", "jit_compile", "rematerialize")
        check_compile(others, self.players(), settings, self.log_names)
        run_eagerly = check_flag("run_eagerly", run_eagerly)
        rematerialize = check_flag("rematerialize", rematerialize)
        if steps_per_execution == "auto":
            steps_per_execution = 1
        check_number("steps_per_execution", steps_per_execution, least=1, whole=True)
        if jit_compile == "auto":
            jit_compile = False
        if not isinstance(jit_compile, (bool, type(None))):
            raise InputError(f"jit_compile: expected True, False or 'auto', got {jit_compile!r}.")
        if steps_per_execution > 1 and self.distribute_strategy.num_replicas_in_sync > 1:
            raise InputError(
                f"steps_per_execution: expected 1 on several replicas, got {steps_per_execution}; "
                "TensorFlow cannot loop over steps around them."
            )
        if self.r1_gamma:  # Second derivatives of shared statistics come out wrong, by a percent.
            self.check_not_synchronized("r1_gamma above 0", "discriminator")
        if rematerialize and "generator" in self.players():
            self.check_not_synchronized("rematerialize=True", "generator")
        if jit_compile:
            self.check_not_synchronized("jit_compile=True", *self.players())
            if self.uses_global_means and self.distribute_strategy.num_replicas_in_sync > 1:
                raise InputError(
                    f"jit_compile=True: expected one replica, as {type(self).__name__} takes the "
                    "average over all of them in its loss, which XLA cannot; leave it out."
                )
        made = [o for o in optimizers.values() if isinstance(o, keras.optimizers.Optimizer)]
        if len({id(optimizer) for optimizer in made}) < len(made):
            raise InputError(
                "discriminator_optimizer: expected an optimizer of its own, got the generator's; "
                "an optimizer keeps a state for the variables of one role."
            )
        super().compile(
            optimizer=None,
            loss=None,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=False,  # Keras compiles around the replicas, which breaks under a strategy.
        )
        self.jit_updates = bool(jit_compile)
        self.rematerialize = rematerialize
        with self.distribute_strategy.scope():
            defaults = self.default_optimizers()
            for role in self.players():
                spec = optimizers[role] if optimizers[role] is not None else defaults[role]
                optimizer = self._prepared(_optimizer(spec, role), role)
                setattr(self, f"{role}_optimizer", optimizer)

    @property
    def optimizer(self) -> RoleOptimizers | None:
        """The optimizers of all roles as Keras' callbacks see them; None before `compile`."""
        if not getattr(self, "compiled", False):
            return None
        by_role = {role: getattr(self, f"{role}_optimizer") for role in self.players()}
        return None if None in by_role.values() else RoleOptimizers(by_role, self.step)

    @optimizer.setter
    def optimizer(self, optimizer: Any) -> None:
        if optimizer is not None:  # as Keras' `compile` sets it
            check_compile({"optimizer": optimizer}, self.players(), (), ())

    def _prepared(self, optimizer: Any, role: str) -> keras.optimizers.Optimizer:
        if self.distribute_strategy.num_replicas_in_sync > 1 and not isinstance(
            optimizer.iterations.value, tf.distribute.DistributedValues
        ):
            raise InputError(
                f"{role}_optimizer: expected an optimizer made in the scope of the model's "
                "tf.distribute strategy, got one made outside; make it within `strategy.scope()`."
            )
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if getattr(inner, "use_ema", False) and not inner.ema_overwrite_frequency:
            raise InputError(
                f"{role}_optimizer: expected use_ema=False, got True, whose averages reach no "
                "weights without ema_overwrite_frequency; for samples of a moving average give the "
                "model ema_half_life."
            )
        half = any(
            layer.compute_dtype == "float16"
            for network in self.players()[role]
            for layer in network._flatten_layers()
        )
        if half and not isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
            optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
        if not optimizer.built:
            optimizer.build(self.role_variables(role))
        self._check_optimizer(optimizer, role)
        prepare(optimizer)
        return optimizer

    def _check_optimizer(self, optimizer: keras.optimizers.Optimizer, role: str) -> None:
        """Raises `InputError` if an optimizer was not built for all that a role trains.

        It may have been built for more: layers can be frozen at any time.
        """
        if unknown := unknown_to(optimizer, self.role_variables(role)):
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            raise InputError(
                f"{role}_optimizer: expected an optimizer built for the trainable variables of "
                f"this model's {role}, got one that does not know {unknown[0].path!r}{more}; "
                "compile with a new optimizer, also after a layer has become trainable."
            )

    def make_train_function(self, force: bool = False) -> None:
        """Makes what `fit` calls: as Keras does, but a step is one graph, where that is possible.

        Keras calls it as a function within a function, which a small model's step notices.
        """
        trained = tuple(id(v) for role in self.players() for v in self.role_variables(role))
        ready = getattr(self, "train_function", None) is not None and trained == self._trained
        if ready and not force:
            return
        for role in self.players():
            self._check_optimizer(getattr(self, f"{role}_optimizer"), role)
        self._trained = trained
        step = _once_read(self.train_step)
        train: Callable = self._make_function(step)
        if not (self.run_eagerly or self.steps_per_execution > 1 or self._has_strategy()):
            train = self._step_in_one_graph(step, train)
        self.train_function = self._after_a_look(train, "training")

    def make_test_function(self, force: bool = False) -> None:
        """Makes what `evaluate` calls."""
        if getattr(self, "test_function", None) is not None and not force:
            return
        test = self._make_function(_once_read(self.test_step))
        self.test_function = self._after_a_look(test, "testing")

    def _after_a_look(self, function: Callable, phase: str) -> Callable:
        """Makes a function look at the first batch of `fit` or `evaluate` before it is used."""

        def look_and_run(iterator):
            if phase in self._unseen:
                called = self._unseen.pop(phase)
                if isinstance(iterator, (tf.data.Iterator, tf.distribute.DistributedIterator)):
                    iterator = self._looked_at(iterator, phase, called)
            return function(iterator)

        return look_and_run

    def _looked_at(self, iterator: Any, phase: str, called: str) -> Any:
        """Checks the next batch where it can be wrong; returns an iterator of the same batches."""
        unread = phase == "training" and not self.texts_checked
        unsure, num = batches.needs_check(
            iterator.element_spec, self.batch_parts, self.image_parts(), strings=unread
        )
        if phase == "training" and num is not None:
            self._warn_of_settings(num)
        elif phase == "training" and self.training_warnings(2):
            unsure = True
        if unsure:
            read, iterator = batches.read_ahead(iterator, self.steps_per_execution)
            counts = self._look(read, phase, called)
            batches.check_shares_of([count for count in counts if count is not None])
        return iterator

    def check_batch(self, batches: Sequence[Any], phase: str, called: str) -> None:
        """Checks the first batch of `fit`, `evaluate` or `train_on_batch`, before it is used.

        A subclass overrides it where something besides images can be wrong.

        Args:
            batches: of each replica of this process, as a train step gets it.
            phase: "training" or "testing".
            called: what to call batches in a message.

        Raises:
            InputError: if the batch cannot be used.
        """

    def _look(
        self, each: Sequence[Any], phase: str, called: str, *, first: bool = True, replicas: int = 1
    ) -> list[int | None]:
        """Checks a batch, and returns how many images it has on each replica.

        Args:
            each: the batch of each replica of this process.
            phase: see `check_batch`, like the next.
            called: see there.
            first: whether to call `check_batch`.
            replicas: how many replicas will share each of these batches out.
        """
        counts = []
        for data in each:
            doubtful, num = batches.check_images(data, self.batch_parts, self.image_parts(), called)
            if doubtful:
                self._warn_of_range(called)
            if phase == "training" and num is not None:
                self._warn_of_settings(num // replicas)
            counts.append(num)
        if first and each:
            self.check_batch(each, phase, called)
        return counts

    def _look_later(self, phase: str, data: Any, size: int, called: str) -> None:
        """Looks at a batch of arrays now, or at the first batch of anything else when it comes."""
        self._unseen.pop(phase, None)
        rows = batches.some_rows(data, size)
        if rows is None:
            self._unseen[phase] = called
        else:
            replicas = self.distribute_strategy.num_replicas_in_sync
            self._look([rows], phase, called, replicas=replicas)

    def checked_images(self, images: Any, name: str = "images") -> Any:
        """Returns images as one array, of a range that can be that of images: see `check_range`.

        Args:
            images: an array or tensor that has its values, or a list of them, one an image.
            name: what to call them in a message.

        Raises:
            InputError: if they differ in shape, or are floats far outside [-1, 1].
        """
        images = stacked(images, name)
        if check_range(images, name):
            self._warn_of_range(name)
        return images

    def _warn_of_range(self, name: str) -> None:
        self._say_once(
            "range",
            f"{name}: expected floats in [-1, 1], got none below 0, as in images divided by 255, "
            "which are half of that range; scale pixels by x / 127.5 - 1, or give them as uint8.",
            warn_user,
        )

    def _warn_of_settings(self, batch_size: int) -> None:
        self.report_warnings(batch_size, warn_user)

    def report_warnings(self, batch_size: int, say: Callable[[str], None]) -> None:
        """Reports each of `training_warnings` once; `fit` does not repeat it."""
        for warning in self.training_warnings(batch_size):
            self._say_once(warning, warning, say)

    def _say_once(self, kind: str, sentence: str, say: Callable[[str], None]) -> None:
        if kind not in self._said:
            self._said.add(kind)
            say(sentence)

    def _step_in_one_graph(self, step: Callable, otherwise: Callable) -> Callable:
        step = self._autoconvert_optionals(step)

        @tf.function(autograph=False, reduce_retracing=True)
        def one_step(iterator):
            return step(iterator.get_next())

        def train(iterator):
            return (one_step if isinstance(iterator, tf.data.Iterator) else otherwise)(iterator)

        return train

    def check_not_synchronized(self, argument: str, *roles: str) -> None:
        """Raises `InputError` if several replicas share batch statistics in a role's networks.

        They cannot where a function or a branch is traced on its own.
        """
        if self.distribute_strategy.num_replicas_in_sync == 1:
            return
        for network in (network for role in roles for network in self.players()[role]):
            for layer in network._flatten_layers():
                if isinstance(layer, keras.layers.BatchNormalization) and layer.synchronized:
                    raise InputError(
                        f"{argument}: expected no synchronized batch normalisation on several "
                        f"replicas, got layer {layer.name!r} of the {network.name!r} network; "
                        "build it without synchronized_bn, or leave this argument out."
                    )

    def get_compile_config(self) -> dict[str, Any]:
        """Returns what `compile_from_config` needs, optimizers included."""
        if not self.compiled:
            return {}
        optimizers = {
            name: keras.optimizers.serialize(getattr(self, name))
            for name in (f"{role}_optimizer" for role in self.players())
        }
        return {
            **optimizers,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self.jit_updates,
            "rematerialize": self.rematerialize,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as the saved model was; its optimizers' state is loaded into the result."""
        self.compile(**config)

    # ------------------------------------------------------------------ inside a train step

    def role_variables(self, role: str) -> list[keras.Variable]:
        """Returns the trainable variables of one role's networks."""
        return [v for network in self.players()[role] for v in network.trainable_variables]

    def run(self, network: keras.Model, inputs: Any, training: bool) -> tf.Tensor:
        """Returns what a network makes of its inputs, float32: how a train step calls one."""
        if training and self.rematerialize and network in self.players().get("generator", []):
            outputs = rematerialized(network, inputs)
        else:
            outputs = network(inputs, training=training)
        return tf.cast(outputs, tf.float32)

    def update(self, role: str, loss_fn: Callable[..., tuple[tf.Tensor, Any]], *args) -> Any:
        """Takes one gradient step of one role: the only place where a gradient is applied.

        What the role's networks have of weight regularizers, as Keras' `kernel_regularizer`, is
        added to the loss, though not to `aux`.

        Args:
            role: whose variables move, a key of `players`; nobody else's do.
            loss_fn: returns (loss, aux) given `args`; the loss is a mean over the replica's
                samples.
            *args: tensors, or passes from `record`. The gradient goes on through a recorded pass
                to the variables it was made with; `loss_fn` receives its value.

        Returns:
            `aux`, as `loss_fn` returned it: usually a dict of what is to be logged.

        Raises:
            InputError: if layers of the role's networks add losses of their own.
        """
        optimizer = getattr(self, f"{role}_optimizer")
        self._check_optimizer(optimizer, role)
        variables = [v.value for v in self.role_variables(role)]
        recorded = [arg for arg in args if isinstance(arg, Recorded)]
        values = [arg.value if isinstance(arg, Recorded) else arg for arg in args]
        # Optimizers sum gradients over the replicas.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync

        def loss_and_gradients(*values):
            passes = [v for v, arg in zip(values, args, strict=True) if isinstance(arg, Recorded)]
            # Only what is asked for is watched: nothing else is kept for the way back.
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([variables, passes])
                loss, aux = loss_fn(*values)
                if penalties := self._weight_penalties(role):
                    loss = tf.add_n([loss, *(tf.cast(p, loss.dtype) for p in penalties)])
                scaled = optimizer.scale_loss(loss / replicas)
            return tape.gradient(scaled, [variables, passes]), aux

        (gradients, into_passes), aux = self._compiled(loss_and_gradients)(*values)
        for one, outgoing in zip(recorded, into_passes, strict=True):
            through = one.tape.gradient(one.value, variables, output_gradients=outgoing)
            gradients = [_add(a, b) for a, b in zip(gradients, through, strict=True)]
        if replicas > 1 and isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
            gradients = _share_overflow(gradients)
        if role == "discriminator" and self.skip_discriminator_above is not None:
            return self._apply_unless_ahead(optimizer, gradients, aux)
        apply_gradients(optimizer, gradients, self.role_variables(role))
        return aux

    def _weight_penalties(self, role: str) -> list[tf.Tensor]:
        """Returns the regularizers' terms of a role's trainable weights.

        Raises:
            InputError: if there are other losses, of activities or `add_loss`. A step runs a
                network several times, for itself and for its opponent, and Keras keeps those of the
                last time.
        """
        penalties = []
        for network in self.players()[role]:
            losses = network.losses
            if len(losses) > sum(v.regularizer is not None for v in network.trainable_variables):
                raise InputError(
                    f"{role}: expected regularizers of weights alone, got layers of the "
                    f"{network.name!r} network with activity_regularizer or add_loss; put that "
                    "term into the model's loss."
                )
            penalties += losses
        return penalties

    def judged(
        self,
        real: tf.Tensor,
        fake: tf.Tensor,
        boundary: float = 0.0,
        relative_to: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ) -> dict[str, tf.Tensor]:
        """Returns what a discriminator's loss logs of its accuracy: see `skip_discriminator_above`.

        Args:
            real: scores of real samples, of any shape; right are those above the boundary.
            fake: scores of fakes; right are those below.
            boundary: between them.
            relative_to: what one side is held against, given the other; None for nothing.
        """
        if self.skip_discriminator_above is None:
            return {}
        if relative_to is not None:
            real, fake = real - relative_to(fake), fake - relative_to(real)
        right = [tf.cast(x, tf.float32) for x in (real > boundary, fake < boundary)]
        accuracy = tf.add_n([0.5 * tf.reduce_mean(x) for x in right])
        return {"d_accuracy": accuracy, "d_idle": tf.zeros([])}

    def _apply_unless_ahead(
        self, optimizer: Any, gradients: list[tf.Tensor | None], logs: dict[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Applies the discriminator's gradients if it is not too often right; returns its logs."""
        new = self.global_mean(logs["d_accuracy"])
        keep = self.accuracy_memory
        self.accuracy.assign(keep * self.accuracy.value + (1 - keep) * new)
        ahead = self.accuracy.value > self.skip_discriminator_above
        variables = self.role_variables("discriminator")
        replica = tf.distribute.get_replica_context()

        def apply(gradients):
            apply_gradients(optimizer, gradients, variables)

        def across_replicas(strategy, ahead, gradients):
            # A branch that gathers gradients must be taken by all replicas at once.
            tf.cond(
                strategy.experimental_local_results(ahead)[0],
                lambda: None,
                lambda: strategy.extended.call_for_each_replica(apply, args=(gradients,)),
            )

        if replica is None or replica.num_replicas_in_sync == 1:
            tf.cond(ahead, lambda: None, lambda: apply(gradients))
        else:
            replica.merge_call(across_replicas, args=(ahead, gradients))
        return logs | {"d_idle": tf.cast(ahead, tf.float32)}

    def record(self, fn: Callable[..., Any], *args, role: str = "generator") -> Recorded:
        """Runs `fn(*args)` once, for losses that share its result.

        The generator's pass is most of what a GAN's two updates have in common: recorded, it is
        computed once. Use `.value` where no gradient is wanted; hand the record itself to `update`
        where one is.
        """
        variables = [v.value for v in self.role_variables(role)]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            value = self._compiled(fn)(*args)
        return Recorded(value, tape)

    def augment(self, images: tf.Tensor, purpose: str, training: bool = True) -> tf.Tensor:
        """Augments images if asked for; within a step, the same way for the same purpose."""
        if not (self.diff_augment and training):
            return images
        return diff_augment(images, self.diff_augment, self.key(f"augment {purpose}"))

    def weighted_r1(
        self, logits: Callable[[tf.Tensor], tf.Tensor], real: tf.Tensor, training: bool
    ) -> tf.Tensor:
        """Returns the R1 penalty of `logits` at real images with its weight, or zero if not due."""
        if not self.r1_gamma or not training:
            return tf.zeros([])

        def penalty() -> tf.Tensor:
            return self.r1_gamma * self.r1_every * losses.r1_penalty(logits, real)

        if self.r1_every == 1:
            return penalty()
        due = tf.equal(self.step.value % self.r1_every, 0)
        if self.jit_updates:  # XLA fails on some second derivatives of a branch.
            return tf.where(due, penalty(), 0.0)
        return tf.cond(due, penalty, lambda: tf.zeros([]))

    @property
    def steps_done(self) -> int:
        """How many train steps the model has behind it; to be read between steps."""
        return int(self.step.numpy())

    def global_mean(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the mean over all replicas' values, as many on each, for gradients to go through.

        Needed only where a loss is no mean of independent terms.
        """
        mean = tf.reduce_mean(values)
        replica = tf.distribute.get_replica_context()
        if replica is None or replica.num_replicas_in_sync == 1:
            return mean
        return replica.all_reduce(tf.distribute.ReduceOp.MEAN, mean)

    def key(self, purpose: str) -> tf.Tensor:
        """Returns the seed, for `tfgan_zoo.noise`, of this step's draws for one purpose."""
        *phase, counter = self.now
        attempt = [f"attempt {self.attempt}"] if self.attempt else []
        return noise.key(self.seed, *attempt, *phase, purpose, counter)

    def end_step(self, logs: Mapping[str, tf.Tensor], images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Counts the step, moves the average, and returns the running means of `logs`.

        Args:
            logs: one scalar for each of `log_names`.
            images: the real batch, by which images are counted.
        """
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        count = tf.cast(tf.shape(images)[0] * replicas, tf.int64)
        self.step.assign_add(1)
        self.images_seen.assign_add(count)
        finite = tf.reduce_all([tf.math.is_finite(value) for value in logs.values()])
        self.nonfinite_steps.total.value.assign_add(1.0 - tf.cast(finite, tf.float32))
        if self.averages:
            self._move_average(tf.cast(count, tf.float32))
        return self.log(logs)

    def log(self, logs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Adds to the running means and returns them."""
        if set(logs) != set(self.trackers):
            raise ValueError(f"logs: expected {sorted(self.trackers)}, got {sorted(logs)}.")
        for name, tracker in self.trackers.items():
            # What `update_state` does with a scalar, in two operations instead of a dozen.
            tracker.total.value.assign_add(tf.cast(logs[name], tf.float32))
            tracker.count.value.assign_add(1.0)
        # Keras averages logs over workers along their first axis.
        shape = [1] if _several_workers(tf.distribute.get_strategy()) else []
        return {name: tf.reshape(t.result(), shape) for name, t in self.trackers.items()}

    @property
    def now(self) -> tuple[Any, ...]:
        """What random numbers depend on besides their purpose: a phase, and a counter last."""
        return getattr(self._moments, "now", ("train", self.step))

    @contextlib.contextmanager
    def moment(self, *parts: Any) -> Iterator[None]:
        """Within it, `key` depends on `parts`: a phase's name and numbers, and a counter last."""
        before, self._moments.now = self.now, parts
        try:
            yield
        finally:
            self._moments.now = before

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means of the logged values."""
        return [*self.trackers.values(), self.evaluated_batches, self.nonfinite_steps]

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Computes the losses on held-out data, without an update."""
        self.evaluated_batches.update_state(1.0)
        with self.moment("test", tf.cast(self.evaluated_batches.result(), tf.int64)):
            return self.log(self.losses_of(data))

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Trains, as Keras' `fit` does; callbacks find the data in `training_data()`.

        `batch_size` is the number of samples that one train step takes. Where arrays come without
        it, that is `samples_per_step(32)`, and what is left over at the end is left out. Where a
        step takes more than 32 samples, or samples are left out, `fit` says so, unless `verbose` is
        0.

        The first batch is looked at: floats are to be images in [-1, 1]. Some overshoot is let
        pass, up to 1.5 either way.

        `keras.callbacks.LearningRateScheduler` and `ReduceLROnPlateau` change the rate of every
        role's optimizer, from its own, and log it as `learning_rate_<role>`.

        Raises:
            InputError: if samples or classes are to be weighted, which no game does; a dataset has
                no end and `steps_per_epoch` is not given; arrays make batches that a step cannot
                share out; images are in another range or of another shape; the data have a file
                that cannot be read; a callback could not save the model, or would fail in
                mid-training (see `check_callbacks`).

        Warns:
            UserWarning: once, if images are floats with none below 0, as those in [0, 1] are; or
                of `training_warnings`.
        """
        arguments = _unweighted(super().fit, x, y, *args, **kwargs)
        batches.check_given(arguments)
        check_callbacks(arguments.get("callbacks"), self)
        check_ends(x, arguments.get("steps_per_epoch"), "steps_per_epoch")
        check_ends(
            arguments.get("validation_data"), arguments.get("validation_steps"), "validation_steps"
        )
        replicas = self.distribute_strategy.num_replicas_in_sync
        training, testing = (replicas * self.batch_multiple(each) for each in (True, False))
        arguments, said = batches.with_batch_size(
            arguments, training, testing, self.samples_per_step
        )
        batches.check_batch_sizes(arguments, training, testing, self.samples_per_step)
        self._look_at_what_fit_was_given(arguments)
        for line in said if arguments.get("verbose", "auto") != 0 else ():
            self._say_once(line, line, print)
        given = x if y is None else (x, y)
        ordered = (tf.data.Dataset, tf.distribute.DistributedDataset, GeneratorType)
        if isinstance(x, ordered) and "shuffle" not in arguments:
            # Keras warns at its own default, True, that it does not shuffle these.
            arguments["shuffle"] = False
        self._training_data = lambda: given  # Keras would keep track of the data itself.
        try:
            arguments["callbacks"] = for_each_role(arguments.get("callbacks"), self)
            with input_errors():
                return super().fit(**arguments)
        finally:
            self._training_data = lambda: None
            self._unseen.clear()

    def _look_at_what_fit_was_given(self, arguments: Mapping[str, Any]) -> None:
        size = arguments.get("batch_size") or batches.KERAS_BATCH_SIZE
        data = (arguments["x"],) if arguments.get("y") is None else (arguments["x"], arguments["y"])
        self._look_later("training", data, size, "Training batches")
        held = arguments.get("validation_data")
        if held is not None:
            self._look_later("testing", held, size, "validation_data")

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Computes the losses on held-out data, as Keras' `evaluate` does.

        Images are checked as in `fit`.

        Raises:
            InputError: if samples are to be weighted, images are in another range or of another
                shape, the data have a file that cannot be read, or batches cannot be shared out
                over packs and replicas.
        """
        signature = inspect.signature(super().evaluate)
        arguments = signature.bind_partial(x, y, *args, **kwargs).arguments
        extra = arguments.pop("kwargs", {})
        if not extra.get("_use_cached_eval_dataset"):  # or else `fit` has looked after it
            _check_unweighted(arguments)
            batches.check_given(arguments)
            check_ends(x, arguments.get("steps"), "steps")
            data = x if y is None else (x, y)
            size = arguments.get("batch_size")
            multiple = self.distribute_strategy.num_replicas_in_sync * self.batch_multiple(False)
            if size is None and batches.some_rows(data, 1) is not None:
                size = arguments["batch_size"] = batches.evaluation_batch_size(multiple)
            given = {"x": data, "batch_size": size, "steps_per_epoch": arguments.get("steps")}
            batches.check_batch_sizes(given, multiple, multiple)
            self._look_later("testing", data, size or 1, "Test batches")
        with input_errors():
            return super().evaluate(**arguments, **extra)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Takes one train step, as Keras' `train_on_batch` does.

        Raises:
            InputError: if samples or classes are to be weighted, which no game does, or images are
                in another range than [-1, 1], or of another shape.
        """
        _unweighted(super().train_on_batch, x, y, *args, **kwargs)
        # Texts are checked once, as that takes longer than a step does.
        self._look([(x, y)], "training", "Training batches", first=not self._trained_on_batch)
        self._trained_on_batch = True
        with input_errors():
            return super().train_on_batch(x, y, *args, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Computes the losses on a batch, as Keras' `test_on_batch` does.

        Raises:
            InputError: if samples are to be weighted, or images are in another range than [-1, 1],
                or of another shape.
        """
        _unweighted(super().test_on_batch, x, y, *args, **kwargs)
        self._look([(x, y)], "testing", "Test batches")
        with input_errors():
            return super().test_on_batch(x, y, *args, **kwargs)

    def training_data(self) -> Any:
        """Returns what `fit` was given, while it lasts; or None."""
        return self._training_data()

    def _has_strategy(self) -> bool:
        with self.distribute_strategy.scope():
            return tf.distribute.has_strategy()

    def _compiled(self, fn: Callable) -> Callable:
        if self.jit_updates and not self.run_eagerly:
            return tf.function(fn, jit_compile=True, autograph=False)
        return fn

    # ------------------------------------------------------------------ moving average

    def sampling_network(self, network: keras.Model) -> keras.Model:
        """Returns what stands for a generator in samples: its average, if there is one."""
        if not (self.averages and self._shows_average):
            return network
        return self.averages[self.players()["generator"].index(network)]

    def _move_average(self, batch: tf.Tensor) -> None:
        seen = tf.cast(self.images_seen.value, tf.float32)
        half_life = tf.minimum(float(self.ema_half_life or 0), self.ema_ramp_up * seen)
        keep = 0.5 ** (batch / tf.maximum(half_life, 1e-8))
        for network, average in zip(self.players()["generator"], self.averages, strict=True):
            trainable = {id(v) for v in network.trainable_variables}
            for new, mean in zip(network.variables, average.variables, strict=True):
                if id(new) in trainable:  # One operation for what would be three.
                    tf.raw_ops.ResourceApplyGradientDescent(
                        var=mean.value.handle,
                        alpha=tf.cast(1 - keep, mean.dtype),
                        delta=mean.value - tf.cast(new.value, mean.dtype),
                    )
                else:  # Batch statistics are averages already.
                    mean.assign(new.value)

    # ------------------------------------------------------------------ saving, exporting

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs):
        """Saves the model with its optimizers' state, as Keras' `save` does, as a `.keras` file.

        Raises:
            InputError: if the name ends otherwise, as in the older `.h5`, which knows no model of
                several networks.
        """
        if zipped is not False and not str(filepath).startswith("hf://"):
            check_save_path(filepath)
        super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments; networks are serialised with the model."""
        return {
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            "seed": self.seed,
            "ema_half_life": self.ema_half_life,
            "ema_ramp_up": self.ema_ramp_up,
            "skip_discriminator_above": self.skip_discriminator_above,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects=None) -> "GANModel":
        """Makes a model from `get_config`'s result."""
        arguments = {
            name: keras.saving.deserialize_keras_object(value, custom_objects)
            if isinstance(value, dict) and "class_name" in value
            else value
            for name, value in config.items()
        }
        with made_before():
            return cls(**arguments)

    def signatures(self) -> dict[str, Endpoint]:
        """Returns `endpoints` in all forms in which they are exported: see `in_every_form`."""
        return in_every_form(self.endpoints())

    def export(  # type: ignore[override]
        self,
        filepath: str | os.PathLike,
        format: str | bool = "tf_saved_model",
        verbose: bool | None = False,
        input_signature: None = None,
        **details: Any,
    ) -> None:
        """Writes a SavedModel with the model's `signatures`, and no networks but theirs.

        It holds warm-up requests for TF Serving and a README.md besides. The folder appears
        complete or not at all.

        Args:
            filepath: a new folder; for TF Serving `<model>/<version number>`.
            format: "tf_saved_model". `python -m tfgan_zoo.export` writes others.
            verbose: print the signatures.
            input_signature: None, as the model's `endpoints` say what they take.
            **details: what README.md says of the training: `facts`, `scores`, `config`; see
                `tfgan_zoo.serving.card.model_card`.

        Raises:
            InputError: if `filepath` exists, or an argument is none that is used.
        """
        if isinstance(format, bool):  # `verbose`, which came second before
            verbose = format
        else:
            check_export_format(format)
        if input_signature is not None:
            raise InputError(
                f"input_signature: expected None, as it is that of {', '.join(self.endpoints())}, "
                f"got {type(input_signature).__name__}; leave it out."
            )
        check_known("export", details, ("facts", "scores", "config"))
        signatures = self.signatures()
        summary = (inspect.getdoc(type(self)) or "").split("\n\n")[0].replace("\n", " ")

        def card(num_bytes: int) -> str:
            return model_card(self.name, summary, signatures, num_bytes, **details)

        saved_model.write(filepath, signatures, self.name, card, bool(verbose))

    @contextlib.contextmanager
    def raw_weights(self) -> Iterator[None]:
        """Within it, an export shows the generator's weights themselves, not their average."""
        self._shows_average = False
        try:
            yield
        finally:
            self._shows_average = True


def as_floats(images: Any, shape: tuple[int | None, ...], name: str) -> tf.Tensor:
    """Returns a batch of images as floats in [-1, 1].

    Args:
        images: uint8 in 0..255, or floats in [-1, 1].
        shape: of one of them; None for any size.
        name: what to call them in a message.

    Raises:
        InputError: if they are of another shape or type.
    """
    images = batches.with_shape(tf.convert_to_tensor(stacked(images, name)), shape, name)
    if images.dtype == tf.uint8:
        return tf.cast(images, tf.float32) / 127.5 - 1.0
    if not images.dtype.is_floating:
        advice = "; if they are 0..255, use x.astype('uint8')" * images.dtype.is_integer
        raise InputError(
            f"{name}: expected uint8, or floats in [-1, 1], got type {images.dtype.name}{advice}."
        )
    return tf.cast(images, tf.float32)


def random_images(shape: tuple[int, ...], batch_size: int, seed: int) -> np.ndarray:
    """Returns uint8 images of random pixels, shape (batch_size, *shape); floats for vectors."""
    random = np.random.default_rng(check_seed(seed, least=0))
    if len(shape) == 1:
        return random.standard_normal((batch_size, *shape), "float32")
    return random.integers(0, 256, (batch_size, *shape), "uint8")


def check_r1(gamma: float, every: int) -> None:
    """Raises `InputError` if an R1 penalty's weight or its interval is out of range."""
    check_number("r1_gamma", gamma, least=0)
    check_number("r1_every", every, least=1, whole=True)


def _once_read(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Runs a step only once its batch has arrived, of one size on every replica.

    Or else the end of data of unknown length would count as a step: of what a graph does without
    data, as of counting, TensorFlow does not say when.
    """

    def step_once_read(data):
        tensors = filter(tf.is_tensor, tf.nest.flatten(data, expand_composites=True))
        with tf.control_dependencies(list(tensors)):
            checks = batches.check_equal_shares(data)
            with tf.control_dependencies(checks):
                return step(data)

    return step_once_read


def _unweighted(method: Callable, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Returns the arguments of one of Keras' methods by name.

    Raises:
        InputError: if weights are among them, wherever it takes them.
    """
    given = inspect.signature(method).bind_partial(*args, **kwargs).arguments
    _check_unweighted(given)
    return given


def _check_unweighted(given: Mapping[str, Any]) -> None:
    for name in ("sample_weight", "class_weight"):
        if given.get(name) is not None:
            raise InputError(
                f"{name}: expected None, got {type(given[name]).__name__}; a game weighs all of "
                "its samples alike, so leave out or repeat some in the data."
            )


def _optimizer(spec: Any, role: str) -> keras.optimizers.Optimizer:
    try:
        return keras.optimizers.get(spec)
    except (TypeError, ValueError) as error:  # as Keras says it, of all that it looked for
        raise InputError(
            f"{role}_optimizer: expected a Keras optimizer, its name or its config, got {spec!r} "
            f"({first_line(error)})."
        ) from error


_ACCEPTED_TYPES = "float32, mixed_float16, mixed_bfloat16, float16 or bfloat16"


def _several_workers(strategy: tf.distribute.Strategy) -> bool:
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return several and strategy.extended._in_multi_worker_mode()


def _share_overflow(gradients: list[tf.Tensor | None]) -> list[tf.Tensor | None]:
    """Makes a gradient NaN on every replica where one replica's are not finite.

    `LossScaleOptimizer` looks at the first replica's gradients alone before it applies everyone's.
    """
    known = [g for g in gradients if g is not None]
    bad = 1.0 - tf.cast(
        tf.reduce_all([tf.reduce_all(tf.math.is_finite(g)) for g in known]), tf.float32
    )
    anywhere = tf.distribute.get_replica_context().all_reduce("SUM", bad) > 0
    return [
        None if g is None else tf.where(anywhere, tf.constant(float("nan"), g.dtype), g)
        for g in gradients
    ]


def _add(a: tf.Tensor | None, b: tf.Tensor | None) -> tf.Tensor | None:
    if a is None or b is None:
        return b if a is None else a
    return a + b

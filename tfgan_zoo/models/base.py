"""ZooModel: the mechanics that all models share, whatever their roles are."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import keras_internals, schedules
from tfgan_zoo.errors import InputError, check_number, check_seed
from tfgan_zoo.models.mechanics import batches, keywords, network_checks, parts
from tfgan_zoo.models.mechanics.arguments import constructor_arguments
from tfgan_zoo.models.mechanics.compiling import Compiling
from tfgan_zoo.models.mechanics.construction import Construction
from tfgan_zoo.models.mechanics.frozen import Frozen, FrozenNetworks
from tfgan_zoo.models.mechanics.inspection import Inspection
from tfgan_zoo.models.mechanics.keras_loop import KerasLoop
from tfgan_zoo.models.mechanics.logs import Logs
from tfgan_zoo.models.mechanics.moving_average import MovingAverage
from tfgan_zoo.models.mechanics.optimizers import apply_gradients
from tfgan_zoo.models.mechanics.randomness import Randomness
from tfgan_zoo.models.mechanics.recorded import (
    Recorded,
    sums,
    through_passes,
    value_of,
    with_continued,
)
from tfgan_zoo.models.mechanics.rematerialization import rematerialized
from tfgan_zoo.models.mechanics.saving import Saving
from tfgan_zoo.models.mechanics.spectral import SpectralLayers
from tfgan_zoo.samples import kind_of
from tfgan_zoo.serving.signatures import Endpoint


class ZooModel(
    Compiling, KerasLoop, Inspection, Logs, MovingAverage, Randomness, Saving, Construction
):
    """A model of roles, each of which trains networks; the base of every model in the zoo.

    A subclass holds its networks as attributes, names them by role in `roles`, and overrides
    `train_step` with its paper's algorithm, written with

    - `run(network, inputs, training)`: a network's pass,
    - `update(role, loss_fn, *args)`: one gradient step of one role,
    - `record(fn, *args)`: a forward pass shared by several updates,
    - `key(purpose)`: the seed of this step's random numbers,
    - `end_step(logs, images)`: counts the step, moves the average, returns the logs.

    Losses are plain means over the replica's own samples. Scaling for replicas and for float16,
    noise, averaging, saving and exporting are done here, once.

    Args:
        seed: Seed of what a train step draws: noise, augmentation, picks from pools. Networks have
            their own random numbers, initial weights and dropout: for the same ones call
            `keras.utils.set_random_seed` before they are made.
        ema_half_life: Half-life, in images, of the moving average of the shown networks' weights,
            which samples and exports then show; None for no average. (Karras et al. 2018,
            https://arxiv.org/abs/1710.10196, who used 10,000.) It may be a schedule over train
            steps, see `schedules.Cosine`.
        ema_ramp_up: Early in training, the half-life is at most this share of the images seen,
            unless it is a schedule.
        **kwargs: `name` and `dtype`, as for any Keras model.
    """

    #: What the model does, a key of `tfgan_zoo.tasks.TASKS`.
    kind = ""
    #: Attributes by whose product a step takes more samples than a batch has.
    sample_factors: tuple[str, ...] = ()
    #: Names of the parts in `batch_spec` that a batch can lack.
    optional_parts: tuple[str, ...] = ()
    #: Names of the constructor's arguments that a run takes from its data.
    from_data: tuple[str, ...] = ()
    #: Shape of one image, (height, width, channels), or (size,) for vectors.
    image_shape: tuple[int, ...]
    #: Names of networks that have initial weights, as a preset that was loaded has none of them.
    untrained_networks: tuple[str, ...] = ()
    #: Whether strings in training batches need no check.
    texts_checked = True

    def __init__(
        self,
        *,
        seed: int = 0,
        ema_half_life: schedules.Setting | None = None,
        ema_ramp_up: float = 0.05,
        **kwargs,
    ):
        known = constructor_arguments(type(self))
        keywords.check_known(type(self).__name__, kwargs, [*known, "name", "dtype"])
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
            scheduled = schedules.checked("ema_half_life", ema_half_life, above=0, infinite=True)
            if isinstance(scheduled, schedules.Cosine):
                ema_half_life = scheduled
        check_number("ema_ramp_up", ema_ramp_up, above=0, infinite=True)
        network_checks.check_policy_is_not_float64(self, kwargs.get("dtype"))
        self._init_randomness(seed)
        self.ema_half_life = ema_half_life
        self.ema_ramp_up = ema_ramp_up
        self.jit_updates = False
        self.rematerialize = False
        self.step, self.images_seen = (
            self.add_weight(name=name, dtype="int64", initializer="zeros", trainable=False)
            for name in ("step", "images_seen")
        )

    def build_state(self) -> None:
        """Builds what depends on the networks, when they are all attributes.

        It is called once, after the constructor.

        Raises:
            InputError: If a network computes in float64, or no copy can be made of a network whose
                average is asked for.
        """
        network_checks.check_no_float64(self)
        for role in self.roles():
            if not hasattr(self, f"{role}_optimizer"):
                setattr(self, f"{role}_optimizer", None)
        self._frozen = FrozenNetworks()
        self.note_feature_files()
        for name, network in self.frozen_networks().items():
            if network.saved:
                self.frozen(name)
        self._spectral = SpectralLayers(self.roles())
        self._build_averages()
        self._build_logs()
        self._build_inspection()
        self._build_loop()
        # Otherwise Keras would call the model on a training batch to build it.
        self.built = True

    # ------------------------------------------------------------------ what a subclass declares

    # And attributes of the mechanics: `paper_optimizer`, `uses_global_means` and `no_xla` in
    # mechanics/compiling.py, `shown` in moving_average.py, `log_names`, `main_logs` and
    # `log_prefixes` in logs.py.

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the networks that each role trains."""
        raise NotImplementedError

    @property
    def updates_per_step(self) -> dict[str, int]:
        """Updates of each role in one train step."""
        return dict.fromkeys(self.roles(), 1)

    def endpoints(self) -> dict[str, Endpoint]:
        """Returns the functions that the exported model offers, by name; the first is the default.

        Images among the inputs and outputs are called `images`, and are floats in [-1, 1]; forms
        for uint8 and for files follow from that, see `signatures`. Every tensor has the batch as
        its first axis, and a row of the outputs follows from that row of the inputs alone: servers
        put together requests of several clients.
        """
        raise NotImplementedError

    def batch_spec(self) -> dict[str, tf.TensorSpec]:
        """Returns the named parts of a training batch, in the order of a tuple.

        The batch axis is None. Pixels are declared as uint8, as pipelines yield them; floats in
        [-1, 1] are accepted too. See `models.mechanics.parts` for other types. By default a batch
        is samples of `image_shape`.
        """
        dtype = tf.uint8 if kind_of(self.image_shape).is_pixels else tf.float32
        return {"image": tf.TensorSpec([None, *self.image_shape], dtype)}

    def frozen_networks(self) -> dict[str, Frozen]:
        """Returns the networks that the model uses and nobody trains, by name."""
        return {}

    @classmethod
    def network_names(cls, **arguments: Any) -> tuple[str, ...]:
        """Returns the names of the constructor's arguments that are networks.

        Args:
            **arguments: The constructor's other arguments.
        """
        return tuple(cls.network_arguments(**arguments))

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """Returns the constructor's arguments that are networks.

        Args:
            **arguments: The constructor's other arguments.

        Returns:
            For each its role, and the shapes and sizes from which a function of
            `tfgan_zoo.networks` builds one that fits.
        """
        raise NotImplementedError

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """Returns all logs, computed on a batch, without an update."""
        raise NotImplementedError

    def samples_and_targets(self, data: Any) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """Returns samples for a batch, by their kind, with images that they should resemble.

        Samples differ from row to row as noise or inputs do. Empty if there are none to compare.
        """
        del data
        return {}

    def d_loss_bounds(self) -> tuple[float, float] | None:
        """Returns `d_loss` of a discriminator that is always right, and of one that cannot tell.

        None if that has no meaning: for critics, and without a discriminator.
        """
        return None

    def samples_per_step(self, batch_size: int) -> int:
        """Returns how many real samples one train step takes: the size of a training batch.

        Args:
            batch_size: Samples of one update, as papers count.
        """
        return batch_size

    def batch_multiple(self, training: bool) -> int:
        """Returns the number that divides the samples of each replica's batch."""
        return self.samples_per_step(1) if training else 1

    # ------------------------------------------------------------------ data

    def batch(self, data: Any, training: bool = True) -> dict[str, tf.Tensor]:
        """Returns the parts of a batch by name, checked: pixels as floats in [-1, 1].

        Args:
            data: A dict of the parts, a tuple in the order of `batch_spec`, or a bare array.
            training: Whether it is a training batch rather than a test batch.

        Raises:
            InputError: If a part is missing, or has another shape or type than declared.
        """
        spec = self.batch_spec()
        called = "Training batches" if training else "Test batches"
        return {
            name: self.as_declared(name, value, f"{called}, {name}" if len(spec) > 1 else called)
            for name, value in parts.parts_of(data, spec, self.optional_parts).items()
        }

    def as_declared(self, name: str, value: Any, called: str) -> tf.Tensor:
        """Returns one part of a batch as a train step gets it: see `batch`.

        Override it for parts that the dtype in `batch_spec` does not describe.

        Args:
            name: A key of `batch_spec`.
            value: The part as it is in the batch.
            called: What to call the part in a message.
        """
        return parts.as_declared(value, self.batch_spec()[name], called)

    def example_batch(self, batch_size: int, seed: int = 0) -> Any:
        """Returns a training batch of random values: a dict, or an array of a single part.

        Args:
            batch_size: Number of samples that one update sees; see `samples_per_step`.
            seed: The same seed gives the same values.
        """
        seed = check_seed(seed, least=0)
        spec, num = self.batch_spec(), self.samples_per_step(batch_size)
        found = {
            name: parts.random_values(part, num, len(spec) * seed + i)
            for i, (name, part) in enumerate(spec.items())
            if name not in self.optional_parts
        }
        return found if len(found) > 1 else next(iter(found.values()))

    # ------------------------------------------------------------------ frozen networks

    def frozen(self, name: str) -> keras.Model:
        """Returns one of `frozen_networks`; loads it the first time.

        Raises:
            InputError: If its weights cannot be loaded.
        """
        return self._frozen.get(name, self.frozen_networks()[name])

    def load_frozen(self) -> None:
        """Loads all frozen networks; training and evaluation start with it.

        Raises:
            InputError: If the weights of one cannot be loaded.
        """
        for name in self.frozen_networks():
            self.frozen(name)

    # ------------------------------------------------------------------ inside a train step

    def role_variables(self, role: str) -> list[keras.Variable]:
        """Returns the trainable variables of one role's networks."""
        return [v for network in self.roles()[role] for v in network.trainable_variables]

    def run(self, network: keras.Model, inputs: Any, training: bool) -> Any:
        """Returns a network's outputs in float32: how a train step calls one."""
        if training and self.rematerialize and network in self.shown_networks():
            outputs = rematerialized(network, inputs)
        else:
            outputs = network(inputs, training=training)
        return tf.nest.map_structure(lambda output: tf.cast(output, tf.float32), outputs)

    def update(self, role: str, loss_fn: Callable[..., tuple[tf.Tensor, Any]], *args) -> Any:
        """Takes one gradient step of one role: the only place where a gradient is taken.

        Spectrally normalised layers of the role's networks advance once before it, unless a
        recorded pass did so. Weight regularizers of these networks, such as Keras'
        `kernel_regularizer`, are added to the loss, though not to `aux`.

        Args:
            role: The role whose variables move, a key of `roles`; nobody else's do.
            loss_fn: Returns (loss, aux) given `args`; the loss is a mean over the replica's
                samples.
            *args: Tensors, or passes from `record`. The gradient continues through a recorded pass,
                and through those that it continues, to the variables they were made with; `loss_fn`
                receives its value.

        Returns:
            `aux`, as `loss_fn` returned it: usually a dict of logs.

        Raises:
            InputError: If layers of the role's networks add losses of their own.
        """
        optimizer = getattr(self, f"{role}_optimizer")
        self._check_optimizer(optimizer, role)
        recorded = [arg for arg in args if isinstance(arg, Recorded)]
        if not any(one.role == role for one in with_continued(recorded)):
            self._spectral.advance(role)
        variables = [v.value for v in self.role_variables(role)]
        values = [value_of(arg) for arg in args]
        # Optimizers sum gradients over the replicas.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync

        def loss_and_gradients(*values):
            passes = [v for v, arg in zip(values, args, strict=True) if isinstance(arg, Recorded)]
            # Watching only what is needed keeps nothing else for the backward pass.
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([variables, passes])
                loss, aux = loss_fn(*values)
                if penalties := self._weight_penalties(role):
                    loss = tf.add_n([loss, *(tf.cast(p, loss.dtype) for p in penalties)])
                scaled = optimizer.scale_loss(loss / replicas)
            return tape.gradient(scaled, [variables, passes]), aux

        (gradients, into_passes), aux = self._compiled(loss_and_gradients)(*values)
        gradients = sums(gradients, through_passes(role, recorded, into_passes, variables))
        if replicas > 1 and isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
            gradients = _share_overflow(gradients)
        return self.apply(role, gradients, aux)

    def apply(self, role: str, gradients: list[tf.Tensor | None], logs: Any) -> Any:
        """Applies a role's gradients, and returns its logs; the last step of `update`.

        A subclass overrides it to skip updates.

        Args:
            role: A key of `roles`.
            gradients: One for each of `role_variables`.
            logs: What the role's loss function returned besides the loss.
        """
        apply_gradients(getattr(self, f"{role}_optimizer"), gradients, self.role_variables(role))
        return logs

    def _weight_penalties(self, role: str) -> list[tf.Tensor]:
        """Returns the regularizers' terms of a role's trainable weights.

        Raises:
            InputError: If there are other losses, of activities or `add_loss`. A step runs a
                network several times, for itself and for its opponent, and Keras keeps those of the
                last time.
        """
        penalties = []
        for network in self.roles()[role]:
            losses = network.losses
            if len(losses) > sum(v.regularizer is not None for v in network.trainable_variables):
                raise InputError(
                    f"{role}: expected regularizers of weights alone, got layers of the "
                    f"{network.name!r} network with activity_regularizer or add_loss; put that "
                    "term into the model's loss."
                )
            penalties += losses
        return penalties

    def record(self, fn: Callable[..., Any], *args, role: str | None = None) -> Recorded:
        """Runs `fn(*args)` once, for losses that share its result.

        The generator's pass is most of what a GAN's two updates have in common: recorded, it is
        computed once. Use `.value` where no gradient is wanted; pass the record itself to `update`
        where one is. Spectrally normalised layers of the role's networks advance before the pass.

        Args:
            fn: A forward pass.
            *args: Its arguments: tensors, or passes from `record` that it continues. `fn` receives
                their values, and gradients go on through them.
            role: The role whose variables gradients go to; None for `shown`.
        """
        role = role or self.shown or ""
        self._spectral.advance(role)
        variables = [v.value for v in self.role_variables(role)]
        continued = tuple(arg for arg in args if isinstance(arg, Recorded))
        # Each role of a chain of passes takes gradients of its own from the tape.
        with tf.GradientTape(bool(continued), watch_accessed_variables=False) as tape:
            tape.watch([variables, [one.value for one in continued]])
            value = self._compiled(fn)(*(value_of(arg) for arg in args))
        return Recorded(value, tape, role, continued)

    def global_mean(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the mean over all replicas' values, as many on each, for gradients to go through.

        Needed only where a loss is no mean of independent terms.
        """
        mean = tf.reduce_mean(values)
        replica = tf.distribute.get_replica_context()
        if replica is None or replica.num_replicas_in_sync == 1:
            return mean
        return replica.all_reduce(tf.distribute.ReduceOp.MEAN, mean)

    @property
    def steps_done(self) -> int:
        """The number of train steps so far; read it between steps."""
        return int(self.step.numpy())

    # ------------------------------------------------------------------ logs

    def end_step(self, logs: Mapping[str, tf.Tensor], images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Counts the step, moves the average, and returns the running means of `logs`.

        Args:
            logs: One scalar for each of `log_names`.
            images: The real batch, whose images are counted.
        """
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        count = tf.cast(tf.shape(images)[0] * replicas, tf.int64)
        self.step.assign_add(1)
        self.images_seen.assign_add(count)
        finite = tf.reduce_all([tf.math.is_finite(value) for value in logs.values()])
        keras_internals.add_to_sum(self.nonfinite_steps, 1.0 - tf.cast(finite, tf.float32))
        if self.averages:
            self._move_average(tf.cast(count, tf.float32))
        return self.log(logs)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Computes the losses on held-out data, without an update.

        A batch counts by its number of samples, as the last one is often smaller.
        """
        self.evaluated_batches.update_state(1.0)
        with self.random_phase_of("test", tf.cast(self.evaluated_batches.result(), tf.int64)):
            return self.log(self.losses_of(data), batches.num_samples(data))


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


def __getattr__(name: str) -> Any:
    """Returns what other modules define now, by its earlier name here."""
    if name in ("GANModel", "check_r1"):
        return getattr(importlib.import_module("tfgan_zoo.models.game"), name)
    if name == "as_floats":
        return parts.as_images
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

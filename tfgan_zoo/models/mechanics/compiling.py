"""`compile` for any number of roles, each with an optimizer of its own."""

from collections.abc import Callable
from typing import Any, Literal

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_number, first_line
from tfgan_zoo.keras_internals import inner_optimizer, layers_of
from tfgan_zoo.models.mechanics.arguments import check_flag
from tfgan_zoo.models.mechanics.keywords import check_compile
from tfgan_zoo.models.mechanics.optimizers import prepare, unknown_to
from tfgan_zoo.models.mechanics.role_optimizers import RoleOptimizers


class Compiling(keras.Model):
    """Compiles a model with one optimizer per role, saved and loaded with it."""

    #: The paper's optimizer: its Keras name and arguments, for all roles, or such a dict by role.
    #: Not called `optimizer`, which is what Keras' callbacks read: see `RoleOptimizers`.
    paper_optimizer: dict[str, Any] = {}
    #: Whether a loss takes means over all replicas, which XLA compiles one by one.
    uses_global_means = False
    #: The reason why XLA cannot compile the losses; None if it can.
    no_xla: str | None = None

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Returns new optimizers by role, with the settings of `paper_optimizer`."""
        return {role: self._paper_optimizer(role) for role in self.roles()}

    def _paper_optimizer(self, role: str) -> keras.optimizers.Optimizer:
        settings = self.paper_optimizer
        if "name" not in settings:
            settings = settings.get(role, {})
        if "name" not in settings:
            raise InputError(
                f"{role}_optimizer: expected an optimizer, as {type(self).__name__} names no "
                "paper_optimizer for this role, got None."
            )
        arguments = {name: value for name, value in settings.items() if name != "name"}
        return keras.optimizers.deserialize({"class_name": settings["name"], "config": arguments})

    def compile(
        self,
        *optimizers: Any,
        run_eagerly: bool = False,
        steps_per_execution: int | Literal["auto"] = 1,
        jit_compile: bool | Literal["auto"] = False,
        rematerialize: bool = False,
        **settings: Any,
    ) -> None:
        """Prepares the model for training.

        Args:
            *optimizers: Optimizers in the order of `roles()`; see `<role>_optimizer`.
            run_eagerly: Run `train_step` without a graph, for debugging.
            steps_per_execution: Train steps in one call of the graph; "auto" is 1.
            jit_compile: Compile losses and gradients with XLA, inside each replica; "auto", Keras'
                own default, is False.
            rematerialize: Keep few features of the `shown` networks for the backward pass and
                compute the others again: less memory, and their forward passes twice.
            **settings: `<role>_optimizer` for each role, such as `generator_optimizer`: a Keras
                optimizer, its name or its config; None for the paper's. Arguments of Keras'
                `compile` that have no meaning here may be None.

        Raises:
            InputError: If one optimizer is given for two roles, an argument is unknown, or
                settings cannot be combined: XLA on several replicas with batch statistics or means
                that they share, rematerialization with shared batch statistics, several steps per
                execution on several replicas. Also if an optimizer keeps averages that never reach
                the weights.
        """
        roles = list(self.roles())
        given = self._optimizers_by_role(optimizers, settings)
        known = ("run_eagerly", "steps_per_execution", "jit_compile", "rematerialize")
        others = {n: v for n, v in settings.items() if n not in _optimizer_names(roles)}
        check_compile(others, roles, known, self.log_names)
        run_eagerly = check_flag("run_eagerly", run_eagerly)
        rematerialize = check_flag("rematerialize", rematerialize)
        if steps_per_execution == "auto":
            steps_per_execution = 1
        check_number("steps_per_execution", steps_per_execution, least=1, whole=True)
        if jit_compile == "auto":
            jit_compile = False
        if not isinstance(jit_compile, (bool, type(None))):
            raise InputError(f"jit_compile: expected True, False or 'auto', got {jit_compile!r}.")
        self._check_settings(steps_per_execution, bool(jit_compile), rematerialize)
        _check_distinct(given)
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
            defaults = {} if None not in given.values() else self.default_optimizers()
            for role, spec in given.items():
                optimizer = _optimizer(defaults[role] if spec is None else spec, role)
                setattr(self, f"{role}_optimizer", self._prepared(optimizer, role))

    def compile_roles(self, optimizers: dict[str, Any], **settings: Any) -> None:
        """Compiles with optimizers by role, as subclasses of earlier versions do."""
        named = {f"{role}_optimizer": optimizer for role, optimizer in optimizers.items()}
        Compiling.compile(self, **named, **settings)

    def _optimizers_by_role(
        self, optimizers: tuple[Any, ...], settings: dict[str, Any]
    ) -> dict[str, Any]:
        roles = list(self.roles())
        if len(optimizers) > len(roles):
            raise InputError(
                f"compile: expected at most {len(roles)} positional arguments, "
                f"{', '.join(_optimizer_names(roles))}, got {len(optimizers)}."
            )
        given = dict.fromkeys(roles) | dict(zip(roles, optimizers, strict=False))
        for role, name in zip(roles, _optimizer_names(roles), strict=True):
            if name in settings:
                if role in roles[: len(optimizers)]:
                    raise InputError(f"compile: expected one {name}, got two.")
                given[role] = settings[name]
        return given

    def _check_settings(
        self, steps_per_execution: int, jit_compile: bool, rematerialize: bool
    ) -> None:
        several = self.distribute_strategy.num_replicas_in_sync > 1
        if steps_per_execution > 1 and several:
            raise InputError(
                f"steps_per_execution: expected 1 on several replicas, got {steps_per_execution}; "
                "TensorFlow cannot loop over steps around them."
            )
        if rematerialize and self.shown in self.roles():
            self.check_not_synchronized("rematerialize=True", self.shown)
        if jit_compile:
            if self.no_xla:
                raise InputError(f"jit_compile: expected False, as {self.no_xla}, got True.")
            if self.crawls_under_xla():
                raise InputError(
                    "jit_compile: expected False on a CPU, where XLA takes a hundred times as long "
                    "for 3-D convolutions as TensorFlow does, got True; leave it out, or use a GPU."
                )
            self.check_not_synchronized("jit_compile=True", *self.roles())
            if self.uses_global_means and several:
                raise InputError(
                    f"jit_compile=True: expected one replica, as {type(self).__name__} takes the "
                    "average over all of them in its loss, which XLA cannot; leave it out."
                )

    def crawls_under_xla(self) -> bool:
        """Returns whether XLA would have to compile 3-D convolutions for a CPU."""
        three = (keras.layers.Conv3D, keras.layers.Conv3DTranspose)
        networks = (network for role in self.roles().values() for network in role)
        has_some = any(isinstance(layer, three) for each in networks for layer in layers_of(each))
        return has_some and not any(map(tf.config.list_logical_devices, ("GPU", "TPU")))

    def check_not_synchronized(self, argument: str, *roles: str) -> None:
        """Checks that replicas share no batch statistics in a role's networks.

        They cannot where a function or a branch is traced on its own.

        Raises:
            InputError: If there are several replicas and a layer shares its statistics.
        """
        if self.distribute_strategy.num_replicas_in_sync == 1:
            return
        for network in (network for role in roles for network in self.roles()[role]):
            for layer in layers_of(network):
                if isinstance(layer, keras.layers.BatchNormalization) and layer.synchronized:
                    raise InputError(
                        f"{argument}: expected no synchronized batch normalisation on several "
                        f"replicas, got layer {layer.name!r} of the {network.name!r} network; "
                        "build it without synchronized_bn, or leave this argument out."
                    )

    # ------------------------------------------------------------------ the optimizers

    @property
    def optimizer(self) -> RoleOptimizers | None:
        """The optimizers of all roles as Keras' callbacks see them; None before `compile`."""
        if not getattr(self, "compiled", False):
            return None
        by_role = {role: getattr(self, f"{role}_optimizer") for role in self.roles()}
        return None if None in by_role.values() else RoleOptimizers(by_role, self.step)

    @optimizer.setter
    def optimizer(self, optimizer: Any) -> None:
        if optimizer is not None:  # Keras' `compile` sets None.
            check_compile({"optimizer": optimizer}, self.roles(), (), ())

    def _prepared(self, optimizer: Any, role: str) -> keras.optimizers.Optimizer:
        """Checks a role's optimizer and builds it, with loss scaling in float16."""
        if self.distribute_strategy.num_replicas_in_sync > 1 and not isinstance(
            optimizer.iterations.value, tf.distribute.DistributedValues
        ):
            raise InputError(
                f"{role}_optimizer: expected an optimizer made in the scope of the model's "
                "tf.distribute strategy, got one made outside; make it within `strategy.scope()`."
            )
        inner = inner_optimizer(optimizer)
        if getattr(inner, "use_ema", False) and not inner.ema_overwrite_frequency:
            raise InputError(
                f"{role}_optimizer: expected use_ema=False, got True, whose averages reach no "
                "weights without ema_overwrite_frequency; for samples of a moving average give the "
                "model ema_half_life."
            )
        half = any(
            layer.compute_dtype == "float16"
            for network in self.roles()[role]
            for layer in layers_of(network)
        )
        if half and not isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
            optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
        if not optimizer.built:
            optimizer.build(self.role_variables(role))
        self._check_optimizer(optimizer, role)
        prepare(optimizer)
        return optimizer

    def _check_optimizer(self, optimizer: keras.optimizers.Optimizer, role: str) -> None:
        """Checks that an optimizer was built for all that a role trains.

        It may have been built for more: layers can be frozen at any time.

        Raises:
            InputError: If it does not know a variable.
        """
        if unknown := unknown_to(optimizer, self.role_variables(role)):
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            raise InputError(
                f"{role}_optimizer: expected an optimizer built for the trainable variables of "
                f"this model's {role}, got one that does not know {unknown[0].path!r}{more}; "
                "compile with a new optimizer, also after a layer has become trainable."
            )

    def _compiled(self, fn: Callable) -> Callable:
        """Returns a function compiled with XLA if `compile` was asked to."""
        if self.jit_updates and not self.run_eagerly:
            return tf.function(fn, jit_compile=True, autograph=False)
        return fn

    # ------------------------------------------------------------------ saving

    def get_compile_config(self) -> dict[str, Any]:
        """Returns what `compile_from_config` needs, optimizers included."""
        if not self.compiled:
            return {}
        optimizers = {
            name: keras.optimizers.serialize(getattr(self, name))
            for name in _optimizer_names(self.roles())
        }
        return {
            **optimizers,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self.jit_updates,
            "rematerialize": self.rematerialize,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as the saved model was; its optimizers' state is loaded into the result.

        Voxels that were trained with XLA on a GPU are loaded on a CPU without it.
        """
        jit_compile = config.get("jit_compile", False) and not self.crawls_under_xla()
        self.compile(**config | {"jit_compile": jit_compile})


def _optimizer_names(roles: Any) -> list[str]:
    return [f"{role}_optimizer" for role in roles]


def _check_distinct(by_role: dict[str, Any]) -> None:
    owners: dict[int, str] = {}
    for role, optimizer in by_role.items():
        if isinstance(optimizer, keras.optimizers.Optimizer):
            other = owners.setdefault(id(optimizer), role)
            if other != role:
                raise InputError(
                    f"{role}_optimizer: expected an optimizer of its own, got the {other}'s; an "
                    "optimizer keeps a state for the variables of one role."
                )


def _optimizer(spec: Any, role: str) -> keras.optimizers.Optimizer:
    try:
        return keras.optimizers.get(spec)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{role}_optimizer: expected a Keras optimizer, its name or its config, got {spec!r} "
            f"({first_line(error)})."
        ) from error

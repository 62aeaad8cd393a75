"""The optimizers of all roles as one, for Keras' callbacks that read `model.optimizer`."""

import copy
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import inner_optimizer
from tfgan_zoo.models.mechanics.arguments import ONLY_KERAS_FILES, WEIGHTS_OR_EXPORT


class RoleOptimizer:
    """The learning rate of one role.

    Args:
        name: The role.
        optimizer: The role's optimizer; if it scales losses, the rate is that of the inner one.
    """

    def __init__(self, name: str, optimizer: keras.optimizers.Optimizer):
        self.name = name
        self._optimizer = inner_optimizer(optimizer)

    @property
    def learning_rate(self) -> Any:
        """The current rate; setting it changes the optimizer's variable."""
        return self._optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._optimizer.learning_rate = rate

    @property
    def has_schedule(self) -> bool:
        """Whether the rate follows from the step and cannot be set."""
        return not isinstance(self._optimizer.get_config()["learning_rate"], (int, float))


class RoleOptimizers:
    """A view of all roles' optimizers: the value of `model.optimizer`.

    It is not saved with the model; the roles' optimizers are.

    Args:
        by_role: The optimizers by role.
        step: The number of train steps.
    """

    built = True

    def __init__(self, by_role: Mapping[str, keras.optimizers.Optimizer], step: tf.Variable):
        self._by_role = dict(by_role)
        self.optimizers = [RoleOptimizer(*item) for item in by_role.items()]
        self.iterations = step

    @property
    def variables(self) -> list[keras.Variable]:
        """All optimizers' variables."""
        return [v for optimizer in self._by_role.values() for v in optimizer.variables]

    @property
    def learning_rate(self) -> Any:
        """Not available: each role has its own.

        Raises:
            AttributeError: Always; setting it raises `InputError`.
        """
        raise AttributeError(self._advice())

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        raise InputError(self._advice())

    def get_config(self) -> dict[str, Any]:
        """Not available.

        Raises:
            InputError: Always. Keras asks for it to save a whole model in a format other than
                `.keras`.
        """
        raise InputError(
            f"filepath: expected a name that ends in .keras, {ONLY_KERAS_FILES}, got another "
            f"format; {WEIGHTS_OR_EXPORT}."
        )

    def _advice(self) -> str:
        names = " and ".join(f"model.{role}_optimizer.learning_rate" for role in self._by_role)
        return (
            "model.optimizer.learning_rate: expected the learning rate of one role, got that of "
            f"the whole model, which has none; use {names}."
        )


def check_callbacks(callbacks: Any, model: Any) -> None:
    """Checks before the first step that Keras' callbacks will not fail during training.

    Args:
        callbacks: The argument of `fit`: None, a callback, several, or a `CallbackList`.
        model: The `ZooModel` that they are for.

    Raises:
        InputError: If one saves whole models under a name that `save` does not accept, sets
            learning rates that follow a schedule, needs a single optimizer, or monitors a value
            without saying whether lower is better.
    """
    roles = [] if model.optimizer is None else model.optimizer.optimizers
    for callback in _each(callbacks):
        name = type(callback).__name__
        whole = (
            isinstance(callback, keras.callbacks.ModelCheckpoint) and not callback.save_weights_only
        )
        if whole and not str(callback.filepath).endswith(".keras"):
            raise InputError(
                f"ModelCheckpoint: expected a filepath that ends in .keras, {ONLY_KERAS_FILES}, "
                f"got {str(callback.filepath)!r}; or give save_weights_only=True and a name that "
                "ends in .weights.h5."
            )
        for role in roles if isinstance(callback, _SETS_RATES) else ():
            if role.has_schedule:
                raise InputError(
                    f"callbacks: expected none that sets learning rates, as {role.name}_optimizer "
                    f"has a schedule for its own, got {name}; compile with a number as "
                    "learning_rate, or leave the callback out."
                )
        if isinstance(callback, keras.callbacks.SwapEMAWeights):
            raise InputError(
                f"callbacks: expected no {name}, which swaps the averages of one optimizer; for "
                "samples of a moving average give the model ema_half_life."
            )
        if any(cls.__name__ == "OrbaxCheckpoint" for cls in type(callback).__mro__):
            raise InputError(
                f"callbacks: expected no {name}, which saves one optimizer; use "
                "keras.callbacks.ModelCheckpoint or BackupAndRestore, which save all."
            )
        automatic = isinstance(callback, _MONITORS) and getattr(callback, "mode", None) == "auto"
        if automatic and callback.monitor.removeprefix("val_") != "loss":
            raise InputError(
                f"callbacks: expected {name} with mode='min' or mode='max', as Keras does not know "
                f"which is better of {callback.monitor!r}, got mode='auto'; for a loss give "
                "mode='min'."
            )


def for_each_role(callbacks: Any, model: Any) -> Any:
    """Returns the callbacks, with those that set a learning rate applied to every role.

    In some versions Keras' callbacks know a single optimizer.

    Args:
        callbacks: The argument of `fit`, checked by `check_callbacks`.
        model: The `ZooModel` that they are for.
    """
    each = _each(callbacks)
    if not any(isinstance(callback, _SETS_RATES) for callback in each):
        return callbacks
    roles = model.optimizer.optimizers
    each = [ForEachRole(c, roles) if isinstance(c, _SETS_RATES) else c for c in each]
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return keras.callbacks.CallbackList(each, model=model, **(callbacks.params or {}))
    return each


class ForEachRole(keras.callbacks.Callback):
    """Runs a callback that sets the rate of `model.optimizer` once for each role.

    The first role has the callback itself, the others have copies. The log `learning_rate` becomes
    `learning_rate_<role>`.

    Args:
        callback: A `LearningRateScheduler` or `ReduceLROnPlateau`.
        roles: The learning rates by role.
    """

    def __init__(self, callback: keras.callbacks.Callback, roles: Sequence[RoleOptimizer]):
        super().__init__()
        others = [copy.copy(callback) for _ in roles[1:]]
        self._by_role = list(zip(roles, [callback, *others], strict=True))
        # Keras does not wait for events that a callback leaves as Keras' own.
        for event in _EVENTS:
            if getattr(type(callback), event) is not getattr(keras.callbacks.Callback, event):
                setattr(self, event, functools.partial(self._run, event))

    def set_params(self, params: dict[str, Any]) -> None:
        """See `keras.callbacks.Callback`."""
        super().set_params(params)
        for _, callback in self._by_role:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Gives each callback a model with the optimizer of its role."""
        super().set_model(model)
        for role, callback in self._by_role:
            callback.set_model(_ModelOfRole(model, role))

    def _run(self, event: str, *args: Any, **kwargs: Any) -> None:
        for role, callback in self._by_role:
            getattr(callback, event)(*args, **kwargs)
            logs = kwargs.get("logs", args[-1] if args else None)
            if isinstance(logs, dict) and "learning_rate" in logs:
                logs[f"learning_rate_{role.name}"] = logs.pop("learning_rate")


class _ModelOfRole:
    """A model with another `optimizer`."""

    def __init__(self, model: Any, role: RoleOptimizer):
        vars(self).update(_model=model, optimizer=role)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_model"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._model, name, value)


def _each(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    each = getattr(callbacks, "callbacks", callbacks)  # A CallbackList has several.
    return keras.tree.flatten(each)


_EVENTS = [name for name in dir(keras.callbacks.Callback) if name.startswith("on_")]
_SETS_RATES = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
_MONITORS = (
    keras.callbacks.EarlyStopping,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.ReduceLROnPlateau,
)

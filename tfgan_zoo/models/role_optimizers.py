"""The optimizers of all roles as one, for Keras' callbacks that ask a model for its optimizer."""

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError


class RoleOptimizer:
    """The learning rate of one role, by the role's name.

    Args:
        name: the role.
        optimizer: of this role; one that scales losses has the rate of the one inside.
    """

    def __init__(self, name: str, optimizer: keras.optimizers.Optimizer):
        self.name = name
        self._optimizer = getattr(optimizer, "inner_optimizer", optimizer)

    @property
    def learning_rate(self) -> Any:
        """The present rate; setting it changes the optimizer's variable."""
        return self._optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._optimizer.learning_rate = rate

    @property
    def has_schedule(self) -> bool:
        """Whether the rate follows from the step, so that it cannot be set."""
        rate = getattr(self._optimizer, "_learning_rate", None)
        return rate is not None and not isinstance(rate, keras.Variable)


class RoleOptimizers:
    """What `model.optimizer` is: the optimizers of all roles, none of which is the model's.

    Keras' callbacks change the learning rate of each of `optimizers`, and log it as
    `learning_rate_<role>`. Nothing of it is saved with the model: the roles' optimizers are.

    Args:
        by_role: the optimizers.
        step: the number of train steps.
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
        """There is none.

        Raises:
            AttributeError: always; setting it raises `InputError`.
        """
        raise AttributeError(self._advice())

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        raise InputError(self._advice())

    def _advice(self) -> str:
        names = " and ".join(f"model.{role}_optimizer.learning_rate" for role in self._by_role)
        return (
            "model.optimizer.learning_rate: expected the learning rate of one role, got that of "
            f"the whole model, which has none; use {names}."
        )


def check_callbacks(callbacks: Any, optimizer: RoleOptimizers) -> None:
    """Checks Keras' callbacks before the first step, for what they would fail on in mid-training.

    Args:
        callbacks: what `fit` was given: None, a callback, several, or a `CallbackList`.
        optimizer: the model's.

    Raises:
        InputError: if one would set learning rates that follow a schedule, or asks for what a
            model with several optimizers cannot give, or for a loss of which Keras does not know
            whether less of it is better.
    """
    for callback in _each(callbacks):
        name = type(callback).__name__
        if isinstance(callback, _SETS_RATES):
            for role in optimizer.optimizers:
                if role.has_schedule:
                    raise InputError(
                        f"callbacks: expected none that sets learning rates, as "
                        f"{role.name}_optimizer has a schedule for its own, got {name}; compile "
                        "with a number as learning_rate, or leave the callback out."
                    )
            if not hasattr(keras.optimizers, "MultiOptimizer"):
                raise InputError(
                    f"callbacks: expected none that sets learning rates with Keras "
                    f"{keras.__version__}, which knows one optimizer only, got {name}; update "
                    "Keras to 3.15, or set model.<role>_optimizer.learning_rate in a callback of "
                    "your own."
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


def _each(callbacks: Any) -> Iterable[Any]:
    if callbacks is None:
        return []
    callbacks = getattr(callbacks, "callbacks", callbacks)  # of a CallbackList
    return callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]


_SETS_RATES = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
_MONITORS = (
    keras.callbacks.EarlyStopping,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.ReduceLROnPlateau,
)

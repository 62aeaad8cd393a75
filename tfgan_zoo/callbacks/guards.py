"""Callbacks that stop a run for a reason."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import NonFiniteLossError


class StopOnNonFinite(keras.callbacks.Callback):
    """Raises at the end of an epoch that left a NaN or infinite loss or weight.

    Running means keep a NaN, so none is missed. (`keras.callbacks.TerminateOnNaN` looks at a value
    called "loss" alone.)

    Args:
        advice: returns what to add to the message; called when it is needed.
        steps: how many steps of an epoch may not be finite, from which on it raises; a single one
            that left its mark on a weight always does.

    Raises:
        NonFiniteLossError: at the end of that epoch.
    """

    def __init__(self, advice: Callable[[], str] = lambda: "", steps: int = 1):
        super().__init__()
        self.advice = advice
        self.steps = steps

    def on_epoch_end(self, epoch, logs=None):
        """Looks at every logged value, weight, and variable of an optimizer."""
        bad = [f"{name} is {float(v)}" for name, v in (logs or {}).items() if not np.isfinite(v)]
        if self.steps > 1 and float(self.model.nonfinite_steps.result()) < self.steps:
            bad = []
        # The last update may have broken what no loss has seen yet.
        bad = bad or [f"{v.path} is not finite" for v in self._variables() if not _is_finite(v)][:1]
        if bad:
            step = self.model.steps_done
            raise NonFiniteLossError(f"At step {step} {', '.join(bad)}. {self.advice()}".strip())

    def _variables(self) -> list[keras.Variable]:
        optimizers = [getattr(self.model, f"{role}_optimizer") for role in self.model.players()]
        return [*self.model.weights, *(v for o in optimizers for v in o.variables)]


def _is_finite(variable: keras.Variable) -> bool:
    value = tf.convert_to_tensor(variable.value)
    return not value.dtype.is_floating or bool(tf.reduce_all(tf.math.is_finite(value)))


class StopWithoutImprovement(keras.callbacks.Callback):
    """Ends `fit` after so many evaluations that brought no better score.

    How scores stand is read from the run's records every time: a run that is resumed stops at the
    step at which it would have stopped.

    Args:
        standing: returns (step of the best score or None, number of scores after it).
        due: whether a step was evaluated.
        patience: how many evaluations; 0 never ends it.
        agree: returns to all processes that train together what the first one gives.

    Attributes:
        improved: whether the epoch that has ended brought the best score so far.
        over: whether patience was lost at its end.
    """

    def __init__(
        self,
        standing: Callable[[], tuple[int | None, int]],
        due: Callable[[int], bool],
        patience: int = 0,
        agree: Callable[[int], int] = int,
    ):
        super().__init__()
        self.standing = standing
        self.due = due
        self.patience = patience
        self.agree = agree
        self.improved = self.over = False

    def on_epoch_end(self, epoch, logs=None):
        """Looks where scores stand."""
        step = self.model.steps_done
        self.improved = self.over = False
        if not self.due(step):
            return
        best, since = self.standing()
        verdict = self.agree(2 * (0 < self.patience <= since) + (best == step))
        self.improved, self.over = bool(verdict & 1), bool(verdict & 2)
        if self.over:
            self.model.stop_training = True


class StopOnSignal(keras.callbacks.Callback):
    """Ends `fit` after the current step on Ctrl-C or SIGTERM; a second one aborts at once.

    `received` is then the signal's number. It has the signals while its `with` block lasts:

    Args:
        total: of several processes that train together, returns the sum of what each gives; they
            stop together, within `every` steps. None for one process.
        every: steps between two times that they ask one another.

    Example:
        >>> with StopOnSignal() as stop:
        ...     model.fit(dataset, callbacks=[stop])
        >>> if stop.received:
        ...     model.save("stopped.keras")
    """

    def __init__(self, total: Callable[[int], int] | None = None, every: int = 10):
        super().__init__()
        self.total = total
        self.every = every
        self.received: int | None = None
        self._agreed = False
        self._batches = 0
        self._before: dict[int, Any] = {}
        if total is not None:  # or else Keras need not wait for the logs of every step
            self.on_train_batch_end = self._ask  # type: ignore[method-assign]

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():  # others cannot have signals
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_epoch_begin(self, epoch, logs=None):
        """Sees to a signal that came between two epochs or two calls of `fit`."""
        if self._agreed if self.total else self.received is not None:
            self.model.stop_training = True

    def _ask(self, batch, logs=None):
        self._batches += 1
        if self.total is None or self._batches % self.every:
            return
        if self.total(int(self.received is not None)):
            self._agreed = True
            self.received = self.received or signal.SIGTERM
            self.model.stop_training = True

    def _receive(self, number, frame):
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number
        if self.model is not None and self.total is None:
            self.model.stop_training = True
        # print() must not be called from within a signal handler.
        os.write(2, b"\nStopping after this step, to save; once more to abort.\n")

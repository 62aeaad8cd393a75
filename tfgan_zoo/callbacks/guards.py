"""Callbacks that stop training."""

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
    """Raises an error at the end of an epoch with a NaN or infinite loss or weight.

    Running means keep a NaN, so none is missed. (`keras.callbacks.TerminateOnNaN` checks only a
    value called "loss".)

    Args:
        advice: Function that returns text to add to the message.
        steps: Number of non-finite steps in an epoch that raises. A weight that is not finite
            always raises.

    Raises:
        NonFiniteLossError: At the end of that epoch.
    """

    def __init__(self, advice: Callable[[], str] = lambda: "", steps: int = 1):
        super().__init__()
        self.advice = advice
        self.steps = steps

    def on_epoch_end(self, epoch, logs=None):
        """Checks every log, weight and optimizer variable."""
        bad = [f"{name} is {float(v)}" for name, v in (logs or {}).items() if not np.isfinite(v)]
        if self.steps > 1 and float(self.model.nonfinite_steps.result()) < self.steps:
            bad = []
        # The last update may have broken a weight that no loss depends on yet.
        bad = bad or [f"{v.path} is not finite" for v in self._variables() if not _is_finite(v)][:1]
        if bad:
            step = self.model.steps_done
            raise NonFiniteLossError(f"At step {step} {', '.join(bad)}. {self.advice()}".strip())

    def _variables(self) -> list[keras.Variable]:
        optimizers = [getattr(self.model, f"{role}_optimizer") for role in self.model.roles()]
        return [*self.model.weights, *(v for o in optimizers for v in o.variables)]


def _is_finite(variable: keras.Variable) -> bool:
    value = tf.convert_to_tensor(variable.value)
    return not value.dtype.is_floating or bool(tf.reduce_all(tf.math.is_finite(value)))


class StopWithoutImprovement(keras.callbacks.Callback):
    """Ends `fit` after a number of evaluations without a better score.

    The scores are read from the run's records every time, so a resumed run stops at the same step
    as one that was not interrupted.

    Args:
        standing: Function that returns (step of the best score or None, number of scores after
            it).
        due: Function of a step that returns whether it was evaluated.
        patience: Number of evaluations; 0 never ends training.
        agree: Function that returns the first process' value to all processes that train together.

    Attributes:
        improved: Whether the last epoch brought the best score so far.
        over: Whether patience ran out at its end.
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
        """Reads the scores."""
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
    """Ends `fit` after the current step on Ctrl-C or SIGTERM; a second signal aborts at once.

    Handles signals within its `with` block. `received` is the signal's number, or None.

    Args:
        total: Function that returns the sum of the values of all processes that train together.
            They stop together, within `every` steps. None for one process.
        every: Steps between two exchanges of the processes.

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
        if total is not None:  # otherwise Keras need not wait for the logs of every step
            self.on_train_batch_end = self._ask  # type: ignore[method-assign]

    def __enter__(self):
        # Other threads cannot handle signals.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_epoch_begin(self, epoch, logs=None):
        """Handles a signal that arrived between two epochs or two calls of `fit`."""
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
        # A signal handler must not call print().
        os.write(2, b"\nStopping after this step to save a checkpoint; repeat to abort.\n")

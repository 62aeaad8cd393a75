"""Callbacks that stop a run for a reason."""

import signal
import sys

import keras
import numpy as np

from tfgan_zoo.errors import NonFiniteLossError


class StopOnNonFinite(keras.callbacks.Callback):
    """Raises at the end of an epoch in which a logged value was NaN or infinite.

    Running means keep a NaN, so none is missed. (`keras.callbacks.TerminateOnNaN` looks at a value
    called "loss" alone.)

    Args:
        advice: what to add to the message; a function, called when it is needed.
    """

    def __init__(self, advice=lambda: ""):
        super().__init__()
        self.advice = advice

    def on_epoch_end(self, epoch, logs=None):
        """Looks at every logged value."""
        bad = {name: float(v) for name, v in (logs or {}).items() if not np.isfinite(v)}
        if bad:
            said = ", ".join(f"{name} is {value}" for name, value in bad.items())
            raise NonFiniteLossError(f"At step {int(self.model.step)} {said}. {self.advice()}".strip())


class StopOnSignal(keras.callbacks.Callback):
    """Ends `fit` after the current step on Ctrl-C or SIGTERM; a second Ctrl-C aborts at once.

    `received` is then the signal's number.
    """

    def __init__(self):
        super().__init__()
        self.received: int | None = None

    def on_train_begin(self, logs=None):
        """Takes over the signals."""
        self._before = {s: signal.signal(s, self._receive) for s in (signal.SIGINT, signal.SIGTERM)}

    def on_train_end(self, logs=None):
        """Gives them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number, frame):
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number
        self.model.stop_training = True
        print("\nStopping after this step, to save; Ctrl-C again aborts.", file=sys.stderr)

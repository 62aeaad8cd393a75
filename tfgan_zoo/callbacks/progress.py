"""A progress bar, and the speed of training."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tqdm

from tfgan_zoo.progress import on_terminal, per_second


class Throughput(keras.callbacks.Callback):
    """Adds `images_per_second` to an epoch's logs.

    As the first callback it measures training alone.

    Args:
        images_per_step: Real images per step.
    """

    def __init__(self, images_per_step: int):
        super().__init__()
        self.images_per_step = images_per_step

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self.start, self.first = time.monotonic(), self.model.steps_done

    def on_epoch_end(self, epoch, logs=None):
        """Stops the clock. Keras has waited for the last step, to read the losses."""
        images = (self.model.steps_done - self.first) * self.images_per_step
        rate = images / max(1e-9, time.monotonic() - self.start)
        logs["images_per_second"] = round(rate, 1)


class Progress(keras.callbacks.Callback):
    """A bar over the whole run with losses, images/s and time left.

    Prints lines instead if standard error is not a terminal, or is one without columns: at the end
    of each epoch, and within a long one. One bar can span several calls of `fit`; it closes at the
    end of its `with` block.

    Args:
        total: Steps of the run.
        images_per_step: Real images per step.
        shown: Names of the logs to show; None for the model's `main_logs`.
        every: Seconds from one line to the next within an epoch.

    Attributes:
        live: Whether there is a bar.
        reads: Whether running means can be read within an epoch.
    """

    def __init__(
        self,
        total: int,
        images_per_step: int,
        shown: Sequence[str] | None = None,
        every: float = 30.0,
    ):
        super().__init__()
        self.total = total
        self.every = every
        self.reads = True
        self.images_per_step = images_per_step
        self.shown_by_default = shown is None
        self.shown: Sequence[str] = shown or ()
        self.live = on_terminal()
        self.bar: Any = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()

    def on_train_begin(self, logs=None):
        """Starts at the model's step."""
        if self.shown_by_default:
            self.shown = self.model.main_logs
        if self.bar is None:
            self.first = self.model.steps_done
            self.start = self.shown_at = time.monotonic()
            self.bar = tqdm.tqdm(
                total=self.total,
                initial=self.first,
                unit="step",
                dynamic_ncols=True,
                disable=not self.live,
            )

    def on_epoch_begin(self, epoch, logs=None):
        """Notes the step, which need not be read from the model later."""
        self.epoch_start = self.model.steps_done

    def on_train_batch_begin(self, batch, logs=None):
        """Moves the bar, and reads the losses at most twice a second; or prints a line if due.

        At the end of a batch Keras would read them, and wait for them, every time.
        """
        now = time.monotonic()
        due = bool(batch) and now - self.shown_at > (0.5 if self.live else self.every)
        if due:
            self.shown_at = now
            step = self.epoch_start + batch
            text = self._text(self._running_logs(step, now) if self.reads else {})
            if self.live:
                self.bar.set_postfix_str(text, refresh=False)
            else:
                self._print_line(step, text, now)
        if self.live:
            self.bar.update(self.model.steps_per_execution)

    def _running_logs(self, step: int, now: float) -> dict[str, float]:
        trackers = [m for m in self.model.metrics if m.name in self.shown]
        logs = {m.name: float(m.result()) for m in trackers}
        done = (step - self.first) * self.images_per_step
        return logs | {"images_per_second": done / max(1e-9, now - self.start)}

    def on_epoch_end(self, epoch, logs=None):
        """Prints a line if there is no bar."""
        step = self.model.steps_done
        text = self._text(logs or {})
        if self.live:
            self.bar.n = step
            self.bar.set_postfix_str(text)
            return
        self.shown_at = time.monotonic()
        self._print_line(step, text, self.shown_at)

    def _print_line(self, step: int, text: str, now: float) -> None:
        left = (now - self.start) / max(1, step - self.first) * (self.total - step)
        parts = [f"step {step}/{self.total}", text, f"{tqdm.tqdm.format_interval(left)} left"]
        print("  ".join(filter(None, parts)), file=sys.stderr, flush=True)

    def _text(self, logs: Mapping[str, float]) -> str:
        parts = [f"{name} {logs[name]:.3f}" for name in self.shown if name in logs]
        if "images_per_second" in logs:
            parts.append(f"{per_second(logs['images_per_second'])} images/s")
        return ", ".join(parts)

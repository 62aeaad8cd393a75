"""What a person watching a run sees."""

import sys
import time

import keras
import tqdm


class Progress(keras.callbacks.Callback):
    """A bar over the whole run with losses, images/s and time left.

    Where standard error is no terminal, one line an epoch instead.

    Args:
        total: steps of the run.
        images_per_step: real images that one step takes.
        shown: logged names to show.
    """

    def __init__(self, total: int, images_per_step: int, shown: tuple[str, ...] = ("d_loss", "g_loss")):
        super().__init__()
        self.total = total
        self.images_per_step = images_per_step
        self.shown = shown
        self.live = sys.stderr.isatty()

    def on_train_begin(self, logs=None):
        """Starts the bar at the model's step."""
        self.step = self.first = int(self.model.step)
        self.start = self.last = time.monotonic()
        if self.live:
            self.bar = tqdm.tqdm(
                total=self.total, initial=self.first, unit="step", dynamic_ncols=True
            )

    def on_train_batch_end(self, batch, logs=None):
        """Moves the bar; reads losses twice a second at most."""
        if not self.live:
            return
        self.bar.update(1)
        now = time.monotonic()
        if logs and now - self.last > 0.5:
            self.last = now
            self.bar.set_postfix_str(self._losses(logs) + f", {self._rate(now):,.0f} images/s")

    def on_epoch_end(self, epoch, logs=None):
        """Prints a line where there is no bar."""
        if self.live:
            return
        step, now = int(self.model.step), time.monotonic()
        left = (now - self.start) / max(1, step - self.first) * (self.total - step)
        print(
            f"step {step}/{self.total}  {self._losses(logs or {})}  "
            f"{self._rate(now, step):,.0f} images/s  {tqdm.tqdm.format_interval(left)} left",
            file=sys.stderr,
            flush=True,
        )

    def on_train_end(self, logs=None):
        """Closes the bar."""
        if self.live:
            self.bar.close()

    def _losses(self, logs) -> str:
        return ", ".join(f"{name} {float(logs[name]):.3f}" for name in self.shown if name in logs)

    def _rate(self, now: float, step: int | None = None) -> float:
        step = self.bar.n if step is None else step
        return (step - self.first) * self.images_per_step / max(1e-9, now - self.start)

"""What stays of a run: metrics and checkpoints."""

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import NonFiniteLossError

Scores = Callable[[np.ndarray], Mapping[str, float]]


class Schedule(NamedTuple):
    """Every so many steps, and after the last."""

    every: int
    last: int

    def due(self, step: int) -> bool:
        """Returns whether it is time."""
        return step % self.every == 0 or step == self.last


class Evaluate(keras.callbacks.Callback):
    """Adds scores of fresh samples to an epoch's logs, for the callbacks after it.

    Args:
        scores: functions of float samples, each returning named numbers.
        when: when to evaluate.
        num: samples to score.
        seed: of their latents.
    """

    def __init__(self, scores: list[Scores], when: Schedule, num: int, seed: int = 1):
        super().__init__()
        self.scores = scores
        self.when = when
        self.num = num
        self.seed = seed

    def on_epoch_end(self, epoch, logs=None):
        """Scores, when it is time to."""
        if self.scores and self.when.due(int(self.model.step)):
            samples = self.model.generate(self.num, self.seed)
            for score in self.scores:
                logs.update(score(samples))


class MetricsLog(keras.callbacks.Callback):
    """Writes one line of `metrics.jsonl`, and TensorBoard scalars, an epoch.

    A line holds the step, the means of the epoch's losses, images/s of training alone, and peak memory in
    MB (resident on the host; a GPU's own besides).

    Args:
        file: the JSON lines file, appended to.
        when: the ends of epochs; one cut short is not written.
        images_per_step: real images that one step takes.
        tensorboard: folder of the event files; None for none.
        draw: returns a picture for TensorBoard, uint8 (height, width, 3); None for none.
        draw_when: when to draw it.
    """

    def __init__(
        self,
        file: str | Path,
        when: Schedule,
        images_per_step: int,
        tensorboard: str | Path | None = None,
        draw: Callable[[], np.ndarray] | None = None,
        draw_when: Schedule | None = None,
    ):
        super().__init__()
        self.file = Path(file)
        self.when = when
        self.images_per_step = images_per_step
        self.events = tf.summary.create_file_writer(str(tensorboard)) if tensorboard else None
        self.draw = draw
        self.draw_when = draw_when or when

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self.start, self.first = time.monotonic(), int(self.model.step)

    def on_train_batch_end(self, batch, logs=None):
        """Remembers when the last step ended: evaluation is not training."""
        self.end = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Writes the line."""
        step = int(self.model.step)
        if not self.when.due(step):
            return
        values = {name: float(value) for name, value in (logs or {}).items()}
        images = (step - self.first) * self.images_per_step
        values["images_per_second"] = round(images / max(1e-9, self.end - self.start), 1)
        values |= peak_memory()
        with self.file.open("a") as file:
            finite = {k: v if np.isfinite(v) else None for k, v in values.items()}
            file.write(json.dumps({"step": step, **finite}) + "\n")
        if self.events is not None:
            with self.events.as_default(step):
                for name, value in values.items():
                    tf.summary.scalar(name, value)
                if self.draw is not None and self.draw_when.due(step):
                    tf.summary.image("samples", self.draw()[np.newaxis])
            self.events.flush()


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves a checkpoint every so many steps, and when training is stopped before its end.

    Args:
        save: saves the model, given (model, step, score).
        when: when to save.
        score_name: the logged value by which the best is known; None for none.
        sign: 1 if a higher score is better, -1 if a lower.
    """

    def __init__(
        self,
        save: Callable[[keras.Model, int, float | None], object],
        when: Schedule,
        score_name: str | None = None,
        sign: int = 1,
    ):
        super().__init__()
        self.save = save
        self.when = when
        self.score_name = score_name
        self.sign = sign

    def on_epoch_end(self, epoch, logs=None):
        """Saves, when it is time to."""
        step = int(self.model.step)
        if not (self.when.due(step) or self.model.stop_training):
            return
        for weight in self.model.weights:
            value = weight.numpy()
            if np.issubdtype(value.dtype, np.floating) and not np.all(np.isfinite(value)):
                raise NonFiniteLossError(
                    f"At step {step} weight {weight.path} is not finite; it was not saved."
                )
        score = (logs or {}).get(self.score_name)
        self.save(self.model, step, None if score is None else self.sign * float(score))


def peak_memory() -> dict[str, float]:
    """Returns the process' peak resident memory, and each GPU's, in MB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = {"peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}
    for i, _ in enumerate(tf.config.list_logical_devices("GPU")):
        peak[f"gpu{i}_peak_memory_mb"] = tf.config.experimental.get_memory_info(f"GPU:{i}")["peak"] / 2**20
    return {name: round(value, 1) for name, value in peak.items()}

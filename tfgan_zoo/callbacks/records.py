"""What stays of a run: metrics and checkpoints."""

import json
import resource
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.keras_internals import applied_updates
from tfgan_zoo.layers.per_replica import assign_replicas, of_all_replicas


class Schedule(NamedTuple):
    """Every so many steps, and after the last."""

    every: int
    last: int

    def due(self, step: int) -> bool:
        """Returns whether it is time."""
        return step % self.every == 0 or step == self.last


class KeepMeans(keras.callbacks.Callback):
    """Lets the first epoch of `fit` go on with the running means that the model has now.

    `fit` begins every epoch by setting them to zero; but one that was stopped, saved and restored
    in its middle is to end with the means of all its steps.

    Args:
        model: the restored model.
    """

    def __init__(self, model: keras.Model):
        super().__init__()
        variables = [v for metric in model.metrics for v in metric.variables]
        self.means = [of_all_replicas(v) for v in variables]

    def on_epoch_begin(self, epoch, logs=None):
        """Puts them back, once."""
        variables = [v for metric in self.model.metrics for v in metric.variables]
        for variable, values in zip(variables, self.means, strict=bool(self.means)):
            assign_replicas(variable, values)
        self.means = []


class Evaluate(keras.callbacks.Callback):
    """Adds scores of the model to an epoch's logs, for the callbacks after it.

    Args:
        score: returns named numbers, given the model.
        when: when to evaluate.
    """

    def __init__(self, score: Callable[[Any], Mapping[str, float]], when: Schedule):
        super().__init__()
        self.score = score
        self.when = when

    def on_epoch_end(self, epoch, logs=None):
        """Scores, when it is time to."""
        if self.when.due(self.model.steps_done):
            logs.update(self.score(self.model))


class LossScales(keras.callbacks.Callback):
    """Adds to an epoch's logs how float16's losses are scaled, for the callbacks after it.

    Of each player with a loss scale: `g_loss_scale` or `d_loss_scale`, what it is now, and
    `g_skipped` or `d_skipped`, the epoch's updates that were left out because they were not finite
    (or, of a discriminator that waits while it is ahead, for that); without the letter for what
    trains alone.
    """

    def on_epoch_begin(self, epoch, logs=None):
        """Remembers where the counters are."""
        self.first = self.model.steps_done, self._applied()

    def on_epoch_end(self, epoch, logs=None):
        """Reads them."""
        (first, before), applied = self.first, self._applied()
        for role, optimizer in self._scaled().items():
            prefix = f"{role[0]}_" if role in ("generator", "discriminator") else ""
            logs[f"{prefix}loss_scale"] = float(optimizer.dynamic_scale.numpy())
            each_step = self.model.discriminator_steps if role == "discriminator" else 1
            due = (self.model.steps_done - first) * each_step
            logs[f"{prefix}skipped"] = due - (applied[role] - before[role])

    def _applied(self) -> dict[str, int]:
        return {r: int(applied_updates(o).numpy()) for r, o in self._scaled().items()}

    def _scaled(self) -> dict[str, Any]:
        kind = keras.mixed_precision.LossScaleOptimizer
        players = {
            role: getattr(self.model, f"{role}_optimizer")
            for role in self.model.players()
            # SRResNet's discriminator has nothing to do.
            if role == "encoder" or any(n.startswith(f"{role[0]}_") for n in self.model.log_names)
        }
        return {role: o for role, o in players.items() if isinstance(o, kind)}


class MetricsLog(keras.callbacks.Callback):
    """Writes one line of `metrics.jsonl`, and TensorBoard scalars, an epoch.

    A line holds the step, what was logged, and peak memory in MB (resident on the host; a GPU's own
    besides). What is not finite is null.

    Args:
        file: the JSON lines file, appended to.
        when: the ends of epochs; one cut short is not written.
        events: writes TensorBoard's events; None for none.
    """

    def __init__(self, file: str | Path, when: Schedule, events: Any = None):
        super().__init__()
        self.file = Path(file)
        self.when = when
        self.events = events

    def on_epoch_end(self, epoch, logs=None):
        """Writes the line."""
        step = self.model.steps_done
        if not self.when.due(step):
            return
        values = {name: float(value) for name, value in (logs or {}).items()} | peak_memory()
        finite = {name: v if np.isfinite(v) else None for name, v in values.items()}
        with self.file.open("a") as file:
            file.write(json.dumps({"step": step, **finite}) + "\n")
        if self.events is not None:
            with self.events.as_default(step):
                for name, value in values.items():
                    tf.summary.scalar(name, value)
            self.events.flush()


class SaveBeforeScoring(keras.callbacks.Callback):
    """Saves a checkpoint before the callbacks after it compute anything from the epoch.

    Scoring may fail or be killed; the saved logs let it run again on resume.

    Args:
        save: saves the model, given (model, step, logs); logs are floats by name.
        when: whether to save at a step.
    """

    def __init__(
        self,
        save: Callable[[keras.Model, int, dict[str, float]], object],
        when: Callable[[int], bool],
    ):
        super().__init__()
        self.save = save
        self.when = when

    def on_epoch_end(self, epoch, logs=None):
        """Saves, when it is time to."""
        step = self.model.steps_done
        if self.when(step):
            self.save(self.model, step, {k: float(v) for k, v in (logs or {}).items()})


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves a checkpoint every so many steps.

    Args:
        save: saves the model, given (model, step, score).
        when: when to save.
        score_name: the logged value by which the best is known; None for none.
        sign: 1 if a higher score is better, -1 if a lower.
        besides: whether to save at another epoch's end, too.
        otherwise: called with the step at the ends of the other epochs; None for nothing.
    """

    def __init__(
        self,
        save: Callable[[keras.Model, int, float | None], object],
        when: Schedule,
        score_name: str | None = None,
        sign: int = 1,
        besides: Callable[[], bool] = lambda: False,
        otherwise: Callable[[int], object] | None = None,
    ):
        super().__init__()
        self.save = save
        self.when = when
        self.score_name = score_name
        self.sign = sign
        self.besides = besides
        self.otherwise = otherwise

    def on_epoch_end(self, epoch, logs=None):
        """Saves, when it is time to."""
        step = self.model.steps_done
        if self.when.due(step) or self.besides():
            score = (logs or {}).get(self.score_name)
            self.save(self.model, step, None if score is None else self.sign * float(score))
        elif self.otherwise is not None:
            self.otherwise(step)


def peak_memory() -> dict[str, float]:
    """Returns the process' peak resident memory, and each GPU's, in MB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = {"peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}
    for i, _ in enumerate(tf.config.list_logical_devices("GPU")):
        info = tf.config.experimental.get_memory_info(f"GPU:{i}")
        peak[f"gpu{i}_peak_memory_mb"] = info["peak"] / 2**20
    return {name: round(value, 1) for name, value in peak.items()}

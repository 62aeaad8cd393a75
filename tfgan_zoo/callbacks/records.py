"""Callbacks that record what a run logs, and what the logs mean."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import atomic, memory
from tfgan_zoo.callbacks.diagnosis import MEASURES
from tfgan_zoo.callbacks.schedule import Schedule
from tfgan_zoo.keras_internals import applied_updates, loss_scale


class LossScales(keras.callbacks.Callback):
    """Adds float16 loss scales to an epoch's logs, for the callbacks after it.

    For each role with a loss scale, `loss_scale` is its present value and `skipped` the number of
    updates of the epoch that were skipped because gradients were not finite (or because a
    discriminator waited). The names have the prefix of the role's logs: `g_loss_scale`.
    """

    def on_epoch_begin(self, epoch, logs=None):
        """Reads the counters."""
        self.first = self.model.steps_done, self._applied()

    def on_epoch_end(self, epoch, logs=None):
        """Reads the scales, and the counters again."""
        (first, before), applied = self.first, self._applied()
        for role, optimizer in _scaled(self.model).items():
            scale, skipped = _loss_scale_logs(self.model, role)
            logs[scale] = float(loss_scale(optimizer).numpy())
            due = (self.model.steps_done - first) * self.model.updates_per_step[role]
            logs[skipped] = due - (applied[role] - before[role])

    def _applied(self) -> dict[str, int]:
        return {
            role: int(applied_updates(optimizer).numpy())
            for role, optimizer in _scaled(self.model).items()
        }


def _scaled(model: Any) -> dict[str, Any]:
    """Returns the optimizers with a loss scale, by role."""
    # A role without logs does not train, such as the discriminator of SRResNet.
    optimizers = {r: getattr(model, f"{r}_optimizer") for r in model.roles() if model.logs_of(r)}
    kind = keras.mixed_precision.LossScaleOptimizer
    return {role: o for role, o in optimizers.items() if isinstance(o, kind)}


def _loss_scale_logs(model: Any, role: str) -> tuple[str, str]:
    prefix = model.log_prefixes.get(role, "")
    return f"{prefix}loss_scale", f"{prefix}skipped"


class MetricsLog(keras.callbacks.Callback):
    """Writes one line of `metrics.jsonl`, and TensorBoard scalars, per epoch.

    A line holds the step, the logs, and peak memory in MB (resident memory of the process, and the
    memory of each GPU). Values that are not finite are null.

    Args:
        file: The JSON lines file to append to.
        when: Ends of epochs to write; an epoch cut short is not written.
        events: Writer of TensorBoard events; None for none.
        about: JSON file for `describe_logs`, written when training begins; None for none.
    """

    def __init__(
        self,
        file: str | Path,
        when: Schedule,
        events: Any = None,
        about: str | Path | None = None,
    ):
        super().__init__()
        self.file = Path(file)
        self.when = when
        self.events = events
        self.about = None if about is None else Path(about)

    def on_train_begin(self, logs=None):
        """Writes what the logs mean."""
        if self.about is not None:
            with atomic.open_replacing(self.about, "w") as file:
                json.dump(describe_logs(self.model), file, indent=2)

    def on_epoch_end(self, epoch, logs=None):
        """Writes the line when due."""
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


def describe_logs(model: Any) -> dict[str, Any]:
    """Returns what a model is and what its logs mean, for reports, which do not load it.

    Args:
        model: A compiled model.

    Returns:
        "parameters", the number of each role's weights; and names of logs: "training", those of
        train steps, the main ones first; "health", see `callbacks.Health`; "machine", speed and
        memory. Other logs are scores.
    """
    others = [name for name in model.log_names if name not in model.main_logs]
    for role in _scaled(model):
        others += _loss_scale_logs(model, role)
    return {
        "parameters": {
            role: sum(network.count_params() for network in networks)
            for role, networks in model.roles().items()
        },
        "training": [*model.main_logs, *sorted(others)],
        "health": list(MEASURES),
        "machine": ["images_per_second", *peak_memory()],
    }


def peak_memory() -> dict[str, float]:
    """Returns the process' peak resident memory, and each GPU's, in MB."""
    peak = {"peak_memory_mb": memory.peak_bytes() / 2**20}
    for i, _ in enumerate(tf.config.list_logical_devices("GPU")):
        info = tf.config.experimental.get_memory_info(f"GPU:{i}")
        peak[f"gpu{i}_peak_memory_mb"] = info["peak"] / 2**20
    return {name: round(value, 1) for name, value in peak.items()}

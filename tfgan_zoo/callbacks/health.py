"""Watches training, and says in words what goes wrong and what usually helps."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.callbacks.class_diversity import (
    SEEN,
    ClassSamples,
    class_diversity,
    class_samples,
    spread,
)
from tfgan_zoo.callbacks.diagnosis import ALIKE, CONDITIONS, Diagnosis
from tfgan_zoo.callbacks.schedule import Schedule
from tfgan_zoo.keras_internals import loss_scale

#: Number of samples per check, or of packs of samples.
SAMPLES = 8
#: The number of these that the gradient is computed on.
GRADIENT_SAMPLES = 2


class Health(keras.callbacks.Callback):
    """Says in a sentence or two what goes wrong in training, and what usually helps.

    Checks for a discriminator that has won (not for critics: WGAN's should be far ahead), a
    vanished gradient of the generator, samples that are all alike (or translations of different
    inputs that are), oscillating losses, and values that are not finite. Reports each once, and
    again only if it was resolved in between. Adds to the logs, for the callbacks after it:
    `g_gradient`, the norm of the generator's gradient on a fixed batch, and `diversity`, how much
    samples differ relative to real images. Of a model that is conditional on classes it also adds
    `class_diversity`, the same within the class where it is the lowest, and names the classes that
    have collapsed; it checks up to 48 classes of which the first 1,024 samples have four or more.
    Does not change training.

    Args:
        data: Data to check with, as for `fit`; only the first few samples are used. None for the
            data that `fit` is given. A Python generator can be read only once, so only losses are
            checked then.
        say: Function that receives the messages.
        file: JSON lines file for findings: step, condition and message; None for none.
        conditions: Some of `CONDITIONS`.
        each: Ends of epochs to check; None for all.
        look: When to measure gradient and samples; None for every time of `each`.
        before: Rows that a resumed run has logged. Their findings are not reported again.
        of: Function from the model that trains to the model to measure.
        class_names: Names of the classes, by number; empty for those of the model, else numbers.

    Example:
        >>> model.fit(dataset, epochs=20, callbacks=[callbacks.Health()])
    """

    def __init__(
        self,
        data: Any = None,
        say: Callable[[str], object] = print,
        *,
        file: str | Path | None = None,
        conditions: Iterable[str] = CONDITIONS,
        each: Schedule | None = None,
        look: Schedule | None = None,
        before: Iterable[Mapping[str, Any]] = (),
        of: Callable[[Any], Any] = lambda model: model,
        class_names: Sequence[str] = (),
    ):
        super().__init__()
        self.data = data
        self.say = say
        self.file = None if file is None else Path(file)
        self.conditions = tuple(conditions)
        self.each = each
        self.look = look
        self.before = list(before)
        self.of = of
        self.class_names = tuple(class_names)
        self.batch: Any = None
        self.classes: ClassSamples | None = None
        self.diagnosis: Diagnosis | None = None

    def on_train_begin(self, logs=None):
        """Takes the samples, and measures the gradient of the untrained generator."""
        if self.diagnosis is not None:  # a second call of `fit`
            return
        wanted = {"gradients", "diversity"} & set(self.conditions)
        # A generator without a game has no adversary whose verdict could leave it without gradient.
        if wanted and "generator" in self.model.roles() and "g_loss" in self.model.log_names:
            data = self.model.training_data() if self.data is None else self.data
            share = self.model.samples_per_step(1)
            self.batch = first_samples(data, SAMPLES * share, share)
            labelled = "label" in getattr(self.model, "condition", ())
            if self.batch is not None and labelled and "diversity" in wanted:
                self.classes = class_samples(_thinned(data), self.model)
        start = self._start()
        is_game = hasattr(self.model, "d_loss_bounds")
        self.diagnosis = Diagnosis(
            self.model.d_loss_bounds() if is_game else None,
            self.conditions,
            start,
            self.model.log_names,
            r1=is_game,
        )
        for row in self.before:
            if self._counts(row["step"]):
                self.diagnosis.see(row)

    def _start(self) -> float | None:
        """Returns the gradient's norm before the first step, from the file of a resumed run."""
        lines = self.file.read_text().splitlines() if self.file and self.file.exists() else []
        known = [row["g_gradient"] for row in map(json.loads, lines) if "g_gradient" in row]
        if known or self.model.steps_done:
            return known[0] if known else None
        if self.batch is None or "gradients" not in self.conditions:
            return None
        norm = self._gradient(self.of(self.model))
        if not np.isfinite(norm):
            return None
        message = f"The generator's gradient begins with a norm of {norm:.2g}."
        self._write({"step": 0, "condition": "begun", "message": message, "g_gradient": norm})
        return norm

    def on_epoch_end(self, epoch, logs=None):
        """Checks, and reports new findings."""
        step = self.model.steps_done
        if not self._counts(step):
            return
        assert self.diagnosis is not None
        logs = {} if logs is None else logs
        if self.look is None or self.look.due(step):
            logs.update(self.measure())
        for finding in self.diagnosis.see({"step": step, **logs}):
            self.say(finding.message)
            self._write(finding._asdict())

    def measure(self) -> dict[str, float]:
        """Returns `g_gradient` and `diversity` of the model, as far as they can be computed."""
        if self.batch is None:
            return {}
        model, found = self.of(self.model), {}
        if "gradients" in self.conditions:
            found["g_gradient"] = self._gradient(model)
        if "diversity" in self.conditions:
            with model.random_phase_of("health", 0):
                pairs = model.samples_and_targets(self.batch).values()
            shares = [spread(made) / spread(real) for made, real in pairs if spread(real) > 0]
            if shares:
                found["diversity"] = min(shares)
            if self.classes is not None:
                with model.random_phase_of("health", 0):
                    by_class = class_diversity(model, self.classes)
                found |= self._note_classes(by_class)
        return found

    def _note_classes(self, by_class: Mapping[int, float]) -> dict[str, float]:
        """Returns the lowest diversity within a class, and notes the classes that lack it."""
        if not by_class:
            return {}
        order = sorted(by_class, key=lambda label: by_class[label])
        names = self.class_names or tuple(getattr(self.model, "class_names", None) or ())
        if self.diagnosis is not None:
            self.diagnosis.alike = [
                names[label] if label < len(names) else f"class {label}"
                for label in order
                if by_class[label] < ALIKE
            ]
        return {"class_diversity": by_class[order[0]]}

    def _gradient(self, model: Any) -> float:
        """Returns the norm of the gradient of `g_loss` on the fixed batch."""
        rows = GRADIENT_SAMPLES * self.model.samples_per_step(1)
        part = tf.nest.map_structure(lambda x: x[:rows], self.batch)
        variables = [variable.value for variable in model.role_variables("generator")]
        # Without the scale, small gradients would be lost in float16.
        scale = loss_scale(model.generator_optimizer)
        scale = 1.0 if scale is None else float(scale.numpy())
        with (
            model.random_phase_of("health", 0),
            tf.GradientTape(watch_accessed_variables=False) as tape,
        ):
            tape.watch(variables)
            loss = scale * model.losses_of(part)["g_loss"]
        gradients = [g for g in tape.gradient(loss, variables) if g is not None]
        return float(tf.linalg.global_norm(gradients)) / scale

    def _counts(self, step: int) -> bool:
        return self.each is None or self.each.due(step)

    def _write(self, line: Mapping[str, Any]) -> None:
        if self.file is not None:
            with self.file.open("a") as file:
                file.write(json.dumps(line) + "\n")


def first_samples(data: Any, num: int, multiple: int = 1) -> Any:
    """Returns the first samples of data for `fit` as one batch; None if there are fewer than two.

    Args:
        data: A tf.data.Dataset or a PyDataset of batches, or arrays. Nothing is taken from
            iterators.
        num: Number of samples, or fewer if there are no more.
        multiple: The number of samples is a multiple of this.
    """
    if data is None or hasattr(data, "__next__") or callable(data):
        return None
    taken: list[Any] = []
    count = 0
    for batch in _batches(data):
        taken.append(batch)
        count += len(tf.nest.flatten(batch)[0])
        if count >= num:
            break
    rows = min(num, count) // multiple * multiple
    if rows < 2 * multiple:
        return None
    return tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0)[:rows], *taken)


def _batches(data: Any) -> Iterable[Any]:
    """Returns the batches of data for `fit`; of arrays, one of all samples."""
    if isinstance(data, tf.data.Dataset):
        return data
    if isinstance(data, keras.utils.PyDataset):
        return (data[i] for i in range(data.num_batches or 1))
    return [data]


def _thinned(data: Any) -> Iterable[Any]:
    """Returns the same, but of arrays, which may be sorted by class, samples from everywhere."""
    batches = _batches(data)
    if not isinstance(batches, list):
        return batches
    step = max(1, len(tf.nest.flatten(data)[0]) // SEEN)
    return [tf.nest.map_structure(lambda x: x[::step], data)]

"""Watches training, and says in words what goes wrong and what usually helps."""

import json
import statistics
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.callbacks.schedule import Schedule
from tfgan_zoo.keras_internals import loss_scale

#: The conditions to check, by their names in config.health.
CONDITIONS = ("saturation", "gradients", "diversity", "oscillation")
#: The logs that these checks add.
MEASURES = ("g_gradient", "diversity")

#: The discriminator has won if `d_loss` is below this share of the way from its minimum to its
#: value for an undecided discriminator: D(x) is then about 0.98. Healthy games stay above a tenth.
SATURATED = 0.02
#: Number of logged means in a row: at the very start the discriminator wins briefly in most runs.
SATURATED_TIMES = 3

#: The generator's gradient has vanished below this share of its usual norm. Healthy norms vary by a
#: factor of ten or twenty; against a discriminator that is certain they fall by thousands.
VANISHED = 1e-3
VANISHED_TIMES = 2

#: Samples are alike if they differ by less than this share of what real ones do. A generator with a
#: few of many modes still reaches half or more; this is the end, not the beginning of a collapse.
ALIKE = 0.1
#: An untrained generator's samples are all alike, so collapse is reported only after 10 checks in a
#: row; once samples have varied, 2 are enough.
ALIKE_TIMES = 2
ALIKE_AT_FIRST = 10

#: Number of changes from one logged mean to the next that are examined together.
WINDOW = 8
#: Minimum number of turns among them. A trend does not turn; noise turns two times of three.
TURNS = 3
#: A loss of a game between probabilities swings if it changes by this share of its own size. In
#: runs of the recipes, means over log_every steps changed by less than a tenth.
WILD = 0.4
#: Lower limit of that size, as a share of the range of `d_loss`, for a loss near 0.
SMALL = 0.1
#: Any loss swings if it changes by this factor more than in the window before,
GROWN = 4.0
#: and by more than this share of its own size.
SIZEABLE = 0.25
SWINGS_TIMES = 2

#: A condition counts as resolved after 5 checks without it, so one that comes and goes is reported
#: once.
GONE_TIMES = 5

#: Number of samples per check, or of packs of samples.
SAMPLES = 8
#: The number of these that the gradient is computed on.
GRADIENT_SAMPLES = 2


class Finding(NamedTuple):
    """A problem.

    Attributes:
        step: The step at which it is reported.
        condition: "not_finite", or one of `CONDITIONS`.
        message: What it is, since which step, and what usually helps.
    """

    step: int
    condition: str
    message: str


class _Streak:
    """Counts how often in a row a condition holds; it is news once, until it is resolved."""

    def __init__(self) -> None:
        self.times = self.without = self.since = 0
        self.said = False

    def is_news(self, step: int, so: bool, needed: int) -> bool:
        if so:
            self.times, self.without = self.times + 1, 0
            self.since = step if self.times == 1 else self.since
        else:
            self.without += 1
            if not self.said or self.without == GONE_TIMES:
                self.times, self.said = 0, False
        news = so and not self.said and self.times >= needed
        self.said |= news
        return news


class Diagnosis:
    """Finds problems in the logs of a run, and in nothing else.

    Given the same rows again, after a run was resumed, it is in the same state.

    Args:
        d_loss_bounds: `d_loss` of a perfect and of an undecided discriminator; None for critics,
            which should be far ahead.
        conditions: Conditions to check.
        start: Norm of the generator's gradient before the first step, if known.
        finite: Names of the logs that have to be finite.
        r1: Whether the model has an R1 penalty that may help.
    """

    def __init__(
        self,
        d_loss_bounds: tuple[float, float] | None,
        conditions: Iterable[str] = CONDITIONS,
        start: float | None = None,
        finite: Iterable[str] = ("d_loss", "g_loss"),
        r1: bool = True,
    ):
        self.d_loss_bounds = d_loss_bounds
        self.conditions = tuple(conditions)
        self.finite = {*finite, *MEASURES}
        self.r1 = r1
        self.norms = [] if start is None else [start]
        self.varied = False
        self.losses: dict[str, list[float]] = {"d_loss": [], "g_loss": []}
        self.streaks = {name: _Streak() for name in ("not_finite", *CONDITIONS)}

    def see(self, row: Mapping[str, Any]) -> list[Finding]:
        """Returns new findings after a row of logs, which includes `step`."""
        step = int(row["step"])
        bad = [n for n, v in row.items() if v is None or not np.isfinite(v)]
        values = {n: float(v) for n, v in row.items() if n not in bad}
        lost = [name for name in bad if name in self.finite]
        found = []
        if self.streaks["not_finite"].is_news(step, bool(lost), 1):
            r1 = " R1 (model_args.r1_gamma)," if self.r1 else ""
            message = (
                f"At step {step:,} {', '.join(lost)} is not finite. Lower learning rates,{r1} or "
                "float32 usually helps."
            )
            found.append(Finding(step, "not_finite", message))
        for name in self.conditions:
            if message := getattr(self, f"_{name}")(step, values):
                found.append(Finding(step, name, message))
        return found

    def _saturation(self, step: int, values: Mapping[str, float]) -> str:
        streak, loss = self.streaks["saturation"], values.get("d_loss")
        if self.d_loss_bounds is None or loss is None:
            return ""
        least, undecided = self.d_loss_bounds
        won = loss - least < SATURATED * (undecided - least)
        if not streak.is_news(step, won, SATURATED_TIMES):
            return ""
        return (
            f"Since step {streak.since:,} the discriminator tells real from generated without a "
            f"mistake (d_loss is {loss:.2g}; {undecided:.2g} if it cannot tell), and the "
            "generator learns little from it. A lower learning rate for the discriminator, R1 "
            "(model_args.r1_gamma), smoothed labels or model_args.skip_discriminator_above usually "
            "helps."
        )

    def _gradients(self, step: int, values: Mapping[str, float]) -> str:
        streak, norm = self.streaks["gradients"], values.get("g_gradient")
        if norm is None:
            return ""
        usual = statistics.median(self.norms) if self.norms else norm
        gone = norm == 0.0 or norm < VANISHED * usual
        if not gone:
            self.norms.append(norm)
        if not streak.is_news(step, gone, VANISHED_TIMES):
            return ""
        return (
            f"Since step {streak.since:,} the generator's gradient has all but vanished: its norm "
            f"is {norm:.1g}, and was {usual:.1g}. A lower learning rate for the discriminator, R1 "
            "(model_args.r1_gamma), the non-saturating objective or another game (wgan_gp) usually "
            "helps."
        )

    def _diversity(self, step: int, values: Mapping[str, float]) -> str:
        streak, share = self.streaks["diversity"], values.get("diversity")
        if share is None:
            return ""
        alike = share < ALIKE
        self.varied |= not alike
        if not streak.is_news(step, alike, ALIKE_TIMES if self.varied else ALIKE_AT_FIRST):
            return ""
        return (
            f"Since step {streak.since:,} the generator makes nearly the same image from any "
            f"input: its images differ by {share:.1%} of what real ones do (mode collapse). "
            "Packing (model_args.packing=2), R1 (model_args.r1_gamma), a lower learning rate for "
            "the generator or another game (wgan_gp) usually helps, from an earlier checkpoint."
        )

    def _oscillation(self, step: int, values: Mapping[str, float]) -> str:
        streak, swings = self.streaks["oscillation"], []
        for name, losses in self.losses.items():
            if name in values:
                losses.append(values[name])
                del losses[: -2 * WINDOW - 1]
                if self._swings(losses):
                    swings.append(name)
        if not streak.is_news(step, bool(swings), SWINGS_TIMES):
            return ""
        return (
            f"Since step {streak.since:,} {' and '.join(swings)} "
            f"oscillate{'s' * (len(swings) < 2)} instead of settling. Lower learning "
            "rates, less momentum (Adam with beta_1 of 0.5 or 0) or R1 (model_args.r1_gamma) "
            "usually helps; a moving average (model_args.ema_half_life) steadies the samples."
        )

    def _swings(self, losses: list[float]) -> bool:
        if len(losses) <= WINDOW:
            return False
        changes = np.diff(losses)
        recent, before = changes[-WINDOW:], changes[:-WINDOW]
        turns = int(np.sum(recent[1:] * recent[:-1] < 0))
        # Medians, so that a single peak does not count.
        swing, size = np.median(np.abs(recent)), np.median(np.abs(losses[-WINDOW - 1 :]))
        if self.d_loss_bounds is not None:  # a generator's loss may be near 0
            won, undecided = self.d_loss_bounds
            size = max(size, SMALL * (undecided - won))
        wild = self.d_loss_bounds is not None and swing > WILD * size
        grown = (
            len(before) == WINDOW
            and swing > GROWN * np.median(np.abs(before))
            and swing > SIZEABLE * size
        )
        return turns >= TURNS and bool(wild or grown)


class Health(keras.callbacks.Callback):
    """Says in a sentence or two what goes wrong in training, and what usually helps.

    Checks for a discriminator that has won (not for critics: WGAN's should be far ahead), a
    vanished gradient of the generator, samples that are all alike (or translations of different
    inputs that are), oscillating losses, and values that are not finite. Reports each once, and
    again only if it was resolved in between. Adds to the logs, for the callbacks after it:
    `g_gradient`, the norm of the generator's gradient on a fixed batch, and `diversity`, how much
    samples differ relative to real images. Does not change training.

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
        self.batch: Any = None
        self.diagnosis: Diagnosis | None = None

    def on_train_begin(self, logs=None):
        """Takes the samples, and measures the gradient of the untrained generator."""
        if self.diagnosis is not None:  # a second call of `fit`
            return
        wanted = {"gradients", "diversity"} & set(self.conditions)
        if wanted and "generator" in self.model.roles():
            data = self.model.training_data() if self.data is None else self.data
            share = self.model.samples_per_step(1)
            self.batch = first_samples(data, SAMPLES * share, share)
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
            shares = [_spread(made) / _spread(real) for made, real in pairs if _spread(real) > 0]
            if shares:
                found["diversity"] = min(shares)
        return found

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


def _spread(images: tf.Tensor) -> float:
    """Returns how much the images of a batch differ: root of the mean variance of a pixel."""
    return float(tf.sqrt(tf.reduce_mean(tf.math.reduce_variance(images, axis=0))))


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
    if isinstance(data, tf.data.Dataset):
        batches: Iterable[Any] = data
    elif isinstance(data, keras.utils.PyDataset):
        batches = (data[i] for i in range(data.num_batches or 1))
    else:
        batches = [data]
    taken: list[Any] = []
    count = 0
    for batch in batches:
        taken.append(batch)
        count += len(tf.nest.flatten(batch)[0])
        if count >= num:
            break
    rows = min(num, count) // multiple * multiple
    if rows < 2 * multiple:
        return None
    return tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0)[:rows], *taken)

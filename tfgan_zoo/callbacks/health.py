"""Looks at a training as it goes, and says in words what goes wrong and what usually helps."""

import json
import statistics
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.callbacks.records import Schedule

#: What is looked for, by the names of config.health.
CONDITIONS = ("saturation", "gradients", "diversity", "oscillation")
#: What is measured for it, and logged.
MEASURES = ("g_gradient", "diversity")

#: The discriminator has won where `d_loss` is below this share of the way from its least value to
#: where it cannot tell: it then gives D(x) = 0.98 or so. Games that go well stay above a tenth.
SATURATED = 0.02
#: So many logged means in a row: at the very start the discriminator wins for a while in most runs.
SATURATED_TIMES = 3

#: The generator's gradient has vanished below this share of its usual norm. Norms that are healthy
#: wander by a factor of ten or twenty, and those of a discriminator that is sure fall by thousands.
VANISHED = 1e-3
VANISHED_TIMES = 2

#: Samples are alike where they differ by less than this share of what real ones do. A few modes of
#: many still differ by half of it or more; this is the end, not the beginning of a collapse.
ALIKE = 0.1
#: Fresh generators make samples that are alike: they have so many looks to get away from it, after
#: which, or if they had, a collapse is believed the second time.
ALIKE_TIMES = 2
ALIKE_AT_FIRST = 10

#: Changes from one logged mean to the next that count as a swing.
WINDOW = 8
#: How often they have to turn round. A trend does not turn; noise does in two of three.
TURNS = 3
#: A loss of a game between probabilities swings where it changes by so much of its own size; in
#: runs of the recipes, means over a log_every changed by less than a tenth.
WILD = 0.4
#: Of a loss near 0, of so much of what the discriminator's may change by.
SMALL = 0.1
#: Any loss swings where it changes so many times more than it did a window before,
GROWN = 4.0
#: and by more than this share of its own size.
SIZEABLE = 0.25
SWINGS_TIMES = 2

#: What was said has gone after so many looks without it: what comes and goes is not said each time.
GONE_TIMES = 5

#: Samples that are made at a look; of batches that are judged in parts, so many parts.
SAMPLES = 8
#: Of these, what the gradient is taken on.
GRADIENT_SAMPLES = 2


class Finding(NamedTuple):
    """Something that goes wrong.

    Attributes:
        step: at which it is said.
        condition: "not_finite", or one of `CONDITIONS`.
        message: what it is, since which step, and what usually helps.
    """

    step: int
    condition: str
    message: str


class _Streak:
    """How often in a row something was so; it is news once, until it has gone."""

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
    """What follows from the logged values of a run, and from nothing else.

    Shown the same rows again, after a run was resumed, it is where it was.

    Args:
        d_loss_range: `d_loss` of a discriminator that is always right and of one that cannot tell;
            None for critics, of which there is no saying, as they ought to be far ahead.
        conditions: what to look for.
        start: norm of the generator's gradient before the first step; None if it is not known.
    """

    def __init__(
        self,
        d_loss_range: tuple[float, float] | None,
        conditions: Iterable[str] = CONDITIONS,
        start: float | None = None,
    ):
        self.d_loss_range = d_loss_range
        self.conditions = tuple(conditions)
        self.norms = [] if start is None else [start]
        self.varied = False
        self.losses: dict[str, list[float]] = {"d_loss": [], "g_loss": []}
        self.streaks = {name: _Streak() for name in ("not_finite", *CONDITIONS)}

    def see(self, row: Mapping[str, Any]) -> list[Finding]:
        """Returns what is new after a row of logged values, `step` among them."""
        step = int(row["step"])
        bad = [n for n, v in row.items() if v is None or not np.isfinite(v)]
        values = {n: float(v) for n, v in row.items() if n not in bad}
        lost = [name for name in bad if name == "loss" or name.startswith(("d_", "g_"))]
        found = []
        if self.streaks["not_finite"].is_news(step, bool(lost), 1):
            # What trains alone has no discriminator for R1.
            r1 = "" if "loss" in lost else " R1 (model_args.r1_gamma),"
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
        if self.d_loss_range is None or loss is None:
            return ""
        least, undecided = self.d_loss_range
        won = loss - least < SATURATED * (undecided - least)
        if not streak.is_news(step, won, SATURATED_TIMES):
            return ""
        return (
            f"Since step {streak.since:,} the discriminator tells real from generated without a "
            f"mistake (d_loss {loss:.2g}, against {undecided:.2g} where it cannot tell), and the "
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
            f"Since step {streak.since:,} the generator makes much the same whatever it is given: "
            f"its images differ by {share:.1%} of what real ones do (mode collapse). Packing "
            "(model_args.packing=2), R1 (model_args.r1_gamma), a lower learning rate for the "
            "generator or another game (wgan_gp) usually helps, from a checkpoint of before."
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
            f"Since step {streak.since:,} {' and '.join(swings)} swing{'s' * (len(swings) < 2)} to "
            "and fro instead of settling. Lower learning rates, less momentum (Adam with beta_1 of "
            "0.5 or 0) or R1 (model_args.r1_gamma) usually helps; a moving average "
            "(model_args.ema_half_life) steadies the samples."
        )

    def _swings(self, losses: list[float]) -> bool:
        if len(losses) <= WINDOW:
            return False
        changes = np.diff(losses)
        recent, before = changes[-WINDOW:], changes[:-WINDOW]
        turns = int(np.sum(recent[1:] * recent[:-1] < 0))
        # Medians, for which a single peak is no swing.
        swing, size = np.median(np.abs(recent)), np.median(np.abs(losses[-WINDOW - 1 :]))
        if self.d_loss_range is not None:  # the loss of a game may be about 0
            won, undecided = self.d_loss_range
            size = max(size, SMALL * (undecided - won))
        wild = self.d_loss_range is not None and swing > WILD * size
        grown = (
            len(before) == WINDOW
            and swing > GROWN * np.median(np.abs(before))
            and swing > SIZEABLE * size
        )
        return turns >= TURNS and bool(wild or grown)


class Health(keras.callbacks.Callback):
    """Says in a sentence or two what goes wrong in a training, and what usually helps.

    Looked for are a discriminator that has won (not of critics: WGAN's ought to be far ahead), a
    generator's gradient that has vanished, samples that are all alike (translations: of different
    inputs), losses that swing, and values that are not finite. Each is said once, and again only if
    it had gone in between. `g_gradient`, the norm of the generator's gradient on a fixed batch, and
    `diversity`, how much samples differ as a share of how much real images do, are added to the
    logs for the callbacks after it. Training itself is not changed.

    Args:
        data: to look at, as `fit` takes it: always the first few samples. None for what `fit` is
            given; of a generator, which can be read only once, only losses are looked at then.
        say: receives the messages.
        file: of JSON lines, each with step, condition and message; None for none.
        conditions: some of `CONDITIONS`.
        each: the ends of epochs that count; None for all.
        look: when gradient and samples are looked at; None for whenever `each` is.
        before: what was logged up to here by a run that is resumed, which it does not say again.
        of: returns the model to look at, given the one that is trained.

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
        """Takes the samples to look at, and looks at the untrained generator's gradient."""
        if self.diagnosis is not None:  # a second call of `fit`
            return
        wanted = {"gradients", "diversity"} & set(self.conditions)
        if wanted and "generator" in self.model.players():
            data = self.model.training_data() if self.data is None else self.data
            share = self.model.samples_per_step(1)
            self.batch = first_samples(data, SAMPLES * share, share)
        start = self._start()
        self.diagnosis = Diagnosis(self.model.d_loss_range(), self.conditions, start)
        for row in self.before:
            if self._counts(row["step"]):
                self.diagnosis.see(row)

    def _start(self) -> float | None:
        """Returns the gradient's norm before the first step, as it was written down then."""
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
        """Looks, and says what is new."""
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
        """Returns `g_gradient` and `diversity` of the model as it is, as far as they are known."""
        if self.batch is None:
            return {}
        model, found = self.of(self.model), {}
        if "gradients" in self.conditions:
            found["g_gradient"] = self._gradient(model)
        if "diversity" in self.conditions:
            with model.moment("health", 0):
                pairs = model.made_and_real(self.batch).values()
            shares = [_spread(made) / _spread(real) for made, real in pairs if _spread(real) > 0]
            if shares:
                found["diversity"] = min(shares)
        return found

    def _gradient(self, model: Any) -> float:
        """Returns the norm of the gradient of `g_loss`, of which samples differ the least."""
        rows = GRADIENT_SAMPLES * self.model.samples_per_step(1)
        part = tf.nest.map_structure(lambda x: x[:rows], self.batch)
        variables = [variable.value for variable in model.role_variables("generator")]
        # In float16 small gradients would be lost without it.
        scale = getattr(model.generator_optimizer, "dynamic_scale", None)
        scale = 1.0 if scale is None else float(scale.numpy())
        with (
            model.moment("health", 0),
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
    """Returns by how much a batch's images differ: the root of a pixel's variance, on average."""
    return float(tf.sqrt(tf.reduce_mean(tf.math.reduce_variance(images, axis=0))))


def first_samples(data: Any, num: int, multiple: int = 1) -> Any:
    """Returns the first samples of what `fit` takes, in one batch; None if there are not two.

    Args:
        data: a tf.data.Dataset or a PyDataset of batches, or arrays; of iterators, and of nothing,
            nothing is taken.
        num: how many; fewer if there are no more.
        multiple: what their number is to be a multiple of.
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

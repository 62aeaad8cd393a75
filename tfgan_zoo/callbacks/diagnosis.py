"""Finds what goes wrong in the logs of a run, and says in words what usually helps."""

import statistics
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.callbacks.class_diversity import listed

#: The conditions to check, by their names in config.health.
CONDITIONS = ("saturation", "gradients", "diversity", "oscillation", "augmentation")
#: The logs that these checks add.
MEASURES = ("g_gradient", "diversity", "class_diversity")

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
#: Samples of a class that are alike while those of different classes differ: classes are learnt
#: before what varies within them.
CLASS_ALIKE_AT_FIRST = 4

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

#: An adaptive probability of augmentation has reached its end.
FULL = 0.99
FULL_TIMES = 5

#: A condition counts as resolved after 5 checks without it, so one that comes and goes is reported
#: once.
GONE_TIMES = 5


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
        self.varied = self.classes_varied = False
        #: The classes whose samples are alike, by name, the worst first; for the next message.
        self.alike: list[str] = []
        self.losses: dict[str, list[float]] = {"d_loss": [], "g_loss": []}
        self.streaks = {name: _Streak() for name in ("not_finite", *CONDITIONS, "classes")}

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
        of_classes = self._class_diversity(step, values, alike)
        if not streak.is_news(step, alike, ALIKE_TIMES if self.varied else ALIKE_AT_FIRST):
            return of_classes
        return (
            f"Since step {streak.since:,} the generator makes nearly the same image from any "
            f"input: its images differ by {share:.1%} of what real ones do (mode collapse). "
            "Packing (model_args.packing=2), R1 (model_args.r1_gamma), a lower learning rate for "
            "the generator or another game (wgan_gp) usually helps, from an earlier checkpoint."
        )

    def _class_diversity(self, step: int, values: Mapping[str, float], all_alike: bool) -> str:
        streak, share = self.streaks["classes"], values.get("class_diversity")
        if share is None:
            return ""
        # If all samples are alike, those of a class are too; that is said once.
        alike = share < ALIKE and not all_alike
        self.classes_varied |= share >= ALIKE
        needed = ALIKE_TIMES if self.classes_varied else CLASS_ALIKE_AT_FIRST
        if not streak.is_news(step, alike, needed):
            return ""
        names = self.alike or ["a class"]
        return (
            f"Since step {streak.since:,} the generator makes nearly the same image whenever it is "
            f"asked for {listed(names)}: its images of {names[0]} differ by {share:.1%} of what "
            "real ones do (mode collapse within a class). Packing (model_args.packing=2), R1 "
            "(model_args.r1_gamma) or a lower learning rate for the generator usually helps, from "
            "an earlier checkpoint; more samples of the class do too."
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

    def _augmentation(self, step: int, values: Mapping[str, float]) -> str:
        streak, share = self.streaks["augmentation"], values.get("d_augment")
        # A fixed probability is a choice; only one that adapts is logged with `d_sign`.
        if share is None or "d_sign" not in values:
            return ""
        if not streak.is_news(step, share >= FULL, FULL_TIMES):
            return ""
        return (
            f"Since step {streak.since:,} the probability of augmentation (d_augment) is 1, and "
            f"the discriminator is still surer of real images than wanted (d_sign is "
            f"{values['d_sign']:.2f}): it memorises the data, and augmentations may show in "
            "samples. An earlier checkpoint, more images, R1 (model_args.r1_gamma), a smaller "
            "discriminator or fewer kinds (model_args.ada_kinds) usually helps."
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

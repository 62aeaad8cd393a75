"""A run that is planned by time: its recipe with another number of steps.

What a recipe counts in steps keeps its share of the run. Schedules and decays shrink and grow with
it. Pretraining, and the intervals of log lines, sheets, checkpoints, scores and checks, only
shrink: a short run has as many of them as the recipe, and a long one has them as often.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from tfgan_zoo.config.check import check
from tfgan_zoo.config.stored import has_begun, stored_config
from tfgan_zoo.config.values import SCHEDULE, flatten
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.progress import counted

#: Entries of pretraining that count steps.
_PRETRAINING = ("pretraining.steps", "pretraining.frozen_steps")
#: Intervals that are multiples of `train.log_every`.
_INTERVALS = ("train.sample_every", "train.checkpoint_every", "evaluate.every", "health.every")
#: Entries of optimizers that count steps.
_DECAYS = ("halve_every", "decay_every")
#: The most minutes of a run.
_YEAR = 365 * 24 * 60


class Planner:
    """Plans the steps of a recipe again.

    Args:
        config: The recipe's config.
        kept: Entries that somebody has set, which stay as they are. If one of the intervals is
            among them, all intervals stay.
        rarer: How many times longer intervals are than the recipe's share of the run; for runs in
            which sheets and scores would take most of the time.

    Example:
        >>> from tfgan_zoo.config import load_config
        >>> config = Planner(load_config("dcgan")).planned(300)  # a tenth of its steps
        >>> config.train.steps, config.train.log_every
        (300, 10)
    """

    def __init__(self, config: ConfigDict, kept: Collection[str] = (), rarer: int = 1):
        self.config = config
        self.kept = frozenset(kept)
        self.rarer = rarer
        #: The number of steps of a run is a multiple of it.
        self.unit: int = config.train.steps_per_execution
        self.scales_intervals = not self.kept & {"train.log_every", *_INTERVALS}

    def planned(self, steps: int) -> ConfigDict:
        """Returns the config of a run of some steps, locked.

        Args:
            steps: A multiple of `unit`.
        """
        config = self.config.copy_and_resolve_references()
        with config.unlocked(), config.ignore_type():
            plan_schedules(config, self.config.train.steps, steps, self.kept)
            for key in _PRETRAINING:
                if flatten(config).get(key):
                    config.pretraining[key.partition(".")[2]] = self.stage_steps(
                        key, config.pretraining[key.partition(".")[2]], steps
                    )
            if self.scales_intervals and (steps < config.train.steps or self.rarer > 1):
                self._plan_intervals(config, steps)
            config.train.steps = steps
        config.lock()
        check(config)
        return config

    def stage_steps(self, key: str, number: int, steps: int) -> int:
        """Returns the steps of a stage before a run of some steps.

        Args:
            key: The entry that holds its number in the recipe.
            number: The number.
            steps: Of the run.
        """
        if key in self.kept or steps >= self.config.train.steps:
            return number
        return self.unit * max(1, self._share(number, steps) // self.unit)

    def _share(self, number: int, steps: int) -> int:
        return _share(number, self.config.train.steps, steps)

    def _plan_intervals(self, config: ConfigDict, steps: int) -> None:
        old = config.train.log_every
        share = self._share(self.rarer * old, min(steps, config.train.steps))
        new = self.unit * max(1, share // self.unit)
        for key in _INTERVALS:
            group, _, name = key.partition(".")
            if config[group][name] is not None:
                config[group][name] = config[group][name] // old * new
        config.train.log_every = new


def plan_schedules(config: ConfigDict, old: int, steps: int, kept: Collection[str] = ()) -> None:
    """Makes schedules and decays end, or act, as far into a run of other steps.

    Args:
        config: The config, not locked; its `train.steps` stays.
        old: The steps of the run that they were made for.
        steps: Of the run.
        kept: Entries that somebody has set, which stay as they are.
    """
    for group, settings in config.items():
        if group != "model_args" and not group.endswith("_optimizer"):
            continue
        for name in list(settings):
            value, key = settings[name], f"{group}.{name}"
            if isinstance(value, ConfigDict) and set(value) == SCHEDULE:
                if not {key, f"{key}.steps"}.isdisjoint(kept):
                    continue
                value.steps = _share(value.steps, old, steps)
                if name == "ema_half_life":  # counts images: an average as old as its run
                    factor = steps / old
                    value.update(start=value.start * factor, end=value.end * factor)
            elif name in _DECAYS and value is not None and key not in kept:
                settings[name] = _share(value, old, steps)


def _share(number: int, old: int, new: int) -> int:
    """Returns the step that is as far in a run of `new` steps as one in a run of `old` steps."""
    return max(1, round(number * new / old))


def check_minutes(minutes: Any, folder: Path) -> None:
    """Checks the minutes of a run.

    Args:
        minutes: The number.
        folder: The run.

    Raises:
        InputError: If it is no number above 0, or a run that was not planned for it has begun.
    """
    check_number("--minutes", minutes, above=0, infinite=True)
    if minutes > _YEAR:
        raise InputError(f"--minutes: expected {_YEAR:,} at most, a year, got {minutes:g}.")
    if not has_begun(folder):
        return
    plan = stored_plan(folder)
    if plan is None or plan["minutes"] != minutes:
        steps = stored_config(folder)["train"]["steps"]
        why = "without --minutes" if plan is None else f"with --minutes={plan['minutes']:g}"
        raise InputError(
            f"--minutes: {str(folder)!r} holds a run of {counted(steps, 'step')} that began {why}; "
            "leave --minutes out to resume it, or add --extend_to=STEPS to prolong it."
        )


def with_plan_of(folder: Path, config: ConfigDict, kept: Collection[str] = ()) -> ConfigDict:
    """Returns a config with the entries that were planned when a run began.

    Args:
        folder: The run.
        config: The config to resume it with.
        kept: Entries that stay as they are.
    """
    stored, plan = flatten(stored_config(folder)), stored_plan(folder) or {}
    config = config.copy_and_resolve_references()
    with config.unlocked(), config.ignore_type():
        for key in plan.get("entries", {}):
            *groups, name = key.split(".")
            owner: Any = config
            for group in groups:
                owner = owner.get(group) if isinstance(owner, ConfigDict) else None
            if isinstance(owner, ConfigDict) and key in stored and key not in kept:
                owner[name] = stored[key]
    return config


def stored_plan(folder: Path) -> dict[str, Any] | None:
    """Returns the note of a run that was planned by time; None if it was not."""
    try:
        plan = json.loads((folder / "config.json").read_text())["planned"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return plan if isinstance(plan, dict) and "minutes" in plan else None

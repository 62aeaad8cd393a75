"""What may change in the config of a run that is resumed, and what a run notes of it.

A run's config.json has a list `history`. Each of its notes names the step from which changed
entries apply, with their values before and after. What was true at an earlier step follows from
them, such as the interval of the log, or which scores can be compared.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from tfgan_zoo.config.check import check
from tfgan_zoo.config.stored import has_begun, stored_config
from tfgan_zoo.config.values import as_flag, differences, flatten
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.progress import counted


class Entries(NamedTuple):
    """Some entries of a config, `key in entries`.

    Attributes:
        groups: Groups of which every entry belongs to them, such as "evaluate".
        keys: Single entries, such as "data.cache", which stand for no other that begins alike.

    Example:
        >>> entries = Entries(groups=frozenset({"evaluate"}), keys=frozenset({"train.samples"}))
        >>> [key in entries for key in ("evaluate.split", "train.samples", "train.samples_2")]
        [True, True, False]
    """

    groups: frozenset[str]
    keys: frozenset[str]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (key in self.keys or key.split(".")[0] in self.groups)


#: Entries that do not change training: other devices compute the same numbers, and so does a run
#: with other records, scores, sheets, checkpoints and exports. Of the group "distribution",
#: `synchronized_bn` does change it.
FREE = Entries(
    groups=frozenset({"evaluate", "health", "nan"}),
    keys=frozenset(
        {
            "data.cache",
            "data.cache_dir",
            "data.memory",
            "distribution.logical_cpus",
            "distribution.strategy",
            "distribution.threads_per_op",
            "train.callbacks",
            "train.checkpoint_every",
            "train.export",
            "train.keep_checkpoints",
            "train.log_every",
            "train.rematerialize",
            "train.sample_every",
            "train.samples",
            "train.steps_per_execution",
        }
    ),
)
#: Entries of `evaluate` that leave a score what it is.
SAME_SCORES = frozenset({"evaluate.every", "evaluate.patience"})
#: An entry, or the group of entries -> why it may not change; that of the entry comes first.
REASONS = {
    "train.generator_from": "is only read when a run begins",
    "train.start_from": "is only read when a run begins",
    "pretraining": "would change what this run began with",
    "model": "would change the model",
    "model_args": "would change the model",
    "data": "would change the batches",
    "seed": "would change noise and batches",
}

# ---------------------------------------------------------------------- what may change


def may_change(
    before: Mapping[str, Any], config: Mapping[str, Any], extend: bool = False
) -> Entries:
    """Returns the entries that may differ when a run is resumed.

    Args:
        before: The run's config, complete.
        config: The config to resume it with.
        extend: Whether learning rates that decay until the last step may be planned again.
    """
    longer = config["train"]["steps"] >= before["train"]["steps"]
    keys = FREE.keys
    # In memory, unreadable images are left out; otherwise, others take their places in batches.
    if before["data"].get("on_error") == "skip":
        keys -= {"data.cache"}
    # A longer run begins like a shorter one, unless a learning rate decays until the end.
    if longer and (extend or not decaying_optimizers(before)):
        keys |= {"train.steps"}
    return FREE._replace(keys=keys)


def decaying_optimizers(config: Mapping[str, Any]) -> list[str]:
    """Returns the groups of optimizers whose learning rate falls to 0 at the last step."""
    return [
        group
        for group, settings in config.items()
        if group.endswith("_optimizer") and settings.get("decay") == "linear"
    ]


def refused_changes(
    before: Mapping[str, Any], config: Mapping[str, Any], extend: bool = False
) -> list[str]:
    """Lists the entries that may not differ when a run is resumed, each with the reason.

    Args:
        before: See `may_change`.
        config: See `may_change`.
        extend: See `may_change`.

    Example:
        >>> before = {"data": {"batch_size": 8}, "train": {"steps": 9}}
        >>> refused_changes(before, {"data": {"batch_size": 16}, "train": {"steps": 9}})
        ['data.batch_size: 8 -> 16 would change the batches']
    """
    free = may_change(before, config, extend)
    refused = [each for each in differences(before, config) if _key(each) not in free]
    longer = config["train"]["steps"] > before["train"]["steps"]
    return [f"{each} {_reason(each, longer)}" for each in refused]


def _key(difference: str) -> str:
    """Returns the entry in which two configs differ, from one of their `differences`."""
    return difference.partition(": ")[0]


def _reason(difference: str, longer: bool) -> str:
    key = _key(difference)
    if key == "train.steps":
        return (
            "is not possible, as a learning rate falls to 0 at the last step "
            "(--extend_to=STEPS plans it again)"
            if longer
            else "is not possible, as steps can only be raised"
        )
    return REASONS.get(key) or REASONS.get(key.split(".")[0], "would change training")


def check_extension(folder: Path, steps: int) -> None:
    """Checks a larger number of steps for a run.

    Args:
        folder: The run.
        steps: The number.

    Raises:
        InputError: If no run has begun there, or it has more steps already.
    """
    check_number("--extend_to", steps, least=1, whole=True)
    if not has_begun(folder):
        raise InputError(
            f"--extend_to: expected a run that has begun, got none in {str(folder)!r}; give "
            f"--config.train.steps={steps} to begin one."
        )
    planned = stored_config(folder)["train"]["steps"]
    if steps < planned:  # The same command again resumes with the same number.
        raise InputError(
            f"--extend_to: expected more than the {counted(planned, 'step')} of the run, got "
            f"{steps:,}."
        )


def extended(folder: Path, config: ConfigDict, steps: int) -> ConfigDict:
    """Returns the config of a run with more steps.

    Args:
        folder: The run.
        config: The config.
        steps: The new number of steps.

    Raises:
        InputError: If no run has begun there, or it has more steps already.
    """
    check_extension(folder, steps)
    config = config.copy_and_resolve_references()
    config.train.steps = steps
    check(config)
    return config


def flags_to_change(
    before: Mapping[str, Any], config: Mapping[str, Any], differ: Iterable[str]
) -> list[str]:
    """Returns the flags with which a run takes over another config's entries, where it may.

    Args:
        before: The run's config, complete.
        config: The other config.
        differ: Their differences, from `differences`.
    """
    free, values = may_change(before, config), flatten(config)
    keys = map(_key, differ)
    return [as_flag(key, values[key]) for key in keys if key in free and key in values]


# ---------------------------------------------------------------------- the history


def note_of(
    before: Mapping[str, Any], config: Mapping[str, Any], step: int, scored: int
) -> dict[str, Any]:
    """Returns the note about a changed config; empty if nothing has changed.

    Args:
        before: The config until now.
        config: The new one, of plain dicts.
        step: The step from which it applies.
        scored: The last step that was scored by the config until now.
    """
    old, new = flatten(before), flatten(config)
    keys = list(map(_key, differences(before, config)))
    if not keys:
        return {}
    note = {"step": step, "changed": {key: [old.get(key), new.get(key)] for key in keys}}
    return note if _same_scores(old, new, keys) else {**note, "scores_after": scored}


def _same_scores(old: Mapping[str, Any], new: Mapping[str, Any], keys: Iterable[str]) -> bool:
    """Returns whether scores can be compared with those from before a change."""
    changed = {key for key in keys if key.startswith("evaluate.") and key not in SAME_SCORES}
    if changed and changed <= {"evaluate.metrics"}:
        # Without `evaluate.main`, the first metric that the data allow decides.
        metrics = [list(each["evaluate.metrics"]) for each in (old, new)]
        return old["evaluate.main"] is not None or metrics[1][: len(metrics[0])] == metrics[0]
    return not changed


def notes_until(history: Iterable[Mapping[str, Any]], step: int, scored: int) -> list[dict]:
    """Returns a history for a run that resumes at an earlier step than it once did.

    Args:
        history: The notes.
        step: The step at which the run resumes.
        scored: The last step that stays scored.
    """
    limits = {"step": step, "scores_after": scored}
    return [
        {**note, **{name: min(note[name], most) for name, most in limits.items() if name in note}}
        for note in history
    ]


def history_of(folder: Path) -> list[dict[str, Any]]:
    """Returns the notes about changes of a run's config; none if there is no run."""
    try:
        notes = json.loads((folder / "config.json").read_text())["history"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [note for note in notes if isinstance(note, dict)] if isinstance(notes, list) else []


def scores_after(folder: Path) -> int:
    """Returns the step up to which a run's scores cannot be compared with its later ones."""
    steps = [note.get("scores_after") for note in history_of(folder)]
    return max((step for step in steps if isinstance(step, int)), default=-1)


def value_at(folder: Path, key: str, step: int, now: Any) -> Any:
    """Returns the value that a config entry had until a step.

    Args:
        folder: The run.
        key: The entry.
        step: The step.
        now: The entry's present value.
    """
    for note in reversed(history_of(folder)):
        if note["step"] < step:
            break
        if key in note["changed"]:
            now = note["changed"][key][0]
    return now

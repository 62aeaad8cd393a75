"""Reads run folders into plain values. Nothing here imports TensorFlow.

A run may have only begun, be written to at this moment, or have been copied in part: what is
missing is empty, and a line that cannot be read is left out and counted.
"""

import contextlib
import fcntl
import json
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfgan_zoo.errors import InputError

#: One line of metrics.jsonl: numbers by name, None for what was not finite.
Row = dict[str, float | None]


@dataclass(frozen=True)
class RunRecord:
    """What a run folder says.

    Attributes:
        name: the folder's, with as much of its path as tells it from the others'.
        path: the folder, as it was given.
        config: resolved, as plain dicts.
        versions: of the packages, by name.
        rows: the lines of metrics.jsonl by step, without the step.
        sheets: sample sheets by step.
        final: the sheet of the exported weights.
        checkpoints: steps of those that are kept, with their scores, the higher the better.
        rollbacks: the lines of rollbacks.jsonl.
        evaluations: the lines of evaluation.jsonl.
        health: the lines of health.jsonl.
        result: what result.json holds; empty before the end.
        running: whether a process trains in the folder now.
        parameters: of each player, by name, as the last checkpoint holds them.
        seconds: from the first to the last file's date; None where these say nothing.
        unread: lines that could not be read, by the file's name.
        pretraining: the run before the run.
    """

    name: str
    path: Path
    config: dict[str, Any]
    versions: dict[str, Any]
    rows: dict[int, Row]
    sheets: dict[int, Path]
    final: Path | None
    checkpoints: dict[int, float | None]
    rollbacks: list[dict[str, Any]]
    evaluations: list[dict[str, Any]]
    health: list[dict[str, Any]]
    result: dict[str, Any]
    running: bool
    parameters: dict[str, int]
    seconds: float | None
    unread: dict[str, int]
    pretraining: "RunRecord | None"

    @property
    def step(self) -> int:
        """The last step that anything is known of."""
        return max([0, *self.rows, *self.checkpoints, *self.sheets])

    @property
    def steps(self) -> int | None:
        """How many steps the run is to have."""
        steps = _entry(self.config, "train", "steps")
        return steps if isinstance(steps, int) else None

    @property
    def best(self) -> int | None:
        """The step of the best checkpoint, the last of equals."""
        scored = [(score, step) for step, score in self.checkpoints.items() if score is not None]
        return max(scored)[1] if scored else None

    def series(self, quantity: str) -> tuple[list[int], list[float | None]]:
        """Returns the steps at which a quantity was logged, and its values."""
        found = [(step, row[quantity]) for step, row in self.rows.items() if quantity in row]
        return [step for step, _ in found], [value for _, value in found]


def gather(workdirs: Sequence[str | os.PathLike]) -> list[RunRecord]:
    """Reads run folders.

    Raises:
        InputError: if one is no run folder, or is given twice.
    """
    paths = [Path(workdir).expanduser() for workdir in workdirs]
    whole = [Path(os.path.abspath(path)) for path in paths]
    for path in whole:
        if whole.count(path) > 1:
            raise InputError(f"--workdir: {str(path)!r} is given twice.")
    return [read_run(path, name) for path, name in zip(paths, short_names(whole), strict=True)]


def short_names(paths: Sequence[Path]) -> list[str]:
    """Returns the last parts of paths, as many as tell them apart.

    Example:
        >>> short_names([Path("/a/x/run"), Path("/a/y/run")])
        ['x/run', 'y/run']
    """
    names: list[str] = []
    for length in range(1, max((len(path.parts) for path in paths), default=0) + 1):
        names = ["/".join(path.parts[-length:]) for path in paths]
        if len(set(names)) == len(names):
            break
    return names


def read_run(path: Path, name: str) -> RunRecord:
    """Reads one run folder.

    Raises:
        InputError: if it has no config.json, or one that is not a run's.
    """
    if not (path / "config.json").is_file():
        raise InputError(
            f"--workdir: {str(path)!r} is no run folder: it has no config.json; "
            "tfgan_zoo.train makes one."
        )
    written = _read_json(path / "config.json")
    config = written.get("config")
    if not isinstance(config, dict):
        raise InputError(
            f"--workdir: {str(path)!r} is no run folder: its config.json is not a run's."
        )
    versions = written.get("versions")
    unread: dict[str, int] = {}
    samples = path / "samples"
    return RunRecord(
        name=name,
        path=path,
        config=config,
        versions=versions if isinstance(versions, dict) else {},
        rows=_rows(_lines(path / "metrics.jsonl", unread), unread),
        sheets=_by_step(samples.glob("step_*.png")),
        final=samples / "final.png" if (samples / "final.png").is_file() else None,
        checkpoints=_checkpoints(path / "checkpoints"),
        rollbacks=_lines(path / "rollbacks.jsonl", unread),
        evaluations=_lines(path / "evaluation.jsonl", unread),
        health=_findings(_lines(path / "health.jsonl", unread)),
        result=_read_json(path / "result.json"),
        running=_is_locked(path / ".lock"),
        parameters=_parameters(path),
        seconds=_seconds(path),
        unread=unread,
        pretraining=_pretraining(path, name),
    )


def _pretraining(path: Path, name: str) -> RunRecord | None:
    before = path / "pretraining"
    return read_run(before, f"{name}/pretraining") if (before / "config.json").is_file() else None


def number(value: Any) -> float | None:
    """Returns a finite number as a float, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # a whole number beyond every float
        return None


def step_of(line: dict[str, Any]) -> int | None:
    """Returns a line's step; None where it has none."""
    step = number(line.get("step"))
    return None if step is None else int(step)


def _entry(config: Any, *keys: str) -> Any:
    for key in keys:
        config = config.get(key) if isinstance(config, dict) else None
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _lines(path: Path, unread: dict[str, int]) -> list[dict[str, Any]]:
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return []
    # What follows the last line break is being written.
    texts = [line for line in text[: text.rfind("\n") + 1].split("\n") if line.strip()]
    read = []
    for line in texts:
        with contextlib.suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                read.append(value)
    if len(read) < len(texts):
        unread[path.name] = len(texts) - len(read)
    return read


def _findings(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leaves out what the monitor writes down for itself: the norm a gradient begins with."""
    return [line for line in lines if line.get("condition") != "begun"]


def _rows(lines: list[dict[str, Any]], unread: dict[str, int]) -> dict[int, Row]:
    rows: dict[int, Row] = {}
    for line in lines:
        step = step_of(line)
        if step is None:
            unread["metrics.jsonl"] = unread.get("metrics.jsonl", 0) + 1
            continue
        rows[step] = {
            name: number(value)
            for name, value in line.items()
            if name != "step" and (value is None or isinstance(value, (int, float)))
        }
    return dict(sorted(rows.items()))


def _by_step(paths: Any) -> dict[int, Path]:
    matches = [(re.fullmatch(r"step_(\d+)", path.stem), path) for path in paths]
    return dict(sorted((int(match[1]), path) for match, path in matches if match))


def _checkpoints(folder: Path) -> dict[int, float | None]:
    return {
        step: number(_read_json(path / "state.json").get("score"))
        for step, path in _by_step(folder.glob("step_*")).items()
    }


def _is_locked(lock: Path) -> bool:
    """Whether another process holds the lock that `runs.Run.claim` takes."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _parameters(run: Path) -> dict[str, int]:
    """Returns how many numbers each player has in the last checkpoint."""
    import h5py  # Keras writes checkpoints with it

    files = sorted(run.glob("checkpoints/step_*/model.weights.h5"))
    if not files:
        return {}
    counts: dict[str, int] = {}

    def count(name: str, item: Any) -> None:
        owner = name.partition("/")[0]
        # "layers" are nameless here: pools of images, encoders that are not trained.
        others = owner in ("averages", "layers", "vars") or owner.endswith("_optimizer")
        if isinstance(item, h5py.Dataset) and not others:
            counts[owner] = counts.get(owner, 0) + item.size

    try:
        with h5py.File(files[-1]) as weights:
            weights.visititems(count)
    except Exception:  # it was replaced meanwhile, or is damaged: h5py raises what it likes
        return {}
    return counts


def _seconds(run: Path) -> float | None:
    files = [run / "config.json", run / "metrics.jsonl", run / "result.json"]
    dates = [file.stat().st_mtime for file in files if file.exists()]
    seconds = max(dates) - dates[0]
    return seconds if seconds >= 1 else None

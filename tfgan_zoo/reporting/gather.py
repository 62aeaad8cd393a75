"""Reads run folders into plain values, without TensorFlow.

A run may have just started, be in progress, or be an incomplete copy. Missing files are empty
values; lines that cannot be read are skipped and counted.
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

from tfgan_zoo.config.changes import scores_after
from tfgan_zoo.errors import InputError

#: File that says what a run's model is and what its logs mean: see `callbacks.records`.
ABOUT = "model.json"
#: One line of metrics.jsonl: numbers by name, None for values that were not finite.
Row = dict[str, float | None]


@dataclass(frozen=True)
class RunRecord:
    """Contents of a run folder.

    Attributes:
        name: Name of the folder, with the part of its path that distinguishes it from others.
        path: Path of the folder, as it was given.
        config: Resolved config, as plain dicts.
        versions: Versions of the packages, by name.
        rows: Lines of metrics.jsonl by step, without the step.
        logs: Names of the logs by meaning: "training", "health" and "machine"; others are scores.
        sheets: Sample sheets by step.
        final: Sample sheet of the exported weights.
        checkpoints: Steps of the checkpoints that are kept, with their scores; higher is better.
        rollbacks: Lines of rollbacks.jsonl.
        evaluations: Lines of evaluation.jsonl.
        health: Lines of health.jsonl.
        result: Contents of result.json; empty before the end.
        running: Whether a process is training in the folder now.
        parameters: Number of parameters of each role.
        seconds: Seconds between the dates of the first and the last file; None if unknown.
        unread: Number of lines that could not be read, by file name.
        pretraining: The run that pretrained this one.
    """

    name: str
    path: Path
    config: dict[str, Any]
    versions: dict[str, Any]
    rows: dict[int, Row]
    logs: dict[str, list[str]]
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
        """The last step on record."""
        return max([0, *self.rows, *self.checkpoints, *self.sheets])

    @property
    def steps(self) -> int | None:
        """Number of steps the run is configured for."""
        steps = _entry(self.config, "train", "steps")
        return steps if isinstance(steps, int) else None

    @property
    def best(self) -> int | None:
        """The step of the best checkpoint; the last one if several are equal."""
        scored = [(score, step) for step, score in self.checkpoints.items() if score is not None]
        return max(scored)[1] if scored else None

    def series(self, quantity: str) -> tuple[list[int], list[float | None]]:
        """Returns the steps at which a quantity was logged, and its values."""
        found = [(step, row[quantity]) for step, row in self.rows.items() if quantity in row]
        return [step for step, _ in found], [value for _, value in found]


def gather(workdirs: Sequence[str | os.PathLike]) -> list[RunRecord]:
    """Reads run folders.

    Raises:
        InputError: If one is not a run folder, or is given twice.
    """
    paths = [Path(workdir).expanduser() for workdir in workdirs]
    whole = [Path(os.path.abspath(path)) for path in paths]
    for path in whole:
        if whole.count(path) > 1:
            raise InputError(f"--workdir: {str(path)!r} is given twice.")
    return [read_run(path, name) for path, name in zip(paths, short_names(whole), strict=True)]


def short_names(paths: Sequence[Path]) -> list[str]:
    """Returns the last parts of paths, as many as needed to distinguish them.

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
        InputError: If it has no config.json, or one that is not of a run.
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
    rows = _rows(_lines(path / "metrics.jsonl", unread), unread)
    about = _read_json(path / ABOUT)
    return RunRecord(
        name=name,
        path=path,
        config=config,
        versions=versions if isinstance(versions, dict) else {},
        rows=rows,
        logs=_declared_logs(about) or _logs_by_name(rows),
        sheets=_by_step(samples.glob("step_*.png")),
        final=samples / "final.png" if (samples / "final.png").is_file() else None,
        checkpoints=_checkpoints(path / "checkpoints", scores_after(path)),
        rollbacks=_lines(path / "rollbacks.jsonl", unread),
        evaluations=_lines(path / "evaluation.jsonl", unread),
        health=_findings(_lines(path / "health.jsonl", unread)),
        result=_read_json(path / "result.json"),
        running=_is_locked(path / ".lock"),
        parameters=_declared_parameters(about) or _parameters_of_checkpoint(path),
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
    except OverflowError:  # an integer larger than any float
        return None


def step_of(line: dict[str, Any]) -> int | None:
    """Returns the step of a line, or None."""
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
    # The text after the last line break is still being written.
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
    """Skips the line that `callbacks.Health` writes for itself, the first gradient's norm."""
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


def _checkpoints(folder: Path, scores_after: int) -> dict[int, float | None]:
    """Returns the scores by step; None for those that cannot be compared with later ones."""
    return {
        step: number(_read_json(path / "state.json").get("score")) if step > scores_after else None
        for step, path in _by_step(folder.glob("step_*")).items()
    }


def _is_locked(lock: Path) -> bool:
    """Returns whether another process holds the lock of `Run.claim`."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _declared_logs(about: dict[str, Any]) -> dict[str, list[str]]:
    return {
        meaning: [name for name in about[meaning] if isinstance(name, str)]
        for meaning in ("training", "health", "machine")
        if isinstance(about.get(meaning), list)
    }


def _logs_by_name(rows: dict[int, Row]) -> dict[str, list[str]]:
    """Returns the meaning of logs by the names they had in version 0.2."""
    names = sorted({name for row in rows.values() for name in row})
    health, main = ["diversity", "g_gradient"], ["d_loss", "g_loss", "loss", "e_loss"]
    machine = [n for n in names if n == "images_per_second" or n.endswith("_peak_memory_mb")]
    machine += [n for n in names if n == "peak_memory_mb"]
    training = [n for n in main if n in names]
    training += [n for n in names if n.startswith(("d_", "g_")) and n not in main + health]
    return {"training": training, "health": health, "machine": machine}


def _declared_parameters(about: dict[str, Any]) -> dict[str, int]:
    found = about.get("parameters")
    items = found.items() if isinstance(found, dict) else ()
    return {role: count for role, count in items if isinstance(count, int)}


def _parameters_of_checkpoint(run: Path) -> dict[str, int]:
    """Counts the parameters of each network in the last checkpoint of a version 0.2 run."""
    import h5py  # Keras writes checkpoints with it

    files = sorted(run.glob("checkpoints/step_*/model.weights.h5"))
    if not files:
        return {}
    counts: dict[str, int] = {}

    def count(name: str, item: Any) -> None:
        owner = name.partition("/")[0]
        # "layers" are image pools and encoders that are not trained.
        others = owner in ("averages", "layers", "vars") or owner.endswith("_optimizer")
        if isinstance(item, h5py.Dataset) and not others:
            counts[owner] = counts.get(owner, 0) + item.size

    try:
        with h5py.File(files[-1]) as weights:
            weights.visititems(count)
    except Exception:  # replaced or damaged: h5py raises various errors
        return {}
    return counts


def _seconds(run: Path) -> float | None:
    files = [run / "config.json", run / "metrics.jsonl", run / "result.json"]
    dates = [file.stat().st_mtime for file in files if file.exists()]
    seconds = max(dates) - dates[0]
    return seconds if seconds >= 1 else None

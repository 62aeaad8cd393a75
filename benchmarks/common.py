"""What the benchmarks share: runs in separate processes, and tables in Markdown files."""

import datetime
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo.atomic import write_atomically
from tfgan_zoo.progress import per_second


def train(recipe: str, workdir: Path, *overrides: str) -> None:
    """Trains a recipe in a separate process, unless it is finished, and records the time."""
    command = [sys.executable, "-m", "tfgan_zoo.train", f"--config={recipe}"]
    clocked([*command, f"--workdir={workdir}", *overrides], workdir)


def trained(
    given: Any,
    recipe: str,
    folder: str,
    entries: Mapping[str, Any] | None = None,
    checkpoint: str = "best",
) -> tuple[Any, Path]:
    """Trains a recipe, unless it is finished.

    Args:
        given: The flags: `workdir`, where run folders are, and `steps` of each run, or None.
        recipe: Its name.
        folder: Name of the run folder.
        entries: Entries of the config, such as `{"data.source": "figures"}`.
        checkpoint: Which one to load: "best" or "last".

    Returns:
        The model of that checkpoint, and the run folder.
    """
    from tfgan_zoo.run import experiment

    workdir = Path(given.workdir) / folder
    steps = {} if given.steps is None else {"train.steps": given.steps}
    config = {**(entries or {}), **steps}
    train(recipe, workdir, *(f"--config.{key}={value}" for key, value in config.items()))
    return experiment.load_run(workdir, checkpoint), workdir


def write_parts(
    parts: Mapping[str, Callable[[Any], Iterator[str]]], given: Any, prefix: str
) -> None:
    """Prints a table for each part, and puts it into a file between `<!-- PREFIX-PART:begin -->`.

    Args:
        parts: Functions of the flags, which yield the lines of a table. Lines that begin with "! "
            are lost expectations.
        given: The flags: `parts`, the names of those to run, and `output`, the file or None.
        prefix: See above.

    Raises:
        SystemExit: If there is no such part, or no place for a table; and at the end, if an
            expectation was lost.
    """
    chosen, output = given.parts, given.output
    if not chosen or not set(chosen) <= set(parts):
        raise SystemExit(f"--parts: expected some of {', '.join(parts)}.")
    check_places(output, *(f"{prefix}-{part}" for part in chosen))
    lost = []
    for part in chosen:
        lines = list(parts[part](given))
        lost += [line.removeprefix("! ") for line in lines if line.startswith("! ")]
        table = "\n".join(line for line in lines if not line.startswith("! "))
        show(table, output, f"{prefix}-{part}")
    if lost:
        raise SystemExit("\n".join(lost))


def cost(workdir: Path, steps: int) -> str:
    """Returns a run's steps, time and images/s, as cells of a table."""
    return f"{steps:,} | {minutes(workdir):.1f} min | {per_second(speed(workdir))}"


def clocked(command: Sequence[str], workdir: Path) -> None:
    """Runs a command that trains, and records the time unless the run was begun before."""
    begun = (workdir / "metrics.jsonl").exists()
    start = time.monotonic()
    subprocess.run(command, check=True)
    if not begun:
        write_atomically(workdir / "wall_seconds.json", json.dumps(time.monotonic() - start))


def checkpoint_scores(workdir: Path, **request: Any) -> dict[int, dict[str, float]]:
    """Returns the scores of all checkpoints of a run by step, after scoring the missing ones.

    The run's `evaluation.jsonl` stores them, as for `tfgan_zoo.evaluate`.

    Args:
        workdir: The run folder.
        **request: What to score: fields of `tasks.Request`, `num` among them.
    """
    from tfgan_zoo.run.evaluation import evaluate_run
    from tfgan_zoo.run.folder import Run
    from tfgan_zoo.tasks import Request

    file = workdir / "evaluation.jsonl"

    def stored() -> dict[int, dict[str, float]]:
        lines = file.read_text().splitlines() if file.exists() else []
        entries = [e for e in map(json.loads, lines) if e["samples"] == request["num"]]
        return {int(entry["step"]): entry["scores"] for entry in entries}

    done = stored()
    for step in Run.open(workdir).checkpoints.steps():
        if step not in done:
            scores = evaluate_run(workdir, Request(checkpoint=str(step), **request)).scores
            print(f"{workdir.name} {step:,}: {scores}", flush=True)
    return stored()


def minutes(workdir: Path) -> float:
    """Returns how long `train` or `clocked` took; by its log if a run was trained elsewhere."""
    clock = workdir / "wall_seconds.json"
    if clock.exists():
        return json.loads(clock.read_text()) / 60
    batch_size = json.loads((workdir / "config.json").read_text())["config"]["data"]["batch_size"]
    seconds, before = 0.0, 0
    for line in map(json.loads, (workdir / "metrics.jsonl").read_text().splitlines()):
        seconds += (line["step"] - before) * batch_size / line["images_per_second"]
        before = line["step"]
    return seconds / 60


def speed(workdir: Path) -> float:
    """Returns the median of a run's images/s."""
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return float(np.median([line["images_per_second"] for line in lines]))


def where() -> str:
    """Returns the machine, with the cores that this process has, and the date."""
    cores, existing = len(os.sched_getaffinity(0)), os.cpu_count()
    of = f" of {existing}" if cores != existing else ""
    return (
        f"{platform.machine()}, {cores} CPU core{'s' * (cores != 1)}{of}, {datetime.date.today()}"
    )


def show(table: str, output: str | None, name: str) -> None:
    """Prints a table and puts it into a file between `<!-- NAME:begin -->` and `:end`."""
    print(table)
    if output:
        put(table, output, name)


def check_places(output: str | None, *names: str) -> None:
    """Refuses a file without a place for each of some tables, before time is spent; see `show`.

    Raises:
        SystemExit: If there is none.
    """
    for name in names if output else ():
        shown(output, name)


def check_torch(python: str | None) -> None:
    """Refuses a Python without PyTorch and NumPy, before time is spent.

    Raises:
        SystemExit: If it is one, or no Python.
    """
    if python is None:
        return
    try:
        subprocess.run([python, "-c", "import numpy, torch"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            f"--torch_python: expected a Python with PyTorch and NumPy, got {python}."
        ) from error


def put(table: str, output: str, name: str) -> None:
    """Puts a table into a file; see `show`."""
    before, _, after = _parts(output, name)
    write_atomically(Path(output), f"{before}\n{table}\n{after}")


def shown(output: str, name: str) -> str:
    """Returns the table in a file; see `show`."""
    return _parts(output, name)[1].strip()


def _parts(output: str, name: str) -> tuple[str, str, str]:
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    try:
        text = Path(output).read_text()
    except (OSError, UnicodeDecodeError):
        text = ""
    found = re.fullmatch(f"(.*{begin})(.*)({end}.*)", text, flags=re.DOTALL)
    if not found:
        raise SystemExit(f"--output: expected a file with lines {begin} and {end}, got {output}.")
    before, table, after = found.groups()
    return before, table, after


def named_values(entries: list[str], flag: str) -> dict[str, str]:
    """Returns the entries NAME=VALUE of a flag, in order.

    Raises:
        SystemExit: If one has no name or no value, or two have the same name.
    """
    found = {}
    for entry in entries:
        name, _, value = entry.partition("=")
        if not name or not value or name in found:
            raise SystemExit(f"{flag}: expected NAME=VALUE with names of their own, got {entry!r}.")
        found[name] = value
    return found

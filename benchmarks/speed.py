"""Times a train step of the zoo, of a plain Keras model and of PyTorch.

  python -m benchmarks.speed --size=quick --torch_python=/path/to/venv/bin/python
  python -m benchmarks.speed --size=paper --torch_python=... --output=docs/performance.md

Every contender trains the same networks on batches of the same size (see `speed_cases`), in a
separate process. They take turns, A B C D A B C D ..., of some seconds each, so that other load on
the machine affects all of them. Times are medians over the rounds; a ratio is the median of the
ratios within each round. A contender that fails, or does not start in time, has no figures. Prints
the table and, with --output, puts it row by row into a Markdown file between the lines
`<!-- speed_quick:begin -->` and `<!-- speed_quick:end -->`; rows of cases that are not measured
again are kept.

  python -m benchmarks.speed --compare=docs/performance.json

Measures `fit` and plain Keras, and prints how long a step of `fit` takes relative to the record, in
units of plain Keras' step on the same machine, and in time alone. A case above 1.10 is measured
again, and one that is above it three times ends with status 1 and a sentence. --record=FILE writes
what is measured into the record, with the machine's line for each case; other cases stay.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from benchmarks import common, speed_record
from tfgan_zoo import cli

_ROOT = Path(__file__).parents[1]

#: Names of the contenders in the table.
_CONTENDERS = {
    "ours": "`fit`",
    "xla": "`fit`, XLA",
    "remat": "`fit`, rematerialised",
    "step": "bare step",
    "keras": "plain Keras",
    "eager": "PyTorch",
    "compile": "torch.compile",
}
_PEERS = ("keras", "eager", "compile")
#: Contenders whose memory and start are shown, with their names there.
_MEMORY = {"ours": "zoo", "remat": "rematerialised", "keras": "Keras", "eager": "PyTorch"}
_START = {"ours": "zoo", "xla": "XLA", "keras": "Keras", "eager": "PyTorch", "compile": "compiled"}
#: Contenders that run only at this size.
_ONLY_AT = {"remat": "paper"}

_SIZE = flags.DEFINE_enum("size", "quick", ["quick", "paper"], "Which cases.")
_CASES = flags.DEFINE_list("cases", [], "Names of the cases; all by default.")
_WHO = flags.DEFINE_list("contenders", list(_CONTENDERS), "Names of the contenders.")
_TORCH = flags.DEFINE_string("torch_python", None, "A Python with PyTorch; none by default.")
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Turns of each contender.")
_SECONDS = flags.DEFINE_float("seconds", 3.0, "Approximate seconds of a turn.")
_PATIENCE = flags.DEFINE_float("patience", 180.0, "Seconds that a contender may take to start.")
_OUTPUT = flags.DEFINE_string("output", None, "A Markdown file, such as docs/performance.md.")
_RECORD = flags.DEFINE_string("record", None, "Put the times of what is measured into this file.")
_COMPARE = flags.DEFINE_string("compare", None, "Compare with the record in this file.")


class Contender:
    """A process that trains on request.

    Args:
        command: Command that starts it.
        errors: File for its standard error.
        patience: Seconds that it may take to start.

    Raises:
        RuntimeError: If the process has ended; so does every method.
    """

    def __init__(self, command: list[str], errors: Path, patience: float = 180.0):
        self.errors = errors
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with errors.open("w") as file:
            self.process = subprocess.Popen(
                command, cwd=_ROOT, stderr=file, text=True, bufsize=1, **pipes
            )
        begin, timer = time.monotonic(), threading.Timer(patience, self.process.kill)
        timer.start()
        try:
            self.start = self.receive()["ready"]
        except RuntimeError:
            if time.monotonic() - begin < patience:
                raise
            raise RuntimeError(f"not started after {patience:.0f} seconds") from None
        finally:
            timer.cancel()
        self.times: list[float] = []
        self.steps = 1

    def receive(self) -> dict[str, Any]:
        """Returns its next message."""
        for line in self.process.stdout:
            if line.startswith("@"):
                return json.loads(line[1:])
        self._close()
        said = self.errors.read_text().strip().splitlines()[-1:]
        raise RuntimeError(": ".join([f"status {self.process.returncode}", *said]))

    def train(self, steps: int) -> float:
        """Trains for this many steps; returns the seconds of one."""
        with contextlib.suppress(BrokenPipeError):  # `receive` reports why.
            self.process.stdin.write(f"{steps}\n")
        return self.receive()["seconds"] / steps

    def prepare(self) -> None:
        """Sets the number of steps in a turn."""
        self.steps = max(1, round(_SECONDS.value / self.train(2)))

    def turn(self) -> None:
        """Trains for one turn."""
        self.times.append(self.train(self.steps))

    def end(self) -> dict[str, Any]:
        """Ends the process; returns its peak memory."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        last = self.receive()
        self._close()
        return last

    def _close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self.process.wait()


def columns(names: dict[str, str], size: str) -> dict[str, str]:
    """Returns the names that this size's table has."""
    return {key: name for key, name in names.items() if _ONLY_AT.get(key, size) == size}


def commands(size: str, name: str, description: Path, who: Collection[str]) -> dict[str, list[str]]:
    """Returns the command that starts each contender of some."""
    tensorflow = [sys.executable, "-m", "benchmarks.speed_tf", size, name]
    found = {
        key: [*tensorflow, key]
        for key in columns(_CONTENDERS, size)
        if key not in ("eager", "compile")
    }
    if _TORCH.value:
        twin = [_TORCH.value, "benchmarks/speed_torch.py", str(description)]
        found |= {key: [*twin, key] for key in ("eager", "compile")}
    return {key: command for key, command in found.items() if key in who}


def run_all(name: str, tasks: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Returns the results of the contenders' tasks; reports and leaves out those that fail."""
    answers = {}
    for key, task in tasks.items():
        try:
            answers[key] = task()
        except RuntimeError as error:
            print(f"{name}: {_CONTENDERS[key]} failed: {error}", file=sys.stderr)
    return answers


def measure(
    size: str, name: str, folder: Path, who: Collection[str] | None = None
) -> dict[str, Any]:
    """Measures one case: its contenders take turns.

    Args:
        size: Of the cases.
        name: The case.
        folder: For files.
        who: Keys of the contenders; None for --contenders.
    """
    description = folder / "case.json"
    describe = [sys.executable, "-m", "benchmarks.speed_tf", size, name, "describe"]
    subprocess.run([*describe, str(description)], check=True, cwd=_ROOT, capture_output=True)
    starts = commands(size, name, description, who or _WHO.value).items()
    contenders = run_all(
        name,
        {
            key: partial(Contender, start, folder / f"{key}.log", _PATIENCE.value)
            for key, start in starts
        },
    )
    for task in (Contender.prepare, *[Contender.turn] * _ROUNDS.value):
        left = run_all(name, {key: partial(task, c) for key, c in contenders.items()})
        contenders = {key: contenders[key] for key in left}
    last = run_all(name, {key: c.end for key, c in contenders.items()})
    case = json.loads(description.read_text())
    case["times"] = {key: contenders[key].times for key in last}
    case["start"] = {key: contenders[key].start for key in last}
    case["peak"] = {key: each["peak"] for key, each in last.items()}
    case["versions"] = [case["version"], *{e["version"] for e in last.values() if "version" in e}]
    return case


def header(size: str) -> str:
    """Returns the first two lines of the table."""
    cells = [
        "case",
        *(f"{name}, ms" for name in columns(_CONTENDERS, size).values()),
        "best peer / `fit`",
    ]
    cells += ["`fit` / bare step", "GFLOP", "of a matrix product's rate"]
    cells.append(f"memory, MB: {' / '.join(columns(_MEMORY, size).values())}")
    cells.append(f"start, s: {' / '.join(_START.values())}")
    return f"| {' | '.join(cells)} |\n|{'---|' * len(cells)}"


def row(size: str, name: str, case: dict[str, Any]) -> str:
    """Returns a line of the table, with a dash for what was not measured."""
    times = {key: np.array(values) for key, values in case["times"].items()}
    middle = {key: float(np.median(values)) for key, values in times.items()}
    cells = [
        name,
        *(
            f"{1e3 * middle[key]:.1f}" if key in middle else "—"
            for key in columns(_CONTENDERS, size)
        ),
    ]
    peers = [key for key in _PEERS if key in middle]
    ratio = overhead = share = "—"
    if "ours" in middle:
        share = f"{case['flops'] / middle['ours'] / case['rate']:.0%}"
        if peers:
            best = min(peers, key=lambda key: middle[key])
            ratio = f"{np.median(times[best] / times['ours']):.2f} ({_CONTENDERS[best]})"
        if "step" in middle:
            overhead = f"{np.median(times['ours'] / times['step']):.2f}"
    peak, start = case["peak"], case["start"]
    cells += [ratio, overhead, f"{case['flops'] / 1e9:.2f}", share]
    cells.append(
        " / ".join(f"{peak[k] / 1e6:,.0f}" if k in peak else "—" for k in columns(_MEMORY, size))
    )
    cells.append(" / ".join(f"{start[k]:.0f}" if k in start else "—" for k in _START))
    return f"| {' | '.join(cells)} |"


def rows_of(size: str, table: str) -> dict[str, str]:
    """Returns the lines of a table by case; none if its header differs."""
    _, found, lines = table.partition(header(size))
    lines = lines.strip().splitlines() if found else []
    return {line.split("|")[1].strip(): line for line in lines}


def main(argv: list[str]) -> None:
    """Measures the cases; writes and prints the table."""
    del argv
    cli.quiet_tensorflow(lambda: None)  # Leaves GPUs to the contenders.
    from benchmarks import speed_cases

    known = list(speed_cases.CASES[_SIZE.value])
    names = _chosen("cases", _CASES.value, known) or known
    _chosen("contenders", _WHO.value, list(_CONTENDERS))
    if _ROUNDS.value < 1:
        raise SystemExit(f"--rounds: expected 1 or more, got {_ROUNDS.value}.")
    if _COMPARE.value and (_RECORD.value or _OUTPUT.value):
        raise SystemExit("--compare: writes nothing; leave out --output and --record.")
    if _COMPARE.value:
        compare(names, speed_record.read(Path(_COMPARE.value), _SIZE.value))
        return
    if _RECORD.value:
        speed_record.check_writable(Path(_RECORD.value))
    common.check_torch(_TORCH.value)
    before, start = os.getloadavg()[0], time.monotonic()
    output, place = _OUTPUT.value, f"speed_{_SIZE.value}"
    rows = rows_of(_SIZE.value, common.shown(output, place)) if output else {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            case = measure(_SIZE.value, name, Path(folder))
        rows[name] = row(_SIZE.value, name, case)
        print(rows[name], file=sys.stderr, flush=True)
        intro = (
            f"{', '.join([common.where(), *case['gpus']])}; {', '.join(case['versions'])}; "
            f"{case['rate'] / 1e9:,.0f} GFLOP/s in a float32 matrix product of 2048; load average "
            f"before {before:.1f}; {(time.monotonic() - start) / 60:.0f} minutes."
        )
        table = "\n".join([intro, "", header(_SIZE.value), *(rows[n] for n in known if n in rows)])
        if output:
            common.put(table, output, place)
        if _RECORD.value:
            recorded = speed_record.of_case(case["times"], intro)
            speed_record.write(Path(_RECORD.value), _SIZE.value, name, recorded)
    print(table)


def compare(names: list[str], record: dict[str, speed_record.Recorded]) -> None:
    """Compares cases with the record; measures those again that are slower.

    Raises:
        SystemExit: If a case is slower in each of some runs, could not be measured, or cannot be
            compared although it was asked for; or if no case can.
    """
    cores = len(os.sched_getaffinity(0))
    left = []
    for name in names:
        found = record.get(name)
        if found is None or "ours" not in found.ms:
            print(f"{name}: not recorded")
        elif found.cores() not in (None, cores):
            print(f"{name}: recorded on {found.cores()} CPU cores, this process has {cores}")
        else:
            left.append(name)
    if not left or (_CASES.value and left != names):
        raise SystemExit("--compare: expected cases that are recorded on as many CPU cores.")
    print(f"now: {common.where()}", flush=True)
    ratios: dict[str, list[float]] = {}
    for _ in range(speed_record.RUNS):
        for name in left:
            with tempfile.TemporaryDirectory() as folder:
                case = measure(_SIZE.value, name, Path(folder), ("ours", "keras"))
            now = {key: 1e3 * float(np.median(times)) for key, times in case["times"].items()}
            if not {"ours", "keras"} & record[name].ms.keys() <= now.keys():
                raise SystemExit(f"{name}: could not be measured; see above.")
            ratio = speed_record.compared(now, record[name].ms)
            ratios.setdefault(name, []).append(ratio.ratio)
            print(speed_record.line(name, ratio), flush=True)
        left = [name for name in left if ratios[name][-1] > speed_record.MOST]
    if verdict := speed_record.verdict(ratios):
        raise SystemExit(verdict)


def _chosen(flag: str, names: list[str], known: list[str]) -> list[str]:
    if not set(names) <= set(known):
        raise SystemExit(f"--{flag}: expected some of {', '.join(known)}, got {', '.join(names)}.")
    return names


if __name__ == "__main__":
    app.run(main)

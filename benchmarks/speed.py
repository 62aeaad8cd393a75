"""How long a train step takes: the zoo's, a plain Keras model's, and PyTorch's.

  python -m benchmarks.speed --size=quick --torch_python=/path/to/venv/bin/python
  python -m benchmarks.speed --size=paper --torch_python=... --output=docs/performance.md

Every contender trains the same networks on batches of the same size (see `speed_cases`) and is a
process of its own. They take turns, A B C D A B C D ..., each for some seconds at a time, so that
whatever else the machine does befalls all of them. Times are medians over the rounds; a ratio is
the median of the ratios within a round. Prints the table and, with --output, puts it into a
Markdown file between the lines `<!-- speed_quick:begin -->` and `<!-- speed_quick:end -->`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from benchmarks import common

_SIZE = flags.DEFINE_enum("size", "quick", ["quick", "paper"], "Which cases.")
_CASES = flags.DEFINE_list("cases", [], "Only these of them, by name.")
_TORCH = flags.DEFINE_string("torch_python", None, "A Python that has PyTorch; none without.")
_ROUNDS = flags.DEFINE_integer("rounds", 7, "How many turns each contender has.")
_SECONDS = flags.DEFINE_float("seconds", 3.0, "How long a turn is, about.")
_OUTPUT = flags.DEFINE_string("output", None, "A Markdown file, such as docs/performance.md.")

#: What each is called in the table.
_CONTENDERS = {
    "ours": "`fit`",
    "step": "bare step",
    "keras": "plain Keras",
    "eager": "PyTorch",
    "compile": "torch.compile",
}
_PEERS = ("keras", "eager", "compile")

_HEADER = """\
| case | {names}, ms | best peer / `fit` | `fit` / bare step | GFLOP | of a matrix product's rate \
| memory, MB: zoo / Keras / PyTorch | start, s: zoo / Keras / PyTorch / compiled |
|---|{lines}|---|---|---|---|---|---|"""


class Contender:
    """A process that trains when it is asked to.

    Args:
        command: starts it.
        errors: a file for what it says.
    """

    def __init__(self, command: list[str], errors: Path):
        self.errors = errors.open("w")
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        root = Path(__file__).parents[1]
        self.process = subprocess.Popen(
            command, cwd=root, stderr=self.errors, text=True, bufsize=1, **pipes
        )
        self.start = self.heard()["ready"]
        self.times: list[float] = []
        self.steps = 1

    def heard(self) -> dict[str, Any]:
        """Returns what it says next."""
        for line in self.process.stdout:
            if line.startswith("@"):
                return json.loads(line[1:])
        raise RuntimeError(f"it ended; see {self.errors.name}")

    def train(self, steps: int) -> float:
        """Returns the seconds of one step, of so many."""
        self.process.stdin.write(f"{steps}\n")
        return self.heard()["seconds"] / steps

    def turn(self) -> None:
        """Trains for one turn."""
        self.times.append(self.train(self.steps))

    def end(self) -> dict[str, Any]:
        """Ends it; returns its peak memory."""
        self.process.stdin.close()
        last = self.heard()
        self.process.wait()
        self.errors.close()
        return last


def commands(size: str, name: str, description: Path) -> dict[str, list[str]]:
    """Returns how to start each contender."""
    tensorflow = [sys.executable, "-m", "benchmarks.speed_tf", size, name]
    found = {key: [*tensorflow, key] for key in ("ours", "step", "keras")}
    if _TORCH.value:
        twin = [_TORCH.value, "benchmarks/speed_torch.py", str(description)]
        found |= {key: [*twin, key] for key in ("eager", "compile")}
    return found


def measure(size: str, name: str, folder: Path) -> dict[str, Any]:
    """Lets all contenders of one case take turns."""
    description = folder / "case.json"
    describe = [sys.executable, "-m", "benchmarks.speed_tf", size, name, "describe"]
    subprocess.run(
        [*describe, str(description)],
        check=True,
        cwd=Path(__file__).parents[1],
        capture_output=True,
    )
    contenders = {}
    for key, command in commands(size, name, description).items():
        try:
            contenders[key] = Contender(command, folder / f"{key}.log")
        except RuntimeError:
            last = (folder / f"{key}.log").read_text().strip().splitlines()[-1:]
            print(f"{name}: {key} fails: {' '.join(last)}", file=sys.stderr)
    for contender in contenders.values():
        contender.steps = max(1, round(_SECONDS.value / contender.train(2)))
    for _ in range(_ROUNDS.value):
        for contender in contenders.values():
            contender.turn()
    case = json.loads(description.read_text())
    case["times"] = {key: c.times for key, c in contenders.items()}
    case["start"] = {key: c.start for key, c in contenders.items()}
    last = {key: c.end() for key, c in contenders.items()}
    case["peak"] = {key: each["peak"] for key, each in last.items()}
    case["versions"] = [case["version"], *{e["version"] for e in last.values() if "version" in e}]
    return case


def row(name: str, case: dict[str, Any]) -> str:
    """Returns a line of the table."""
    times = {key: np.array(values) for key, values in case["times"].items()}
    middle = {key: float(np.median(values)) for key, values in times.items()}
    best = min((key for key in _PEERS if key in times), key=lambda key: middle[key])
    ratio = float(np.median(times[best] / times["ours"]))
    overhead = float(np.median(times["ours"] / times["step"]))
    share = case["flops"] / middle["ours"] / case["rate"]
    cells = [f"{1e3 * middle[key]:.1f}" if key in middle else "—" for key in _CONTENDERS]
    memory = [f"{case['peak'][k] / 1e6:,.0f}" for k in ("ours", "keras", "eager") if k in middle]
    starts = [f"{case['start'][k]:.0f}" for k in ("ours", *_PEERS) if k in middle]
    return (
        f"| {name} | {' | '.join(cells)} | {ratio:.2f} ({_CONTENDERS[best]}) | {overhead:.2f} | "
        f"{case['flops'] / 1e9:.2f} | {share:.0%} | {' / '.join(memory)} | {' / '.join(starts)} |"
    )


def main(argv: list[str]) -> None:
    """Measures, prints, writes."""
    del argv
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from benchmarks import speed_cases

    known = list(speed_cases.CASES[_SIZE.value])
    names = _CASES.value or known
    if not set(names) <= set(known):
        raise SystemExit(f"--cases: expected some of {', '.join(known)}, got {', '.join(names)}.")
    before, start, lines = os.getloadavg()[0], time.monotonic(), []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            case = measure(_SIZE.value, name, Path(folder))
        lines.append(row(name, case))
        print(lines[-1], file=sys.stderr, flush=True)
    intro = (
        f"{', '.join([common.where(), *case['gpus']])}; {', '.join(case['versions'])}; "
        f"{case['rate'] / 1e9:,.0f} GFLOP/s in a float32 matrix product of 2048; load average "
        f"before {before:.1f}; {(time.monotonic() - start) / 60:.0f} minutes."
    )
    header = _HEADER.format(
        names=", ms | ".join(_CONTENDERS.values()), lines="|".join("---" for _ in _CONTENDERS)
    )
    table = "\n".join([intro, "", header, *lines])
    common.show(table, _OUTPUT.value, f"speed_{_SIZE.value}")


if __name__ == "__main__":
    app.run(main)

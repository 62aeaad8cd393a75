"""The record of `benchmarks.speed`: times of its cases as JSON, and comparisons with them."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.atomic import write_atomically

#: A step may take this many times as long as recorded.
MOST = 1.10
#: It fails if it takes longer in each of as many runs.
RUNS = 3

Times = Mapping[str, float]


class Recorded(NamedTuple):
    """A recorded case.

    Attributes:
        machine: The line about the machine.
        ms: Milliseconds of a step by contender.
    """

    machine: str
    ms: Times

    def cores(self) -> int | None:
        """Returns the number of CPU cores that it was measured on, on which ratios depend."""
        found = re.search(r"(\d+) CPU cores?\b", self.machine)
        return None if found is None else int(found[1])


class Compared(NamedTuple):
    """The times of a case beside the recorded ones.

    Attributes:
        plain: Time of a step of `fit`, relative to the recorded one. Another machine, or other
            work on it, changes it as well.
        ratio: The same in units of plain Keras' step, which was measured in turns with it; `plain`
            if one of them has no such time.
    """

    plain: float
    ratio: float


def of_case(times: Mapping[str, list[float]], machine: str) -> dict[str, Any]:
    """Returns the record of a case.

    Args:
        times: Seconds of a step in each turn, by contender.
        machine: The line about the machine.

    Example:
        >>> of_case({"ours": [0.01, 0.03, 0.02]}, "x86_64, 2 CPU cores, 2026-11-30")
        {'machine': 'x86_64, 2 CPU cores, 2026-11-30', 'ms': {'ours': 20.0}}
    """
    middle = {key: round(1e3 * float(np.median(each)), 1) for key, each in times.items()}
    return {"machine": machine, "ms": middle}


def check_writable(path: Path) -> None:
    """Checks, before time is spent, that a record can be put into a file.

    Raises:
        SystemExit: If it cannot.
    """
    if not path.parent.is_dir():
        raise SystemExit(f"--record: expected a file in an existing folder, got {path}.")
    if not path.exists():
        return
    try:
        known = isinstance(json.loads(path.read_text()), dict)
    except (OSError, ValueError):
        known = False
    if not known:
        raise SystemExit(f"--record: expected a new file or a record, got {path}.")


def write(path: Path, size: str, name: str, case: Mapping[str, Any]) -> None:
    """Puts the record of a case into a file, and keeps those of other cases and sizes."""
    known = json.loads(path.read_text()) if path.exists() else {}
    known[size] = {**known.get(size, {}), name: case}
    write_atomically(path, json.dumps(known, indent=2, ensure_ascii=False) + "\n")


def read(path: Path, size: str) -> dict[str, Recorded]:
    """Returns the recorded cases of a size, by name.

    Raises:
        SystemExit: If the file holds none.
    """
    try:
        found = {
            str(name): Recorded(
                str(case["machine"]), {str(key): float(ms) for key, ms in case["ms"].items()}
            )
            for name, case in json.loads(path.read_text())[size].items()
        }
        if not all(0 < ms < math.inf for case in found.values() for ms in case.ms.values()):
            raise ValueError("times above 0")
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SystemExit(
            f"--compare: expected a file that --record has written for --size={size}, got {path}."
        ) from error


def compared(now: Times, recorded: Times) -> Compared:
    """Compares the times of a case.

    Args:
        now: Milliseconds, or any other unit, by contender; "ours" among them.
        recorded: Milliseconds by contender.

    Example:
        >>> compared({"ours": 30.0, "keras": 40.0}, {"ours": 10.0, "keras": 20.0})
        Compared(plain=3.0, ratio=1.5)
    """
    plain = now["ours"] / recorded["ours"]
    if "keras" not in now or "keras" not in recorded:
        return Compared(plain, plain)
    return Compared(plain, plain * recorded["keras"] / now["keras"])


def line(name: str, found: Compared) -> str:
    """Returns a line about a case."""
    slower = ", slower" if found.ratio > MOST else ""
    return f"{name}: {found.ratio:.2f} of the record{slower} (times: {found.plain:.2f})"


def verdict(ratios: Mapping[str, list[float]]) -> str:
    """Says which cases have become slower; empty if none has.

    Args:
        ratios: By case, those of its runs. Only cases that were slower are measured again.
    """
    slower = {
        name: found
        for name, found in ratios.items()
        if len(found) >= RUNS and all(ratio > MOST for ratio in found)
    }
    if not slower:
        return ""
    parts = [f"{name} ({', '.join(f'{x:.2f}' for x in found)})" for name, found in slower.items()]
    return (
        f"Steps take more than {MOST:g} times as long as recorded in each of {RUNS} runs: "
        f"{'; '.join(parts)}."
    )

"""The record of `benchmarks.speed`: a table's times as JSON, and comparisons with it."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tfgan_zoo.atomic import write_atomically

#: A step may take this many times as long as recorded.
MOST = 1.10
#: It fails if it takes longer in each of as many runs.
RUNS = 3

Times = Mapping[str, float]


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


def of_table(table: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Returns the record of a table.

    Args:
        table: As `benchmarks.speed` prints it: a line about the machine, and rows.
        names: The headings of the contenders, by their keys.

    Returns:
        The machine, and milliseconds of a step by case and contender.

    Raises:
        SystemExit: If nothing was measured.
    """
    intro, *lines = [line for line in table.splitlines() if line] or [""]
    if len(lines) < 2:
        raise SystemExit("--record: expected a table in --output, got none; measure it first.")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    header, cases = rows[0], {}
    columns = {key: header.index(f"{name}, ms") for key, name in names.items()}
    for row in rows[2:]:
        cells = {key: row[index] for key, index in columns.items()}
        cases[row[0]] = {key: float(cell) for key, cell in cells.items() if cell != "—"}
    return {"machine": intro, "cases": cases}


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


def write(path: Path, size: str, record: Mapping[str, Any]) -> None:
    """Puts the record of a size into a file, and keeps those of other sizes."""
    known = json.loads(path.read_text()) if path.exists() else {}
    text = json.dumps({**known, size: record}, indent=2, ensure_ascii=False)
    write_atomically(path, text + "\n")


def read(path: Path, size: str) -> dict[str, Any]:
    """Returns the record of a size.

    Raises:
        SystemExit: If the file holds none.
    """
    try:
        found = json.loads(path.read_text())[size]
        cases = {
            str(name): {str(key): float(time) for key, time in times.items()}
            for name, times in found["cases"].items()
        }
        if not all(0 < time < math.inf for times in cases.values() for time in times.values()):
            raise ValueError("times above 0")
        return {"machine": str(found["machine"]), "cases": cases}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SystemExit(
            f"--compare: expected a file that --record has written for --size={size}, got {path}."
        ) from error


def check_cores(record: Mapping[str, Any], cores: int) -> None:
    """Checks that a record is of as many cores as there are: ratios depend on their number.

    Args:
        record: From `read`.
        cores: Those that this process has.

    Raises:
        SystemExit: If it is not.
    """
    found = re.search(r"(\d+) CPU cores?\b", record["machine"])
    if found is not None and int(found[1]) != cores:
        raise SystemExit(
            f"--compare: expected {found[0]}, as the record has, got {cores}; compare on "
            "such a machine, or record on this one."
        )


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

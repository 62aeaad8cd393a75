"""Memory: sizes as people write them, what the machine has, and what a process holds."""

import contextlib
import os
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfgan_zoo.errors import InputError, whole_number

_CGROUP, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)


def parse_bytes(argument: str, value: Any) -> int:
    """Converts a size in bytes as people write it to a number.

    Args:
        argument: Name of the argument, for the error.
        value: A whole number, or text such as "4GB", "512 MB" or "1.5GiB". GB is 10^9 bytes, and
            GiB is 2^30.

    Raises:
        InputError: If it is neither, or less than 1.

    Example:
        >>> parse_bytes("memory", "1.5GB"), parse_bytes("memory", "4KiB")
        (1500000000, 4096)
    """
    found = whole_number(value)
    if found is None and isinstance(value, str) and (matched := _SIZE.fullmatch(value)):
        number, unit, binary = matched.groups()
        if unit or not binary:
            factor = (_BINARY if binary else _UNITS)[unit.lower()]
            found = round(float(number) * factor)
    if found is None or found < 1:
        raise InputError(f"{argument}: expected a size such as '4GB' or '512MB', got {value!r}.")
    return found


def format_bytes(num: float) -> str:
    """Returns a size as people write it.

    Example:
        >>> format_bytes(1_500_000_000), format_bytes(12)
        ('1.5 GB', '12 bytes')
    """
    for unit in ("TB", "GB", "MB", "kB"):
        if num >= _UNITS[unit[0].lower()]:
            return f"{num / _UNITS[unit[0].lower()]:.3g} {unit}"
    return f"{num:.0f} bytes"


def machine_memory() -> int:
    """Returns the bytes of memory that this process may use.

    They are those of the machine, its container, or the job of a batch system.
    """
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for file in _limits(_CGROUP, _GROUPS):
        with contextlib.suppress(OSError, ValueError):  # "max" is no number
            found = min(found, int(file.read_text()))
    return found


def _limits(groups_of_process: Path, root: Path) -> Iterator[Path]:
    """Yields the files of the memory limits of all control groups that a process is in."""
    lines = ["0::/", "1:memory:/"]  # of a container
    with contextlib.suppress(OSError, ValueError):
        lines += groups_of_process.read_text().splitlines()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        folder = root / "memory" if controllers else root
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        inside = Path(path.strip("/"))
        for group in (inside, *inside.parents):
            yield folder / group / name


def resident_bytes(process: int | None = None) -> int:
    """Returns the memory that a process holds; 0 if that is not known.

    Args:
        process: Its number; by default this process'.
    """
    return _status("VmRSS", process)


def peak_bytes() -> int:
    """Returns the most memory that this process has held.

    Linux also counts for a process what the one that started it held at that time, in
    `resource.getrusage`; here only its own counts.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status(field: str, process: int | None = None) -> int:
    """Returns an entry of `/proc/PID/status` in bytes; 0 if there is none."""
    with contextlib.suppress(OSError):
        file = Path(f"/proc/{'self' if process is None else process}/status")
        for line in file.read_text().splitlines():
            if line.startswith(f"{field}:"):
                return 1024 * int(line.split()[1])
    return 0

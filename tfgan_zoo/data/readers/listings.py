"""Listings of large folders, kept in the cache folder so that they are not walked again.

A listing holds the times of change of every folder below its own, in nanoseconds. A file that is
added, removed or renamed changes those of the folder that holds it, so a kept listing is used only
if all of them are as they were. Programs that unpack or copy set the time of a folder's content
back, but not that of its entry. Times may be too coarse to tell two changes in quick succession
apart: a listing is kept only if no folder had changed within the last seconds. Changes within a
file do not matter, as a listing holds names alone.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
import zlib
from collections.abc import Collection, Iterable
from pathlib import Path

from tfgan_zoo import atomic
from tfgan_zoo.downloads import cache_folder

LEAST = 10_000
"""Fewest files for which a listing is kept; fewer are listed in no time."""

SETTLED = 5 * 10**9
"""Nanoseconds for which no folder may have changed, so that the next change shows."""

_VERSION = 2


class Listing:
    """The names of the files below a folder, while it is walked.

    Args:
        root: The folder.
        endings: The endings that count.
    """

    def __init__(self, root: str, endings: Collection[str]):
        self._given, self._root = root, os.path.realpath(root)
        self._endings = sorted(endings)
        self._folders: dict[str, list[int]] = {}
        self._complete = True
        self._start = time.time_ns()

    def kept(self) -> list[str] | None:
        """Returns the files, in order; None if there is no listing, or a folder has changed."""
        return _remembered(self._root, tuple(self._endings), _state(self._file))

    def visit(self, folder: str) -> None:
        """Notes a folder before its files are listed."""
        try:
            self._folders[os.path.relpath(folder, self._given)] = _times(folder)
        except OSError:  # It is gone, or may not be read.
            self._complete = False

    def pass_over(self, folder: str, files: Iterable[str]) -> None:
        """Notes files that do not count; a link to a drive that is not there may be a folder."""
        for file in files:
            path = os.path.join(folder, file)
            if "." not in file and os.path.islink(path) and not os.path.exists(path):
                self._complete = False

    def keep(self, files: list[str]) -> None:
        """Keeps the files, unless a folder has just changed or the cache cannot be written."""
        last = max((max(times) for times in self._folders.values()), default=0)
        if len(files) < LEAST or last > self._start - SETTLED or not self._complete:
            return
        # Paths may hold any character but this one.
        if any("\n" in file for file in files):
            return
        header = {
            "version": _VERSION,
            "root": self._root,
            "endings": self._endings,
            "folders": self._folders,
        }
        text = "\n".join([json.dumps(header), *files])
        packed = zlib.compress(text.encode("utf-8", "surrogateescape"), 1)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with atomic.open_replacing(self._file) as file:
                file.write(packed)
        except OSError:
            pass  # The folder is listed again.

    @property
    def _file(self) -> Path:
        name = json.dumps([self._root, self._endings], ensure_ascii=True)
        digest = hashlib.sha256(name.encode()).hexdigest()[:32]
        return cache_folder() / "listings" / digest


def _times(folder: str) -> list[int]:
    state = os.stat(folder)
    return [state.st_mtime_ns, state.st_ctime_ns]


def _state(file: Path) -> tuple[str, int] | None:
    try:
        return str(file), file.stat().st_mtime_ns
    except OSError:
        return None


def _remembered(
    root: str, endings: tuple[str, ...], state: tuple[str, int] | None
) -> list[str] | None:
    if state is None:
        return None
    read = _read(*state)
    if read is None:
        return None
    header, files = read
    if (header["root"], tuple(header["endings"])) != (root, endings):
        return None
    try:
        for folder, changed in header["folders"].items():
            if _times(os.path.join(root, folder)) != changed:
                return None
    except OSError:
        return None
    return list(files)


@functools.lru_cache(maxsize=4)
def _read(file: str, changed: int) -> tuple[dict, list[str]] | None:
    """Reads a listing; its time is only there to read a newer one again."""
    try:
        text = zlib.decompress(Path(file).read_bytes()).decode("utf-8", "surrogateescape")
        first, *files = text.split("\n")
        header = json.loads(first)
        return (header, files) if header["version"] == _VERSION else None
    except (OSError, ValueError, KeyError, TypeError, zlib.error):
        return None

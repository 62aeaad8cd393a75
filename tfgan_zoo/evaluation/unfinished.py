"""What a long evaluation has collected, kept in a file so that it can be resumed."""

import contextlib
import hashlib
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo import atomic, progress

EVERY = 300.0
"""Seconds between writes of the file."""


class Unfinished:
    """A file of arrays that belong to one evaluation.

    Args:
        folder: The folder of the file.
        what: Everything that the result depends on, for `json`; it may hold arrays.
        num: Number of images, for the message.
    """

    def __init__(self, folder: Path, what: Any, num: int):
        self._key = hashlib.sha256(
            json.dumps(what, sort_keys=True, default=_plain).encode()
        ).hexdigest()
        self.path = folder / f"evaluation-{self._key[:8]}.part.npz"
        self._num, self._written = num, time.monotonic()

    def load(self) -> dict[str, np.ndarray]:
        """Returns what an earlier evaluation had collected; nothing if there is none."""
        try:
            with self.path.open("rb") as file, np.load(file) as arrays:
                found = {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return {}
        if str(found.pop("key", "")) != self._key:
            return {}
        progress.say(
            f"Resumed after {int(found['num']):,} of {progress.counted(self._num, 'image')}."
        )
        return found

    def is_due(self) -> bool:
        """Returns whether it is time to write the file."""
        return time.monotonic() - self._written >= EVERY

    def store(self, state: dict[str, np.ndarray]) -> None:
        """Writes the file, complete or not at all; without space, the evaluation goes on."""
        try:
            with atomic.open_replacing(self.path) as file:
                np.savez(file, key=np.array(self._key), **state)  # type: ignore[arg-type]
        except OSError as error:
            progress.say(f"{self.path}: cannot be written ({error.strerror}); free some space.")
        self._written = time.monotonic()

    def remove(self) -> None:
        """Removes the file, once the evaluation is complete."""
        with contextlib.suppress(OSError):  # also if the folder is write-protected
            self.path.unlink()


def _plain(value: Any) -> str:
    """Returns text for what `json` does not write; that of a long array would leave most out."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    return str(value)

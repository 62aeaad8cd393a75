"""Files that appear complete or not at all."""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfgan_zoo.errors import InputError

#: Age in seconds from which `remove_leftovers` takes a folder for abandoned.
ABANDONED = 24 * 3600


def hidden_beside(path: str | os.PathLike, ending: str = ".part") -> Path:
    """Returns a new hidden name in the same folder, for a file or folder on its way to a path.

    The name is short, as the path's own name may be as long as a name can be. Every call returns
    another name, so that threads, processes and hosts on a shared folder do not collide.

    Args:
        path: where a file or a folder is to be.
        ending: what the name ends in.

    Example:
        >>> hidden_beside("photos/cat.png")
        PosixPath('photos/.4b0d8b1f-2041-9c41f7d2.part')
    """
    path = Path(path)
    return path.with_name(f".{_hash(path)}-{os.getpid()}-{secrets.token_hex(4)}{ending}")


def remove_leftovers(path: str | os.PathLike, ending: str, age: float = ABANDONED) -> None:
    """Removes folders named by `hidden_beside` that killed processes left behind.

    Args:
        path: what the names were made for.
        ending: what the names end in.
        age: seconds since a folder was changed, below which another process may be at work on it.
    """
    path = Path(path)
    pattern = re.compile(rf"\.{_hash(path)}-\d+(-[0-9a-f]+)?{re.escape(ending)}")
    latest = time.time() - age
    with contextlib.suppress(FileNotFoundError):
        for other in list(path.parent.iterdir()):
            # Another process may remove it, too.
            with contextlib.suppress(FileNotFoundError):
                if pattern.fullmatch(other.name) and other.stat().st_mtime <= latest:
                    shutil.rmtree(other, ignore_errors=True)


def _hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]


@contextlib.contextmanager
def replacing(
    path: str | os.PathLike, *, ending: str = ".part", sync: bool = False
) -> Iterator[Path]:
    """Yields a temporary path and renames it to `path` on success.

    The temporary file exists, is empty, and belongs to this writer alone. Readers
    see the file of before or the new one, never a part. The new one has the mode bits of the one
    before, or else those that `open` gives. If the block raises, nothing is left behind.

    Args:
        path: of the file; its folder exists.
        ending: what the temporary name ends in, for writers that go by it.
        sync: whether the file is on the disk when it gets its name: a machine that fails must not
            leave an empty one.

    Raises:
        InputError: if the path's name is too long, before anything is written.

    Example:
        >>> with replacing("model.keras", ending=".keras") as temporary:
        ...     model.save(temporary)
    """
    path = Path(path)
    check_name(path)
    temporary = hidden_beside(path, ending)
    temporary.touch(exist_ok=False)  # Or else, however unlikely, it is another writer's.
    try:
        yield temporary
        # First, as the mode bits may forbid to open the file for writing.
        if sync:
            to_disk(temporary)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def open_replacing(
    path: str | os.PathLike, mode: str = "wb", *, sync: bool = False, **options: Any
) -> Iterator[Any]:
    """Opens a file to be written, complete or not at all; see `replacing`.

    Args:
        path: of the file; its folder exists.
        mode: "wb" or "w".
        sync: see `replacing`.
        **options: of `open`. Text is UTF-8 unless they say otherwise.

    Example:
        >>> with open_replacing("scores.csv", "w") as file:
        ...     file.write("name,score\\n")
    """
    if "b" not in mode:
        options.setdefault("encoding", "utf-8")
    with replacing(path, sync=sync) as temporary, temporary.open(mode, **options) as file:
        yield file


def to_disk(path: Path) -> None:
    """Flushes a file to disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def check_name(path: Path, argument: str = "path") -> None:
    """Checks that a file system takes a path's name, whose folder need not exist yet.

    Args:
        path: of the file.
        argument: what the message begins with: the argument or flag that names the file.

    Raises:
        InputError: if the name is too long.
    """
    folder = next((each for each in path.absolute().parents if each.is_dir()), Path("/"))
    try:
        most = os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # where there is no such limit to be asked for
        most = 255
    size = len(os.fsencode(path.name))
    if size > most:
        raise InputError(
            f"{argument}: expected a name of at most {most} bytes, got {path.name!r} of {size}; "
            "choose a shorter one, or rename the image that it is made of."
        )

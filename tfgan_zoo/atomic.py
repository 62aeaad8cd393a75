"""Files that appear complete or not at all."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfgan_zoo.errors import InputError


def hidden_beside(path: str | os.PathLike, ending: str = ".part") -> Path:
    """Returns a hidden name in the same folder, for what is on its way to a path.

    It is short, as the path's own name may be as long as a name can be, and of this process.

    Args:
        path: where a file or a folder is to be.
        ending: what the name ends in.

    Example:
        >>> hidden_beside("photos/cat.png")
        PosixPath('photos/.4b0d8b1f-2041.part')
    """
    path = Path(path)
    name = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    return path.with_name(f".{name}-{os.getpid()}{ending}")


@contextlib.contextmanager
def replacing(
    path: str | os.PathLike, *, ending: str = ".part", sync: bool = False
) -> Iterator[Path]:
    """Gives a name to write a file to, which has the path's own name at the end.

    Readers see the file of before or the new one, never a part. The new one has the mode bits of
    the one before, or else those that `open` gives. If the block raises, nothing is left behind.

    Args:
        path: of the file; its folder exists.
        ending: what the other name ends in, for writers that go by it.
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
    try:
        yield temporary
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
        if sync:
            to_disk(temporary)
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
    """Has a file written to the disk now."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def check_name(path: Path) -> None:
    """Checks that a file system takes a path's name, whose folder need not exist yet.

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
            f"--output: expected a name of at most {most} bytes, got {path.name!r} of {size}; "
            "choose a shorter one, or rename the image that it is made of."
        )

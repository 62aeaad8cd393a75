"""Files that appear complete or not at all."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tfgan_zoo.errors import InputError

#: Age in seconds at which `remove_leftovers` considers a folder abandoned.
ABANDONED = 24 * 3600
#: How the names of unfinished work begin.
PART = ".part-"


def hidden_beside(path: str | os.PathLike, ending: str = ".part") -> Path:
    """Returns a new hidden path in the same folder, for a file or folder being written.

    The name is short, because the final name may be as long as the file system allows. Every call
    returns a different name, so threads, processes and hosts that share a folder do not collide.

    Args:
        path: Final path of the file or folder.
        ending: End of the name.

    Example:
        >>> hidden_beside("photos/cat.png")
        PosixPath('photos/.4b0d8b1f-2041-9c41f7d2.part')
    """
    path = Path(path)
    return path.with_name(f".{_hash(path)}-{os.getpid()}-{secrets.token_hex(4)}{ending}")


def remove_leftovers(path: str | os.PathLike, ending: str, age: float = ABANDONED) -> None:
    """Removes folders named by `hidden_beside` that killed processes left behind.

    Args:
        path: The path that was given to `hidden_beside`.
        ending: End of the names.
        age: Seconds since the last change of a folder; a younger one may still be in use.
    """
    path = Path(path)
    names = rf"\.{_hash(path)}-\d+(-[0-9a-f]+)?{re.escape(ending)}"
    _remove_folders(path.parent, names, age)


def _remove_folders(parent: Path, names: str, age: float = ABANDONED) -> None:
    """Removes the folders in another one whose names match, if they are that old, in seconds."""
    latest = time.time() - age
    with contextlib.suppress(FileNotFoundError):
        for each in list(parent.iterdir()):
            # Another process may remove it at the same time.
            with contextlib.suppress(FileNotFoundError):
                if re.fullmatch(names, each.name) and each.stat().st_mtime <= latest:
                    shutil.rmtree(each, ignore_errors=True)


def _hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]


@contextlib.contextmanager
def replacing(
    path: str | os.PathLike, *, ending: str = ".part", sync: bool = False
) -> Iterator[Path]:
    """Yields a temporary path and renames it to `path` on success.

    The temporary file exists, is empty, and belongs to this writer alone. Readers see the previous
    file or the new one, never a part of it. The new file keeps the mode bits of the previous one,
    or has those that `open` sets. If the block raises, nothing is left behind.

    Args:
        path: Path of the file, in an existing folder.
        ending: End of the temporary name, for writers that depend on it.
        sync: Whether to flush the file to disk before it is renamed, so that a machine failure
            cannot leave an empty file.

    Raises:
        InputError: If the file name is too long, before anything is written.

    Example:
        >>> with replacing("model.keras", ending=".keras") as temporary:
        ...     model.save(temporary)
    """
    path = Path(path)
    check_name(path)
    temporary = hidden_beside(path, ending)
    temporary.touch(exist_ok=False)  # Fails if another writer has this name.
    try:
        yield temporary
        # Before chmod: the mode bits may not allow opening the file for writing.
        if sync:
            to_disk(temporary)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
        try:
            os.replace(temporary, path)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            shutil.copyfile(temporary, path)  # a mounted file, which nothing can be renamed to
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def open_replacing(
    path: str | os.PathLike, mode: str = "wb", *, sync: bool = False, **options: Any
) -> Iterator[Any]:
    """Opens a file that is written completely or not at all; see `replacing`.

    Args:
        path: Path of the file, in an existing folder.
        mode: "wb" or "w".
        sync: See `replacing`.
        **options: Options of `open`. Text is UTF-8 by default.

    Example:
        >>> with open_replacing("scores.csv", "w") as file:
        ...     file.write("name,score\\n")
    """
    if "b" not in mode:
        options.setdefault("encoding", "utf-8")
    with replacing(path, sync=sync) as temporary, temporary.open(mode, **options) as file:
        yield file


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a file so that readers see the old or the new content, never a part."""
    with open_replacing(path, "wb", sync=True) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def to_disk(path: Path) -> None:
    """Flushes a file to disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def claimed(path: Path, output: str, make: Callable[..., None] = Path.mkdir) -> Iterator[None]:
    """Makes a folder or file of unfinished work, and keeps other processes out of it.

    Args:
        path: The folder or file, which the block may remove.
        output: What it becomes, for the message.
        make: `Path.mkdir` or `Path.touch`.

    Raises:
        InputError: If another process has it.
    """
    while True:
        make(path, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # Another process has just completed it.
            continue
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    f"--output: another process is writing {output!r}; wait for it, or end it."
                ) from error
            except OSError:
                pass  # This file system has no locks.
            if _is_at(handle, path):
                yield
                return
        finally:
            os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def unfinished(folder: Path, key: str = "") -> Iterator[Path]:
    """Yields a folder to prepare what `move_into` then puts into another one.

    Args:
        folder: The folder that it will be moved into. The one around it exists.
        key: Names what is prepared. If that is stopped, it stays, for the next one of the same key
            and folder; without a key, it is removed.

    Raises:
        InputError: If another process has the same key and folder.
    """
    place = staging_place(folder)
    if key:
        part = place / f"{PART}{key[:12]}"
        with claimed(part, str(folder)):
            yield part
        return
    part = _new_part(place)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def staging_place(folder: Path) -> Path:
    """Returns where to prepare what is then renamed into a folder, which need not exist.

    This is the folder around it; or the folder itself, if nothing can be written there, or moved
    from there, because the folder is a mounted volume and so a file system of its own.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        return folder.parent
    probe = hidden_beside(folder)
    moved = folder / probe.name
    try:
        probe.mkdir()
        os.rename(probe, moved)
    except OSError:
        return folder
    else:
        return folder.parent
    finally:
        for path in (probe, moved):
            with contextlib.suppress(OSError):
                path.rmdir()


def _new_part(place: Path) -> Path:
    """Makes a hidden folder without a key, and removes those that killed processes left."""
    _remove_folders(place, rf"{re.escape(PART)}\w{{8}}")  # as `tempfile.mkdtemp` names them
    return Path(tempfile.mkdtemp(dir=place, prefix=PART))


def finished(folder: Path) -> list[str]:
    """Returns what a folder holds, in order of names.

    Left out are what is `unfinished` in it, and what the root of a file system has.
    """
    names = os.listdir(folder) if folder.is_dir() else []
    return sorted(n for n in names if not n.startswith(PART) and n != "lost+found")


def move_into(new: Path, folder: Path, *, whole: bool = False) -> None:
    """Replaces all that a folder holds with what another one holds, and removes that one.

    A folder that does not exist yet appears complete or not at all. Into others, files are moved
    one by one, the last names first: if the process is killed, the first ones are still where they
    were prepared. After any error, the folder is as it was before.

    Args:
        new: A folder from `unfinished`.
        folder: The folder, which is created if needed.
        whole: Whether the new folder itself takes the place of one that exists, if it can.
    """
    folder = folder.resolve()
    if new.parent != folder and (not folder.exists() or (whole and finished(folder))):
        _take_the_place(new, folder)
        return
    old = _new_part(folder)
    moves = [(folder / name, old / name) for name in finished(folder)]
    moves += [(path, folder / path.name) for path in sorted(new.iterdir(), reverse=True)]
    done = []
    try:
        for source, target in moves:
            os.rename(source, target)
            done.append((source, target))
    except BaseException:
        for source, target in reversed(done):
            os.rename(target, source)
        old.rmdir()
        raise
    shutil.rmtree(old)
    new.rmdir()


def _take_the_place(new: Path, folder: Path) -> None:
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(new, stat.S_IMODE(folder.stat().st_mode) if folder.exists() else 0o777 & ~umask)
    old = hidden_beside(folder, ".old")
    remove_leftovers(folder, ".old")
    if folder.exists():
        os.rename(folder, old)
    try:
        os.rename(new, folder)
    except BaseException:
        if old.exists():
            os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def check_output(path: Path, argument: str = "--output") -> None:
    """Checks, before time is spent, that a file or folder can be written.

    Args:
        path: Its path; the folder that will hold it need not exist.
        argument: The argument or flag that names it, for the message.

    Raises:
        InputError: If its name is too long, or the folder itself, the one that will hold it, or
            the first one above that exists is a file or write-protected.
    """
    check_name(path, argument)
    folder = path if path.is_dir() else path.absolute().parent
    if why := obstacle(folder, os.W_OK | os.X_OK):
        raise InputError(f"{argument}: cannot write to {str(path)!r}: {why}; give another place.")


def obstacle(folder: Path, rights: int = os.R_OK | os.W_OK | os.X_OK) -> str | None:
    """Returns why a folder cannot be used or made, such as "'runs' is a file"; None if it can.

    Args:
        folder: A folder, which need not exist; then the first one above that exists counts.
        rights: The rights that are needed there, as for `os.access`.
    """
    found = next(each for each in (folder, *folder.absolute().parents) if os.path.lexists(each))
    if not found.is_dir():
        return f"{str(found)!r} is a file"
    if not os.access(found, rights, effective_ids=os.access in os.supports_effective_ids):
        return f"{str(found)!r} is write-protected"
    return None


def check_name(path: Path, argument: str = "path") -> None:
    """Checks that the file system accepts a file name. The folder need not exist.

    Args:
        path: Path of the file.
        argument: The argument or flag that names the file, for the message.

    Raises:
        InputError: If the name is too long.
    """
    folder = next((each for each in path.absolute().parents if each.is_dir()), Path("/"))
    try:
        most = os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # the system does not report a limit
        most = 255
    size = len(os.fsencode(path.name))
    if size > most:
        raise InputError(
            f"{argument}: expected a name of at most {most} bytes, got {path.name!r} of {size}; "
            "choose a shorter one, or rename the image that it is made of."
        )

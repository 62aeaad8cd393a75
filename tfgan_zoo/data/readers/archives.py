"""Zip archives as folders: a path may lead into an archive, `photos.zip/train/cat/1.png`.

Nothing is unpacked to disk. Each process opens an archive and reads its index once. Reading is safe
in several threads and after a fork.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import posixpath
import stat
import zipfile
from collections.abc import Iterator
from typing import IO, NamedTuple

from tfgan_zoo.errors import InputError, warn_user


class _Archive(NamedTuple):
    opened: zipfile.ZipFile
    #: Folders and files directly in each folder, by its path within the archive, "" the outermost.
    folders: dict[str, dict[str, bool]]
    #: Files by their path within the archive.
    files: dict[str, zipfile.ZipInfo]
    #: Members whose names lead out of the archive, as stored.
    outside: list[str]


def is_archive(path: str) -> bool:
    """Returns whether a path is that of a zip archive, by its content."""
    try:
        state = os.stat(path)
    except OSError:
        return False
    return stat.S_ISREG(state.st_mode) and _is_zip(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=64)
def _is_zip(path: str, changed: int, size: int) -> bool:
    return zipfile.is_zipfile(path)


def check_archive(spec: str, path: str) -> None:
    """Checks that a zip archive can be read.

    Args:
        spec: The source, for messages.
        path: Path of the archive.

    Raises:
        InputError: If it is missing, damaged, encrypted or not a zip archive, or a member's name
            leads out of the archive.
    """
    if os.path.isdir(path):
        raise InputError(f"{spec}: {path} is a folder, not an archive; write folder:{path}.")
    if not os.path.exists(path):
        raise InputError(f"{spec}: there is no file {path}; check the path.")
    try:
        archive = _open(path)
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise InputError(
            f"{spec}: {path} cannot be read as a zip archive ({error}); copy or download it again, "
            "or unpack it and write folder:PATH."
        ) from error
    locked = next((info for info in archive.opened.infolist() if info.flag_bits & 1), None)
    if locked is not None:
        raise InputError(
            f"{spec}: {locked.filename} in {path} is encrypted; unpack the archive with its "
            "password and write folder:PATH."
        )
    if archive.outside:
        raise InputError(
            f"{spec}: expected names within the archive, got {archive.outside[0]!r} in {path}; "
            "write the archive again without '..' in its names."
        )


def _inside(path: str) -> tuple[str, str] | None:
    """Splits a path into an archive and a name in it; returns None for any other path."""
    file = path
    while file and not os.path.exists(file):
        shorter = os.path.dirname(file)
        if shorter == file:
            return None
        file = shorter
    if not is_archive(file):
        return None
    return file, _within(path[len(file) :])


def _within(name: str) -> str:
    """Returns a name relative to the archive, without empty parts; "" is the archive itself."""
    name = posixpath.normpath(name.lstrip("/"))
    return "" if name == "." else name


def archive_of(path: str) -> str | None:
    """Returns the archive that a path is or leads into, or None."""
    found = _inside(path)
    return None if found is None else found[0]


def has_no_arrays(path: str) -> bool:
    """Returns whether a zip archive lacks the arrays that .npz files hold."""
    with contextlib.suppress(zipfile.BadZipFile, OSError), zipfile.ZipFile(path) as opened:
        return not any(name.endswith(".npy") for name in opened.namelist())
    return False


def _open(path: str) -> _Archive:
    state = os.stat(path)
    # A forked process must not share the lock and the position in the file.
    return _opened(os.path.abspath(path), state.st_mtime_ns, state.st_size, os.getpid())


@functools.lru_cache(maxsize=16)
def _opened(path: str, changed: int, size: int, process: int) -> _Archive:
    opened = zipfile.ZipFile(path)
    folders: dict[str, dict[str, bool]] = {"": {}}
    files: dict[str, zipfile.ZipInfo] = {}
    outside: list[str] = []
    infos = opened.infolist()
    # Old Windows programs write "photos\\1.png". Elsewhere a backslash is part of a name.
    windows = not any("/" in info.filename for info in infos)
    for info in infos:
        stored = info.filename.replace("\\", "/") if windows else info.filename
        # Some programs write "./photos/1.png", "/photos/1.png" or "photos//1.png".
        name = _within(stored)
        if name.split("/")[0] == "..":
            outside.append(info.filename)
            continue
        is_folder = stored.endswith("/")
        if name and not is_folder:
            files[name] = info
        while name:
            # An archive need not list its folders.
            above, _, last = name.rpartition("/")
            known = folders.setdefault(above, {})
            if last in known:
                break
            known[last] = is_folder
            if is_folder:
                folders.setdefault(name, {})
            name, is_folder = above, True
    return _Archive(opened, folders, files, outside)


def is_folder(path: str) -> bool:
    """Does what `os.path.isdir` does, also within archives; an archive is a folder, too."""
    if os.path.exists(path) and not os.path.isfile(path):
        return os.path.isdir(path)
    found = _inside(path)
    return found is not None and found[1] in _open(found[0]).folders


def is_file(path: str) -> bool:
    """Does what `os.path.isfile` does, also within archives."""
    if os.path.exists(path):
        return os.path.isfile(path)
    found = _inside(path)
    if found is None:
        return False
    above, _, name = found[1].rpartition("/")
    return _open(found[0]).folders.get(above, {}).get(name) is False


def folders_in(path: str) -> dict[str, str]:
    """Returns the folders directly in a folder, by name."""
    if os.path.isdir(path):
        return {entry.name: entry.path for entry in os.scandir(path) if entry.is_dir()}
    found = _inside(path)
    if found is None:
        return {}
    inside = _open(found[0]).folders.get(found[1], {})
    return {name: os.path.join(path, name) for name, folder in inside.items() if folder}


def walk(path: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Does what `os.walk` does, top down and following links, also within archives."""
    if os.path.isdir(path):
        yield from os.walk(path, onerror=_warn_of, followlinks=True)
        return
    found = _inside(path)
    if found is None:
        return
    folders = _open(found[0]).folders
    left = [found[1]]
    while left:
        folder = left.pop()
        inside = folders.get(folder, {})
        children = [name for name, is_folder in inside.items() if is_folder]
        # As with `os.walk`, the caller may remove some of the children.
        place = os.path.join(found[0], folder) if folder else found[0]
        yield place, children, [name for name, is_folder in inside.items() if not is_folder]
        left += [f"{folder}/{name}".strip("/") for name in children]


def _warn_of(error: OSError) -> None:
    reason = (error.strerror or "it cannot be read").lower()
    warn_user(f"{error.filename}: {reason}, so the files in this folder are left out.")


def read_bytes(path: str) -> bytes:
    """Reads a whole file, also within archives.

    Raises:
        FileNotFoundError: If it does not exist.
        zipfile.BadZipFile: If it is damaged within an archive.
    """
    found = None if os.path.isfile(path) else _inside(path)
    if found is None:
        with open(path, "rb") as file:
            return file.read()
    with _member(*found) as member:
        return member.read()


@contextlib.contextmanager
def opened_file(path: str) -> Iterator[str | IO[bytes]]:
    """Opens a file for Pillow: yields its path or, within an archive, its bytes."""
    found = None if os.path.isfile(path) else _inside(path)
    if found is None:
        yield path
        return
    with _member(*found) as member:
        yield member


def _member(archive: str, name: str) -> IO[bytes]:
    opened = _open(archive)
    if name not in opened.files:
        raise FileNotFoundError(os.path.join(archive, name))
    return opened.opened.open(opened.files[name])


def whole_file(path: str) -> str | io.BytesIO:
    """Returns a path or, for a file within an archive, its bytes in memory."""
    if os.path.isfile(path) or _inside(path) is None:
        return path
    return io.BytesIO(read_bytes(path))


def state_of(path: str) -> str:
    """Returns what changes when a file does: its path, size and times, also within archives.

    The time of change of its entry, too, as a copy may keep the time of its content.

    Raises:
        OSError: If it does not exist.
    """
    try:
        state = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        found = _inside(path)
        if found is None:
            raise
        archive, name = found
        info = _open(archive).files.get(name)
        if info is None:
            raise
        return f"{os.path.abspath(archive)} {name} {info.file_size} {info.CRC}"
    return f"{os.path.abspath(path)} {state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"

"""The files of presets: found or downloaded, and checked."""

import hashlib
import json
import os
import shutil
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from tfgan_zoo import atomic
from tfgan_zoo.downloads import cache_folder, check_online
from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.presets.cards import FOLDER, Preset, find, list_presets
from tfgan_zoo.suggestions import similar

#: The member of a preset's `.keras` file that says what the preset is.
NOTE = "preset.json"
#: The member of it that has what `config.json` says in a run folder.
RUN = "run.json"


def file_of(preset: Preset, argument: str = "name") -> Path:
    """Returns the `.keras` file of a preset, checked; downloads it if necessary.

    It comes with the library, or is kept in `presets` in the folder of downloads.

    Args:
        preset: Its card.
        argument: What to call the preset in messages.

    Raises:
        InputError: If the file is damaged, or missing and cannot be downloaded.
    """
    path = FOLDER / f"{preset.name}.keras"
    remedy = "install tfgan_zoo again"
    if not path.is_file():
        path = cache_folder() / "presets" / path.name
        remedy = "delete it, and it is downloaded again"
        if not path.is_file():
            _download(preset, path, argument)
    if problem := _difference(preset, path):
        raise InputError(
            f"{argument}: expected {str(path)!r} to be the file of {preset.name!r}, got {problem}; "
            f"{remedy}."
        )
    return path


def path_of(source: str | os.PathLike, argument: str) -> Path:
    """Returns the path of a model: a run folder, a `.keras` file, or that of a preset's name.

    What exists in the working directory comes before a preset of the same name. A path that does
    not exist is returned as it is.

    Args:
        source: The path or the name.
        argument: What to call it in messages.

    Raises:
        InputError: If it resembles the name of a preset, or its file cannot be used.
    """
    path, name = Path(source).expanduser(), os.fspath(source)
    if path.exists() or path.name != name:
        return path
    known = [preset.name for preset in list_presets()]
    if name in known:
        return file_of(find(name), argument)
    if near := similar(name, known):
        raise InputError(
            f"{argument}: expected a run folder, a .keras file or a preset, got {name!r}; did you "
            f"mean {' or '.join(near)}?"
        )
    return path


def _difference(preset: Preset, path: Path) -> str:
    """Returns how a file differs from that of a preset; empty if it does not."""
    size = path.stat().st_size
    if size != preset.bytes:
        return f"{size:,} bytes instead of {preset.bytes:,}"
    digest = sha256_of(path)
    if digest != preset.sha256:
        return f"the SHA-256 {digest[:16]}... instead of {preset.sha256[:16]}..."
    return ""


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(preset: Preset, path: Path, argument: str) -> None:
    if not preset.url:
        raise InputError(
            f"{argument}: {path.name}, the file of the preset {preset.name!r}, is missing from "
            f"{str(FOLDER)!r}; install tfgan_zoo again."
        )
    try:
        check_online(preset.url)
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            urllib.request.urlopen(preset.url, timeout=60) as answer,
            atomic.replacing(path) as new,
        ):
            with new.open("wb") as file:
                shutil.copyfileobj(answer, file)
            if problem := _difference(preset, new):
                raise OSError(f"got {problem}")
    except (OSError, ValueError) as error:  # ValueError for an address that is none
        raise InputError(
            f"{argument}: the file of the preset {preset.name!r}, {preset.size}, is not in "
            f"{path.parent} and cannot be downloaded ({first_line(error)}); download {preset.url} "
            "on another machine, and copy it to that folder."
        ) from error


def note_of(path: str | os.PathLike) -> dict[str, Any] | None:
    """Returns what a `.keras` file says of the preset in it; None if it holds none.

    Returns:
        Its name, data, licence, command and date, and under "left_out" the networks without
        weights.
    """
    try:
        with zipfile.ZipFile(Path(path).expanduser()) as archive:
            return json.loads(archive.read(NOTE))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None

"""The files of presets: found or downloaded, and checked."""

import functools
import json
import os
import shutil
import zipfile
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from tfgan_zoo import atomic
from tfgan_zoo.downloads import cache_folder, fetch
from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.hashes import sha256_of
from tfgan_zoo.presets.cards import FOLDER, Preset, find, is_preset, list_presets
from tfgan_zoo.suggestions import similar

#: The member of a preset's `.keras` file that says what the preset is.
NOTE = "preset.json"
#: The member of it that has what `config.json` says in a run folder.
RUN = "run.json"


def file_of(preset: Preset, argument: str = "name") -> Path:
    """Returns the `.keras` file of a preset, checked; downloads it if necessary.

    It comes with the library, or is kept in `presets` in the folder of downloads. So is a file of
    a library that is imported from a zip archive.

    Args:
        preset: Its card.
        argument: What to call the preset in messages.

    Raises:
        InputError: If the file is damaged, or missing and cannot be downloaded.
    """
    shipped = FOLDER / f"{preset.name}.keras"
    if isinstance(shipped, Path) and shipped.is_file():
        if problem := _difference(preset, shipped):
            raise InputError(
                f"{argument}: expected {str(shipped)!r} to be the file of {preset.name!r}, got "
                f"{problem}; install tfgan_zoo again."
            )
        return shipped
    path = cache_folder() / "presets" / shipped.name
    # Another one there is damaged, or that of another version of the library.
    if not path.is_file() or _difference(preset, path):
        _fetch(preset, path, argument, shipped if shipped.is_file() else None)
    return path


def path_of(source: str | os.PathLike, argument: str) -> Path:
    """Returns the path of a model: a run folder, a `.keras` file, or that of a preset's name.

    A model in the working directory comes before a preset of the same name. Another file or folder
    there does not, such as that of the run which starts from the preset. Any other path is returned
    as it is.

    Args:
        source: The path or the name.
        argument: What to call it in messages.

    Raises:
        InputError: If it resembles the name of a preset, or its file cannot be used.
    """
    path, name = Path(source).expanduser(), os.fspath(source)
    known = [preset.name for preset in list_presets()]
    if name in known and not _holds_model(path):
        return file_of(find(name), argument)
    if path.exists() or path.name != name:
        return path
    if near := similar(name, known):
        raise InputError(
            f"{argument}: expected a run folder, a .keras file or a preset, got {name!r}; did you "
            f"mean {' or '.join(near)}?"
        )
    return path


def _holds_model(folder: Path) -> bool:
    """Returns whether a folder is that of a run which has a model already."""
    return (folder / "model.keras").exists() or any(folder.glob("checkpoints/step_*"))


def hint(path: str | os.PathLike, advice: str) -> str:
    """Returns advice for a path that was not found, if it is the name of a preset; else "".

    Args:
        path: The path.
        advice: The advice, with {} for the name.
    """
    name = os.fspath(path)
    return advice.format(name) if isinstance(name, str) and is_preset(name) else ""


class PresetPath(str):
    """The path of a preset's file, which messages show by the name of the preset.

    Attributes:
        name: The name.
    """

    name = ""

    def __repr__(self) -> str:
        return repr(self.name)


def _difference(preset: Preset, path: Path) -> str:
    """Returns how a file differs from that of a preset; empty if it does not."""
    size = path.stat().st_size
    if size != preset.bytes:
        return f"{size:,} bytes instead of {preset.bytes:,}"
    digest = sha256_of(path)
    if digest != preset.sha256:
        return f"the SHA-256 {digest[:16]}... instead of {preset.sha256[:16]}..."
    return ""


def _fetch(preset: Preset, path: Path, argument: str, archived: Traversable | None) -> None:
    """Downloads the file of a preset, or copies it from the archive of the library."""
    if not (archived or preset.url):
        raise InputError(
            f"{argument}: {path.name}, the file of the preset {preset.name!r}, is missing from "
            f"{str(FOLDER)!r}; install tfgan_zoo again."
        )
    difference = functools.partial(_difference, preset)
    try:
        if archived:
            path.parent.mkdir(parents=True, exist_ok=True)
            with resources.as_file(archived) as file, atomic.replacing(path) as new:
                shutil.copyfile(file, new)
                if problem := difference(new):
                    raise OSError(f"got {problem}")
        else:
            fetch(preset.url, path, difference)
    except (OSError, ValueError) as error:  # ValueError for an address that is none
        if archived:
            raise InputError(
                f"{argument}: the file of the preset {preset.name!r} cannot be copied from "
                f"{str(archived)!r} to {str(path.parent)!r}: {first_line(error)}; set "
                "TFGAN_ZOO_CACHE to another folder, or install tfgan_zoo without an archive."
            ) from error
        state = "damaged or of another version" if path.is_file() else "not"
        raise InputError(
            f"{argument}: the file of the preset {preset.name!r}, {preset.size}, is {state} in "
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

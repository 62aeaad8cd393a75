"""`npz:PATH`: the arrays of a NumPy file."""

from __future__ import annotations

import math
import os
import struct
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfgan_zoo.data.images import EXTENSIONS
from tfgan_zoo.data.readers import archives
from tfgan_zoo.data.source import ArraySource, Source
from tfgan_zoo.data.spec import Opening, path_advice
from tfgan_zoo.data.splits import NoSplitError
from tfgan_zoo.errors import InputError

MAPPED = 2**28
"""Bytes from which on an array is mapped into memory instead of read. Parts of it are read when
they are first used, and the system may free them again. Compressed arrays are always read."""

_SAMPLES = {
    "train": ("x_train", "train_images", "image", "images", "x"),
    "test": ("x_test", "test_images"),
    "val": ("x_val", "val_images"),
}
_LABELS = {
    "train": ("y_train", "train_labels", "label", "labels", "y"),
    "test": ("y_test", "test_labels"),
    "val": ("y_val", "val_labels"),
}


def open_npz(opening: Opening) -> Source:
    """Opens the samples of a split, with their labels if the file has any.

    Args:
        opening: The source and its options.

    Raises:
        InputError: If the file cannot be read, or has no array for the split.
    """
    spec, path, split = opening.spec, opening.rest, opening.split_name
    labels: list[str] = []

    def choose(keys: list[str]) -> list[str]:
        chosen = samples_key(spec, split, keys)
        labels[:] = labels_key(split, keys, chosen)
        return [chosen]

    def read_labels() -> np.ndarray:
        return read_npz(spec, path, lambda keys: labels)[0]

    (array,) = read_npz(spec, path, choose)
    found = read_labels if labels else None
    return ArraySource(spec, array, white=opening.white, labels=found, black=opening.black)


def read_npz(
    spec: str, path: str, choose: Callable[[list[str]], Sequence[str]]
) -> list[np.ndarray]:
    """Reads some of the arrays of a NumPy file.

    Args:
        spec: The source, for messages.
        path: The file, `.npz` or `.npy`.
        choose: Given the names in the file, returns the names of the arrays to read; may raise
            `InputError`. The array of a `.npy` file is called `x`.

    Returns:
        The arrays, in the order of their names.

    Raises:
        InputError: If the file does not exist, is damaged or holds Python objects.
    """
    file = os.path.expanduser(path)
    if os.path.isdir(file):
        raise InputError(f"{spec}: {path} is a folder, not a file; {path_advice(path)}.")
    if not os.path.isfile(file):
        raise InputError(f"{spec}: there is no file {path}; check the path.")
    if os.path.splitext(file)[1].lower() in EXTENSIONS:
        raise InputError(f"{spec}: {path} is an image, not a NumPy file; {path_advice(path)}.")
    if archives.is_archive(file) and archives.has_no_arrays(file):
        raise InputError(
            f"{spec}: {path} is a zip archive without NumPy arrays; write zip:{path} for its "
            "images."
        )
    try:
        # np.load would leave a damaged file open.
        with open(file, "rb") as opened:
            if opened.read(6) == np.lib.format.MAGIC_PREFIX:
                return [_array_at(file, 0) for _ in choose(["x"])]
            opened.seek(0)
            loaded = np.load(opened, allow_pickle=False)
            return [_member(file, loaded, key) for key in choose(list(loaded))]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):  # InputError is a ValueError.
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{path} cannot be read as a NumPy file of plain arrays ({reason}); write it with "
            "np.savez(path, image=uint8_array)."
        ) from error


def _member(file: str, loaded: Any, key: str) -> np.ndarray:
    """Returns an array of a .npz file, mapped if it is large and not compressed."""
    info = loaded.zip.NameToInfo.get(f"{key}.npy")
    if info is None or info.compress_type != zipfile.ZIP_STORED or info.file_size < MAPPED:
        return loaded[key]
    with open(file, "rb") as opened:
        opened.seek(info.header_offset + 26)  # of a local header, which may have other extras
        name, extra = struct.unpack("<HH", opened.read(4))
    return _array_at(file, info.header_offset + 30 + name + extra)


def _array_at(file: str, place: int) -> np.ndarray:
    """Reads the array that a file holds in NumPy's format from a place on, or maps a large one."""
    with open(file, "rb") as opened:
        opened.seek(place)
        version = np.lib.format.read_magic(opened)
        if version > (2, 0):
            opened.seek(place)
            return np.lib.format.read_array(opened, allow_pickle=False)
        header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = header(opened)
        size = dtype.itemsize * math.prod(shape)
        if dtype.hasobject or size < MAPPED:
            opened.seek(place)
            return np.lib.format.read_array(opened, allow_pickle=False)
        start = opened.tell()
    order: Any = "F" if fortran else "C"
    return np.memmap(file, dtype, "r", start, shape, order)


def samples_key(spec: str, split: str, keys: list[str]) -> str:
    """Returns the name of the samples of a split.

    Raises:
        NoSplitError: If there are none.
    """
    names = _SAMPLES.get(split, (f"x_{split}",))
    wanted = [name for name in names if name in keys]
    if not wanted and split == "train" and len(keys) == 1:
        wanted = keys
    if not wanted:
        raise NoSplitError(
            f"{spec} has no array for split {split!r} (found: {', '.join(keys) or 'none'})",
            f"save it under one of {', '.join(names)}",
        )
    return wanted[0]


def labels_key(split: str, keys: list[str], samples: str) -> list[str]:
    """Returns the name of the labels, the one that goes with that of the samples first."""
    names = _LABELS.get(split, (f"y_{split}",))
    partners = dict(zip(_SAMPLES.get(split, (f"x_{split}",)), names, strict=True))
    candidates = (partners.get(samples), *names)
    return [name for name in candidates if name in keys and name != samples][:1]

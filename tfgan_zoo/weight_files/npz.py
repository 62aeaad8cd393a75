"""Reads the arrays of a `.npz`, without its pickles."""

import functools
import math
import zipfile
from typing import IO

import numpy as np

from tfgan_zoo.weight_files.stored import SIZES, State, Stored, UnreadableError, members

_FORMAT = np.lib.format


def open_npz(file: IO[bytes]) -> dict[str, State]:
    """Finds the arrays of a file.

    Args:
        file: An open `.npz`, compressed or not, which has to stay open until the arrays are read.

    Returns:
        Arrays by name, for the key "".

    Raises:
        UnreadableError: If an array holds objects or numbers of another kind, or is damaged.
    """
    archive = zipfile.ZipFile(file)
    names = [name for name in members(archive) if name.endswith(".npy")]
    return {"": {name.removesuffix(".npy"): _stored(archive, name) for name in names}}


def _stored(archive: zipfile.ZipFile, name: str) -> Stored:
    with archive.open(name) as member:
        version = _FORMAT.read_magic(member)
        # Later ones are for long headers, of which NumPy reads up to 4 GiB before it looks.
        if version != (1, 0):
            raise UnreadableError(f"{name[:100]} has the version {version}")
        shape, _, dtype = _FORMAT.read_array_header_1_0(member)
        size = archive.getinfo(name).file_size - member.tell()
    if dtype.hasobject or dtype.name not in SIZES:
        raise UnreadableError(f"{name[:100]} holds {str(dtype)[:40]}, which are no plain numbers")
    if min(shape, default=0) < 0 or size != math.prod(shape) * dtype.itemsize:
        raise UnreadableError(f"{name[:100]} has another size than its shape says")
    return Stored(tuple(shape), dtype.name, functools.partial(_read, archive, name))


def _read(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(name) as member:
        array = _FORMAT.read_array(member, allow_pickle=False)
    return np.array(array, array.dtype.newbyteorder("="), order="C")

"""Tensors in a file, before their numbers are read."""

import contextlib
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO, NamedTuple

import numpy as np

from tfgan_zoo.errors import InputError, first_line


class Stored(NamedTuple):
    """A tensor in an open file.

    Attributes:
        shape: Its shape.
        dtype: Name of its type, as of NumPy; or "bfloat16", which NumPy does not have.
        read: Reads it, as a copy in C order. Numbers of type bfloat16 become float32.
    """

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], np.ndarray]


#: Tensors by name.
State = Mapping[str, Stored]


class UnreadableError(ValueError):
    """A file that holds no tensors, or is damaged; the message says why, without the file.

    Attributes:
        advice: What the user can do.
    """

    advice = ""


class CutOffError(UnreadableError):
    """A file that is shorter than it says."""

    advice = "download or copy it again"

    def __init__(self) -> None:
        super().__init__("it is cut off")


class OtherFileError(UnreadableError):
    """A file of another kind."""

    advice = "give the file of weights itself, not a web page or a pointer of Git LFS"

    def __init__(self) -> None:
        super().__init__("it does not begin as such files do")


def read_all(file: IO[bytes], num: int) -> bytes:
    """Reads a number of bytes, of which the caller knows that a whole file has them."""
    found = file.read(num)
    if len(found) != num:
        raise CutOffError
    return found


def size_of(file: IO[bytes]) -> int:
    """Returns the size of a file in bytes; its position stays."""
    start = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(start)
    return size


def members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Returns the files of an archive by name.

    Raises:
        UnreadableError: If two have the same name, of which other readers may take the other.
    """
    infos = archive.infolist()
    found = {info.filename: info for info in infos}
    if len(found) != len(infos):
        raise UnreadableError("its archive has two files of the same name")
    return found


def printable(text: str) -> str:
    """Returns a text of one line that moves no cursor.

    Example:
        >>> printable("a\\x1b[2J\\n")
        'a?[2J?'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)


@contextlib.contextmanager
def unreadable(path: str | os.PathLike, what: str) -> Iterator[None]:
    """Raises an `InputError` for whatever is raised while a file is read.

    Args:
        path: The file, for the message.
        what: What it was expected to hold.
    """
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{os.fspath(path)} cannot be read ({first_line(error)}).") from error
    except Exception as error:  # damaged archives raise many kinds
        reason, advice = first_line(error), ""
        if isinstance(error, UnreadableError):
            reason, advice = str(error), f"; {error.advice}" if error.advice else ""
        raise InputError(
            f"{os.fspath(path)} holds no {what} ({printable(reason)}){advice}."
        ) from error


def from_bytes(data: bytes, dtype: str) -> np.ndarray:
    """Returns numbers that are stored in little-endian order.

    Args:
        data: The bytes.
        dtype: A key of `SIZES`.

    Example:
        >>> from_bytes(b"\\x80\\x3f", "bfloat16")
        array([1.], dtype=float32)
    """
    if dtype == "bfloat16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    return np.frombuffer(data, np.dtype(dtype).newbyteorder("<"))


#: Bytes of a number of each type.
SIZES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}

"""Reads `.safetensors`: a header in JSON, then the bytes of all tensors.

The format is described at https://github.com/huggingface/safetensors. It has no code to run, and is
little-endian.
"""

import functools
import json
import math
from typing import IO, Any

import numpy as np

from tfgan_zoo.weight_files.stored import (
    SIZES,
    CutOffError,
    State,
    Stored,
    UnreadableError,
    from_bytes,
    read_all,
    size_of,
)

_TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


def begins(file: IO[bytes]) -> bool:
    """Returns whether a file begins as this format does; its position is then anywhere."""
    file.seek(0)
    return file.read(9)[8:] == b"{"


def open_safetensors(file: IO[bytes]) -> dict[str, State]:
    """Finds the tensors of a file.

    Args:
        file: An open `.safetensors`, which has to stay open until the tensors are read.

    Returns:
        Tensors by name, for the key "".

    Raises:
        UnreadableError: If the file is damaged or cut off.
    """
    file.seek(0)
    size = size_of(file)
    length = int.from_bytes(read_all(file, 8), "little")
    if length > size - 8:
        raise CutOffError
    header = json.loads(read_all(file, length), object_pairs_hook=_without_repetition)
    if not isinstance(header, dict):
        raise UnreadableError("its header is no table of tensors")
    header.pop("__metadata__", None)
    start = 8 + length
    state = {name: _stored(file, name, entry, start, size) for name, entry in header.items()}
    _check_places([entry["data_offsets"] for entry in header.values()], size - start)
    return {"": state}


def _check_places(places: list[tuple[int, int]], size: int) -> None:
    """Checks that tensors follow each other, as the format says, and so share no bytes."""
    before = 0
    for begin, end in sorted(map(tuple, places)):
        if begin != before:
            raise UnreadableError("its tensors do not follow each other")
        before = end
    if before != size:
        raise UnreadableError("it has bytes that belong to no tensor")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise UnreadableError("its header has a name twice")
    return made


def _stored(file: IO[bytes], name: str, entry: Any, start: int, size: int) -> Stored:
    try:
        kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"its header describes {name[:100]} in another way") from error
    if not isinstance(kind, str) or kind not in _TYPES:
        raise UnreadableError(f"{name[:100]} has the type {str(kind)[:20]}")
    numbers = (*shape, begin, end)
    if not all(type(number) is int and number >= 0 for number in numbers) or len(shape) > 32:
        raise UnreadableError(f"its header describes {name[:100]} in another way")
    dtype = _TYPES[kind]
    if end - begin != math.prod(shape) * SIZES[dtype]:
        raise UnreadableError(f"{name[:100]} has another size than its shape says")
    if start + end > size:
        raise CutOffError
    return Stored(shape, dtype, functools.partial(_read, file, start + begin, shape, dtype))


def _read(file: IO[bytes], start: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    file.seek(start)
    num = math.prod(shape) * SIZES[dtype]
    return from_bytes(read_all(file, num), dtype).reshape(shape).copy()

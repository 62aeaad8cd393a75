"""Reads weights that PyTorch saved in its format before version 1.6, without PyTorch.

Such a `.pth` is a row of pickles, then the bytes of all storages. A pickle can run any code; this
reader accepts only what a dict of tensors needs, and raises for everything else.
"""

import collections
import os
import pickle
from typing import IO, Any, NamedTuple

import numpy as np

from tfgan_zoo.errors import InputError, first_line

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_TYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
}


class _Storage(NamedTuple):
    """A storage that is named in a pickle, before its bytes are read."""

    key: str
    dtype: str
    num: int


class _Tensor(NamedTuple):
    """A tensor that is named in a pickle: a view of a storage, counted in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(storage: Any, offset: int, shape: Any, strides: Any, *_: Any) -> _Tensor:
    """Stands for `torch._utils._rebuild_tensor_v2`."""
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


class _Unpickler(pickle.Unpickler):
    """Makes dicts of `_Tensor`, and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        if not isinstance(pid, tuple) or len(pid) != 6 or pid[0] != "storage":
            raise pickle.UnpicklingError("an unknown kind of data")
        _, dtype, key, _, num, view = pid
        if view is not None or dtype not in _TYPES.values():
            raise pickle.UnpicklingError("a view of a storage")
        return _Storage(str(key), dtype, int(num))


def read_torch_file(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Reads a dict of tensors that PyTorch saved in its format before version 1.6.

    Args:
        path: The `.pth`.

    Returns:
        Arrays by name, each with a copy of its own in C order.

    Raises:
        InputError: If it is another kind of file, is damaged, or holds anything but tensors.
    """
    try:
        with open(path, "rb") as file:
            return _read(file)
    except OSError as error:
        raise InputError(f"{os.fspath(path)} cannot be read ({first_line(error)}).") from error
    except Exception as error:  # unpickling raises many kinds
        raise InputError(
            f"{os.fspath(path)} holds no tensors that PyTorch before version 1.6 saved "
            f"({first_line(error)})."
        ) from error


def _read(file: IO[bytes]) -> dict[str, np.ndarray]:
    if (_load(file), _load(file)) != (_MAGIC, _PROTOCOL):
        raise ValueError("it does not begin as such files do")
    if _load(file).get("little_endian") is not True:
        raise ValueError("its numbers are big-endian")
    named = _load(file)
    if not isinstance(named, dict) or not all(isinstance(t, _Tensor) for t in named.values()):
        raise ValueError("its entries are not all tensors")
    storages = {tensor.storage.key: tensor.storage for tensor in named.values()}
    data = {}
    for key in _load(file):
        storage = storages[key]
        if int.from_bytes(file.read(8), "little") != storage.num:
            raise ValueError(f"storage {key} has another size than its tensors say")
        raw = file.read(storage.num * np.dtype(storage.dtype).itemsize)
        data[key] = np.frombuffer(raw, storage.dtype, storage.num)
    return {name: _array(tensor, data[tensor.storage.key]) for name, tensor in named.items()}


def _load(file: IO[bytes]) -> Any:
    return _Unpickler(file).load()


def _array(tensor: _Tensor, data: np.ndarray) -> np.ndarray:
    """Copies a tensor out of its storage, within its bounds."""
    _, offset, shape, strides = tensor
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if min((offset, *shape, *strides)) < 0 or (0 not in shape and last >= len(data)):
        raise ValueError("a tensor reaches beyond its storage")
    if 0 in shape:
        return np.zeros(shape, data.dtype)
    view = np.lib.stride_tricks.as_strided(
        data[offset:], shape, [step * data.itemsize for step in strides], writeable=False
    )
    return np.array(view, order="C")

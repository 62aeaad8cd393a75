"""Reads weights that PyTorch saved, without PyTorch.

A `.pth` of PyTorch before version 1.6 is a row of pickles, then the bytes of all storages. Since
then it is an uncompressed zip archive of one pickle, `data.pkl`, and a file for each storage. A
pickle can run any code; this reader accepts only what a dict of tensors needs, and raises for
everything else.
"""

import collections
import os
import pickle
import zipfile
from collections.abc import Callable, Iterable
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
    """Stands for `torch._utils._rebuild_tensor`, of PyTorch 0.3, and `_rebuild_tensor_v2`."""
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


class _Parameter:
    """Stands for `torch.nn.parameter.Parameter`, as which PyTorch 0.1 saved the tensors of a model.

    Args:
        tensor: The tensor; None if the state holds it.
    """

    def __init__(self, tensor: Any = None, *_: Any):
        self.tensor = tensor

    def __setstate__(self, state: Any) -> None:
        if len(state) == 5:
            self.tensor = state[0]


def _rebuilt_parameter(tensor: Any, *_: Any) -> Any:
    """Stands for `torch._utils._rebuild_parameter`."""
    return tensor


_CALLABLES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuilt_parameter,
    ("torch.nn.parameter", "Parameter"): _Parameter,
}


class _Unpickler(pickle.Unpickler):
    """Makes dicts of `_Tensor`, and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _CALLABLES:
            return _CALLABLES[module, name]
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        # Since version 1.6 there is no last entry, whether the storage is a view.
        if not isinstance(pid, tuple) or len(pid) not in (5, 6) or pid[0] != "storage":
            raise pickle.UnpicklingError("an unknown kind of data")
        _, dtype, key, _, num, *view = pid
        if view not in ([], [None]) or dtype not in _TYPES.values():
            raise pickle.UnpicklingError("a view of a storage")
        return _Storage(str(key), dtype, int(num))


def read_torch_file(path: str | os.PathLike, prefix: str = "") -> dict[str, np.ndarray]:
    """Reads a dict of tensors that PyTorch saved.

    Args:
        path: The `.pth`.
        prefix: Only tensors whose names begin so are read.

    Returns:
        Arrays by name, each with a copy of its own in C order.

    Raises:
        InputError: If it is another kind of file, is damaged, or holds anything but tensors.
    """
    try:
        with open(path, "rb") as file:
            read = _read_zip if zipfile.is_zipfile(file) else _read
            file.seek(0)
            return read(file, prefix)
    except OSError as error:
        raise InputError(f"{os.fspath(path)} cannot be read ({first_line(error)}).") from error
    except Exception as error:  # unpickling raises many kinds
        raise InputError(
            f"{os.fspath(path)} holds no tensors that PyTorch saved ({first_line(error)})."
        ) from error


def _read(file: IO[bytes], prefix: str) -> dict[str, np.ndarray]:
    """Reads the format before version 1.6."""
    if (_load(file), _load(file)) != (_MAGIC, _PROTOCOL):
        raise ValueError("it does not begin as such files do")
    if _load(file).get("little_endian") is not True:
        raise ValueError("its numbers are big-endian")
    named = _tensors(_load(file))
    storages = {tensor.storage.key: tensor.storage for tensor in named.values()}
    wanted = {t.storage.key for name, t in named.items() if name.startswith(prefix)}
    data = {}
    for key in _load(file):
        storage = storages[key]
        if int.from_bytes(file.read(8), "little") != storage.num:
            raise ValueError(f"storage {key} has another size than its tensors say")
        size = storage.num * np.dtype(storage.dtype).itemsize
        if key in wanted:
            data[key] = np.frombuffer(file.read(size), storage.dtype, storage.num)
        else:
            file.seek(size, os.SEEK_CUR)
    return _arrays(named, prefix, data.__getitem__)


def _read_zip(file: IO[bytes], prefix: str) -> dict[str, np.ndarray]:
    """Reads the format since version 1.6."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        root = _root_of(names)
        if f"{root}/byteorder" in names and archive.read(f"{root}/byteorder") != b"little":
            raise ValueError("its numbers are big-endian")
        with archive.open(f"{root}/data.pkl") as pickled:
            named = _tensors(_load(pickled))
        storages = {tensor.storage.key: tensor.storage for tensor in named.values()}

        def data(key: str) -> np.ndarray:
            storage = storages[key]
            raw = archive.read(f"{root}/data/{key}")
            if len(raw) != storage.num * np.dtype(storage.dtype).itemsize:
                raise ValueError(f"storage {key} has another size than its tensors say")
            return np.frombuffer(raw, storage.dtype)

        return _arrays(named, prefix, data)


def _root_of(names: Iterable[str]) -> str:
    """Returns the folder in which an archive keeps everything."""
    roots = [name.rpartition("/")[0] for name in names if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise ValueError("an archive without a data.pkl")
    return roots[0]


def _load(file: IO[bytes]) -> Any:
    return _Unpickler(file).load()


def _tensors(named: Any) -> dict[str, _Tensor]:
    """Checks what a pickle holds."""
    if isinstance(named, dict):
        named = {k: t.tensor if isinstance(t, _Parameter) else t for k, t in named.items()}
        if all(isinstance(tensor, _Tensor) for tensor in named.values()):
            return {str(name): tensor for name, tensor in named.items()}
    raise ValueError("its entries are not all tensors")


def _arrays(
    named: dict[str, _Tensor], prefix: str, data: Callable[[str], np.ndarray]
) -> dict[str, np.ndarray]:
    return {
        name: _array(tensor, data(tensor.storage.key))
        for name, tensor in named.items()
        if name.startswith(prefix)
    }


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

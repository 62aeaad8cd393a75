"""Reads weights that PyTorch saved, without PyTorch.

A `.pth` of PyTorch before version 1.6 is a row of pickles, then the bytes of all storages. Since
then it is an uncompressed zip archive of one pickle, `data.pkl`, and a file for each storage. A
pickle can run any code; this reader accepts only what containers of tensors need, and raises for
everything else. Storages are read one by one, when a tensor asks for its numbers.
"""

import functools
import io
import math
import os
import zipfile
from collections.abc import Callable, Iterable
from typing import IO, Any, NamedTuple

import numpy as np

from tfgan_zoo.weight_files import pickles
from tfgan_zoo.weight_files.pickles import Name, PickleError
from tfgan_zoo.weight_files.stored import (
    SIZES,
    CutOffError,
    OtherFileError,
    State,
    Stored,
    UnreadableError,
    from_bytes,
    members,
    read_all,
    size_of,
    unreadable,
)

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
#: As many axes as NumPy 1 allows.
_MOST_AXES = 32


class _Type(NamedTuple):
    """Stands for a class of storages.

    Attributes:
        dtype: The type of its numbers, a key of `SIZES`.
    """

    dtype: str


class _Storage(NamedTuple):
    """A storage that is named in a pickle, before its bytes are read."""

    key: str
    dtype: str
    num: int

    @property
    def num_bytes(self) -> int:
        """Returns its size in a file."""
        return self.num * SIZES[self.dtype]


class _Tensor(NamedTuple):
    """A tensor that is named in a pickle: a view of a storage, counted in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(
    storage: Any,
    offset: Any,
    shape: Any,
    strides: Any,
    requires_grad: Any = None,
    hooks: Any = None,
    metadata: Any = None,
) -> _Tensor:
    """Stands for `torch._utils._rebuild_tensor`, of PyTorch 0.3, and `_rebuild_tensor_v2`."""
    if metadata:  # such as {"neg": True}: its storage has the opposite signs
        raise PickleError("it has a tensor whose storage holds other numbers")
    if not isinstance(storage, _Storage):
        raise PickleError("it has a tensor without a storage")
    for sizes in (shape, strides):
        if not isinstance(sizes, (tuple, list)) or len(sizes) > _MOST_AXES:
            raise PickleError("it has a tensor without a shape")
    if len(shape) != len(strides) or not all(
        type(number) is int for number in (offset, *shape, *strides)
    ):
        raise PickleError("it has a tensor without a shape")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _Parameter(pickles.Rebuilt):
    """Stands for `torch.nn.parameter.Parameter`, as which PyTorch 0.1 saved the tensors of a model.

    Args:
        tensor: The tensor; None if the state holds it.
    """

    def __init__(self, tensor: Any = None, *_: Any):
        self.tensor = tensor

    def set_state(self, state: Any) -> None:
        """Takes the tensor from a state of five entries."""
        if isinstance(state, tuple) and len(state) == 5:
            self.tensor = state[0]


def _rebuilt_parameter(tensor: Any, *_: Any) -> Any:
    """Stands for `torch._utils._rebuild_parameter`."""
    return tensor


def _dict(pairs: Any = ()) -> dict[Any, Any]:
    """Stands for `collections.OrderedDict`; Python 2 gives it a list of pairs."""
    made: dict[Any, Any] = {}
    if isinstance(pairs, list):
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
                raise PickleError("it has a dict of something that is no pair")
            made[pair[0]] = pair[1]
        pairs.clear()  # A pickle cannot copy it again and again.
    elif pairs != ():
        raise PickleError("it has a dict of something that is no pair")
    return made


_CALLS: dict[Name, Callable[..., Any]] = {
    Name("collections", "OrderedDict"): _dict,
    Name("torch._utils", "_rebuild_tensor"): _tensor,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _rebuilt_parameter,
    Name("torch.nn.parameter", "Parameter"): _Parameter,
    Name("torch", "Size"): lambda sizes=(): sizes,
}
_CONSTANTS = {
    Name("torch", f"{name}Storage"): _Type(dtype)
    for name, dtype in {
        "Double": "float64",
        "Float": "float32",
        "Half": "float16",
        "BFloat16": "bfloat16",
        "Long": "int64",
        "Int": "int32",
        "Short": "int16",
        "Char": "int8",
        "Byte": "uint8",
        "Bool": "bool",
    }.items()
}


class _Storages:
    """All storages that a pickle names, by key."""

    def __init__(self) -> None:
        self.by_key: dict[str, _Storage] = {}

    def named(self, pid: Any) -> _Storage:
        """Returns the storage that an identifier in a pickle means."""
        # Since version 1.6 there is no last entry, whether the storage is a view.
        if not isinstance(pid, tuple) or len(pid) not in (5, 6) or not _is(pid[0], "storage"):
            raise PickleError("it has an unknown kind of data")
        _, kind, key, _, num, *view = pid
        if not isinstance(kind, _Type):
            raise PickleError("it has an unknown kind of data")
        if view and view[0] is not None:
            raise PickleError("it has a view of a storage")
        if type(num) is not int or num < 0 or not isinstance(key, (str, int)):
            raise PickleError("it has a storage without a size")
        storage = _Storage(str(key), kind.dtype, num)
        if self.by_key.setdefault(storage.key, storage) != storage:
            raise PickleError(f"it has two storages {storage.key}")
        return storage


def _is(value: Any, text: str) -> bool:
    return isinstance(value, str) and value == text


def _load(file: IO[bytes], storages: _Storages) -> Any:
    return pickles.load(file, calls=_CALLS, constants=_CONSTANTS, persistent=storages.named)


# ---------------------------------------------------------------------- files


def open_torch(file: IO[bytes]) -> dict[str, State]:
    """Finds the tensors of a file, in either format.

    Args:
        file: An open `.pth`, which has to stay open until the tensors are read.

    Returns:
        Tensors by name, by the key of the dict that holds them: "" for the outermost one,
        "params_ema" and the like for dicts in it. What is no tensor is left out.

    Raises:
        ValueError: If it is another kind of file, is damaged, or its pickle asks for anything but
            tensors and plain containers.
    """
    whole, read = _opened(file)
    return _grouped(whole, read)


def _opened(file: IO[bytes]) -> tuple[Any, Callable[[_Storage], np.ndarray]]:
    zipped = zipfile.is_zipfile(file)
    file.seek(0)
    whole, read = (_open_zip if zipped else _open_row)(file)
    # Neighbours often share a storage; one at a time is in memory.
    return whole, functools.lru_cache(maxsize=1)(read)


def _open_row(file: IO[bytes]) -> tuple[Any, Callable[[_Storage], np.ndarray]]:
    """Opens the format before version 1.6."""
    beginning = file.read(2)
    if beginning == b"PK":  # without the list of files at its end
        raise CutOffError
    if beginning[:1] != b"\x80":
        raise OtherFileError
    file.seek(0)
    storages = _Storages()
    if not (_load(file, storages) == _MAGIC and _load(file, storages) == _PROTOCOL):
        raise OtherFileError
    system = _load(file, storages)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise UnreadableError("its numbers are big-endian")
    whole = _load(file, storages)
    keys = _load(file, storages)
    if not isinstance(keys, list) or not all(isinstance(key, (str, int)) for key in keys):
        raise UnreadableError("it does not list its storages")
    start, end = file.tell(), size_of(file)
    offsets: dict[str, int] = {}
    for key in map(str, keys):
        if key not in storages.by_key:
            break
        storage = storages.by_key[key]
        file.seek(start)
        if int.from_bytes(read_all(file, 8), "little") != storage.num:
            raise UnreadableError(f"storage {key[:100]} has another size than its tensors say")
        if end - start < 8 + storage.num_bytes:
            raise CutOffError
        offsets[key] = start + 8
        start += 8 + storage.num_bytes
    if missing := storages.by_key.keys() - offsets.keys():
        raise UnreadableError(f"it has no storage {min(missing)[:100]}")

    def read(storage: _Storage) -> np.ndarray:
        file.seek(offsets[storage.key])
        return from_bytes(read_all(file, storage.num_bytes), storage.dtype)

    return whole, read


def _open_zip(file: IO[bytes]) -> tuple[Any, Callable[[_Storage], np.ndarray]]:
    """Opens the format since version 1.6."""
    archive = zipfile.ZipFile(file)
    files = members(archive)
    root = _root_of(files)
    order, pickled = f"{root}/byteorder", f"{root}/data.pkl"
    _check_stored(files[pickled])
    if order in files:
        _check_stored(files[order])
        if archive.read(order) != b"little":
            raise UnreadableError("its numbers are big-endian")
    storages = _Storages()
    whole = _load(io.BytesIO(archive.read(pickled)), storages)
    for key, storage in storages.by_key.items():
        info = files.get(f"{root}/data/{key}")
        if info is None:
            raise UnreadableError(f"it has no storage {key[:100]}")
        _check_stored(info)
        if info.file_size != storage.num_bytes:
            raise UnreadableError(f"storage {key[:100]} has another size than its tensors say")

    def read(storage: _Storage) -> np.ndarray:
        return from_bytes(archive.read(f"{root}/data/{storage.key}"), storage.dtype)

    return whole, read


def _check_stored(info: zipfile.ZipInfo) -> None:
    """Checks that a file of an archive takes as many bytes there as it has."""
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise UnreadableError("its archive is compressed, as PyTorch's are not")


def _root_of(names: Iterable[str]) -> str:
    """Returns the folder in which an archive keeps everything."""
    roots = [name.rpartition("/")[0] for name in names if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise UnreadableError("an archive without a data.pkl")
    return roots[0]


# ---------------------------------------------------------------------- tensors


def _grouped(whole: Any, read: Callable[[_Storage], np.ndarray]) -> dict[str, State]:
    """Returns the tensors of the outermost dict and those in it; deeper ones if these have none."""
    if not isinstance(whole, dict):
        raise UnreadableError("it holds no dict of tensors")
    groups: dict[str, State] = {}
    level = [("", whole), *_inner("", whole)]
    seen = {id(whole)}  # A dict may hold itself.
    while level and not groups:
        for key, dictionary in level:
            found = {str(name): _stored(entry, read) for name, entry in dictionary.items()}
            state = {name: stored for name, stored in found.items() if stored is not None}
            if state:
                groups[key] = state
        inner = []
        for key, dictionary in level:
            if id(dictionary) not in seen:
                seen.add(id(dictionary))
                inner += _inner(f"{key}.", dictionary)
        level = inner
    return groups


def _inner(prefix: str, dictionary: dict) -> list[tuple[str, dict]]:
    """Returns the dicts that a dict holds, by their keys, such as "networks.generator"."""
    return [(f"{prefix}{key}", each) for key, each in dictionary.items() if isinstance(each, dict)]


def _stored(entry: Any, read: Callable[[_Storage], np.ndarray]) -> Stored | None:
    """Returns a tensor that a pickle holds, after a look at its bounds; None for anything else."""
    tensor = entry.tensor if isinstance(entry, _Parameter) else entry
    if not isinstance(tensor, _Tensor):
        return None
    _check_bounds(tensor)
    dtype = tensor.storage.dtype
    return Stored(tensor.shape, dtype, lambda: _array(tensor, read(tensor.storage)))


def _check_bounds(tensor: _Tensor) -> None:
    storage, offset, shape, strides = tensor
    if min((offset, *shape, *strides)) < 0:
        raise UnreadableError("a tensor reaches beyond its storage")
    if 0 in shape:
        return
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if last >= storage.num:
        raise UnreadableError("a tensor reaches beyond its storage")
    # With strides of 0, a few bytes would become any number of them.
    if math.prod(shape) > storage.num:
        raise UnreadableError("a tensor is larger than its storage")


def _array(tensor: _Tensor, data: np.ndarray) -> np.ndarray:
    """Copies a tensor out of its storage, whose bounds were checked."""
    _, offset, shape, strides = tensor
    if 0 in shape:
        return np.zeros(shape, data.dtype)
    view = np.lib.stride_tricks.as_strided(
        data[offset:], shape, [step * data.itemsize for step in strides], writeable=False
    )
    return np.array(view, order="C")


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
    with unreadable(path, "tensors that PyTorch saved"), open(path, "rb") as file:
        whole, read = _opened(file)
        state = _grouped(whole, read).get("", {})
        if len(state) != len(whole):
            raise UnreadableError("its entries are not all tensors")
        return {name: each.read() for name, each in state.items() if name.startswith(prefix)}

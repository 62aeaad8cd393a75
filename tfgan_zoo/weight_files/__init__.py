"""Files of weights that other libraries saved, read without these libraries.

`open_weights` reads PyTorch's `.pth`, old and new, `.safetensors` and `.npz`. Shapes are known
before any numbers are read, and numbers are read one tensor at a time.
"""

import contextlib
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO

import numpy as np

from tfgan_zoo.weight_files.npz import open_npz
from tfgan_zoo.weight_files.safetensors import begins, open_safetensors
from tfgan_zoo.weight_files.stored import State, Stored, printable, unreadable
from tfgan_zoo.weight_files.torch_file import open_torch, read_torch_file

__all__ = ["State", "Stored", "open_weights", "printable", "read_torch_file"]


@contextlib.contextmanager
def open_weights(path: str | os.PathLike) -> Iterator[Mapping[str, State]]:
    """Opens a file of weights; its contents decide which format it has.

    Args:
        path: A `.pth`, `.safetensors` or `.npz`.

    Yields:
        Tensors by name, by the key of the dict that holds them: "" for the outermost one.

    Raises:
        InputError: If the file is of another kind, is damaged, or contains anything that could run.

    Example:
        >>> with open_weights("RealESRGAN_x4plus.pth") as groups:
        ...     groups["params_ema"]["conv_first.weight"].shape
        (64, 3, 3, 3)
    """
    with contextlib.ExitStack() as stack:
        with unreadable(path, _TENSORS):
            groups = _groups(stack.enter_context(open(path, "rb")))
        yield {
            key: {name: each._replace(read=_guarded(each, path)) for name, each in state.items()}
            for key, state in groups.items()
        }


_TENSORS = "tensors that can be read"


def _guarded(stored: Stored, path: str | os.PathLike) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        with unreadable(path, _TENSORS):
            return stored.read()

    return read


def _groups(file: IO[bytes]) -> Mapping[str, State]:
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            if any(name.endswith(".npy") for name in archive.namelist()):
                return open_npz(file)
    elif begins(file):
        return open_safetensors(file)
    file.seek(0)
    return open_torch(file)

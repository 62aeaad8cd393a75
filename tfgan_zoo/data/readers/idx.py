"""`idx:PATH`: the files of MNIST and its relatives (http://yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import os

import numpy as np

from tfgan_zoo.data.source import ArraySource, Source
from tfgan_zoo.data.spec import Opening
from tfgan_zoo.data.splits import no_split
from tfgan_zoo.errors import InputError


def open_idx(opening: Opening) -> Source:
    """Opens a split of a folder of idx files, or one file of images.

    The labels of `train-images-idx3-ubyte[.gz]` are read from `train-labels-idx1-ubyte[.gz]` beside
    it, if that exists.

    Args:
        opening: The source and its options.

    Raises:
        InputError: If there is no such file or split, or the file is not one of images.
    """
    spec, path, split = opening.spec, opening.rest, opening.split_name
    file = os.path.expanduser(path)
    if os.path.isfile(file):
        if split != "train":
            raise no_split(spec, split, ["train, the one file"], "give the folder of the files")
    elif os.path.isdir(file):
        file = _file_of_split(spec, path, split)
    else:
        raise InputError(
            f"{spec}: {path} does not exist; give an idx file, or the folder with "
            "train-images-idx3-ubyte[.gz] and t10k-images-idx3-ubyte[.gz]."
        )
    labels = _labels_beside(file)
    return ArraySource(
        spec,
        read_idx(file)[..., np.newaxis],
        labels=None if labels is None else lambda: read_idx_labels(labels),
    )


def _file_of_split(spec: str, path: str, split: str) -> str:
    root = os.path.expanduser(path)
    files = sorted(entry.name for entry in os.scandir(root) if entry.is_file())
    stems = {"train": ("train-images",), "test": ("t10k-images", "test-images")}
    # EMNIST puts the name of the part first, and many copies exist both plain and packed.
    found = {
        name: {file.removesuffix(".gz"): file for file in reversed(files) if stem in file}
        for name, stems_ in stems.items()
        for stem in reversed(stems_)
        if any(stem in file for file in files)
    }
    if split not in found:
        remedy = "put train-images-idx3-ubyte[.gz] and t10k-images-idx3-ubyte[.gz] there"
        raise no_split(spec, split, list(found), remedy)
    if len(found[split]) > 1:
        raise InputError(
            f"{spec} has several {split} files ({', '.join(sorted(found[split]))}); name one: "
            f"idx:{os.path.join(path, min(found[split].values()))}."
        )
    (file,) = found[split].values()
    return os.path.join(root, file)


def _labels_beside(file: str) -> str | None:
    """Returns the file with the labels of a file of images, or None."""
    folder, name = os.path.split(file)
    if "images" not in name:
        return None
    stem = name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    for candidate in (stem, f"{stem}.gz"):
        if os.path.isfile(os.path.join(folder, candidate)):
            return os.path.join(folder, candidate)
    return None


def read_idx(path: str) -> np.ndarray:
    """Reads the images of an idx file, plain or gzipped.

    Args:
        path: The file.

    Returns:
        uint8 `[N, height, width]`.

    Raises:
        InputError: If it is not an idx file of images, or is truncated.
    """
    return _read(path, 3, "images", "give the file called ...-images-idx3-ubyte, not the labels")


def read_idx_labels(path: str) -> np.ndarray:
    """Reads the labels of an idx file, plain or gzipped.

    Args:
        path: The file.

    Returns:
        uint8 `[N]`.

    Raises:
        InputError: If it is not an idx file of labels, or is truncated.
    """
    return _read(path, 1, "labels", "put the file called ...-labels-idx1-ubyte there")


def _read(path: str, rank: int, what: str, remedy: str) -> np.ndarray:
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else open(path, "rb") as file:
            data = file.read()
    except (OSError, EOFError) as error:
        raise InputError(f"{path} cannot be read ({error}); download it again.") from error
    if len(data) < 4 or data[:3] != b"\0\0\x08":
        raise InputError(
            f"{path} is not an idx file of bytes: it should start with 00 00 08, not "
            f"{data[:3].hex(' ')}; download it again."
        )
    if data[3] != rank:
        raise InputError(f"{path} has {data[3]} dimensions where {what} have {rank}; {remedy}.")
    header = 4 + 4 * rank
    shape = np.frombuffer(data, ">u4", count=min(rank, (len(data) - 4) // 4), offset=4).astype(int)
    if len(shape) < rank or len(data) < header + shape.prod():
        raise InputError(
            f"{path} is cut short: {list(map(int, shape))} {what} need {header + shape.prod()} "
            f"bytes, it has {len(data)}; download it again."
        )
    return np.frombuffer(data, np.uint8, count=int(shape.prod()), offset=header).reshape(shape)

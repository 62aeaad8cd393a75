"""Sources of voxels: `voxels/solids`, and folders, archives and arrays opened as voxels."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgan_zoo.data import solids
from tfgan_zoo.data.images import EXTENSIONS
from tfgan_zoo.data.readers import archives, folder, npz
from tfgan_zoo.data.readers.scientific import ARRAYS
from tfgan_zoo.data.readers.voxel_files import READERS, read_file
from tfgan_zoo.data.source import Source, archive_errors
from tfgan_zoo.data.spec import Opening, parse_spec
from tfgan_zoo.data.splits import SPLIT_FOLDERS, NoSplitError, no_split
from tfgan_zoo.data.voxels import VoxelRules, turned
from tfgan_zoo.errors import InputError
from tfgan_zoo.suggestions import did_you_mean

_log = logging.getLogger(__name__)

#: What a warning says of a mesh with a hole.
_OPEN = "with a hole in its surface (not watertight), so its inside may be empty; close it."

#: Names of arrays of voxels in an .npz file, besides those of images.
_NAMES = {
    "train": ("voxels", "voxels_train"),
    "test": ("voxels_test",),
    "val": ("voxels_val",),
}


#: Endings of files that hold images.
_IMAGES = EXTENSIONS | ARRAYS


class VoxelArraySource(Source):
    """Voxels in memory.

    Args:
        spec: Name for messages.
        array: `[N, A, B, C]` or `[N, A, B, C, channels]`: see `VoxelRules`.
        rules: How its values are read.
        labels: See `ArraySource`.
        class_names: See `ArraySource`.
        names: The name of each object; None for its number.
        on_error: See `Source`.

    Raises:
        InputError: If the array or the labels are not as described.
    """

    alpha = False

    def __init__(
        self,
        spec: str,
        array: np.ndarray,
        rules: VoxelRules = VoxelRules(),  # noqa: B008  (it is frozen)
        *,
        labels: Any = None,
        class_names: Sequence[str] = (),
        names: Sequence[str] | None = None,
        on_error: str = "raise",
    ):
        if array.ndim not in (4, 5) or not array.size:
            raise InputError(
                f"{spec}: expected voxels [N, A, B, C] or [N, A, B, C, channels], got "
                f"{array.dtype} {list(array.shape)}."
            )
        array = array if array.ndim == 5 else array[..., np.newaxis]
        self.spec, self.on_error = spec, on_error
        #: uint8 `[N, A, B, C, channels]`, with the axes as they were given.
        self.stored = rules.full(array, spec)
        self._rules, self._names = rules, names
        if not rules.crop and on_error == "raise":
            empty = ~self.stored.reshape(len(self.stored), -1).any(axis=1)
            self.shape = self.read(int(empty.argmax())).shape  # Raises if there is an empty one.
            batch_last = turned(np.moveaxis(self.stored, 0, -1), rules.axes)
            self.array = np.moveaxis(batch_last, -1, 0)
        self._set_labels(labels, class_names)

    @property
    def is_voxels(self) -> bool:
        """See `Source.is_voxels`."""
        return True

    def __len__(self) -> int:
        return len(self.stored)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`; `smallest` has no effect."""
        return self._rules.placed(self.stored[index], self.name(index))

    def name(self, index: int) -> str:
        """See `Source.name`."""
        own = "" if self._names is None else f" {self._names[index]}"
        return f"{self.spec}[{index}]{own}"


class VoxelFileSource(Source):
    """Files of one object each, read at each access.

    Args:
        spec: Name for messages.
        paths: The files; a file in an archive is `shapes.zip/chair/1.binvox`.
        rules: How their values are read.
        labels: See `ArraySource`.
        class_names: See `ArraySource`.
        on_error: See `Source`.
    """

    alpha = False

    def __init__(
        self,
        spec: str,
        paths: Sequence[str],
        rules: VoxelRules,
        *,
        labels: Any = None,
        class_names: Sequence[str] = (),
        on_error: str = "raise",
    ):
        self.spec, self.paths, self.on_error = spec, paths, on_error
        self._rules = rules
        self._first_open: dict[str, str] = {}
        self._open_meshes: set[str] = set()
        self._set_labels(labels, class_names)

    @property
    def is_voxels(self) -> bool:
        """See `Source.is_voxels`."""
        return True

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`; `smallest` has no effect."""
        with archive_errors(self.paths[index]):
            return read_file(self.paths[index], self._rules, self._found_open)

    def _found_open(self, path: str) -> None:
        """Warns of the first mesh that is not closed; `remarks` counts the others."""
        first = self._first_open.setdefault("path", path)  # the same in all threads
        if path == first and path not in self._open_meshes:
            _log.warning("%s is a mesh %s", path, _OPEN)
        self._open_meshes.add(path)

    def remarks(self) -> Sequence[str]:
        """See `Source.remarks`: how many of the meshes that were read are not closed."""
        num = len(self._open_meshes)
        return [f"{self.spec}: {num:,} of {len(self):,} files are meshes {_OPEN}"] * (num > 1)

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return self.paths[index]


def open_solids(opening: Opening) -> Source:
    """Draws a split of `voxels/solids`; the classes are the kinds of solids.

    Raises:
        InputError: If there is no such set or split.
    """
    if opening.rest != "solids":
        raise InputError(f"There is no {opening.spec}{did_you_mean(opening.rest, ('solids',))}.")
    from tfgan_zoo.data.source import ArraySource

    drawn = solids.load(opening.split_name, opening.resolution or 32, opening.num, opening.seed)
    return ArraySource(
        opening.spec, drawn["voxels"], labels=drawn["label"], class_names=solids.KINDS
    )


def are_voxels(spec: str) -> bool:
    """Returns whether a source tells by itself that it holds voxels.

    Drawn ones do, an .npz with an array of such a name, and a folder of which the first file that
    is an image, voxels or a mesh is not an image. A .npy may be both.

    Args:
        spec: The source.

    Raises:
        InputError: If it is misspelt, or does not exist.
    """
    kind, rest = parse_spec(spec)
    if kind in ("folder", "zip"):
        root = folder.existing_folder(spec, rest)
        names = (name for _, _, files in archives.walk(root) for name in files)
        endings = (os.path.splitext(name)[1].lower() for name in names)
        telling = READERS.keys() ^ _IMAGES
        return next((ending in READERS for ending in endings if ending in telling), False)
    if kind != "npz":
        return kind == "voxels"
    known: list[str] = []

    def choose(keys: list[str]) -> list[str]:
        known.extend(keys)
        return []

    npz.read_npz(spec, rest, choose)
    return any(name in known for names in _NAMES.values() for name in names)


def open_voxels(opening: Opening) -> Source:
    """Opens `folder:`, `zip:` or `npz:` as voxels.

    Raises:
        InputError: If there is no such file, folder or split, or it holds no voxels.
    """
    rules = opening.voxels
    assert rules is not None
    if opening.kind == "npz":
        return _open_array(opening, rules)
    if opening.kind not in ("folder", "zip"):
        raise InputError(
            f"{opening.spec}: expected voxels, for which there are voxels/solids, npz:PATH, and "
            f"folder:PATH and zip:PATH of {', '.join(READERS)}."
        )
    return _open_folder(opening, rules)


def _open_array(opening: Opening, rules: VoxelRules) -> Source:
    spec, path, split = opening.spec, opening.rest, opening.split_name
    found: dict[str, np.ndarray] = {}

    def choose(keys: list[str]) -> list[str]:
        names = _NAMES.get(split, (f"voxels_{split}",))
        own = [name for name in names if name in keys]
        try:
            chosen = own[0] if own else npz.samples_key(spec, split, keys)
        except NoSplitError as error:
            raise NoSplitError(error.what, f"save it as {names[0]}") from error
        wanted = [chosen, *npz.labels_key(split, keys, chosen)]
        wanted += [key for key in ("shape", "names", "class_names") if key in keys]
        found.update(dict.fromkeys(wanted))  # type: ignore[arg-type]
        return wanted

    for name, values in zip(found, npz.read_npz(spec, path, choose), strict=True):
        found[name] = values
    array, *labels = (v for k, v in found.items() if k not in ("shape", "names", "class_names"))
    shape = found.get("shape")
    if array.ndim == 2 and shape is not None:
        # The shape is that of the split train.
        num = int(shape[0]) if split == "train" and len(shape) else len(array)
        array = unpacked(spec, array, (num, *(int(side) for side in shape[1:])))
    elif array.ndim == 2:
        raise InputError(
            f"{spec}: expected voxels [N, A, B, C] or [N, A, B, C, channels], got {array.dtype} "
            f"{[*array.shape]}; of packed bits, save the shape as well, shape=(N, A, B, C)."
        )
    names = found.get("names")
    return VoxelArraySource(
        spec,
        array,
        rules,
        labels=labels[0] if labels else None,
        class_names=tuple(map(str, found["class_names"])) if "class_names" in found else (),
        names=names.tolist() if names is not None and len(names) == len(array) else None,
        on_error=opening.on_error,
    )


def unpacked(spec: str, packed: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Returns voxels from packed bits, as `np.packbits(..., axis=1)` makes them.

    Args:
        spec: Name for messages.
        packed: uint8 `[N, bytes]`.
        shape: The shape of all voxels, N first.

    Raises:
        InputError: If the two do not fit.
    """
    size = int(np.prod(shape[1:]))
    if packed.dtype != np.uint8 or packed.shape != (shape[0], -(-size // 8)):
        raise InputError(
            f"{spec}: expected packed bits of shape {(shape[0], -(-size // 8))}, uint8, for voxels "
            f"of shape {shape}, got {packed.dtype} {list(packed.shape)}."
        )
    return np.unpackbits(packed, axis=1, count=size).reshape(shape).astype(bool)


def _open_folder(opening: Opening, rules: VoxelRules) -> Source:
    spec, root = opening.spec, folder.existing_folder(opening.spec, opening.rest)
    splits, split = folder.split_folders(root), opening.split_name
    if (splits and split not in splits) or (not splits and split != "train"):
        known = split in SPLIT_FOLDERS
        remedy = f"add a sub-folder {split}" if known else "use one of these"
        raise no_split(spec, split, list(splits) or ["train, the whole folder"], remedy)
    place = splits.get(split, root)
    files = folder.list_files(place, READERS)
    if not files:
        raise InputError(
            f"{spec} has no voxels in {place}; put files there that end in {', '.join(READERS)}."
        )
    train, known_names = splits.get("train", place), list[str]()
    if train != place:
        known_names = folder.class_names_of(folder.list_files(train, READERS))
    names = folder.class_names_of(files, known_names)
    labels = None
    if names:
        numbers = {name: number for number, name in enumerate(names)}
        labels = np.array([numbers[folder.class_of(file)] for file in files], np.int64)
    return VoxelFileSource(
        spec,
        [os.path.join(place, file) for file in files],
        rules,
        labels=labels,
        class_names=names,
        on_error=opening.on_error,
    )

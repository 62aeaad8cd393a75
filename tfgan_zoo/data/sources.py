"""Where samples come from: one syntax for embedded, downloaded and own data.

| source | what it is |
|---|---|
| `figures[/VIEW]` | drawn figures, embedded: needs no download |
| `points/NAME` | two-dimensional toy sets, embedded: see `tfgan_zoo.data.points` |
| `tfds:NAME[/CONFIG]` | a TensorFlow Datasets data set |
| `folder:PATH` | image files, flat or in sub-folders (of classes, or `train`, `val`, `test`) |
| `idx:PATH` | the files of MNIST and its relatives, `.gz` or plain; a folder of them or one file |
| `npz:PATH` | NumPy: uint8 images `[N, H, W]` or `[N, H, W, C]`, or float vectors `[N, D]` |

A split is `train`, `test` or `val`, or a part of one, in the order of the files: `train[:360]`,
`train[360:]`, `test[10:20]`, `train[:90%]`, `train[-100:]`.

A source is opened once and is then random access: `source[i]` is the i-th sample, always the same.
That is what lets training resume at any step with the batch that would have come next.
"""

from __future__ import annotations

import abc
import gzip
import os
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from tfgan_zoo.data import points
from tfgan_zoo.data.images import EXTENSIONS, decode, measure
from tfgan_zoo.data.names import did_you_mean
from tfgan_zoo.errors import InputError, check_seed

KINDS = ("figures", "points", "tfds", "folder", "idx", "npz")
"""The first words of a source; the last four are followed by a colon."""

SPLIT_FOLDERS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "val": ("val", "valid", "validation"),
}
"""What the folder of a split may be called, in either case."""

_NPZ_KEYS = {
    "train": ("x_train", "train_images", "image", "images", "x"),
    "test": ("x_test", "test_images"),
    "val": ("x_val", "val_images"),
}
_BOUND = r"\s*(-?\d+%?)?\s*"
_SPLIT = re.compile(rf"([^\[\]]+)(?:\[{_BOUND}:{_BOUND}\])?")


class Source(abc.ABC):
    """Samples by number.

    Attributes:
        spec: what it was opened with, for messages.
        shape: of every sample, `(height, width, channels)` or `(dimensions,)`; None if the images
            have sizes of their own.
        array: all samples in one array, uint8 `[N, H, W, C]` or float32 `[N, D]`; None if they are
            read one by one.
        extras: what else is known about the samples: name -> array of N values, such as "label".
        on_error: "raise" or "skip", for samples that turn out to be unreadable.
    """

    spec: str
    shape: tuple[int, ...] | None = None
    array: np.ndarray | None = None
    extras: Mapping[str, np.ndarray]
    on_error: str = "raise"

    @abc.abstractmethod
    def __len__(self) -> int: ...

    @abc.abstractmethod
    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """Returns sample `index`, uint8 `[H, W, 1 to 4]` or float32 `[D]`.

        Args:
            index: 0 to `len(self) - 1`.
            smallest: an image may come shrunk, down to twice this side: see `images.decode`.
        """

    @abc.abstractmethod
    def name(self, index: int) -> str:
        """What to call sample `index` in a message: its file if it has one."""

    def size(self, index: int) -> tuple[int, int]:
        """Returns the width and height of image `index`, from its header if it has one."""
        height, width = (self.shape or self.read(index).shape)[:2]
        return width, height

    def __getitem__(self, index: int) -> np.ndarray:
        return self.read(index)

    @property
    def is_vector(self) -> bool:
        """Whether samples are float32 vectors; they are uint8 images otherwise."""
        return self.shape is not None and len(self.shape) == 1

    def __repr__(self) -> str:
        what = "samples" if self.shape is None else "x".join(map(str, self.shape))
        return f"<{type(self).__name__} {self.spec}: {len(self)} {what}>"


class ArraySource(Source):
    """Samples in memory.

    Args:
        spec: what to call it in messages.
        array: uint8 images `[N, H, W]` or `[N, H, W, 1 to 4]`, or float vectors `[N, D]`.
        extras: see `Source`.

    Raises:
        InputError: the array is neither.

    Example:
        >>> ArraySource("mine", np.zeros((10, 28, 28), np.uint8))
        <ArraySource mine: 10 28x28x1>
    """

    array: np.ndarray
    shape: tuple[int, ...]

    def __init__(
        self, spec: str, array: np.ndarray, extras: Mapping[str, np.ndarray] | None = None
    ):
        self.spec = spec
        self.array = _samples(spec, array)
        self.shape = self.array.shape[1:]
        self.extras = extras or {}

    def __len__(self) -> int:
        return len(self.array)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`; `smallest` saves nothing here."""
        return self.array[index]

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return f"{self.spec}[{index}]"


class FileSource(Source):
    """Image files, decoded when asked for.

    Args:
        spec: what to call it in messages.
        paths: of the files, in their order.
        extras: see `Source`.
        on_error: see `Source`.
    """

    def __init__(
        self,
        spec: str,
        paths: Sequence[str],
        extras: Mapping[str, np.ndarray] | None = None,
        on_error: str = "raise",
    ):
        self.spec = spec
        self.paths = paths
        self.extras = extras or {}
        self.on_error = on_error

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`."""
        return decode(self.paths[index], smallest=smallest)

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return self.paths[index]

    def size(self, index: int) -> tuple[int, int]:
        """See `Source.size`."""
        return measure(self.paths[index])


class SliceSource(Source):
    """Consecutive samples of another source.

    Args:
        source: the other one.
        start: its first sample that is taken.
        stop: its first one that is not taken any more.
        spec: what to call the part in messages.

    Example:
        >>> whole = ArraySource("mine", np.zeros((10, 28, 28), np.uint8))
        >>> SliceSource(whole, 4, 10, "mine[4:]").name(0)
        'mine[4]'
    """

    def __init__(self, source: Source, start: int, stop: int, spec: str):
        self.spec = spec
        self.shape = source.shape
        self.array = None if source.array is None else source.array[start:stop]
        self.extras = {key: values[start:stop] for key, values in source.extras.items()}
        self.on_error = source.on_error
        self._source = source
        self._indices = range(start, stop)

    def __len__(self) -> int:
        return len(self._indices)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`."""
        return self._source.read(self._indices[index], smallest)

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return self._source.name(self._indices[index])

    def size(self, index: int) -> tuple[int, int]:
        """See `Source.size`."""
        return self._source.size(self._indices[index])


class ViewSource(Source):
    """What a function makes of every image of another source, such as one half of it.

    Where several views of one source are wanted together, an image is decoded once.

    Args:
        spec: what to call it in messages.
        source: the other one, of images.
        look: the function, from uint8 `[H, W, 1 to 4]` to uint8 `[h, w, 1 to 4]`.

    Example:
        >>> whole = ArraySource("mine", np.zeros((10, 28, 28), np.uint8))
        >>> ViewSource("top", whole, lambda image: image[:14])[0].shape
        (14, 28, 1)
    """

    def __init__(self, spec: str, source: Source, look: Callable[[np.ndarray], np.ndarray]):
        self.spec = spec
        self.source = source
        self.look = look
        if source.shape is not None:
            self.shape = look(np.empty(source.shape, np.uint8)).shape
        self.extras = source.extras
        self.on_error = source.on_error

    def __len__(self) -> int:
        return len(self.source)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`."""
        return self.look(self.source.read(index, smallest))

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return self.source.name(index)


def parse_spec(spec: str) -> tuple[str, str]:
    """Splits a source into its kind and the rest.

    Args:
        spec: a data source as written in a config or on the command line.

    Returns:
        `(kind, rest)`, kind one of `KINDS`.

    Raises:
        InputError: it does not start with a known kind, or nothing follows.

    Example:
        >>> parse_spec("figures"), parse_spec("points/ring"), parse_spec("folder:~/photos")
        (('figures', ''), ('points', 'ring'), ('folder', '~/photos'))
    """
    for kind in KINDS:
        separator = "/" if kind in ("figures", "points") else ":"
        if spec.startswith(kind + separator) and len(spec) > len(kind) + 1:
            return kind, spec[len(kind) + 1 :]
    if spec == "figures":
        return "figures", ""
    forms = {
        "figures": "figures[/VIEW]",
        "points": f"points/NAME with NAME one of {', '.join(points.NAMES)}",
        "tfds": "tfds:NAME[/CONFIG]",
        "folder": "folder:PATH",
        "idx": "idx:PATH",
        "npz": "npz:PATH",
    }
    word = spec.replace("/", ":").split(":")[0]
    if word in KINDS:
        raise InputError(f"The data source {spec!r} is incomplete; write {forms[word]}.")
    if os.path.exists(os.path.expanduser(spec)):
        kind = "folder" if os.path.isdir(os.path.expanduser(spec)) else "npz"
        raise InputError(f"The data source {spec!r} is a bare path; write {kind}:{spec}.")
    hint = did_you_mean(word, KINDS)
    raise InputError(f"There is no data source {spec!r}{hint}")


def open_source(
    spec: str,
    split: str = "train",
    *,
    resolution: int | None = None,
    num: int | None = None,
    seed: int = 0,
    on_error: str = "raise",
    data_dir: str | None = None,
) -> Source:
    """Opens a data source.

    Args:
        spec: see the table above.
        split: "train", "test" or "val", or a part such as "train[:360]", "train[360:]" or
            "train[:90%]"; for `tfds:` any of its split expressions.
        resolution: side in pixels at which `figures` are drawn; 32 if None. Stored images keep
            their size (and are fitted by `unconditional` and its like).
        num: how many samples the embedded `figures` and `points` have; None for their default.
        seed: of the embedded data; another seed is another data set.
        on_error: "raise" stops at an unreadable file; "skip" leaves it out and warns once.
        data_dir: where `tfds:` keeps its data; None for TFDS' own default.

    Returns:
        The source. Nothing of a folder is decoded yet.

    Raises:
        InputError: the source is misspelt, missing or empty, or has no such split. The message
            says what to do.

    Example:
        >>> open_source("points/ring", num=1000)
        <ArraySource points/ring: 1000 2>
        >>> open_source("points/ring", "train[:25%]", num=1000)
        <SliceSource points/ring (train[:25%]): 250 2>
    """
    seed = check_seed(seed, any_integer=True)
    kind, rest = checked_kind(spec, num, on_error)
    if kind == "tfds":
        # Imported here since TFDS takes seconds to import and may not be installed.
        from tfgan_zoo.data.tfds_source import open_tfds

        return open_tfds(spec, rest, split, data_dir, on_error)
    name = parse_split(split)[0]
    if kind == "figures":
        source = _open_figures(spec, rest, name, resolution, num, seed)
    elif kind == "points":
        if rest not in points.NAMES:
            raise InputError(f"There is no toy set {spec}{did_you_mean(rest, points.NAMES)}.")
        sampled = points.sample(rest, 100_000 if num is None else num, split=name, seed=seed)
        source = ArraySource(spec, sampled)
    elif kind == "folder":
        source = _open_folder(spec, rest, name, on_error)
    elif kind == "idx":
        source = _open_idx(spec, rest, name)
    else:
        source = _open_npz(spec, rest, name)
    return part_of(source, split)


def checked_kind(spec: str, num: int | None, on_error: str) -> tuple[str, str]:
    """Checks the options that all sources share; returns `parse_spec(spec)`."""
    if on_error not in ("raise", "skip"):
        raise InputError(f'on_error must be "raise" or "skip", not {on_error!r}.')
    kind, rest = parse_spec(spec)
    if num is not None and kind not in ("figures", "points"):
        raise InputError(
            f"num={num} is for the embedded figures and points; {spec} has the samples it has."
        )
    return kind, rest


def parse_split(split: str) -> tuple[str, str | None, str | None]:
    """Takes a split apart into its name and the bounds of the part that is wanted.

    Args:
        split: `NAME` or `NAME[FROM:TO]`, where either bound is left out, a number of samples, or
            a percentage; with a minus sign it counts from the end.

    Returns:
        `(name, from, to)`; None for what is left out.

    Raises:
        InputError: it is written otherwise.

    Example:
        >>> parse_split("train"), parse_split("train[:90%]")
        (('train', None, None), ('train', None, '90%'))
    """
    matched = _SPLIT.fullmatch(split)
    if matched is None:
        raise InputError(
            f"The split {split!r} is not understood; write it like train, train[:360], "
            "train[360:] or train[:90%]."
        )
    name, start, stop = matched.groups()
    return name, start, stop


def part_of(source: Source, split: str) -> Source:
    """Takes the part of a source that `split` asks for, as `parse_split` reads it.

    Percentages are rounded to the nearest sample, so `[:90%]` and `[90%:]` share none and leave
    none out.

    Args:
        source: the whole split.
        split: its name, with or without a part.

    Returns:
        The source itself if all of it is wanted.

    Raises:
        InputError: the part is empty, or reaches beyond the source.
    """
    if parse_split(split)[1:] == (None, None):
        return source
    start, stop = part_bounds(source, split)
    return SliceSource(source, start, stop, f"{source.spec} ({split})")


def part_bounds(source: Source, split: str) -> tuple[int, int]:
    """Returns the first sample of a part, and the first one after it; see `part_of`.

    Raises:
        InputError: the part is empty, or reaches beyond the source.
    """
    num = len(source)
    start, stop = (
        default if bound is None else _position(source.spec, split, bound, num)
        for bound, default in zip(parse_split(split)[1:], (0, num), strict=True)
    )
    if start >= stop:
        raise InputError(
            f"{source.spec} has {num} samples, and none of them is in {split!r} (from {start} to "
            f"{stop}); choose another part."
        )
    return start, stop


def _position(spec: str, split: str, bound: str, num: int) -> int:
    """Where a bound such as 360, -10 or 90% is among `num` samples."""
    digits = bound.removeprefix("-")
    count = int(digits.removesuffix("%"))
    beyond = count > (100 if digits.endswith("%") else num)
    if digits.endswith("%"):
        count = (count * num + 50) // 100
    if beyond:
        raise InputError(f"{spec} has {num} samples; {split!r} reaches beyond them.")
    return num - count if bound != digits else count


def _samples(spec: str, array: np.ndarray) -> np.ndarray:
    """Checks an array of samples and brings it to uint8 NHWC or float32 `[N, D]`."""
    if len(array) == 0:
        raise InputError(f"{spec} is empty; at least one sample is needed.")
    if array.ndim == 2 and array.dtype.kind == "f":
        return np.ascontiguousarray(array, np.float32)
    found = f"{array.dtype} {list(array.shape)}"
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.ndim != 4 or not 1 <= array.shape[-1] <= 4:
        raise InputError(
            f"{spec} is {found}, not images [N, H, W] or [N, H, W, 1 to 4 channels] nor float "
            "vectors [N, D]; reshape or transpose it."
        )
    if array.dtype != np.uint8:
        low, high = array.min(), array.max()
        if array.dtype.kind not in "iu" or low < 0 or high > 255:
            raise InputError(
                f"{spec} is {found} with values {low:g} to {high:g}, but images must be integers "
                "from 0 to 255; scale and save them as uint8."
            )
    return np.ascontiguousarray(array, np.uint8)


def no_split(spec: str, split: str, have: Sequence[str], remedy: str) -> InputError:
    """Makes the error for a split that is not there."""
    found = " and ".join(have) if have else "none"
    return InputError(f"{spec} has no split {split!r} (found: {found}); {remedy}.")


def _open_figures(
    spec: str, view: str, split: str, resolution: int | None, num: int | None, seed: int
) -> Source:
    from tfgan_zoo.data import figures

    fields = figures.load(view, split=split, resolution=resolution or 32, num=num, seed=seed)
    if "image" not in fields:
        raise InputError(
            f"{spec} has pairs ({', '.join(fields)}), not single images; use figures, or a model "
            "that translates."
        )
    return ArraySource(spec, fields.pop("image"), fields)


def _open_folder(spec: str, path: str, split: str, on_error: str) -> Source:
    root = existing_folder(spec, path)
    if "traina" in subfolders(root):
        raise InputError(
            f"{spec} holds two domains (trainA, trainB); for one of them use "
            f"folder:{os.path.join(path, 'trainA')}, for both a model that translates."
        )
    root, relative = images_of_split(spec, root, split)
    classes = [os.path.dirname(file).split(os.sep)[0] for file in relative]
    names, labels = np.unique(classes, return_inverse=True)
    # One "class", or images beside the folders, is not a labelled set.
    labelled = len(names) > 1 and "" not in names
    extras = {"label": labels.astype(np.int32), "class": names[labels]} if labelled else {}
    return FileSource(spec, [os.path.join(root, file) for file in relative], extras, on_error)


def existing_folder(spec: str, path: str) -> str:
    """Returns the path of a folder with `~` filled in; raises `InputError` if it is none."""
    root = os.path.expanduser(path)
    if not os.path.isdir(root):
        what = "is a file, not a folder" if os.path.exists(root) else "does not exist"
        raise InputError(f"{spec}: {path} {what}; give the folder that holds the images.")
    return root


def subfolders(root: str) -> dict[str, str]:
    """Returns the folders directly in a folder: name in lower case -> path."""
    return {entry.name.lower(): entry.path for entry in os.scandir(root) if entry.is_dir()}


def split_folders(root: str) -> dict[str, str]:
    """Returns the folders that are splits, as `SPLIT_FOLDERS` has them: split -> path."""
    folders = subfolders(root)
    return {
        name: folders[alias]
        for name, aliases in SPLIT_FOLDERS.items()
        for alias in reversed(aliases)
        if alias in folders
    }


def images_of_split(spec: str, root: str, split: str) -> tuple[str, list[str]]:
    """Lists the images of a split, which is a sub-folder; without any, `root` itself is `train`.

    Args:
        spec: the source, for messages.
        root: its folder.
        split: "train", "test" or "val".

    Returns:
        `(folder, files)`, the files relative to the folder, as `list_images` has them.

    Raises:
        InputError: there is no such split, or it has no images.
    """
    splits = split_folders(root)
    if splits and split not in splits:
        raise no_split(spec, split, list(splits), f"add a sub-folder {split} or use another split")
    if not splits and split != "train":
        remedy = f"move some images to a sub-folder {split} and the others to train"
        raise no_split(spec, split, ["train: the whole folder"], remedy)
    root = splits.get(split, root)
    return root, some_images(spec, root)


def some_images(spec: str, root: str) -> list[str]:
    """Lists the images below a folder like `list_images`; raises `InputError` if there is none."""
    relative = list_images(root)
    if not relative:
        endings = ", ".join(sorted(EXTENSIONS))
        raise InputError(f"{spec} has no images in {root}; put files there that end in {endings}.")
    return relative


def list_images(root: str) -> list[str]:
    """Lists the image files below a folder, in an order that is the same on every machine.

    Hidden files and folders are left out, and so is `__MACOSX`, which zip archives made on a Mac
    bring along. Links are followed.

    Args:
        root: the folder.

    Returns:
        Paths relative to `root`, sorted.
    """
    found: list[str] = []
    visited = set()
    for folder, children, files in os.walk(root, followlinks=True):
        visited.add(os.path.realpath(folder))
        children[:] = [
            child
            for child in children
            if not child.startswith(".")
            and child != "__MACOSX"
            # A link back up would be walked for ever.
            and os.path.realpath(os.path.join(folder, child)) not in visited
        ]
        found += [
            os.path.relpath(os.path.join(folder, file), root)
            for file in files
            if not file.startswith(".") and os.path.splitext(file)[1].lower() in EXTENSIONS
        ]
    return sorted(found, key=lambda file: Path(file).parts)


def _open_idx(spec: str, path: str, split: str) -> Source:
    root = os.path.expanduser(path)
    if os.path.isfile(root):
        if split != "train":
            raise no_split(spec, split, ["train: the one file"], "give the folder of the files")
        return ArraySource(spec, read_idx(root))
    if not os.path.isdir(root):
        raise InputError(
            f"{spec}: {path} does not exist; give an idx file, or the folder with "
            "train-images-idx3-ubyte[.gz] and t10k-images-idx3-ubyte[.gz]."
        )
    files = sorted(entry.name for entry in os.scandir(root) if entry.is_file())
    stems = {"train": ("train-images",), "test": ("t10k-images", "test-images")}
    # "EMNIST" puts the name of the part before, and many copies are kept both plain and packed.
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
    return ArraySource(spec, read_idx(os.path.join(root, file)))


def read_idx(path: str) -> np.ndarray:
    """Reads the images of an idx file (http://yann.lecun.com/exdb/mnist), plain or gzipped.

    Args:
        path: of the file.

    Returns:
        uint8 `[N, height, width]`.

    Raises:
        InputError: it is not an idx file of images, or is cut short.
    """
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
    if data[3] != 3:
        raise InputError(
            f"{path} has {data[3]} dimensions where images have 3; give the file called "
            "...-images-idx3-ubyte, not the labels."
        )
    shape = np.frombuffer(data, ">u4", count=min(3, (len(data) - 4) // 4), offset=4).astype(int)
    if len(shape) < 3 or len(data) < 16 + shape.prod():
        raise InputError(
            f"{path} is cut short: {list(map(int, shape))} images need {16 + shape.prod()} bytes, "
            f"it has {len(data)}; download it again."
        )
    return np.frombuffer(data, np.uint8, count=int(shape.prod()), offset=16).reshape(shape)


def _open_npz(spec: str, path: str, split: str) -> Source:
    (array,) = read_npz(spec, path, lambda keys: [_npz_key(spec, split, keys)])
    return ArraySource(spec, array)


def read_npz(
    spec: str, path: str, choose: Callable[[list[str]], Sequence[str]]
) -> list[np.ndarray]:
    """Reads some of the arrays of a NumPy file.

    Args:
        spec: the source, for messages.
        path: of the file, `.npz` or `.npy`.
        choose: from the names in the file, those of the arrays to read; it may raise `InputError`.
            The array of a `.npy` file is called `x`.

    Returns:
        The arrays, in the order of their names.

    Raises:
        InputError: the file is not there, damaged, or holds Python objects.
    """
    file = os.path.expanduser(path)
    if not os.path.isfile(file):
        raise InputError(f"{spec}: there is no file {path}; check the path.")
    try:
        # Opened here, since np.load leaves a damaged file open.
        with open(file, "rb") as opened:
            loaded = np.load(opened, allow_pickle=False)
            arrays = {"x": loaded} if isinstance(loaded, np.ndarray) else loaded
            return [arrays[key] for key in choose(list(arrays))]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):  # A ValueError too.
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{path} cannot be read as a NumPy file of plain arrays ({reason}); write it with "
            "np.savez(path, image=uint8_array)."
        ) from error


def _npz_key(spec: str, split: str, keys: list[str]) -> str:
    names = _NPZ_KEYS.get(split, (f"x_{split}",))
    wanted = [name for name in names if name in keys]
    if not wanted and split == "train" and len(keys) == 1:
        wanted = keys
    if not wanted:
        raise InputError(
            f"{spec} has no array for split {split!r} (found: {', '.join(keys) or 'none'}); save "
            f"it under one of {', '.join(names)}."
        )
    return wanted[0]

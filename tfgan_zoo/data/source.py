"""Sources: numbered samples in memory or in files.

A source is opened once, by `open_source`, and then gives random access: `source[i]` is sample i,
always the same. That lets training resume at any step with the batch that would have come next.
"""

from __future__ import annotations

import abc
import contextlib
import functools
import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import IO, Any

import numpy as np

from tfgan_zoo.data.arrays import LOOKED_AT, check_labels, check_samples
from tfgan_zoo.data.brightness import warn_of_depth, warn_of_masks
from tfgan_zoo.data.images import (
    SKIP,
    DecodingRules,
    check_packages,
    decode,
    extremes_of_8_bits,
    has_opacity,
    highest_of_16_bits,
    measure,
)
from tfgan_zoo.data.readers import archives
from tfgan_zoo.data.readers.scientific import ARRAYS, ending_of
from tfgan_zoo.data.splits import Part, rows_of
from tfgan_zoo.errors import InputError
from tfgan_zoo.lazy import names_from

_NOTHING: Mapping[str, np.ndarray] = MappingProxyType({})


class Source(abc.ABC):
    """Samples by index.

    Attributes:
        spec: The text it was opened with, for messages.
        shape: Shape of every sample, `(height, width, channels)`, `(dimensions,)`, or of voxels
            `(depth, height, width, channels)`; None if they have different sizes.
        array: All samples in one array, uint8 `[N, H, W, C]` or `[N, D, H, W, C]`, or float32
            `[N, D]`; None if they are read one by one.
        extras: Further parts of the samples by name, arrays of N values such as "caption".
        on_error: "raise" or "skip", for samples that turn out to be unreadable.
        alpha: Whether the last of 2 or 4 channels is opacity, as in image files, and not a
            measurement like the others.
        label_channels: 0 for images. Channels of label maps, int16 `[H, W, 1 or 2]`: classes, and
            instances; see `label_maps`.
    """

    spec: str
    shape: tuple[int, ...] | None = None
    array: np.ndarray | None = None
    extras: Mapping[str, np.ndarray] = _NOTHING
    on_error: str = "raise"
    alpha: bool = True
    label_channels: int = 0

    # Labels, or a function that reads them; for samples of another source, that and their rows.
    _labels: Any = None
    _class_names: Sequence[str] = ()
    _whole: Source | None = None
    _rows: Any = slice(None)

    @abc.abstractmethod
    def __len__(self) -> int: ...

    @abc.abstractmethod
    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """Returns sample `index`, uint8 `[H, W, C]` or float32 `[D]`.

        Args:
            index: 0 to `len(self) - 1`.
            smallest: An image may be returned shrunk, down to twice this side; see `images.decode`.
        """

    @abc.abstractmethod
    def name(self, index: int) -> str:
        """Returns a name for sample `index` in messages: its file if it has one."""

    def size(self, index: int) -> tuple[int, int]:
        """Returns the width and height of image `index`, from its header if it has one."""
        height, width = (self.shape or self.read(index).shape)[:2]
        return width, height

    @property
    def is_array(self) -> bool:
        """Whether `gather` gives all samples, in one array."""
        return self.array is not None

    def gather(self, indices: Any) -> np.ndarray:
        """Returns some samples of a source that `is_array`: `[N, ...]`.

        Args:
            indices: A slice, or an array of integers.
        """
        assert self.array is not None
        return self.array[indices]

    def remarks(self) -> Sequence[str]:
        """Returns what to know about the samples that were read so far, in sentences."""
        return [] if self._whole is None else self._whole.remarks()

    def identity(self) -> str | None:
        """Describes which samples these are and how they are decoded, for `decoded`.

        Returns:
            None if samples cannot be recognized later; they are then not kept in files.
        """
        return None

    def stamp(self, index: int) -> str:
        """Returns the state of the file that sample `index` is read from, such as its time.

        Raises:
            OSError: If there is no such file.
        """
        raise NotImplementedError

    def __getitem__(self, index: int) -> np.ndarray:
        return self.read(index)

    @property
    def holds(self) -> str:
        """What the samples are: "images", "vectors" or "voxels"."""
        return "vectors" if self.is_vector else "voxels" if self.is_voxels else "images"

    @property
    def is_vector(self) -> bool:
        """Whether samples are float32 vectors rather than uint8 images."""
        return self.shape is not None and len(self.shape) == 1

    @property
    def is_voxels(self) -> bool:
        """Whether samples are voxels rather than images."""
        if self.shape is not None:
            return len(self.shape) == 4
        return self._whole is not None and self._whole.is_voxels

    @functools.cached_property
    def labels(self) -> np.ndarray | None:
        """The class number of each sample, int64 `[N]`; None if the samples have no classes.

        Some sources read their labels only when this is first used.

        Raises:
            InputError: If the labels cannot be read or are not class numbers.
        """
        if self._whole is not None:
            labels = self._whole.labels
            return None if labels is None else labels[self._rows]
        labels = self._labels() if callable(self._labels) else self._labels
        labels = self.extras.get("label") if labels is None else labels
        if labels is None:
            return None
        return check_labels(self.spec, labels, len(self), self._class_names)

    @functools.cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, by class number; "0", "1", ... if they have none.

        Empty if the samples have no classes. A part of a source has the classes of all of it.
        """
        if self._whole is not None:
            return self._whole.class_names
        if self.labels is None:
            return ()
        return tuple(self._class_names) or tuple(map(str, range(int(self.labels.max()) + 1)))

    def _set_labels(self, labels: Any, class_names: Sequence[str]) -> None:
        self._labels, self._class_names = labels, class_names
        if labels is not None and not callable(labels):
            self.labels  # noqa: B018  (checks them)

    def _set_whole(self, whole: Source, rows: Any) -> None:
        """Takes the labels and extras of some rows of another source."""
        self._whole, self._rows, self.alpha = whole, rows, whole.alpha
        self.label_channels = whole.label_channels
        self.extras = {key: np.asarray(values)[rows] for key, values in whole.extras.items()}

    def part(self, name: str) -> np.ndarray:
        """Returns a further part of the samples, an array of N values.

        Args:
            name: "label", or a key of `extras`.

        Raises:
            InputError: If the samples have no such part.

        Example:
            >>> ArraySource("mine", np.zeros((2, 8, 8), np.uint8), labels=[1, 0]).part("label")
            array([1, 0])
        """
        if name == "label":
            if self.labels is None:
                raise InputError(
                    f"parts: expected labels in {self.spec}, got none; put the files of each "
                    "class into a folder of their own, an idx file of labels beside the images or "
                    "an array `labels` into the .npz file, or use a tfds: data set with a feature "
                    "`label`."
                )
            return self.labels
        if name not in self.extras:
            have = ["label"] if self.labels is not None else []
            have += [key for key in self.extras if key != "label"]
            raise InputError(
                f"parts: expected parts of {self.spec} ({', '.join(have) or 'it has none'}), got "
                f"{name!r}."
            )
        return self.extras[name]

    def __repr__(self) -> str:
        what = "samples" if self.shape is None else "x".join(map(str, self.shape))
        return f"<{type(self).__name__} {self.spec}: {len(self)} {what}>"


class ArraySource(Source):
    """Samples in memory.

    Args:
        spec: Name for messages.
        array: Images `[N, H, W]` or `[N, H, W, C]`, integers in 0..255; or float vectors `[N, D]`.
        extras: See `Source`.
        white: The value of white in images of another type than uint8, which may then be floats;
            None or 0 takes the values as they are.
        black: The value of black, likewise; None for 0.
        labels: The class number of each sample, integers `[N]`; or a function that returns them,
            which is called when they are first used.
        class_names: Names of the classes, by class number.

    Raises:
        InputError: If the array or the labels are not as described.

    Example:
        >>> ArraySource("mine", np.zeros((10, 28, 28), np.uint8))
        <ArraySource mine: 10 28x28x1>
    """

    array: np.ndarray
    shape: tuple[int, ...]
    alpha = False
    _identity: str | None = None

    def __init__(
        self,
        spec: str,
        array: np.ndarray,
        extras: Mapping[str, np.ndarray] | None = None,
        white: float | None = None,
        *,
        labels: Any = None,
        class_names: Sequence[str] = (),
        black: float | None = None,
    ):
        self.spec = spec
        self.array = check_samples(spec, array, white, black)
        self.shape = self.array.shape[1:]
        self._identity = _file_of(self.array)
        self.extras = extras or {}
        self._set_labels(labels, class_names)

    def __len__(self) -> int:
        return len(self.array)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`; `smallest` has no effect."""
        return self.array[index]

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return f"{self.spec}[{index}]"

    def identity(self) -> str | None:
        """See `Source.identity`; of an array that is mapped from a file, that file."""
        return self._identity

    def stamp(self, index: int) -> str:
        """See `Source.stamp`; the identity has it."""
        return str(index)


def _file_of(array: np.ndarray) -> str | None:
    """Describes the part of a file that an array is mapped from; None if it is not."""
    whole: Any = None
    base: Any = array
    while base is not None:
        # A view of a mapped array has the offset of the whole one.
        whole = base if isinstance(base, np.memmap) else whole
        base = getattr(base, "base", None)
    if whole is None or whole.filename is None or whole.mode != "r":
        return None
    try:
        state = archives.state_of(str(whole.filename))
    except OSError:
        return None
    place = array.ctypes.data - whole.ctypes.data + whole.offset
    return f"{state} {place} {array.strides} {array.dtype} {array.shape}"


class FittedSource(ArraySource):
    """Images in memory that a `Fit` was applied to, with the labels and extras of their source.

    Args:
        source: The source they were read from.
        fitting: The `Fit`, or `VoxelFit`.
        array: The images, uint8 `[N, H, W, C]`.
        indices: The index in `source` of each image, int64 `[N]`. Unusable images are missing.
    """

    def __init__(self, source: Source, fitting: Any, array: np.ndarray, indices: np.ndarray):
        self.spec = source.spec
        self.array = array
        self.shape = array.shape[1:]
        self.fitting = fitting
        self.indices = indices
        self._set_whole(source, indices)


class EncodedSource(Source):
    """Image files, decoded at each access.

    A subclass implements `whole(index)`, which gives all of file `index`, and may implement
    `opened(index)`, which gives access to its header.

    Attributes:
        rules: How pixels become 8-bit sRGB.
    """

    rules: DecodingRules = DecodingRules()

    @abc.abstractmethod
    def whole(self, index: int) -> Any:
        """Returns the path of file `index`, or its bytes as a binary file object."""

    def opened(self, index: int) -> contextlib.AbstractContextManager[str | IO[bytes]]:
        """Opens file `index` to read its header."""
        return contextlib.nullcontext(self.whole(index))

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`."""
        name, rules = self.name(index), self.rules
        with archive_errors(name):
            return decode(
                self.whole(index),
                name,
                smallest,
                white=rules.white,
                color_profiles=rules.color_profiles,
                black=rules.black,
                pages=rules.pages,
            )

    def size(self, index: int) -> tuple[int, int]:
        """See `Source.size`."""
        name = self.name(index)
        with archive_errors(name), self.opened(index) as file:
            return measure(file, name)

    def warn_if_dark(self) -> None:
        """Warns if images use so little of their range that they look black.

        That concerns 16-bit images, unless `rules` say which value is white, and 8-bit images of 0
        and 1. A few files, spread evenly, are examined.
        """
        if self.rules.white == 0:  # Earlier versions did not warn.
            return
        num = len(self)
        indices = range(0, num, max(1, num // LOOKED_AT))

        def looks(look: Callable[[Any, str], Any]) -> dict[str, Callable]:
            return {self.name(i): functools.partial(self._look, look, i) for i in indices}

        if self.rules.white is None:
            warn_of_depth(self.spec, looks(highest_of_16_bits))
        warn_of_masks(self.spec, looks(extremes_of_8_bits))

    def _look(self, look: Callable[[Any, str], Any], index: int) -> Any:
        name = self.name(index)
        with archive_errors(name):
            return look(self.whole(index), name)


@contextlib.contextmanager
def archive_errors(name: str) -> Iterator[None]:
    """Converts what an archive raises for one of its files to an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise InputError(
            f"{name} cannot be read ({type(error).__name__}: {error}); replace or delete it, or "
            f"skip such files with {SKIP}."
        ) from error


class FileSource(EncodedSource):
    """Image files, in folders or in zip archives.

    Args:
        spec: Name for messages.
        paths: The files in their order; a file in an archive is `photos.zip/cat/1.png`.
        extras: See `Source`.
        on_error: See `Source`.
        rules: How pixels become 8-bit sRGB.
        labels: See `ArraySource`.
        class_names: See `ArraySource`.
    """

    def __init__(
        self,
        spec: str,
        paths: Sequence[str],
        extras: Mapping[str, np.ndarray] | None = None,
        on_error: str = "raise",
        rules: DecodingRules = DecodingRules(),  # noqa: B008  (it is frozen)
        *,
        labels: Any = None,
        class_names: Sequence[str] = (),
    ):
        self.spec = spec
        self.paths = paths
        self.extras = extras or {}
        self.on_error = on_error
        self.rules = rules
        if on_error == "raise":
            check_packages(spec, paths)
        self.alpha = _has_opacity(paths, rules)
        self._set_labels(labels, class_names)

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return self.paths[index]

    def whole(self, index: int) -> Any:
        """See `EncodedSource.whole`."""
        return archives.whole_file(self.paths[index])

    def opened(self, index: int) -> contextlib.AbstractContextManager[str | IO[bytes]]:
        """See `EncodedSource.opened`."""
        return archives.opened_file(self.paths[index])

    def identity(self) -> str | None:
        """See `Source.identity`; which files these are, stamps say."""
        first = os.path.abspath(self.paths[0]) if self.paths else ""
        return f"{type(self).__qualname__} {self.spec} {first} {len(self)} {self.rules}"

    def stamp(self, index: int) -> str:
        """See `Source.stamp`."""
        return archives.state_of(self.paths[index])


def _has_opacity(paths: Sequence[str], rules: DecodingRules) -> bool:
    """Returns whether the last of 2 or 4 channels is opacity, as in the first picture.

    Arrays, whose channels are measurements, decide it only where there is no picture.
    """
    first = next((path for path in paths if ending_of(path) not in ARRAYS), None)
    if first is None:
        return not paths
    try:
        with archive_errors(first):
            return has_opacity(archives.whole_file(first), first, rules)
    except InputError:  # Reading it later raises the error again, or leaves the image out.
        return True


#: Bytes up to which a part of an array may be a copy of it.
_COPIED = 64 * 2**20


def part_of_array(array: np.ndarray | None, rows: Any) -> np.ndarray | None:
    """Returns some rows of an array; None without one, or if that would copy much of a large one.

    Args:
        array: The array.
        rows: A slice, which is a view, or indices.
    """
    if array is None:
        return None
    if isinstance(rows, slice) or array.nbytes // max(1, len(array)) * len(rows) <= _COPIED:
        return array[rows]
    return None


class PartSource(Source):
    """Some samples of another source.

    Args:
        source: The other source.
        indices: Their indices in it.
        spec: Name for messages.

    Example:
        >>> whole = ArraySource("mine", np.zeros((10, 28, 28), np.uint8))
        >>> PartSource(whole, range(0, 10, 3), "mine[::3]").name(1)
        'mine[3]'
    """

    def __init__(self, source: Source, indices: range | np.ndarray, spec: str):
        rows: Any = indices
        if isinstance(indices, range):  # A view of the array, where an array of indices copies.
            rows = slice(indices.start, indices.stop, indices.step)
        self.spec = spec
        self.shape = source.shape
        self.array = part_of_array(source.array, rows)
        self.on_error = source.on_error
        self._set_whole(source, rows)
        self._source = source
        self._indices = indices

    @property
    def is_array(self) -> bool:
        """See `Source.is_array`."""
        return self._source.is_array

    def gather(self, indices: Any) -> np.ndarray:
        """See `Source.gather`."""
        if self.array is not None:
            return self.array[indices]
        rows = self._indices
        if isinstance(rows, range):
            rows = np.arange(rows.start, rows.stop, rows.step)
        return self._source.gather(rows[indices])

    def __len__(self) -> int:
        return len(self._indices)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`."""
        return self._source.read(int(self._indices[index]), smallest)

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return self._source.name(int(self._indices[index]))

    def size(self, index: int) -> tuple[int, int]:
        """See `Source.size`."""
        return self._source.size(int(self._indices[index]))

    def identity(self) -> str | None:
        """See `Source.identity`."""
        whole = self._source.identity()
        rows = self._indices
        part = rows if isinstance(rows, range) else hashlib.sha256(rows.tobytes()).hexdigest()
        return whole and f"{whole} {part}"

    def stamp(self, index: int) -> str:
        """See `Source.stamp`."""
        return self._source.stamp(int(self._indices[index]))


class SliceSource(PartSource):
    """Consecutive samples of another source.

    Args:
        source: The other source.
        start: Index of the first sample.
        stop: Index after the last sample.
        spec: Name for messages.

    Example:
        >>> whole = ArraySource("mine", np.zeros((10, 28, 28), np.uint8))
        >>> SliceSource(whole, 4, 10, "mine[4:]").name(0)
        'mine[4]'
    """

    def __init__(self, source: Source, start: int, stop: int, spec: str):
        super().__init__(source, range(start, stop), spec)


class ViewSource(Source):
    """The result of a function of each image of another source, such as one half of it.

    The pipeline decodes an image once for all views of its source.

    Args:
        spec: Name for messages.
        source: The other source, of images.
        look: The function, from uint8 `[H, W, 1 to 4]` to uint8 `[h, w, 1 to 4]`.

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
        self.on_error = source.on_error
        self._set_whole(source, slice(None))

    def __len__(self) -> int:
        return len(self.source)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`."""
        return self.look(self.source.read(index, smallest))

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return self.source.name(index)

    def identity(self) -> str | None:
        """See `Source.identity`; a function that depends on other values cannot be recognized."""
        whole = self.source.identity()
        if whole is None or getattr(self.look, "__closure__", self.look) is not None:
            return None
        return f"{whole} {self.look.__module__}.{self.look.__qualname__}"

    def stamp(self, index: int) -> str:
        """See `Source.stamp`."""
        return self.source.stamp(index)


def part_rows(source: Source, split: str) -> range | np.ndarray:
    """Returns the indices of the samples of a part; see `part_of`."""
    return rows_of(source.spec, len(source), split)


def part_of(source: Source, split: str) -> Source:
    """Returns the part of a source that `split` names; see `splits.Part`.

    Args:
        source: The whole split.
        split: Its name, with or without a part.

    Returns:
        The source itself if `split` is its name alone.

    Raises:
        InputError: If the part is empty or reaches beyond the source.
    """
    part = Part.parse(split)
    if part.is_whole:
        return source
    rows, spec = part_rows(source, split), f"{source.spec} ({split})"
    if isinstance(rows, range) and part.is_slice:
        return SliceSource(source, rows.start, rows.stop, spec)
    return PartSource(source, rows, spec)


# Names that were public here before this module was divided.
__getattr__ = names_from(
    __name__,
    {
        "tfgan_zoo.data.opening": ("as_source", "open_source"),
        "tfgan_zoo.data.readers.folder": (
            "CAPTION_TABLES",
            "existing_folder",
            "images_of_split",
            "list_images",
            "some_images",
            "split_folders",
            "subfolders",
        ),
        "tfgan_zoo.data.readers.idx": ("read_idx",),
        "tfgan_zoo.data.readers.npz": ("read_npz",),
        "tfgan_zoo.data.spec": ("FOLDERS", "KINDS", "as_spec", "parse_spec"),
        "tfgan_zoo.data.splits": ("SPLIT_FOLDERS", "NoSplitError", "no_split"),
    },
)

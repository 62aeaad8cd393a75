"""Where samples come from: one syntax for embedded, downloaded and own data.

| source | what it is |
|---|---|
| `figures[/VIEW]` | drawn figures, embedded: needs no download |
| `points/NAME` | two-dimensional toy sets, embedded: see `tfgan_zoo.data.points` |
| `tfds:NAME[/CONFIG]` | a TensorFlow Datasets data set |
| `folder:PATH` | image files, flat or in sub-folders (of classes, or `train`, `val`, `test`) |
| `zip:PATH` | a zip archive of such a folder, read without unpacking it |
| `idx:PATH` | the files of MNIST and its relatives, `.gz` or plain; a folder of them or one file |
| `npz:PATH` | NumPy: uint8 images `[N, H, W]` or `[N, H, W, C]`, or float vectors `[N, D]` |

A split is `train`, `test` or `val`, or a part of one, in the order of the files: `train[:360]`,
`train[360:]`, `test[10:20]`, `train[:90%]`, `train[-100:]`.

A source is opened once and is then random access: `source[i]` is the i-th sample, always the same.
That is what lets training resume at any step with the batch that would have come next.
"""

from __future__ import annotations

import abc
import contextlib
import functools
import gzip
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from tfgan_zoo.data import points
from tfgan_zoo.data.images import (
    EXTENSIONS,
    SKIP,
    WHITE,
    DecodingRules,
    decode,
    extremes_of_8_bits,
    highest_of_16_bits,
    measure,
    range_of,
    scaled_to_bytes,
)
from tfgan_zoo.data.readers import archives
from tfgan_zoo.errors import InputError, check_number, check_seed, warn_user
from tfgan_zoo.suggestions import did_you_mean

KINDS = ("figures", "points", "tfds", "folder", "zip", "idx", "npz")
"""The first words of a source; the last five are followed by a colon."""

FOLDERS = ("folder", "zip")
"""Those of image files in folders, of which a zip archive is one."""

CAPTION_TABLES = ("captions.jsonl", "captions.csv")
"""Files with the captions of a folder."""

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
        array: images `[N, H, W]` or `[N, H, W, 1 to 4]`, integers in 0..255; or float vectors
            `[N, D]`.
        extras: see `Source`.
        white: the value of white in images of another type than uint8, which may be floats then;
            None or 0 takes them as they are.

    Raises:
        InputError: the array is neither.

    Example:
        >>> ArraySource("mine", np.zeros((10, 28, 28), np.uint8))
        <ArraySource mine: 10 28x28x1>
    """

    array: np.ndarray
    shape: tuple[int, ...]

    def __init__(
        self,
        spec: str,
        array: np.ndarray,
        extras: Mapping[str, np.ndarray] | None = None,
        white: float | None = None,
    ):
        self.spec = spec
        self.array = _samples(spec, array, white)
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


class EncodedSource(Source):
    """Image files, wherever they are kept, decoded when asked for.

    A subclass says where file `index` is: `opened(index)` for its header, `whole(index)` for all of
    it.

    Attributes:
        rules: how pixels become 8-bit sRGB.
    """

    rules: DecodingRules = DecodingRules()

    @abc.abstractmethod
    def whole(self, index: int) -> Any:
        """Returns the path of file `index`, or its bytes as a binary file object."""

    def opened(self, index: int) -> contextlib.AbstractContextManager[str | IO[bytes]]:
        """Opens file `index` to look at its header."""
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
            )

    def size(self, index: int) -> tuple[int, int]:
        """See `Source.size`."""
        name = self.name(index)
        with archive_errors(name), self.opened(index) as file:
            return measure(file, name)

    def warn_if_dark(self) -> None:
        """Warns where images use so little of their range that they are black.

        These are 16-bit images, unless `rules` say what is white, and 8-bit images of 0 and 1. Some
        files, spread over all of them, are looked at.
        """
        if self.rules.white == 0:  # As earlier versions did.
            return
        num = len(self)
        indices = range(0, num, max(1, num // _LOOKED_AT))

        def looks(look: Callable[[Any, str], Any]) -> dict[str, Callable]:
            return {self.name(i): functools.partial(self._looked, look, i) for i in indices}

        if self.rules.white is None:
            warn_of_depth(self.spec, looks(highest_of_16_bits))
        warn_of_masks(self.spec, looks(extremes_of_8_bits))

    def _looked(self, look: Callable[[Any, str], Any], index: int) -> Any:
        name = self.name(index)
        with archive_errors(name):
            return look(self.whole(index), name)


_LOOKED_AT = 16


def warn_of_depth(
    spec: str,
    looks: Mapping[str, Callable[[], int | None]],
    ask_white: str = WHITE,
) -> None:
    """Warns if the 16-bit images among some files all stay below 1/8 of their range.

    Args:
        spec: what the files are, for the message.
        looks: by the name of a file, a function that returns its `highest_of_16_bits`. A file that
            cannot be read is passed over; decoding it raises the error.
        ask_white: where to say what is white.
    """
    highest: dict[str, int] = {}
    for name, look in looks.items():
        with contextlib.suppress(InputError):
            value = look()
            if value is not None:
                highest[name] = value
    if highest and max(highest.values()) < 65536 // 8:
        brightest = max(highest, key=lambda name: highest[name])
        warn_user(
            f"{spec}: its 16-bit images are nearly black: the highest value of the {len(highest)} "
            f"looked at is {highest[brightest]} of 65535, in {brightest}; if white is less than "
            f"65535, such as 4095 for 12 bits, give its value as {ask_white}."
        )


def warn_of_masks(spec: str, looks: Mapping[str, Callable[[], tuple[int, int] | None]]) -> None:
    """Warns if the 8-bit images among some files have no value but 0 and 1, which both are black.

    Images of one value alone are no masks.

    Args:
        spec: what the files are, for the message.
        looks: by the name of a file, a function that returns its `extremes_of_8_bits`. A file that
            cannot be read is passed over; decoding it raises the error.
    """
    values = []
    for look in looks.values():
        with contextlib.suppress(InputError):
            values.append(look())
            if values[-1] is not None and values[-1][1] > 1:
                return
    if (0, 1) in values:
        warn_user(
            f"{spec}: its 8-bit images are nearly black: no value of those looked at is above 1, "
            "where 255 is white; if they are masks of 0 and 1, save them with 0 and 255."
        )


@contextlib.contextmanager
def archive_errors(name: str) -> Iterator[None]:
    """Turns what an archive raises about one of its files into an `InputError`."""
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
        spec: what to call it in messages.
        paths: of the files, in their order; one in an archive is `photos.zip/cat/1.png`.
        extras: see `Source`.
        on_error: see `Source`.
        rules: how their pixels become 8-bit sRGB.
    """

    def __init__(
        self,
        spec: str,
        paths: Sequence[str],
        extras: Mapping[str, np.ndarray] | None = None,
        on_error: str = "raise",
        rules: DecodingRules = DecodingRules(),  # noqa: B008  (it is frozen)
    ):
        self.spec = spec
        self.paths = paths
        self.extras = extras or {}
        self.on_error = on_error
        self.rules = rules

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
        "zip": "zip:PATH",
        "idx": "idx:PATH",
        "npz": "npz:PATH",
    }
    word = spec.replace("/", ":").split(":")[0]
    if word in KINDS:
        raise InputError(f"The data source {spec!r} is incomplete; write {forms[word]}.")
    if os.path.exists(os.path.expanduser(spec)):
        raise InputError(f"The data source {spec!r} is a bare path; {_advice(spec)}.")
    hint = did_you_mean(word, KINDS)
    raise InputError(f"There is no data source {spec!r}{hint}")


def _kind_of(path: str) -> str | None:
    """Returns the kind of source that a file or folder is for; None if there is none."""
    file = os.path.expanduser(path)
    if os.path.isdir(file):
        return "folder"
    name = os.path.basename(file).lower()
    if name.endswith((".npz", ".npy")):
        return "npz"
    if name.endswith(".zip"):
        return "zip"
    if name.removesuffix(".gz").endswith(("-ubyte", ".idx")):
        return "idx"
    return None


def _advice(path: str) -> str:
    """Returns how to name what is at a path, the end of a message."""
    if kind := _kind_of(path):
        return f"write {kind}:{path}"
    if os.path.splitext(path)[1].lower() in EXTENSIONS:
        return f"for the images of its folder, write folder:{os.path.dirname(path) or '.'}"
    return "write one of folder:PATH, zip:PATH, idx:PATH or npz:PATH, as what it is"


def as_spec(spec: Any, argument: str = "spec") -> str:
    """Takes a data source as people give it: its text, or the path of a folder or file.

    Args:
        spec: a source as `parse_spec` reads it, or a `Path`, which says by itself what it is.
        argument: its name, for messages.

    Returns:
        The source as text.

    Raises:
        InputError: it is neither, or there is nothing at the path that holds samples.

    Example:
        >>> as_spec("figures"), as_spec(Path("mnist.npz"))
        ('figures', 'npz:mnist.npz')
    """
    if isinstance(spec, str):
        return spec
    if not isinstance(spec, os.PathLike):
        raise InputError(
            f"{argument}: expected a data source such as 'figures' or 'folder:PATH', or a path, "
            f"got {_shown(spec)}."
        )
    path = os.fsdecode(spec)
    kind = _kind_of(path)
    if kind is None and not os.path.exists(os.path.expanduser(path)):
        raise InputError(f"{argument}: there is nothing at {path}; check the path.")
    if kind is None:
        raise InputError(f"{argument}: {path} holds no samples; {_advice(path)}.")
    return f"{kind}:{path}"


def _shown(value: Any) -> str:
    """Describes a value for a message; an array by its shape."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"an array {value.dtype} {list(value.shape)}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def as_source(source: Any, argument: str = "source") -> Source:
    """Takes samples as people have them: opened, as the text of a source, as a path, or an array.

    Args:
        source: a `Source`; what `open_source` opens, in its `train` split; or an array as
            `ArraySource` takes it.
        argument: its name, for messages.

    Returns:
        The source.

    Raises:
        InputError: it is none of these, or cannot be opened.

    Example:
        >>> as_source(np.zeros((10, 28, 28), np.uint8))
        <ArraySource source: 10 28x28x1>
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, (str, os.PathLike)):
        return open_source(as_spec(source, argument))
    if hasattr(source, "__array__") and hasattr(source, "shape"):
        return ArraySource(argument, np.asarray(source))
    raise InputError(
        f"{argument}: expected what open_source returns, a data source such as 'figures' or "
        f"'folder:PATH', or an array, got {_shown(source)}."
    )


def open_source(
    spec: str,
    split: str = "train",
    *,
    resolution: int | None = None,
    num: int | None = None,
    seed: int = 0,
    on_error: str = "raise",
    data_dir: str | os.PathLike | None = None,
    white: float | None = None,
    color_profiles: str = "srgb",
) -> Source:
    """Opens a data source.

    Args:
        spec: as in the table of `help(tfgan_zoo.data.source)` and docs/data.md, such as
            "figures", "folder:PATH" or "npz:PATH"; or the path of a folder or file, a `Path`.
        split: "train", "test" or "val", or a part such as "train[:360]", "train[360:]" or
            "train[:90%]"; for `tfds:` any of its split expressions.
        resolution: side in pixels at which `figures` are drawn; 32 if None. Stored images keep
            their size (and are fitted by `unconditional` and its like).
        num: how many samples the embedded `figures` and `points` have; None for their default.
        seed: of the embedded data; another seed is another data set.
        on_error: "raise" stops at an unreadable file; "skip" leaves it out and warns once.
        data_dir: where `tfds:` keeps its data; None for TFDS' own default.
        white: the value of white in images of more than 8 bits, such as 4095 for 12 bits; in arrays
            of `npz:`, of any type but uint8. None takes 65535 for 16-bit files, warns if they are
            nearly black, and refuses what is 32-bit; see `images.DecodingRules`.
        color_profiles: "srgb" converts images with an embedded colour profile to sRGB; "ignore"
            takes colours as they are stored.

    Returns:
        The source. Of a folder only a few files are looked at yet.

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
    spec, kind, rest = checked_kind(spec, split, num, on_error, resolution)
    rules = DecodingRules(white, color_profiles)
    if kind == "tfds":
        # Imported here since TFDS takes seconds to import and may not be installed.
        from tfgan_zoo.data.readers.tfds import open_tfds

        return open_tfds(spec, rest, split, data_dir, on_error, rules)
    name = parse_split(split)[0]
    if kind == "figures":
        source = _open_figures(spec, rest, name, resolution, num, seed)
    elif kind == "points":
        if rest not in points.NAMES:
            raise InputError(f"There is no toy set {spec}{did_you_mean(rest, points.NAMES)}.")
        sampled = points.sample(rest, 100_000 if num is None else num, split=name, seed=seed)
        source = ArraySource(spec, sampled)
    elif kind in FOLDERS:
        source = _open_folder(spec, rest, name, on_error, rules)
    elif kind == "idx":
        source = _open_idx(spec, rest, name)
    else:
        source = _open_npz(spec, rest, name, white)
    return part_of(source, split)


def checked_kind(
    spec: Any,
    split: Any,
    num: int | None,
    on_error: str,
    resolution: int | None = None,
) -> tuple[str, str, str]:
    """Checks the options that all sources share; returns the source as text, and `parse_spec`'s."""
    if on_error not in ("raise", "skip"):
        raise InputError(f'on_error must be "raise" or "skip", not {on_error!r}.')
    if not isinstance(split, str):
        raise InputError(
            f"split: expected text such as 'train' or 'train[:90%]', got {_shown(split)}."
        )
    for name, value in (("num", num), ("resolution", resolution)):
        if value is not None:
            check_number(name, value, least=1, whole=True)
    spec = as_spec(spec)
    kind, rest = parse_spec(spec)
    if num is not None and kind not in ("figures", "points"):
        raise InputError(
            f"num={num} is for the embedded figures and points; {spec} has the samples it has."
        )
    return spec, kind, rest


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


def _samples(spec: str, array: np.ndarray, white: float | None = None) -> np.ndarray:
    """Checks an array of samples and brings it to uint8 NHWC or float32 `[N, D]`."""
    found = f"{array.dtype} {list(array.shape)}"
    if array.ndim == 0:
        raise InputError(
            f"{spec} is a single value, not images [N, H, W] or [N, H, W, 1 to 4 channels] nor "
            "float vectors [N, D]; save an array of samples."
        )
    if len(array) == 0:
        raise InputError(f"{spec} is empty; at least one sample is needed.")
    if array.ndim == 2 and array.dtype.kind == "f":
        return np.ascontiguousarray(array, np.float32)
    # Of images up to 4 pixels wide and high, no one is one image.
    if array.ndim == 3 and array.shape[-1] <= 4 < array.shape[1]:
        raise InputError(
            f"{spec} is {found}, which looks like one image [H, W, channels], where images "
            "[N, H, W] or [N, H, W, channels] are expected; give one image as x[np.newaxis], grey "
            "images as x[..., np.newaxis]."
        )
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.ndim != 4 or not 1 <= array.shape[-1] <= 4:
        raise InputError(
            f"{spec} is {found}, not images [N, H, W] or [N, H, W, 1 to 4 channels] nor float "
            "vectors [N, D]; reshape or transpose it."
        )
    if array.dtype.kind not in "iufb":
        raise InputError(f"{spec} is {found}, not numbers; save images as uint8.")
    if array.dtype != np.uint8:
        if white:
            return _scaled_by(array, white)
        low, high = float(array.min()), float(array.max())
        if array.dtype.kind not in "iu" or low < 0 or high > 255:
            raise InputError(
                f"{spec} is {found} with values {range_of(array)}, but images must be integers "
                "from 0 to 255; scale and save them as uint8, or give the value of white as "
                f"{WHITE}."
            )
    some = array[:: max(1, len(array) // _LOOKED_AT)]
    if array.size and some.max() <= 1 and array.max() == 1 and _has_masks(array):
        white_of_1 = "" if array.dtype == np.uint8 else f", or give 1 as {WHITE}"
        warn_user(
            f"{spec} is {found} without a value above 1, which is nearly black, as 255 is white; "
            f"if these are masks of 0 and 1, multiply them by 255{white_of_1}."
        )
    return np.ascontiguousarray(array, np.uint8)


def _has_masks(array: np.ndarray) -> bool:
    """Whether an image has two values: one of one value alone is no mask."""
    sides = (1, 2, 3)
    return bool((array.min(axis=sides) < array.max(axis=sides)).any())


def _scaled_by(array: np.ndarray, white: float) -> np.ndarray:
    """Scales images of any numbers to uint8, one by one: floats take eight times the memory."""
    scaled = np.empty(array.shape, np.uint8)
    for image, into in zip(array, scaled, strict=True):
        into[...] = scaled_to_bytes(image, white)
    return scaled


class NoSplitError(InputError):
    """A source lacks a split.

    Args:
        what: says which one, and which there are.
        remedy: what to do.
    """

    def __init__(self, what: str, remedy: str):
        super().__init__(f"{what}; {remedy}.")
        self.what = what


def no_split(spec: str, split: str, have: Sequence[str], remedy: str) -> NoSplitError:
    """Makes the error for a split that is not there."""
    found = " and ".join(have) if have else "none"
    return NoSplitError(f"{spec} has no split {split!r} (found: {found})", remedy)


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


def _open_folder(spec: str, path: str, split: str, on_error: str, rules: DecodingRules) -> Source:
    root = existing_folder(spec, path)
    if "traina" in subfolders(root):
        raise InputError(
            f"{spec} holds two domains (trainA, trainB); for one of them use "
            f"{os.path.join(spec, 'trainA')}, for both a model that translates."
        )
    root, relative = images_of_split(spec, root, split)
    classes = [os.path.dirname(file).split(os.sep)[0] for file in relative]
    names, labels = np.unique(classes, return_inverse=True)
    # One "class", or images beside the folders, is not a labelled set.
    labelled = len(names) > 1 and "" not in names
    extras = {"label": labels.astype(np.int32), "class": names[labels]} if labelled else {}
    paths = [os.path.join(root, file) for file in relative]
    source = FileSource(spec, paths, extras, on_error, rules)
    source.warn_if_dark()
    return source


def existing_folder(spec: str, path: str) -> str:
    """Finds the folder of a source.

    Args:
        spec: the source, `folder:PATH` or `zip:PATH`.
        path: of the folder or archive, or of a folder in an archive: `photos.zip/train`.

    Returns:
        The path with `~` filled in. Of an archive with nothing but one folder, which is that of
        no split, the path of that folder.

    Raises:
        InputError: there is none.
    """
    root = os.path.expanduser(path)
    if spec.startswith("zip:"):
        return _folder_of_archive(spec, path, root)
    if not os.path.isdir(root):
        if os.path.exists(root):
            advice = f"is a file, not a folder; {_advice(path)}"
            if _kind_of(path) is None and os.path.splitext(path)[1].lower() not in EXTENSIONS:
                advice = "is a file, not a folder; give the folder that holds the images"
            raise InputError(f"{spec}: {path} {advice}.")
        raise InputError(f"{spec}: {path} does not exist; give the folder that holds the images.")
    return root


def _folder_of_archive(spec: str, path: str, root: str) -> str:
    root = root.rstrip("/")
    archive = archives.archive_of(root) or root
    if archive == root and os.path.splitext(root)[1].lower() in EXTENSIONS:
        raise InputError(f"{spec}: {path} is an image, not an archive; {_advice(path)}.")
    archives.check_archive(spec, archive)
    if archive != root:
        if not archives.is_folder(root):
            raise InputError(f"{spec}: there is no such folder in {archive}; check its name.")
        return root
    known = {alias for aliases in SPLIT_FOLDERS.values() for alias in aliases}
    known |= {alias + domain for alias in known for domain in "ab"}
    while True:
        _, folders, files = next(archives.walk(root))
        shown = [name for name in folders if not _is_hidden(name)]
        if len(shown) != 1 or shown[0].lower() in known:
            return root
        inner = os.path.join(root, shown[0])
        if any(_is_image(file) or file in CAPTION_TABLES for file in files):
            return root
        # The captions of images/1.png may be in 1.txt: see `data.captioned`.
        texts = {os.path.splitext(file)[0] for file in files if file.endswith(".txt")}
        images = filter(_is_image, next(archives.walk(inner))[2])
        if shown[0].lower() == "images" and any(os.path.splitext(i)[0] in texts for i in images):
            return root
        root = inner


def subfolders(root: str) -> dict[str, str]:
    """Returns the folders directly in a folder: name in lower case -> path."""
    return {name.lower(): path for name, path in archives.folders_in(root).items()}


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
    can_be = split in SPLIT_FOLDERS
    if splits and split not in splits:
        remedy = f"add a sub-folder {split} or use another split" if can_be else "use one of these"
        raise no_split(spec, split, list(splits), remedy)
    if not splits and split != "train":
        remedy = (
            f"move some images to a sub-folder {split} and the others to train"
            if can_be
            else "the only split is train; use it, or a part of it such as train[:90%]"
        )
        raise no_split(spec, split, ["train, the whole folder"], remedy)
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
    for folder, children, files in archives.walk(root):
        visited.add(os.path.realpath(folder))
        children[:] = [
            child
            for child in children
            if not _is_hidden(child)
            # A link back up would be walked for ever.
            and os.path.realpath(os.path.join(folder, child)) not in visited
        ]
        found += [
            os.path.relpath(os.path.join(folder, file), root) for file in files if _is_image(file)
        ]
    return sorted(found, key=lambda file: Path(file).parts)


def _is_hidden(folder: str) -> bool:
    return folder.startswith(".") or folder == "__MACOSX"


def _is_image(file: str) -> bool:
    return not file.startswith(".") and os.path.splitext(file)[1].lower() in EXTENSIONS


def _open_idx(spec: str, path: str, split: str) -> Source:
    root = os.path.expanduser(path)
    if os.path.isfile(root):
        if split != "train":
            raise no_split(spec, split, ["train, the one file"], "give the folder of the files")
        return ArraySource(spec, read_idx(root)[..., np.newaxis])
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
    return ArraySource(spec, read_idx(os.path.join(root, file))[..., np.newaxis])


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


def _open_npz(spec: str, path: str, split: str, white: float | None) -> Source:
    (array,) = read_npz(spec, path, lambda keys: [_npz_key(spec, split, keys)])
    return ArraySource(spec, array, white=white)


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
    if os.path.isdir(file):
        raise InputError(f"{spec}: {path} is a folder, not a file; {_advice(path)}.")
    if not os.path.isfile(file):
        raise InputError(f"{spec}: there is no file {path}; check the path.")
    if os.path.splitext(file)[1].lower() in EXTENSIONS:
        raise InputError(f"{spec}: {path} is an image, not a NumPy file; {_advice(path)}.")
    if archives.is_archive(file) and archives.has_no_arrays(file):
        raise InputError(
            f"{spec}: {path} is a zip archive without NumPy arrays; write zip:{path} for its "
            "images."
        )
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

"""The syntax of data sources, and the options of everything that opens one.

| source | what it is |
|---|---|
| `figures[/VIEW]` | drawn figures, embedded: no download |
| `points/NAME` | two-dimensional toy sets, embedded: see `tfgan_zoo.data.points` |
| `voxels/solids` | drawn solids, embedded: see `tfgan_zoo.data.solids` |
| `solids/views` | images of them, embedded: see `tfgan_zoo.data.solid_views` |
| `tfds:NAME[/CONFIG]` | a TensorFlow Datasets data set |
| `folder:PATH` | image files, flat or in sub-folders (of classes, or `train`, `val`, `test`) |
| `zip:PATH` | a zip archive of such a folder, read without unpacking it |
| `idx:PATH` | the files of MNIST and its relatives, `.gz` or plain; a folder of them or one file |
| `npz:PATH` | NumPy: uint8 images `[N, H, W]` or `[N, H, W, C]`, or float vectors `[N, D]` |

Two sources with `|` between them are two domains, `folder:cats|folder:dogs`: see `open_domains`.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
from typing import Any, NamedTuple

from tfgan_zoo.data import points
from tfgan_zoo.data.images import EXTENSIONS, DecodingRules
from tfgan_zoo.data.splits import Part
from tfgan_zoo.data.voxels import VoxelRules
from tfgan_zoo.errors import InputError, check_number, check_seed
from tfgan_zoo.suggestions import did_you_mean


class SourceKind(NamedTuple):
    """A kind of data source.

    Attributes:
        form: How such a source is written.
        reader: The module in `tfgan_zoo.data.readers` and its function that opens an `Opening`. It
            is imported on first use; some need packages that may not be installed.
        reads_split: Whether the reader also takes the part of a split that bounds name.
    """

    form: str
    reader: str
    reads_split: bool = False


SOURCE_KINDS: dict[str, SourceKind] = {
    "figures": SourceKind("figures[/VIEW]", "embedded:open_figures"),
    "points": SourceKind(
        f"points/NAME with NAME one of {', '.join(points.NAMES)}", "embedded:open_points"
    ),
    "voxels": SourceKind("voxels/solids", "voxels:open_solids"),
    "solids": SourceKind("solids/views", "embedded:open_solid_views"),
    "tfds": SourceKind("tfds:NAME[/CONFIG]", "tfds:open_tfds", reads_split=True),
    "folder": SourceKind("folder:PATH", "folder:open_folder"),
    "zip": SourceKind("zip:PATH", "folder:open_folder"),
    "idx": SourceKind("idx:PATH", "idx:open_idx"),
    "npz": SourceKind("npz:PATH", "npz:open_npz"),
}
"""Every kind of data source by the first word of its sources."""

KINDS = tuple(SOURCE_KINDS)
"""First words of a source; a slash follows those that are `DRAWN`, a colon the others."""

DRAWN = ("figures", "points", "voxels", "solids")
"""Kinds that the library draws itself."""

FOLDERS = ("folder", "zip")
"""Kinds that hold image files in folders."""

FORMATS = ("all", "common")
"""Which files of a folder are images: of every format, or of common ones alone if there are any."""


@dataclasses.dataclass(frozen=True)
class Opening:
    """A data source and the options it is opened with; see `open_source` for each.

    Raises:
        InputError: If an option has the wrong type or is out of range, or the source is misspelt.
    """

    spec: Any
    split: str = "train"
    resolution: int | None = None
    num: int | None = None
    seed: int = 0
    on_error: str = "raise"
    data_dir: str | os.PathLike | None = None
    white: float | None = None
    color_profiles: str = "srgb"
    black: float | None = None
    pages: str = "first"
    formats: str = "all"
    voxels: VoxelRules | None = None

    def __post_init__(self):
        if self.on_error not in ("raise", "skip"):
            raise InputError(f'on_error: expected "raise" or "skip", got {self.on_error!r}.')
        if not isinstance(self.split, str):
            raise InputError(
                "split: expected text such as 'train' or 'train[:90%]', got "
                f"{describe_value(self.split)}."
            )
        if self.formats not in FORMATS:
            raise InputError(f"formats: expected {' or '.join(FORMATS)}, got {self.formats!r}.")
        for name in ("num", "resolution"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), least=1, whole=True)
        object.__setattr__(self, "spec", as_spec(self.spec))
        if two_specs(self.spec):
            raise InputError(
                f"{self.spec} is two sources where one is expected; give one of them, or use a "
                "model that translates between two domains."
            )
        if self.num is not None and self.kind not in DRAWN:
            raise InputError(
                f"num: expected None for {self.spec}, got {self.num}; only embedded data "
                "have a size to choose."
            )
        object.__setattr__(self, "seed", check_seed(self.seed, any_integer=True))
        self.rules  # noqa: B018  (checks them)

    @functools.cached_property
    def rules(self) -> DecodingRules:
        """How pixels become 8-bit sRGB."""
        return DecodingRules(self.white, self.color_profiles, self.black, self.pages)

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        return parse_spec(self.spec)[0]

    @property
    def rest(self) -> str:
        """What follows the kind in the source: a path, a name or a view."""
        return parse_spec(self.spec)[1]

    @functools.cached_property
    def split_name(self) -> str:
        """Name of the split, without its part."""
        return Part.parse(self.split).name


def parse_spec(spec: str) -> tuple[str, str]:
    """Splits a source into its kind and the rest.

    Args:
        spec: A data source as written in a config or on the command line.

    Returns:
        `(kind, rest)`, kind one of `KINDS`.

    Raises:
        InputError: If the source does not start with a known kind, or nothing follows it.

    Example:
        >>> parse_spec("figures"), parse_spec("points/ring"), parse_spec("folder:~/photos")
        (('figures', ''), ('points', 'ring'), ('folder', '~/photos'))
    """
    for kind in KINDS:
        separator = "/" if kind in DRAWN else ":"
        if spec.startswith(kind + separator) and len(spec) > len(kind) + 1:
            return kind, spec[len(kind) + 1 :]
    if spec == "figures":
        return "figures", ""
    word = spec.replace("/", ":").split(":")[0]
    if word in KINDS:
        raise InputError(
            f"The data source {spec!r} is incomplete; write {SOURCE_KINDS[word].form}."
        )
    if os.path.exists(os.path.expanduser(spec)):
        raise InputError(f"The data source {spec!r} is a bare path; {path_advice(spec)}.")
    raise InputError(f"There is no data source {spec!r}{did_you_mean(word, KINDS)}")


def two_specs(spec: str) -> tuple[str, str] | None:
    """Splits a source of two domains, `SOURCE|SOURCE`, into those of each; None for any other.

    Raises:
        InputError: If there are more than two.

    Example:
        >>> two_specs("folder:cats|folder:dogs"), two_specs("folder:cats")
        (('folder:cats', 'folder:dogs'), None)
    """
    # A path may contain the sign, too.
    specs = re.split(rf"\|(?=(?:{'|'.join(KINDS)})(?:[:/]|\||$))", spec)
    if len(specs) > 2:
        raise InputError(f"spec: expected two domains, got {len(specs)} in {spec}; give two.")
    return (specs[0], specs[1]) if len(specs) == 2 else None


def kind_of_path(path: str) -> str | None:
    """Returns the kind of source that a file or folder is for, or None."""
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


def path_advice(path: str) -> str:
    """Returns how to write the source at a path, as the end of a message."""
    if kind := kind_of_path(path):
        return f"write {kind}:{path}"
    if os.path.splitext(path)[1].lower() in EXTENSIONS:
        return f"for the images of its folder, write folder:{os.path.dirname(path) or '.'}"
    return "write folder:PATH, zip:PATH, idx:PATH or npz:PATH, whichever fits"


def as_spec(spec: Any, argument: str = "spec") -> str:
    """Converts what a user gives as a data source to text.

    Args:
        spec: A source as `parse_spec` reads it, or the `Path` of a folder or file.
        argument: Name of the argument, for messages.

    Returns:
        The source as text.

    Raises:
        InputError: If it is neither, or nothing at the path holds samples.

    Example:
        >>> as_spec("figures"), as_spec(Path("mnist.npz"))
        ('figures', 'npz:mnist.npz')
    """
    if isinstance(spec, str):
        return spec
    if not isinstance(spec, os.PathLike):
        raise InputError(
            f"{argument}: expected a data source such as 'figures' or 'folder:PATH', or a path, "
            f"got {describe_value(spec)}."
        )
    path = os.fsdecode(spec)
    kind = kind_of_path(path)
    if kind is None and not os.path.exists(os.path.expanduser(path)):
        raise InputError(f"{argument}: there is nothing at {path}; check the path.")
    if kind is None:
        raise InputError(f"{argument}: {path} holds no samples; {path_advice(path)}.")
    return f"{kind}:{path}"


def describe_value(value: Any) -> str:
    """Describes a value for a message, an array by its type and shape."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"an array {value.dtype} {list(value.shape)}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

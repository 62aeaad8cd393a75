"""Opens two domains of images, for translation.

| source | a and b | matched |
|---|---|---|
| `figures/paired`, `figures/unpaired`, `figures/transfer` | drawn, embedded | yes, no, no |
| `folder:PATH`, `zip:PATH` | two folders, or halves of side-by-side images | by file name, yes |
| `tfds:NAME[/CONFIG]` | two image features `a` and `b`, or splits `trainA` and `trainB` | yes, no |
| `npz:PATH` | arrays `a` and `b` (train), `a_test` and `b_test` (test) | if equally many |
| any source of single images, with `layout="grey"` | each image in grey, and in colour | yes |
| `folder:PATH|folder:PATH`, or other sources of single images | the first, the second | see below |

Two folders or archives are matched if their files have the same names but for the ending; other
combinations are not.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfgan_zoo.data.images import with_channels
from tfgan_zoo.data.opening import open_with
from tfgan_zoo.data.readers.folder import (
    check_one_domain,
    existing_folder,
    images_of_split,
    some_images,
    split_folders,
    subfolders,
)
from tfgan_zoo.data.readers.npz import read_npz
from tfgan_zoo.data.source import ArraySource, FileSource, Source, ViewSource, part_of
from tfgan_zoo.data.spec import FOLDERS, Opening, two_specs
from tfgan_zoo.data.splits import SPLIT_FOLDERS, NoSplitError, no_split
from tfgan_zoo.errors import InputError

LAYOUTS = ("auto", "two_folders", "side_by_side", "grey")
DIRECTIONS = ("a_to_b", "b_to_a")


class Domains(NamedTuple):
    """Two sources to translate between.

    Attributes:
        a: The first domain.
        b: The second domain.
        matched: Whether `a[i]` and `b[i]` form pairs, as many of one as of the other.
        reason: Why they do not, a clause to end an error message with.
    """

    a: Source
    b: Source
    matched: bool
    reason: str = ""


def open_domains(
    spec: str,
    split: str = "train",
    *,
    layout: str = "auto",
    direction: str = "a_to_b",
    resolution: int | None = None,
    num: int | None = None,
    seed: int = 0,
    on_error: str = "raise",
    data_dir: str | os.PathLike | None = None,
    white: float | None = None,
    color_profiles: str = "srgb",
    black: float | None = None,
    pages: str = "first",
    formats: str = "all",
) -> Domains:
    """Opens both domains of a data source.

    Args:
        spec: See the table above.
        split: See `open_source`, as for the arguments below. A part such as "train[:90%]" is taken
            of each domain.
        layout: How a folder holds its domains. "two_folders": `trainA` and `trainB`, or `A` and
            `B` with or without splits in them, or splits with `A` and `B` in them. "side_by_side":
            every image is two, a on the left and b on the right. "auto" finds out which.
            "grey", for any source of single images, makes a in grey and b in colour.
        direction: "b_to_a" swaps the two.
        resolution: Side in pixels at which `figures` are drawn.
        num: Number of the embedded `figures` of each domain.
        seed: Seed of the embedded `figures`.
        on_error: "raise" or "skip", for unreadable files.
        data_dir: Where `tfds:` keeps its data.
        white: The value of white in images of more than 8 bits.
        color_profiles: "srgb" or "ignore".
        black: See `open_source`, as for `pages` and `formats`.
        pages: "first" or "channels".
        formats: "all" or "common".

    Returns:
        The domains. Only a few files of a folder are read yet.

    Raises:
        InputError: If the source is misspelt, missing or empty, has no such split, or does not hold
            two domains. The message says what to do.

    Example:
        >>> open_domains("figures/paired", num=100).matched
        True
    """
    for key, value, known in (("layout", layout, LAYOUTS), ("direction", direction, DIRECTIONS)):
        if value not in known:
            raise InputError(f"{key}: expected one of {', '.join(known)}, got {value!r}.")
    rules = (white, color_profiles, black, pages, formats)
    options = (split, resolution, num, seed, on_error, data_dir, *rules)
    if isinstance(spec, str) and (specs := two_specs(spec)):
        if layout != "auto":
            raise InputError(f'layout: expected "auto" for the two sources {spec}, got "{layout}".')
        domains = _open_two(Opening(specs[0], *options), Opening(specs[1], *options))
    else:
        domains = _open_one(Opening(spec, *options), layout)
    if direction == "b_to_a":
        domains = domains._replace(a=domains.b, b=domains.a)
    return domains


def _open_one(opening: Opening, layout: str) -> Domains:
    """Opens both domains of a single source."""
    spec, kind = opening.spec, opening.kind
    if layout in ("two_folders", "side_by_side") and kind not in FOLDERS:
        raise InputError(f'layout: expected "auto" or "grey" for {spec}, got "{layout}".')
    if layout == "grey":
        source = open_with(opening)
        if source.holds != "images":
            raise InputError(f"{spec} holds {source.holds}, which have no colour; use images.")
        domains = Domains(ViewSource(f"{source.spec} (grey)", source, _grey), source, True)
    elif kind in FOLDERS:
        domains = _open_folder(opening, layout)
    elif kind == "figures":
        domains = _open_figures(opening)
    elif kind == "npz":
        domains = _open_npz(opening)
    elif kind == "tfds":
        # TFDS takes seconds to import and may not be installed.
        from tfgan_zoo.data.readers.tfds import open_tfds_domains

        a, b, matched = open_tfds_domains(opening)
        domains = Domains(a, b, matched, "" if matched else "they are separate splits")
    else:
        remedy = ', or layout="grey" to learn colouring' if kind == "idx" else ""
        raise InputError(
            f"{spec} is one domain where two are needed; use figures/paired, figures/unpaired, "
            f"folder:, zip:, tfds: or npz:, or two sources, 'folder:A|folder:B'{remedy}."
        )
    return domains


def _open_two(first: Opening, second: Opening) -> Domains:
    """Opens two sources as two domains."""
    if first.spec == second.spec or _place(first) == _place(second):
        raise InputError(f"{first.spec}|{second.spec} is the same source twice; give two.")
    if first.kind in FOLDERS and second.kind in FOLDERS:
        return _open_two_sources_of_files(first, second)
    a, b = open_with(first), open_with(second)
    for domain in (a, b):
        if domain.holds != "images":
            raise InputError(f"{domain.spec} holds {domain.holds}; two domains must be images.")
    return Domains(a, b, False, "they are separate sources, and not both folders or archives")


def _place(opening: Opening) -> tuple[str, str]:
    """Returns the kind of a source, and its path without links if it is of files."""
    if opening.kind not in FOLDERS:
        return opening.kind, opening.rest
    return "files", os.path.realpath(os.path.expanduser(opening.rest))


def _open_two_sources_of_files(first: Opening, second: Opening) -> Domains:
    """Opens two folders or archives as two domains; the same split of each."""
    listed = []
    for opening in (first, second):
        root = existing_folder(opening.spec, opening.rest)
        check_one_domain(opening.spec, root)
        folder, files = images_of_split(opening.spec, root, opening.split_name, opening.formats)
        listed.append(_Files(opening.spec, folder, files, opening.rest.rstrip("/")))
    return _from_files(first, *listed)


def _grey(image: np.ndarray) -> np.ndarray:
    return with_channels(image, 1)


def _left(image: np.ndarray) -> np.ndarray:
    return image[:, : image.shape[1] // 2]


def _right(image: np.ndarray) -> np.ndarray:
    return image[:, image.shape[1] // 2 :]


def _open_figures(opening: Opening) -> Domains:
    from tfgan_zoo.data import figures

    spec, view = opening.spec, opening.rest
    if "a" not in figures.get_view(view).elements:
        raise InputError(
            f"{spec} is not two domains; use figures/paired, figures/unpaired or "
            'figures/transfer, or layout="grey" to learn colouring.'
        )
    fields = figures.load(
        view,
        split=opening.split_name,
        resolution=opening.resolution or 32,
        num=opening.num,
        seed=opening.seed,
    )
    a, b = (
        part_of(ArraySource(f"{spec} ({key})", fields[key]), opening.split) for key in ("a", "b")
    )
    if view == "paired":
        return Domains(a, b, True)
    return Domains(a, b, False, "they are drawn independently, unlike those of figures/paired")


def _open_npz(opening: Opening) -> Domains:
    spec, name = opening.spec, opening.split_name
    wanted = ("a", "b") if name == "train" else (f"a_{name}", f"b_{name}")

    def choose(keys: list[str]) -> tuple[str, ...]:
        if not set(wanted) <= set(keys):
            raise NoSplitError(
                f"{spec} has no arrays {' and '.join(wanted)} for split {name!r} (found: "
                f"{', '.join(keys) or 'none'})",
                "save the domains under these names, or use "
                'layout="grey" to learn colouring from single images',
            )
        return wanted

    arrays = read_npz(spec, opening.rest, choose)
    wholes = [
        ArraySource(f"{spec} ({key})", array, white=opening.white, black=opening.black)
        for key, array in zip(wanted, arrays, strict=True)
    ]
    for whole in wholes:
        if whole.holds != "images":
            raise InputError(f"{whole.spec} holds {whole.holds}; two domains must be images.")
    a, b = (part_of(whole, opening.split) for whole in wholes)
    if len(wholes[0]) == len(wholes[1]):
        return Domains(a, b, True)
    return Domains(a, b, False, f"there are {len(wholes[0])} of a and {len(wholes[1])} of b")


def _open_folder(opening: Opening, layout: str) -> Domains:
    spec, name = opening.spec, opening.split_name
    root = existing_folder(spec, opening.rest)
    folders = {} if layout == "side_by_side" else _two_folders(root)
    if folders or layout == "two_folders":
        if name not in folders:
            remedy = f"add folders {name}A and {name}B or use another split"
            raise no_split(spec, name, list(folders), remedy)
        return _open_two_folders(opening, root, folders[name])
    folder, relative = images_of_split(spec, root, name, opening.formats)
    files = [os.path.join(folder, file) for file in relative]
    both = _SideBySideSource(spec, files, on_error=opening.on_error, rules=opening.rules)
    if layout == "auto":
        _check_side_by_side(both)
    both.warn_if_dark()
    whole = part_of(both, opening.split)
    return Domains(
        ViewSource(f"{whole.spec} (left)", whole, _left),
        ViewSource(f"{whole.spec} (right)", whole, _right),
        True,
    )


def _two_folders(root: str) -> dict[str, dict[str, str]]:
    """Finds the folders of two domains, if there are any: split -> "a" or "b" -> path."""
    inside = subfolders(root)
    found: dict[str, dict[str, str]] = {}
    for split, aliases in SPLIT_FOLDERS.items():
        for alias in aliases:
            for domain in "ab":
                if alias + domain in inside:
                    found.setdefault(split, {}).setdefault(domain, inside[alias + domain])
    if found:
        return found
    for domain in "ab":
        if domain in inside:
            splits = split_folders(inside[domain]) or {"train": inside[domain]}
            for split, folder in splits.items():
                found.setdefault(split, {})[domain] = folder
    if found:
        return found
    for split, folder in split_folders(root).items():
        within = subfolders(folder)
        domains = {domain: within[domain] for domain in "ab" if domain in within}
        if domains:
            found[split] = domains
    return found


def _open_two_folders(opening: Opening, root: str, folders: dict[str, str]) -> Domains:
    spec = opening.spec
    names = {
        domain: Path(folder).relative_to(root).as_posix() for domain, folder in folders.items()
    }
    for domain, other in (("a", "b"), ("b", "a")):
        if other not in folders:
            raise InputError(
                f"{spec} has {names[domain]} for domain {domain}, but no such folder for {other}; "
                "add it."
            )
    a, b = (
        _Files(
            f"{spec.rstrip('/')}/{names[domain]}",
            folders[domain],
            some_images(spec, folders[domain], opening.formats),
            names[domain],
        )
        for domain in ("a", "b")
    )
    return _from_files(opening, a, b)


class _Files(NamedTuple):
    """The files of a domain: its source and folder, names in the folder, and one for messages."""

    spec: str
    folder: str
    files: Sequence[str]
    name: str


def _from_files(opening: Opening, *domains: _Files) -> Domains:
    """Opens the files of domains a and b, which are pairs if they have the same stems."""
    ordered = [sorted(domain.files, key=_by_stem) for domain in domains]
    names = [domain.name for domain in domains]
    reason = _why_unmatched(list(zip(names, ordered, strict=True)))
    if reason and (partners := _spelt_otherwise(*ordered)):
        ordered[1], reason = partners, ""
    wholes = [
        FileSource(
            domain.spec,
            [os.path.join(domain.folder, file) for file in files],
            on_error=opening.on_error,
            rules=opening.rules,
        )
        for domain, files in zip(domains, ordered, strict=True)
    ]
    for whole in wholes:
        whole.warn_if_dark()
    a, b = (part_of(whole, opening.split) for whole in wholes)
    return Domains(a, b, not reason, reason)


def _stem(file: str) -> str:
    return os.path.splitext(file)[0]


def _by_stem(file: str) -> tuple[tuple[str, ...], str]:
    # Comparing endings first would put partners at different places.
    return Path(_stem(file)).parts, file


def _spelt_otherwise(first: Sequence[str], second: Sequence[str]) -> list[str] | None:
    """Returns the second files in the order of the first, if only their Unicode forms differ.

    macOS writes some letters as two characters, such as e and its accent.
    """
    stems, partners = (
        {unicodedata.normalize("NFC", _stem(file)): file for file in files}
        for files in (first, second)
    )
    if stems.keys() != partners.keys() or not len(stems) == len(first) == len(second):
        return None
    return [partners[stem] for stem in stems]


def _why_unmatched(domains: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Returns why the files of two folders, each with its name, are not pairs, or ""."""
    stems: list[dict[str, str]] = []
    for folder, names in domains:
        stems.append({})
        for name in names:
            twin = stems[-1].setdefault(_stem(name), name)
            if twin is not name:
                return f"{folder}/{twin} and {folder}/{name} have the same name but for the ending"
    (first, _), (second, _) = domains
    alone = []
    for folder, mine, other, theirs in (
        (first, stems[0], second, stems[1]),
        (second, stems[1], first, stems[0]),
    ):
        left = [name for stem, name in mine.items() if stem not in theirs]
        if left:
            more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
            alone.append(f"{folder}/{left[0]}{more} has no partner in {other}")
    return " and ".join(alone)


class _SideBySideSource(FileSource):
    """Files that hold two images next to each other."""

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`; never shrunk, so that the seam stays between two pixels."""
        image = super().read(index)
        height, width = image.shape[:2]
        if width % 2:
            raise InputError(
                f"{self.name(index)} is {width}x{height} pixels, an odd width that has no halves; "
                "cut it to an even one."
            )
        return image


def _check_side_by_side(source: FileSource) -> None:
    """Raises `InputError` if the proportions of one of a few files are not those of a pair."""
    num = len(source)
    for index in range(0, num, max(1, num // 5))[:5]:
        try:
            width, height = source.size(index)
        except InputError:
            if source.on_error == "raise":
                raise
            continue
        if not 1.9 <= width / height <= 2.1:
            raise InputError(
                f"{source.spec} does not seem to hold two domains: it has no folders trainA and "
                f"trainB or A and B, and {source.name(index)} is {width}x{height}, not two images "
                "side by side, twice as wide as high; arrange it so, or give "
                'layout="side_by_side" for halves of another shape, or layout="grey" to learn '
                "colouring (--config.data.layout)."
            )

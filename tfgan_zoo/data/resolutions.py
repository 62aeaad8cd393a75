"""Opens images in high and in low resolution, for super-resolution.

| source | high resolution | low resolution |
|---|---|---|
| `folder:PATH` with files `*_HR`, `*_LR` | files `*_HR` | files `*_LR` |
| `folder:PATH` with folders `HR`, `LR` | `HR` | `LR`, or its sub-folder `X4` |
| `folder:PATH` of DIV2K | `DIV2K_train_HR` | `DIV2K_train_LR_bicubic/X4` |
| `tfds:NAME[/CONFIG]` with features `hr`, `lr` | `hr` | `lr` |
| any other source of images | its images | computed from them by `imresize` |
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.data.images import with_channels
from tfgan_zoo.data.imresize import imresize
from tfgan_zoo.data.opening import as_source, open_with
from tfgan_zoo.data.readers.folder import (
    existing_folder,
    images_of_split,
    some_images,
    split_folders,
    subfolders,
)
from tfgan_zoo.data.source import FileSource, Source, ViewSource, part_of
from tfgan_zoo.data.spec import FOLDERS, Opening, as_spec
from tfgan_zoo.data.splits import SPLIT_OF_FOLDER, no_split
from tfgan_zoo.errors import InputError, check_number, without_advice
from tfgan_zoo.lazy import names_from

_log = logging.getLogger(__name__)

_FOLDER = re.compile(r"(?:(?P<of>.+)_)?(?P<which>hr|lr)(?:_bicubic)?(?:_?x(?P<factor>\d+))?")


class Resolutions(NamedTuple):
    """Images in high and in low resolution.

    Attributes:
        hr: Images in high resolution. Sides that are not a multiple of the scale are cut at the
            right and lower edges, which tables of super-resolution call modcrop.
        lr: The same images in low resolution; None if `imresize` computes them.
        scale: The factor between the resolutions.
    """

    hr: Source
    lr: Source | None
    scale: int


def open_super_resolution(
    spec: str,
    split: str = "train",
    *,
    scale: int = 4,
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
) -> Resolutions:
    """Opens a data source for super-resolution.

    Folders may be called `HR`, or `NAME_HR` and `NAME_SPLIT_HR` as in DIV2K, in either case. They
    may lie in folders of splits or contain them. Partners have the same file name, apart from
    the ending, `_HR` or `_LR`, and the factor: `0001.png` and `0001x4.png`. Beside files called
    `*_HR`, other files are ignored. If nothing exists at this scale, the low resolution is
    computed.

    Args:
        spec: See the table above.
        split: See `open_source`, as for the arguments below.
        scale: A whole factor of at least 2.
        resolution: Side in pixels at which `figures` are drawn.
        num: Number of the embedded `figures`.
        seed: Seed of the embedded `figures`.
        on_error: "skip" leaves out a pair if either image is unreadable.
        data_dir: Where `tfds:` keeps its data.
        white: The value of white in images of more than 8 bits.
        color_profiles: "srgb" or "ignore".
        black: See `open_source`, as for `pages` and `formats`.
        pages: "first" or "channels".
        formats: "all" or "common".

    Returns:
        Both resolutions. Only a few files of a folder are read yet.

    Raises:
        InputError: If the source is misspelt, missing or empty, has no such split, or a file has no
            partner. The message says what to do.

    Example:
        >>> open_super_resolution("figures", resolution=96, num=100).hr.shape
        (96, 96, 3)
    """
    check_number("scale", scale, least=2, whole=True)
    rules = (white, color_profiles, black, pages, formats)
    opening = Opening(spec, split, resolution, num, seed, on_error, data_dir, *rules)
    if opening.kind in FOLDERS:
        hr, lr = _open_folder(opening, scale)
    elif opening.kind == "tfds":
        # TFDS takes seconds to import and may not be installed.
        from tfgan_zoo.data.readers.tfds import open_tfds_resolutions

        hr, lr = open_tfds_resolutions(opening)
    else:
        hr, lr = open_with(opening), None
    return Resolutions(_cut_to(hr, scale), lr, scale)


def _cut_to(hr: Source, scale: int) -> Source:
    if hr.holds != "images":
        raise InputError(f"{hr.spec} holds {hr.holds}, which have no resolution; use images.")
    if hr.shape is None or hr.shape[0] % scale or hr.shape[1] % scale:
        return _CutSource(hr, scale)
    return hr


def as_resolutions(opened: Any) -> Resolutions:
    """Converts what a user gives as images in two resolutions: see `super_resolution`."""
    if isinstance(opened, Resolutions):
        return opened
    if isinstance(opened, (str, os.PathLike)):
        return open_super_resolution(as_spec(opened, "opened"))
    return Resolutions(_cut_to(as_source(opened, "opened"), 4), None, 4)


class _CutSource(ViewSource):
    """Images cut to a multiple of the scale."""

    def __init__(self, source: Source, scale: int):
        def cut(image: np.ndarray) -> np.ndarray:
            height, width = image.shape[:2]
            return image[: height - height % scale, : width - width % scale]

        super().__init__(source.spec, source, cut)
        self._scale = scale

    def size(self, index: int) -> tuple[int, int]:
        """See `Source.size`."""
        width, height = self.source.size(index)
        return width - width % self._scale, height - height % self._scale


def _open_folder(opening: Opening, scale: int) -> tuple[Source, Source | None]:
    spec, name = opening.spec, opening.split_name
    on_error, rules = opening.on_error, opening.rules
    root = existing_folder(spec, opening.rest)
    folders = _folders(spec, root, scale)
    if folders:
        if name not in folders:
            raise no_split(spec, name, list(folders), "use another split")
        if "hr" not in folders[name]:
            raise InputError(
                f"{spec} has {folders[name]['lr']} in low resolution, but no such folder in high; "
                "add it, called HR."
            )
        paths = {
            which: [
                os.path.join(folder, file) for file in some_images(spec, folder, opening.formats)
            ]
            for which, folder in folders[name].items()
        }
    else:
        folder, files = images_of_split(spec, root, name, opening.formats)
        paths = {
            which: [os.path.join(folder, file) for file in files if _stem(file).endswith(ending)]
            for which, ending in (("hr", "_HR"), ("lr", "_LR"))
        }
        if not paths["hr"]:
            if paths["lr"]:
                raise InputError(
                    f"{spec} has {paths['lr'][0]}, but no files called *_HR; add them."
                )
            paths["hr"] = [os.path.join(folder, file) for file in files]
    whole = FileSource(spec, paths["hr"], on_error=on_error, rules=rules)
    whole.warn_if_dark()
    hr = part_of(whole, opening.split)
    if not paths.get("lr"):
        return hr, None
    partners = _partners(spec, paths["hr"], paths["lr"], scale)
    low = FileSource(f"{spec} (lr)", partners, on_error=on_error, rules=rules)
    return hr, part_of(low, opening.split)


def _folders(spec: str, root: str, scale: int) -> dict[str, dict[str, str]]:
    """Finds the folders of both resolutions: split -> "hr" or "lr" -> path."""
    found: dict[str, dict[str, str]] = {}
    for outer, folder in {"": root, **split_folders(root)}.items():
        for name, path in sorted(subfolders(folder).items()):
            match = _FOLDER.fullmatch(name)
            if match is None or int(match["factor"] or scale) != scale:
                continue
            factors = {key: inner for key, inner in subfolders(path).items() if key[:1] == "x"}
            if match["which"] == "lr" and factors:
                if f"x{scale}" not in factors:
                    continue
                path = factors[f"x{scale}"]
            split = outer or SPLIT_OF_FOLDER.get((match["of"] or "").rsplit("_", 1)[-1])
            splits = {split: path} if split else split_folders(path) or {"train": path}
            for split, place in splits.items():
                other = found.setdefault(split, {}).setdefault(match["which"], place)
                if other != place:
                    raise InputError(
                        f"{spec} has two folders of images for split {split!r}, {other} and "
                        f"{place}; put them into folders of their own and name one."
                    )
    return found


def _stem(file: str) -> str:
    return os.path.splitext(os.path.basename(file))[0]


def _partners(spec: str, hr: Sequence[str], lr: Sequence[str], scale: int) -> list[str]:
    """Finds the file in low resolution for each file in high resolution."""
    ending = re.compile(rf"(_HR|_LR|_?x{scale})$")

    def named(paths: Sequence[str]) -> dict[str, str]:
        folder = os.path.commonpath([os.path.dirname(path) for path in paths])
        names: dict[str, str] = {}
        for path in paths:
            stem = ending.sub("", os.path.splitext(os.path.relpath(path, folder))[0])
            twin = names.setdefault(stem, path)
            if twin != path:
                raise InputError(
                    f"{twin} and {path} have the same name but for the ending; rename one of them."
                )
        return names

    high, low = named(hr), named(lr)
    for some, others, which in ((high, low, "low"), (low, high, "high")):
        alone = [path for stem, path in some.items() if stem not in others]
        if alone:
            more = f" (and {len(alone) - 1} more)" if len(alone) > 1 else ""
            raise InputError(
                f"{spec}: {alone[0]}{more} has no partner in {which} resolution; add it, or remove "
                "the file."
            )
    return [low[stem] for stem in high]


def load_pair(opened: Resolutions, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Reads one image in both resolutions, for scoring.

    Args:
        opened: From `open_super_resolution`.
        index: 0 to `len(opened.hr) - 1`.

    Returns:
        `(lr, hr)`, uint8 `[height, width, channels]` and `[scale * height, scale * width,
        channels]`; grey images have one channel, others three.

    Raises:
        InputError: If an image cannot be read, or their sizes do not match the scale.

    Example:
        >>> opened = open_super_resolution("figures", resolution=96, num=100)
        >>> [image.shape for image in load_pair(opened, 0)]
        [(24, 24, 3), (96, 96, 3)]
    """
    lr, hr = read_pair(opened, index)
    return imresize(hr, 1 / opened.scale) if lr is None else lr, hr


def usable_pairs(
    opened: Resolutions, num: int | None = None
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yields images in both resolutions as `load_pair` does, and leaves out what it cannot read.

    Args:
        opened: From `open_super_resolution`.
        num: Number of images to look at, from the first; None for all.

    Yields:
        `(name, lr, hr)`. If the images were opened with `on_error="skip"`, unusable ones are
        missing, and a warning names the first.

    Raises:
        InputError: If an image cannot be read; with "skip", if none can.
    """
    num, errors = len(opened.hr) if num is None else num, list[InputError]()
    for index in range(num):
        try:
            lr, hr = load_pair(opened, index)
        except InputError as error:
            errors.append(error)
            if opened.hr.on_error != "skip":
                raise
            if len(errors) == 1:
                fault = without_advice(error)
                _log.warning(
                    "%s: unusable images are left out, such as: %s.", opened.hr.spec, fault
                )
            continue
        yield opened.hr.name(index), lr, hr
    if num and len(errors) == num:
        raise InputError(f"{opened.hr.spec}: no image can be used; one of them: {errors[0]}")


def read_pair(
    opened: Resolutions, index: int, channels: int | None = None
) -> tuple[np.ndarray | None, np.ndarray]:
    """Does what `load_pair` does, but returns None for a low resolution that is not stored."""
    source, partners, scale = opened
    hr, name = source.read(index), source.name(index)
    height, width = hr.shape[:2]
    if min(height, width) < scale:
        raise InputError(f"{name} has sides shorter than scale={scale}; remove it.")
    channels = channels or (1 if hr.shape[2] < 3 else 3)
    hr = with_channels(hr, channels)
    if partners is None:
        return None, hr
    lr = partners.read(index)
    if (lr.shape[0] * scale, lr.shape[1] * scale) != (height, width):
        raise InputError(
            f"{partners.name(index)} is {lr.shape[1]}x{lr.shape[0]} pixels, not the "
            f"{width // scale}x{height // scale} that belong to {name} at scale={scale}; replace "
            "it, or use another scale."
        )
    return with_channels(lr, channels), hr


# Names that were public here before this module was divided. They import TensorFlow.
__getattr__ = names_from(
    __name__, {"tfgan_zoo.data.squares": ("Cut", "hold", "preload", "super_resolution")}
)

"""Opens the masks of images."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence

import numpy as np

from tfgan_zoo.data.arrays import LOOKED_AT
from tfgan_zoo.data.readers import archives
from tfgan_zoo.data.readers.folder import list_images
from tfgan_zoo.data.source import FileSource
from tfgan_zoo.data.spec import Opening
from tfgan_zoo.errors import InputError, warn_user

#: The folder of masks.
MASKS = "masks"

#: How far the channels of a pixel may differ that is grey; JPEG rounds them.
_GREY = 16
#: The value from which on a pixel belongs to the object, and that of a border which is white.
_OBJECT, _WHITE = 128, 230


def open_masks(
    opening: Opening, root: str, table: str, lines: Mapping[str, int]
) -> FileSource | None:
    """Opens the masks of some images of a folder.

    Args:
        opening: How the folder is opened.
        root: The folder.
        table: Name of the table of the images, for messages.
        lines: The images, paths in the folder, and the line of each in the table.

    Returns:
        A mask for each image; None if the folder has none.

    Raises:
        InputError: If one is missing, there are two, it differs in size from its image, or some
            are not white where an object is.
    """
    folders = archives.folders_in(root)
    folder = folders.get(MASKS)
    if folder is None:
        _check_other_folders(folders, lines)
        return None
    known: dict[str, list[str]] = {}
    for file in list_images(folder, "all"):
        known.setdefault(os.path.splitext(file)[0], []).append(file)
    files = []
    for file, line in lines.items():
        found = known.get(os.path.splitext(file)[0], [])
        if not found:
            raise InputError(
                f"{folder}: expected a mask for each image, got none for {file}; add it, or "
                f"remove line {line} of {table}."
            )
        if len(found) > 1 and file not in found:
            raise InputError(
                f"{folder}: expected one mask for each image, got {' and '.join(found)} for "
                f"{file}; remove all but one."
            )
        files.append(file if file in found else found[0])
    images = files_of(opening, root, list(lines), opening.spec)
    masks = files_of(opening, folder, files, f"{opening.spec}, masks")
    for i in range(len(files)):
        try:
            sizes = images.size(i), masks.size(i)
        except InputError:
            if opening.on_error == "skip":
                continue
            raise
        if sizes[0] != sizes[1]:
            shown = ["x".join(map(str, size)) for size in sizes]
            raise InputError(
                f"{masks.name(i)}: expected a mask of {shown[0]} pixels, as its image has, got "
                f"{shown[1]}; make it of the same size."
            )
    _check_some(masks)
    return masks


def files_of(opening: Opening, folder: str, files: Sequence[str], spec: str) -> FileSource:
    """Returns the source of some files of a folder.

    Args:
        opening: How the folder is opened.
        folder: The folder.
        files: Paths in it.
        spec: Name for messages.
    """
    paths = [os.path.join(folder, file) for file in files]
    return FileSource(spec, paths, on_error=opening.on_error, rules=opening.rules)


def _check_other_folders(folders: Mapping[str, str], images: Mapping[str, int]) -> None:
    """Checks that the folder of masks does not go by another name."""
    for name, folder in folders.items():
        inside = any(file.startswith(name + os.sep) for file in images)
        if name.lower() in ("mask", MASKS) and not inside:
            raise InputError(f"{folder}: masks are read from a folder {MASKS!r} alone; rename it.")


def _check_some(masks: FileSource) -> None:
    """Checks a few masks, spread evenly, for being white where an object is.

    Raises:
        InputError: If one has colours or is transparent, or all are dark.
    """
    highest, whole, border = [], [], []
    for i in range(0, len(masks), max(1, len(masks) // LOOKED_AT)):
        pixels = None
        with contextlib.suppress(InputError):  # Decoding it for training raises the error.
            pixels = masks.read(i)
        if pixels is None or pixels.shape[-1] > 4:
            continue
        wrong = ""
        if pixels.shape[-1] in (2, 4):
            wrong = "" if pixels[..., -1].min() == 255 else "transparency"
            pixels = pixels[..., :-1]
        if not wrong and np.ptp(pixels, axis=-1).max() > _GREY:
            wrong = "colours"
        if wrong:
            raise InputError(
                f"{masks.name(i)}: expected a grey mask, white where the object is, got {wrong}; "
                "save it in grey."
            )
        grey = pixels[..., 0]
        highest.append(int(grey.max()))
        whole.append(grey.mean())
        edges = (grey[0], grey[-1], grey[:, 0], grey[:, -1])
        border.append(np.concatenate(edges).mean())
    if highest and max(highest) < _OBJECT:
        raise InputError(
            f"{masks.spec}: expected masks of 255 where the object is, got none above "
            f"{max(highest)}; save them with 0 and 255."
        )
    if highest and np.mean(border) > _WHITE and np.mean(whole) < np.mean(border) - 10:
        warn_user(
            f"{masks.spec}: masks are white at the border, and darker inside; if the object is "
            "black in them, invert them, as white is where the object is."
        )

"""Reads the captions of COCO: `annotations/captions_train2017.json` beside a folder of images."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from tfgan_zoo.data.readers import archives
from tfgan_zoo.data.splits import SPLIT_OF_FOLDER
from tfgan_zoo.errors import InputError

_NAME = re.compile(r"captions_((?P<split>[a-z]+)?[\w-]*)\.json", re.IGNORECASE)


class Annotations(NamedTuple):
    """A file of captions, with the name of the folder of its images, such as `train2017`."""

    path: str
    images: str


def find_annotations(spec: str, root: str) -> dict[str, Annotations]:
    """Finds the files of captions in a folder, or in its folder `annotations`, by their split.

    Args:
        spec: The source, for messages.
        root: Its folder.

    Returns:
        The file of each split; that of a name without a split is `train`.

    Raises:
        InputError: If there are two files for one split.
    """
    places = [root, *(p for n, p in archives.folders_in(root).items() if n == "annotations")]
    found: dict[str, Annotations] = {}
    for place in places:
        for name in sorted(next(archives.walk(place))[2]):
            if (match := _NAME.fullmatch(name)) is None:
                continue
            split = SPLIT_OF_FOLDER.get((match["split"] or "").lower(), "train")
            given = Annotations(os.path.join(place, name), match[1])
            if split in found:
                raise InputError(
                    f"{spec} has two files with captions of split {split!r}, {found[split].path} "
                    f"and {given.path}; move one of them away."
                )
            found[split] = given
    return found


def read_annotations(root: str, found: Annotations) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Reads a file of captions, and finds the folder of its images.

    Args:
        root: The folder of the source.
        found: The file.

    Returns:
        The folder, and the captions of each image by its name in the folder. Images without a
        caption are left out.

    Raises:
        InputError: If the file is not one of captions, or there are no images.
    """
    state = os.stat(archives.archive_of(found.path) or found.path)
    captions = _captions_of(found.path, state.st_mtime_ns)
    first = next(iter(captions))
    inside = {name.lower(): path for name, path in archives.folders_in(root).items()}
    images = inside.get("images")
    places = [inside.get(found.images.lower()), images and os.path.join(images, found.images)]
    for folder in [*filter(None, places), images, root]:
        if folder and archives.is_file(os.path.join(folder, first)):
            return folder, captions
    raise InputError(
        f"{found.path}: there is no image {first} in {os.path.join(root, found.images)}, nor in "
        f"{os.path.join(root, 'images')}; put the images there."
    )


@functools.lru_cache(maxsize=2)
def _captions_of(path: str, changed: int) -> dict[str, tuple[str, ...]]:
    """Returns the captions of each image that has any, by its name."""
    try:
        content = json.loads(archives.read_bytes(path))
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}); download it again.") from error
    images, annotations = (_rows(path, content, key) for key in ("images", "annotations"))
    captions: dict[Any, list[str]] = {}
    for number, row in enumerate(annotations, 1):
        caption = row.get("caption")
        if not isinstance(caption, str) or not caption.strip():
            raise InputError(
                f"{path}: expected a caption in number {number} of annotations, got "
                f"{str(row)[:80]}; give a captions_*.json of COCO, or remove it."
            )
        captions.setdefault(row.get("image_id"), []).append(" ".join(caption.split()))
    found = {
        os.path.normpath(str(row["file_name"])): tuple(captions.pop(row["id"]))
        for row in images
        if "file_name" in row and row.get("id") in captions
    }
    if captions or not found:
        image = next(iter(captions), None)
        raise InputError(
            f"{path}: expected the file_name of each image that has captions, got none for image "
            f"{image}; download it again."
        )
    return found


def _rows(path: str, content: Any, key: str) -> list[Mapping[str, Any]]:
    rows = content.get(key) if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}: expected a list {key}, as in COCO's captions, got none.")
    return rows

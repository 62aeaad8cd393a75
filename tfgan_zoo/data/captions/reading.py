"""Reads caption files: tables, and a .txt for each image."""

from __future__ import annotations

import contextlib
import csv
import json
import os
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo.data.captions.coco import Annotations, find_annotations, read_annotations
from tfgan_zoo.data.images import SKIP
from tfgan_zoo.data.readers import archives
from tfgan_zoo.data.readers.folder import (
    CAPTION_TABLES,
    class_names_of,
    class_of,
    existing_folder,
    images_of_split,
    list_images,
    split_folders,
)
from tfgan_zoo.data.readers.scientific import ARRAYS, ending_of
from tfgan_zoo.data.source import FileSource
from tfgan_zoo.data.spec import Opening
from tfgan_zoo.data.splits import SPLIT_OF_FOLDER, NoSplitError, no_split
from tfgan_zoo.errors import InputError, warn_user
from tfgan_zoo.progress import counted

CAPTIONS_OF_KAGGLE = "captions.txt"
"""The table of Kaggle's Flickr8k: lines `image,caption`, for the files of the folder `Images`."""

TEXT_FOLDERS = ("text", "captions")
"""Folders with a .txt for each image, if those do not lie beside the images."""

_Captions = tuple[FileSource, list[tuple[str, ...]]]


class CaptionsError(InputError):
    """There are captions, but not all of them can be used."""


@contextlib.contextmanager
def _found() -> Iterator[None]:
    """Turns an error about captions that were found into a `CaptionsError`."""
    try:
        yield
    except NoSplitError:
        raise
    except InputError as error:
        raise CaptionsError(str(error)) from error


def open_folder(opening: Opening) -> _Captions:
    """Opens the images of a whole split with their captions.

    Classes are numbered in the order of their names, for each split by itself: the splits of a
    zero-shot test share none.

    Args:
        opening: A source `folder:PATH` or `zip:PATH` and its options.

    Returns:
        The images, and one or more captions of each.

    Raises:
        InputError: As for `open_captioned`.
    """
    spec, split = opening.spec, opening.split_name
    root = existing_folder(spec, opening.rest)
    own = split_folders(root).get(split)
    for folder in filter(None, (own, root)):
        for table in (*CAPTION_TABLES, CAPTIONS_OF_KAGGLE):
            if _is_table(os.path.join(folder, table)):
                inside = os.path.relpath(own, root) if own and folder == root else None
                with _found():
                    return _from_table(opening, root, os.path.join(folder, table), inside)
    if annotations := find_annotations(spec, root):
        with _found():
            return _from_coco(opening, root, annotations)
    folder, files = images_of_split(spec, root, split, opening.formats)
    texts = {file: text for file in files if (text := _text_file(root, folder, file)) is not None}
    images = _without_features(files, texts)
    missing = [file for file in images if file not in texts]
    if missing:
        kind = CaptionsError if texts else InputError
        raise kind(
            f"{spec}: {len(missing)} of {len(images)} images have no captions, the first "
            f"{missing[0]}; put {' or '.join(CAPTION_TABLES)} into {folder}, or a .txt beside each."
        )
    with _found():
        captions = [_lines_of(texts[file], file) for file in images]
    return _from_files(opening, folder, images, captions)


def _without_features(files: Sequence[str], captioned: Container[str]) -> list[str]:
    """Returns the files that are images: beside pictures, arrays without captions are features."""
    if all(ending_of(file) in ARRAYS for file in files):
        return list(files)
    return [file for file in files if file in captioned or ending_of(file) not in ARRAYS]


def _is_table(path: str) -> bool:
    """Returns whether there is a table, and not the caption of an image `captions.jpg`."""
    if not archives.is_file(path):
        return False
    if os.path.basename(path) != CAPTIONS_OF_KAGGLE:
        return True
    columns = archives.read_bytes(path).split(b"\n", 1)[0].lower().replace(b" ", b"").strip()
    return bool({b"image", b"file"} & set(columns.removeprefix(BOM_UTF8).split(b",")))


def _from_coco(opening: Opening, root: str, annotations: Mapping[str, Annotations]) -> _Captions:
    """Opens the images that a file of COCO lists; others in their folder are not used."""
    spec, split = opening.spec, opening.split_name
    if split not in annotations:
        raise no_split(spec, split, sorted(annotations), f"add annotations/captions_{split}.json")
    folder, captions = read_annotations(root, annotations[split])
    files = sorted(captions, key=lambda file: Path(file).parts)
    present = set(list_images(folder, opening.formats))
    missing = [file for file in files if file not in present]
    if missing:
        text = (
            f"{len(missing):,} of {len(files):,} images are not in {folder}, such as {missing[0]}"
        )
        if opening.on_error != "skip":
            raise InputError(
                f"{annotations[split].path}: {text}; add them, or leave them out with {SKIP}."
            )
        warn_user(f"{annotations[split].path}: {text}; they are left out.")
        files = [file for file in files if file in present]
    return _from_files(opening, folder, files, [captions[file] for file in files], ())


def _text_file(root: str, folder: str, file: str) -> str | None:
    """Finds the .txt of an image: beside it, or in a folder that mirrors those of the images."""
    places = [folder]
    for name in TEXT_FOLDERS:
        places.append(os.path.join(folder, name))
        places.append(os.path.join(root, name, os.path.relpath(folder, root)))
    text = os.path.splitext(file)[0] + ".txt"
    found = (os.path.join(place, each) for place in places for each in (text, _below_images(text)))
    return next(filter(archives.is_file, found), None)


def _below_images(file: str) -> str:
    """Removes a first folder called `images` from a path."""
    first, _, rest = file.partition(os.sep)
    return rest if rest and first.lower() == "images" else file


def _lines_of(path: str, file: str) -> tuple[str, ...]:
    lines = tuple(line for line in read_text(path).split("\n") if line.strip())
    if not lines:
        raise InputError(
            f"{file} has no caption in {path}; write one per line, or leave the image out."
        )
    return lines


def read_text(path: str) -> str:
    """Reads a text file in UTF-8, with line ends of any system as `\\n`.

    Raises:
        InputError: If it is in another encoding; the message names the line.
    """
    data = archives.read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {number} cannot be read as UTF-8 ({error.reason}); save it as such."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_table(path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Reads the lines of a table: (number, {image, captions, class, split})."""
    text, folder = read_text(path), os.path.dirname(path)
    images = {n: p for n, p in archives.folders_in(folder).items() if n.lower() == "images"}
    for number, row in _json_lines(path, text) if path.endswith("l") else _csv_lines(path, text):
        image, captions = row.get("image") or row.get("file"), row.get("caption")
        captions = captions if isinstance(captions, list) else [captions]
        if not image or not all(isinstance(each, str) for each in (image, *captions)):
            raise InputError(
                f"{path}, line {number}: expected an image and a caption (or a list of them), got "
                f"{row!r}; correct it."
            )
        if not captions or not all(each.strip() for each in captions):
            raise InputError(
                f"{path}, line {number}: {image} has {'an empty' if captions else 'no'} caption; "
                "write one, or remove the line."
            )
        # "./birds/1.jpg" and "birds/1.jpg" are the same image.
        image = os.path.normpath(image)
        # Some tables name the files of a folder `images` without that folder.
        for name, place in images.items():
            beside = archives.is_file(os.path.join(folder, image))
            if not beside and archives.is_file(os.path.join(place, image)):
                image = os.path.join(name, image)
        yield number, {**row, "image": image, "captions": tuple(captions)}


def _json_lines(path: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # `splitlines` would also split at characters that JSON allows within a string.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number} is not JSON ({error}); correct it.") from error
        if not isinstance(row, dict):
            raise InputError(
                f"{path}, line {number}: expected an object with image and caption, got "
                f"{line[:80]}; write one per line."
            )
        yield number, row


def _csv_lines(path: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    lines = [line + "\n" for line in text.removesuffix("\n").split("\n")]
    reader = csv.reader(lines, skipinitialspace=True, strict=True)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        if "caption" not in columns or not {"image", "file"} & set(columns):
            raise InputError(
                f"{path} has columns {', '.join(columns) or 'none'}; expected a first line with "
                "image and caption."
            )
        for values in reader:
            if values and len(values) != len(columns):
                raise InputError(
                    f"{path}, line {reader.line_num} has {counted(len(values), 'value')} for "
                    f'{len(columns)} columns; put a caption that has commas between "quotes".'
                )
            if values:
                yield reader.line_num, dict(zip(columns, values, strict=True))
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num} is not CSV ({error}); correct its quotes."
        ) from error


def _from_table(opening: Opening, root: str, table: str, inside: str | None) -> _Captions:
    """Opens the images that a table lists for a split.

    Args:
        opening: The source and its options.
        root: Its folder.
        table: The file.
        inside: The folder of the split, relative to that of the table; None if the table lies in
            it, or there is none.
    """
    spec, split = opening.spec, opening.split_name
    folder = os.path.dirname(table)
    rows = list(_read_table(table))
    by_split = any(row.get("split") for _, row in rows)
    if not by_split:
        if inside is not None:
            rows = [row for row in rows if Path(row[1]["image"]).parts[0] == inside]
        elif folder == root and (split_folders(root) or split != "train"):
            have = list(split_folders(root)) or ["train, the whole folder"]
            raise no_split(spec, split, have, f"add a column split to {table}")
    known = {row["image"] for _, row in rows}
    if by_split:
        rows = _rows_of_split(spec, split, table, rows)
    captions: dict[str, tuple[str, ...]] = {}
    classes: dict[str, str] = {}
    for number, row in rows:
        file = row["image"]
        if file not in captions and not archives.is_file(os.path.join(folder, file)):
            raise InputError(
                f"{table}, line {number}: there is no image {file} in {folder}; add it, or remove "
                "the line."
            )
        captions[file] = captions.get(file, ()) + row["captions"]
        if row.get("class") not in (None, ""):
            name = str(row["class"])
            if classes.setdefault(file, name) != name:
                raise InputError(
                    f"{table}, line {number}: {file} is of class {name!r}, but of "
                    f"{classes[file]!r} before; give it one."
                )
    if not captions:
        raise InputError(f"{table} has no captions of split {split!r}; add some.")
    # A table with a column for splits lists the images of all of them.
    seen = inside if inside is not None and not by_split else "."
    found = [
        os.path.normpath(os.path.join(seen, file))
        for file in list_images(os.path.join(folder, seen), opening.formats)
    ]
    missing = [file for file in _without_features(found, known) if file not in known]
    if missing:
        raise InputError(
            f"{table}: {len(missing)} of {len(found)} images have no captions, the first "
            f"{missing[0]}; add them, or remove the images."
        )
    files = sorted(captions, key=lambda file: Path(file).parts)
    if classes and len(classes) < len(files):
        without = next(file for file in files if file not in classes)
        raise InputError(f"{table}: {without} has no class, others have; give all of them one.")
    named = [classes[file] for file in files] if classes else None
    return _from_files(opening, folder, files, [captions[f] for f in files], named, inside)


def _rows_of_split(
    spec: str, split: str, table: str, rows: Sequence[tuple[int, dict[str, Any]]]
) -> list[tuple[int, dict[str, Any]]]:
    by_split = defaultdict(list)
    for number, row in rows:
        if not row.get("split"):
            raise InputError(
                f"{table}, line {number} has no split, others have; give all of them one."
            )
        name = str(row["split"]).strip().lower()
        by_split[SPLIT_OF_FOLDER.get(name, name)].append((number, row))
    if split not in by_split:
        raise no_split(spec, split, sorted(by_split), f"see the column split of {table}")
    return by_split[split]


def _from_files(
    opening: Opening,
    folder: str,
    files: Sequence[str],
    captions: list[tuple[str, ...]],
    classes: Sequence[str] | None = None,
    inside: str | None = None,
) -> _Captions:
    """Opens files with captions; None for the names of classes takes the folders of the files."""
    if classes is None:  # They are the folders of the files.
        relative = [os.path.relpath(file, inside) if inside else file for file in files]
        relative = [_below_images(file) for file in relative]
        if class_names_of(relative):
            classes = [class_of(file) for file in relative]
    labels, names = None, []
    if classes:
        unique, labels = np.unique(classes, return_inverse=True)
        names = unique.tolist()
    paths = [os.path.join(folder, file) for file in files]
    source = FileSource(
        opening.spec,
        paths,
        on_error=opening.on_error,
        rules=opening.rules,
        labels=labels,
        class_names=names,
    )
    source.warn_if_dark()
    return source, captions

"""`folder:PATH` and `zip:PATH`: image files, their splits and their classes."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Sequence

import numpy as np

from tfgan_zoo import progress
from tfgan_zoo.data.images import EXTENSIONS, LATER_EXTENSIONS
from tfgan_zoo.data.readers import archives, listings
from tfgan_zoo.data.readers.scientific import ARRAYS, ending_of
from tfgan_zoo.data.source import FileSource, Source
from tfgan_zoo.data.spec import Opening, kind_of_path, path_advice
from tfgan_zoo.data.splits import SPLIT_FOLDERS, SPLIT_OF_FOLDER, no_split
from tfgan_zoo.errors import InputError, warn_user

_log = logging.getLogger(__name__)

CAPTION_TABLES = ("captions.jsonl", "captions.csv")
"""Files with the captions of a folder."""


def open_folder(opening: Opening) -> Source:
    """Opens the images of a split; the folders that hold them are their classes.

    Classes have the same number in every split: those of `train` come first, in the order of their
    names, then those that `train` lacks. Images are not labelled if they all lie in one folder, or
    some lie beside the folders.

    Args:
        opening: The source and its options.

    Raises:
        InputError: If there is no such folder or split, or it has no images.
    """
    spec, root = opening.spec, existing_folder(opening.spec, opening.rest)
    check_one_domain(spec, root)
    folder, files = images_of_split(spec, root, opening.split_name, opening.formats)
    known: list[str] = []
    train = split_folders(root).get("train", folder)
    if train != folder:
        known = class_names_of(list_images(train, opening.formats))
    names = class_names_of(files, known)
    extras = {}
    if not names and folder != root:
        _warn_of_others(spec, root, folder)
    if names:
        numbers = {name: number for number, name in enumerate(names)}
        labels = np.array([numbers[class_of(file)] for file in files], np.int64)
        extras = {"label": labels, "class": np.array(names)[labels]}
    beginning = os.path.join(folder, "")
    paths = [beginning + file for file in files]
    source = FileSource(spec, paths, extras, opening.on_error, opening.rules, class_names=names)
    source.warn_if_dark()
    return source


def _warn_of_others(spec: str, root: str, split: str) -> None:
    """Warns of images beside a split, as those of other classes or of a folder called train."""
    others = [
        os.path.basename(path)
        for name, path in sorted(subfolders(root).items())
        if name not in SPLIT_OF_FOLDER
        and not _is_hidden(name)
        and any(_is_image(file) for _, _, files in archives.walk(path) for file in files)
    ]
    _, _, files = next(archives.walk(root), (root, [], []))
    num = sum(map(_is_image, files))
    if not others and not num:
        return
    own = os.path.basename(split)
    places = [f"{num} beside it"] if num else []
    if others:
        shown = ", ".join(others[:3]) + ", ..." * (len(others) > 3)
        places.insert(0, f"images in {shown}")
    are = "are" if others or num > 1 else "is"
    reason = "these are classes" if others else "all should be read"
    warn_user(
        f"{spec}: only the images in {own} are read, as {own} is the name of a split. There {are} "
        f"{' and '.join(places)}, too; if {reason}, rename {own}."
    )


def check_one_domain(spec: str, root: str) -> None:
    """Raises `InputError` if a folder holds two domains."""
    if "traina" in subfolders(root):
        raise InputError(
            f"{spec} holds two domains (trainA, trainB); for one of them use "
            f"{os.path.join(spec, 'trainA')}, for both a model that translates."
        )


def class_names_of(files: Sequence[str], known: Sequence[str] = ()) -> list[str]:
    """Returns the names of the classes that files belong to, in the order of their numbers.

    Args:
        files: Paths relative to the folder of the split.
        known: Classes that come first; empty to find whether there are any.

    Returns:
        The names; empty if the files are not labelled.

    Example:
        >>> class_names_of(["cat/1.png", "ant/2.png"]), class_names_of(["1.png", "ant/2.png"])
        (['ant', 'cat'], [])
    """
    found = {class_of(file) for file in files}
    if "" in found or len(found | set(known)) < 2:
        return []
    return [*known, *sorted(found - set(known))]


def class_of(file: str) -> str:
    """Returns the first folder of a relative path, or "" for a file beside the folders."""
    first, separator, _ = file.partition(os.sep)
    return first if separator else ""


def existing_folder(spec: str, path: str) -> str:
    """Finds the folder of a source.

    Args:
        spec: The source, `folder:PATH` or `zip:PATH`.
        path: Path of the folder or archive, or of a folder in an archive: `photos.zip/train`.

    Returns:
        The path with `~` expanded. If an archive holds nothing but one folder, which is not that of
        a split, the path of that folder.

    Raises:
        InputError: If it does not exist.
    """
    root = os.path.expanduser(path)
    if spec.startswith("zip:"):
        return _folder_of_archive(spec, path, root)
    if not os.path.isdir(root):
        if os.path.exists(root):
            advice = f"is a file, not a folder; {path_advice(path)}"
            if kind_of_path(path) is None and ending_of(path) not in EXTENSIONS:
                advice = "is a file, not a folder; give the folder that holds the images"
            raise InputError(f"{spec}: {path} {advice}.")
        advice = "give the folder that holds the images"
        if "|" in path:
            first, _, second = path.partition("|")
            advice = f"for two domains, write 'folder:{first}|folder:{second}'"
        raise InputError(f"{spec}: {path} does not exist; {advice}.")
    return root


def _folder_of_archive(spec: str, path: str, root: str) -> str:
    root = root.rstrip("/")
    archive = archives.archive_of(root) or root
    if archive == root and ending_of(root) in EXTENSIONS:
        raise InputError(f"{spec}: {path} is an image, not an archive; {path_advice(path)}.")
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
        named = (*CAPTION_TABLES, "captions.txt")
        if any(ending_of(file) in EXTENSIONS or file in named for file in files):
            return root
        # The captions of images/1.png may be in 1.txt: see `data.captions`.
        texts = {os.path.splitext(file)[0] for file in files if file.endswith(".txt")}
        images = filter(_is_image, next(archives.walk(inner))[2])
        if shown[0].lower() == "images" and any(os.path.splitext(i)[0] in texts for i in images):
            return root
        root = inner


def subfolders(root: str) -> dict[str, str]:
    """Returns the folders directly in a folder: name in lower case -> path.

    Of `Train` and `train` it is the latter, in whatever order the file system has them.
    """
    return {name.lower(): path for name, path in sorted(archives.folders_in(root).items())}


def split_folders(root: str) -> dict[str, str]:
    """Returns the folders that `SPLIT_FOLDERS` names: split -> path."""
    folders = subfolders(root)
    return {
        name: folders[alias]
        for name, aliases in SPLIT_FOLDERS.items()
        for alias in reversed(aliases)
        if alias in folders
    }


def images_of_split(
    spec: str, root: str, split: str, formats: str = "all"
) -> tuple[str, list[str]]:
    """Lists the images of a split, which is a sub-folder; without any, `root` itself is `train`.

    Args:
        spec: The source, for messages.
        root: Its folder.
        split: "train", "test" or "val".
        formats: See `list_images`.

    Returns:
        `(folder, files)`, the files relative to the folder, as `list_images` returns them.

    Raises:
        InputError: If there is no such split, or it has no images.
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
    return root, some_images(spec, root, formats)


def some_images(spec: str, root: str, formats: str = "all") -> list[str]:
    """Lists the images below a folder like `list_images`; raises `InputError` if there are none."""
    relative = list_images(root, formats)
    if not relative:
        endings = ", ".join(sorted(EXTENSIONS | LATER_EXTENSIONS | ARRAYS))
        raise InputError(f"{spec} has no images in {root}; put files there that end in {endings}.")
    return relative


def list_images(root: str, formats: str = "all") -> list[str]:
    """Lists the image files below a folder, in an order that is the same on every machine.

    A file of `scientific.ARRAYS` named like a picture beside it, such as `1.npy` beside `1.png`, is
    no image: it is a mask, features, or the like of that picture.

    Hidden files and folders are omitted, and so is `__MACOSX`, which zip archives made on a Mac
    contain. Links are followed.

    Args:
        root: The folder.
        formats: "all" lists files of every format that can be read. "common" lists those of
            `EXTENSIONS` or, where there are none, of `LATER_EXTENSIONS` or, where there are none
            either, of `scientific.ARRAYS`, as earlier versions did.

    Returns:
        Paths relative to `root`, sorted.
    """
    found = list_files(root, EXTENSIONS | LATER_EXTENSIONS | ARRAYS)
    return _in_common_formats(root, found) if formats == "common" else _in_all_formats(root, found)


def list_files(root: str, endings: Collection[str], in_order: bool = True) -> list[str]:
    """Lists the files below a folder that have one of some endings; see `list_images`.

    The listing of a large folder is kept for the next time: see `listings`.

    Args:
        root: The folder.
        endings: The endings, in lower case.
        in_order: No longer needed; they are always sorted.
    """
    is_folder = os.path.isdir(root)
    listing = listings.Listing(root, endings) if is_folder else None
    if listing is not None and (kept := listing.kept()) is not None:
        return kept
    start = time.perf_counter()
    found: list[str] = []
    visited = set()
    if listing is not None:
        listing.visit(root)
    for folder, children, files in progress.bar(archives.walk(root), f"{root}", None, "folders"):
        real = os.path.realpath(folder)
        visited.add(real)
        # Sorted, as which of two ways to a folder comes first decides which of them is a way back.
        children[:] = [
            child
            for child in sorted(children)
            if not _is_hidden(child)
            # A link back up would be followed forever.
            and os.path.realpath(os.path.join(folder, child)) not in visited
        ]
        if listing is not None:
            for child in children:
                listing.visit(os.path.join(folder, child))
            listing.pass_over(folder, (file for file in files if ending_of(file) not in endings))
        inside = os.path.relpath(folder, root)
        prefix = "" if inside == os.curdir else inside + os.sep
        found += [
            prefix + file
            for file in files
            if not file.startswith(".") and ending_of(file) in endings
        ]
    found.sort(key=lambda file: file.split(os.sep))
    if listing is not None:
        listing.keep(found)
    if len(found) >= listings.LEAST:
        seconds = time.perf_counter() - start
        _log.info("%s: %d files listed in %.1f s", root, len(found), seconds)
    return found


def _in_all_formats(root: str, found: list[str]) -> list[str]:
    arrays = [file for file in found if ending_of(file) in ARRAYS]
    if not arrays or len(arrays) == len(found):
        return found
    pictures = {os.path.splitext(file)[0] for file in found if ending_of(file) not in ARRAYS}
    beside = [file for file in arrays if os.path.splitext(file)[0] in pictures]
    if beside:
        warn_user(
            f"{root}: {len(beside)} of {len(found)} files, such as {beside[0]}, are left out, as "
            "they are named like pictures beside them; if they are images, put them into a folder "
            "of their own."
        )
    left_out = set(beside)
    return [file for file in found if file not in left_out]


def _in_common_formats(root: str, found: list[str]) -> list[str]:
    # The data of runs that began with an earlier version must not change.
    for endings in (EXTENSIONS, LATER_EXTENSIONS, ARRAYS):
        listed = [file for file in found if ending_of(file) in endings]
        if listed:
            break
    if endings is EXTENSIONS and (later := [f for f in found if ending_of(f) in LATER_EXTENSIONS]):
        warn_user(
            f"{root}: {len(later)} of {len(later) + len(listed)} images, such as {later[0]}, are "
            "left out, as data.formats=common reads common formats alone where there are any."
        )
    return listed


def _is_hidden(folder: str) -> bool:
    return folder.startswith(".") or folder == "__MACOSX"


def _is_image(file: str) -> bool:
    known = EXTENSIONS | LATER_EXTENSIONS | ARRAYS
    return not file.startswith(".") and ending_of(file) in known

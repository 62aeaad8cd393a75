"""Files of label maps: which belong together, and the numbers in them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from tfgan_zoo.data.images import Bits, opened_with_bits
from tfgan_zoo.data.readers import archives
from tfgan_zoo.data.readers.folder import (
    existing_folder,
    images_of_split,
    list_images,
    some_images,
    split_folders,
    subfolders,
)
from tfgan_zoo.data.source import Source, archive_errors
from tfgan_zoo.data.spec import Opening
from tfgan_zoo.data.splits import SPLIT_FOLDERS, no_split
from tfgan_zoo.errors import InputError

#: Folders of label maps, instance maps and images, in lower case.
_FOLDERS = {
    "label": ("label", "labels", "gtfine", "annotations"),
    "inst": ("inst", "insts", "instance", "instances", "gtfine", "annotations_instance"),
    "image": ("image", "images", "img", "leftimg8bit"),
}
#: Endings of label maps and of instance maps, in lower case.
LABEL, INSTANCE = "_labelids", "_instanceids"
#: Endings of files that belong to a picture and are none.
_BESIDE = (LABEL, INSTANCE, "_labeltrainids", "_color")
#: Formats that change numbers, always or by default.
_LOSSY = ("JPEG", "MPO", "WEBP", "AVIF")
_ENDINGS = re.compile(
    r"(_(gtfine|gtcoarse|leftimg8bit|labelids|instanceids|labeltrainids|color))+$", re.IGNORECASE
)


class LabelFileSource(Source):
    """Files of label maps, and of instance maps.

    Args:
        spec: Name for messages.
        labels: The files of label maps.
        instances: A file for each; None without instances.
        num_classes: Number of classes.
        ignored: The value of pixels of no class; None if every pixel has one.
        on_error: See `Source`.
    """

    alpha = False

    def __init__(
        self,
        spec: str,
        labels: Sequence[str],
        instances: Sequence[str] | None,
        num_classes: int,
        ignored: int | None = None,
        on_error: str = "raise",
    ):
        self.spec = spec
        self.labels_at = labels
        self.instances_at = instances
        self.num_classes = num_classes
        self.ignored = ignored
        self.on_error = on_error
        self.label_channels = 1 if instances is None else 2

    def __len__(self) -> int:
        return len(self.labels_at)

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return self.labels_at[index]

    def size(self, index: int) -> tuple[int, int]:
        """See `Source.size`."""
        name = self.name(index)
        with archive_errors(name), opened_with_bits(archives.whole_file(name), name) as (image, _):
            return image.size

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`; `smallest` has no effect."""
        at = None if self.instances_at is None else self.instances_at[index]
        return read_label_map(self.name(index), at, self.num_classes, self.ignored)


def read_label_map(
    label: str,
    instance: str | None,
    num_classes: int,
    ignored: int | None = None,
    *,
    trained: bool = False,
) -> np.ndarray:
    """Reads a label map, with its instance map if there is one.

    Args:
        label: The file: values of grey, or indices of a palette, are class numbers.
        instance: The file of instances, of the same size: any values, or colours. Pixels of one
            value are of one instance in each class: files may have one value for all that is no
            object, such as sky and road.
        num_classes: Number of classes.
        ignored: The value of pixels of no class.
        trained: Whether the classes are those of a trained model, which can have no more.

    Returns:
        int16 `[H, W, 1 or 2]`.

    Raises:
        InputError: If a file cannot be read, a value is of no class, or sizes differ.
    """
    values = _numbers(label, colours=False)
    if ignored is not None:
        values = np.where(values == ignored, -1, values)
    highest, lowest = int(values.max()), int(values.min())
    if highest >= num_classes or lowest < -1:
        found = highest if highest >= num_classes else lowest
        more = f"give more classes (--config.model_args.num_classes={max(found + 1, num_classes)})"
        raise InputError(
            f"{label}: expected class numbers from 0 to {num_classes - 1}"
            f"{', those of the model' if trained else ''}, got the value {found}; "
            f"{'change the file' if trained else more}, or, if it means no class, ignored={found} "
            f"(--config.data.ignored={found})."
        )
    parts = [values]
    if instance is not None:
        numbers = _numbers(instance, colours=True)
        if numbers.shape != values.shape:
            (high, wide), (other_high, other_wide) = values.shape, numbers.shape
            raise InputError(
                f"{label} is {wide}x{high} but {instance} {other_wide}x{other_high} pixels; a "
                "label map and its instance map must have one size."
            )
        parts.append(_renumbered(numbers * (num_classes + 1) + values + 1))
    return np.stack(parts, axis=-1).astype(np.int16)


def _numbers(path: str, colours: bool) -> np.ndarray:
    """Returns the values of a file, int64 `[H, W]`."""
    with archive_errors(path), opened_with_bits(archives.whole_file(path), path) as (image, bits):
        _check_kept(image, bits, path, colours)
        image.load()
        pixels = np.asarray(image)
    if pixels.dtype.kind == "f":
        raise InputError(f"{path}: expected whole numbers, got floats; save it as PNG.")
    pixels = pixels.astype(np.int64)
    if pixels.ndim == 3 and pixels.shape[-1] in (2, 4):
        pixels = pixels[..., :-1]  # without alpha
    if pixels.ndim == 2:
        return pixels
    if colours:
        return pixels @ (256 ** np.arange(pixels.shape[-1]))
    if np.any(pixels != pixels[..., :1]):
        raise InputError(
            f"{path}: expected class numbers, in grey or as indices of a palette, got colours; "
            "convert them, or give the name of their palette, classes=cmp_facades "
            "(--config.data.classes)."
        )
    return pixels[..., 0]


def _check_kept(image: Image.Image, bits: Bits, path: str, colours: bool) -> None:
    """Raises `InputError` if Pillow would change the numbers in a file that is not loaded yet."""
    if image.format in _LOSSY:
        raise InputError(
            f"{path}: expected a format that keeps {'instance' if colours else 'class'} "
            f"numbers, got {image.format}, which changes them; save it as PNG."
        )
    if not bits.kept:
        raise InputError(
            f"{path}: expected grey of 8 or 16 bits, or colours of 8, got colours of 16, of which "
            "the upper 8 bits alone can be read; save one channel, as grey."
        )
    if colours:  # Changes that keep different numbers different do no harm.
        return
    for decoder, _, _, stored in getattr(image, "tile", None) or ():
        parts = stored if isinstance(stored, tuple) else (stored,)
        for part in map(str, parts):
            if part.startswith(("L;2", "L;4")):
                # Pillow spreads them to 0..255, as greys; some programs mean that, others do not.
                raise InputError(
                    f"{path}: expected class numbers of 8 or 16 bits, got {part[2]} bits; save it "
                    "with 8 bits."
                )
        if "L;I" in parts or (decoder.startswith("ppm") and 255 not in parts):
            raise InputError(
                f"{path}: expected class numbers as they are, got a {image.format} in which 0 or "
                "the highest value means white, so that they change as it is read; save it as PNG."
            )


def _renumbered(numbers: np.ndarray) -> np.ndarray:
    """Returns instance numbers from 0 on, in their order, as int16 holds them."""
    _, renumbered = np.unique(numbers, return_inverse=True)
    if renumbered.max() > np.iinfo(np.int16).max:
        raise InputError(
            f"instances: expected at most 32,768 in an image, got {renumbered.max() + 1:,}; check "
            "that instance maps are no photographs."
        )
    return renumbered.reshape(numbers.shape)


class LabelFiles(NamedTuple):
    """Files that belong together, at the same places."""

    labels: list[str]
    instances: list[str]
    images: list[str]


def files_of(opening: Opening, instances: bool) -> LabelFiles:
    """Finds label maps with their instance maps and images.

    Raises:
        InputError: If one is missing, with its name.
    """
    spec, split = opening.spec, opening.split_name
    root = existing_folder(spec, opening.rest)
    splits = _folders(root)
    if splits and split not in splits:
        remedy = f"add folders label and image of {split} or use another split"
        raise no_split(spec, split, list(splits), remedy)
    if splits:
        folders = splits[split]
        if "image" not in folders:
            raise InputError(
                f"{spec} has {os.path.relpath(folders['label'], root)} with label maps, but no "
                "folder image; add it."
            )
        if instances and "inst" not in folders:
            raise InputError(_no_instances(spec, "no folder inst beside that of the label maps"))
    else:
        folder, _ = images_of_split(spec, root, split, opening.formats)
        folders = dict.fromkeys(_FOLDERS, folder)
    listed = {
        role: [(folder, file) for file in some_images(spec, folder, opening.formats)]
        for role, folder in folders.items()
        if role != "inst" or instances
    }
    together = len(set(folders.values())) == 1
    labels = by_key(listed["label"], LABEL, together)
    if not labels:
        raise InputError(
            f"{spec} holds no label maps; expected folders label, inst and image, or files that "
            f"end in _labelIds.png beside the images, got neither in {folders['label']}."
        )
    pictures = by_key(
        [pair for pair in listed["image"] if not _stem(pair[1]).lower().endswith(_BESIDE)],
        "",
        False,
    )
    numbers = {}
    if instances:
        shared = folders["inst"] == folders["label"]
        numbers = by_key(listed["inst"], INSTANCE, shared)
    keys = sorted(labels)
    for key in keys:
        if key not in pictures:
            raise InputError(f"{labels[key]} has no picture of its name in {folders['image']}.")
        if instances and key not in numbers:
            raise InputError(_no_instances(labels[key], f"no instance map in {folders['inst']}"))
    return LabelFiles(
        *([each[key] for key in keys if each] for each in (labels, numbers, pictures))
    )


def holds_label_maps(opening: Opening) -> bool:
    """Returns whether a folder or an archive has label maps, of any split, and their images.

    It has if files of folders `label` and `image`, or what else `files_of` knows, share names, or
    if files end in `_labelIds`.
    """
    root = existing_folder(opening.spec, opening.rest)
    for folders in _folders(root).values():
        if "image" in folders:
            labels, images = (
                {key_of(file) for file in list_images(folders[role], opening.formats)}
                for role in ("label", "image")
            )
            return bool(labels & images)
    return any(_stem(file).lower().endswith(LABEL) for file in list_images(root, opening.formats))


def _no_instances(what: str, missing: str) -> str:
    return (
        f"{what}: expected maps of instances, which the boundaries and styles of the model come "
        f"from, got {missing}; add them, or train without both "
        "(--config.model_args.boundaries=False --config.model_args.style_size=0)."
    )


def _folders(root: str) -> dict[str, dict[str, str]]:
    """Returns the folders of label maps, instance maps and images by split, if there are any."""
    inside = subfolders(root)
    found: dict[str, dict[str, str]] = {}

    def note(split: str, role: str, folder: str) -> None:
        found.setdefault(split, {}).setdefault(role, folder)

    for role, aliases in _FOLDERS.items():
        for alias in aliases:
            if alias in inside:
                splits = split_folders(inside[alias]) or {"train": inside[alias]}
                for split, folder in splits.items():
                    note(split, role, folder)
            for split, prefixes in SPLIT_FOLDERS.items():  # train_label, as in pix2pixHD's code
                for prefix in prefixes:
                    if f"{prefix}_{alias}" in inside:
                        note(split, role, inside[f"{prefix}_{alias}"])
    for split, folder in split_folders(root).items():
        within = subfolders(folder)
        for role, aliases in _FOLDERS.items():
            for alias in aliases:
                if alias in within:
                    note(split, role, within[alias])
    return {split: folders for split, folders in found.items() if "label" in folders}


def by_key(files: Sequence[tuple[str, str]], ending: str, only: bool) -> dict[str, str]:
    """Returns paths by the name that files that belong together share.

    Args:
        files: (folder, path in it).
        ending: Of the files to take, if any ends so.
        only: Whether to take no others.
    """
    marked = [pair for pair in files if ending and _stem(pair[1]).lower().endswith(ending)]
    if not marked and not only:
        others = [e for e in _BESIDE if e != ending]
        marked = [pair for pair in files if not _stem(pair[1]).lower().endswith(tuple(others))]
    found: dict[str, str] = {}
    for folder, file in marked:
        key, path = key_of(file), os.path.join(folder, file)
        if key in found:
            raise InputError(
                f"{found[key]} and {path} have the same name but for their endings; keep one of "
                "them."
            )
        found[key] = path
    return found


def key_of(file: str) -> str:
    """Returns the path of a file without the endings that differ between files of a sample.

    Example:
        >>> key_of("ulm/a_gtFine_labelIds.png"), key_of("ulm/a_leftImg8bit.png")
        ('ulm/a', 'ulm/a')
    """
    return _ENDINGS.sub("", _stem(file))


def _stem(file: str) -> str:
    return os.path.splitext(file)[0]

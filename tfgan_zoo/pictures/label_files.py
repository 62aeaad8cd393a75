"""Files of label maps, whatever makes images of them: a model, or a server."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.data.images import decode, with_channels
from tfgan_zoo.data.label_maps import PALETTES, check_ignored, nearest_colours
from tfgan_zoo.data.readers.folder import some_images
from tfgan_zoo.data.readers.label_maps import INSTANCE, LABEL, by_key, key_of, read_label_map
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import files
from tfgan_zoo.pictures.label_maps import draw_label_maps
from tfgan_zoo.samples import NUM_STYLES


def reader(
    num_classes: int, classes: str, ignored: int | None, rules: Mapping[str, Any]
) -> Callable[[str, str | None], np.ndarray]:
    """Returns a function from the files of a label map and its instances to int16 `[H, W, C]`.

    Args:
        num_classes: Number of classes.
        classes: What the values of label files mean, one of `data.label_maps.CLASSES`.
        ignored: The value of pixels of no class.
        rules: How files of colours are decoded: arguments of `decode`.

    Raises:
        InputError: If a value is ignored, but classes have colours.
    """
    check_ignored(classes, ignored)
    if classes == "values":
        return lambda label, at: read_label_map(label, at, num_classes, ignored, trained=True)
    palette = np.array(PALETTES[classes])

    def read(label: str, at: str | None) -> np.ndarray:
        return nearest_colours(with_channels(decode(label, **rules), 3), palette)

    return read


def labels_of(planned: Mapping[Path, Path]) -> list[str]:
    """Returns the files that are label maps, without those that end in `_instanceIds` or such."""
    return list(by_key([("", str(path)) for path in planned], LABEL, only=False).values())


def check_style(style: int | None) -> None:
    """Raises `InputError` if there is no style of a number."""
    if style is not None and not 0 <= style < NUM_STYLES:
        raise InputError(f"--style: expected 0 to {NUM_STYLES - 1}, got {style}.")


def convert(
    planned: Mapping[str, Path],
    function: Callable[[np.ndarray], np.ndarray],
    read: Callable[[str, str | None], np.ndarray],
    instances: Mapping[str, str | None],
    *,
    compare: int | None = None,
    on_error: str = "raise",
) -> int:
    """Reads every label map, applies a function and writes the result.

    Args:
        planned: Results by label map.
        function: From a map, int16 `[H, W, 1 or 2]`, to an image, uint8 `[H, W, C]`.
        read: From `reader`.
        instances: The instance map of each label map, from `instances_of`.
        compare: A number of classes, to also write `NAME_compare.png`; None for no sheets.
        on_error: "raise", or "skip" to leave out maps that cannot be read, and those that a server
            refuses.

    Returns:
        The number of images written.

    Raises:
        InputError: If a map cannot be read, with "raise".
        ServerError: If the function raises it; the message names the map.
    """

    def compared(found: np.ndarray, made: np.ndarray) -> np.ndarray:
        columns = [draw_label_maps(found[np.newaxis], compare or 0), made[np.newaxis]]
        return pictures.titled_rows(["labels", "translated"], columns)

    return files.make(
        planned,
        lambda label: read(label, instances.get(label)),
        function,
        ("translated", "label maps"),
        sheet=None if compare is None else compared,
        on_error=on_error,
    )


def instances_of(labels: Sequence[str], given: str | None, needed: bool) -> dict[str, str | None]:
    """Returns the instance map of each label map.

    Args:
        labels: The files of the label maps.
        given: A file of instances, or a folder of them; None for none.
        needed: Whether the model takes instances.

    Raises:
        InputError: If the model needs none, or one is missing.
    """
    if not needed:
        if given is not None:
            raise InputError(
                f"--instances: expected none for a model without boundaries and styles, got "
                f"{given!r}."
            )
        return {}
    if given is None:
        raise InputError(
            "--instances: expected the instance maps of the label maps, which this model's "
            "boundaries and styles come from, got none; give their file or folder."
        )
    path = Path(given).expanduser()
    if path.is_file():
        if len(labels) > 1:
            raise InputError(
                f"--instances: expected a folder for {len(labels)} label maps, got {given!r}."
            )
        return dict.fromkeys(labels, str(path))
    if not path.is_dir():
        raise InputError(f"--instances: {given!r} does not exist; check the path.")
    listed = [(str(path), name) for name in some_images("--instances", str(path))]
    by_key_there = by_key(listed, INSTANCE, False)
    by_name: dict[str, list[str]] = {}
    for file in by_key_there.values():
        by_name.setdefault(_parts(file)[0], []).append(file)
    root = os.path.commonpath([os.path.dirname(label) for label in labels]) if labels else ""
    found: dict[str, str | None] = {}
    for label in labels:
        parts = _parts(label)
        named = by_name.get(parts[0], [])
        if not named:
            raise InputError(
                f"--instances: {label} has no instance map of its name in {given}; add it."
            )
        # Of several sub-folders, the one whose folders have the same names.
        alike = [_num_alike(parts, _parts(file)) for file in named]
        best = [file for file, num in zip(named, alike, strict=True) if num == max(alike)]
        same = by_key_there.get(key_of(os.path.relpath(label, root)))
        if len(best) > 1 and same not in best:
            raise InputError(
                f"--instances: {label} has several instance maps of its name, such as {best[0]} "
                f"and {best[1]}; arrange both folders alike."
            )
        found[label] = same if same in best else best[0]
    return found


def _parts(file: str) -> list[str]:
    """Returns the name of a file without endings, and its folders from the innermost out."""
    return list(Path(key_of(file)).parts)[::-1]


def _num_alike(first: list[str], second: list[str]) -> int:
    same = [a == b for a, b in zip(first, second, strict=False)]
    return same.index(False) if False in same else len(same)

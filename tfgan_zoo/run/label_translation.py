"""Files of label maps through a run's model."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures, progress
from tfgan_zoo.data.images import decode, with_channels
from tfgan_zoo.data.label_maps import PALETTES, nearest_colours
from tfgan_zoo.data.readers.folder import some_images
from tfgan_zoo.data.readers.label_maps import INSTANCE, LABEL, by_key, key_of, read_label_map
from tfgan_zoo.errors import InputError, without_advice
from tfgan_zoo.models import LabelToImage
from tfgan_zoo.models.label_to_image import NUM_STYLES
from tfgan_zoo.pictures.files import comparison
from tfgan_zoo.pictures.label_maps import draw_label_maps


class Maps(NamedTuple):
    """What belongs to label maps besides their own files; see `tfgan_zoo.translate`.

    Attributes:
        instances: A file of instances, or a folder of them.
        style: The number of a style.
        style_of: An image of which instances have the style, by class.
        style_labels: Its label map.
        style_instances: Its instance map.
    """

    instances: str | None = None
    style: int | None = None
    style_of: str | None = None
    style_labels: str | None = None
    style_instances: str | None = None


def check_has_no_maps(maps: Maps) -> None:
    """Raises `InputError` if something is given that only models of label maps take."""
    for name, value in maps._asdict().items():
        if value is not None:
            raise InputError(
                f"--{name}: expected none for a model that translates images, got {value!r}."
            )


def translate_label_maps(
    model: LabelToImage,
    data: Mapping[str, Any],
    planned: Mapping[Path, Path],
    maps: Maps,
    *,
    compare: bool = False,
    on_error: str = "raise",
) -> int:
    """Makes images from files of label maps, at their own sizes.

    Args:
        model: The run's model.
        data: The config of the data that it was trained on.
        planned: Results by label map, from `pictures.files.plan`. Files that end in
            `_instanceIds` or the like are left out.
        maps: What belongs to them.
        compare: Also write `NAME_compare.png`.
        on_error: "raise", or "skip" to leave out maps that cannot be read.

    Returns:
        The number of images written.

    Raises:
        InputError: If a map cannot be read, instances are missing, or there is no such style.
    """
    read = _reader(data, model)
    labels = by_key([("", str(path)) for path in planned], LABEL, only=False).values()
    instances = instances_of(model, list(labels), maps.instances)
    style = _style(model, maps, read)
    done = 0
    for label in progress.bar(list(labels), "translated", len(labels), "label maps"):
        result = planned[Path(label)]
        try:
            found = read(label, instances.get(label))
        except InputError as error:
            if on_error != "skip":
                raise
            progress.say(f"left out: {without_advice(error)}.")
            continue
        made = model.translate(found[np.newaxis], styles=style(found))[0]
        made = pictures.to_uint8(made)
        result.parent.mkdir(parents=True, exist_ok=True)
        if compare:
            columns = [draw_label_maps(found[np.newaxis], model.num_classes or 0), made[np.newaxis]]
            sheet = pictures.titled_rows(["labels", "translated"], columns)
            pictures.save_png(comparison(result), sheet)
        pictures.save_image(result, made)
        done += 1
    return done


def _reader(
    data: Mapping[str, Any], model: LabelToImage
) -> Callable[[str, str | None], np.ndarray]:
    """Returns a function from the files of a label map and its instances to int16 `[H, W, C]`."""
    num_classes, classes = model.num_classes or 0, data.get("classes", "values")
    if classes == "values":
        return lambda label, at: read_label_map(label, at, num_classes, data.get("ignored"))
    palette, rules = np.array(PALETTES[classes]), config_lib.decoding(data)

    def read(label: str, at: str | None) -> np.ndarray:
        return nearest_colours(with_channels(decode(label, **rules), 3), palette)

    return read


def instances_of(
    model: LabelToImage, labels: list[str], given: str | None
) -> dict[str, str | None]:
    """Returns the instance map of each label map.

    Raises:
        InputError: If the model needs none, or one is missing.
    """
    if not model.takes_instances:
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
    files = [(str(path), name) for name in some_images("--instances", str(path))]
    by_key_there = by_key(files, INSTANCE, False)
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


def _style(
    model: LabelToImage, maps: Maps, read: Callable[[str, str | None], np.ndarray]
) -> Callable[[np.ndarray], Any]:
    """Returns a function from a label map to the styles that `translate` takes.

    Raises:
        InputError: If the model has no styles, or not the one that is asked for.
    """
    wanted = [name for name in ("style", "style_of") if getattr(maps, name) is not None]
    beside = [name for name in ("style_labels", "style_instances") if getattr(maps, name)]
    if wanted and not model.style_size:
        raise InputError(
            f"--{wanted[0]}: expected a run with styles, got one of model_args.style_size=0."
        )
    if maps.style is not None and not 0 <= maps.style < NUM_STYLES:
        raise InputError(f"--style: expected 0 to {NUM_STYLES - 1}, got {maps.style}.")
    if len(wanted) == 2:
        raise InputError("--style: expected without --style_of, got both.")
    if maps.style_of is None:
        if beside:
            raise InputError(f"--{beside[0]}: expected --style_of beside it, got none.")
        if maps.style is not None and not np.any(model.styles.numpy()):
            raise InputError(
                "--style: expected a run that has ended, as its styles are found at the end, of "
                "the weights that it keeps, got none for these; leave --checkpoint out."
            )
        if model.style_size and not np.any(model.styles.numpy()):
            progress.say(
                "styles: these weights have none yet, so every instance gets zeros; they are found "
                "when a run ends."
            )
        return lambda found: maps.style
    if len(beside) < 2:
        raise InputError(
            "--style_of: expected the picture's --style_labels and --style_instances beside it."
        )
    picture = with_channels(decode(maps.style_of), model.shape_b[-1])
    own = read(str(maps.style_labels), str(maps.style_instances))
    if own.shape[:2] != picture.shape[:2]:
        raise InputError(
            f"--style_of: {maps.style_of} and {maps.style_labels} differ in size; give maps of "
            "this picture."
        )
    by_class = model.styles_by_class(picture, own)

    def of_classes(found: np.ndarray) -> np.ndarray:
        styles = by_class[np.maximum(found[..., 0], 0)]
        return np.where(found[..., :1] < 0, 0, styles)[np.newaxis].astype(np.float32)

    return of_classes

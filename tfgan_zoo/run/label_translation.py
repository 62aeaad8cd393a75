"""Files of label maps through a run's model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures, progress
from tfgan_zoo.data.images import decode, with_channels
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import LabelToImage
from tfgan_zoo.pictures import label_files


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
    labels = label_files.labels_of(planned)
    instances = label_files.instances_of(labels, maps.instances, model.takes_instances)
    style = _style(model, maps, read, config_lib.decoding(data))

    def translate(found: np.ndarray) -> np.ndarray:
        made = model.translate(found[np.newaxis], styles=style(found))[0]
        return pictures.to_uint8(made)

    return label_files.convert(
        {label: planned[Path(label)] for label in labels},
        translate,
        read,
        instances,
        compare=(model.num_classes or 0) if compare else None,
        on_error=on_error,
    )


def _reader(
    data: Mapping[str, Any], model: LabelToImage
) -> Callable[[str, str | None], np.ndarray]:
    classes = data.get("classes", "values")
    rules = {} if classes == "values" else config_lib.decoding(data)
    return label_files.reader(model.num_classes or 0, classes, data.get("ignored"), rules)


def _style(
    model: LabelToImage,
    maps: Maps,
    read: Callable[[str, str | None], np.ndarray],
    rules: Mapping[str, Any],
) -> Callable[[np.ndarray], Any]:
    """Returns a function from a label map to the styles that `translate` takes.

    Args:
        model: The run's model.
        maps: See `translate_label_maps`.
        read: Reads a label map.
        rules: How the run's images are decoded, and so a picture that gives styles.

    Raises:
        InputError: If the model has no styles, or not the one that is asked for.
    """
    wanted = [name for name in ("style", "style_of") if getattr(maps, name) is not None]
    beside = [name for name in ("style_labels", "style_instances") if getattr(maps, name)]
    if wanted and not model.style_size:
        raise InputError(
            f"--{wanted[0]}: expected a run with styles, got one of model_args.style_size=0."
        )
    label_files.check_style(maps.style)
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
    picture = with_channels(decode(maps.style_of, **rules), model.shape_b[-1])
    own = read(str(maps.style_labels), str(maps.style_instances))
    if own.shape[:2] != picture.shape[:2]:
        raise InputError(
            f"--style_of: {maps.style_of} and {maps.style_labels} differ in size; give maps of "
            "this picture."
        )
    by_class = model.styles_by_class(picture, own)
    lacking = model.num_classes != len(np.unique(own[own[..., 0] >= 0, 0]))
    if lacking and not np.any(model.styles.numpy()):
        progress.say(
            "styles: these weights have none yet, so classes that the picture lacks get zeros; "
            "they are found when a run ends."
        )

    def of_classes(found: np.ndarray) -> np.ndarray:
        styles = by_class[np.maximum(found[..., 0], 0)]
        return np.where(found[..., :1] < 0, 0, styles)[np.newaxis].astype(np.float32)

    return of_classes

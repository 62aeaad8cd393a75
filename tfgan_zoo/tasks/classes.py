"""Classes of runs that are told what to draw: their names, rows of samples, and walks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data import Source
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures.drawing import Drawing, DrawRequest
from tfgan_zoo.samples import kind_of
from tfgan_zoo.tasks.drawing import every_pair, generate


def class_names(workdir: str) -> tuple[str, ...]:
    """Returns the names of the classes that a run was trained on, by class number."""
    return tuple(config_lib.stored_config(Path(workdir))["data"].get("class_names", ()))


def numbers_of(labels: Sequence[str], names: Sequence[str]) -> list[int]:
    """Returns the numbers of classes.

    Args:
        labels: Their names, or their numbers.
        names: The names of all classes.

    Raises:
        InputError: If there is no such class.
    """
    found = []
    for label in labels:
        if label in names:
            found.append(names.index(label))
        elif label.isdecimal() and int(label) < len(names):
            found.append(int(label))
        else:
            advice = f"choose from {', '.join(names)}"
            raise InputError(
                f"--label: there is no class {label!r}{config_lib.nearest(label, names, advice)}"
            )
    return found


def rows_of(
    model: Any, labels: Sequence[int], names: Sequence[str], latents: np.ndarray
) -> Drawing:
    """Draws a row for each of some classes, all from the same latents."""
    columns = len(latents)
    given, latents = every_pair(np.array(labels), latents)
    kind = kind_of(model.image_shape)
    return Drawing(generate(model, latents, label=given), len(latents), columns, names, kind)


def drawing_of_classes(model: Any, request: DrawRequest) -> Drawing:
    """Draws the classes that a request asks for, or all in turn.

    Args:
        model: A model that is conditional on classes.
        request: The request.

    Raises:
        InputError: If there is no such class, or its images cannot be drawn that way.
    """
    names = class_names(request.workdir)
    labels = list(range(len(names))) if request.all_labels else numbers_of(request.labels, names)
    if request.interpolate and len(labels) > 1 and model.num_classes is not None:
        if request.all_labels:
            raise InputError(
                "--all_labels: expected none with --interpolate; give --label twice or more, the "
                "classes to walk between."
            )
        return walk_of_classes(model, request, labels, names)
    latents, columns = latents_of(model, request)
    if labels:
        return rows_of(model, labels, [names[i] for i in labels], latents)
    # The classes in turn, one for each image, or for each stretch of a walk.
    stretch = (columns or len(latents)) if request.interpolate else 1
    given = np.arange(len(latents)) // stretch % len(names)
    return Drawing(generate(model, latents, label=given), len(latents), columns)


def latents_of(model: Any, request: DrawRequest) -> tuple[np.ndarray, int | None]:
    """Returns the latents of a request, and how many a row has; None for a square."""
    latents = model.sample_latents(request.num_samples(), request.seed, request.truncation)
    if not request.interpolate:
        return latents, None
    if len(latents) < 2:
        raise InputError("--num: expected a whole number from 2 up with --interpolate, got 1.")
    latents = pictures.walk(latents, request.frames, request.path or "spherical", request.closed)
    return latents, None if request.closed else request.frames


def walk_of_classes(
    model: Any, request: DrawRequest, labels: Sequence[int], names: Sequence[str]
) -> Drawing:
    """Draws a row for each of the latents, which stay as they are from class to class."""
    latents = model.sample_latents(request.num_samples(), request.seed, request.truncation)
    corners = np.eye(model.num_classes, dtype=np.float32)[list(labels)]
    mixtures = pictures.walk(corners, request.frames, "linear", request.closed)
    columns = len(mixtures)
    latents, mixtures = every_pair(latents, mixtures)
    title = " -> ".join(names[i] for i in labels)
    titles = [title] * (len(latents) // columns)
    return Drawing(generate(model, latents, label=mixtures), len(latents), columns, titles)


def check_classes(source: Source, model: Any, names: Sequence[str]) -> None:
    """Checks that the classes of a run's data have the numbers that they had when it began.

    Raises:
        InputError: If a class is another one than that of the same number in `names`, or a model
            of `num_classes` would be told of one without samples.
    """
    if "label" not in model.condition:
        return
    check_same(source, names)
    found = source.class_names
    if model.num_classes is None:
        return
    counts = np.bincount(source.part("label"), minlength=len(found))
    if not counts.all():
        empty = found[int(counts.argmin())]
        raise InputError(
            f"data.source: expected samples of each of {len(found)} classes, got none of "
            f"{empty!r}; add some, or leave that class out."
        )


def check_same(source: Source, names: Sequence[str]) -> None:
    """Checks that the classes of a run's data have the numbers that they had when it began.

    The last of them may be missing.

    Raises:
        InputError: If a class is another one than that of the same number in `names`.
    """
    found = source.class_names
    if names and found != tuple(names)[: len(found)]:
        raise InputError(
            f"data.source: expected the classes {', '.join(names)}, as when the run began, got "
            f"{', '.join(found)}, which have other numbers; bring them back, or begin a new run."
        )


def check_number(config: Any, names: Sequence[str]) -> None:
    """Checks that a run's data have as many classes as its model is told of.

    Args:
        config: The run's config.
        names: The names of the data's classes.

    Raises:
        InputError: If they have more or fewer, or none.
    """
    number = config.model_args.get("num_classes")
    if number and number != len(names):
        shown = ", ".join(names[:4]) + ", ..." * (len(names) > 4)
        raise InputError(
            f"model_args.num_classes: expected {len(names)}, as {config.data.source} has the "
            f"classes {shown}, got {number}; give --config.model_args.num_classes={len(names)}."
        )


def renumbered(labels: np.ndarray, source: Source, names: Sequence[str], spec: str) -> np.ndarray:
    """Returns the numbers that the classes of other data have in a run.

    Args:
        labels: The numbers in `source`, whose classes may be some of the run's.
        source: The other data. If its classes have no names, their numbers stay.
        names: The names of the run's classes, by number; empty if they are not known.
        spec: What to call the data in a message.

    Raises:
        InputError: If the run has no such class.
    """
    known = list(names)
    others = source.class_names
    if not known or others == tuple(known[: len(others)]):
        return labels
    numbered = others == tuple(map(str, range(len(others)))) and len(others) <= len(known)
    # Folders may have numbers as names: those of 0 to 11 are sorted 0, 1, 10, 11, 2.
    if numbered and not set(others) <= set(known):
        return labels
    strange = [others[i] for i in np.unique(labels) if others[i] not in known]
    if strange:
        raise InputError(
            f"--data: expected classes of the run, {', '.join(known)}, got {strange[0]!r} in {spec}"
            "; leave it out."
        )
    return np.array([known.index(n) if n in known else -1 for n in others], np.int64)[labels]

"""Scores of upscaled images against the originals, per image and on average."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import atomic, progress
from tfgan_zoo.data.images import with_channels
from tfgan_zoo.data.imresize import imresize
from tfgan_zoo.data.resolutions import Resolutions, usable_pairs
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.registry import PAIRS as METRICS
from tfgan_zoo.pixels import to_uint8
from tfgan_zoo.suggestions import did_you_mean

BASELINES = ("bicubic", "nearest")


class Scores(NamedTuple):
    """Results of `score_images`.

    Attributes:
        metrics: Names of the metrics.
        images: Names of the images.
        values: float64, shape (images, metrics).
    """

    metrics: tuple[str, ...]
    images: tuple[str, ...]
    values: np.ndarray

    def means(self) -> dict[str, float]:
        """Returns the mean of each metric over images."""
        return dict(zip(self.metrics, map(float, self.values.mean(axis=0)), strict=True))

    def rows(self) -> list[tuple[str, Sequence[float]]]:
        """Returns the rows of a table, the mean last."""
        lines = zip(self.images, self.values, strict=True)
        return [*lines, ("mean", self.values.mean(axis=0))]


def baseline(kernel: str, scale: int) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function that upscales without learning, by `imresize`.

    Args:
        kernel: One of `BASELINES`.
        scale: Upscaling factor.
    """
    if kernel not in BASELINES:
        raise InputError(f"kernel: expected {' or '.join(BASELINES)}, got {kernel!r}.")
    return lambda image: imresize(image, scale, kernel=kernel)


def by_model(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function that upscales by a model.

    Args:
        model: An `SRGAN`. The channels of grey images are repeated for it.
    """
    channels = model.image_shape[-1]

    def upscale(image: np.ndarray) -> np.ndarray:
        return to_uint8(model.upscale(with_channels(image, channels)[np.newaxis])[0])

    return upscale


def enlarged(
    opened: Resolutions, upscale: Callable[[np.ndarray], np.ndarray]
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Upscales every image of a data source.

    Args:
        opened: Data from `open_super_resolution`.
        upscale: Function from uint8 of shape (height, width, 1 or 3) to uint8 of `opened.scale`
            times the size. If it returns colour for a grey image, the luma is taken.

    Yields:
        `(name, image, reference)`, uint8, for `score_images`.
    """
    for name, lr, hr in usable_pairs(opened):
        yield name, with_channels(upscale(lr), hr.shape[-1]), hr


def score_images(
    images: Iterable[tuple[str, np.ndarray, np.ndarray]],
    metrics: Sequence[str] = ("psnr", "ssim", "ssim_daala"),
    *,
    border: int = 4,
    channel: str = "y",
    num: int | None = None,
) -> Scores:
    """Scores images against their references.

    Args:
        images: Tuples `(name, image, reference)`, both uint8 of the same shape (height, width,
            1 or 3).
        metrics: Keys of `METRICS`.
        border: Pixels to ignore at each edge.
        channel: "y" or "rgb"; see `metrics.psnr.psnr`.
        num: Number of images, to show progress.

    Raises:
        InputError: If there is no image, an image does not fit its reference (the message names
            it), or an option is unknown.

    Example:
        >>> grey = np.full((32, 32, 1), 128, np.uint8)
        >>> score_images([("a", grey, grey + 1), ("b", grey, grey + 2)], ["psnr"]).means()
        {'psnr': 45.12...}
    """
    for metric in metrics:
        if metric not in METRICS:
            raise InputError(f"metrics: there is no {metric!r}{did_you_mean(metric, METRICS)}")
    if not metrics:
        raise InputError(f"metrics: expected some of {', '.join(METRICS)}, got none.")
    names, values = [], []
    for name, image, reference in progress.bar(images, "scored", num, "images"):
        try:
            values.append([METRICS[m](image, reference, border, channel) for m in metrics])
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
        names.append(name)
    if not names:
        raise InputError("images: expected one or more, got none.")
    return Scores(tuple(metrics), _short(names), np.array(values))


def _short(names: list[str]) -> tuple[str, ...]:
    """Removes the folder that all names share."""
    folders = [os.path.dirname(name) for name in names]
    if not all(folders) or len(set(map(os.path.isabs, folders))) > 1:
        return tuple(names)
    return tuple(os.path.relpath(name, os.path.commonpath(folders)) for name in names)


def table(scores: Scores) -> str:
    """Formats scores in columns: decibels with two digits, others with four."""
    digits = [2 if metric == "psnr" else 4 for metric in scores.metrics]
    body = [
        [name, *(f"{value:.{n}f}" for value, n in zip(values, digits, strict=True))]
        for name, values in scores.rows()
    ]
    cells = [["image", *scores.metrics], *body]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            [name.ljust(widths[0])]
            + [value.rjust(width) for value, width in zip(values, widths[1:], strict=True)]
        )
        for name, *values in cells
    ]
    return "\n".join(lines)


def write_csv(path: str | os.PathLike, scores: Scores) -> None:
    """Writes scores as comma-separated values, the mean last; complete or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.open_replacing(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", *scores.metrics])
        writer.writerows([name, *map(float, values)] for name, values in scores.rows())

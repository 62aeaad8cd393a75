"""Scores of upscaled images against the originals, per image and on average."""

import csv
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import atomic, progress
from tfgan_zoo.data.images import with_channels
from tfgan_zoo.data.imresize import imresize
from tfgan_zoo.data.resolutions import Resolutions, usable_pairs
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.checkerboard import checkerboard
from tfgan_zoo.metrics.registry import BY_NETWORK
from tfgan_zoo.metrics.registry import PAIRS as METRICS
from tfgan_zoo.pictures.ensemble import self_ensemble
from tfgan_zoo.pixels import to_uint8
from tfgan_zoo.suggestions import did_you_mean

BASELINES = ("bicubic", "nearest")

#: A score of an image against its reference, of (image, reference, border, channel).
PairMetric = Callable[..., float]


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


def at_scale(scale: int) -> dict[str, PairMetric]:
    """Returns the metrics that depend on the factor of scale, for `also` of `score_images`."""
    return {"checkerboard": functools.partial(checkerboard, period=scale)}


def baseline(kernel: str, scale: int) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function that upscales without learning, by `imresize`.

    Args:
        kernel: One of `BASELINES`.
        scale: Upscaling factor.
    """
    if kernel not in BASELINES:
        raise InputError(f"kernel: expected {' or '.join(BASELINES)}, got {kernel!r}.")
    return lambda image: imresize(image, scale, kernel=kernel)


def by_model(model: Any, ensemble: bool = False) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function that upscales by a model.

    Args:
        model: An `SRGAN`. The channels of grey images are repeated for it.
        ensemble: Whether to average over flips and turns; see `pictures.ensemble.self_ensemble`.
    """
    channels = model.image_shape[-1]

    def upscale(image: np.ndarray) -> np.ndarray:
        return model.upscale(image[np.newaxis])[0]

    function = self_ensemble(upscale) if ensemble else upscale
    return lambda image: to_uint8(function(with_channels(image, channels)))


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
    also: Mapping[str, PairMetric] | None = None,
) -> Scores:
    """Scores images against their references.

    Args:
        images: Tuples `(name, image, reference)`, both uint8 of the same shape (height, width,
            1 or 3).
        metrics: Keys of `METRICS` and of `also`.
        border: Pixels to ignore at each edge.
        channel: "y" or "rgb"; see `metrics.psnr.psnr`.
        num: Number of images, to show progress.
        also: Further metrics by name, such as "lpips", or those of `at_scale` for another scale
            than 4.

    Raises:
        InputError: If there is no image, an image does not fit its reference (the message names
            it), or an option is unknown.

    Example:
        >>> grey = np.full((32, 32, 1), 128, np.uint8)
        >>> score_images([("a", grey, grey + 1), ("b", grey, grey + 2)], ["psnr"]).means()
        {'psnr': 45.12...}
    """
    known = {**METRICS, **(also or {})}
    for metric in metrics:
        if metric in BY_NETWORK and metric not in known:
            raise InputError(f"also: expected a function for {metric}, got none.")
        if metric not in known:
            raise InputError(f"metrics: there is no {metric!r}{did_you_mean(metric, known)}")
    if not metrics:
        raise InputError(f"metrics: expected some of {', '.join(known)}, got none.")
    names, values = [], []
    for name, image, reference in progress.bar(images, "scored", num, "images"):
        try:
            values.append([known[m](image, reference, border, channel) for m in metrics])
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
        names.append(name)
    if not names:
        raise InputError("images: expected one or more, got none.")
    return Scores(tuple(metrics), _short(names), np.array(values))


def score_targets(
    metrics: Sequence[str],
    images: np.ndarray,
    targets: np.ndarray,
    also: Mapping[str, PairMetric] | None = None,
) -> dict[str, float]:
    """Scores translations against their targets: whole images, in all channels.

    Args:
        metrics: Any of "mae", the mean difference as a share of 255; "l1", the same of values in
            [-1, 1], as in pix2pix's loss; "psnr" and "ssim", means over images; keys of `also`.
            In the mean, the infinite PSNR of an image that equals its target, as a blank one may,
            counts as that of one value off by one level, unless all images do.
        images: uint8, shape [B, H, W, 1 or 3].
        targets: uint8 of the same shape.
        also: See `score_images`.

    Returns:
        The scores by name.

    Example:
        >>> white = np.full((1, 16, 16, 3), 255, np.uint8)
        >>> score_targets(["mae", "l1", "psnr"], white - 51, white)
        {'mae': 0.2, 'l1': 0.4, 'psnr': 13.97...}
    """
    differences = {"mae", "l1"} & set(metrics)
    mae = mean_absolute_error(images, targets) if differences else 0.0
    found = {"mae": mae, "l1": 2 * mae}
    if of_pairs := [name for name in metrics if name not in found]:
        pairs = ((str(i), *pair) for i, pair in enumerate(zip(images, targets, strict=True)))
        scores = score_images(pairs, of_pairs, border=0, channel="rgb", num=len(images), also=also)
        found |= scores.means()
        if found.get("psnr") == np.inf:
            ratios = scores.values[:, scores.metrics.index("psnr")]
            least = 10 * np.log10(255.0**2 * np.prod(images.shape[1:]))
            if not np.isinf(ratios).all():
                found["psnr"] = float(np.where(np.isinf(ratios), least, ratios).mean())
    return {name: found[name] for name in metrics}


def mean_absolute_error(images: np.ndarray, wanted: np.ndarray) -> float:
    """Returns the mean difference of uint8 images, as a share of 255."""
    return float(np.abs(images.astype(np.float32) - wanted).mean() / 255)


def _short(names: list[str]) -> tuple[str, ...]:
    """Removes the folder that all names share."""
    folders = [os.path.dirname(name) for name in names]
    if not all(folders) or len(set(map(os.path.isabs, folders))) > 1:
        return tuple(names)
    return tuple(os.path.relpath(name, os.path.commonpath(folders)) for name in names)


def table(scores: Scores) -> str:
    """Formats scores in columns: decibels with two digits, others with four."""
    digits = [2 if metric in ("psnr", "checkerboard") else 4 for metric in scores.metrics]
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

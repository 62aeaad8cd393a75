"""Scores of every image of a data source, downscaled and upscaled again. Needs no TensorFlow."""

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import atomic, progress
from tfgan_zoo.data.resolutions import open_super_resolution
from tfgan_zoo.data.splits import open_or_stand_in, splits_of_another
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.pairs import (
    BASELINES,
    METRICS,
    PairMetric,
    Scores,
    at_scale,
    baseline,
    enlarged,
    score_images,
)
from tfgan_zoo.metrics.registry import BY_NETWORK
from tfgan_zoo.suggestions import did_you_mean


class PairsRequest(NamedTuple):
    """A request to score upscaled images.

    Attributes:
        metrics: Keys of `evaluation.METRICS`, and "lpips".
        source: A data source; None for the run's.
        split: A split of the source; None for the run's, or "train" without a run.
        data_dir: Where `tfds:` keeps its data.
        scale: The factor of scale; None for the run's, or 4 without a run.
        resolution: The side of a run's images; None without a run.
        channel: "y" for luma, or "rgb".
        border: Pixels to leave out at each edge; None for `scale`.
        lpips_backbone: For "lpips", see `metrics.lpips_distance`.
        lpips_heads: For "lpips", see `metrics.lpips_distance`.
    """

    metrics: Sequence[str] = ("psnr", "ssim", "ssim_daala")
    source: str | None = None
    split: str | None = None
    data_dir: str | None = None
    scale: int | None = None
    resolution: int | None = None
    channel: str = "y"
    border: int | None = None
    lpips_backbone: str | os.PathLike | None = None
    lpips_heads: str | os.PathLike | None = None

    def check(self) -> None:
        """Checks what does not depend on a run.

        Raises:
            InputError: If a number is out of range, or a metric is not known.
        """
        for flag, value, least in (("scale", self.scale or 4, 2), ("border", self.border or 0, 0)):
            if value < least:
                raise InputError(f"--{flag}: expected a whole number from {least} up, got {value}.")
        for metric in self.metrics:
            known = (*METRICS, *BY_NETWORK)
            if metric not in known:
                hint = did_you_mean(metric, known)
                raise InputError(f"--metrics: there is no {metric!r}{hint}")

    def opened(self) -> dict[str, PairMetric]:
        """Returns the metrics that files of networks are needed for, and says what they are.

        Raises:
            InputError: If a file is missing, or does not fit.
        """
        if "lpips" not in self.metrics:
            return {}
        from tfgan_zoo.metrics.lpips import open_lpips  # imports TensorFlow

        lpips = open_lpips(self.lpips_backbone, self.lpips_heads, "--")
        progress.say(lpips.describe())
        return {"lpips": lpips.of_pair}


def score_baseline(kernel: str, request: PairsRequest) -> Scores:
    """Scores images that `imresize` upscales.

    Args:
        kernel: One of `evaluation.BASELINES`.
        request: The request, with a source.
    """
    return score_source(request, baseline(kernel, request.scale or 4), also=request.opened())


def score_source(
    request: PairsRequest,
    upscale: Callable[[np.ndarray], np.ndarray],
    others: Iterable[tuple[str, str]] | None = None,
    also: Mapping[str, PairMetric] | None = None,
    **rules: Any,
) -> Scores:
    """Scores the images of a source that a function upscales.

    Args:
        request: The request, with a source.
        upscale: The function; see `evaluation.enlarged`.
        others: Splits to use where that of the request is missing; see `open_or_stand_in`.
        also: Further metrics, see `evaluation.score_images`.
        **rules: How images are decoded; see `open_super_resolution`.
    """
    assert request.source is not None
    scale = request.scale or 4
    split = request.split or "train"
    opened, _, _ = open_or_stand_in(
        functools.partial(
            open_super_resolution,
            request.source,
            scale=scale,
            resolution=request.resolution,
            data_dir=request.data_dir,
            **rules,
        ),
        split,
        splits_of_another(split) if others is None else others,
    )
    return score_images(
        enlarged(opened, upscale),
        request.metrics,
        border=scale if request.border is None else request.border,
        channel=request.channel,
        num=len(opened.hr),
        also={**at_scale(scale), **(also or {})},
    )


def check_baseline(kernel: str, source: str | None) -> None:
    """Raises `InputError` unless there is such a baseline, and a source to upscale."""
    if source is None:
        raise InputError("--data: expected a data source whose images to enlarge, got none.")
    if kernel not in BASELINES:
        raise InputError(f"--baseline: expected {' or '.join(BASELINES)}, got {kernel!r}.")


def check_table(output: str, overwrite: bool) -> None:
    """Raises `InputError` unless a table can be written to a file."""
    path = Path(output)
    if path.suffix.lower() != ".csv":
        raise InputError(f"--output: expected a .csv, got {output!r}.")
    atomic.check_output(path)
    if path.exists() and not overwrite:
        raise InputError(f"--output: {output!r} exists; add --overwrite to replace it.")

"""Scores the images or voxels of one data source against those of another, without a run."""

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import progress
from tfgan_zoo.data import Fit, Source, open_source, parse_spec
from tfgan_zoo.data.images import BLACK, SKIP, WHITE
from tfgan_zoo.data.loading import Fitting
from tfgan_zoo.data.readers.voxels import are_voxels
from tfgan_zoo.data.spec import DRAWN
from tfgan_zoo.data.voxels import THRESHOLD, VoxelFit, VoxelRules
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import distributions
from tfgan_zoo.metrics.classes import Classes
from tfgan_zoo.metrics.features import open_auto
from tfgan_zoo.metrics.solids import solid_scores
from tfgan_zoo.run.evaluation import (
    Evaluation,
    conditions,
    notes_on,
    notes_on_classes,
    protocol_of_classes,
)
from tfgan_zoo.tasks.comparison import Subset, choose, image_batches, reference
from tfgan_zoo.tasks.requests import DEFAULT_METRICS, Request


class SourcesRequest(NamedTuple):
    """A request to score the images of one data source against those of another.

    Attributes:
        real: The data source of the real images.
        fake: The data source of the generated images.
        metrics: Keys of `evaluation.distributions.METRICS`; of voxels, "swd" and "solids".
        split: The split of the real images.
        fake_split: The split of the generated images.
        image_size: The side to which the central squares of all images are resized, or the longest
            side of voxels. None takes them as they are; they must be squares, or cubes, of one size
            then.
        num: The most images to use of each source.
        features: A key of `metrics.features.FEATURES`, or "auto" for those that fit `real`.
        inception: The file of Inception-v3; None to download it.
        data_dir: Where `tfds:` keeps its data.
        white: The value of white in images of more than 8 bits; see `open_source`.
        black: The value of black, likewise.
    """

    real: str
    fake: str
    metrics: Sequence[str] = DEFAULT_METRICS
    split: str = "train"
    fake_split: str = "train"
    image_size: int | None = None
    num: int = 10_000
    features: str = "auto"
    inception: str | None = None
    data_dir: str | None = None
    white: float | None = None
    black: float | None = None


class _Side(NamedTuple):
    """Some images of a source, and the smallest and largest (width, height) among them.

    Of voxels these are (depth, height, width).
    """

    source: Source
    chosen: np.ndarray
    smallest: tuple[int, ...]
    largest: tuple[int, ...]

    @property
    def images(self) -> Source:
        return Subset(self.source, self.chosen)

    def sizes(self) -> str:
        least, most = ("x".join(map(str, size)) for size in (self.smallest, self.largest))
        return least if least == most else f"{least} to {most}"


def default_metrics(request: SourcesRequest) -> Sequence[str]:
    """Returns the metrics of a command that names neither metrics nor features."""
    voxels = any(map(are_voxels, (request.real, request.fake)))
    return ["swd"] if voxels else DEFAULT_METRICS


def evaluate_sources(request: SourcesRequest) -> Evaluation:
    """Scores the images or voxels of one data source against those of another.

    Args:
        request: What to score.

    Returns:
        The scores with their protocol.

    Raises:
        InputError: If part of the request is impossible; before any features are computed.
    """
    try:
        return _evaluate(request)
    except InputError as error:
        # The options belong to configs.
        text = str(error).replace(f", or skip such files with {SKIP}", "")
        text = text.replace(WHITE, "--white").replace(BLACK, "--black")
        text = text.replace(f"give the lowest value of a full voxel as {THRESHOLD}", "save these")
        raise InputError(text) from error


def _evaluate(request: SourcesRequest) -> Evaluation:
    start = time.monotonic()
    distributions.check_metrics(request.metrics, ("solids",))
    own = [name for name in request.metrics if name != "solids"]
    for flag, value, least in (("image_size", request.image_size, 1), ("num", request.num, 1)):
        if value is not None and value < least:
            raise InputError(f"--{flag}: expected a whole number from {least} up, got {value}.")
    voxels = _reads_voxels(request)
    real = _side("--real", request.real, request.split, request, voxels)
    fake = _side("--fake", request.fake, request.fake_split, request, voxels)
    fitting: Fitting = (_fit_voxels if voxels else _fit)(real, fake, request.image_size)
    for flag, side in (("--real", real), ("--fake", fake)):
        distributions.check_enough(own, flag, len(side.chosen), fitting.shape[:2])
    features = None
    if distributions.need_features(request.metrics):
        features = open_auto(request.features, request.real, request.inception)
    classes = None
    if distributions.by_class(request.metrics):
        classes = _classes(real, fake)
        distributions.check_classes(request.metrics, "--num", features, classes)
    compared, generated = (
        reference(side.source, side.chosen, fitting, Request(source=spec, split=split))
        for side, spec, split in (
            (real, request.real, request.split),
            (fake, request.fake, request.fake_split),
        )
    )

    def batches() -> Iterator[np.ndarray]:
        yield from image_batches(fake.images, fitting)

    scores, statistics = distributions.compare(
        request.metrics,
        batches(),
        compared,
        features,
        num=generated.num,
        also={"solids": solid_scores} if voxels else None,
        classes=classes,
    )
    what, unit, side_of = ("Voxels", "voxels", 3) if voxels else ("Central squares", "pixels", 2)
    size = fitting.shape[0]
    notes = [
        f"{what} of {spec}, {side.sizes()} {unit}, were resized to {size}."
        for side, spec in ((real, request.real), (fake, request.fake))
        if {side.smallest, side.largest} != {(size,) * side_of}
    ]
    notes += notes_on(request.metrics, features, generated.num, compared.num, statistics)
    notes += notes_on_classes(request.metrics, features, classes, scores.by_class)
    window = {"white": request.white, "black": request.black}
    protocol: dict[str, Any] = {
        **{name: value for name, value in window.items() if value is not None},
        "samples": generated.num,
        "fake": dict(generated.what),
        "reference": {**compared.what, "sha256": str(statistics["sha256"])},
        **protocol_of_classes(scores),
        **conditions(features, start, notes),
    }
    return Evaluation(scores, protocol)


def _reads_voxels(request: SourcesRequest) -> bool:
    """Returns whether the sources are read as voxels, which one of them says, or a metric.

    Raises:
        InputError: If a metric or an option is for images alone.
    """
    if "solids" not in request.metrics and not any(map(are_voxels, (request.real, request.fake))):
        return False
    for name in request.metrics:
        if name not in ("swd", "solids"):
            raise InputError(
                f"--metrics: expected swd or solids for voxels, got {name}; add --metrics=swd."
            )
    for flag, value in (("white", request.white), ("black", request.black)):
        if value is not None:
            raise InputError(f"--{flag}: is for images, not for voxels; leave it out.")
    return True


def _side(flag: str, spec: str, split: str, request: SourcesRequest, voxels: bool) -> _Side:
    """Opens a source, chooses images of it, and reads their sizes from their headers."""
    kind, _ = parse_spec(spec)
    drawn = request.image_size if kind in DRAWN else None
    source = open_source(
        spec,
        split,
        resolution=drawn,
        data_dir=request.data_dir,
        white=request.white,
        black=request.black,
        voxels=VoxelRules(resolution=request.image_size or 32) if voxels else None,
    )
    if source.holds != ("voxels" if voxels else "images"):
        advice = "; call the array `voxels`." if source.holds == "voxels" else "."
        raise InputError(f"{flag}: {spec} holds {source.holds}; expected images{advice}")
    chosen = choose(len(source), request.num)
    sizes: set[tuple[int, ...]]
    if voxels and source.shape is not None:
        sizes = {source.shape[:3]}
    elif voxels:
        shown = progress.bar(chosen, f"sizes, {spec}", len(chosen), "objects")
        sizes = {source.read(int(index)).shape[:3] for index in shown}
    elif source.shape is not None:
        height, width = source.shape[:2]
        sizes = {(width, height)}
    else:
        shown = progress.bar(chosen, f"sizes, {spec}", len(chosen), "images")
        sizes = {source.size(int(index)) for index in shown}
    by_area = sorted(sizes, key=lambda size: (math.prod(size), size))
    return _Side(source, chosen, by_area[0], by_area[-1])


def _classes(real: _Side, fake: _Side) -> Classes:
    """Returns the classes of the images of both sources, which are matched by name.

    Raises:
        InputError: If one has no classes, or the generated images have one of their own.
    """
    labels = []
    for flag, side in (("--real", real), ("--fake", fake)):
        if side.source.labels is None:
            raise InputError(
                f"{flag}: expected labelled images for --metrics that compare class by class, such "
                f"as a folder for each class; {side.source.spec} has no labels."
            )
        labels.append(side.source.labels[side.chosen])
    names, others = real.source.class_names, fake.source.class_names
    strange = [others[i] for i in np.unique(labels[1]) if others[i] not in names]
    if strange:
        raise InputError(
            f"--fake: expected the classes of --real, {', '.join(names)}, got {strange[0]!r}."
        )
    numbers = np.array([names.index(name) if name in names else -1 for name in others])
    return Classes(names, labels[0], numbers[labels[1]])


def _fit_voxels(real: _Side, fake: _Side, image_size: int | None) -> VoxelFit:
    """Returns how the voxels of both sources become cubes of one size."""
    sides = {
        side for each in (real, fake) for size in (each.smallest, each.largest) for side in size
    }
    if image_size is None and len(sides) > 1:
        raise InputError(
            f"--image_size: expected a number, as the voxels are not cubes of one size (--real: "
            f"{real.sizes()}, --fake: {fake.sizes()}); --image_size={min(sides)} resizes them."
        )
    return VoxelFit(image_size or sides.pop())


def _fit(real: _Side, fake: _Side, image_size: int | None) -> Fit:
    """Returns how the images of both sources become one size, and grey only if all are grey."""
    shapes = [side.source.shape for side in (real, fake)]
    grey = all(shape is not None and shape[2] <= 2 for shape in shapes)
    if image_size is None:
        sizes = {size for side in (real, fake) for size in (side.smallest, side.largest)}
        width, height = min(sizes)
        if len(sizes) > 1 or width != height:
            side = min(min(size) for size in sizes)
            raise InputError(
                f"--image_size: expected a number, as the images are not squares of one size "
                f"(--real: {real.sizes()}, --fake: {fake.sizes()}); --image_size={side} resizes "
                "the central square of each."
            )
        image_size = width
    return Fit(image_size, 1 if grey else 3)

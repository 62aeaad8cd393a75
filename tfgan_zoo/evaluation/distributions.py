"""Scores of images against other images of their kind: of two distributions, by samples of each.

Images come in batches and are let go; what is kept of them is what the metrics need.
"""

import hashlib
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import atomic, progress
from tfgan_zoo.downloads import cache_folder
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import metric_name
from tfgan_zoo.metrics.divergence import reverse_kl
from tfgan_zoo.metrics.diversity import ms_ssim_diversity
from tfgan_zoo.metrics.familiarity import (
    familiarity_of,
    unfamiliar_message,
    warn_if_unfamiliar,
)
from tfgan_zoo.metrics.features import Features, as_bytes
from tfgan_zoo.metrics.features.base import check_floats
from tfgan_zoo.metrics.frechet import frechet_distance
from tfgan_zoo.metrics.inception_score import inception_score_from_logits
from tfgan_zoo.metrics.kid import kernel_distance
from tfgan_zoo.metrics.precision_recall import density_coverage, improved_precision_recall
from tfgan_zoo.metrics.sliced_wasserstein import directions, projected_distance
from tfgan_zoo.pixels import to_unit_range
from tfgan_zoo.suggestions import did_you_mean

#: What is kept of samples, by name; see `collect`.
Parts = dict[str, np.ndarray]

_IN_FEATURES = {"moments", "features", "logits"}
_SAMPLE = 2000  # images kept for scores of pairs of them
_PROJECTIONS = 256


class Metric(NamedTuple):
    """A score of generated images.

    Attributes:
        score: from what was kept of (real, generated), named numbers.
        parts: what is to be kept of both.
        main: which number tells a better model.
        others: the other numbers that `score` returns.
        sign: 1 if a higher one is better, -1 if a lower.
        in_features: whether it depends on features, after which its numbers are then named.
        least: how many images it takes at least, of either kind.
        least_side: how many pixels each side of them must have.
    """

    score: Callable[[Parts, Parts], Mapping[str, float]]
    parts: tuple[str, ...]
    main: str
    sign: int
    others: tuple[str, ...] = ()
    in_features: bool = True
    least: int = 1
    least_side: int = 1


def _fid(real: Parts, made: Parts) -> dict[str, float]:
    moments = (each[name] for each in (real, made) for name in ("mean", "covariance"))
    return {"fid": frechet_distance(*moments)}


def _kid(real: Parts, made: Parts) -> dict[str, float]:
    # Subsets of all would all be the same, and not spread.
    size = min(1000, min(len(real["features"]), len(made["features"])) // 2)
    mean, std = kernel_distance(real["features"], made["features"], subset_size=size)
    return {"kid": mean, "kid_std": std}


def _inception_score(real: Parts, made: Parts) -> dict[str, float]:
    mean, std = inception_score_from_logits(made["logits"])
    return {"inception_score": mean, "inception_score_std": std}


def _precision_recall(real: Parts, made: Parts) -> dict[str, float]:
    values = improved_precision_recall(real["features"], made["features"])
    return dict(zip(("precision", "recall"), values, strict=True))


def _density_coverage(real: Parts, made: Parts) -> dict[str, float]:
    values = density_coverage(real["features"], made["features"])
    return dict(zip(("density", "coverage"), values, strict=True))


def _modes(real: Parts, made: Parts) -> dict[str, float]:
    """Of the classes that the classifier sees in the real images."""
    classes, labels = np.unique(real["logits"].argmax(axis=1)), made["logits"].argmax(axis=1)
    seen = np.searchsorted(classes, labels[np.isin(labels, classes)])
    counts = np.bincount(seen, minlength=len(classes))
    return {
        "modes": float(np.count_nonzero(counts)),
        "modes_of": float(len(classes)),
        "reverse_kl": reverse_kl(counts),
    }


def _ms_ssim_diversity(real: Parts, made: Parts) -> dict[str, float]:
    return {
        "ms_ssim_diversity": ms_ssim_diversity(made["sample"]),
        "ms_ssim_diversity_of_data": ms_ssim_diversity(real["sample"]),
    }


def _swd(real: Parts, made: Parts) -> dict[str, float]:
    return {"swd": projected_distance(made["projections"], real["projections"])}


METRICS: dict[str, Metric] = {
    "fid": Metric(_fid, ("moments",), "fid", -1, least=2),
    # Two samples in each half.
    "kid": Metric(_kid, ("features",), "kid", -1, ("kid_std",), least=4),
    # One in each of ten splits.
    "inception_score": Metric(
        _inception_score, ("logits",), "inception_score", 1, ("inception_score_std",), least=10
    ),
    # Others than a sample itself, up to the third neighbour and to the fifth.
    "precision_recall": Metric(
        _precision_recall, ("features",), "precision", 1, ("recall",), least=4
    ),
    "density_coverage": Metric(
        _density_coverage, ("features",), "coverage", 1, ("density",), least=6
    ),
    "modes": Metric(_modes, ("logits",), "modes", 1, ("modes_of", "reverse_kl")),
    "ms_ssim_diversity": Metric(
        _ms_ssim_diversity,
        ("sample",),
        "ms_ssim_diversity",
        -1,
        ("ms_ssim_diversity_of_data",),
        in_features=False,
        least=2,
        least_side=11,
    ),
    "swd": Metric(_swd, ("projections",), "swd", -1, in_features=False),
}


class Reference(NamedTuple):
    """Images to be held against.

    Attributes:
        what: the protocol's words for them: source, split and the like.
        batches: returns them, uint8 (num, height, width, 1 or 3) each, from the start at each call.
        num: how many there are.
    """

    what: Mapping[str, Any]
    batches: Callable[[], Iterable[np.ndarray]]
    num: int


def check_metrics(metrics: Sequence[str], others: Collection[str] = ()) -> None:
    """Checks names of metrics.

    Args:
        metrics: of `METRICS`, or of `others`.
        others: what else there is.

    Raises:
        InputError: if one is not known, which names the nearest, or there is none.
    """
    known = [*METRICS, *others]
    for name in metrics:
        if name not in known:
            raise InputError(f"metrics: there is no {name!r}{did_you_mean(name, known)}")
    if not metrics:
        raise InputError(f"metrics: expected some of {', '.join(known)}, got none.")


def check_enough(
    metrics: Iterable[str], argument: str, num: int, sides: Sequence[int] | None = None
) -> None:
    """Checks that there are as many images as metrics take, and large enough ones.

    Args:
        metrics: of `METRICS`.
        argument: what the message is to begin with.
        num: how many images there are, or will be.
        sides: their height and width; None where these are not known.

    Raises:
        InputError: if there are too few, or they are too small.
    """
    for name in metrics:
        least, side = METRICS[name].least, METRICS[name].least_side
        if num < least:
            raise InputError(f"{argument}: expected {least} images or more for {name}, got {num}.")
        if sides is not None and min(sides) < side:
            raise InputError(
                f"{argument}: expected images of {side}x{side} pixels or more for {name}, got "
                f"{sides[1]}x{sides[0]}."
            )


def need_features(metrics: Iterable[str]) -> bool:
    """Returns whether one of some metrics is in features."""
    return any(name in METRICS and METRICS[name].in_features for name in metrics)


def main_score(metric: str, features: Features | None) -> tuple[str, int]:
    """Returns which number of a metric tells a better model, and 1 if a higher one is better."""
    known = METRICS[metric]
    in_features = features is not None and known.in_features
    return metric_name(known.main, features) if in_features else known.main, known.sign


def score(
    metrics: Iterable[str], features: Features | None, real: Parts, made: Parts
) -> dict[str, float]:
    """Scores what was kept of generated images against what was of real ones.

    Args:
        metrics: of `METRICS`.
        features: what both were collected with; None if no metric is in features.
        real: from `collect`, of the same metrics' `parts_of`.
        made: the same of generated images.

    Returns:
        The numbers, those in other features than Inception's with the features' name.
    """
    found: dict[str, float] = {}
    for name in metrics:
        in_features = features is not None and METRICS[name].in_features
        for key, value in METRICS[name].score(real, made).items():
            found[metric_name(key, features) if in_features else key] = float(value)
    return found


def score_made(
    metrics: Sequence[str], features: Features | None, real: Parts, made: np.ndarray
) -> dict[str, float]:
    """Scores images of a model in training, which a bad score does not end.

    Args:
        metrics: of `METRICS`.
        features: what both are compared in; None if no metric is in features.
        real: from `collect`, of the same metrics' `parts_of`.
        made: images, uint8 or floats in [-1, 1], shape (num, height, width, 1 or 3).

    Returns:
        As `score`; all NaN, with a warning, where the numbers cannot be those of images, because
        some are not finite or all are as if from 0 to 255.
    """
    made = np.asarray(made)
    try:
        check_floats(made)
    except InputError as error:
        warnings.warn(f"{error} They are scored NaN.", stacklevel=2)
        return dict.fromkeys(_names(metrics, features), np.nan)
    kept = collect([made], parts_of(metrics, features), features)
    return score(metrics, features, real, kept)


def _names(metrics: Iterable[str], features: Features | None) -> list[str]:
    """Of all numbers that `score` returns."""
    found = []
    for name in metrics:
        known = METRICS[name]
        in_features = features is not None and known.in_features
        for key in (known.main, *known.others):
            found.append(metric_name(key, features) if in_features else key)
    return found


def parts_of(metrics: Iterable[str], features: Features | None = None) -> set[str]:
    """Returns what has to be kept of images for some metrics.

    Raises:
        InputError: if one needs logits, and the features have none.
    """
    parts: set[str] = set()
    for name in metrics:
        parts |= set(METRICS[name].parts)
        if "logits" in METRICS[name].parts and features is not None and not features.classes:
            raise InputError(
                f"metrics: {name} needs the logits of a classifier, and {features.name} has none."
            )
    return parts


# ---------------------------------------------------------------------- of images, what is kept


def collect(
    batches: Iterable[np.ndarray], parts: Collection[str], features: Features | None = None
) -> Parts:
    """Goes through images once, and keeps what is asked for.

    Args:
        batches: images, uint8 or floats in [-1, 1], shape (num, height, width, 1 or 3).
        parts: any of "moments" (of features: `mean` and `covariance`, float64), "features",
            "logits", "projections" (of pixels, as `sliced_wasserstein` has them), "images" (uint8,
            all of them), "sample" (2,000 of them at random, always the same places; data may be
            sorted).
        features: for the first three.

    Returns:
        Arrays by these names; and with features that know their training images, "distances", how
        far each image is from those.

    Raises:
        InputError: if there is no image, some are not finite or not in [-1, 1], or features cannot
            be computed of such images.
    """
    kept: dict[str, list[np.ndarray]] = {part: [] for part in parts if part != "moments"}
    moments = _Moments() if "moments" in parts else None
    known = familiarity_of(features)
    if known is not None and _IN_FEATURES & set(parts):
        kept["distances"] = []
    random = np.random.default_rng(0)
    onto, num = None, 0
    for batch in batches:
        images = as_bytes(batch)
        if not len(images):
            continue
        if "sample" in kept:
            _sample(kept["sample"], images, num, random)
        num += len(images)
        if features is not None and _IN_FEATURES & set(parts):
            computed, logits = features(images)
            if known is not None:
                kept["distances"].append(known.distances(computed).numpy())
            if moments is not None:
                moments.add(computed)
            if "features" in kept:
                kept["features"].append(computed)
            if "logits" in kept and logits is not None:
                kept["logits"].append(logits)
        if "projections" in kept:
            flat = to_unit_range(images).reshape(len(images), -1)
            onto = directions(flat.shape[1], _PROJECTIONS) if onto is None else onto
            kept["projections"].append(flat @ onto)
        if "images" in kept:
            kept["images"].append(images)
    if not num:
        raise InputError("images: expected some, got none.")
    found = {part: np.concatenate(arrays) for part, arrays in kept.items()}
    if moments is not None:
        found["mean"], found["covariance"] = moments.result()
    return found


def _sample(
    kept: list[np.ndarray], images: np.ndarray, before: int, random: np.random.Generator
) -> None:
    """Keeps a random choice of a stream (Vitter 1985, algorithm R), single images in a list."""
    for i, draw in enumerate(random.random(len(images)), start=before):
        place = i if i < _SAMPLE else int(draw * (i + 1))
        if place < _SAMPLE:
            # A copy, because a slice would hold on to the whole batch.
            kept[place : place + 1] = [images[i - before : i - before + 1].copy()]


class _Moments:
    """Mean and covariance of vectors that come in batches, in float64."""

    def __init__(self) -> None:
        self.num = 0

    def add(self, vectors: np.ndarray) -> None:
        x = vectors.astype(np.float64)
        if not self.num:  # Far from zero, differences of squares would lose digits.
            self.origin = x.mean(axis=0)
            self.sum, self.products = 0 * self.origin, np.zeros((x.shape[1],) * 2)
        x -= self.origin
        self.num += len(x)
        self.sum += x.sum(axis=0)
        self.products += x.T @ x

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        if self.num < 2:
            raise InputError(f"images: expected two or more, got {self.num}.")
        mean = self.sum / self.num
        covariance = (self.products - np.outer(self.sum, mean)) / (self.num - 1)
        return self.origin + mean, covariance


def collect_real(
    batches: Iterable[np.ndarray], parts: Collection[str], features: Features | None = None
) -> Parts:
    """Collects like `collect`, and warns if the features do not fit such images.

    See `metrics.familiarity`.
    """
    found = collect(batches, parts, features)
    _warn_if_unfamiliar(features, found)
    return found


def unfamiliar_message_of(features: Features | None, real: Parts) -> str | None:
    """Returns a sentence if features do not fit the real images that `real` was collected of."""
    if "distances" not in real:
        return None
    return unfamiliar_message(features, float(real["distances"].mean()), len(real["distances"]))


def _warn_if_unfamiliar(features: Features | None, real: Parts) -> None:
    if "distances" in real:
        distances = real["distances"]
        warn_if_unfamiliar(features, float(distances.mean()), len(distances))


def collect_reference(
    reference: Reference, parts: Collection[str], features: Features | None = None
) -> Parts:
    """Collects like `collect`, but what is in features is computed once and kept on disk.

    It is found again by the pixels themselves, and by the fingerprint of the features: not by the
    name of a source, whose files may have changed. It is in the folder `reference` of the cache,
    `$TFGAN_ZOO_CACHE` or else `~/.cache/tfgan_zoo`, which may be deleted at any time.

    Args:
        reference: the images; they are gone through once, or twice if they were not known.
        parts: see `collect`.
        features: see `collect`.

    Returns:
        Arrays, as from `collect`, and `sha256`, of the pixels. Features that do not fit the images
        are warned of, as by `collect_real`.
    """
    digest = hashlib.sha256()
    shapes: list[tuple[int, ...]] = []

    def hashed() -> Iterator[np.ndarray]:
        for batch in _bar(reference.batches(), reference.num, "reference"):
            images = as_bytes(batch)
            if not shapes:
                shapes.append(images.shape[1:])
                digest.update(str(shapes).encode())
            digest.update(np.ascontiguousarray(images).tobytes())
            yield images

    slow = _IN_FEATURES & set(parts)
    found = collect(hashed(), set(parts) - slow)
    pixels = digest.hexdigest()
    if slow and features is not None:
        found |= _cached(reference, slow, features, pixels)
        _warn_if_unfamiliar(features, found)
    return found | {"sha256": np.array(pixels)}


def _cached(reference: Reference, parts: set[str], features: Features, pixels: str) -> Parts:
    wanted = (parts - {"moments"}) | ({"mean", "covariance"} if "moments" in parts else set())
    if familiarity_of(features) is not None:
        wanted |= {"distances"}
    known = f"{pixels} {features.name} {features.resizer} {features.fingerprint}"
    file = cache_folder() / "reference" / f"{hashlib.sha256(known.encode()).hexdigest()[:32]}.npz"
    before: Parts = {}
    try:
        with file.open("rb") as opened, np.load(opened) as arrays:
            before = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass  # not there, or damaged
    if wanted <= before.keys():
        return {name: before[name] for name in wanted}
    batches = _bar(reference.batches(), reference.num, f"reference, {features.name}")
    found = collect(batches, parts, features)
    _store(file, before | found)
    return found


def _store(file: Path, arrays: Parts) -> None:
    """Writes a file whole or not at all; goes on where it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic.open_replacing(file) as out:
            np.savez(out, **arrays)  # type: ignore[arg-type]
    except OSError:
        pass


def _bar(batches: Iterable[np.ndarray], num: int, what: str) -> Iterator[np.ndarray]:
    """Shows how many images are done, and how many a second."""
    return progress.bar(batches, what, num or None, "images", size=len)


def compare(
    metrics: Sequence[str],
    generated: Iterable[np.ndarray],
    reference: Reference,
    features: Features | None = None,
    *,
    num: int = 0,
    also: Mapping[str, Callable[[np.ndarray], Mapping[str, float]]] | None = None,
) -> tuple[dict[str, float], Parts]:
    """Scores generated images against a reference.

    Args:
        metrics: of `METRICS`, and of `also`.
        generated: batches of images.
        reference: what to hold them against.
        features: for the metrics that are in features.
        num: how many will come, if that is known: to be checked, and for the bar that a terminal
            shows.
        also: scores of all generated images, uint8; their numbers have its name before theirs.
            A number without a name has that alone.

    Returns:
        (numbers by name, what was kept of the reference).

    Raises:
        InputError: if a metric is not known, or images or features do not fit; before an image is
            taken of those generated, if there are too few of either kind or they are too small.
    """
    also = also or {}
    check_metrics(metrics, also)
    own = [name for name in metrics if name in METRICS]
    if need_features(own) and features is None:
        named = ", ".join(name for name in own if METRICS[name].in_features)
        raise InputError(f"features: expected some for {named}, got None.")
    parts = parts_of(own, features)
    check_enough(own, "reference", reference.num, _sides(reference, own))
    if num:
        check_enough(own, "num", num)
    real = collect_reference(reference, parts, features)
    images = {"images"} if len(own) < len(metrics) else set()
    made = collect(_bar(generated, num, "generated"), parts | images, features)
    found = score(own, features, real, made)
    for name in metrics:
        if name in also:
            scores = also[name](made["images"])
            found |= {
                f"{name}_{key}" if key else name: float(value) for key, value in scores.items()
            }
    return found, real


def _sides(reference: Reference, metrics: Sequence[str]) -> tuple[int, ...] | None:
    """Height and width of the reference's images, which are looked at if it matters."""
    if all(METRICS[name].least_side == 1 for name in metrics):
        return None
    first = next(iter(reference.batches()), None)
    return None if first is None else np.shape(first)[1:3]

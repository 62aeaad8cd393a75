"""Statistics of images, collected batch by batch so that the images need not stay in memory.

Statistics of reference images are cached on disk.
"""

import hashlib
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import atomic, progress
from tfgan_zoo.downloads import cache_folder
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.familiarity import (
    familiarity_of,
    unfamiliar_message,
    warn_if_unfamiliar,
)
from tfgan_zoo.metrics.features import Features, as_bytes
from tfgan_zoo.metrics.sliced_wasserstein import directions
from tfgan_zoo.pixels import to_unit_range

#: Arrays by name; see `collect`.
Statistics = dict[str, np.ndarray]

_IN_FEATURES = {"moments", "features", "logits"}
_SAMPLE = 2000  # images kept for scores of pairs of images
_PROJECTIONS = 256


class Reference(NamedTuple):
    """Images to compare with.

    Attributes:
        what: Description for the protocol: source, split and so on.
        batches: Function that returns the batches, uint8 of shape `[B, H, W, 1 or 3]`, from the
            first at every call.
        num: Number of images.
    """

    what: Mapping[str, Any]
    batches: Callable[[], Iterable[np.ndarray]]
    num: int


def collect(
    batches: Iterable[np.ndarray], names: Collection[str], features: Features | None = None
) -> Statistics:
    """Collects statistics of images in one pass.

    Args:
        batches: Images, uint8 or floats in [-1, 1], shape `[B, H, W, 1 or 3]`.
        names: Any of "moments" (`mean` and `covariance` of the features, float64), "features",
            "logits", "projections" (of pixels, see `sliced_wasserstein`), "images" (all of them,
            uint8) and "sample" (2,000 images from random but fixed places, as data may be sorted).
            "labels", which images do not show, are left out.
        features: Features for the first three.

    Returns:
        Arrays by these names. Features that know their training images add "distances", the
        distance of each image from those.

    Raises:
        InputError: If there is no image, values are not finite or not in [-1, 1], or features
            cannot be computed for such images.
    """
    kept: dict[str, list[np.ndarray]] = {
        name: [] for name in names if name not in ("moments", "labels")
    }
    moments = _Moments() if "moments" in names else None
    in_features = bool(_IN_FEATURES & set(names))
    known = familiarity_of(features)
    if known is not None and in_features:
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
        if features is not None and in_features:
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
        raise InputError("images: expected one or more, got none.")
    found = {name: np.concatenate(arrays) for name, arrays in kept.items()}
    if moments is not None:
        found["mean"], found["covariance"] = moments.result()
    return found


def _sample(
    kept: list[np.ndarray], images: np.ndarray, before: int, random: np.random.Generator
) -> None:
    """Keeps a random sample of a stream (Vitter 1985, algorithm R), as a list of single images."""
    for i, draw in enumerate(random.random(len(images)), start=before):
        place = i if i < _SAMPLE else int(draw * (i + 1))
        if place < _SAMPLE:
            # A copy, because a slice would keep the whole batch in memory.
            kept[place : place + 1] = [images[i - before : i - before + 1].copy()]


class _Moments:
    """Mean and covariance of batches of vectors, in float64."""

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
    batches: Iterable[np.ndarray], names: Collection[str], features: Features | None = None
) -> Statistics:
    """Collects like `collect`, and warns if the features do not suit the images.

    See `metrics.familiarity`.
    """
    found = collect(batches, names, features)
    _warn_if_unfamiliar(features, found)
    return found


def unfamiliar_message_of(features: Features | None, real: Statistics) -> str | None:
    """Returns a warning if features do not suit the real images of these statistics."""
    if "distances" not in real:
        return None
    return unfamiliar_message(features, float(real["distances"].mean()), len(real["distances"]))


def _warn_if_unfamiliar(features: Features | None, real: Statistics) -> None:
    if "distances" in real:
        distances = real["distances"]
        warn_if_unfamiliar(features, float(distances.mean()), len(distances))


def collect_reference(
    reference: Reference, names: Collection[str], features: Features | None = None
) -> Statistics:
    """Collects like `collect_real`, and caches on disk what is computed in features.

    The cache is keyed by the pixels themselves and by the fingerprint of the features, not by the
    name of a source, whose files may change. It is the folder `reference` of the cache,
    `$TFGAN_ZOO_CACHE` or `~/.cache/tfgan_zoo`, and may be deleted at any time.

    Args:
        reference: The images. They are read once, or twice if they are not cached.
        names: See `collect`.
        features: See `collect`.

    Returns:
        Arrays as from `collect`, and `sha256`, the hash of the pixels.
    """
    digest = hashlib.sha256()
    shapes: list[tuple[int, ...]] = []

    def hashed() -> Iterator[np.ndarray]:
        for batch in with_bar(reference.batches(), reference.num, "reference"):
            images = as_bytes(batch)
            if not shapes:
                shapes.append(images.shape[1:])
                digest.update(str(shapes).encode())
            digest.update(np.ascontiguousarray(images).tobytes())
            yield images

    slow = _IN_FEATURES & set(names)
    found = collect(hashed(), set(names) - slow)
    pixels = digest.hexdigest()
    if slow and features is not None:
        found |= _cached(reference, slow, features, pixels)
        _warn_if_unfamiliar(features, found)
    return found | {"sha256": np.array(pixels)}


def _cached(reference: Reference, names: set[str], features: Features, pixels: str) -> Statistics:
    wanted = (names - {"moments"}) | ({"mean", "covariance"} if "moments" in names else set())
    if familiarity_of(features) is not None:
        wanted |= {"distances"}
    known = f"{pixels} {features.name} {features.resizer} {features.fingerprint}"
    file = cache_folder() / "reference" / f"{hashlib.sha256(known.encode()).hexdigest()[:32]}.npz"
    before: Statistics = {}
    try:
        with file.open("rb") as opened, np.load(opened) as arrays:
            before = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass  # missing or damaged
    if wanted <= before.keys():
        return {name: before[name] for name in wanted}
    batches = with_bar(reference.batches(), reference.num, f"reference, {features.name}")
    found = collect(batches, names, features)
    _store(file, before | found)
    return found


def _store(file: Path, arrays: Statistics) -> None:
    """Writes a cache file, complete or not at all; a folder that is not writable is ignored."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic.open_replacing(file) as out:
            np.savez(out, **arrays)  # type: ignore[arg-type]
    except OSError:
        pass


def with_bar(batches: Iterable[np.ndarray], num: int, what: str) -> Iterator[np.ndarray]:
    """Yields batches, and shows how many images are done and how many per second."""
    return progress.bar(batches, what, num or None, "images", size=len)

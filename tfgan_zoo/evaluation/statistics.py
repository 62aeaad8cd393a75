"""Statistics of images, collected batch by batch so that the images need not stay in memory.

Statistics of reference images are cached on disk.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import atomic, progress
from tfgan_zoo.downloads import cache_folder
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.unfinished import Unfinished
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
#: Most images of which features, logits and projections are kept.
KEPT = 50_000
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
    batches: Iterable[np.ndarray] | Callable[[int], Iterable[np.ndarray]],
    names: Collection[str],
    features: Features | None = None,
    *,
    num: int = 0,
    unfinished: Unfinished | None = None,
) -> Statistics:
    """Collects statistics of images in one pass.

    Args:
        batches: Images, uint8 or floats in [-1, 1], shape `[B, H, W, 1 or 3]`; or a function that
            returns those from a number on.
        names: Any of "moments" (`mean` and `covariance` of the features, float64), "features",
            "logits", "projections" (of pixels, see `sliced_wasserstein`), "images" (all of them,
            uint8) and "sample" (2,000 images from random but fixed places, as data may be sorted).
            "labels", which images do not show, are left out.
        features: Features for the first three.
        num: Number of images, if it is known. Of more than `KEPT`, features, logits and projections
            of the images `kept_of` are returned, so that memory does not grow; moments are of all.
        unfinished: Where to keep what is collected, if `batches` is a function: collecting that was
            stopped resumes from there, with the same result.

    Returns:
        Arrays by these names. Features that know their training images add "distances", the
        distance of each image from those.

    Raises:
        InputError: If there is no image, values are not finite or not in [-1, 1], or features
            cannot be computed for such images.
    """
    collector = _Collector(names, features, num)
    if callable(batches):
        if unfinished is not None:
            collector.load(unfinished.load())
        batches = batches(collector.num)
    try:
        for batch in batches:
            collector.add(as_bytes(batch))
            if unfinished is not None and unfinished.is_due():
                unfinished.store(collector.state())
    except KeyboardInterrupt:
        # It may come at any place, also while a batch is being added.
        if unfinished is not None and collector.is_whole:
            unfinished.store(collector.state())
        raise
    return collector.result()


def kept_of(num: int) -> np.ndarray:
    """Returns which of a number of images to keep features of, random but always the same.

    Returns:
        Indices in ascending order; all of them up to `KEPT`.
    """
    if num <= KEPT:
        return np.arange(num)
    return np.sort(np.random.default_rng(0).permutation(num)[:KEPT])


class _Collector:
    """Statistics of the images so far; see `collect`.

    Attributes:
        num: Number of images.
        is_whole: Whether all statistics are of that many images; not while a batch is added.
    """

    def __init__(self, names: Collection[str], features: Features | None, num: int):
        self.num, self.is_whole = 0, True
        self._features = features
        self._kept: dict[str, list[np.ndarray]] = {
            name: [] for name in names if name not in ("moments", "labels")
        }
        self._moments = _Moments() if "moments" in names else None
        self._in_features = bool(_IN_FEATURES & set(names))
        self._familiarity = familiarity_of(features)
        if self._familiarity is not None and self._in_features:
            self._kept["distances"] = []
        self._random = np.random.default_rng(0)
        self._onto: np.ndarray | None = None
        self._rows: np.ndarray | None = None
        if num > KEPT:
            self._rows = np.zeros(num, bool)
            self._rows[kept_of(num)] = True

    def add(self, images: np.ndarray) -> None:
        """Adds uint8 images."""
        if not len(images):
            return
        kept, features = self._kept, self._features
        rows: Any = slice(None)
        if self._rows is not None:
            rows = self._rows[self.num : self.num + len(images)]
        # First what takes time, then what changes the statistics.
        new: dict[str, np.ndarray] = {"images": images}
        computed: np.ndarray | None = None
        if features is not None and self._in_features:
            computed, logits = features(images)
            new["features"] = computed[rows]
            if self._familiarity is not None:
                new["distances"] = self._familiarity.distances(computed).numpy()
            if logits is not None:
                new["logits"] = logits[rows]
        if "projections" in kept:
            flat = to_unit_range(images).reshape(len(images), -1)
            if self._onto is None:
                self._onto = directions(flat.shape[1], _PROJECTIONS)
            new["projections"] = (flat @ self._onto)[rows]
        self.is_whole = False
        if "sample" in kept:
            _sample(kept["sample"], images, self.num, self._random)
        if self._moments is not None and computed is not None:
            self._moments.add(computed)
        for name in new.keys() & kept.keys():
            kept[name].append(new[name])
        self.num += len(images)
        self.is_whole = True

    def result(self) -> Statistics:
        """Returns the statistics."""
        if not self.num:
            raise InputError("images: expected one or more, got none.")
        found = {name: np.concatenate(arrays) for name, arrays in self._kept.items()}
        if self._moments is not None:
            found["mean"], found["covariance"] = self._moments.result()
        return found

    def state(self) -> Statistics:
        """Returns everything that `load` needs to go on."""
        kept = {name: np.concatenate(each) for name, each in self._kept.items() if each}
        moments = self._moments.state() if self._moments is not None and self.num else {}
        random = np.array(json.dumps(self._random.bit_generator.state))
        return {"num": np.array(self.num), "random": random, **moments} | {
            f"kept_{name}": array for name, array in kept.items()
        }

    def load(self, state: Statistics) -> None:
        """Goes on from a state; an empty one is the beginning."""
        if not state:
            return
        self.num = int(state["num"])
        self._random.bit_generator.state = json.loads(str(state["random"]))
        if self._moments is not None:
            self._moments.load(self.num, state)
        for name in self._kept:
            if (kept := state.get(f"kept_{name}")) is not None:
                self._kept[name] = np.split(kept, len(kept)) if name == "sample" else [kept]


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

    def state(self) -> Statistics:
        return {"origin": self.origin, "sum": self.sum, "products": self.products}

    def load(self, num: int, state: Statistics) -> None:
        self.num = num
        self.origin, self.sum, self.products = (
            state[name] for name in ("origin", "sum", "products")
        )

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
    found = collect(hashed(), set(names) - slow, num=reference.num)
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
    if reference.num > KEPT:
        known += f" {KEPT}"
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
    found = collect(batches, names, features, num=reference.num)
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


def with_bar(
    batches: Iterable[np.ndarray], num: int, what: str, done: int = 0
) -> Iterator[np.ndarray]:
    """Yields batches, and shows how many images are done and how many per second.

    Args:
        batches: The batches.
        num: Number of images, 0 if it is not known.
        what: What they are.
        done: Number of images that were done before.
    """
    return progress.bar(batches, what, num - done if num else None, "images", size=len)

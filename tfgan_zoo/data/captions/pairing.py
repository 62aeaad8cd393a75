"""Which captions match and mismatch an image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgan_zoo.data.captions.opening import Captioned, captions_of
from tfgan_zoo.errors import InputError


def distinct_captions(data: Captioned) -> list[str]:
    """Returns every caption once, sorted: the order in which `captioned` takes embeddings.

    Example:
        >>> distinct_captions(Captioned(source, [("b", "a"), ("b",)]))
        ['a', 'b']
    """
    return sorted({caption for captions in captions_of(data) for caption in captions})


def groups(data: Captioned) -> np.ndarray:
    """Numbers the classes or, without classes, the images that are linked by shared captions.

    Returns:
        int64 `[N]`. Captions that differ in case or white space only count as equal.
    """
    if data.classes is not None:
        return np.unique(data.classes, return_inverse=True)[1].astype(np.int64)
    return _connected(captions_of(data))


def _comparable(caption: str) -> str:
    return " ".join(caption.casefold().split())


def matching_images(data: Captioned) -> tuple[np.ndarray, list[np.ndarray]]:
    """Finds the images whose captions may describe another image.

    These are the images of its class or, without classes, those that share a caption with it.

    Returns:
        `(numbers, sets)`: int64 `[N]`, and sorted arrays of indices. The images that match image i,
        itself included, are `sets[numbers[i]]`.

    Raises:
        InputError: If all images match some image, so that no caption mismatches it.
    """
    keys: list[frozenset[Any]]
    if data.classes is not None:
        keys = [frozenset([number]) for number in data.classes.tolist()]
    else:
        keys = [frozenset(map(_comparable, captions)) for captions in captions_of(data)]
    listed = defaultdict(list)
    for i, each in enumerate(keys):
        for key in each:
            listed[key].append(i)
    holders = {key: np.array(images) for key, images in listed.items()}
    sets: list[np.ndarray] = []
    by_keys: dict[frozenset[Any], int] = {}
    by_content: dict[bytes, int] = {}
    for i, each in enumerate(keys):
        if each in by_keys:
            continue
        images = np.unique(np.concatenate([holders[key] for key in each]))
        # Different sets of captions often lead to the same images.
        by_keys[each] = by_content.setdefault(images.tobytes(), len(sets))
        if by_keys[each] == len(sets):
            sets.append(images)
        if len(images) == len(keys):
            why = (
                f"every image has one in common with {data.images.name(i)}"
                if data.classes is None
                else "there is one class only"
            )
            raise InputError(f"{data.images.spec}: no caption mismatches an image, since {why}.")
    return np.array([by_keys[each] for each in keys]), sets


def _connected(captions: Sequence[tuple[str, ...]]) -> np.ndarray:
    """Numbers the connected components of images that share captions."""
    parent = list(range(len(captions)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, each in enumerate(captions):
        for caption in each:
            parent[root(i)] = root(first.setdefault(_comparable(caption), i))
    return np.unique([root(i) for i in range(len(captions))], return_inverse=True)[1]

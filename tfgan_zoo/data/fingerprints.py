"""What a run's data are known by, so that it is noticed when they change under it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.data.captions import Captioned
from tfgan_zoo.data.source import Source, ViewSource
from tfgan_zoo.data.spec import FOLDERS

CONTENT_LIMIT = 64 * 2**20
"""Bytes of an array that its hash is of, at most: evenly spaced samples of a larger one."""

_NUMBERED = re.compile(r".*\[\d+\]", re.DOTALL)


class Fingerprint(NamedTuple):
    """What tells one set of samples from another.

    Attributes:
        unit: "files", "pairs" and the like, in the plural.
        num: how many there are.
        sha256: of their names, or of what stands for them.
        names: the names, if they have some of their own.
    """

    unit: str
    num: int
    sha256: str
    names: tuple[str, ...] = ()

    def noted(self) -> dict[str, Any]:
        """Returns what is to be written down, without the names."""
        return {"unit": self.unit, "num": self.num, "sha256": self.sha256}


def fingerprint(source: Source, spec: str = "") -> Fingerprint:
    """Returns the fingerprint of a source; nothing is decoded for it.

    - Of the embedded `figures` and `points`, it is of their parameters.
    - Of arrays, it is of their shape, type, and content, up to `CONTENT_LIMIT` bytes.
    - Of everything else, such as folders, it is of the samples' names in their order. Files of
      200,000 images take less than a second.

    Args:
        source: the opened source.
        spec: what it was opened with, for paths below its folder; empty for that of the source.

    Example:
        >>> fingerprint(ArraySource("mine", np.zeros((10, 8, 8), np.uint8))).num
        10
    """
    while isinstance(source, ViewSource):
        source = source.source
    spec = spec or source.spec
    if spec.startswith(("figures", "points/")):
        # The split is part of the source's own name, if it is not the whole one.
        parameters = [spec, source.spec, len(source), list(source.shape or ())]
        return Fingerprint("samples", len(source), _hash(json.dumps(parameters).encode()))
    if source.array is not None:
        return Fingerprint("samples", len(source), _content(source.array))
    names = _names(source, spec)
    sha256 = _hash("\0".join(names).encode("utf-8", "surrogateescape"))
    if _NUMBERED.fullmatch(names[0]):  # of TFDS: they say no more than how many there are
        return Fingerprint("samples", len(names), sha256)
    return Fingerprint("files", len(names), sha256, tuple(names))


def fingerprint_captioned(data: Captioned, spec: str) -> Fingerprint:
    """Returns the fingerprint of images with their captions and classes; see `fingerprint`."""
    images = fingerprint(data.images, spec)
    classes = [None] * images.num if data.classes is None else data.classes.tolist()
    texts = [
        _hash(json.dumps([captions, number]).encode())[:16]
        for captions, number in zip(data.captions, classes, strict=True)
    ]
    names = tuple(map("\0".join, zip(images.names, texts, strict=True))) if images.names else ()
    return images._replace(sha256=_hash((images.sha256 + "".join(texts)).encode()), names=names)


def describe_change(before: Mapping[str, Any], names: Sequence[str], now: Fingerprint) -> str:
    """Says how data have changed; nothing if they have not.

    Args:
        before: what was `noted`.
        names: the names then, if they are known.
        now: the fingerprint now.

    Example:
        >>> before = Fingerprint("files", 2, "0123", ("a.png", "c.png"))
        >>> now = Fingerprint("files", 3, "4567", ("a.png", "b.png", "c.png"))
        >>> describe_change(before.noted(), before.names, now)
        '2 files became 3; the first difference is b.png'
    """
    if (before.get("num"), before.get("sha256")) == (now.num, now.sha256):
        return ""
    if before.get("num") == now.num:
        text = f"still {now.num:,} {now.unit}, but not the same ones"
    else:
        text = f"{before.get('num', 0):,} {now.unit} became {now.num:,}"
    if names and now.names:
        text += f"; the first difference is {_first_difference(names, now.names)}"
    return text


def _first_difference(before: Sequence[str], now: Sequence[str]) -> str:
    """The first name that is new, or else that is gone; or else that stands at another place."""
    known, found = set(before), set(now)
    for name in now:
        if name not in known:
            return _shown(name)
    for name in before:
        if name not in found:
            return f"that {_shown(name)} is gone"
    return next(_shown(b) for a, b in zip(before, now, strict=False) if a != b)


def _shown(name: str) -> str:
    """A name without the hash of its caption."""
    return name.split("\0")[0]


def _names(source: Source, spec: str) -> list[str]:
    """The samples' names, those of files relative to the folder or archive of the source."""
    names = [source.name(index) for index in range(len(source))]
    kind, _, path = spec.partition(":")
    if kind not in FOLDERS:
        return names
    root = os.path.join(os.path.expanduser(path), "")
    return [name.removeprefix(root) for name in names]


def _content(array: np.ndarray) -> str:
    digest = hashlib.sha256(f"{array.dtype} {array.shape}".encode())
    step = -(-array.nbytes // CONTENT_LIMIT) or 1
    digest.update(np.ascontiguousarray(array[::step]).data)
    return digest.hexdigest()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

"""Fingerprints of a run's data, by which a resumed run notices that they have changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.data.captions import Captioned
from tfgan_zoo.data.source import Source, ViewSource
from tfgan_zoo.data.spec import FOLDERS, two_specs

CONTENT_LIMIT = 64 * 2**20
"""Most bytes of an array to hash; evenly spaced samples represent a larger one."""

_NUMBERED = re.compile(r".*\[\d+\]", re.DOTALL)


class Fingerprint(NamedTuple):
    """Identifies a set of samples.

    Attributes:
        unit: What they are, in the plural: "files" or "samples".
        num: Number of samples.
        sha256: Hash of their names, or of what represents them.
        names: Their names, if they have any.
    """

    unit: str
    num: int
    sha256: str
    names: tuple[str, ...] = ()

    def noted(self) -> dict[str, Any]:
        """Returns the entries that a run stores, without the names."""
        return {"unit": self.unit, "num": self.num, "sha256": self.sha256}


def fingerprint(source: Source, spec: str = "", parts: Sequence[str] = ()) -> Fingerprint:
    """Returns the fingerprint of a source, without decoding anything.

    - Embedded data, such as `figures`, are identified by their parameters.
    - Arrays are identified by shape, type and content, up to `CONTENT_LIMIT` bytes.
    - All others, such as folders, are identified by the names of their samples, in order. Files of
      200,000 images take less than a second.

    Args:
        source: The opened source.
        spec: The text it was opened with, for paths relative to its folder; empty for that of the
            source.
        parts: Further parts that the run uses, such as "label"; see `unconditional`.

    Example:
        >>> fingerprint(ArraySource("mine", np.zeros((10, 8, 8), np.uint8))).num
        10
    """
    found = _fingerprint(source, spec or source.spec)
    for name in parts:
        array = source.part(name)
        content = [found.sha256, name, str(array.dtype), _hash(array.tobytes())]
        found = found._replace(sha256=_hash(json.dumps(content).encode()))
    return found


def _fingerprint(source: Source, spec: str) -> Fingerprint:
    while isinstance(source, ViewSource):
        source = source.source
    # Of two domains, the one that this source is; its name may end with a part of a split.
    own = [each for each in two_specs(spec) or () if source.spec.startswith(each)]
    spec = max(own, key=len, default=spec)
    if spec.startswith(("figures", "points/", "voxels/")):
        # The name of the source tells which part of a split it is.
        parameters = [spec, source.spec, len(source), list(source.shape or ())]
        return Fingerprint("samples", len(source), _hash(json.dumps(parameters).encode()))
    array = getattr(source, "stored", source.array)  # of voxels that are cut out one by one
    if array is not None:
        return Fingerprint("samples", len(source), _content(len(array), array.__getitem__))
    if source.is_array:  # a part that is not copied
        return Fingerprint("samples", len(source), _content(len(source), source.gather))
    names = _names(source, spec)
    sha256 = _hash("\0".join(names).encode("utf-8", "surrogateescape"))
    if _NUMBERED.fullmatch(names[0]):  # The names of TFDS tell nothing but their number.
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
    """Describes how data have changed; returns "" if they have not.

    Args:
        before: The earlier fingerprint, as `noted` returned it.
        names: The earlier names, if they are known.
        now: The current fingerprint.

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
    """Returns the first name that is new or, failing that, missing or at another place."""
    known, found = set(before), set(now)
    for name in now:
        if name not in known:
            return _shown(name)
    for name in before:
        if name not in found:
            return f"that {_shown(name)} is gone"
    return next(_shown(b) for a, b in zip(before, now, strict=False) if a != b)


def _shown(name: str) -> str:
    """Returns a name without the hash of its caption."""
    return name.split("\0")[0]


def _names(source: Source, spec: str) -> list[str]:
    """Returns the samples' names; those of files are relative to their folder or archive."""
    names = [source.name(index) for index in range(len(source))]
    kind, _, path = spec.partition(":")
    if kind not in FOLDERS:
        return names
    root = os.path.join(os.path.expanduser(path), "")
    return [name.removeprefix(root) for name in names]


def _content(num: int, rows: Callable[[Any], np.ndarray]) -> str:
    """Returns a hash of the rows of an array, of some of them if it is large."""
    first = rows(slice(0, 1))
    digest = hashlib.sha256(f"{first.dtype} {(num, *first.shape[1:])}".encode())
    step = -(-num * first.nbytes // CONTENT_LIMIT) or 1
    digest.update(np.ascontiguousarray(rows(slice(None, None, step))).data)
    return digest.hexdigest()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

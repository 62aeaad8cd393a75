"""Decoded images that are kept from their first visit on, in memory or in a file.

The file holds a record for each sample: its fitted images, and a checksum of these and of the state
of the files that they were read from. A record whose checksum is another one is decoded again, so
that a damaged record, a changed image or a list that has moved never gives other pixels. Records
are read and written at their places, not mapped into memory: a full disk would end a process that
maps a file, and mapped pages count as its memory.
"""

from __future__ import annotations

import concurrent.futures
import errno
import hashlib
import json
import logging
import os
import shutil
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from tfgan_zoo import __version__, progress
from tfgan_zoo.data.source import Source
from tfgan_zoo.data.storage import Caching, bytes_of
from tfgan_zoo.memory import format_bytes

HEADER = 4096
"""Bytes before the first record, which describe the file."""

UNUSED_DAYS = 30
"""Days after which a file that no run has opened is removed, when another one is written."""

_CHECKSUM = 4
_ENDING = ".images"
#: What a run says of a volume that is full or a folder that cannot be written.
_ADVICE = "free some space, or give another folder as data.cache_dir"

_log = logging.getLogger(__name__)


class DecodedImages:
    """Fitted images of sources whose samples belong together, kept from their first visit on.

    It is safe in several threads, and several processes may share a file.

    Args:
        sources: Sources of the same length.
        fittings: How their samples are fitted, one for each.
        decode: Reads and fits the samples of an index: `loading.read_fitted`.
        file: The file; None keeps images in memory.

    Raises:
        OSError: If the file cannot be opened.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        fittings: Sequence[Any],
        decode: Callable[[Sequence[Source], Sequence[Any], int], list[np.ndarray]],
        file: Path | None = None,
    ):
        self._sources, self._fittings, self._decode = list(sources), list(fittings), decode
        self.shapes = [tuple(fitting.shape) for fitting in fittings]
        self.types = [np.dtype(fitting.dtype) for fitting in fittings]
        sizes = [bytes_of(fitting) for fitting in fittings]
        ends = np.cumsum(sizes).tolist()
        self._parts = [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]
        self._size, self._num = sum(sizes), len(sources[0])
        self._known = np.zeros(self._num, bool)  # records in memory, or with a checksum once right
        self._writes, self._lock = True, threading.Lock()
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None
        self._rows = np.zeros((self._num, self._size), np.uint8) if file is None else None
        self.file, self._handle = file, -1
        if file is not None:
            self._handle = _opened(file, self._num * self._record, _description(self._sources))

    @property
    def _record(self) -> int:
        return self._size + _CHECKSUM

    def __del__(self) -> None:
        if getattr(self, "_handle", -1) >= 0:
            os.close(self._handle)

    def read(self, index: int) -> list[np.ndarray]:
        """Returns the fitted images of an index, and keeps them.

        Raises:
            InputError: If one is unusable.
        """
        kept = self._kept(index)
        if kept is None:
            before = self._stamp(index)
            images = self._decode(self._sources, self._fittings, index)
            self._keep(index, images, before)
            return images
        return [
            kept[part].view(kind).reshape(shape)
            for part, kind, shape in zip(self._parts, self.types, self.shapes, strict=True)
        ]

    def batch(
        self,
        indices: np.ndarray,
        read: Callable[[int], tuple[int, Sequence[np.ndarray]]],
        own: np.ndarray | None = None,
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Returns the images of several indices.

        Args:
            indices: int64 `[B]`.
            read: Returns the index that takes the place of one, and its images: `read` within
                `loading.first_usable`.
            own: Which of them are wanted, bool `[B]`; the others are black. None for all.

        Returns:
            The indices of the images, int64 `[B]`, and images `[B, ...]` of each source.
        """
        found = np.array(indices, np.int64)
        batch = [
            (np.empty if own is None else np.zeros)((len(found), *shape), kind)
            for shape, kind in zip(self.shapes, self.types, strict=True)
        ]

        def put(row: int) -> None:
            found[row], images = read(int(indices[row]))
            for into, image in zip(batch, images, strict=True):
                into[row] = image

        new: list[int] = []
        for row, index in enumerate(indices):
            if own is not None and not own[row]:
                continue
            (put if self._known[index] else new.append)(row)
        if len(new) > 1:
            list(self._threads().map(put, new))
        elif new:
            put(new[0])
        return found, batch

    def _threads(self) -> concurrent.futures.ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = concurrent.futures.ThreadPoolExecutor(min(32, os.cpu_count() or 1))
            return self._pool

    def _kept(self, index: int) -> np.ndarray | None:
        """Returns the bytes of an index, or None."""
        if self._rows is not None:
            return self._rows[index] if self._known[index] else None
        record = np.empty(self._record, np.uint8)
        read = os.preadv(self._handle, [record.data], HEADER + index * self._record)
        if read < self._record:
            return None
        checksum = int(record[self._size :].view(np.uint32)[0])
        if not checksum:
            return None
        data = record[: self._size]
        if _checksum(data, self._stamp(index)) != checksum:
            return None
        self._known[index] = True
        return data

    def _keep(self, index: int, images: Sequence[np.ndarray], stamp: bytes) -> None:
        if not self._writes:
            return
        data = np.concatenate([np.ascontiguousarray(i).reshape(-1).view(np.uint8) for i in images])
        if self._rows is not None:
            self._rows[index] = data
            self._known[index] = True
            return
        try:
            if self._stamp(index) != stamp:  # The file was replaced while it was read.
                return
            checksum = np.array([_checksum(data, stamp)], np.uint32)
            written = os.pwritev(
                self._handle, [data.data, checksum.data], HEADER + index * self._record
            )
            if written < self._record:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            with self._lock:
                told, self._writes = not self._writes, False
            if not told:
                progress.say(
                    f"{self.file}: no more decoded images can be kept ({error.strerror}); others "
                    f"are decoded at every visit; {_ADVICE}."
                )

    def _stamp(self, index: int) -> bytes:
        """Returns the state of the files of an index; b"" in memory, or if one is gone."""
        if self._rows is not None:
            return b""
        try:
            states = dict.fromkeys(source.stamp(index) for source in self._sources)
        except OSError:  # Decoding it says so.
            return b""
        return "\0".join(states).encode("utf-8", "surrogatepass")


def _checksum(data: np.ndarray, stamp: bytes) -> int:
    """Returns a checksum other than 0, which marks an empty record."""
    return zlib.crc32(data.data, zlib.crc32(stamp)) or 1


def open_decoded(
    sources: Sequence[Source],
    fittings: Sequence[Any],
    decode: Callable[[Sequence[Source], Sequence[Any], int], list[np.ndarray]],
    caching: Caching,
    on_disk: bool,
) -> DecodedImages | None:
    """Opens the decoded images of sources, the same for all pipelines that share the sources.

    Args:
        sources: See `DecodedImages`.
        fittings: See `DecodedImages`.
        decode: See `DecodedImages`.
        caching: The folder of the file.
        on_disk: Whether to keep them in a file.

    Returns:
        The images; None if a file cannot hold them, which a line on standard error says, or if
        samples of such sources cannot be recognized later.
    """
    identities = [source.identity() for source in sources]
    if on_disk and None in identities:
        return None
    keys = [str(each) for each in (*identities, *fittings, [str(f.dtype) for f in fittings])]
    name = _digest("\n".join([*keys, __version__, PIL.__version__]))
    file = caching.path / f"{name}{_ENDING}" if on_disk else None
    shared = vars(sources[0]).setdefault("_decoded", {})
    key = (tuple(map(id, sources)), name, file)
    if key not in shared:
        try:
            if file is not None:
                _check_space(file, len(sources[0]) * (sum(map(bytes_of, fittings)) + _CHECKSUM))
            shared[key] = DecodedImages(sources, fittings, decode, file)
        except OSError as error:
            reason = error.strerror or str(error)
            progress.say(
                f"{caching.path}: no decoded images can be kept there ({reason}), so they are "
                f"decoded at every visit; {_ADVICE}."
            )
            shared[key] = None
    return shared[key]


def _check_space(file: Path, size: int) -> None:
    """Makes the folder of a file, without files unused for long, and checks that it has space.

    Raises:
        OSError: If there is none.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    there = file.stat().st_blocks * 512 if file.exists() else 0
    if not there:
        _remove_unused(file.parent)
    free = shutil.disk_usage(file.parent).free
    if size - there > 0.9 * free:  # Others need some of it.
        raise OSError(
            errno.ENOSPC, f"they take {format_bytes(size)}, of {format_bytes(free)} that are free"
        )
    if not there:
        progress.say(
            f"Decoded images take {format_bytes(size)} and are kept in {file} from their first "
            "visit on."
        )


def _remove_unused(folder: Path) -> None:
    for other in folder.glob(f"*{_ENDING}"):
        try:
            if time.time() - other.stat().st_mtime > UNUSED_DAYS * 86400:
                other.unlink()
        except OSError:
            continue  # another process was faster


def _opened(file: Path, size: int, description: str) -> int:
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        if os.fstat(handle).st_size != HEADER + size:
            # Without content, which takes no space until it is written.
            os.ftruncate(handle, HEADER + size)
            header = description.encode("utf-8", "replace")[: HEADER - 1] + b"\n"
            os.pwrite(handle, header, 0)
        os.utime(handle)  # marks it as used
    except OSError:
        os.close(handle)
        raise
    return handle


def _description(sources: Sequence[Source]) -> str:
    what = [source.spec for source in sources]
    return json.dumps({"decoded images of": what, "made by": "tfgan_zoo", "may be deleted": True})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

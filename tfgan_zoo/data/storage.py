"""Where decoded images are kept between visits: in memory, in a file, or nowhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.data.shares import cluster_config
from tfgan_zoo.data.source import Source
from tfgan_zoo.downloads import cache_folder
from tfgan_zoo.errors import InputError
from tfgan_zoo.memory import machine_memory, parse_bytes

MEMORY_LIMIT = 4 * 2**30
"""Most bytes of images of which `on_error="skip"` leaves unusable ones out of epochs, instead of
putting others in their places. It is the same on every machine, so that batches are, too."""

EAGER = 100_000
"""Most files that are decoded before the first step. More are decoded when they are first used."""


class Caching(NamedTuple):
    """What pipelines take as `cache`: how decoded images are kept.

    Attributes:
        mode: True decodes everything before the first batch, into memory. False decodes at every
            visit. "disk" keeps images in a file from their first visit on. "auto" keeps what fits
            in memory there, and the rest in a file.
        memory: Most bytes of decoded images in memory, for "auto": a number, or text such as
            "4GB"; never more than the machine has. None for a quarter of that.
        folder: The folder of the file; None for `decoded` in the cache folder, `$TFGAN_ZOO_CACHE`
            or `~/.cache/tfgan_zoo`.

    Example:
        >>> Caching("auto", memory="2GB").limit
        2000000000
    """

    mode: bool | str = "auto"
    memory: int | str | None = None
    folder: str | os.PathLike | None = None

    @classmethod
    def of(cls, cache: Any) -> Caching:
        """Converts the argument `cache` of a pipeline.

        Raises:
            InputError: If it is not "auto", "disk", True, False or a `Caching`.
        """
        caching = cache if isinstance(cache, Caching) else cls(cache)
        if not isinstance(caching.mode, bool) and caching.mode not in ("auto", "disk"):
            raise InputError(f'cache: expected "auto", "disk", True or False, got {cache!r}.')
        return caching

    @property
    def limit(self) -> int:
        """Most bytes of decoded images in memory."""
        if self.memory is None:
            return machine_memory() // 4
        return min(parse_bytes("data.memory", self.memory), machine_memory())

    @property
    def path(self) -> Path:
        """The folder of files of decoded images."""
        if self.folder is None:
            return cache_folder() / "decoded"
        try:
            return Path(self.folder).expanduser()
        except RuntimeError as error:
            raise InputError(
                f"data.cache_dir: expected a folder, got {str(self.folder)!r}, and there is no "
                "such user; give its path."
            ) from error


class Storage(NamedTuple):
    """Where the decoded images of some sources are kept.

    Attributes:
        place: "memory" if all are decoded first; "lazy" for memory, from their first visit on;
            "disk" likewise in a file; "none".
        drops: Whether epochs have no unusable images. Otherwise others take their places.
        caching: The request.
    """

    place: str
    drops: bool = True
    caching: Caching = Caching()


def skips_errors(sources: Sequence[Source]) -> bool:
    """Returns whether all of the sources were opened with `on_error="skip"`."""
    return all(source.on_error == "skip" for source in sources)


def decoded_bytes(sources: Sequence[Source], fittings: Sequence[Any]) -> int:
    """Returns the bytes that the fitted images of sources take."""
    return sum(
        len(source) * bytes_of(fitting) for source, fitting in zip(sources, fittings, strict=True)
    )


def bytes_of(fitting: Any) -> int:
    """Returns the bytes of one fitted image."""
    return int(np.prod(fitting.shape)) * np.dtype(fitting.dtype).itemsize


def storage_for(sources: Sequence[Source], fittings: Sequence[Any], cache: Any) -> Storage:
    """Decides where fitted images are kept.

    Args:
        sources: The sources.
        fittings: How their samples are fitted, one for each.
        cache: See `Caching`, or "auto", "disk", True or False.

    Raises:
        InputError: If `cache` is none of these.
    """
    caching = Caching.of(cache)
    if isinstance(caching.mode, bool):
        return Storage("memory" if caching.mode else "none", caching.mode, caching)
    num = decoded_bytes(sources, fittings)
    skips = skips_errors(sources)
    drops = num <= MEMORY_LIMIT
    if caching.mode == "disk" or num > caching.limit:
        return Storage("disk", drops, caching)
    in_memory = all(source.is_array for source in sources)
    # Of several workers, each decodes its own share alone.
    few = max(map(len, sources)) <= EAGER and not _has_several_workers()
    eager = drops if skips else few or in_memory
    return Storage("memory" if eager else "lazy", drops, caching)


def _has_several_workers() -> bool:
    try:
        return cluster_config() is not None
    except InputError:  # which opening the devices says
        return False


def decide_cache(cache: Any, num_bytes: Callable[[], float]) -> bool:
    """Returns whether to hold images that take `num_bytes()`, which "auto" alone asks for.

    Raises:
        InputError: If `cache` is not "auto", "disk", True, False or a `Caching`.
    """
    caching = Caching.of(cache)
    if caching.mode == "auto":
        return num_bytes() <= caching.limit
    return caching.mode is True

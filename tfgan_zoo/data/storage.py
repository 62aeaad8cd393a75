"""Where decoded images are kept between visits: in memory, in a file, or nowhere."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.data.shares import cluster_config
from tfgan_zoo.data.source import Source
from tfgan_zoo.downloads import cache_folder
from tfgan_zoo.errors import InputError, whole_number

MEMORY_LIMIT = 4 * 2**30
"""Most bytes of images of which `on_error="skip"` leaves unusable ones out of epochs, instead of
putting others in their places. It is the same on every machine, so that batches are, too."""

EAGER = 100_000
"""Most files that are decoded before the first step. More are decoded when they are first used."""

_CGROUP, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)


def parse_bytes(argument: str, value: Any) -> int:
    """Converts a size in bytes as people write it to a number.

    Args:
        argument: Name of the argument, for the error.
        value: A whole number, or text such as "4GB", "512 MB" or "1.5GiB". GB is 10^9 bytes, and
            GiB is 2^30.

    Raises:
        InputError: If it is neither, or less than 1.

    Example:
        >>> parse_bytes("memory", "1.5GB"), parse_bytes("memory", "4KiB")
        (1500000000, 4096)
    """
    found = whole_number(value)
    if found is None and isinstance(value, str) and (matched := _SIZE.fullmatch(value)):
        number, unit, binary = matched.groups()
        if unit or not binary:
            factor = (_BINARY if binary else _UNITS)[unit.lower()]
            found = round(float(number) * factor)
    if found is None or found < 1:
        raise InputError(f"{argument}: expected a size such as '4GB' or '512MB', got {value!r}.")
    return found


def format_bytes(num: float) -> str:
    """Returns a size as people write it.

    Example:
        >>> format_bytes(1_500_000_000), format_bytes(12)
        ('1.5 GB', '12 bytes')
    """
    for unit in ("TB", "GB", "MB", "kB"):
        if num >= _UNITS[unit[0].lower()]:
            return f"{num / _UNITS[unit[0].lower()]:.3g} {unit}"
    return f"{num:.0f} bytes"


def machine_memory() -> int:
    """Returns the bytes of memory that this process may use.

    They are those of the machine, its container, or the job of a batch system.
    """
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for file in _limits(_CGROUP, _GROUPS):
        with contextlib.suppress(OSError, ValueError):  # "max" is no number
            found = min(found, int(file.read_text()))
    return found


def _limits(groups_of_process: Path, root: Path) -> Iterator[Path]:
    """Yields the files of the memory limits of all control groups that a process is in."""
    lines = ["0::/", "1:memory:/"]  # of a container
    with contextlib.suppress(OSError, ValueError):
        lines += groups_of_process.read_text().splitlines()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        folder = root / "memory" if controllers else root
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        inside = Path(path.strip("/"))
        for group in (inside, *inside.parents):
            yield folder / group / name


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

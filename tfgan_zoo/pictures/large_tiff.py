"""TIFF images that do not fit in memory, translated band by band into another TIFF.

A band of the image is read, translated in tiles, and written to a file of rows beside the result,
which keeps what is done if the process is stopped. At the end the rows become the TIFF. Memory
holds a band of the image and of the result, whatever the height.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfgan_zoo import atomic, pictures, progress
from tfgan_zoo.data import images, profiles
from tfgan_zoo.data.depth import package
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures.files import to_grey
from tfgan_zoo.pictures.tiling import Tiling, tile_weights

ENDINGS = (".tif", ".tiff")

_SIDE = 512  # of a tile of the result's file


def is_wanted(source: str | os.PathLike, output: str | os.PathLike) -> bool:
    """Returns whether an input and an output are both TIFF files, by their names."""
    both = [Path(each).expanduser() for each in (source, output)]
    return all(each.suffix.lower() in ENDINGS and not each.is_dir() for each in both)


def check(source: Path, output: Path, overwrite: bool) -> None:
    """Checks that a TIFF can be translated in bands.

    Raises:
        InputError: If a package or the image is missing, it is not 8-bit grey or RGB, or the result
            exists.
    """
    if not source.exists():
        raise InputError(f"--input: {str(source)!r} does not exist; check the path.")
    if source.resolve() == output.resolve():
        raise InputError(f"--output: {str(output)!r} is itself the input; give another path.")
    if output.exists() and not overwrite:
        raise InputError(f"--output: {str(output)!r} exists; add --overwrite to replace it.")
    atomic.check_output(output)
    with _opened(source):
        pass


def translate(
    source: Path,
    output: Path,
    function: Callable[[np.ndarray], np.ndarray],
    channels: int,
    tiling: Tiling,
    key: str,
    color_profiles: str = "srgb",
    *,
    keeps_grey: bool = False,
) -> None:
    """Translates a TIFF band by band.

    Args:
        source: The image, 8-bit grey or RGB.
        output: The result, a TIFF in tiles, compressed without loss.
        function: See `files.convert`.
        channels: Channels that the function takes.
        tiling: How the image is cut into tiles.
        key: Names the model and its settings. If the translation is stopped, one with the same key
            resumes from there.
        color_profiles: "srgb" or "ignore"; see `DecodingRules`.
        keeps_grey: See `files.convert`.

    Raises:
        InputError: See `check`, or if part of the image cannot be read, or another process writes
            the same result.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_name(f"{atomic.PART}{key[:12]}.rows")
    with (
        _opened(source) as page,
        atomic.claimed(unfinished, str(output), Path.touch),
        contextlib.ExitStack() as resumable,
    ):
        height, width = page.imagelength, page.imagewidth
        rows = _Rows(unfinished, key, height * tiling.scale)
        resumable.callback(rows.remove_empty)
        read_rows = _reader(page, source)
        profile = _profile_of(page) if color_profiles == "srgb" else None
        grey = keeps_grey and page.samplesperpixel == 1

        def read(top: int, stop: int) -> np.ndarray:
            pixels = read_rows(top, stop)
            if profile:
                pixels = _to_srgb(pixels, profile, str(source))
            return images.with_channels(pixels, channels)

        start = rows.done // tiling.scale
        made = bands(read, (height, width), function, tiling, start)
        if start:
            progress.say(f"Resumed at row {start:,} of {height:,}.")
        for band in progress.bar(
            map(to_grey, made) if grey else made,
            "translated",
            (height - start) * tiling.scale,
            "rows",
            size=len,
        ):
            rows.add(_bytes_of(band))
        rows.save(output)


def bands(
    read: Callable[[int, int], np.ndarray],
    size: tuple[int, int],
    function: Callable[[np.ndarray], np.ndarray],
    tiling: Tiling,
    start: int = 0,
) -> Iterator[np.ndarray]:
    """Yields the rows of what `tiling.apply_tiled` returns, bit for bit, band by band.

    Args:
        read: Returns some rows of the image, `[rows, width, channels]`, from one to another.
        size: Height and width of the image.
        function: See `tiling.apply_tiled`.
        tiling: How the image is cut into tiles.
        start: The first row, of the image, that is wanted: one at which a band begins.

    Yields:
        float32 `[rows, width * scale, channels]`.
    """
    tile, overlap, fade, scale, multiple = tiling
    down, across = (tile_weights(each, tile, overlap, fade, scale, multiple) for each in size)
    carried: np.ndarray | None = None
    for number, (top, of_rows) in enumerate(down):
        height = len(of_rows) // scale
        after = down[number + 1][0] if number + 1 < len(down) else size[0]
        if top + height <= start and after <= start:
            continue  # It reaches no row that is wanted.
        image = read(top, top + height)
        band: np.ndarray | None = None
        for left, of_columns in across:
            width = len(of_columns) // scale
            piece = np.asarray(function(image[:, left : left + width]), np.float32)
            if band is None:
                band = np.zeros((len(of_rows), size[1] * scale, piece.shape[2]), np.float32)
                if carried is not None:
                    band[: len(carried)] = carried
            columns = slice(left * scale, (left + width) * scale)
            if len(down) == len(across) == 1:
                band[:, columns] = piece
            else:
                band[:, columns] += piece * (of_rows[:, None] * of_columns)[..., None]
        assert band is not None
        ready = (after - top) * scale
        if top >= start:
            yield band[:ready]
        carried = band[ready:].copy()


def _bytes_of(band: np.ndarray) -> np.ndarray:
    """Returns a band as uint8, a few rows at a time, as that takes several times their memory."""
    parts = range(0, len(band), 64)
    return np.concatenate([pictures.to_uint8(band[i : i + 64]) for i in parts])


class _Rows:
    """The rows of a result that are done, in a file beside it."""

    def __init__(self, file: Path, key: str, height: int):
        self._key, self._height, self._file = key, height, file
        self._note = self._file.with_suffix(".json")
        self._shape: tuple[int, ...] = ()
        self.done = 0
        try:
            noted = json.loads(self._note.read_text())
            size = noted["rows"] * math.prod(noted["shape"])
            if noted["key"] == key and self._file.stat().st_size >= size:
                self.done, self._shape = noted["rows"], tuple(noted["shape"])
        except (OSError, ValueError, KeyError):
            pass

    def add(self, band: np.ndarray) -> None:
        """Adds uint8 rows."""
        self._shape = band.shape[1:]
        with open(self._file, "r+b" if self.done else "wb") as file:
            file.seek(self.done * int(np.prod(self._shape)))
            file.write(np.ascontiguousarray(band).data)
            file.flush()
            os.fsync(file.fileno())  # before the note that they are done
        self.done += len(band)
        noted = {"key": self._key, "rows": self.done, "shape": self._shape}
        atomic.write_atomically(self._note, json.dumps(noted) + "\n")

    def remove_empty(self) -> None:
        """Removes the file if it has no row, to leave nothing of an unreadable image."""
        if not self.done:
            self._file.unlink(missing_ok=True)

    def save(self, output: Path) -> None:
        """Writes all rows to a TIFF, and removes their file."""
        tifffile = package("tifffile")
        pixels = np.memmap(self._file, np.uint8, "r", shape=(self._height, *self._shape))

        def tiles() -> Iterator[np.ndarray]:
            for top in range(0, pixels.shape[0], _SIDE):
                for left in range(0, pixels.shape[1], _SIDE):
                    tile = np.zeros((_SIDE, _SIDE, pixels.shape[2]), np.uint8)
                    part = pixels[top : top + _SIDE, left : left + _SIDE]
                    tile[: part.shape[0], : part.shape[1]] = part
                    yield tile if pixels.shape[2] > 1 else tile[..., 0]

        grey = pixels.shape[2] == 1
        with (
            atomic.replacing(output, ending=".part.tif") as temporary,
            tifffile.TiffWriter(temporary, bigtiff=pixels.nbytes > 2**31) as writer,
        ):
            writer.write(
                tiles(),
                shape=pixels.shape[:2] if grey else pixels.shape,
                dtype=np.uint8,
                tile=(_SIDE, _SIDE),
                photometric="minisblack" if grey else "rgb",
                compression="zlib",
            )
        self._file.unlink()
        self._note.unlink()


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[Any]:
    """Opens the first page of a TIFF.

    Raises:
        InputError: If it is not one that can be read in parts.
    """
    tifffile = package("tifffile")
    try:
        opened = tifffile.TiffFile(source)
    except (OSError, ValueError) as error:  # tifffile's own error is a ValueError
        raise InputError(f"--input: {str(source)!r} cannot be read as a TIFF ({error}).") from error
    with opened:
        page = opened.pages[0]
        tags = page.tags
        orientation = tags["Orientation"].value if "Orientation" in tags else 1
        photometric = getattr(page.photometric, "name", str(page.photometric))
        plain = (
            page.dtype == np.uint8
            and (photometric, page.samplesperpixel) in (("MINISBLACK", 1), ("RGB", 3))
            and int(page.planarconfig) == 1
            and int(orientation) == 1
        )
        if not plain:
            raise InputError(
                f"--input: expected 8-bit grey or RGB pixels, upright and together, in "
                f"{str(source)!r}, to translate it to a TIFF, got {page.samplesperpixel} x "
                f"{page.dtype} ({photometric}); convert it, or give a .png as --output."
            )
        yield page


def _profile_of(page: Any) -> bytes | None:
    tag = page.tags.get("InterColorProfile")
    return None if tag is None else bytes(tag.value)


def _to_srgb(pixels: np.ndarray, profile: bytes, name: str) -> np.ndarray:
    """Converts uint8 `[rows, width, 1 or 3]` from the colours of a profile."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    return np.asarray(profiles.to_srgb(image, profile, name)).reshape(pixels.shape)


def _reader(page: Any, source: Path) -> Callable[[int, int], np.ndarray]:
    """Returns a function that reads rows of a page, uint8 `[rows, width, channels]`."""
    if page.is_memmappable:  # One strip may hold all of it.
        shape = (page.imagelength, page.imagewidth, page.samplesperpixel)
        try:
            pixels = np.memmap(source, np.uint8, "r", page.dataoffsets[0], shape)
        except (OSError, ValueError) as error:
            raise InputError(f"--input: {str(source)!r} is damaged ({error}).") from error
        return lambda top, stop: np.array(pixels[top:stop])
    return functools.partial(_read_rows, page, source)


def _read_rows(page: Any, source: Path, top: int, stop: int) -> np.ndarray:
    """Reads some rows of a page, uint8 `[rows, width, channels]`, by its strips or tiles."""
    high = page.tilelength if page.is_tiled else page.rowsperstrip
    wide = page.tilewidth if page.is_tiled else page.imagewidth
    along = -(-page.imagewidth // wide)
    rows = np.zeros((stop - top, page.imagewidth, page.samplesperpixel), np.uint8)
    file = page.parent.filehandle
    for line in range(top // high, -(-stop // high)):
        for column in range(along):
            index = line * along + column
            try:
                file.seek(page.dataoffsets[index])
                data = file.read(page.databytecounts[index])
                decoded, place, shape = page.decode(data, index, jpegtables=page.jpegtables)
            except Exception as error:  # Each codec has its own.
                raise InputError(
                    f"--input: {str(source)!r} cannot be read ({error}); imagecodecs may be "
                    "missing (pip install 'tfgan_zoo[depth]'), or the file is damaged."
                ) from error
            if decoded is None:  # an empty tile
                continue
            first, left = place[2], place[3]
            # Tiles at the edges reach beyond the image.
            part = decoded[0, : shape[1], : min(shape[2], page.imagewidth - left)]
            begin, end = max(top, first), min(stop, first + len(part))
            rows[begin - top : end - top, left : left + part.shape[1]] = part[
                begin - first : end - first
            ]
    return rows

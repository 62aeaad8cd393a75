"""Pictures in a page, as data URIs, few and small enough to keep the page small."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tfgan_zoo.pictures.labels import TITLES

#: Maximum number of sheets shown per run: the first, the last, and evenly spaced ones between.
MOST = 48
#: (maximum number, longest side in pixels, WebP quality or None for lossless), tried in turn.
_PLANS: tuple[tuple[int, int, int | None], ...] = (
    (MOST, 1600, None),
    (MOST, 1024, 90),
    (MOST, 768, 85),
    (MOST, 512, 80),
    (MOST, 384, 70),
    (MOST, 256, 60),
    (MOST // 3, 256, 60),
    (2, 256, 60),
)


@dataclass(frozen=True)
class Picture:
    """An embedded picture.

    Attributes:
        source: A data URI.
        width: Width on the page, in pixels.
        height: Height on the page, in pixels.
        enlarged: Whether each pixel is shown as a square of several pixels.
        titles: A data URI of the titles of its columns, as wide as the picture; None without any.
    """

    source: str
    width: int
    height: int
    enlarged: bool
    titles: str | None = None


@dataclass(frozen=True)
class Album:
    """Embedded pictures in order.

    Attributes:
        pictures: Pictures by index of their source, without those left out.
        note: How they were reduced, for the reader; empty if they were not.
    """

    pictures: dict[int, Picture]
    note: str


def embed(sources: Sequence[Path | np.ndarray], num_bytes: int) -> Album:
    """Encodes pictures as WebP, lossless if they fit.

    Args:
        sources: Files, or uint8 images.
        num_bytes: Maximum size of all, before base64.
    """
    encoded: dict[int, tuple[bytes, Picture]] = {}
    for most, side, quality in _PLANS:
        chosen = spread(len(sources), most)
        last = (most, side, quality) == _PLANS[-1]
        some = _encode(sources, chosen[:: max(1, len(chosen) - 1)], side, quality)
        if not last and _size(some) * len(chosen) > num_bytes * max(1, len(some)):
            continue
        encoded = _encode(sources, chosen, side, quality)
        if last or _size(encoded) <= num_bytes:
            break
    notes = []
    if len(chosen) < len(sources):
        notes.append(f"{len(chosen)} of {len(sources)} are shown")
    if quality is not None:
        notes.append(f"made smaller: at most {side} pixels, with some loss")
    if len(encoded) < len(chosen):
        notes.append(f"{len(chosen) - len(encoded)} could not be read")
    return Album({i: picture for i, (_, picture) in encoded.items()}, "; ".join(notes))


def _size(encoded: dict[int, tuple[bytes, Picture]]) -> int:
    return sum(len(data) for data, _ in encoded.values())


def spread(num: int, most: int) -> list[int]:
    """Returns up to `most` evenly spaced indices below `num`, with the first and the last.

    Example:
        >>> spread(10, 4)
        [0, 3, 6, 9]
    """
    return np.unique(np.rint(np.linspace(0, num - 1, min(num, most))).astype(int)).tolist()


def _encode(
    sources: Sequence[Path | np.ndarray], chosen: Sequence[int], side: int, quality: int | None
) -> dict[int, tuple[bytes, Picture]]:
    encoded = {}
    for i in chosen:
        pixels = _pixels(sources[i])
        if pixels is None:
            continue
        strip, pixels = _without_titles(pixels)
        height, width = pixels.shape[:2]
        factor = enlargement(pixels)
        image = Image.fromarray(pixels[::factor, ::factor])
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        data = _webp(image, quality)
        titles = None if strip is None else _uri(_webp(Image.fromarray(strip), None))
        encoded[i] = data, Picture(_uri(data), width, height, factor > 1, titles)
    return encoded


def _webp(image: Image.Image, quality: int | None) -> bytes:
    data = io.BytesIO()
    image.save(data, "WEBP", lossless=quality is None, quality=quality or 80, method=4)
    return data.getvalue()


def _uri(data: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(data).decode()


def _without_titles(pixels: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """Separates titles from an enlarged picture below them, which alone can be made small again."""
    if len(pixels) <= TITLES or enlargement(pixels) > 1:
        return None, pixels
    strip, below = pixels[:TITLES], pixels[TITLES:]
    grey = (strip == strip[..., :1]).all() and (strip[0] == 255).all() and (strip < 128).any()
    return (strip, below) if grey and enlargement(below) > 1 else (None, pixels)


def _pixels(source: Path | np.ndarray) -> np.ndarray | None:
    if isinstance(source, np.ndarray):
        return source
    try:
        with Image.open(source) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError):  # Pillow raises these for a broken PNG
        return None


def enlargement(pixels: np.ndarray) -> int:
    """Returns the factor by which a picture was enlarged by repeating its pixels.

    Example:
        >>> enlargement(np.kron(np.eye(6, dtype=np.uint8), np.ones((3, 3), np.uint8)))
        3
    """
    height, width = pixels.shape[:2]
    for factor in range(min(32, height, width), 1, -1):
        if height % factor or width % factor:
            continue
        if not np.array_equal(pixels[0], pixels[factor - 1]):  # a quick check that most fail
            continue
        small = pixels[::factor, ::factor]
        if np.array_equal(np.repeat(np.repeat(small, factor, 0), factor, 1), pixels):
            return factor
    return 1

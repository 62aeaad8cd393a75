"""Images with a line of text above or below."""

import contextlib
import functools
import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfgan_zoo.pictures.grids import as_colour, grid

_LABEL_WIDTH = 400


def labelled_rows(labels: Sequence[str], images: np.ndarray, gap: int = 2) -> np.ndarray:
    """Arranges images in rows, each with a line of text above it.

    Args:
        labels: One label per row, truncated if wider than both the row and 400 pixels.
        images: Images `[rows, columns, H, W, C]`, uint8, drawn by `as_colour`; small ones are
            enlarged by an integer factor.
        gap: Pixels between two images.

    Returns:
        A picture `(height, width, 3)`, uint8.
    """
    font = _font()
    factor = max(1, round(64 / images.shape[2]))
    images = np.repeat(np.repeat(images, factor, axis=2), factor, axis=3)
    strips = [grid(row, len(row), gap) for row in images]
    line = 22
    height, width = strips[0].shape[:2]
    longest = max(math.ceil(font.getlength(_in_font(label, font))) + 4 for label in labels)
    width = max(width, min(longest, _LABEL_WIDTH))
    sheet = Image.new("RGB", (width, (line + height) * len(strips)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (label, strip) in enumerate(zip(labels, strips, strict=True)):
        top = i * (line + height)
        draw.text((2, top + 2), _truncate(label, font, width - 4), fill="black", font=font)
        sheet.paste(Image.fromarray(strip), (0, top + line))
    return np.asarray(sheet)


def labelled_grid(labels: Sequence[str], images: np.ndarray, columns: int) -> np.ndarray:
    """Arranges images in rows, each image with a line of text below it.

    Args:
        labels: One label per image, truncated if too long.
        images: Images `[B, H, W, C]`, uint8, drawn by `as_colour`.
        columns: Images per row.

    Returns:
        A picture `(height, width, 3)`, uint8.
    """
    font, line = _font(), 20
    cells = []
    for label, image in zip(labels, as_colour(images), strict=True):
        height, width = image.shape[:2]
        cell = Image.new("RGB", (width, height + line), "white")
        cell.paste(Image.fromarray(grid(image[np.newaxis], 1)))
        text = _truncate(label, font, width)
        left = (width - font.getlength(text)) / 2
        ImageDraw.Draw(cell).text((left, height + 1), text, fill="black", font=font)
        cells.append(np.asarray(cell))
    return grid(np.stack(cells), columns)


@functools.cache
def _font() -> Any:
    """Returns a system font with many scripts, or Pillow's own font if there is none."""
    for name in ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf"):
        with contextlib.suppress(OSError):
            return ImageFont.truetype(name, 13)
    return _pillow_font()


@functools.cache
def _pillow_font() -> Any:
    return ImageFont.load_default(14)


def _in_font(text: str, font: Any) -> str:
    """Returns text on one line; for Pillow's own font, which has no other letters, as ASCII."""
    text = " ".join(text.split())
    if font is not _pillow_font():
        return text
    plain = unicodedata.normalize("NFKD", text.replace("\N{LATIN SMALL LETTER SHARP S}", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return plain.encode("ascii", "replace").decode()


def _truncate(text: str, font: Any, width: int) -> str:
    text = _in_font(text, font)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."

"""Images with a line of text above or below."""

import contextlib
import functools
import math
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfgan_zoo.pictures.grids import as_colour, enlarge, enlargement_to, grid, rows

#: Height in pixels of the titles above a picture.
TITLES = 22

#: Height in pixels of a line of text above rows.
_LINE = 22
_LABEL_WIDTH = 400
#: Height of pictures that need no scrolling, and pixels between columns of labelled rows.
_SCREEN, _BETWEEN = 1200, 16
#: Sizes of the letters of titles, from the best to the smallest that can be read.
_TITLE_SIZES = range(14, 8, -1)


def titled_rows(
    titles: Sequence[str], columns: Sequence[np.ndarray], gap: int = 2, at_least: int = 1
) -> np.ndarray:
    """Arranges batches as columns, each with a title above it.

    The titles have a strip of their own, `TITLES` pixels high. Where a title is wider than its
    column in any size, all of them stand in one line, and white is added at the right if needed.

    Args:
        titles: The title of each column, in ASCII.
        columns: See `rows`.
        gap: See `rows`.
        at_least: The images are enlarged as `enlarge` does; the titles are not.

    Returns:
        A picture `(height, width, 3)`, uint8.
    """
    picture = rows(columns, gap)
    factor = enlargement_to(picture, at_least)
    picture = enlarge(picture, at_least)
    pitch = (picture.shape[1] + gap * factor) / len(titles)
    room = pitch - gap * factor
    fonts = (_pillow_font(size) for size in _TITLE_SIZES)
    fits = (f for f in fonts if all(f.getlength(title) <= room for title in titles))
    font = next(fits, None)
    if font is None:
        font, line = _pillow_font(_TITLE_SIZES[2]), " | ".join(titles)
        missing = max(0, math.ceil(font.getlength(line)) + 4 - picture.shape[1])
        missing = -(-missing // factor) * factor  # The report finds the factor in the pixels.
        picture = np.pad(picture, ((0, 0), (0, missing), (0, 0)), constant_values=255)
        places = [(2.0, line)]
    else:
        lefts = (i * pitch + (room - font.getlength(t)) / 2 for i, t in enumerate(titles))
        places = list(zip(lefts, titles, strict=True))
    strip = Image.new("RGB", (picture.shape[1], TITLES), "white")
    draw = ImageDraw.Draw(strip)
    for left, text in places:
        draw.text((left, TITLES / 2), text, fill="black", font=font, anchor="lm")
    return np.concatenate([np.asarray(strip), picture])


class Sweep(NamedTuple):
    """What changes from column to column of rows of images.

    Attributes:
        name: Its name.
        values: A text for each column.
    """

    name: str
    values: Sequence[str]


def labelled_rows(
    labels: Sequence[str] | None, images: np.ndarray, gap: int = 2, sweep: Sweep | None = None
) -> np.ndarray:
    """Arranges images in rows, each with a line of text above it.

    Many short rows, which would make a strip, stand in several columns, the first rows in the
    first.

    Args:
        labels: One label per row, truncated if wider than both the row and 400 pixels; None for
            none.
        images: Images `[rows, columns, H, W, C]`, uint8, drawn by `as_colour`; small ones are
            enlarged by an integer factor.
        gap: Pixels between two images.
        sweep: What to write above the columns. Of values that are too wide for a column, only every
            second, third and so on is written.

    Returns:
        A picture `(height, width, 3)`, uint8.
    """
    font = _font()
    factor = max(1, round(64 / images.shape[2]))
    images = np.repeat(np.repeat(images, factor, axis=2), factor, axis=3)
    strips = [grid(row, len(row), gap) for row in images]
    line, head = _LINE if labels else 0, 2 * _LINE if sweep else 0
    height, width = strips[0].shape[:2]
    texts = [*(labels or ()), *([sweep.name] if sweep else ())]
    longest = max((math.ceil(font.getlength(_in_font(t, font))) + 4 for t in texts), default=0)
    width = max(width, min(longest, _LABEL_WIDTH))
    deep = _rows_per_column(len(strips), line + height, width)
    columns = math.ceil(len(strips) / deep)
    size = (columns * (width + _BETWEEN) - _BETWEEN, head + (line + height) * deep)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for i, (label, strip) in enumerate(zip(labels or [""] * len(strips), strips, strict=True)):
        column, row = divmod(i, deep)
        left, top = column * (width + _BETWEEN), head + row * (line + height)
        text = _truncate(label, font, width - 4)
        draw.text((left + 2, top + 2), text, fill="black", font=font)
        sheet.paste(Image.fromarray(strip), (left, top + line))
        if sweep and row == 0:
            _draw_sweep(draw, left, sweep, images.shape[3], gap)
    return np.asarray(sheet)


def _draw_sweep(draw: Any, left: int, sweep: Sweep, width: int, gap: int) -> None:
    """Draws the name of a sweep, and its values in the line below.

    Args:
        draw: Draws on the picture.
        left: Where the columns begin.
        sweep: The sweep.
        width: Width of an image.
        gap: Pixels between two images.
    """
    font = _font()
    draw.text((left + 2, 2), _in_font(sweep.name, font), fill="black", font=font)
    widest = max(font.getlength(value) for value in sweep.values)
    every = math.ceil((widest + 4) / (width + gap))
    for i in range(0, len(sweep.values), every):
        text = sweep.values[i]
        # The first and the last stay within the picture.
        inset = max(2.0, (width - font.getlength(text)) / 2) if every == 1 else 2.0
        draw.text((left + i * (width + gap) + inset, _LINE + 2), text, fill="black", font=font)


def _rows_per_column(rows: int, height: int, width: int) -> int:
    """Returns how many rows stand below one another.

    All of them, unless they are taller than a screen and twice as tall as wide. Then as many as
    make the picture most nearly a square.

    Args:
        rows: Number of rows.
        height: Height of a row with its label.
        width: Width of a row.
    """
    if rows * height <= max(_SCREEN, 2 * width):
        return rows

    def stretch(columns: int) -> float:
        total = columns * (width + _BETWEEN) - _BETWEEN
        return abs(math.log(math.ceil(rows / columns) * height / total))

    return math.ceil(rows / min(range(1, rows + 1), key=stretch))


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


def caption(names: Sequence[tuple[str, tuple[int, int, int]]], width: int) -> np.ndarray:
    """Draws names in their colours, in as many lines as they need.

    Args:
        names: Texts, each with the colour of its letters.
        width: Width of the picture; a longer name is truncated.

    Returns:
        A picture `(height, width, 3)`, uint8.
    """
    font, line, space = _font(), 20, 10
    places, left, top = [], 2.0, 2
    for text, colour in names:
        text = _truncate(text, font, width - 4)
        length = font.getlength(text)
        if left + length > width - 2 and left > 2:
            left, top = 2.0, top + line
        places.append((left, top, text, colour))
        left += length + space
    strip = Image.new("RGB", (width, top + line), "white")
    draw = ImageDraw.Draw(strip)
    for left, top, text, colour in places:
        draw.text((left, top), text, fill=colour, font=font)
    return np.asarray(strip)


@functools.cache
def _font() -> Any:
    """Returns a system font with many scripts, or Pillow's own font if there is none."""
    for name in ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf"):
        with contextlib.suppress(OSError):
            return ImageFont.truetype(name, 13)
    return _pillow_font()


@functools.cache
def _pillow_font(size: int = 14) -> Any:
    return ImageFont.load_default(size)


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

"""Maps of images whose codes are points in the plane."""

import colorsys
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from tfgan_zoo.pictures.grids import as_colour
from tfgan_zoo.pictures.labels import caption

#: Pixels of a side, and of the margin around the points.
SIDE, MARGIN = 384, 16


def plane(
    codes: np.ndarray,
    images: np.ndarray,
    labels: np.ndarray | None = None,
    class_names: Sequence[str] = (),
) -> np.ndarray:
    """Draws two maps side by side: points in the colours of their classes, and images.

    The maps show the same part of the plane, with one scale for both axes. Where images would cover
    one another, the first of them is drawn alone.

    Args:
        codes: Points `[num, 2]`.
        images: Their images `[num, H, W, C]`, uint8, drawn by `as_colour`.
        labels: Class numbers `[num]`; None for one colour.
        class_names: Names of the classes, for a line of text below the maps; empty for none.

    Returns:
        A picture `(height, width, 3)`, uint8.

    Example:
        >>> plane(np.eye(2), np.zeros((2, 8, 8, 1), np.uint8)).shape
        (384, 770, 3)
    """
    middle = (codes.max(axis=0) + codes.min(axis=0)) / 2
    reach = float(np.abs(codes - middle).max()) or 1.0
    inner = SIDE / 2 - MARGIN
    places = SIDE / 2 + (codes - middle) * [1, -1] / reach * inner
    colours = palette(0 if labels is None else int(np.max(labels)) + 1)
    dots = Image.new("RGB", (SIDE, SIDE), "white")
    draw = ImageDraw.Draw(dots)
    for i, (x, y) in enumerate(places):
        colour = (31, 80, 200) if labels is None else colours[int(labels[i])]
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
    gap = np.full((SIDE, 2, 3), 255, np.uint8)
    found = np.concatenate([np.asarray(dots), gap, _thumbnails(places, as_colour(images))], axis=1)
    if labels is None or not len(class_names):
        return found
    used = [int(n) for n in np.unique(labels) if n < len(class_names)]
    names = [(class_names[n], colours[n]) for n in used]
    return np.concatenate([found, caption(names, found.shape[1])])


def palette(num: int) -> list[tuple[int, int, int]]:
    """Returns colours that differ: hues at equal distances, in turn dark and light.

    Example:
        >>> palette(2)
        [(204, 41, 41), (27, 136, 136)]
    """
    values = (0.8, 0.53333)
    hues = (colorsys.hsv_to_rgb(i / max(1, num), 0.8, values[i % 2]) for i in range(num))
    return [(round(255 * r), round(255 * g), round(255 * b)) for r, g, b in hues]


def _thumbnails(places: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Draws images at their places, unless another one is there."""
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    height, width = images.shape[1:3]
    factor = max(1.0, max(height, width) / 32)
    high, wide = max(1, round(height / factor)), max(1, round(width / factor))
    taken = np.zeros((0, 2))
    for (x, y), image in zip(places, images, strict=True):
        corner = np.array([x - wide / 2, y - high / 2])
        corner = np.clip(corner, 0, [SIDE - wide, SIDE - high])
        if np.any(np.all(np.abs(taken - corner) < [wide, high], axis=1)):
            continue
        taken = np.concatenate([taken, corner[np.newaxis]])
        small = Image.fromarray(image).resize((wide, high), Image.Resampling.LANCZOS)
        picture.paste(small, tuple(np.rint(corner).astype(int).tolist()))
    return np.asarray(picture)

"""Showing images in a notebook."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.pictures.grids import as_colour, enlargement_to, grid
from tfgan_zoo.pictures.labels import caption, labelled_grid
from tfgan_zoo.pictures.points import scatter
from tfgan_zoo.pictures.voxels import draw_voxels
from tfgan_zoo.pixels import to_uint8
from tfgan_zoo.samples import POINTS, SAMPLES, VOXELS, kind_of

#: Pixels, about, of the side of a small image and of a sheet.
_SIDE, _SHEET = 64, 512
#: Images in a line of a row, and pixels between rows.
_LINE, _BETWEEN = 16, 8
#: Floats beyond this are in another range than [-1, 1]; outputs that are not bounded go a little
#: beyond 1.
_FARTHEST = 3.0


def show(
    images: Any, titles: str | Sequence[str] | None = None, *, columns: int | None = None
) -> Image.Image | None:
    """See `tfgan_zoo.show`."""
    if columns is not None:
        check_number("columns", columns, least=1, whole=True)
    if isinstance(images, Mapping):
        if titles is not None:
            raise InputError(
                "titles: expected None for a dict, whose keys are the titles, got some."
            )
        titles, images = [str(key) for key in images], list(images.values())
    if isinstance(images, list | tuple):
        arrays = [_array(each) for each in images]
        if not arrays:
            raise InputError("images: expected one or more, got an empty list.")
        if all(each.ndim == 3 for each in arrays) and len({each.shape for each in arrays}) == 1:
            picture = _batch(np.stack(arrays), titles, columns)
        else:
            picture = _rows(arrays, titles, columns)
    else:
        picture = _batch(_array(images), titles, columns)
    image = Image.fromarray(picture)
    if not _in_notebook():
        return image
    from IPython.display import display

    display(image)
    return None


def _in_notebook() -> bool:
    """Returns whether this is a kernel of Jupyter, Colab or the like, which can show images."""
    # Whoever runs in one has imported IPython.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def _batch(
    array: np.ndarray, titles: str | Sequence[str] | None, columns: int | None
) -> np.ndarray:
    """Draws one batch as a grid."""
    drawn = _drawn(array)
    if titles is None or isinstance(titles, str):
        columns = min(columns or math.ceil(math.sqrt(len(drawn))), len(drawn))
        lines = math.ceil(len(drawn) / columns)
        side = max(_SIDE, _SHEET // max(lines, columns))
        picture = grid(_enlarged(drawn, side), columns)
        return picture if titles is None else _titled(titles, picture)
    titles = _checked(titles, len(drawn), "image")
    columns = columns or math.ceil(math.sqrt(len(drawn)))
    # Titles below need images as wide as a word.
    return labelled_grid(titles, _enlarged(drawn, 2 * _SIDE), min(columns, len(drawn)))


def _rows(
    arrays: Sequence[np.ndarray], titles: str | Sequence[str] | None, columns: int | None
) -> np.ndarray:
    """Draws several batches below one another."""
    if isinstance(titles, str):
        raise InputError(f"titles: expected a list, one for each batch, got {titles!r}.")
    if titles is not None:
        titles = _checked(titles, len(arrays), "batch")
    strips = []
    for i, array in enumerate(arrays):
        drawn = _drawn(array)
        strip = grid(_enlarged(drawn, _SIDE), min(columns or _LINE, len(drawn)))
        strips.append(strip if titles is None else _titled(titles[i], strip))
    width = max(strip.shape[1] for strip in strips)
    parts = []
    for strip in strips:
        missing = ((0, _BETWEEN), (0, width - strip.shape[1]), (0, 0))
        parts.append(np.pad(strip, missing, constant_values=255))
    return np.concatenate(parts)[:-_BETWEEN]


def _enlarged(images: np.ndarray, side: int) -> np.ndarray:
    factor = enlargement_to(images[0], side)
    return np.repeat(np.repeat(images, factor, axis=1), factor, axis=2)


def _titled(title: str, picture: np.ndarray) -> np.ndarray:
    return np.concatenate([caption([(title, (0, 0, 0))], picture.shape[1]), picture])


def _checked(titles: Sequence[str], num: int, what: str) -> list[str]:
    if len(titles) != num:
        raise InputError(f"titles: expected {num}, one for each {what}, got {len(titles)}.")
    return [str(title) for title in titles]


def _array(images: Any) -> np.ndarray:
    """Returns an array in the range of pictures."""
    array = np.asarray(images)
    if array.dtype == bool or array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating) and array.dtype.name != "bfloat16":
        raise InputError(f"images: expected floats in [-1, 1] or uint8, got {array.dtype}.")
    return array.astype(np.float32)


def _drawn(array: np.ndarray) -> np.ndarray:
    """Returns pictures `[N, H, W, 3]`, uint8, of one batch."""
    if array.ndim == 3 and array.shape[-1] <= 4:
        array = array[np.newaxis]
    if array.ndim - 1 not in SAMPLES or not array.size:
        advice = "; add an axis for channels: images[..., None]." if array.ndim == 3 else "."
        raise InputError(f"images: expected shape [N, H, W, C], got {array.shape}{advice}")
    if array.dtype == np.float32 and not np.isfinite(array).all():
        raise InputError("images: expected finite values, got NaN or infinity.")
    kind = kind_of(array.shape[1:])
    if kind is POINTS:
        return scatter(array.astype(np.float32))[np.newaxis]
    if array.dtype == np.float32 and np.abs(array).max() > _FARTHEST:
        raise InputError(
            f"images: expected floats in [-1, 1] or uint8, got values from {array.min():g} to "
            f"{array.max():g}; of pixels in 0 to 255, give images.astype('uint8')."
        )
    if kind is VOXELS:
        return draw_voxels(array)
    if array.dtype == bool:
        array = array.astype(np.uint8) * np.uint8(255)
    return as_colour(array if array.dtype == np.uint8 else to_uint8(array), alpha=True)

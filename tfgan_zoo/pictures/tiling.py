"""Large images in overlapping tiles, so that memory does not grow with the image."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tfgan_zoo.errors import InputError

#: Results of more pixels are made in tiles unless `tile` says otherwise, and the tiles' side then.
WHOLE, TILE = 2**22, 1024
#: Pixels that tiles share unless `overlap` says otherwise.
OVERLAP = 64


class Tiling(NamedTuple):
    """How images are cut into tiles; see `apply_tiled`.

    Attributes:
        tile: The side of a tile.
        overlap: The fewest pixels that neighbours share.
        fade: Pixels over which neighbours fade.
        scale: The factor by which the function enlarges.
        multiple: Tiles begin at multiples of it.
    """

    tile: int
    overlap: int
    fade: int
    scale: int = 1
    multiple: int = 1

    @classmethod
    def of(
        cls, tile: int, overlap: int | None, scale: int = 1, blend: bool = False, multiple: int = 1
    ) -> Tiling:
        """Returns what `in_tiles` makes of its arguments.

        Raises:
            InputError: If neighbours cannot share that many pixels.
        """
        side = tile or TILE // scale
        if overlap is None:
            overlap = side // 2 if blend else OVERLAP
        check_overlap(overlap, max(side // multiple, 1) * multiple - multiple + 1, blend)
        return cls(side, overlap, overlap if blend else overlap // 2, scale, multiple)


def in_tiles(
    function: Callable[[np.ndarray], np.ndarray],
    tile: int,
    overlap: int | None,
    scale: int = 1,
    *,
    blend: bool = False,
    on_tiles: Callable[[str], None] | None = None,
    multiple: int = 1,
) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function that applies another one to images of any size.

    Args:
        function: See `apply_tiled`.
        tile: The side of a tile; 0 makes results of up to `WHOLE` pixels whole, and others in tiles
            of `TILE` pixels of the result.
        overlap: See `apply_tiled`; None for `OVERLAP`, or with `blend` for half a tile.
        scale: See `apply_tiled`.
        blend: Whether neighbours fade into each other over all that they share, instead of half.
        on_tiles: Called for each image that is made in tiles, with a description such as
            "an image of 4000x3000 pixels in 20 tiles of 1024x1024".
        multiple: See `apply_tiled`.

    Raises:
        InputError: If neighbours cannot share that many pixels.
    """
    cut = Tiling.of(tile, overlap, scale, blend, multiple)

    def apply(image: np.ndarray) -> np.ndarray:
        if not tile and image.shape[0] * image.shape[1] * scale**2 <= WHOLE:
            return function(image)
        height, width = image.shape[:2]
        size = cut.tile, cut.overlap, multiple
        if on_tiles is not None and (num := count_tiles(image.shape, *size)) > 1:
            each = f"{min(cut.tile, width)}x{min(cut.tile, height)}"
            on_tiles(f"an image of {width}x{height} pixels in {num} tiles of {each}")
        return apply_tiled(function, image, cut.tile, cut.overlap, scale, cut.fade, multiple)

    return apply


def count_tiles(size: Sequence[int], tile: int, overlap: int, multiple: int = 1) -> int:
    """Returns the number of tiles of an image of a size, (height, width, ...)."""
    sides = (tile_weights(side, tile, overlap, 0, multiple=multiple) for side in size[:2])
    return math.prod(map(len, sides))


def check_overlap(overlap: int, tile: int, blend: bool = False) -> None:
    """Raises `InputError` unless an overlap is less than a tile, and above 0 where it blends."""
    if blend and overlap == 0:
        raise InputError("--overlap: expected pixels that tiles share beside --blend, got 0.")
    if not 0 <= overlap < tile:
        raise InputError(f"--overlap: expected 0 to {tile - 1}, less than a tile, got {overlap}.")


def apply_tiled(
    function: Callable[[np.ndarray], np.ndarray],
    image: np.ndarray,
    tile: int,
    overlap: int,
    scale: int = 1,
    blend: int | None = None,
    multiple: int = 1,
) -> np.ndarray:
    """Applies a function of images to one image, tile by tile.

    All tiles of an image have the same size: the last one of a row or column reaches back instead
    of being shorter, except by less than `multiple`. Two neighbours meet in the middle of their
    overlap, where `blend` pixels fade from one to the other; the remaining pixels come from the
    nearer tile. If no pixel of the result depends on others more than r pixels away, and
    `overlap - blend >= 2 * r`, the result equals that of the whole image.

    Args:
        function: A function from shape `(height, width, channels)` to
            `(height * scale, width * scale, any channels)`.
        image: The image, shape `(height, width, channels)`.
        tile: The largest side of a tile. A smaller image takes one call.
        overlap: The fewest pixels that two neighbours share.
        scale: The whole factor by which the function upscales.
        blend: Pixels of the image over which neighbours fade; None for half the overlap, 0 for a
            cut.
        multiple: Tiles begin at multiples of it. A network that first joins blocks of 2x2 pixels
            makes something else of an image that is shifted by one pixel.

    Returns:
        float32, shape `(height * scale, width * scale, channels)`. Besides this, memory holds one
        tile and its result at a time.

    Raises:
        InputError: If an argument is out of range, or the function returns another size.

    Example:
        >>> apply_tiled(lambda tile: tile / 2, np.ones((5, 7, 1)), tile=4, overlap=2).max()
        0.5
    """
    if tile < multiple:
        raise InputError(f"tile: expected a number of pixels from {multiple} up, got {tile}.")
    most = (tile // multiple - 1) * multiple
    if not 0 <= overlap <= most:
        raise InputError(f"overlap: expected 0 to {most}, less than a tile, got {overlap}.")
    blend = overlap // 2 if blend is None else blend
    if not 0 <= blend <= overlap:
        raise InputError(f"blend: expected 0 to {overlap}, the overlap, got {blend}.")
    down, across = (
        tile_weights(size, tile, overlap, blend, scale, multiple) for size in image.shape[:2]
    )
    result: np.ndarray | None = None
    for top, of_rows in down:
        for left, of_columns in across:
            height, width = len(of_rows) // scale, len(of_columns) // scale
            piece = np.asarray(function(image[top : top + height, left : left + width]), np.float32)
            if piece.shape[:2] != (height * scale, width * scale):
                raise InputError(
                    f"function: expected {height * scale}x{width * scale} pixels for a tile of "
                    f"{height}x{width}, got {piece.shape[0]}x{piece.shape[1]}."
                )
            if len(down) == len(across) == 1:
                return piece
            if result is None:
                size = (image.shape[0] * scale, image.shape[1] * scale)
                result = np.zeros(size + piece.shape[2:], np.float32)
            rows = slice(top * scale, (top + height) * scale)
            columns = slice(left * scale, (left + width) * scale)
            result[rows, columns] += piece * (of_rows[:, None] * of_columns)[..., None]
    assert result is not None
    return result


def tile_weights(
    size: int, tile: int, overlap: int, blend: int, scale: int = 1, multiple: int = 1
) -> list[tuple[int, np.ndarray]]:
    """Lays tiles along one side of an image.

    Args:
        size: Pixels of that side.
        tile: See `apply_tiled`.
        overlap: Less than a tile.
        blend: At most the overlap.
        scale: See `apply_tiled`.
        multiple: See `apply_tiled`.

    Returns:
        For every tile (its first pixel, the weight of each of its pixels after upscaling). The
        weights of all tiles at one place sum to 1.
    """
    length = size if size <= tile else tile // multiple * multiple
    step = (length - overlap) // multiple * multiple
    last = -(-(size - length) // multiple) * multiple
    starts = [*range(0, last, step), last] if last else [0]
    # A tile's weight is 0 before its edge and 1 after it, minus the same for the next tile's edge,
    # so that the sum over all tiles is 1 wherever the edges are.
    middles = [(start + after + length) / 2 for start, after in itertools.pairwise(starts)]
    weights = []
    for i, start in enumerate(starts):
        num = min(length, size - start) * scale
        places = start + (np.arange(num) + 0.5) / scale
        weight = np.ones(num)
        if i > 0:
            weight = _past(places, middles[i - 1], blend)
        if i < len(middles):
            weight = weight - _past(places, middles[i], blend)
        weights.append((start, weight.astype(np.float32)))
    return weights


def _past(places: np.ndarray, edge: float, blend: int) -> np.ndarray:
    """Returns how far places are past an edge `blend` wide, from 0 before it to 1 after it."""
    if blend == 0:
        return (places > edge).astype(float)
    return np.clip((places - edge) / blend + 0.5, 0.0, 1.0)

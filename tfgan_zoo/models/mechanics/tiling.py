"""Large images in tiles that overlap, so that memory does not grow with the image."""

import itertools
from collections.abc import Callable

import numpy as np

from tfgan_zoo.errors import InputError


def apply_tiled(
    function: Callable[[np.ndarray], np.ndarray],
    image: np.ndarray,
    tile: int,
    overlap: int,
    scale: int = 1,
    blend: int | None = None,
) -> np.ndarray:
    """Applies a function of images to one image, tile by tile.

    The tiles of one image all have the same size: the last one of a row or column reaches back
    instead of being shorter. Two neighbours meet in the middle of what they share, where `blend`
    pixels fade from one to the other and the others come from the nearer tile. Where a pixel of
    the result depends on nothing further away than r pixels and `overlap - blend >= 2 * r`, the
    result is that of the whole image.

    Args:
        function: from [height, width, channels] to [height * scale, width * scale, any channels].
        image: shape [height, width, channels].
        tile: pixels of a tile's side, at most; an image no larger is one call.
        overlap: pixels that two neighbours share, at least.
        scale: whole factor by which the function enlarges.
        blend: pixels of the image over which neighbours fade; None for half the overlap, 0 for a
            cut.

    Returns:
        float32, shape [height * scale, width * scale, channels]. Besides it, memory holds one tile
        and the function's answer at a time.

    Raises:
        InputError: if an argument is out of range or the function returns another size.

    Example:
        >>> apply_tiled(lambda tile: tile / 2, np.ones((5, 7, 1)), tile=4, overlap=2).max()
        0.5
    """
    if tile < 1:
        raise InputError(f"tile: expected a number of pixels from 1 up, got {tile}.")
    if not 0 <= overlap < tile:
        raise InputError(f"overlap: expected 0 to {tile - 1}, less than a tile, got {overlap}.")
    blend = overlap // 2 if blend is None else blend
    if not 0 <= blend <= overlap:
        raise InputError(f"blend: expected 0 to {overlap}, the overlap, got {blend}.")
    height, width = (min(tile, size) for size in image.shape[:2])
    down = tile_weights(image.shape[0], tile, overlap, blend, scale)
    across = tile_weights(image.shape[1], tile, overlap, blend, scale)
    result: np.ndarray | None = None
    for top, of_rows in down:
        for left, of_columns in across:
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
    size: int, tile: int, overlap: int, blend: int, scale: int = 1
) -> list[tuple[int, np.ndarray]]:
    """Lays tiles along one side of an image.

    Args:
        size: pixels of that side.
        tile: see `apply_tiled`, as the others.
        overlap: less than a tile.
        blend: at most the overlap.
        scale: of the weights.

    Returns:
        Of every tile (its first pixel, the weight of each of its pixels after enlarging); the
        weights at one place sum to 1.
    """
    length = min(tile, size)
    starts = [*range(0, size - length, tile - overlap), size - length]
    # Before its edge a tile counts nothing, after it everything; so what it is worth is its own
    # edge less the next one's, and the sum over all tiles is 1 wherever the edges are.
    middles = [(start + after + length) / 2 for start, after in itertools.pairwise(starts)]
    weights = []
    for i, start in enumerate(starts):
        places = start + (np.arange(length * scale) + 0.5) / scale
        weight = np.ones(length * scale)
        if i > 0:
            weight = _past(places, middles[i - 1], blend)
        if i < len(middles):
            weight = weight - _past(places, middles[i], blend)
        weights.append((start, weight.astype(np.float32)))
    return weights


def _past(places: np.ndarray, edge: float, blend: int) -> np.ndarray:
    """How far places are past an edge that is `blend` wide: from 0 before it to 1 after it."""
    if blend == 0:
        return (places > edge).astype(float)
    return np.clip((places - edge) / blend + 0.5, 0.0, 1.0)

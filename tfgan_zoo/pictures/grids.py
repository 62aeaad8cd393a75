"""Grids of images."""

import functools
import math
import warnings
from collections.abc import Sequence

import numpy as np

from tfgan_zoo.data.images import with_channels
from tfgan_zoo.pictures.points import scatter
from tfgan_zoo.pictures.voxels import draw_voxels
from tfgan_zoo.pixels import to_uint8
from tfgan_zoo.samples import POINTS, VOXELS, kind_of


def as_colour(images: np.ndarray, alpha: bool = False) -> np.ndarray:
    """Turns images with any number of channels into RGB images.

    One channel is grey, and three are RGB. Two are shown as two grey panels side by side. Of four
    or more, the first three are shown, with a warning the first time. With `alpha`, four channels
    are RGBA, drawn on white.

    Args:
        images: Images `[..., H, W, C]`, uint8; uint16 without `alpha`.
        alpha: Whether a fourth channel is opacity.

    Returns:
        Images `[..., H, W, 3]` of the same type, or `[..., H, 2 * W, 3]` for two channels.
    """
    channels = images.shape[-1]
    if channels == 2:
        images = np.concatenate([images[..., :1], images[..., 1:]], axis=-2)
    if channels <= 2:
        return np.repeat(images, 3, axis=-1)
    if channels == 4 and alpha:
        return with_channels(images, 3)
    if channels > 3:
        _warn_of_first_three(channels)
    return images[..., :3]


@functools.cache
def _warn_of_first_three(channels: int) -> None:
    warnings.warn(
        f"Images with {channels} channels: pictures show the first three as red, green and blue; "
        "draw the others with a function of your own, such as SampleSheet(draw=...).",
        UserWarning,
        stacklevel=3,
    )


def grid(images: np.ndarray, columns: int | None = None, gap: int = 2) -> np.ndarray:
    """Arranges images in rows.

    Args:
        images: Images `[B, H, W, C]`, uint8, drawn by `as_colour`.
        columns: Images per row; None for a square.
        gap: Pixels between two images.

    Returns:
        A picture `(height, width, 3)`, uint8.
    """
    images = as_colour(images)
    num, height, width, _ = images.shape
    columns = columns or math.ceil(math.sqrt(num))
    rows = math.ceil(num / columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def rows(columns: Sequence[np.ndarray], gap: int = 2) -> np.ndarray:
    """Arranges batches as columns, so that their i-th images share a row.

    Args:
        columns: Batches of uint8 images of one size, drawn by `as_colour`. A batch with fewer
            images than another is padded with white.
        gap: Pixels between two images.

    Returns:
        A picture `(height, width, 3)`, uint8.
    """
    colour = [as_colour(column) for column in columns]
    num = max(map(len, colour))
    # Images with two channels are twice as wide as the others.
    width = max(column.shape[2] for column in colour)
    filled = [
        np.pad(
            c,
            ((0, num - len(c)), (0, 0), (0, width - c.shape[2]), (0, 0)),
            constant_values=255,
        )
        for c in colour
    ]
    in_rows = np.stack(filled, axis=1)
    return grid(in_rows.reshape(-1, *in_rows.shape[2:]), len(columns), gap)


def sheet(
    samples: np.ndarray, data: np.ndarray | None = None, columns: int | None = None
) -> np.ndarray:
    """Draws a model's samples: a `grid` of images, a `scatter` plot of points, shaded voxels.

    Voxels are drawn by `draw_voxels`, in a grid. Small images are enlarged by an integer factor.

    Args:
        samples: Points `[B, size]`, or images `[B, H, W, C]` or voxels `[B, D, H, W, C]` in
            [-1, 1].
        data: Real points, for `scatter`.
        columns: Images per row, for `grid`.

    Returns:
        A picture `(height, width, 3)`, uint8.
    """
    kind = kind_of(samples.shape[1:])
    if kind is POINTS:
        return scatter(samples, data)
    if kind is VOXELS:
        return enlarge(grid(draw_voxels(samples), columns))
    return enlarge(grid(to_uint8(samples), columns))


def enlarge(picture: np.ndarray, at_least: int = 512) -> np.ndarray:
    """Repeats pixels until the shorter side has about `at_least` of them.

    A strip stays smaller, so that its longer side has no more than four times as many.

    Args:
        picture: An image, `[H, W, C]`.
        at_least: Pixels of the shorter side.

    Example:
        >>> enlarge(np.zeros((32, 32, 3), np.uint8)).shape
        (512, 512, 3)
        >>> enlarge(np.zeros((32, 406, 3), np.uint8)).shape
        (160, 2030, 3)
    """
    factor = enlargement_to(picture, at_least)
    return np.repeat(np.repeat(picture, factor, axis=0), factor, axis=1)


def enlargement_to(picture: np.ndarray, at_least: int) -> int:
    """Returns the factor by which `enlarge` enlarges a picture."""
    shorter, longer = sorted(picture.shape[:2])
    return max(1, min(round(at_least / shorter), 4 * at_least // longer))

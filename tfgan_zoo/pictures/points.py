"""Scatter plots of 2-D samples."""

import numpy as np
from PIL import Image, ImageDraw


def scatter(points: np.ndarray, data: np.ndarray | None = None, size: int = 384) -> np.ndarray:
    """Plots 2-D samples in blue over real data in grey.

    Args:
        points: Samples `[B, D]`; the first two dimensions are plotted.
        data: Real samples with the same dimensions, which also set the range of the plot.
        size: Pixels of a side.

    Returns:
        A picture `(size, size, 3)`, uint8.
    """
    clouds = [
        (_two_dimensions(cloud), colour)
        for cloud, colour in ((data, (200, 200, 200)), (points, (31, 80, 200)))
        if cloud is not None
    ]
    reach = 1.25 * float(np.max(np.abs(clouds[0][0]))) or 1.0
    picture = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(picture)
    for cloud, colour in clouds:
        for x, y in (cloud * [1, -1] / reach + 1) * (size / 2):
            draw.ellipse((x - 1, y - 1, x + 1, y + 1), fill=colour)
    return np.asarray(picture)


def _two_dimensions(points: np.ndarray) -> np.ndarray:
    return np.pad(points[:, :2], ((0, 0), (0, max(0, 2 - points.shape[1]))))

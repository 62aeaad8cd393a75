"""Shapes of figures, as signed distances, and the share of each pixel that they cover.

Distances are in units of the radius, negative inside. They use only `+ - * /` and `sqrt`, which
IEEE 754 rounds correctly everywhere.
"""

import numpy as np

SHAPES = ("circle", "square", "triangle", "star", "ring", "cross")
FILLS = ("solid", "outline", "striped")

# In units of the radius. The ring is far thicker than an outline, so that an outlined circle is not
# a ring.
STROKE = 0.17
STRIPE_PERIOD = 0.5
_SIN36, _COS36 = 0.5877852522924731, 0.8090169943749475
_SIN60 = 0.8660254037844386
_STAR_INNER = 0.45


def _circle(x, y):
    return np.sqrt(x * x + y * y) - 0.95


def _square(x, y):
    return np.maximum(np.abs(x), np.abs(y)) - 0.82


def _triangle(x, y):
    # Equilateral, circumradius 1.15, moved down so that its bounding box is centred.
    y = y - 0.2875
    return np.maximum(y, _SIN60 * np.abs(x) - 0.5 * y) - 0.575


def _star(x, y):
    # Fold the plane into the wedge of the top point, then one line bounds the figure.
    x, y = np.abs(x), 0.1 - y
    fold = 2.0 * np.maximum(_COS36 * x - _SIN36 * y, 0.0)
    x, y = x - fold * _COS36, y + fold * _SIN36
    fold = 2.0 * np.maximum(-_COS36 * x - _SIN36 * y, 0.0)
    x, y = np.abs(x + fold * _COS36), y + fold * _SIN36
    # The edge from the point (0, 1.05) to the inner corner.
    run, drop = 1.05 * _STAR_INNER * _SIN36, 1.05 - 1.05 * _STAR_INNER * _COS36
    length = (run * run + drop * drop) ** 0.5
    return x * (drop / length) + (y - 1.05) * (run / length)


def _ring(x, y):
    return np.abs(np.sqrt(x * x + y * y) - 0.71) - 0.27


def _cross(x, y):
    x, y = np.abs(x), np.abs(y)
    return np.maximum(np.maximum(x, y) - 0.95, np.minimum(x, y) - 0.32)


_DISTANCES = (_circle, _square, _triangle, _star, _ring, _cross)
#: Degrees by which each shape looks the same when it is turned; 0 for any number of them.
SYMMETRIES = (0, 90, 120, 72, 0, 90)


def sine_and_cosine(degrees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the sine and the cosine of angles, the same bits on every machine.

    Libraries differ in the last bit of theirs. Taylor's series, of angles up to 45 degrees, has
    sums and products alone.

    Args:
        degrees: float64 [n].

    Example:
    >>> [float(each.round(6)[0]) for each in sine_and_cosine(np.array([150.0]))]
    [0.5, -0.866025]
    """
    quarter = np.floor(degrees / 90.0 + 0.5)
    angle = (degrees - 90.0 * quarter) * (np.pi / 180.0)
    square = angle * angle
    sine = cosine = np.ones_like(angle)
    for i in range(8, 0, -1):  # Horner's scheme
        sine = 1.0 - square / (2 * i * (2 * i + 1)) * sine
        cosine = 1.0 - square / (2 * i * (2 * i - 1)) * cosine
    sine = sine * angle
    turn = quarter.astype(np.int64) % 4
    return (
        np.choose(turn, [sine, cosine, -sine, -cosine]),
        np.choose(turn, [cosine, -sine, -cosine, sine]),
    )


def coverage(
    shape: int,
    fill: int,
    radius: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    resolution: int,
    angle: np.ndarray | None = None,
) -> np.ndarray:
    """Returns the share of each pixel that a figure covers, antialiased, for one shape and fill.

    `clip(0.5 - d, 0, 1)` with d the signed distance of the pixel's centre from the edge, in pixels.

    Args:
        shape: Index into `SHAPES`.
        fill: Index into `FILLS`.
        radius: [n], fraction of the image.
        x: [n], fraction of the image, from the left.
        y: [n], fraction of the image, from the top.
        resolution: Side of the image in pixels.
        angle: [n], degrees clockwise; None for upright figures.

    Returns:
        [n, resolution, resolution] in [0, 1], of the dtype of `radius`.
    """
    dtype = radius.dtype
    pixels = ((np.arange(resolution) + 0.5) / resolution).astype(dtype)
    u = ((pixels - x[:, None]) / radius[:, None])[:, None, :]
    v = ((pixels - y[:, None]) / radius[:, None])[:, :, None]
    if angle is not None:
        sine, cosine = (
            each.astype(dtype)[:, None, None] for each in sine_and_cosine(angle.astype(np.float64))
        )
        u, v = cosine * u + sine * v, cosine * v - sine * u
    distance = _DISTANCES[shape](u, v)
    if fill == 1:
        distance = np.maximum(distance, -STROKE - distance)
    elif fill == 2:
        # Four horizontal bars; the outer ones end inside every shape, so that none is a sliver.
        turns = v / STRIPE_PERIOD
        bars = (np.abs(turns - np.floor(turns) - 0.5) - 0.25) * STRIPE_PERIOD
        distance = np.maximum(distance, bars)
    distance *= (radius * resolution)[:, None, None]
    return np.clip(0.5 - distance, 0.0, 1.0, dtype=dtype)

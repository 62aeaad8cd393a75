"""Casts rays at the solids of `tfgan_zoo.data.solids`: where they are seen, and how bright.

Rays are parallel, and light comes from beside the camera, so that a solid looks the same again once
it is turned by its symmetry. A point of a ray is `base + t * towards`, of which the largest `t`
inside the solid is seen. All but the torus have it in closed form; a ray walks to the torus by its
distance.

Numbers are float64 computed by `+ - * /` and `sqrt`, which IEEE 754 rounds correctly everywhere.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np

from tfgan_zoo.data import solids
from tfgan_zoo.data.figures import sine_and_cosine

#: Rays along each side of a pixel.
SAMPLES = 3
#: The direction that light comes from, in units to the right, up and towards the camera; and the
#: brightness of a face that is turned away from it.
LIGHT, AMBIENT = (-0.48, 0.64, 0.6), 0.4
#: How far solids reach from their centre, in units of the radius, in the order of `solids.KINDS`.
REACH = (1.303, 0.9, 1.098, 1.203, 0.94, 1.041)

#: The least size of what is divided by.
_TINY = 1e-9
#: Steps of a ray to the torus in a round, after which those that have arrived or passed by stay
#: behind; the most rounds; and the distance at which a ray has arrived.
_STEPS, _ROUNDS, _NEAR = 8, 50, 1e-4


@dataclasses.dataclass(frozen=True)
class Rays:
    """Rays in units of the radius, n x h x w of them, with a solid's centre at the origin.

    The axes of a solid are x to its right, y up and z to the front, as seen from a view of 0.

    Args:
        across: `[n, 1, w]`, where rays are to the right of the centre, seen by the camera.
        upward: `[n, h, 1]`, where they are above it.
        base: x, y and z of that place, `[n, h, w]` each.
        towards: x, y and z of the direction to the camera, `[n, 1, 1]` each; none is 0.
        light: x, y and z of the direction that light comes from, `[n, 1, 1]` each.
    """

    across: np.ndarray
    upward: np.ndarray
    base: Sequence[np.ndarray]
    towards: Sequence[np.ndarray]
    light: Sequence[np.ndarray]


#: Whether rays meet a solid, and the cosine of the angle there between its surface and light.
_Seen = tuple[np.ndarray, np.ndarray]


def cast(
    kind: int, view: np.ndarray, elevation: np.ndarray, radius: np.ndarray, resolution: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the share of each pixel that a solid in the middle covers, and its brightness.

    Args:
        kind: Index into `solids.KINDS`.
        view: `[n]`, degrees that the camera has gone around the solid, to its right.
        elevation: `[n]`, degrees that the camera is above the horizon, over 0.
        radius: `[n]`, half the side of the cube that encloses the solid, a fraction of the image.
        resolution: Side of the image in pixels.

    Returns:
        float64 `[n, resolution, resolution]` in [0, 1] each; the brightness is that of a white
        solid on black.

    Example:
        >>> view, elevation, radius = np.array([0.0]), np.array([30.0]), np.array([0.3])
        >>> share, brightness = cast(1, view, elevation, radius, 8)
        >>> share[0, 2].round(2).tolist()
        [0.0, 0.0, 0.44, 1.0, 1.0, 0.44, 0.0, 0.0]
    """
    right, up, towards = _axes(view, elevation)
    light = [LIGHT[0] * right[i] + LIGHT[1] * up[i] + LIGHT[2] * towards[i] for i in range(3)]
    size = radius[:, None]
    edge = max(0, int((0.5 - REACH[kind] * radius.max()) * resolution))
    pixels = np.arange(edge, resolution - edge)
    inside = (slice(None), slice(edge, resolution - edge), slice(edge, resolution - edge))
    share, brightness = (np.zeros((len(radius), resolution, resolution)) for _ in range(2))
    places = [
        ((2 * SAMPLES * pixels + 2 * i + 1) / (2.0 * SAMPLES * resolution) - 0.5) / size
        for i in range(SAMPLES)
    ]
    for down in places:
        upward = -down[:, :, None]
        for place in places:
            across = place[:, None, :]
            base = [across * right[i] + upward * up[i] for i in range(3)]
            hit, cosine = _SOLIDS[kind](Rays(across, upward, base, towards, light))
            share[inside] += hit
            brightness[inside] += np.where(hit, AMBIENT + (1 - AMBIENT) * np.maximum(cosine, 0), 0)
    return share / SAMPLES**2, brightness / SAMPLES**2


def _axes(view: np.ndarray, elevation: np.ndarray) -> list[list[np.ndarray]]:
    """Returns x, y and z of the camera's directions right, up and back, `[n, 1, 1]` each."""
    s, c = (each[:, None, None] for each in sine_and_cosine(view))
    high, level = (each[:, None, None] for each in sine_and_cosine(elevation))
    towards = [s * level, high, c * level]
    nudged = [np.where(np.abs(each) < _TINY, _TINY, each) for each in towards]
    return [[c, np.zeros_like(c), -s], [-s * high, level, -c * high], nudged]


def _slab(rays: Rays, axis: int, half: float, middle: float = 0.0) -> list[np.ndarray]:
    """Returns where rays enter and leave what is between two planes."""
    towards = rays.towards[axis]
    centre, reach = (middle - rays.base[axis]) / towards, half / np.abs(towards)
    return [centre - reach, centre + reach]


def _face(rays: Rays, axis: int) -> np.ndarray:
    """Returns the cosine of light on the plane across an axis that faces the camera."""
    return np.where(rays.towards[axis] > 0, rays.light[axis], -rays.light[axis])


def _box(rays: Rays, halves: Sequence[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns whether rays meet a box, where, and the cosine of light there."""
    (x0, x1), (y0, y1), (z0, z1) = (_slab(rays, i, half) for i, half in enumerate(halves))
    near = np.minimum(np.minimum(x1, y1), z1)
    far = np.maximum(np.maximum(x0, y0), z0)
    sides = np.where(x1 <= near, _face(rays, 0), _face(rays, 2))
    return far <= near, near, np.where(y1 <= near, _face(rays, 1), sides)


def _boxes(rays: Rays, boxes: Sequence[Sequence[float]]) -> _Seen:
    """Sees the nearest of boxes around the origin."""
    hit, place, cosine = _box(rays, boxes[0])
    place = np.where(hit, place, -np.inf)
    for halves in boxes[1:]:
        other, there, light = _box(rays, halves)
        nearer = other & (there > place)
        hit, place = hit | other, np.where(nearer, there, place)
        cosine = np.where(nearer, light, cosine)
    return hit, cosine


def _ball(rays: Rays) -> _Seen:
    radius = solids.BALL
    depth = radius * radius - rays.across * rays.across - rays.upward * rays.upward
    point = rays.across, rays.upward, np.sqrt(np.maximum(depth, 0.0))
    return depth >= 0, _dot(point, LIGHT) / radius


def _cylinder(rays: Rays) -> _Seen:
    radius, half = solids.CYLINDER
    (_, y, z), (_, dy, dz), (_, ly, lz) = rays.base, rays.towards, rays.light
    square, product = dy * dy + dz * dz, y * dy + z * dz
    left = product * product - square * (y * y + z * z - radius * radius)
    root = np.sqrt(np.maximum(left, 0.0))
    far, near = _slab(rays, 0, half)
    side = (root - product) / square
    far = np.maximum(far, -(root + product) / square)
    around = ((y + side * dy) * ly + (z + side * dz) * lz) / radius
    cosine = np.where(side <= near, around, _face(rays, 0))
    return (left >= 0) & (far <= np.minimum(side, near)), cosine


def _cone(rays: Rays) -> _Seen:
    base, low, tip = solids.CONE
    slope = base / (tip - low)
    (x, y, z), (dx, dy, dz), (lx, ly, lz) = rays.base, rays.towards, rays.light
    # Of the double cone y^2 + z^2 = slope^2 (tip - x)^2.
    square = dy * dy + dz * dz - slope * slope * dx * dx
    square = np.where(np.abs(square) < _TINY, _TINY, square)
    product = y * dy + z * dz + slope * slope * (tip - x) * dx
    rest = y * y + z * z - slope * slope * (tip - x) * (tip - x)
    left = product * product - square * rest
    root = np.sqrt(np.maximum(left, 0.0))
    one, two = -(product + root) / square, (root - product) / square
    first, last = np.minimum(one, two), np.maximum(one, two)
    # A ray that is steeper than the surface leaves one cone and enters the other.
    steep = square < 0
    side = np.where(steep, np.where(dx > 0, first, np.inf), last)
    behind = np.where(steep, np.where(dx > 0, -np.inf, last), first)
    far, near = _slab(rays, 0, (tip - low) / 2, (tip + low) / 2)
    hit = (left >= 0) & (np.maximum(far, behind) <= np.minimum(near, side))
    at = np.where(hit & (side <= near), side, 0.0)
    away = np.maximum(tip - (x + at * dx), _TINY)
    around = slope * slope * away * lx + (y + at * dy) * ly + (z + at * dz) * lz
    around = around / (slope * np.sqrt(1 + slope * slope) * away)
    return hit, np.where(side <= near, around, _face(rays, 0))


def _torus(rays: Rays) -> _Seen:
    ring, tube = solids.TORUS
    far, near = _slab(rays, 2, tube)
    around = rays.across * rays.across + rays.upward * rays.upward
    ball = np.sqrt(np.maximum((ring + tube) * (ring + tube) - around, 0.0))
    hit = np.maximum(far, -ball) <= np.minimum(near, ball)
    # From here on, numbers of the rays that may meet it.
    x, y, z = (each[hit] for each in rays.base)
    dx, dy, dz = (np.broadcast_to(each, hit.shape)[hit] for each in rays.towards)
    t, last = np.minimum(near, ball)[hit], np.maximum(far, -ball)[hit]
    found, going = np.zeros(len(t), bool), np.arange(len(t))
    ray = np.stack([x, y, z, dx, dy, dz])
    for _ in range(_ROUNDS):
        at, (bx, by, bz, ux, uy, uz) = t[going], ray[:, going]
        for _ in range(_STEPS):
            px, py, pz = bx + at * ux, by + at * uy, bz + at * uz
            across = np.sqrt(px * px + py * py) - ring
            distance = np.sqrt(across * across + pz * pz) - tube
            at = at - distance
        t[going], found[going] = at, distance <= _NEAR
        going = going[(distance > _NEAR) & (at > last[going])]
        if not len(going):
            break
    lx, ly, lz = (np.broadcast_to(each, hit.shape)[hit] for each in rays.light)
    px, py, pz = x + t * dx, y + t * dy, z + t * dz
    outward = 1 - ring / np.maximum(np.sqrt(px * px + py * py), _TINY)
    cosine = np.zeros(hit.shape)
    cosine[hit] = (outward * (px * lx + py * ly) + pz * lz) / tube
    hit[hit] = found
    return hit, cosine


def _dot(a: Sequence[np.ndarray], b: Sequence[float]) -> np.ndarray:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


_WIDE, _HIGH = solids.BOX
_LONG, _THICK = solids.CROSS_BAR
#: A box on its largest side, a cylinder and a cone that lie along x, a torus and a cross-bar that
#: stand, their axes along z.
_SOLIDS: tuple[Callable[[Rays], _Seen], ...] = (
    functools.partial(_boxes, boxes=[(_WIDE, _HIGH, _WIDE)]),
    _ball,
    _cylinder,
    _cone,
    _torus,
    functools.partial(_boxes, boxes=[(_LONG, _THICK, _THICK), (_THICK, _LONG, _THICK)]),
)

"""`voxels/solids`: solids that the library draws from a seed, with NumPy alone.

One solid in a cube of voxels, at any resolution, with its kind as the label. It needs no download,
and what a model trained on it makes can be read back exactly (see `tfgan_zoo.metrics.solids`).

A voxel is full if its centre is inside the solid. The bytes are the same on every machine: what is
drawn comes from an integer hash, see `tfgan_zoo.data.streams`, and voxels from comparisons of
float64 computed by `+ - * /` and `sqrt`, which IEEE 754 rounds correctly everywhere.

Axes are depth, height and width. Index 0 of the depth is in front, of the height at the top, and of
the width on the left, so that a slice of the depth is an image.

Example:
>>> data = load("test", resolution=16, num=3)
>>> data["voxels"].shape, data["voxels"].dtype
((3, 16, 16, 16, 1), dtype('uint8'))
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from tfgan_zoo.data.streams import Rows, of_split, pick, uniform
from tfgan_zoo.errors import InputError

#: Names of the classes, by number.
KINDS = ("box", "ball", "cylinder", "cone", "torus", "cross-bar")
#: Where the axis of a solid points, in quarter turns.
DIRECTIONS = ("up", "down", "left", "right", "front", "back")
#: The array axis (0 depth, 1 height, 2 width) of each direction, and its sign.
_AXES = ((1, -1.0), (1, 1.0), (2, -1.0), (2, 1.0), (0, -1.0), (0, 1.0))
#: The directions in which each kind looks different.
TURNS: dict[str, tuple[int, ...]] = {
    "box": (0, 2, 4),
    "ball": (0,),
    "cylinder": (0, 2, 4),
    "cone": (0, 1, 2, 3, 4, 5),
    "torus": (0, 2, 4),
    "cross-bar": (0, 2, 4),
}

SPLIT_SIZES = {"train": 6_000, "test": 1_200}
#: Half the side of the cube around a solid, and half the width of the noise added to each
#: coordinate of its centre, in fractions of the side of all voxels.
RADII, JITTER = (0.3, 0.42), 0.06
#: The smallest side at which all kinds can be told apart.
LEAST_RESOLUTION = 8


@dataclasses.dataclass(frozen=True)
class Attributes(Rows):
    """What is drawn, one entry per solid; index it with a slice or an array for a part.

    Args:
        kind: int32, index into `KINDS`: the label.
        direction: int32, index into `DIRECTIONS`, one of the kind's `TURNS`.
        radius: float64, half the side of the cube that encloses the solid, as a fraction of the
            side of all voxels.
        depth: float64, the centre of that cube from the front, in [0, 1].
        height: float64, the same from the top.
        width: float64, the same from the left.
    """

    kind: np.ndarray
    direction: np.ndarray
    radius: np.ndarray
    depth: np.ndarray
    height: np.ndarray
    width: np.ndarray


def attributes(
    split: str = "train", num: int | None = None, seed: int = 0, start: int = 0
) -> Attributes:
    """Draws the attributes of solids `start` to `start + num` of a split.

    Access is random: `attributes(num=3, start=5)` equals `attributes(num=8)[5:]`. Train and test
    are different streams of the same seed.

    Args:
        split: "train" or "test".
        num: How many; the split's size (6,000 or 1,200) if None.
        seed: Any integer; another seed is another data set.
        start: Index of the first.

    Returns:
        `Attributes` of `num` entries.

    Raises:
        InputError: If the split does not exist, or a count is negative.

    Example:
    >>> [KINDS[kind] for kind in attributes(num=4).kind]
    ['cone', 'torus', 'cone', 'box']
    """
    stream = f"solids/{split}/"
    num, drawn = of_split("voxels/solids", split, SPLIT_SIZES, num, seed, start, stream)
    kind = pick(drawn("kind"), len(KINDS))
    turn = drawn("direction")
    direction = np.zeros(num, np.int32)
    for number, name in enumerate(KINDS):
        known = np.array(TURNS[name], np.int32)
        of_kind = kind == number
        direction[of_kind] = known[pick(turn[of_kind], len(known))]
    centres = (uniform(drawn(name), 0.5 - JITTER, 0.5 + JITTER) for name in _CENTRE)
    return Attributes(kind, direction, uniform(drawn("radius"), *RADII), *centres)


_CENTRE = ("depth", "height", "width")

# ---------------------------------------------------------------------- shapes

# In units of the radius: `a` is along the axis of the solid, from -1 to 1 in its direction, and `p`
# and `q` are across it. The solids overlap one another by an IoU of 0.63 at most.
BOX = (0.85, 0.5)  # half a side across, and along
BALL = 0.9
CYLINDER = (0.55, 0.95)  # radius, and half the length
CONE = (0.85, -0.85, 0.95)  # radius of the base, place of base and tip along the axis
TORUS = (0.64, 0.3)  # radius of the ring, and of the tube
CROSS_BAR = (0.95, 0.3)  # half the length of both bars, and half their thickness


def _box(a, p, q):
    return (np.maximum(np.abs(p), np.abs(q)) <= BOX[0]) & (np.abs(a) <= BOX[1])


def _ball(a, p, q):
    return p * p + q * q + a * a <= BALL * BALL


def _cylinder(a, p, q):
    return (p * p + q * q <= CYLINDER[0] * CYLINDER[0]) & (np.abs(a) <= CYLINDER[1])


def _cone(a, p, q):
    base, low, tip = CONE
    reach = base * (tip - a) / (tip - low)
    return (p * p + q * q <= reach * reach) & (a >= low) & (a <= tip)


def _torus(a, p, q):
    ring, tube = TORUS
    away = np.sqrt(p * p + q * q) - ring
    return away * away + a * a <= tube * tube


def _cross_bar(a, p, q):
    length, thick = CROSS_BAR
    p, q = np.abs(p), np.abs(q)
    return (np.abs(a) <= thick) & (np.maximum(p, q) <= length) & (np.minimum(p, q) <= thick)


_INSIDE: tuple[Callable[..., np.ndarray], ...] = (
    *(_box, _ball, _cylinder, _cone, _torus, _cross_bar),
)


def occupied(
    kind: int,
    direction: int,
    radius: np.ndarray,
    centre: np.ndarray,
    resolution: int,
) -> np.ndarray:
    """Returns which voxels are full, for solids of one kind in one direction.

    Args:
        kind: Index into `KINDS`.
        direction: Index into `DIRECTIONS`.
        radius: `[n]`, a fraction of the side.
        centre: `[n, 3]`, fractions of the side: depth, height, width.
        resolution: Voxels of a side.

    Returns:
        bool `[n, resolution, resolution, resolution]`.
    """
    places = (np.arange(resolution) + 0.5) / resolution
    local = [(places - centre[:, i, None]) / radius[:, None] for i in range(3)]
    axis, sign = _AXES[direction]
    local[axis] = sign * local[axis]
    shaped = [
        x.reshape(len(radius), *(resolution if i == j else 1 for j in range(3)))
        for i, x in enumerate(local)
    ]
    along = shaped.pop(axis)
    return _INSIDE[kind](along, *shaped)


def render(solids: Attributes, resolution: int = 32) -> np.ndarray:
    """Draws solids.

    Args:
        solids: What to draw, N of them.
        resolution: Voxels of a side, 8 or more.

    Returns:
        uint8 `[N, resolution, resolution, resolution, 1]`, 255 where a voxel is full, else 0.

    Raises:
        InputError: If the resolution is below 8.

    Example:
    >>> render(attributes(num=2), 16).mean(axis=(1, 2, 3, 4)).round(1).tolist()
    [22.1, 19.0]
    """
    if resolution < LEAST_RESOLUTION:
        raise InputError(
            f"voxels/solids: expected a resolution of {LEAST_RESOLUTION} or more, got {resolution}."
        )
    made = np.empty((len(solids), *(resolution,) * 3, 1), np.uint8)
    # What a chunk touches fits the processor's cache, and memory stays bounded at any size.
    chunk = max(1, (1 << 17) // resolution**3)
    centre = np.stack([getattr(solids, name) for name in _CENTRE], axis=1)
    for kind, name in enumerate(KINDS):
        for direction in TURNS[name]:
            (where,) = np.nonzero((solids.kind == kind) & (solids.direction == direction))
            for i in range(0, len(where), chunk):
                rows = where[i : i + chunk]
                full = occupied(kind, direction, solids.radius[rows], centre[rows], resolution)
                made[rows] = np.where(full, np.uint8(255), np.uint8(0))[..., None]
    return made


def load(
    split: str = "train", resolution: int = 32, num: int | None = None, seed: int = 0
) -> dict[str, np.ndarray]:
    """Draws a split into memory.

    Args:
        split: "train" or "test"; they never share a stream.
        resolution: Voxels of a side, 8 or more.
        num: How many; 6,000 of train and 1,200 of test if None.
        seed: Any integer; another seed is another data set.

    Returns:
        "voxels", uint8 `[num, resolution, resolution, resolution, 1]`, and "label", int32, the
        numbers of the kinds.

    Raises:
        InputError: If the split does not exist, or a number is out of range.
    """
    solids = attributes(split, num, seed)
    return {"voxels": render(solids, resolution), "label": solids.kind}

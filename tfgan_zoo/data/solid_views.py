"""`solids/views`: pictures of solids from many sides, drawn from a seed, with NumPy alone.

The solids of `tfgan_zoo.data.solids` in colour, each in the middle of a dark image, seen from all
around and from above, with exact masks: data for models that draw images from attributes, as
renderings of chairs are. They need no download.

The bytes are the same on every machine: attributes come from an integer hash, see
`tfgan_zoo.data.streams`, and pixels from `tfgan_zoo.data.ray_casting`.

Example:
>>> data = load("test", resolution=16, num=3)
>>> data["image"].shape, data["mask"].shape, data["view"].round(1)
((3, 16, 16, 3), (3, 16, 16, 1), array([119.3,  77.1, 108.1]))
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfgan_zoo.data.figures import BACKGROUND_RGB, COLOURS, jittered
from tfgan_zoo.data.ray_casting import cast
from tfgan_zoo.data.solids import KINDS
from tfgan_zoo.data.streams import Rows, of_split, pairs_without, pick, uniform, uniform_outside
from tfgan_zoo.errors import InputError

SPLIT_SIZES = {"train": 20_000, "test": 2_000}
#: Degrees by which each kind looks the same when the camera goes around it; 0 for any number.
SYMMETRIES = (90, 0, 180, 360, 180, 180)
#: Half the side of the cube around a solid, in fractions of the image; and degrees of the camera
#: above the horizon.
RADII, ELEVATIONS = (0.24, 0.36), (10.0, 50.0)
#: The smallest side of an image.
LEAST_RESOLUTION = 8

#: (kind, colour) pairs that train lacks. It has every kind and every colour in other pairs.
HELD_OUT = (
    ("box", "red"),
    ("ball", "orange"),
    ("cylinder", "yellow"),
    ("cone", "green"),
    ("cone", "pink"),
    ("torus", "cyan"),
    ("torus", "blue"),
    ("cross-bar", "purple"),
)
#: Views in degrees that train lacks.
HELD_OUT_VIEWS = (90.0, 120.0)

#: What images are drawn from, with classes and ranges; see `tfgan_zoo.attributes`.
DESCRIBED: Mapping[str, Any] = {
    "kind": KINDS,
    "view": "degrees",
    "elevation": ELEVATIONS,
    "size": RADII,
    "red": (0.0, 255.0),
    "green": (0.0, 255.0),
    "blue": (0.0, 255.0),
}


@dataclasses.dataclass(frozen=True)
class Attributes(Rows):
    """What is drawn, one entry per image; index it with a slice or an array for a part.

    Args:
        kind: int32, index into `KINDS`: the label.
        colour: int32, index into `COLOURS`.
        view: float64, degrees that the camera has gone around the solid, to its right.
        elevation: float64, degrees that the camera is above the horizon.
        radius: float64, half the side of the cube that encloses the solid, as a fraction of the
            side of the image.
        rgb: uint8 `[N, 3]`, the colours that are drawn, near those of `colour`.
    """

    kind: np.ndarray
    colour: np.ndarray
    view: np.ndarray
    elevation: np.ndarray
    radius: np.ndarray
    rgb: np.ndarray


def attributes(
    split: str = "train", num: int | None = None, seed: int = 0, start: int = 0
) -> Attributes:
    """Draws the attributes of images `start` to `start + num` of a split.

    Access is random: `attributes(num=3, start=5)` equals `attributes(num=8)[5:]`. Train and test
    are different streams of the same seed. Test has everything, train neither the pairs `HELD_OUT`
    nor the views `HELD_OUT_VIEWS`.

    Args:
        split: "train" or "test".
        num: How many; the split's size (20,000 or 2,000) if None.
        seed: Any integer; another seed is another data set.
        start: Index of the first.

    Returns:
        `Attributes` of `num` entries.

    Raises:
        InputError: If the split does not exist, or a count is negative.

    Example:
    >>> [KINDS[kind] for kind in attributes(num=4).kind]
    ['box', 'box', 'cylinder', 'ball']
    """
    stream = f"solid_views/{split}/"
    _, drawn = of_split("solids/views", split, SPLIT_SIZES, num, seed, start, stream)
    lacks = split == "train"
    allowed = pairs_without(KINDS, COLOURS, HELD_OUT if lacks else ())
    kind, colour = allowed[pick(drawn("label"), len(allowed))].T
    return Attributes(
        kind=np.ascontiguousarray(kind),
        colour=np.ascontiguousarray(colour),
        view=uniform_outside(drawn("view"), 360.0, HELD_OUT_VIEWS if lacks else None),
        elevation=uniform(drawn("elevation"), *ELEVATIONS),
        radius=uniform(drawn("radius"), *RADII),
        rgb=jittered(colour, drawn),
    )


def described(solids: Attributes) -> dict[str, np.ndarray]:
    """Returns the values of `DESCRIBED`, N of each.

    Example:
    >>> values = described(attributes(num=1))
    >>> [round(float(values[name][0]), 2) for name in ("view", "elevation", "size", "red")]
    [46.4, 48.54, 0.31, 248.0]
    """
    red, green, blue = solids.rgb.astype(np.float64).T
    return {
        "kind": solids.kind,
        "view": solids.view,
        "elevation": solids.elevation,
        "size": solids.radius,
        "red": red,
        "green": green,
        "blue": blue,
    }


def held_out_pairs(solids: Attributes) -> np.ndarray:
    """Returns which images show a (kind, colour) pair that train lacks, bool `[N]`."""
    known = np.zeros((len(KINDS), len(COLOURS)), bool)
    for kind, colour in HELD_OUT:
        known[KINDS.index(kind), COLOURS.index(colour)] = True
    return known[solids.kind, solids.colour]


def held_out_views(solids: Attributes) -> np.ndarray:
    """Returns which images have a view that train lacks, bool `[N]`."""
    first, last = HELD_OUT_VIEWS
    return (solids.view >= first) & (solids.view < last)


def render(solids: Attributes, resolution: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Draws solids, and their masks.

    Args:
        solids: What to draw, N of them.
        resolution: Side of the images in pixels, 8 or more.

    Returns:
        The images, uint8 `[N, resolution, resolution, 3]`, and the share of each pixel that the
        solid covers, uint8 `[N, resolution, resolution, 1]`; both in 0..255.

    Raises:
        InputError: If the resolution is below 8.

    Example:
    >>> image, mask = render(attributes(num=1), 8)
    >>> mask[0, 4, :, 0].tolist()
    [0, 255, 255, 255, 255, 255, 255, 0]
    """
    if resolution < LEAST_RESOLUTION:
        raise InputError(
            f"solids/views: expected a resolution of {LEAST_RESOLUTION} or more, got {resolution}."
        )
    images = np.empty((len(solids), resolution, resolution, 3), np.uint8)
    masks = np.empty((len(solids), resolution, resolution, 1), np.uint8)
    background = BACKGROUND_RGB[0].astype(np.float64)
    # What a chunk touches fits the processor's cache, and memory stays bounded at any size.
    chunk = max(1, (1 << 15) // resolution**2)
    for kind in range(len(KINDS)):
        (where,) = np.nonzero(solids.kind == kind)
        for i in range(0, len(where), chunk):
            rows = where[i : i + chunk]
            part = solids[rows]
            share, brightness = cast(kind, part.view, part.elevation, part.radius, resolution)
            masks[rows, ..., 0] = np.rint(255 * share)
            for channel in range(3):
                colour = part.rgb[:, channel, None, None].astype(np.float64)
                value = brightness * colour + (1 - share) * background[channel]
                images[rows, ..., channel] = np.rint(value)
    return images, masks


def load(
    split: str = "train", resolution: int = 32, num: int | None = None, seed: int = 0
) -> dict[str, np.ndarray]:
    """Draws a split into memory.

    Args:
        split: "train" or "test"; they never share a stream.
        resolution: Side of the images in pixels, 8 or more.
        num: How many; 20,000 of train and 2,000 of test if None.
        seed: Any integer; another seed is another data set.

    Returns:
        A dict of arrays, N long: "image" and "mask", uint8 NHWC; the keys of `DESCRIBED`, the
        values that images were drawn from; "label", int32, the numbers of the kinds; and
        "held_out", bool, whether train lacks the pair of kind and colour, or the view.

    Raises:
        InputError: If the split does not exist, or a number is out of range.
    """
    solids = attributes(split, num, seed)
    image, mask = render(solids, resolution)
    held_out = held_out_pairs(solids) | held_out_views(solids)
    return {
        "image": image,
        "mask": mask,
        **described(solids),
        "label": solids.kind,
        "held_out": held_out,
    }

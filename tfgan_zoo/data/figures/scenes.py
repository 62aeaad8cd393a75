"""The view `labels` of `figures`: several figures in an image, with maps of classes and instances.

Three to five solid figures touch, and the later ones cover parts of the earlier ones. The class of
a pixel is the shape of the topmost figure there, which says nothing about its colour: a label map
has many right images. Half of the figures have the shape of the one that they touch, so that the
map of classes alone does not show where one ends.

Example:
>>> data = load("test", resolution=64, num=3)
>>> {name: (values.shape, values.dtype.name) for name, values in data.items()}
{'label': ((3, 64, 64), 'uint8'), 'inst': ((3, 64, 64), 'uint8'), 'image': ((3, 64, 64, 3), 'uint8')}
"""  # noqa: E501

import dataclasses

import numpy as np

from tfgan_zoo.data import figures, streams
from tfgan_zoo.errors import InputError

#: The name of the view.
VIEW = "labels"
#: Names of the classes, by their numbers in a label map.
CLASS_NAMES = ("background", *figures.SHAPES)
#: Number of images of each split.
SPLIT_SIZES = {"train": 5_000, "test": 500}
#: The most and the fewest figures in an image.
MOST, FEWEST = 5, 3

_RADII = (0.17, 0.23)
#: Distance of the centres of two figures that touch, as a share of the sum of their radii.
_APART = (0.8, 1.0)


@dataclasses.dataclass(frozen=True)
class Scenes(streams.Rows):
    """What is drawn: N images of `MOST` figures each, the first at the bottom.

    Args:
        shape: int32 `[N, MOST]`, index into `figures.SHAPES`.
        colour: int32 `[N, MOST]`, index into `figures.COLOURS`, different ones in each image.
        radius: float64 `[N, MOST]`; see `figures.Attributes`.
        x: float64 `[N, MOST]`.
        y: float64 `[N, MOST]`.
        shown: Bool `[N, MOST]`, whether there is such a figure in the image.
    """

    shape: np.ndarray
    colour: np.ndarray
    radius: np.ndarray
    x: np.ndarray
    y: np.ndarray
    shown: np.ndarray


def scenes(split: str = "train", num: int | None = None, seed: int = 0, start: int = 0) -> Scenes:
    """Draws the attributes of scenes `start` to `start + num` of a split.

    Args:
        split: "train" or "test".
        num: How many; the split's size if None.
        seed: Any integer; another seed is another data set.
        start: Index of the first.

    Raises:
        InputError: If the split does not exist, or a number is out of range.

    Example:
    >>> scenes("test", num=2).shown.sum(1)
    array([4, 4])
    """
    stream = f"figures/{VIEW}/{split}/"
    num, bits = streams.of_split("figures", split, SPLIT_SIZES, num, seed, start, stream)

    def uniform(field: str, low: float, high: float) -> np.ndarray:
        return streams.uniform(bits(field), low, high)

    shape = np.empty((num, MOST), np.int32)
    radius, x, y = (np.empty((num, MOST)) for _ in range(3))
    every = np.arange(num)
    for k in range(MOST):
        radius[:, k] = uniform(f"radius{k}", *_RADII)
        shape[:, k] = streams.pick(bits(f"shape{k}"), len(figures.SHAPES))
        low, high = radius[:, k], 1.0 - radius[:, k]
        if k == 0:
            x[:, 0], y[:, 0] = (uniform(f"{axis}0", 0.3, 0.7) for axis in "xy")
            continue
        # It touches an earlier figure in a direction of all, without sine and cosine, whose last
        # digits differ between machines.
        base = streams.pick(bits(f"base{k}"), k)
        alike = streams.pick(bits(f"alike{k}"), 2) == 1
        shape[:, k] = np.where(alike, shape[every, base], shape[:, k])
        t = uniform(f"turn{k}", -1.0, 1.0)
        along, across = (1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t)
        quarter = streams.pick(bits(f"quarter{k}"), 4)
        dx = np.choose(quarter, [along, -across, -along, across])
        dy = np.choose(quarter, [across, along, -across, -along])
        apart = uniform(f"apart{k}", *_APART) * (radius[:, k] + radius[every, base])
        x[:, k] = np.clip(x[every, base] + apart * dx, low, high)
        y[:, k] = np.clip(y[every, base] + apart * dy, low, high)
    keys = np.stack([bits(f"colour{c}") for c in range(len(figures.COLOURS))], axis=1)
    colour = np.argsort(keys, axis=1, kind="stable")[:, :MOST].astype(np.int32)
    count = FEWEST + streams.pick(bits("count"), MOST - FEWEST + 1)
    return Scenes(shape, colour, radius, x, y, np.arange(MOST) < count[:, np.newaxis])


def coverages(drawn: Scenes, resolution: int) -> np.ndarray:
    """Returns the share of each pixel within each figure, also where others cover it.

    Returns:
        float64 `[N, MOST, resolution, resolution]`; 0 for figures that are not shown.
    """
    found = np.zeros((len(drawn), MOST, resolution, resolution))
    for shape in range(len(figures.SHAPES)):
        rows, slots = np.nonzero((drawn.shape == shape) & drawn.shown)
        if len(rows):
            radius, x, y = (each[rows, slots] for each in (drawn.radius, drawn.x, drawn.y))
            found[rows, slots] = figures.coverage(shape, 0, radius, x, y, resolution)
    return found


def render(drawn: Scenes, resolution: int = 64) -> dict[str, np.ndarray]:
    """Draws scenes.

    Args:
        drawn: What to draw, N of them.
        resolution: Side of the images in pixels, 8 or more.

    Returns:
        "label": uint8 `[N, resolution, resolution]`, index into `CLASS_NAMES`. "inst": uint8, 0 for
        the background and 1 to `MOST` for the figures, from the bottom. "image": uint8
        `[N, resolution, resolution, 3]`.

    Raises:
        InputError: If the resolution is below 8.
    """
    if resolution < 8:
        raise InputError(f"figures: the resolution must be 8 or more, not {resolution}.")
    size = (len(drawn), resolution, resolution)
    label, inst = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    image = np.empty((*size, 3), np.uint8)
    chunk = max(1, (1 << 16) // resolution**2)
    for i in range(0, len(drawn), chunk):
        part = drawn[slice(i, i + chunk)]
        masks = coverages(part, resolution)
        pixels = np.empty((*masks.shape[:1], *size[1:], 3))
        pixels[:] = figures.BACKGROUND_RGB[0]
        for k in range(MOST):
            mask = masks[:, k, :, :, np.newaxis]
            colour = figures.COLOUR_RGB[part.colour[:, k]][:, np.newaxis, np.newaxis]
            pixels += mask * (colour - pixels)
            top = masks[:, k] >= 0.5
            inst[i : i + chunk][top] = k + 1
            classes = np.broadcast_to((part.shape[:, k] + 1)[:, np.newaxis, np.newaxis], top.shape)
            label[i : i + chunk][top] = classes[top]
        image[i : i + chunk] = np.rint(pixels)
    return {"label": label, "inst": inst, "image": image}


def load(
    split: str = "train", resolution: int = 64, num: int | None = None, seed: int = 0
) -> dict[str, np.ndarray]:
    """Draws a split into memory: see `scenes` and `render`.

    Args:
        split: "train" or "test"; they never share a stream.
        resolution: Side of the images in pixels.
        num: How many images; 5,000 of train and 500 of test if None.
        seed: Any integer.
    """
    return render(scenes(split, num, seed), resolution)

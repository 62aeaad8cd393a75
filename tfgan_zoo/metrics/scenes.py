"""Reads every instance of the view `figures/labels` back from images made of its label maps.

Instances are read one at a time. What belongs to others is replaced by what the figure alone would
show there, in the colours of the image, and the result is read as one figure by `metrics.figures`.
Only instances of which at least 70 % are visible count.
"""

import numpy as np

from tfgan_zoo.data.figures import scenes
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import figures

#: Share of an instance that must be visible.
VISIBLE = 0.7
#: How far from its place a figure may be, in fractions of the image.
MAX_SHIFT = 0.03
#: Pixels in which two instances must touch for the edge between them to count.
MIN_EDGE = 8
#: Intersection over union from which on the parts at both sides of an edge are right.
MIN_IOU = 0.8


def scene_scores(
    images: np.ndarray, wanted: scenes.Scenes, *, colours: bool = False
) -> dict[str, float]:
    """Returns how often images show what their label maps say.

    Args:
        images: uint8 `[N, R, R, 3]`, made from the label maps of `wanted`.
        wanted: What was drawn, N scenes.
        colours: Whether images should have the colours of `wanted`, too.

    Returns:
        "clean": share of instances that are one clean figure of their class at their place. "edge":
        share of pairs of touching instances of one class whose pixels, divided into two colours,
        are the two instances, with an intersection over union of at least 0.8. With `colours` also
        "colour", the share of instances that are clean and in their colour. NaN where there are
        none.

    Raises:
        InputError: If the images are not uint8 square RGB, or their number differs from `wanted`.

    Example:
    >>> drawn = scenes.scenes("test", num=20)
    >>> images = scenes.render(drawn, 64)["image"]
    >>> scene_scores(images, drawn, colours=True)["colour"] > 0.95
    True
    """
    square = images.ndim == 4 and images.shape[1] == images.shape[2] and images.shape[3] == 3
    if images.dtype != np.uint8 or not square or len(images) != len(wanted):
        raise InputError(
            f"images: expected uint8 of shape ({len(wanted)}, R, R, 3), got {images.dtype} "
            f"{images.shape}."
        )
    masks, tops = visible(wanted, images.shape[1])
    rows, slots = np.nonzero(_counts(masks, tops, wanted))
    found = {"clean": np.nan, "edge": _edges(images, wanted, masks, tops)}
    if colours:
        found["colour"] = np.nan
    if not len(rows):
        return found
    alone = np.stack(
        [_alone(images[n], masks[n], tops[n], int(k)) for n, k in zip(rows, slots, strict=True)]
    )
    read = figures.read(alone)
    place = np.maximum(
        np.abs(read.attributes.x - wanted.x[rows, slots]),
        np.abs(read.attributes.y - wanted.y[rows, slots]),
    )
    clean = read.valid & (read.attributes.shape == wanted.shape[rows, slots]) & (place <= MAX_SHIFT)
    found["clean"] = float(clean.mean())
    if colours:
        right = read.attributes.colour == wanted.colour[rows, slots]
        found["colour"] = float((clean & right).mean())
    return found


def visible(wanted: scenes.Scenes, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the coverage of each figure, and the number of the topmost one of each pixel.

    Args:
        wanted: What was drawn.
        resolution: Side of the images in pixels.

    Returns:
        float64 `[N, MOST, R, R]`, and int `[N, R, R]` with -1 for the background.
    """
    masks = scenes.coverages(wanted, resolution)
    tops = np.full((len(wanted), resolution, resolution), -1)
    for k in range(scenes.MOST):
        tops[masks[:, k] >= 0.5] = k
    return masks, tops


def _counts(masks: np.ndarray, tops: np.ndarray, wanted: scenes.Scenes) -> np.ndarray:
    """Returns which instances are visible enough, bool `[N, MOST]`."""
    whole = (masks >= 0.5).sum((2, 3))
    seen = np.stack([(tops == k).sum((1, 2)) for k in range(scenes.MOST)], axis=1)
    return wanted.shown & (seen >= VISIBLE * np.maximum(whole, 1))


def _alone(image: np.ndarray, masks: np.ndarray, top: np.ndarray, k: int) -> np.ndarray:
    """Returns an image in which figure k is alone: others give way to it and to the background."""
    others = _grown((top != k) & (top != -1))
    mask = masks[k]
    background = _median(image, (top == -1) & ~others, (25, 25, 30))
    own = _median(image, (top == k) & ~others & (mask == 1), background)
    expected = background + mask[..., np.newaxis] * (own - background)
    shown = np.where(others[..., np.newaxis], expected, image)
    return np.rint(shown).astype(np.uint8)


def _median(image: np.ndarray, where: np.ndarray, otherwise: object) -> np.ndarray:
    return np.median(image[where], axis=0) if where.any() else np.asarray(otherwise, float)


def _grown(where: np.ndarray) -> np.ndarray:
    """Returns a mask with one pixel more on every side, which antialiasing mixes."""
    padded = np.pad(where, 1)
    height, width = where.shape
    return np.logical_or.reduce(
        [padded[i : i + height, j : j + width] for i in range(3) for j in range(3)]
    )


def _edges(images: np.ndarray, wanted: scenes.Scenes, masks: np.ndarray, tops: np.ndarray) -> float:
    counts, right = _counts(masks, tops, wanted), []
    for n in range(len(wanted)):
        for first in range(scenes.MOST):
            for second in range(first + 1, scenes.MOST):
                alike = wanted.shape[n, first] == wanted.shape[n, second]
                if not (alike and counts[n, first] and counts[n, second]):
                    continue
                here, there = tops[n] == first, tops[n] == second
                if (_grown(here) & there).sum() >= MIN_EDGE:
                    right.append(_iou(images[n], here, there) >= MIN_IOU)
    return float(np.mean(right)) if right else float("nan")


def _iou(image: np.ndarray, here: np.ndarray, there: np.ndarray) -> float:
    """Returns how well two colours divide the pixels of two instances: the worse of both IoUs.

    The colours are the two clusters of the pixels, which know nothing of the instances.
    """
    pixels, first = image[here | there].astype(float), here[here | there]
    axis = pixels - pixels.mean(0)
    # Along the direction in which colours differ most, from both of its ends.
    direction = np.linalg.svd(axis, full_matrices=False)[2][0]
    order = axis @ direction
    centres = np.stack([pixels[order.argmin()], pixels[order.argmax()]])
    if np.abs(centres[0] - centres[1]).max() < 20:  # one colour
        return 0.0
    for _ in range(10):
        nearest = ((pixels[:, np.newaxis] - centres) ** 2).sum(-1).argmin(1)
        centres = np.stack(
            [pixels[nearest == i].mean(0) if np.any(nearest == i) else centres[i] for i in (0, 1)]
        )
    found = [nearest == 0, nearest == 1]

    def worse(a: np.ndarray, b: np.ndarray) -> float:
        pairs = ((a, first), (b, ~first))
        return min(float((x & y).sum() / max((x | y).sum(), 1)) for x, y in pairs)

    return max(worse(*found), worse(*found[::-1]))

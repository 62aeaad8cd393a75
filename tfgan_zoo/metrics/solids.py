"""Recognises the solid in voxels of `voxels/solids`, without trained weights.

Moments of the full voxels give the size and place of each kind of solid in each direction. The best
of these are moved and scaled until they overlap the voxels most, and the one with the highest IoU,
the share of what is full in either that is full in both, is the result.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from tfgan_zoo.data.solids import JITTER, KINDS, RADII, TURNS, Attributes, occupied
from tfgan_zoo.data.voxels import check_not_binary
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.classes import ClassScores, obedience
from tfgan_zoo.metrics.divergence import reverse_kl

#: The lowest IoU of a valid solid. Two kinds have 0.63 at most.
MIN_IOU = 0.9
#: How far outside of `RADII` a fitted radius may be, and a fitted centre from those of solids.
_RADIUS_ERROR, _PLACE_ERROR = 0.06, 0.09
#: Solids that are fitted to an object, in the order of their first IoU, until one is valid.
_CANDIDATES = 4
#: First and last step of a fit, in voxels.
_STEPS = (0.5, 0.0625)
#: An IoU from which a fit is not improved.
_ENOUGH = 0.985


class _Template(NamedTuple):
    """A solid of radius 1 at 0: its kind and direction, volume and moments along each axis."""

    kind: int
    direction: int
    volume: float
    mean: np.ndarray
    variance: np.ndarray
    skew: np.ndarray


@dataclasses.dataclass(frozen=True)
class Readings:
    """Results of `read`, one entry per object.

    Args:
        attributes: Attributes of the best solid; meaningful where `valid`.
        iou: float64, of the object and that solid.
        valid: Whether the object is one of the solids, bool: `iou` is at least `MIN_IOU`, and
            radius and centre are those that solids have.
    """

    attributes: Attributes
    iou: np.ndarray
    valid: np.ndarray


def _moments(full: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns volume `[n]`, mean, variance and skew `[n, 3]` of objects, with sides of length 1."""
    num, resolution = full.shape[:2]
    volume = full.reshape(num, -1).sum(1).astype(np.float64)
    places = (np.arange(resolution) + 0.5) / resolution
    found = []
    for axis in (1, 2, 3):
        others = tuple(i for i in (1, 2, 3) if i != axis)
        shares = full.sum(others) / np.maximum(volume, 1)[:, None]
        mean = shares @ places
        away = places - mean[:, None]
        found.append((mean, (shares * away**2).sum(1), (shares * away**3).sum(1)))
    mean, variance, skew = (np.stack(each, axis=1) for each in zip(*found, strict=True))
    return volume / resolution**3, mean, variance, skew


def _template(kind: int, direction: int) -> _Template:
    half, resolution = np.array([0.5]), 80
    full = occupied(kind, direction, half, np.full((1, 3), 0.5), resolution)
    volume, mean, variance, skew = (each[0] for each in _moments(full))
    return _Template(kind, direction, 8 * float(volume), 2 * (mean - 0.5), 4 * variance, 8 * skew)


_TEMPLATES = tuple(_template(k, turn) for k, name in enumerate(KINDS) for turn in TURNS[name])


def _iou(full: np.ndarray, template: _Template, pose: np.ndarray) -> np.ndarray:
    """Returns the IoU of objects and a solid; pose `[n, 4]` is radius and centre."""
    made = occupied(template.kind, template.direction, pose[:, 0], pose[:, 1:], full.shape[1])
    axes = (1, 2, 3)
    return (made & full).sum(axes) / np.maximum((made | full).sum(axes), 1)


def _fitted(
    full: np.ndarray, template: _Template, pose: np.ndarray, iou: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Moves and scales a solid until no step of half the last one improves its IoU."""
    pose, iou = pose.copy(), iou.copy()
    resolution = full.shape[1]
    step = np.full(len(full), _STEPS[0])
    while True:
        (rows,) = np.nonzero((step >= _STEPS[1]) & (iou < _ENOUGH))
        if not len(rows):
            return pose, iou
        best, moved = iou[rows].copy(), pose[rows].copy()
        for place in range(4):
            for sign in (1.0, -1.0):
                tried = pose[rows].copy()
                tried[:, place] += sign * step[rows] / resolution
                tried[:, 0] = np.maximum(tried[:, 0], 1 / resolution)
                found = _iou(full[rows], template, tried)
                better = found > best
                best[better], moved[better] = found[better], tried[better]
        improved = best > iou[rows]
        pose[rows], iou[rows] = moved, best
        step[rows[~improved]] /= 2


def _read_chunk(full: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the template, the pose and the IoU of each object."""
    num = len(full)
    volume, mean, variance, skew = _moments(full)
    radius = np.stack([np.cbrt(volume / each.volume) for each in _TEMPLATES], axis=1)
    radius = np.maximum(radius, 1 / full.shape[1])
    apart = np.stack(
        [
            np.abs(variance / r[:, None] ** 2 - each.variance).sum(1)
            + np.abs(skew / r[:, None] ** 3 - each.skew).sum(1)
            for each, r in zip(_TEMPLATES, radius.T, strict=True)
        ],
        axis=1,
    )
    chosen = np.argsort(apart, axis=1)[:, :_CANDIDATES]
    poses = np.zeros((num, _CANDIDATES, 4))
    first = np.zeros((num, _CANDIDATES))

    def each_template(chosen, rows):
        for number, template in enumerate(_TEMPLATES):
            (own,) = np.nonzero(chosen == number)
            if len(own):
                yield template, number, rows[own]

    every = np.arange(num)
    for place in range(_CANDIDATES):
        for template, number, rows in each_template(chosen[:, place], every):
            r = radius[rows, number, None]
            poses[rows, place] = np.concatenate([r, mean[rows] - r * template.mean], axis=1)
            first[rows, place] = _iou(full[rows], template, poses[rows, place])
    order = np.argsort(-first, axis=1)
    best = np.full(num, -1.0)
    kinds, found = np.zeros(num, int), np.zeros((num, 4))
    for turn in range(_CANDIDATES):
        left = np.nonzero(best < MIN_IOU)[0]
        places = order[left, turn]
        for template, number, rows in each_template(chosen[left, places], left):
            place = order[rows, turn]
            pose, iou = _fitted(full[rows], template, poses[rows, place], first[rows, place])
            better = iou > best[rows]
            wins = rows[better]
            best[wins], found[wins], kinds[wins] = iou[better], pose[better], number
    return kinds, found, np.maximum(best, 0.0)


def _check(voxels: np.ndarray) -> np.ndarray:
    voxels = np.asarray(voxels)
    cubes = voxels.ndim == 5 and voxels.shape[1] == voxels.shape[2] == voxels.shape[3] >= 8
    if not cubes or voxels.shape[4] != 1 or not len(voxels):
        raise InputError(
            "solids: expected voxels of shape [N, R, R, R, 1] with N >= 1 and R >= 8, got "
            f"{list(voxels.shape)}."
        )
    if voxels.dtype == bool:
        return voxels[..., 0]
    check_not_binary(voxels, "solids")
    if voxels.dtype == np.uint8:
        return voxels[..., 0] >= 128
    if voxels.dtype.kind == "f":
        return voxels[..., 0] >= 0
    raise InputError(f"solids: expected uint8, bool, or floats in [-1, 1], got {voxels.dtype}.")


def read(voxels: np.ndarray) -> Readings:
    """Recognises the solid in each object, by fitting. Voxels are full from an occupancy of 0.5 up.

    Args:
        voxels: Floats in [-1, 1], uint8 in 0 to 255, or bool, `[N, R, R, R, 1]`, R >= 8.

    Returns:
        `Readings` of N entries.

    Raises:
        InputError: If the voxels have another shape or type, or are 0 and 1 as numbers.

    Example:
    >>> from tfgan_zoo.data import solids
    >>> wanted = solids.attributes(num=20)
    >>> found = read(solids.render(wanted, 16))
    >>> bool(found.valid.all()), bool((found.attributes.kind == wanted.kind).all())
    (True, True)
    """
    full = _check(voxels)
    chunk = max(1, (1 << 19) // full[0].size)
    parts = [_read_chunk(full[i : i + chunk]) for i in range(0, len(full), chunk)]
    number, pose, iou = (np.concatenate(each) for each in zip(*parts, strict=True))
    kinds, directions = (
        np.array([each[i] for each in _TEMPLATES], np.int32)[number] for i in (0, 1)
    )
    # A ball that is larger than all voxels would explain a full cube, and one that is centred
    # outside of them what the border has left of an object.
    usual = np.abs(pose[:, 0] - np.mean(RADII)) <= np.ptp(RADII) / 2 + _RADIUS_ERROR
    usual &= (np.abs(pose[:, 1:] - 0.5) <= JITTER + _PLACE_ERROR).all(axis=1)
    return Readings(Attributes(kinds, directions, *pose.T), iou, (iou >= MIN_IOU) & usual)


def solid_scores(voxels: np.ndarray, wanted: np.ndarray | None = None) -> dict[str, float]:
    r"""Scores generated voxels by the solids that they show.

    `reverse_kl` is \(\sum_k p_k \log (6 p_k)\), with p the shares of the kinds among the valid
    solids: 0 if all are equally frequent, log 6 if there is only one.

    Args:
        voxels: Floats in [-1, 1], uint8 in 0 to 255, or bool, `[N, R, R, R, 1]`.
        wanted: Labels, indices into `KINDS`, that the objects were asked for.

    Returns:
        "validity": share of objects that are one of the solids, with an IoU of at least 0.9, a
            size and a place that solids have.
        "iou": mean IoU with the most similar solid.
        "kinds": number of kinds among the valid ones.
        "coverage": `kinds / 6`.
        "reverse_kl": in nats; NaN if no object is valid.
        With `wanted` also "obedience": share of the valid solids that are of the kind asked for,
        and "obedience_worst" and "obedience_best", that of the worst and the best kind; all NaN if
        no object is valid.

    Raises:
        InputError: If the voxels have another shape or type, or their number differs from `wanted`.

    Example:
    >>> from tfgan_zoo.data import solids
    >>> solid_scores(solids.load("test", 16, num=60)["voxels"])["coverage"]
    1.0
    """
    found = read(voxels)
    seen = found.attributes.kind
    counts = np.bincount(seen[found.valid], minlength=len(KINDS))
    kinds = float(np.count_nonzero(counts))
    scores = {
        "validity": float(found.valid.mean()),
        "iou": float(found.iou.mean()),
        "kinds": kinds,
        "coverage": kinds / len(KINDS),
        "reverse_kl": reverse_kl(counts),
    }
    if wanted is None:
        return scores
    wanted = np.asarray(wanted)
    if wanted.shape != found.valid.shape:
        raise InputError(f"wanted: expected {len(found.valid)} labels, got shape {wanted.shape}.")
    obeyed = obedience(seen == wanted, found.valid, wanted, KINDS)
    return ClassScores(scores | obeyed, obeyed.by_class)

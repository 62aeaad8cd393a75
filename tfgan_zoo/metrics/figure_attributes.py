"""Reads the attributes of turned figures back from images, and scores images and masks by them.

It is for images of the view `figures/attributes` times their masks: one solid figure on black, of
any angle. As in `metrics.figures`, moments say where the figure is and how large, for each shape at
several angles; the best candidates are refined by Gauss-Newton on their rendered masks.
"""

import dataclasses

import numpy as np

from tfgan_zoo.data import figures
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.figures import (
    _MOMENTS,
    MARGIN_PER_ERROR,
    MAX_COLOUR_ERROR,
    MAX_FIT_ERROR,
    MIN_MARGIN,
    _blur,
    _dot,
    _moments,
    _nearest,
)

#: How far an attribute may be off to be right: degrees, shares of the image, a share of the size.
MAX_ANGLE_ERROR = 10.0
MAX_PLACE_ERROR = 0.03
MAX_SIZE_ERROR = 0.1
#: Share of a pixel from which on a mask counts it.
MASK_THRESHOLD = 0.5

_SHAPES = len(figures.SHAPES)
#: Degrees between the angles that are tried.
_APART = 12
_STEPS = 5
#: Images at a time.
_CHUNK = 128


@dataclasses.dataclass(frozen=True)
class TurnedReadings:
    """Results of `read_turned`, one entry per image.

    Args:
        attributes: Attributes of the best figure, with its angle and the nearest of `COLOURS`;
            meaningful where `valid`.
        rgb: float32 `[N, 3]`, its fitted colour in 0 to 255.
        fit_error: float32, share of the squared image that it does not explain.
        margin: float32, how much more the next best shape leaves unexplained.
        valid: Whether the image is one clean figure, bool.
    """

    attributes: figures.Attributes
    rgb: np.ndarray
    fit_error: np.ndarray
    margin: np.ndarray
    valid: np.ndarray


def read_turned(images: np.ndarray) -> TurnedReadings:
    """Recognises the solid figure of any angle on a black image, by fitting.

    Args:
        images: uint8 `[N, R, R, 3]`, R >= 16.

    Returns:
        `TurnedReadings` of N entries.

    Raises:
        InputError: If the images are not uint8 or not square RGB.

    Example:
    >>> from tfgan_zoo.pixels import on_black
    >>> wanted = figures.attributes("attributes", num=20)
    >>> images = on_black(figures.render(wanted, 64), figures.masks(wanted, 64))
    >>> bool(read_turned(images).valid.all())
    True
    """
    images = np.asarray(images)
    square = images.ndim == 4 and images.shape[1] == images.shape[2] >= 16
    if images.dtype != np.uint8 or not square or images.shape[3] != 3 or not len(images):
        raise InputError(
            "figures: expected uint8 images of shape [N, R, R, 3] with N >= 1 and R >= 16, got "
            f"{images.dtype} {list(images.shape)}."
        )
    parts = [_read(images[i : i + _CHUNK]) for i in range(0, len(images), _CHUNK)]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    pose = found["pose"].astype(np.float64)
    shape = found["shape"].astype(np.int32)
    colour, colour_error = _nearest(found["rgb"], figures.COLOUR_RGB.astype(np.float32))
    zeros = np.zeros_like(shape)
    attributes = figures.Attributes(
        shape,
        colour,
        fill=zeros,
        background=zeros,
        radius=pose[:, 2],
        x=pose[:, 0],
        y=pose[:, 1],
        angle=pose[:, 3] % 360,
    )
    error, margin = found["fit_error"], found["margin"]
    valid = (
        (error <= MAX_FIT_ERROR)
        & (margin >= MIN_MARGIN + MARGIN_PER_ERROR * error)
        & (colour_error <= MAX_COLOUR_ERROR)
    )
    return TurnedReadings(attributes, found["rgb"], error, margin, valid)


def _read(images: np.ndarray) -> dict[str, np.ndarray]:
    n, resolution = images.shape[:2]
    pixels = images.astype(np.float32)
    power = np.einsum("nijc,nijc->nij", pixels, pixels)
    energy = power.sum((1, 2)) + 1e-3
    direction = np.einsum("nij,nijc->nc", power, pixels)
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-6)
    level = np.einsum("nijc,nc->nij", pixels, direction)
    count = max(1, resolution**2 // 100)
    top = np.maximum(np.partition(level.reshape(n, -1), -count, 1)[:, -count:].mean(1), 1e-3)
    level /= top[:, None, None]
    off_axis = np.maximum(energy / top**2 - _dot(level, level), 0.0)

    grid = ((np.arange(resolution) + 0.5) / resolution).astype(np.float32)
    x, y, spread = _moments(np.maximum(level - 0.1, 0.0), grid).T.astype(np.float32)
    left = np.full((n, _SHAPES), np.inf, np.float32)
    pose = np.zeros((n, _SHAPES, 4), np.float32)
    for shape in range(_SHAPES):
        across, down, width = _MOMENTS[shape * len(figures.FILLS)].astype(np.float32)
        radius = np.clip(spread / width, 0.05, 0.7)
        for angle in range(0, figures.SYMMETRIES[shape] or 1, _APART):
            turn = np.radians(angle)
            cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
            start = np.stack(
                [
                    x - radius * (cos * across - sin * down),
                    y - radius * (sin * across + cos * down),
                    radius,
                    np.full(n, angle, np.float32),
                ],
                1,
            )
            residual = _explained(shape, level, start)[0]
            better = residual < left[:, shape]
            pose[better, shape], left[better, shape] = start[better], residual[better]
    masks, best = np.zeros_like(level), np.full(n, np.inf, np.float32)
    for shape in range(_SHAPES):
        refined = _refined(shape, level, pose[:, shape])
        residual, mask = _explained(shape, level, refined)
        better = residual < left[:, shape]
        pose[better, shape] = refined[better]
        left[:, shape] = np.minimum(left[:, shape], residual)
        wins = residual < best
        best[wins], masks[wins] = residual[wins], mask[wins]

    every = np.arange(n)
    shape = left.argmin(1)
    others = left.copy()
    others[every, shape] = np.inf
    scale = top**2 / energy
    rgb = np.einsum("nij,nijc->nc", masks, pixels) / np.maximum(_dot(masks, masks), 1e-6)[:, None]
    return {
        "shape": shape,
        "pose": pose[every, shape],
        "rgb": rgb,
        "fit_error": (left[every, shape] + off_axis) * scale,
        "margin": (others.min(1) - left[every, shape]) * scale,
    }


def _mask(shape: int, pose: np.ndarray, resolution: int) -> np.ndarray:
    x, y, radius, angle = pose.T
    return figures.coverage(shape, 0, radius, x, y, resolution, angle)


def _explained(shape: int, level: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the residual sum of squares of `level`, and the fitted mask; edges may be soft."""
    mask = _mask(shape, pose, level.shape[1])
    change = _blur(mask) - mask
    mm, mc, cc = _dot(mask, mask), _dot(mask, change), _dot(change, change)
    lm, lc = _dot(level, mask), _dot(level, change)
    amount = (mm * lc - mc * lm) / np.maximum(cc * lm - mc * lc, 1e-6)
    amount = np.where(mm * cc - mc * mc > 1e-5, np.clip(amount, 0.0, 1.0), 0.0)
    mask = mask + amount.astype(np.float32)[:, None, None] * change
    amplitude = _dot(level, mask) / np.maximum(_dot(mask, mask), 1e-6)
    left = level - amplitude[:, None, None] * mask
    return _dot(left, left), mask


def _refined(shape: int, level: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Runs Gauss-Newton on (x, y, radius, angle) of one shape."""
    resolution = level.shape[1]
    # One unit of each is about one pixel; an angle counts at the edge of a usual figure.
    unit = np.array([1, 1, 1, np.degrees(1 / 0.22)], np.float32) / resolution
    free = 4 if figures.SYMMETRIES[shape] else 3
    for _ in range(_STEPS):
        here = _mask(shape, pose, resolution)
        amplitude = _dot(level, here) / np.maximum(_dot(here, here), 1e-6)
        basis = [here]
        for i in range(free):
            moved = pose.copy()
            moved[:, i] += 0.25 * unit[i]
            change = (_mask(shape, moved, resolution) - here) * 4
            basis.append(change * amplitude[:, None, None])
        jacobian = np.stack(basis, 1).reshape(len(level), 1 + free, -1)
        rest = (level - amplitude[:, None, None] * here).reshape(len(level), -1, 1)
        normal = jacobian @ jacobian.transpose(0, 2, 1)
        trace = np.trace(normal, axis1=1, axis2=2)[:, None, None]
        normal = normal + (1e-4 * trace + 1e-6) * np.eye(1 + free, dtype=np.float32)
        delta = np.clip(np.linalg.solve(normal, jacobian @ rest)[:, 1:, 0], -1.5, 1.5)
        pose = pose.copy()
        pose[:, :free] += delta * unit[:free]
        pose[:, 2] = np.clip(pose[:, 2], 0.05, 0.7)
    return pose


# ---------------------------------------------------------------------- scores


def mask_iou(masks: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Returns the intersection over union of masks, one number for each; 1 of two empty masks.

    Args:
        masks: `[N, H, W, 1]` in 0..255 or [0, 1], cut at the middle.
        wanted: Masks of the same shape, in either range.

    Example:
    >>> mask_iou(np.ones((1, 1, 4, 1)), np.array([255, 255, 255, 0], np.uint8).reshape(1, 1, 4, 1))
    array([0.75])
    """
    a, b = (
        each >= MASK_THRESHOLD * (255 if each.dtype == np.uint8 else 1) for each in (masks, wanted)
    )
    both, either = (op(a, b).sum((1, 2, 3)) for op in (np.logical_and, np.logical_or))
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def right_attributes(images: np.ndarray, wanted: figures.Attributes) -> dict[str, np.ndarray]:
    """Returns which attributes of figures are right, bool [N] each; see `attribute_scores`."""
    if len(images) != len(wanted):
        raise InputError(f"figures: expected {len(wanted)} images, got {len(images)}.")
    assert wanted.angle is not None
    found = read_turned(images)
    seen = found.attributes
    period = np.array(figures.SYMMETRIES)[wanted.shape]
    turns = np.where(period > 0, period, 1)
    apart = np.abs((seen.angle - wanted.angle + turns / 2) % turns - turns / 2)  # type: ignore[operator]
    # Of the centres that stay where they are when a figure is turned by its symmetry.
    place = np.abs(_centres(seen) - _centres(wanted)).max(axis=1)
    right = {
        "shape": seen.shape == wanted.shape,
        "colour": seen.colour == wanted.colour,
        "angle": (period == 0) | (apart <= MAX_ANGLE_ERROR),
        "place": place <= MAX_PLACE_ERROR,
        "size": np.abs(seen.radius - wanted.radius) <= MAX_SIZE_ERROR * wanted.radius,
    }
    right = {name: found.valid & each for name, each in right.items()}
    return right | {"all": np.logical_and.reduce(list(right.values()))}


def _centres(turned: figures.Attributes) -> np.ndarray:
    """Returns the centres of gravity of figures, float64 `[N, 2]`."""
    across, down, _ = _MOMENTS[turned.shape * len(figures.FILLS)].T
    sine, cosine = figures.sine_and_cosine(np.asarray(turned.angle))
    x = turned.x + turned.radius * (cosine * across - sine * down)
    y = turned.y + turned.radius * (sine * across + cosine * down)
    return np.stack([x, y], axis=1)


def attribute_scores(images: np.ndarray, wanted: figures.Attributes) -> dict[str, float]:
    """Returns how often images drawn from attributes show these attributes.

    Args:
        images: Figures on black, uint8 `[N, R, R, 3]`.
        wanted: Attributes of the figure that each image should show, N entries.

    Returns:
        For "shape", "colour", "angle", "place" and "size" the share of images that are valid and
        right, and for "all" the share right in all five, of combinations of shape and colour, and
        angles, that occur in training: "seen_shape" and so on; and of the others:
        "held_out_shape" and so on. An angle may be off by 10 degrees, or by a symmetry of the
        shape; a centre by 3 % of the image; a size by 10 %.

    Raises:
        InputError: If the images are not uint8 square RGB, or their number differs from `wanted`.
    """
    right, held_out = right_attributes(images, wanted), figures.is_held_out(wanted)
    return {
        f"{name}_{attribute}": float(each[part].mean())
        for name, part in (("seen", ~held_out), ("held_out", held_out))
        if part.any()
        for attribute, each in right.items()
    }

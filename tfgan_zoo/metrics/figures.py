"""Recognises the figure in images of the `figures` data set, without trained weights.

An image is modelled as background + mask x (colour - background). Moments of the mask give the
position and size for each of the 18 templates (shape x fill). The best candidates are refined by
Gauss-Newton on their rendered masks, and the best one is the result. An image is *valid* if that
one figure explains it with no remainder, no other shape explains it about as well, and its colours
are those of the data set.
"""

import dataclasses

import numpy as np

from tfgan_zoo.data.figures import (
    BACKGROUND_RGB,
    BACKGROUNDS,
    CLASS_NAMES,
    COLOUR_RGB,
    COLOURS,
    FILLS,
    GREY,
    GREY_RGB,
    SHAPES,
    Attributes,
    coverage,
    get_view,
    is_held_out,
)
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.classes import ClassScores, obedience
from tfgan_zoo.metrics.divergence import reverse_kl

# Limits for one clean figure. They lie between figures with the flaws of a generator (blur of one
# pixel, noise with sigma 8, colours off by 8: error below 0.02, margin above 0.05 in the default
# view) and ambiguous ones: two shapes averaged (0.08, 0.02) or half-way between (0.08, 0.04).
MAX_FIT_ERROR = 0.07
MIN_MARGIN = 0.01
MARGIN_PER_ERROR = 1.0  # the next best shape must leave twice as much unexplained
MAX_LEFTOVER = 0.3
MAX_BACKGROUND_NOISE = 14.0
MAX_COLOUR_ERROR = 40.0
MAX_BACKGROUND_ERROR = 40.0

_KINDS = len(SHAPES) * len(FILLS)
_REFINED = 6
_STEPS = 3
# Range of a figure's contrast relative to the palette's. Thin, soft figures have a wider one.
_CONTRAST = {"solid": (0.8, 1.2), "outline": (0.75, 1.7), "striped": (0.75, 1.7)}


@dataclasses.dataclass(frozen=True)
class Readings:
    """Results of `read`, one entry per image.

    Args:
        attributes: Attributes of the best figure; meaningful where `valid`.
        rgb: float32 `[N, 3]`, the fitted colour of the figure in 0 to 255 (may overshoot).
        background_rgb: float32 `[N, 3]`, the colour of the background.
        fit_error: float32, share of the squared difference from the background that the figure does
            not explain, beyond the noise at the border: 0 is perfect, 1 explains nothing. For flat
            masks it is about 1 - IoU.
        margin: float32, how much more the next best shape leaves unexplained.
        leftover: float32, the strongest unexplained patch (3 pixels of 32) away from the figure's
            edges, relative to the figure's contrast.
        background_noise: float32, robust standard deviation at the border, in 0 to 255.
        colour_error: float32, distance of `rgb` from the nearest palette colour, in 0 to 255.
        background_error: float32, the same for the background.
        valid: Whether the image is one clean figure, bool.
    """

    attributes: Attributes
    rgb: np.ndarray
    background_rgb: np.ndarray
    fit_error: np.ndarray
    margin: np.ndarray
    leftover: np.ndarray
    background_noise: np.ndarray
    colour_error: np.ndarray
    background_error: np.ndarray
    valid: np.ndarray


def _canonical_moments() -> np.ndarray:
    """Returns centre and spread of each kind's mask in units of its radius: [18, 3]."""
    one = np.array([0.4])
    half = np.array([0.5])
    grid = (np.arange(200) + 0.5) / 200
    rows = []
    for kind in range(_KINDS):
        mask = coverage(*divmod(kind, len(FILLS)), one, half, half, 200)[0]
        rows.append(_moments(mask[None], grid)[0])
    out = np.array(rows)
    out[:, :2] -= 0.5
    return out / 0.4


def _moments(mask: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Returns mean x, mean y and standard deviation (of both axes) of masks: [n, 3]."""
    total = np.maximum(mask.sum((1, 2)), 1e-6)
    px, py = mask.sum(1) / total[:, None], mask.sum(2) / total[:, None]
    x, y = px @ grid, py @ grid
    var = px @ (grid * grid) - x * x + py @ (grid * grid) - y * y
    return np.stack([x, y, np.sqrt(np.maximum(var, 1e-8))], 1)


_MOMENTS = _canonical_moments()


def _blur(mask: np.ndarray) -> np.ndarray:
    """Applies a box blur over about 3 pixels of 32, with repeated edges."""
    reach = max(1, mask.shape[1] // 32)
    padded = np.pad(mask, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    n, width = mask.shape[1], 2 * reach + 1
    rows = padded[:, :n].copy()
    for i in range(1, width):
        rows += padded[:, i : i + n]
    out = rows[:, :, :n].copy()
    for i in range(1, width):
        out += rows[:, :, i : i + n]
    return out / np.float32(width * width)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("nij,nij->n", a, b)


def _refine(kind: int, level: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Runs Gauss-Newton on (x, y, radius) of one kind; level [n, R, R], pose [n, 3]."""
    shape, fill = divmod(kind, len(FILLS))
    resolution = level.shape[1]
    step = np.float32(0.25 / resolution)
    limit = np.float32(1.5 / resolution)

    def mask(p):
        return coverage(shape, fill, p[:, 2], p[:, 0], p[:, 1], resolution)

    for _ in range(_STEPS):
        here = mask(pose)
        amplitude = _dot(level, here) / np.maximum(_dot(here, here), 1e-6)
        basis = [here]
        for i in range(3):
            moved = pose.copy()
            moved[:, i] += step
            basis.append((mask(moved) - here) / step * (amplitude[:, None, None] / resolution))
        jacobian = np.stack(basis, 1).reshape(len(level), 4, -1)
        left = (level - amplitude[:, None, None] * here).reshape(len(level), -1, 1)
        normal = jacobian @ jacobian.transpose(0, 2, 1)
        trace = np.trace(normal, axis1=1, axis2=2)[:, None, None]
        normal = normal + (1e-4 * trace + 1e-6) * np.eye(4, dtype=np.float32)
        delta = np.linalg.solve(normal, jacobian @ left)[:, 1:, 0] / resolution
        pose = pose + np.clip(delta, -limit, limit)
        pose[:, 2] = np.clip(pose[:, 2], 0.05, 0.7)
    return pose


def _explain(kind, level, pose):
    """Returns the residual sum of squares of `level`, and the fitted mask, for one kind."""
    shape, fill = divmod(kind, len(FILLS))
    mask = coverage(shape, fill, pose[:, 2], pose[:, 0], pose[:, 1], level.shape[1])
    # Soft edges are allowed: the mask may be blurred over up to 3 pixels of 32.
    change = _blur(mask) - mask
    mm, mc, cc = _dot(mask, mask), _dot(mask, change), _dot(change, change)
    lm, lc = _dot(level, mask), _dot(level, change)
    det = np.maximum(mm * cc - mc * mc, 1e-6)
    amount = np.clip((mm * lc - mc * lm) / np.maximum(cc * lm - mc * lc, 1e-6), 0.0, 1.0)
    amount = np.where(det > 1e-5, amount, 0.0).astype(np.float32)
    mask = mask + amount[:, None, None] * change
    amplitude = _dot(level, mask) / np.maximum(_dot(mask, mask), 1e-6)
    left = level - amplitude[:, None, None] * mask
    return _dot(left, left), mask


def _read_chunk(images: np.ndarray) -> dict[str, np.ndarray]:
    n, resolution = images.shape[:2]
    pixels = images.astype(np.float32)
    edge = max(1, resolution // 32)
    border = np.concatenate(
        [
            pixels[:, :edge].reshape(n, -1, 3),
            pixels[:, -edge:].reshape(n, -1, 3),
            pixels[:, edge:-edge, :edge].reshape(n, -1, 3),
            pixels[:, edge:-edge, -edge:].reshape(n, -1, 3),
        ],
        1,
    )
    below = np.median(border, 1)
    noise = (1.4826 * np.median(np.abs(border - below[:, None]), (1, 2))) ** 2
    diff = pixels - below[:, None, None]
    power = np.einsum("nijc,nijc->nij", diff, diff)
    energy = power.sum((1, 2)) + 1e-3
    # The direction of the figure's colour, from the pixels that differ most.
    direction = np.einsum("nij,nijc->nc", power, diff)
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-6)
    level = np.einsum("nijc,nc->nij", diff, direction)
    top = np.partition(level.reshape(n, -1), -max(1, resolution**2 // 100), 1)
    top = np.maximum(top[:, -max(1, resolution**2 // 100) :].mean(1), 1e-3)
    level /= top[:, None, None]
    off_axis = np.maximum(energy / top**2 - _dot(level, level), 0.0)

    grid = ((np.arange(resolution) + 0.5) / resolution).astype(np.float32)
    # Distant pixels have most weight in a spread, so noise is averaged and cut off first.
    cut = np.clip(np.sqrt(noise) / top, 0.1, 0.3).astype(np.float32)
    smooth = np.maximum(_blur(level) - cut[:, None, None], 0.0)
    x, y, spread = _moments(smooth, grid).T.astype(np.float32)
    width = 2 * max(1, resolution // 32) + 1
    spread = np.sqrt(np.maximum(spread**2 - (width**2 - 1) / 6 / resolution**2, 1e-4))
    radius = spread[:, None] / _MOMENTS[:, 2].astype(np.float32)
    radius = np.clip(radius, 0.05, 0.7)
    pose = np.stack(
        [x[:, None] - radius * _MOMENTS[:, 0], y[:, None] - radius * _MOMENTS[:, 1], radius], 2
    ).astype(np.float32)

    left = np.empty((n, _KINDS), np.float32)
    for kind in range(_KINDS):
        left[:, kind] = _explain(kind, level, pose[:, kind])[0]
    chosen = np.argsort(left, 1)[:, :_REFINED]
    masks = np.zeros_like(level)
    best = np.full(n, np.inf, np.float32)
    for kind in range(_KINDS):
        (rows,) = np.nonzero((chosen == kind).any(1))
        if not len(rows):
            continue
        refined = _refine(kind, level[rows], pose[rows, kind])
        residual, mask = _explain(kind, level[rows], refined)
        better = residual < left[rows, kind]
        pose[rows[better], kind] = refined[better]
        left[rows, kind] = np.minimum(left[rows, kind], residual)
        wins = residual < best[rows]
        best[rows[wins]] = residual[wins]
        masks[rows[wins]] = mask[wins]

    every = np.arange(n)
    kind = left.argmin(1)
    by_shape = left.reshape(n, len(SHAPES), len(FILLS)).min(2)
    by_shape[every, kind // len(FILLS)] = np.inf
    scale = top**2 / energy
    allowed_noise = np.minimum(noise, 100.0) * 3 * resolution**2 / energy
    total = (left[every, kind] + off_axis) * scale
    colour = np.einsum("nij,nijc->nc", masks, diff)
    colour /= np.maximum(_dot(masks, masks), 1e-6)[:, None]
    contrast = np.linalg.norm(colour, axis=1)
    near = _blur(masks)
    away = (near < 0.05) | (near > 0.95)
    rest = [_blur(diff[..., c] - masks * colour[:, c, None, None]) * away for c in range(3)]
    leftover = np.sqrt(sum(part * part for part in rest).max((1, 2)))
    return {
        "kind": kind,
        "pose": pose[every, kind],
        "rgb": below + colour,
        "background_rgb": below,
        "fit_error": np.maximum(total - allowed_noise, 0.0),
        "margin": (by_shape.min(1) - left[every, kind]) * scale,
        "leftover": leftover / np.maximum(contrast, 1e-3),
        "background_noise": np.sqrt(noise),
    }


def _check(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.dtype != np.uint8:
        raise InputError(
            f"figures: expected uint8 images, got {images.dtype}; convert floats in [-1, 1] with "
            "pictures.to_uint8."
        )
    square = images.ndim == 4 and images.shape[1] == images.shape[2] >= 16
    if not square or images.shape[3] != 3 or not len(images):
        raise InputError(
            "figures: expected images of shape [N, R, R, 3] with N >= 1 and R >= 16, got "
            f"{list(images.shape)}."
        )
    return images


def _nearest(value: np.ndarray, palette: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distance = np.linalg.norm(value[:, None] - palette, axis=2)
    return distance.argmin(1).astype(np.int32), distance.min(1)


def _name_colour(
    rgb: np.ndarray, below: np.ndarray, fill: np.ndarray, palette: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the nearest palette colour, up to contrast, and the distance from it."""
    low, high = np.array([_CONTRAST[name] for name in FILLS])[fill].T
    wanted = palette.astype(np.float32) - below[:, None]
    found = (rgb - below)[:, None]
    contrast = (wanted * found).sum(2) / np.maximum((wanted * wanted).sum(2), 1.0)
    contrast = np.clip(contrast, low[:, None], high[:, None])
    distance = np.linalg.norm(found - contrast[..., None] * wanted, axis=2)
    return distance.argmin(1).astype(np.int32), distance.min(1)


def read(images: np.ndarray, grey: bool = False) -> Readings:
    """Recognises the figure in each image, by fitting.

    Reads about 1,200 images per second at 32x32 and 350 at 64x64; images of 96x96 and more are
    reduced first.

    Args:
        images: uint8 `[N, R, R, 3]`, R >= 16.
        grey: Whether `figures.GREY` is a colour, as in the view `transfer`.

    Returns:
        `Readings` of N entries.

    Raises:
        InputError: If the images are not uint8 or not square RGB.

    Example:
    >>> from tfgan_zoo.data import figures
    >>> wanted = figures.attributes("full", num=50)
    >>> found = read(figures.render(wanted, 32))
    >>> bool(found.valid.all()), bool((found.attributes.label == wanted.label).all())
    (True, True)
    """
    images = _check(images)
    resolution = images.shape[1]
    factor = max(f for f in range(1, max(2, resolution // 48 + 1)) if resolution % f == 0)
    chunk = max(1, (1 << 17) // (resolution // factor) ** 2)
    parts = []
    for i in range(0, len(images), chunk):
        part = images[i : i + chunk].astype(np.float32)
        side = resolution // factor
        part = part.reshape(len(part), side, factor, side, factor, 3).mean((2, 4))
        parts.append(_read_chunk(part))
    found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}

    shape, fill = np.divmod(found.pop("kind").astype(np.int32), len(FILLS))
    pose = found.pop("pose").astype(np.float64)
    below = found["background_rgb"]
    colour, colour_error = _name_colour(
        found["rgb"], below, fill, np.vstack([COLOUR_RGB, GREY_RGB]) if grey else COLOUR_RGB
    )
    background, background_error = _nearest(below, BACKGROUND_RGB)
    needed = MIN_MARGIN + MARGIN_PER_ERROR * found["fit_error"]
    return Readings(
        attributes=Attributes(
            shape, colour, fill, background, radius=pose[:, 2], x=pose[:, 0], y=pose[:, 1]
        ),
        colour_error=colour_error,
        background_error=background_error,
        valid=(found["fit_error"] <= MAX_FIT_ERROR)
        & (found["margin"] >= needed)
        & (found["leftover"] <= MAX_LEFTOVER)
        & (found["background_noise"] <= MAX_BACKGROUND_NOISE)
        & (colour_error <= MAX_COLOUR_ERROR)
        & (background_error <= MAX_BACKGROUND_ERROR),
        **found,
    )


def agreement(images: np.ndarray, wanted: Attributes) -> dict[str, float]:
    """Returns how often images show the wanted figures.

    Args:
        images: uint8 `[N, R, R, 3]`.
        wanted: Attributes of the figure that each image should show, N entries.

    Returns:
        For "shape", "colour", "fill", "background", "size" and "place" the share of images that
        are valid and correct; "all" is the share correct in all six.

    Raises:
        InputError: If the images are not uint8 square RGB, or their number differs from `wanted`.
    """
    right = _right(images, wanted)
    right["all"] = np.logical_and.reduce(list(right.values()))
    return {name: float(share.mean()) for name, share in right.items()}


def caption_scores(images: np.ndarray, wanted: Attributes) -> dict[str, float]:
    """Returns how often images generated from captions show what the captions say.

    Args:
        images: uint8 `[N, R, R, 3]`, one per caption.
        wanted: Attributes of the figure that each image should show, N entries.

    Returns:
        Scores of `agreement`: "seen_shape", "seen_colour" and so on for combinations of shape and
        colour that occur in training, and "held_out_shape" and so on for the others.
    """
    held_out = is_held_out(wanted)
    scores: dict[str, float] = {}
    for name, part in (("seen", ~held_out), ("held_out", held_out)):
        if part.any():
            found = agreement(images[part], wanted[part])
            scores |= {f"{name}_{attribute}": value for attribute, value in found.items()}
    return scores


def translation_scores(images: np.ndarray, wanted: Attributes) -> dict[str, float]:
    """Returns how often translations change what they should, and keep the rest.

    Args:
        images: Translations, uint8 `[N, R, R, 3]`.
        wanted: Attributes that each image should show, N entries: shape, colour and place of the
            input, and the fill of the other domain, or what `figures.in_style_of` says.

    Returns:
        For "shape", "colour", "place" and "fill" the share of images that are valid and correct;
        "kept" is the share correct in the first three, "all" in all four. Where grey is wanted, its
        colour is not kept but part of the style: "kept" is shape and place, and "style" colour and
        fill.

    Raises:
        InputError: If the images are not uint8 square RGB, or their number differs from `wanted`.

    Example:
    >>> from tfgan_zoo.data import figures
    >>> solid = figures.attributes("unpaired", "test", 20, domain="a")
    >>> scores = translation_scores(figures.counterparts("test", num=20)["b_to_a"], solid)
    >>> scores["fill"], scores["kept"] < 0.2  # they are solid, but other figures
    (1.0, True)
    """
    right = _right(images, wanted)
    right = {name: right[name] for name in ("shape", "colour", "place", "fill")}
    right["kept"] = right["shape"] & right["place"]
    right["all"] = right["kept"] & right["colour"] & right["fill"]
    if (wanted.colour == GREY).any():
        right["style"] = right["colour"] & right["fill"]
    else:
        right["kept"] &= right["colour"]
    return {name: float(share.mean()) for name, share in right.items()}


def _right(images: np.ndarray, wanted: Attributes) -> dict[str, np.ndarray]:
    """Returns which images are valid and correct, by attribute: bool [N] each."""
    if len(images) != len(wanted):
        raise InputError(f"figures: expected {len(wanted)} images, got {len(images)}.")
    found = read(images, grey=bool((wanted.colour == GREY).any()))
    return {
        name: found.valid & (getattr(found.attributes, name) == getattr(wanted, name))
        for name in ("shape", "colour", "fill", "background", "size", "place")
    }


def figure_scores(
    images: np.ndarray, view: str = "", wanted: np.ndarray | None = None
) -> dict[str, float]:
    r"""Scores generated images of a view by the figures they show.

    `reverse_kl` is \(\sum_k p_k \log (K p_k)\), with p the shares of the view's K combinations
    among the valid images: 0 if all are equally frequent, log K if there is only one. A sample of N
    from the data itself scores about (K - 1) / 2N.

    Args:
        images: uint8 `[N, R, R, 3]`.
        view: The view the model was trained on. It determines the fills and backgrounds that are
            allowed, and the combinations that count: 48 of shape x colour, or for "full" 144 of
            shape x colour x fill. For "paired" and "unpaired" both domains are allowed.
        wanted: Labels, `shape * 8 + colour`, of the figures that the images were asked for.

    Returns:
        "validity": share of images that show one clean figure of the view.
        "modes": number of combinations seen among them.
        "coverage": `modes / K`.
        "reverse_kl": in nats; NaN if no image is valid.
        With `wanted` also "obedience": share of the clean figures that are the one asked for,
        and "obedience_worst" and "obedience_best", that of the worst and the best class. A class
        without a clean figure has 0; without any, all are NaN.

    Raises:
        InputError: If the view does not exist or has turned figures, the images are not uint8
            square RGB, or their number differs from `wanted`.

    Example:
    >>> from tfgan_zoo.data import figures
    >>> figure_scores(figures.load(split="test", num=480)["image"])["coverage"]
    1.0
    """
    spec = get_view(view)
    if spec.continuous:
        raise InputError(
            f"view: expected one of upright figures, got {view!r}; use attribute_scores."
        )
    found = read(images)
    seen = found.attributes
    valid = (
        found.valid
        & np.isin(seen.fill, [FILLS.index(name) for name in spec.fills])
        & np.isin(seen.background, [BACKGROUNDS.index(name) for name in spec.backgrounds])
    )
    options = {"shape": len(SHAPES), "colour": len(COLOURS), "fill": len(FILLS)}
    sizes = tuple(options[name] for name in spec.combination)
    mode = np.ravel_multi_index([getattr(seen, name) for name in spec.combination], sizes)
    total = int(np.prod(sizes))
    counts = np.bincount(mode[valid], minlength=total)
    modes = float(np.count_nonzero(counts))
    scores = {
        "validity": float(valid.mean()),
        "modes": modes,
        "coverage": modes / total,
        "reverse_kl": reverse_kl(counts),
    }
    if wanted is None:
        return scores
    wanted = np.asarray(wanted)
    if wanted.shape != valid.shape:
        raise InputError(f"wanted: expected {len(images)} labels, got shape {wanted.shape}.")
    obeyed = obedience(seen.label == wanted, valid, wanted, CLASS_NAMES)
    return ClassScores(scores | obeyed, obeyed.by_class)

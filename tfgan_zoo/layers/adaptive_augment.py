"""Augmentations that each sample gets with a probability (ADA), https://arxiv.org/abs/2006.06676.

Karras et al. 2020. At a probability below 1, the distribution of augmented images determines that
of the images, so a generator that matches the one matches the other: nothing leaks. In practice
that holds up to about 0.8; at 1, a generator may make turned images without being noticed.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.diff_augment import POLICIES

_GEOMETRY = ("flip", "quarter_turns", "shift", "scale", "stretch", "fractional_shift")
_COLOURS = ("brightness", "contrast", "luma_flip", "hue", "saturation")
#: The paper's transformations of geometry and of colours, without rotation, with which they take
#: twice the time.
DEFAULT_KINDS = (*_GEOMETRY, *_COLOURS)
#: All kinds: the paper's, and those of DiffAugment.
KINDS = (*DEFAULT_KINDS, "rotation", *POLICIES)

#: The largest shift by whole pixels, as a share of the size.
SHIFT = 0.125
#: Standard deviations: of the binary logarithms of scale, stretch, contrast and saturation, of a
#: shift as a share of the size, and of brightness, for pixels in [-1, 1].
STD = {
    "scale": 0.2,
    "stretch": 0.2,
    "contrast": 0.5,
    "saturation": 1.0,
    "fractional_shift": 0.125,
    "brightness": 0.2,
}
_POWERS = ("scale", "stretch", "contrast", "saturation")

#: How many numbers each kind draws: whether it applies, and from U[0, 1) and N(0, 1).
_WHETHER = dict.fromkeys((*KINDS, "second rotation"), 1)
_UNIFORM = {"flip": 1, "quarter_turns": 1, "shift": 2, "luma_flip": 1, "hue": 1}
_UNIFORM |= {"rotation": 1, "second rotation": 1, **dict.fromkeys(POLICIES, 4)}
_NORMAL = dict.fromkeys(STD, 1) | {"fractional_shift": 2}


def adaptive_augment(
    images: tf.Tensor, kinds: Sequence[str], probability: tf.Tensor | float, key: tf.Tensor
) -> tf.Tensor:
    """Augments each sample with a probability by each kind, drawn independently.

    Transformations of geometry are composed, and images are resampled once, linearly. Beyond its
    border an image goes on as its reflection. All is differentiable twice. At a probability of 0,
    images stay as they are.

    Args:
        images: Images `[B, H, W, C]`, floats in [-1, 1].
        kinds: Names from `KINDS`, in any order; see `check_kinds`. "flip" is horizontal,
            "quarter_turns" turns by multiples of 90 degrees (of 180 if the sides differ), "shift"
            moves by up to 1/8 of the size in whole pixels, "fractional_shift" by any distance,
            "scale" zooms, "stretch" widens one axis and narrows the other, "rotation" turns by any
            angle; "luma_flip" mirrors brightness, "hue" needs three channels, "saturation" two. For
            "color", "translation" and "cutout" see `diff_augment`.
        probability: p in [0, 1], a scalar. Flips change half of the samples that they are drawn
            for, quarter turns three of four.
        key: Key from `noise.key`.

    Returns:
        Images of the same shape and type.
    """
    factors = _factors(kinds)
    draws = _Draws(tf.shape(images)[0], tf.cast(probability, tf.float32), key, factors)
    if "rotation" in factors:
        images = _sampled(images, _source(draws, images))
    elif factors.keys() & set(_GEOMETRY):
        images = _resampled(images, _source(draws, images))
    if factors.keys() & set(_COLOURS):
        images = _recoloured(images, draws)
    for name, augment in POLICIES.items():
        if name in factors:
            changed = augment(images, tf.stack(draws.uniform[name], axis=1))
            images = _choose(draws.applies[name], changed, images)
    return images


def check_kinds(kinds: Sequence[str] | None) -> tuple[str, ...]:
    """Returns kinds of augmentation as a tuple of names.

    Args:
        kinds: Names from `KINDS`, also as a string separated by commas. "hue:0.5" has half the
            probability of the others. Empty or None for `DEFAULT_KINDS`.

    Raises:
        InputError: If a name is unknown or appears twice, or a factor is not in (0, 1].
    """
    if isinstance(kinds, str):
        kinds = [name.strip() for name in kinds.split(",")] if kinds else ()
    names = tuple(kinds or ()) if isinstance(kinds, Iterable | None) else (kinds,)
    for name in names:
        if not isinstance(name, str) or name.partition(":")[0] not in KINDS:
            raise InputError(f"ada_kinds: expected names from {sorted(KINDS)}, got {name!r}.")
        if not 0 < _factor(name) <= 1:
            raise InputError(
                f"ada_kinds: expected a factor above 0 and up to 1 after the colon, got {name!r}."
            )
    if len(_factors(names)) < len(names):
        raise InputError(f"ada_kinds: expected each name once, got {', '.join(names)}.")
    return names or DEFAULT_KINDS


def _factor(kind: str) -> float:
    _, colon, factor = kind.partition(":")
    try:
        return float(factor) if colon else 1.0
    except ValueError:
        return math.nan


def _factors(kinds: Iterable[str]) -> dict[str, float]:
    """Returns the factor of the probability of each kind."""
    return {kind.partition(":")[0]: _factor(kind) for kind in kinds}


def _choose(condition: tf.Tensor, images: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Returns each sample from one of two batches."""
    shape = tf.shape(images)  # On a CPU, a condition with four axes takes four times as long.
    flat = (tf.reshape(x, [shape[0], -1]) for x in (images, others))
    return tf.reshape(tf.where(condition[:, tf.newaxis], *flat), shape)


class _Draws:
    """The random numbers of a batch by kind, `[B]` each; kinds that are not asked for never apply.

    Attributes:
        applies: Whether each sample is changed.
        uniform: Numbers from U[0, 1).
        normal: Numbers from N(0, std^2), 0 where the kind does not apply; of `_POWERS`, 2 to their
            power.
    """

    def __init__(
        self, rows: tf.Tensor, probability: tf.Tensor, key: tf.Tensor, factors: Mapping[str, float]
    ):
        self.factors = factors
        chances = probability * tf.constant([factors.get(name, 0.0) for name in KINDS])
        # There are two rotations, one of them or both with this probability.
        place = KINDS.index("rotation")
        either = 1 - tf.sqrt(tf.maximum(1 - chances[place : place + 1], 0.0))
        chances = tf.concat([chances[:place], either, chances[place + 1 :], either], axis=0)

        uniform = noise.uniform(
            noise.derived(key, "uniform"), [rows, len(_WHETHER) + sum(_UNIFORM.values())]
        )
        applies = uniform[:, : len(_WHETHER)] < chances
        self.applies = {name: found for name, (found,) in _columns(applies, _WHETHER).items()}
        self.uniform = _columns(uniform[:, len(_WHETHER) :], _UNIFORM)

        names = [name for name, number in _NORMAL.items() for _ in range(number)]
        normal = noise.normal(noise.derived(key, "normal"), [rows, len(names)])
        where = tf.gather(applies, [list(_WHETHER).index(name) for name in names], axis=1)
        normal = tf.where(where, normal * tf.constant([STD[name] for name in names]), 0.0)
        powers = tf.pow(2.0, normal[:, : len(_POWERS)])
        self.normal = _columns(tf.concat([powers, normal[:, len(_POWERS) :]], axis=1), _NORMAL)

    def whole(self, kind: str, below: int) -> tf.Tensor:
        """Returns a whole number from 0, below a limit; 0 where the kind does not apply."""
        return tf.where(self.applies[kind], tf.floor(self.uniform[kind][0] * below), 0.0)

    def angle(self, kind: str) -> tf.Tensor:
        """Returns an angle in [-pi, pi); 0 where the kind does not apply."""
        return tf.where(self.applies[kind], (2 * self.uniform[kind][0] - 1) * math.pi, 0.0)


def _columns(draws: tf.Tensor, numbers: Mapping[str, int]) -> dict[str, list[tf.Tensor]]:
    columns = iter(tf.unstack(draws, sum(numbers.values()), axis=1))
    return {name: [next(columns) for _ in range(number)] for name, number in numbers.items()}


# ---------------------------------------------------------------------- geometry


class _Affine:
    """Maps of the plane, (x, y) -> A (x, y) + b, one for each sample.

    They lead from a pixel of the result to its place in the image, both counted from the centre.
    """

    def __init__(self) -> None:
        self.matrix: list[list[Any]] = [[1.0, 0.0], [0.0, 1.0]]
        self.offset: list[Any] = [0.0, 0.0]

    def after(self, a: Any, b: Any, c: Any, d: Any) -> None:
        """Composes the map with [[a, b], [c, d]], which is applied first."""
        self.matrix = [[m * a + n * c, m * b + n * d] for m, n in self.matrix]

    def after_turn(self, cos: tf.Tensor, sin: tf.Tensor) -> None:
        """Composes the map with a turn back, so that the image is turned by this angle."""
        self.after(cos, sin, -sin, cos)

    def after_shift(self, x: tf.Tensor, y: tf.Tensor) -> None:
        """Composes the map with a shift, which is applied first."""
        rows = zip(self.matrix, self.offset, strict=True)
        self.offset = [m * x + n * y + b for (m, n), b in rows]


def _source(draws: _Draws, images: tf.Tensor) -> _Affine:
    """Returns where in the image each pixel of the result lies."""
    height, width = images.shape[1], images.shape[2]
    place = _Affine()
    place.after(1 - 2 * draws.whole("flip", 2), 0.0, 0.0, 1.0)
    if height == width:
        turns = draws.whole("quarter_turns", 4)
    else:
        turns = 2 * draws.whole("quarter_turns", 2)
    # Exact, unlike cos and sin.
    place.after_turn(*(_equal(turns, i) - _equal(turns, i + 2) for i in (0, 1)))
    moves = tf.cast(draws.applies["shift"], tf.float32)
    x, y = ((1 - 2 * u) * SHIFT for u in draws.uniform["shift"])
    place.after_shift(moves * tf.round(x * width), moves * tf.round(y * height))
    (scale,), (stretch,) = draws.normal["scale"], draws.normal["stretch"]
    rotates = "rotation" in draws.factors
    if rotates:
        place.after_turn(tf.cos(draws.angle("rotation")), tf.sin(draws.angle("rotation")))
    place.after(1 / (scale * stretch), 0.0, 0.0, stretch / scale)
    if rotates:  # So an axis of any direction is stretched.
        angle = draws.angle("second rotation")
        place.after_turn(tf.cos(angle), tf.sin(angle))
    x, y = draws.normal["fractional_shift"]
    place.after_shift(-x * width, -y * height)
    return place


def _equal(values: tf.Tensor, number: int) -> tf.Tensor:
    return tf.cast(tf.equal(values, number), tf.float32)


def _from_centre(size: int) -> tf.Tensor:
    """Returns the places of pixels along an axis."""
    return tf.range(size, dtype=tf.float32) - (size - 1) / 2


def _reflected(places: tf.Tensor, size: int) -> tf.Tensor:
    """Returns places from the centre as places in [0, size - 1], reflected at both ends."""
    last = float(size - 1)
    places = tf.abs(places + last / 2)
    places -= tf.floor(places / max(2 * last, 1.0)) * (2 * last)
    return tf.clip_by_value(last - tf.abs(places - last), 0.0, last)


def _resampled(images: tf.Tensor, place: _Affine) -> tf.Tensor:
    """Returns images at places that quarter turns, scales and shifts lead to.

    Each axis of the result lies along one of the image, so two products of matrices do, which take
    less than half the time of `_sampled`.
    """
    height, width = images.shape[1], images.shape[2]
    (a, b), (c, d) = place.matrix
    x, y = place.offset
    turned = tf.transpose(images, [0, 2, 1, 3])
    if height == width:
        odd = tf.equal(a, 0.0)
        turned = _choose(odd, images, turned)
        x, y = tf.where(odd, y, x), tf.where(odd, x, y)
    # One of each pair is 0.
    images = _along_first_axis(turned, a + c, x)
    return _along_first_axis(tf.transpose(images, [0, 2, 1, 3]), b + d, y)


def _along_first_axis(images: tf.Tensor, slope: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """Returns images, `[B, M, N, C]`, resampled along M, from the places slope * m + offset."""
    _, size, others, channels = images.shape
    places = slope[:, tf.newaxis] * _from_centre(size) + offset[:, tf.newaxis]
    places = _reflected(places, size)[:, :, tf.newaxis]
    weights = tf.maximum(0.0, 1 - tf.abs(places - tf.range(size, dtype=tf.float32)))
    lines = tf.reshape(images, [-1, size, others * channels])
    found = tf.matmul(tf.cast(weights, images.dtype), lines)
    return tf.reshape(found, [-1, size, others, channels])


def _sampled(images: tf.Tensor, place: _Affine) -> tf.Tensor:
    """Returns images at any places."""
    _, height, width, channels = images.shape
    columns, rows = (
        m * _from_centre(width) + (n * _from_centre(height)[:, tf.newaxis] + b)
        for (m, n), b in zip(
            [[_pixels(v) for v in line] for line in place.matrix],
            [_pixels(v) for v in place.offset],
            strict=True,
        )
    )
    (left, right, along), (top, bottom, down) = (
        _neighbours(_reflected(places, size), size, images.dtype)
        for places, size in ((columns, width), (rows, height))
    )
    pixels = tf.reshape(images, [-1, channels])
    first = tf.range(tf.shape(images)[0])[:, tf.newaxis, tf.newaxis] * height

    def at(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        return tf.gather(pixels, (first + row) * width + column)

    return (at(top, left) * (1 - along) + at(top, right) * along) * (1 - down) + (
        at(bottom, left) * (1 - along) + at(bottom, right) * along
    ) * down


def _pixels(values: tf.Tensor) -> tf.Tensor:
    return values[:, tf.newaxis, tf.newaxis]


def _neighbours(
    places: tf.Tensor, size: int, dtype: tf.DType
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the pixels before and after each place, and the weight of the second."""
    before = tf.floor(places)
    after = tf.minimum(before + 1, size - 1.0)
    weight = tf.cast(places - before, dtype)[..., tf.newaxis]
    return tf.cast(before, tf.int32), tf.cast(after, tf.int32), weight


# ---------------------------------------------------------------------- colours


def _recoloured(images: tf.Tensor, draws: _Draws) -> tf.Tensor:
    """Returns images with other colours: each pixel times one matrix, plus one shift.

    A colour is a sum of its luma, along (1, ..., 1), and its chroma. Contrast scales both,
    saturation and hue change the chroma, brightness and the luma's mirror image the luma.
    """
    _, height, width, channels = images.shape
    (contrast,), (saturation,) = draws.normal["contrast"], draws.normal["saturation"]
    luma = contrast * (1 - 2 * draws.whole("luma_flip", 2))
    shift = luma * draws.normal["brightness"][0]
    chroma = contrast * saturation if channels > 1 else luma
    turns = channels == 3
    angle = draws.angle("hue") if turns else tf.zeros_like(chroma)
    along, across = chroma * tf.cos(angle), chroma * tf.sin(angle)
    identity, mean = tf.eye(channels), tf.fill([channels, channels], 1 / channels)
    matrix = _pixels(along) * identity + _pixels(luma - along) * mean
    if turns:  # Of a row vector, its cross product with (1, 1, 1) / sqrt(3).
        cross = tf.roll(identity, -1, axis=0) - tf.roll(identity, 1, axis=0)
        matrix += _pixels(across / math.sqrt(3)) * cross
    pixels = tf.reshape(images, [-1, height * width, channels])
    found = tf.matmul(pixels, tf.cast(matrix, images.dtype))
    return tf.reshape(found + _pixels(tf.cast(shift, images.dtype)), tf.shape(images))

import math

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import adaptive_augment as module
from tfgan_zoo.layers.adaptive_augment import DEFAULT_KINDS, KINDS, adaptive_augment, check_kinds

KEY = noise.key(0, "test")
SHAPE = (64, 12, 12, 3)


def images(shape=SHAPE):
    return noise.uniform(noise.key("images"), shape, -1.0, 1.0)


def draws(kinds, num=64, probability=1.0):
    """The random numbers of one call."""
    return module._Draws(num, tf.constant(probability), KEY, module._factors(kinds))


@pytest.mark.parametrize(
    ("kinds", "dtype"), [(DEFAULT_KINDS, "float32"), (KINDS, "float16"), (KINDS, "bfloat16")]
)
def test_at_zero_images_stay_bit_for_bit(kinds, dtype):
    for shape in (SHAPE, (8, 7, 10, 1), (8, 1, 1, 4)):
        x = tf.cast(images(shape), dtype)
        np.testing.assert_array_equal(adaptive_augment(x, kinds, 0.0, KEY), x)
        out = adaptive_augment(x, kinds, 0.9, KEY)
        assert out.dtype == dtype
        assert out.shape == shape
        assert np.all(np.isfinite(tf.cast(out, "float32")))


@pytest.mark.parametrize("kind", KINDS)
def test_a_share_of_the_samples_is_changed(kind):
    x = images((512, 8, 8, 3))
    share = {"flip": 0.5, "quarter_turns": 0.75, "luma_flip": 0.5}.get(kind, 1.0)
    for probability, factor in ((0.6, 1.0), (1.0, 0.3)):
        out = adaptive_augment(x, [f"{kind}:{factor}"], probability, KEY)
        changed = np.any(out.numpy() != x, axis=(1, 2, 3)).mean()
        # A shift may be by zero pixels, which is one of three at this size, in both directions.
        least = 0.65 if kind in ("shift", "translation") else 0.97
        assert least * share * probability * factor - 0.07 < changed
        assert changed < share * probability * factor + 0.07


def test_is_a_function_of_the_key_and_differs_by_sample():
    same = tf.tile(images()[:1], [64, 1, 1, 1])
    out = adaptive_augment(same, KINDS, 0.8, KEY).numpy()
    np.testing.assert_array_equal(out, adaptive_augment(same, KINDS, 0.8, KEY))
    assert np.any(out != adaptive_augment(same, KINDS, 0.8, noise.key(1, "test")))
    assert len({sample.tobytes() for sample in out}) > 60


# ---------------------------------------------------------------------- by hand


def test_flips_turns_and_shifts_are_of_whole_pixels():
    x = images().numpy()
    out = adaptive_augment(x, ["flip", "quarter_turns", "shift"], 0.7, KEY).numpy()
    found = draws(["flip", "quarter_turns", "shift"], probability=0.7)
    flips, turns = found.whole("flip", 2).numpy(), found.whole("quarter_turns", 4).numpy()
    assert {0, 1} == set(flips)
    assert {0, 1, 2, 3} == set(turns)
    moved = found.applies["shift"].numpy()
    dx, dy = (np.round((2 * u.numpy() - 1) * 12 / 8) * moved for u in found.uniform["shift"])
    assert {-1, 0, 1} == set(dx) == set(dy)
    for i, sample in enumerate(x):
        expected = sample[:, ::-1] if flips[i] else sample
        expected = np.rot90(expected, -int(turns[i]))  # clockwise, as rows grow downwards
        wide = np.pad(expected, ((2, 2), (2, 2), (0, 0)), mode="reflect")
        top, left = 2 - int(dy[i]), 2 - int(dx[i])
        np.testing.assert_array_equal(out[i], wide[top : top + 12, left : left + 12])


def test_images_that_are_not_square_are_turned_by_half():
    x = images((64, 6, 10, 3)).numpy()
    out = adaptive_augment(x, ["quarter_turns"], 1.0, KEY).numpy()
    turned = np.array([np.array_equal(o, i[::-1, ::-1]) for o, i in zip(out, x, strict=True)])
    stayed = np.array([np.array_equal(o, i) for o, i in zip(out, x, strict=True)])
    assert np.all(turned != stayed)
    assert 0.3 < turned.mean() < 0.7


def bilinear(image, x, y):
    """Returns one pixel at any place, with reflection, by the textbook."""
    height, width = image.shape[:2]

    def reflect(i, size):
        i = abs(i) % (2 * size - 2)
        return min(i, 2 * size - 2 - i)

    total = 0.0
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            weight = (1 - abs(y - row)) * (1 - abs(x - column))
            total = total + weight * image[reflect(row, height), reflect(column, width)]
    return total


@pytest.mark.parametrize("shape", [(16, 9, 9, 2), (16, 6, 11, 3)])
@pytest.mark.parametrize("rotates", [False, True])
def test_the_geometry_is_that_of_matrices_applied_in_turn(shape, rotates):
    """Each pixel of the result comes from the inverse of the product of all 3x3 matrices."""
    kinds = [*module._GEOMETRY, *["rotation"] * rotates]
    x, (_, height, width, _) = images(shape).numpy(), shape
    out = adaptive_augment(x, kinds, 0.8, KEY).numpy()
    found = draws(kinds, 16, 0.8)

    def turn(angle):
        c, s = math.cos(angle), math.sin(angle)
        return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])

    def shift(dx, dy):
        return np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]])

    turns = found.whole("quarter_turns", 4 if height == width else 2).numpy()
    for i in range(16):
        scale, stretch = (float(found.normal[k][0][i]) for k in ("scale", "stretch"))
        moved = float(found.applies["shift"][i])
        whole = [
            np.round((2 * float(u[i]) - 1) / 8 * n)
            for u, n in zip(found.uniform["shift"], (width, height), strict=True)
        ]
        fraction = [
            float(v[i]) * n
            for v, n in zip(found.normal["fractional_shift"], (width, height), strict=True)
        ]
        first, second = (
            float(found.angle(k)[i]) * rotates for k in ("rotation", "second rotation")
        )
        steps = [
            np.diag([1 - 2 * float(found.whole("flip", 2)[i]), 1, 1]),
            turn(turns[i] * math.pi / (2 if height == width else 1)),
            shift(*(moved * np.array(whole))),
            np.diag([scale, scale, 1]),
            turn(first),
            np.diag([stretch, 1 / stretch, 1]),
            turn(second),
            shift(*fraction),
        ]
        whole_map = np.linalg.multi_dot(steps[::-1])
        inverse = np.linalg.inv(whole_map)
        for row, column in ((0, 0), (2, 5), (height - 1, 3), (4, width - 1)):
            centre = np.array([(width - 1) / 2, (height - 1) / 2])
            place = inverse @ [column - centre[0], row - centre[1], 1]
            expected = bilinear(x[i], *(place[:2] + centre))
            np.testing.assert_allclose(out[i, row, column], expected, atol=2e-4)


def test_both_ways_to_resample_agree():
    x, found = images(), draws(DEFAULT_KINDS, probability=0.8)
    place = module._source(found, x)
    np.testing.assert_allclose(module._resampled(x, place), module._sampled(x, place), atol=2e-5)


def test_colours_by_hand():
    x = images().numpy().astype("float64")
    out = adaptive_augment(x.astype("float32"), module._COLOURS, 0.8, KEY).numpy()
    found = draws(module._COLOURS, probability=0.8)
    axis = np.ones(3) / math.sqrt(3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    luma = np.outer(axis, axis)
    for i, sample in enumerate(x):
        contrast, saturation, brightness = (
            float(found.normal[k][0][i]) for k in ("contrast", "saturation", "brightness")
        )
        flip, angle = float(found.whole("luma_flip", 2)[i]), float(found.angle("hue")[i])
        colour = contrast * (sample + brightness)
        colour = colour @ (np.eye(3) - 2 * flip * luma).T
        # Rodrigues' formula.
        turn = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
        colour = colour @ turn.T
        colour = colour @ (luma + saturation * (np.eye(3) - luma)).T
        np.testing.assert_allclose(out[i], colour, atol=5e-5)


def test_grey_images_have_no_chroma():
    x = images((64, 4, 4, 1)).numpy()
    same = adaptive_augment(x, ["hue", "saturation"], 1.0, KEY)
    np.testing.assert_array_equal(same, x)
    negative = adaptive_augment(x, ["luma_flip"], 1.0, KEY).numpy()
    flips = draws(["luma_flip"]).whole("luma_flip", 2).numpy()
    np.testing.assert_allclose(negative, x * (1 - 2 * flips).reshape(-1, 1, 1, 1), rtol=1e-6)


def test_deviations_are_the_papers():
    kinds = list(module.STD)
    found = draws(kinds, 20_000)
    for kind, std in module.STD.items():
        for numbers in found.normal[kind]:
            values = np.log2(numbers) if kind in module._POWERS else numbers.numpy()
            assert np.std(values) == pytest.approx(std, rel=0.03)
    one, both = (found.applies[k].numpy() for k in ("rotation", "second rotation"))
    assert not one.any()
    assert not both.any()
    found = draws(["rotation"], 20_000, probability=0.5)
    either = found.applies["rotation"].numpy() | found.applies["second rotation"].numpy()
    assert either.mean() == pytest.approx(0.5, abs=0.02)


# ---------------------------------------------------------------------- derivatives


@pytest.mark.parametrize("kinds", [DEFAULT_KINDS, KINDS])
def test_both_derivatives_are_those_of_a_linear_map(kinds):
    """x -> A x + b for one key: A' is the gradient, and that of |A' v|^2 in v is 2 A A' v."""
    x, v = images(), noise.normal(noise.key("v"), SHAPE)
    other = noise.normal(noise.key("other"), SHAPE)

    def augment(x):
        return adaptive_augment(x, kinds, 0.7, KEY)

    with tf.GradientTape() as outer:
        outer.watch(v)
        with tf.GradientTape() as tape:
            tape.watch(x)
            score = tf.reduce_sum(v * augment(x))
        gradient = tape.gradient(score, x)
        penalty = tf.reduce_sum(gradient**2)
    second = outer.gradient(penalty, v)
    linear = augment(other) - augment(tf.zeros_like(other))
    np.testing.assert_allclose(
        tf.reduce_sum(v * linear), tf.reduce_sum(gradient * other), rtol=2e-3
    )
    expected = 2 * (augment(gradient) - augment(tf.zeros_like(gradient)))
    np.testing.assert_allclose(second, expected, atol=2e-3)


# ---------------------------------------------------------------------- what may leak


def orientations(probability, kinds):
    """Returns P(seen as j | is i) of the eight orientations of a figure without symmetry."""
    figure = np.arange(4.0, dtype="float32").reshape(2, 2)
    all_eight = [np.rot90(f, k) for f in (figure, figure[:, ::-1]) for k in range(4)]
    table = np.zeros((8, 8))
    for i, one in enumerate(all_eight):
        many = tf.tile(tf.constant(one.copy())[None, :, :, None], [5_000, 1, 1, 1])
        seen = adaptive_augment(many, kinds, probability, noise.key(i, "leak")).numpy()[..., 0]
        table[i] = [(seen == other).all(axis=(1, 2)).mean() for other in all_eight]
    np.testing.assert_allclose(table.sum(axis=1), 1)
    return table


@pytest.mark.parametrize(
    ("kinds", "least"),  # Each kind leaves 1 - p of what it mixes.
    [(["flip"], 0.2), (["quarter_turns"], 0.2), (["flip", "quarter_turns"], 0.04)],
)
def test_what_is_seen_tells_what_is_made(kinds, least):
    """A generator's orientations follow from the augmented ones at 0.8, and not at 1."""
    table, at_one = orientations(0.8, kinds), orientations(1.0, kinds)
    assert np.linalg.svd(table)[1].min() == pytest.approx(least, abs=0.03)
    assert np.linalg.svd(at_one)[1].min() < 0.02
    mixture, other = np.array([0.5, 0.3, 0.2, 0, 0, 0, 0, 0]), np.full(8, 1 / 8)
    np.testing.assert_allclose(np.linalg.solve(table.T, mixture @ table), mixture, atol=1e-6)
    assert np.abs(mixture @ table - other @ table).max() > 0.03
    if len(kinds) == 2:  # The control: all orientations look alike.
        assert np.abs(mixture @ at_one - other @ at_one).max() < 0.02


# ---------------------------------------------------------------------- arguments


def test_names_of_kinds():
    assert check_kinds("flip, hue:0.5") == ("flip", "hue:0.5")
    assert check_kinds(()) == check_kinds(None) == check_kinds("") == DEFAULT_KINDS
    assert check_kinds(["cutout"]) == ("cutout",)
    for wrong in (["spin"], ["flip", "flip:0.5"], ["hue:2"], ["hue:0"], ["hue:x"], [3], 5):
        with pytest.raises(InputError, match=r"^ada_kinds: expected .*\.$"):
            check_kinds(wrong)

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.diff_augment import check_policy, diff_augment

ALL = ("color", "translation", "cutout")
KEY = noise.key(0, "test")
SHAPE = (32, 16, 24, 3)


def images():
    return noise.uniform(noise.key("images"), SHAPE, -1.0, 1.0)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("policy", [*((p,) for p in ALL), ALL])
def test_keeps_shape_and_type(policy, dtype):
    out = diff_augment(tf.cast(images(), dtype), policy, KEY)
    assert out.shape == SHAPE
    assert out.dtype == dtype
    assert np.all(np.isfinite(tf.cast(out, "float32")))


def test_no_policy_is_the_identity():
    np.testing.assert_array_equal(diff_augment(images(), (), KEY), images())


@pytest.mark.parametrize("policy", ALL)
def test_is_a_function_of_the_key_and_differs_by_sample(policy):
    same = tf.tile(images()[:1], [32, 1, 1, 1])
    out = diff_augment(same, [policy], KEY).numpy()
    np.testing.assert_array_equal(out, diff_augment(same, [policy], KEY))
    assert np.any(out != diff_augment(same, [policy], noise.key(1, "test")))
    assert len({sample.tobytes() for sample in out}) > 16


def test_a_policy_draws_the_same_alone_and_in_company():
    alone = diff_augment(tf.ones(SHAPE), ["cutout"], KEY).numpy()
    together = diff_augment(tf.ones(SHAPE), ["cutout", "color"], KEY).numpy()
    np.testing.assert_array_equal(alone == 0, together == 0)


@pytest.mark.parametrize("policy", ALL)
def test_gradients_flow(policy):
    x = images()
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(diff_augment(x, [policy], KEY) ** 2)
    gradient = tape.gradient(loss, x).numpy()
    assert np.all(np.isfinite(gradient))
    assert np.all(np.any(gradient != 0, axis=(1, 2, 3)))


def test_color_is_affine_in_each_sample():
    x = images().numpy()
    out = diff_augment(x, ["color"], KEY).numpy()
    # Brightness alone moves the mean; contrast and saturation leave it.
    shift = (out - x).mean(axis=(1, 2, 3))
    assert np.all(np.abs(shift) <= 0.5)
    assert np.ptp(shift) > 0.5
    # Differences between channels are scaled by saturation (0 to 2) times contrast (0.5 to 1.5).
    scale = (out[..., 0] - out[..., 1]) / (x[..., 0] - x[..., 1])
    first = np.broadcast_to(scale[:, :1, :1], scale.shape)
    np.testing.assert_allclose(scale, first, rtol=0.05, atol=0.05)
    assert scale.min() >= -0.05
    assert scale.max() <= 3.05


def test_translation_shifts_by_an_eighth_at_most_and_fills_with_zeros():
    _, height, width, _ = SHAPE
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    grid = np.stack([rows, columns, np.zeros_like(rows)], axis=-1) + 1.0  # zeros mark the gap
    out = diff_augment(np.tile(grid[None].astype("float32"), (64, 1, 1, 1)), ["translation"], KEY)
    shifts = set()
    for sample in out.numpy():
        inside = sample[..., 2] == 1
        dy, dx = {tuple(d) for d in (sample - grid)[inside][:, :2].astype(int)}.pop()
        assert np.all((sample - grid)[inside][:, :2] == (dy, dx))
        assert np.all(sample[~inside] == 0)
        assert inside.sum() == (height - abs(dy)) * (width - abs(dx))
        shifts.add((dy, dx))
    assert {abs(dy) for dy, _ in shifts} == {0, 1, 2}  # 16 / 8
    assert {abs(dx) for _, dx in shifts} == {0, 1, 2, 3}  # 24 / 8


def test_cutout_zeroes_a_rectangle_of_half_the_size():
    out = diff_augment(tf.ones([64, 16, 24, 3]), ["cutout"], KEY).numpy()
    heights, widths = [], []
    for sample in out:
        np.testing.assert_array_equal(sample, np.broadcast_to(sample[..., :1], sample.shape))
        hole = sample[..., 0] == 0
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        assert hole.sum() == len(rows) * len(columns)
        heights.append(len(rows))
        widths.append(len(columns))
    # The border cuts off at most half of it.
    assert (min(heights), max(heights)) == (4, 8)
    assert (min(widths), max(widths)) == (6, 12)


def test_policy_names():
    assert check_policy("color,cutout") == ("color", "cutout")
    assert check_policy(["translation"]) == ("translation",)
    with pytest.raises(InputError, match="colour"):
        check_policy(["colour"])

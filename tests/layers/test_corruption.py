import doctest

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import corruption
from tfgan_zoo.layers.corruption import CORRUPTIONS, check_corruption, corrupt

KEY = noise.key(0, "test")
SHAPE = (64, 8, 8, 3)


def images():
    return noise.uniform(noise.key("images"), SHAPE, -0.9, 0.9)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_keeps_shape_and_type(kind, dtype):
    x, changed = corrupt(tf.cast(images(), dtype), kind, 0.3, KEY)
    assert x.shape == changed.shape == SHAPE
    assert x.dtype == dtype
    assert changed.dtype == tf.bool


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_is_a_function_of_the_key_and_differs_by_sample(kind):
    same = tf.tile(images()[:1], [64, 1, 1, 1])
    x, _ = corrupt(same, kind, 0.3, KEY)
    np.testing.assert_array_equal(x, corrupt(same, kind, 0.3, KEY)[0])
    assert np.any(x != corrupt(same, kind, 0.3, noise.key(1, "test"))[0])
    assert len({sample.tobytes() for sample in x.numpy()}) == 64


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_level_zero_is_the_identity(kind):
    x, changed = corrupt(images(), kind, 0.0, KEY)
    np.testing.assert_array_equal(x, images())
    assert not np.any(changed)


def test_gaussian():
    x, changed = corrupt(images(), "gaussian", 0.3, KEY)
    added = (x - images()).numpy()
    assert added.mean() == pytest.approx(0, abs=0.02)
    assert added.std() == pytest.approx(0.3, abs=0.01)
    assert np.all(changed)


@pytest.mark.parametrize(
    ("options", "value"), [({}, -1.0), ({"low": 0.0}, 0.0), ({"masked": 0}, 0)]
)
def test_masking(options, value):
    x, changed = (t.numpy() for t in corrupt(images(), "masking", 0.25, KEY, **options))
    assert changed.mean() == pytest.approx(0.25, abs=0.02)
    assert np.all(x[changed] == value)
    np.testing.assert_array_equal(x[~changed], images().numpy()[~changed])


def test_salt_and_pepper():
    x, changed = (t.numpy() for t in corrupt(images(), "salt_and_pepper", 0.25, KEY))
    assert changed.mean() == pytest.approx(0.25, abs=0.02)
    assert set(np.unique(x[changed])) == {-1.0, 1.0}
    assert x[changed].mean() == pytest.approx(0, abs=0.06)
    np.testing.assert_array_equal(x[~changed], images().numpy()[~changed])
    # The coin is not the number that decided on the corruption.
    assert np.mean(x[changed & (noise.uniform(KEY, SHAPE).numpy() < 0.125)] > 0) == pytest.approx(
        0.5, abs=0.06
    )


@pytest.mark.parametrize("kind", ["masking", "salt_and_pepper"])
def test_channels_together_or_apart(kind):
    _, apart = corrupt(images(), kind, 0.5, KEY)
    x, together = corrupt(images(), kind, 0.5, KEY, per_pixel=True)
    assert np.all(together.numpy() == together.numpy()[..., :1])
    assert len(np.unique(x.numpy()[together.numpy()[..., 0]], axis=0)) <= 2
    assert not np.all(apart.numpy() == apart.numpy()[..., :1])


@pytest.mark.slow
def test_works_on_codes_and_under_xla():
    codes = tf.fill([4, 100], 0.5)

    @tf.function(jit_compile=True, autograph=False)
    def jitted(codes):
        return corrupt(codes, "masking", 0.4, KEY, low=0.0)

    x, changed = (t.numpy() for t in jitted(codes))
    np.testing.assert_array_equal(x, np.where(changed, 0.0, 0.5))
    assert 0.3 < changed.mean() < 0.5


@pytest.mark.parametrize(
    ("kind", "level", "advice"),
    [
        ("speckle", 0.1, "corruption: expected one of gaussian, masking, salt_and_pepper"),
        ("masking", 1.5, "corruption_level: expected a share of the values from 0 to 1"),
        ("salt_and_pepper", -0.1, "corruption_level: expected a number from 0 up, got -0.1"),
        ("gaussian", None, "corruption_level: expected a number from 0 up, got None"),
    ],
)
def test_bad_arguments(kind, level, advice):
    with pytest.raises(InputError, match=advice):
        check_corruption(kind, level)
    check_corruption("gaussian", 1.5)
    check_corruption("masking", 1)


def test_examples():
    result = doctest.testmod(corruption)
    assert result.attempted == 2
    assert not result.failed

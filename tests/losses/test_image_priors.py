import doctest

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.losses import alpha_norm, image_priors, total_variation

#: dx is 3, 1, 0 and -2, -2, 0; dy is -1, -6, -9 and 0, 0, 0.
PICTURE = np.array([[1.0, 4.0, 5.0], [0.0, -2.0, -4.0]], "float32").reshape(1, 2, 3, 1)


@pytest.mark.parametrize(
    ("beta", "isotropic", "total"),
    [
        (2.0, True, 9 + 1 + 4 + 4 + 1 + 36 + 81),
        (2.0, False, 9 + 1 + 4 + 4 + 1 + 36 + 81),
        (1.0, True, 10**0.5 + 37**0.5 + 9 + 2 + 2),
        (1.0, False, 3 + 1 + 2 + 2 + 1 + 6 + 9),
        (3.0, True, 10**1.5 + 37**1.5 + 81**1.5 + 8 + 8),
    ],
)
def test_hand_computed(beta, isotropic, total):
    assert float(total_variation(PICTURE, beta, isotropic=isotropic)) == pytest.approx(total / 6)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1), (1, 1, 2, 3, 1)])
def test_images_of_other_axes_are_refused(shape):
    with pytest.raises(InputError, match=r"images: expected shape \[B, H, W, C\]") as refused:
        total_variation(np.zeros(shape, "float32"))
    assert ("x[np.newaxis]" in str(refused.value)) == (len(shape) == 3)


def test_sums_are_tensorflow_s():
    images = np.random.default_rng(0).normal(size=(3, 5, 4, 2)).astype("float32")
    expected = tf.reduce_mean(tf.image.total_variation(tf.constant(images))) / (5 * 4 * 2)
    assert float(total_variation(images, 1, isotropic=False)) == pytest.approx(float(expected))


def test_an_edge_on_one_side_costs_the_same_on_the_other():
    """A difference to zeros outside, or around to the other side, would show here."""
    images = np.zeros((1, 6, 6, 1), "float32")
    images[:, :, :2] = 1
    assert float(total_variation(images)) == float(total_variation(images[:, :, ::-1]))
    assert float(total_variation(images)) == float(total_variation(np.swapaxes(images, 1, 2)))
    assert float(total_variation(np.ones((1, 4, 4, 1)))) == 0


@pytest.mark.parametrize("isotropic", [True, False])
@pytest.mark.parametrize("beta", [1.0, 1.5, 2.0])
def test_the_gradient_is_zero_where_flat_and_right_elsewhere(beta, isotropic):
    def gradient(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = total_variation(images, beta, isotropic=isotropic)
        return tape.gradient(loss, images).numpy()

    assert not np.any(gradient(tf.zeros([1, 4, 4, 1])))
    # The picture, with flat pixels around it.
    images = np.pad(PICTURE, [(0, 0), (2, 1), (2, 1), (0, 0)], mode="edge")
    found = gradient(tf.constant(images))
    assert not found[:, 0, 0].any()
    for index in ((0, 2, 2, 0), (0, 2, 3, 0), (0, 3, 3, 0), (0, 3, 4, 0)):
        ends = []
        for way in (1e-2, -1e-2):
            moved = images.copy()
            moved[index] += way
            ends.append(float(total_variation(moved, beta, isotropic=isotropic)))
        assert found[index] == pytest.approx((ends[0] - ends[1]) / 2e-2, abs=5e-3)


def test_alpha_norm_of_pixels_in_two_ranges():
    """The paper's 4e-10 for sums over [-128, 128] or so, in [-1, 1]."""
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, 4, 4, 3)).astype("float32")
    by_hand = np.mean(np.sum((pixels.astype("float64") * 127.5) ** 6, axis=(1, 2, 3)))
    assert 127.5**6 * 48 * float(alpha_norm(pixels)) == pytest.approx(by_hand, rel=1e-5)
    assert float(alpha_norm(np.full((1, 2, 2, 1), -1.0))) == 1
    assert float(alpha_norm(np.array([-2.0]), 3)) == pytest.approx(8)
    # Divided by sigma^2, which is in units of pixels too, the weight 4e-10 becomes 0.106.
    assert pytest.approx(0.106, abs=1e-3) == 4e-10 * 127.5**6 / 127.5**2


@pytest.mark.parametrize("loss", [total_variation, alpha_norm])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_is_float32(loss, dtype):
    result = loss(tf.cast(np.full((1, 2, 2, 1), 200.0) * [[[[1], [0]], [[0], [0]]]], dtype), 3)
    assert result.dtype == tf.float32
    assert np.isfinite(result)


def test_wrong_arguments():
    with pytest.raises(InputError, match=r"beta: expected a number from 1 up, got 0\.5\."):
        total_variation(PICTURE, 0.5)
    with pytest.raises(InputError, match=r"alpha: expected a number from 1 up, got nan\."):
        alpha_norm(PICTURE, float("nan"))


def test_examples():
    result = doctest.testmod(image_priors)
    assert result.attempted == 3
    assert not result.failed

import doctest

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.losses import (
    feature_loss,
    feature_matching,
    features,
    gram_loss,
    gram_matrix,
    l1,
)

X = [tf.constant([[1.0, 2.0]]), tf.constant([[[[3.0]]]])]
Y = [tf.constant([[0.0, 4.0]]), tf.constant([[[[1.0]]]])]


def test_hand_computed():
    assert float(feature_loss(X, Y)) == pytest.approx((1 + 4) / 2 + 4)
    assert float(feature_loss(X, Y, [2.0, 0.25])) == pytest.approx((1 + 4) + 1)
    assert float(feature_loss(X, Y, distance=l1)) == pytest.approx(1.5 + 2)
    assert float(feature_loss(X[0], Y[0])) == pytest.approx(2.5)
    assert float(feature_loss(X, X)) == 0


@pytest.mark.parametrize("loss", [feature_loss, gram_loss])
def test_weights_are_a_list(loss):
    x = tf.ones([1, 1, 1, 1])
    with pytest.raises(InputError, match=r"weights: expected a list of 2, .* got 0\.5"):
        loss([x, x], [x, x], 0.5)


def test_feature_matching_by_hand():
    """4 / L of each layer, and the mean over scales, as in pix2pixHD's code."""
    small = [tf.constant([[2.0, 0.0]])], [tf.constant([[1.0, 5.0]])]
    # Mean differences 1.5 and 2 of two layers, and 3 of the only layer of another scale.
    assert float(feature_matching([X], [Y])) == pytest.approx(4 / 2 * (1.5 + 2))
    both = feature_matching([X, small[0]], [Y, small[1]])
    assert float(both) == pytest.approx((4 / 2 * 3.5 + 4 * 3) / 2)
    # Four layers, those of the paper's discriminator, have a weight of 1 each.
    assert float(feature_matching([X + X], [Y + Y])) == pytest.approx(2 * 3.5)
    assert float(feature_matching([X], [X])) == 0
    half = [tf.cast(x, tf.float16) for x in X], [tf.cast(y, tf.float16) for y in Y]
    assert feature_matching([half[0]], [half[1]]).dtype == tf.float32


def test_features_of_real_images_are_stopped():
    made, real = tf.Variable([[1.0, 2.0]]), tf.Variable([[0.0, 4.0]])
    with tf.GradientTape() as tape:
        loss = feature_matching([[made * 1.0]], [[real * 1.0]])
    gradients = tape.gradient(loss, [made, real])
    np.testing.assert_allclose(gradients[0], [[2.0, -2.0]])
    assert gradients[1] is None


def test_scales_must_match():
    with pytest.raises(InputError, match="real: expected 1 scales, got 2"):
        feature_matching([X], [Y, Y])
    with pytest.raises(InputError, match="wanted: expected 2 layers, got 1"):
        feature_matching([X], [Y[:1]])


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_gram_matrix_by_loops():
    found, given = gram_matrix(random(2, 3, 4, 5)).numpy(), random(2, 3, 4, 5)
    for b, c, d in np.ndindex(2, 5, 5):
        wanted = sum(given[b, i, j, c] * given[b, i, j, d] for i in range(3) for j in range(4))
        assert found[b, c, d] == pytest.approx(wanted / 60, rel=1e-4, abs=1e-6)


def test_gram_loss_is_blind_to_place_and_gatys_is_a_multiple_of_it():
    x, y = random(1, 4, 4, 3), random(1, 4, 4, 3, seed=1)
    moved = x.reshape(1, 16, 3)[:, ::-1].reshape(x.shape)
    assert float(gram_loss(x, moved)) == pytest.approx(0, abs=1e-12)
    assert float(feature_loss(x, moved)) > 0.1  # the control
    rows = [each.reshape(16, 3) for each in (x, y)]
    of_x, of_y = (each.T @ each for each in rows)
    gatys = np.sum((of_x - of_y) ** 2) / (4 * 3**2 * 16**2)
    assert float(gram_loss(x, y)) * 3**2 / 4 == pytest.approx(gatys, rel=1e-5)
    assert float(gram_loss([x, x], [y, y], [1.0, 2.0])) == pytest.approx(3 * float(gram_loss(x, y)))


def test_a_style_of_another_size():
    assert float(gram_loss(np.ones((2, 4, 4, 3)), np.ones((1, 7, 2, 3)))) == 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_is_float32(dtype):
    many = tf.cast(tf.fill([1, 64, 64, 2], 100.0), dtype)  # a sum of 4e7
    assert gram_matrix(many).dtype == tf.float32
    np.testing.assert_allclose(gram_matrix(many), np.full((1, 2, 2), 5000.0), rtol=1e-5)
    assert feature_loss(many, many * 0).dtype == tf.float32


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: feature_loss(X, Y[:1]), "wanted: expected 2 layers, got 1"),
        (lambda: feature_loss([], []), "features: expected a layer or more, got none"),
        (lambda: gram_loss([], []), "features: expected a layer or more, got none"),
        (lambda: feature_matching([], []), "fake: expected a layer or more at each scale"),
        (lambda: feature_matching([[]], [[]]), "fake: expected a layer or more at each scale"),
        # TensorFlow would repeat one channel, or one position, for each of the others.
        (lambda: feature_loss(np.ones((1, 2, 2, 4)), np.ones((1, 1, 1, 4))), "wanted: .* shape"),
        (lambda: gram_loss(np.ones((1, 2, 2, 4)), np.ones((1, 2, 2, 1))), "4 channels, got 1"),
        (lambda: gram_loss(X[1], Y[1], [1, 2]), "weights: expected 1, one for each layer, got 2"),
        (lambda: gram_loss(X[0], Y[0]), r"features: expected shape \[B, H, W, C\] .*got \(1, 2\)"),
    ],
)
def test_wrong_arguments(call, match):
    with pytest.raises(InputError, match=match):
        call()


def test_examples():
    result = doctest.testmod(features)
    assert result.attempted == 7
    assert not result.failed

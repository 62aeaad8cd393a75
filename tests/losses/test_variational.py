import doctest
import math

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.losses import (
    bernoulli_log_likelihood,
    gaussian_kl,
    gaussian_log_density,
    gaussian_log_likelihood,
    importance_weighted_bound,
    variational,
)

MEAN = np.array([[1.0, 0.0, -2.0], [0.5, 0.5, 0.5]], "float32")
LOG_VARIANCE = np.array([[0.0, 1.0, -1.0], [0.5, -3.0, 2.0]], "float32")


def test_kl_by_hand():
    # 1/2 for each dimension with mean 1 and variance 1, and nothing at the prior itself.
    np.testing.assert_allclose(gaussian_kl(np.ones((2, 5)), np.zeros((2, 5))), [2.5, 2.5])
    np.testing.assert_array_equal(gaussian_kl(np.zeros((1, 5)), np.zeros((1, 5))), [0.0])
    # 1/2 (1 + (e - 2) + (4 + 1/e))
    np.testing.assert_allclose(
        gaussian_kl(MEAN, LOG_VARIANCE)[0], (1 + math.e - 2 + 4 + math.exp(-1)) / 2, rtol=1e-6
    )


def test_kl_is_the_mean_of_the_difference_of_log_densities():
    eps = np.random.default_rng(0).normal(size=(200_000, *MEAN.shape)).astype("float32")
    z = MEAN + np.exp(LOG_VARIANCE / 2) * eps
    estimates = (
        gaussian_log_density(z, MEAN, LOG_VARIANCE).numpy() - gaussian_log_density(z).numpy()
    )
    error = estimates.std(axis=0) / math.sqrt(len(estimates))
    closed = gaussian_kl(MEAN, LOG_VARIANCE).numpy()
    assert np.all(np.abs(estimates.mean(axis=0) - closed) < 4 * error)
    # Control: a logarithm of s in place of the variance is far from it.
    wrong = gaussian_kl(MEAN, LOG_VARIANCE / 2).numpy()
    assert np.all(np.abs(estimates.mean(axis=0) - wrong) > 20 * error)


def test_gradient_of_kl():
    mean, log_variance = tf.constant(MEAN), tf.constant(LOG_VARIANCE)
    with tf.GradientTape() as tape:
        tape.watch([mean, log_variance])
        kl = gaussian_kl(mean, log_variance)
    by_mean, by_log_variance = tape.gradient(kl, [mean, log_variance])
    np.testing.assert_allclose(by_mean, MEAN, rtol=1e-6)
    np.testing.assert_allclose(by_log_variance, (np.exp(LOG_VARIANCE) - 1) / 2, rtol=1e-6)


def test_log_likelihoods_by_hand():
    x = np.array([[[0.0, 1.0]], [[1.0, 0.25]]], "float32")
    out = np.array([[[0.5, 1.0]], [[-1.0, 2.0]]], "float32")
    p = 1 / (1 + np.exp(-out))
    wanted = (x * np.log(p) + (1 - x) * np.log(1 - p)).sum((1, 2))
    np.testing.assert_allclose(bernoulli_log_likelihood(out, x), wanted, rtol=1e-5)
    for sigma in (1.0, 0.3):
        density = np.exp(-0.5 * ((x - out) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
        came = gaussian_log_likelihood(out, x, sigma)
        np.testing.assert_allclose(came, np.log(density).sum((1, 2)), rtol=1e-5)


@pytest.mark.parametrize("likelihood", [bernoulli_log_likelihood, gaussian_log_likelihood])
def test_several_draws(likelihood):
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(3, 4, 4, 1)).astype("float32")
    out = rng.normal(size=(5, 3, 4, 4, 1)).astype("float32")
    came = likelihood(out, x)
    assert came.shape == (5, 3)
    for i in range(5):
        np.testing.assert_allclose(came[i], likelihood(out[i], x), rtol=1e-6)


def test_sharp_logits_stay_finite():
    logits, x = tf.constant([[1e4, -1e4]]), tf.constant([[0.0, 1.0]])
    np.testing.assert_allclose(bernoulli_log_likelihood(logits, x), [-2e4])
    np.testing.assert_allclose(bernoulli_log_likelihood(logits, 1 - x), [0.0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_is_float32(dtype):
    for loss in (gaussian_kl, bernoulli_log_likelihood, gaussian_log_likelihood):
        result = loss(tf.fill([2, 1000], tf.cast(10, dtype)), tf.zeros([2, 1000], dtype))
        assert result.dtype == tf.float32
        assert np.all(np.abs(result) >= 9_999)


def test_bound_of_importance_weights():
    # p(z) = N(0, 1), p(x | z) = N(x; z, 1): the exact evidence is N(x; 0, 2), whatever q is.
    x, draws = 1.0, 5000
    exact = -0.5 * (math.log(2 * math.pi * 2) + x**2 / 2)
    eps = np.random.default_rng(0).normal(size=(draws, 400, 1)).astype("float32")
    mean, log_variance = 0.1, math.log(0.8)
    z = mean + math.sqrt(0.8) * eps
    weights = (
        gaussian_log_likelihood(z, np.full((400, 1), x, "float32"))
        + gaussian_log_density(z)
        - gaussian_log_density(z, mean, log_variance)
    )
    assert weights.shape == (draws, 400)
    bounds = [float(tf.reduce_mean(importance_weighted_bound(weights[:k]))) for k in (1, 5, 50)]
    assert bounds == sorted(bounds)
    assert float(tf.reduce_mean(importance_weighted_bound(weights))) == pytest.approx(
        exact, abs=2e-3
    )
    # One draw: E[log p(x | z)] - KL.
    expected = (
        -0.5 * (math.log(2 * math.pi) + (x - mean) ** 2 + 0.8)
        - float(gaussian_kl([[mean]], [[log_variance]])[0])
    )  # fmt: skip
    alone = tf.reduce_mean(importance_weighted_bound(tf.reshape(weights, [1, -1])))
    assert float(alone) == pytest.approx(expected, abs=5e-3)
    assert bounds[0] < exact - 0.05


def test_bound_of_tiny_weights():
    assert float(importance_weighted_bound(tf.constant([-1e4, -1e4]))) == -1e4
    assert float(importance_weighted_bound(tf.constant([-90.0]))) == -90.0


def test_examples():
    result = doctest.testmod(variational)
    assert result.attempted == 5
    assert not result.failed

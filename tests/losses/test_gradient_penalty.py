import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import losses, noise

W = np.array([3.0, 4.0], "float32")  # |w| = 5


def linear(x):
    return tf.linalg.matvec(x, tf.cast(W, x.dtype))


def test_linear_critic():
    x = noise.normal(noise.key("x"), [6, 2])
    norms = losses.gradient_norm(linear, x)
    np.testing.assert_allclose(norms, np.full(6, 5.0), rtol=1e-6)
    assert float(losses.wgan_gp_penalty(norms)) == pytest.approx(16.0)  # (5 - 1)^2
    assert float(losses.r1_penalty(linear, x)) == pytest.approx(12.5)  # 5^2 / 2


def test_quadratic_critic_differs_by_sample():
    x = tf.constant([[1.0, 0.0], [0.0, 2.0]])
    critic = lambda x: tf.reduce_sum(x**2, axis=1)  # noqa: E731  (gradient 2x: norms 2 and 4)
    np.testing.assert_allclose(losses.gradient_norm(critic, x), [2.0, 4.0], rtol=1e-6)
    assert float(losses.r1_penalty(critic, x)) == pytest.approx((4 + 16) / 2 / 2)


def test_penalty_of_slope_one_is_zero():
    x = noise.normal(noise.key("x"), [4, 2])
    norms = losses.gradient_norm(lambda x: linear(x) / 5, x)
    assert float(losses.wgan_gp_penalty(norms)) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_computes_in_float32(dtype):
    x = tf.cast(noise.normal(noise.key("x"), [4, 2]), dtype)
    norms, r1 = losses.gradient_norm(linear, x), losses.r1_penalty(linear, x)
    assert norms.dtype == r1.dtype == tf.float32
    np.testing.assert_allclose(norms, np.full(4, 5.0), rtol=1e-6)


def test_zero_gradient_has_finite_derivatives():
    w = tf.Variable(np.zeros(2, "float32"))
    with tf.GradientTape(persistent=True) as tape:
        critic = lambda x: tf.linalg.matvec(x, w)  # noqa: E731
        norms = losses.gradient_norm(critic, tf.ones([3, 2]))
        penalty = losses.wgan_gp_penalty(norms)
        r1 = losses.r1_penalty(critic, tf.ones([3, 2]))
    assert float(penalty) == pytest.approx(1, rel=1e-5)
    assert float(r1) == 0
    for loss in (penalty, r1):
        assert np.all(np.isfinite(tape.gradient(loss, w)))


def test_interpolate_stays_on_the_segment():
    real, fake = tf.zeros([5, 4, 4, 3]), tf.ones([5, 4, 4, 3])
    weight = tf.constant([0.0, 0.25, 0.5, 0.75, 1.0])
    between = losses.interpolate(real, fake, weight).numpy()
    # One number per sample: a x + (1 - a) G(z), so 1 - a in every pixel.
    np.testing.assert_array_equal(between[:, 0, 0, 0], 1 - weight)
    assert np.all(between == between[:, :1, :1, :1])
    half = tf.cast(real, "float16")
    assert losses.interpolate(half, half, weight).dtype == "float16"

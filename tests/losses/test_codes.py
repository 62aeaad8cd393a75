import doctest
import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.losses import codes, mds_loss, mds_stress, sparsity_kl

RHO = 0.05


def gradients(loss, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = loss(x)
    return value, tape.gradient(value, x)


def gradient(loss, x):
    value, slope = gradients(loss, tf.constant(x))
    return float(value), slope.numpy()


def test_sparsity_by_hand():
    # 0.05 log 0.1 + 0.95 log 1.9, summed over units rather than averaged
    one = 0.05 * np.log(0.1) + 0.95 * np.log(1.9)
    assert float(sparsity_kl(tf.constant([0.5]), RHO)) == pytest.approx(one, rel=1e-6)
    assert float(sparsity_kl(tf.constant([0.5] * 3), RHO)) == pytest.approx(3 * one, rel=1e-6)
    assert float(sparsity_kl(tf.constant([RHO] * 7), RHO)) == 0


def test_slope_of_sparsity():
    activity = np.array([0.01, RHO, 0.3, 0.9], "float32")
    _, slope = gradient(lambda a: sparsity_kl(a, RHO), activity)
    np.testing.assert_allclose(
        slope, (activity - RHO) / (activity * (1 - activity)), rtol=1e-5, atol=1e-6
    )


def test_dead_and_saturated_units_learn():
    """Their penalty is finite, and a dead sigmoid unit gets the slope -rho towards life."""
    value, slope = gradient(lambda a: sparsity_kl(a, RHO), [0.0, 1.0])
    assert np.isfinite(value)
    assert np.all(np.isfinite(slope))
    _, slope = gradient(lambda a: sparsity_kl(tf.sigmoid(a), RHO), [-15.0])
    np.testing.assert_allclose(slope, [-RHO], rtol=1e-3)


def test_units_that_are_always_on_have_a_finite_penalty_in_compiled_graphs():
    def is_finite(loss):
        @tf.function(jit_compile=True)
        def compiled(activity):
            return gradients(loss, activity)

        return all(np.all(np.isfinite(each)) for each in compiled(tf.ones([2])))

    assert is_finite(lambda a: sparsity_kl(a, RHO))
    assert not is_finite(lambda a: -tf.math.log(1.0 - a + 1e-12))  # is reordered to 0


def test_stress_by_pairs():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 4, 4, 2)).astype("float32") + 5
    e = rng.normal(size=(6, 3)).astype("float32")
    pairs = list(itertools.combinations(range(6), 2))
    far = [np.linalg.norm(x[i] - x[j]) for i, j in pairs]
    near = [np.linalg.norm(e[i] - e[j]) for i, j in pairs]
    wanted = np.sum(np.subtract(far, near) ** 2) / np.sum(np.square(far))
    assert float(mds_stress(x, e)) == pytest.approx(wanted, rel=1e-5)
    mean = np.mean(np.subtract(far, near) ** 2)
    assert float(mds_loss(x, e)) == pytest.approx(mean, rel=1e-5)
    # Twice the sides, four times the values: distances double, and a squared error is multiplied
    # by four, as this is.
    larger = x.repeat(2, axis=1).repeat(2, axis=2)
    assert float(mds_loss(larger, 2 * e)) == pytest.approx(4 * mean, rel=1e-5)
    assert float(mds_loss(x[:1], e[:1])) == 0


def test_stress_of_a_copy_and_of_a_point():
    x = np.random.default_rng(0).normal(size=(8, 5)).astype("float32")
    assert float(mds_stress(x, x)) == pytest.approx(0, abs=1e-9)
    turned = x @ np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0].astype("float32")
    assert float(mds_stress(x, turned)) == pytest.approx(0, abs=1e-9)
    assert float(mds_stress(x, np.zeros((8, 2)))) == pytest.approx(1, rel=1e-4)
    # It does not depend on the scale of both, nor on the number of equal values.
    e = x[:, :2]
    doubled = float(mds_stress(2 * x, 2 * e))
    assert float(mds_stress(x, e)) == pytest.approx(doubled, rel=1e-5)
    larger = np.repeat(x, 4, axis=1)
    assert float(mds_stress(larger, 2 * e)) == pytest.approx(doubled, rel=1e-5)


def test_slope_of_stress_where_codes_coincide():
    x = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
    x[1] = x[0]
    value, slope = gradient(lambda e: mds_stress(x, e), np.zeros((4, 2), "float32"))
    assert np.isfinite(value)
    assert np.all(np.isfinite(slope))
    assert np.isfinite(float(mds_stress(np.ones((3, 5)), np.ones((3, 2)))))


def test_slope_of_stress_by_differences():
    rng = np.random.default_rng(0)
    x, e = (rng.normal(size=(5, n)).astype("float32") for n in (7, 2))
    _, slope = gradient(lambda codes: mds_stress(x, codes), e)
    step = 1e-2
    for i, j in ((0, 0), (3, 1)):
        ends = []
        for sign in (1, -1):
            moved = e.copy()
            moved[i, j] += sign * step
            ends.append(float(mds_stress(x, moved)))
        assert slope[i, j] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=2e-2, abs=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_is_float32(dtype):
    x = tf.cast([[0.0, 0.0], [300.0, 400.0]], dtype)
    assert mds_stress(x, tf.zeros([2, 1], dtype)).dtype == tf.float32
    assert float(mds_stress(x, tf.zeros([2, 1], dtype))) == pytest.approx(1)
    result = sparsity_kl(tf.cast([0.5], dtype), RHO)
    assert result.dtype == tf.float32
    assert float(result) == pytest.approx(0.494632, rel=1e-5)


def test_examples():
    result = doctest.testmod(codes)
    assert result.attempted == 5
    assert not result.failed

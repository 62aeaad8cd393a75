import math

import pytest
import tensorflow as tf

from tfgan_zoo import losses
from tfgan_zoo.errors import InputError

# Worked by hand from softplus(x) = log(1 + exp(x)); exact in bfloat16 and float16 too.
REAL = [0.0, 2.0]
FAKE = [1.0, -3.0]

LITERALS = [
    # (log 2 + softplus(-2)) / 2 + (softplus(1) + softplus(-3)) / 2
    (losses.cross_entropy_discriminator, (REAL, FAKE), 1.0909621),
    # 0.9 of the real label's term and 0.1 of the other's: + 0.1 mean(real)
    (losses.cross_entropy_discriminator, (REAL, FAKE, 0.1), 1.1909621),
    # (log 2 + softplus(-2)) / 2, and 1/2 of the means of softplus(-1), softplus(-2); of (1), (-3)
    (losses.matching_aware_discriminator, (REAL, [-1.0, -2.0], FAKE), 0.8605473),
    (losses.minimax_generator, (FAKE,), -0.6809245),
    # (softplus(-1) + softplus(3)) / 2
    (losses.non_saturating_generator, (FAKE,), 1.6809245),
    (losses.least_squares_discriminator, (REAL, FAKE), 3.0),
    (losses.least_squares_discriminator, (REAL, FAKE, -1.0, 1.0), 2.5),
    (losses.least_squares_generator, (FAKE,), 4.0),
    (losses.least_squares_generator, (FAKE, 0.0), 2.5),
    # (1 + 0) / 2 + (2 + 0) / 2
    (losses.hinge_discriminator, (REAL, FAKE), 1.5),
    (losses.hinge_discriminator, (FAKE, REAL), 4.0),
    (losses.hinge_generator, (FAKE,), 1.0),
    (losses.wasserstein_critic, (REAL, FAKE), -2.0),
    (losses.wasserstein_generator, (FAKE,), 1.0),
    # Differences -1 and 5: (softplus(1) + softplus(-5)) / 2
    (losses.relativistic, (REAL, FAKE), 0.6599885),
    (losses.relativistic, (FAKE, REAL), 2.6599885),
    (losses.relativistic, (REAL, FAKE, 0.1), 0.8599885),
    # real - mean(fake) = 1, 3; fake - mean(real) = 0, -4
    (losses.relativistic_average, (REAL, FAKE), 0.5365731),
    (losses.relativistic_average, (FAKE, REAL), 4.5365731),
    (losses.relativistic_average, (REAL, FAKE, 0.1), 0.7365731),
]


def call(loss, args, dtype="float32"):
    return loss(*(tf.constant(a, dtype) if isinstance(a, list) else a for a in args))


@pytest.mark.parametrize(("loss", "args", "expected"), LITERALS)
def test_literal(loss, args, expected):
    result = call(loss, args)
    assert result.shape == ()
    assert float(result) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(("loss", "args", "expected"), LITERALS)
def test_computes_in_float32(loss, args, expected, dtype):
    result = call(loss, args, dtype)
    assert result.dtype == tf.float32
    assert float(result) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (losses.cross_entropy_discriminator, math.log(4)),
        (losses.least_squares_discriminator, 0.5),
        (losses.hinge_discriminator, 2.0),
        (losses.wasserstein_critic, 0.0),
        (losses.relativistic, math.log(2)),
        (losses.relativistic_average, math.log(4)),
    ],
)
def test_undecided_discriminator(loss, expected):
    assert float(loss(tf.zeros([4, 1]), tf.zeros([4, 1]))) == pytest.approx(expected)


def test_symmetries():
    real, fake = tf.constant(REAL), tf.constant(FAKE)
    assert float(losses.wasserstein_critic(real, fake)) == -float(
        losses.wasserstein_critic(fake, real)
    )
    # A constant added to all scores does not matter to a relativistic discriminator.
    for loss in (losses.relativistic, losses.relativistic_average):
        assert float(loss(real + 7, fake + 7)) == pytest.approx(float(loss(real, fake)), rel=1e-5)
    assert float(losses.least_squares_discriminator(tf.ones(3), tf.zeros(3))) == 0
    assert float(losses.hinge_discriminator(tf.ones(3), -tf.ones(3))) == 0


def test_large_logits_stay_finite():
    big = tf.constant([1e4, -1e4])
    for loss in (losses.cross_entropy_discriminator, losses.relativistic_average):
        assert math.isfinite(float(loss(big, -big)))


def test_pairs_have_a_score_each():
    """Subtracting `[2]` from `[2, 1]` would compare every sample with every other."""
    with pytest.raises(InputError, match=r"loser_logits: expected shape \(2, 1\), got \(2,\)"):
        losses.relativistic(tf.reshape(REAL, [2, 1]), FAKE)

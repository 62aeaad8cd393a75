import pytest

from tests.models.linear import linear, losses


def test_loss():
    both, _ = losses(linear("relativistic_gan"))
    # Differences -1 and 5: (softplus(1) + softplus(-5)) / 2, (softplus(-1) + softplus(5)) / 2
    assert both == pytest.approx((0.6599885, 2.6599885))


def test_average_loss():
    both, _ = losses(linear("relativistic_gan", average=True))
    # Real against the mean fake: 1, 3; fake against the mean real: 0, -4.
    assert both == pytest.approx((0.5365731, 4.5365731))


def test_label_smoothing_is_the_discriminators():
    both, _ = losses(linear("relativistic_gan", label_smoothing=0.1))
    assert both == pytest.approx((0.6599885 + 0.1 * 2.0, 2.6599885))

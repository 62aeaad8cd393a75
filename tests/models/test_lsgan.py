import pytest

from tests.models.linear import linear, losses


def test_loss():
    both, logs = losses(linear("lsgan"))
    # ((0 - 1)^2 + (2 - 1)^2) / 4 + (1^2 + 3^2) / 4, ((1 - 1)^2 + (-3 - 1)^2) / 4
    assert both == pytest.approx((3.0, 4.0))
    assert (logs["d_real"], logs["d_fake"]) == pytest.approx((1.0, -1.0))


def test_labels():
    both, _ = losses(linear("lsgan", a=-1.0, b=1.0, c=0.0))
    # 1/2 + ((1 + 1)^2 + (-3 + 1)^2) / 4, (1^2 + 3^2) / 4
    assert both == pytest.approx((2.5, 2.5))

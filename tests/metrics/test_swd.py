import numpy as np
import pytest

from tests.metrics.samples import Means, show
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import SlicedWasserstein, sliced_wasserstein
from tfgan_zoo.pictures import from_uint8


def test_of_images_as_the_function():
    real, generated = np.random.default_rng(0).integers(0, 256, (2, 50, 4, 4, 3), np.uint8)
    expected = sliced_wasserstein(from_uint8(generated), from_uint8(real))
    for shown in (real, from_uint8(real)):
        metric = SlicedWasserstein(dim=48)
        assert float(show(metric, shown, generated, size=16)) == pytest.approx(expected, rel=1e-5)
    assert metric.name == "swd"


def test_of_features_and_of_different_numbers():
    real = np.random.default_rng(0).normal(size=(90, 4, 4, 3)).astype(np.float32)
    metric = SlicedWasserstein(Means(), projections=2000)
    assert metric.name == "swd[means]"
    # Every mean moves by (1, 1, 1); E|cos| over the sphere is 1/2.
    moved = float(show(metric, real[:30], real + 1))
    assert moved == pytest.approx(3**0.5 / 2, rel=0.1)


def test_errors():
    with pytest.raises(InputError, match=r"swd: expected features of shape \(n, 48\), got"):
        SlicedWasserstein(dim=48).update_state(np.zeros((2, 4, 4, 1)))
    with pytest.raises(InputError, match="projections: expected a number from 1 up, got 0"):
        SlicedWasserstein(dim=48, projections=0)

import math

import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.sliced_wasserstein import projected_distance, sliced_wasserstein


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(200, 2)).astype("float32")


def test_zero_for_the_same_samples_in_any_order(points):
    assert sliced_wasserstein(points, points) == 0
    shuffled = np.random.default_rng(1).permutation(points)
    assert sliced_wasserstein(shuffled, points) == pytest.approx(0, abs=1e-7)


def test_translation_in_the_plane(points):
    # E|<u, t>| over unit vectors u of the plane is 2/pi |t|.
    distance = sliced_wasserstein(points + np.float32([3, 4]), points, projections=20_000)
    assert distance == pytest.approx(2 / math.pi * 5, rel=0.02)


def test_one_dimension_is_the_mean_distance_of_sorted_samples():
    assert sliced_wasserstein(np.array([[0.0], [5.0]]), np.array([[6.0], [2.0]])) == 1.5


def test_of_the_longer_one_rows_are_chosen_at_random():
    ordered = np.sort(np.random.default_rng(0).uniform(0, 100, (1000, 1)), axis=0)
    # Of the first half the distance would be 25.
    distance = projected_distance(ordered[::2], ordered)
    assert 0 < distance < 5
    assert distance != projected_distance(ordered[::2], ordered, seed=1)
    assert projected_distance(ordered, ordered[::2]) == distance


def test_symmetric_and_follows_from_its_seed(points):
    other = points**2
    distance = sliced_wasserstein(points, other)
    assert distance == sliced_wasserstein(other, points)
    assert distance != sliced_wasserstein(points, other, seed=1)


def test_images(points):
    images = points.reshape(25, 4, 4, 1)
    assert sliced_wasserstein(images, images + 1) > 0


def test_shapes_of_samples_must_agree(points):
    said = r"samples: expected the shape of the data's samples, \(2,\), got \(1,\)"
    with pytest.raises(InputError, match=said):
        sliced_wasserstein(points[:, :1], points)
    with pytest.raises(InputError, match="samples: expected one sample or more, got none"):
        sliced_wasserstein(points[:0], points)


def test_unequal_numbers_are_compared_as_far_as_they_go(points):
    few = sliced_wasserstein(points[:150] + np.float32([3, 4]), points, projections=5_000)
    assert few == pytest.approx(
        sliced_wasserstein(points, points[:150] - np.float32([3, 4])), rel=0.1
    )
    assert few == pytest.approx(5 * 2 / np.pi, rel=0.1)

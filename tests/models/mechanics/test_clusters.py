import doctest

import numpy as np

from tfgan_zoo.models.mechanics import clusters
from tfgan_zoo.models.mechanics.clusters import k_means


def test_clusters_that_are_far_apart_are_found():
    random = np.random.default_rng(0)
    wanted = random.uniform(-100, 100, (5, 3))
    sizes = [50, 40, 30, 20, 10]
    points = np.concatenate(
        [c + random.normal(scale=0.1, size=(n, 3)) for c, n in zip(wanted, sizes, strict=True)]
    )
    random.shuffle(points)
    for seed in range(3):
        # The largest first.
        np.testing.assert_allclose(k_means(points, 5, seed=seed), wanted, atol=0.1)


def test_each_centre_is_the_mean_of_the_points_that_are_nearest_to_it():
    points = np.random.default_rng(0).normal(size=(200, 2))
    centres = k_means(points, 10)
    nearest = ((points[:, None] - centres) ** 2).sum(-1).argmin(1)
    for i in range(10):
        np.testing.assert_allclose(centres[i], points[nearest == i].mean(0), atol=1e-5)
    assert sorted(np.bincount(nearest), reverse=True) == np.bincount(nearest).tolist()


def test_fewer_points_than_centres():
    found = k_means(np.array([[1.0], [5.0], [1.0]]), 4)
    assert found.shape == (4, 1)
    assert set(found.ravel().tolist()) == {1.0, 5.0}


def test_examples():
    result = doctest.testmod(clusters, extraglobs={"np": np})
    assert result.attempted
    assert not result.failed

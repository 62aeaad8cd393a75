import numpy as np
import pytest

from tfgan_zoo.data import points
from tfgan_zoo.errors import InputError


@pytest.mark.parametrize("name", points.NAMES)
def test_samples_depend_on_the_seed_and_the_split_alone(name):
    first = points.sample(name, 500, seed=3)
    assert first.shape == (500, 2)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, points.sample(name, 500, seed=3))
    assert not np.array_equal(first, points.sample(name, 500, seed=4))
    assert not np.array_equal(first, points.sample(name, 500, seed=3, split="test"))
    points.sample(name, 2, seed=-1)


def test_centres_of_the_papers():
    eight = points.mixture("8gaussians")
    np.testing.assert_allclose(np.linalg.norm(eight.centres, axis=1), 2 / 1.414, rtol=1e-6)
    np.testing.assert_allclose(eight.centres[1], [1.0002, 1.0002], atol=1e-4)
    assert eight.sigma == 0.02 / 1.414
    many = points.mixture("25gaussians")
    assert sorted(set(many.centres[:, 0].round(4))) == pytest.approx(
        [-1.4144, -0.7072, 0, 0.7072, 1.4144], abs=1e-4
    )
    np.testing.assert_array_equal(points.mixture("ring").centres[0], [1, 0])
    assert {tuple(centre) for centre in points.mixture("grid").centres} == {
        (x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)
    }


@pytest.mark.parametrize("name", points.MIXTURES)
def test_samples_lie_about_their_modes_equally_often(name):
    mixture = points.mixture(name)
    sample = points.sample(name, 25_000)
    distance = np.linalg.norm(sample[:, None] - mixture.centres, axis=2)
    mode = distance.argmin(axis=1)
    counts = np.bincount(mode, minlength=len(mixture.centres))
    expected = 25_000 / len(mixture.centres)
    assert np.abs(counts - expected).max() < 6 * np.sqrt(expected)
    spread = (sample - mixture.centres[mode]).std()
    assert spread == pytest.approx(mixture.sigma, rel=0.02)


def test_swissroll_is_a_spiral():
    sample = points.sample("swissroll", 5000)
    # r = 1.5 pi (1 + 2u) / 7.5 with u in [0, 1], blurred by .25 / 7.5.
    radius = np.linalg.norm(sample, axis=1)
    assert 0.45 < radius.min() < 0.65
    assert 1.85 < radius.max() < 2.05


def test_errors():
    with pytest.raises(InputError, match="did you mean grid"):
        points.sample("gird")
    with pytest.raises(InputError, match="at least 1"):
        points.sample("grid", 0)
    with pytest.raises(InputError, match="without modes"):
        points.mixture("swissroll")

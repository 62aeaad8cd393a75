import numpy as np
import pytest

from tests.metrics.samples import Means
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import embedding_distance, feature_distance, perceptual_path_length
from tfgan_zoo.metrics.features import open_features
from tfgan_zoo.metrics.path_length import spherical


def identity(latents):
    return latents


def squared(a, b):
    return np.sum((a.astype(float) - b) ** 2, axis=1)


def test_linear_by_hand():
    # Of one pair it is |z1 - z2|^2; the first two latents of the seed.
    a, b = np.random.default_rng(3).standard_normal((2, 1, 5))
    options = {"interpolation": "linear", "eps": 1e-2, "seed": 3}
    length = perceptual_path_length(identity, 5, squared, num=1, **options)
    assert length == pytest.approx(np.sum((a - b) ** 2), rel=1e-3)
    # A generator of twice the slope is four times as long.
    doubled = perceptual_path_length(lambda latents: 2 * latents, 5, squared, num=1, **options)
    assert doubled == pytest.approx(4 * length, rel=1e-3)


def test_spherical_by_hand():
    # dim * angle^2, and eps^2 angle^2 / 12 is nothing; in many dimensions the angle is about pi/2.
    length = perceptual_path_length(identity, 400, squared, num=300, eps=1e-2)
    assert length == pytest.approx(400 * (np.pi / 2) ** 2, rel=0.01)
    assert length != perceptual_path_length(identity, 400, squared, num=300, eps=1e-2, seed=1)
    path = spherical(
        *np.random.default_rng(0).normal(size=(2, 9, 4)), np.linspace(0, 1, 9)[:, None]
    )
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 2)


def test_extremes_are_left_out_and_batches_do_not_matter():
    seen = []

    def distance(a, b):
        values = np.full(len(a), 1e-8)
        for i in range(len(a)):
            seen.append(a[i])
            values[i] *= 1000 if len(seen) == 100 else 1
        return values

    assert perceptual_path_length(identity, 2, distance, num=200, batch_size=7) == pytest.approx(1)
    assert len(seen) == 200


def test_uniform_latents_stay_in_their_cube():
    seen = []

    def generate(latents):
        seen.append(latents)
        return latents

    # E|z1 - z2|^2 of U(-1, 1) is 2 / 3 for each coordinate.
    length = perceptual_path_length(
        generate, 6, squared, num=2000, eps=1e-2, latent_distribution="uniform"
    )
    assert length == pytest.approx(4, rel=0.05)
    assert np.abs(np.concatenate(seen)).max() < 1.02


def test_embedding_distance():
    distance = embedding_distance(Means())
    assert distance.name == "embedding_distance[means]"
    a, b = np.zeros((2, 4, 4, 3), np.float32), np.ones((2, 4, 4, 3), np.float32)
    b[1] = 0.5
    np.testing.assert_allclose(distance(a, b), [3, 0.75])


def test_the_librarys_own_extractors_do_not_round():
    slopes = np.random.default_rng(0).normal(size=(8, 28 * 28)).astype(np.float32)

    def generate(latents):
        return np.tanh(0.3 * latents @ slopes).reshape(-1, 28, 28, 1)

    shipped = open_features("mnist_v1")

    def unrounded(a, b):
        features = [np.asarray(shipped._model(x, training=False)[0], np.float64) for x in (a, b)]
        return np.sum((features[0] - features[1]) ** 2, axis=1)

    lengths = [
        perceptual_path_length(generate, 8, distance, num=256)
        for distance in (embedding_distance(shipped), unrounded)
    ]
    # After rounding it is about sixty times as long.
    assert lengths[0] == pytest.approx(lengths[1], rel=0.03)


def test_feature_distance():
    distance = feature_distance(["1_2", "2_1"], weights=None)
    assert distance.name == "feature_distance[vgg19_1_2+2_1]"
    images = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)).astype(np.float32)
    assert not distance(images, images).any()
    found = distance(images[:2], images[1:])
    # Unit vectors of numbers from 0 up are at most sqrt(2) apart, at every layer.
    assert ((found > 0) & (found < 4)).all()
    np.testing.assert_allclose(found, distance(images[1:], images[:2]), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"interpolation": "cubic"},
            "expected spherical or linear for normal latents, got 'cubic'",
        ),
        (
            {"interpolation": "spherical", "latent_distribution": "uniform"},
            "interpolation: expected linear for uniform latents, got 'spherical'",
        ),
        (
            {"latent_distribution": "gamma"},
            "latent_distribution: expected normal or uniform, got 'gamma'",
        ),
        ({"eps": 0}, "eps: expected a number between 0 and 1, got 0"),
        ({"num": 0}, "num, batch_size: expected numbers from 1 up, got 0, 64"),
    ],
)
def test_errors(options, sentence):
    with pytest.raises(InputError, match=sentence):
        perceptual_path_length(identity, 2, squared, **options)


def test_a_distance_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="distance: expected finite numbers"):
        perceptual_path_length(identity, 2, lambda a, b: np.full(len(a), np.nan), num=3)

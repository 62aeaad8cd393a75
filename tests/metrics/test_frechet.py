import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.metrics.samples import Means, features, show
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import FID, frechet_distance

EYE, ZERO = np.eye(3), np.zeros(3)


def covariance(seed, dim=8, rank=8):
    root = np.random.default_rng(seed).normal(size=(dim, rank))
    return root @ root.T


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ((ZERO, EYE, ZERO, EYE), 0),
        ((ZERO, EYE, np.array([3.0, 4.0, 0.0]), EYE), 25),
        # Of diagonal ones the sum of (sigma_1 - sigma_2)^2: 1 + 4 + 9.
        ((ZERO, EYE, ZERO, np.diag([4.0, 9.0, 16.0])), 14),
        ((ZERO, 0 * EYE, ZERO, np.diag([4.0, 9.0, 16.0])), 29),
        # Of [[2, 1], [1, 2]], with eigenvalues 3 and 1, and the same turned by a right angle, the
        # roots' product has a trace of 2 sqrt(3): 8 - 2 * 2 sqrt(3).
        (
            (ZERO[:2], np.array([[2.0, 1], [1, 2]]), ZERO[:2], np.array([[2.0, -1], [-1, 2]])),
            8 - 4 * 3**0.5,
        ),
    ],
)
def test_distance_in_closed_form(arguments, value):
    assert frechet_distance(*arguments) == pytest.approx(value, abs=1e-12)


def test_distance_of_singular_covariances():
    # In orthogonal planes nothing overlaps; in the same one all does.
    one, other = np.diag([2.0, 3, 0, 0]), np.diag([0, 0, 5.0, 7])
    assert frechet_distance(np.zeros(4), one, np.zeros(4), other) == pytest.approx(17)
    low = covariance(0, rank=3)
    assert frechet_distance(np.zeros(8), low, np.zeros(8), low) == pytest.approx(0, abs=1e-12)
    assert frechet_distance(np.zeros(8), low, np.zeros(8), 4 * low) == pytest.approx(np.trace(low))


def test_distance_is_symmetric_and_agrees_with_the_general_root():
    a, b = covariance(1), covariance(2)
    # The eigenvalues of A B are those of the symmetric product; these are not from a symmetric one.
    overlap = np.sqrt(np.linalg.eigvals(a @ b).real).sum()
    expected = 8 + np.trace(a) + np.trace(b) - 2 * overlap
    assert frechet_distance(np.ones(8), a, np.zeros(8), b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(np.zeros(8), b, np.ones(8), a) == pytest.approx(expected, rel=1e-9)
    linalg = pytest.importorskip("scipy.linalg")
    expected = 8 + np.trace(a) + np.trace(b) - 2 * np.trace(linalg.sqrtm(a @ b)).real
    assert frechet_distance(np.ones(8), a, np.zeros(8), b) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((EYE, EYE, ZERO, EYE), r"mean1: expected the shape \(dim,\), got \(3, 3\)"),
        ((ZERO, ZERO, ZERO, EYE), r"cov1: expected the shape \(dim, dim\), got \(3,\)"),
        ((ZERO, EYE[:2], ZERO, EYE), r"cov1: expected the shape \(3, 3\), got \(2, 3\)"),
        ((ZERO, EYE, np.zeros(2), EYE), r"mean2: expected the shape \(3,\), got \(2,\)"),
        ((ZERO, EYE * np.nan, ZERO, EYE), "cov1: expected finite numbers, got 9 not"),
    ],
)
def test_distance_errors(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        frechet_distance(*arguments)


def test_stored_values():
    """Those of torch-fidelity 0.4.0; SciPy 1.17.1's sqrtm gives 1.7666639."""
    real, generated, _ = features()
    metric = FID(dim=16)
    assert metric.name == "fid[features]"
    assert float(show(metric, real, generated)) == pytest.approx(1.7666638, rel=1e-6)
    # Another cut into batches, in a graph.
    metric.reset_state()
    # With AutoGraph, which is TensorFlow's default; other tests do without, as it takes time.
    tf.function(lambda: show(metric, real, generated, size=150))()
    assert float(metric.result()) == pytest.approx(1.7666638, rel=1e-6)


def test_few_samples_warn_once():
    real, generated, _ = features()
    metric = FID(dim=16)
    with pytest.warns(UserWarning, match="9 samples of 16 features have a singular covariance"):
        value = float(show(metric, real[:9], generated[:12]))
    assert value == pytest.approx(17.566735, rel=1e-6)  # torch-fidelity 0.4.0
    assert float(metric.result()) == value


def test_sums_do_not_lose_what_is_far_from_zero():
    real, generated, _ = features()
    value = float(show(FID(dim=16), real + 100, generated + 100))
    assert value == pytest.approx(1.7666638, rel=1e-4)


def test_reference():
    real, generated, _ = features()
    first = FID(dim=16)
    show(first, real, generated)
    kept = first.statistics("real")
    assert kept.num == 400
    np.testing.assert_allclose(kept.mean, real.mean(axis=0, dtype=float), atol=1e-12)
    np.testing.assert_allclose(kept.covariance, np.cov(real.T.astype(float)), atol=1e-12)
    second = FID(dim=16)
    second.set_reference(*kept)
    for _ in range(2):
        second.reset_state()
        assert float(show(second, None, generated)) == float(first.result())
    with pytest.raises(InputError, match="y_true: expected None after set_reference"):
        second.update_state(real)
    with pytest.raises(InputError, match=r"expected shapes \(16,\) and \(16, 16\), got \(8,\)"):
        second.set_reference(kept.mean[:8], kept.covariance)


def test_errors():
    real, generated, _ = features()
    with pytest.raises(InputError, match="dim: expected a number from 1 up for features=None"):
        FID()
    metric = FID(dim=16)
    with pytest.raises(InputError, match=r"fid\[features\]: expected features of shape \(n, 16\)"):
        metric.update_state(real[:, :8])
    metric.update_state(real, generated[:1])
    with pytest.raises(InputError, match="expected two generated samples or more, got 1"):
        metric.result()


def test_of_images_in_keras():
    rng = np.random.default_rng(0)
    real, generated = rng.uniform(-1, 1, (2, 40, 4, 4, 3)).astype(np.float32)
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Rescaling(0.5, offset=0.25)])
    model.compile(loss="mse", metrics=[FID(Means())])
    found = model.evaluate(generated, real, batch_size=16, verbose=0, return_dict=True)
    shown = [Means()(x)[0] for x in (real, generated / 2 + 0.25)]
    assert found["fid[means]"] == pytest.approx(float(show(FID(dim=3), *shown)), rel=1e-5)

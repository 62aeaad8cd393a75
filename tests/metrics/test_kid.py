import numpy as np
import pytest

from tests.metrics.samples import features, show
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import KID, kernel_distance, polynomial_mmd2


def test_by_hand():
    # Kernels (ab + 1)^3: of 0 and 1 it is 1; of 1 and 2 it is 27; between 1, 1, 8 and 27.
    x, y = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    assert polynomial_mmd2(x, y) == 1 + 27 - 2 * (1 + 1 + 8 + 27) / 4


def test_against_loops():
    real, generated, _ = features()
    x, y = real[:7].astype(float), generated[:5].astype(float)

    def mean(a, b, same):
        pairs = [(p, q) for i, p in enumerate(a) for j, q in enumerate(b) if not same or i != j]
        return np.mean([(float(p @ q) / 16 + 1) ** 3 for p, q in pairs])

    expected = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
    assert polynomial_mmd2(x, y) == pytest.approx(expected, rel=1e-12)


def test_unbiased():
    draws = np.random.default_rng(0).normal(size=(2, 400, 10, 4))
    values = [polynomial_mmd2(x, y) for x, y in zip(*draws, strict=True)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0


def test_stored_value():
    """That of torch-fidelity 0.4.0, of one subset that is all."""
    real, generated, _ = features()
    mean, std = kernel_distance(real[:300], generated, subsets=3, subset_size=300)
    assert mean == pytest.approx(0.16619945, rel=1e-5)
    assert std < 1e-12
    # Of random subsets it gives 0.159 and 0.047.
    mean, std = kernel_distance(real, generated, subsets=100, subset_size=100)
    assert mean == pytest.approx(0.1586, abs=4 * 0.047 / 10)
    assert std == pytest.approx(0.0473, rel=0.2)


def test_streamed():
    real, generated, _ = features()
    metric = KID(dim=16, subsets=2, subset_size=300)
    found = show(metric, real[:300], generated)
    assert list(found) == ["kid[features]", "kid_std[features]"]
    assert float(found["kid[features]"]) == pytest.approx(0.16619945, rel=1e-5)
    named = KID(dim=16, subsets=2, subset_size=300, name="kid")
    assert list(show(named, real, generated)) == ["kid", "kid_std"]


def test_seed():
    real, generated, _ = features()
    options = {"subsets": 3, "subset_size": 50}
    first = kernel_distance(real, generated, **options)
    assert first == kernel_distance(real, generated, **options)
    assert first != kernel_distance(real, generated, **options, seed=1)


def test_errors():
    real, generated, _ = features()
    with pytest.raises(InputError, match=r"subset_size: expected 2 to 300, .* got 1000"):
        kernel_distance(real, generated)
    with pytest.raises(InputError, match="subsets: expected a number from 1 up, got 0"):
        kernel_distance(real, generated, subsets=0)
    with pytest.raises(InputError, match=r"y: expected shape \(2 or more, 16\), got \(300, 8\)"):
        polynomial_mmd2(real, generated[:, :8])
    metric = KID(dim=16)
    metric.update_state(real)
    with pytest.raises(InputError, match="expected two samples or more of y_pred, got 0"):
        metric.result()

import numpy as np
import pytest

from tests.metrics.samples import features, show
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import (
    PrecisionRecall,
    density_coverage,
    improved_precision_recall,
    precision_recall,
)


def column(*values):
    return np.array(values, float)[:, None]


def test_precision_recall_by_hand():
    # k = 1: balls of radius 1 around 0 and 1, 3 around 4; of radius 2 around 8 and 10, 6 around 2.
    real, generated = column(0, 1, 4), column(2, 8, 10)
    precision, recall = improved_precision_recall(real, generated, k=1)
    assert precision == pytest.approx(1 / 3)  # 2, on a border and inside another ball
    assert recall == 1
    assert improved_precision_recall(generated, real, k=1) == (recall, precision)
    # 7 is on the border of the ball around 4, which is part of it.
    assert improved_precision_recall(real, column(7, 20), k=1)[0] == 0.5


def test_density_coverage_by_hand():
    # 2 is inside the ball around 4 and on the border of that around 1, which is no part of it.
    real = column(0, 1, 4)
    assert density_coverage(real, column(2, 8), k=1) == pytest.approx((1 / 2, 1 / 3))
    # k = 2: radii 4, 3, 4. 2 is in all three, 8 in none.
    assert density_coverage(real, column(2, 8, 9), k=2) == pytest.approx((3 / 6, 1))


def test_blocks_do_not_matter(monkeypatch):
    real, generated, _ = features()
    whole = improved_precision_recall(real, generated), density_coverage(real, generated)
    monkeypatch.setattr(precision_recall, "_BLOCK", 1000)
    assert (improved_precision_recall(real, generated), density_coverage(real, generated)) == whole


def test_stored_values():
    """Those of torch-fidelity 0.4.0 (k = 3) and of prdc 0.2 (both)."""
    real, generated, _ = features()
    assert improved_precision_recall(real, generated) == pytest.approx((0.8333333, 0.6125))
    assert improved_precision_recall(real, generated, k=5) == pytest.approx((0.9, 0.71))
    assert density_coverage(real, generated) == pytest.approx((1.1473333, 0.91))
    assert density_coverage(real, generated, k=3) == pytest.approx((1.1166667, 0.77))


def test_against_prdc():
    prdc = pytest.importorskip("prdc")
    real, generated, _ = features()
    for k in (1, 4):
        expected = prdc.compute_prdc(real, generated, nearest_k=k)
        found = (
            *improved_precision_recall(real, generated, k),
            *density_coverage(real, generated, k),
        )
        assert found == pytest.approx(list(map(float, expected.values())), rel=1e-4)


def test_streamed():
    real, generated, _ = features()
    found = show(PrecisionRecall(dim=16), real, generated)
    expected = {"precision": 0.8333333, "recall": 0.6125, "density": 1.1473333, "coverage": 0.91}
    assert {k: float(v) for k, v in found.items()} == pytest.approx(
        {f"{name}[features]": value for name, value in expected.items()}
    )
    named = show(PrecisionRecall(dim=16, name="ema"), real, generated)
    assert list(named) == ["ema_precision", "ema_recall", "ema_density", "ema_coverage"]


def test_errors():
    with pytest.raises(InputError, match=r"generated: expected shape \(more than k=3, 1\), got"):
        improved_precision_recall(column(0, 1, 2, 3), column(0, 1, 2))
    with pytest.raises(InputError, match="k: expected a number from 1 up, got 0"):
        density_coverage(column(0, 1), column(0, 1), k=0)

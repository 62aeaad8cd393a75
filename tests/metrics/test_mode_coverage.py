import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.data import points
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import (
    ClassCoverage,
    ModeCoverage,
    class_coverage,
    mode_scores,
    stacked_labels,
)

MIXTURE = points.Mixture(np.float32([[0, 0], [10, 0], [0, 10], [10, 10]]), sigma=1.0)
# Within 3 sigma of the first mode: three; of the second: one; nearest to the third, but far: four.
SAMPLES = np.array(
    [[0, 0], [2, 2], [-2.9, 0], [10, -3], [0, 13.5], [-4, 10], [-3, 13], [4, 10]], np.float32
)
REVERSE_KL = 3 / 8 * math.log(4 * 3 / 8) + 1 / 8 * math.log(4 / 8) + 4 / 8 * math.log(4 * 4 / 8)


def test_scores_by_hand():
    scores = mode_scores(SAMPLES, MIXTURE)
    assert scores == pytest.approx({"modes": 2, "high_quality": 0.5, "reverse_kl": REVERSE_KL})


@pytest.mark.parametrize("name", ["ring", "grid", "8gaussians"])
def test_scores_of_the_data_itself(name):
    mixture = points.mixture(name)
    scores = mode_scores(points.sample(name, 25_000), mixture)
    assert scores["modes"] == len(mixture.centres)
    # Of two coordinates; for one it would be 0.9973.
    assert scores["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.003)
    assert scores["reverse_kl"] < 2 * len(mixture.centres) / 50_000


def test_one_mode():
    scores = mode_scores(np.zeros((5, 2)), MIXTURE)
    assert scores == pytest.approx({"modes": 1, "high_quality": 1, "reverse_kl": math.log(4)})


def test_classes_by_hand():
    digits = np.array([[0, 0, 7], [0, 1, 0], [9, 9, 9], [0, 0, 7]])
    labels = stacked_labels(digits)
    assert labels.tolist() == [7, 10, 999, 7]
    expected = 0.5 * math.log(1000 / 2) + 2 * 0.25 * math.log(1000 / 4)
    scores = class_coverage(labels, 1000)
    assert scores == pytest.approx({"modes": 3, "reverse_kl": expected})
    assert class_coverage(np.arange(1000), 1000) == pytest.approx({"modes": 1000, "reverse_kl": 0})


def test_streamed():
    metric = ModeCoverage(MIXTURE.centres, MIXTURE.sigma)
    metric = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    metric.update_state(None, SAMPLES[:3])
    tf.function(metric.update_state, autograph=False)(None, SAMPLES[3:])
    found = {name: float(value) for name, value in metric.result().items()}
    assert found == pytest.approx(mode_scores(SAMPLES, MIXTURE), rel=1e-6)
    metric = ClassCoverage(1000, name="stacked")
    for labels in ([7, 10], [999, 7]):
        metric.update_state(None, np.array(labels))
    assert float(metric.result()["stacked_modes"]) == 3
    assert float(metric.result()["stacked_reverse_kl"]) == pytest.approx(
        class_coverage(np.array([7, 10, 999, 7]), 1000)["reverse_kl"]
    )


def test_errors():
    with pytest.raises(InputError, match=r"points: expected shape \(n, 2\), n from 1 up, got \(2,"):
        mode_scores(np.zeros((2, 3)), MIXTURE)
    with pytest.raises(InputError, match="labels: expected 0 to 9, got 3 to 10"):
        class_coverage(np.array([3, 10]), 10)
    with pytest.raises(InputError, match="labels: expected integers of shape"):
        class_coverage(np.zeros((2, 3)), 10)
    metric = ClassCoverage(10)
    with pytest.raises(InputError, match="labels: expected 0 to 9, got -1 to 2"):
        metric.update_state(None, np.array([-1, 2]))
    with pytest.raises(InputError, match="class_coverage: expected one sample or more, got none"):
        metric.result()
    with pytest.raises(InputError, match=r"mode_coverage: expected points of shape \(n, 2\)"):
        ModeCoverage(MIXTURE.centres, 1).update_state(None, np.zeros((2, 3)))

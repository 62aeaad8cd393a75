import numpy as np
import pytest
import tensorflow as tf

from tests.metrics.samples import Means, features
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import InceptionScore, inception_score_from_logits


def test_by_hand():
    certain = 1e3 * np.eye(5)
    assert inception_score_from_logits(np.zeros((20, 5))) == pytest.approx((1, 0))
    assert inception_score_from_logits(certain[[2] * 20]) == pytest.approx((1, 0))
    assert inception_score_from_logits(np.tile(certain, (4, 1)), splits=4) == pytest.approx((5, 0))
    # Parts of one class and of four: 1 and 4.
    logits = certain[[0, 0, 0, 0, 1, 2, 3, 4]]
    assert inception_score_from_logits(logits, splits=2) == pytest.approx((2.5, 1.5))
    # p(y|x) of (.9, .1) and (.1, .9), p(y) of (.5, .5): log 2 less the entropy of .9.
    logits = np.log([[0.9, 0.1], [0.1, 0.9]])
    expected = 2 * 0.9**0.9 * 0.1**0.1
    assert inception_score_from_logits(logits, splits=1)[0] == pytest.approx(expected)


def test_stored_value():
    """That of torch-fidelity 0.4.0, without its shuffling."""
    _, _, logits = features()
    expected = (3.488495754, 0.269990665)
    assert inception_score_from_logits(logits) == pytest.approx(expected, rel=1e-8)


def test_streamed():
    _, _, logits = features()
    metric = InceptionScore(classes=10)
    update = tf.function(metric.update_state, autograph=False)
    for start in range(0, 250, 40):
        update(None, logits[start : start + 40])
    # Part i is of the samples i, i + 10, ...
    expected = inception_score_from_logits(
        logits.reshape(25, 10, 10).swapaxes(0, 1).reshape(-1, 10)
    )
    found = metric.result()
    assert list(found) == ["inception_score[logits]", "inception_score_std[logits]"]
    assert [float(x) for x in found.values()] == pytest.approx(expected, rel=1e-6)


def test_of_images():
    images = np.random.default_rng(0).uniform(-1, 1, (30, 2, 2, 3)).astype(np.float32)
    metric = InceptionScore(Means(name="inception_v3"), splits=1)
    metric.update_state(images, None)
    metric.update_state(images, images)
    expected, _ = inception_score_from_logits(2 * images.mean(axis=(1, 2)), splits=1)
    assert metric.name == "inception_score"
    assert float(metric.result()["inception_score"]) == pytest.approx(expected, rel=1e-6)


def test_errors():
    with pytest.raises(InputError, match=r"splits: expected 1 to 4, .* got 10"):
        inception_score_from_logits(np.zeros((4, 3)))
    with pytest.raises(InputError, match="classes: expected a number from 1 up for features=None"):
        InceptionScore()
    without = Means()
    without.classes = 0
    with pytest.raises(InputError, match=r"classes: .* for features of means, got 0"):
        InceptionScore(without)
    metric = InceptionScore(classes=3)
    metric.update_state(None, np.zeros((4, 3)))
    with pytest.raises(InputError, match="expected samples for each of 10 splits, got 4"):
        metric.result()

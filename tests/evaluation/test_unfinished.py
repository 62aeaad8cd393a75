"""Evaluations of many samples: what is kept of them, and resuming."""

import numpy as np
import pytest

from tests.evaluation.test_distributions import Pixels, images
from tfgan_zoo.evaluation import statistics
from tfgan_zoo.evaluation.statistics import collect, kept_of
from tfgan_zoo.evaluation.unfinished import Unfinished
from tfgan_zoo.pictures import from_uint8

NAMES = ("moments", "features", "logits", "projections", "sample")
ALL, SIZE = images(50), 7


def batches(start, stop=None):
    """Yields batches after a number of images; stops as Ctrl-C does."""
    for i in range(start // SIZE * SIZE, len(ALL), SIZE):
        if stop is not None and i >= stop:
            raise KeyboardInterrupt
        yield ALL[max(start, i) : i + SIZE]


@pytest.fixture
def unfinished(tmp_path):
    return Unfinished(tmp_path, ["run", 1], len(ALL))


@pytest.mark.parametrize("kept", [1000, 20])
def test_a_stopped_evaluation_goes_on_with_the_same_result(unfinished, monkeypatch, kept, capsys):
    monkeypatch.setattr(statistics, "KEPT", kept)
    monkeypatch.setattr(statistics, "_SAMPLE", 5)
    whole = collect(batches(0), NAMES, Pixels(), num=len(ALL))
    features = Pixels()
    for stop in (14, 28):
        with pytest.raises(KeyboardInterrupt):
            collect(
                lambda n, stop=stop: batches(n, stop),
                NAMES,
                features,
                num=50,
                unfinished=unfinished,
            )
    found = collect(batches, NAMES, features, num=50, unfinished=unfinished)
    assert features.seen == len(ALL)
    assert "Resumed after 28 of 50 images." in capsys.readouterr().err
    assert whole.keys() == found.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    unfinished.remove()
    assert not unfinished.path.exists()


class Interrupted(Pixels):
    """Features of which Ctrl-C stops one call, where an evaluation spends most of its time."""

    def __call__(self, images):
        found = super().__call__(images)
        if self.seen == 21:
            raise KeyboardInterrupt
        return found


def test_an_evaluation_stopped_within_a_batch_adds_it_once(unfinished, monkeypatch):
    monkeypatch.setattr(statistics, "_SAMPLE", 5)
    whole = collect(batches(0), NAMES, Pixels(), num=50)
    features = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        collect(batches, NAMES, features, num=50, unfinished=unfinished)
    found = collect(batches, NAMES, features, num=50, unfinished=unfinished)
    assert features.seen == len(ALL) + SIZE
    for name, array in whole.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_what_belongs_to_another_evaluation_is_not_taken(unfinished, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        collect(lambda n: batches(n, 14), NAMES, Pixels(), num=50, unfinished=unfinished)
    other = Unfinished(tmp_path, ["run", 2], len(ALL))
    unfinished.path.rename(other.path)
    assert other.load() == {}
    other.path.write_bytes(b"damaged")
    assert other.load() == {}


def test_evaluations_of_other_labels_are_told_apart(tmp_path):
    labels = np.zeros(5000, np.int64)  # printing leaves the middle out
    one = Unfinished(tmp_path, ["run", {"label": labels}], 1).path
    labels[2500] = 1
    assert Unfinished(tmp_path, ["run", {"label": labels}], 1).path != one


def test_images_that_are_counted_twice_change_the_result():
    """A control: resuming at another place is seen in the moments."""
    whole = collect(batches(0), ["moments"], Pixels())
    twice = collect([*batches(0), ALL[:SIZE]], ["moments"], Pixels())
    assert np.abs(whole["mean"] - twice["mean"]).max() > 1e-3


def test_features_of_many_images_are_those_of_some(monkeypatch):
    monkeypatch.setattr(statistics, "KEPT", 20)
    chosen = kept_of(50)
    assert (len(np.unique(chosen)), chosen.min() >= 0, chosen.max() < 50) == (20, True, True)
    flat = from_uint8(ALL).reshape(50, 4)
    found = collect(batches(0), NAMES, Pixels(), num=50)
    np.testing.assert_allclose(found["features"], flat[chosen], atol=1e-6)
    assert len(found["projections"]) == len(found["logits"]) == 20
    np.testing.assert_allclose(found["mean"], flat.mean(0), atol=1e-6)
    np.testing.assert_allclose(found["covariance"], np.cov(flat.T), atol=1e-6)

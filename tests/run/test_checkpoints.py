"""Checkpoints, with the smallest model there is."""

import keras
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.run.checkpoints import Checkpoints


class Counter(keras.Model):
    """A weight and a running mean."""

    def __init__(self, shape=()):
        super().__init__()
        self.weight = self.add_weight(name="weight", shape=shape, initializer="zeros")
        self.mean = keras.metrics.Mean(name="loss")
        self.built = True

    @property
    def metrics(self):
        return [self.mean]


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "checkpoints")


def save(checkpoints, step, keep=2, score=None):
    model = Counter()
    model.weight.assign(step)
    model.mean.update_state(step / 3)
    return checkpoints.save(model, step, keep, score)


def test_save_and_restore(checkpoints):
    assert checkpoints.steps() == []
    assert checkpoints.best() is None
    folder = save(checkpoints, 7)
    assert folder == checkpoints.folder(7)
    model = Counter()
    checkpoints.restore(model, 7)
    assert float(model.weight) == 7
    saved = Counter()
    saved.mean.update_state(7 / 3)
    assert float(model.mean.result()) == float(saved.mean.result())


def test_weights_of_another_model(checkpoints):
    save(checkpoints, 7)
    with pytest.raises(InputError, match=r"that config.json describes, got others \(ValueError: "):
        checkpoints.restore(Counter((2,)), 7)


def test_keeps_the_last_and_the_best(checkpoints):
    for step, score in ((1, 0.1), (2, 0.9), (3, 0.2), (4, None), (5, 0.3)):
        save(checkpoints, step, keep=2, score=score)
    assert checkpoints.steps() == [2, 4, 5]
    assert checkpoints.best() == 2
    save(checkpoints, 6, keep=1, score=1.0)
    assert checkpoints.steps() == [6]


def test_best_of_equals_is_the_last(checkpoints):
    for step in (1, 2):
        save(checkpoints, step, score=0.5)
    assert checkpoints.best() == 2


def test_lower_is_better_by_a_negative_score_and_nan_is_none(checkpoints):
    save(checkpoints, 1, keep=9, score=-0.2)
    save(checkpoints, 2, keep=9, score=-0.1)
    save(checkpoints, 3, keep=9, score=float("nan"))
    assert checkpoints.best() == 2
    assert "score" not in checkpoints.state(3)


def test_what_was_never_finished_does_not_count(checkpoints):
    (checkpoints.path / ".saving").mkdir(parents=True)
    (checkpoints.path / ".saving" / "model.weights.h5").touch()
    assert checkpoints.steps() == []
    save(checkpoints, 1)
    assert [p.name for p in checkpoints.path.iterdir()] == ["step_00000001"]


@pytest.mark.parametrize("damage", ["cut", "missing", "state", "empty state"])
def test_damage(checkpoints, damage):
    save(checkpoints, 1, score=0.1)
    folder = save(checkpoints, 2, score=0.2)
    weights = folder / "model.weights.h5"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:100])
    elif damage == "missing":
        weights.unlink()
    else:
        (folder / "state.json").write_text("{" if damage == "state" else "{}")
    with pytest.raises(InputError, match=r"step_00000002' is damaged"):
        checkpoints.restore(Counter(), 2)
    (aside,) = checkpoints.set_aside_damaged()
    assert aside.name == "damaged_step_00000002"
    assert checkpoints.steps() == [1]
    assert checkpoints.best() == 1

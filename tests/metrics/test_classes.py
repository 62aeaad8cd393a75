from types import SimpleNamespace

import numpy as np
import pytest

from tfgan_zoo.data import figures
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import figure_scores
from tfgan_zoo.metrics.classes import class_of_logits, intra_class, summed_up
from tfgan_zoo.metrics.features import ClassifierFeatures
from tfgan_zoo.run.evaluation import notes_on_classes

CLOTHES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
CLOTHES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


class Named:
    """A classifier of four classes, the last two of which are the same."""

    name = "named"
    class_names = ("Red ring", "blue-ring", "green RING", "green ring")


def test_logits_are_matched_by_name():
    found = class_of_logits(Named, ["green ring", "yellow ring", "red_ring"], [0, 2])
    assert found.tolist() == [2, -1, 0, 0]
    # Numbers stand for the classifier's classes in its order.
    assert class_of_logits(Named, ["0", "1", "2"], [0, 2]).tolist() == [0, 1, 2, 2]
    for names, classes in (
        (["green ring", "yellow ring"], [0, 1]),
        (["0", "1", "2", "3"], [0]),  # more than there are
        (["1", "0"], [0]),
    ):
        with pytest.raises(InputError, match="got named, which knows Red ring, blue-ring, green R"):
            class_of_logits(Named, names, classes)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("mnist_v1", list("0123456789")),
        ("fashion_mnist_v1", CLOTHES),
        ("fashion_mnist_v1", list("0123456789")),
    ],
)
def test_small_classifiers_know_the_classes_of_their_data(name, names):
    features = ClassifierFeatures(name)
    assert class_of_logits(features, names, range(10)).tolist() == list(range(10))


def test_the_classifier_of_figures_reads_the_classes_of_figures():
    shown = figures.attributes("full", "test", 60)
    features = ClassifierFeatures("figures_v1")
    _, logits = features(figures.render(shown, 32))
    table = class_of_logits(features, figures.CLASS_NAMES, range(48))
    np.testing.assert_array_equal(table[logits.argmax(axis=1)], shown.label)
    assert figures.CLASS_NAMES[8 * figures.SHAPES.index("ring")] == "red ring"


def test_obedience_is_the_share_of_clean_figures_that_were_asked_for():
    shown = figures.attributes("", "test", 40)
    images = figures.render(shown, 32)
    wanted = shown.label.copy()
    assert figure_scores(images, "", wanted)["obedience"] == 1
    images[:8] = np.random.default_rng(0).integers(0, 256, images[:8].shape, np.uint8)
    wanted[8:12] = (wanted[8:12] + 1) % 48
    found = figure_scores(images, "", wanted)
    assert found["validity"] == pytest.approx(32 / 40)
    assert found["obedience"] == pytest.approx(28 / 32)
    # Of each class, by counting.
    right, valid = {}, {}
    for i in range(40):
        right[wanted[i]] = right.get(wanted[i], 0) + (i >= 12)
        valid[wanted[i]] = valid.get(wanted[i], 0) + (i >= 8)
    expected = {figures.CLASS_NAMES[k]: right[k] / n if n else 0.0 for k, n in valid.items()}
    assert found.by_class["obedience"] == pytest.approx(expected)
    assert found["obedience_worst"] == 0 == min(expected.values())
    # Labels at random are obeyed once in 48 times; nothing is obeyed where nothing is drawn.
    shuffled = figure_scores(images, "", np.roll(wanted, 7))
    assert shuffled["obedience"] < 0.2
    none = figure_scores(np.zeros_like(images[:3]), "", wanted[:3])
    assert np.isnan([none[f"obedience{end}"] for end in ("", "_worst", "_best")]).all()
    assert np.isnan([*none.by_class["obedience"].values()]).all()
    assert notes_on_classes([], None, None, none.by_class) == []
    with pytest.raises(InputError, match="wanted: expected 40 labels"):
        figure_scores(images, "", wanted[:3])


def test_the_worst_class_has_the_highest_distance_or_the_lowest_share():
    values = {"a": 0.5, "b": 0.25, "c": 0.75}
    for sign, worst, best in ((1, 0.25, 0.75), (-1, 0.75, 0.25)):
        found = summed_up("x", values, sign, 0.625)
        assert found == {"x": 0.625, "x_worst": worst, "x_best": best}
    with pytest.raises(InputError, match="real_labels: expected 3 of them"):
        intra_class(max, np.zeros((3, 1)), np.zeros(2), np.zeros((3, 1)), np.zeros(3))


@pytest.mark.parametrize("names", [("C", "C#", "C++"), ("-1", "1"), ("+", "-"), ("o\u0308", "o")])
def test_names_that_differ_in_punctuation_alone_are_different_classes(names):
    features = SimpleNamespace(name="own", class_names=names)
    for order in (names, names[::-1]):
        found = class_of_logits(features, order, range(len(names)))
        assert [order[i] for i in found] == list(names)
    with pytest.raises(InputError, match=r"which knows .* and not 'other'"):
        class_of_logits(features, [*names, "other"], range(len(names) + 1))


def test_a_letter_with_a_mark_is_that_letter_in_either_form():
    features = SimpleNamespace(name="own", class_names=("Blüte", "blute"))
    assert class_of_logits(features, ["blu\u0308te"], [0]).tolist() == [0, -1]

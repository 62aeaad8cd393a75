"""Attributes and their codes."""

import doctest

import numpy as np
import pytest

from tfgan_zoo import attributes
from tfgan_zoo.attributes import Attributes
from tfgan_zoo.errors import InputError

KNOWN = Attributes(
    {
        "y": (-1.0, 3.0),
        "view": "degrees",
        "shape": ("circle", "square", "star"),
        "kind": ["a", "b"],
        "x": (0, 10),
    }
)
GIVEN = {"shape": "square", "kind": "a", "view": 30, "x": 5, "y": 3}


def test_codes_by_hand():
    assert KNOWN.names == ("kind", "shape", "view", "x", "y")
    assert KNOWN.groups == (2, 3, 2, 2)
    expected = [1, 0, 0, 1, 0, 0.5, np.sqrt(3) / 2, 0, 1]
    np.testing.assert_allclose(KNOWN.encode(GIVEN), [expected], atol=1e-7)
    several = GIVEN | {"shape": [0, 2], "view": [-90, 360], "y": [-1, 0.0]}
    codes = KNOWN.encode(several)
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes[:, 2:5], [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(codes[:, 5:7], [[-1, 0], [0, 1]], atol=1e-7)
    np.testing.assert_allclose(codes[:, 8], [-1, -0.5])
    mixed = KNOWN.encode(GIVEN | {"shape": [[0.5, 0.25, 0.25]]})
    np.testing.assert_allclose(mixed[0, KNOWN.columns("shape")], [0.5, 0.25, 0.25])


def test_codes_and_values_are_each_other_s_inverse():
    drawn = KNOWN.sample(50, seed=3)
    found = KNOWN.decode(KNOWN.encode(drawn))
    for name, values in drawn.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-4)
    assert len(np.unique(drawn["shape"])) == 3
    assert 0 <= drawn["view"].min() < 90 < 270 < drawn["view"].max() <= 360


def test_texts_and_declarations_are_each_other_s_inverse():
    texts = KNOWN.texts()
    assert texts[1:3] == ("shape=circle|square|star", "view=degrees")
    assert Attributes.parse(texts).declared == KNOWN.declared
    again = Attributes(KNOWN.declared)  # and in any order
    assert again.declared == KNOWN.declared
    with pytest.raises(InputError, match=r"kind: expected names of classes without \|"):
        Attributes({"kind": ("a|b", "c")}).texts()


@pytest.mark.parametrize(
    "text", ["size", "size=", "size=1..x", "size=2..1", "shape=circle", "shape=a|a", "images=0..1"]
)
def test_declarations_that_are_none(text):
    with pytest.raises(InputError, match=r"^data\.attributes"):
        Attributes.parse([text], "data.attributes")


def test_the_way_between():
    a, b = ({"shape": s, "kind": "a", "view": v, "x": x, "y": 0} for s, v, x in (
        ("circle", 350, 0), ("star", 20, 10)
    ))  # fmt: skip
    codes = KNOWN.between(KNOWN.encode(a), KNOWN.encode(b), 4)
    assert codes.shape == (1, 4, KNOWN.size)
    np.testing.assert_allclose(codes[0, 1, 2:5], [2 / 3, 0, 1 / 3], atol=1e-6)
    # By way of 0 degrees, on the circle.
    np.testing.assert_allclose(KNOWN.decode(codes[0])["view"] % 360, [350, 0, 10, 20], atol=1e-3)
    np.testing.assert_allclose(np.hypot(*codes[0, :, 5:7].T), 1, atol=1e-6)
    np.testing.assert_allclose(codes[0, :, 7], [-1, -1 / 3, 1 / 3, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shpe": "star"}, "attributes: there is no 'shpe'; did you mean shape?"),
        ({"shape": "sqare"}, "attributes.shape: there is no 'sqare'; did you mean square"),
        ({"shape": 3}, "attributes.shape: expected names of classes, or numbers from 0 to 2, got"),
        ({"shape": [[0.5, 0.6, 0.1]]}, "attributes.shape: expected weights of 3 classes"),
        # Labels as floats of as many images as there are classes are no weights of one image.
        ({"shape": [0.0, 1.0, 0.0]}, "attributes.shape: expected weights of 3 classes, shape (num"),
        ({"shape": [[1, 1, 0]]}, "attributes.shape: expected weights of 3 classes"),
        ({"shape": [[0, 1]]}, "attributes.shape: expected one class for each image"),
        ({"x": 11}, "attributes.x: expected numbers from 0 to 10, got 11"),
        ({"x": float("nan")}, "attributes.x: expected a finite number"),
        ({"view": "north"}, "attributes.view: expected numbers, got 'north'"),
        (
            {"x": [1, 2], "y": [0, 1, 2]},
            "attributes: expected one value each, or as many, got 2 of",
        ),
    ],
)
def test_values_that_cannot_be_coded(change, message):
    with pytest.raises(InputError) as caught:
        KNOWN.encode(GIVEN | change)
    assert message in str(caught.value)


def test_one_hot_integers_are_weights():
    rows = np.eye(3, dtype=np.int64)[[2, 0]]
    expected = KNOWN.encode(GIVEN | {"shape": [2, 0]})
    np.testing.assert_array_equal(KNOWN.encode(GIVEN | {"shape": rows}), expected)
    np.testing.assert_array_equal(KNOWN.encode(GIVEN | {"shape": [[2], [0]]}), expected)


def test_missing_values_are_named():
    with pytest.raises(InputError, match=r"got none of kind, view; add them"):
        KNOWN.encode({name: GIVEN[name] for name in ("shape", "x", "y")})
    with pytest.raises(InputError, match=r"expected codes, shape \(num, 9\), got \(2, 8\)"):
        KNOWN.check_codes(np.zeros((2, 8)))


def test_examples():
    assert doctest.testmod(attributes, extraglobs={"np": np}).failed == 0

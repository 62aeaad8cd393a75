"""Reading drawn solids back."""

import doctest

import numpy as np
import pytest

from tfgan_zoo.data import solids as drawn
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import solids

WANTED = drawn.attributes("test", 120)


def cut_off(voxels, num):
    """Returns what is left of solids that are moved out through the back."""
    return np.pad(voxels, [(0, 0), (num, 0), *[(0, 0)] * 3])[:, :-num]


@pytest.fixture(scope="module")
def voxels():
    return drawn.render(WANTED, 16)


@pytest.fixture(scope="module")
def found(voxels):
    return solids.read(voxels)


def test_every_solid_is_read_back(found):
    assert found.valid.all()
    np.testing.assert_array_equal(found.attributes.kind, WANTED.kind)
    np.testing.assert_array_equal(found.attributes.direction, WANTED.direction)
    for name in ("radius", "depth", "height", "width"):
        apart = np.abs(getattr(found.attributes, name) - getattr(WANTED, name))
        assert np.median(apart) < 0.25 / 16
        assert apart.max() < 1 / 16


def test_the_iou_is_that_of_the_solid_that_was_found(voxels, found):
    again = drawn.render(found.attributes, 16)[..., 0] > 0
    full = voxels[..., 0] > 0
    expected = (again & full).sum((1, 2, 3)) / (again | full).sum((1, 2, 3))
    np.testing.assert_allclose(found.iou, expected)


def test_floats_and_a_higher_resolution():
    wanted = WANTED[:20]
    read = solids.read(drawn.render(wanted, 32).astype("float32") / 127.5 - 1)
    assert read.valid.all()
    np.testing.assert_array_equal(read.attributes.kind, wanted.kind)


@pytest.mark.parametrize(
    ("spoil", "most"),
    [
        (lambda x, r: np.where(r.random(x.shape) < 0.1, 255, 0), 0.0),  # noise alone
        (lambda x, r: np.where(np.arange(16)[:, None, None] < 8, x, 0), 0.15),  # halves
        (lambda x, r: np.where(r.random(x.shape) < 0.03, 255 - x, x), 0.05),  # dust and holes
        (lambda x, r: x & np.roll(x, 1, axis=0), 0.2),  # what two have in common
        (lambda x, r: np.roll(x, 4, axis=2) | np.roll(x[::-1], -4, axis=2), 0.15),  # two apart
        (lambda x, r: cut_off(x, 6), 0.0),
        (lambda x, r: np.roll(x, 4, axis=3), 0.0),  # nearly whole, but out of place
        (lambda x, r: x * 0, 0.0),
        (lambda x, r: x * 0 + 255, 0.0),
    ],
    ids=["noise", "half", "dust", "common", "two", "cut off", "beside", "empty", "full"],
)
def test_what_is_no_solid(voxels, spoil, most):
    spoilt = spoil(voxels[:60], np.random.default_rng(0)).astype(np.uint8)
    assert solids.read(spoilt).valid.mean() <= most


def test_scores(voxels):
    scores = solids.solid_scores(voxels, WANTED.kind)
    assert scores["validity"] == scores["coverage"] == scores["obedience"] == 1.0
    assert scores["kinds"] == 6
    shares = np.bincount(WANTED.kind) / 120
    assert scores["reverse_kl"] == pytest.approx((shares * np.log(6 * shares)).sum())
    # Controls: one kind alone, and labels of others.
    one = solids.solid_scores(voxels[WANTED.kind == 4])
    assert one["kinds"] == 1
    assert one["reverse_kl"] == pytest.approx(np.log(6))
    shuffled = solids.solid_scores(voxels, np.roll(WANTED.kind, 1))
    assert shuffled["obedience"] < 0.4
    none = solids.solid_scores(voxels[:5] * 0, WANTED.kind[:5])
    assert none["validity"] == none["iou"] == 0
    assert np.isnan(none["reverse_kl"])
    assert np.isnan([none[f"obedience{end}"] for end in ("", "_worst", "_best")]).all()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((np.zeros((2, 16, 16, 3), np.uint8),), r"\[N, R, R, R, 1\] .* got \[2, 16, 16, 3\]"),
        ((np.zeros((2, 16, 16, 8, 1), np.uint8),), "R >= 8"),
        ((np.zeros((2, 16, 16, 16, 1), np.int32),), "expected uint8, bool, or floats .* got int32"),
        ((np.zeros((2, 16, 16, 16, 1)), np.zeros(3)), "wanted: expected 2 labels"),
    ],
)
def test_refusals(given, sentence):
    with pytest.raises(InputError, match=sentence):
        solids.solid_scores(*given)


def test_examples():
    assert doctest.testmod(solids).failed == 0


def test_booleans_are_read_and_0_and_1_are_refused(voxels, found):
    np.testing.assert_array_equal(solids.read(voxels[:3] > 0).iou, found.iou[:3])
    for kind in (np.uint8, np.float32):
        with pytest.raises(InputError, match="solids: expected voxels of 0 and 255 as uint8"):
            solids.read((voxels[:3] > 0).astype(kind))

"""Drawn solids: against geometry that is computed in another way, and always the same bytes."""

import doctest
import hashlib

import numpy as np
import pytest

from tfgan_zoo.data import open_source, solids, streams
from tfgan_zoo.errors import InputError


def full(kind, direction="up", radius=0.4, centre=(0.5, 0.5, 0.5), resolution=64):
    where = solids.KINDS.index(kind), solids.DIRECTIONS.index(direction)
    return solids.occupied(*where, np.array([radius]), np.array([centre]), resolution)[0]


@pytest.mark.parametrize(
    ("kind", "volume"),  # in units of the radius cubed
    [
        ("box", 1.7 * 1.7 * 1.0),
        ("ball", 4 / 3 * np.pi * 0.9**3),
        ("cylinder", np.pi * 0.55**2 * 1.9),
        ("cone", np.pi * 0.85**2 * 1.8 / 3),
        ("torus", 2 * np.pi**2 * 0.64 * 0.3**2),
        ("cross-bar", 0.6 * (2 * 1.9 * 0.6 - 0.6**2)),
    ],
)
def test_volumes(kind, volume):
    for direction in solids.TURNS[kind]:
        found = full(kind, solids.DIRECTIONS[direction], resolution=128).mean()
        assert found == pytest.approx(volume * 0.4**3, rel=0.06)


def test_voxels_one_by_one():
    """Point by point, in Python, for a cone that points left."""
    radius, (d, h, w), size = 0.35, (0.52, 0.47, 0.5), 12
    found = full("cone", "left", radius, (d, h, w), size)
    for place in np.ndindex(size, size, size):
        depth, height, width = ((i + 0.5) / size for i in place)
        along = (w - width) / radius  # to the left
        away = np.hypot((depth - d) / radius, (height - h) / radius)
        inside = -0.85 <= along <= 0.95 and away <= 0.85 * (0.95 - along) / 1.8
        assert found[place] == inside, place


def test_directions():
    """The tip of a cone has the fewest voxels; index 0 is front, top and left."""
    for direction, axis, end in (
        *(("up", 1, 0), ("down", 1, -1), ("left", 2, 0)),
        *(("right", 2, -1), ("front", 0, 0), ("back", 0, -1)),
    ):
        cone = full("cone", direction)
        layers = cone.sum(axis=tuple(i for i in range(3) if i != axis))
        layers = layers[np.nonzero(layers)]
        assert layers[end] < layers[-1 - end] / 20
    assert np.array_equal(full("box", "left"), full("box").transpose(0, 2, 1))
    turned = full("torus", "front").transpose(1, 0, 2)
    assert np.array_equal(turned, full("torus"))


def test_every_direction_of_a_kind_looks_different_and_no_kind_like_another():
    seen = [
        full(kind, solids.DIRECTIONS[turn], resolution=24)
        for kind in solids.KINDS
        for turn in solids.TURNS[kind]
    ]
    for i, one in enumerate(seen):
        for other in seen[:i]:
            assert (one & other).sum() / (one | other).sum() < 0.85
    ball = full("ball", resolution=24)
    for direction in ("left", "front"):
        assert np.array_equal(full("ball", direction, resolution=24), ball)


def test_solids_stay_inside_and_vary():
    drawn = solids.attributes(num=2000)
    for place in (drawn.depth, drawn.height, drawn.width):
        assert (np.abs(place - 0.5) + drawn.radius).max() < 0.5
        assert np.ptp(place) > 0.11
    assert np.ptp(drawn.radius) > 0.11
    counts = np.bincount(drawn.kind)
    assert counts.min() > 280
    for number, name in enumerate(solids.KINDS):
        assert set(drawn.direction[drawn.kind == number]) == set(solids.TURNS[name])


def test_access_is_random_and_bytes_are_the_same_everywhere():
    whole = solids.attributes("test", 8, seed=3)
    part = solids.attributes("test", 3, seed=3, start=5)
    assert np.array_equal(part.radius, whole.radius[5:])
    assert np.array_equal(solids.render(part, 8), solids.render(whole, 8)[5:])
    made = solids.load("train", 16, num=100)
    digest = hashlib.sha256(made["voxels"].tobytes() + made["label"].tobytes()).hexdigest()
    assert digest.startswith("c5b0f1afbc273038")
    for arguments in (("test", 8, 50), ("train", 8, 50, 1)):
        assert not np.array_equal(solids.load(*arguments)["label"], made["label"][:50])


def test_as_a_source():
    source = open_source("voxels/solids", "test[:10]", resolution=8)
    assert (len(source), source.shape, source.is_voxels) == (10, (8, 8, 8, 1), True)
    assert source.class_names == solids.KINDS
    np.testing.assert_array_equal(source.labels, solids.attributes("test", 10).kind)
    assert set(np.unique(source[0])) == {0, 255}
    assert open_source("voxels/solids", num=3).shape == (32, 32, 32, 1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: solids.load("val"), "voxels/solids has no split 'val'"),
        (lambda: solids.load(resolution=4), "a resolution of 8 or more, got 4"),
        (lambda: solids.attributes(num=-1), "num and start of 0 or more, got -1 and 0"),
        (lambda: open_source("voxels/solid"), "There is no voxels/solid; did you mean solids"),
        (lambda: open_source("voxels"), "incomplete; write voxels/solids"),
    ],
)
def test_refusals(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


def test_examples():
    assert doctest.testmod(solids).failed == 0
    assert doctest.testmod(streams).failed == 0

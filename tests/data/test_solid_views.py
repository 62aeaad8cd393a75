"""Pictures of solids: against geometry that is computed in another way, and always the same."""

import dataclasses
import doctest
import hashlib

import numpy as np
import pytest

from tfgan_zoo.data import figures, open_source, ray_casting, solid_views, solids
from tfgan_zoo.errors import InputError

#: Along which of x, y and z each solid has its axis.
ALONG = (1, 1, 0, 0, 2, 2)
VIEWS = [(0.0, 10.0), (35.0, 30.0), (160.0, 50.0), (290.0, 20.0)]


def posed(kind, view, elevation=30.0, radius=0.36, rgb=(200, 100, 50)):
    return solid_views.Attributes(
        *(np.array([kind]), np.array([0]), np.array([view]), np.array([elevation])),
        *(np.array([radius]), np.array([rgb], np.uint8)),
    )


def inside(kind, points):
    """Returns which points, in units of the radius, are in a solid of `voxels/solids`."""
    others = [points[i] for i in range(3) if i != ALONG[kind]]
    return solids._INSIDE[kind](points[ALONG[kind]], *others)


def camera(view, elevation):
    """Returns the directions right, up and towards the camera, one a row."""
    a, e = np.radians([view, elevation])
    towards = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
    right = np.cross([0, 1, 0], towards)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(towards, right), towards])


@pytest.mark.parametrize("kind", range(6), ids=solids.KINDS)
def test_masks_are_the_shadows_of_voxels(kind):
    side, radius = 24, 0.33
    points = np.stack(np.meshgrid(*[np.linspace(-1, 1, 72)] * 3)).reshape(3, -1)
    points = points[:, inside(kind, points)]
    for view, elevation in VIEWS:
        image, mask = solid_views.render(posed(kind, view, elevation, radius), side)
        right, up, _ = camera(view, elevation) @ points
        columns, rows = (np.floor((0.5 + radius * x) * side).astype(int) for x in (right, -up))
        shadow = np.zeros((side, side), int)
        np.add.at(shadow, (rows, columns), 1)
        share = mask[0, ..., 0] / 255
        assert shadow[share == 1].min() > 0
        # No ray may meet what is in a sixth of a pixel, but there is nothing beyond that.
        assert shadow[share == 0].sum() < 0.01 * shadow.sum()
        near = np.max([np.roll(share, d, (0, 1)) for d in np.ndindex(3, 3)], axis=0)
        assert shadow[np.roll(near, (-1, -1), (0, 1)) == 0].sum() == 0
        np.testing.assert_array_equal(image[0, 0, 0], [25, 25, 30])


@pytest.mark.parametrize("kind", range(1, 5), ids=solids.KINDS[1:5])
def test_light_falls_by_the_slope_of_the_depth(kind, monkeypatch):
    """The depth along each ray is searched, and its slopes give the surface's direction."""
    monkeypatch.setattr(ray_casting, "SAMPLES", 1)
    side, radius, near = 16, 0.36, 0.004
    depths = np.linspace(1.3, -1.3, 2000)
    for view, elevation in VIEWS[1:]:
        parts = np.array([view]), np.array([elevation]), np.array([radius])
        share, brightness = (each[0] for each in ray_casting.cast(kind, *parts, side))
        places = ((np.arange(side) + 0.5) / side - 0.5) / radius
        u, v = (each[share == 1] for each in np.meshgrid(places, -places))
        axes = camera(view, elevation)

        def depth(u, v, axes=axes):
            """Returns the largest depth inside the solid, by trying many."""
            rays = (u * axes[0][:, None] + v * axes[1][:, None])[:, :, None]
            full = inside(kind, rays + axes[2][:, None, None] * depths)
            return np.where(full.any(1), depths[full.argmax(1)], np.nan)

        steps = [10 * near * np.array(step) for step in ((1, 0), (0, 1))]
        slopes = [(depth(u + x, v + y) - depth(u - x, v - y)) / (20 * near) for x, y in steps]
        surface = np.stack([-slopes[0], -slopes[1], np.ones_like(u)])
        cosine = np.array(ray_casting.LIGHT) @ (surface / np.linalg.norm(surface, axis=0))
        ambient = ray_casting.AMBIENT
        wanted = ambient + (1 - ambient) * np.maximum(cosine, 0)
        off = np.abs(brightness[share == 1] - wanted)
        assert np.isfinite(off).sum() > 20
        assert np.nanmedian(off) < 0.02
        assert np.nanmean(off < 0.08) > 0.75  # but for edges


def test_faces_of_a_box_by_hand():
    """From the front, 30 degrees up: the light is (-.48, .64, .6) to the right, up and back."""
    image = solid_views.render(posed(0, 0.0), 32)[0][0]
    sine, cosine = 0.5, 0.75**0.5
    for row, angle in ((9, 0.64 * cosine + 0.6 * sine), (20, 0.6 * cosine - 0.64 * sine)):
        wanted = (0.4 + 0.6 * angle) * np.array([200, 100, 50])
        np.testing.assert_array_equal(image[row, 16], np.rint(wanted))
    middle = solid_views.render(posed(1, 77.0), 33)[0][0, 16, 16]
    assert np.abs(middle - (0.4 + 0.6 * 0.6) * np.array([200, 100, 50])).max() < 1


def test_which_way_the_camera_goes():
    """A cone that points right points at the camera that has gone a quarter turn to the right."""
    tip = {}
    for view in (0.0, 90.0, 180.0):
        mask = solid_views.render(posed(3, view, 10.0), 64)[1][0, ..., 0] / 255
        tip[view] = (mask.sum(0) * np.arange(64)).sum() / mask.sum() - 31.5
    assert tip[0.0] < -3  # most of it is at the base
    assert tip[180.0] > 3
    assert abs(tip[90.0]) < 0.1
    bright = [solid_views.render(posed(3, v, 10.0), 64)[0][0, 40, 32, 0] for v in (90.0, 270.0)]
    assert bright[0] != bright[1]


@pytest.mark.parametrize("kind", range(6), ids=solids.KINDS)
def test_a_solid_turned_by_its_symmetry_looks_the_same(kind):
    turn = solid_views.SYMMETRIES[kind] or 37
    for view, elevation in VIEWS:
        seen = solid_views.render(posed(kind, view, elevation), 32)
        again = solid_views.render(posed(kind, view + turn, elevation), 32)
        for one, other in zip(seen, again, strict=True):
            np.testing.assert_array_equal(one, other)
        half = solid_views.render(posed(kind, view + turn / 2, elevation), 32)[0]
        assert np.array_equal(seen[0], half) == (kind == 1)


def test_what_train_lacks():
    train, test = solid_views.attributes(), solid_views.attributes("test")
    assert not (solid_views.held_out_pairs(train) | solid_views.held_out_views(train)).any()
    assert 0.13 < solid_views.held_out_pairs(test).mean() < 0.2
    assert 0.06 < solid_views.held_out_views(test).mean() < 0.11
    pairs = {(solids.KINDS[k], solid_views.COLOURS[c]) for k, c in zip(*_pairs(train), strict=True)}
    assert len(pairs) == 40
    assert not pairs & set(solid_views.HELD_OUT)
    assert len({*zip(*_pairs(test), strict=True)}) == 48
    assert len({kind for kind, _ in pairs}) == 6
    assert len({colour for _, colour in pairs}) == 8
    assert train.view.max() > 359
    assert train.view.min() < 1
    for name, (low, high) in (("radius", (0.24, 0.36)), ("elevation", (10, 50))):
        values = getattr(train, name)
        assert low <= values.min() < low + 0.01 * high
        assert high - 0.01 * high < values.max() < high
    # A colour is nearest to its own name.
    apart = np.abs(test.rgb[:, None].astype(int) - figures.COLOUR_RGB).max(2)
    np.testing.assert_array_equal(apart.argmin(1), test.colour)


def _pairs(drawn):
    return drawn.kind.tolist(), drawn.colour.tolist()


def test_access_is_random_and_bytes_are_the_same_everywhere():
    whole = solid_views.attributes("test", 8, seed=3)
    part = solid_views.attributes("test", 3, seed=3, start=5)
    for field in dataclasses.fields(part):
        np.testing.assert_array_equal(getattr(part, field.name), getattr(whole, field.name)[5:])
    for some, every in zip(
        solid_views.render(part, 16), solid_views.render(whole, 16), strict=True
    ):
        np.testing.assert_array_equal(some, every[5:])
    made = solid_views.load("train", 16, num=100)
    digest = hashlib.sha256(made["image"].tobytes() + made["mask"].tobytes())
    assert digest.hexdigest()[:16] == "adb51455529b60b1"
    for arguments in (("test", 8, 50), ("train", 8, 50, 1)):
        assert not np.array_equal(solid_views.load(*arguments)["label"], made["label"][:50])


def test_as_a_source():
    source = open_source("solids/views", "test[:10]", num=20, resolution=8)
    assert (len(source), source.shape, source.holds) == (10, (8, 8, 3), "images")
    assert source.class_names == solids.KINDS
    np.testing.assert_array_equal(source.labels, solid_views.attributes("test", 10).kind)
    assert open_source("solids/views", num=3).shape == (32, 32, 3)
    assert open_source("solids/views", num=1, resolution=64).shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: solid_views.load("val"), "solids/views has no split 'val'"),
        (lambda: solid_views.load(resolution=4, num=1), "a resolution of 8 or more, got 4"),
        (lambda: solid_views.attributes(num=-1), "num and start of 0 or more, got -1 and 0"),
        (lambda: open_source("solids/view"), "There is no solids/view; did you mean views"),
        (lambda: open_source("solids"), "incomplete; write solids/views"),
    ],
)
def test_refusals(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


def test_examples():
    assert doctest.testmod(solid_views).failed == 0
    assert doctest.testmod(ray_casting, extraglobs={"np": np}).failed == 0

import doctest
import hashlib

import numpy as np
import pytest

from tfgan_zoo.data import figures
from tfgan_zoo.data.figures import scenes
from tfgan_zoo.errors import InputError

HASH = "3a0220fb46255f11850eb01e3c935f25a9949858700eb2cc746bbecee276d028"


def test_bytes_are_the_same_everywhere():
    digest = hashlib.sha256()
    for split, resolution in (("train", 64), ("test", 40)):
        for values in scenes.load(split, resolution, num=12, seed=3).values():
            digest.update(values.tobytes())
    assert digest.hexdigest() == HASH


def test_access_is_random_and_splits_share_nothing():
    whole, part = scenes.scenes("train", 20), scenes.scenes("train", 8, start=12)
    for name in ("shape", "colour", "radius", "x", "y", "shown"):
        np.testing.assert_array_equal(getattr(whole[12:], name), getattr(part, name))
    others = [scenes.scenes("test", 20), scenes.scenes("train", 20, seed=1)]
    values = np.concatenate([each.radius.ravel() for each in (whole, *others)])
    assert len(np.unique(values)) == values.size
    assert len(scenes.scenes("test")) == 500


DRAWN = scenes.scenes("train", 400)
DATA = scenes.render(DRAWN, 64)


def test_what_varies():
    assert np.unique(DRAWN.shown.sum(1), return_counts=True)[1].min() > 100  # 3, 4 or 5
    for values in DRAWN.colour:
        assert len(set(values)) == scenes.MOST  # Two figures of an image can be told apart.
    # A label map says nothing about colours.
    for shape in range(6):
        counts = np.bincount(DRAWN.colour[DRAWN.shape == shape], minlength=8)
        assert counts.min() > 0.6 * counts.mean()
    inside = [DRAWN.x - DRAWN.radius, DRAWN.y - DRAWN.radius]
    inside += [1 - DRAWN.x - DRAWN.radius, 1 - DRAWN.y - DRAWN.radius]
    assert min(each.min() for each in inside) > -1e-9


def test_maps_agree_with_what_is_drawn():
    label, inst, image = (DATA[name] for name in ("label", "inst", "image"))
    assert inst.max() == scenes.MOST
    np.testing.assert_array_equal(label == 0, inst == 0)
    for n, k in zip(*np.nonzero(DRAWN.shown), strict=True):
        mine = inst[n] == k + 1
        assert np.all(label[n][mine] == DRAWN.shape[n, k] + 1)
        # Drawn alone, the figure covers these pixels, whose colour is its own away from edges.
        whole = scenes.coverages(DRAWN[n : n + 1], 64)[0]
        assert np.all(whole[k][mine] >= 0.5)
        clear = mine & (whole[k] == 1) & np.all(whole[k + 1 :] == 0, axis=0)
        assert np.all(image[n][clear] == figures.COLOUR_RGB[DRAWN.colour[n, k]])
    assert np.all(image[:, 0, 0] == figures.BACKGROUND_RGB[0]) or np.any(inst[:, 0, 0])


def test_figures_touch_and_cover_one_another():
    masks = scenes.coverages(DRAWN, 64) >= 0.5
    total, seen = masks.sum((2, 3)), np.zeros(DRAWN.shown.shape)
    for k in range(scenes.MOST):
        seen[:, k] = (DATA["inst"] == k + 1).sum((1, 2))
    visible = (seen / np.maximum(total, 1))[DRAWN.shown]
    assert 0.15 < np.mean(visible < 0.7) < 0.5
    assert np.mean(visible == 1) > 0.3
    right = DATA["inst"][:, :, 1:] != DATA["inst"][:, :, :-1]
    both = (DATA["inst"][:, :, 1:] > 0) & (DATA["inst"][:, :, :-1] > 0) & right
    assert np.mean(both.any((1, 2))) > 0.9
    # In many images the label map alone does not show where a figure ends.
    alike = both & (DATA["label"][:, :, 1:] == DATA["label"][:, :, :-1])
    assert np.mean(alike.any((1, 2))) > 0.5


def test_errors():
    with pytest.raises(InputError, match="figures has no split 'val'"):
        scenes.load("val")
    with pytest.raises(InputError, match="expected num and start of 0 or more, got"):
        scenes.scenes(num=-1)
    with pytest.raises(InputError, match="resolution must be 8 or more"):
        scenes.load(resolution=4, num=1)
    with pytest.raises(InputError, match="figures/labels holds label maps; use a model of these"):
        figures.load("labels")


def test_examples():
    result = doctest.testmod(scenes)
    assert result.attempted
    assert not result.failed

import dataclasses
import doctest

import numpy as np
import pytest

from tfgan_zoo.data.figures import BACKGROUND_RGB, COLOUR_RGB, scenes
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import scenes as metric
from tfgan_zoo.metrics.scenes import scene_scores

DRAWN = scenes.scenes("test", 40)
DATA = scenes.render(DRAWN, 64)
IMAGES = DATA["image"]


def test_the_true_images_are_right():
    scores = scene_scores(IMAGES, DRAWN, colours=True)
    assert scores["clean"] > 0.97
    assert scores["colour"] > 0.97
    assert scores["edge"] > 0.95


def test_other_colours_are_right_unless_they_are_asked_for():
    turned = dataclasses.replace(DRAWN, colour=(DRAWN.colour + 1) % 8)
    scores = scene_scores(scenes.render(turned, 64)["image"], DRAWN, colours=True)
    assert scores["clean"] > 0.97
    assert scores["colour"] < 0.05
    assert scores["edge"] > 0.95


def test_one_colour_for_each_class_has_no_edges():
    """What a model without boundaries can at best make of a map of classes."""
    by_class = np.concatenate([BACKGROUND_RGB[:1], COLOUR_RGB[:6]])[DATA["label"]]
    scores = scene_scores(by_class.astype(np.uint8), DRAWN)
    assert scores["edge"] < 0.05
    assert scores["clean"] > 0.8


def test_noise_shifts_and_other_scenes_are_not_clean():
    images, drawn = IMAGES[:16], DRAWN[:16]
    noise = np.random.default_rng(0).integers(0, 256, images.shape, np.uint8)
    assert scene_scores(noise, drawn)["clean"] == 0
    assert scene_scores(images[::-1], drawn)["clean"] < 0.1
    assert scene_scores(np.roll(images, 5, axis=2), drawn)["clean"] < 0.3
    # Half of each image is that of another one.
    mixed = (images // 2 + images[::-1] // 2).astype(np.uint8)
    assert scene_scores(mixed, drawn)["clean"] < 0.2


def test_small_flaws_of_a_generator_are_forgiven():
    noisy = IMAGES + np.random.default_rng(0).normal(0, 6, IMAGES.shape)
    noisy = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    assert scene_scores(noisy, DRAWN, colours=True)["colour"] > 0.9


def test_only_what_is_visible_enough_counts():
    masks, tops = metric.visible(DRAWN, 64)
    np.testing.assert_array_equal(tops + 1, DATA["inst"])
    counted = metric._counts(masks, tops, DRAWN)
    for n, k in np.ndindex(counted.shape):
        share = (tops[n] == k).sum() / max((masks[n, k] >= 0.5).sum(), 1)
        assert counted[n, k] == (DRAWN.shown[n, k] and share >= 0.7)
    assert 0.5 < counted[DRAWN.shown].mean() < 0.9


def test_errors():
    for wrong in (IMAGES[:5], IMAGES.astype("float32"), IMAGES[..., :1], IMAGES[:, :32]):
        with pytest.raises(InputError, match=r"images: expected uint8 of shape \(40, R, R, 3\)"):
            scene_scores(wrong, DRAWN)


def test_examples():
    result = doctest.testmod(metric)
    assert result.attempted
    assert not result.failed

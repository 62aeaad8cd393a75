"""Attributes that are read back from turned figures, and masks compared."""

import dataclasses
import types

import numpy as np
import pytest

from tfgan_zoo.data import figures
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.figure_attributes import (
    attribute_scores,
    mask_iou,
    read_turned,
    right_attributes,
)
from tfgan_zoo.metrics.figures import figure_scores
from tfgan_zoo.pixels import on_black
from tfgan_zoo.tasks.autoencoder import figures_reader

WANTED = figures.attributes("attributes", "test", 60)


def drawn(wanted, resolution=32):
    return on_black(figures.render(wanted, resolution), figures.masks(wanted, resolution))


IMAGES = drawn(WANTED)


@pytest.mark.parametrize("resolution", [32, pytest.param(64, marks=pytest.mark.slow)])
def test_exact_drawings_are_read_right(resolution):
    scores = attribute_scores(drawn(WANTED, resolution), WANTED)
    names = ("shape", "colour", "angle", "place", "size", "all")
    assert scores == {f"{part}_{name}": 1.0 for part in ("seen", "held_out") for name in names}
    found = read_turned(drawn(WANTED, resolution))
    assert np.abs(found.rgb - WANTED.rgb).mean() < 8
    assert found.fit_error.max() < 0.05


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("shape", {"shape": (WANTED.shape + 1) % 6}),
        ("colour", {"colour": (WANTED.colour + 1) % 8}),
        ("place", {"x": WANTED.x + 0.06}),
        ("size", {"radius": WANTED.radius * 1.25}),
    ],
)
def test_each_attribute_can_be_wrong(name, change):
    """The control: what was not drawn is not read."""
    wrong = dataclasses.replace(WANTED, **change)
    right = right_attributes(IMAGES, wrong)
    assert not right[name].any()
    assert not right["all"].any()
    others = {"shape", "colour", "place", "size"} - {name}
    if name != "shape":  # Whose symmetry decides which angles are the same.
        for other in others:  # The size also moves the centre of gravity of some shapes.
            assert right[other].mean() > 0.7, other


def test_angles_count_up_to_the_symmetry_of_a_shape():
    period = np.array(figures.SYMMETRIES)[WANTED.shape]
    for turns, same in ((period, True), (np.full(60, 25.0), False), (np.full(60, 5.0), True)):
        turned = dataclasses.replace(WANTED, angle=WANTED.angle + turns)
        right = right_attributes(IMAGES, turned)["angle"]
        np.testing.assert_array_equal(right, np.where(period == 0, True, same))


def test_what_is_no_clean_figure_is_not_right():
    other = np.roll(IMAGES, 1, axis=0)
    noise = np.random.default_rng(0).integers(0, 256, IMAGES.shape, np.uint8)
    both = ((IMAGES.astype(int) + other) // 2).astype(np.uint8)
    for images in (noise, both, np.zeros_like(IMAGES)):
        assert right_attributes(images, WANTED)["all"].mean() < 0.1
    assert not read_turned(noise).valid.any()
    assert not read_turned(np.zeros_like(IMAGES)).valid.any()


def test_the_reader_of_upright_figures_refuses_turned_ones():
    with pytest.raises(InputError, match="view: expected one of upright figures, got 'attributes'"):
        figure_scores(IMAGES, "attributes")
    model = types.SimpleNamespace(image_shape=(32, 32, 3))
    assert figures_reader("figures/full", "test", model) is not None
    assert figures_reader("figures/attributes", "test", model) is None


def test_images_that_cannot_be_read():
    with pytest.raises(InputError, match="figures: expected uint8 images of shape"):
        read_turned(IMAGES.astype("float32"))
    with pytest.raises(InputError, match="figures: expected 60 images, got 59"):
        right_attributes(IMAGES[1:], WANTED)


def test_mask_iou_by_hand():
    a = np.zeros((3, 4, 4, 1))
    a[0, :2] = 1  # 8 pixels
    a[1, 0, 0] = 0.49
    b = np.zeros((3, 4, 4, 1), np.uint8)
    b[0, 1:] = 255  # 12, of which 4 are shared
    np.testing.assert_allclose(mask_iou(a, b), [4 / 16, 1, 1])
    b[2, 0, 0] = 255
    np.testing.assert_allclose(mask_iou(a, b), [4 / 16, 1, 0])

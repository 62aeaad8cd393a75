"""Transformations of images and masks."""

import doctest

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.layers import transformation
from tfgan_zoo.layers.transformation import TRANSFORMATIONS, transform

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((2, 9, 9, 3)).astype("float32")
MASKS = RANDOM.random((2, 9, 9, 1)).astype("float32")


def theta(**numbers):
    """Returns a transformation by what it changes: degrees, shares, logarithms."""
    row = [numbers.get(name, 0.0) / scale for name, scale in TRANSFORMATIONS.items()]
    return tf.constant([row] * 2, tf.float32)


def transformed(**numbers):
    return [each.numpy() for each in transform(IMAGES, MASKS, theta(**numbers))]


def test_zeros_change_nothing():
    images, masks = transformed()
    np.testing.assert_allclose(images, IMAGES, atol=1e-6)
    np.testing.assert_allclose(masks, MASKS, atol=1e-6)


def test_geometry_by_whole_pixels():
    """Shifts, quarter turns and doublings need no interpolation; images and masks change alike."""
    for before, after in zip(
        (IMAGES, MASKS), transformed(shift_x=2 / 9, shift_y=-1 / 9), strict=True
    ):
        np.testing.assert_allclose(after[:, :-1, 2:], before[:, 1:, :-2], atol=1e-5)
        assert (after[:, -1] == 0).all()  # black, beyond the border
        assert (after[:, :, :2] == 0).all()
    for before, after in zip((IMAGES, MASKS), transformed(rotation=90), strict=True):
        np.testing.assert_allclose(after, np.rot90(before, -1, (1, 2)), atol=1e-4)  # clockwise
    for before, after in zip((IMAGES, MASKS), transformed(zoom=1), strict=True):
        np.testing.assert_allclose(after[:, ::2, ::2], before[:, 2:7, 2:7], atol=1e-5)
    for before, after in zip((IMAGES, MASKS), transformed(stretch=1), strict=True):
        # Twice as wide and half as high about the middle.
        np.testing.assert_allclose(after[:, 2:7, ::2], before[:, ::2, 2:7], atol=1e-5)
        assert (after[:, :2] == 0).all()


def test_a_turn_and_a_shift_come_in_this_order():
    """A pixel right of the middle is turned below it, then shifted to the right."""
    point = np.zeros((2, 9, 9, 1), "float32")
    point[:, 4, 6] = 1
    _, masks = transform(point, point, theta(rotation=90, shift_x=1 / 9))
    assert np.argwhere(masks.numpy()[0, ..., 0] > 0.9).tolist() == [[6, 5]]


def test_colours():
    def of(colour, **numbers):
        images = tf.constant([[[colour]]] * 2, tf.float32)
        return transform(images, images[..., :1], theta(**numbers))[0].numpy()[0, 0, 0]

    np.testing.assert_allclose(of([1.0, 0.0, 0.0], hue=120), [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(of([0.2, 0.4, 0.6], saturation=-20), [0.4] * 3, atol=1e-5)
    np.testing.assert_allclose(of([0.3, 0.4, 0.5], saturation=1), [0.2, 0.4, 0.6], atol=1e-6)
    np.testing.assert_allclose(of([0.2, 0.4, 0.6], brightness=1), [0.4, 0.8, 1.0], atol=1e-6)
    for kind in ("hue", "saturation", "brightness"):
        np.testing.assert_allclose(of([0.0, 0.0, 0.0], **{kind: 1.0}), 0, atol=1e-7)
        np.testing.assert_allclose(transformed(**{kind: 0.5})[1], MASKS, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels_have_brightness_alone(channels):
    images = tf.fill([2, 1, 1, channels], 0.3)
    made, _ = transform(images, images[..., :1], theta(hue=90, saturation=1, brightness=1))
    np.testing.assert_allclose(made, np.full((2, 1, 1, channels), 0.6), atol=1e-6)


def test_examples():
    globs = {"tf": tf}
    assert doctest.testmod(transformation, extraglobs=globs).failed == 0

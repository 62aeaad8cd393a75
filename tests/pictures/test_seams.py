"""Steps at the borders of tiles, where a network normalises by the statistics of an image."""

import itertools

import keras
import numpy as np
import pytest
from keras.layers import Activation

from tfgan_zoo import networks
from tfgan_zoo.layers import GroupNormalization
from tfgan_zoo.layers.inference import image_statistics, set_inference
from tfgan_zoo.pictures.tiling import apply_tiled, in_tiles

TILE, WIDTH = 32, 112


@pytest.fixture(scope="module")
def network():
    """Normalises, and keeps the range of images; it adds no texture that would hide a seam."""
    layers = [keras.Input((None, None, 3)), GroupNormalization(groups=-1), Activation("tanh")]
    return keras.Sequential(layers)


@pytest.fixture(scope="module")
def image():
    """A bright sky beside a dark wood, both with texture."""
    random = np.random.default_rng(0)
    slope = np.linspace(0.9, -0.9, WIDTH)[np.newaxis, :, np.newaxis]
    return (slope + 0.1 * random.normal(size=(TILE, WIDTH, 3))).astype(np.float32)


def borders(overlap):
    """Returns the first column after the middle of each overlap."""
    starts = [*range(0, WIDTH - TILE, TILE - overlap), WIDTH - TILE]
    return [(a + b + TILE) // 2 for a, b in itertools.pairwise(starts)]


def steps(network, image, overlap, blend):
    """Returns the mean step between neighbouring columns at borders, and that of all others.

    Of the difference from the whole image's result, so that its own edges do not count.
    """

    def function(tile):
        return network(tile[np.newaxis], training=False).numpy()[0]

    whole = function(image)
    error = apply_tiled(function, image, TILE, overlap, blend=blend) - whole
    step = np.abs(np.diff(error, axis=1)).mean(axis=(0, 2)) / np.abs(np.diff(whole, axis=1)).mean()
    at = np.array(borders(overlap)) - 1
    return step[at].mean(), np.delete(step, at).mean()


def test_blending_removes_the_step_at_borders(network, image):
    assert image_statistics(network) == "instance normalization"
    cut, elsewhere = steps(network, image, 8, 0)
    assert cut > 3 * elsewhere  # the seam that is there without blending
    usual, _ = steps(network, image, 8, 4)
    faded, inside = steps(network, image, TILE // 2, TILE // 2)
    assert usual < 0.4 * cut
    assert faded < 0.25 * cut
    assert faded < inside


def test_a_network_without_such_statistics_has_no_seams(image):
    """The control: what is measured is the normalisation, not the tiles."""
    conv = keras.Sequential(
        [keras.Input((None, None, 3)), keras.layers.Conv2D(3, 3, padding="same")]
    )
    assert image_statistics(conv) is None
    cut, _ = steps(conv, image, 8, 0)
    assert cut < 1e-5


def test_networks_with_and_without_such_statistics():
    def made(*layers):
        return keras.Sequential([keras.Input((8, 8, 4)), *layers])

    layer = keras.layers
    assert image_statistics(made(layer.GroupNormalization(groups=2))) == "group normalization"
    plain = layer.GroupNormalization(groups=-1, scale=False, center=False)
    assert image_statistics(made(plain)) == "instance normalization"
    assert image_statistics(made(layer.LayerNormalization())) == "layer normalization"
    assert image_statistics(made(layer.BatchNormalization())) is None
    unet = networks.unet_generator((16, 16, 3), 3, filters=4, depth=3, normalization="batch")
    for mode, expected in (("frozen", None), ("paper", "batch normalization with inference=paper")):
        set_inference(unet, mode)
        assert image_statistics(unet) == expected


def test_tiles_are_announced():
    told = []
    function = in_tiles(lambda x: x, 8, None, blend=True, on_tiles=told.append)
    np.testing.assert_allclose(function(np.ones((9, 20, 1), np.float32)), 1, atol=1e-6)
    function(np.ones((8, 8, 1), np.float32))  # one tile is no tile
    assert told == ["an image of 20x9 pixels in 8 tiles of 8x8"]

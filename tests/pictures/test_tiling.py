import itertools

import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures.tiling import apply_tiled, tile_weights


def picture(height, width, channels=3):
    return np.random.default_rng(0).random((height, width, channels), np.float32)


def mean_3x3(image):
    """Reaches one pixel far, and like a network pads what it is given at its edges."""
    around = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    height, width = image.shape[:2]
    return sum(around[i : i + height, j : j + width] for i in range(3) for j in range(3)) / 9


def nearest(scale):
    return lambda image: np.repeat(np.repeat(mean_3x3(image), scale, axis=0), scale, axis=1)


class Counted:
    def __init__(self, function):
        self.function = function
        self.shapes = []

    def __call__(self, image):
        self.shapes.append(image.shape)
        return self.function(image)


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (40, 9), (8, 50), (33, 7)])
@pytest.mark.parametrize(("overlap", "blend"), [(2, 0), (3, 0), (4, None), (5, 3), (7, 5), (7, 0)])
def test_equals_the_whole_where_tiles_overlap_far_enough(size, overlap, blend):
    image = picture(*size)
    counted = Counted(mean_3x3)
    came = apply_tiled(counted, image, 8, overlap, blend=blend)
    assert came.dtype == np.float32
    np.testing.assert_allclose(came, mean_3x3(image), atol=1e-6)
    assert set(counted.shapes) == {(min(8, size[0]), min(8, size[1]), 3)}
    assert len(counted.shapes) > 1


@pytest.mark.parametrize(("overlap", "blend"), [(0, 0), (1, 0), (2, 2), (4, 4)])
def test_tiles_show_where_they_overlap_too_little(overlap, blend):
    image = picture(16, 24)
    came = apply_tiled(mean_3x3, image, 8, overlap, blend=blend)
    assert np.abs(came - mean_3x3(image)).max() > 0.01


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [(13, 21), (8, 9)])
def test_enlarging(size, scale):
    image = picture(*size)
    came = apply_tiled(nearest(scale), image, 8, 4, scale)
    assert came.shape == (size[0] * scale, size[1] * scale, 3)
    np.testing.assert_allclose(came, nearest(scale)(image), atol=1e-6)


def mean_2x2(image):
    """Joins blocks of 2x2 pixels, and pads odd sides."""
    height, width, channels = image.shape
    padded = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    blocks = padded.reshape(-(-height // 2), 2, -(-width // 2), 2, channels).mean((1, 3))
    return np.repeat(np.repeat(blocks, 4, axis=0), 4, axis=1)[: 2 * height, : 2 * width]


@pytest.mark.parametrize("size", [(13, 21), (24, 8), (9, 10), (10, 31)])
@pytest.mark.parametrize(("tile", "overlap"), [(8, 2), (9, 3), (9, 6), (8, 0)])
def test_tiles_begin_where_blocks_do(size, tile, overlap):
    image = picture(*size)
    came = apply_tiled(mean_2x2, image, tile, overlap, 2, 0, multiple=2)
    np.testing.assert_allclose(came, mean_2x2(image), atol=1e-6)


def test_tiles_that_begin_elsewhere_show():
    image = picture(13, 8)
    shifted = apply_tiled(mean_2x2, image, 8, 4, 2, 0)
    assert np.abs(shifted - mean_2x2(image)).max() > 0.1
    with pytest.raises(InputError, match="overlap: expected 0 to 6, less than a tile, got 7"):
        apply_tiled(mean_2x2, image, 9, 7, 2, multiple=2)


def test_one_call_where_one_tile_will_do():
    image = picture(5, 8)
    counted = Counted(lambda tile: tile[..., :1])
    came = apply_tiled(counted, image, 8, 4)
    assert counted.shapes == [(5, 8, 3)]
    np.testing.assert_array_equal(came, image[..., :1])


def test_channels_are_the_functions():
    came = apply_tiled(lambda tile: np.repeat(tile, 3, axis=-1), picture(20, 20, 1), 8, 2)
    assert came.shape == (20, 20, 3)


def test_neighbours_fade_into_each_other():
    """Tiles that disagree, as where each is normalised by itself, leave a slope and no step."""
    levels = iter([0.0, 1.0])
    came = apply_tiled(lambda tile: np.full_like(tile, next(levels)), np.zeros((1, 12, 1)), 8, 4)
    expected = [0, 0, 0, 0, 0, 0.25, 0.75, 1, 1, 1, 1, 1]
    np.testing.assert_allclose(came[0, :, 0], expected, atol=1e-7)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("size", [3, 8, 9, 11, 12, 13, 50])
@pytest.mark.parametrize(
    ("overlap", "blend"), [(0, 0), (1, 1), (2, 2), (4, 2), (5, 0), (7, 0), (7, 7)]
)
def test_weights_sum_to_one(size, overlap, blend, scale):
    total = np.zeros(size * scale)
    tiles = tile_weights(size, 8, overlap, blend, scale)
    for start, weights in tiles:
        assert len(weights) == min(8, size) * scale
        assert weights.min() >= 0
        total[start * scale : start * scale + len(weights)] += weights
    np.testing.assert_allclose(total, 1.0, atol=1e-6)
    shared = [a + 8 - b for (a, _), (b, _) in itertools.pairwise(tiles)]
    assert all(overlap <= n < 8 for n in shared)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"tile": 0, "overlap": 0}, "tile: expected a number of pixels from 1 up, got 0"),
        ({"tile": 8, "overlap": 8}, "overlap: expected 0 to 7, less than a tile, got 8"),
        ({"tile": 8, "overlap": -1}, "overlap: expected 0 to 7, less than a tile, got -1"),
        ({"tile": 8, "overlap": 4, "blend": 5}, "blend: expected 0 to 4, the overlap, got 5"),
        (
            {"tile": 8, "overlap": 4, "scale": 2},
            "function: expected 16x16 pixels for a tile of 8x8, got 8x8",
        ),
    ],
)
def test_refused_in_a_sentence(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        apply_tiled(mean_3x3, picture(16, 16), **arguments)

import numpy as np
import pytest

from tfgan_zoo.pictures.resizing import at_size, resized, scaled


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [
        ((768, 1024), 256, (256, 341)),
        ((1024, 768), 256, (341, 256)),
        ((10, 10), 256, (256, 256)),
        ((7, 1000), 3, (3, 429)),
    ],
)
def test_the_shorter_side_and_the_aspect_ratio(size, side, expected):
    assert scaled(size, side) == expected


def test_shrinking_is_antialiased():
    """Stripes finer than the pixels of the result become their mean, not some of them."""
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    small = resized(stripes, (8, 8))
    assert np.abs(small[2:-2, 2:-2].astype(int) - 100).max() <= 2
    assert set(np.unique(stripes[::8, ::8])) == {200}  # which is what every eighth pixel shows


def test_alpha_and_depth_are_no_concern_of_a_resize():
    image = np.random.default_rng(0).random((9, 12, 4), np.float32)
    together = resized(image, (5, 7))
    assert together.dtype == np.float32
    for i in range(4):
        np.testing.assert_array_equal(
            together[..., i], resized(image[..., i : i + 1], (5, 7))[..., 0]
        )


def test_a_function_sees_one_scale_and_its_result_returns_to_the_images_own():
    seen = []

    def function(image):
        seen.append((image.shape, image.dtype))
        return image[..., :1] / np.float32(127.5) - 1

    rows = np.linspace(0, 250, 60).astype(np.uint8)[:, np.newaxis, np.newaxis]
    image = np.broadcast_to(rows, (60, 90, 3))
    result = at_size(function, 20)(image)
    assert seen == [((20, 30, 3), np.uint8)]
    assert result.shape == (60, 90, 1)
    # A slope stays the slope that it was, where it is not near an edge.
    np.testing.assert_allclose(result[6:-6, :, 0], image[6:-6, :, 0] / 127.5 - 1, atol=0.02)


def test_floats_and_bytes_reach_the_function_alike():
    """Edges overshoot in a Lanczos filter; training never shows a model values beyond white."""
    stripe = np.zeros((64, 64, 3), np.uint8)
    stripe[:, 16:48] = 255
    seen = []

    def function(image):
        seen.append(image.astype(np.float32))
        return np.zeros(image.shape, np.float32)

    at_size(function, 25)(stripe)
    at_size(function, 25)(stripe / np.float32(127.5) - 1)
    np.testing.assert_allclose(seen[1], seen[0] / 127.5 - 1, atol=1 / 127)
    assert resized(stripe / np.float32(127.5) - 1, (25, 25)).max() > 1.05  # the control

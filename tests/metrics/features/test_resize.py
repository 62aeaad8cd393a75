import numpy as np
import pytest
from PIL import Image

from tfgan_zoo.metrics.features.resize import antialiased, legacy


def test_legacy_looks_half_a_pixel_beside_and_at_two_neighbours_only():
    row = np.float32([0, 30, 60, 90, 120, 150]).reshape(1, 1, 6, 1)
    # Output i is at 2.4 i, 1.2 i and 0.75 i.
    np.testing.assert_allclose(legacy(row, (1, 5)).ravel(), [0, 36, 72, 108, 144], atol=1e-4)
    np.testing.assert_allclose(
        legacy(row, (1, 8)).ravel(), [0, 22.5, 45, 67.5, 90, 112.5, 135, 150], atol=1e-4
    )
    stripes = np.tile(np.uint8([0, 255]), 8).reshape(1, 1, 16, 1)
    assert legacy(stripes, (1, 4)).ravel().tolist() == [0, 0, 0, 0]  # the white ones are missed
    assert legacy(stripes.swapaxes(1, 2), (4, 1)).ravel().tolist() == [0, 0, 0, 0]
    average = antialiased(stripes, (1, 4)).ravel()
    np.testing.assert_allclose(average[1:3], 127.5, atol=1.5)


@pytest.mark.parametrize("size", [(11, 7), (41, 50), (23, 60), (30, 23)])
def test_antialiased_is_pillows_bicubic_of_floats(size):
    images = np.random.default_rng(0).integers(0, 256, (2, 23, 30, 3), np.uint8)
    resized = antialiased(images, size)
    for image, got in zip(images, resized, strict=True):
        for channel in range(3):
            plane = Image.fromarray(image[..., channel].astype(np.float32))
            wanted = np.asarray(plane.resize(size[::-1], Image.Resampling.BICUBIC))
            np.testing.assert_allclose(got[..., channel], wanted, atol=2e-3)

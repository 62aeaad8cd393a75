"""Distances in features, on networks whose features are known."""

import numpy as np
import pytest

from benchmarks import feature_distances

#: Two grey images of 1x2 pixels, and what they are compared with.
IMAGES = np.array([[[[0.0], [1.0]]], [[[0.5], [0.5]]]], np.float32)
OTHERS = np.array([[[[1.0], [1.0]]], [[[0.5], [-0.5]]]], np.float32)


def test_mean_squares_by_hand():
    # Differences are -1, 0, 0 and 1; the second layer doubles them.
    found = feature_distances.mean_squares(lambda x: [x, 2 * x], IMAGES, OTHERS)
    assert found == pytest.approx([0.5, 2.0])


def test_normalised_error_by_hand():
    # 1 of 2 in the first image, 1 of 0.5 in the second one.
    assert feature_distances.normalised_error(np.asarray, IMAGES, OTHERS) == pytest.approx(1.25)
    assert feature_distances.normalised_error(np.asarray, OTHERS, OTHERS) == 0


def test_images_come_in_batches_and_as_bytes():
    images = np.random.default_rng(0).integers(0, 256, (120, 2, 2, 3), np.uint8)
    floats = images / 127.5 - 1
    found = feature_distances.mean_squares(np.asarray, images, 255 - images)
    assert found == pytest.approx([np.mean(np.square(2 * floats))], rel=1e-5)

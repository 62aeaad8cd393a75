"""Few images: nearest training images, and a line of the table."""

import numpy as np
import pytest

from benchmarks import small_data


def test_nearest_images_are_those_of_a_plain_search():
    random = np.random.default_rng(0)
    images, training = (random.uniform(-1, 1, (n, 4, 4, 3)) for n in (5, 9))
    indices, distances = small_data.nearest(images, training)
    for image, index, distance in zip(images, indices, distances, strict=True):
        apart = [np.sqrt(np.mean((image - each) ** 2)) for each in training]
        assert index == np.argmin(apart)
        assert distance == pytest.approx(min(apart))


def test_a_copy_has_no_distance():
    training = np.random.default_rng(0).uniform(-1, 1, (9, 4, 4, 3))
    indices, distances = small_data.nearest(training[[3, 7]], training)
    assert indices.tolist() == [3, 7]
    assert distances == pytest.approx(0, abs=1e-7)


def test_a_line_has_the_best_and_the_last_of_each_score():
    swd, fid = {10: 0.3, 20: 0.1, 30: 0.2}, {10: 5.0, 20: 9.0, 30: 8.0}
    found = {step: {"swd": swd[step], "fid": fid[step]} for step in swd}
    line = small_data.row("ADA", found, small_data.Memory(0.25, 0.9), {"d_augment": 0.4})
    assert line == "| ADA | 0.1 at 20 | 0.2 | 5 at 10 | 8 | 0.40 | 0.25 | 0.90 |"
    line = small_data.row("none", found, small_data.Memory(0.25, 0.9), {})
    assert line.split("|")[6].strip() == "—"

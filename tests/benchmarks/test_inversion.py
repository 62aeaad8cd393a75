"""What `benchmarks.inversion` reads from images and expects."""

import numpy as np
import pytest

from benchmarks import inversion
from tfgan_zoo.data import figures

WANTED = figures.attributes("full", "test", 30)
IMAGES = figures.render(WANTED)


def test_psnr_by_hand():
    black = np.zeros((2, 4, 4, 3), np.uint8)
    other = black.copy()
    other[0] = 255  # 0 dB
    other[1] = 51  # a fifth of the range: 13.98 dB
    assert inversion.psnr(other, black) == pytest.approx(10 * np.log10(25) / 2)
    beyond = np.full((2, 4, 4, 3), 3.0)  # white: it is clipped
    assert inversion.psnr(beyond, np.full_like(black, 204)) == pytest.approx(10 * np.log10(25))


def test_the_figures_themselves_are_read_right():
    assert set(inversion.shares_read(IMAGES, WANTED).values()) == {1.0}


def test_images_that_are_no_clean_figures_are_read_all_the_same():
    noise = np.random.default_rng(0).normal(0, 30, IMAGES.shape)
    noisy = np.clip(IMAGES + noise, 0, 255).astype(np.uint8)
    found = inversion.shares_read(noisy, WANTED)
    assert found["clean"] < 0.5 < found["place"]


def test_other_figures_are_read_wrong():
    found = inversion.shares_read(np.roll(IMAGES, 1, axis=0), WANTED)
    assert max(found["shape"], found["colour"], found["place"]) < 0.6


def test_what_is_expected_of_the_first_and_the_last_layer():
    good = {"conv1": 0.004, "logits": 0.0005}, {"conv1": 42.0, "logits": 13.0}
    assert list(inversion.lost(*good)) == []
    assert list(inversion.lost({"conv1": 0.01, "logits": 0.0005}, {"conv1": 40.0})) == [
        "! conv1: expected an error of 0.6% or less, got 1.000%.",
        "! conv1: expected 41 dB or more, got 40.00 dB.",
    ]

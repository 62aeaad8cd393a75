"""The energy of grids, on patterns whose variance is known."""

import numpy as np
import pytest

from benchmarks import grids

FLAT = np.full((96, 80, 1), 100, np.uint8)


def dotted(step: int, height: int) -> np.ndarray:
    image = FLAT.copy()
    image[::step, ::step] += height
    return image


def test_energy_of_dots_is_the_variance_of_their_pattern():
    dots = dotted(4, 8)[..., 0].astype(float)
    # One of 16 pixels is 8 higher: 64 (1/16) (15/16).
    assert grids.grid_energy(dots, 4) == pytest.approx(3.75)
    # The mean block of 2x2 has one pixel 2 higher: 4 (1/4) (3/4).
    assert grids.grid_energy(dots, 2) == pytest.approx(0.75)
    # Repeating every 2 pixels is repeating every 4: 64 (1/4) (3/4).
    fine = dotted(2, 8)[..., 0].astype(float)
    assert grids.grid_energy(fine, 4) == pytest.approx(12)
    assert grids.grid_energy(fine, 2) == pytest.approx(12)


def test_a_slope_and_stripes_of_another_period_are_no_grid():
    y, x = np.mgrid[:96, :80]
    assert grids.grid_energy(100 + 10 * np.cos(2 * np.pi * x / 16) + y, 4) < 0.02
    assert grids.grid_energy(np.full((64, 64), 7.0), 4) == pytest.approx(0)


def test_ratio_to_the_original_by_hand():
    # Rounding has 1/12 (16 - 1) (3/2 / 64)^2 at 15 frequencies.
    rounding = 15 / 12 * (1.5 / 64) ** 2
    image, original = dotted(4, 8), dotted(4, 2)
    expected = 10 * np.log10((3.75 + rounding) / (3.75 / 16 + rounding))
    assert grids.grid_ratio(image, original, 0, "rgb", 4) == pytest.approx(expected)
    assert grids.grid_ratio(original, image, 0, "rgb", 4) == pytest.approx(-expected)
    assert grids.grid_ratio(image, image, 0, "rgb", 2) == 0
    # With a border, the grid is shifted and has the same energy.
    assert grids.grid_ratio(image, original, 3, "rgb", 4) == pytest.approx(expected)


def test_rounding_is_what_noise_of_its_variance_has():
    noise = np.random.default_rng(0).normal(0, np.sqrt(1 / 12), (1024, 1024))
    assert grids.grid_energy(noise, 4) == pytest.approx(15 / 12 * (1.5 / 64) ** 2, rel=0.1)


def test_images_that_are_too_small():
    with pytest.raises(ValueError, match="expected 16 pixels or more inside border=4"):
        grids.grid_ratio(FLAT[:22], FLAT[:22], 4, "y", 4)

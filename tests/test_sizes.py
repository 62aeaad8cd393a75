"""Sizes of images: one number, rectangles, and what networks can make."""

import numpy as np
import pytest

import tfgan_zoo
from tfgan_zoo import networks, sizes
from tfgan_zoo.config import load_config
from tfgan_zoo.data import Fit, paired, unconditional
from tfgan_zoo.data.pipeline import random_crop
from tfgan_zoo.errors import InputError


@pytest.mark.parametrize(
    ("size", "start", "times"),
    [((16, 16), (4, 4), 2), ((64, 64), (4, 4), 4), ((28, 28), (7, 7), 2), ((96, 128), (6, 8), 4)],
)
def test_first_maps_of_a_generator(size, start, times):
    assert sizes.doublings(*size) == times
    assert tuple(side / 2**times for side in size) == start
    network = networks.dcgan_generator((*size, 3), 5, filters=1)
    assert network.get_layer("maps").output.shape[1:3] == start
    assert network.output_shape == (None, *size, 3)


@pytest.mark.parametrize("size", [(8, 8), (36, 36), (100, 100), (32, 60), (90, 120), (13, 200)])
def test_nearest_sizes_can_be_made_and_lie_around(size):
    assert sizes.doublings(*size) is None
    nearest = sizes.nearest_doubled(*size)
    assert nearest
    for height, width in nearest:
        assert sizes.doublings(height, width) is not None
        assert (height <= width) == (size[0] <= size[1])
    assert any(min(found) >= min(size) for found in nearest)


@pytest.mark.parametrize("text", ["", "x", "64x", "64x64x3", "-64", "6.4", "0"])
def test_sizes_that_cannot_be_read(text):
    with pytest.raises(InputError, match="--image_size: expected a side"):
        sizes.parse_size(text)


def test_one_number_is_the_side_of_square_colour_images():
    assert tfgan_zoo.DCGAN(16, 4).image_shape == (16, 16, 3)
    assert networks.dcgan_generator(16, 4, filters=1).output_shape == (None, 16, 16, 3)
    with pytest.raises(InputError, match=r"from 8 up, .* \(2,\) for points, got 2"):
        tfgan_zoo.GAN(image_shape=2)


@pytest.mark.parametrize(
    ("model", "number", "source", "shape"),
    [
        ("dcgan", "64", "figures", (64, 64, 3)),
        ("gan", "2", "points/ring", (2,)),
        ("gan", "16", "points/ring", (16,)),
        ("wgan_gp_toy", "2", "points/ring", (2,)),
        ("cyclegan", "64", "figures/unpaired", (64, 64, 3)),
    ],
)
def test_one_number_on_the_command_line(model, number, source, shape):
    overrides = {"model_args.image_shape": number, "data.source": source}
    for given in (overrides, dict(reversed(overrides.items()))):
        assert load_config(model, given).model_args.image_shape == shape


@pytest.mark.parametrize(("columns", "shape"), [(16, (16,)), (None, (16, 16, 3))])
def test_one_number_for_arrays_of_vectors_or_images(tmp_path, columns, shape):
    array = np.zeros((3, 16), np.float32) if columns else np.zeros((3, 8, 8), np.uint8)
    np.savez(tmp_path / "x.npz", x=array)
    overrides = {"model_args.image_shape": "16", "data.source": f"npz:{tmp_path / 'x.npz'}"}
    assert load_config("gan", overrides).model_args.image_shape == shape


def test_one_number_in_a_recipe(tmp_path):
    recipe = tmp_path / "mine.py"
    for line in ("config.model_args.image_shape = 64", "config.model_args = {'image_shape': 64}"):
        recipe.write_text(
            "from tfgan_zoo.config import noise_to_image_config\n"
            f"def get_config():\n    config = noise_to_image_config('dcgan')\n    {line}\n"
            "    return config\n"
        )
        assert load_config(str(recipe)).model_args.image_shape == (64, 64, 3)


def ramp(height, width):
    """An image whose pixels tell where they are."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, rows * 0], axis=-1).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "crop", "image", "cut"),
    [
        ((20, 30), None, (40, 80), (slice(0, 40), slice(10, 70))),
        ((20, 30), None, (80, 60), (slice(20, 60), slice(0, 60))),
        ((20, 30), 40, (50, 90), (slice(5, 45), slice(15, 75))),
        ((30, 20), 20, (50, 90), (slice(10, 40), slice(35, 55))),
    ],
)
def test_the_central_rectangle_is_cut_out(size, crop, image, cut):
    fit, pixels = Fit(size, 3, crop), ramp(*image)
    kept = pixels[cut]
    assert fit.cut(*image) == kept.shape[:2]
    fitted = fit(pixels, "x")
    assert fitted.shape == (*size, 3)
    # Means of both axes are those of the rectangle, which another place would shift.
    expected = kept.reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(fitted.reshape(-1, 3).mean(axis=0), expected, atol=0.6)
    if fitted.shape == kept.shape:
        np.testing.assert_array_equal(fitted, kept)


def test_padding_to_a_rectangle():
    fitted = Fit((6, 8), 3, fit="pad")(np.full((2, 4, 3), 9, np.uint8), "x")
    expected = np.zeros((6, 8, 3), np.uint8)
    expected[2:4, 2:6] = 9
    np.testing.assert_array_equal(fitted, expected)
    with pytest.raises(InputError, match="x is 7x3 pixels, too large to pad"):
        Fit((8, 6), 3, fit="pad")(np.zeros((3, 7, 3), np.uint8), "x")


def test_a_crop_that_does_not_fit_names_one_that_does():
    with pytest.raises(InputError, match=r"x is 30x40 pixels, .* at most 20"):
        Fit((20, 30), 3, 25)(ramp(40, 30), "x")
    assert Fit((20, 30), 3, 20)(ramp(40, 30), "x").shape == (20, 30, 3)


def test_random_crops_of_rectangles_reach_every_place():
    images = np.repeat(ramp(5, 9)[np.newaxis], 400, axis=0)
    cut = random_crop(images, (4, 6), 0, np.int64(3)).numpy()
    assert cut.shape == (400, 4, 6, 3)
    corners = cut[:, 0, 0, :2]
    found, counts = np.unique(corners, axis=0, return_counts=True)
    np.testing.assert_array_equal(found, [[r, c] for r in range(2) for c in range(4)])
    assert counts.min() > 25  # 50 expected
    for image, (top, left) in zip(cut[:20], corners[:20], strict=True):
        np.testing.assert_array_equal(image, ramp(5, 9)[top : top + 4, left : left + 6])


def test_batches_of_rectangles():
    images = np.stack([ramp(40, 60)] * 4)
    batch = next(iter(unconditional(images, batch_size=2, image_size=(20, 30))))
    assert batch.shape == (2, 20, 30, 3)
    a, b = next(
        iter(paired((images, images), batch_size=2, image_size=(20, 30), load_size=24, flip=True))
    )
    assert a.shape == (2, 20, 30, 3)
    np.testing.assert_array_equal(a, b)
    with pytest.raises(InputError, match="load_size: expected at least"):
        paired((images, images), batch_size=2, image_size=(20, 30), load_size=(24, 29))

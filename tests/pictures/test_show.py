"""`tfgan_zoo.show` outside a notebook; tests/test_notebooks.py has it in one."""

import numpy as np
import pytest

import tfgan_zoo
from tfgan_zoo.errors import InputError


def shown(*args, **kwargs):
    return np.asarray(tfgan_zoo.show(*args, **kwargs))


def flat(*levels, side=64):
    """Returns grey images, each of one level, uint8."""
    return np.uint8(levels)[:, None, None, None] * np.ones((side, side, 1), np.uint8)


def test_a_batch_is_a_square_of_images_in_their_order():
    floats = flat(0, 255, 255, 0).astype(np.float32) / 127.5 - 1  # -1 is black
    picture = shown(floats)
    assert picture.shape == (4 * 128 + 2, 4 * 128 + 2, 3)  # enlarged to about 512, and a gap
    corners = picture[[0, 0, -1, -1], [0, -1, 0, -1], 0]
    assert corners.tolist() == [0, 255, 255, 0]
    assert np.array_equal(picture, shown(flat(0, 255, 255, 0)))
    # Unequal images would fail: what is shown depends on them.
    assert not np.array_equal(picture, shown(flat(0, 255, 0, 255)))


def test_a_float_is_rounded_like_the_pixels_of_a_file():
    assert shown(np.full((1, 512, 512, 3), 0.5, np.float32))[0, 0].tolist() == [191] * 3
    # What an unbounded decoder returns is clipped.
    assert shown(np.full((1, 512, 512, 3), 1.2, np.float32))[0, 0].tolist() == [255] * 3


def test_batches_are_rows_below_their_titles():
    plain = shown([flat(10, 20, 30), flat(40)])
    assert plain.shape == (64 + 8 + 64, 3 * 64 + 2 * 2, 3)
    assert plain[0, [0, 66, 132], 0].tolist() == [10, 20, 30]
    assert plain[72, [0, 66, 132], 0].tolist() == [40, 255, 255]  # missing ones are white
    titled = shown({"a": flat(10, 20, 30), "b": flat(40)})
    assert np.array_equal(titled, shown([flat(10, 20, 30), flat(40)], ["a", "b"]))
    line = (titled.shape[0] - plain.shape[0]) // 2
    assert np.array_equal(titled[line : line + 64], plain[:64])
    assert np.array_equal(titled[-64:], plain[-64:])
    assert titled[:line].min() < 128  # letters
    assert not np.array_equal(titled, shown({"b": flat(10, 20, 30), "a": flat(40)}))


def test_rows_of_several_sizes_stand_side_by_side_in_one_size():
    picture = shown({"small": flat(10, side=16), "large": flat(40, side=64)})
    assert picture.shape[1] == 64


def test_a_list_of_images_is_a_batch_and_an_image_a_batch_of_one():
    images = flat(0, 255, 255, 0)
    assert np.array_equal(shown(list(images)), shown(images))
    assert np.array_equal(shown(images[0]), shown(images[:1]))


def test_titles_of_images_stand_below_them():
    picture = shown(flat(10, 20), ["left", "right"], columns=2)
    assert picture[0, [0, -1], 0].tolist() == [10, 20]
    assert picture.shape[0] > 128
    assert shown(flat(10, 20), "both").shape[0] > shown(flat(10, 20)).shape[0]


def test_points_voxels_masks_and_columns():
    assert shown(np.zeros((5, 2), np.float32)).shape == (512 // 384 * 384, 384, 3)
    assert shown(np.ones((2, 8, 8, 8, 1), bool)).ndim == 3
    assert shown(flat(0, 1).astype(bool), columns=1)[-1, 0, 0] == 255
    assert shown(flat(*range(20)), columns=20).shape == (64, 20 * 64 + 19 * 2, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (np.float32([[[[0]], [[255]]]]),),
            r"images: expected floats in \[-1, 1\] or uint8, got v",
        ),
        ((np.full((1, 8, 8, 1), np.nan),), "images: expected finite values, got NaN"),
        ((flat(0).astype(int),), r"images: expected floats in \[-1, 1\] or uint8, got int64"),
        ((flat(0)[..., 0],), r"expected shape \[N, H, W, C\], got \(1, 64, 64\); add an axis"),
        ((flat(0)[:0],), r"images: expected shape \[N, H, W, C\], got \(0, 64, 64, 1\)\."),
        (([],), "images: expected one or more, got an empty list"),
        ((flat(0, 1), ["a"]), "titles: expected 2, one for each image, got 1"),
        (([flat(0)], ["a", "b"]), "titles: expected 1, one for each batch, got 2"),
        (([flat(0)], "a"), "titles: expected a list, one for each batch, got 'a'"),
        (({"a": flat(0)}, ["b"]), "titles: expected None for a dict"),
    ],
)
def test_what_cannot_be_shown(arguments, message):
    with pytest.raises(InputError, match=message):
        tfgan_zoo.show(*arguments)

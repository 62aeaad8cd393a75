import logging

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.marks import slow
from tfgan_zoo.data import ArraySource, FileSource, Fit, load_images, open_source, unconditional
from tfgan_zoo.data.pipeline import random_crop, random_flip
from tfgan_zoo.errors import InputError


def numbered(num):
    """Images that tell their number and which side is left."""
    images = np.zeros((num, 2, 2, 1), np.uint8)
    images[:, :, 0] = np.arange(num)[:, None, None]
    images[:, :, 1] = 255
    return ArraySource("numbered", images)


def take(dataset, num):
    return np.stack(list(dataset.take(num).as_numpy_iterator()))


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(7):
        pixels = rng.integers(256, size=(9 + index, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    return tmp_path


def test_element_spec():
    images = unconditional(open_source("figures", num=8), batch_size=4)
    assert images.element_spec == tf.TensorSpec((4, 32, 32, 3), tf.uint8)
    assert images.cardinality() == tf.data.INFINITE_CARDINALITY
    points = unconditional(open_source("points/ring", num=50), batch_size=5)
    assert points.element_spec == tf.TensorSpec((5, 2), tf.float32)


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("flip", [True, slow(False)])
def test_resuming_gives_the_batches_of_an_uninterrupted_run(folder, cache, flip):
    source = open_source(f"folder:{folder}")
    options = {"batch_size": 3, "image_size": 8, "flip": flip, "seed": 5, "cache": cache}
    whole = take(unconditional(source, **options), 12)
    for start in (0, 1, 2, 7, 11):
        rest = take(unconditional(source, start_step=start, **options), 12 - start)
        np.testing.assert_array_equal(rest, whole[start:])


def test_decoding_at_every_visit_gives_the_batches_of_the_cache(folder):
    source = open_source(f"folder:{folder}")
    cached, direct = (
        take(unconditional(source, batch_size=2, image_size=8, flip=True, cache=cache), 9)
        for cache in (True, False)
    )
    np.testing.assert_array_equal(cached, direct)


def test_every_epoch_visits_each_sample_once_in_its_own_order():
    batches = take(unconditional(numbered(10), batch_size=4, seed=1), 500)
    epochs = batches[..., 0, 0, 0].reshape(200, 10)
    np.testing.assert_array_equal(np.sort(epochs, axis=1), np.tile(np.arange(10), (200, 1)))
    assert len(np.unique(epochs, axis=0)) == 200
    # Each sample is at each place about equally often: 20 times, give or take 5 sigma.
    counts = np.array([np.bincount(place, minlength=10) for place in epochs.T])
    assert np.abs(counts - 20).max() < 22


def test_a_far_step_costs_nothing():
    source = numbered(10)
    far = take(unconditional(source, batch_size=4, start_step=10**12), 5)
    assert sorted(far[..., 0, 0, 0].ravel()) == sorted([*range(10)] * 2)


def test_a_batch_may_be_the_whole_set():
    batches = take(unconditional(numbered(4), batch_size=4), 3)
    np.testing.assert_array_equal(np.sort(batches[..., 0, 0, 0]), [[0, 1, 2, 3]] * 3)


def test_seeds_differ_and_repeat():
    def run(seed):
        return take(unconditional(numbered(50), batch_size=5, seed=seed, flip=True), 10)

    np.testing.assert_array_equal(run(3), run(3))
    assert not np.array_equal(run(3), run(4))
    run(-1)


def test_flips_are_drawn_anew_at_every_visit():
    batches = take(unconditional(numbered(8), batch_size=8, flip=True, seed=2), 100)
    flipped = batches[:, :, 0, 0, 0] == 255
    np.testing.assert_array_equal(flipped, batches[:, :, 1, 0, 0] == 255)
    assert 0.4 < flipped.mean() < 0.6
    number = batches.min(axis=(2, 3, 4))
    for sample in range(8):
        assert 20 < flipped[number == sample].sum() < 80


def test_a_flip_mirrors_whole_images():
    images = np.random.default_rng(0).integers(256, size=(16, 5, 7, 3), dtype=np.uint8)
    flipped = random_flip(tf.constant(images), 0, tf.constant(0, tf.int64)).numpy()
    same = (flipped == images).all(axis=(1, 2, 3))
    assert 0 < same.sum() < 16
    for before, after in zip(images, flipped, strict=True):
        assert np.array_equal(after, before) or np.array_equal(after, before[:, ::-1])


def test_a_random_crop_is_a_window_of_the_image_and_reaches_every_place():
    # Every pixel tells its place.
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(6), indexing="ij"), -1).astype(np.uint8)
    images = tf.constant(np.broadcast_to(grid, (500, 6, 6, 2)))
    cut = random_crop(images, 4, 0, tf.constant(3, tf.int64))
    assert cut.shape == (500, 4, 4, 2)
    corners = cut.numpy()[:, 0, 0]
    for (top, left), window in zip(corners, cut.numpy(), strict=True):
        np.testing.assert_array_equal(window, grid[top : top + 4, left : left + 4])
    _, counts = np.unique(corners, axis=0, return_counts=True)
    assert len(counts) == 9
    assert counts.min() > 25


def test_arrays_are_fitted():
    source = ArraySource(
        "mine", np.random.default_rng(0).integers(256, size=(6, 28, 30), dtype="u1")
    )
    padded = unconditional(source, batch_size=2, image_size=32, fit="pad", channels=3)
    assert padded.element_spec.shape == (2, 32, 32, 3)
    assert take(padded, 1)[0, :, 0].max() == 0
    assert unconditional(source, batch_size=2).element_spec.shape == (2, 28, 28, 1)
    assert unconditional(source, batch_size=2, crop=20).element_spec.shape == (2, 20, 20, 1)
    images = load_images(source, Fit(14, 1))
    np.testing.assert_array_equal(images[3], Fit(14, 1)(source[3], "x"))
    assert len(load_images(source, Fit(14, 1), 2)) == 2


def test_an_array_of_the_right_size_is_still_cropped():
    source = open_source("figures", num=3)
    fitting = Fit(32, 3, crop=20)
    images = load_images(source, fitting)
    np.testing.assert_array_equal(images[1], fitting(source[1], "x"))
    assert not np.array_equal(images, source.array)


def damage(folder):
    (folder / "3.png").write_bytes(b"no image")
    (folder / "5.png").write_bytes((folder / "5.png").read_bytes()[:60])


@pytest.mark.parametrize("cache", [True, False])
def test_unreadable_files_are_left_out_and_counted_once(folder, cache, caplog):
    damage(folder)
    source = open_source(f"folder:{folder}", on_error="skip")
    with caplog.at_level(logging.WARNING):
        dataset = unconditional(source, batch_size=5, image_size=8, cache=cache)
        batches = take(dataset, 20)
    assert batches.shape == (20, 5, 8, 8, 3)
    assert len(caplog.records) == 1
    assert "2 of 7 images are left out: " in caplog.text or not cache
    assert "3.png cannot be read" in caplog.text or "5.png cannot be read" in caplog.text
    assert "replace or delete" not in caplog.text  # They are skipped already.
    assert "on_error" not in caplog.text
    np.testing.assert_array_equal(take(dataset, 20), batches)


def test_unreadable_files_stop_the_run(folder):
    damage(folder)
    source = open_source(f"folder:{folder}")
    with pytest.raises(InputError, match=r"3.png cannot be read as an image .*on_error=.skip"):
        unconditional(source, batch_size=2, image_size=8)
    dataset = unconditional(source, batch_size=2, image_size=8, cache=False)
    with pytest.raises(tf.errors.OpError, match="png cannot be read as an image"):
        take(dataset, 7)


def test_nothing_but_unreadable_files(tmp_path):
    (tmp_path / "1.png").write_bytes(b"")
    source = open_source(f"folder:{tmp_path}", on_error="skip")
    with pytest.raises(InputError, match=r"the only image cannot be used: .*1.png"):
        unconditional(source, batch_size=1, image_size=8)
    dataset = unconditional(source, batch_size=1, image_size=8, cache=False)
    with pytest.raises(tf.errors.OpError, match="no image can be used"):
        take(dataset, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"batch_size": 9},
            "has 8 samples, fewer than one batch of 9; use a batch_size of at most 8",
        ),
        ({"batch_size": 0}, "batch_size: expected a whole number from 1 up, got 0"),
        ({"cache": "ram"}, 'cache: expected "auto", "disk", True or False, got'),
        ({"fit": "pad"}, 'image_size: expected the size to pad to with fit="pad"'),
        ({"crop": 33}, "too small for crop=33"),
    ],
)
def test_errors_come_before_training(options, message):
    with pytest.raises(InputError, match=message):
        unconditional(open_source("figures", num=8), **({"batch_size": 4} | options))


def test_files_need_an_image_size():
    with pytest.raises(InputError, match="image_size: expected a number for mine, whose images"):
        unconditional(FileSource("mine", ["a.png"]), batch_size=1)


def test_a_crop_that_does_not_fit_names_the_file(folder):
    with pytest.raises(InputError, match=r"0.png is 12x9 pixels, too small for crop=10"):
        unconditional(open_source(f"folder:{folder}"), batch_size=1, crop=10)


def test_vectors_take_no_image_options():
    with pytest.raises(InputError, match="holds vectors of 2 numbers"):
        unconditional(open_source("points/ring", num=9), batch_size=1, flip=True)

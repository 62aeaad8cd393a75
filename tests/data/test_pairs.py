import logging

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.marks import slow
from tfgan_zoo.data import (
    ArraySource,
    Domains,
    FileSource,
    ViewSource,
    epoch_size,
    load_domains,
    load_pairs,
    open_domains,
    paired,
    unpaired,
)
from tfgan_zoo.errors import InputError


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def take(dataset, num):
    """The first batches of both domains, each [num, batch, ...]."""
    a, b = zip(*dataset.take(num).as_numpy_iterator(), strict=True)
    return np.stack(a), np.stack(b)


def same(first, second):
    return all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))


def numbered(num_a, num_b, matched=False):
    """Images of one pixel that tell their number."""
    arrays = (np.arange(num, dtype=np.uint8)[:, None, None] for num in (num_a, num_b))
    a, b = (ArraySource(name, array) for name, array in zip("ab", arrays, strict=True))
    return Domains(a, b, matched)


@pytest.fixture
def folder(tmp_path):
    """Seven pairs of files, b the negative of a."""
    for index in range(7):
        pixels = noise(12, 14, 3, seed=index)
        for name, image in (("trainA", pixels), ("trainB", 255 - pixels)):
            (tmp_path / name).mkdir(exist_ok=True)
            Image.fromarray(image).save(tmp_path / name / f"{index}.png")
    return tmp_path


@pytest.fixture
def side_by_side(tmp_path):
    for index in range(7):
        pixels = noise(12, 12, 3, seed=index)
        pair = np.concatenate([pixels, 255 - pixels], axis=1)
        Image.fromarray(pair).save(tmp_path / f"{index}.png")
    return tmp_path


def test_element_spec():
    for task, view in ((paired, "figures/paired"), (unpaired, "figures/unpaired")):
        domains = open_domains(view, num=8)
        for options in ({}, {"load_size": 36}, {"flip": True}, {"load_size": 40, "flip": True}):
            dataset = task(domains, batch_size=4, channels=(1, 3), **options)
            assert dataset.element_spec == (
                tf.TensorSpec((4, 32, 32, 1), tf.uint8),
                tf.TensorSpec((4, 32, 32, 3), tf.uint8),
            )
            assert dataset.cardinality() == tf.data.INFINITE_CARDINALITY


@pytest.mark.parametrize("task", [slow(paired), unpaired])
@pytest.mark.parametrize("cache", [True, slow(False)])
@pytest.mark.parametrize("fixture", ["folder", slow("side_by_side")])
def test_resuming_gives_the_batches_of_an_uninterrupted_run(request, fixture, task, cache):
    domains = open_domains(f"folder:{request.getfixturevalue(fixture)}")
    options = {"batch_size": 3, "image_size": 8, "load_size": 10, "flip": True, "seed": 5}
    whole = take(task(domains, cache=cache, **options), 12)
    for start in (0, 7):
        rest = take(task(domains, cache=cache, start_step=start, **options), 12 - start)
        assert same(rest, [batches[start:] for batches in whole])
    # What is decoded at every visit is what the cache would hold.
    assert same(take(task(domains, cache=not cache, **options), 12), whole)
    assert not same(take(task(domains, cache=cache, **(options | {"seed": 6})), 12), whole)


def pairs_of_negatives():
    a = noise(9, 12, 12, 3)
    return Domains(ArraySource("a", a), ArraySource("b", 255 - a), True)


def test_both_halves_of_a_pair_are_cropped_and_mirrored_alike():
    a, b = take(
        paired(pairs_of_negatives(), batch_size=3, image_size=8, load_size=12, flip=True), 50
    )
    np.testing.assert_array_equal(b, 255 - a)
    # 9 images, 25 places, 2 ways round: hardly a window comes twice.
    assert len(np.unique(a.reshape(150, -1), axis=0)) > 110


def test_channels_do_not_change_the_window():
    arrays = np.repeat(noise(9, 12, 12, 1), 3, -1)
    domains = Domains(ArraySource("a", arrays), ArraySource("b", arrays), True)
    options = {"batch_size": 3, "image_size": 8, "load_size": 12, "flip": True}
    a, b = take(paired(domains, channels=(1, 3), **options), 9)
    assert a.shape[2:] == (8, 8, 1)
    np.testing.assert_array_equal(np.repeat(a, 3, -1), b)


def test_jitter_is_a_window_of_the_fitted_image_drawn_anew_at_every_visit():
    domains = pairs_of_negatives()
    fitted, _ = load_pairs(domains, 1, image_size=10)
    windows = [
        way[top : top + 8, left : left + 8].tobytes()
        for way in (fitted[0], fitted[0, :, ::-1])
        for top in range(3)
        for left in range(3)
    ]
    a, _ = take(paired(domains, batch_size=9, image_size=8, load_size=10, flip=True), 200)
    seen = [image.tobytes() for image in a.reshape(1800, 8, 8, 3) if image.tobytes() in windows]
    assert len(seen) == 200  # One of nine images, once an epoch.
    assert len(set(seen)) == len(windows)


def test_without_jitter_images_are_as_they_are():
    domains = pairs_of_negatives()
    a, b = take(paired(domains, batch_size=9), 1)
    assert same(
        sorted(image.tobytes() for image in a[0]),
        sorted(image.tobytes() for image in domains.a.array),
    )
    np.testing.assert_array_equal(b, 255 - a)


def test_each_domain_of_unpaired_has_a_jitter_of_its_own():
    array = np.broadcast_to(noise(1, 12, 12, 3), (64, 12, 12, 3))
    domains = Domains(ArraySource("a", array), ArraySource("b", array), True)
    cropped = take(unpaired(domains, batch_size=64, image_size=8, load_size=12), 1)
    alike = (cropped[0] == cropped[1]).all(axis=(2, 3, 4)).mean()
    assert alike < 0.2  # One place of 25.
    mirrored = take(unpaired(domains, batch_size=64, flip=True), 1)
    alike = (mirrored[0] == mirrored[1]).all(axis=(2, 3, 4)).mean()
    assert 0.25 < alike < 0.75


def test_every_epoch_of_pairs_visits_each_once():
    a, b = take(paired(numbered(10, 10, True), batch_size=4, image_size=1), 100)
    np.testing.assert_array_equal(a, b)
    epochs = a[..., 0, 0, 0].reshape(40, 10)
    np.testing.assert_array_equal(np.sort(epochs, axis=1), np.tile(np.arange(10), (40, 1)))
    assert len(np.unique(epochs, axis=0)) == 40


def test_an_epoch_shows_all_of_the_larger_domain_and_b_is_independent_of_a():
    domains = numbered(10, 4)
    assert epoch_size(domains) == 10
    a, b = take(unpaired(domains, batch_size=2, channels=(1, 1)), 2000)
    a, b = (numbers[..., 0, 0, 0].ravel() for numbers in (a, b))
    for numbers, num in ((a, 10), (b, 4)):
        epochs = numbers.reshape(-1, num)
        np.testing.assert_array_equal(
            np.sort(epochs, axis=1), np.tile(np.arange(num), epochs.shape[:1] + (1,))
        )
    together = np.zeros((10, 4))
    np.add.at(together, (a, b), 1)
    # 100 of each combination are expected, with a deviation of 10 at most.
    assert np.abs(together - 100).max() < 45


def test_b_is_independent_of_a_also_where_they_are_as_many():
    a, b = take(unpaired(numbered(6, 6, True), batch_size=6), 300)
    together = (a == b).mean()
    assert 0.12 < together < 0.22


def damage(folder):
    (folder / "trainA" / "3.png").write_bytes(b"no image")
    (folder / "trainB" / "5.png").write_bytes((folder / "trainB" / "5.png").read_bytes()[:60])


@pytest.mark.parametrize("cache", [True, False])
def test_a_pair_with_one_bad_half_is_left_out(folder, cache, caplog):
    damage(folder)
    domains = open_domains(f"folder:{folder}", on_error="skip")
    with caplog.at_level(logging.WARNING):
        dataset = paired(domains, batch_size=5, image_size=12, cache=cache)
        a, b = take(dataset, 20)
    np.testing.assert_array_equal(b, 255 - a)
    assert len(np.unique(a.reshape(100, -1), axis=0)) == 5
    assert len(caplog.records) == 1
    assert "2 of 7 pairs are left out: " in caplog.text or not cache
    assert "3.png cannot be read" in caplog.text or "5.png cannot be read" in caplog.text
    assert len(load_pairs(domains, image_size=12)[0]) == 5


@pytest.mark.parametrize("cache", [True, False])
def test_unpaired_leaves_out_images_for_themselves(folder, cache):
    damage(folder)
    domains = open_domains(f"folder:{folder}", on_error="skip")
    a, b = take(unpaired(domains, batch_size=6, image_size=8, cache=cache), 20)
    for images in (a, b):
        assert len(np.unique(images.reshape(120, -1), axis=0)) == 6


def test_unreadable_files_stop_the_run(folder):
    damage(folder)
    domains = open_domains(f"folder:{folder}")
    with pytest.raises(InputError, match=r"trainA/3.png cannot be read as an image"):
        paired(domains, batch_size=2, image_size=8)
    with pytest.raises(InputError, match=r"trainB/5.png cannot be read as an image"):
        unpaired(domains._replace(a=domains.b), batch_size=2, image_size=8)
    dataset = paired(domains, batch_size=2, image_size=8, cache=False)
    with pytest.raises(tf.errors.OpError, match="png cannot be read as an image"):
        take(dataset, 7)


def test_nothing_but_bad_pairs(folder):
    for index in range(7):
        (folder / "trainB" / f"{index}.png").write_bytes(b"")
    domains = open_domains(f"folder:{folder}", on_error="skip")
    with pytest.raises(InputError, match=r"none of the 7 pairs can be used; the first: .*0.png"):
        paired(domains, batch_size=1, image_size=8)
    dataset = paired(domains, batch_size=1, image_size=8, cache=False)
    with pytest.raises(tf.errors.OpError, match="no pair can be used"):
        take(dataset, 1)


class CountingSource(FileSource):
    reads = 0

    def read(self, index, smallest=None):
        self.reads += 1
        return super().read(index, smallest)


def test_a_file_of_two_halves_is_decoded_once(side_by_side):
    whole = CountingSource("mine", [str(side_by_side / f"{index}.png") for index in range(7)])
    left, right = (
        ViewSource("left", whole, lambda image: image[:, :12]),
        ViewSource("right", whole, lambda image: image[:, 12:]),
    )
    a, b = load_pairs(Domains(left, right, True), image_size=12)
    np.testing.assert_array_equal(b, 255 - a)
    assert whole.reads == 7


def test_load_pairs():
    domains = numbered(5, 3)
    a, b = load_pairs(domains, 4, channels=(1, 1))
    assert (a.ravel().tolist(), b.ravel().tolist()) == ([0, 1, 2, 3], [0, 1, 2])
    a, b = load_pairs(open_domains("figures/paired", num=3), image_size=16, channels=(1, 3))
    assert (a.shape, b.shape) == ((3, 16, 16, 1), (3, 16, 16, 3))
    with pytest.raises(InputError, match="num: expected a whole number from 1 up, got 0"):
        load_pairs(domains, 0)


def test_crop_comes_first(folder):
    a, _ = load_pairs(open_domains(f"folder:{folder}"), 1, image_size=8, crop=8)
    np.testing.assert_array_equal(a[0], noise(12, 14, 3)[2:10, 3:11])


@pytest.mark.parametrize("task", [paired, unpaired])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 9}, "has 8 samples, fewer than one batch of 9"),
        ({"batch_size": 0}, "batch_size: expected a whole number from 1 up, got 0"),
        ({"load_size": 31}, "load_size: expected at least image_size=32.*, got 31"),
        (
            {"image_size": 16, "load_size": 12},
            "load_size: expected at least image_size=16.*, got 12",
        ),
        ({"channels": (3, 0)}, "channels: expected a whole number from 1 up, got 0"),
        ({"channels": (3, 5)}, "has 3 channels where 5 are expected"),
        ({"channels": (3,)}, "channels: expected two numbers"),
        ({"cache": "ram"}, 'cache: expected "auto", "disk", True or False, got'),
        ({"crop": 33}, "too small for crop=33"),
    ],
)
def test_errors_come_before_training(task, options, message):
    domains = open_domains("figures/paired", num=8)
    with pytest.raises(InputError, match=message):
        task(domains, **({"batch_size": 4} | options))


def test_the_smaller_domain_has_to_fill_a_batch():
    with pytest.raises(InputError, match="b has 3 samples, fewer than one batch of 4"):
        unpaired(numbered(9, 3), batch_size=4)


def test_pairs_need_matched_domains(folder):
    (folder / "trainB" / "4.png").unlink()
    with pytest.raises(
        InputError,
        match=r"trainA and .*trainB are not pairs: trainA/4.png has no partner in trainB; ",
    ):
        paired(open_domains(f"folder:{folder}"), batch_size=1, image_size=8)
    with pytest.raises(InputError, match=r"drawn independently, unlike those of figures/paired"):
        paired(open_domains("figures/unpaired", num=2), batch_size=1)
    with pytest.raises(InputError, match="a has 3 images but b 2"):
        paired(numbered(3, 2, True), batch_size=1)


def test_sizes_that_do_not_go_together():
    a, b = ArraySource("a", noise(2, 8, 8)), ArraySource("b", noise(2, 6, 6))
    with pytest.raises(InputError, match="a is 8x8 but b 6x6 pixels"):
        paired(Domains(a, b, True), batch_size=1)
    with pytest.raises(InputError, match="a has images of 8 pixels but b of 6; give image_size"):
        unpaired(Domains(a, b, False), batch_size=1)
    dataset = unpaired(Domains(a, b, False), batch_size=1, image_size=8)
    assert dataset.element_spec[1].shape == (1, 8, 8, 3)
    with pytest.raises(InputError, match="whose images have different sizes, got None"):
        paired(Domains(*[FileSource("mine", ["x.png"])] * 2, True), batch_size=1)


@pytest.mark.parametrize("task", [slow(paired), unpaired])
def test_domains_in_memory_are_not_cropped_again(task):
    a, b = noise(7, 20, 20, 3, seed=0), noise(7, 20, 20, 3, seed=1)
    domains = Domains(ArraySource("a", a), ArraySource("b", b), True)
    options = {"image_size": 8, "load_size": 10, "crop": 14, "flip": True, "batch_size": 2}
    expected = take(task(domains, cache=False, **options), 5)
    held = load_domains(domains, image_size=10, crop=14)
    assert held.a.shape == (10, 10, 3)
    assert same(take(task(held, **options), 5), expected)
    # A crop other than theirs is cut out of the images in memory.
    closer, _ = take(task(held, crop=8, batch_size=7), 1)
    assert sorted(each.tobytes() for each in closer[0]) == sorted(
        each[1:9, 1:9].tobytes() for each in held.a.array
    )
    assert load_domains(domains, image_size=10, cache=False) is domains

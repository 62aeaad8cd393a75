import logging

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfgan_zoo.data
from tests.marks import slow
from tfgan_zoo.data import (
    ArraySource,
    Resolutions,
    imresize,
    load_pair,
    open_super_resolution,
    preload,
    super_resolution,
)
from tfgan_zoo.data.storage import Caching
from tfgan_zoo.errors import InputError


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def fill(root, layout, num=5, scale=2, sizes=((8, 12), (10, 8), (14, 16))):
    """Pairs of files; the low resolution is no resized version, so that one can tell."""
    for i in range(num):
        height, width = sizes[i % len(sizes)]
        hr = noise(height, width, 3, seed=i)
        save(root / layout[0].format(i), hr)
        if len(layout) > 1:
            save(root / layout[1].format(i), 255 - hr[::scale, ::scale])
    return f"folder:{root}"


def take(dataset, num):
    lr, hr = zip(*dataset.take(num).as_numpy_iterator(), strict=True)
    return np.stack(lr), np.stack(hr)


def same(first, second):
    return all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))


LAYOUTS = {
    "names": ("img_{}_HR.png", "img_{}_LR.png"),
    "folders": ("HR/{}.png", "LR/{}.png"),
    "lower case": ("hr/{}.png", "lr/{}.png"),
    "suffix": ("HR/{}.png", "LR/{}x2.png"),
    "factor": ("HR/{}.png", "LR/x2/{}.png"),
    "div2k": ("DIV2K_train_HR/000{}.png", "DIV2K_train_LR_bicubic/X2/000{}x2.png"),
    "flickr2k": ("Flickr2K_HR/000{}.png", "Flickr2K_LR_bicubic/X2/000{}x2.png"),
    "splits outside": ("train/HR/{}.png", "train/LR/{}.png"),
    "splits inside": ("HR/train/{}.png", "LR/train/{}.png"),
    "names in a split": ("train/a/{}_HR.png", "train/a/{}_LR.png"),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_partners_are_found(tmp_path, layout):
    opened = open_super_resolution(fill(tmp_path, layout), scale=2)
    assert (len(opened.hr), len(opened.lr), opened.scale) == (5, 5, 2)
    for i in range(5):
        lr, hr = load_pair(opened, i)
        np.testing.assert_array_equal(hr, noise(*hr.shape, seed=i))
        np.testing.assert_array_equal(lr, 255 - hr[::2, ::2])


def test_other_splits_and_parts(tmp_path):
    spec = fill(tmp_path, LAYOUTS["div2k"])
    fill(tmp_path, [name.replace("train", "valid") for name in LAYOUTS["div2k"]], num=3)
    assert len(open_super_resolution(spec, "val", scale=2).hr) == 3
    part = open_super_resolution(spec, "train[3:]", scale=2)
    assert len(part.lr) == 2
    np.testing.assert_array_equal(load_pair(part, 0)[1], noise(8, 12, 3, seed=3))
    with pytest.raises(InputError, match=r"no split 'test' \(found: train and val\)"):
        open_super_resolution(spec, "test", scale=2)


def test_another_scale_is_made(tmp_path):
    opened = open_super_resolution(fill(tmp_path, LAYOUTS["div2k"]), scale=4)
    assert opened.lr is None
    lr, hr = load_pair(opened, 0)
    np.testing.assert_array_equal(lr, imresize(noise(8, 12, 3), 0.25))
    assert hr.shape == (8, 12, 3)


def test_beside_hr_and_lr_others_are_left_out(tmp_path):
    spec = fill(tmp_path, LAYOUTS["names"])
    save(tmp_path / "img_0_SRCNN.png", noise(8, 12, 3))
    assert len(open_super_resolution(spec, scale=2).hr) == 5
    for file in tmp_path.glob("*_LR.png"):
        file.unlink()
    assert open_super_resolution(spec, scale=2).lr is None
    assert len(open_super_resolution(spec, scale=2).hr) == 5


def test_images_alone_are_cut_to_a_multiple(tmp_path):
    for i, (height, width) in enumerate([(9, 14), (8, 8)]):
        save(tmp_path / f"{i}.png", noise(height, width, 3, seed=i))
    opened = open_super_resolution(f"folder:{tmp_path}", scale=4)
    lr, hr = load_pair(opened, 0)
    np.testing.assert_array_equal(hr, noise(9, 14, 3)[:8, :12])
    np.testing.assert_array_equal(lr, imresize(hr, 0.25))
    assert opened.hr.size(0) == (12, 8)
    assert opened.hr.size(1) == (8, 8)


def test_any_source_of_images(tmp_path):
    opened = open_super_resolution("figures", resolution=48, num=10)
    assert opened.lr is None
    assert opened.hr.shape == (48, 48, 3)
    np.savez(tmp_path / "x.npz", image=noise(4, 30, 32))
    opened = open_super_resolution(f"npz:{tmp_path / 'x.npz'}")
    assert opened.hr.shape == (28, 32, 1)
    assert [image.shape for image in load_pair(opened, 3)] == [(7, 8, 1), (28, 32, 1)]


def test_grey_stays_grey_and_transparency_is_laid_on_white(tmp_path):
    save(tmp_path / "0_HR.png", noise(8, 8))
    save(tmp_path / "0_LR.png", noise(4, 4, 3))
    save(tmp_path / "1_HR.png", np.zeros((8, 8, 4), np.uint8))
    save(tmp_path / "1_LR.png", noise(4, 4))
    opened = open_super_resolution(f"folder:{tmp_path}", scale=2)
    assert [image.shape[-1] for image in load_pair(opened, 0)] == [1, 1]
    lr, hr = load_pair(opened, 1)
    assert lr.shape[-1] == 3
    assert hr.min() == 255


def test_missing_partners_are_named(tmp_path):
    spec = fill(tmp_path, LAYOUTS["folders"])
    (tmp_path / "LR" / "3.png").unlink()
    (tmp_path / "LR" / "4.png").unlink()
    with pytest.raises(InputError, match=r"HR/3.png \(and 1 more\) has no partner in low"):
        open_super_resolution(spec, scale=2)
    (tmp_path / "HR" / "3.png").unlink()
    (tmp_path / "HR" / "4.png").unlink()
    save(tmp_path / "LR" / "9.png", noise(4, 4))
    with pytest.raises(InputError, match=r"LR/9.png has no partner in high"):
        open_super_resolution(spec, scale=2)
    save(tmp_path / "LR" / "9x2.png", noise(4, 4))
    with pytest.raises(InputError, match=r"LR/9.png and .*LR/9x2.png have the same name"):
        open_super_resolution(spec, scale=2)


def test_low_resolution_alone(tmp_path):
    save(tmp_path / "a" / "0_LR.png", noise(4, 4))
    with pytest.raises(InputError, match=r"a/0_LR.png, but no files called \*_HR"):
        open_super_resolution(f"folder:{tmp_path / 'a'}")
    save(tmp_path / "b" / "LR" / "0.png", noise(4, 4))
    with pytest.raises(InputError, match="b/LR in low resolution, but no such folder in high"):
        open_super_resolution(f"folder:{tmp_path / 'b'}")


def test_two_data_sets_in_one_folder(tmp_path):
    fill(tmp_path, LAYOUTS["div2k"])
    with pytest.raises(
        InputError, match=r"two folders of images for split 'train', .*DIV2K_train_HR"
    ):
        open_super_resolution(fill(tmp_path, LAYOUTS["flickr2k"]), scale=2)


def test_a_partner_of_the_wrong_size_is_named(tmp_path):
    spec = fill(tmp_path, LAYOUTS["names"])
    save(tmp_path / "img_1_LR.png", noise(4, 4, 3))
    opened = open_super_resolution(spec, scale=2)
    sentence = "img_1_LR.png is 4x4 pixels, not the 4x5 that belong to .*img_1_HR.png at scale=2"
    with pytest.raises(InputError, match=sentence):
        load_pair(opened, 1)
    with pytest.raises(InputError, match=sentence):
        super_resolution(opened, batch_size=2, crop_size=8)


@pytest.mark.parametrize(
    ("spec", "options", "sentence"),
    [
        ("figures", {"scale": 1}, "scale: expected a whole number from 2 up, got 1"),
        ("figures", {"scale": 4.0}, "scale: expected a whole number from 2 up, got 4.0"),
        ("points/ring", {}, "holds vectors"),
        ("figures/paired", {}, "has pairs"),
        ("folder:/no/such", {}, "does not exist"),
        ("figures", {"on_error": "no"}, "on_error: expected"),
    ],
)
def test_sources_that_will_not_do(spec, options, sentence):
    with pytest.raises(InputError, match=sentence):
        open_super_resolution(spec, **options)


# ---------------------------------------------------------------------- batches


@pytest.mark.parametrize("layout", [LAYOUTS["names"], ("{}.png",)], ids=["given", "made"])
def test_element_spec(tmp_path, layout):
    opened = open_super_resolution(fill(tmp_path, layout), scale=2)
    for cache in (True, False):
        for channels in (1, 3):
            dataset = super_resolution(
                opened, batch_size=2, crop_size=4, channels=channels, cache=cache, flip=True
            )
            assert dataset.element_spec == (
                tf.TensorSpec((2, 2, 2, channels), tf.uint8),
                tf.TensorSpec((2, 4, 4, channels), tf.uint8),
            )
            assert dataset.cardinality() == tf.data.INFINITE_CARDINALITY


@pytest.mark.parametrize("layout", [LAYOUTS["names"], slow(("{}.png",))], ids=["given", "made"])
def test_resuming_gives_the_batches_of_an_uninterrupted_run(tmp_path, layout):
    opened = open_super_resolution(fill(tmp_path, layout), scale=2)
    options = {"batch_size": 3, "crop_size": 6, "flip": True, "seed": 5}
    whole = take(super_resolution(opened, cache=True, **options), 12)
    for cache in (True, False):
        for start in (0, 7):
            rest = super_resolution(opened, cache=cache, start_step=start, **options)
            assert same(take(rest, 12 - start), [batches[start:] for batches in whole])
    assert not same(take(super_resolution(opened, **(options | {"seed": 6})), 12), whole)


@pytest.mark.parametrize("layout", [LAYOUTS["names"], slow(("{}.png",))], ids=["given", "made"])
def test_what_is_held_gives_the_same_batches_at_every_start(tmp_path, layout):
    opened = open_super_resolution(fill(tmp_path, layout), scale=2)
    options = {"batch_size": 3, "crop_size": 6, "flip": True, "seed": 5}
    held = preload(opened, crop_size=6)
    assert preload(opened, crop_size=6, cache=False) is None
    for start in (0, 4):
        expected = take(super_resolution(opened, cache=False, start_step=start, **options), 5)
        assert same(
            take(super_resolution(opened, held=held, start_step=start, **options), 5), expected
        )
    with pytest.raises(InputError, match="crop_size: expected a multiple of scale=2, got 5"):
        preload(opened, crop_size=5)


@pytest.mark.parametrize("flip", [False, True])
def test_both_resolutions_show_the_same(tmp_path, flip):
    opened = open_super_resolution(fill(tmp_path, LAYOUTS["names"]), scale=2)
    lr, hr = take(super_resolution(opened, batch_size=5, crop_size=6, flip=flip), 20)
    # Mirrored, the pixels that were taken are the right ones of two.
    straight, mirrored = (255 - hr[:, :, ::2, i::2] for i in (0, 1))
    right = [(lr == each).all(axis=(2, 3, 4)) for each in (straight, mirrored)]
    assert (right[0] | right[1]).all()
    assert 0.3 < right[1].mean() < 0.7 if flip else right[0].all()


def test_made_low_resolution_is_that_of_the_square(tmp_path):
    opened = open_super_resolution(fill(tmp_path, ("{}.png",)), scale=2)
    lr, hr = take(super_resolution(opened, batch_size=5, crop_size=6, flip=True), 4)
    np.testing.assert_array_equal(lr, imresize(hr, 0.5))


def numbered(num, size, scale=2):
    """Images of two values: their number, and where a pixel is."""
    places = np.arange(size * size, dtype=np.uint8).reshape(size, size)
    array = np.stack([np.stack([places + 0 * i, 0 * places + i, places], -1) for i in range(num)])
    return ArraySource("numbered", array.astype(np.uint8))


def test_every_epoch_visits_each_image_once_and_every_place_is_met():
    hr = numbered(10, 6)
    lr = ArraySource("low", hr.array[:, ::2, ::2])
    for opened, places in ((Resolutions(hr, None, 2), 9), (Resolutions(hr, lr, 2), 4)):
        _, images = take(super_resolution(opened, batch_size=4, crop_size=4), 100)
        corners = images.reshape(40, 10, 4, 4, 3)[:, :, 0, 0]
        orders = [tuple(epoch[:, 1]) for epoch in corners]
        assert all(sorted(order) == list(range(10)) for order in orders)
        assert len(set(orders)) == 40
        _, counts = np.unique(corners[..., 0], return_counts=True)
        assert len(counts) == places
        assert counts.min() > 400 / places / 2


@pytest.mark.parametrize("stored", [False, True], ids=["made", "given"])
def test_crops_may_be_rectangles(stored):
    height, width, num = 10, 14, 4
    row, column = np.mgrid[:height, :width]
    hr = np.stack([np.stack([row, column, 0 * row + i], -1) for i in range(num)]).astype(np.uint8)
    lr = ArraySource("low", hr[:, ::2, ::2]) if stored else None
    opened = Resolutions(ArraySource("high", hr), lr, 2)
    options = {"batch_size": num, "crop_size": (4, 8)}
    smalls, larges = take(super_resolution(opened, **options), 40)
    assert same(take(super_resolution(opened, cache=False, **options), 40), (smalls, larges))
    small, large = smalls.reshape(-1, 2, 4, 3), larges.reshape(-1, 4, 8, 3)
    top, left = large[:, 0, 0, 0], large[:, 0, 0, 1]
    expected = [
        hr[i, t : t + 4, x : x + 8] for t, x, i in zip(top, left, large[:, 0, 0, 2], strict=True)
    ]
    np.testing.assert_array_equal(large, expected)
    unit = 2 if stored else 1
    assert set(top) == set(range(0, height - 4 + 1, unit))
    assert set(left) == set(range(0, width - 8 + 1, unit))
    made = large[:, ::2, ::2] if stored else [imresize(each, 0.5) for each in large]
    np.testing.assert_array_equal(small, made)


def test_more_crops_than_images(tmp_path):
    opened = Resolutions(numbered(3, 6), None, 2)
    _, images = take(super_resolution(opened, batch_size=7, crop_size=4), 3)
    assert np.bincount(images[:, :, 0, 0, 1].ravel()).tolist() == [7, 7, 7]


def test_images_too_small_are_named(tmp_path):
    opened = open_super_resolution(fill(tmp_path, ("{}.png",)), scale=2)
    sentence = "0.png is 12x8 pixels, too small for crop_size=10; choose one of at most 8"
    with pytest.raises(InputError, match=sentence):
        super_resolution(opened, batch_size=2, crop_size=10)
    with pytest.raises(tf.errors.OpError, match=sentence):
        take(super_resolution(opened, batch_size=5, crop_size=10, cache=False), 1)


def test_what_cannot_be_used_is_left_out_and_said_once(tmp_path, caplog):
    fill(tmp_path, LAYOUTS["names"])
    (tmp_path / "img_2_LR.png").write_bytes(b"no image")
    opened = open_super_resolution(f"folder:{tmp_path}", scale=2, on_error="skip")
    options = {"batch_size": 5, "crop_size": 6}
    with caplog.at_level(logging.WARNING):
        cached = take(super_resolution(opened, cache=True, **options), 6)
    assert [record.message for record in caplog.records if "img_2_LR.png" in record.message]
    assert len(caplog.records) == 1
    assert same(take(super_resolution(opened, cache=False, **options), 6), cached)
    for i in range(5):
        (tmp_path / f"img_{i}_LR.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"no image can be used; one of them: .*img_"):
        super_resolution(opened, cache=True, **options)


def test_auto_caches_what_fits(tmp_path, monkeypatch):
    opened = open_super_resolution(fill(tmp_path, ("{}.png",), sizes=((8, 8),)), scale=2)
    decoded = []
    read = type(opened.hr).read
    monkeypatch.setattr(
        type(opened.hr), "read", lambda s, i, n=None: decoded.append(i) or read(s, i)
    )
    for limit, expected in ((5 * 192, 5), (5 * 192 - 1, 0)):
        decoded.clear()
        super_resolution(opened, batch_size=2, crop_size=4, cache=Caching(memory=limit))
        assert len(decoded) == expected


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"batch_size": 0}, "batch_size: expected a whole number from 1 up, got 0"),
        ({"crop_size": 42}, "crop_size: expected a multiple of scale=4, got 42"),
        ({"crop_size": (48, 42)}, r"a multiple of scale=4, got \(48, 42\)"),
        ({"crop_size": 0}, "crop_size: expected a whole number from 4 up, got 0"),
        ({"channels": 2}, r"channels: expected 1 \(grey\) or 3 \(colour\), got 2"),
        ({"cache": "yes"}, "cache: expected"),
    ],
)
def test_options_that_will_not_do(options, sentence):
    opened = open_super_resolution("figures", resolution=48, num=4)
    with pytest.raises(InputError, match=sentence):
        super_resolution(opened, **({"batch_size": 2, "crop_size": 48} | options))


# ---------------------------------------------------------------------- the rest


def test_tfds(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")

    class TinyResolutions(tfds.core.GeneratorBasedBuilder):
        """As div2k is."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            image = tfds.features.Image()
            features = tfds.features.FeaturesDict({"hr": image, "lr": image})
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples(5), "validation": self._generate_examples(3)}

        def _generate_examples(self, num):
            for i in range(num):
                hr = noise(8 + 4 * i, 8, 3, seed=i)
                yield i, {"hr": hr, "lr": 255 - hr[::4, ::4]}

    for split, num in (("train", 5), ("val", 3)):
        opened = open_super_resolution("tfds:tiny_resolutions", split, data_dir=str(tmp_path))
        assert len(opened.hr) == len(opened.lr) == num
        for i in range(num):
            lr, hr = load_pair(opened, i)
            np.testing.assert_array_equal(lr, 255 - hr[::4, ::4])
    lr, hr = take(super_resolution(opened, batch_size=3, crop_size=8), 2)
    np.testing.assert_array_equal(lr, 255 - hr[:, :, ::4, ::4])


def test_public_names_of_the_room():
    assert set(tfgan_zoo.data.__all__) <= set(dir(tfgan_zoo.data))
    assert all(hasattr(tfgan_zoo.data, name) for name in tfgan_zoo.data.__all__)

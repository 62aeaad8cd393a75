import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo.data import ArraySource, Fit, open_source, parse_spec, parse_split
from tfgan_zoo.data.images import decode, measure, with_channels
from tfgan_zoo.data.readers.folder import list_images, split_folders
from tfgan_zoo.data.source import part_of
from tfgan_zoo.data.splits import rest_of, rows_of
from tfgan_zoo.errors import InputError


def write(path, pixels, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(pixels, np.uint8))
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def write_idx(path, images):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = struct.pack(f">BBBB{images.ndim}I", 0, 0, 8, images.ndim, *images.shape)
    data += images.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


# --- the syntax


@pytest.mark.parametrize(
    ("spec", "parsed"),
    [
        ("figures", ("figures", "")),
        ("figures/full", ("figures", "full")),
        ("points/ring", ("points", "ring")),
        ("tfds:cycle_gan/horse2zebra", ("tfds", "cycle_gan/horse2zebra")),
        ("folder:C:/x", ("folder", "C:/x")),
        ("npz:a.npz", ("npz", "a.npz")),
    ],
)
def test_parse_spec(spec, parsed):
    assert parse_spec(spec) == parsed


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("figure", "did you mean figures"),
        ("tdfs:mnist", "did you mean tfds"),
        ("points", "incomplete; write points/NAME with NAME one of 8gaussians"),
        ("points:ring", "incomplete; write points/NAME"),
        ("folder:", "incomplete; write folder:PATH"),
        ("xyzzy", "choose from figures, points, voxels, solids, tfds, folder, zip, idx, npz"),
        ("", "There is no data source ''"),
        (".", "bare path; write folder:."),
        ("points/rnig", "no toy set points/rnig; did you mean ring"),
    ],
)
def test_a_misspelt_source_is_put_right(spec, message):
    with pytest.raises(InputError, match=message) as caught:
        open_source(spec)
    assert "\n" not in str(caught.value)


def test_embedded_sources():
    figures = open_source("figures", num=5, resolution=16, seed=1)
    assert figures.shape == (16, 16, 3)
    assert len(figures) == 5
    assert len(figures.extras["label"]) == 5
    assert figures[4].dtype == np.uint8
    points = open_source("points/ring", num=7)
    assert points.is_vector
    assert repr(points) == "<ArraySource points/ring: 7 2>"
    with pytest.raises(InputError, match=r"figures/paired has pairs \(a, b\)"):
        open_source("figures/paired", num=2)


def test_options_that_do_not_apply(tmp_path):
    with pytest.raises(InputError, match=r"num: expected None for folder:.*, got 3"):
        open_source(f"folder:{tmp_path}", num=3)
    with pytest.raises(InputError, match='on_error: expected "raise" or "skip"'):
        open_source("figures", on_error="ignore")


# --- parts of a split


@pytest.fixture
def ten(tmp_path):
    for index in range(10):
        write(tmp_path / f"{index}.png", np.full((2, 2), index))
    return f"folder:{tmp_path}"


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train", range(10)),
        ("train[:]", range(10)),
        ("train[:3]", range(3)),
        ("train[ 3 : ]", range(3, 10)),
        ("train[2:5]", range(2, 5)),
        ("train[-2:]", range(8, 10)),
        ("train[:-2]", range(8)),
        ("train[:90%]", range(9)),
        ("train[90%:]", range(9, 10)),
        ("train[:14%]", range(1)),
        ("train[14%:]", range(1, 10)),
        ("train[-30%:8]", range(7, 8)),
        ("train[::4]", (0, 4, 8)),
        ("train[1::4]", (1, 5, 9)),
        ("train[2:-2: 3]", (2, 5)),
        ("train[:50%:2]", (0, 2, 4)),
        ("train[::20]", (0,)),
        ("train[~::4]", (1, 2, 3, 5, 6, 7, 9)),
        ("train[~2:5]", (0, 1, 5, 6, 7, 8, 9)),
        ("train[ ~ 10%:: 2]", (0, 2, 4, 6, 8)),
    ],
)
def test_a_part_of_a_split(ten, split, expected):
    source = open_source(ten, split)
    assert [source[index].item(0) for index in range(len(source))] == list(expected)
    assert source.name(0).endswith(f"{expected[0]}.png")
    assert source.size(0) == (2, 2)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("train[:11]", r"has 10 samples; 'train\[:11\]' reaches beyond them"),
        ("train[-11:]", "reaches beyond"),
        ("train[:101%]", "reaches beyond"),
        ("train[5:5]", r"none of them is in 'train\[5:5\]' \(from 5 to 5\)"),
        ("train[10:]", "none of them"),
        ("train[:4%]", "none of them"),
        ("train[3]", "is not understood; write it like train"),
        ("train[::0]", r"expected a step of at least 1, got 'train\[::0\]'"),
        ("train[::-1]", "is not understood"),
        ("train[::10%]", "is not understood"),
        ("train[~]", "is not understood"),
        ("train[~:]", r"none of them is in 'train\[~:\]'; choose another"),
        ("train[~::1]", "none of them"),
        ("train[~5:5]", r"none of them is in 'train\[~5:5\]' \(from 5 to 5\)"),
        ("train[~:11]", "reaches beyond"),
        ("train[:3", "is not understood"),
        ("train[a:b]", "is not understood"),
        ("train[:3]x", "is not understood"),
        ("[:3]", "is not understood"),
        ("test[:3]", "no split 'test'"),
    ],
)
def test_parts_that_are_none(ten, split, message):
    with pytest.raises(InputError, match=message):
        open_source(ten, split)


@pytest.mark.parametrize("num", [2, 9, 10, 11, 19, 20, 21, 101])
def test_a_part_and_the_rest_share_no_sample_and_lose_none(num):
    images = np.arange(num, dtype=np.uint8).reshape(num, 1, 1)
    whole = ArraySource("mine", images, {"caption": np.arange(num)}, labels=np.arange(num) % 7)
    held_out, trained = (part_of(whole, split) for split in ("train[::10]", "train[~::10]"))
    numbers = [[int(part[i].item()) for i in range(len(part))] for part in (held_out, trained)]
    assert numbers[0] == list(range(0, num, 10))
    assert sorted(numbers[0] + numbers[1]) == list(range(num))
    for part, expected in zip((held_out, trained), numbers, strict=True):
        assert part.array.ravel().tolist() == expected == part.extras["caption"].tolist()
        assert part.labels.tolist() == [number % 7 for number in expected]
        assert [part.name(i) for i in range(len(part))] == [f"mine[{n}]" for n in expected]
    for split in ("train[::10]", "train[~::10]", "train[3:5]", "train[:90%]", "train[1:9:3]"):
        if num < 9 and "::" not in split:
            continue  # It reaches beyond the samples.
        rest = rest_of(split)
        both = [*rows_of("mine", num, split), *rows_of("mine", num, rest)]
        assert sorted(both) == list(range(num)), (split, rest)
        assert list(rows_of("mine", num, rest_of(rest))) == list(rows_of("mine", num, split))


def test_what_reads_bounds_alone_refuses_a_step():
    assert parse_split("train[10%:]") == ("train", "10%", None)
    with pytest.raises(InputError, match=r"expected consecutive samples, got 'train\[~::10\]'"):
        parse_split("train[~::10]")


def test_parts_of_every_kind_of_source(tmp_path):
    images = noise(10, 4, 4)
    np.savez(tmp_path / "x.npz", x=images)
    write_idx(tmp_path / "train-images-idx3-ubyte", images)
    for spec in (f"npz:{tmp_path}/x.npz", f"idx:{tmp_path}"):
        part = open_source(spec, "train[4:6]")
        np.testing.assert_array_equal(part.array[..., 0], images[4:6])
        assert part.name(0) == f"{spec}[4]"
    part = open_source("figures", "test[10:20]", num=30)
    whole = open_source("figures", "test", num=30)
    np.testing.assert_array_equal(part.array, whole.array[10:20])
    np.testing.assert_array_equal(part.extras["label"], whole.extras["label"][10:20])
    assert repr(part) == "<SliceSource figures (test[10:20]): 10 32x32x3>"
    assert len(open_source("points/ring", "train[:25%]", num=1000)) == 250


# --- decoding


@pytest.mark.parametrize(
    ("mode", "suffix", "channels"),
    [
        ("1", "png", 1),
        ("L", "png", 1),
        ("LA", "png", 2),
        ("P", "png", 3),
        ("P", "gif", 3),
        ("RGB", "png", 3),
        ("RGB", "webp", 3),
        ("RGB", "bmp", 3),
        ("RGB", "ppm", 3),
        ("L", "pgm", 1),
        ("RGBA", "png", 4),
        ("CMYK", "jpg", 3),
        ("CMYK", "tif", 3),
        ("LAB", "tif", 3),
        ("YCbCr", "jpg", 3),
        ("L", "jpeg", 1),
    ],
)
def test_every_mode_decodes(tmp_path, mode, suffix, channels):
    pixels = np.full((12, 20, 3), 255, np.uint8)
    pixels[:, :10] = 0
    path = write(tmp_path / f"x.{suffix}", pixels, mode)
    image = decode(path)
    assert image.shape == (12, 20, channels)
    assert image.dtype == np.uint8
    colour = with_channels(image, 3)
    assert colour[:, :8].max() <= 8
    assert colour[:, 12:].min() >= 247
    grey = with_channels(image, 1)
    assert grey.shape == (12, 20, 1)
    assert grey[:, :8].max() <= 8


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_16_bits_are_scaled(tmp_path, suffix):
    wide = np.array([[0, 128, 129, 257], [257 * 100, 32768, 65406, 65535]], np.uint16)
    Image.fromarray(wide).save(tmp_path / f"x.{suffix}")
    image = decode(tmp_path / f"x.{suffix}")
    np.testing.assert_array_equal(image[..., 0], [[0, 0, 1, 1], [100, 128, 254, 255]])


def test_32_bits_of_unknown_range_are_refused(tmp_path):
    Image.fromarray(np.array([[0.0, 1.5]], np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(InputError, match=r"f.tif has 32-bit pixels \(floats from 0 to 1.5\)"):
        decode(tmp_path / "f.tif")
    Image.fromarray(np.array([[0, 70000]], np.int32)).save(tmp_path / "i.tif")
    with pytest.raises(InputError, match="32-bit"):
        decode(tmp_path / "i.tif")


def test_transparency_is_white(tmp_path):
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 0] = 100
    pixels[0, :, 3] = [0, 51, 255]
    image = decode(write(tmp_path / "a.png", pixels))
    assert with_channels(image, 3).tolist() == [[[255, 255, 255], [224, 204, 204], [100, 0, 0]]]
    # A palette and a grey picture with one transparent colour.
    write(tmp_path / "p.png", np.zeros((2, 2, 3)), "P", transparency=0)
    assert with_channels(decode(tmp_path / "p.png"), 3).min() == 255
    write(tmp_path / "l.png", np.zeros((2, 2)), transparency=0)
    assert decode(tmp_path / "l.png").shape == (2, 2, 2)
    assert with_channels(decode(tmp_path / "l.png"), 1).min() == 255


def test_grey_is_pillows():
    pixels = noise(9, 7, 3)
    expected = np.asarray(Image.fromarray(pixels).convert("L"))
    np.testing.assert_array_equal(with_channels(pixels, 1)[..., 0], expected)


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # The camera was held upright: turn a quarter clockwise.
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:, :16] = 255
    image = decode(write(tmp_path / "x.jpg", pixels, exif=exif, quality=95))
    assert image.shape == (32, 16, 3)
    assert image[:14].min() > 240
    assert image[18:].max() < 15


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_size_in_the_header_is_that_of_the_decoded_image(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = write(tmp_path / f"x.{suffix}", noise(10, 20, 3), exif=exif)
    assert measure(path) == decode(path).shape[1::-1]
    with pytest.raises(InputError, match=r"gone.png does not exist"):
        measure(tmp_path / "gone.png")


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_turned_tiffs_are_upright(tmp_path, compression, channels):
    pixels = noise(10, 20, channels)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = pixels[..., 0] if channels == 1 else pixels
        Image.fromarray(stored).save(tmp_path / "x.tif", exif=exif, compression=compression)
        Image.fromarray(stored).save(tmp_path / "x.png", exif=exif)
        found = decode(tmp_path / "x.tif")
        np.testing.assert_array_equal(found, decode(tmp_path / "x.png"))
        assert measure(tmp_path / "x.tif") == found.shape[1::-1]
        assert found.shape[0] == (20 if orientation > 4 else 10)


def test_unreadable_files_are_named(tmp_path):
    (tmp_path / "text.png").write_text("not an image")
    with pytest.raises(InputError, match=r"text.png cannot be read as an image \(Unidentified"):
        decode(tmp_path / "text.png")
    whole = write(tmp_path / "x.jpg", noise(64, 64, 3)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut.jpg cannot be read"):
        decode(tmp_path / "cut.jpg")
    with pytest.raises(InputError, match=r"gone.png does not exist"):
        decode(tmp_path / "gone.png")


# --- fitting


def test_largest_central_square_is_resized():
    image = np.zeros((20, 50, 3), np.uint8)
    image[:, 15:35] = 200
    assert Fit(10, 3)(image, "x").tolist() == np.full((10, 10, 3), 200).tolist()
    odd = np.zeros((7, 5, 1), np.uint8)
    odd[1:6] = 9
    np.testing.assert_array_equal(Fit(5, 1)(odd, "x"), np.full((5, 5, 1), 9))


def test_shrinking_is_antialiased():
    board = np.indices((64, 64)).sum(0)[..., None] % 2 * np.uint8(255)
    small = Fit(16, 1)(board.astype(np.uint8), "x")
    assert np.abs(small.astype(int) - 127).max() < 20


def test_crop():
    image = noise(9, 8, 3)
    np.testing.assert_array_equal(Fit(4, 3, crop=4)(image, "x"), image[2:6, 2:6])
    assert Fit(6, 1, crop=4)(image, "x").shape == (6, 6, 1)
    with pytest.raises(InputError, match=r"x.png is 8x9 pixels, too small for crop=10"):
        Fit(4, 3, crop=10)(image, "x.png")


def test_pad():
    image = noise(28, 28, 1)
    padded = Fit(32, 3, fit="pad")(image, "x")
    np.testing.assert_array_equal(padded[2:30, 2:30], np.repeat(image, 3, -1))
    assert padded.sum() == padded[2:30, 2:30].sum()
    assert Fit(9, 1, fit="pad")(noise(4, 7, 1), "x").shape == (9, 9, 1)
    with pytest.raises(InputError, match="too large to pad to image_size=16"):
        Fit(16, 1, fit="pad")(image, "x")


@pytest.mark.parametrize("fit", [Fit(6, 1), Fit(4, 3, crop=4), Fit(12, 3, fit="pad")])
def test_a_stack_is_fitted_like_its_images(fit):
    images = noise(3, 10, 9, 4)
    np.testing.assert_array_equal(fit(images, "x"), [fit(image, "x") for image in images])


def test_large_jpegs_are_shrunk_while_decoding(tmp_path):
    ramp = np.linspace(0, 255, 512).astype(np.uint8)[:, None, None]
    path = write(tmp_path / "x.jpg", np.broadcast_to(ramp, (512, 512, 3)), quality=95)
    fit = Fit(32, 3)
    shrunk = decode(path, smallest=fit.smallest)
    assert shrunk.shape == (64, 64, 3)
    difference = fit(shrunk, "x").astype(int) - fit(decode(path), "x")
    assert np.abs(difference).max() <= 2
    assert Fit(32, 3, crop=100).smallest is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fit": "stretch"}, 'fit: expected "resize" or "pad", got'),
        ({"channels": 0}, "channels: expected a whole number from 1 up, got 0"),
        ({"image_size": 0}, "image_size: expected a whole number from 1 up, got 0"),
        ({"crop": -1}, "crop: expected a whole number from 1 up, got -1"),
    ],
)
def test_invalid_fits(options, message):
    with pytest.raises(InputError, match=message):
        Fit(**({"image_size": 8, "channels": 3} | options))


# --- folders


def test_a_flat_folder_is_sorted_and_skips_what_is_hidden(tmp_path):
    for name in ["b.png", "a.PNG", "c.jpg", ".hidden.png", ".git/x.png", "__MACOSX/y.png"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(noise(4, 4, 3)).save(path, "PNG")
    (tmp_path / "notes.txt").write_text("")
    assert list_images(tmp_path) == ["a.PNG", "b.png", "c.jpg"]
    source = open_source(f"folder:{tmp_path}")
    assert len(source) == 3
    assert source.name(1) == str(tmp_path / "b.png")
    assert source.shape is None
    assert not source.extras


def test_class_folders_become_labels(tmp_path):
    for name in ["dog/1.png", "cat/2.png", "cat/deep/1.png"]:
        write(tmp_path / name, noise(4, 4, 3))
    source = open_source(f"folder:{tmp_path}")
    assert source.extras["class"].tolist() == ["cat", "cat", "dog"]
    assert source.extras["label"].tolist() == [0, 0, 1]


def test_links_are_followed_but_not_for_ever(tmp_path):
    write(tmp_path / "real" / "1.png", noise(4, 4, 3))
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "up").symlink_to(tmp_path / "set")
    assert list_images(tmp_path / "set") == ["link/1.png"]


def test_which_links_are_followed_does_not_depend_on_the_order_of_a_disk(tmp_path):
    """A link is left out where its folder came before; file systems list in any order."""
    folders = [f"{i:02}" for i in range(20)]
    for name in folders:
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").touch()
        if name != "00":
            (tmp_path / name / "first").symlink_to(tmp_path / "00")
    assert list_images(tmp_path) == [f"{name}/x.png" for name in folders]


@pytest.mark.parametrize("names", [("train", "Train", "TRAIN"), ("TRAIN", "Train", "train")])
def test_of_folders_that_differ_in_case_one_is_always_the_same(tmp_path, names):
    for name in names:
        (tmp_path / name).mkdir()
    assert split_folders(tmp_path) == {"train": str(tmp_path / "train")}


def test_split_folders(tmp_path):
    write(tmp_path / "Train" / "1.png", noise(4, 4, 3))
    write(tmp_path / "validation" / "1.png", noise(4, 4, 3))
    assert len(open_source(f"folder:{tmp_path}")) == 1
    assert "validation" in open_source(f"folder:{tmp_path}", "val").name(0)
    with pytest.raises(InputError, match=r"'valid' \(found: train and val\); use one of these"):
        open_source(f"folder:{tmp_path}", split="valid")
    with pytest.raises(InputError, match=r"no split 'test' \(found: train and val\)"):
        open_source(f"folder:{tmp_path}", "test")


def test_a_class_that_has_the_name_of_a_split(tmp_path):
    write(tmp_path / "train" / "1.png", noise(4, 4, 3))
    write(tmp_path / "car" / "1.png", noise(4, 4, 3))
    said = "only the images in train are read, .* images in car, too; if these are classes, rename"
    with pytest.warns(UserWarning, match=said):
        assert len(open_source(f"folder:{tmp_path}")) == 1
    write(tmp_path / "c" / "train" / "1.png", noise(4, 4, 3))
    write(tmp_path / "c" / "2.png", noise(4, 4, 3))
    with pytest.warns(UserWarning, match=r"There is 1 beside it, too; if all should be"):
        assert len(open_source(f"folder:{tmp_path / 'c'}")) == 1
    # Folders of classes within it show that it is a split.
    for name in "ab":
        write(tmp_path / "b" / "train" / name / "1.png", noise(4, 4, 3))
    write(tmp_path / "b" / "masks" / "1.png", noise(4, 4, 3))
    assert open_source(f"folder:{tmp_path / 'b'}").class_names == ("a", "b")


def test_folder_errors(tmp_path):
    with pytest.raises(InputError, match="gone does not exist"):
        open_source(f"folder:{tmp_path}/gone")
    with pytest.raises(InputError, match=r"has no images in .*put files there that end in .avif"):
        open_source(f"folder:{tmp_path}")
    path = write(tmp_path / "1.png", noise(4, 4, 3))
    with pytest.raises(InputError, match="is a file, not a folder"):
        open_source(f"folder:{path}")
    with pytest.raises(InputError, match=r"no split 'test'.*to a sub-folder test"):
        open_source(f"folder:{tmp_path}", "test")
    with pytest.raises(InputError, match=r"no split 'valid'.*the only split is train; use it"):
        open_source(f"folder:{tmp_path}", "valid")
    write(tmp_path / "trainA" / "1.png", noise(4, 4, 3))
    with pytest.raises(InputError, match="holds two domains"):
        open_source(f"folder:{tmp_path}")


# --- idx


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx(tmp_path, suffix):
    images = noise(5, 6, 7)
    train = write_idx(tmp_path / f"train-images-idx3-ubyte{suffix}", images)
    write_idx(tmp_path / f"train-labels-idx1-ubyte{suffix}", np.arange(5))
    write_idx(tmp_path / f"t10k-images-idx3-ubyte{suffix}", images[:2])
    np.testing.assert_array_equal(open_source(f"idx:{tmp_path}").array[..., 0], images)
    np.testing.assert_array_equal(open_source(f"idx:{train}").array[..., 0], images)
    assert len(open_source(f"idx:{tmp_path}", "test")) == 2
    with pytest.raises(InputError, match="no split 'val'"):
        open_source(f"idx:{tmp_path}", "val")
    with pytest.raises(InputError, match="give the folder"):
        open_source(f"idx:{train}", "test")


def test_idx_plain_and_packed_side_by_side_is_one_set(tmp_path):
    for name in ("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"):
        write_idx(tmp_path / name, noise(3, 4, 4))
    assert len(open_source(f"idx:{tmp_path}")) == 3
    write_idx(tmp_path / "emnist-train-images-idx3-ubyte", noise(3, 4, 4))
    with pytest.raises(InputError, match="several train files"):
        open_source(f"idx:{tmp_path}")


def test_idx_errors(tmp_path):
    with pytest.raises(InputError, match="does not exist; give an idx file"):
        open_source(f"idx:{tmp_path}/gone")
    with pytest.raises(InputError, match=r"no split 'train' \(found: none\)"):
        open_source(f"idx:{tmp_path}")
    labels = write_idx(tmp_path / "labels", np.arange(5))
    with pytest.raises(InputError, match="1 dimensions where images have 3"):
        open_source(f"idx:{labels}")
    path = tmp_path / "other"
    path.write_bytes(b"PK\3\4")
    with pytest.raises(InputError, match="not an idx file of bytes"):
        open_source(f"idx:{path}")
    whole = write_idx(tmp_path / "whole", noise(2, 4, 4)).read_bytes()
    for size in (47, 9):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match="cut short"):
            open_source(f"idx:{path}")
    path.write_bytes(gzip.compress(whole)[:30])
    with pytest.raises(InputError, match="cannot be read"):
        open_source(f"idx:{path}")


# --- npz


def test_npz(tmp_path):
    path = tmp_path / "x.npz"
    images = noise(5, 6, 7, 3)
    np.savez(path, x_train=images, x_test=images[:2], y_train=np.arange(5))
    np.testing.assert_array_equal(open_source(f"npz:{path}").array, images)
    assert len(open_source(f"npz:{path}", "test")) == 2
    with pytest.raises(InputError, match=r"no array for split 'val' \(found: x_train, x_test"):
        open_source(f"npz:{path}", "val")
    np.savez(path, anything=noise(4, 8, 8).astype(np.int64))
    assert open_source(f"npz:{path}").shape == (8, 8, 1)
    np.savez(path, data=np.zeros((4, 5)))
    assert open_source(f"npz:{path}").array.dtype == np.float32
    np.save(tmp_path / "x.npy", images)
    assert len(open_source(f"npz:{tmp_path}/x.npy")) == 5


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 4, 4, 3)), "float64.*with values from 0 to 0, but images must be integers"),
        (np.full((2, 4, 4), 300), "values from 300 to 300"),
        (np.zeros((2, 3, 16, 16), np.uint8), "reshape or transpose"),
        (np.zeros((2, 784), np.uint8), "reshape or transpose"),
        (np.zeros((0, 4, 4), np.uint8), "is empty"),
    ],
)
def test_npz_of_something_else(tmp_path, array, message):
    np.savez(tmp_path / "x.npz", array)
    with pytest.raises(InputError, match=message):
        open_source(f"npz:{tmp_path}/x.npz")


def test_npz_errors(tmp_path):
    path = tmp_path / "x.npz"
    with pytest.raises(InputError, match="there is no file"):
        open_source(f"npz:{path}")
    path.write_text("text")
    with pytest.raises(InputError, match="cannot be read as a NumPy file"):
        open_source(f"npz:{path}")
    path.write_bytes(b"PK\3\4 and no more")
    with pytest.raises(InputError, match="cannot be read as a NumPy file"):
        open_source(f"npz:{path}")
    np.savez(path, np.array([object()], object))
    with pytest.raises(InputError, match="cannot be read as a NumPy file"):
        open_source(f"npz:{path}")
    np.savez(path, a=noise(1, 4, 4), b=noise(1, 4, 4))
    with pytest.raises(InputError, match=r"\(found: a, b\); save it under one of x_train"):
        open_source(f"npz:{path}")

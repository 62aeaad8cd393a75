"""Formats that Pillow reads, some of them with a package of their own."""

import contextlib
import shutil
import sys

import numpy as np
import pytest
from PIL import Image, features

from tfgan_zoo.data import Fit, images, load_images, open_captioned, open_source
from tfgan_zoo.errors import InputError

FORMATS = {".webp": "webp", ".avif": "avif", ".heic": "heif", ".HEIF": "heif"}


def smooth(channels):
    y, x = np.mgrid[:32, :48]
    planes = [4 * y + 2 * x, 255 - 5 * x, 200 - 4 * y, np.where(x < 24, 0, 255)]
    return np.stack(planes[:channels], -1).astype(np.uint8)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("channels", [3, 4])
def test_formats_are_read_with_their_alpha(tmp_path, ending, channels):
    if FORMATS[ending] == "heif":
        pytest.importorskip("pillow_heif").register_heif_opener()
    elif not features.check(FORMATS[ending]):
        pytest.skip(f"this Pillow is without {ending}")
    pixels = smooth(channels)
    Image.fromarray(pixels).save(tmp_path / f"1{ending}", quality=95)
    source = open_source(f"folder:{tmp_path}")
    assert source.size(0) == (48, 32)
    assert source[0].shape == pixels.shape
    shown = pixels[..., -1] > 0 if channels == 4 else np.ones((32, 48), bool)
    assert np.abs(source[0].astype(int) - pixels)[shown].mean() < 4
    if channels == 4:
        np.testing.assert_array_equal(source[0][..., 3] > 127, pixels[..., 3] > 127)


@pytest.mark.parametrize(
    ("ending", "extra"), [("heic", "formats"), ("AVIF", "formats"), ("dcm", "scientific")]
)
def test_missing_packages_are_named_before_anything_is_read(tmp_path, monkeypatch, ending, extra):
    without_packages(monkeypatch)
    for name in ("1.png", "2.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / f"3.{ending}").write_bytes(b"x")
    with pytest.raises(InputError) as error:
        open_source(f"folder:{tmp_path}")
    assert (
        f"a package is missing for 1 of 3 files, such as {tmp_path}/3.{ending} (pip install "
        f"'tfgan_zoo[{extra}]'); install it"
    ) in str(error.value)
    with pytest.raises(InputError, match=rf"3.{ending} needs .*pip install 'tfgan_zoo\[{extra}"):
        images.decode(tmp_path / f"3.{ending}")
    # The others can be used without it.
    skipped = open_source(f"folder:{tmp_path}", on_error="skip")
    assert (len(skipped), len(load_images(skipped, Fit(8, 3)))) == (3, 2)


def without_packages(monkeypatch):
    monkeypatch.setattr(images, "_reads_heif", lambda: False)
    monkeypatch.setattr(images.features, "check", lambda name: False)
    monkeypatch.setattr(images.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "pydicom", None)


def test_all_that_is_missing_is_in_one_message(tmp_path, monkeypatch):
    without_packages(monkeypatch)
    Image.new("RGB", (8, 8)).save(tmp_path / "1.jpg")
    for name in ("2.heic", "3.avif", "4.dcm"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=r"2 of 4 files, .*\[formats\]'\) and 1 of 4 files"):
        open_source(f"folder:{tmp_path}")


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_formats_may_be_mixed(tmp_path, kind):
    folder = tmp_path / "x"
    folder.mkdir()
    files = {"1.jpg": 40, "2.npy": 80, "4.png": 160}
    if features.check("avif"):
        files["3.avif"] = 120
    for name, grey in files.items():
        pixels = np.full((8, 8, 3), grey, np.uint8)
        if name.endswith("npy"):
            np.save(folder / name, pixels)
        else:
            Image.fromarray(pixels).save(folder / name, quality=95)
    if kind == "zip":
        shutil.make_archive(tmp_path / "x", "zip", folder)
    spec = f"folder:{folder}" if kind == "folder" else f"zip:{tmp_path / 'x.zip'}"
    source = open_source(spec)
    assert [source.name(i).rpartition("/")[2] for i in range(len(source))] == sorted(files)
    for i, name in enumerate(sorted(files)):
        assert source.size(i) == (8, 8)
        assert np.abs(source[i].astype(int) - files[name]).max() <= 3
    assert source.alpha
    # As earlier versions read it.
    with contextlib.nullcontext() if len(files) == 3 else pytest.warns(UserWarning, match="3.avif"):
        common = open_source(spec, formats="common")
    assert [common.name(i)[-5:] for i in range(len(common))] == ["1.jpg", "4.png"]
    with pytest.raises(InputError, match="formats: expected all or common, got 'old'"):
        open_source(spec, formats="old")


def test_an_array_named_like_a_picture_belongs_to_it(tmp_path):
    (tmp_path / "deeper").mkdir()
    for name in ("1", "deeper/2"):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{name}.jpg")
    for name in ("1", "2", "deeper/2"):
        np.save(tmp_path / f"{name}.npy", np.zeros((8, 8, 3), np.uint8))
    with pytest.warns(UserWarning, match="2 of 5 files, such as 1.npy, are left out"):
        source = open_source(f"folder:{tmp_path}")
    assert [source.name(i)[len(str(tmp_path)) + 1 :] for i in range(len(source))] == [
        "1.jpg",
        "2.npy",
        "deeper/2.jpg",
    ]


def test_arrays_without_captions_are_no_images_beside_pictures(tmp_path):
    for name in ("1", "2"):
        (tmp_path / "arrays").mkdir(exist_ok=True)
        np.save(tmp_path / "arrays" / f"{name}.npy", np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "arrays" / "1.txt").write_text("thing 1")
    with pytest.raises(InputError, match=r"1 of 2 images have no captions, the first 2.npy"):
        open_captioned(f"folder:{tmp_path}/arrays")
    (tmp_path / "arrays" / "captions.csv").write_text("image,caption\n1.npy,thing 1\n")
    with pytest.raises(InputError, match=r"1 of 2 images have no captions, the first 2.npy"):
        open_captioned(f"folder:{tmp_path}/arrays")
    tmp_path /= "pictures"
    tmp_path.mkdir()
    for name in ("1", "2"):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{name}.jpg")
        (tmp_path / f"{name}.txt").write_text(f"thing {name}")
    np.save(tmp_path / "embeddings.npy", np.zeros((2, 8)))
    assert len(open_captioned(f"folder:{tmp_path}").images) == 2
    (tmp_path / "captions.csv").write_text("image,caption\n1.jpg,thing 1\n2.jpg,thing 2\n")
    assert len(open_captioned(f"folder:{tmp_path}").images) == 2

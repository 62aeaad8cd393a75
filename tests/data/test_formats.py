"""Formats that Pillow reads, some of them with a package of their own."""

import numpy as np
import pytest
from PIL import Image, features

from tfgan_zoo.data import images, open_source
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
    ("ending", "package"), [("heic", "pillow-heif"), ("AVIF", "'pillow>=11.3'")]
)
def test_missing_packages_are_named(tmp_path, monkeypatch, ending, package):
    monkeypatch.setattr(images, "_reads_heif", lambda: False)
    monkeypatch.setattr(images.features, "check", lambda name: False)
    (tmp_path / f"1.{ending}").write_bytes(b"x")
    with pytest.raises(
        InputError, match=f"1.{ending} needs another package .*pip install {package}"
    ):
        open_source(f"folder:{tmp_path}")[0]


def test_beside_other_images_they_are_left_out(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "1.jpg")
    (tmp_path / "2.heic").write_bytes(b"x")
    (tmp_path / "3.npy").write_bytes(b"x")
    with pytest.warns(UserWarning, match="1 of 2 images, such as 2.heic, are left out"):
        assert len(open_source(f"folder:{tmp_path}")) == 1

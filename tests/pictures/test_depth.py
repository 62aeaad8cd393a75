"""16 bits in and out, through `tfgan_zoo.pictures.files`."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from tfgan_zoo import pictures
from tfgan_zoo.data import depth as reading
from tfgan_zoo.data.images import DecodingRules, with_channels
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import depth, files


def gradient(channels=1, height=5, width=700):
    """Steps of one level of 16 bits, far finer than 8 bits."""
    return (
        np.arange(height * width * channels, dtype=np.uint16).reshape(height, width, channels) * 3
    )


def convert(source, output, function=lambda image: image, channels=1, **options):
    planned = files.plan(source, output, bits=16, **options)
    assert files.convert(planned, function, channels, bits=16, **options) == 1
    return next(iter(planned.values()))


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_grey_keeps_every_level(tmp_path, ending):
    grey = gradient()
    source = tmp_path / f"in{ending}"
    Image.fromarray(grey[..., 0]).save(source)
    result = convert(source, tmp_path / "out")
    assert result.name == source.name
    with Image.open(result) as image:
        np.testing.assert_array_equal(np.asarray(image), grey[..., 0])
    # The control: 8 bits do not.
    (eight,) = files.plan(source, tmp_path / "eight").values()
    files.convert({source: eight}, pictures.from_uint8, 1)
    with Image.open(eight) as image:
        assert len(np.unique(np.asarray(image))) < 50


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_colour_keeps_every_level(tmp_path, ending):
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    for channels in (3, 4):
        image = gradient(channels)
        source, out = tmp_path / f"{channels}{ending}", tmp_path / f"out{channels}"
        if channels == 4:
            image[..., 3] = 65535
            image[0, :, 3] = 1000
        depth.save_16_bits(source, image)
        # OpenCV's order is blue, green, red.
        stored = cv2.imread(str(source), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(stored[..., 2], image[..., 0])
        np.testing.assert_array_equal(stored[..., 0], image[..., 2])
        seen = []

        def function(given, seen=seen):
            seen.append(given)
            return given

        made = reading.decode_16_bits(convert(source, out, function, 3), DecodingRules())
        assert seen[0].dtype == np.float32
        opaque = made[1:] if channels == 4 else made
        np.testing.assert_array_equal(opaque, image[-len(opaque) :])
        if channels == 4:
            np.testing.assert_array_equal(made[..., 3], image[..., 3])
            # Alpha of 1000 of 65535 leaves almost nothing but white.
            share = 1000 / 65535
            white = 2 * (image[0, :, :3] / 65535 * share + 1 - share) - 1
            np.testing.assert_allclose(seen[0][0], white, atol=1e-6)


def test_enlarging_and_the_value_of_white(tmp_path):
    image = np.full((4, 4), 2000, np.uint16)
    source = tmp_path / "in.png"
    Image.fromarray(image).save(source)
    planned = files.plan(source, tmp_path / "out", bits=16, compare=True)

    def enlarge(given):
        np.testing.assert_allclose(given, 2 * 2000 / 4095 - 1, atol=1e-4)
        return np.repeat(np.repeat(given, 2, axis=0), 2, axis=1)

    files.convert(planned, enlarge, 1, bits=16, compare=True, rules=DecodingRules(4095))
    with Image.open(tmp_path / "out" / "in.png") as large:
        assert np.asarray(large).tolist() == [[round(2000 / 4095 * 65535)] * 8] * 8
    with Image.open(tmp_path / "out" / "in_compare.png") as sheet:
        assert set(np.unique(np.asarray(sheet))) == {round(2000 / 4095 * 255), 255}


def test_files_of_8_bits_and_their_names(tmp_path):
    Image.fromarray(np.uint8([[0, 100, 255]])).save(tmp_path / "in.bmp")
    result = convert(tmp_path / "in.bmp", tmp_path / "out")
    assert result == tmp_path / "out" / "in.png"
    with Image.open(result) as image:
        assert np.asarray(image).tolist() == [[0, 25700, 65535]]
    Image.new("L", (3, 3)).save(tmp_path / "in.jpg")
    assert list(files.plan(tmp_path / "in.jpg", tmp_path / "x.tif", bits=16).values()) == [
        tmp_path / "x.tif"
    ]
    with pytest.raises(InputError, match=r"expected a \.png, a \.tif or a folder, got '.*x\.jpg'"):
        files.plan(tmp_path / "in.jpg", tmp_path / "x.jpg", bits=16)


@pytest.mark.parametrize("have", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_models_of_any_channels_are_given_what_8_bits_give(have, channels):
    pixels = np.random.default_rng(have).integers(0, 256, (4, 5, have), np.uint8)
    given = depth.floats_of(pixels.astype(np.uint16) * 257, channels)
    assert given.shape == (4, 5, channels)
    expected = pictures.from_uint8(with_channels(pixels, channels))
    np.testing.assert_allclose(given, expected, atol=1 / 127)


def test_what_cannot_be_read_with_16_bits(tmp_path, monkeypatch):
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    grey = Image.fromarray(gradient()[..., 0])
    grey.save(tmp_path / "profile.png", icc_profile=profile)
    exif = Image.Exif()
    exif[0x0112] = 6
    grey.save(tmp_path / "turned.png", exif=exif)
    depth.save_16_bits(tmp_path / "colour.png", gradient(3))
    whole = (tmp_path / "colour.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(np.float32([[0, 0.5]])).save(tmp_path / "floats.tif")
    for name, sentence in (
        ("turned.png", "has 16 bits and is stored turned; save it upright"),
        ("floats.tif", "has 32-bit pixels .from 0 to 0.5. of which the value of white is unknown"),
    ):
        with pytest.raises(InputError, match=sentence):
            reading.decode_16_bits(tmp_path / name, DecodingRules())
    # Pillow would convert the colours of a profile with 8 bits; a profile that says sRGB is fine.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey.save(tmp_path / "srgb.png", icc_profile=srgb)
    assert reading.decode_16_bits(tmp_path / "srgb.png", DecodingRules()).dtype == np.uint16
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(InputError, match=r"OpenCV, which is not installed; pip install 'tfgan_zoo"):
        reading.decode_16_bits(tmp_path / "colour.png", DecodingRules())

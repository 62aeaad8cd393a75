"""16 bits in and out, through `tfgan_zoo.pictures.files`."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from tfgan_zoo import pictures
from tfgan_zoo.data import depth as reading
from tfgan_zoo.data.images import DecodingRules, decode, decode_frames, with_channels
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import depth, files
from tfgan_zoo.pictures.labels import TITLES


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
        shown = np.asarray(sheet)[TITLES:]
    assert set(np.unique(shown)) == {round(2000 / 4095 * 255), 255}


def tinted(image):
    """Enlarges, with more red than white has."""
    large = np.repeat(np.repeat(np.asarray(image), 2, axis=0), 2, axis=1)
    return large.astype(np.float32) / 127.5 - 1 + np.float32([0.5, 0, 0])


@pytest.mark.parametrize(("mode", "kept"), [("L", "L"), ("LA", "LA"), ("RGB", "RGB")])
def test_grey_images_stay_grey(tmp_path, mode, kept):
    grey = Image.fromarray(np.uint8([[0, 100, 255]]))
    grey.convert(mode).save(tmp_path / "in.png")
    planned = {tmp_path / "in.png": tmp_path / "out.png"}
    files.convert(planned, tinted, 3, keeps_grey=True, compare=True)
    with Image.open(tmp_path / "out.png") as result:
        assert (result.mode, result.size) == (kept, (6, 2))
        if kept != "RGB":  # as Pillow makes grey of the colours
            red = Image.fromarray(np.uint8([[[64, 0, 0], [164, 100, 100], [255, 255, 255]]]))
            wanted = np.repeat(np.asarray(red.convert("L")), 2)
            np.testing.assert_allclose(np.asarray(result.convert("L"))[0], wanted, atol=1)
    files.convert(planned, tinted, 3)
    with Image.open(tmp_path / "out.png") as result:
        assert result.mode == ("RGBA" if kept == "LA" else "RGB")


def test_animations_stay_grey_if_all_frames_are(tmp_path):
    frames = [Image.new("L", (4, 3), 10), Image.new("RGB", (4, 3), (200, 0, 0))]
    for num, bands in ((1, 1), (2, 3)):
        path = tmp_path / f"{num}.tif"
        frames[0].save(path, save_all=True, append_images=[frames[num - 1]])
        files.convert({path: tmp_path / "out.png"}, tinted, 3, frames="files", keeps_grey=True)
        for name in ("out_000000.png", "out_000001.png"):
            with Image.open(tmp_path / name) as result:
                assert len(result.getbands()) == bands


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
    depth.save_16_bits(tmp_path / "colour.png", gradient(3))
    whole = (tmp_path / "colour.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(np.float32([[0, 0.5]])).save(tmp_path / "floats.tif")
    with pytest.raises(InputError, match=r"floats.tif has 32-bit pixels .from 0 to 0.5. of which"):
        reading.decode_16_bits(tmp_path / "floats.tif", DecodingRules())
    # A profile that Pillow cannot use is ignored, as with 8 bits.
    with pytest.warns(UserWarning, match="its colour profile cannot be read"):
        found = reading.decode_16_bits(tmp_path / "profile.png", DecodingRules())
    np.testing.assert_array_equal(found, gradient())
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey.save(tmp_path / "srgb.png", icc_profile=srgb)
    np.testing.assert_array_equal(
        reading.decode_16_bits(tmp_path / "srgb.png", DecodingRules()), gradient()
    )
    grey.save(tmp_path / "gamma.png", icc_profile=profile_of_grey(1.0))
    monkeypatch.setitem(__import__("sys").modules, "imagecodecs", None)
    with pytest.raises(InputError, match=r"gamma.png has 16 bits .* pip install 'tfgan_zoo\[depth"):
        reading.decode_16_bits(tmp_path / "gamma.png", DecodingRules())
    ignored = DecodingRules(color_profiles="ignore")
    np.testing.assert_array_equal(
        reading.decode_16_bits(tmp_path / "gamma.png", ignored), gradient()
    )
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(InputError, match=r"OpenCV, which is not installed; pip install 'tfgan_zoo"):
        reading.decode_16_bits(tmp_path / "colour.png", DecodingRules())


def profile_of_grey(gamma):
    """Returns an ICC profile of grey whose curve is a power, written by the specification."""

    def tag(kind, content):
        return kind + bytes(4) + content + bytes(-len(content) % 4)

    white = struct.pack(">3i", 63190, 65536, 54061)  # D50, in 1/65536
    tags = {
        b"desc": tag(b"desc", struct.pack(">I", 2) + b"g\0" + bytes(78)),
        b"wtpt": tag(b"XYZ ", white),
        b"kTRC": tag(b"curv", struct.pack(">IH", 1, round(gamma * 256))),
    }
    table, content, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(content), len(data))
        content += data
    size = start + len(content)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + white
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + content


def to_srgb_curve(linear):
    small = linear <= 0.0031308
    return np.where(small, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def test_profiles_are_converted_with_all_bits(tmp_path):
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    codecs = pytest.importorskip("imagecodecs", reason="imagecodecs is not installed")
    grey = np.arange(0, 65536, 7, dtype=np.uint16).reshape(1, -1)
    Image.fromarray(grey).save(tmp_path / "linear.png", icc_profile=profile_of_grey(1.0))
    found = reading.decode_16_bits(tmp_path / "linear.png", DecodingRules())[..., 0]
    expected = 65535 * to_srgb_curve(grey / 65535)
    assert np.abs(found - expected).max() < 40  # of 65535; 8 bits are off by 128
    assert len(np.unique(found)) > 0.8 * grey.size
    # Adobe RGB, by its definition: a power of 563/256, and primaries whose matrices are these.
    image = np.random.default_rng(0).integers(0, 65536, (40, 50, 4), dtype=np.uint16)
    tifffile = pytest.importorskip("tifffile")
    options = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(
        tmp_path / "adobe.tif", image, iccprofile=codecs.cms_profile("adobergb"), **options
    )
    found = reading.decode_16_bits(tmp_path / "adobe.tif", DecodingRules())
    to_xyz = [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    from_xyz = [[3.24045, -1.53714, -0.49853], [-0.96927, 1.87601, 0.04156]]
    from_xyz.append([0.05564, -0.20403, 1.05723])
    linear = (image[..., :3] / 65535) ** (563 / 256) @ np.transpose(to_xyz) @ np.transpose(from_xyz)
    expected = 65535 * to_srgb_curve(np.clip(linear, 0, 1))
    assert np.abs(found[..., :3] - expected).max() < 60
    np.testing.assert_array_equal(found[..., 3], image[..., 3])
    # The control: as stored they are far from it.
    stored = reading.decode_16_bits(tmp_path / "adobe.tif", DecodingRules(color_profiles="ignore"))
    np.testing.assert_array_equal(stored, image)
    assert np.abs(stored[..., :3] - expected).max() > 10000


def test_white_is_zero_before_its_profile_is_applied_and_on_every_page(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    pytest.importorskip("imagecodecs", reason="imagecodecs is not installed")
    file, profile, found = tmp_path / "1.tif", profile_of_grey(1.0), {}
    pages = [gradient()[..., 0], gradient()[::-1, :, 0]]
    stored = {"miniswhite": [65535 - page for page in pages], "minisblack": pages}
    for name, values in stored.items():
        with tifffile.TiffWriter(file) as writer:
            for page in values:
                writer.write(page, photometric=name, iccprofile=profile, metadata=None)
        found[name] = list(reading.decode_frames_16_bits(file, DecodingRules()))
        found[name] += [frame.pixels for frame in decode_frames(file)]
        found[name] += [reading.decode_16_bits(file, DecodingRules()), decode(file)]
    for ours, expected in zip(found["miniswhite"], found["minisblack"], strict=True):
        np.testing.assert_array_equal(ours.astype(int), expected)
    assert found["minisblack"][0].max() > found["minisblack"][0].min()  # the control


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_orientation_is_applied(tmp_path, ending, channels):
    if channels == 3:
        pytest.importorskip("cv2", reason="OpenCV is not installed")
        tifffile = pytest.importorskip("tifffile")
    image = np.arange(6 * channels, dtype=np.uint16).reshape(2, 3, channels) * 999
    eight = Image.fromarray((image[..., 0] // 999 * 10).astype(np.uint8))
    for turned in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turned
        path = tmp_path / f"{turned}{ending}"
        if channels == 1:
            Image.fromarray(image[..., 0]).save(path, exif=exif)
        elif ending == ".tif":
            tags = [(274, "H", 1, turned, True)]
            tifffile.imwrite(path, image, photometric="rgb", extratags=tags)
        else:
            depth.save_16_bits(path, image)
            with_exif(path, exif.tobytes())
        found = reading.decode_16_bits(path, DecodingRules())
        eight.save(tmp_path / "eight.png", exif=exif)
        expected = decode(tmp_path / "eight.png")[..., 0]  # by Pillow
        np.testing.assert_array_equal(found[..., 0], expected.astype(int) // 10 * 999)


def with_exif(path, exif):
    """Puts EXIF into a PNG, behind its header."""
    data, exif = path.read_bytes(), exif.removeprefix(b"Exif\0\0")
    chunk = b"eXIf" + exif
    chunk = struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(data[:33] + chunk + data[33:])


@pytest.mark.parametrize("turned", [1, 3])
def test_a_fourth_channel_is_what_the_file_says(tmp_path, turned):
    tifffile = pytest.importorskip("tifffile")
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    image = np.random.default_rng(0).integers(0, 65536, (6, 8, 4), np.uint16)
    image[..., 3] |= 1 << 14  # The less alpha, the fewer steps a multiplied colour has.
    upright = image if turned == 1 else image[::-1, ::-1]
    share = image[..., 3:] / 65535
    multiplied = np.dstack([np.rint(image[..., :3] * share).astype(np.uint16), image[..., 3]])
    for kind, stored, channels, error in (
        ("unassalpha", image, 4, 0),
        ("assocalpha", multiplied, 4, 2),
        ("unspecified", image, 3, 0),
    ):
        options = {"extrasamples": [kind], "extratags": [(274, "H", 1, turned, True)]}
        tifffile.imwrite(tmp_path / "x.tif", stored, photometric="rgb", **options)
        found = reading.decode_16_bits(tmp_path / "x.tif", DecodingRules())
        assert found.shape == (6, 8, channels) == decode(tmp_path / "x.tif").shape
        np.testing.assert_allclose(found, upright[..., :channels].astype(int), atol=error)
        # The reader of measured values agrees.
        shown = decode(tmp_path / "x.tif", white=65535)[..., :3]
        np.testing.assert_allclose(shown, upright[..., :3] / 257, atol=0.51)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_all_pages_are_read_and_written(tmp_path, channels):
    if channels > 1:
        pytest.importorskip("cv2", reason="OpenCV is not installed")
        pytest.importorskip("tifffile")
    sizes = (5, 7), (4, 9), (5, 7)
    pages = [gradient(channels, *size) * 31 + 20000 * i + 9000 for i, size in enumerate(sizes)]
    if channels == 4:
        for page in pages:
            page[..., 3] = 65535
    source = tmp_path / "in.tif"
    depth.save_pages_16_bits(source, pages)
    planned = files.plan(source, tmp_path / "out", bits=16, frames="container")
    options = {"bits": 16, "frames": "container"}
    assert files.convert(planned, lambda x: -x, 3 if channels > 1 else 1, **options) == 1
    found = list(reading.decode_frames_16_bits(planned[source], DecodingRules()))
    assert planned[source] == tmp_path / "out" / "in.tif"
    for page, made in zip(pages, found, strict=True):
        expected = 65535 - page.astype(int)
        if channels == 4:
            expected[..., 3] = page[..., 3]
        np.testing.assert_array_equal(made, expected)
    # One file for each.
    planned = files.plan(source, tmp_path / "files", bits=16, frames="files")
    files.convert(planned, lambda x: x, 3 if channels > 1 else 1, bits=16, frames="files")
    names = sorted(path.name for path in (tmp_path / "files").iterdir())
    assert names == [f"in_{i:06}.png" for i in range(3)]
    for name, page in zip(names, pages, strict=True):
        found = reading.decode_16_bits(tmp_path / "files" / name, DecodingRules())
        np.testing.assert_array_equal(found, page)


@pytest.mark.parametrize("channels", [1, 3])
def test_each_page_has_its_own_orientation(tmp_path, channels):
    tifffile = pytest.importorskip("tifffile")
    if channels == 3:
        pytest.importorskip("cv2", reason="OpenCV is not installed")
    page = gradient(channels, 4, 6) * 99
    stored, kind = page[..., 0] if channels == 1 else page, "rgb" if channels == 3 else "minisblack"
    with tifffile.TiffWriter(tmp_path / "x.tif") as writer:
        for turned in (1, 6, 3):
            tags = [(274, "H", 1, turned, True)]
            writer.write(stored, photometric=kind, extratags=tags, metadata=None)
    found = reading.decode_frames_16_bits(tmp_path / "x.tif", DecodingRules())
    expected = page, np.rot90(page, -1), page[::-1, ::-1]
    for each, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(each, wanted)


def test_an_animation_becomes_pages(tmp_path):
    frames = [Image.new("L", (6, 4), grey) for grey in (10, 200)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    pytest.importorskip("tifffile")
    planned = files.plan(tmp_path / "a.webp", tmp_path / "out", bits=16, frames="container")
    (result,) = planned.values()
    assert result.name == "a.tif"
    files.convert(planned, lambda image: image, 1, bits=16, frames="container")
    pages = list(reading.decode_frames_16_bits(result, DecodingRules()))
    assert [page[0, 0, 0] for page in pages] == [2570, 51400]
    with pytest.raises(InputError, match=r"expected a \.tif or a folder, got '.*x\.webp'"):
        files.plan(tmp_path / "a.webp", tmp_path / "x.webp", bits=16, frames="container")

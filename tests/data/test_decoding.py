"""What is white in images of more than 8 bits, and colours that are stored in other spaces."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from tfgan_zoo.data import (
    load_images,
    open_captioned,
    open_domains,
    open_source,
    open_super_resolution,
)
from tfgan_zoo.data import profiles as profiles_lib
from tfgan_zoo.data.images import Fit, decode
from tfgan_zoo.data.opening import as_source
from tfgan_zoo.errors import InputError

# ---------------------------------------------------------------------- what is white


def save(path, pixels):
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "dtype", "white"),
    [
        ("a.png", "uint16", 255),
        ("a.tif", "uint16", 4095),
        ("a.tif", "int32", 100_000),
        ("a.tif", "float32", 1.5),
        ("a.pgm", "uint16", 4095),
    ],
)
def test_white_scales_images_of_more_than_8_bits(tmp_path, name, dtype, white):
    pixels = np.linspace(0, 1.25 * white, 64).reshape(8, 8).astype(dtype)
    came = decode(save(tmp_path / name, pixels), white=white)
    expected = np.clip(np.rint(pixels.astype(float) * 255 / white), 0, 255)
    np.testing.assert_array_equal(came[..., 0], expected)
    assert came.max() == 255


def test_white_leaves_images_of_8_bits_as_they_are(tmp_path):
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    came = decode(save(tmp_path / "a.png", pixels), white=4095)
    np.testing.assert_array_equal(came[..., 0], pixels)


def test_a_portable_greymap_says_itself_what_is_white(tmp_path):
    header, pixels = b"P5 4 1 4095\n", np.array([0, 819, 2048, 4095], ">u2")
    (tmp_path / "a.pgm").write_bytes(header + pixels.tobytes())
    for white in (None, 4095):
        assert decode(tmp_path / "a.pgm", white=white).ravel().tolist() == [0, 51, 128, 255]


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_32_bits_are_refused_until_white_is_given(tmp_path, dtype):
    save(tmp_path / "a.tif", np.full((4, 4), 200, dtype))
    with pytest.raises(InputError, match=r"a.tif has 32-bit pixels .*white \(--config.data.white"):
        decode(tmp_path / "a.tif")
    assert decode(tmp_path / "a.tif", white=400).max() == 128


def test_white_0_reads_integers_as_earlier_versions_did(tmp_path):
    path = save(tmp_path / "a.tif", np.array([[0, 128, 129, 65535]], np.int32))
    assert decode(path, white=0).ravel().tolist() == [0, 0, 1, 255]
    for pixels in (np.array([[0, 70000]], np.int32), np.array([[0.0, 1.0]], np.float32)):
        with pytest.raises(InputError, match="32-bit"):
            decode(save(tmp_path / "b.tif", pixels), white=0)


@pytest.mark.parametrize("white", [-1, "255", float("nan")])
def test_white_has_to_be_a_number(tmp_path, white):
    with pytest.raises(InputError, match="white: expected a number"):
        open_source(f"folder:{tmp_path}", white=white)


def rgb_of_16_bits(path, value):
    """A PNG that Pillow cannot write: 2x1, RGB, 16 bits."""
    import zlib

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    line = b"\0" + struct.pack(">6H", *[value] * 6)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(line))
        + chunk(b"IEND", b"")
    )
    return path


def test_white_of_16_bit_colour_is_refused_as_pillow_reads_8_bits(tmp_path):
    path = rgb_of_16_bits(tmp_path / "a.png", 4095)
    assert decode(path).tolist() == [[[15] * 3] * 2]
    with pytest.raises(InputError, match="16-bit colour, of which the upper 8 bits alone"):
        decode(path, white=4095)
    with pytest.warns(UserWarning, match="nearly black"):
        open_source(f"folder:{tmp_path}")


def captions(folder):
    for path in folder.glob("*.png"):
        path.with_suffix(".txt").write_text("a thing")


def two(folder):
    for domain in ("A", "B"):
        (folder / domain).mkdir()
        for path in folder.glob("*.png"):
            (folder / domain / path.name).write_bytes(path.read_bytes())


OPENERS = {
    "single": (open_source, lambda _: None, lambda opened: opened),
    "domains": (open_domains, two, lambda opened: opened.b),
    "super-resolution": (open_super_resolution, lambda _: None, lambda opened: opened.hr),
    "captioned": (open_captioned, captions, lambda opened: opened.images),
}


@pytest.mark.parametrize(("opener", "arrange", "images"), OPENERS.values(), ids=OPENERS)
def test_every_task_warns_of_16_bits_that_are_nearly_black_and_takes_white(
    tmp_path, opener, arrange, images
):
    for i in range(3):
        save(tmp_path / f"{i}.png", np.tile(np.arange(256), (8, 1)).astype("uint16"))
    arrange(tmp_path)
    message = r"highest value of the 3 looked at is 255 of 65535, in .*\.png; .*white \("
    with pytest.warns(UserWarning, match=message) as warned:
        opened = opener(f"folder:{tmp_path}")
    assert {each.filename for each in warned} == {__file__}
    assert images(opened)[0].max() == 1
    assert images(opener(f"folder:{tmp_path}", white=255))[0].max() == 255
    opener(f"folder:{tmp_path}", white=0)  # As earlier versions did, without a word.


def test_the_brightest_of_dark_images_is_named(tmp_path):
    for i, value in enumerate((9, 4000, 7)):
        save(tmp_path / f"{i}.png", np.full((4, 4), value, np.uint16))
    with pytest.warns(UserWarning, match=r"is 4000 of 65535, in .*/1\.png; if white is less"):
        open_source(f"folder:{tmp_path}")


def test_one_bright_image_of_16_bits_is_enough(tmp_path):
    save(tmp_path / "0.png", np.zeros((4, 4), np.uint16))
    save(tmp_path / "1.png", np.full((4, 4), 9000, np.uint16))
    (tmp_path / "2.png").write_bytes(b"")
    assert len(open_source(f"folder:{tmp_path}", on_error="skip")) == 3


@pytest.mark.parametrize(("opener", "arrange", "images"), OPENERS.values(), ids=OPENERS)
def test_every_task_warns_of_masks_of_0_and_1(tmp_path, opener, arrange, images):
    mask = np.eye(8, dtype=np.uint8)
    for i in range(3):
        save(tmp_path / f"{i}.png", mask * (i > 0))
    arrange(tmp_path)
    for white in (None, 4095):
        with pytest.warns(
            UserWarning, match=r"no value .* is above 1, .* save them with 0 and 255"
        ):
            opener(f"folder:{tmp_path}", white=white)
    opener(f"folder:{tmp_path}", white=0)  # As earlier versions did, without a word.
    for path in tmp_path.glob("**/*.png"):
        save(path, np.asarray(Image.open(path)) * np.uint8(255))
    assert images(opener(f"folder:{tmp_path}"))[1].max() == 255


def test_dark_images_and_two_colours_of_a_palette_are_no_masks(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.repeat([0, 1], 64).reshape(2, 8, 8))
    open_source(f"npz:{tmp_path}/x.npz")
    save(tmp_path / "0.png", np.zeros((4, 4), np.uint8))
    save(tmp_path / "1.png", np.full((4, 4), 2, np.uint8))
    open_source(f"folder:{tmp_path}")
    palette = Image.fromarray(np.eye(4, dtype=np.uint8)).convert("P")
    palette.save(tmp_path / "1.png")
    open_source(f"folder:{tmp_path}")


@pytest.mark.parametrize("dtype", ["uint8", "int64", "uint16"])
def test_arrays_of_0_and_1_are_black_and_the_advice_works(tmp_path, dtype):
    masks = np.zeros((40, 8, 8), dtype)
    masks[7, 2, 2] = 1
    np.savez(tmp_path / "x.npz", x=masks, x_test=masks * 255, x_val=masks * 2)
    message = r"npz:.* without a value above 1, .* multiply them by 255"
    message += r"\.$" if dtype == "uint8" else r", or give 1 as white \(--config.data.white\)\.$"
    with pytest.warns(UserWarning, match=message):
        open_source(f"npz:{tmp_path}/x.npz")
    assert open_source(f"npz:{tmp_path}/x.npz", "test")[7].max() == 255
    assert open_source(f"npz:{tmp_path}/x.npz", "val")[7].max() == 2
    if dtype != "uint8":
        assert open_source(f"npz:{tmp_path}/x.npz", white=1)[7].max() == 255


def test_the_range_of_floats_is_that_of_finite_values(tmp_path):
    pixels = np.array([[-1, 2, np.nan, np.inf]], np.float32)
    with pytest.raises(InputError, match=r"32-bit pixels \(floats from -1 to 2\)"):
        decode(save(tmp_path / "a.tif", pixels))
    with pytest.raises(InputError, match=r"\(floats none of them finite\)"):
        decode(save(tmp_path / "b.tif", pixels[:, 2:]))
    np.savez(tmp_path / "x.npz", x=pixels[np.newaxis])
    with pytest.raises(InputError, match="with values from -1 to 2, but"):
        open_source(f"npz:{tmp_path}/x.npz")


@pytest.mark.parametrize("kind", ["npy", "tif", "npz"])
def test_missing_values_are_not_taken_for_black(kind, tmp_path):
    pixels = np.array([[-1, 2, np.nan, np.inf]], np.float32)
    path = tmp_path / f"a.{kind}"
    if kind == "tif":
        save(path, pixels)
    elif kind == "npy":
        np.save(path, pixels)
    else:
        np.savez(path, x=pixels[np.newaxis])
    message = r"a\.(npy|tif|npz\[0\]): expected numbers, got NaN for 1 of 4 values; replace them"
    with pytest.raises(InputError, match=message):
        open_source(f"npz:{path}" if kind == "npz" else f"folder:{tmp_path}", white=2)[0]


def test_vectors_with_missing_values_are_refused():
    with pytest.raises(InputError, match="mine: expected numbers, got NaN for 1 of 4 values"):
        as_source(np.array([[0.0, 1.0], [np.nan, 1.0]]), "mine")


def test_white_scales_arrays_of_other_types_than_uint8(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 4096, (3, 8, 8)).astype(np.uint16)
    np.savez(tmp_path / "x.npz", x=pixels, x_test=pixels.astype("uint8"))
    with pytest.raises(InputError, match=r"uint16 .*give the value of white as white"):
        open_source(f"npz:{tmp_path}/x.npz")
    source = open_source(f"npz:{tmp_path}/x.npz", white=4095)
    np.testing.assert_array_equal(source[1][..., 0], np.rint(pixels[1] * (255 / 4095)))
    bytes_ = open_source(f"npz:{tmp_path}/x.npz", "test", white=4095)
    np.testing.assert_array_equal(bytes_[1][..., 0], pixels[1].astype("uint8"))
    np.savez(tmp_path / "y.npz", x=pixels / np.float32(4095))
    floats = open_source(f"npz:{tmp_path}/y.npz", white=1)
    np.testing.assert_array_equal(floats[1], source[1])


# ---------------------------------------------------------------------- colour profiles


def tag(kind, data):
    return kind + b"\0\0\0\0" + data


def fixed(*numbers):
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def profile(space, gamma, primaries=(), *, tables=None, kind=b"mntr", pcs=b"XYZ "):
    """Makes an ICC profile of a gamma, and of primaries adapted to D50, byte by byte."""
    curve = tag(b"curv", struct.pack(">IH", 1, round(gamma * 256)))
    tags = {b"wtpt": tag(b"XYZ ", fixed(0.9642, 1.0, 0.8249))}
    tags |= {b"desc": tag(b"desc", struct.pack(">I", 5) + b"mine\0" + bytes(78))}
    tags |= {b"cprt": tag(b"text", b"none\0")}
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    for name, primary in zip((b"r", b"g", b"b"), primaries, strict=False):
        tags[name + b"XYZ"] = tag(b"XYZ ", fixed(*primary))
        tags[name + b"TRC"] = curve
    tags |= tables or {}
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    size = start + len(data)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x02100000, kind, space, pcs)
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += fixed(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + table + data


P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
DISPLAY_P3 = profile(b"RGB ", 2.2, P3)


def encoded(linear):
    """The curve of sRGB, of IEC 61966-2-1."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def as_srgb(pixels, gamma, primaries):
    """By hand: to linear light, to XYZ, to the primaries of sRGB, and encoded."""
    linear = (pixels / 255.0) ** (round(gamma * 256) / 256)
    return 255 * encoded(linear @ np.array(primaries) @ np.linalg.inv(np.array(SRGB)))


def stored(pixels, icc, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, icc_profile=icc, **options)
    file.seek(0)
    return file


NOISE = np.random.default_rng(0).integers(0, 256, (16, 16, 4), np.uint8)


@pytest.mark.parametrize(
    ("gamma", "primaries"), [(2.2, P3), (1.0, SRGB), (1.8, P3)], ids=["P3", "linear", "gamma 1.8"]
)
def test_colours_are_converted_to_srgb(gamma, primaries):
    pixels = NOISE[..., :3]
    came = decode(stored(pixels, profile(b"RGB ", gamma, primaries)), "x")
    assert np.abs(came - as_srgb(pixels, gamma, primaries)).max() < 1.5
    assert np.abs(came.astype(int) - pixels).max() > 10


def test_saturated_display_p3_of_a_phone_is_clipped_not_wrapped():
    red = np.full((4, 4, 3), [255, 0, 0], np.uint8)
    assert decode(stored(red, DISPLAY_P3), "x")[0, 0].tolist() == [255, 0, 0]
    orange = np.full((4, 4, 3), [200, 100, 50], np.uint8)
    came = decode(stored(orange, DISPLAY_P3, "JPEG", quality=100), "x", smallest=1)[0, 0]
    assert np.abs(came - as_srgb(orange[0, 0], 2.2, P3)).max() < 3


CURVE = tag(
    b"para", struct.pack(">HH", 3, 0) + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
)
"""That of sRGB, which Display P3 has too."""


@pytest.mark.parametrize("gamma", [1.0, 1.8, None])
def test_grey_with_a_profile_for_colours_is_converted_by_its_curve(gamma):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    curves = None if gamma else dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), CURVE)
    icc = profile(b"RGB ", gamma or 1.0, P3, tables=curves)
    expected = levels if gamma is None else 255 * encoded((levels / 255) ** gamma)
    came = decode(stored(levels, icc), "x")
    assert came.shape == (16, 16, 1)
    assert np.abs(came[..., 0] - expected.astype(float)).max() <= (0 if gamma is None else 1)
    both = decode(stored(np.stack([levels, levels[::-1]], -1), icc), "x")
    np.testing.assert_array_equal(both[..., :1], came)
    np.testing.assert_array_equal(both[..., 1], levels[::-1])


def test_alpha_is_kept_where_colours_are_converted():
    came = decode(stored(NOISE, DISPLAY_P3), "x")
    np.testing.assert_array_equal(came[..., 3], NOISE[..., 3])
    np.testing.assert_array_equal(came[..., :3], decode(stored(NOISE[..., :3], DISPLAY_P3), "x"))


def test_grey_with_a_profile_stays_grey_and_is_converted():
    pixels, icc = np.arange(256, dtype=np.uint8).reshape(16, 16), profile(b"GRAY", 1.0)
    came = decode(stored(pixels, icc), "x")
    assert came.shape == (16, 16, 1)
    assert np.abs(came[..., 0] - 255 * encoded(pixels / 255.0)).max() < 1.5
    with_alpha = np.dstack([pixels, pixels])
    came = decode(stored(with_alpha, icc), "x")
    np.testing.assert_array_equal(came[..., 1], pixels)
    assert np.abs(came[..., 0] - 255 * encoded(pixels / 255.0)).max() < 1.5


def test_16_bit_grey_is_converted_after_it_is_scaled():
    pixels = (np.arange(256) * 257).astype(np.uint16).reshape(16, 16)
    came = decode(stored(pixels, profile(b"GRAY", 1.0)), "x")
    assert np.abs(came[..., 0] - 255 * encoded(pixels / 65535.0)).max() < 1.5


@pytest.mark.parametrize(
    "icc",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        None,
    ],
    ids=["sRGB", "none"],
)
def test_an_srgb_profile_changes_nothing(icc):
    pixels = NOISE[..., :3]
    np.testing.assert_array_equal(decode(stored(pixels, icc), "x"), pixels)


def test_a_profile_is_analysed_once():
    profiles_lib._conversion.cache_clear()
    for _ in range(3):
        decode(stored(NOISE[..., :3], DISPLAY_P3), "x")
    assert profiles_lib._conversion.cache_info().misses == 1


def test_profiles_are_ignored_where_asked_for(tmp_path):
    (tmp_path / "a.png").write_bytes(stored(NOISE, DISPLAY_P3).read())
    source = open_source(f"folder:{tmp_path}", color_profiles="ignore")
    np.testing.assert_array_equal(source[0], NOISE)
    assert (open_source(f"folder:{tmp_path}")[0] != NOISE).any()
    with pytest.raises(InputError, match="color_profiles: expected srgb or ignore, got 'p3'"):
        open_source(f"folder:{tmp_path}", color_profiles="p3")


@pytest.mark.parametrize(
    ("icc", "what"),
    [(b"no profile", "cannot be read"), (profile(b"GRAY", 1.0), "is for L where the image is RGB")],
)
def test_a_profile_that_cannot_be_used_is_ignored_with_one_note(monkeypatch, icc, what):
    monkeypatch.setattr(profiles_lib, "_noted", set())
    pixels = NOISE[..., :3]
    with pytest.warns(UserWarning, match=f"photo: its colour profile {what}.*ignored") as noted:
        came = [decode(stored(pixels, icc), "photo") for _ in range(3)]
    assert len(noted) == 1
    np.testing.assert_array_equal(came[-1], pixels)


def lab_as_srgb(lab):
    """By hand: CIE L*a*b* of D50 to XYZ, to the primaries of sRGB, and encoded."""
    y = (lab[0] + 16) / 116
    f = np.array([y + lab[1] / 500, y, y - lab[2] / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * [0.9642, 1.0, 0.8249]
    return 255 * encoded(xyz @ np.linalg.inv(np.array(SRGB)))


INKS = {(0, 0, 0, 0): (100, 0, 0), (1, 0, 0, 0): (60, -30, -30), (0, 0, 1, 0): (90, -5, 60)}


def press():
    """Makes a profile of CMYK: a table of what each solid ink, and each mixture of them, shows."""
    corners = [tuple(i >> shift & 1 for shift in (3, 2, 1, 0)) for i in range(16)]
    labs = np.array([INKS.get(corner, (0, 0, 0)) for corner in corners])
    table = np.stack([labs[:, 0] * 2.55, labs[:, 1] + 128, labs[:, 2] + 128], axis=1)
    ramp = bytes(range(256))
    lut = bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut += ramp * 4 + np.rint(table).astype(np.uint8).tobytes() + ramp * 3
    return profile(b"CMYK", 1.0, tables={b"A2B0": tag(b"mft1", lut)}, kind=b"prtr", pcs=b"Lab ")


def test_cmyk_is_converted_by_its_profile():
    for corner, lab in INKS.items():
        pixels = Image.new("CMYK", (4, 4), tuple(255 * ink for ink in corner))
        file = io.BytesIO()
        pixels.save(file, "TIFF", icc_profile=press())
        came = decode(io.BytesIO(file.getvalue()), "x")
        assert came.shape == (4, 4, 3)
        assert np.abs(came[0, 0] - lab_as_srgb(lab)).max() < 2.5


def test_decoded_images_of_many_threads_are_those_of_one(tmp_path):
    for i in range(24):
        (tmp_path / f"{i:02d}.png").write_bytes(stored(np.roll(NOISE, i), DISPLAY_P3).read())
    source = open_source(f"folder:{tmp_path}")
    together = load_images(source, Fit(16, 3))
    for i in (0, 11, 23):
        alone = load_images(open_source(f"folder:{tmp_path}", f"train[{i}:{i + 1}]"), Fit(16, 3))
        np.testing.assert_array_equal(together[i], alone[0])

"""Images of measurements: any number of channels and any values, from arrays, TIFF and DICOM."""

import io

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo.data import (
    ArraySource,
    Fit,
    fit_for,
    load_images,
    load_pairs,
    open_domains,
    open_source,
)
from tfgan_zoo.data.depth import decode_16_bits
from tfgan_zoo.data.images import DecodingRules, decode, measure, with_channels
from tfgan_zoo.data.readers import scientific
from tfgan_zoo.errors import InputError


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def window(values, black, white):
    """The bytes of values, computed one by one."""
    shares = [255 * (float(v) - black) / (white - black) for v in values.ravel()]
    return np.array([min(255, max(0, round(s))) for s in shares], np.uint8).reshape(values.shape)


# ---------------------------------------------------------------------- channels


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 13])
def test_arrays_keep_their_channels(tmp_path, channels):
    images = noise(6, 16, 16, channels)
    np.savez(tmp_path / "x.npz", image=images)
    for i, image in enumerate(images):
        (tmp_path / "x").mkdir(exist_ok=True)
        np.save(tmp_path / "x" / f"{i}.npy", image)
    for source in (open_source(f"npz:{tmp_path}/x.npz"), open_source(f"folder:{tmp_path}/x")):
        fitting = fit_for(source, image_size=16, channels=channels)
        np.testing.assert_array_equal(load_images(source, fitting), images)
        half = load_images(source, fit_for(source, image_size=8, channels=channels))
        for channel in range(channels):  # each as grey images of their own
            alone = ArraySource("alone", images[..., channel])
            np.testing.assert_array_equal(half[..., [channel]], load_images(alone, Fit(8, 1)))
    assert fit_for(ArraySource("x", images)).channels == {1: 1, 2: 1, 4: 3}.get(channels, channels)
    other = 3 if channels > 4 else 5
    with pytest.raises(InputError, match=f"has {channels} channels where {other} are expected"):
        load_images(source, Fit(16, other))


def test_alpha_is_kept_where_a_model_has_it(tmp_path):
    pixels = noise(8, 8, 4)
    pixels[:4, :, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "1.png")
    source = open_source(f"folder:{tmp_path}")
    np.testing.assert_array_equal(
        load_images(source, fit_for(source, image_size=8, channels=4))[0], pixels
    )
    # Colours under transparent pixels do not bleed into the others when they are resampled.
    pixels[:4, :, :3], pixels[4:] = (255, 0, 0), (0, 0, 255, 255)
    Image.fromarray(pixels).save(tmp_path / "1.png")
    (small,) = load_images(source, fit_for(source, image_size=3, channels=4))
    shown = small[..., 3] > 8
    assert 0 < shown.sum() < 9
    assert small[shown][:, 0].max() == 0
    assert small[shown][:, 2].min() == 255
    bled = Fit(3, 4, alpha=False)(pixels, "")  # as measurements they do
    assert bled[shown][:, 0].max() > 0


def test_channels_are_added_and_removed():
    grey, colour = noise(2, 2, 1), noise(2, 2, 3)
    opaque = np.full_like(grey, 255)
    np.testing.assert_array_equal(with_channels(colour, 4), np.concatenate([colour, opaque], -1))
    np.testing.assert_array_equal(with_channels(grey, 2), np.concatenate([grey, opaque], -1))
    np.testing.assert_array_equal(
        with_channels(np.concatenate([grey, grey // 2], -1), 4),
        np.concatenate([grey, grey, grey, grey // 2], -1),
    )
    two = with_channels(np.concatenate([colour, grey], -1), 2)
    np.testing.assert_array_equal(two[..., 1:], grey)
    np.testing.assert_array_equal(two[..., :1], with_channels(colour, 1))


def test_channels_first_are_refused():
    for shape in ((2, 5, 16, 16), (2, 1, 8, 8), (2, 8, 8, 8)):
        with pytest.raises(InputError, match="reshape or transpose"):
            ArraySource("x", np.zeros(shape, np.uint8))


# ---------------------------------------------------------------------- folders of arrays


def test_a_folder_of_arrays(tmp_path):
    values = np.linspace(-2, 3, 64, dtype=np.float32).reshape(8, 8)
    for name in ("train/a/1", "train/b/1", "test/a/1"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / f"{name}.npy", values)
    spec = f"folder:{tmp_path}"
    source = open_source(spec, white=2, black=-1)
    assert source.class_names == ("a", "b")
    np.testing.assert_array_equal(source[0], window(values, -1, 2)[..., np.newaxis])
    assert source.size(0) == (8, 8)
    with pytest.raises(InputError, match=r"float32 \(from -2 to 3\).*--config.data.white"):
        open_source(spec)[0]
    domains = open_domains(f"{spec}/train/a|{spec}/train/b", white=2, black=-1)
    a, _ = load_pairs(domains, image_size=8, channels=(1, 1))
    np.testing.assert_array_equal(a[0], source[0])
    # Earlier versions did not read them beside pictures.
    Image.fromarray(noise(8, 8)).save(tmp_path / "train" / "a" / "2.png")
    assert [len(open_source(spec, formats=formats)) for formats in ("all", "common")] == [3, 1]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(3), r"is float64 \[3\], not numbers \[H, W\]"),
        (np.zeros((2, 3, 4, 3)), "write one image into each file"),
        (np.zeros((5, 9, 9)), "whose last axis is too long"),
        (np.zeros((2, 2), complex), "is complex128"),
        (np.array([["a"]]), "not numbers"),
        (np.array([[{}]], object), r"1.npy cannot be read \(ValueError: (?!ValueError)"),
    ],
)
def test_arrays_that_are_no_images(tmp_path, values, message):
    np.save(tmp_path / "1.npy", values, allow_pickle=True)
    with pytest.raises(InputError, match=message):
        open_source(f"folder:{tmp_path}", white=1)[0]


def test_black_and_white_of_files_and_of_npz(tmp_path):
    deep = np.arange(0, 4096, 64, dtype=np.uint16).reshape(8, 8)
    Image.fromarray(deep).save(tmp_path / "1.png")
    found = open_source(f"folder:{tmp_path}", white=3000, black=500)[0]
    np.testing.assert_array_equal(found[..., 0], window(deep, 500, 3000))
    np.savez(tmp_path / "x.npz", image=deep[np.newaxis])
    found = open_source(f"npz:{tmp_path}/x.npz", white=3000, black=500)[0]
    np.testing.assert_array_equal(found[..., 0], window(deep, 500, 3000))
    for black, white, message in (
        (5, 5, "black: expected a number below white=5, got 5"),
        (5, None, "black: expected white .* with it"),
        (None, -1, "white: expected a number from 0 up"),
        (float("nan"), 1, "black: expected a number"),
    ):
        with pytest.raises(InputError, match=message):
            open_source(f"folder:{tmp_path}", white=white, black=black)


def test_masks_in_arrays_bring_the_warning_that_those_in_pictures_bring(tmp_path):
    mask = noise(8, 8) // 128
    np.save(tmp_path / "1.npy", mask)
    with pytest.warns(UserWarning, match=r"its 8-bit images are nearly black.*masks of 0 and 1"):
        open_source(f"folder:{tmp_path}")
    np.save(tmp_path / "1.npy", 255 * mask)
    np.testing.assert_array_equal(open_source(f"folder:{tmp_path}")[0][..., 0], 255 * mask)


# ---------------------------------------------------------------------- TIFF


def test_tiff_that_pillow_cannot_read(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    bands = np.random.default_rng(0).normal(size=(6, 8, 5)).astype(np.float32)
    tifffile.imwrite(tmp_path / "1.tif", bands, photometric="minisblack", planarconfig="contig")
    planes = np.moveaxis(bands, 2, 0)
    tifffile.imwrite(tmp_path / "2.tif", planes, photometric="minisblack", planarconfig="separate")
    source = open_source(f"folder:{tmp_path}", white=2, black=-2)
    for i in range(2):
        np.testing.assert_array_equal(source[i], window(bands, -2, 2))
        assert source.size(i) == (8, 6)
    with pytest.raises(InputError, match=r"1.tif has values of type float32"):
        open_source(f"folder:{tmp_path}")[0]
    bytes_ = noise(6, 8, 5)
    tifffile.imwrite(tmp_path / "1.tif", bytes_, photometric="minisblack", planarconfig="contig")
    np.testing.assert_array_equal(open_source(f"folder:{tmp_path}")[0], bytes_)
    # 16-bit colour, of which Pillow reads the upper 8 bits alone.
    colour = np.random.default_rng(0).integers(0, 4096, (6, 8, 3), np.uint16)
    tifffile.imwrite(tmp_path / "1.tif", colour, photometric="rgb")
    np.testing.assert_array_equal(
        open_source(f"folder:{tmp_path}", white=4095)[0], window(colour, 0, 4095)
    )
    (tmp_path / "1.tif").write_bytes(b"II*\0 and no more")
    with pytest.raises(InputError, match=r"1.tif cannot be read"):
        open_source(f"folder:{tmp_path}")[0]


def test_pages_of_tiff(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    pages = noise(5, 8, 9)
    tifffile.imwrite(tmp_path / "1.tif", pages, photometric="minisblack")
    first, all_ = (open_source(f"folder:{tmp_path}", pages=each) for each in scientific.PAGES)
    np.testing.assert_array_equal(first[0], pages[0][..., np.newaxis])  # as before
    np.testing.assert_array_equal(all_[0], np.moveaxis(pages, 0, 2))
    assert (first.alpha, all_.alpha) == (True, False)
    with pytest.raises(InputError, match="pages: expected first or channels, got 'all'"):
        open_source(f"folder:{tmp_path}", pages="all")


TURNED = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: np.rot90(x, 2).swapaxes(0, 1),
    8: lambda x: np.rot90(x),
}


@pytest.mark.parametrize("turn", TURNED)
def test_every_reader_turns_tiff_upright(tmp_path, turn):
    """Pillow reads the first file; tifffile the others."""
    tifffile = pytest.importorskip("tifffile")
    file, tag = tmp_path / "1.tif", [(274, 3, 1, turn, False)]
    colour, bands = noise(6, 8, 3), noise(5, 6, 8)
    floats = np.float32(colour) / 255
    for values, options, stored in (
        (colour, {"photometric": "rgb"}, colour),
        (floats, {"photometric": "rgb"}, colour),
        (bands, {"photometric": "minisblack"}, np.moveaxis(bands, 0, 2)),
    ):
        tifffile.imwrite(file, values, extratags=tag, **options)
        pages = "channels" if stored.shape[2] == 5 else "first"
        expected = TURNED[turn](stored)
        np.testing.assert_array_equal(decode(file, white=1, pages=pages), expected)
        assert pages == "channels" or measure(file) == expected.shape[1::-1]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("pages", scientific.PAGES)
def test_every_reader_turns_white_is_zero_into_black_is_zero(tmp_path, kind, pages):
    tifffile = pytest.importorskip("tifffile")
    white = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[kind]
    values = (noise(6, 8) / 255 * white).astype(kind)
    images = []
    for name in ("miniswhite", "minisblack"):
        tifffile.imwrite(tmp_path / "1.tif", values, photometric=name)
        images.append(decode(tmp_path / "1.tif", white=white, pages=pages))
        deep = decode_16_bits(tmp_path / "1.tif", DecodingRules(white, pages=pages))
        np.testing.assert_allclose(deep / 257, images[-1], atol=0.51)
    np.testing.assert_array_equal(images[0], 255 - images[1])
    np.testing.assert_array_equal(images[1][..., 0], noise(6, 8))


def test_alpha_of_tiff_is_what_the_file_says(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    values = np.random.default_rng(0).integers(0, 65536, (6, 8, 4), np.uint16)
    file = tmp_path / "1.tif"
    tifffile.imwrite(file, values, photometric="rgb", extrasamples=["unassalpha"])
    source = open_source(f"folder:{tmp_path}", white=4095)
    assert source.alpha
    np.testing.assert_array_equal(source[0][..., :3], window(values[..., :3], 0, 4095))
    np.testing.assert_array_equal(source[0][..., 3], window(values[..., 3], 0, 65535))
    # Four bands that are no colours: none is opacity, whoever reads them.
    tifffile.imwrite(file, noise(6, 8, 4), photometric="minisblack", planarconfig="contig")
    assert not open_source(f"folder:{tmp_path}").alpha


def test_pages_and_palettes_of_tiff_as_channels(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    pages, file = noise(3, 6, 8), tmp_path / "1.tif"
    with tifffile.TiffWriter(file) as writer:
        for page in pages:  # each a series of its own
            writer.write(page, photometric="minisblack", contiguous=False)
    np.testing.assert_array_equal(decode(file, pages="channels"), np.moveaxis(pages, 0, 2))
    with tifffile.TiffWriter(file) as writer:
        for size in (8, 6):
            writer.write(noise(size, size), photometric="minisblack", contiguous=False)
    with pytest.raises(InputError, match="has pages of 6x6 and 8x8 pixels"):
        decode(file, pages="channels")
    colours = np.random.default_rng(0).integers(0, 65536, (3, 256), np.uint16)
    tifffile.imwrite(file, pages[0], photometric="palette", colormap=colours)
    shown = decode(file)
    assert shown.shape == (6, 8, 3)
    np.testing.assert_array_equal(decode(file, pages="channels"), shown)


def test_16_bits_are_read_in_the_same_window(tmp_path):
    """`decode_16_bits` is `decode` with finer steps, for every reader."""
    tifffile = pytest.importorskip("tifffile")
    rules = DecodingRules(white=3000.0, black=1000.0)
    grey = np.random.default_rng(0).integers(0, 4096, (6, 8), np.uint16)
    Image.fromarray(grey).save(tmp_path / "1.png")
    np.save(tmp_path / "2.npy", grey)
    tifffile.imwrite(tmp_path / "3.tif", np.float32(grey))
    colour = np.float32([grey] * 3)
    tifffile.imwrite(tmp_path / "4.tif", colour, photometric="rgb", planarconfig="separate")
    for name in ("1.png", "2.npy", "3.tif", "4.tif"):
        deep = decode_16_bits(tmp_path / name, rules)
        expected = np.clip(np.rint((grey.astype(float) - 1000) * 65535 / 2000), 0, 65535)
        for channel in range(deep.shape[2]):
            np.testing.assert_array_equal(deep[..., channel], expected)
        assert len(np.unique(deep)) > 20
        eight = decode(tmp_path / name, white=3000, black=1000)
        np.testing.assert_array_equal(eight[..., 0], window(grey, 1000, 3000))


# ---------------------------------------------------------------------- DICOM


def dicom(path, values, photometric="MONOCHROME2", slope=None, intercept=None, **entries):
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    colour = photometric == "RGB"
    shape = values.shape[:-1] if colour else values.shape
    data.Rows, data.Columns = shape[-2:]
    if len(shape) == 3:
        data.NumberOfFrames = shape[0]
    data.SamplesPerPixel = 3 if colour else 1
    if colour:
        data.PlanarConfiguration = 0
    data.PhotometricInterpretation = photometric
    bits = 8 * values.dtype.itemsize
    data.BitsAllocated, data.BitsStored, data.HighBit = bits, bits, bits - 1
    data.PixelRepresentation = int(values.dtype.kind == "i")
    if slope is not None:
        data.RescaleSlope, data.RescaleIntercept = slope, intercept
    for name, value in entries.items():
        setattr(data, name, value)
    data.PixelData = values.tobytes()
    data.save_as(path)


def test_dicom(tmp_path):
    pytest.importorskip("pydicom")
    stored = np.arange(0, 4096, 64, dtype=np.uint16).reshape(8, 8)
    dicom(tmp_path / "1.dcm", stored, slope=2, intercept=-1024)
    source = open_source(f"folder:{tmp_path}", white=3000, black=-500)
    hounsfield = 2.0 * stored - 1024
    np.testing.assert_array_equal(source[0][..., 0], window(hounsfield, -500, 3000))
    with pytest.raises(InputError, match=r"float64 \(from -1024 to 7040\).*--config.data.black"):
        open_source(f"folder:{tmp_path}")[0]
    negative = (stored // 16).astype(np.uint8)
    dicom(tmp_path / "1.dcm", negative, "MONOCHROME1")
    np.testing.assert_array_equal(open_source(f"folder:{tmp_path}")[0][..., 0], 255 - negative)
    colour = noise(6, 8, 3)
    dicom(tmp_path / "1.dcm", colour, "RGB")
    np.testing.assert_array_equal(open_source(f"folder:{tmp_path}")[0], colour)
    assert measure(tmp_path / "1.dcm") == (8, 6)
    frames = noise(3, 8, 9)
    dicom(tmp_path / "1.dcm", frames)
    np.testing.assert_array_equal(decode(tmp_path / "1.dcm")[..., 0], frames[0])
    np.testing.assert_array_equal(
        decode(io.BytesIO((tmp_path / "1.dcm").read_bytes()), "x.dcm", pages="channels"),
        np.moveaxis(frames, 0, 2),
    )
    (tmp_path / "1.dcm").write_bytes(b"nothing")
    with pytest.raises(
        InputError, match=r"1.dcm cannot be read \(InvalidDicomError: (?!InvalidDicomError)"
    ):
        open_source(f"folder:{tmp_path}")[0]


def test_dicom_of_8_bits_and_of_a_palette(tmp_path):
    pytest.importorskip("pydicom")
    grey = noise(6, 8)
    dicom(tmp_path / "1.dcm", grey, slope=1, intercept=0)
    np.testing.assert_array_equal(decode(tmp_path / "1.dcm")[..., 0], grey)
    dicom(tmp_path / "1.dcm", grey, slope=2, intercept=0)
    with pytest.raises(InputError, match="has values of type float64"):
        decode(tmp_path / "1.dcm")
    colours = np.random.default_rng(0).integers(0, 65536, (3, 256), np.uint16)
    entries = {}
    for name, table in zip(("Red", "Green", "Blue"), colours, strict=True):
        entries[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        entries[f"{name}PaletteColorLookupTableData"] = table.tobytes()
    dicom(tmp_path / "1.dcm", grey, "PALETTE COLOR", **entries)
    expected = np.stack([(table >> 8)[grey] for table in colours], -1)
    np.testing.assert_array_equal(decode(tmp_path / "1.dcm"), expected)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
    (tmp_path / "1.dcm").write_bytes(b"x")
    with pytest.raises(InputError, match=r"1.dcm \(pip install 'tfgan_zoo\[scientific\]'"):
        open_source(f"folder:{tmp_path}")[0]

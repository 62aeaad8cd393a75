"""TIFF images that are translated in bands."""

import io
import os

import numpy as np
import pytest
from PIL import Image, ImageCms

from tfgan_zoo import cli, translate
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import large_tiff
from tfgan_zoo.pictures.tiling import Tiling, apply_tiled, tile_weights

IMAGE = np.random.default_rng(0).integers(0, 256, (53, 41, 3), np.uint8)


def smoothed(image):
    """Depends on neighbours and on the tile's mean, as normalization does."""
    values = image / 127.5 - 1
    mixed = values + np.roll(values, 1, 0) + np.roll(values, -1, 1) - values.mean()
    return (mixed / 4).astype(np.float32)


def enlarged(image):
    return np.repeat(np.repeat(smoothed(image), 2, 0), 2, 1)


@pytest.mark.parametrize("tile", [16, 24, 64])
@pytest.mark.parametrize(("scale", "blend"), [(1, False), (1, True), (2, False)])
def test_bands_are_those_of_the_whole_image(tile, scale, blend):
    overlap = tile // 2 if blend else 6
    cut = Tiling(tile, overlap, overlap if blend else 3, scale, 2)
    function = smoothed if scale == 1 else enlarged
    whole = apply_tiled(function, IMAGE, tile, overlap, scale, cut.fade, 2)
    bands = list(
        large_tiff.bands(lambda top, stop: IMAGE[top:stop], IMAGE.shape[:2], function, cut)
    )
    np.testing.assert_array_equal(np.concatenate(bands), whole)
    done = np.cumsum([0, *map(len, bands)])
    for start in done[:-1]:  # also where three tiles meet
        later = large_tiff.bands(
            lambda top, stop: IMAGE[top:stop],
            IMAGE.shape[:2],
            function,
            cut,
            int(start) // scale,
        )
        np.testing.assert_array_equal(np.concatenate(list(later)), whole[start:])


def test_an_overlap_is_less_than_the_tile_of_a_model_that_enlarges():
    """By the tile's side in the image, a quarter of that in the result."""
    assert Tiling.of(0, 255, 4) == (256, 255, 127, 4, 1)
    for overlap in (256, 512):
        with pytest.raises(InputError, match="--overlap: expected 0 to 255, less than a tile"):
            Tiling.of(0, overlap, 4)


def stop_at(number):
    calls = []

    def function(image):
        calls.append(image.shape)
        if len(calls) == number:
            raise KeyboardInterrupt
        return smoothed(image)

    return function, calls


@pytest.mark.parametrize("options", [{}, {"tile": (16, 16)}, {"rowsperstrip": 7}])
def test_a_stopped_translation_goes_on(tmp_path, options, capsys):
    tifffile = pytest.importorskip("tifffile")
    source, output = tmp_path / "scan.tif", tmp_path / "out" / "painted.tif"
    tifffile.imwrite(source, IMAGE, photometric="rgb", compression="zlib", **options)
    cut = Tiling(16, 4, 2)
    tiles = len(tile_weights(41, 16, 4, 2))
    function, _ = stop_at(2 * tiles + 2)
    with pytest.raises(KeyboardInterrupt):
        large_tiff.translate(source, output, function, 3, cut, "a" * 64)
    assert not output.exists()
    function, calls = stop_at(0)
    large_tiff.translate(source, output, function, 3, cut, "a" * 64)
    assert "Resumed at row 24 of 53." in capsys.readouterr().err
    # The band before is made once more, for the pixels that it shares with the next one.
    assert len(calls) == 4 * tiles
    expected = apply_tiled(smoothed, IMAGE, 16, 4, 1, 2)
    expected = np.round((np.clip(expected, -1, 1) + 1) * 127.5).astype(np.uint8)
    found = tifffile.imread(output).astype(int)
    assert np.abs(found - expected).max() <= 1
    assert [path.name for path in output.parent.iterdir()] == ["painted.tif"]
    with tifffile.TiffFile(output) as written:
        assert written.pages[0].tilewidth == 512


def test_a_grey_image_stays_grey_when_asked(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    source, output = tmp_path / "scan.tif", tmp_path / "out.tif"
    tifffile.imwrite(source, IMAGE[..., 0], photometric="minisblack")

    def red(image):
        return (image / 127.5 - 1) * np.float32([1, 0.5, 0.5])

    large_tiff.translate(source, output, red, 3, Tiling(16, 4, 2), "a" * 64, keeps_grey=True)
    values = IMAGE[..., 0] / 127.5 - 1
    expected = np.round((values * (0.299 + 0.5 * 0.701) + 1) * 127.5)
    assert np.abs(tifffile.imread(output) - expected).max() <= 1


def translated(tmp_path, name="out.tif", **options):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "scan.tif", IMAGE, photometric="rgb", **options)
    output = tmp_path / name
    cut = Tiling(16, 4, 2)
    large_tiff.translate(
        tmp_path / "scan.tif", output, lambda image: image / 127.5 - 1, 3, cut, "a" * 64
    )
    return tifffile.imread(output)


@pytest.mark.parametrize(
    "options",
    [{}, {"compression": "zlib", "predictor": True}, {"bigtiff": True, "byteorder": ">"}],
    ids=["one strip", "predictor", "big"],
)
def test_pixels_stay_in_their_places(tmp_path, options):
    np.testing.assert_array_equal(translated(tmp_path, **options), IMAGE)


def test_a_file_in_one_strip_is_not_read_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(large_tiff, "_read_rows", None)
    np.testing.assert_array_equal(translated(tmp_path), IMAGE)


def test_colours_of_a_profile_become_srgb(tmp_path):
    pytest.importorskip("tifffile")
    profile = pytest.importorskip("imagecodecs").cms_profile("adobergb")
    found = translated(tmp_path, iccprofile=profile)
    assert np.abs(found.astype(int) - IMAGE).max() > 20
    expected = ImageCms.profileToProfile(
        Image.fromarray(IMAGE),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert np.abs(found.astype(int) - np.asarray(expected)).max() <= 2


def test_rows_that_a_file_lacks_are_made_again(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    source, output = tmp_path / "scan.tif", tmp_path / "out.tif"
    tifffile.imwrite(source, IMAGE, photometric="rgb")
    cut = Tiling(16, 4, 2)
    function, _ = stop_at(10)
    with pytest.raises(KeyboardInterrupt):
        large_tiff.translate(source, output, function, 3, cut, "a" * 64)
    os.truncate(tmp_path / f".part-{'a' * 12}.rows", 5)
    function, _ = stop_at(0)
    large_tiff.translate(source, output, function, 3, cut, "a" * 64)
    large_tiff.translate(source, tmp_path / "whole.tif", function, 3, cut, "b" * 64)
    np.testing.assert_array_equal(tifffile.imread(output), tifffile.imread(tmp_path / "whole.tif"))


def test_a_damaged_file_is_named_and_nothing_stays(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, IMAGE, photometric="rgb", compression="zlib")
    with tifffile.TiffFile(source) as opened:
        place = opened.pages[0].dataoffsets[0]
    with source.open("r+b") as file:
        file.seek(place)
        file.write(b"damaged")
    with pytest.raises(InputError, match=r"scan.tif' cannot be read"):
        large_tiff.translate(source, tmp_path / "out.tif", smoothed, 3, Tiling(16, 4, 2), "a" * 64)
    assert [path.name for path in tmp_path.iterdir()] == ["scan.tif"]


def test_others_are_refused_before_anything_is_made(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    source = tmp_path / "scan.tif"
    tifffile.imwrite(source, IMAGE.astype(np.uint16), photometric="rgb")
    with pytest.raises(InputError, match=r"expected 8-bit grey or RGB .*3 x uint16 \(RGB\)"):
        large_tiff.check(source, tmp_path / "out.tif", overwrite=False)
    (tmp_path / "out.tif").write_text("x")
    with pytest.raises(InputError, match="add --overwrite"):
        large_tiff.check(source, tmp_path / "out.tif", overwrite=False)
    (tmp_path / "bad.tif").write_text("no TIFF")
    with pytest.raises(InputError, match="cannot be read as a TIFF"):
        large_tiff.check(tmp_path / "bad.tif", tmp_path / "new.tif", overwrite=False)


@pytest.mark.parametrize("flag", ["--size=64", "--style=0", "--style_labels=a.png"])
def test_flags_that_do_not_apply_are_refused(tmp_path, capsys, flag):
    with pytest.raises(SystemExit) as stop:
        cli.run(
            translate.main,
            [f"--workdir={tmp_path}", "--input=a.tif", "--output=b.tif", flag],
        )
    assert stop.value.code == 2
    name = flag.partition("=")[0]
    assert f"{name}: expected none for a TIFF that becomes a TIFF" in capsys.readouterr().err

import base64
import io
import re
import shutil
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_zoo import pictures
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import labels
from tfgan_zoo.pictures.labels import TITLES
from tfgan_zoo.reporting import album


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def test_to_uint8_rounds_and_clips():
    floats = np.array([-2.0, -1.0, -1 + 1.4 / 255, -1 + 1.6 / 255, 0.0, 1.0, 7.0])
    came = pictures.to_uint8(floats)
    assert came.dtype == np.uint8
    assert came.tolist() == [0, 0, 1, 1, 128, 255, 255]


def test_to_uint8_refuses_what_is_converted_already():
    for pixels in (np.zeros(3, np.uint8), tf.zeros(3, tf.uint8)):
        with pytest.raises(ValueError, match=r"^images: expected floats in .*, got uint8\.$"):
            pictures.to_uint8(pixels)


def test_to_uint8_undoes_the_models_scaling():
    levels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(pictures.to_uint8(levels.astype("float32") / 127.5 - 1), levels)


@pytest.mark.parametrize(
    ("output", "known", "kinds"),
    [
        ("grid.bmp", [".png"], "a .png or a folder"),
        ("~/grid.TGA", [".png", ".gif"], "a .png, a .gif or a folder"),
        ("walk.mp4", [".png", ".gif"], "a .png, a .gif or a folder"),
        ("grid.gif", [".png"], "a .png or a folder"),
    ],
)
def test_outputs_that_are_other_pictures(output, known, kinds):
    with pytest.raises(InputError, match=f"--output: expected {kinds}, got '{output}'"):
        pictures.check_ending(output, known)


def test_outputs_that_can_be_written(tmp_path):
    (tmp_path / "a.bmp").mkdir()
    for output in (tmp_path / "a.bmp", tmp_path / "grid.PNG", "images", "run.v2", "images.2026"):
        pictures.check_ending(output, [".png"])
    for output in ("photo.jpg", "photo.JPEG"):
        pictures.check_ending(output, [".png", ".jpg"])


def test_grid_layout():
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((3, 4, 5, 1), np.uint8)
    sheet = pictures.grid(images, columns=2, gap=2)
    assert sheet.shape == (10, 12, 3)
    assert np.all(sheet[:4, :5] == 0)
    assert np.all(sheet[:4, 7:] == 1)
    assert np.all(sheet[6:, :5] == 2)
    assert np.all(sheet[6:, 7:] == 255)
    assert np.all(sheet[4:6] == 255)
    assert pictures.grid(np.zeros((9, 4, 4, 3), np.uint8)).shape == (16, 16, 3)


def test_enlarge_by_a_whole_factor():
    big = pictures.enlarge(np.arange(4, dtype=np.uint8).reshape(2, 2), 6)
    assert big.tolist() == [[0] * 3 + [1] * 3] * 3 + [[2] * 3 + [3] * 3] * 3
    assert pictures.enlarge(np.zeros((600, 700)), 512).shape == (600, 700)
    # A strip of twelve frames would be 6,496 pixels wide.
    assert pictures.enlarge(np.zeros((32, 406)), 512).shape == (160, 2030)
    assert pictures.enlarge(np.zeros((406, 32)), 512).shape == (2030, 160)
    assert pictures.enlarge(np.zeros((2, 4000)), 512).shape == (2, 4000)


def test_scatter():
    plot = pictures.scatter(np.array([[1.0, 1.0]]), np.array([[-1.0, -1.0]]), size=100)
    blue = np.argwhere(np.all(plot == (31, 80, 200), axis=-1)).mean(axis=0)
    grey = np.argwhere(np.all(plot == (200, 200, 200), axis=-1)).mean(axis=0)
    np.testing.assert_allclose(blue, [10, 90], atol=1)  # above, to the right
    np.testing.assert_allclose(grey, [90, 10], atol=1)


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_points_of_any_dimension_are_drawn(dimensions):
    assert pictures.sheet(np.zeros((4, dimensions))).shape == (384, 384, 3)


@pytest.mark.parametrize("path", ["spherical", "linear"])
def test_walk(path):
    anchors = np.random.default_rng(0).normal(size=(3, 8)).astype("float32")
    vectors = pictures.walk(anchors, 5, path)
    assert vectors.shape == (10, 8)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors[[0, 4, 5, 9]], anchors[[0, 1, 1, 2]])
    closed = pictures.walk(anchors, 5, path, closed=True)
    assert closed.shape == (12, 8)
    assert np.array_equal(closed[::4], anchors)
    with pytest.raises(InputError, match="'spherical' or 'linear', got 'cubic'"):
        pictures.walk(anchors, 5, "cubic")


def test_slerp_stays_on_the_shell():
    start, end = np.array([3.0, 0, 0]), np.array([0, 3.0, 0])
    for t in np.linspace(0, 1, 7):
        angle = t * np.pi / 2
        expected = [3 * np.cos(angle), 3 * np.sin(angle), 0]
        np.testing.assert_allclose(pictures.slerp(start, end, t), expected, atol=1e-12)


def test_slerp_where_there_is_no_great_circle():
    start = np.array([1.0, 2.0])
    np.testing.assert_array_equal(pictures.slerp(start, start, 0.5), start)
    np.testing.assert_array_equal(pictures.slerp(start, -start, 0.5), [0, 0])
    np.testing.assert_array_equal(pictures.slerp(start, 0 * start, 0.5), start / 2)


@pytest.mark.parametrize("channels", [1, 3])
def test_files(tmp_path, channels):
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, channels), np.uint8)
    pictures.save_png(tmp_path / "new" / "one.png", images[0])
    with Image.open(tmp_path / "new" / "one.png") as png:
        assert np.array_equal(np.asarray(png).reshape(8, 8, channels), images[0])
    pictures.save_gif(tmp_path / "walk.gif", images)
    with Image.open(tmp_path / "walk.gif") as gif:
        assert gif.n_frames == 4
        assert gif.info["loop"] == 0
    many = tmp_path / "many"
    assert pictures.save_folder(many, images, ["a", "b", "c", "d"]) == 4
    assert pictures.save_folder(many, iter(images[:2])) == 2
    assert sorted(p.name for p in many.iterdir()) == ["000000.png", "000001.png"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["many", "new", "walk.gif"]


@pytest.mark.parametrize("name", ["2019.png", "0001.PNG", "notes.txt", "000001.png.bak"])
def test_files_of_others_stay(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(
        InputError, match=rf"expected only files .*, got {re.escape(name)}; give another folder"
    ):
        pictures.save_folder(tmp_path, np.zeros((2, 8, 8, 3), np.uint8))
    assert [p.read_text() for p in tmp_path.iterdir()] == ["mine"]


def test_a_folder_is_complete_or_as_it_was(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    pictures.save_folder(tmp_path / "many", images)
    with pytest.raises(TypeError):
        pictures.save_folder(tmp_path / "many", [images[1], np.zeros((2, 2), np.complex64)])
    assert len(list((tmp_path / "many").iterdir())) == 3
    with Image.open(tmp_path / "many" / "000000.png") as first:
        assert np.array_equal(np.asarray(first), images[0])
    assert [p.name for p in tmp_path.iterdir()] == ["many"]


def test_a_film_shows_its_frames(tmp_path):
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("no ffmpeg is on the PATH")
    frames = np.zeros((4, 33, 65, 3), np.uint8)  # odd sides
    for i, frame in enumerate(frames):
        frame[:, 16 * i : 16 * i + 16] = 200
    pictures.save_mp4(tmp_path / "film.mp4", frames)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    command = [ffmpeg, "-loglevel", "error", "-i", str(tmp_path / "film.mp4"), "-f", "rawvideo"]
    shown = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], check=True, capture_output=True)
    found = np.frombuffer(shown.stdout, np.uint8).reshape(4, 34, 66, 3)
    assert np.abs(found[:, :33, :65].astype(int) - frames).mean() < 10
    with pytest.raises(InputError, match=r"ffmpeg cannot write '.*empty\.mp4': "):
        pictures.save_mp4(tmp_path / "empty.mp4", frames[:, :, :0])
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_labels(monkeypatch):
    images = np.zeros((1, 1, 64, 64, 3), np.uint8)
    label = "a very long caption that goes on"
    wide = pictures.labelled_rows([label], images)
    assert 64 < wide.shape[1] <= 400
    assert pictures.labelled_rows([label * 9], images).shape[1] == 400
    # Pillow's own font only has ASCII.
    monkeypatch.setattr(labels, "_font", labels._pillow_font)
    for given, plain in (("größer", "grosser"), ("café  noir", "cafe noir"), ("赤", "?")):
        np.testing.assert_array_equal(
            pictures.labelled_rows([given], images), pictures.labelled_rows([plain], images)
        )


@pytest.mark.parametrize(
    ("rows", "deep", "columns"), [(3, 3, 1), (13, 13, 1), (14, 7, 2), (48, 16, 3), (47, 16, 3)]
)
def test_many_labelled_rows_stand_in_columns(rows, deep, columns):
    images = noise(rows, 8, 16, 16, 3)
    names = [f"class {i}" for i in range(rows)]
    sheet = pictures.labelled_rows(names, images)
    height, width = 22 + 64, 8 * 64 + 7 * 2
    assert sheet.shape == (deep * height, columns * (width + 16) - 16, 3)
    large = images.repeat(4, 2).repeat(4, 3)
    for i in range(rows):
        top, left = i % deep * height, i // deep * (width + 16)
        row = sheet[top : top + height, left : left + width]
        for j in (0, 7):
            np.testing.assert_array_equal(row[22:, 66 * j : 66 * j + 64], large[i, j])
        alone = pictures.labelled_rows([names[i]], images[i : i + 1])
        np.testing.assert_array_equal(row, alone)
    # A class that is missing in the last column leaves white.
    assert np.all(sheet[rows % deep * height :, -width:] == 255) or rows % deep == 0


def test_wide_rows_stay_below_one_another():
    images = np.zeros((20, 24, 64, 64, 3), np.uint8)
    assert pictures.labelled_rows(["a"] * 20, images).shape == (20 * 86, 24 * 66 - 2, 3)


def test_a_failed_save_leaves_the_old_picture(tmp_path):
    path = tmp_path / "one.png"
    pictures.save_png(path, np.zeros((2, 2), np.uint8))
    before = path.read_bytes()
    with pytest.raises(TypeError):
        pictures.save_png(path, np.zeros((2, 2), np.complex64))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["one.png"]


# --- titles


@pytest.mark.parametrize(("side", "num"), [(100, 3), (40, 3), (20, 6), (128, 1)])
def test_titles_cover_no_pixels(side, num):
    batches = [noise(2, side, side, 3, seed=i) for i in range(num)]
    titles = ["input", "translated", "target", "b", "b to a", "back to b"][:num]
    plain, titled = pictures.rows(batches), pictures.titled_rows(titles, batches)
    strip, below = titled[:TITLES], titled[TITLES:]
    np.testing.assert_array_equal(below[:, : plain.shape[1]], plain)
    assert (below[:, plain.shape[1] :] == 255).all()
    assert (strip[[0, -1]] == 255).all()
    # Each column has its title above it, or all stand in one line.
    dark = (strip < 128).any(axis=(0, 2))
    over = [dark[i * (side + 2) : i * (side + 2) + side].any() for i in range(num)]
    assert all(over)
    if side >= 100:
        assert titled.shape[1] == plain.shape[1]
        between = [dark[i * (side + 2) - 2 : i * (side + 2)].any() for i in range(1, num)]
        assert not any(between)


def test_images_under_titles_are_enlarged_as_without(monkeypatch):
    batches = [noise(2, 8, 8, 3, seed=i) for i in range(3)]
    expected = pictures.enlarge(pictures.rows(batches), 100)
    titled = pictures.titled_rows(["a", "b", "c"], batches, at_least=100)
    np.testing.assert_array_equal(titled[TITLES:], expected)
    # No file of the system is needed, so that all machines draw the same.
    monkeypatch.setattr(labels, "_font", None)
    again = pictures.titled_rows(["a", "b", "c"], batches, at_least=100)
    np.testing.assert_array_equal(again, titled)
    # White is added in whole enlarged pixels.
    long = pictures.titled_rows(["a rather long title"] * 3, batches, at_least=100)
    assert long.shape[1] > titled.shape[1]
    assert album.enlargement(long[TITLES:]) == album.enlargement(expected) == 6


def test_the_report_keeps_titles_sharp_and_pictures_small():
    batches = [noise(2, 8, 8, 3, seed=i) for i in range(3)]
    titled = pictures.titled_rows(["input", "model", "x"], batches, at_least=512)
    (picture,) = album.embed([titled], 10**6).pictures.values()
    shown, strip = (np.asarray(opened_uri(uri)) for uri in (picture.source, picture.titles))
    np.testing.assert_array_equal(shown, pictures.rows(batches))
    np.testing.assert_array_equal(strip, titled[:TITLES])
    assert (picture.width, picture.enlarged) == (titled.shape[1], True)
    # Those of plain samples, also with white above them, stay as they are.
    for plain in (titled[TITLES:], np.pad(titled[TITLES:], ((TITLES, 0), (0, 0), (0, 0)))):
        (picture,) = album.embed([plain], 10**6).pictures.values()
        assert picture.titles is None
        assert (picture.width, picture.height) == plain.shape[1::-1]


def opened_uri(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB")

"""Files appear complete or not at all, under names of any length that a file can have."""

import os
import re
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import atomic, evaluation, files, pictures, runs
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.pairs import Scores
from tfgan_zoo.reporting.page import write_page
from tfgan_zoo.serving import asking

#: 82 letters of three bytes and an ending: 250 bytes, and a file's name may have 255.
LONG = "長" * 82


def image(path):
    pictures.save_png(path, np.zeros((2, 2, 3), np.uint8))


WRITERS = {
    "png": image,
    "jpg": lambda path: pictures.save_image(path, np.zeros((2, 2, 3), np.uint8)),
    "gif": lambda path: pictures.save_gif(path, [np.zeros((2, 2, 3), np.uint8)]),
    "csv": lambda path: evaluation.write_csv(path, Scores(("psnr",), ("a",), np.ones((1, 1)))),
    "htm": lambda path: write_page(path, "page"),
    "txt": lambda path: runs.write_atomically(path, "text"),
    "raw": lambda path: asking.save(path, b"bytes"),
}


@pytest.mark.parametrize("ending", WRITERS)
def test_names_of_250_bytes_can_be_written(tmp_path, ending):
    path = tmp_path / f"{LONG}.{ending}"
    assert len(os.fsencode(path.name)) == 250
    for _ in range(2):  # the second time it replaces the first
        WRITERS[ending](path)
        assert [p.name for p in tmp_path.iterdir()] == [path.name]
        assert path.stat().st_size


def test_a_folder_of_a_long_name_can_be_written(tmp_path):
    assert pictures.save_folder(tmp_path / LONG, [np.zeros((2, 2, 1), np.uint8)]) == 1
    assert [p.name for p in tmp_path.iterdir()] == [LONG]


def test_the_mode_bits_are_those_of_an_ordinary_file(tmp_path):
    (tmp_path / "plain").write_text("")
    with atomic.open_replacing(tmp_path / "new") as file:
        file.write(b"1")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "new").chmod(0o640)
    with atomic.open_replacing(tmp_path / "new", sync=True) as file:
        file.write(b"2")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert (tmp_path / "new").read_bytes() == b"2"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write():
        with atomic.open_replacing(path, "w") as file:
            file.write("after")
            raise error

    with pytest.raises(type(error) if isinstance(error, OSError) else error):
        write()
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_writers_by_name_have_an_ending_to_go_by(tmp_path):
    with atomic.replacing(tmp_path / "a.keras", ending=".part.keras") as temporary:
        assert re.fullmatch(r"\.[0-9a-f]{8}-\d+\.part\.keras", temporary.name)
        temporary.write_text("model")
    assert [p.name for p in tmp_path.iterdir()] == ["a.keras"]


def test_a_folder_in_the_files_place_is_left_alone(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError), atomic.open_replacing(tmp_path / "a") as file:
        file.write(b"")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.fixture
def photos(tmp_path):
    for name in ("a", LONG, "z"):
        image(tmp_path / "in" / f"{name}.png")
    return tmp_path / "in"


def test_a_result_of_too_long_a_name_is_said_and_the_others_are_written(photos, tmp_path, capsys):
    planned = files.plan(photos, tmp_path / "out", compare=True)
    assert files.convert(planned, lambda x: x / 255, 3, compare=True) == 2
    names = ["a.png", "a_compare.png", "z.png", "z_compare.png"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == names
    err = capsys.readouterr().err
    assert err.startswith("left out: --output: expected a name of at most 255 bytes, got '長")
    assert err.count("\n") == 1
    # Without a comparison all names fit.
    planned = files.plan(photos, tmp_path / "all")
    assert files.convert(planned, lambda x: x / 255, 3) == 3
    assert {p.name for p in (tmp_path / "all").iterdir()} == {p.name for p in photos.iterdir()}


def test_the_only_result_of_too_long_a_name_is_an_error(photos, tmp_path):
    planned = files.plan(photos / f"{LONG}.png", tmp_path / "out", compare=True)
    with pytest.raises(InputError, match=r"at most 255 bytes, got .* of 258; choose a shorter one"):
        files.convert(planned, lambda x: x, 3, compare=True)
    assert not (tmp_path / "out").exists()


def test_no_other_file_renames_what_it_writes():
    """One shared helper: a twin by hand would have its faults again."""
    package = Path(atomic.__file__).parent
    # Folders and what TensorFlow wrote have no other way.
    allowed = {"atomic.py", "runs.py", "experiment.py", "serving/saved_model.py", "pictures.py"}
    allowed |= {"data/fxemoji.py"}
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"os\.(replace|rename)\(|\.rename\(|mporary\.replace\(", path.read_text())
    }
    assert found <= allowed


def test_saved_images_can_be_read(tmp_path):
    image(tmp_path / f"{LONG}.png")
    with Image.open(tmp_path / f"{LONG}.png") as opened:
        assert opened.size == (2, 2)

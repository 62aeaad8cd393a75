"""Files appear complete or not at all, under names of any length that a file can have."""

import concurrent.futures
import os
import re
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.mounts import mounted
from tfgan_zoo import atomic, evaluation, pictures
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.pairs import Scores
from tfgan_zoo.pictures import drawing, files
from tfgan_zoo.reporting.page import write_page
from tfgan_zoo.serving import requests as asking
from tfgan_zoo.serving import saved_model

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
    "txt": lambda path: atomic.write_atomically(path, "text"),
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
        assert re.fullmatch(r"\.[0-9a-f]{8}-\d+-[0-9a-f]{8}\.part\.keras", temporary.name)
        temporary.write_text("model")
    assert [p.name for p in tmp_path.iterdir()] == ["a.keras"]


def test_a_folder_in_the_files_place_is_left_alone(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError), atomic.open_replacing(tmp_path / "a") as file:
        file.write(b"")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_threads_that_write_one_path_do_not_collide(tmp_path):
    path = tmp_path / "a.bin"
    whole = [bytes([number]) * 50_000 for number in range(8)]

    def write(content):
        for _ in range(25):
            with atomic.open_replacing(path) as file:
                file.write(content[:20_000])
                file.flush()
                file.write(content[20_000:])
            assert path.read_bytes() in whole

    with concurrent.futures.ThreadPoolExecutor(len(whole)) as pool:
        list(pool.map(write, whole))
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_temporary_file_is_never_one_of_another_writer(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.secrets, "token_hex", lambda _: "00000000")
    with atomic.open_replacing(tmp_path / "a", "w") as first:
        first.write("first")
        with pytest.raises(FileExistsError), atomic.replacing(tmp_path / "a"):
            pass
    assert (tmp_path / "a").read_text() == "first"


def test_a_read_only_file_can_be_replaced_and_synced(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("before")
    path.chmod(0o444)
    modes, fsync = [], os.fsync

    def seen(descriptor):
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", seen)
    with atomic.open_replacing(path, "w", sync=True) as file:
        file.write("after")
    # Root may open any file; others need the bit to open it for writing.
    assert modes
    assert all(mode & stat.S_IWUSR for mode in modes)
    assert path.read_text() == "after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_folders_of_killed_processes_do_not_accumulate(tmp_path):
    def folder(path):
        path.mkdir(parents=True)
        (path / "file").write_text(path.name)
        return path

    model = tmp_path / "export" / "gan"
    for _ in range(3):
        folder(atomic.hidden_beside(model, ".old"))
    folder(atomic.hidden_beside(model.with_name("other"), ".old"))
    for _ in range(2):
        saved_model.place_instead(folder(atomic.hidden_beside(model, ".new")), model / "1")
    other = atomic.hidden_beside(model.with_name("other"), ".old").name[:10]
    assert sorted(p.name[:10] for p in model.parent.iterdir()) == [other, "gan"]
    # What is new may be of a process that is still at work.
    at_work, killed = (folder(atomic.hidden_beside(model, ".new")) for _ in range(2))
    os.utime(killed, (0, 0))
    atomic.remove_leftovers(model, ".new")
    assert at_work.exists()
    assert not killed.exists()


@pytest.fixture
def photos(tmp_path):
    for name in ("a", LONG, "z"):
        image(tmp_path / "in" / f"{name}.png")
    return tmp_path / "in"


def test_a_result_of_too_long_a_name_is_refused_before_any_work(photos, tmp_path):
    with pytest.raises(InputError, match=r"^--output: expected a name of at most 255 bytes"):
        files.plan(photos, tmp_path / "out", compare=True)
    planned = files.plan(photos, tmp_path / "out", compare=True, on_error="skip")
    with pytest.raises(InputError, match=r"^--output: expected a name of at most 255 bytes"):
        files.convert(planned, lambda x: x / 255, 3, compare=True)
    assert not (tmp_path / "out").exists()


def test_a_result_of_too_long_a_name_is_skipped_and_the_others_are_written(
    photos, tmp_path, capsys
):
    planned = files.plan(photos, tmp_path / "out", compare=True, on_error="skip")
    assert files.convert(planned, lambda x: x / 255, 3, compare=True, on_error="skip") == 2
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
    with pytest.raises(InputError, match=r"at most 255 bytes, got .* of 258; choose a shorter one"):
        files.plan(photos / f"{LONG}.png", tmp_path / "out", compare=True)
    assert not (tmp_path / "out").exists()


def test_a_python_caller_reads_the_name_of_the_argument(tmp_path):
    with pytest.raises(InputError, match=r"^path: expected a name of at most 255 bytes"):
        image(tmp_path / f"{LONG}1234567.png")
    with pytest.raises(InputError, match=r"^--output: expected a name of at most 255 bytes"):
        asking.paths(str(tmp_path / f"{LONG}1234567.png"), [1])
    with pytest.raises(InputError, match=r"^--output: expected a name of at most 255 bytes"):
        drawing.check_output(tmp_path / f"{LONG}1234567.png", overwrite=False)


def test_no_other_file_renames_what_it_writes():
    """One shared helper: a twin by hand would have its faults again."""
    package = Path(atomic.__file__).parent
    # Folders and what TensorFlow wrote have no other way.
    allowed = {"atomic.py", "run/checkpoints.py", "serving/saved_model.py", "pictures/save.py"}
    allowed |= {"data/fxemoji.py", "run/importing.py"}
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


def test_a_new_folder_appears_whole(tmp_path):
    (tmp_path / "plain").mkdir()
    with atomic.unfinished(tmp_path / "new") as part:
        (part / "a").write_text("1")
        atomic.move_into(part, tmp_path / "new")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "plain"]
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("whole", [False, True])
def test_a_folder_that_could_not_be_replaced_is_as_before(tmp_path, monkeypatch, whole):
    folder = tmp_path / "folder"
    folder.mkdir(0o750)
    for name in ("a", "b"):
        (folder / name).write_text("before")
    rename, targets = os.rename, []

    def fails_once(source, target):
        targets.append(Path(target))
        last = folder if whole else folder / "a"
        if targets[-1] == last and targets.count(last) == 1:
            raise OSError("no more")
        return rename(source, target)

    with atomic.unfinished(folder) as part:
        for name in ("a", "c"):
            (part / name).write_text("after")
        with monkeypatch.context() as patch:
            patch.setattr(os, "rename", fails_once)
            with pytest.raises(OSError, match="no more"):
                atomic.move_into(part, folder, whole=whole)
        assert {path.name: path.read_text() for path in folder.iterdir()} == dict.fromkeys(
            ("a", "b"), "before"
        )
        assert {path.name for path in part.iterdir()} == {"a", "c"}
        atomic.move_into(part, folder, whole=whole)
    assert {path.name: path.read_text() for path in folder.iterdir()} == dict.fromkeys(
        ("a", "c"), "after"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_what_killed_processes_left_is_removed_after_a_day(tmp_path):
    left, resumable = tmp_path / ".part-abcd1234", tmp_path / f".part-{'a' * 12}"
    for folder in (left, resumable):
        folder.mkdir()
        (folder / "a").write_text("")
        os.utime(folder, (0, 0))
    (tmp_path / ".part-young123").mkdir()
    with atomic.unfinished(tmp_path / "new"):
        assert not left.exists()
    assert {path.name for path in tmp_path.iterdir()} == {resumable.name, ".part-young123"}


def test_the_folder_that_a_command_runs_in_is_filled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic.unfinished(Path()) as part:
        (part / "a").write_text("")
        atomic.move_into(part, Path(), whole=True)
    assert os.listdir() == ["a"]


def test_the_root_of_a_volume_may_have_a_folder_of_its_own(volume):
    (volume / "lost+found").mkdir()
    for name in ("a", "b"):
        with atomic.unfinished(volume) as part:
            (part / name).write_text("")
            atomic.move_into(part, volume, whole=True)
        assert atomic.finished(volume) == [name]
    assert {path.name for path in volume.iterdir()} == {"lost+found", "b"}


def test_a_mounted_file_is_written_to(tmp_path):
    (tmp_path / "host.csv").write_text("before")
    (tmp_path / "x.csv").write_text("")
    with mounted(tmp_path / "x.csv", "--bind", str(tmp_path / "host.csv")):
        atomic.write_atomically(tmp_path / "x.csv", "after")
    assert (tmp_path / "host.csv").read_text() == "after"
    assert {path.name for path in tmp_path.iterdir()} == {"host.csv", "x.csv"}


def test_outputs_are_checked_before_time_is_spent(tmp_path, read_only):
    for fine in ("a.csv", "new/folder/a.csv", "."):
        atomic.check_output(tmp_path / fine)
    (tmp_path / "file").write_text("")
    with pytest.raises(
        InputError, match=r"^--output: cannot write to '.*a.csv': '.*file' is a fil"
    ):
        atomic.check_output(tmp_path / "file" / "a.csv")
    with read_only(tmp_path):
        for place in (tmp_path, tmp_path / "a.csv", tmp_path / "new" / "a.csv"):
            with pytest.raises(InputError, match=r"is write-protected; give another place\.$"):
                atomic.check_output(place)

"""What is shown of what takes a while."""

import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path

import keras
import numpy as np
import pytest

import tfgan_zoo
from tfgan_zoo import cli, pictures, progress
from tfgan_zoo.data import Fit, SliceSource, load_images, open_source
from tfgan_zoo.evaluation import distributions, score_images
from tfgan_zoo.metrics.features import ModelFeatures
from tfgan_zoo.pictures import files
from tfgan_zoo.pictures.drawing import Drawing

#: As it is outside of tests.
QUIET = progress.QUIET


@pytest.fixture
def terminal():
    """Returns a function that opens a terminal of some number of columns for standard error."""
    opened = []

    def of_columns(number):
        screen, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, number, 0, 0))
        opened.extend([os.fdopen(screen, "rb"), os.fdopen(slave, "w")])
        return opened[-1]

    yield of_columns
    for file in reversed(opened):
        file.close()


@pytest.mark.parametrize(("columns", "expected"), [(80, True), (0, False)])
def test_a_terminal_of_no_columns_has_no_room_for_a_bar(terminal, monkeypatch, columns, expected):
    file = terminal(columns)
    monkeypatch.setattr(sys, "stderr", file)
    assert progress.on_terminal() is expected


@pytest.fixture
def at_once(monkeypatch):
    """Shows what takes any time at all."""
    monkeypatch.setattr(progress, "QUIET", 0.0)
    monkeypatch.setattr(progress, "EVERY", 0.0)


def shown(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress.bar("abc", "folder:x", 3, "images")) == ["a", "b", "c"]
    return stream.getvalue().splitlines()


def test_a_run_prints_lines_where_there_is_no_terminal(monkeypatch, at_once):
    with progress.progress_lines():
        first, second = shown(monkeypatch)
    assert first.startswith("folder:x: 1 of 3 images  ")
    assert second.startswith("folder:x: 2 of 3 images  ")
    assert second.endswith(" left")


@pytest.mark.parametrize(
    ("speed", "text"),
    [(0.034, "0.034"), (0.3, "0.3"), (2.51, "2.5"), (9.0, "9"), (1234.5, "1,234")],
)
def test_slow_steps_are_not_0_a_second(speed, text):
    assert progress.per_second(speed) == text


def test_a_number_of_things_is_in_the_singular_or_the_plural():
    assert [progress.counted(num, "step") for num in (0, 1, 2, 1234)] == [
        "0 steps",
        "1 step",
        "2 steps",
        "1,234 steps",
    ]


def test_a_pipeline_prints_no_lines(monkeypatch, at_once):
    assert shown(monkeypatch) == []


def test_commands_print_lines_too(monkeypatch, at_once):
    lines = []
    with pytest.raises(SystemExit):
        cli.run(lambda _: lines.extend(shown(monkeypatch)), [])
    assert lines[0].startswith("folder:x: 1 of 3 images  ")


def test_what_is_short_stays_quiet(monkeypatch):
    monkeypatch.setattr(progress, "QUIET", QUIET)
    with progress.progress_lines():
        assert shown(monkeypatch) == []


def test_only_two_modules_know_tqdm():
    """`progress.bar` knows when a bar has no room; a bar by hand would not."""
    package = Path(tfgan_zoo.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) tqdm\b", path.read_text(), re.MULTILINE)
    }
    assert found == {"progress.py", "callbacks/progress.py"}


def test_a_bar_counts_what_is_in_batches(monkeypatch, at_once):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.progress_lines():
        assert list(progress.bar(["ab", "c"], "made", 3, "images", size=len)) == ["ab", "c"]
        assert list(progress.bar("ab", "made", None, "images")) == ["a", "b"]
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("made: 2 of 3 images  ")
    assert [line.split("  ")[0] for line in lines[1:]] == ["made: 1 image", "made: 2 images"]


def test_decoding_is_shown_once_with_its_speed(monkeypatch, at_once, tmp_path):
    for i in range(5):
        pictures.save_png(tmp_path / f"{i}.png", np.zeros((8, 8, 3), np.uint8))
    source = open_source(f"folder:{tmp_path}")

    def told(batches):
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        with progress.progress_lines():
            assert sum(map(len, batches())) == 5
        return stream.getvalue().splitlines()

    lines = told(lambda: [load_images(source, Fit(8, 3))])
    assert [line.split("  ")[0] for line in lines] == [
        f"folder:{tmp_path}: {i} of 5 images" for i in range(1, 5)
    ]
    assert all(re.search(r"  \d[\d,]*/s  ", line) for line in lines)
    # In parts, under a bar of their own, they are not counted twice.
    parts = [SliceSource(source, 0, 3, "a"), SliceSource(source, 3, 5, "b")]
    blocks = (load_images(part, Fit(8, 3)) for part in parts)
    lines = told(lambda: progress.bar(blocks, "real images", 5, "images", size=len))
    assert [line.split("  ")[0] for line in lines] == ["real images: 3 of 5 images"]
    assert len(told(lambda: [load_images(source, Fit(8, 3))])) == 4  # and it is shown again


def _converts(folder):
    for name in "ab":
        pictures.save_png(folder / "in" / f"{name}.png", np.zeros((8, 8, 3), np.uint8))
    files.convert(files.plan(folder / "in", folder / "out"), pictures.from_uint8, 3)


def _scores_pairs(folder):
    image = np.zeros((16, 16, 1), np.uint8)
    score_images([("a", image, image + 1), ("b", image, image + 2)], ["psnr"], num=2)


def _scores_distributions(folder):
    images = np.zeros((4, 8, 8, 1), np.uint8)
    reference = distributions.Reference({}, lambda: [images, images], 8)
    distributions.compare(["swd"], [images, images], reference, num=8)


WORK = {
    "convert": _converts,
    "generate": lambda folder: list(
        Drawing([np.zeros((300, 8, 8, 1), np.float32)] * 2, 600).images()
    ),
    "pairs": _scores_pairs,
    "distributions": _scores_distributions,
}


@pytest.mark.parametrize(("columns", "expected"), [(80, True), (0, False)])
@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_a_bar_is_drawn_only_where_it_has_room(
    terminal, monkeypatch, at_once, tmp_path, work, columns, expected
):
    file = terminal(columns)
    written, write = [], file.write
    monkeypatch.setattr(file, "write", lambda text: written.append(text) or write(text))
    monkeypatch.setattr(sys, "stderr", file)
    work(tmp_path)
    assert (" images" in "".join(written)) is expected


def test_features_of_many_images_show_how_many_are_done(monkeypatch, at_once):
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    features = ModelFeatures(model, "pixels", batch_size=4)
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), np.uint8)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.progress_lines():
        found, _ = features(images)
    lines = [line.split("  ")[0] for line in stream.getvalue().splitlines()]
    assert lines == ["features: 4 of 10 images", "features: 8 of 10 images"]
    parts = [features(images[i : i + 4])[0] for i in (0, 4, 8)]
    np.testing.assert_array_equal(found, np.concatenate(parts))

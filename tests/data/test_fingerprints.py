"""What data are known by, and how a change is put into words."""

import zipfile

import numpy as np
import pytest

from tfgan_zoo import pictures
from tfgan_zoo.data import open_captioned, open_domains, open_source
from tfgan_zoo.data.fingerprints import describe_change, fingerprint, fingerprint_captioned
from tfgan_zoo.data.source import ArraySource, PartSource


@pytest.fixture
def folder(tmp_path):
    """Images a, b and d."""
    for name in ("a", "b", "d"):
        pictures.save_png(tmp_path / f"{name}.png", np.zeros((8, 8, 3), np.uint8))
    return tmp_path


def add(folder, name):
    pictures.save_png(folder / f"{name}.png", np.zeros((8, 8, 3), np.uint8))


def of(folder, split="train"):
    return fingerprint(open_source(f"folder:{folder}", split), f"folder:{folder}")


def change_of(before, now):
    return describe_change(before.noted(), before.names, now)


def test_a_folder_is_known_by_the_names_of_its_files(folder):
    before = of(folder)
    assert (before.unit, before.num) == ("files", 3)
    assert before.names == ("a.png", "b.png", "d.png")
    assert change_of(before, of(folder)) == ""
    add(folder, "c")
    assert change_of(before, of(folder)) == "3 files became 4; the first difference is c.png"
    (folder / "b.png").unlink()
    now = of(folder)
    assert change_of(before, now) == (
        "still 3 files, but not the same ones; the first difference is c.png"
    )
    (folder / "c.png").unlink()
    assert (
        change_of(before, of(folder))
        == "3 files became 2; the first difference is that b.png is gone"
    )
    # Where the names were lost, the number is left.
    assert describe_change(before.noted(), (), now) == "still 3 files, but not the same ones"


def test_an_archive_is_known_by_the_names_within_wherever_it_lies(folder, tmp_path, monkeypatch):
    found = []
    for home in ("a", "b"):
        (tmp_path / home).mkdir()
        with zipfile.ZipFile(tmp_path / home / "x.zip", "w") as file:
            for name in ("a", "b"):
                file.write(folder / f"{name}.png", f"birds/{name}.png")
        monkeypatch.setenv("HOME", str(tmp_path / home))
        found.append(fingerprint(open_source("zip:~/x.zip"), "zip:~/x.zip"))
    assert found[0] == found[1]
    assert found[0].names == ("birds/a.png", "birds/b.png")


def test_a_part_and_a_view_are_known_by_their_own_files(folder):
    assert of(folder, "train[1:]").names == ("b.png", "d.png")
    domains = open_domains(f"folder:{folder}", layout="grey")
    assert fingerprint(domains.a, f"folder:{folder}") == of(folder)


def test_arrays_are_known_by_their_content(monkeypatch):
    array = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1), np.uint8)
    before = fingerprint(ArraySource("npz:x", array))
    assert (before.unit, before.num, before.names) == ("samples", 50, ())
    assert fingerprint(ArraySource("npz:y", array.copy())) == before
    assert change_of(before, fingerprint(ArraySource("npz:x", array[:49]))) == (
        "50 samples became 49"
    )
    other = array.copy()
    other[30] ^= 1
    now = fingerprint(ArraySource("npz:x", other))
    assert change_of(before, now) == "still 50 samples, but not the same ones"
    # Of a large one, evenly spaced samples.
    monkeypatch.setattr("tfgan_zoo.data.fingerprints.CONTENT_LIMIT", array.nbytes // 10)
    large = fingerprint(ArraySource("npz:x", array))
    assert large != before
    assert fingerprint(ArraySource("npz:x", other)) != large
    other[31] ^= 1
    assert fingerprint(ArraySource("npz:x", other)) == fingerprint(
        ArraySource("npz:x", np.concatenate([array[:30], other[30:31], array[31:]]))
    )


def test_a_part_of_a_large_array_is_known_by_its_content_as_a_copy_is(monkeypatch):
    array = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1), np.uint8)
    rows = np.arange(50)[::-3]

    def of_part(array):
        return fingerprint(PartSource(ArraySource("npz:x", array), rows, "npz:x, some"), "npz:x")

    monkeypatch.setattr("tfgan_zoo.data.fingerprints.CONTENT_LIMIT", array.nbytes // 10)
    copied = of_part(array)
    monkeypatch.setattr("tfgan_zoo.data.source._COPIED", 0)
    assert of_part(array) == copied
    assert copied == fingerprint(ArraySource("npz:x", array[rows]))
    assert of_part(255 - array) != copied


def test_embedded_data_are_known_by_their_parameters():
    first, again = (fingerprint(open_source("figures", num=20)) for _ in range(2))
    assert first == again
    assert first != fingerprint(open_source("figures", num=21))
    assert first != fingerprint(open_source("figures", num=20, resolution=16))
    assert fingerprint(open_source("points/ring")) != fingerprint(open_source("points/grid"))


def test_captions_belong_to_what_is_known(folder):
    def of_captions():
        return fingerprint_captioned(open_captioned(f"folder:{folder}"), f"folder:{folder}")

    for name in ("a", "b", "d"):
        (folder / f"{name}.txt").write_text(f"a {name}")
    before = of_captions()
    assert before.num == 3
    assert change_of(before, of_captions()) == ""
    (folder / "b.txt").write_text("another text")
    changed = change_of(before, of_captions())
    assert changed == "still 3 files, but not the same ones; the first difference is b.png"

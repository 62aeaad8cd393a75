"""Listings of folders that are kept notice every change of names."""

import errno
import os

import pytest

from tfgan_zoo.data.readers import archives, folder, listings

DAY = 86400 * 10**9
SETTLED = listings.SETTLED


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(listings, "LEAST", 1)
    monkeypatch.setattr(listings, "SETTLED", -DAY)  # The folders of a test have just changed.
    for name in ("b/2.png", "b/10.png", "a/1.png", "a/deep/0.png"):
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    settle(tmp_path / "photos")
    return tmp_path / "photos"


def settle(root):
    """Makes all folders a day older."""
    for path, _, _ in os.walk(root):
        now = os.stat(path).st_mtime_ns
        os.utime(path, ns=(now - DAY, now - DAY))


def walks(monkeypatch):
    seen = []
    walk = archives.walk
    monkeypatch.setattr(archives, "walk", lambda path: seen.append(path) or walk(path))
    return seen


def names(root):
    return [name.replace(os.sep, "/") for name in folder.list_images(str(root))]


ALL = ["a/1.png", "a/deep/0.png", "b/10.png", "b/2.png"]


def test_a_kept_listing_is_not_walked_again(photos, monkeypatch):
    seen = walks(monkeypatch)
    assert [names(photos), len(seen)] == [ALL, 1]
    assert [names(photos), len(seen)] == [ALL, 1]
    assert not any(".cache" in str(path) or "listings" in str(path) for path in photos.rglob("*"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda root: (root / "a/deep/9.png").touch(), [*ALL[:2], "a/deep/9.png", *ALL[2:]]),
        (lambda root: (root / "b/10.png").unlink(), [*ALL[:2], "b/2.png"]),
        (lambda root: (root / "b/2.png").rename(root / "b/3.png"), [*ALL[:3], "b/3.png"]),
        (lambda root: (root / "b").rename(root / "c"), [*ALL[:2], "c/10.png", "c/2.png"]),
        (lambda root: (root / "b/2.png").write_bytes(b"other pixels"), ALL),
    ],
    ids=["added", "removed", "renamed", "folder", "content"],
)
def test_changes_are_noticed(photos, change, expected):
    names(photos)
    change(photos)
    assert names(photos) == expected


def unpack_more(folder):
    """Adds a file and sets the folder's time back, as tar and rsync do."""
    before = folder.stat()
    (folder / "9.png").touch()
    while folder.stat().st_ctime_ns == before.st_ctime_ns:  # the clock of the file system ticks
        os.utime(folder, ns=(before.st_mtime_ns, before.st_mtime_ns))
    os.utime(folder, ns=(before.st_mtime_ns, before.st_mtime_ns))


def test_a_folder_whose_time_was_set_back_is_listed_again(photos):
    names(photos)
    unpack_more(photos / "a/deep")
    assert names(photos) == [*ALL[:2], "a/deep/9.png", *ALL[2:]]


def test_a_listing_of_times_that_are_not_compared_would_be_stale(photos, monkeypatch):
    monkeypatch.setattr(listings, "_times", lambda folder: [os.stat(folder).st_mtime_ns])
    names(photos)
    unpack_more(photos / "a/deep")
    assert names(photos) == ALL


def test_a_link_to_a_drive_that_is_not_there_is_followed_later(photos, tmp_path):
    (photos / "c").symlink_to(tmp_path / "drive")
    assert names(photos) == ALL
    (tmp_path / "drive").mkdir()
    (tmp_path / "drive" / "7.png").touch()
    assert names(photos) == [*ALL, "c/7.png"]


def test_a_folder_that_may_not_be_read_is_named(photos, monkeypatch, recwarn):
    scandir = os.scandir

    def refused(path):
        if path.endswith("deep"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    assert names(photos) == [ALL[0], *ALL[2:]]
    assert any("deep: permission denied, so" in str(each.message) for each in recwarn)


def test_a_file_that_is_added_during_the_walk_is_found_by_the_next(photos, monkeypatch):
    walk = archives.walk

    def meanwhile(path):
        for step in walk(path):
            if step[0].endswith("b"):
                (photos / "b" / "late.png").touch()
            yield step

    monkeypatch.setattr(archives, "walk", meanwhile)
    assert names(photos) == ALL
    monkeypatch.setattr(archives, "walk", walk)
    assert names(photos) == [*ALL, "b/late.png"]


def test_a_folder_that_has_just_changed_is_not_kept(photos, monkeypatch):
    monkeypatch.setattr(listings, "SETTLED", SETTLED)
    (photos / "a/new.png").touch()
    seen = walks(monkeypatch)
    assert names(photos) == names(photos)
    assert len(seen) == 2


def test_links_and_damaged_listings(photos, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (photos / "link").symlink_to(elsewhere)
    settle(photos)
    settle(elsewhere)
    (tmp_path / "also").symlink_to(photos)
    assert names(tmp_path / "also") == ALL
    (elsewhere / "x.png").touch()
    assert names(tmp_path / "also") == [*ALL, "link/x.png"]
    settle(elsewhere)
    names(photos)
    for file in (tmp_path / "cache" / "listings").iterdir():
        file.write_bytes(b"damaged")
    assert names(photos) == [*ALL, "link/x.png"]

"""Decoded images in memory, in files and nowhere give the same batches, bit for bit."""

import errno
import itertools
import os
import tempfile

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.marks import slow_except
from tfgan_zoo import downloads, memory
from tfgan_zoo.data import decoded, open_domains, open_source, paired, storage, unconditional
from tfgan_zoo.data.images import Fit
from tfgan_zoo.data.source import ArraySource
from tfgan_zoo.data.storage import Caching, storage_for
from tfgan_zoo.errors import InputError

NUM, SIDE, BATCH = 11, 8, 4


def picture(number, shift=0):
    values = np.random.default_rng(number).integers(0, 200, (SIDE, SIDE, 3), np.uint8)
    return values + np.uint8(shift)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    for i in range(NUM):
        Image.fromarray(picture(i)).save(tmp_path / "photos" / f"{i:02d}.png")
    return tmp_path / "photos"


def first(dataset, num=6):
    return list(itertools.islice(dataset.as_numpy_iterator(), num))


def batches(folder, cache, on_error="raise", start_step=0, **options):
    source = open_source(f"folder:{folder}", on_error=on_error)
    dataset = unconditional(
        source,
        batch_size=BATCH,
        seed=3,
        start_step=start_step,
        cache=cache,
        image_size=SIDE,
        **options,
    )
    return first(dataset)


def expected(num, start_step=0, steps=6):
    """The order that the documentation states, from its permutations alone."""
    epochs = [
        tf.random.experimental.stateless_shuffle(tf.range(num, dtype=tf.int64), [3, epoch])
        for epoch in range(steps * BATCH // num + 2)
    ]
    order = np.concatenate(epochs)[start_step * BATCH :]
    return [[int(i) for i in order[s * BATCH :][:BATCH]] for s in range(steps)]


def file_of(tmp_path):
    (file,) = (tmp_path / "cache" / "decoded").iterdir()
    return file


def test_a_quarter_of_the_machine_is_used_by_default():
    assert Caching().limit == memory.machine_memory() // 4


def test_no_more_memory_is_used_than_there_is():
    assert Caching(memory="1000TB").limit == memory.machine_memory()


def test_the_folder_of_a_user_who_does_not_exist_is_refused():
    with pytest.raises(InputError, match=r"data.cache_dir: expected a folder, got '~nobody-here"):
        _ = Caching("disk", folder="~nobody-here/x").path


def test_without_a_home_the_cache_is_a_temporary_folder(monkeypatch):
    def no_home(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("TFGAN_ZOO_CACHE", raising=False)
    monkeypatch.setattr(downloads.Path, "expanduser", no_home)
    assert downloads.cache_folder().parent == downloads.Path(tempfile.gettempdir())


@pytest.mark.parametrize(
    "cache",
    [True, False, "auto", "disk", Caching(memory="1kB")],
    ids=["memory", "none", "auto", "disk", "spilled"],
)
@pytest.mark.parametrize("start_step", slow_except([5], [0, 5]))
def test_batches_are_the_same_wherever_images_are_kept(folder, cache, start_step):
    found = batches(folder, cache, start_step=start_step)
    again = batches(folder, cache, start_step=start_step)  # from the file, where there is one
    for batch, second, indices in zip(found, again, expected(NUM, start_step), strict=True):
        np.testing.assert_array_equal(batch, [picture(i) for i in indices])
        np.testing.assert_array_equal(second, batch)


def test_images_are_kept_in_memory_from_their_first_visit_on(folder, monkeypatch):
    monkeypatch.setattr(storage, "EAGER", NUM - 1)
    source = open_source(f"folder:{folder}")
    assert storage_for([source], [Fit(SIDE, 3)], "auto").place == "lazy"
    found = batches(folder, "auto")
    for batch, indices in zip(found, expected(NUM), strict=True):
        np.testing.assert_array_equal(batch, [picture(i) for i in indices])


def test_a_second_pipeline_decodes_nothing(folder, tmp_path, monkeypatch):
    kept = batches(folder, "disk")
    assert file_of(tmp_path).stat().st_size == decoded.HEADER + NUM * (SIDE * SIDE * 3 + 4)
    source = open_source(f"folder:{folder}")
    dataset = unconditional(source, batch_size=BATCH, seed=3, cache="disk", image_size=SIDE)
    monkeypatch.setattr(Image, "open", None)
    np.testing.assert_array_equal(first(dataset), kept)


def change(folder, tmp_path):
    """Keeps all images, and then replaces one by another of the same size in bytes."""
    batches(folder, "disk")
    file = folder / "05.png"
    before = file.stat()
    Image.fromarray(picture(5, shift=50)).save(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))
    return [
        image
        for batch, indices in zip(batches(folder, "disk"), expected(NUM), strict=True)
        for image, index in zip(batch, indices, strict=True)
        if index == 5
    ]


def test_a_changed_image_is_decoded_again(folder, tmp_path):
    for image in change(folder, tmp_path):
        np.testing.assert_array_equal(image, picture(5, shift=50))


def test_without_the_state_of_files_a_changed_image_would_not_be_noticed(
    folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(decoded.DecodedImages, "_stamp", lambda self, index: b"")
    for image in change(folder, tmp_path):
        np.testing.assert_array_equal(image, picture(5))


def test_a_restored_image_of_the_same_size_and_time_is_decoded_again(folder):
    batches(folder, "disk")
    file, before = folder / "05.png", (folder / "05.png").stat()
    Image.fromarray(picture(5, shift=50)).save(file)
    assert file.stat().st_size == before.st_size
    while file.stat().st_ctime_ns == before.st_ctime_ns:  # the clock of the file system ticks
        os.utime(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    for batch, indices in zip(batches(folder, "disk"), expected(NUM), strict=True):
        np.testing.assert_array_equal(
            batch, [picture(i, shift=50 if i == 5 else 0) for i in indices]
        )


def test_an_image_that_is_replaced_while_it_is_read_is_not_kept(folder, tmp_path):
    source, fit = open_source(f"folder:{folder}"), Fit(SIDE, 3)

    def read(sources, fittings, index):
        images = [fittings[0](sources[0].read(index), "")]
        Image.fromarray(picture(index, shift=50)).save(folder / f"{index:02d}.png")
        os.utime(folder / f"{index:02d}.png", (0, index))
        return images

    kept = decoded.DecodedImages([source], [fit], read, tmp_path / "file")
    np.testing.assert_array_equal(kept.read(3)[0], picture(3))
    np.testing.assert_array_equal(kept.read(3)[0], picture(3, shift=50))


def test_parts_of_a_mapped_array_do_not_share_a_file(folder, tmp_path):
    images = np.stack([picture(i) for i in range(NUM)])
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    for part in (slice(0, 5), slice(5, 10)):
        options = {"batch_size": BATCH, "seed": 3, "image_size": 4}
        found = first(unconditional(mapped[part], cache="disk", **options))
        np.testing.assert_array_equal(found, first(unconditional(images[part], **options)))
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 2
    changing = np.load(tmp_path / "images.npy", mmap_mode="c")
    assert ArraySource("mine", changing).identity() is None


def test_a_list_that_has_moved_is_decoded_again(folder, tmp_path):
    batches(folder, "disk")
    (folder / "00.png").rename(folder / "99.png")
    numbers = [*range(1, NUM), 0]
    found = batches(folder, "disk")
    for batch, indices in zip(found, expected(NUM), strict=True):
        np.testing.assert_array_equal(batch, [picture(numbers[i]) for i in indices])


def test_a_damaged_record_is_decoded_again(folder, tmp_path):
    batches(folder, "disk")
    with file_of(tmp_path).open("r+b") as file:
        file.seek(decoded.HEADER + 3 * (SIDE * SIDE * 3 + 4) + 7)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    for batch, indices in zip(batches(folder, "disk"), expected(NUM), strict=True):
        np.testing.assert_array_equal(batch, [picture(i) for i in indices])


@pytest.mark.parametrize("limit", slow_except([storage.MEMORY_LIMIT], [0, storage.MEMORY_LIMIT]))
def test_unusable_images_are_skipped_alike(folder, monkeypatch, limit):
    (folder / "04.png").write_bytes(b"no image")
    monkeypatch.setattr(storage, "MEMORY_LIMIT", limit)
    monkeypatch.setattr(storage, "EAGER", 0)
    places = ["auto", "disk", Caching(memory="1kB"), Caching("auto", memory="1GB")]
    one, *others = (batches(folder, cache, on_error="skip") for cache in places)
    for other in others:
        np.testing.assert_array_equal(one, other)
    usable = [i for i in range(NUM) if i != 4]
    for batch, indices in zip(one, expected(NUM - 1 if limit else NUM), strict=True):
        wanted = [usable[i] if limit else 5 if i == 4 else i for i in indices]
        np.testing.assert_array_equal(batch, [picture(i) for i in wanted])


def test_a_full_disk_is_said_once_and_training_goes_on(folder, monkeypatch, capsys):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwritev", full)
    found = batches(folder, "disk")
    for batch, indices in zip(found, expected(NUM), strict=True):
        np.testing.assert_array_equal(batch, [picture(i) for i in indices])
    assert capsys.readouterr().err.count("No space left on device") == 1


def test_images_are_not_kept_where_they_have_no_room(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        decoded.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000})()
    )
    batches(folder, "disk")
    said = capsys.readouterr().err
    assert "they take 2.16 kB, of 1 kB that are free" in said
    assert "data.cache_dir" in said
    assert not list((tmp_path / "cache" / "decoded").iterdir())


def test_the_folder_can_be_chosen_and_old_files_go(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    old, other = elsewhere / f"old{decoded._ENDING}", elsewhere / "other.txt"
    for file in (old, other):
        file.write_text("x")
        os.utime(file, (0, 0))
    batches(folder, Caching("disk", folder=elsewhere))
    assert not old.exists()
    assert other.exists()
    assert len(list(elsewhere.iterdir())) == 2
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_pairs_are_kept_together(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    for domain, shift in (("trainA", 0), ("trainB", 50)):
        (tmp_path / "pairs" / domain).mkdir(parents=True)
        for i in range(NUM):
            image = Image.fromarray(picture(i, shift))
            image.save(tmp_path / "pairs" / domain / f"{i:02d}.png")
    domains = open_domains(f"folder:{tmp_path / 'pairs'}")
    for cache in ("disk", "disk", False):
        dataset = paired(domains, batch_size=BATCH, image_size=SIDE, cache=cache, seed=3)
        for (a, b), indices in zip(first(dataset), expected(NUM), strict=True):
            np.testing.assert_array_equal(a, [picture(i) for i in indices])
            np.testing.assert_array_equal(b, a + 50)


def test_large_arrays_are_gathered_in_place(monkeypatch):
    images = np.stack([picture(i) for i in range(NUM)])
    copied = first(unconditional(images, batch_size=BATCH, seed=3))
    monkeypatch.setattr("tfgan_zoo.data.pipeline.COPIED", 0)
    np.testing.assert_array_equal(first(unconditional(images, batch_size=BATCH, seed=3)), copied)
    for cache in (Caching(memory="1kB"), "disk"):
        dataset = unconditional(images, batch_size=BATCH, seed=3, cache=cache, channels=1)
        grey = first(unconditional(images, batch_size=BATCH, seed=3, channels=1))
        np.testing.assert_array_equal(first(dataset), grey)


@pytest.mark.parametrize("name", slow_except(["images.npz"], ["images.npy", "images.npz"]))
def test_large_arrays_of_files_are_mapped(tmp_path, monkeypatch, name):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    images = np.stack([picture(i) for i in range(NUM)])
    file = tmp_path / name
    if name.endswith(".npz"):
        np.savez(file, labels=np.arange(NUM), images=images, more=images + 1)
    else:
        np.save(file, images)
    read = open_source(f"npz:{file}")
    monkeypatch.setattr("tfgan_zoo.data.readers.npz.MAPPED", 1)
    monkeypatch.setattr("tfgan_zoo.data.source._COPIED", 0)
    mapped = open_source(f"npz:{file}")
    assert (read.identity() is None, mapped.identity() is None) == (True, False)
    np.testing.assert_array_equal(mapped.array, images)
    part = open_source(f"npz:{file}", "train[~::10]")
    assert part.array is None
    others = [i for i in range(NUM) if i % 10]
    cases = {SIDE: (Caching(memory="1kB"), True), 4: (Caching(memory="1kB"),)}  # 4: resized
    for side, caches in cases.items():
        for cache in caches:
            found = first(
                unconditional(part, batch_size=BATCH, seed=3, cache=cache, image_size=side)
            )
            plain = first(unconditional(images[others], batch_size=BATCH, seed=3, image_size=side))
            np.testing.assert_array_equal(found, plain)

"""Images in zip archives, and what is none where a source is expected."""

import concurrent.futures
import multiprocessing
import zipfile

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo.data import (
    load_images,
    open_captioned,
    open_domains,
    open_source,
    open_super_resolution,
    parse_spec,
    unconditional,
)
from tfgan_zoo.data.images import Fit
from tfgan_zoo.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), np.uint8)


def encoded(image, scratch):
    Image.fromarray(image).save(scratch / ".x.png")
    return (scratch / ".x.png").read_bytes()


@pytest.fixture
def archive(tmp_path):
    """Makes an archive of `num` images, named by a function of their number, and other files."""

    def make(name, called, num=6, **others):
        path = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for i in range(num):
                file.writestr(called(i), encoded(IMAGES[i], tmp_path))
            for other, data in others.items():
                file.writestr(other, data)
        return path

    return make


def unpacked(path):
    folder = path.with_suffix("")
    with zipfile.ZipFile(path) as file:
        file.extractall(folder)
    return folder


LAYOUTS = {
    "flat": lambda i: f"{i}.png",
    "classes": lambda i: f"{'ab'[i % 2]}/{i}.png",
    "splits": lambda i: f"{'Train' if i < 4 else 'test'}/{'ab'[i % 2]}/{i}.png",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_archive_is_read_like_the_folder_that_it_holds(archive, layout):
    path = archive(layout, LAYOUTS[layout], **{"__MACOSX/._0.png": b"", "notes.txt": b"no image"})
    source, folder = open_source(f"zip:{path}"), open_source(f"folder:{unpacked(path)}")
    assert len(source) == len(folder)
    for i in range(len(folder)):
        np.testing.assert_array_equal(source[i], folder[i])
        assert source.size(i) == folder.size(i) == (8, 8)
        assert source.name(i) == folder.name(i).replace(f"/{layout}/", f"/{layout}.zip/")
    assert {k: v.tolist() for k, v in source.extras.items()} == {
        k: v.tolist() for k, v in folder.extras.items()
    }
    test = "test" if layout == "splits" else "train[4:]"
    assert len(open_source(f"zip:{path}", test)) == 2


def test_the_one_folder_around_everything_is_left_out(archive):
    path = archive("photos", lambda i: f"photos/v2/{'ab'[i % 2]}/{i}.png")
    assert open_source(f"zip:{path}").extras["class"].tolist() == ["a"] * 3 + ["b"] * 3
    assert len(open_source(f"zip:{path}/photos/v2/b")) == 3


@pytest.mark.parametrize("start", ["./", "/", "//", "././", "./photos/", "/a/../"])
def test_names_in_an_archive_may_begin_at_its_root(archive, start):
    path = archive(
        "rooted",
        lambda i: f"{start}{'ab'[i % 2]}/{i}.png",
    )
    source = open_source(f"zip:{path}")
    assert source.extras["class"].tolist() == ["a"] * 3 + ["b"] * 3
    np.testing.assert_array_equal(source[1], IMAGES[2])
    assert len(open_source(f"zip:{path}/photos/b" if "photos" in start else f"zip:{path}/b")) == 3


def test_archives_hold_domains_resolutions_and_captions(archive, tmp_path):
    path = archive("two", lambda i: f"two/train{'AB'[i % 2]}/{i // 2}.png")
    domains = open_domains(f"zip:{path}")
    assert domains.matched
    np.testing.assert_array_equal(domains.b[1], IMAGES[3])
    assert len(open_source(f"zip:{path}/two/trainA")) == 3
    with pytest.raises(InputError, match=r"two domains .*zip:.*two.zip/trainA"):
        open_source(f"zip:{path}")
    both = archive("hr", lambda i: f"{'HR' if i < 3 else 'HR_more'}/{i % 3}.png")
    assert len(open_super_resolution(f"zip:{both}", scale=2).hr) in (3, 6)
    texts = {f"{i}.txt": f"image {i}\n" for i in range(6)}
    data = open_captioned(f"zip:{archive('texts', LAYOUTS['flat'], **texts)}")
    assert data.captions[5] == ("image 5",)
    np.testing.assert_array_equal(data.images[5], IMAGES[5])
    wide = archive("wide", lambda i: f"{i}.png", num=0)
    with zipfile.ZipFile(wide, "a") as file:
        file.writestr("1.png", encoded(np.hstack([IMAGES[0], IMAGES[1]]), tmp_path))
    np.testing.assert_array_equal(open_domains(f"zip:{wide}").b[0], IMAGES[1])


@pytest.mark.parametrize("start", ["", "photos//", "//photos/./", "photos///v2//"])
def test_empty_parts_of_names_in_an_archive_are_left_out(archive, start):
    path = archive("double", lambda i: f"{start}{'ab'[i % 2]}//{i}.png")
    source = open_source(f"zip:{path}")
    assert source.extras["class"].tolist() == ["a"] * 3 + ["b"] * 3
    np.testing.assert_array_equal(source[3], IMAGES[1])
    inside = start.replace("//", "/").strip("/.")
    assert len(open_source(f"zip:{path}//{inside}//a/")) == 3


@pytest.mark.parametrize("name", ["../0.png", "a/../../0.png", "./../0.png", "/../0.png"])
def test_a_name_that_leads_out_of_an_archive_is_refused(archive, name):
    path = archive("out", lambda i: f"{i}.png", **{name: b""})
    with pytest.raises(InputError, match=rf"zip:.*out.zip: expected .* got '{name}' in .*out.zip"):
        open_source(f"zip:{path}")


def named(path, names):
    """Writes an archive whose members have names that zipfile itself would change on Windows."""
    with zipfile.ZipFile(path, "w") as file:
        for i, name in enumerate(names):
            info = zipfile.ZipInfo("x")
            info.filename = name
            file.writestr(info, b"" if name.endswith("\\") else encoded(IMAGES[i], path.parent))
    return path


def test_backslashes_of_old_programs_of_windows_separate_folders(tmp_path):
    path = named(
        tmp_path / "net.zip", ["train\\a\\0.png", "train\\b\\1.png", "test\\", "test\\2.png"]
    )
    assert open_source(f"zip:{path}").extras["class"].tolist() == ["a", "b"]
    np.testing.assert_array_equal(open_source(f"zip:{path}", "test")[0], IMAGES[3])
    path = named(tmp_path / "mixed.zip", ["a/0.png", "a/1\\2.png"])
    mixed = open_source(f"zip:{path}")
    assert [mixed.name(i).rpartition("/")[2] for i in range(2)] == ["0.png", "1\\2.png"]
    np.testing.assert_array_equal(mixed[1], IMAGES[1])


CAPTIONED = {
    "a table": ("b/{}.png", {"captions.csv": "image,caption\nb/0.png,red\nb/1.png,blue\n"}),
    "json": (
        "b/{}.png",
        {
            "captions.jsonl": '{"image": "b/0.png", "caption": "red"}\n'
            '{"image": "b/1.png", "caption": "blue"}\n'
        },
    ),
    "beside": ("b/{}.png", {"b/0.txt": "red", "b/1.txt": "blue"}),
    "text": ("b/{}.png", {"text/b/0.txt": "red", "text/b/1.txt": "blue"}),
    "text of images": ("images/{}.png", {"text/0.txt": "red", "text/1.txt": "blue"}),
    "beside images": ("images/{}.png", {"0.txt": "red", "1.txt": "blue"}),
    "a split": (
        "train/{}.png",
        {"captions.csv": "image,caption\ntrain/0.png,red\ntrain/1.png,blue"},
    ),
    "within": ("b/c/{}.png", {"b/captions.csv": "image,caption\nc/0.png,red\nc/1.png,blue\n"}),
}


@pytest.mark.parametrize("around", ["", "birds/", "birds/v2/"])
@pytest.mark.parametrize("layout", CAPTIONED)
def test_captions_are_found_beside_the_only_folder_of_an_archive(archive, layout, around):
    images, texts = CAPTIONED[layout]
    path = archive(
        "captioned",
        lambda i: around + images.format(i),
        num=2,
        **{around + name: text for name, text in texts.items()},
    )
    assert open_captioned(f"zip:{path}").captions == [("red",), ("blue",)]


def test_notes_beside_the_only_folder_of_an_archive_are_no_captions(archive):
    path = archive("notes", LAYOUTS["splits"], **{"README.txt": "Train and test images."})
    wrapped = archive(
        "data", lambda i: f"data/{LAYOUTS['splits'](i)}", **{"README.txt": "", "LICENSE": ""}
    )
    assert (
        len(open_source(f"zip:{wrapped}", "test")) == len(open_source(f"zip:{path}", "test")) == 2
    )


def test_many_threads_read_one_archive(archive):
    source = open_source(f"zip:{archive('many', lambda i: f'{i:02d}.png', num=40)}")
    np.testing.assert_array_equal(load_images(source, Fit(8, 3)), IMAGES)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda i: source[i % 40], range(400)))
    np.testing.assert_array_equal(read, np.tile(IMAGES, (10, 1, 1, 1)))
    batch = next(
        unconditional(source, batch_size=40, image_size=8, cache=False).take(1).as_numpy_iterator()
    )
    assert sorted(map(bytes, batch)) == sorted(map(bytes, IMAGES))


def _differ(source):
    return [i for i in range(len(source)) if (source[i] != IMAGES[i]).any()]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning")
def test_forked_processes_read_one_archive_at_once(archive):
    source = open_source(f"zip:{archive('forked', lambda i: f'{i:02d}.png', num=40)}")
    assert _differ(source) == []  # It is open already.
    results = []
    readers, processes = [], []
    for _ in range(2):
        reader, writer = multiprocessing.Pipe(duplex=False)
        fork = multiprocessing.get_context("fork")
        process = fork.Process(target=lambda w: w.send(_differ(source)), args=(writer,))
        process.start()
        readers.append(reader)
        processes.append(process)
    results = [reader.recv() for reader in readers]
    for process in processes:
        process.join()
    assert [*results, _differ(source)] == [[], [], []]


def test_a_damaged_image_in_an_archive_is_named_or_left_out(archive, tmp_path, caplog):
    path = archive("damaged", LAYOUTS["flat"], num=5)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        info = file.getinfo("3.png")
    start = info.header_offset + 30 + len(info.filename)
    data[start : start + info.compress_size] = bytes(info.compress_size)
    path.write_bytes(data)
    source = open_source(f"zip:{path}")
    with pytest.raises(InputError, match=r"damaged.zip/3.png cannot be read .*on_error=.skip"):
        load_images(source, Fit(8, 3))
    skipping = open_source(f"zip:{path}", on_error="skip")
    assert len(load_images(skipping, Fit(8, 3))) == 4
    assert "1 of 5 images is left out: " in caplog.text


def lock(path):
    """Sets the flag of encryption in all headers."""
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 1)
    path.write_bytes(data)


def test_archives_that_cannot_be_read_are_a_sentence(archive, tmp_path):
    path = archive("locked", LAYOUTS["flat"])
    lock(path)
    with pytest.raises(InputError, match=r"0.png in .*locked.zip is encrypted; unpack"):
        open_source(f"zip:{path}")
    whole = archive("cut", LAYOUTS["flat"])
    whole.write_bytes(whole.read_bytes()[:200])
    with pytest.raises(InputError, match=r"cut.zip cannot be read as a zip archive"):
        open_source(f"zip:{whole}")
    with pytest.raises(InputError, match=r"there is no file .*none.zip; check the path"):
        open_source(f"zip:{tmp_path}/none.zip")
    with pytest.raises(InputError, match=r"is a folder, not an archive; write folder:"):
        open_source(f"zip:{tmp_path}")
    fine = archive("fine", LAYOUTS["classes"])
    with pytest.raises(InputError, match=r"there is no such folder in .*fine.zip"):
        open_source(f"zip:{fine}/c")
    with pytest.raises(InputError, match=r"fine.zip has no split 'test'"):
        open_source(f"zip:{fine}", "test")
    with pytest.raises(InputError, match="has no images in"):
        open_source(f"zip:{archive('empty', LAYOUTS['flat'], num=0)}")


def test_what_is_given_as_another_kind_of_source_is_told_its_own(archive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive("photos", LAYOUTS["flat"])
    np.savez("arrays.npz", x=IMAGES)
    (tmp_path / "0.png").write_bytes(encoded(IMAGES[0], tmp_path))
    (tmp_path / "data").mkdir()
    advised = {
        "photos.zip": "write zip:photos.zip",
        "folder:photos.zip": "write zip:photos.zip",
        "npz:photos.zip": "write zip:photos.zip",
        "arrays.npz": "write npz:arrays.npz",
        "folder:arrays.npz": "write npz:arrays.npz",
        "0.png": "for the images of its folder, write folder:.",
        "npz:0.png": "write folder:.",
        "zip:0.png": "write folder:.",
        "folder:0.png": "write folder:.",
        "npz:data": "write folder:data",
        "zip:data": "write folder:data",
        "./data": "write folder:./data",
    }
    for spec, advice in advised.items():
        with pytest.raises(InputError) as caught:
            open_source(spec)
        assert advice in str(caught.value), spec
    assert parse_spec("zip:photos.zip") == ("zip", "photos.zip")


@pytest.mark.parametrize("shape", [(28, 28, 3), (28, 28, 1), (28, 28, 4), (5, 28, 2)])
def test_one_image_is_not_taken_for_many_grey_ones(tmp_path, shape):
    np.savez(tmp_path / "a.npz", x=np.zeros(shape, np.uint8), a=np.zeros(shape, np.uint8), b=IMAGES)
    for opener in (open_source, open_domains):
        with pytest.raises(InputError, match=r"looks like one image .*give one image as x\[np.new"):
            opener(f"npz:{tmp_path}/a.npz")
    np.savez(tmp_path / "b.npz", x=np.zeros(shape, np.uint8)[np.newaxis])
    assert open_source(f"npz:{tmp_path}/b.npz").shape == shape


def test_a_single_value_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=5)
    with pytest.raises(InputError, match=r"is a single value, not images \[N, H, W\]"):
        open_source(f"npz:{tmp_path}/a.npz")

import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo.data import figures, load_pairs, open_domains, open_source
from tfgan_zoo.data.fingerprints import fingerprint
from tfgan_zoo.data.images import with_channels
from tfgan_zoo.errors import InputError


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def numbered(path, number, size=(4, 4)):
    write(path, np.full((*size, 3), number, np.uint8))


def numbers(source):
    return [source[index].item(0) for index in range(len(source))]


# --- embedded


def test_figures():
    domains = open_domains("figures/paired", "test", num=5, resolution=16, seed=3)
    drawn = figures.load("paired", "test", 16, 5, 3)
    assert domains.matched
    np.testing.assert_array_equal(domains.a.array, drawn["a"])
    np.testing.assert_array_equal(domains.b.array, drawn["b"])
    assert not open_domains("figures/unpaired", num=2).matched
    swapped = open_domains(
        "figures/paired", "test[2:]", direction="b_to_a", num=5, resolution=16, seed=3
    )
    np.testing.assert_array_equal(swapped.a.array, drawn["b"][2:])
    np.testing.assert_array_equal(swapped.b.array, drawn["a"][2:])


# --- two folders


TREES = {
    "splits_with_letters": ("trainA", "trainB", "testA", "testB"),
    "in_any_case": ("TrainA", "trainb", "TestA", "testb"),
    "letters_with_splits": ("A/train", "B/train", "A/test", "B/test"),
    "splits_of_letters": ("train/A", "train/B", "test/a", "test/b"),
}


@pytest.mark.parametrize("folders", TREES.values(), ids=TREES)
@pytest.mark.parametrize("layout", ["auto", "two_folders"])
def test_two_folders(tmp_path, folders, layout):
    for base, folder in zip((10, 110, 20, 120), folders, strict=True):
        for index in range(3):
            numbered(tmp_path / folder / f"{index}.png", base + index)
    train = open_domains(f"folder:{tmp_path}", layout=layout)
    assert train.matched
    assert (numbers(train.a), numbers(train.b)) == ([10, 11, 12], [110, 111, 112])
    test = open_domains(f"folder:{tmp_path}", "test[1:]", layout=layout, direction="b_to_a")
    assert (numbers(test.a), numbers(test.b)) == ([121, 122], [21, 22])
    with pytest.raises(InputError, match=r"no split 'val' \(found: train and test\)"):
        open_domains(f"folder:{tmp_path}", "val", layout=layout)


def test_two_flat_folders(tmp_path):
    numbered(tmp_path / "A" / "1.png", 1)
    numbered(tmp_path / "B" / "1.png", 2)
    domains = open_domains(f"folder:{tmp_path}")
    assert (numbers(domains.a), numbers(domains.b)) == ([1], [2])
    assert domains.a.spec == f"folder:{tmp_path}/A"


def test_partners_are_found_whatever_their_endings(tmp_path):
    for index, stem in enumerate(["1", "1.k", "deep/2", "1-a"]):
        numbered(tmp_path / "trainA" / f"{stem}.jpg", index)
        numbered(tmp_path / "trainB" / f"{stem}.png", index)
    domains = open_domains(f"folder:{tmp_path}")
    assert domains.matched
    assert numbers(domains.a) == numbers(domains.b)


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ("1 2 3", "1 3", "trainA/2.png has no partner in trainB"),
        ("1", "1 2 3", "trainB/2.png (and 1 more) has no partner in trainA"),
        (
            "1 2",
            "2 3",
            "trainA/1.png has no partner in trainB and trainB/3.png has no partner in trainA",
        ),
    ],
)
def test_the_first_without_a_partner_is_named(tmp_path, a, b, reason):
    for folder, stems in (("trainA", a), ("trainB", b)):
        for stem in stems.split():
            numbered(tmp_path / folder / f"{stem}.png", 0)
    domains = open_domains(f"folder:{tmp_path}")
    assert not domains.matched
    assert domains.reason == reason
    assert (len(domains.a), len(domains.b)) == (len(a.split()), len(b.split()))


def test_twins_are_no_pairs(tmp_path):
    for name in ("trainA/1.png", "trainA/1.jpg", "trainB/1.png"):
        numbered(tmp_path / name, 0)
    reason = open_domains(f"folder:{tmp_path}").reason
    assert reason == "trainA/1.jpg and trainA/1.png have the same name but for the ending"


def test_one_folder_alone(tmp_path):
    numbered(tmp_path / "trainA" / "1.png", 0)
    with pytest.raises(InputError, match="has trainA for domain a, but no such folder for b"):
        open_domains(f"folder:{tmp_path}")
    (tmp_path / "trainB").mkdir()
    with pytest.raises(InputError, match=r"has no images in .*trainB"):
        open_domains(f"folder:{tmp_path}")


def test_partners_of_different_size_are_named(tmp_path):
    for folder, size in (("trainA", (8, 8)), ("trainB", (8, 9))):
        numbered(tmp_path / folder / "1.jpg", 0, (8, 8))
        numbered(tmp_path / folder / "2.jpg", 0, size)
    domains = open_domains(f"folder:{tmp_path}")
    with pytest.raises(InputError, match=r"trainA/2.jpg is 8x8 but .*trainB/2.jpg is 9x8 pixels"):
        load_pairs(domains, image_size=4)
    assert len(load_pairs(domains, 1, image_size=4)[0]) == 1


def test_partners_that_look_alike_when_shrunk_are_still_of_different_size(tmp_path):
    numbered(tmp_path / "trainA" / "1.jpg", 0, (64, 64))
    numbered(tmp_path / "trainB" / "1.jpg", 0, (128, 128))
    with pytest.raises(InputError, match=r"is 64x64 but .* is 128x128"):
        load_pairs(open_domains(f"folder:{tmp_path}"), image_size=8)


# --- two sources


def zipped(folder):
    with zipfile.ZipFile(f"{folder}.zip", "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    return f"zip:{folder}.zip"


def test_two_sources_are_two_domains(tmp_path):
    for base, animal in ((10, "cats"), (110, "dogs")):
        for split, count in (("train", 4), ("test", 2)):
            for index in range(count):
                numbered(tmp_path / animal / split / f"{index}.png", base + index)
    cats, dogs = f"folder:{tmp_path}/cats", f"folder:{tmp_path}/dogs/"
    domains = open_domains(f"{cats}|{dogs}", "train[1:3]")
    assert domains.matched
    assert (numbers(domains.a), numbers(domains.b)) == ([11, 12], [111, 112])
    assert domains.a.spec == f"{cats} (train[1:3])"
    swapped = open_domains(f"{cats}|{zipped(tmp_path / 'dogs')}", "test", direction="b_to_a")
    assert swapped.matched
    assert (numbers(swapped.a), numbers(swapped.b)) == ([110, 111], [10, 11])


def test_two_sources_are_pairs_by_the_names_of_files_alone(tmp_path):
    for name in ("1.png", "1-a.jpg", "deep/2.png"):
        numbered(tmp_path / "photos" / name, 1)
    for name in ("1.jpg", "1-a.png", "deep/2.png"):
        numbered(tmp_path / "maps" / name, 2)
    spec = f"folder:{tmp_path}/photos|folder:{tmp_path}/maps"
    domains = open_domains(spec)
    assert domains.matched
    stems = [[Path(each.name(i)).stem for i in range(3)] for each in domains[:2]]
    assert stems == [["1", "1-a", "2"]] * 2
    numbered(tmp_path / "maps" / "3.png", 2)
    domains = open_domains(spec)
    assert not domains.matched
    assert domains.reason == f"{tmp_path}/maps/3.png has no partner in {tmp_path}/photos"
    np.savez(tmp_path / "x.npz", image=noise(2, 4, 4, 3))
    domains = open_domains(f"npz:{tmp_path}/x.npz|figures", num=None)
    assert (domains.matched, len(domains.a)) == (False, 2)


def test_fingerprints_of_two_sources_do_not_depend_on_where_they_are(tmp_path):
    found = []
    for place in ("here", "there"):
        for animal in ("cats", "cats/dogs"):
            numbered(tmp_path / place / animal / "1.png", 1)
        spec = f"folder:{tmp_path}/{place}/cats|folder:{tmp_path}/{place}/cats/dogs"
        found.append(fingerprint(open_domains(spec).b, spec))
    assert found[0] == found[1]
    assert found[0].names == ("1.png",)


def test_partners_may_be_spelt_as_on_a_mac(tmp_path):
    """There, e and its accent are two characters, which sort elsewhere."""
    for i, name in enumerate(("caf\u00e9", "cafz", "na\u00efve")):
        numbered(tmp_path / "a" / f"{unicodedata.normalize('NFC', name)}.png", i)
        numbered(tmp_path / "b" / f"{unicodedata.normalize('NFD', name)}.png", i)
    domains = open_domains(f"folder:{tmp_path}/a|folder:{tmp_path}/b")
    assert domains.matched
    pairs = [(domains.a[i].item(0), domains.b[i].item(0)) for i in range(3)]
    assert sorted(pairs) == [(0, 0), (1, 1), (2, 2)]
    numbered(tmp_path / "b" / "other.png", 3)
    assert not open_domains(f"folder:{tmp_path}/a|folder:{tmp_path}/b").matched


def test_mistakes_with_two_sources(tmp_path):
    numbered(tmp_path / "cats" / "1.png", 0)
    numbered(tmp_path / "both" / "trainA" / "1.png", 0)
    cats = f"folder:{tmp_path}/cats"
    (tmp_path / "link").symlink_to(tmp_path / "cats")
    same = [cats, f"{cats}/", f"folder:{tmp_path}/both/../cats", f"folder:{tmp_path}/link"]
    for spec, options, message in (
        (f"{cats}|folder:gone", {}, "folder:gone: gone does not exist; give the folder"),
        ("folder:gone|dogs", {}, r"for two domains, write 'folder:gone\|folder:dogs'"),
        (f"{cats}|folder:", {}, "'folder:' is incomplete; write folder:PATH"),
        *((f"{cats}|{each}", {}, "is the same source twice") for each in same),
        (f"{cats}|{cats}|{cats}", {}, "expected two domains, got 3"),
        (f"{cats}|folder:{tmp_path}/both", {}, "holds two domains"),
        (f"{cats}|points/ring", {}, "points/ring holds vectors"),
        (f"{cats}|figures", {"layout": "grey"}, 'expected "auto" for the two sources'),
    ):
        with pytest.raises(InputError, match=message):
            open_domains(spec, **options)
    with pytest.raises(InputError, match="is two sources where one is expected"):
        open_source(f"{cats}|figures")
    # The sign may be part of a name.
    numbered(tmp_path / "a|b" / "1.png", 7)
    assert open_source(f"folder:{tmp_path}/a|b")[0].item(0) == 7


# --- side by side


@pytest.mark.parametrize("layout", ["auto", "side_by_side"])
def test_side_by_side(tmp_path, layout):
    images = noise(3, 6, 12, 3)
    for index, image in enumerate(images):
        write(tmp_path / f"{index}.png", image)
    domains = open_domains(f"folder:{tmp_path}", layout=layout)
    assert domains.matched
    assert len(domains.b) == 3
    np.testing.assert_array_equal(domains.a[1], images[1, :, :6])
    np.testing.assert_array_equal(domains.b[1], images[1, :, 6:])
    a, b = load_pairs(open_domains(f"folder:{tmp_path}", "train[1:]", direction="b_to_a"), 1, 6)
    np.testing.assert_array_equal(a, images[1:2, :, 6:])
    np.testing.assert_array_equal(b, images[1:2, :, :6])


def test_side_by_side_splits_and_other_shapes(tmp_path):
    for split, number in (("train", 1), ("val", 2)):
        numbered(tmp_path / split / "1.png", number, (8, 8))
    spec = f"folder:{tmp_path}"
    domains = open_domains(spec, "val", layout="side_by_side")
    assert domains.a[0].shape == (8, 4, 3)
    assert numbers(domains.b) == [2]
    with pytest.raises(InputError, match=r"no split 'test' \(found: train and val\)"):
        open_domains(spec, "test")
    with pytest.raises(InputError, match=r"no folders trainA .* 8x8, not two .*side_by_side.*grey"):
        open_domains(spec)


def test_an_odd_width_has_no_halves(tmp_path):
    numbered(tmp_path / "1.png", 0, (16, 32))
    numbered(tmp_path / "2.png", 0, (16, 33))
    domains = open_domains(f"folder:{tmp_path}")
    with pytest.raises(InputError, match=r"2.png is 33x16 pixels, an odd width"):
        load_pairs(domains, image_size=4)


def test_a_large_jpeg_is_not_shrunk_across_the_seam(tmp_path):
    # Halves of 50 pixels would be 12.5 wide at a quarter of the size.
    pixels = np.zeros((200, 100, 3), np.uint8)
    pixels[:, 50:] = 255
    (tmp_path / "x").mkdir()
    Image.fromarray(pixels).save(tmp_path / "x" / "1.jpg", quality=95)
    a, b = load_pairs(open_domains(f"folder:{tmp_path}/x", layout="side_by_side"), image_size=4)
    assert a.max() < 20
    assert b.min() > 235


def test_proportions_are_looked_at_beyond_the_first_file(tmp_path):
    for index in range(20):
        numbered(tmp_path / f"{index:02}.png", 0, (8, 16 if index < 10 else 8))
    with pytest.raises(InputError, match="does not seem to hold two domains"):
        open_domains(f"folder:{tmp_path}")


def test_an_unreadable_file_among_those_looked_at(tmp_path):
    numbered(tmp_path / "2.png", 0, (8, 16))
    (tmp_path / "1.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"1.png cannot be read as an image"):
        open_domains(f"folder:{tmp_path}")
    assert len(open_domains(f"folder:{tmp_path}", on_error="skip").a) == 2


# --- grey


def test_grey_makes_colouring_of_any_source(tmp_path):
    images = noise(2, 4, 4, 3)
    for index, image in enumerate(images):
        write(tmp_path / "photos" / f"{index}.png", image)
    np.savez(tmp_path / "x.npz", image=images)
    for spec in (f"folder:{tmp_path}/photos", f"npz:{tmp_path}/x.npz"):
        domains = open_domains(spec, layout="grey")
        assert domains.matched
        np.testing.assert_array_equal(domains.a[1], with_channels(images[1], 1))
        np.testing.assert_array_equal(domains.b[1], images[1])
        a, b = load_pairs(domains, image_size=4, channels=(1, 3))
        np.testing.assert_array_equal(a, with_channels(images, 1))
        np.testing.assert_array_equal(b, images)
        three, _ = load_pairs(domains, image_size=4)
        np.testing.assert_array_equal(three, np.repeat(a, 3, -1))
    assert open_domains("figures", "train[:2]", num=9, layout="grey").a.shape == (32, 32, 1)
    with pytest.raises(InputError, match="holds vectors"):
        open_domains("points/ring", num=9, layout="grey")


# --- npz


def test_npz(tmp_path):
    path = tmp_path / "x.npz"
    arrays = {"a": noise(5, 4, 4, 3), "b": noise(5, 4, 4), "a_test": noise(3, 4, 4)}
    np.savez(path, b_test=noise(2, 4, 4), **arrays)
    train = open_domains(f"npz:{path}", "train[1:4]")
    assert train.matched
    np.testing.assert_array_equal(train.a.array, arrays["a"][1:4])
    np.testing.assert_array_equal(train.b.array[..., 0], arrays["b"][1:4])
    test = open_domains(f"npz:{path}", "test")
    assert not test.matched
    assert test.reason == "there are 3 of a and 2 of b"
    with pytest.raises(InputError, match=r"no arrays a_val and b_val .*found: b_test, a, b, a_t"):
        open_domains(f"npz:{path}", "val")
    np.savez(path, a=np.zeros((2, 3)), b=np.zeros((2, 3)))
    with pytest.raises(InputError, match=r"\(a\) holds vectors"):
        open_domains(f"npz:{path}")


# --- what is no domain


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("figures", {}, "use figures/paired, figures/unpaired or figures/transfer"),
        ("figures/full", {}, "use figures/paired, figures/unpaired or figures/transfer"),
        ("points/ring", {}, "points/ring is one domain"),
        ("idx:x", {}, 'or layout="grey" to learn colouring'),
        (
            "figures/paired",
            {"layout": "two_folders"},
            'expected "auto" or "grey" for figures',
        ),
        ("figures/paired", {"layout": "sideways"}, "layout: expected one of auto, two_folders"),
        ("figures/paired", {"direction": "AtoB"}, "direction: expected one of a_to_b, b_to_a"),
        ("figures/paired", {"split": "train[3]"}, "is not understood"),
        ("figures/paired", {"on_error": "ignore"}, "on_error: expected"),
        ("npz:x.npz", {"num": 3}, "num: expected None for npz:x.npz, got 3"),
        ("npz:gone.npz", {}, "there is no file gone.npz"),
        ("folder:gone", {}, "gone does not exist"),
        ("figure/paired", {}, "did you mean figures"),
    ],
)
def test_errors(spec, options, message):
    with pytest.raises(InputError, match=message) as caught:
        open_domains(spec, **options)
    assert "\n" not in str(caught.value)


def test_two_folders_that_are_not_there(tmp_path):
    numbered(tmp_path / "1.png", 0)
    with pytest.raises(InputError, match=r"no split 'train' \(found: none\); add folders trainA"):
        open_domains(f"folder:{tmp_path}", layout="two_folders")

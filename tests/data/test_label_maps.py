"""Label maps from files: what is read, what belongs together, and what is refused."""

import doctest
import re
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo.data import label_maps, load_pairs, open_label_maps, paired
from tfgan_zoo.data.figures import scenes
from tfgan_zoo.data.fingerprints import fingerprint
from tfgan_zoo.data.fitting import LabelFit
from tfgan_zoo.data.label_maps import PALETTES
from tfgan_zoo.data.readers.label_maps import read_label_map
from tfgan_zoo.data.splits import NoSplitError
from tfgan_zoo.errors import InputError

RANDOM = np.random.default_rng(0)
LABEL = RANDOM.integers(0, 3, (6, 8)).astype(np.uint8)
INSTANCE = (RANDOM.integers(0, 4, (6, 8)) * 11_000).astype(np.uint16)
PICTURE = RANDOM.integers(0, 256, (6, 8, 3)).astype(np.uint8)
OBJECT = INSTANCE // 11_000
#: Pixels of one object are an instance in each class.
PAIRS = sorted({*zip(OBJECT.ravel().tolist(), LABEL.ravel().tolist(), strict=True)})
RENUMBERED = np.array(
    [[PAIRS.index((OBJECT[i, j], LABEL[i, j])) for j in range(8)] for i in range(6)], np.int16
)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write(root, names=("a",), label="label/{}.png", inst="inst/{}.png", image="image/{}.png"):
    for name in names:
        save(root / label.format(name), LABEL)
        if inst:
            save(root / inst.format(name), INSTANCE)
        save(root / image.format(name), PICTURE)


def opened(root, **options):
    return open_label_maps(f"folder:{root}", **{"num_classes": 3, **options})


LAYOUTS = {
    "folders": {},
    "splits within": {"label": "label/train/{}.png", "inst": "inst/train/{}.png"}
    | {"image": "image/train/{}.png"},
    "within splits": {"label": "train/label/{}.png", "inst": "train/inst/{}.png"}
    | {"image": "train/image/{}.png"},
    "pix2pixHD": {"label": "train_label/{}.png", "inst": "train_inst/{}.png"}
    | {"image": "train_img/{}.png"},
    "Cityscapes": {
        "label": "gtFine/train/aachen/{}_gtFine_labelIds.png",
        "inst": "gtFine/train/aachen/{}_gtFine_instanceIds.png",
        "image": "leftImg8bit/train/aachen/{}_leftImg8bit.png",
    },
    "ADE20K": {
        "label": "annotations/training/{}.png",
        "inst": "annotations_instance/training/{}.png",
        "image": "images/training/{}.png",
    },
    "endings": {"label": "{}_labelIds.png", "inst": "{}_instanceIds.png", "image": "{}.png"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, tmp_path):
    write(tmp_path, ("b_1", "a"), **LAYOUTS[layout])
    if layout == "Cityscapes":  # which has more beside them
        save(tmp_path / "gtFine/train/aachen/a_gtFine_color.png", PICTURE)
        save(tmp_path / "gtFine/train/aachen/a_gtFine_labelTrainIds.png", LABEL)
    domains = opened(tmp_path)
    assert domains.matched
    assert (len(domains.a), len(domains.b)) == (2, 2)
    assert "a" in domains.a.name(0).rpartition("/")[2]
    np.testing.assert_array_equal(domains.a[0], np.stack([LABEL, RENUMBERED], axis=-1))
    np.testing.assert_array_equal(domains.b[0], PICTURE)
    assert opened(tmp_path, instances=False).a[0].shape == (6, 8, 1)
    assert fingerprint(domains.a, f"folder:{tmp_path}").num == 2


def test_archives(tmp_path):
    write(tmp_path / "data")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for path in sorted((tmp_path / "data").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path / "data"))
    domains = open_label_maps(f"zip:{tmp_path / 'data.zip'}", num_classes=3)
    np.testing.assert_array_equal(domains.a[0][..., 0], LABEL)
    assert domains.a.size(0) == (8, 6)


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "LA", "1", "I;16"])
def test_values_of_any_kind_of_file(mode, tmp_path):
    labels = LABEL % 2 if mode == "1" else LABEL
    path = tmp_path / "a.png"
    if mode == "P":
        image = Image.new("P", (8, 6))
        image.putdata(labels.ravel().tolist())
        image.putpalette(RANDOM.integers(0, 256, 768).tolist())
        image.save(path)
    elif mode == "I;16":
        Image.fromarray(labels.astype(np.uint16)).save(path)
    elif mode == "1":
        Image.fromarray(labels.astype(bool)).save(path)
    else:
        Image.fromarray(labels).convert(mode).save(path)
    found = read_label_map(str(path), None, 3)
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found[..., 0], labels)


def png(path, bits, kind, row):
    """Writes a PNG of one row of two pixels, of a kind that Pillow does not write."""
    content = b"\x89PNG\r\n\x1a\n"
    header, pixels = struct.pack(">IIBBBBB", 2, 1, bits, kind, 0, 0, 0), zlib.compress(b"\0" + row)
    for kind, data in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        content += struct.pack(">I", len(data)) + kind + data + checksum
    path.write_bytes(content)


def test_greys_of_four_bits_are_refused(tmp_path):
    """Pillow reads the values 0 to 15 as 0, 17, ..., 255."""
    path = tmp_path / "a.png"
    png(path, 4, 0, b"\x12")  # 1 and 2
    assert np.asarray(Image.open(path)).tolist() == [[17, 34]]
    with pytest.raises(InputError, match=r"a\.png: expected class numbers of 8 or 16 bits, got 4"):
        read_label_map(str(path), None, 35)


@pytest.mark.parametrize(("kind", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_colours_of_sixteen_bits_are_refused(kind, channels, tmp_path):
    """OpenCV writes them of three uint16 channels. Pillow drops the lower eight bits: all are 0."""
    path = tmp_path / "a.png"
    png(path, 16, kind, struct.pack(f">{2 * channels}H", *[1] * channels, *[2] * channels))
    assert not np.any(np.asarray(Image.open(path)))
    save(tmp_path / "b.png", LABEL[:1, :2])
    for label, instance in (("a.png", None), ("b.png", "a.png")):
        at = None if instance is None else str(tmp_path / instance)
        with pytest.raises(InputError, match=r"a\.png: expected grey of 8 or 16 bits, .*of 16, of"):
            read_label_map(str(tmp_path / label), at, 3)


def test_numbers_that_are_scaled_by_the_white_of_their_file_are_refused(tmp_path):
    path = tmp_path / "a.pgm"
    for content in (b"P5 2 1 3\n\x01\x02", b"P2 2 1 3\n1 2\n", b"P5 2 1 300\n\x00\x01\x00\x02"):
        path.write_bytes(content)
        assert np.asarray(Image.open(path)).max() > 2
        with pytest.raises(
            InputError, match=r"a\.pgm: expected class numbers as they are, got a PPM"
        ):
            read_label_map(str(path), None, 256)
    path.write_bytes(b"P2 2 1 255\n1 2\n")
    assert read_label_map(str(path), None, 3).ravel().tolist() == [1, 2]
    inverted = tmp_path / "a.tif"
    Image.fromarray(LABEL).save(inverted, tiffinfo={262: 0})
    assert np.asarray(Image.open(inverted)).max() <= 2  # Pillow writes and reads it inverted.
    with pytest.raises(InputError, match=r"a\.tif: expected class numbers as they are, got a TIFF"):
        read_label_map(str(inverted), None, 3)


def test_an_ignored_value_is_of_no_class(tmp_path):
    write(tmp_path)
    labels = LABEL.copy()
    labels[0, :3] = 255
    save(tmp_path / "label/a.png", labels)
    found = opened(tmp_path, ignored=255).a[0][..., 0]
    np.testing.assert_array_equal(found, np.where(labels == 255, -1, labels.astype(int)))
    with pytest.raises(
        InputError, match=r"label/a\.png: expected class numbers from 0 to 2, .*255"
    ):
        opened(tmp_path).a[0]


def test_instances_in_colours(tmp_path):
    write(tmp_path)
    colours = RANDOM.integers(0, 256, (4, 3)).astype(np.uint8)
    save(tmp_path / "inst/a.png", colours[OBJECT])
    found = opened(tmp_path).a[0][..., 1]
    # Other numbers, but the same instances.
    assert len({*zip(found.ravel().tolist(), RENUMBERED.ravel().tolist(), strict=True)}) == len(
        PAIRS
    )


def test_what_is_no_object_is_an_instance_in_each_class(tmp_path):
    write(tmp_path)
    save(tmp_path / "label/a.png", np.array([[0, 0, 1], [2, 2, 255]], np.uint8).repeat(4, 0))
    save(tmp_path / "inst/a.png", np.zeros((8, 3), np.uint8))
    save(tmp_path / "image/a.png", PICTURE[:, :3].repeat(2, 0)[:8])
    found = opened(tmp_path, ignored=255).a[0][..., 1]
    np.testing.assert_array_equal(found[::4], [[1, 1, 2], [3, 3, 0]])


def test_label_maps_are_resized_as_their_images_are_and_keep_their_values(tmp_path):
    labels = np.kron([[0, 1, 2], [2, 0, 1]], np.ones((20, 20))).astype(np.uint8)
    colours = np.array([[10, 20, 30], [200, 100, 0], [0, 0, 255]], np.uint8)
    write(tmp_path)
    save(tmp_path / "label/a.png", labels)
    save(tmp_path / "inst/a.png", labels)
    save(tmp_path / "image/a.png", colours[labels])
    a, b = load_pairs(opened(tmp_path), image_size=16, channels=(9, 3))
    assert (a.dtype, a.shape) == (np.int16, (1, 16, 16, 2))
    # Of the central square; the nearest colours of the shrunk image tell the same classes.
    assert np.mean(label_maps.nearest_colours(b[0], colours) == a[0, ..., :1]) > 0.9
    assert set(np.unique(a)) == {0, 1, 2}
    for crop, cached in ((None, True), (20, False)):
        batches = paired(
            opened(tmp_path),
            batch_size=1,
            image_size=8,
            load_size=10,
            crop=crop,
            flip=True,
            cache=cached,
        )
        for maps, images in batches.take(3):
            assert (maps.dtype, tuple(maps.shape)) == ("int16", (1, 8, 8, 2))
            shown = label_maps.nearest_colours(images[0].numpy(), colours)
            assert np.mean(shown == maps[0, ..., :1]) > 0.7  # flipped and cropped alike


def test_what_is_missing_or_wrong_is_named(tmp_path):
    write(tmp_path, ("a", "b"))
    (tmp_path / "inst/b.png").unlink()
    with pytest.raises(
        InputError, match=r"label/b\.png: expected maps of instances, .*boundaries=F"
    ):
        opened(tmp_path)
    assert len(opened(tmp_path, instances=False).a) == 2
    save(tmp_path / "inst/b.png", INSTANCE[1:])
    with pytest.raises(InputError, match=r"label/b\.png is 8x6 but .*inst/b\.png 8x5 pixels"):
        opened(tmp_path).a[1]
    save(tmp_path / "image/a.png", PICTURE[:, 1:])
    with pytest.raises(InputError, match=r"label/a\.png is 8x6 but .*image/a\.png is 7x6 pixels"):
        load_pairs(opened(tmp_path), image_size=4)
    (tmp_path / "image/b.png").unlink()
    with pytest.raises(InputError, match=r"label/b\.png has no picture of its name in .*image"):
        opened(tmp_path, instances=False)
    with pytest.raises(NoSplitError, match="split 'test'"):
        opened(tmp_path, split="test")
    save(tmp_path / "label/a.png", PICTURE)
    with pytest.raises(InputError, match=r"label/a\.png: .*got colours; .*classes=cmp_facades"):
        read_label_map(str(tmp_path / "label/a.png"), None, 3)
    save(tmp_path / "label/a.png", LABEL)
    for ending in ("jpg", "webp"):
        file = str(tmp_path / f"a.{ending}")
        Image.fromarray(LABEL).save(file)
        expected = rf"a\.{ending}: expected a format that keeps {{}} numbers, got .*, which changes"
        with pytest.raises(InputError, match=expected.format("class")):
            read_label_map(file, None, 3)
        with pytest.raises(InputError, match=expected.format("instance")):
            read_label_map(str(tmp_path / "label/a.png"), file, 3)
    with pytest.raises(InputError, match=r"expected class numbers from 0 to 1, got the value 2; "):
        read_label_map(str(tmp_path / "label/a.png"), None, 2)


def test_sources_without_label_maps(tmp_path):
    save(tmp_path / "a.png", PICTURE)
    with pytest.raises(
        InputError, match="holds no label maps; expected folders label, inst and im"
    ):
        opened(tmp_path)
    save(tmp_path / "label/a.png", LABEL)
    with pytest.raises(InputError, match="has label with label maps, but no folder image"):
        opened(tmp_path)
    save(tmp_path / "image/a.png", PICTURE)
    with pytest.raises(InputError, match="got no folder inst beside that of the label maps"):
        opened(tmp_path)
    save(tmp_path / "label/a.png", LABEL)
    save(tmp_path / "image/a_2.png", PICTURE)
    assert len(opened(tmp_path, instances=False).a) == 1  # pictures without label maps stay out
    for spec, match in (("figures", "use figures/labels"), ("idx:x", "idx:x holds no label maps")):
        with pytest.raises(InputError, match=match):
            open_label_maps(spec, num_classes=7)
    with pytest.raises(InputError, match="num_classes: expected 7 for figures/labels"):
        open_label_maps("figures/labels", num_classes=6)
    with pytest.raises(InputError, match="classes: expected one of values, cmp_facades"):
        open_label_maps("figures/labels", num_classes=7, classes="colours")


def test_classes_by_the_colours_of_a_palette(tmp_path):
    """Also after JPEG has changed them; the label map is the right half of each file."""
    classes = np.kron(np.arange(12).reshape(3, 4), np.ones((24, 24))).astype(int)
    colours = np.array(PALETTES["cmp_facades"], np.uint8)[classes]
    picture = RANDOM.integers(0, 256, colours.shape).astype(np.uint8)
    both = np.concatenate([picture, colours], axis=1)
    Image.fromarray(both).save(tmp_path / "a.jpg", quality=75)
    options = {"num_classes": 12, "classes": "cmp_facades", "layout": "side_by_side"}
    options["direction"] = "b_to_a"
    domains = opened(tmp_path, **options, instances=False)
    found = domains.a[0]
    assert found.shape == (*classes.shape, 1)
    assert np.mean(found[..., 0] == classes) > 0.97
    inner = np.s_[8:16, 8:16]
    np.testing.assert_array_equal(found[..., 0][inner], classes[inner])
    a, b = load_pairs(domains, image_size=36)
    assert (a.shape, b.shape) == ((1, 36, 36, 1), (1, 36, 36, 3))
    with pytest.raises(InputError, match="boundaries: expected False for classes=cmp_facades"):
        opened(tmp_path, **options)
    with pytest.raises(
        InputError, match=r"ignored: expected None for classes=cmp_facades, .* got 0"
    ):
        opened(tmp_path, **options, instances=False, ignored=0)
    with pytest.raises(InputError, match="num_classes: expected 12 for classes=cmp_facades, got 3"):
        opened(tmp_path, **options | {"num_classes": 3}, instances=False)


def test_drawn_label_maps():
    domains = open_label_maps(
        "figures/labels", "test[2:]", num_classes=7, num=5, resolution=32, seed=3
    )
    drawn = scenes.load("test", 32, 5, 3)
    assert len(domains.a) == 3
    maps = np.stack([drawn["label"], drawn["inst"]], axis=-1)
    np.testing.assert_array_equal(domains.a[0], maps[2])
    np.testing.assert_array_equal(domains.b[2], drawn["image"][4])
    for maps, images in paired(domains, batch_size=2, image_size=32, channels=(8, 3)).take(1):
        assert maps.shape == (2, 32, 32, 2)
        assert images.shape == (2, 32, 32, 3)


def test_examples():
    result = doctest.testmod(label_maps, extraglobs={"np": np})
    assert result.attempted == 3
    assert not result.failed
    assert LabelFit(2, 1)(np.arange(16).reshape(4, 4, 1), "a")[..., 0].tolist() == [
        [5, 7],
        [13, 15],
    ]


def test_the_documentation_has_the_colours_of_a_palette():
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text("utf-8")
    listed = re.findall("`#(..)(..)(..)`", page.partition("colours of `cmp_facades`")[2])
    colours = tuple(tuple(int(part, 16) for part in colour) for colour in listed)
    assert colours == PALETTES["cmp_facades"]

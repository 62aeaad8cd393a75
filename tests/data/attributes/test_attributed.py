"""Images with attributes and masks: drawn ones, and folders with a table."""

import doctest
import zipfile

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import pictures
from tfgan_zoo.attributes import Attributes
from tfgan_zoo.data import attributed, figures, load_attributed, open_attributed, solid_views
from tfgan_zoo.data.attributes import batches, opening
from tfgan_zoo.data.splits import NoSplitError
from tfgan_zoo.errors import InputError

TABLE = """file,split,kind,angle,weight
a/0.png,train,box,0,1.5
a/1.png,train,ball,90,2
b/2.png,test,"box",180,-1
b/3.png,train,box,270.5,0
"""
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (4, 12, 16, 3), np.uint8)
MASKS = 255 * RANDOM.integers(0, 2, (4, 12, 16, 1), np.uint8)
FILES = ("a/0", "a/1", "b/2", "b/3")


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b", "masks/a", "masks/b"):
        (tmp_path / name).mkdir(parents=True)
    for file, image, mask in zip(FILES, IMAGES, MASKS, strict=True):
        pictures.save_png(tmp_path / f"{file}.png", image)
        pictures.save_png(tmp_path / "masks" / f"{file}.png", mask[..., 0])
    (tmp_path / "attributes.csv").write_text(TABLE)
    return tmp_path


def test_figures():
    data = open_attributed("figures/attributes", "test[:40]", num=50, resolution=24)
    assert (len(data.images), len(data.masks)) == (40, 40)
    assert data.attributes.declared == Attributes(figures.DESCRIBED).declared
    drawn = figures.attributes("attributes", "test", 40)
    np.testing.assert_array_equal(data.values["angle"], drawn.angle)
    np.testing.assert_array_equal(data.masks.array, figures.masks(drawn, 24))
    np.testing.assert_array_equal(data.images.array, figures.render(drawn, 24))


def test_views_of_solids():
    data = open_attributed("solids/views", "test[4::4]", num=40, resolution=16)
    assert (len(data.images), len(data.masks)) == (9, 9)
    assert data.attributes.groups == (6, 2, 5)
    drawn = solid_views.attributes("test", 40)[4::4]
    np.testing.assert_array_equal(data.values["view"], drawn.view)
    image, mask = solid_views.render(drawn, 16)
    np.testing.assert_array_equal(data.images.gather(slice(None)), image)
    np.testing.assert_array_equal(data.masks.gather(slice(None)), mask)
    batch = next(attributed(data, batch_size=4).as_numpy_iterator())
    assert {name: each.shape for name, each in batch.items()} == {
        "attributes": (4, 13),
        "image": (4, 16, 16, 3),
        "mask": (4, 16, 16, 1),
    }


def test_the_parts_of_a_sample_stay_together():
    """In any order, attributes are those of the image and the mask."""
    data = open_attributed("figures/attributes", num=30, resolution=16)
    coded = data.attributes.encode(data.values)
    seen = []
    for batch in attributed(data, batch_size=8, seed=3).take(5).as_numpy_iterator():
        for codes, image, mask in zip(
            *(batch[n] for n in ("attributes", "image", "mask")), strict=True
        ):
            (i,) = np.flatnonzero((coded == codes).all(axis=1))
            np.testing.assert_array_equal(image, data.images.array[i])
            np.testing.assert_array_equal(mask, data.masks.array[i])
            seen.append(i)
    assert sorted(seen[:30]) == list(range(30)) != seen[:30]
    again = next(attributed(data, batch_size=8, seed=3, start_step=2).as_numpy_iterator())
    np.testing.assert_array_equal(again["attributes"], coded[seen[16:24]])


@pytest.mark.parametrize("archive", [False, True])
def test_a_folder_with_a_table(folder, archive):
    spec = f"folder:{folder}"
    if archive:
        with zipfile.ZipFile(folder / "all.zip", "w") as file:
            for path in sorted(folder.rglob("*.*")):
                if path.suffix != ".zip":
                    file.write(path, path.relative_to(folder))
        spec = f"zip:{folder / 'all.zip'}"
    data = open_attributed(spec)
    # Classes and ranges are those of all splits together.
    assert data.attributes.texts() == (
        "kind=ball|box",
        "angle=degrees",
        "weight=-1.0..2.0",
    )
    assert data.values["kind"].tolist() == ["box", "ball", "box"]
    assert data.values["angle"].tolist() == [0, 90, 270.5]
    test = open_attributed(spec, "test")
    assert test.values["weight"].tolist() == [-1]
    loaded = load_attributed(data, image_size=(12, 16), channels=3)
    np.testing.assert_array_equal(loaded.images.array, IMAGES[[0, 1, 3]])
    np.testing.assert_array_equal(loaded.masks.array, MASKS[[0, 1, 3]])
    part = open_attributed(spec, "train[1:]")
    assert part.values["angle"].tolist() == [90, 270.5]
    assert len(part.masks) == 2
    cached, streamed = (
        next(attributed(data, batch_size=3, image_size=(12, 16), cache=cache).as_numpy_iterator())
        for cache in (True, False)
    )
    for name, values in cached.items():
        np.testing.assert_array_equal(streamed[name], values)


def test_declarations_override_the_table(folder):
    declared = {"kind": ("ball", "box", "cone"), "weight": (-5, 5)}
    data = open_attributed(f"folder:{folder}", attributes=declared)
    assert data.attributes.names == ("kind", "weight")
    assert data.attributes.encode(data.values)[0].tolist() == pytest.approx([0, 1, 0, 0.3])
    for wrong, message in (
        ({"kind": ("ball", "bix")}, r"line 2: kind: there is no 'box'; did you mean bix"),
        ({"weight": (-1, 1)}, r"line 2: weight: expected numbers from -1 to 1, got 1\.5"),
        ({"wieght": (-1, 1)}, r"there is no column 'wieght'; did you mean weight\?"),
        ({"kind": (0, 1)}, r"line 2: kind: expected a number, got 'box'"),
    ):
        with pytest.raises(InputError, match=message):
            open_attributed(f"folder:{folder}", attributes=wrong)
    with pytest.raises(InputError, match="attributes: expected those of figures/attributes"):
        open_attributed("figures/attributes", num=2, attributes=declared)


def test_a_folder_without_masks_or_splits(folder):
    (folder / "masks").rename(folder / ".masks")
    lines = [",".join(line.split(",")[:1] + line.split(",")[2:]) for line in TABLE.splitlines()]
    (folder / "attributes.csv").write_text("\n".join(lines))
    data = open_attributed(f"folder:{folder}")
    assert data.masks is None
    batch = next(attributed(data, batch_size=2, image_size=(12, 16)).as_numpy_iterator())
    assert set(batch) == {"attributes", "image"}
    with pytest.raises(NoSplitError, match="add a column split"):
        open_attributed(f"folder:{folder}", "test")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("a/1.png,train,ball,90,2\n", "a/1.png,train,ball,90\n", "line 3 has 4 values for 5"),
        ("ball,90", ",90", "line 3: expected a value of kind, got none"),
        ("ball,90", "ball,east", "line 3: angle: expected a number, got 'east'"),
        ("a/1.png", "a/9.png", r"line 3: there is no image a/9\.png"),
        ("a/1.png", "a/0.png", r"line 3: a/0\.png is in line 2, too"),
        ("file", "picture", "has columns picture, split"),
        ("weight", "kind", "has columns file, split, kind, angle, kind"),
        ("test", "", "line 4: expected a value of split, got none"),
        ("train", "other", r"has no split 'train' \(found: other and test\)"),
        (",", ";", "expected commas between columns, got ';'"),
        ("weight", "my weight", "expected names of the letters .* got 'my weight'; rename its col"),
        ("kind", "class", "not keywords of Python .* got 'class'; rename its column"),
        ("weight", "Kind", "expected names that differ in more than case, got 'kind' and 'Kind'"),
        # A number that is none does not make its column one of classes.
        ("90,2", "90,nan", "line 3: weight: expected a number as in line 2, got 'nan'; correct it"),
        ("90,2", '90,"2,5"', "line 3: weight: expected a number as in line 2, got '2,5'"),
        ("ball", "NaN", "line 3: kind: expected a value, got 'NaN'"),
        (
            '"box"',
            "Box",
            "line 4: kind: expected 'box' as in line 2, got 'Box'; write it in one way",
        ),
    ],
)
def test_tables_that_cannot_be_used(folder, old, new, message):
    (folder / "attributes.csv").write_text(TABLE.replace(old, new))
    with pytest.raises(InputError, match=message):
        open_attributed(f"folder:{folder}")


def test_columns_by_their_names_and_values(folder):
    table = TABLE.replace("angle", "Angle").replace("box", "1_1").replace("ball", "1_2")
    (folder / "attributes.csv").write_text(table)
    assert open_attributed(f"folder:{folder}").attributes.texts()[:2] == (
        "kind=1_1|1_2",
        "Angle=degrees",
    )
    radians = TABLE.replace(",90,", ",1.57,").replace(",180,", ",3.14,").replace("270.5", "4.72")
    (folder / "attributes.csv").write_text(radians)
    with pytest.warns(UserWarning, match=r"angle is read as degrees, but from 0 to 4\.72 looks"):
        open_attributed(f"folder:{folder}")
    commas = TABLE.replace('"box"', "box").replace("box", '"0,5"').replace("ball", '"1,25"')
    (folder / "attributes.csv").write_text(commas)
    with pytest.raises(
        InputError, match="line 2: kind: expected a number with a decimal point, got"
    ):
        open_attributed(f"folder:{folder}")
    # What is declared is taken as it is.
    (folder / "attributes.csv").write_text(TABLE.replace('"box"', "Box"))
    declared = {"kind": ("Box", "ball", "box")}
    assert len(open_attributed(f"folder:{folder}", attributes=declared).images) == 3


def _write_masks(folder, masks):
    for file, mask in zip(FILES, masks, strict=True):
        pictures.save_png(folder / "masks" / f"{file}.png", mask)


def test_masks_that_are_not_white_where_the_object_is(folder):
    box = np.zeros((4, 12, 16, 1), np.uint8)
    box[:, 3:9, 4:10] = 255
    _write_masks(folder, box.repeat(3, axis=-1))  # grey, saved as colour
    loaded = load_attributed(open_attributed(f"folder:{folder}"), image_size=(12, 16))
    np.testing.assert_array_equal(loaded.masks.array, box[[0, 1, 3]])
    for masks, message in (
        (np.concatenate([box, 0 * box, 0 * box], -1), "expected a grey mask, .* got colours"),
        (np.concatenate([box.repeat(3, -1), box], -1), "expected a grey mask, .* got transparency"),
        (box // 85, "masks: expected masks of 255 where the object is, got none above 3"),
    ):
        _write_masks(folder, masks)
        with pytest.raises(InputError, match=message):
            open_attributed(f"folder:{folder}")
    _write_masks(folder, 255 - box)
    with pytest.warns(UserWarning, match="masks are white at the border, and darker inside"):
        open_attributed(f"folder:{folder}")


def test_which_file_is_the_mask_of_an_image(folder):
    jpeg = folder / "masks" / "a" / "0.jpg"
    Image.fromarray(MASKS[1, ..., 0]).save(jpeg)
    loaded = load_attributed(open_attributed(f"folder:{folder}"), image_size=(12, 16))
    np.testing.assert_array_equal(loaded.masks.array[0], MASKS[0])  # the same path
    (folder / "masks" / "a" / "0.png").rename(folder / "masks" / "a" / "0.bmp")
    with pytest.raises(InputError, match=r"expected one mask for each image, got .* for a/0\.png"):
        open_attributed(f"folder:{folder}")
    (folder / "masks").rename(folder / "Masks")
    with pytest.raises(InputError, match="masks are read from a folder 'masks' alone; rename it"):
        open_attributed(f"folder:{folder}")


def test_masks_that_cannot_be_used(folder):
    pictures.save_png(folder / "masks" / "b" / "3.png", MASKS[0, :10, :, 0])
    with pytest.raises(InputError, match=r"3\.png: expected a mask of 16x12 pixels, .* got 16x10"):
        open_attributed(f"folder:{folder}")
    (folder / "masks" / "b" / "3.png").unlink()
    with pytest.raises(InputError, match=r"expected a mask for each image, got none for b/3\.png"):
        open_attributed(f"folder:{folder}")


def test_sources_without_attributes(folder, tmp_path):
    (folder / "attributes.csv").unlink()
    with pytest.raises(InputError, match=r"there is no attributes\.csv in"):
        open_attributed(f"folder:{folder}")
    with pytest.raises(InputError, match="has no attributes; use figures/attributes"):
        open_attributed("figures")
    with pytest.raises(InputError, match="use figures/attributes or solids/views, or a folder"):
        open_attributed("points/ring")


def test_one_value_tells_nothing(folder):
    (folder / "attributes.csv").write_text(TABLE.replace("ball", "box"))
    with pytest.raises(InputError, match="expected different values in the column kind"):
        open_attributed(f"folder:{folder}")


def test_a_part_of_the_figures_is_taken_once():
    whole, part = (
        open_attributed("figures/attributes", each, num=40) for each in ("test", "test[4::4]")
    )
    assert len(part.images) == len(part.masks) == 9
    for name, values in whole.values.items():
        np.testing.assert_array_equal(part.values[name], values[4::4])
    for ours, all_of_them in ((part.images, whole.images), (part.masks, whole.masks)):
        np.testing.assert_array_equal(ours.gather([2]), all_of_them.gather([12]))


def test_examples():
    globs = {"open_attributed": open_attributed, "attributed": attributed, "np": np}
    for module in (opening, batches):
        flags = doctest.ELLIPSIS
        assert doctest.testmod(module, extraglobs=globs, optionflags=flags).failed == 0

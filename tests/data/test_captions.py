import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.marks import slow
from tfgan_zoo import pictures
from tfgan_zoo.data import (
    Captioned,
    captioned,
    distinct_captions,
    open_captioned,
    unconditional,
)
from tfgan_zoo.data.captions import groups
from tfgan_zoo.data.source import ArraySource
from tfgan_zoo.errors import InputError

tfds = pytest.importorskip("tensorflow_datasets")


def picture(path, colour=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), (colour, colour, colour)).save(path)


def array(num):
    """The i-th image is of colour i."""
    return ArraySource(
        "mine",
        np.arange(num, dtype=np.uint8)[:, None, None, None] + np.zeros((num, 16, 16, 3), np.uint8),
    )


def take(data, steps, **options):
    batches = captioned(data, batch_size=4, **options)
    return list(batches.take(steps).as_numpy_iterator())


# ---------------------------------------------------------------------- sources


def test_figures():
    data = open_captioned("figures/captions", "test[:20]", resolution=16)
    assert len(data.images) == len(data.captions) == 20
    assert data.captions[0] == ("a large green circle at the bottom left on a dark background",)
    assert data.classes is None
    assert repr(data) == "<Captioned figures/captions (test[:20]): 20 images, 20 captions>"
    several = data._replace(captions=[("a", "b"), *["c"] * 19])
    assert repr(several).endswith(": 20 images, 21 captions>")
    with pytest.raises(InputError, match="has pairs"):
        open_captioned("figures/paired")
    with pytest.raises(InputError, match="has no captions"):
        open_captioned("points/ring")


@pytest.mark.parametrize("form", ["jsonl", "csv", "txt"])
def test_a_folder(tmp_path, form):
    for i, name in enumerate(("red/1.png", "red/2.png", "blue/1.png")):
        picture(tmp_path / name, i)
    if form == "jsonl":
        rows = [
            {"image": "red/2.png", "caption": "two, red "},
            {"file": "red/1.png", "caption": ["one", "een"]},
            {"image": "blue/1.png", "caption": "bläu"},
        ]
        text = "\n".join(map(json.dumps, rows))
        (tmp_path / "captions.jsonl").write_text(text)
    elif form == "csv":
        (tmp_path / "captions.csv").write_text(
            'image,caption\nred/2.png,"two, red"\nred/1.png,one\nred/1.png,een\nblue/1.png,bläu\n',
            encoding="utf-8-sig",
        )
    else:
        (tmp_path / "red/1.txt").write_text("one\n\neen\n")
        (tmp_path / "red/2.txt").write_text("two, red")
        (tmp_path / "blue/1.txt").write_text("bläu")
    data = open_captioned(f"folder:{tmp_path}")
    assert data.captions == [("bläu",), ("one", "een"), ("two, red",)]
    assert data.classes.tolist() == [0, 1, 1]
    assert [int(data.images[i][0, 0, 0]) for i in range(3)] == [2, 0, 1]
    part = open_captioned(f"folder:{tmp_path}", "train[1:]")
    assert part.captions == data.captions[1:]
    assert part.classes.tolist() == [1, 1]
    assert distinct_captions(part) == ["een", "one", "two, red"]


def test_classes_and_splits_of_a_table(tmp_path):
    for name in "abcd":
        picture(tmp_path / f"{name}.png")
    (tmp_path / "captions.csv").write_text(
        "file,caption,class,split\na.png,A,x,train\nb.png,B,y,train\nc.png,C,x,test\nd.png,D,x,val\n"
    )
    data = open_captioned(f"folder:{tmp_path}")
    assert data.captions == [("A",), ("B",)]
    assert data.classes.tolist() == [0, 1]
    assert open_captioned(f"folder:{tmp_path}", "test").captions == [("C",)]
    with pytest.raises(InputError, match=r"no split .other. .found: test and train and val"):
        open_captioned(f"folder:{tmp_path}", "other")


def test_a_table_over_folders_of_splits(tmp_path):
    for name in ("train/a", "test/b"):
        picture(tmp_path / f"{name}.png")
    rows = [{"image": f"{name}.png", "caption": name} for name in ("train/a", "test/b")]
    (tmp_path / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert open_captioned(f"folder:{tmp_path}", "test").captions == [("test/b",)]
    (tmp_path / "train" / "captions.csv").write_text("image,caption\na.png,own\n")
    assert open_captioned(f"folder:{tmp_path}").captions == [("own",)]


def test_what_generate_writes_is_read_again(tmp_path):
    pictures.save_folder(tmp_path / "made", np.zeros((2, 8, 8, 3), np.uint8), ["one", "zwölf"])
    assert open_captioned(f"folder:{tmp_path / 'made'}").captions == [("one",), ("zwölf",)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("captions.jsonl", '{"image": "a.png", "caption": "A"}\n{"image"', "line 2 is not JSON"),
        (
            "captions.jsonl",
            '{"image": "b.png", "caption": "B"}',
            r"line 1: there is no image b\.png",
        ),
        ("captions.jsonl", '{"image": "a.png"}', "line 1: expected an image and a caption"),
        ("captions.jsonl", '{"image": "a.png", "caption": "  "}', r"a\.png has an empty caption"),
        ("captions.jsonl", '{"image": "a.png", "caption": []}', r"a\.png has no caption"),
        ("captions.jsonl", "[]", "line 1: expected an object"),
        ("captions.jsonl", "", "has no captions of split 'train'"),
        ("captions.csv", "picture,words\na.png,A\n", "has columns picture, words; expected"),
        ("captions.csv", "image,caption\na.png,caf\xe9\n", "line 2 cannot be read as UTF-8"),
        ("captions.csv", "image,caption\na.png,red, small\n", "line 2 has 3 values for 2 columns"),
        ("captions.csv", 'image,caption\na.png,"red\n', r"line 2 is not CSV .*correct its quotes"),
        ("captions.csv", "image,caption\na.png,\n", r"line 2: a\.png has an empty caption"),
        ("captions.csv", "image,caption,class\na.png,A,x\na.png,B,y\n", "line 3: .* before"),
        ("a.txt", "caf\xe9", r"a\.txt, line 1 cannot be read as UTF-8"),
        ("b.txt", "B", r"1 of 1 images have no captions, the first a\.png"),
        ("a.txt", "\n", r"a\.png has no caption"),
    ],
)
def test_captions_that_cannot_be_used(tmp_path, name, text, message):
    picture(tmp_path / "a.png")
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        open_captioned(f"folder:{tmp_path}")


@pytest.mark.parametrize("inside", [False, True])
def test_images_that_a_table_leaves_out(tmp_path, inside):
    for name in ("train/a.png", "train/b.png", "train/c.png", "test/d.png"):
        picture(tmp_path / name)
    table, prefix = ("train/captions.csv", "") if inside else ("captions.csv", "train/")
    (tmp_path / table).write_text(f"image,caption\n{prefix}b.png,B\n")
    with pytest.raises(InputError, match=rf"2 of 3 images have no captions, the first {prefix}a"):
        open_captioned(f"folder:{tmp_path}")


def test_a_split_that_a_table_does_not_tell(tmp_path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    table = tmp_path / "captions.csv"
    table.write_text("image,caption\na.png,A\nb.png,B\n")
    with pytest.raises(InputError, match=r"no split 'test' .*add a column split to .*\.csv"):
        open_captioned(f"folder:{tmp_path}", "test")
    table.write_text("image,caption,split\na.png,A,Validation\nb.png,B,\n")
    with pytest.raises(InputError, match="line 3 has no split, others have"):
        open_captioned(f"folder:{tmp_path}", "val")
    table.write_text("image,caption,split\na.png,A,Validation\nb.png,B,train\n")
    assert open_captioned(f"folder:{tmp_path}", "val").captions == [("A",)]


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ("train/{}.png", "train/text/{}.txt"),
        ("train/{}.png", "train/captions/{}.txt"),
        ("train/{}.png", "text/train/{}.txt"),
        ("{}.jpg", "text/{}.txt"),
        ("images/{}.jpg", "text/{}.txt"),
        ("train/images/{}.jpg", "text/train/{}.txt"),
    ],
)
def test_texts_in_a_folder_of_their_own(tmp_path, image, text):
    for name in ("cat/1", "cat/2", "dog/1"):
        picture(tmp_path / image.format(name))
        path = tmp_path / text.format(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"a {name}\r\n  the {name} \r\n")
    data = open_captioned(f"folder:{tmp_path}")
    assert data.captions == [(f"a {name}", f"the {name}") for name in ("cat/1", "cat/2", "dog/1")]
    assert data.classes.tolist() == [0, 0, 1]


def test_a_line_of_json_or_text_may_hold_other_ends_of_lines(tmp_path):
    picture(tmp_path / "a.png")
    caption = "one\u2028two\x85three"
    (tmp_path / "a.txt").write_text(caption, encoding="utf-8")
    assert open_captioned(f"folder:{tmp_path}").captions == [(caption,)]
    row = json.dumps({"image": "./a.png", "caption": caption}, ensure_ascii=False)
    (tmp_path / "captions.jsonl").write_text(row, encoding="utf-8")
    assert open_captioned(f"folder:{tmp_path}").captions == [(caption,)]


def test_zero_shot_splits(tmp_path):
    for name in ("train/cat/1", "train/dog/1", "test/emu/1", "test/yak/1"):
        picture(tmp_path / f"{name}.jpg")
        (tmp_path / f"{name}.txt").write_text("\n".join(f"{name} {i}" for i in range(10)))
    for split, names in {"train": ("cat", "dog"), "test": ("emu", "yak")}.items():
        data = open_captioned(f"folder:{tmp_path}", split)
        assert [each[9] for each in data.captions] == [f"{split}/{name}/1 9" for name in names]
        assert data.classes.tolist() == [0, 1]
    with pytest.raises(InputError, match="no split 'val'"):
        open_captioned(f"folder:{tmp_path}", "val")


def test_some_have_a_class(tmp_path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    (tmp_path / "captions.csv").write_text("image,caption,class\na.png,A,x\nb.png,B,\n")
    with pytest.raises(InputError, match=r"b\.png has no class, others have"):
        open_captioned(f"folder:{tmp_path}")


class TinyCaptions(tfds.core.GeneratorBasedBuilder):
    """Eight pictures with captions in one of several forms."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = tuple(
        tfds.core.BuilderConfig(name=name)
        for name in ("text", "strings", "dicts", "number", "not_utf8")
    )

    def _info(self):
        text = tfds.features.Text()
        label = tfds.features.ClassLabel(num_classes=3)
        own = {
            "text": {"text": text, "label": tfds.features.Scalar(np.int64)},
            "strings": {"captions": tfds.features.Sequence(text)},
            "dicts": {
                "captions": tfds.features.Sequence({"id": np.int64, "text": text}),
                "label": label,
            },
            "number": {"text": tfds.features.Scalar(np.int64)},
            "not_utf8": {"caption": text},
        }[self.builder_config.name]
        image = tfds.features.Image(shape=(16, 16, 3), encoding_format="png")
        features = tfds.features.FeaturesDict({"image": image, **own})
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for i in range(8):
            texts = [f" é{i}", f"{i}"]
            own = {
                "text": {"text": texts[0], "label": i % 3},
                "strings": {"captions": texts},
                "dicts": {
                    "captions": [{"id": 7, "text": text} for text in texts],
                    "label": i % 3,
                },
                "number": {"text": i},
                "not_utf8": {"caption": b"\xe9"},
            }[self.builder_config.name]
            yield i, {"image": np.full((16, 16, 3), i, np.uint8), **own}


@pytest.mark.parametrize("file_format", ["array_record", "tfrecord"])
@pytest.mark.parametrize(("form", "several"), [("text", 0), ("strings", 1), ("dicts", 1)])
def test_tfds(tmp_path, form, several, file_format):
    builder = tfds.builder(f"tiny_captions/{form}", data_dir=tmp_path)
    builder.download_and_prepare(file_format=file_format)
    data = open_captioned(f"tfds:tiny_captions/{form}", "train[2:]", data_dir=str(tmp_path))
    assert len(data.images) == len(data.captions) == 6
    numbers = [int(data.images[i][0, 0, 0]) for i in range(6)]
    assert data.captions == [(f"é{i}", f"{i}")[: 1 + several] for i in numbers]
    expected = None if form == "strings" else [i % 3 for i in numbers]
    assert (None if data.classes is None else data.classes.tolist()) == expected


def test_tfds_without_captions(tmp_path):
    with pytest.raises(InputError, match="no feature caption, captions or text that is text"):
        open_captioned("tfds:tiny_captions/number", data_dir=str(tmp_path))
    with pytest.raises(InputError, match=r"tiny_captions/not_utf8\[0\]: its caption is not UTF-8"):
        open_captioned("tfds:tiny_captions/not_utf8", data_dir=str(tmp_path))


# ---------------------------------------------------------------------- batches


def test_groups():
    texts = [("a", "b"), ("c",), (" B ", "d"), ("D",), ("C  c",)]
    assert groups(Captioned(array(5), texts)).tolist() == [0, 1, 0, 0, 4 - 2]
    assert groups(Captioned(array(3), texts[:3], np.array([7, 3, 7]))).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("captions", "classes", "message"),
    [
        ([("a",), ("A",)], None, r"every image has one in common with mine\[0\]"),
        ([("a",), ("b", "a"), ("b",)], None, r"every image has one in common with mine\[1\]"),
        ([("a",), ("b",)], [1, 1], "since there is one class only"),
        ([("a",)], None, "data.captions: expected one or more of each of 2 images .* those of 1"),
        ([("a",), ()], None, "data.captions: expected one or more of each of 2 images"),
        ([("a",), ("b",)], [1], r"data.classes: expected shape \(2,\)"),
    ],
)
def test_no_mismatching_texts(captions, classes, message):
    num = max(2, len(captions))
    classes = None if classes is None else np.array(classes)
    with pytest.raises(InputError, match=message):
        captioned(Captioned(array(num), captions, classes), batch_size=1)


def test_one_string_is_one_caption():
    data = Captioned(array(2), ["a red bird", "a fish"])
    assert distinct_captions(data) == ["a fish", "a red bird"]
    assert groups(data).tolist() == [0, 1]
    batch = next(captioned(data, batch_size=2).as_numpy_iterator())
    assert sorted(batch["text"]) == sorted(batch["mismatching_text"]) == [b"a fish", b"a red bird"]


@pytest.mark.parametrize(
    ("captions", "message"),
    [
        ([("a", None), ("b",)], r"data\.captions\[0\]: expected strings, got None"),
        (["a", 1], r"data\.captions\[1\]: expected a text, or several in a list, got 1"),
        ("ab", "data.captions: expected the captions of each of 2 images, got the string 'ab'"),
    ],
)
def test_captions_that_are_no_strings(captions, message):
    with pytest.raises(InputError, match=message):
        captioned(Captioned(array(2), captions), batch_size=1)


@pytest.mark.parametrize("cache", [slow(True), False])
def test_batches_of_different_classes(cache):
    classes = np.repeat([7, 3, 5, 9, 1], [1, 2, 3, 4, 2])
    data = Captioned(array(12), [f"{i}" for i in range(12)], classes)
    options = {"batch_size": 4, "distinct_classes": True, "seed": 1, "cache": cache}
    seen = []
    for batch in captioned(data, **options).take(200).as_numpy_iterator():
        images = batch["image"][:, 0, 0, 0]
        assert [int(text) for text in batch["text"]] == images.tolist()
        assert len(set(classes[images])) == 4
        assert (batch["class"] == np.unique(classes, return_inverse=True)[1][images]).all()
        seen.append(images)
    # Every class is as likely as any other, and so is each image of a class.
    counts = np.bincount(np.concatenate(seen), minlength=12)
    for number in np.unique(classes):
        of_class = counts[classes == number]
        assert of_class.sum() == pytest.approx(160, abs=25)
        assert of_class == pytest.approx(of_class.mean(), rel=0.4)
    later = next(captioned(data, start_step=123, **options).as_numpy_iterator())
    np.testing.assert_array_equal(later["image"][:, 0, 0, 0], seen[123])


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (None, "distinct_classes: expected False for mine, which has no classes"),
        ([0, 1, 1, 0], "batch_size: expected at most 2, the number of classes of mine"),
    ],
)
def test_batches_of_different_classes_need_enough_of_them(classes, message):
    data = Captioned(array(4), list("abcd"), classes and np.array(classes))
    with pytest.raises(InputError, match=message):
        captioned(data, batch_size=3, distinct_classes=True)


def test_a_chain_of_shared_captions_is_no_reason_not_to_mismatch():
    # Each image shares a caption with the next, so that all hang together.
    captions = [(f"{i}", f"{i + 1}") for i in range(6)]
    data = Captioned(array(6), captions)
    assert groups(data).tolist() == [0] * 6
    drawn = {i: set() for i in range(6)}
    for batch in take(data, 200):
        for image, other in zip(batch["image"][:, 0, 0, 0], batch["mismatching_text"], strict=True):
            drawn[image].add(other.decode())
    for i in range(6):
        allowed = [captions[j] for j in range(6) if abs(i - j) > 1]
        assert drawn[i] == {caption for each in allowed for caption in each}


def test_the_images_are_those_of_unconditional():
    data = open_captioned("figures/captions", num=10, resolution=16)
    expected = unconditional(data.images, batch_size=4, flip=True, seed=3)
    for batch, images in zip(
        take(data, 5, flip=True, seed=3), expected.take(5).as_numpy_iterator(), strict=True
    ):
        np.testing.assert_array_equal(batch["image"], images)


def test_numbers_beyond_a_byte():
    num = 70_000
    images = np.zeros((num, 1, 1, 3), np.uint8)
    images[:, 0, 0] = np.arange(num)[:, None] // [1, 256, 65536] % 256
    data = Captioned(ArraySource("many", images), [(str(i),) for i in range(num)])
    (batch,) = captioned(data, batch_size=2000).take(1).as_numpy_iterator()
    numbers = batch["image"][:, 0, 0].astype(int) @ [1, 256, 65536]
    assert numbers.max() > 65536
    np.testing.assert_array_equal(batch["text"].astype(int), numbers)
    others = batch["mismatching_text"].astype(int)
    assert (others != numbers).all()
    assert others.max() > 65536
    assert abs(others.mean() / num - 0.5) < 0.04


@pytest.mark.parametrize("cache", [slow(True), False])
def test_unreadable_images_take_their_captions_along(tmp_path, cache, caplog):
    for i in range(6):
        picture(tmp_path / f"{i}.png", i)
        (tmp_path / f"{i}.txt").write_text(f"{i}")
    (tmp_path / "2.png").write_bytes(b"no image")
    options = {"image_size": 16, "cache": cache, "seed": 1}
    data = open_captioned(f"folder:{tmp_path}", on_error="skip")
    batches = take(data, 20, **options)
    for batch in batches:
        assert [int(text) for text in batch["text"]] == batch["image"][:, 0, 0, 0].tolist()
    assert {int(text) for batch in batches for text in batch["text"]} == {0, 1, 3, 4, 5}
    assert "2.png cannot be read" in caplog.text
    for one, other in zip(batches[5:], take(data, 15, start_step=5, **options), strict=True):
        np.testing.assert_array_equal(one["text"], other["text"])
    with pytest.raises(InputError, match=r"2\.png cannot be read"):
        take(open_captioned(f"folder:{tmp_path}"), 1, image_size=16)


@pytest.mark.slow
def test_captions_of_an_image_are_equally_likely():
    data = Captioned(array(4), [("a", "b", "c", "d", "e"), ("f",), ("g",), ("h",)])
    texts = [text for batch in take(data, 1000) for text in batch["text"]]
    names, counts = np.unique(texts, return_counts=True)
    assert b"".join(names) == b"abcdefgh"
    assert np.abs(counts[:5] - 200).max() < 65  # 5 sigma
    vectors = np.eye(8, dtype=np.float32)
    pairs = [t for b in take(data, 1000, embeddings=vectors, num_captions=2) for t in b["text"]]
    kinds, counts = np.unique([p for p in pairs if p[:5].any()], axis=0, return_counts=True)
    assert len(kinds) == 10
    assert np.abs(counts - 100).max() < 50


@pytest.mark.parametrize("classes", [None, np.array([0, 1, 1, 2, 0, 1])])
def test_mismatching_texts_never_match(classes):
    captions = [("a", "b"), ("c",), ("b", "d"), ("e",), ("f", "g"), ("e", "h")]
    data = Captioned(array(6), captions, classes)
    group = groups(data)
    of = {}
    for i, each in enumerate(captions):
        for caption in each:
            of.setdefault(caption, set()).add(int(group[i]))
    seen, others = set(), set()
    for batch in take(data, 300):
        for image, text, other, own in zip(
            batch["image"][:, 0, 0, 0],
            batch["text"],
            batch["mismatching_text"],
            batch["class"],
            strict=True,
        ):
            assert text.decode() in captions[image]
            assert own == group[image]
            assert of[other.decode()] != {own}
            if classes is None:
                assert own not in of[other.decode()]
            seen.add((image, text))
            others.add((image, other))
    assert len(seen) == 10  # every caption of every image
    expected = {
        (i, caption.encode())
        for i in range(6)
        for j in range(6)
        if group[i] != group[j]
        for caption in captions[j]
    }
    assert others == expected


def test_mismatching_texts_do_not_depend_on_the_batch():
    captions = [(str(i),) for i in range(40)]
    drawn = [
        b for batch in take(Captioned(array(40), captions), 200) for b in batch["mismatching_text"]
    ]
    counts = np.unique(drawn, return_counts=True)[1]
    assert len(counts) == 40
    assert counts.min() > 5  # of 20 each
    assert counts.max() < 45


@pytest.mark.parametrize("cache", [slow(True), False])
def test_resumes_bit_for_bit(cache):
    data = Captioned(array(10), [(f"{i}", f"+{i}") for i in range(10)])
    options = {"image_size": 8, "load_size": 12, "flip": True, "seed": 3, "cache": cache}
    whole = take(data, 7, **options)
    rest = take(data, 4, start_step=3, **options)
    for one, other in zip(whole[3:], rest, strict=True):
        for key, value in one.items():
            np.testing.assert_array_equal(value, other[key])
    assert whole[0]["image"].shape == (4, 8, 8, 3)


def test_embeddings():
    data = Captioned(array(4), [("a", "b", "c"), ("d",), ("e", "f"), ("g",)])
    names = distinct_captions(data)
    assert names == list("abcdefg")
    vectors = np.eye(7, dtype=np.float32)
    for batch in take(data, 20, embeddings=vectors, num_captions=2):
        for image, text, other in zip(
            batch["image"][:, 0, 0, 0], batch["text"], batch["mismatching_text"], strict=True
        ):
            own = {names.index(caption) for caption in data.captions[image]}
            assert set(np.flatnonzero(text)) <= own
            assert text.sum() == pytest.approx(1.0)
            # Two that differ where there are two.
            assert np.count_nonzero(text) == min(2, len(own))
            assert not set(np.flatnonzero(other)) & own
    for batch in take(data, 5, embeddings=vectors, num_captions=9):
        for image, text in zip(batch["image"][:, 0, 0, 0], batch["text"], strict=True):
            own = [names.index(caption) for caption in data.captions[image]]
            np.testing.assert_allclose(text, vectors[own].mean(axis=0), rtol=1e-6)
    with pytest.raises(InputError, match=r"embeddings: expected shape \(7, D\)"):
        captioned(data, batch_size=2, embeddings=vectors[:3])
    with pytest.raises(InputError, match="num_captions: expected a whole number from 1 up"):
        captioned(data, batch_size=2, num_captions=True)
    with pytest.raises(InputError, match="num_captions: expected 1 for strings"):
        captioned(data, batch_size=2, num_captions=2)
    with pytest.raises(InputError, match="load_size: expected at least image_size=16"):
        captioned(data, batch_size=2, load_size=8)


# ---------------------------------------------------------------------- Flickr8k and COCO


def zipped(folder, into):
    with zipfile.ZipFile(into, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return f"zip:{into}"


@pytest.mark.parametrize("images", ["Images", "images"])
def test_flickr8k_as_kaggle_has_it(tmp_path, images):
    folder = tmp_path / "flickr"
    for i in range(3):
        picture(folder / images / f"100{i}_a.jpg", 40 * i)
    (folder / "captions.txt").write_text(
        "image,caption\r\n"
        "1002_a.jpg,A dog runs .\r\n"
        "1000_a.jpg,A child in a dress .\r\n"
        '1000_a.jpg,"A girl , smiling , and ""waving"" ."\r\n'
        "1001_a.jpg, Two men .\r\n"
    )
    for spec in (f"folder:{folder}", zipped(folder, tmp_path / "archive.zip")):
        data = open_captioned(spec)
        assert data.captions == [
            ("A child in a dress .", 'A girl , smiling , and "waving" .'),
            ("Two men .",),
            ("A dog runs .",),
        ]
        assert [round(int(data.images[i][0, 0, 0]), -1) for i in range(3)] == [0, 40, 80]
        assert data.classes is None
    picture(folder / images / "1003_a.jpg")
    with pytest.raises(InputError, match="1 of 4 images have no captions, the first"):
        open_captioned(f"folder:{folder}")


def test_captions_txt_may_be_the_caption_of_an_image(tmp_path):
    picture(tmp_path / "captions.jpg")
    (tmp_path / "captions.txt").write_text("an image, of words\n")
    assert open_captioned(f"folder:{tmp_path}").captions == [("an image, of words",)]


def coco(folder, name, captions, first=0):
    """Writes a file of COCO: the captions of each image by the name of its file."""
    content = {
        "info": {},
        "images": [{"id": 50 - i, "file_name": file} for i, file in enumerate(captions)],
        "annotations": [
            {"image_id": 50 - i, "id": 7 * i + k, "caption": caption}
            for k in (1, 0)
            for i, each in enumerate(captions.values())
            for caption in each[k : k + 1]
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content))


@pytest.mark.parametrize("place", ["{}2017", "images/{}2017", "Images"])
def test_coco(tmp_path, place):
    folder = tmp_path / "coco"
    train = {"000009.jpg": ["A bus.\n", "A red bus."], "000003.jpg": ["A cat.", "A pet."]}
    coco(folder / "annotations", "captions_train2017.json", train)
    coco(folder / "annotations", "captions_val2017.json", {"000005.jpg": ["A cup."]})
    (folder / "annotations" / "instances_val2017.json").write_text("{}")
    for split, number in (("train", 9), ("train", 3), ("train", 4), ("val", 5)):
        picture(folder / place.format(split) / f"{number:06}.jpg", 20 * number)
    for spec in (f"folder:{folder}", zipped(folder, tmp_path / "coco.zip")):
        data = open_captioned(spec)
        # The order of COCO's annotations within an image is kept; images without any are not used.
        assert data.captions == [("A pet.", "A cat."), ("A red bus.", "A bus.")]
        assert [round(int(data.images[i][0, 0, 0]), -1) for i in range(2)] == [60, 180]
        assert data.classes is None
        assert open_captioned(spec, "val").captions == [("A cup.",)]
        assert open_captioned(spec, "train[1:]").captions == data.captions[1:]
        with pytest.raises(InputError, match=r"no split 'test' \(found: train and val\)"):
            open_captioned(spec, "test")


def test_mistakes_in_coco(tmp_path):
    spec, annotations = f"folder:{tmp_path}", tmp_path / "annotations"
    coco(annotations, "captions_train2017.json", {"1.jpg": ["a"], "2.jpg": ["b"], "3.jpg": ["c"]})
    with pytest.raises(InputError, match=r"no image 1.jpg in .*train2017, nor in .*images"):
        open_captioned(spec)
    picture(tmp_path / "train2017" / "1.jpg")
    picture(tmp_path / "train2017" / "3.jpg")
    with pytest.raises(InputError, match=r"1 of 3 images are .*such as 2\.jpg.*on_error=skip"):
        open_captioned(spec)
    with pytest.warns(UserWarning, match="1 of 3 images are not in .* they are left out"):
        assert open_captioned(spec, on_error="skip").captions == [("a",), ("c",)]
    coco(annotations, "captions_train2014.json", {"1.jpg": ["a"]})
    with pytest.raises(InputError, match="two files with captions of split 'train'"):
        open_captioned(spec)
    (annotations / "captions_train2014.json").unlink()
    for text, message in (
        ("{", "is not JSON"),
        ("[]", "expected a list images"),
        ('{"images": [], "annotations": [{"image_id": 3, "caption": "a"}]}', "none for image 3"),
        ('{"images": [], "annotations": [{"image_id": 3, "bbox": []}]}', "expected a caption in n"),
    ):
        (annotations / "captions_train2017.json").write_text(text)
        with pytest.raises(InputError, match=message):
            open_captioned(spec)

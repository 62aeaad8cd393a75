import json

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import pictures
from tfgan_zoo.data import Captioned, captioned, distinct_captions, open_captioned
from tfgan_zoo.data.captioned import groups
from tfgan_zoo.data.sources import ArraySource
from tfgan_zoo.errors import InputError


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
    assert data.captions[0] == ("a small green circle on the left on a dark background",)
    assert data.classes is None
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
        ("captions.jsonl", '{"image": "a.png", "caption": "A"}\n{"image"', "line 2 is no JSON"),
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
        ("captions.csv", "image,caption\na.png,caf\xe9\n", "cannot be read as UTF-8"),
        ("b.txt", "B", r"1 of 1 images have no captions, the first a\.png"),
        ("a.txt", "\n", r"a\.png has no caption"),
    ],
)
def test_captions_that_cannot_be_used(tmp_path, name, text, message):
    picture(tmp_path / "a.png")
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        open_captioned(f"folder:{tmp_path}")


def test_some_have_a_class(tmp_path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    (tmp_path / "captions.csv").write_text("image,caption,class\na.png,A,x\nb.png,B,\n")
    with pytest.raises(InputError, match=r"b\.png has no class, others have"):
        open_captioned(f"folder:{tmp_path}")


# ---------------------------------------------------------------------- batches


def test_groups():
    texts = [("a", "b"), ("c",), (" B ", "d"), ("D",), ("C  c",)]
    assert groups(Captioned(array(5), texts)).tolist() == [0, 1, 0, 0, 4 - 2]
    assert groups(Captioned(array(3), texts[:3], np.array([7, 3, 7]))).tolist() == [1, 0, 1]
    with pytest.raises(InputError, match="since all captions are the same"):
        groups(Captioned(array(2), [("a",), ("A",)]))
    with pytest.raises(InputError, match="since there is one class only"):
        groups(Captioned(array(2), [("a",), ("b",)], np.array([1, 1])))


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


@pytest.mark.parametrize("cache", [True, False])
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
    with pytest.raises(InputError, match=r"embeddings: expected shape \(7, D\)"):
        captioned(data, batch_size=2, embeddings=vectors[:3])
    with pytest.raises(InputError, match="num_captions: expected 1 for strings"):
        captioned(data, batch_size=2, num_captions=2)
    with pytest.raises(InputError, match="load_size: expected at least image_size=16"):
        captioned(data, batch_size=2, load_size=8)

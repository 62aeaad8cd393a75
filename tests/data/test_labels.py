"""Labels stay with their samples, from every reader, through everything a pipeline does."""

import gzip
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo.data import (
    ArraySource,
    Fit,
    ViewSource,
    captioned,
    load_source,
    open_captioned,
    open_source,
    unconditional,
)
from tfgan_zoo.data.fingerprints import fingerprint
from tfgan_zoo.errors import InputError

#: The class of each sample, which its pixels tell. Neither sorted nor periodic.
CLASSES = [2, 0, 0, 1, 2, 1, 1, 2, 0, 2, 1]
NAMES = ("ant", "bee", "cat")
NUM = len(CLASSES)
DIGITS = ("0", "1", "2")


def pixels(i):
    return np.full((6, 6), 10 * i, np.uint8)


def images():
    return np.stack([pixels(i) for i in range(NUM)])


def as_folder(path, split=""):
    for i, number in enumerate(CLASSES):
        # File names are in the opposite order of the samples, so that sorting mixes them.
        file = path / split / NAMES[number] / f"{NUM - i:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels(i)).save(file)
    return path


def write_idx(path, array):
    data = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    data += array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def folder(path):
    return open_source(f"folder:{as_folder(path)}"), NAMES


def split_folder(path):
    return open_source(f"folder:{as_folder(path, 'train')}"), NAMES


def archive(path):
    as_folder(path / "photos")
    with zipfile.ZipFile(path / "x.zip", "w") as file:
        for image in (path / "photos").rglob("*.png"):
            file.write(image, image.relative_to(path))
    return open_source(f"zip:{path / 'x.zip'}"), NAMES


def idx_folder(path):
    write_idx(path / "train-images-idx3-ubyte.gz", images())
    write_idx(path / "train-labels-idx1-ubyte.gz", np.array(CLASSES))
    write_idx(path / "t10k-labels-idx1-ubyte.gz", np.zeros(NUM))
    return open_source(f"idx:{path}"), DIGITS


def idx_file(path):
    write_idx(path / "emnist-digits-test-images-idx3-ubyte", images())
    write_idx(path / "emnist-digits-test-labels-idx1-ubyte", np.array(CLASSES))
    return open_source(f"idx:{path / 'emnist-digits-test-images-idx3-ubyte'}"), DIGITS


def npz(samples, labels):
    def make(path):
        others = {"x_val": images()[:4], "y_val": np.zeros(4, int), "y_extra": np.zeros(3)}
        np.savez(path / "x.npz", **{samples: images(), labels: np.array(CLASSES), **others})
        return open_source(f"npz:{path / 'x.npz'}"), DIGITS

    return make


def keras_npz(path):
    """As in `keras.datasets.cifar10`."""
    np.savez(path / "x.npz", x_train=images(), y_train=np.array(CLASSES, np.uint8)[:, None])
    return open_source(f"npz:{path / 'x.npz'}"), DIGITS


def array(path):
    return ArraySource("mine", images(), labels=CLASSES, class_names=NAMES), NAMES


def view(path):
    return ViewSource("top", folder(path)[0], lambda image: image[:4]), NAMES


READERS = {
    "folder": folder,
    "split_folder": split_folder,
    "archive": archive,
    "idx_folder": idx_folder,
    "idx_file": idx_file,
    "npz_label": npz("image", "label"),
    "npz_labels": npz("images", "labels"),
    "npz_y": npz("x", "y"),
    "keras_npz": keras_npz,
    "array": array,
    "view": view,
}


def take(source, num=6, **options):
    dataset = unconditional(
        source, **{"batch_size": 4, "image_size": 6, "seed": 3, "parts": ("label",)} | options
    )
    return list(dataset.take(num).as_numpy_iterator())


def check_batches(batches, source):
    """Compares labels with the classes that the pixels tell."""
    seen = set()
    for batch in batches:
        indices = batch["image"][:, 0, 0, 0] // 10
        assert batch["label"].dtype == np.int64
        expected = [CLASSES[i] for i in indices]
        np.testing.assert_array_equal(batch["label"], expected)
        seen |= set(indices.tolist())
    return seen


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_labels_of_every_reader(tmp_path, reader):
    source, names = reader(tmp_path)
    assert source.class_names == names
    assert (source.labels.dtype, source.labels.shape) == (np.int64, (NUM,))
    for i in range(NUM):
        assert source.labels[i] == CLASSES[source[i].flat[0] // 10]
    for cache in (True, False):
        assert check_batches(take(source, cache=cache), source) == set(range(NUM))


@pytest.mark.parametrize("cache", [True, False])
def test_labels_change_nothing_about_the_images_and_resume_with_them(tmp_path, cache):
    source = folder(tmp_path)[0]
    whole = take(source, cache=cache)
    alone = unconditional(source, batch_size=4, image_size=6, seed=3, cache=cache)
    for batch, expected in zip(whole, alone.take(6).as_numpy_iterator(), strict=True):
        np.testing.assert_array_equal(batch["image"], expected)
    for batch, expected in zip(take(source, 2, cache=cache, start_step=4), whole[4:], strict=True):
        np.testing.assert_array_equal(batch["image"], expected["image"])
        np.testing.assert_array_equal(batch["label"], expected["label"])


@pytest.mark.parametrize("reader", ["folder", "idx_folder", "npz_label"])
def test_labels_of_a_part_of_a_split(tmp_path, reader):
    whole, names = READERS[reader](tmp_path)
    part = open_source(whole.spec, "train[3:8]")
    np.testing.assert_array_equal(part.labels, whole.labels[3:8])
    assert part.class_names == names
    # Names are those of the whole split, whatever classes the part has.
    assert open_source(whole.spec, "train[:1]").class_names == names
    assert len(check_batches(take(part), part)) == 5


@pytest.mark.slow
def test_tfds(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")

    class TinyInsects(tfds.core.GeneratorBasedBuilder):
        """Classes with names, as numbers, and as something else."""

        VERSION = tfds.core.Version("1.0.0")
        BUILDER_CONFIGS = tuple(
            tfds.core.BuilderConfig(name=name) for name in ("named", "numbered", "words", "unknown")
        )

        def _info(self):
            label = {
                "named": tfds.features.ClassLabel(names=NAMES),
                "numbered": tfds.features.Scalar(np.int64),
                "words": tfds.features.Text(),
                "unknown": tfds.features.Scalar(np.int64),
            }[self.builder_config.name]
            image = tfds.features.Image(shape=(6, 6, 1), encoding_format="png")
            features = tfds.features.FeaturesDict({"image": image, "label": label})
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            name = self.builder_config.name
            for i, number in enumerate(CLASSES):
                label = {"named": NAMES[number], "words": "ant", "unknown": -1}.get(name, number)
                yield i, {"image": pixels(i)[..., None], "label": label}

    for file_format in ("array_record", "tfrecord"):
        data_dir = str(tmp_path / file_format)
        for config, names in (("named", NAMES), ("numbered", DIGITS)):
            spec = f"tfds:tiny_insects/{config}"
            builder = tfds.builder(f"tiny_insects/{config}", data_dir=data_dir)
            builder.download_and_prepare(file_format=file_format)
            source = open_source(spec, data_dir=data_dir)
            assert source.class_names == names
            for cache in (True, False):
                assert check_batches(take(source, cache=cache), source) == set(range(NUM))
            part = open_source(spec, "train[3:8]", data_dir=data_dir)
            assert part.class_names == names
            assert len(check_batches(take(part), part)) == 5
    assert open_source("tfds:tiny_insects/words", data_dir=data_dir).labels is None
    with pytest.raises(InputError, match=r"tiny_insects/unknown: expected labels from 0 .*got -1"):
        open_source("tfds:tiny_insects/unknown", data_dir=data_dir).labels  # noqa: B018


def test_labels_of_figures_are_what_their_captions_say():
    for split in ("train", "test[20:]"):
        source = open_source("figures/full", split, num=60, resolution=16)
        assert len(source.class_names) == 48
        for batch in take(source, 10, image_size=16, parts=("label", "caption")):
            for label, caption in zip(batch["label"], batch["caption"], strict=True):
                assert f" {source.class_names[label]} " in caption.decode()


@pytest.mark.parametrize("cache", [True, False])
def test_unreadable_images_take_their_labels_along(tmp_path, cache):
    as_folder(tmp_path)
    damaged = (3, 4, 8)
    for i in damaged:
        (tmp_path / NAMES[CLASSES[i]] / f"{NUM - i:02}.png").write_bytes(b"no image")
    source = open_source(f"folder:{tmp_path}", on_error="skip")
    whole = take(source, 9, cache=cache)
    assert check_batches(whole, source) == set(range(NUM)) - set(damaged)
    for batch, expected in zip(take(source, 4, cache=cache, start_step=5), whole[5:], strict=True):
        np.testing.assert_array_equal(batch["label"], expected["label"])
    held = load_source(source, Fit(6, 1))
    assert len(held) == NUM - len(damaged)
    assert held.class_names == NAMES
    assert [CLASSES[image.flat[0] // 10] for image in held.array] == held.labels.tolist()
    assert [source[i].flat[0] for i in held.indices] == held.array[:, 0, 0, 0].tolist()
    assert check_batches(take(held), held) == set(range(NUM)) - set(damaged)


def test_a_flip_leaves_labels_alone(tmp_path):
    source = folder(tmp_path)[0]
    assert check_batches(take(source, flip=True), source) == set(range(NUM))


def test_classes_have_the_same_numbers_in_every_split(tmp_path):
    as_folder(tmp_path, "train")
    for name in ("ape", "bee", "dog"):
        (tmp_path / "test" / name).mkdir(parents=True)
        Image.fromarray(pixels(0)).save(tmp_path / "test" / name / "1.png")
    (tmp_path / "val" / "cat").mkdir(parents=True)
    Image.fromarray(pixels(0)).save(tmp_path / "val" / "cat" / "1.png")
    spec = f"folder:{tmp_path}"
    assert open_source(spec).class_names == NAMES
    test, val = open_source(spec, "test"), open_source(spec, "val")
    assert test.class_names == (*NAMES, "ape", "dog")
    assert test.labels.tolist() == [3, 1, 4]
    assert (val.labels.tolist(), val.class_names) == ([2], NAMES)


def test_classes_of_captions(tmp_path):
    as_folder(tmp_path)
    for image in tmp_path.rglob("*.png"):
        image.with_suffix(".txt").write_text(f"{image.parent.name} {image.stem}")
    data = open_captioned(f"folder:{tmp_path}", "train[2:9]")
    assert data.images.class_names == NAMES
    np.testing.assert_array_equal(data.classes, data.images.labels)
    for captions, label in zip(data.captions, data.images.labels, strict=True):
        assert captions[0].split()[0] == NAMES[label]
    for batch in captioned(data, batch_size=4, image_size=6).take(4).as_numpy_iterator():
        for text, label in zip(batch["text"], batch["class"], strict=True):
            assert text.decode().split()[0] == NAMES[label]


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        ([0, 1], (), r"mine: expected labels of shape \(3,\), .*got int64 \[2\]"),
        ([0.0, 1.0, 2.0], (), "expected labels .* one integer for each sample, got float64"),
        ([[0, 1], [1, 0], [1, 0]], (), r"got int64 \[3, 2\]"),
        ([0, 1, -1], (), "expected labels from 0 to 999999, got -1"),
        ([0, 1, 2], ("a", "b"), "expected labels from 0 to 1, got 2"),
        (["a", "b", "a"], (), "one integer for each sample"),
    ],
)
def test_what_does_not_number_classes(labels, names, message):
    with pytest.raises(InputError, match=message):
        ArraySource("mine", images()[:3], labels=labels, class_names=names)


def test_labels_of_files_are_checked_when_they_are_used(tmp_path):
    np.savez(tmp_path / "x.npz", x=images(), y=np.linspace(0, 1, NUM))
    source = open_source(f"npz:{tmp_path / 'x.npz'}")
    assert unconditional(source, batch_size=2).element_spec.shape == (2, 6, 6, 1)
    with pytest.raises(InputError, match="one integer for each sample, got float64"):
        unconditional(source, batch_size=2, parts=("label",))
    write_idx(tmp_path / "train-images-idx3-ubyte", images())
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(NUM - 1))
    with pytest.raises(InputError, match=r"expected labels of shape \(11,\)"):
        open_source(f"idx:{tmp_path}").labels  # noqa: B018


def test_parts_that_a_source_lacks(tmp_path):
    Image.fromarray(pixels(0)).save(tmp_path / "a.png")
    for source in (
        open_source(f"folder:{tmp_path}"),
        open_source("points/ring", num=9),
        images(),
    ):
        with pytest.raises(InputError, match=r"parts: expected labels in .*, got none; put"):
            unconditional(source, batch_size=1, parts=("label",))
    figures = open_source("figures", num=4)
    with pytest.raises(InputError, match=r"parts of figures \(label, caption\), got 'pose'"):
        unconditional(figures, batch_size=1, parts=("pose",))
    with pytest.raises(InputError, match="parts: expected names such as"):
        unconditional(figures, batch_size=1, parts="label")
    with pytest.raises(InputError, match="got 'image'; it is always there"):
        unconditional(figures, batch_size=1, parts=("image",))
    assert open_source(f"folder:{tmp_path}").class_names == ()


def test_vectors_may_have_labels():
    vectors = np.arange(8, dtype=np.float32)[:, None]
    source = ArraySource("mine", vectors, labels=np.arange(8) % 3)
    dataset = unconditional(source, batch_size=4, parts=("label",))
    for batch in dataset.take(4).as_numpy_iterator():
        np.testing.assert_array_equal(batch["image"][:, 0] % 3, batch["label"])


def test_labels_are_part_of_the_fingerprint_where_they_are_used():
    one, other = (ArraySource("mine", images(), labels=np.roll(CLASSES, k)) for k in (0, 1))
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one, parts=("label",)) != fingerprint(other, parts=("label",))
    assert fingerprint(one, parts=("label",)) != fingerprint(one)

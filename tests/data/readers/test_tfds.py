"""A real data set of TensorFlow Datasets, small and generated here; nothing is downloaded."""

import socket

import numpy as np
import pytest

from tfgan_zoo.config import load_config
from tfgan_zoo.data import Fit, load_images, load_pairs, open_domains, open_source, unconditional
from tfgan_zoo.errors import InputError
from tfgan_zoo.tasks import resolve

tfds = pytest.importorskip("tensorflow_datasets")


def pixels(index):
    return np.random.default_rng(index).integers(256, size=(6, 8, 3), dtype=np.uint8)


class TinyPictures(tfds.core.GeneratorBasedBuilder):
    """Ten training and four validation pictures; or pairs, or domains, or none at all."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = (
        tfds.core.BuilderConfig(name="plain"),
        tfds.core.BuilderConfig(name="labels_only"),
        tfds.core.BuilderConfig(name="pairs"),
        tfds.core.BuilderConfig(name="a_and_b"),
        tfds.core.BuilderConfig(name="domains"),
    )
    MANUAL_DOWNLOAD_INSTRUCTIONS = None

    def _info(self):
        image = tfds.features.Image(shape=(6, 8, 3), encoding_format="png")
        features = {
            "plain": {"image": image, "label": tfds.features.ClassLabel(num_classes=2)},
            "labels_only": {"label": tfds.features.ClassLabel(num_classes=2)},
            "pairs": {"left": image, "right": image},
            "a_and_b": {"a": image, "b": image},
            "domains": {"image": image},
        }
        features = tfds.features.FeaturesDict(features[self.builder_config.name])
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, dl_manager):
        if self.builder_config.name == "domains":
            sizes = {"trainA": 6, "trainB": 5, "validationA": 2, "validationB": 3}
            return {split: self._generate_examples(num) for split, num in sizes.items()}
        return {"train": self._generate_examples(10), "validation": self._generate_examples(4)}

    def _generate_examples(self, num):
        for index in range(num):
            values = {"image": pixels(index), "left": pixels(0), "right": pixels(1)}
            values |= {"a": pixels(index), "b": 255 - pixels(index), "label": index % 2}
            yield index, {key: values[key] for key in self.info.features}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return str(tmp_path_factory.mktemp("tfds"))


def images_of(source):
    return sorted(image.tobytes() for image in load_images(source, Fit(8, 3, fit="pad")))


def test_it_is_prepared_and_read_in_any_order(data_dir):
    source = open_source("tfds:tiny_pictures", data_dir=data_dir)
    assert len(source) == 10
    assert source.shape == (6, 8, 3)
    expected = sorted(Fit(8, 3, fit="pad")(pixels(index), "x").tobytes() for index in range(10))
    assert images_of(source) == expected
    np.testing.assert_array_equal(source[3], source[3])
    for cache in (True, False):
        dataset = unconditional(source, batch_size=4, cache=cache)
        assert dataset.element_spec.shape == (4, 6, 6, 3)
        first = next(iter(dataset)).numpy()
    np.testing.assert_array_equal(first, next(iter(dataset)).numpy())


@pytest.mark.parametrize("at_a_time", [3, 64])
def test_labels_are_read_several_at_a_time_and_stay_with_their_images(
    data_dir, monkeypatch, at_a_time
):
    monkeypatch.setattr("tfgan_zoo.data.readers.tfds.READ_AT_A_TIME", at_a_time)
    source = open_source("tfds:tiny_pictures", data_dir=data_dir)
    known = {pixels(index).tobytes(): index % 2 for index in range(10)}
    expected = [known[np.ascontiguousarray(source[i]).tobytes()] for i in range(10)]
    assert 0 < sum(expected) < 10
    np.testing.assert_array_equal(source.labels, expected)


def test_splits(data_dir):
    for split, num in {"train[:30%]": 3, "validation": 4, "val": 4, "train+validation": 14}.items():
        assert len(open_source("tfds:tiny_pictures", split, data_dir=data_dir)) == num
    with pytest.raises(InputError, match="has no split 'trian'; did you mean train"):
        open_source("tfds:tiny_pictures", "trian", data_dir=data_dir)
    with pytest.raises(InputError, match="has no images in split"):
        open_source("tfds:tiny_pictures", "train[:0]", data_dir=data_dir)


def test_a_format_without_random_access_is_held_in_memory(data_dir, tmp_path):
    tfds.builder("tiny_pictures", data_dir=tmp_path).download_and_prepare(file_format="tfrecord")
    source = open_source("tfds:tiny_pictures", data_dir=str(tmp_path))
    assert images_of(source) == images_of(open_source("tfds:tiny_pictures", data_dir=data_dir))


@pytest.mark.parametrize("file_format", ["array_record", "tfrecord"])
def test_every_third_sample_and_the_others(data_dir, tmp_path, file_format):
    options = {"data_dir": str(tmp_path)}
    builder = tfds.builder("tiny_pictures", data_dir=tmp_path)
    builder.download_and_prepare(file_format=file_format)
    known = {pixels(index).tobytes(): index for index in range(10)}
    numbers = []
    for split in ("train", "train[::3]", "train[~::3]"):
        source = open_source("tfds:tiny_pictures", split, **options)
        images = [np.ascontiguousarray(source[i]) for i in range(len(source))]
        numbers.append([known[image.tobytes()] for image in images])
    whole, third, others = numbers
    assert third == whole[::3]
    assert others == [number for i, number in enumerate(whole) if i % 3]
    assert source.labels.tolist() == [number % 2 for number in others]
    assert len(open_source("tfds:tiny_pictures", "val[::3]", **options)) == 2
    with pytest.raises(InputError, match=r"understood|has no split"):
        open_source("tfds:tiny_pictures", "train+validation[::3]", **options)
    with pytest.raises(InputError, match="has no split 'trian'; did you mean train"):
        open_source("tfds:tiny_pictures", "trian[::3]", **options)


def test_a_tenth_is_held_out_where_there_is_no_split_and_nothing_is_read_for_that(
    data_dir, monkeypatch
):
    config = load_config("pix2pix", {"data.source": "tfds:tiny_pictures/a_and_b"})
    domains = load_config("cyclegan", {"data.source": "tfds:tiny_pictures/domains"})
    found = []
    with monkeypatch.context() as patched:
        patched.setattr("tfgan_zoo.data.readers.tfds._sources", None)  # It would read them.
        for each in (config, domains):
            each.data.data_dir, each.evaluate.split = data_dir, "val"
            assert resolve(each).evaluate.split == "val"
            each.evaluate.split = "test"
            with pytest.warns(UserWarning, match="its split val is used instead"):
                assert resolve(each).evaluate.split == "val"
            each.data.split = "validation"
            with pytest.warns(UserWarning, match="every tenth of validation is held out"):
                found.append(resolve(each))
    for each in found:
        splits = each.data.split, each.evaluate.split
        assert splits == ("validation[~::10]", "validation[::10]")
        parts = [open_domains(each.data.source, split, data_dir=data_dir) for split in splits]
        sizes = [(len(part.a), len(part.b)) for part in parts]
        assert sizes == ([(3, 3), (1, 1)] if each is found[0] else [(1, 2), (1, 1)])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("tfds:tiny_picture", "no data set 'tiny_picture'; did you mean tiny_pictures"),
        ("tfds:cycle_gan/horse2zebr", "no config 'horse2zebr'; did you mean horse2zebra"),
        ("tfds:tiny_pictures/labels_only", "has 0 image features .*label: ClassLabel"),
        ("tfds:tiny_pictures/pairs", "has 2 image features where one is needed"),
    ],
)
def test_what_is_not_there(data_dir, spec, message):
    with pytest.raises(InputError, match=message) as caught:
        open_source(spec, data_dir=data_dir)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("file_format", ["array_record", "tfrecord"])
def test_two_features_are_pairs(data_dir, tmp_path, file_format):
    builder = tfds.builder("tiny_pictures/a_and_b", data_dir=tmp_path)
    builder.download_and_prepare(file_format=file_format)
    domains = open_domains("tfds:tiny_pictures/a_and_b", "train[:80%]", data_dir=str(tmp_path))
    assert domains.matched
    a, b = load_pairs(domains)
    assert a.shape == (8, 6, 6, 3)
    assert len(np.unique(a, axis=0)) == 8
    np.testing.assert_array_equal(b, 255 - a)


def test_splits_are_domains(data_dir):
    spec = "tfds:tiny_pictures/domains"
    domains = open_domains(spec, data_dir=data_dir)
    assert (len(domains.a), len(domains.b), domains.matched) == (6, 5, False)
    assert domains.a.name(0) == f"{spec} (trainA)[0]"
    swapped = open_domains(spec, "val[:2]", direction="b_to_a", data_dir=data_dir)
    assert (len(swapped.a), len(swapped.b)) == (2, 2)
    assert "validationB" in swapped.a.spec
    with pytest.raises(InputError, match=r"no split 'test' \(found: train and validation\)"):
        open_domains(spec, "test", data_dir=data_dir)


def test_one_domain_is_not_two(data_dir):
    with pytest.raises(InputError, match=r"neither two image features a and b nor splits trainA"):
        open_domains("tfds:tiny_pictures/plain", data_dir=data_dir)
    grey = open_domains("tfds:tiny_pictures/plain", layout="grey", data_dir=data_dir)
    assert grey.matched
    assert grey.a[0].shape == (6, 8, 1)
    assert grey.b[0].shape == (6, 8, 3)


def test_without_a_network_it_says_so_at_once(tmp_path, monkeypatch):
    def unresolved(*_, **__):
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unresolved)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with pytest.raises(InputError, match=r"tfds:mnist is not in .*no network: .*tfds build mnist"):
        open_source("tfds:mnist", data_dir=str(tmp_path))

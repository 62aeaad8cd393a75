import keras
import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import distributions
from tfgan_zoo.evaluation.distributions import Reference, collect, collect_reference, compare
from tfgan_zoo.metrics import kernel_distance
from tfgan_zoo.metrics.features import ClassifierFeatures, ModelFeatures
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.pictures import from_uint8
from tfgan_zoo.progress import counted


def images(num, seed=0, low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (num, 2, 2, 1), np.uint8)


class Pixels(ModelFeatures):
    """The four pixels, which are its logits too."""

    def __init__(self, name="pixels", logits=True, **kwargs):
        inputs = keras.Input((2, 2, 1))
        flat = keras.layers.Flatten()(inputs)
        dense = keras.layers.Dense(4, use_bias=False, kernel_initializer="identity")(flat)
        outputs = (dense, dense + 0.0) if logits else dense
        super().__init__(keras.Model(inputs, outputs), name, **kwargs)
        self.seen = 0

    def __call__(self, images):
        self.seen += len(images)
        return super().__call__(images)


def reference(real, size=7):
    batches = [real[i : i + size] for i in range(0, len(real), size)]
    return Reference({"source": "mine"}, lambda: iter(batches), len(real))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "reference"


def test_what_is_kept_does_not_depend_on_batches():
    real = images(50)
    flat = from_uint8(real).reshape(50, 4)
    for size in (3, 50):
        found = collect(
            reference(real, size).batches(),
            ("moments", "features", "logits", "projections", "images", "sample"),
            Pixels(),
        )
        np.testing.assert_allclose(found["mean"], flat.mean(0), atol=1e-6)
        np.testing.assert_allclose(found["covariance"], np.cov(flat.T), atol=1e-6)
        np.testing.assert_allclose(found["features"], flat, atol=1e-6)
        np.testing.assert_array_equal(found["images"], real)
        np.testing.assert_array_equal(found["sample"], real)


def test_a_sample_of_sorted_images_has_all_of_their_classes():
    numbered = np.arange(3001, dtype=np.uint16).view(np.uint8).reshape(3001, 1, 2, 1)
    found = [
        collect(reference(numbered, size).batches(), ["sample"])["sample"] for size in (7, 999)
    ]
    np.testing.assert_array_equal(*found)
    places = found[0].reshape(2000, 2).view(np.uint16)
    assert len(np.unique(places)) == 2000
    # Two thirds of each third of the stream.
    counts = np.histogram(places, bins=3, range=(0, 3001))[0]
    assert np.abs(counts - 2000 / 3).max() < 50


def test_scores_of_two_distributions():
    real, dark = images(400), images(300, 1, high=128)
    left_out = {"ms_ssim_diversity", *distributions.by_class(distributions.METRICS)}
    metrics = [name for name in distributions.METRICS if name not in left_out]
    same, _ = compare(metrics, reference(real).batches(), reference(real), Pixels())
    other, _ = compare(metrics, reference(dark).batches(), reference(real), Pixels())
    assert abs(same["fid[pixels]"]) < 1e-6
    # Uniform from 0 to 255, and to 127: in each of four dimensions (m - m')^2 + (s - s')^2.
    expected = 4 * ((64 / 127.5) ** 2 + (64 / 127.5 / 3**0.5) ** 2)
    assert other["fid[pixels]"] == pytest.approx(expected, rel=0.05)
    assert other["kid[pixels]"] > 0.1 > 0.01 > abs(same["kid[pixels]"])
    assert same["precision[pixels]"] == same["recall[pixels]"] == same["coverage[pixels]"] == 1
    assert other["recall[pixels]"] < 0.5
    assert same["inception_score[pixels]"] > 1
    assert same["swd"] == 0
    chosen = np.random.default_rng(0).choice(400, 300, False)
    assert other["swd"] == pytest.approx(
        sliced_wasserstein(from_uint8(dark), from_uint8(real[chosen])), abs=1e-6
    )
    # A better model has the higher, or the lower, of the main numbers.
    for name in ("fid", "kid", "density_coverage", "swd"):
        main, sign = distributions.main_score(name, Pixels())
        assert sign * same[main] > sign * other[main]


def test_subsets_of_kid_differ():
    scores, _ = compare(["kid"], [images(60, 1)], reference(images(80)), Pixels())
    found = (
        collect([images(80)], ["features"], Pixels()),
        collect([images(60, 1)], ["features"], Pixels()),
    )
    mean, std = kernel_distance(*(each["features"] for each in found), subset_size=30)
    assert scores == {"kid[pixels]": mean, "kid_std[pixels]": std}
    assert std > 0.001


def test_modes_are_the_classes_of_the_real_images():
    real, made = np.zeros((2, 8, 2, 2, 1), np.uint8)
    for i in range(8):
        real[i, 0, i % 2] = 255  # the classes 0 and 1
        made[i, i // 7, 0] = 255  # seven times 0, once 2, which is none of them
    scores, _ = compare(["modes"], [made], reference(real), Pixels())
    assert scores == {
        "modes[pixels]": 1,
        "modes_of[pixels]": 2,
        "reverse_kl[pixels]": pytest.approx(np.log(2)),
    }


def test_statistics_of_a_reference_are_computed_once(cache):
    features, real = Pixels(), images(20)
    first = collect_reference(reference(real), {"moments"}, features)
    assert features.seen == 20
    again = collect_reference(reference(real, 20), {"moments"}, features)
    assert features.seen == 20
    np.testing.assert_array_equal(first["covariance"], again["covariance"])
    # What was not asked for before is added, and what was there stays.
    collect_reference(reference(real), {"features"}, features)
    collect_reference(reference(real), {"moments", "features"}, features)
    assert features.seen == 40
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    collect_reference(reference(real), {"moments"}, features)
    assert features.seen == 60
    assert [path.name for path in cache.iterdir()] == [file.name]


def test_other_pixels_or_weights_are_another_reference(cache):
    real = images(20)
    collect_reference(reference(real), {"moments"}, Pixels())
    changed = real.copy()
    changed[19, 1, 1] ^= 1
    for other, features in (
        (changed, Pixels()),
        (real.reshape(20, 4, 1, 1).reshape(20, 1, 4, 1), Pixels()),
        (real, Pixels("others")),
    ):
        seen = features.seen
        collect_reference(reference(other), {"moments"}, features)
        assert features.seen == seen + 20
    assert len(list(cache.iterdir())) == 4


def test_statistics_under_an_earlier_fingerprint_are_computed_again(cache):
    """Version 0.2 hashed the model's config; its files hold what may be another network's."""
    real, features = images(8), ClassifierFeatures("mnist_v1")
    real = np.pad(real, ((0, 0), (13, 13), (13, 13), (0, 0)))
    first = collect_reference(reference(real), {"moments"}, features)
    (file,) = cache.iterdir()
    features.fingerprint = "fa966a1d50e52ae7"  # of mnist_v1 in version 0.2
    collect_reference(reference(real), {"moments"}, features)
    (earlier,) = set(cache.iterdir()) - {file}
    np.savez(earlier, mean=np.zeros(64), covariance=np.zeros((64, 64)), distances=np.zeros(8))
    file.unlink()
    again = collect_reference(reference(real), {"moments"}, ClassifierFeatures("mnist_v1"))
    np.testing.assert_array_equal(again["mean"], first["mean"])
    assert again["mean"].any()


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "file"))
    assert "mean" in collect_reference(reference(images(20)), {"moments"}, Pixels())


def test_mistakes_are_sentences():
    real = reference(images(20))
    for metrics, features, sentence in (
        (["fidd"], Pixels(), "metrics: there is no 'fidd'; did you mean fid or kid?"),
        ([], Pixels(), "metrics: expected some of fid, kid"),
        (["fid", "swd"], None, "features: expected features for fid, got None"),
        (["modes"], Pixels(logits=False), "modes needs the logits of a classifier, and pixels has"),
    ):
        with pytest.raises(InputError, match=sentence.replace("?", r"\?")):
            compare(metrics, real.batches(), real, features)
    with pytest.raises(InputError, match="images: expected one or more, got none"):
        compare(["swd"], [], real)


def unchecked(metric, real, made, features):
    parts = distributions.needed_statistics([metric])
    kept = (collect(each.batches(), parts, features) for each in (real, made))
    return distributions.score([metric], features, *kept)


def large(num):
    return images(100 * num).reshape(num, 20, 20, 1)


@pytest.mark.parametrize(
    ("metric", "least"),
    [
        ("fid", 2),
        ("kid", 4),
        ("inception_score", 10),
        ("precision_recall", 4),
        ("density_coverage", 6),
        ("modes", 1),
        ("ms_ssim_diversity", 2),
        ("swd", 1),
    ],
)
def test_too_few_images_are_refused_before_any_is_made(metric, least):
    class Large(ModelFeatures):
        def __init__(self):
            inputs = keras.Input((20, 20, 1))
            pixels = keras.layers.AveragePooling2D(5)(inputs)
            flat = keras.layers.Flatten()(pixels)
            super().__init__(keras.Model(inputs, (flat, flat + 0.0)), "large")

    def never():
        raise AssertionError
        yield

    features = Large() if distributions.METRICS[metric].in_features else None
    enough = reference(large(least))
    # This many are enough: with one less of either kind it cannot be calculated.
    compare([metric], enough.batches(), enough, features, num=least)
    few = reference(large(least - 1)) if least > 1 else Reference({}, lambda: [], 0)
    sentence = f"expected {counted(least, 'image')} or more for {metric}, got {least - 1}"
    with pytest.raises(InputError, match=f"reference: {sentence}"):
        compare([metric], never(), few, features)
    if least > 1:
        with pytest.raises(InputError, match=f"num: {sentence}"):
            compare([metric], never(), enough, features, num=least - 1)
        with pytest.raises(InputError):
            unchecked(metric, enough, few, features)


def test_images_too_small_are_refused_before_any_is_made():
    with pytest.raises(InputError, match="reference: expected images of 11x11 pixels or more for"):
        compare(["ms_ssim_diversity"], iter([None]), reference(images(20)))


# ---------------------------------------------------------------------- class by class

#: Three classes, of which the second occurs in neither kind of images.
NAMES = ("Left top", "right_top", "left bottom")


def labelled(num, seed, labels, low=0):
    """Images of noise, the pixel of whose class is white."""
    made = images(num, seed, low, 200)
    made.reshape(num, 4)[np.arange(num), labels] = 255
    return made


def test_classes_are_compared_one_by_one():
    real_labels, labels = np.tile([0, 2], 30), np.repeat([2, 0], [25, 15])
    real, made = labelled(60, 0, real_labels), labelled(40, 1, labels, low=100)
    # Five samples of the first class look like the third, and two like none that occurs.
    made.reshape(40, 4)[25:30] = [0, 0, 255, 0]
    made.reshape(40, 4)[30:32] = [0, 255, 0, 0]
    features = Pixels(class_names=("left top", "right top", "left bottom", "right bottom"))
    metrics = ["class_accuracy", "intra_fid", "intra_precision_recall"]
    classes = distributions.Classes(NAMES, real_labels, labels)
    found, _ = compare(metrics, [made[:7], made[7:]], reference(real), features, classes=classes)
    assert found["class_accuracy[pixels]"] == pytest.approx(33 / 40)
    assert found["class_accuracy_worst[pixels]"] == pytest.approx(8 / 15)
    assert found["class_accuracy_best[pixels]"] == 1
    by_class = found.by_class["class_accuracy[pixels]"]
    assert by_class == {"Left top": pytest.approx(8 / 15), "left bottom": 1}
    expected = {}
    for number, name in ((0, "Left top"), (2, "left bottom")):
        a, b = (
            from_uint8(x[y == number]).reshape(-1, 4).astype(float)
            for x, y in ((real, real_labels), (made, labels))
        )
        product = np.cov(a.T) @ np.cov(b.T)
        overlap = np.sqrt(np.maximum(np.linalg.eigvals(product).real, 0)).sum()
        apart = ((a.mean(0) - b.mean(0)) ** 2).sum()
        expected[name] = apart + np.trace(np.cov(a.T)) + np.trace(np.cov(b.T)) - 2 * overlap
    assert found.by_class["intra_fid[pixels]"] == pytest.approx(expected, abs=1e-5)
    assert found["intra_fid[pixels]"] == pytest.approx(np.mean(list(expected.values())), abs=1e-5)
    assert found["intra_fid_worst[pixels]"] == pytest.approx(expected["Left top"], abs=1e-5)
    assert found["intra_fid_best[pixels]"] == pytest.approx(expected["left bottom"], abs=1e-5)
    for number, name in ((0, "Left top"), (2, "left bottom")):
        a, b = real[real_labels == number], made[labels == number]
        alone, _ = compare(["precision_recall"], [b], reference(a), features)
        for what in ("precision", "recall"):
            of_class = found.by_class[f"intra_{what}[pixels]"][name]
            assert of_class == pytest.approx(alone[f"{what}[pixels]"])
    # A control: as many right images under the labels of one another.
    wrong = labelled(40, 2, labels)
    swapped = classes._replace(made=2 - labels)
    other, _ = compare(metrics, [wrong], reference(real), features, classes=swapped)
    assert other["class_accuracy[pixels]"] == 0
    assert other["intra_fid[pixels]"] > 1
    right, _ = compare(metrics, [wrong], reference(real), features, classes=classes)
    assert right["class_accuracy[pixels]"] == 1
    assert right["intra_fid[pixels]"] < 0.2


def test_classes_that_cannot_be_compared_are_refused_before_anything_is_generated():
    real, labels = images(12), np.repeat([0, 2], [9, 3])

    def unread():
        raise AssertionError
        yield

    def refused(sentence, metric, classes, features=None):
        with pytest.raises(InputError, match=sentence):
            compare([metric], unread(), reference(real), features or Pixels(), classes=classes)

    classes = distributions.Classes(NAMES, labels, labels)
    refused("^metrics: intra_fid compares samples class by class, so it takes", "intra_fid", None)
    few = "^num: expected 4 images or more of each class for intra_precision_recall, got 3 real"
    refused(f"{few} ones of 'left bottom'", "intra_precision_recall", classes)
    fewer = classes._replace(made=np.zeros(12, int))
    refused("^num: expected 2 .* got 0 generated ones of 'left bottom'", "intra_fid", fewer)
    refused("whose classes have no names; use mnist_v1,", "class_accuracy", classes)
    other = Pixels(class_names=("left top", "b", "c", "d"))
    sentence = "which knows left top, b, c, d and not 'left bottom'; use features that"
    refused(sentence, "class_accuracy", classes, other)
    with pytest.raises(InputError, match=r"^class_names: expected 4, one for each logit, got 1"):
        Pixels(class_names=("a",))
    assert distributions.few_per_class(classes, 3) == (
        "intra_fid: 1 of 2 classes have no more than 3 images, the number of features (3 of left "
        "bottom); their FID is far too high and compares only with others of as many images."
    )
    assert distributions.few_per_class(classes, 2) is None

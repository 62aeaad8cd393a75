from pathlib import Path

import numpy as np
import pytest

from tests.marks import slow
from tfgan_zoo import networks
from tfgan_zoo.data import figures
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.features import ClassifierFeatures, features_of_source, open_features
from tfgan_zoo.metrics.features.classifiers import CLASSIFIERS, folded, network, rescaled


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_what_is_shipped(name):
    file = Path(networks.__file__).parent / f"{name}.npz"
    assert file.stat().st_size < 400_000
    classifier = open_features(name)
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1), np.uint8)
    features, logits = classifier(images)
    assert features.shape == (3, classifier.dim) == (3, 64)
    assert logits.shape == (3, classifier.classes)
    # Grey is three equal channels.
    np.testing.assert_allclose(classifier(images.repeat(3, -1))[1], logits, atol=1e-4)
    if name != "figures_v1":
        # 28x28, and that padded to 32x32, are one image.
        cut = images[:, 2:-2, 2:-2]
        np.testing.assert_array_equal(classifier(cut)[1], logits)
        assert not np.allclose(classifier(np.pad(cut, [(0, 0), (1, 1), (1, 1), (0, 0)]))[1], logits)


@pytest.mark.parametrize(
    ("view", "side"), [("", 32), slow("full", 32), slow("full", 64), slow("captions", 96)]
)
def test_figures_are_told_apart(view, side):
    drawn = figures.attributes(view, "test", 400)
    _, logits = open_features("figures_v1")(figures.render(drawn, side))
    assert np.mean(logits.argmax(axis=1) == drawn.label * 3 + drawn.fill) > 0.98


def test_folding_changes_nothing():
    trained, shapes = network(CLASSIFIERS["mnist_v1"], normalized=True), CLASSIFIERS["mnist_v1"]
    random = np.random.default_rng(0)
    trained.set_weights([random.uniform(0.1, 0.2, w.shape) for w in trained.weights])
    plain = network(shapes)
    plain.set_weights(folded(trained.get_weights()))
    images = random.uniform(-1, 1, (2, 28, 28, 1))
    for one, other in zip(trained(images, training=False), plain(images), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)


def test_rescaling_leaves_the_logits():
    one = ClassifierFeatures("figures_v1")
    other = ClassifierFeatures("figures_v1", rescaled(one._model.get_weights(), 0.25))
    images = figures.load(split="test", num=50)["image"]
    features, logits = one(images)
    np.testing.assert_array_equal(other(images)[1], logits)
    np.testing.assert_array_equal(other(images)[0], features * 0.25)
    assert 0.5 < np.sqrt(np.mean(features**2)) < 2


def test_other_weights_are_other_features():
    weights = [w + 0.01 for w in ClassifierFeatures("mnist_v1")._model.get_weights()]
    one, other = ClassifierFeatures("mnist_v1"), ClassifierFeatures("mnist_v1", weights)
    assert one.fingerprint == ClassifierFeatures("mnist_v1").fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("figures/captions", "figures_v1"),
        ("tfds:mnist", "mnist_v1"),
        ("idx:/data/Fashion-MNIST/raw", "fashion_mnist_v1"),
        ("tfds:mnist:3.0.1", "mnist_v1"),
        ("tfds:fashion_mnist/", "fashion_mnist_v1"),
        ("idx:/data/MNIST/", "mnist_v1"),
        ("idx:/data/mnist/train-images-idx3-ubyte.gz", "mnist_v1"),
        ("folder:FashionMNIST", "fashion_mnist_v1"),
        ("npz:~/.keras/datasets/mnist.npz", "mnist_v1"),
        ("tfds:kmnist", "inception"),
        ("tfds:moving_mnist", "inception"),
        ("npz:stacked_mnist.npz", "inception"),
        ("idx:/data/qmnist", "inception"),
        ("folder:/data/notmnist", "inception"),
        ("folder:/home/u/mnist-gan-project/celeba", "inception"),
        ("folder:/home/u/mnist/celeba", "inception"),
        ("folder:~/figures", "inception"),
    ],
)
def test_which_fit_a_source(spec, name):
    assert features_of_source(spec) == name


def test_no_such_features():
    with pytest.raises(InputError, match=r"there is no 'minst_v1'; did you mean mnist_v1"):
        open_features("minst_v1")

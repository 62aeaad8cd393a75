"""Scores in the features of a small classifier warn of real images of another kind."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.marks import slow_except
from tfgan_zoo.callbacks import EvaluateImages
from tfgan_zoo.data import figures
from tfgan_zoo.evaluation.distributions import Reference, compare
from tfgan_zoo.metrics import FID, KID
from tfgan_zoo.metrics.familiarity import LEAST, fitted
from tfgan_zoo.metrics.features import ClassifierFeatures, open_features


def photographs():
    """Parts of the two photographs of docs/images/srgan_set5.jpg's first row, 32x32 each."""
    sheet = Path(__file__).parents[2] / "docs" / "images" / "srgan_set5.jpg"
    with Image.open(sheet) as image:
        pixels = np.asarray(image.convert("RGB"))
    height, width = (side // 32 * 32 for side in pixels.shape[:2])
    tiles = pixels[:height, :width].reshape(height // 32, 32, width // 32, 32, 3)
    return tiles.swapaxes(1, 2).reshape(-1, 32, 32, 3)[:200]


def noise():
    return np.random.default_rng(0).integers(0, 256, (100, 32, 32, 3), np.uint8)


def drawn(view="", side=32, num=100, domain=""):
    return figures.render(figures.attributes(view, "test", num, domain=domain), side)


def of_one_class():
    return drawn("full", num=1000)[figures.attributes("full", "test", 1000).label == 3]


RIGHT = {
    "figures": drawn,
    "all colours and fills": lambda: drawn("full"),
    "with captions, larger": lambda: drawn("captions", 64),
    "outlines": lambda: drawn("paired", domain="a"),
    "one class": of_one_class,
    "grey": lambda: drawn("full").mean(axis=-1, keepdims=True).astype(np.uint8),
    "few": lambda: drawn(num=LEAST),
    "too few to say": lambda: photographs()[: LEAST - 1],
}
WRONG = {"photographs": photographs, "noise": noise}
FIGURES = open_features("figures_v1")


def in_a_metric(features, real):
    metric = FID(features)
    metric.update_state(real, drawn())
    metric.result()


def in_a_graph(features, real):
    metric = KID(features, subsets=2, subset_size=4)
    tf.function(metric.update_state, autograph=False)(tf.constant(real), tf.constant(drawn()))
    metric.result()
    metric.result()  # It has been said.


def in_evaluation(features, real):
    compare(["kid"], [drawn()], Reference({}, lambda: [real], len(real)), features)


def in_the_callback(features, real):
    EvaluateImages(["kid"], real, num=len(real), features=features)


def found(use, features, real):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        use(features, real)
    ours = [w for w in caught if str(w.message).startswith("features:")]
    # The user's line, however deep the library was in.
    assert {w.filename for w in ours} <= {__file__}
    return [str(w.message) for w in ours]


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path))


@pytest.mark.parametrize(
    "use", slow_except((in_a_graph,), (in_a_metric, in_a_graph, in_evaluation, in_the_callback))
)
def test_features_of_another_kind_of_image_are_warned_of_once_wherever_real_images_are_seen(use):
    (message,) = found(use, FIGURES, photographs())
    assert "those that figures_v1 was trained on" in message
    assert 'use features that suit them, such as "inception".' in message
    assert found(use, FIGURES, drawn()) == []


@pytest.mark.parametrize("real", RIGHT.values(), ids=RIGHT)
def test_images_of_its_own_kind_are_not_warned_of(real):
    assert found(in_the_callback, FIGURES, real()) == []


@pytest.mark.parametrize("name", ["figures_v1", "mnist_v1", "fashion_mnist_v1"])
@pytest.mark.parametrize("real", WRONG.values(), ids=WRONG)
def test_photographs_and_noise_fit_no_small_classifier(name, real):
    assert len(found(in_the_callback, open_features(name), real())) == 1
    assert name == "figures_v1" or found(in_the_callback, open_features(name), drawn())


def test_generated_images_are_not_looked_at():
    metric = FID(FIGURES)
    metric.update_state(drawn(), noise())
    assert found(lambda *_: metric.result(), None, None) == []


def test_a_cached_reference_warns_again_without_a_second_pass(monkeypatch):
    assert len(found(in_evaluation, FIGURES, photographs())) == 1
    seen = []
    monkeypatch.setattr(
        ClassifierFeatures, "__call__", lambda *given: seen.append(len(given[1])) or _real(*given)
    )
    assert len(found(in_evaluation, FIGURES, photographs())) == 1
    assert seen == [100]  # what was generated


_real = ClassifierFeatures.__call__


def test_the_stored_distance_is_that_of_the_test_images():
    """What `python -m benchmarks.train_features --weights=shipped` prints, on fewer images."""
    views = [("", ""), ("full", ""), ("captions", ""), ("paired", "a"), ("unpaired", "b")]
    images = np.concatenate([drawn(view, num=200, domain=domain) for view, domain in views])
    known = FIGURES.familiarity
    distance = known.distances(FIGURES(images)[0]).numpy().mean()
    assert distance == pytest.approx(known.distance, rel=0.1)


def test_other_weights_know_no_images():
    weights = FIGURES._model.get_weights()
    assert ClassifierFeatures("figures_v1", weights).familiarity is None


def test_distances_by_hand():
    # Two classes around (0, 0) and (8, 0), with variance 1 along each axis, uncorrelated.
    around = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], np.float32)
    known = fitted(np.concatenate([around, around + [8, 0]]), np.repeat([0, 1], 4), 2)
    np.testing.assert_allclose(known.means, [[0, 0], [8, 0]])
    distances = known.distances(np.array([[0, 0], [3, 1], [8, 2], [6, 0]], np.float32)).numpy()
    # Squares divided by the two dimensions; the diagonal is raised by a thousandth.
    np.testing.assert_allclose(distances, np.array([0, 10, 4, 4]) / 2, rtol=2e-3, atol=1e-6)

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo.metrics
from tests.marks import slow
from tests.metrics.samples import Means, features, show
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import (
    FID,
    KID,
    ClassCoverage,
    InceptionScore,
    MSSSIMDiversity,
    PrecisionRecall,
    SlicedWasserstein,
)
from tfgan_zoo.metrics.base import FeatureMetric, metric_name
from tfgan_zoo.metrics.features import ModelFeatures, open_features
from tfgan_zoo.metrics.reservoir import Reservoir, kept

MNIST = open_features("mnist_v1")


class Blurred(ModelFeatures):
    def __init__(self):
        inputs = keras.Input((28, 28, 1))
        pixels = keras.layers.Flatten()(keras.layers.AveragePooling2D(14)(inputs))
        super().__init__(keras.Model(inputs, pixels), "blurred")


def sampled(num, shown, sizes, seed=0):
    reservoir = Reservoir(FeatureMetric("x", dim=1), "rows", num, 1, seed)
    for part in np.split(np.arange(1, shown + 1, dtype=np.float32)[:, None], np.cumsum(sizes)):
        reservoir.add(part)
    return kept(reservoir.keys.numpy(), reservoir.rows.numpy())[:, 0]


def test_a_reservoir_keeps_all_that_fit():
    assert sorted(sampled(50, 20, [8])) == list(range(1, 21))
    assert sampled(50, 20, [8]).tolist() != list(range(1, 21))


def test_a_reservoir_keeps_a_random_choice_of_more():
    rows = sampled(300, 3000, [64, 1000])
    assert len(set(rows)) == 300
    # Uniform over the stream: a tenth of each tenth, and no trend.
    counts = np.histogram(rows, bins=10, range=(0.5, 3000.5))[0]
    assert counts.min() >= 15
    assert counts.max() <= 45
    np.testing.assert_array_equal(rows, sampled(300, 3000, [1, 7, 500, 2000]))
    assert set(rows) != set(sampled(300, 3000, [64, 1000], seed=1))


def test_bounded_memory_and_reset():
    real, generated, _ = features()
    metric = PrecisionRecall(dim=16, max_samples=100)
    first = show(metric, real, generated, size=30)
    assert sum(int(np.prod(v.shape)) for v in metric.variables) == 2 * (100 * 17 + 1)
    metric.reset_state()
    assert first == show(metric, real, generated, size=64)
    with pytest.raises(InputError, match="max_samples: expected a number from 2 up, got 1"):
        KID(dim=16, max_samples=1)


def test_names():
    assert metric_name("fid", Means(name="inception_v3")) == "fid"
    assert metric_name("fid", Means(name="fashion_mnist_v1")) == "fid[fashion_mnist_v1]"
    assert FID(Means(), name="own").name == "own"


every_metric = pytest.mark.parametrize(
    "make",
    [
        lambda f: FID(f),
        lambda f: KID(f, subsets=2, subset_size=7),
        lambda f: InceptionScore(f, splits=2),
        lambda f: PrecisionRecall(f, k=2, density_k=4),
        lambda f: SlicedWasserstein(f, projections=3, seed=5),
    ],
)


@every_metric
def test_round_trip_through_a_config(make):
    metric = make(Means())
    images = np.random.default_rng(0).uniform(-1, 1, (2, 20, 2, 2, 3)).astype(np.float32)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert copy.get_config().keys() == metric.get_config().keys()
    assert show(copy, *images) == show(metric, *images)


@pytest.mark.filterwarnings("ignore:features. expected images like")  # noise is no digit
@every_metric
@pytest.mark.parametrize("extractor", [slow(MNIST), Means(1)], ids=lambda each: each.name)
def test_a_graph_shows_an_extractor_the_same(make, extractor):
    images = np.random.default_rng(0).integers(0, 256, (2, 80, 28, 28, 1), np.uint8)
    eager, graph = make(extractor), make(extractor)
    update = tf.function(graph.update_state, reduce_retracing=True, autograph=False)
    for part in (slice(50), slice(50, 80), slice(80, 80)):  # the last is empty
        eager.update_state(images[0, part], images[1, part] // 2)
        update(*(tf.constant(each) for each in (images[0, part], images[1, part] // 2)))
    found = [np.array(tf.nest.flatten(metric.result())) for metric in (eager, graph)]
    np.testing.assert_allclose(*found, rtol=1e-4)
    assert np.isfinite(found).all()


def test_an_extractor_in_compile():
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Rescaling(0.5)])
    metric = FID(Blurred())
    model.compile(loss="mse", metrics=[metric])
    images = np.random.default_rng(0).uniform(-1, 1, (60, 28, 28, 1)).astype(np.float32)
    found = model.evaluate(images, images, batch_size=25, verbose=0, return_dict=True)
    alone = FID(Blurred())
    alone.update_state(images, images / 2)
    assert found["fid[blurred]"] == pytest.approx(float(alone.result()), rel=1e-4)


def test_public_names():
    names = tfgan_zoo.metrics.__all__
    assert sorted(set(names)) == sorted(names)
    assert set(names) <= set(dir(tfgan_zoo.metrics))
    for name in names:
        found = getattr(tfgan_zoo.metrics, name)
        assert found.__name__ == name
        assert found.__module__.startswith("tfgan_zoo.metrics.")


@pytest.mark.parametrize(
    "metric", [FID(dim=1), ClassCoverage(2), MSSSIMDiversity()], ids=lambda metric: metric.name
)
def test_weights_are_refused(metric):
    with pytest.raises(InputError, match="sample_weight: expected None"):
        metric.update_state(None, np.zeros((2, 1)), np.ones(2))

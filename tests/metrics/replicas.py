"""Updates metrics on two replicas; run by two_replicas in a separate process."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.metrics.samples import features
from tests.two_devices import STRATEGY
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import (
    FID,
    KID,
    ClassCoverage,
    InceptionScore,
    ModeCoverage,
    MSSSIMDiversity,
    PrecisionRecall,
    SlicedWasserstein,
)
from tfgan_zoo.metrics.features import ModelFeatures, open_features
from tfgan_zoo.metrics.reservoir import kept


@tf.function(reduce_retracing=True, autograph=False)
def update(metric, real, generated):
    STRATEGY.run(metric.update_state, (real, generated))


def per_replica(array, start, size):
    """Distributes the rows of a batch alternately to the two replicas."""

    def own(context):
        return tf.constant(array[start : start + size][context.replica_id_in_sync_group :: 2])

    return STRATEGY.experimental_distribute_values_from_function(own)


def floats(result):
    return [float(x) for x in (result.values() if isinstance(result, dict) else [result])]


def compare(make, real, generated, size=75):
    """Compares a metric on two replicas with one on a single device."""
    with STRATEGY.scope():
        two = make()
    one = make()
    for _ in range(2):  # Again after a reset.
        for start in range(0, len(real), size):
            update(two, per_replica(real, start, size), per_replica(generated, start, size))
            one.update_state(real[start : start + size], generated[start : start + size])
        np.testing.assert_allclose(floats(two.result()), floats(one.result()), rtol=1e-5)
        two.reset_state()
        one.reset_state()
    # Outside of the replicas too, before and after their updates.
    cut = len(real) // 3
    two.update_state(real[:cut], generated[:cut])
    update(two, per_replica(real, cut, cut), per_replica(generated, cut, cut))
    with STRATEGY.scope():
        two.update_state(real[2 * cut :], generated[2 * cut :])
    one.update_state(real, generated)
    np.testing.assert_allclose(floats(two.result()), floats(one.result()), rtol=1e-5)


REAL, GENERATED, LOGITS = features()
REAL = REAL[:300]


def every_metric():
    compare(lambda: FID(dim=16), REAL, GENERATED)
    compare(lambda: KID(dim=16, subsets=2, subset_size=300, max_samples=600), REAL, GENERATED)
    compare(lambda: PrecisionRecall(dim=16, max_samples=600), REAL, GENERATED)
    compare(lambda: SlicedWasserstein(dim=16, max_samples=600), REAL, GENERATED)
    compare(lambda: InceptionScore(classes=10, splits=1), LOGITS, LOGITS, size=50)
    compare(lambda: ModeCoverage(GENERATED[:5, :2], 0.3), REAL[:, :2], GENERATED[:, :2])
    labels = LOGITS.argmax(axis=1)
    compare(lambda: ClassCoverage(10), labels, labels, size=50)


def an_extractor_that_works_with_numpy():
    """The second replica has no rows of the last batch."""
    digits = np.random.default_rng(0).integers(0, 256, (2, 121, 28, 28, 1), np.uint8)
    extractor = open_features("mnist_v1")
    with STRATEGY.scope():
        two = FID(extractor)
    one = FID(extractor)
    for start in range(0, 121, 40):
        pair = digits[0], digits[1] // 2
        update(two, *(per_replica(each, start, 40) for each in pair))
        one.update_state(*(each[start : start + 40] for each in pair))
    np.testing.assert_allclose(float(two.result()), float(one.result()), rtol=1e-4)


def features_of_images_that_replicas_share():
    """Also where they have unequal parts, and where there are fewer images than replicas."""
    digits = np.random.default_rng(0).integers(0, 256, (521, 28, 28, 1), np.uint8)
    one = open_features("mnist_v1")
    with STRATEGY.scope():
        two = open_features("mnist_v1")
    assert two.fingerprint == one.fingerprint
    two.share(STRATEGY)
    for num in (521, 7, 1, 0):
        for shared, alone in zip(two(digits[:num]), one(digits[:num]), strict=True):
            np.testing.assert_allclose(shared, alone, rtol=1e-4, atol=1e-5)
    with STRATEGY.scope():
        network = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
        two = ModelFeatures(network, "pixels")
    two.share(STRATEGY)
    features, logits = two(digits[:7])
    np.testing.assert_array_equal(features, two._prepared(digits[:7]).reshape(7, -1))
    assert logits is None


def more_samples_than_the_reservoirs_hold():
    """An equal number from either replica, and nothing summed."""
    with STRATEGY.scope():
        metric = KID(dim=16, max_samples=40)
    for start in range(0, 300, 75):
        update(metric, per_replica(REAL, start, 75), per_replica(GENERATED, start, 75))
    keys, rows = (
        np.asarray(tf.convert_to_tensor(s)) for s in (metric._real.keys, metric._real.rows)
    )
    chosen = kept(keys, rows)
    places = [int(np.flatnonzero((row == REAL).all(axis=1))[0]) for row in chosen]
    assert len(set(places)) == 40
    assert sum(place % 75 % 2 for place in places) == 20


def pairs_are_within_a_batch_of_a_replica():
    with STRATEGY.scope():
        pairs = MSSSIMDiversity()
    images = np.random.default_rng(0).integers(0, 256, (4, 11, 11, 1), np.uint8)
    images[2] = images[0]
    update(pairs, per_replica(images, 0, 4), per_replica(images, 0, 4))
    one = MSSSIMDiversity()
    one.update_state(None, images[[0, 1, 2, 3]])
    np.testing.assert_allclose(float(pairs.result()), float(one.result()), rtol=1e-5)


def a_metric_made_outside_the_scope_is_refused():
    outside = FID(dim=16)
    with pytest.raises(InputError, match=r"created in strategy\.scope"):
        update(outside, per_replica(REAL, 0, 10), per_replica(GENERATED, 0, 10))

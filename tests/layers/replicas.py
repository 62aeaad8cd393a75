"""Noise and layers that draw or remember, on two replicas; run by two_replicas in its process."""

import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tests.two_devices import STRATEGY
from tfgan_zoo import noise
from tfgan_zoo.layers import ImagePool, StatelessDropout
from tfgan_zoo.layers.normalization import BatchNormalization


def noise_is_what_one_would_draw():
    key = noise.key(0, "z")
    for draw in (noise.normal, noise.uniform):
        for shape in ([4], [4, 3]):
            for rows in (4, tf.constant(4)):
                fn = tf.function(lambda: draw(key, [rows, *shape[1:]]), autograph=False)  # noqa: B023
                parts = STRATEGY.experimental_local_results(STRATEGY.run(fn))
                assert np.any(parts[0] != parts[1])
                np.testing.assert_array_equal(np.concatenate(parts), draw(key, [8, *shape[1:]]))


def _dropout():
    return keras.Sequential([keras.Input((64,)), StatelessDropout(0.5, 3, name="drop")])


def _drops_as_one_would(jit):
    single = _dropout()
    alone = tf.function(lambda x: single(x, training=True), jit_compile=jit, autograph=False)
    with STRATEGY.scope():
        double = _dropout()
    counter = double.layers[-1].counter
    # A function within the replica, as where the loss and its gradient are compiled.
    inner = tf.function(lambda x: double(x, training=True), jit_compile=jit, autograph=False)

    @tf.function(autograph=False)
    def together():
        return STRATEGY.run(lambda: inner(tf.ones((4, 64))))

    for call in range(1, 4):
        parts = [part.numpy() for part in STRATEGY.experimental_local_results(together())]
        assert np.any(parts[0] != parts[1])
        np.testing.assert_array_equal(np.concatenate(parts), alone(tf.ones((8, 64))))
        assert [copy.numpy() for copy in counter.value.values] == [call, call]
    weights = double.get_weights()
    assert weights == [3], weights
    double.set_weights([np.int64(8)])
    assert [copy.numpy() for copy in counter.value.values] == [8, 8]
    return single, double


def dropout_has_the_masks_of_one():
    for jit in (False, True):
        single, double = _drops_as_one_would(jit)
    # At inference every replica has the mask that one device has.
    for model in (single, double):
        model.layers[-1].inference = "paper"
    parts = STRATEGY.run(tf.function(lambda: double(tf.ones((4, 64))), autograph=False))
    for part in STRATEGY.experimental_local_results(parts):
        assert np.any(part.numpy() == 0)
        np.testing.assert_array_equal(part, single(tf.ones((4, 64))))


def statistics_that_are_not_shared_are_those_of_keras():
    """Each replica keeps its own, and those of the first one are saved."""
    parts = np.random.default_rng(0).normal(size=(3, 2, 4, 2, 2, 5)).astype("float32")
    parts[:, 1] = 3 * parts[:, 1] + 2
    found = []
    for kind in (keras.layers.BatchNormalization, BatchNormalization):
        with STRATEGY.scope():
            model = keras.Sequential([keras.Input((2, 2, 5)), kind(momentum=0.9, name="norm")])
        step = tf.function(lambda x: model(x, training=True), autograph=False)  # noqa: B023
        for step_parts in parts:
            given = STRATEGY.experimental_distribute_values_from_function(
                lambda context: tf.constant(step_parts[context.replica_id_in_sync_group])  # noqa: B023
            )
            STRATEGY.run(step, args=(given,))
        norm = model.get_layer("norm")
        copies = [norm.moving_mean.value.values, norm.moving_variance.value.values]
        found.append([[np.array(copy) for copy in each] for each in copies])
        saved = model.get_weights()[2:]
        for each, kept in zip(found[-1], saved, strict=True):
            np.testing.assert_array_equal(kept, each[0])
    for replica in range(2):
        mean, variance = np.zeros(5), np.ones(5)
        for step_parts in parts:
            batch = step_parts[replica].reshape(-1, 5)
            mean = 0.9 * mean + 0.1 * batch.mean(axis=0)
            variance = 0.9 * variance + 0.1 * batch.var(axis=0)
        for means, variances in found:
            np.testing.assert_allclose(means[replica], mean, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(variances[replica], variance, rtol=1e-4)
    for means, variances in found:
        assert np.all(means[0] != means[1])
        assert np.all(variances[0] < variances[1])


@keras.saving.register_keras_serializable("tests")
class Holder(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pool = ImagePool(2, (1, 1, 1), name="pool")
        self.built = True


def _pools(model):
    images, count = model.pool.images.value, model.pool.count.value
    return [
        (image.numpy().ravel().tolist(), int(number.numpy()))
        for image, number in zip(
            getattr(images, "values", [images]), getattr(count, "values", [count]), strict=True
        )
    ]


def _swapped(model):
    """Replica r gives 10 r + 1, 10 r + 2, ...; swaps in the second place from the third on."""

    def one():
        r = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.float32)
        images = tf.reshape([10 * r + 1, 10 * r + 2, 10 * r + 3], (3, 1, 1, 1))
        return model.pool(images, tf.tile([[0.0, 0.9]], (3, 1)))

    results = tf.function(lambda: STRATEGY.run(one), autograph=False)()
    return [x.numpy().ravel().tolist() for x in STRATEGY.experimental_local_results(results)]


def every_replica_has_a_pool():
    with tempfile.TemporaryDirectory() as folder:
        _pools_are_saved_and_loaded(Path(folder))


def _pools_are_saved_and_loaded(folder):
    with STRATEGY.scope():
        model = Holder()
    assert _swapped(model) == [[1, 2, 2], [11, 12, 12]]
    state = [([1, 3], 2), ([11, 13], 2)]
    assert _pools(model) == state, _pools(model)
    model.save_weights(folder / "two.weights.h5")
    model.save(folder / "two.keras")

    with STRATEGY.scope():
        copy = Holder()
        copy.load_weights(folder / "two.weights.h5")
        assert _pools(copy) == state, _pools(copy)
        assert _pools(keras.saving.load_model(folder / "two.keras")) == state
    outside = Holder()
    outside.load_weights(folder / "two.weights.h5")
    assert _pools(outside) == state[:1], _pools(outside)
    assert _swapped(model) == _swapped(copy) == [[3, 1, 2], [13, 11, 12]]

    outside.save_weights(folder / "one.weights.h5")
    copy.load_weights(folder / "one.weights.h5")  # Out of the scope, too.
    assert _pools(copy) == state[:1] * 2, _pools(copy)

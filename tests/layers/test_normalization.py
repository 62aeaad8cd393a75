import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tfgan_zoo.layers import BatchNormalization, GroupNormalization

RANDOM = np.random.default_rng(0)
BATCH = [(BatchNormalization, keras.layers.BatchNormalization, {"momentum": 0.9})]
INSTANCE = [(GroupNormalization, keras.layers.GroupNormalization, {"groups": -1})]


def normal(*shape):
    return tf.constant(RANDOM.normal(1, 2, shape), tf.float32)


def built(cls, shape, **settings):
    layer = cls(epsilon=1e-5, **settings)
    layer.build(shape)
    for i, weight in enumerate(layer.trainable_weights):
        weight.assign([0.5 + i, 2.0, -1.0])
    return layer


def derivatives(layer, x, weights, **mode):
    """Returns the result, the loss's gradients, and those of the gradient's norm."""
    variables = [v.value for v in layer.trainable_weights]
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape(persistent=True) as inner:
            inner.watch(x)
            y = layer(x, **mode)
            loss = tf.reduce_sum(tf.sin(tf.cast(y, tf.float32)) * weights)
        slope = inner.gradient(loss, x)
        penalty = tf.reduce_sum(slope**2)
    return [y, slope, *inner.gradient(loss, variables), *outer.gradient(penalty, [x, *variables])]


@pytest.mark.parametrize("jit", [False, slow(True)], ids=["", "xla"])
@pytest.mark.parametrize("settings", [{}, {"scale": False, "center": False}], ids=["", "plain"])
@pytest.mark.parametrize(("ours", "theirs", "kind"), BATCH + INSTANCE, ids=["batch", "instance"])
def test_it_is_keras_layer_to_second_derivatives(ours, theirs, kind, settings, jit):
    training = ours is BatchNormalization
    shape = (6 if training else 1, 5, 4, 3)
    mode = {"training": True} if training else {}
    x, weights = normal(*shape), normal(*shape)
    results = []
    for cls in (ours, theirs):
        layer = built(cls, shape, **kind, **settings)
        run = tf.function(derivatives, jit_compile=jit, autograph=False)
        results.append([*run(layer, x, weights, **mode), *layer.weights])
    graph = run.get_concrete_function(built(ours, shape, **kind), x, weights, **mode).graph
    assert "FusedBatchNormV3" in {operation.type for operation in graph.get_operations()}
    for one, other in zip(*results, strict=True):
        scale = max(1.0, float(np.max(np.abs(other))))
        np.testing.assert_allclose(one, other, atol=2e-6 * scale)


@pytest.mark.parametrize(
    ("cls", "theirs", "shape", "settings", "mode"),
    [
        (*BATCH[0][:2], (4, 3), {}, {"training": True}),
        (*BATCH[0][:2], (4, 2, 2, 3), {}, {"training": False}),
        (*BATCH[0][:2], (4, 3, 2, 2), {"axis": 1}, {"training": True}),
        (*BATCH[0][:2], (4, 2, 2, 3), {"renorm": True}, {"training": True}),
        (*INSTANCE[0][:2], (2, 2, 2, 3), {"groups": -1}, {}),
        (*INSTANCE[0][:2], (1, 2, 2, 3), {"groups": 1}, {}),
    ],
)
def test_everything_else_is_keras_own(cls, theirs, shape, settings, mode):
    x = normal(*shape)
    one, other = (built(c, shape, **settings) for c in (cls, theirs))
    np.testing.assert_array_equal(one(x, **mode), other(x, **mode))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_computed_in_float32(policy):
    layer = built(BatchNormalization, (4, 2, 2, 3), dtype=policy)
    keras_layer = built(keras.layers.BatchNormalization, (4, 2, 2, 3), dtype=policy)
    x = normal(4, 2, 2, 3) + 1000.0
    one, other = layer(x, training=True), keras_layer(x, training=True)
    assert one.dtype == other.dtype == layer.compute_dtype
    np.testing.assert_allclose(*(tf.cast(y, tf.float32) for y in (one, other)), atol=0.02)
    np.testing.assert_allclose(layer.moving_mean, keras_layer.moving_mean, rtol=1e-6)


def test_weights_of_keras_layers_can_be_loaded(tmp_path):
    def network(batch, group):
        return keras.Sequential(
            [keras.Input((2, 2, 3)), batch(), group(groups=-1), batch(momentum=0.5)]
        )

    old = network(keras.layers.BatchNormalization, keras.layers.GroupNormalization)
    old(normal(4, 2, 2, 3), training=True)
    old.save_weights(tmp_path / "old.weights.h5")
    new = network(BatchNormalization, GroupNormalization)
    new.load_weights(tmp_path / "old.weights.h5")
    for one, other in zip(new.get_weights(), old.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

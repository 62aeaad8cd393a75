"""Training that keeps few features trains as the one that keeps them all."""

import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tests.models.tiny import assert_close, dataset, fit, one_kind, state, tiny
from tfgan_zoo import layers, networks
from tfgan_zoo.models.mechanics import rematerialization
from tfgan_zoo.models.mechanics.rematerialization import rematerialized


@one_kind
def test_same_training(name):
    results = []
    for switch in (False, True):
        keras.utils.set_random_seed(0)
        model = tiny(name)
        # Adam would make much of rounding.
        model.compile(*["sgd"] * len(model.roles()), rematerialize=switch)
        logs = fit(model, dataset(model, 2), epochs=2)
        results.append((state(model), logs))
    (kept, kept_logs), (again, again_logs) = results
    assert_close(again, kept, rtol=1e-4, atol=1e-6)
    for log, values in kept_logs.items():
        np.testing.assert_allclose(again_logs[log], values, rtol=1e-4, atol=1e-6, err_msg=log)


def derivatives(network, x, call, jit=False):
    """An output, its gradients, and the state of the layers after it."""

    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = call(network, x)
            loss = tf.reduce_sum(tf.sin(y))
        return y, tape.gradient(loss, [x, *(v.value for v in network.trainable_variables)])

    outputs = tf.nest.flatten(tf.function(run, jit_compile=jit, autograph=False)(x))
    return [*outputs, *(v.numpy() for v in network.non_trainable_variables)]


@pytest.mark.parametrize("jit", [False, slow(True)])
@pytest.mark.parametrize("policy", [slow("float32"), "mixed_bfloat16"])
def test_state_dropout_and_skips(policy, jit):
    if policy != "float32":
        keras.config.set_dtype_policy(policy)
    network = networks.unet_generator((32, 32, 3), 3, filters=4, dropout=0.5)
    keras.config.set_dtype_policy("float32")
    x = tf.random.stateless_normal((2, 32, 32, 3), (1, 2))
    weights = network.get_weights()
    # XLA draws other masks; a network of its own would have others too.
    plain = derivatives(network, x, lambda n, x: n(x, training=True), jit)
    network.set_weights(weights)
    again = derivatives(network, x, rematerialized, jit)
    kinds = {type(layer) for layer in network._flatten_layers()}
    assert layers.StatelessDropout in kinds
    assert any(issubclass(kind, keras.layers.BatchNormalization) for kind in kinds)
    tolerance = 1e-4 if policy == "float32" else 0.1
    for a, b in zip(again, plain, strict=True):
        np.testing.assert_allclose(
            tf.cast(a, tf.float32), tf.cast(b, tf.float32), rtol=tolerance, atol=tolerance
        )


def test_what_is_kept():
    network = networks.translation_resnet((64, 64, 3), 3, filters=8, blocks=9)

    def kept(call):
        """How many numbers of the forward pass the backward pass reads."""
        sizes = []

        @tf.function(autograph=False)
        def both(x):
            graph = tf.compat.v1.get_default_graph()
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = call(network, x)
            made = set(graph.get_operations())
            gradient = tape.gradient(y, x)
            later = [op for op in graph.get_operations() if op not in made]
            read = {t.ref() for op in later for t in op.inputs if t.op in made}
            shapes = [ref.deref().shape for ref in read if ref.deref().dtype == tf.float32]
            sizes.append(sum(np.prod(s) for s in shapes if s.rank == 4 and s[0] == 1))
            return gradient

        both(tf.zeros((1, 64, 64, 3)))
        return sizes[0]

    assert kept(rematerialized) < 0.2 * kept(lambda network, x: network(x, training=True))


def test_example():
    result = doctest.testmod(rematerialization, extraglobs={"tf": tf, "keras": keras})
    assert result.attempted
    assert not result.failed

"""Functional models run piece by piece do what they do as a whole."""

from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import networks
from tfgan_zoo.models.mechanics.functional import as_functional, run_for_each


class Own(keras.Model):
    """A network that Keras knows no graph of."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, inputs, training=False):
        return 2.0 * self.inner(inputs, training=training)


@pytest.fixture
def judge():
    keras.utils.set_random_seed(0)
    return networks.text_conditional_discriminator(
        (16, 16, 3), 8, projected=4, filters=4, normalization="layer"
    )


@pytest.mark.parametrize("own", [False, True])
def test_each_is_as_alone(judge, own):
    network = Own(judge) if own else judge
    image = tf.random.stateless_normal((3, 16, 16, 3), (1, 2))
    texts = [tf.random.stateless_normal((3, 8), (3, i)) for i in range(3)]
    weights = [v.value for v in judge.trainable_variables]
    outcomes = []
    for run in (
        lambda: run_for_each(network, image, texts, training=True),
        lambda: [network([image, text], training=True) for text in texts],
    ):
        with tf.GradientTape() as tape:
            scores = run()
            loss = tf.add_n([tf.reduce_sum(tf.sin(x) * i) for i, x in enumerate(scores)])
        outcomes.append([*scores, *tape.gradient(loss, weights)])
    for together, alone in zip(*outcomes, strict=True):
        np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_what_needs_no_second_input_is_computed_once(judge):
    calls = Counter()
    for layer in judge.layers:
        call = layer.call
        layer.call = lambda *a, call=call, name=layer.name, **k: (
            calls.update([name]) or call(*a, **k)
        )
    image, texts = tf.zeros((1, 16, 16, 3)), [tf.zeros((1, 8))] * 2
    run_for_each(judge, image, texts, training=False)
    assert calls["logits"] == calls["text"] == calls["image_and_text"] == 2
    trunk = [layer.name for layer in judge.layers if "conv" in layer.name]
    assert trunk
    assert all(calls[name] == 1 for name in trunk), calls


def test_what_is_functional(judge):
    assert as_functional(judge) is judge
    assert as_functional(Own(judge)) is None
    assert as_functional(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])) is not None
    a = keras.Input((2,))
    assert as_functional(keras.Model(a, [a, keras.layers.Dense(1)(a)])) is None

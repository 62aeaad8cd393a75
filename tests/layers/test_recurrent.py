import json

import keras
import numpy as np
import pytest

from tfgan_zoo.layers import UngatedStartGRU

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(layer, x):
    kernel, recurrent, bias = (np.split(w.numpy(), 3, axis=-1) for w in layer.weights)

    def mix(i, inputs, state):
        return inputs @ kernel[i] + state @ recurrent[i] + bias[i]

    states = [np.tanh(x[:, 0] @ kernel[2] + bias[2])]
    for t in range(1, x.shape[1]):
        h = states[-1]
        update, reset = sigmoid(mix(0, x[:, t], h)), sigmoid(mix(1, x[:, t], h))
        states.append((1 - update) * np.tanh(mix(2, x[:, t], reset * h)) + update * h)
    return np.stack(states, axis=1)


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("sequences", [True, False])
def test_first_step_without_gates_by_hand(steps, sequences):
    layer = UngatedStartGRU(4, return_sequences=sequences, bias_initializer="random_normal")
    x = X[:, :steps]
    made = layer(x)
    expected = by_hand(layer, x)
    np.testing.assert_allclose(made, expected if sequences else expected[:, -1], atol=1e-6)
    inputs = keras.Input((steps, 3))
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, *made.shape[1:])
    copy = keras.Model.from_config(json.loads(json.dumps(model.get_config())))
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy.predict(x, verbose=0), made, atol=1e-6)


def test_the_first_step_is_not_that_of_keras():
    ours, theirs = UngatedStartGRU(4), keras.layers.GRU(4, reset_after=False)
    x = X[:, :1]
    made, other = ours(x), theirs(x)
    theirs.set_weights(ours.get_weights())
    assert np.abs(made - theirs(x)).max() > 0.05
    assert made.shape == other.shape

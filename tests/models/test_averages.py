"""Copies of networks whose layers Keras would not find by name."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.averages import average_of

L = keras.layers


class Scale(L.Layer):
    """Not registered with Keras."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(self.units,), name="w")

    def call(self, x):
        return x * self.w

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"units": self.units}


class Ones(keras.initializers.Initializer):
    """Not registered either."""

    def __call__(self, shape, dtype=None, **kwargs):
        return tf.ones(shape, dtype or "float32")


class Forgetful(L.Layer):
    """Keras can note no argument of it that is a tensor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor
        self.dense = L.Dense(16)

    def call(self, x):
        return self.dense(x) * self.factor

    def get_config(self):
        return {}


def negative(x):
    return -x


def generator(*layers):
    inner = keras.Sequential([keras.Input((16,)), Scale(16), L.Dense(16)])
    shared = L.Dense(16, activation=negative, kernel_initializer=Ones())
    x = z = keras.Input((4,))
    x = L.Dense(16)(x)
    for layer in layers:
        x = layer(x)
    x = shared(shared(inner(x)))
    x = keras.ops.tanh(L.TimeDistributed(Scale(4))(L.Reshape((4, 4))(x)))
    return keras.Model(z, L.Reshape((4, 4, 1))(x))


@pytest.mark.parametrize("policy", ["float32", "bfloat16"])
def test_an_average_of_layers_that_are_not_registered(policy):
    keras.config.set_dtype_policy(policy)
    lambdas = L.Lambda(lambda x: x + 1), L.Dense(16, activation=lambda x: 2 * x)
    network = generator(Scale(16), *lambdas)
    average = average_of(network)
    assert [v.shape for v in average.variables] == [v.shape for v in network.variables]
    assert not {id(v) for v in average.variables} & {id(v) for v in network.variables}
    assert {v.dtype for v in average.variables} == {"float32"}
    assert len(average.layers) == len(network.layers)
    z = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    np.testing.assert_allclose(
        tf.cast(average(z), "float32"), tf.cast(network(z), "float32"), atol=0.05
    )
    assert average.count_params() == network.count_params()


def test_a_model_with_an_average_of_layers_that_are_not_registered_trains():
    discriminator = keras.Sequential([keras.Input((4, 4, 1)), L.Flatten(), L.Dense(1)])
    model = tfgan_zoo.GAN(
        (4, 4, 1), generator=generator(Scale(16)), discriminator=discriminator, ema_half_life=10.0
    )
    model.compile()
    model.train_on_batch(np.zeros((4, 4, 4, 1), "uint8"))
    assert model.generate(2).shape == (2, 4, 4, 1)


def test_a_layer_that_cannot_be_copied_is_named_with_the_cure():
    network = generator(Forgetful(tf.constant(2.0)))
    with pytest.raises(
        InputError, match=r"^ema_half_life: .*'forgetful' of class Forgetful .*get_config.*register"
    ):
        average_of(network)

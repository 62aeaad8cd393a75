"""Copies of networks whose layers Keras would not find by name."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests import kernels
from tests.marks import slow
from tests.models.tiny import tiny
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.average import average_of

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


class Partial(L.Layer):
    """Its config leaves two of its arguments out; `gate` starts at zero and hides what follows."""

    def __init__(self, units, act=None, gain=1.0, gated=False, **kwargs):
        super().__init__(**kwargs)
        self.units, self.act, self.gain, self.gated = units, act, gain, gated

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units))
        self.gate = self.add_weight(shape=(), initializer="zeros" if self.gated else "ones")

    def call(self, x):
        y = self.gate * self.gain * (x @ self.w)
        return y if self.act is None else self.act(y)

    def get_config(self):
        return super().get_config() | {"units": self.units, "gated": self.gated}


class Noisy(L.Layer):
    """Draws numbers whenever it is called."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units, self.generator = units, keras.random.SeedGenerator(1)

    def call(self, x):
        return x + tf.random.normal(tf.shape(x)) + keras.random.normal((1,), seed=self.generator)

    def get_config(self):
        return super().get_config() | {"units": self.units}


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: keras.Sequential([keras.Input((16,)), x])])
@pytest.mark.parametrize(
    "left_out", [{"act": lambda x: tf.tanh(50 * x)}, {"gain": 2.0}, {"gain": 2.0, "gated": True}]
)
@pytest.mark.parametrize("policy", ["float32", slow("bfloat16")])
def test_a_config_that_leaves_an_argument_out_is_refused(left_out, wrap, policy):
    keras.config.set_dtype_policy(policy)
    network = generator(wrap(Partial(16, name="own", **left_out)))
    with pytest.raises(InputError, match=r"^ema_half_life: .*'own' of class Partial.*get_config"):
        average_of(network)


@pytest.mark.parametrize("name", ["dcgan", "pix2pix"])
def test_raw_weights_are_shown_though_the_average_was_shown_before(name):
    model = tiny(name, dense=True, ema_half_life=10.0)
    (network,) = model.shown_networks()
    network.set_weights([weight + 0.1 for weight in network.get_weights()])

    def shown():
        return (
            model.generate(2) if name == "dcgan" else model.translate(model.example_batch(2)["a"])
        )

    average = shown()
    with model.raw_weights():
        raw, again = shown(), shown()
    np.testing.assert_array_equal(raw, again)
    np.testing.assert_array_equal(shown(), average)
    assert np.abs(raw - average).max() > 1e-2
    model.restart_averages()
    np.testing.assert_allclose(shown(), raw, atol=1e-6)


def test_comparing_copies_draws_no_random_numbers_and_changes_no_weights():
    network = generator(Partial(16), Noisy(16))
    before = network.get_weights()
    states = [np.array(v) for layer in network._flatten_layers() for v in layer.variables]
    tf.random.set_seed(3)
    kernels.drop()
    expected = tf.random.normal([2]).numpy()
    tf.random.set_seed(3)
    kernels.drop()
    average_of(network)
    np.testing.assert_array_equal(tf.random.normal([2]), expected)
    for value, old in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, old)
    after = [np.array(v) for layer in network._flatten_layers() for v in layer.variables]
    for value, old in zip(after, states, strict=True):
        np.testing.assert_array_equal(value, old)


class Drawn(L.Layer):
    """Draws with a generator whose seed is another one in every copy."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = keras.random.SeedGenerator()

    def call(self, x):
        return x + keras.random.normal((1,), seed=self.generator)


def test_layers_that_draw_numbers_are_compared_with_the_same_ones():
    average_of(generator(Drawn()))

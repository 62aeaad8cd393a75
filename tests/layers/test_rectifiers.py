import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tfgan_zoo import layers, losses

SLOPES = {"ReLU": {}, "LeakyReLU": {"negative_slope": 0.2}}
kinds = pytest.mark.parametrize("kind", SLOPES)


def both(kind, **options):
    """Returns the zoo's layer and Keras'."""
    return [getattr(module, kind)(**SLOPES[kind], **options) for module in (layers, keras.layers)]


def derivatives(layer, x):
    """Returns value and derivatives of a function whose second derivative is never zero."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = layer(x) ** 3 + x * layer(x)
        first = inner.gradient(y, x)
    return y, first, outer.gradient(first, x)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("training", [True, False])
@kinds
def test_values_and_derivatives_are_those_of_keras(kind, training, dtype):
    x = tf.constant([-2.0, -0.5, 0.0, 0.5, 2.0], dtype)
    ours, keras_own = both(kind, dtype=dtype)
    found = derivatives(lambda x: ours(x, training=training), x)
    assert found[0].dtype == dtype
    for a, b in zip(found, derivatives(keras_own, x), strict=True):
        np.testing.assert_array_equal(tf.cast(a, "float64"), tf.cast(b, "float64"))


@pytest.mark.parametrize(
    "option", [{"max_value": 1.0}, {"negative_slope": 0.1}, {"threshold": 0.5}]
)
def test_relu_takes_the_options_of_keras(option):
    x = np.array([-2.0, 0.3, 0.7, 3.0], "float32")
    expected = keras.layers.ReLU(**option)(x)
    np.testing.assert_array_equal(layers.ReLU(**option)(x, training=True), expected)


@kinds
def test_what_is_not_finite_stays_so(kind):
    ours, _ = both(kind)
    out = ours(np.array([np.nan, np.inf, -np.inf], "float32"), training=True)
    assert not np.isfinite(out).any()  # Keras' ReLU makes zero of minus infinity.


@kinds
def test_config_round_trip(kind):
    ours, _ = both(kind, name="rectifier")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(ours))
    assert type(copy) is type(ours)
    assert copy.get_config() == ours.get_config()


def penalized(critic):
    """Returns a function from inputs to the gradients of a penalty on a critic's slopes."""
    weights = [v.value for v in critic.trainable_variables]

    def gradients(x):
        with tf.GradientTape() as tape:
            norms = losses.gradient_norm(lambda x: critic(x, training=True), x)
            penalty = losses.wgan_gp_penalty(norms)
        return tape.gradient(penalty, weights, unconnected_gradients="zero")

    return gradients


def convolutional(rectifier):
    """Returns a critic with normalisation."""
    critic = keras.Sequential([keras.Input((8, 8, 1))])
    for i in range(2):
        options = {"kernel_initializer": keras.initializers.GlorotNormal(seed=i)}
        critic.add(keras.layers.Conv2D(4, 3, strides=2, padding="same", **options))
        critic.add(layers.GroupNormalization(groups=1))
        critic.add(rectifier())
    critic.add(keras.layers.Flatten())
    critic.add(keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotNormal(seed=3)))
    return critic


@pytest.mark.parametrize("jit_compile", [False, slow(True)])
@kinds
def test_penalty_has_the_gradient_that_it_has_with_keras(kind, jit_compile):
    x = tf.random.stateless_normal((5, 8, 8, 1), (1, 2))
    critics = [convolutional(lambda: both(kind)[i]) for i in range(2)]  # noqa: B023
    ours, keras_own = (
        tf.function(penalized(c), jit_compile=jit_compile, autograph=False)(x) for c in critics
    )
    assert any(np.abs(a).max() > 1e-3 for a in ours)
    for a, b in zip(ours, keras_own, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@kinds
def test_penalty_multiplies_nothing_by_zero(kind):
    """A penalty needs a layer's output, its input's gradient, and the gradients of both.

    One of them is not needed for the last layer. Keras' rectifiers add two for each layer.
    """

    def products(rectifier):
        critic = keras.Sequential([keras.Input((3,))])
        for _ in range(3):
            critic.add(keras.layers.Dense(4))
            critic.add(rectifier())
        found = tf.function(penalized(critic), autograph=False).get_concrete_function(
            tf.TensorSpec((2, 3))
        )
        graph = found.graph.as_graph_def()
        return sum(node.op == "MatMul" for node in graph.node)

    ours, keras_own = (products(lambda: both(kind)[i]) for i in range(2))  # noqa: B023
    assert (ours, keras_own) == (3 * 4 - 1, 3 * 6 - 1)

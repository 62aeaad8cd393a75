import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.marks import slow
from tfgan_zoo import losses
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import Maxout, SpectralNormalization

RANDOM = np.random.default_rng(0)

#: Layers, the shape of an input, and the axis of the kernel's outputs.
KINDS = [
    (lambda: layers.Dense(5), (2, 7), 1),
    (lambda: Maxout(3, 2), (2, 7), 1),
    (lambda: layers.Conv1D(4, 3), (2, 8, 3), 2),
    (lambda: layers.Conv2D(4, 3, strides=2, activation="relu"), (2, 8, 8, 3), 3),
    (lambda: layers.Conv2DTranspose(4, 3, strides=2), (2, 5, 5, 3), 2),
    (lambda: layers.Conv3D(4, 2), (2, 4, 4, 4, 3), 4),
    (lambda: layers.Embedding(6, 3), (2,), 1),
]
NAMES = ["dense", "maxout", "conv1d", "conv2d", "transposed", "conv3d", "embedding"]


def example(shape):
    if len(shape) == 1:
        return np.array([5, 0])[: shape[0]]
    return RANDOM.normal(size=shape).astype("float32")


def wrapped(layer, x):
    """Returns the layer within the wrapper, built, with a kernel whose norm is not near 1."""
    made = SpectralNormalization(layer)
    made.build(x.shape)
    made.kernel.assign(RANDOM.normal(0, 3, made.kernel.shape))
    return made


def settled(made, steps=100):
    for _ in range(steps):
        made.advance()
    return made


def norm_of(kernel, axis):
    return np.linalg.norm(
        np.moveaxis(np.asarray(kernel), axis, -1).reshape(-1, kernel.shape[axis]), 2
    )


def values(layer):
    return [np.array(v) for v in layer.variables]


@pytest.mark.parametrize(("make", "shape", "axis"), KINDS, ids=NAMES)
def test_computes_with_a_kernel_of_norm_one(make, shape, axis):
    x = example(shape)
    made = settled(wrapped(make(), x))
    kernel = np.array(made.kernel)
    assert norm_of(kernel, axis) > 3
    assert 0.999 < norm_of(made.normalized_kernel(), axis) < 1.001
    plain = make()
    plain.build(x.shape)
    plain.set_weights([kernel / norm_of(kernel, axis), *made.layer.get_weights()[1:]])
    np.testing.assert_allclose(made(x), plain(x), rtol=1e-3, atol=1e-4)


def test_advance_is_one_step_of_the_power_iteration():
    kernel = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, 0.0]], "float32")
    made = wrapped(layers.Dense(2), np.ones((1, 3)))
    made.kernel.assign(kernel)
    made.u.assign([1.0, 0.0])
    made.advance()
    v = kernel[:, 0] / np.sqrt(10)
    u = kernel.T @ v / np.linalg.norm(kernel.T @ v)
    np.testing.assert_allclose(made.v, v, rtol=1e-6)
    np.testing.assert_allclose(made.u, u, rtol=1e-6)
    np.testing.assert_allclose(made.spectral_norm(), v @ kernel @ u, rtol=1e-6)


def test_starts_near_the_norm():
    keras.utils.set_random_seed(0)  # Vectors far from the leading ones are drawn now and then.
    made = SpectralNormalization(layers.Conv2D(16, 3))
    made.build((None, 8, 8, 8))
    ratio = float(made.spectral_norm()) / norm_of(np.array(made.kernel), 3)
    assert 0.95 < ratio < 1.0001


def test_calls_change_nothing_and_agree():
    x = example((2, 8, 8, 3))
    made = wrapped(layers.Conv2D(4, 3), x)
    before = values(made)
    first, second, other = made(x, training=True), made(x, training=True), made(x, training=False)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, other)
    for old, new in zip(before, values(made), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("steps", [0, 1, 100])
def test_gradients_are_orthogonal_to_the_kernel(steps):
    """Its length does not matter to the output, however far the vectors are from its own."""
    # Of other numbers, the control's product may be small by chance.
    keras.utils.set_random_seed(0)
    x, weight, kernel = np.random.default_rng(0).normal(size=(3, 6, 6)).astype("float32")
    weight = weight[:, :3]
    made = wrapped(layers.Dense(3), x)
    made.kernel.assign(3 * kernel[:, :3])
    settled(made, steps)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(made(x) * weight)
    gradient = tape.gradient(loss, made.kernel.value)
    length = float(tf.norm(gradient) * tf.norm(made.kernel.value))
    assert length > 1
    assert abs(float(tf.reduce_sum(gradient * made.kernel.value))) < 1e-5 * length
    # Without sigma's own gradient it is the plain layer's, divided by sigma.
    without = x.T @ weight / made.spectral_norm()
    assert abs(np.sum(without * made.kernel)) > 1e-2 * length


@pytest.mark.parametrize("jit", [False, slow(True)])
def test_second_derivatives(jit):
    """Of C(x) = a^T tanh(W x / sigma), against the same function written without the layer."""
    x = tf.constant(example((3, 4)))
    made = settled(wrapped(layers.Dense(5, activation="tanh"), x), 2)
    u, v = (np.array(vector) for vector in (made.u, made.v))
    head = tf.constant(RANDOM.normal(size=(5, 1)), tf.float32)
    kernel = made.kernel.value

    def by_hand(inputs):
        sigma = tf.tensordot(v, tf.linalg.matvec(kernel, u), 1)
        return tf.tanh(inputs @ (kernel / sigma)) @ head

    def gradient(critic):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(kernel)
            penalty = losses.r1_penalty(critic, x)
        return tape.gradient(penalty, kernel)

    ours = tf.function(
        lambda: gradient(lambda z: made(z) @ head), jit_compile=jit, autograph=False
    )()
    np.testing.assert_allclose(ours, gradient(by_hand), rtol=1e-4, atol=1e-6)
    assert np.abs(ours).max() > 1e-3


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16"])
def test_half_precision(policy):
    """Sums over the kernel are float32: in float16 the squares of these weights overflow."""
    x = example((2, 8, 8, 3))
    made = SpectralNormalization(layers.Conv2D(64, 3, dtype=policy))
    made.build(x.shape)
    made.kernel.assign(tf.fill(made.kernel.shape, 50.0))
    settled(made, 3)
    outer = keras.Sequential([keras.Input(x.shape[1:]), made], name="outer")
    outer.dtype_policy = policy  # A scope in which variables are cast.
    for out in (made(x), outer(x)):
        assert out.dtype == made.layer.compute_dtype
        # All weights are equal, so they become 1 / sqrt(27 * 64).
        expected = x[:, :3, :3].sum((1, 2, 3)) / np.sqrt(27 * 64)
        np.testing.assert_allclose(tf.cast(out[:, 0, 0, 5], tf.float32), expected, atol=0.02)
    assert made.u.dtype == made.v.dtype == made.spectral_norm().dtype == "float32"
    assert float(made.spectral_norm()) == pytest.approx(50 * np.sqrt(27 * 64), rel=1e-4)


def test_symbolic_calls():
    image, label = keras.Input((8, 8, 3), dtype="float32"), keras.Input((), dtype="int32")
    conv = SpectralNormalization(layers.Conv2D(4, 3, dtype="mixed_float16"))(image)
    assert conv.shape == (None, 6, 6, 4)
    assert conv.dtype == "float16"
    row = SpectralNormalization(layers.Embedding(6, 5))(label)
    assert row.shape == (None, 5)
    assert row.dtype == "float32"


def test_layer_within_a_stateless_scope():
    """Values of an outer scope reach the kernel and the bias."""
    x = example((2, 4))
    made = wrapped(layers.Dense(3), x)
    mapping = [(v, tf.random.normal(v.shape)) for v in made.variables]
    with keras.StatelessScope(mapping):
        out = made(x)
    kernel, bias, u, v = (value.numpy() for _, value in _in_order(made, mapping))
    np.testing.assert_allclose(out, x @ kernel / (v @ kernel @ u) + bias, rtol=1e-4, atol=1e-5)


def _in_order(made, mapping):
    by_id = {id(variable): (variable, value) for variable, value in mapping}
    return [by_id[id(x)] for x in (made.kernel, made.layer.bias, made.u, made.v)]


def test_saved_and_loaded(tmp_path):
    x = example((2, 8, 8, 3))
    network = keras.Sequential(
        [keras.Input((8, 8, 3)), SpectralNormalization(layers.Conv2D(4, 3, name="conv"))]
    )
    assert network.layers[-1].name == "conv"
    network.layers[-1].kernel.assign(RANDOM.normal(size=(3, 3, 3, 4)))
    network.layers[-1].advance()
    network.save(tmp_path / "network.keras")
    copy = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(network(x), copy(x))
    for layer in (network, copy):
        layer.layers[-1].advance()
    for old, new in zip(values(network), values(copy), strict=True):
        np.testing.assert_array_equal(old, new)
    configs = [each.layers[-1].get_config()["layer"]["config"] for each in (network, copy)]
    assert configs[0] == configs[1]


def test_a_kernel_that_becomes_zero_keeps_its_vectors():
    made = settled(wrapped(layers.Dense(3), np.ones((1, 4))), 1)
    before = [np.array(made.u), np.array(made.v)]
    made.kernel.assign(np.zeros((4, 3)))
    made.advance()
    np.testing.assert_array_equal(made.u, before[0])
    np.testing.assert_array_equal(made.v, before[1])


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: layers.ReLU(), "layer: expected Dense, .*got ReLU"),
        (lambda: layers.DepthwiseConv2D(3), "got DepthwiseConv2D"),
        (lambda: layers.Dense(1, activity_regularizer="l2"), "expected no activity_regularizer"),
    ],
)
def test_refused_layers(make, match):
    with pytest.raises(InputError, match=match):
        SpectralNormalization(make())


def test_a_kernel_that_starts_at_zero_is_refused():
    made = SpectralNormalization(layers.Dense(1, kernel_initializer="zeros", name="logits"))
    with pytest.raises(InputError, match="'logits': expected a kernel that does not start at zero"):
        made.build((None, 3))

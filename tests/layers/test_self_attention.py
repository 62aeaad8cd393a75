import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tfgan_zoo import losses
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import SelfAttention2D

RANDOM = np.random.default_rng(0)
SHAPE = (2, 4, 6, 16)
X = RANDOM.normal(size=SHAPE).astype("float32")


def built(spectral_normalization=False, gamma=0.7, scale=1.0, dtype=None):
    layer = SelfAttention2D(spectral_normalization=spectral_normalization, dtype=dtype)
    layer.build(SHAPE)
    for each in (layer.theta, layer.phi, layer.g, layer.o):
        each.kernel.assign(RANDOM.normal(0, scale, each.kernel.shape))
    layer.gamma.assign(gamma)
    return layer


def pooled(x):
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).max((2, 4))


def by_hand(x, theta, phi, g, o, gamma):
    """Pixel by pixel."""
    queries, keys, values = x @ theta, pooled(x @ phi), pooled(x @ g)
    out = np.array(x)
    for b in range(len(x)):
        known = keys[b].reshape(-1, keys.shape[-1])
        seen = values[b].reshape(-1, values.shape[-1])
        for i in range(x.shape[1]):
            for j in range(x.shape[2]):
                weights = np.exp(known @ queries[b, i, j])
                out[b, i, j] += gamma * (weights / weights.sum()) @ seen @ o
    return out


def kernels(layer):
    return [np.array(each.kernel)[0, 0] for each in (layer.theta, layer.phi, layer.g, layer.o)]


def test_by_hand():
    layer = built(scale=0.5)
    shapes = [(16, 2), (16, 2), (16, 8), (8, 16)]
    assert [kernel.shape for kernel in kernels(layer)] == shapes
    assert layer.count_params() == sum(a * b for a, b in shapes) + 1
    expected = by_hand(X, *kernels(layer), 0.7)
    assert np.abs(expected - X).max() > 0.5
    np.testing.assert_allclose(layer(X), expected, rtol=1e-4, atol=1e-5)


def test_spectrally_normalised():
    layer = built(spectral_normalization=True, scale=3.0)
    for each in (layer.theta, layer.phi, layer.g, layer.o):
        values = np.array(each.kernel)
        values[..., 0] *= 5  # Far from the next singular value, to which the error decays.
        each.kernel.assign(values)
        for _ in range(20):
            each.advance()
    normal = [kernel / np.linalg.norm(kernel, 2) for kernel in kernels(layer)]
    np.testing.assert_allclose(layer(X), by_hand(X, *normal, 0.7), rtol=1e-3, atol=1e-3)


def test_starts_as_the_identity():
    layer = SelfAttention2D()
    np.testing.assert_array_equal(layer(X), X)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(X) ** 2)
    assert abs(float(tape.gradient(loss, layer.gamma.value))) > 1e-3


def test_saved_and_loaded(tmp_path):
    layer = SelfAttention2D(spectral_normalization=True, kernel_initializer="he_normal")
    inputs = keras.Input((None, None, 16))  # The sides may be unknown, and odd.
    network = keras.Model(inputs, layer(inputs))
    layer.gamma.assign(2.0)
    network.save(tmp_path / "network.keras")
    copy = keras.saving.load_model(tmp_path / "network.keras")
    x = RANDOM.normal(size=(1, 5, 3, 16)).astype("float32")
    np.testing.assert_array_equal(network(x), copy(x))
    assert copy.layers[-1].get_config() == layer.get_config()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(policy):
    """The softmax of scores that float16 rounds is still one of float32."""
    layer = built(dtype=policy, scale=0.5)
    out = layer(X)
    assert out.dtype == layer.compute_dtype
    expected = by_hand(X, *kernels(layer), 0.7)
    np.testing.assert_allclose(tf.cast(out, tf.float32), expected, atol=0.1)


@pytest.mark.parametrize("jit", [False, slow(True)])
def test_second_derivatives(jit):
    """R1 of a score of attended features, against differences of the penalty."""
    layer = built(scale=0.5)
    weight = tf.constant(RANDOM.normal(size=SHAPE[1:]), tf.float32)
    x, gamma = tf.constant(X), layer.gamma.value

    def penalty():
        return losses.r1_penalty(lambda z: tf.reduce_sum(layer(z) * weight, [1, 2, 3]), x)

    @tf.function(jit_compile=jit, autograph=False)
    def gradient():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(gamma)
            value = penalty()
        return tape.gradient(value, gamma)

    ours = float(gradient())
    sides = []
    for step in (-0.01, 0.01):
        layer.gamma.assign(0.7 + step)
        sides.append(float(penalty()))
    assert ours == pytest.approx((sides[1] - sides[0]) / 0.02, rel=1e-2)


@pytest.mark.parametrize("shape", [(2, 4, 16), (2, 4, 4, 4), (2, 1, 4, 16)])
def test_errors(shape):
    with pytest.raises(InputError, match="H and W of at least 2 and C of at least 8"):
        SelfAttention2D().build(shape)

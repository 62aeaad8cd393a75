import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import BatchNormalization, ConditionalBatchNormalization

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(1, 2, (4, 3, 3, 2)).astype("float32")
LABELS = np.array([2, 0, 2, 1])
VECTORS = RANDOM.normal(size=(4, 5)).astype("float32")


def by_hand(x, gain, bias, epsilon):
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    normal = (x - mean) / np.sqrt(variance + epsilon)
    return (1 + gain)[:, None, None] * normal + bias[:, None, None]


def test_classes_by_hand():
    layer = ConditionalBatchNormalization(num_classes=3, epsilon=1e-2)
    layer.build([X.shape, LABELS.shape])
    gain, bias = RANDOM.normal(size=(2, 3, 2)).astype("float32")
    layer.gain.embeddings.assign(gain)
    layer.bias.embeddings.assign(bias)
    expected = by_hand(X, gain[LABELS], bias[LABELS], 1e-2)
    np.testing.assert_allclose(layer([X, LABELS], training=True), expected, rtol=1e-4, atol=1e-5)


def test_vectors_by_hand():
    layer = ConditionalBatchNormalization(epsilon=1e-2)
    layer.build([X.shape, VECTORS.shape])
    gain, bias = (VECTORS @ np.array(each.kernel) for each in (layer.gain, layer.bias))
    assert np.abs(gain - bias).max() > 0.1
    expected = by_hand(X, gain, bias, 1e-2)
    np.testing.assert_allclose(layer([X, VECTORS], training=True), expected, rtol=1e-4, atol=1e-5)
    assert [tuple(w.shape) for w in layer.trainable_weights] == [(5, 2), (5, 2)]


def test_spectrally_normalised_matrices():
    layer = ConditionalBatchNormalization(epsilon=1e-2, spectral_normalization=True)
    layer.build([X.shape, VECTORS.shape])
    for each in (layer.gain, layer.bias):
        each.kernel.assign(RANDOM.normal(0, 5, (5, 2)))
        for _ in range(50):
            each.advance()
    gain, bias = (
        VECTORS @ np.array(each.kernel) / np.linalg.norm(np.array(each.kernel), 2)
        for each in (layer.gain, layer.bias)
    )
    expected = by_hand(X, gain, bias, 1e-2)
    np.testing.assert_allclose(layer([X, VECTORS], training=True), expected, rtol=1e-3, atol=1e-3)


def test_classes_start_as_plain_normalisation():
    settings = {"momentum": 0.7, "epsilon": 1e-4}
    ours, plain = ConditionalBatchNormalization(3, **settings), BatchNormalization(**settings)
    for training in (True, True, False):
        np.testing.assert_allclose(
            ours([X, LABELS], training=training), plain(X, training=training), rtol=1e-6, atol=1e-6
        )
    for mine, theirs in zip(
        ours.normalization.non_trainable_variables, plain.non_trainable_variables, strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    assert ConditionalBatchNormalization(3, synchronized=True).normalization.synchronized


def test_a_sample_trains_the_row_of_its_class():
    layer = ConditionalBatchNormalization(num_classes=4)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer([X, LABELS], training=True) ** 3)
    gradient = tape.gradient(loss, [w.value for w in layer.trainable_weights])
    for each in gradient:
        rows = tf.convert_to_tensor(each).numpy()
        assert np.all(rows[:3] != 0)
        assert np.all(rows[3] == 0)


@pytest.mark.parametrize("condition", [LABELS, VECTORS], ids=["classes", "vectors"])
def test_saved_and_loaded(condition, tmp_path):
    known = 3 if condition is LABELS else None
    layer = ConditionalBatchNormalization(
        known,
        momentum=0.5,
        epsilon=1e-2,
        spectral_normalization=known is None,
        initializer=keras.initializers.RandomNormal(stddev=0.5),
    )
    inputs = [
        keras.Input(X.shape[1:]),
        keras.Input(condition.shape[1:], dtype=condition.dtype.name),
    ]
    network = keras.Model(inputs, layer(inputs))
    assert network.output_shape == (None, 3, 3, 2)
    network([X, condition], training=True)
    network.save(tmp_path / "network.keras")
    copy = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(network([X, condition]), copy([X, condition]))
    assert copy.layers[-1].get_config() == layer.get_config()
    plain = ConditionalBatchNormalization(known)([X, condition])
    assert np.abs(network([X, condition]) - plain).max() > 0.1


def test_mixed_precision():
    layer = ConditionalBatchNormalization(dtype="mixed_bfloat16", spectral_normalization=True)
    assert layer([X, VECTORS], training=True).dtype == "bfloat16"
    assert all(w.dtype == "float32" for w in layer.weights)


def test_errors():
    with pytest.raises(InputError, match="num_classes: expected an integer of at least 1"):
        ConditionalBatchNormalization(0)
    with pytest.raises(InputError, match="spectral_normalization: expected False"):
        ConditionalBatchNormalization(3, spectral_normalization=True)
    with pytest.raises(InputError, match=r"and a condition \[B, D\], got shapes"):
        ConditionalBatchNormalization().build([X.shape, LABELS.shape])
    with pytest.raises(InputError, match=r"and classes \[B\], got shapes"):
        ConditionalBatchNormalization(3).build([X.shape, VECTORS.shape])
    with pytest.raises(InputError, match=r"and classes \[B\], got shapes"):
        ConditionalBatchNormalization(3).build(X.shape)

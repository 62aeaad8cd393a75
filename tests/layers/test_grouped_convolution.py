import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import GroupedConv2D, grouped_convolution

GROUPS, CHANNELS, FILTERS = 3, 6, 12


def drawn(shape, seed):
    return tf.constant(np.random.default_rng(seed).normal(size=shape).astype("float32"))


X, KERNEL = drawn((2, 5, 7, CHANNELS), 0), drawn((3, 3, CHANNELS // GROUPS, FILTERS), 1)


def layer(**options):
    made = GroupedConv2D(FILTERS, 3, GROUPS, **{"padding": "same", "use_bias": False, **options})
    made.build(X.shape)
    return made


def one_by_one(x, kernel, strides=1):
    """A plain convolution for each group."""
    parts = zip(tf.split(x, GROUPS, -1), tf.split(kernel, GROUPS, -1), strict=True)
    return tf.concat([tf.nn.conv2d(a, b, strides, "SAME") for a, b in parts], -1)


def derivatives(convolve, x, kernel):
    """Returns the output, the gradients, and those of the input's gradient's square."""
    with tf.GradientTape() as outer:
        outer.watch([x, kernel])
        with tf.GradientTape() as inner:
            inner.watch([x, kernel])
            out = convolve(x, kernel)
            loss = tf.reduce_sum(tf.sin(tf.cast(out, "float32")))
        first = inner.gradient(loss, [x, kernel])
        slope = tf.reduce_sum(tf.square(tf.cast(first[0], "float32")))
        slope += tf.reduce_sum(tf.square(tf.cast(first[1], "float32")))
    return [out, *first, *outer.gradient(slope, [x, kernel])]


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("jit", [False, True])
def test_derivatives_up_to_the_second_are_those_of_separate_convolutions(jit, strides):
    made = layer(strides=strides)
    ours = tf.function(
        lambda x, k: derivatives(made.convolution_op, x, k), jit_compile=jit, autograph=False
    )
    theirs = derivatives(lambda x, k: one_by_one(x, k, strides), X, KERNEL)
    for a, b in zip(ours(X, KERNEL), theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * np.max(np.abs(b)))
    # The control: groups in another order.
    wrong = ours(tf.roll(X, CHANNELS // GROUPS, -1), KERNEL)
    assert all(np.abs(a - b).max() > 0.1 for a, b in zip(wrong, theirs, strict=True))


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision(dtype):
    made = layer(dtype=dtype, use_bias=True)
    made.kernel.assign(KERNEL)
    out = made(X)
    assert out.dtype == made.compute_dtype
    assert made.kernel.dtype == "float32"
    expected = one_by_one(X, KERNEL)
    scale = float(tf.reduce_max(tf.abs(expected)))
    np.testing.assert_allclose(tf.cast(out, "float32"), expected, atol=0.02 * scale)
    half = [tf.cast(each, made.compute_dtype) for each in (X, KERNEL)]
    ours = derivatives(made.convolution_op, *half)
    theirs = derivatives(one_by_one, X, KERNEL)
    for a, b in zip(ours, theirs, strict=True):
        difference = tf.norm(tf.cast(a, "float32") - b) / tf.norm(b)
        assert float(difference) < 0.05


def test_it_computes_what_keras_does():
    theirs = keras.layers.Conv2D(
        FILTERS, 3, groups=GROUPS, padding="same", bias_initializer="random_normal"
    )
    out = theirs(X)
    ours = GroupedConv2D.from_config(theirs.get_config())
    ours.build(X.shape)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(ours(X), out, rtol=1e-4, atol=1e-5)


def test_saved_and_loaded(tmp_path):
    network = keras.Sequential([keras.Input(X.shape[1:]), layer(use_bias=True)])
    network.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert isinstance(loaded.layers[0], GroupedConv2D)
    np.testing.assert_array_equal(loaded(X), network(X))


def test_sizes_unknown_when_traced():
    made = layer()
    assert made(keras.Input((None, None, CHANNELS))).shape == (None, None, None, FILTERS)
    unknown = tf.TensorSpec([None, None, None, CHANNELS])
    traced = tf.function(lambda x: made(x), input_signature=[unknown], autograph=False)
    np.testing.assert_array_equal(traced(X), made(X))


def test_bad_arguments():
    with pytest.raises(InputError, match="data_format: expected 'channels_last'"):
        layer(data_format="channels_first")
    with pytest.raises(ValueError, match="groups"):
        GroupedConv2D(4, 3, 3)


def test_example():
    result = doctest.testmod(grouped_convolution, extraglobs={"np": np})
    assert result.attempted
    assert not result.failed

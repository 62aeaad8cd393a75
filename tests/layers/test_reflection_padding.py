import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ReflectionPadding2D


def test_value_by_hand():
    x = np.arange(6, dtype="float32").reshape(1, 2, 3, 1)  # 0 1 2 / 3 4 5
    out = ReflectionPadding2D(1)(x)[0, :, :, 0]
    np.testing.assert_array_equal(
        out, [[4, 3, 4, 5, 4], [1, 0, 1, 2, 1], [4, 3, 4, 5, 4], [1, 0, 1, 2, 1]]
    )


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_numpy_agrees_for_sizes_unknown_when_traced(dtype, jit):
    layer = ReflectionPadding2D(((0, 3), (2, 1)), dtype=dtype)
    pad = tf.function(
        lambda x: layer(x),
        input_signature=[tf.TensorSpec([None] * 3 + [2])],
        jit_compile=jit,
        autograph=False,
    )
    for shape in ((2, 4, 5, 2), (1, 7, 3, 2)):
        x = np.random.default_rng(0).integers(0, 100, shape).astype("float32")
        out = pad(x)
        assert out.dtype == layer.compute_dtype
        expected = np.pad(x, ((0, 0), (0, 3), (2, 1), (0, 0)), mode="reflect")
        np.testing.assert_array_equal(tf.cast(out, "float32"), expected)


def test_gradient_counts_the_copies():
    x = tf.ones((1, 1, 3, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(ReflectionPadding2D(((0, 0), (1, 2)))(x))  # b a b c b a
    np.testing.assert_array_equal(tape.gradient(total, x)[0, 0, :, 0], [2, 3, 1])


def test_shapes_and_config():
    layer = ReflectionPadding2D(3)
    assert layer(keras.Input((None, 16, 2))).shape == (None, None, 22, 2)
    layer = ReflectionPadding2D([[0, 1], [2, 3]], name="pad")
    copy = ReflectionPadding2D.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert copy(np.zeros((1, 4, 4, 1))).shape == (1, 5, 9, 1)


@pytest.mark.parametrize(
    "padding", [-1, 1.5, "ab", ((1, 1),), ((1, 1), (1, -1)), ((1, 1), (1, 1, 1))]
)
def test_bad_padding(padding):
    with pytest.raises(InputError, match="padding: expected"):
        ReflectionPadding2D(padding)


def test_sides_too_small():
    layer = ReflectionPadding2D(((1, 1), (0, 3)), name="pad")
    assert layer(np.zeros((1, 2, 4, 1))).shape == (1, 4, 7, 1)
    with pytest.raises(InputError, match=r"'pad': expected a width above 3, .* got 3"):
        layer(np.zeros((1, 2, 3, 1)))
    with pytest.raises(InputError, match=r"'pad': expected a height above 1, .* got 1"):
        layer(keras.Input((1, None, 1)))

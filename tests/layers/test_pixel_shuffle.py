import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ICNR, PixelShuffle, PixelUnshuffle, initializers, pixel_shuffle


def test_order_by_hand():
    x = np.array([1, 2, 3, 4], "float32").reshape(1, 1, 1, 4)
    np.testing.assert_array_equal(PixelShuffle(2)(x)[0, :, :, 0], [[1, 2], [3, 4]])
    # With two remaining channels, the input has both channels of one pixel, then of the next.
    x = np.array([1, 10, 2, 20, 3, 30, 4, 40], "float32").reshape(1, 1, 1, 8)
    out = PixelShuffle(2)(x)
    np.testing.assert_array_equal(out[0, :, :, 0], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(out[0, :, :, 1], [[10, 20], [30, 40]])
    # Neighbours in the input become neighbouring blocks.
    x = np.arange(8, dtype="float32").reshape(1, 1, 2, 4)
    np.testing.assert_array_equal(PixelShuffle(2)(x)[0, :, :, 0], [[0, 1, 4, 5], [2, 3, 6, 7]])


def formula(x, r):
    """The layer's docstring."""
    n, height, width, channels = x.shape
    count = channels // r**2
    y = np.empty((n, height * r, width * r, count), x.dtype)
    for h, w, i, j in np.ndindex(height, width, r, r):
        start = (i * r + j) * count
        y[:, h * r + i, w * r + j] = x[:, h, w, start : start + count]
    return y


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_formula_and_inverse_for_sizes_unknown_when_traced(dtype, jit):
    layer = PixelShuffle(3, dtype=dtype)
    shuffle = tf.function(
        lambda x: layer(x),
        input_signature=[tf.TensorSpec([None] * 3 + [18])],
        jit_compile=jit,
        autograph=False,
    )
    for shape in ((2, 4, 5, 18), (1, 1, 3, 18)):
        x = np.random.default_rng(0).integers(0, 100, shape).astype("float32")
        out = shuffle(x)
        assert out.dtype == layer.compute_dtype
        np.testing.assert_array_equal(tf.cast(out, "float32"), formula(x, 3))
        inverse = tf.cast(tf.nn.space_to_depth(out, 3), "float32")
        np.testing.assert_array_equal(inverse, x)


def test_every_value_has_its_gradient():
    x = tf.reshape(tf.range(32.0), (1, 2, 2, 8))
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(PixelShuffle(2)(x) ** 2)
    np.testing.assert_array_equal(tape.gradient(loss, x), 2 * x)


def test_shapes_and_config():
    assert PixelShuffle(2)(keras.Input((None, 16, 12))).shape == (None, None, 32, 3)
    layer = PixelShuffle(4, name="shuffle")
    copy = PixelShuffle.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert copy(np.zeros((1, 2, 3, 16))).shape == (1, 8, 12, 1)


def test_unshuffling_is_the_inverse():
    x = np.random.default_rng(0).normal(size=(2, 6, 9, 2)).astype("float32")
    np.testing.assert_array_equal(PixelShuffle(3)(PixelUnshuffle(3)(x)), x)
    assert PixelUnshuffle(3)(x).shape == (2, 2, 3, 18)
    unshuffle = tf.function(
        lambda x: PixelUnshuffle(3)(x),
        input_signature=[tf.TensorSpec([None, None, None, 2])],
        autograph=False,
    )
    np.testing.assert_array_equal(PixelShuffle(3)(unshuffle(x)), x)


def test_unshuffling_in_the_order_of_pytorch():
    x = np.arange(2 * 4 * 6 * 3.0).reshape(2, 4, 6, 3).astype("float32")
    out = np.array(PixelUnshuffle(2, pytorch_order=True)(x))
    for c, i, j in np.ndindex(3, 2, 2):
        np.testing.assert_array_equal(out[..., c * 4 + i * 2 + j], x[:, i::2, j::2, c])
    assert np.any(out != np.array(PixelUnshuffle(2)(x)))
    one = x[..., :1]
    both = (PixelUnshuffle(2, pytorch_order=order)(one) for order in (True, False))
    np.testing.assert_array_equal(*both)
    layer = PixelUnshuffle(2, pytorch_order=True, name="down")
    copy = PixelUnshuffle.from_config(layer.get_config())
    np.testing.assert_array_equal(copy(x), out)
    assert layer.compute_output_shape((None, None, 6, 3)) == (None, None, 3, 12)
    with pytest.raises(InputError, match=r"'down': .*multiples of 2.*got 5x6"):
        layer(np.zeros((1, 5, 6, 3)))
    with pytest.raises(InputError, match=r"'down': expected inputs \[B, H, W, C\]"):
        layer(np.zeros((5, 6, 3)))


@pytest.mark.parametrize("factor", [1, 0, 2.0, "2", True])
@pytest.mark.parametrize(
    "build", [PixelShuffle, PixelUnshuffle, lambda factor: ICNR(factor=factor)]
)
def test_bad_factor(build, factor):
    with pytest.raises(
        InputError, match=f"factor: expected an integer of at least 2, got {factor!r}"
    ):
        build(factor)


def test_bad_inputs():
    layer = PixelShuffle(2, name="up")
    with pytest.raises(
        InputError, match=r"'up': expected channels that are a multiple of 4.*got 6"
    ):
        layer(np.zeros((1, 2, 2, 6)))
    with pytest.raises(InputError, match=r"'up': expected channels .*got 6"):
        layer(keras.Input((None, None, 6)))
    with pytest.raises(
        InputError, match=r"'up': expected inputs \[B, H, W, C\], got shape \(2, 2, 4\)"
    ):
        layer(np.zeros((2, 2, 4)))
    with pytest.raises(InputError, match=r"multiple of 9.*\(3, 3, 2, 12\)"):
        ICNR(factor=3)((3, 3, 2, 12))


@pytest.mark.parametrize("factor", [2, 3])
def test_icnr_starts_as_nearest_neighbour_upsampling(factor):
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")

    def upsampled(initializer):
        conv = keras.layers.Conv2D(2 * factor**2, 3, padding="same", kernel_initializer=initializer)
        return np.array(PixelShuffle(factor)(conv(x)))

    blocks = upsampled(ICNR("he_normal", factor=factor))
    small = blocks[:, ::factor, ::factor]
    assert small.std() > 0.5
    assert np.any(small[..., 0] != small[..., 1])
    np.testing.assert_allclose(blocks, small.repeat(factor, 1).repeat(factor, 2), atol=1e-6)
    drawn = upsampled("he_normal")
    assert np.abs(drawn[:, ::factor] - drawn[:, 1::factor]).max() > 0.5


def test_icnr_has_the_spread_of_its_initializer():
    keras.utils.set_random_seed(0)
    # He's fan-in does not depend on the number of outputs.
    kernel = np.array(ICNR("he_normal")((3, 3, 64, 256), dtype="float32"))
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 64)), rel=0.02)
    assert np.all(kernel[..., :64] != np.roll(kernel[..., :64], 1, axis=-1))


def test_icnr_config():
    initializer = ICNR(keras.initializers.RandomUniform(-1, 1, seed=3), factor=4)
    config = keras.initializers.serialize(initializer)
    copy = keras.initializers.deserialize(config)
    assert keras.initializers.serialize(copy) == config
    np.testing.assert_array_equal(copy((1, 1, 2, 32)), initializer((1, 1, 2, 32)))
    assert initializer((1, 1, 2, 32), dtype="bfloat16").dtype == "bfloat16"


@pytest.mark.parametrize("module", [pixel_shuffle, initializers])
def test_examples(module):
    result = doctest.testmod(module, extraglobs={"np": np})
    assert result.attempted
    assert not result.failed

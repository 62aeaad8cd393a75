import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import FIRDownsampling2D, FIRUpsampling2D, fir_resampling

X = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype("float32")


def down(x, axis):
    """The docstring's formula."""
    x = np.moveaxis(x, axis, 0)
    p = np.pad(x, [(1, 1)] + [(0, 0)] * (x.ndim - 1))
    y = [np.tensordot([1, 3, 3, 1], p[2 * i : 2 * i + 4], 1) / 8 for i in range(len(x) // 2)]
    return np.moveaxis(np.stack(y), 0, axis)


def up(x, axis):
    """The docstring's formula."""
    x = np.moveaxis(x, axis, 0)
    p = np.pad(x, [(1, 1)] + [(0, 0)] * (x.ndim - 1))
    y = []
    for i in range(1, len(x) + 1):
        y += [(p[i - 1] + 3 * p[i]) / 4, (3 * p[i] + p[i + 1]) / 4]
    return np.moveaxis(np.stack(y), 0, axis)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("call", "formula"),
    [
        (lambda layer, x: layer[0](x), down),
        (lambda layer, x: layer[1](x, training=False), up),
        (lambda layer, x: layer[1](x, training=True), up),
    ],
)
def test_formula(call, formula, dtype, jit):
    layers = FIRDownsampling2D(dtype=dtype), FIRUpsampling2D(dtype=dtype)
    layer = layers[formula is up]
    spec = tf.TensorSpec([None, 4, 6, 3] if jit else [None, None, None, 3])
    out = tf.function(
        lambda x: call(layers, x), input_signature=[spec], jit_compile=jit, autograph=False
    )(X)
    assert out.dtype == layer.compute_dtype
    expected = formula(formula(X, 1), 2)
    np.testing.assert_allclose(
        tf.cast(out, "float32"), expected, atol=1e-6 if dtype == "float32" else 0.05
    )


@pytest.mark.parametrize("training", [False, True])
def test_each_is_the_transpose_of_the_other(training):
    def double(values):
        return FIRUpsampling2D()(values, training=training)

    x = tf.constant(X)
    y = tf.constant(np.random.default_rng(1).normal(size=(2, 2, 3, 3)), "float32")
    with tf.GradientTape(persistent=True) as outer:
        outer.watch([x, y])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, y])
            small, large = FIRDownsampling2D()(x), double(y)
            squares = tf.reduce_sum(small**3) + tf.reduce_sum(large**3)
        back = (
            tape.gradient(small, x, output_gradients=y),
            tape.gradient(large, y, output_gradients=x),
        )
        slopes = tape.gradient(squares, [x, y])
        total = sum(tf.reduce_sum(s**2) for s in slopes)
    np.testing.assert_allclose(4 * back[0], large, atol=1e-5)
    np.testing.assert_allclose(back[1], 4 * small, atol=1e-5)
    # d/dx |A^T 3 (A x)^2|^2 = A^T (2 A A^T 3 (A x)^2 * 6 A x)
    for given, forward, backward, gradient in (
        (x, FIRDownsampling2D(), lambda v: double(v) / 4, outer.gradient(total, x)),
        (y, double, lambda v: 4 * FIRDownsampling2D()(v), outer.gradient(total, y)),
    ):
        ax = forward(given)
        expected = backward(2 * forward(backward(3 * ax**2)) * 6 * ax)
        np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4)


def test_a_flat_image_stays_flat_within_its_border():
    ones = np.ones((1, 8, 8, 2), "float32")
    np.testing.assert_allclose(FIRDownsampling2D()(ones)[:, 1:-1, 1:-1], 1, atol=1e-6)
    np.testing.assert_allclose(FIRUpsampling2D()(ones)[:, 1:-1, 1:-1], 1, atol=1e-6)


def test_shapes_and_errors():
    assert FIRDownsampling2D()(keras.Input((None, 6, 3))).shape == (None, None, 3, 3)
    assert FIRUpsampling2D()(keras.Input((None, 6, 3))).shape == (None, None, 12, 3)
    with pytest.raises(InputError, match="expected sides that are even, got 5 and 6"):
        FIRDownsampling2D()(np.zeros((1, 5, 6, 3)))
    with pytest.raises(InputError, match=r"expected inputs \[B, H, W, C\]"):
        FIRUpsampling2D()(np.zeros((1, 5, 6)))


def test_examples():
    result = doctest.testmod(fir_resampling, extraglobs={"np": np})
    assert result.attempted == 2
    assert not result.failed

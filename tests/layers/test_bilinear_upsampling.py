import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.importing.authors import bilinear
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import BilinearUpsampling2D, bilinear_upsampling


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_formula_for_sizes_unknown_when_traced(factor):
    layer = BilinearUpsampling2D(factor)
    enlarge = tf.function(layer, input_signature=[tf.TensorSpec([None, None, None, 2])])
    for shape in ((2, 3, 5, 2), (1, 1, 1, 2)):
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        expected = [bilinear(each.transpose(2, 0, 1), factor).transpose(1, 2, 0) for each in x]
        np.testing.assert_allclose(enlarge(x), expected, atol=1e-5)
        keras_made = keras.layers.UpSampling2D(factor, interpolation="bilinear")(x)
        np.testing.assert_allclose(layer(x), keras_made, atol=1e-5)


def test_shapes_types_config_and_gradient():
    layer = BilinearUpsampling2D(3, dtype="mixed_bfloat16", name="up")
    assert layer(np.ones((1, 2, 2, 1), "float32")).dtype == "bfloat16"
    inputs = keras.Input((None, 5, 4))
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, None, 15, 4)
    copy = keras.Model.from_config(model.get_config()).layers[-1]
    assert (copy.factor, copy.name) == (3, "up")
    x = tf.ones((1, 2, 3, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(BilinearUpsampling2D(2)(x))
    np.testing.assert_allclose(tape.gradient(loss, x), np.full((1, 2, 3, 1), 4.0))


@pytest.mark.parametrize("factor", [1, 2.0, True, None])
def test_errors(factor):
    with pytest.raises(InputError, match="factor: expected an integer of at least 2"):
        BilinearUpsampling2D(factor)


def test_example():
    result = doctest.testmod(bilinear_upsampling, extraglobs={"np": np})
    assert result.attempted
    assert not result.failed

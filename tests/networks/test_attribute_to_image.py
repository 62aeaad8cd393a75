"""The generator of images and masks from attributes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import attribute_to_image_generator

# Keras 3.15 reads any variable for saving through a numpy protocol that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SMALL = {"group_units": 4, "units": 8, "maps": 4, "filters": (4, 3)}


def dense(width, units):
    return width * units + units


def convolution(side, width, filters):
    return side**2 * width * filters + filters


def test_parameters_of_the_paper():
    """Class, view and transformation, as in the paper, and each stream's four doublings."""
    model = attribute_to_image_generator((128, 128, 3), (809, 4, 12))
    expected = sum(dense(size, 512) + dense(512, 512) for size in (809, 4, 12))
    expected += dense(3 * 512, 1024) + dense(1024, 1024)
    for channels in (3, 1):
        expected += dense(1024, 8 * 8 * 256)
        width = 256
        for filters in (256, 92, 48):
            expected += convolution(4, width, filters) + convolution(3, filters, filters)
            width = filters
        expected += convolution(4, 48, channels)
    assert model.count_params() == expected == 41_792_852
    sides = [model.get_layer(f"mask_up_{i}").output.shape[1:] for i in (1, 2, 3)]
    assert sides == [(16, 16, 256), (32, 32, 92), (64, 64, 48)]
    first = attribute_to_image_generator((64, 64, 3), (9,), kernel_size=5, refine=False)
    assert {w.shape[:2] for w in first.weights if len(w.shape) == 4} == {(5, 5)}


def test_the_streams_fork_at_the_joint_code():
    """Weights after it serve one stream each, and those before it serve both."""
    keras.utils.set_random_seed(0)
    model = attribute_to_image_generator((16, 16, 3), (3, 2), **SMALL)
    x = np.random.default_rng(0).normal(size=(8, 5)).astype("float32")
    with tf.GradientTape(persistent=True) as tape:
        made = model(x)
        outputs = {"image": tf.reduce_sum(made[..., :3]), "mask": tf.reduce_sum(made[..., 3:])}
    for weight in model.trainable_weights:
        owner = weight.path.split("/")[0].partition("_")[0]
        for stream, output in outputs.items():
            serves = np.any(tape.gradient(output, weight.value))
            assert serves == (owner not in outputs or owner == stream), weight.path


def test_each_group_has_layers_of_its_own():
    keras.utils.set_random_seed(0)
    model = attribute_to_image_generator((16, 16, 3), (3, 2), **SMALL)
    groups = {i: model.get_layer(f"group_{i}_dense_1").kernel.shape[0] for i in (1, 2)}
    assert groups == {1: 3, 2: 2}
    model.get_layer("group_2_dense_1").kernel.assign(tf.zeros([2, 4]))
    x = np.zeros((2, 5), "float32")
    x[1, 3:] = 1
    np.testing.assert_array_equal(*model(x).numpy())  # The second group is no longer seen.
    x[1, 0] = 1
    assert np.any(np.diff(model(x).numpy(), axis=0))


@pytest.mark.parametrize("shape", [(8, 8, 1), (17, 16, 3), (28, 33, 2), (40, 24, 3)])
def test_any_size(shape):
    model = attribute_to_image_generator(shape, (3,), **SMALL)
    assert model(np.zeros((2, 3), "float32")).shape == (2, *shape[:2], shape[2] + 1)


def test_mixed_precision_ends_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = attribute_to_image_generator((17, 16, 3), (3,), **SMALL)
    assert model(np.zeros((2, 3), "float32")).dtype == tf.float32
    assert model.get_layer("mask_conv_1").compute_dtype == "bfloat16"


def test_wrong_arguments():
    with pytest.raises(InputError, match="groups: expected the length of one group or more"):
        attribute_to_image_generator((16, 16, 3), ())
    with pytest.raises(InputError, match=r"filters: expected 3 numbers or more for images of 128"):
        attribute_to_image_generator((128, 128, 3), (3,), **SMALL)
    with pytest.raises(InputError, match="units: expected an integer of at least 1, got 0"):
        attribute_to_image_generator((16, 16, 3), (3,), units=0)

import doctest
import importlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import NETWORKS, image_encoder

EVERY = pytest.mark.parametrize("normalization", ["batch", "layer", "none"])
X = np.random.default_rng(0).normal(size=(8, 16, 12, 3)).astype("float32")


def build(**more):
    keras.utils.set_random_seed(0)
    return NETWORKS["image_encoder"]((16, 12, 3), 5, **{"filters": 4, **more})


def test_parameters():
    model = image_encoder((64, 64, 3))
    assert model.name == "image_encoder"
    assert (model.input_shape, model.output_shape) == ((None, 64, 64, 3), (None, 1024))
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == (
        (4 * 4 * 3 * 32 + 32)  # 64 -> 32, a bias and no batch normalisation
        + 4 * 4 * (32 * 64 + 64 * 128 + 128 * 256)  # 32 -> 4
        + 2 * (64 + 128 + 256)  # batch normalisation: scale and offset
        + (4 * 4 * 256 * 1024 + 1024)
    )


@pytest.mark.parametrize(
    ("shape", "map_shape"),
    [
        ((16, 16, 1), (4, 4, 4)),
        ((64, 64, 3), (4, 4, 16)),
        ((65, 10, 3), (3, 1, 32)),  # 33, 17, 9, 5, 3
        ((28, 28, 1), (4, 4, 8)),
        ((4, 4, 1), (2, 2, 2)),  # One convolution at least.
        ((1, 1, 1), (1, 1, 2)),
    ],
)
def test_sizes(shape, map_shape):
    model = image_encoder(shape, 3, filters=2)
    last = [x for x in model.layers if isinstance(x, keras.layers.Conv2D)][-1]
    assert last.output.shape[1:] == map_shape
    assert model(np.zeros((2, *shape), "float32")).shape == (2, 3)


def test_sees_where_things_are():
    model = build()
    x = np.zeros((2, 16, 12, 3), "float32")
    x[0, 2, 2] = x[1, 10, 2] = 1
    first, second = model(x).numpy()
    assert np.max(np.abs(first - second)) > 1e-4


@EVERY
def test_save_and_load(normalization, tmp_path):
    model = build(normalization=normalization)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    for training in (True, False):
        np.testing.assert_array_equal(loaded(X, training=training), model(X, training=training))
    copy = keras.Model.from_config(model.get_config())
    assert json.loads(copy.to_json()) == json.loads(model.to_json())
    assert build(name="other").name == "other"


@EVERY
def test_mixed_precision_ends_in_float32(normalization):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = build(normalization=normalization)
    out = model(X, training=True)
    assert out.dtype == "float32"
    # Numbers with more digits than bfloat16 has.
    assert np.any(np.array(out) != np.array(tf.cast(tf.cast(out, "bfloat16"), "float32")))
    assert model.get_layer("conv_1").compute_dtype == "bfloat16"


@EVERY
def test_every_weight_learns(normalization):
    model = build(normalization=normalization)
    with tf.GradientTape() as tape:
        out = model(X, training=True)
        loss = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        # More than rounding errors, unlike for a bias that normalisation cancels.
        assert np.max(np.abs(gradient)) > 1e-5, weight.path


def test_synchronized_batch_normalization():
    for synchronized in (False, True):
        norm = build(synchronized_bn=synchronized).get_layer("norm_2")
        assert norm.synchronized is synchronized


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"image_shape": (32, 32)}, r"image_shape: .*\(32, 32\)"),
        ({"image_shape": (0, 32, 3)}, r"image_shape: .*\(0, 32, 3\)"),
        ({"image_shape": (16, 16, 3), "embedding_dim": 0}, "embedding_dim: .*0"),
        ({"image_shape": (16, 16, 3), "filters": 0}, "filters: .*0"),
        ({"image_shape": (16, 16, 3), "kernel_size": 1.5}, "kernel_size: .*1.5"),
        ({"image_shape": (16, 16, 3), "normalization": "instance"}, "normalization: .*'instance'"),
    ],
)
def test_errors(arguments, match):
    with pytest.raises(InputError, match=match):
        image_encoder(**arguments)


def test_example():
    module = importlib.import_module("tfgan_zoo.networks.image_encoder")
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed

"""Properties of all networks; each network's parameters are counted in its own file."""

import doctest
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow_except
from tfgan_zoo import layers, networks
from tfgan_zoo.networks import NETWORKS, dcgan, mlp, resnet

# Keras 3.15 reads any variable for saving through a numpy protocol that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHAPE = (16, 16, 3)
TINY = {
    "mlp": ("mlp_generator", {"units": (8, 8)}),
    "mlp_bn": ("mlp_generator", {"units": (8,), "batch_norm": True, "use_bias": False}),
    "maxout": ("mlp_discriminator", {"units": (8, 8)}),
    "dense": ("mlp_discriminator", {"units": (8,), "maxout_pieces": 0, "activation": "leaky_relu"}),
    "dcgan_g": ("dcgan_generator", {"filters": 4}),
    "dcgan_g_resize": ("dcgan_generator", {"filters": 4, "upsampling": "resize"}),
    "dcgan_g_plain": ("dcgan_generator", {"filters": 4, "normalization": "none"}),
    "dcgan_g_mixture": ("dcgan_generator", {"filters": 4, "latent_dim": 6, "mixture_bits": 2}),
    "dcgan_d": ("dcgan_discriminator", {"filters": 4}),
    "dcgan_d_layer": ("dcgan_discriminator", {"filters": 4, "normalization": "layer"}),
    "dcgan_d_plain": ("dcgan_discriminator", {"filters": 4, "normalization": "none"}),
    "resnet_g": ("resnet_generator", {"filters": 4}),
    "resnet_g_plain": ("resnet_generator", {"filters": 4, "normalization": "none"}),
    "resnet_d": ("resnet_discriminator", {"filters": 4}),
    "resnet_d_layer": ("resnet_discriminator", {"filters": 4, "normalization": "layer"}),
}
FEW = ("mlp_bn", "maxout", "dcgan_g", "dcgan_d", "resnet_g", "resnet_d_layer")
few = pytest.mark.parametrize("case", slow_except(FEW, TINY))
CRITICS = ["maxout", "dcgan_d_layer", "dcgan_d_plain", "resnet_d", "resnet_d_layer"]


def build(case, **more):
    function, options = TINY[case]
    return NETWORKS[function](SHAPE, **options, **more)


def inputs_of(model, batch=4):
    shape = (batch, *model.input_shape[1:])
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_every_network_is_listed_and_tried():
    assert {function for function, _ in TINY.values()} <= set(NETWORKS)
    for name, function in NETWORKS.items():
        assert function is getattr(networks, name)


@pytest.mark.parametrize("case", TINY)
def test_output(case):
    model = build(case)
    out = model(inputs_of(model))
    if "generator" in TINY[case][0]:
        assert model.name == "generator"
        assert out.shape == (4, *SHAPE)
        assert np.max(np.abs(out)) <= 1
    else:
        assert model.name == "discriminator"
        assert out.shape == (4, 1)
    names = [layer.name for layer in model.layers]
    assert len(set(names)) == len(names)
    assert build(case, name="other").name == "other"


@few
def test_save_and_load(case, tmp_path):
    model = build(case)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    x = inputs_of(model)
    np.testing.assert_array_equal(loaded(x, training=True), model(x, training=True))
    np.testing.assert_array_equal(loaded(x, training=False), model(x, training=False))
    copy = keras.Model.from_config(model.get_config())
    for other in (loaded, copy):
        assert json.loads(other.to_json()) == json.loads(model.to_json())


@few
def test_mixed_precision_ends_in_float32(case):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(case)
    finally:
        keras.config.set_dtype_policy(policy)
    assert model(inputs_of(model), training=True).dtype == "float32"
    assert model.layers[-1].compute_dtype == "float32"
    assert model.layers[1].compute_dtype == "bfloat16"
    assert {w.dtype for w in model.trainable_weights} == {"float32"}


@few
def test_every_weight_learns(case):
    keras.utils.set_random_seed(0)
    model = build(case)
    x = inputs_of(model, batch=16)
    with tf.GradientTape() as tape:
        out = model(x, training=True)
        loss = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        # More than rounding errors, unlike for a bias that batch normalisation cancels.
        assert np.max(np.abs(gradient)) > 1e-5, weight.path


@pytest.mark.parametrize("case", CRITICS)
def test_gradient_penalty_can_be_differentiated(case):
    keras.utils.set_random_seed(0)
    model = build(case)
    x = tf.constant(inputs_of(model))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            out = model(x, training=True)
        slope = tf.reduce_sum(inner.gradient(out, x) ** 2)
    kernels = [w.value for w in model.trainable_weights if w.name == "kernel"]
    for gradient in outer.gradient(slope, kernels):
        assert np.all(np.isfinite(gradient))
        assert np.max(np.abs(gradient)) > 0


@pytest.mark.parametrize("case", ["dcgan_d_layer", "resnet_d_layer"])
def test_layer_normalization_keeps_samples_apart(case):
    model = build(case)
    x = inputs_of(model)
    np.testing.assert_allclose(model(x, training=True)[:1], model(x[:1], training=True), atol=1e-5)


@pytest.mark.parametrize("case", ["mlp_bn", "dcgan_g", "dcgan_d", "resnet_g"])
def test_batch_normalization_states_its_constants(case):
    for synchronized in (False, True):
        model = build(case, synchronized_bn=synchronized)
        norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
        assert norms
        for norm in norms:
            assert (norm.momentum, norm.epsilon) == (0.9, 1e-5)
            assert norm.synchronized is synchronized


@pytest.mark.parametrize("module", [mlp, dcgan, resnet, layers.maxout, layers.dropout])
def test_examples(module):
    result = doctest.testmod(module, extraglobs={"np": np})
    assert result.attempted
    assert not result.failed

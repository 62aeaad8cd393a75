"""Properties of all image translation networks; parameters are counted in their own files."""

import doctest
import importlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow_except
from tfgan_zoo.networks import NETWORKS

# From grey to colour, so that shapes differ.
GENERATORS = {
    "resnet": ("translation_resnet", {"blocks": 2}),
    "resnet_batch": ("translation_resnet", {"blocks": 1, "normalization": "batch"}),
    "resnet_plain": ("translation_resnet", {"blocks": 1, "normalization": "none"}),
    "resnet_resize": ("translation_resnet", {"blocks": 1, "upsampling": "resize"}),
    "unet": ("unet_generator", {"depth": 3}),
    "unet_paper": ("unet_generator", {"depth": 3, "inference": "paper"}),
    "unet_instance": ("unet_generator", {"depth": 3, "normalization": "instance"}),
    "unet_plain": ("unet_generator", {"depth": 3, "normalization": "none"}),
    "unet_resize": ("unet_generator", {"depth": 3, "upsampling": "resize"}),
    "global": ("global_generator", {"downsamplings": 2, "blocks": 1}),
    "enhancer": (
        "local_enhancer",
        {"global_downsamplings": 1, "global_blocks": 1, "blocks": 1},
    ),
    "features": ("feature_encoder", {"downsamplings": 2}),
    "coder": ("encoder_decoder_generator", {"depth": 3}),
    "coder_paper": ("encoder_decoder_generator", {"depth": 3, "inference": "paper"}),
}
DISCRIMINATORS = {
    "patch": ("patchgan_discriminator", {"receptive_field": 34}),
    "patch_instance": (
        "patchgan_discriminator",
        {"receptive_field": 34, "normalization": "instance"},
    ),
    "patch_layer": ("patchgan_discriminator", {"receptive_field": 34, "normalization": "layer"}),
    "patch_plain": ("patchgan_discriminator", {"receptive_field": 34, "normalization": "none"}),
    "pixel": ("patchgan_discriminator", {"receptive_field": 1}),
}
TINY = GENERATORS | DISCRIMINATORS
#: One of each network, and of each kind of normalisation and upsampling.
FEW = ("resnet", "resnet_resize", "unet_paper", "enhancer", "coder", "patch", "patch_layer")
few = pytest.mark.parametrize("case", slow_except(FEW, TINY))
X = np.random.default_rng(0).normal(size=(4, 40, 24, 1)).astype("float32")


def build(case, **more):
    function, options = TINY[case]
    shapes = ((16, 16, 1), 3) if case in GENERATORS else ((16, 16, 1),)
    return NETWORKS[function](*shapes, filters=4, **options, **more)


@few
def test_output(case):
    model = build(case)
    assert model.input_shape == (None, None, None, 1)
    out = model(X)
    if case in GENERATORS:
        assert model.name == ("encoder" if case == "features" else "generator")
        assert out.shape == (4, 40, 24, 3)
        assert np.max(np.abs(out)) <= 1
    else:
        assert model.name == "discriminator"
        assert out.shape == ((4, 40, 24, 1) if case == "pixel" else (4, 8, 4, 1))
    assert model(X[:, :16, :16]).shape[0] == 4
    names = [layer.name for layer in model.layers]
    assert len(set(names)) == len(names)
    assert build(case, name="other").name == "other"


@pytest.mark.parametrize("case", slow_except(FEW, GENERATORS))
def test_as_many_channels_as_the_input(case):
    function, options = GENERATORS[case]
    expected = 3 if case == "features" else 2
    assert NETWORKS[function]((16, 16, 2), filters=1, **options).output_shape[-1] == expected


@few
def test_save_and_load(case, tmp_path):
    model = build(case)
    model(X, training=True)  # Changes the initial moving statistics.
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(X, training=True), model(X, training=True))
    np.testing.assert_array_equal(loaded(X, training=False), model(X, training=False))
    copy = keras.Model.from_config(model.get_config())
    for other in (loaded, copy):
        assert json.loads(other.to_json()) == json.loads(model.to_json())


@few
def test_mixed_precision_ends_in_float32(case):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = build(case)
    out = model(X, training=True)
    assert out.dtype == "float32"
    # Numbers with more digits than bfloat16 has.
    assert np.any(np.array(out) != np.array(tf.cast(tf.cast(out, "bfloat16"), "float32")))
    assert model.layers[-1].compute_dtype == "float32"
    assert model.layers[1].compute_dtype == "bfloat16"
    assert {w.dtype for w in model.trainable_weights} == {"float32"}


@few
def test_every_weight_learns(case):
    keras.utils.set_random_seed(0)
    model = build(case)
    # Weights of 0.02 give small gradients without normalisation.
    for weight in model.trainable_weights:
        weight.assign(weight * 10)
    with tf.GradientTape() as tape:
        out = model(X, training=True)
        loss = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        # More than rounding errors, unlike for a bias that normalisation cancels.
        assert np.max(np.abs(gradient)) > 1e-3, weight.path


@pytest.mark.parametrize("case", ["patch_instance", "patch_layer", "patch_plain"])
def test_critics_can_have_a_gradient_penalty(case):
    keras.utils.set_random_seed(0)
    model = build(case)
    x = tf.constant(X)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            out = model(x, training=True)
        slope = tf.reduce_sum(inner.gradient(out, x) ** 2)
    kernels = [w.value for w in model.trainable_weights if w.name == "kernel"]
    for gradient in outer.gradient(slope, kernels):
        assert np.all(np.isfinite(gradient))
        assert np.max(np.abs(gradient)) > 0
    np.testing.assert_allclose(model(x)[:1], model(x[:1]), atol=1e-5)


@pytest.mark.parametrize("case", ["resnet_batch", "patch"])
def test_batch_normalization_states_its_constants(case):
    for synchronized in (False, True):
        model = build(case, synchronized_bn=synchronized)
        norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
        assert norms
        for norm in norms:
            assert (norm.momentum, norm.epsilon) == (0.9, 1e-5)
            assert norm.synchronized is synchronized


@pytest.mark.parametrize("name", ["patchgan", "pix2pix_hd", "translation_resnet", "unet"])
def test_examples(name):
    # `networks.translation_resnet` is the function.
    result = doctest.testmod(importlib.import_module(f"tfgan_zoo.networks.{name}"))
    assert result.attempted
    assert not result.failed

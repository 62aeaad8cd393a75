import doctest
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import (
    NETWORKS,
    autoencoder,
    conv_decoder,
    conv_encoder,
    mlp_decoder,
    mlp_encoder,
    vae_gan,
    vae_gan_decoder,
    vae_gan_discriminator,
    vae_gan_encoder,
)

# Keras 3.15 reads any variable for saving through a numpy protocol that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHAPE = (16, 24, 3)
DIM = 5
SMALL_VAE_GAN = {"normalization": "batch", "kernel_size": 3}
TINY = {
    "conv_encoder": {"filters": 2, "normalization": "batch"},
    "conv_decoder": {"filters": 2, "normalization": "batch"},
    "mlp_encoder": {"units": (6,)},
    "mlp_decoder": {"units": (6,)},
    "vae_gan_encoder": {"filters": (2, 3), "dense_units": 4, **SMALL_VAE_GAN},
    "vae_gan_decoder": {"filters": (3, 2), "project": 4, **SMALL_VAE_GAN},
    "vae_gan_discriminator": {
        "first_filters": 2,
        "filters": (3, 4),
        "dense_units": 4,
        **SMALL_VAE_GAN,
    },
}


def build(name):
    dims = () if name == "vae_gan_discriminator" else (DIM,)
    return NETWORKS[name](SHAPE, *dims, **TINY[name])


def inputs_of(model, batch=8):
    shape = (batch, *model.input_shape[1:])
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.parametrize("name", TINY)
def test_shapes_and_names(name):
    model = build(name)
    end = (1,) if name == "vae_gan_discriminator" else (DIM,) if "encoder" in name else SHAPE
    assert model.name == name.rpartition("_")[2]
    assert model.output_shape == (None, *end)
    assert model.input_shape == (None, *((DIM,) if "decoder" in name else SHAPE))
    out = model(inputs_of(model))
    if "decoder" in name:
        assert np.max(np.abs(out)) <= 1


@pytest.mark.parametrize("name", TINY)
def test_every_weight_learns(name):
    keras.utils.set_random_seed(1)
    model = build(name)
    with tf.GradientTape() as tape:
        out = model(inputs_of(model, 16), training=True)
        loss = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        # More than rounding errors, unlike for a bias that batch normalisation cancels.
        assert np.max(np.abs(gradient)) > 1e-5, weight.path


@pytest.mark.parametrize("name", ["conv_decoder", slow("mlp_encoder"), slow("vae_gan_encoder")])
def test_save_and_load(name, tmp_path):
    model = build(name)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    x = inputs_of(model)
    np.testing.assert_array_equal(loaded(x, training=False), model(x, training=False))


@pytest.mark.parametrize("name", TINY)
def test_mixed_precision_ends_in_float32(name):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(name)
    finally:
        keras.config.set_dtype_policy(policy)
    assert model.outputs[0].dtype == "float32"
    assert "bfloat16" in {layer.compute_dtype for layer in model.layers}


@pytest.mark.parametrize(
    ("side", "start", "times"),
    [((16, 16), (4, 4), 2), ((28, 28), (7, 7), 2), ((32, 64), (4, 8), 3), ((96, 96), (6, 6), 4)],
)
def test_sizes(side, start, times):
    shape = (*side, 1)
    encoder = conv_encoder(shape, 3, filters=2)
    assert encoder.get_layer(f"conv_{times}").output.shape[1:3] == start
    decoder = conv_decoder(shape, 3, filters=2, upsampling="resize")
    assert decoder.get_layer("maps").output.shape[1:3] == start
    assert decoder.output_shape == (None, *shape)


def test_where_and_what_a_linear_code_is():
    """Without hidden layers, the code is one matrix product."""
    encoder = mlp_encoder((4, 4, 1), 3, units=())
    x = inputs_of(encoder)
    kernel, bias = encoder.get_layer("code").get_weights()
    np.testing.assert_allclose(encoder(x), x.reshape(8, -1) @ kernel + bias, rtol=1e-5)
    decoder = mlp_decoder((4, 4, 1), 3, units=(), output_activation="linear")
    z = inputs_of(decoder)
    kernel, bias = decoder.get_layer("output").get_weights()
    np.testing.assert_allclose(decoder(z), (z @ kernel + bias).reshape(8, 4, 4, 1), rtol=1e-5)


def test_points():
    assert mlp_encoder((2,), 1, units=(4,)).input_shape == (None, 2)
    decoder = mlp_decoder((2,), 1, units=(4,))
    assert decoder.output_shape == (None, 2)
    assert decoder.get_layer("output").activation is keras.activations.linear


def test_units_that_can_be_sparse():
    for build in (conv_encoder, functools.partial(mlp_encoder, units=())):
        model = build(SHAPE, DIM, output_activation="sigmoid")
        out = model(100 * inputs_of(model)).numpy()
        assert 0 <= out.min() < 0.1
        assert 0.9 < out.max() <= 1


def test_parameters_of_the_papers_mlps():
    assert mlp_encoder((28, 28, 1), 100).count_params() == 785 * 200 + 201 * 200 + 201 * 100
    decoder = mlp_decoder((28, 28, 1), 50)
    assert decoder.count_params() == 51 * 200 + 201 * 200 + 201 * 784


def test_parameters_of_vae_gan():
    """The widths of the authors' code for 32x32 images; a normalisation has two for each map."""
    kernels = 25 * (3 * 64 + 64 * 128 + 128 * 256) + 4096 * 1024 + 1024 * 256 + 256
    encoder = vae_gan_encoder((32, 32, 3), 256)
    trainable = sum(int(np.prod(w.shape)) for w in encoder.trainable_weights)
    assert trainable == kernels + 2 * (64 + 128 + 256 + 1024)
    kernels = 128 * 4096 + 25 * (256 * 192 + 192 * 128 + 128 * 32 + 32 * 3) + 3
    decoder = vae_gan_decoder((32, 32, 3), 128)
    trainable = sum(int(np.prod(w.shape)) for w in decoder.trainable_weights)
    assert trainable == kernels + 2 * (256 + 192 + 128 + 32)
    kernels = 25 * (3 * 32 + 32 * 128 + 128 * 192 + 192 * 256) + 4096 * 512 + 512 + 32 + 1
    discriminator = vae_gan_discriminator((32, 32, 3))
    trainable = sum(int(np.prod(w.shape)) for w in discriminator.trainable_weights)
    assert trainable == kernels + 2 * (128 + 192 + 256 + 512)


def test_features_are_those_before_the_normalisation():
    layers = [layer.name for layer in vae_gan_discriminator((32, 32, 3), first_filters=2).layers]
    assert layers[layers.index("features") + 1 : layers.index("features") + 3] == [
        "norm_3",
        "activation_3",
    ]


@pytest.mark.parametrize(
    ("build", "advice"),
    [
        (lambda: conv_encoder((30, 30, 1)), "image_shape: expected sides of 4 to 7 times"),
        (lambda: conv_decoder(SHAPE, 0), "latent_dim: expected an integer of at least 1, got 0"),
        (lambda: conv_encoder(SHAPE, normalization="instance"), "normalization: expected one of"),
        (lambda: mlp_encoder(SHAPE, units=(0,)), r"units\[0\]: expected an integer of at least 1"),
        (lambda: vae_gan_decoder((28, 28, 1)), "image_shape: expected sides that are multiples of"),
        (lambda: vae_gan_encoder(SHAPE, filters=(2, 0)), r"filters\[1\]: expected an integer"),
    ],
)
def test_bad_arguments(build, advice):
    with pytest.raises(InputError, match=advice):
        build()


@pytest.mark.parametrize("module", [autoencoder, vae_gan])
def test_examples(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed

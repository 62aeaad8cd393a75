"""When the vectors of spectrally normalised layers move, and what else does not."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tests.models.spectral import game, matrix, spectral_layers
from tests.models.tiny import assert_close, assert_same, dataset, fit, samples, state, step, tiny
from tfgan_zoo.layers import SpectralNormalization


def compiled(name="dcgan", **kwargs):
    keras.utils.set_random_seed(0)
    compile_args = {"run_eagerly": True, **kwargs.pop("settings", {})}
    model = game(name, **kwargs)
    model.compile(**compile_args)
    return model


def values(network):
    return [(v.path, v.numpy()) for v in network.variables]


def advanced(layer, kernel):
    """Returns u and v after one step of the power iteration with a kernel `[inputs, outputs]`."""
    v = kernel @ np.array(layer.u)
    v /= np.linalg.norm(v)
    u = kernel.T @ v
    return u / np.linalg.norm(u), v


def expected_vectors(networks):
    return [
        advanced(layer, matrix(layer)) for network in networks for layer in spectral_layers(network)
    ]


def vectors(networks):
    return [
        (np.array(layer.u), np.array(layer.v))
        for network in networks
        for layer in spectral_layers(network)
    ]


def assert_vectors(networks, expected):
    for found, wanted in zip(vectors(networks), expected, strict=True):
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("name", ["dcgan", "gan"])
def test_each_network_advances_once_before_its_own_update(name):
    """In the one both updates share a pass of the generator, in the other they do not."""
    model = compiled(name)
    networks = [model.generator, model.discriminator]
    for network in networks:  # The vectors that they start with would hardly move.
        for layer in spectral_layers(network):
            layer.kernel.assign(np.random.default_rng(0).normal(size=layer.kernel.shape))
    expected = expected_vectors(networks)
    assert np.abs(expected[0][0] - vectors(networks)[0][0]).max() > 0.01
    step(model, samples(model))
    assert_vectors(networks, expected)


def test_the_generators_update_leaves_the_discriminator():
    model = compiled()
    real, given = model.real(tf.constant(samples(model)))
    fake = model.record_fakes("latents", real, given)
    start = model.discriminator.get_layer("conv").kernel.numpy()
    model.update("discriminator", model.discriminator_loss, real, fake.value, given)
    assert np.any(start != model.discriminator.get_layer("conv").kernel.numpy())
    before = values(model.discriminator)
    generator = values(model.generator)
    model.update("generator", model.generator_loss, fake, real, given)
    assert_same(values(model.discriminator), before)
    weights = [v.path for v in model.generator.trainable_variables]
    for (path, old), (_, new) in zip(generator, values(model.generator), strict=True):
        assert np.any(old != new) == (path in weights), path  # It advanced when it was recorded.


def test_losses_change_nothing():
    model = compiled()
    before = values(model.generator) + values(model.discriminator)
    model.losses_of(samples(model))
    model.generate(2)
    assert_same(values(model.generator) + values(model.discriminator), before)


def test_models_without_such_layers_have_none():
    model = tiny("dcgan", ema_half_life=10.0)
    assert model._spectral.vectors() == []
    assert model._spectral_averages.vectors() == []
    assert len(model.layers) == 3  # Keras tracks nothing besides the networks and the average.


def test_saved_and_resumed(tmp_path):
    model = compiled(ema_half_life=50.0)
    fit(model, dataset(model, 1))
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    assert_same(state(copy), state(model))
    for each in (model, copy):
        fit(each, dataset(each, 1, first=1))
    assert_same(state(copy), state(model))


def test_the_average_has_its_own_vectors():
    model = compiled(ema_half_life=1e6, ema_ramp_up=1e6)
    average, first = model.averages[0], vectors(model.averages)
    for layer in spectral_layers(model.generator):
        layer.u.assign(np.ones(layer.u.shape))  # They would spoil the average's.
    fit(model, dataset(model))
    found = vectors(model.averages)
    for layer, (u, _) in zip(spectral_layers(average), first, strict=True):
        layer.u.assign(u)
    expected = expected_vectors(model.averages)
    for layer, (u, _) in zip(spectral_layers(average), found, strict=True):
        layer.u.assign(u)
    assert_vectors(model.averages, expected)
    raw = vectors([model.generator])[0][0]
    assert np.abs(raw - vectors(model.averages)[0][0]).max() > 1e-3


@pytest.mark.parametrize("settings", [{"rematerialize": True}, slow({"run_eagerly": False})])
def test_the_same_in_other_modes(settings):
    model, plain = compiled(settings=settings), compiled()
    for each in (model, plain):
        fit(each, dataset(each, 1))
    assert_close(state(model), state(plain), rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_xla():
    options = {"attention": True, "r1_gamma": 1.0, "plain_generator": True}
    models = [
        compiled(settings={"run_eagerly": False, "jit_compile": jit}, **options)
        for jit in (False, True)
    ]
    real = tf.constant(samples(models[0]), tf.float32) / 127.5 - 1
    for model in models:
        model.update("discriminator", model.discriminator_loss, real, -real)
    assert_close(*(values(model.discriminator) for model in models), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", slow("mixed_float16")])
def test_half_precision(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = compiled(ema_half_life=10.0)
        before = values(model.discriminator)
        fit(model, dataset(model, 1))
        assert all(
            layer.layer.compute_dtype == policy[6:] for layer in spectral_layers(model.generator)
        )
    finally:
        keras.config.set_dtype_policy("float32")
    assert all(v.dtype == "float32" for v in model.discriminator.variables)
    for path, new in values(model.discriminator):
        assert np.all(np.isfinite(new)), path
    assert any(
        np.any(a != b) for (_, a), (_, b) in zip(before, values(model.discriminator), strict=True)
    )


@pytest.mark.slow
def test_exported(tmp_path):
    model = compiled(ema_half_life=10.0, ema_ramp_up=1.0)
    fit(model, dataset(model, 1))
    model.export(tmp_path / "1")
    served = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    latents = model.sample_latents(3)
    images = model.generate(latents=latents)
    np.testing.assert_allclose(served(latents=tf.constant(latents))["images"], images, atol=1e-6)
    with model.raw_weights():
        assert np.abs(model.generate(latents=latents) - images).max() > 1e-5


def test_layers_within_layers_are_found():
    model = compiled(attention=True)
    attention = model.discriminator.get_layer("attention")
    found = {id(v) for v in model._spectral.vectors()}
    for layer in (attention.theta, attention.phi, attention.g, attention.o):
        assert isinstance(layer, SpectralNormalization)
        assert {id(layer.u), id(layer.v)} <= found

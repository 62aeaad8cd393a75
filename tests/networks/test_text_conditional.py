import doctest
import importlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow_except
from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import (
    NETWORKS,
    dcgan_generator,
    text_conditional_discriminator,
    text_conditional_generator,
)

SHAPE, LATENTS, DIM = (16, 16, 3), 6, 7
GENERATORS = {
    "g": {},
    "g_plain": {"normalization": "none"},
    "g_resize": {"upsampling": "resize"},
}
DISCRIMINATORS = {
    "d": {},
    "d_layer": {"normalization": "layer"},
    "d_plain": {"normalization": "none"},
}
CASES = [*GENERATORS, *DISCRIMINATORS]
EVERY = pytest.mark.parametrize("case", slow_except(("g", "d"), CASES))


def draw(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype("float32")


X = {"g": [draw(8, LATENTS), draw(8, 1, DIM)[:, 0]], "d": [draw(8, *SHAPE), draw(8, DIM)]}


def build(case, **more):
    keras.utils.set_random_seed(0)
    options = {"projected": 5, "filters": 4, **(GENERATORS | DISCRIMINATORS)[case], **more}
    if case in GENERATORS:
        return NETWORKS["text_conditional_generator"](SHAPE, LATENTS, DIM, **options)
    return NETWORKS["text_conditional_discriminator"](SHAPE, DIM, **options)


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def test_the_papers_generator():
    model = text_conditional_generator((64, 64, 3))
    assert model.input_shape == [(None, 100), (None, 1024)]
    assert model.output_shape == (None, 64, 64, 3)
    assert trainable(model) == (
        (1024 * 128 + 128)  # the text's projection
        + 228 * 4 * 4 * 512  # noise and text
        + 4 * 4 * (512 * 256 + 256 * 128 + 128 * 64)  # 4 -> 32
        + (4 * 4 * 64 * 3 + 3)  # 32 -> 64, with a bias
        + 2 * (512 + 256 + 128 + 64)  # batch normalisation: scale and offset
    )
    assert model.get_layer("text_lrelu").negative_slope == pytest.approx(0.2)


def test_the_papers_discriminator():
    model = text_conditional_discriminator((64, 64, 3))
    assert model.input_shape == [(None, 64, 64, 3), (None, 1024)]
    assert model.output_shape == (None, 1)
    assert trainable(model) == (
        (4 * 4 * 3 * 64 + 64)  # 64 -> 32, a bias and no batch normalisation
        + 4 * 4 * (64 * 128 + 128 * 256 + 256 * 512)  # 32 -> 4
        + (1024 * 128 + 128)  # the text's projection
        + (512 + 128) * 512  # the 1x1 convolution of both
        + 2 * (128 + 256 + 512 + 512)  # batch normalisation: scale and offset
        + (4 * 4 * 512 + 1)  # logit
    )
    assert model.get_layer("mix").output.shape == (None, 4, 4, 512)
    slopes = [x.negative_slope for x in model.layers if isinstance(x, keras.layers.LeakyReLU)]
    assert slopes == [pytest.approx(0.2)] * 6


def test_generator_is_dcgans_behind_noise_and_text():
    model = build("g")
    kernel, bias = model.get_layer("text").get_weights()
    noise, embedding = X["g"]
    text = embedding @ kernel + bias
    text = np.where(text > 0, text, 0.2 * text)
    dcgan = dcgan_generator(SHAPE, LATENTS + 5, filters=4, kernel_size=4)
    dcgan.set_weights(model.get_layer("dcgan").get_weights())
    expected = dcgan(np.concatenate([noise, text], axis=1))
    np.testing.assert_allclose(model([noise, embedding]), expected, atol=1e-6)


def test_text_is_the_same_in_every_place_of_the_map():
    model = build("d")
    places = keras.Model(model.input, model.get_layer("image_and_text").output)(X["d"]).numpy()
    assert places.shape == (8, 4, 4, 8 + 5)
    kernel, bias = model.get_layer("text").get_weights()
    text = X["d"][1] @ kernel + bias
    text = np.where(text > 0, text, 0.2 * text)
    for h, w in np.ndindex(4, 4):
        np.testing.assert_allclose(places[:, h, w, 8:], text, atol=1e-6)


@EVERY
def test_output(case):
    model, x = build(case), X[case[0]]
    out = model(x).numpy()
    if case in GENERATORS:
        assert model.name == "generator"
        assert out.shape == (8, *SHAPE)
        assert np.max(np.abs(out)) <= 1
        names = ["noise", "embedding"]
    else:
        assert model.name == "discriminator"
        assert out.shape == (8, 1)
        names = ["image", "embedding"]
    assert [each.name for each in model.inputs] == names
    assert build(case, name="other").name == "other"
    # Both inputs count.
    for i in range(2):
        other = [each[::-1] if i == k else each for k, each in enumerate(x)]
        assert np.max(np.abs(model(other) - out)) > 1e-4


@EVERY
def test_save_and_load(case, tmp_path):
    model, x = build(case), X[case[0]]
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(x, training=True), model(x, training=True))
    np.testing.assert_array_equal(loaded(x, training=False), model(x, training=False))
    copy = keras.Model.from_config(model.get_config())
    for other in (loaded, copy):
        assert json.loads(other.to_json()) == json.loads(model.to_json())


@EVERY
def test_mixed_precision_ends_in_float32(case):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = build(case)
    out = model(X[case[0]], training=True)
    assert out.dtype == "float32"
    # Numbers with more digits than bfloat16 has.
    assert np.any(np.array(out) != np.array(tf.cast(tf.cast(out, "bfloat16"), "float32")))
    assert model.get_layer("text").compute_dtype == "bfloat16"
    assert {w.dtype for w in model.trainable_weights} == {"float32"}


@EVERY
def test_every_weight_learns(case):
    model, x = build(case), X[case[0]]
    # Weights of 0.02 give small gradients without normalisation.
    for weight in model.trainable_weights:
        weight.assign(weight * 5)
    with tf.GradientTape() as tape:
        out = model(x, training=True)
        loss = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        # More than rounding errors, unlike for a bias that normalisation cancels.
        assert np.max(np.abs(gradient)) > 1e-4, weight.path


@pytest.mark.parametrize("case", ["d_layer", "d_plain"])
def test_critics_can_have_a_gradient_penalty(case):
    model = build(case)
    image, text = map(tf.constant, X["d"])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch([image, text])
            out = model([image, text], training=True)
        slopes = inner.gradient(out, [image, text])
        slope = tf.add_n([tf.reduce_sum(each**2) for each in slopes])
    kernels = [w.value for w in model.trainable_weights if w.name == "kernel"]
    for gradient in outer.gradient(slope, kernels):
        assert np.all(np.isfinite(gradient))
        assert np.max(np.abs(gradient)) > 0
    alone = model([image[:1], text[:1]], training=True)
    np.testing.assert_allclose(out[:1], alone, atol=1e-5)


@pytest.mark.parametrize("case", ["g", "d"])
def test_batch_normalization_states_its_constants(case):
    for synchronized in (False, True):
        model = build(case, synchronized_bn=synchronized)
        norms = [
            x for x in model._flatten_layers() if isinstance(x, keras.layers.BatchNormalization)
        ]
        assert len(norms) == 2
        for norm in norms:
            assert (norm.momentum, norm.epsilon) == (0.9, 1e-5)
            assert norm.synchronized is synchronized


@pytest.mark.parametrize("side", [16, 32, 128])
def test_sizes(side):
    generator = text_conditional_generator((side, side, 1), 2, 3, projected=2, filters=1)
    assert generator.output_shape == (None, side, side, 1)
    discriminator = text_conditional_discriminator((side, side, 2), 3, projected=2, filters=1)
    joint = discriminator.get_layer("image_and_text").output
    assert joint.shape == (None, 4, 4, side // 8 + 2)
    assert discriminator.get_layer("mix").output.shape[-1] == side // 8


@pytest.mark.parametrize("build", [text_conditional_generator, text_conditional_discriminator])
@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"image_shape": (72, 72, 3)}, r"image_shape: .*\(72, 72, 3\)"),
        ({"image_shape": (32, 32)}, r"image_shape: .*\(32, 32\)"),
        ({"image_shape": SHAPE, "embedding_dim": 0}, "embedding_dim: .*0"),
        ({"image_shape": SHAPE, "projected": 0}, "projected: .*0"),
        ({"image_shape": SHAPE, "filters": 1.5}, "filters: .*1.5"),
        ({"image_shape": SHAPE, "kernel_size": "4"}, "kernel_size: .*'4'"),
        ({"image_shape": SHAPE, "normalization": "instance"}, "normalization: .*'instance'"),
    ],
)
def test_errors(build, arguments, match):
    with pytest.raises(InputError, match=match):
        build(**arguments)


def test_errors_of_the_generator():
    with pytest.raises(InputError, match=r"latent_dim: .*0"):
        text_conditional_generator(SHAPE, 0)
    with pytest.raises(InputError, match=r"upsampling: .*'bilinear'"):
        text_conditional_generator(SHAPE, upsampling="bilinear")


@pytest.mark.parametrize("case", ["g", "d"])
def test_initial_weights_of_the_projection_as_in_torch(case):
    keras.utils.set_random_seed(0)
    options = {"filters": 4, "projection": "torch"}
    if case == "g":
        model = text_conditional_generator(SHAPE, LATENTS, 1024, **options)
    else:
        model = text_conditional_discriminator(SHAPE, 1024, **options)
    kernel, bias = model.get_layer("text").get_weights()
    assert kernel.std() == pytest.approx(1024**-0.5 / 3**0.5, rel=0.01)  # 0.018
    assert 0 < np.abs(bias).max() <= 1024**-0.5
    with pytest.raises(InputError, match="projection: expected one of keras, torch"):
        build(case, projection="lua")


def test_batch_normalisation_of_the_projected_text():
    plain, model = build("d"), build("d", normalize_text=True)
    assert trainable(model) == trainable(plain) + 2 * 5
    model.get_layer("text_norm").set_weights([np.ones(5), np.zeros(5), np.zeros(5), np.ones(5)])
    seen = keras.Model(model.inputs, model.get_layer("text_norm").output)
    batch = np.array(seen(X["d"], training=True))
    np.testing.assert_allclose(batch.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(batch.std(axis=0), 1, rtol=1e-2)
    names = [layer.name for layer in model.layers]
    assert names.index("text") < names.index("text_norm") < names.index("text_lrelu")


def test_examples():
    module = importlib.import_module("tfgan_zoo.networks.text_conditional")
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.marks import slow, slow_except
from tests.models.tiny import LATENT, SHAPE, compiled, samples, shared, tiny
from tfgan_zoo import networks, noise
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import MODELS, Autoencoder, Autoencoding
from tfgan_zoo.models.coding import Coding, padded_shape
from tfgan_zoo.sizes import doubled_around, doublings

CODERS = [name for name, cls in MODELS.items() if issubclass(cls, Coding)]
#: One without a prior and one with; the others are slow.
each_coder = pytest.mark.parametrize("name", slow_except(("autoencoder", "vae"), CODERS))
#: Autoencoders whose encoder and decoder learn from one loss.
AUTOENCODERS = [name for name, cls in MODELS.items() if issubclass(cls, Autoencoding)]


def linear(shape, dim, **kwargs):
    """An autoencoder without hidden layers, activations or biases."""
    encoder = keras.Sequential(
        [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(dim, use_bias=False)]
    )
    decoder = keras.Sequential(
        [
            keras.Input((dim,)),
            keras.layers.Dense(int(np.prod(shape)), use_bias=False),
            keras.layers.Reshape(shape),
        ]
    )
    return Autoencoder(shape, dim, encoder, decoder, **kwargs)


def test_the_loss_by_hand():
    """The code is the mean of both pixels, and both are decoded to twice the code."""
    model = linear((1, 2, 1), 1)
    model.encoder.set_weights([np.array([[0.5], [0.5]])])
    model.decoder.set_weights([np.array([[2.0, 2.0]])])
    images = tf.constant([[[[-1.0], [0.0]]], [[[0.5], [0.25]]]])
    # Decoded to (-1, -1) and (.75, .75): errors of (0, 1) and (.25, .5).
    loss, logs = model.autoencoder_loss(images)
    assert float(loss) == pytest.approx((1.0 + 0.3125) / 2)
    assert float(logs["loss"]) == float(loss)
    np.testing.assert_allclose(model.encode(images.numpy()), [[-0.5], [0.375]])
    # Codes leave [-1, 1]; pictures do not.
    np.testing.assert_allclose(model.decode([[5.0]])[0, 0, :, 0], [1.0, 1.0])


def test_evaluation_averages_over_images_whatever_the_batches_are():
    """A smaller last batch counts less, as its images would count more than others."""
    model = linear((1, 2, 1), 1)
    model.encoder.set_weights([np.array([[0.5], [0.5]])])
    model.decoder.set_weights([np.array([[1.0, 0.5]])])
    model.compile(run_eagerly=True)
    images = np.linspace(-1, 1, 10, dtype="float32").reshape(5, 1, 2, 1)
    expected = np.mean(np.sum((model.reconstruct(images) - images) ** 2, axis=(1, 2, 3)))
    for batches in (images, tf.data.Dataset.from_tensor_slices(images).batch(2)):
        size = None if batches is not images else 2
        assert model.evaluate(batches, batch_size=size, verbose=0) == pytest.approx(expected)


def test_a_linear_autoencoder_finds_the_principal_components():
    """Its error goes down to that of PCA; an encoder that is not trained stays far above it."""
    random = np.random.default_rng(0)
    factors = random.standard_normal((256, 3)) * [1.0, 0.5, 0.1]
    x = (factors @ random.standard_normal((3, 16)) / 20).astype("float32").reshape(-1, 4, 4, 1)
    flat = x.reshape(256, 16)
    _, _, axes = np.linalg.svd(flat, full_matrices=False)
    projected = flat @ axes[:2].T @ axes[:2]
    least = np.mean(np.sum((flat - projected) ** 2, axis=1))
    keras.utils.set_random_seed(0)
    model = linear((4, 4, 1), 2)
    model.compile(keras.optimizers.Adam(0.02), steps_per_execution=50)

    def error():
        return float(np.mean(np.sum((model.reconstruct(x) - x) ** 2, axis=(1, 2, 3))))

    assert error() > 2 * least
    batches = tf.data.Dataset.from_tensors(x).repeat(500)
    model.fit(batches, verbose=0)
    assert least <= error() * (1 + 1e-6)
    assert error() < 1.01 * least


@each_coder
def test_codes_and_reconstructions(name):
    model = shared(name)
    images = samples(model, 1, batch=5)
    codes = model.encode(images, batch_size=2)
    assert codes.shape == (5, LATENT)
    assert codes.dtype == np.float32
    # The same at every call, of distributions too, whatever the batch is.
    np.testing.assert_allclose(model.encode(images), codes, atol=1e-5)
    decoded = model.decode(codes)
    assert decoded.shape == (5, *SHAPE)
    assert np.abs(decoded).max() <= 1
    again = model.reconstruct(images)
    np.testing.assert_allclose(again, decoded, atol=1e-5)
    np.testing.assert_allclose(model(images), again, atol=1e-5)
    np.testing.assert_allclose(model.predict(images, verbose=0), again, atol=1e-5)
    floats = images.astype("float32") / 127.5 - 1
    np.testing.assert_allclose(model.encode(floats), codes, atol=1e-4)


@pytest.mark.parametrize("name", slow_except(("vae",), CODERS))
def test_interpolation(name):
    model = shared(name)
    a, b = samples(model, 2, batch=2).reshape(2, 2, *SHAPE)
    walks = model.interpolate(a, b, 5)
    assert walks.shape == (2, 5, *SHAPE)
    np.testing.assert_allclose(walks[:, 0], model.reconstruct(a), atol=1e-5)
    np.testing.assert_allclose(walks[:, -1], model.reconstruct(b), atol=1e-5)
    middle = model.decode((model.encode(a) + model.encode(b)) / 2)
    np.testing.assert_allclose(walks[:, 2], middle, atol=1e-5)
    np.testing.assert_allclose(model.interpolate(a[1], b[1], 5), walks[1], atol=1e-5)
    with pytest.raises(InputError, match="num: expected a whole number from 2 up, got 1"):
        model.interpolate(a, b, 1)
    with pytest.raises(InputError, match="b: expected as many images as a"):
        model.interpolate(a, b[:1])
    with pytest.raises(InputError, match=r"a: expected images .*, got shape \(\)"):
        model.interpolate(1, 2)


@each_coder
def test_samples_are_those_of_a_prior(name):
    model = shared(name)
    if not model.has_prior:
        with pytest.raises(InputError, match=f"got {type(model).__name__}, whose codes can lie"):
            model.generate(2)
        assert list(model.endpoints()) == ["reconstruct", "encode", "decode"]
        return
    latents = model.sample_latents(4, seed=3)
    expected = noise.normal(noise.key("sample", 3), [4, LATENT])
    np.testing.assert_array_equal(latents, expected)
    images = model.generate(4, seed=3)
    np.testing.assert_allclose(images, model.decode(latents), atol=1e-6)
    np.testing.assert_allclose(model.generate(2, seed=3), images[:2], atol=1e-5)
    by_seed = model.generate(seeds=[7, 8, 7])
    np.testing.assert_allclose(by_seed[0], by_seed[2], atol=1e-6)
    seeds = {"seed": tf.constant([7, 8], tf.int64)}
    served = model.endpoints()["generate_from_seed"].function(**seeds)["images"]
    np.testing.assert_allclose(served, by_seed[:2], atol=1e-5)
    assert np.abs(model.sample_latents(100, 0, truncation=0.5)).max() <= 0.5
    with pytest.raises(InputError, match="either num or latents or seeds"):
        model.generate(2, seeds=[1, 2])


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        (np.zeros((2, LATENT + 1)), rf"codes: expected numbers, shape \(num, {LATENT}\), got \(2,"),
        (np.zeros(LATENT), "codes: expected numbers, shape"),
        (np.full((2, LATENT), np.nan), "codes: expected finite numbers"),
        (np.array([["a"] * LATENT]), "codes: expected numbers, .* got type <U1"),
        (np.zeros((0, LATENT)), "decode: expected one or more, got none"),
    ],
    ids=str,
)
def test_what_decode_is_given(codes, sentence):
    with pytest.raises(InputError, match=sentence):
        shared("autoencoder").decode(codes)


def test_what_encode_is_given():
    model = shared("autoencoder")
    images = samples(model)
    for call in (model.encode, model.reconstruct, model, model.predict):
        with pytest.raises(InputError, match=r"floats in \[-1, 1\], got floats up to"):
            call(images.astype("float32"))
    for call in (model.encode, model.reconstruct, model):
        with pytest.raises(InputError, match=r"images: expected shape \(batch, 16, 16, 3\)"):
            call(images[:, :8])


# ---------------------------------------------------------------------- sizes


@pytest.mark.parametrize("side", [(16, 16), (17, 30), (23, 23), (28, 28), (100, 90), (5, 3)])
def test_the_size_around(side):
    size = doubled_around(*side)
    assert doublings(*size) is not None
    assert all(large >= small for large, small in zip(size, side, strict=True))
    if doublings(*side) is not None:
        assert size == side


@pytest.mark.parametrize("name", [slow("autoencoder"), "vae"])
def test_images_of_any_side_are_padded_and_cropped(name):
    shape = (13, 19, 3)
    assert padded_shape(shape) == (16, 20, 3)
    encoder = networks.conv_encoder(
        padded_shape(shape), 4 * MODELS[name].numbers_per_code, filters=2
    )
    decoder = networks.conv_decoder(padded_shape(shape), 4, filters=2)
    model = MODELS[name](shape, 4, encoder, decoder)
    images = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")
    assert model.reconstruct(images).shape == (2, *shape)
    mirrored = np.pad(images, ((0, 0), (0, 3), (0, 1), (0, 0)), "symmetric")
    np.testing.assert_allclose(model.encode(images), encoder(mirrored)[:, :4], atol=1e-5)
    whole = decoder(model.encode(images))
    assert whole.shape == (2, 16, 20, 3)
    np.testing.assert_allclose(
        model.reconstruct(images), np.clip(whole[:, :13, :19], -1, 1), atol=1e-5
    )
    model.compile(run_eagerly=True)
    model.fit(images, batch_size=2, verbose=0)


def test_networks_of_any_size_by_default():
    model = Autoencoder((9, 20, 1), 3)
    assert model.encoder.input_shape == (None, 16, 20, 1)
    assert model.reconstruct(np.zeros((1, 9, 20, 1), "uint8")).shape == (1, 9, 20, 1)


# ---------------------------------------------------------------------- networks


def test_networks_that_do_not_fit():
    encoder, decoder = tiny("autoencoder").encoder, tiny("autoencoder").decoder
    for arguments, sentence in (
        (((32, 32, 3), LATENT, encoder, decoder), r"encoder: .*input has shape \(batch, 32, 32, 3"),
        ((SHAPE, LATENT + 1, encoder, decoder), r"encoder: .*output has shape \(batch, 9\)"),
        ((SHAPE, LATENT, encoder, encoder), r"decoder: .*input has shape \(batch, 8\)"),
        ((SHAPE, LATENT, decoder, decoder), r"encoder: .*input has shape \(batch, 16, 16, 3\)"),
    ):
        with pytest.raises(InputError, match=f"^{sentence}"):
            Autoencoder(*arguments)
    model = Autoencoder(SHAPE, None, encoder, decoder)
    assert model.latent_dim == LATENT
    assert Autoencoder(SHAPE, None, None, decoder).latent_dim == LATENT


def test_a_decoder_that_cannot_reach_images():
    encoder = tiny("autoencoder", dense=True).encoder
    decoder = networks.mlp_decoder(SHAPE, LATENT, units=(), output_activation="sigmoid")
    with pytest.warns(UserWarning, match=r"decoder: .*anywhere in \[-1, 1\]"):
        Autoencoder(SHAPE, LATENT, encoder, decoder)


# ---------------------------------------------------------------------- use


def test_the_average_encodes_and_decodes():
    model = compiled("autoencoder", dense=True, ema_half_life=10.0, ema_ramp_up=1.0)
    images = samples(model)
    model.fit(images, batch_size=4, shuffle=False, verbose=0)
    assert len(model.averages) == 2
    codes = model.encode(images)
    floats = images.astype("float32") / 127.5 - 1
    np.testing.assert_allclose(codes, model.averages[0](floats), atol=1e-5)
    np.testing.assert_allclose(model.decode(codes), model.averages[1](codes), atol=1e-5)
    with model.raw_weights():
        raw = model.encode(images)
    np.testing.assert_allclose(raw, model.encoder(floats), atol=1e-5)
    assert np.abs(raw - codes).max() > 1e-4


@pytest.mark.parametrize("name", slow_except(("autoencoder",), CODERS))
def test_endpoints_in_every_form(name):
    """Without saving them, which `tests/serving` does."""
    model = shared(name)
    served = {key: signature.function for key, signature in model.signatures().items()}
    forms = {f"{e}{f}" for e in model.endpoints() for f in ("", "_uint8", "_png")}
    assert set(served) == forms
    images = samples(model)
    files = tf.stack([tf.io.encode_png(image) for image in images])
    expected = model.encode(images)
    given = tf.constant(images)
    np.testing.assert_allclose(served["encode_uint8"](given)["codes"], expected, atol=1e-5)
    given = files
    np.testing.assert_allclose(served["encode_png"](given)["codes"], expected, atol=1e-5)
    made = served["reconstruct_png"](given)["images_bytes"]
    pixels = np.stack([tf.io.decode_png(file).numpy() for file in made])
    wanted = (model.reconstruct(images) + 1) * 127.5
    assert np.abs(pixels - wanted).max() < 1
    made = served["decode_uint8"](tf.constant(expected))["images_uint8"]
    assert np.abs(np.asarray(made, "float32") - wanted).max() < 1


#: The weights of the terms of a loss, by the attribute of the model that has them.
TERMS = {
    "autoencoder": {},
    "denoising_autoencoder": {"error": 1.0},
    "sparse_autoencoder": {"reconstruction": 1.0, "sparsity": "sparsity_weight"},
    "embedding_autoencoder": {"reconstruction": 1.0, "embedding": "embedding_weight"},
    "vae": {"reconstruction": 1.0, "kl": "beta"},
}


@pytest.mark.parametrize("name", slow_except(("sparse_autoencoder",), AUTOENCODERS))
def test_the_terms_of_validation_add_up(name, tmp_path):
    """And what is saved goes on as it was."""
    weight = {w: 2.5 for w in TERMS[name].values() if isinstance(w, str)}
    model = tiny(name, dense=True, **weight)
    model.compile(run_eagerly=True)
    images = samples(model, 2)
    found = model.evaluate(images, batch_size=8, return_dict=True, verbose=0)
    assert set(found) == set(model.log_names)
    if TERMS[name]:
        terms = sum(found[t] * (2.5 if isinstance(w, str) else w) for t, w in TERMS[name].items())
        assert terms == pytest.approx(found["loss"], rel=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.encode(images), model.encode(images))

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny import LATENT, SHAPE, compiled, samples, shared, tiny
from tfgan_zoo import losses, networks, noise
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import VAE
from tfgan_zoo.models.vae import log_ratio


def one_pixel(mean=0.5, log_variance=0.0, slope=1.0, **kwargs):
    """A VAE of one pixel and a code of one number, whose posterior does not see the image."""
    encoder = keras.Sequential(
        [keras.Input((1, 1, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    decoder = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1), keras.layers.Reshape((1, 1, 1))]
    )
    model = VAE((1, 1, 1), 1, encoder, decoder, **kwargs)
    encoder.set_weights([np.zeros((1, 2)), np.array([mean, log_variance])])
    decoder.set_weights([np.array([[slope]]), np.zeros(1)])
    return model


def drawn_for(model, num):
    """Returns the codes of a train step, by the same noise."""
    e = noise.normal(model.key("codes"), [num, model.draws, 1]).numpy()[..., 0]
    return e


def test_a_gaussian_loss_by_hand():
    mean, log_variance, sigma, beta = 0.5, math.log(0.25), 0.1, 2.0
    model = one_pixel(mean, log_variance, sigma=sigma, beta=beta)
    x = np.array([0.2, -0.6, 1.0], "float32")
    loss, logs = model.autoencoder_loss(tf.reshape(x, [3, 1, 1, 1]))
    z = mean + 0.5 * drawn_for(model, 3)[:, 0]
    error = 0.5 * ((x - z) / sigma) ** 2 + 0.5 * math.log(2 * math.pi * sigma**2)
    kl = 0.5 * (mean**2 + 0.25 - 1 - log_variance)
    assert float(logs["reconstruction"]) == pytest.approx(error.mean(), rel=1e-5)
    assert float(logs["kl"]) == pytest.approx(kl, rel=1e-5)
    assert float(loss) == pytest.approx(error.mean() + beta * kl, rel=1e-5)


def test_a_bernoulli_loss_by_hand():
    model = one_pixel(0.0, 0.0, slope=3.0, likelihood="bernoulli")
    loss, logs = model.autoencoder_loss(tf.reshape(tf.constant([1.0, -1.0, 0.0]), [3, 1, 1, 1]))
    p = 1 / (1 + np.exp(-3 * drawn_for(model, 3)[:, 0]))
    x = np.array([1.0, 0.0, 0.5])
    entropy = -(x * np.log(p) + (1 - x) * np.log(1 - p))
    assert float(logs["reconstruction"]) == pytest.approx(entropy.mean(), rel=1e-4)
    assert float(logs["kl"]) == 0
    assert float(loss) == pytest.approx(entropy.mean(), rel=1e-4)
    # A reconstruction shows the mean of the distribution.
    np.testing.assert_allclose(model.decode([[0.4]]).ravel(), 2 / (1 + np.exp(-1.2)) - 1, atol=1e-6)


def test_an_importance_weighted_loss_by_hand():
    mean, log_variance, k = 0.3, math.log(0.49), 3
    model = one_pixel(mean, log_variance, sigma=0.5, draws=k)
    x = np.array([0.2, -0.6], "float32")
    loss, logs = model.autoencoder_loss(tf.reshape(x, [2, 1, 1, 1]))
    z = mean + 0.7 * drawn_for(model, 2)  # [images, draws]

    def log_normal(value, center, spread):
        return -0.5 * ((value - center) / spread) ** 2 - math.log(spread * math.sqrt(2 * math.pi))

    weights = log_normal(x[:, None], z, 0.5) + log_normal(z, 0, 1) - log_normal(z, mean, 0.7)
    expected = -np.log(np.exp(weights).mean(axis=1)).mean()
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    terms = logs["reconstruction"] + logs["kl"] - logs["gain"]
    assert float(terms) == pytest.approx(float(loss), rel=1e-5)


def exact_log_likelihood(x, slope, sigma):
    """log p(x) of x = slope z + sigma e, which is N(0, slope^2 + sigma^2)."""
    variance = slope**2 + sigma**2
    return -0.5 * (x**2 / variance + math.log(2 * math.pi * variance))


def test_bounds_rise_towards_the_likelihood():
    """A linear Gaussian model has a known likelihood, and this posterior is far from the true."""
    slope, sigma = 0.8, 0.3
    model = one_pixel(0.3, math.log(0.3), slope, sigma=sigma)
    x = np.repeat(np.array([-0.1, 0.7], "float32"), 2000)
    images = x.reshape(-1, 1, 1, 1)
    found = {k: model.bound(images, k, batch_size=2000) for k in (1, 5, 50)}
    elbo = model.bound(images, batch_size=2000)
    exact = exact_log_likelihood(x, slope, sigma)
    assert found[1].shape == (4000,)
    spread = found[1].std() / math.sqrt(len(x))
    # The bound of one draw is the variational bound, in expectation.
    assert found[1].mean() == pytest.approx(elbo.mean(), abs=5 * spread)
    # It lies below the likelihood by KL(q || p(z | x)), by hand.
    variance = 1 / (1 + slope**2 / sigma**2)
    center = variance * slope * x / sigma**2
    gap = 0.5 * (0.3 / variance + (center - 0.3) ** 2 / variance - 1 + np.log(variance / 0.3))
    assert elbo.mean() == pytest.approx((exact - gap).mean(), abs=5 * spread)
    assert elbo.mean() < found[5].mean() < found[50].mean() < exact.mean() + 0.01
    assert exact.mean() - found[50].mean() < 0.1 * gap.mean()


def test_the_true_posterior_closes_the_gap():
    slope, sigma = 0.8, 0.3
    variance = 1 / (1 + slope**2 / sigma**2)
    x = -0.4
    model = one_pixel(variance * slope * x / sigma**2, math.log(variance), slope, sigma=sigma)
    image = np.full((1, 1, 1, 1), x, "float32")
    exact = exact_log_likelihood(x, slope, sigma)
    for draws in (1, 3):
        np.testing.assert_allclose(model.bound(image, draws), exact, atol=1e-4)


def test_draws_do_not_depend_on_how_many_are_decoded_at_a_time(monkeypatch):
    """Only their number does: chunks of draws are added up."""
    model = shared("vae")
    images = samples(model, batch=2)
    first = model.bound(images, 40)
    monkeypatch.setattr("tfgan_zoo.models.vae._DECODED", 20)
    second = model.bound(images, 40)
    assert np.abs(first - second).max() > 0  # other draws
    np.testing.assert_allclose(first, second, rtol=0.05)
    np.testing.assert_array_equal(second, model.bound(images, 40))
    assert np.abs(second - model.bound(images, 40, seed=1)).max() > 0


def test_monte_carlo_agrees_with_the_closed_form():
    mean, log_variance = tf.constant([[0.5, -1.0]]), tf.constant([[-1.0, 0.3]])
    e = noise.normal(noise.key(1), [20_000, 1, 2])
    codes = mean + tf.exp(0.5 * log_variance) * e
    estimates = -log_ratio(codes, mean, log_variance).numpy()[:, 0]
    closed = float(losses.gaussian_kl(mean, log_variance)[0])
    assert estimates.mean() == pytest.approx(
        closed, abs=5 * float(estimates.std()) / math.sqrt(20_000)
    )


def test_codes_have_the_mean_and_variance_that_the_encoder_says():
    model = one_pixel(0.7, math.log(0.04))
    images = tf.fill([4000, 1, 1, 1], -0.5)
    codes = model.drawn(*model.posterior(images), noise.key(0), 1).numpy()
    assert codes.mean() == pytest.approx(0.7, abs=0.02)
    assert codes.var() == pytest.approx(0.04, rel=0.1)
    # Encoding is not random.
    np.testing.assert_allclose(model.encode(images[:2].numpy()), 0.7, atol=1e-6)


def test_noise_is_fresh_in_each_step_and_fixed_in_evaluation():
    model = tiny("vae", dense=True, likelihood="bernoulli", binarize=True)
    model.compile(run_eagerly=True)
    images = tf.constant(samples(model).astype("float32") / 127.5 - 1)
    first = model.autoencoder_loss(images)[1]["reconstruction"]
    again = model.autoencoder_loss(images)[1]["reconstruction"]
    assert float(first) == float(again)
    pixels = model.binarized(images, model.key("pixels"))
    model.step.assign_add(1)
    assert float(model.autoencoder_loss(images)[1]["reconstruction"]) != float(first)
    assert np.any(model.binarized(images, model.key("pixels")) != pixels)
    results = [
        model.evaluate(samples(model), batch_size=4, return_dict=True, verbose=0) for _ in range(2)
    ]
    assert results[0] == results[1]


def test_dynamic_binarisation():
    model = tiny("vae", dense=True, likelihood="bernoulli", binarize=True)
    images = tf.fill([500, *SHAPE], 0.5)  # white with probability .75
    drawn = model.binarized(images, noise.key(0)).numpy()
    assert set(np.unique(drawn)) == {-1.0, 1.0}
    assert (drawn > 0).mean() == pytest.approx(0.75, abs=0.005)
    ends = tf.constant([[-1.0, 1.0]])
    np.testing.assert_array_equal(model.binarized(ends, noise.key(0)), ends)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"beta": -0.1}, "beta: expected .* got -0.1"),
        ({"sigma": 0.0}, "sigma: expected"),
        ({"draws": 0}, "draws: expected a whole number from 1 up"),
        ({"likelihood": "laplace"}, "likelihood: expected 'gaussian' or 'bernoulli', got 'lap"),
        ({"binarize": True}, "binarize: expected False for a Gaussian likelihood"),
        ({"binarize": "yes"}, "binarize: expected True or False"),
        ({"likelihood": "bernoulli", "sigma": 0.5}, "sigma: expected 1 for a Bernoulli"),
        ({"draws": 5, "beta": 0.5}, "beta: expected 1 with draws=5"),
    ],
    ids=str,
)
def test_arguments(arguments, sentence):
    with pytest.raises(InputError, match=f"^{sentence}"):
        VAE((4, 4, 1), 2, **arguments)


def test_networks_of_the_likelihood():
    encoder = networks.mlp_encoder(SHAPE, 2 * LATENT, units=())
    decoder = networks.mlp_decoder(SHAPE, LATENT, units=(), output_activation="sigmoid")
    with pytest.raises(InputError, match=r"^decoder: expected a network that returns logits"):
        VAE(SHAPE, LATENT, encoder, decoder, likelihood="bernoulli")
    with pytest.raises(InputError, match=r"^encoder: expected an output of shape \(batch, 16\)"):
        VAE(SHAPE, LATENT, networks.mlp_encoder(SHAPE, LATENT, units=()), decoder)
    model = VAE()
    assert model.encoder.output_shape == (None, 100)
    assert model.decoder.output_shape == (None, 28, 28, 1)


def test_targets_of_a_bernoulli_likelihood_are_probabilities():
    model = compiled("vae", dense=True, likelihood="bernoulli")
    images = np.full((4, *SHAPE), 1.2, "float32")
    images[0] = -1
    with pytest.raises(InputError, match=r"values in \[-1, 1\], .* got -1 to 1.2; clip them"):
        model.fit(images, batch_size=4, verbose=0)
    with pytest.raises(InputError, match=r"^images: expected values in \[-1, 1\], .* clip them"):
        model.bound(images)
    gaussian = tiny("vae", dense=True)
    gaussian.compile(run_eagerly=True)
    gaussian.train_on_batch(images)


@pytest.mark.slow
def test_beta_closes_the_code():
    """A large beta drives the KL to 0; without one the code is free."""
    kls = []
    for beta in (0.0, 1000.0):
        keras.utils.set_random_seed(0)
        model = tiny("vae", dense=True, beta=beta, sigma=0.3)
        model.compile(keras.optimizers.Adam(0.02))
        images = samples(model, batch=32)
        model.fit(tf.data.Dataset.from_tensors(images).repeat(30), verbose=0)
        mean, log_variance = model.posterior(tf.constant(images, tf.float32) / 127.5 - 1)
        kls.append(float(tf.reduce_mean(losses.gaussian_kl(mean, log_variance))))
    assert kls[0] > 10 * kls[1]


@pytest.mark.parametrize(
    "ending",
    [
        [keras.layers.Dense(12), keras.layers.Reshape((2, 2, 3)), keras.layers.Rescaling(2.0)],
        [keras.layers.Dense(12), keras.layers.Reshape((3, 2, 2)), keras.layers.Permute((2, 3, 1))],
        [keras.layers.Dense(12), keras.layers.Reshape((2, 2, 3)), keras.layers.Lambda(tf.tanh)],
        [keras.layers.Dense(12, activation="tanh"), keras.layers.Reshape((2, 2, 3))],
    ],
    ids=["scaled", "moved", "bent", "logits of tanh"],
)
def test_a_decoder_that_ends_in_another_way_is_left_alone(ending):
    """It would start elsewhere than at the mean."""
    likelihood = "bernoulli" if len(ending) == 2 else "gaussian"
    encoder = networks.mlp_encoder((2, 2, 3), 2, units=())
    decoder = keras.Sequential([keras.Input((1,)), *ending])
    model = VAE((2, 2, 3), 1, encoder, decoder, likelihood=likelihood)
    model.start_at_mean(np.linspace(-1, 0.9, 24, dtype="float32").reshape(2, 2, 2, 3))
    assert not decoder.layers[0].bias.numpy().any()


@pytest.mark.parametrize("ending", ["linear", "tanh"])
def test_the_decoder_starts_at_the_mean(ending):
    """It is that of each value or, after a convolution, of each channel."""
    images = np.random.default_rng(0).uniform(-0.9, 0.6, (50, *SHAPE)).astype("float32")
    encoder = networks.mlp_encoder(SHAPE, 2 * LATENT, units=())
    dense = networks.mlp_decoder(SHAPE, LATENT, units=(), output_activation=ending)
    model = VAE(SHAPE, LATENT, encoder, dense)
    model.start_at_mean(images)
    zeros = np.zeros((1, LATENT))
    np.testing.assert_allclose(model.decode(zeros)[0], images.mean(axis=0), atol=1e-5)
    conv = networks.conv_decoder(SHAPE, LATENT, filters=2, output_activation=ending)
    model = VAE(SHAPE, LATENT, encoder, conv)
    model.start_at_mean(images)
    bias = conv.get_layer("output").bias.numpy()
    per_channel = images.mean(axis=(0, 1, 2))
    expected = per_channel if ending == "linear" else np.arctanh(images.mean(axis=0)).mean((0, 1))
    np.testing.assert_allclose(bias, expected, atol=1e-5)


def test_padded_images_and_other_endings():
    encoder = networks.mlp_encoder((16, 16, 1), 2 * LATENT, units=())
    decoder = networks.mlp_decoder((16, 16, 1), LATENT, units=(), output_activation="linear")
    model = VAE((13, 15, 1), LATENT, encoder, decoder, likelihood="bernoulli")
    images = np.random.default_rng(0).integers(0, 256, (20, 13, 15, 1), np.uint8)
    model.start_at_mean(images)
    blank = model.decode(np.zeros((1, LATENT)))[0]
    np.testing.assert_allclose(blank, (images / 127.5 - 1).mean(axis=0), atol=1e-5)
    x = keras.Input((LATENT,))
    y = keras.layers.Reshape(SHAPE)(keras.layers.Dense(768, activation="softsign")(x))
    other = VAE(SHAPE, LATENT, networks.mlp_encoder(SHAPE, 2 * LATENT), keras.Model(x, y))
    other.start_at_mean(np.full((2, *SHAPE), 100, np.uint8))  # is left alone
    assert not np.any(other.decoder.get_weights()[1])
    with pytest.raises(InputError, match=r"^images: expected one or more, got none\.$"):
        model.start_at_mean(images[:0])  # whose mean is NaN

"""VAE/GAN: who gets which gradient, and who rests."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny import LATENT, SHAPE, tiny
from tfgan_zoo import losses, networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import VAEGAN
from tfgan_zoo.models.vae_gan import feature_error


def images(num=4):
    return tf.constant(np.random.default_rng(0).uniform(-1, 1, (num, *SHAPE)), tf.float32)


def everything(model, x):
    """Returns statistics, codes, fakes, and what the discriminator makes of them."""
    statistics = model.encoded(x, False)
    codes = tf.concat([model.sampled(statistics), model.prior(x)], axis=0)
    fakes = model.decoded(codes, False)
    return (
        statistics,
        codes,
        fakes,
        *model.features_and_logits(x, *tf.split(fakes, 2), training=False),
    )


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return tiny("vae_gan", dense=True, gamma=0.25)


def test_losses_by_hand(model):
    x = images()
    statistics, _, fakes, features, logits = everything(model, x)
    real, reconstructed, sampled = (1 / (1 + np.exp(-logit.numpy())) for logit in logits)
    loss, logs = model.discriminator_loss(x, fakes, False)
    by_hand = -np.mean(np.log(real)) - 0.5 * (
        np.mean(np.log(1 - reconstructed)) + np.mean(np.log(1 - sampled))
    )
    assert float(loss) == pytest.approx(by_hand, rel=1e-5)
    assert float(logs["d_real"]) == pytest.approx(float(np.mean(logits[0])), rel=1e-5)

    squares = np.square(features[0].numpy() - features[1].numpy()).reshape(4, -1).sum(axis=1)
    error = 0.5 * squares.mean()
    adversarial = np.mean(np.log(1 - reconstructed)) + np.mean(np.log(1 - sampled))
    loss, logs = model.decoder_loss(x, fakes, tf.zeros([]), False)
    assert float(loss) == pytest.approx(0.25 * error + 0.75 * adversarial, rel=1e-5)

    mean, log_variance = np.split(statistics.numpy(), 2, axis=1)
    kl = 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1).mean()
    loss, logs = model.encoder_loss(x, statistics, False)
    assert float(logs["kl"]) == pytest.approx(kl, rel=1e-4)
    assert float(logs["reconstruction"]) == pytest.approx(error, rel=1e-4)
    assert float(loss) == pytest.approx(kl + error, rel=1e-4)


def test_recipe_of_celeba():
    """Reconstructions are not judged: samples count in full."""
    model = tiny("vae_gan", dense=True, judge_reconstructions=False, gamma=0.0)
    x = images()
    *_, fakes, _, (real, _, sampled) = everything(model, x)
    loss, _ = model.discriminator_loss(x, fakes, False)
    expected = losses.cross_entropy_discriminator(real, sampled)
    assert float(loss) == pytest.approx(float(expected), rel=1e-6)
    loss, _ = model.decoder_loss(x, fakes, tf.zeros([]), False)
    assert float(loss) == pytest.approx(float(losses.minimax_generator(sampled)), rel=1e-6)


def test_the_other_game():
    """-E log D instead of E log(1 - D), a weighted KL, and a penalty that logs leave out."""
    model = tiny(
        "vae_gan", dense=True, gamma=0.25, beta=3.0, objective="non_saturating", r1_gamma=0.5
    )
    x = images()
    statistics, _, fakes, features, logits = everything(model, x)
    _, reconstructed, sampled = (1 / (1 + np.exp(-logit.numpy())) for logit in logits)
    error = float(feature_error(features))
    loss, _ = model.decoder_loss(x, fakes, tf.zeros([]), False)
    adversarial = -np.mean(np.log(reconstructed)) - np.mean(np.log(sampled))
    assert float(loss) == pytest.approx(0.25 * error + 0.75 * adversarial, rel=1e-5)
    loss, logs = model.encoder_loss(x, statistics, False)
    assert float(loss) == pytest.approx(3 * float(logs["kl"]) + error, rel=1e-5)

    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(model.discriminator(model.padded(x, model.discriminator)))
    squares = tf.reduce_sum(tf.square(tape.gradient(total, x)), axis=[1, 2, 3])
    loss, logs = model.discriminator_loss(x, fakes, training=True)
    penalty = float(loss) - float(logs["d_loss"])
    assert penalty == pytest.approx(0.5 * 0.5 * float(tf.reduce_mean(squares)), rel=1e-3)
    loss, logs = model.discriminator_loss(x, fakes, training=False)
    assert float(loss) == float(logs["d_loss"])


def test_codes_are_drawn_around_their_means(model):
    statistics = tf.concat([tf.fill([3000, LATENT], 2.0), tf.fill([3000, LATENT], -1.0)], axis=1)
    codes = model.sampled(statistics).numpy()
    assert codes.mean() == pytest.approx(2, abs=0.02)
    assert codes.std() == pytest.approx(np.exp(-0.5), abs=0.02)  # of a log-variance of -1
    prior = model.prior(tf.zeros([3000, 1])).numpy()
    assert (prior.mean(), prior.std()) == pytest.approx((0, 1), abs=0.02)
    assert abs(np.corrcoef(codes.ravel(), prior.ravel())[0, 1]) < 0.03


# ---------------------------------------------------------------------- gradient routing


def gradients_of_a_step(model, x):
    """Returns the gradients that a train step applies, by role."""
    found = {}

    def watched(role, gradients, logs):
        found[role] = [tf.convert_to_tensor(g).numpy() for g in gradients]
        return logs

    apply, model.apply = model.apply, watched
    try:
        model.train_step(x)
    finally:
        model.apply = apply
    model.step.assign(0)
    return found


def expected_gradients(model, x):
    """Differentiates each role's terms alone, written out, at the same codes."""
    with tf.GradientTape(persistent=True) as tape:
        # As the model's tapes do, through all networks at once.
        statistics, _, _, features, logits = everything(model, x)
        mean, log_variance = tf.split(statistics, 2, axis=1)
        kl = tf.reduce_mean(losses.gaussian_kl(mean, log_variance))
        error = feature_error(features)
        real, reconstructed, sampled = (tf.sigmoid(logit) for logit in logits)
        adversarial = sum(tf.reduce_mean(tf.math.log(1 - d)) for d in (reconstructed, sampled))
        d_loss = -tf.reduce_mean(tf.math.log(real)) - 0.5 * adversarial
        terms = {
            "encoder": kl + error,
            "decoder": model.gamma * error + (1 - model.gamma) * adversarial,
            "discriminator": d_loss,
        }
    return {
        role: [g.numpy() for g in tape.gradient(terms[role], variables(model, role))]
        for role in terms
    }


def variables(model, role):
    return [v.value for v in model.role_variables(role)]


def test_every_network_gets_the_gradient_of_its_own_terms(model):
    """The encoder none of the adversarial terms, the discriminator none of the feature error."""
    model.compile("sgd", "sgd", "sgd", run_eagerly=True)
    found, expected = gradients_of_a_step(model, images()), expected_gradients(model, images())
    for role in ("encoder", "decoder", "discriminator"):
        for a, b in zip(found[role], expected[role], strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-6, err_msg=role)


def test_the_control_of_that_test_fails(model):
    """With another gamma, the decoder's gradient differs, and that of the others does not."""
    model.compile("sgd", "sgd", "sgd", run_eagerly=True)
    found = gradients_of_a_step(model, images())
    model.gamma = 0.5
    expected = expected_gradients(model, images())
    model.gamma = 0.25
    apart = {
        role: max(float(np.max(np.abs(a - b))) for a, b in zip(found[role], g, strict=True))
        for role, g in expected.items()
    }
    assert apart["encoder"] < 1e-5
    assert apart["discriminator"] < 1e-5
    assert apart["decoder"] > 1e-2


# ---------------------------------------------------------------------- balance


@pytest.mark.parametrize(
    ("real", "fake", "resting"),
    [
        (0.69, 0.69, set()),
        (0.2, 0.69, {"discriminator"}),  # it knows the images
        (0.69, 0.2, {"discriminator"}),
        (0.69, 1.5, {"decoder"}),  # it is fooled
        (1.5, 0.69, {"decoder"}),
        (0.2, 1.5, set()),  # both would rest
    ],
)
def test_who_rests(real, fake, resting):
    """Within .68 -+ .35 both play; -log D(x) = real needs a logit of -log(e^real - 1)."""
    model = tiny("vae_gan", dense=True, margin=0.35)
    logs = model._who_rests(tf.constant(real), tf.constant(fake))
    assert {
        role
        for role, name in (("discriminator", "d_idle"), ("decoder", "g_idle"))
        if float(logs[name])
    } == resting


def test_a_resting_network_stays():
    """D is sure that all is fake: images cost 3.05, and fakes .05."""
    keras.utils.set_random_seed(0)
    model = tiny("vae_gan", dense=True, margin=0.35)
    model.compile(run_eagerly=True)
    start = model.get_weights()
    for equilibrium, margin, resting in (
        (0.68, 0.35, set()),
        (0.1, 0.09, {"decoder"}),
        (3.0, 2.9, {"discriminator"}),
    ):
        model.set_weights(start)
        model.equilibrium, model.margin = equilibrium, margin
        logits = model.discriminator.get_layer("logits")
        logits.kernel.assign(tf.zeros_like(logits.kernel))
        logits.bias.assign([-3.0])
        roles = {role: networks_of[0] for role, networks_of in model.roles().items()}
        before = {role: network.get_weights() for role, network in roles.items()}
        model.train_step(images())
        stayed = {
            role
            for role, network in roles.items()
            if all(map(np.array_equal, before[role], network.get_weights()))
        }
        assert stayed == resting


def test_a_margin_and_an_accuracy_exclude_each_other():
    with pytest.raises(InputError, match=r"^skip_discriminator_above: expected None beside a"):
        tiny("vae_gan", margin=0.35, skip_discriminator_above=0.8)
    model = tiny("vae_gan", dense=True, margin=None, skip_discriminator_above=0.8)
    assert {"d_accuracy", "d_idle"} < set(model.log_names)
    assert "g_idle" not in model.log_names


# ---------------------------------------------------------------------- shapes and arguments


def test_images_of_any_size():
    shape, padded, small = (20, 27, 1), (24, 32, 1), {"filters": (2, 2, 2), "kernel_size": 3}
    assert VAEGAN.network_arguments(image_shape=shape, latent_dim=5) == {
        "encoder": ("encoder", (padded, 10)),
        "decoder": ("decoder", (padded, 5)),
        "discriminator": ("discriminator", (padded,)),
    }
    model = VAEGAN(
        shape,
        5,
        networks.vae_gan_encoder(padded, 10, dense_units=4, **small),
        networks.vae_gan_decoder(padded, 5, project=2, **small),
        networks.vae_gan_discriminator(padded, first_filters=2, dense_units=4, **small),
    )
    x = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")
    assert model.reconstruct(x).shape == model.generate(2).shape == x.shape
    logs = model.losses_of(x)
    assert set(logs) == set(model.log_names)
    assert all(np.isfinite(float(value)) for value in logs.values())


@pytest.mark.slow
def test_the_authors_networks_are_the_default():
    model = VAEGAN((20, 27, 1), 5)
    assert model.encoder.input_shape == model.discriminator.input_shape == (None, 24, 32, 1)
    assert model.encoder.count_params() > 1e6
    assert model.generate(2).shape == (2, 20, 27, 1)


def test_an_average_of_both_networks_is_used():
    model = tiny("vae_gan", dense=True, ema_half_life=10.0)
    assert [network.name for network in model.shown_networks()] == ["encoder", "decoder"]
    x = images()
    before = model.reconstruct(x.numpy())
    for average in model.averages:
        average.set_weights([0 * w for w in average.get_weights()])
    assert np.any(model.reconstruct(x.numpy()) != before)
    with model.raw_weights():
        np.testing.assert_allclose(model.reconstruct(x.numpy()), before, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"gamma": 1.5}, "^gamma: expected a number from 0 to 1, got 1.5"),
        ({"gamma": -0.1}, "^gamma: expected a number from 0 up, got -0.1"),
        ({"beta": -1.0}, "^beta: expected a number from 0 up, got -1.0"),
        ({"objective": "wgan"}, "^objective: expected 'non_saturating' or 'minimax', got 'wgan'"),
        ({"r1_gamma": -1.0}, "^r1_gamma: expected .* got -1.0"),
        ({"r1_every": 0}, "^r1_every: expected a whole number from 1 up, got 0"),
        ({"margin": -1.0}, "^margin: expected a number from 0 up, got -1.0"),
        ({"equilibrium": 0}, "^equilibrium: expected a number above 0, got 0"),
        ({"judge_reconstructions": "no"}, "^judge_reconstructions: expected True or False"),
        ({"feature_layer": "conv_9"}, "^feature_layer: expected a layer .* features, .* 'conv_9'"),
        (
            {"encoder": networks.mlp_encoder(SHAPE, 7, units=())},
            r"^encoder: expected a network whose output has shape \(batch, 16\), got \(batch, 7\)",
        ),
        (
            {"encoder": networks.mlp_encoder(SHAPE, 8, units=())},
            r"^encoder: expected .* \(batch, 16\), 8 means and 8 log-variances, got \(batch, 8\)",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_arguments(arguments, sentence):
    given = tiny("vae_gan", dense=True).get_config() | arguments
    with pytest.raises(InputError, match=sentence):
        VAEGAN.from_config(given)


def test_batches_of_one_leave_nothing_of_an_image_in_its_code():
    model = tiny("vae_gan")
    one, two = images(2)[:1], images(2)[1:]
    codes = [model.encoded(image, True)[:, :LATENT] for image in (one, two)]
    np.testing.assert_allclose(*codes, atol=1e-5)
    model.compile()
    data = tf.data.Dataset.from_tensor_slices(images(1)).batch(1)
    with pytest.warns(UserWarning, match="^encoder: expected batches of 2 or more, got .* of 1, "):
        model._inspected(iter(data), "training", "Training batches")
    assert not model.training_warnings(2)
    assert not tiny("vae_gan", dense=True).training_warnings(1)

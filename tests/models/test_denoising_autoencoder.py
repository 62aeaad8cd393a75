import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.models.test_autoencoder import linear
from tests.models.tiny import SHAPE, compiled, samples, tiny
from tfgan_zoo import networks, noise
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.corruption import corrupt
from tfgan_zoo.models import DenoisingAutoencoder


def one_value(**kwargs):
    """A denoising autoencoder of two pixels that returns its input, if it is not corrupted."""
    plain = linear((1, 2, 1), 2)
    plain.encoder.set_weights([np.eye(2)])
    plain.decoder.set_weights([np.eye(2)])
    return DenoisingAutoencoder((1, 2, 1), 2, plain.encoder, plain.decoder, **kwargs)


def test_a_masking_loss_by_hand():
    """Masked values are -1, at a squared distance of (x + 1)^2; the others are copied."""
    model = one_value(corruption="masking", corruption_level=0.5, emphasis=(2.0, 0.5))
    x = np.linspace(-0.5, 0.9, 40).reshape(20, 1, 2, 1).astype("float32")
    noisy, changed = model.noisy(tf.constant(x), model.key("corruption"))
    assert 0 < changed.numpy().mean() < 1
    np.testing.assert_array_equal(noisy.numpy(), np.where(changed, -1.0, x).astype("float32"))
    loss, logs = model.autoencoder_loss(tf.constant(x))
    masked = np.where(changed, (x + 1) ** 2, 0).sum(axis=(1, 2, 3)).mean()
    assert float(loss) == pytest.approx(2 * masked, rel=1e-5)
    assert float(logs["error"]) == pytest.approx(masked, rel=1e-5)


def test_emphasis_weighs_both_kinds_of_values():
    """The decoder returns 0, so that every value has an error."""
    x = tf.constant(np.linspace(0.1, 0.9, 40).reshape(20, 1, 2, 1), tf.float32)
    found = []
    for emphasis in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0)):
        model = one_value(
            corruption="salt_and_pepper", corruption_level=0.5, emphasis=emphasis, seed=3
        )
        model.decoder.set_weights([np.zeros((2, 2))])
        found.append(float(model.autoencoder_loss(x)[0]))
    whole, corrupted, others = found
    assert whole == pytest.approx(float(tf.reduce_sum(x**2)) / 20, rel=1e-5)
    assert whole == pytest.approx(corrupted + others, rel=1e-5)
    assert min(corrupted, others) > 0


def test_cross_entropy_by_hand():
    model = one_value(corruption_level=0.0, reconstruction="cross_entropy")
    x = tf.constant([[[[-0.5], [1.0]]]])
    loss, _ = model.autoencoder_loss(x)
    targets, logits = np.array([0.25, 1.0]), np.array([-0.5, 1.0])
    p = 1 / (1 + np.exp(-logits))
    expected = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).sum()
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(model.decode([[-0.5, 1.0]]).ravel(), 2 * p - 1, atol=1e-6)


def test_logits_start_at_the_mean_too():
    encoder = networks.mlp_encoder((1, 2, 1), 3, units=())
    decoder = networks.mlp_decoder((1, 2, 1), 3, units=(), output_activation="linear")
    arguments = {"reconstruction": "cross_entropy"}
    model = DenoisingAutoencoder((1, 2, 1), 3, encoder, decoder, **arguments)
    mean = np.array([-0.8, 0.5], np.float32).reshape(1, 1, 2, 1)
    model.start_at_mean(np.concatenate([mean - 0.1, mean + 0.1]))
    np.testing.assert_allclose(model.decode(np.zeros((1, 3))), mean, atol=1e-6)


def test_noise_is_fresh_in_each_step_and_the_target_is_clean():
    model = compiled("denoising_autoencoder", dense=True)
    images = tf.constant(samples(model).astype("float32") / 127.5 - 1)
    first, _ = model.noisy(images, model.key("corruption"))
    same, _ = model.noisy(images, model.key("corruption"))
    np.testing.assert_array_equal(first, same)
    model.step.assign_add(1)
    other, _ = model.noisy(images, model.key("corruption"))
    assert np.abs(other - first).max() > 0
    # A network that copies its input is as far from the target as the noise.
    copying = one_value(corruption_level=0.1)
    x = tf.zeros([4000, 1, 2, 1])
    loss, _ = copying.autoencoder_loss(x)
    assert float(loss) == pytest.approx(2 * 0.1**2, rel=0.05)


def test_noisy_images_with_clean_targets_are_refused():
    """As Keras' examples give them: the noisy ones would be restored as they are."""
    model = tiny("denoising_autoencoder", dense=True)
    model.compile(run_eagerly=True)
    clean = samples(model)
    noisy = model.corrupted(clean)
    said = r"^{}: expected images, alone or with labels, got other images beside them; .* alone\.$"
    with pytest.raises(InputError, match=said.format("Training batches")):
        model.fit(noisy, clean, verbose=0)
    pairs = tf.data.Dataset.from_tensors((np.uint8(255) - clean, clean))
    with pytest.raises(InputError, match=said.format("Training batches")):
        model.fit(pairs, verbose=0)
    with pytest.raises(InputError, match=said.format("Test batches")):
        model.evaluate(noisy, clean, verbose=0)
    assert model.steps_done == 0
    model.fit(clean, clean.astype("float32") / 127.5 - 1, verbose=0)  # the usual way in Keras
    model.fit(clean, np.arange(len(clean)), verbose=0)


def test_pixels_that_are_no_probabilities_are_refused():
    model = tiny("denoising_autoencoder", dense=True, reconstruction="cross_entropy")
    model.compile(run_eagerly=True)
    images = np.full((4, *model.image_shape), -1.2, "float32")
    images[0] = 1.0
    with pytest.raises(InputError, match=r"^Training .* scaled to prob.* -1.2 to 1; clip them\.$"):
        model.fit(images, verbose=0)


def test_use_corrupts_nothing_unless_it_is_asked_to():
    model = tiny("denoising_autoencoder", dense=True, corruption="masking")
    images = samples(model)
    floats = images.astype("float32") / 127.5 - 1
    np.testing.assert_allclose(model.encode(images), model.encoder(floats), atol=1e-5)
    noisy = model.corrupted(images)
    assert noisy.shape == images.shape
    share = (noisy != floats).mean()
    assert share == pytest.approx(0.25, abs=0.03)
    np.testing.assert_array_equal(noisy, model.corrupted(images))
    assert np.any(model.corrupted(images, seed=1) != noisy)
    # Another model encodes images as they are.
    plain = tiny("autoencoder", dense=True)
    assert plain.corrupted(images) is images


def test_it_learns_to_denoise():
    """On images of one grey level each, which noise of single pixels hides little of."""
    keras.utils.set_random_seed(0)
    encoder = networks.mlp_encoder(SHAPE, 2, units=())
    decoder = networks.mlp_decoder(SHAPE, 2, units=(), output_activation="linear")
    model = DenoisingAutoencoder(SHAPE, 2, encoder, decoder, corruption_level=0.3)
    model.compile(keras.optimizers.Adam(3e-3))
    levels = np.random.default_rng(0).uniform(-0.6, 0.6, (64, 1, 1, 1)).astype("float32")
    images = np.broadcast_to(levels, (64, *SHAPE)).copy()
    model.fit(tf.data.Dataset.from_tensors(images).repeat(150), verbose=0)
    noisy = model.corrupted(images, seed=5)

    def error(x):
        return float(np.mean((x - images) ** 2))

    assert error(noisy) > 0.06
    assert error(model.reconstruct(noisy)) < 0.1 * error(noisy)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"corruption": "blur"}, "corruption: expected one of gaussian, masking, salt_and_pepper"),
        ({"corruption": "masking", "corruption_level": 1.2}, "corruption_level: .* 0 to 1 .*1.2"),
        ({"corruption_level": -0.1}, "corruption_level: expected .* -0.1"),
        ({"emphasis": (1.0, 0.5)}, r"emphasis: expected \(1, 1\) for Gaussian noise"),
        ({"corruption": "masking", "emphasis": (1.0,)}, "emphasis: expected two weights"),
        ({"corruption": "masking", "emphasis": (1.0, -1.0)}, "emphasis: expected .*-1"),
        ({"corruption": "masking", "emphasis": (0, 0)}, "emphasis: expected a weight above 0"),
        ({"reconstruction": "l1"}, "reconstruction: expected 'squared_error' or"),
    ],
    ids=str,
)
def test_arguments(arguments, sentence):
    with pytest.raises(InputError, match=f"^{sentence}"):
        DenoisingAutoencoder((4, 4, 1), 2, **arguments)


def test_the_default_networks_are_one_layer_each():
    model = DenoisingAutoencoder((4, 4, 1), 3)
    assert model.count_params() >= (16 + 1) * 3 + (3 + 1) * 16
    assert len(model.encoder.trainable_variables) == 2
    model.compile()
    model.train_on_batch(np.zeros((2, 4, 4, 1), "uint8"))


# ---------------------------------------------------------------------- stages


def stacked(stage, **kwargs):
    """Four pixels, and layers of 3 and 2 sigmoid units."""
    encoder = networks.mlp_encoder(
        (2, 2, 1), 2, units=(3,), activation="sigmoid", output_activation="sigmoid"
    )
    decoder = networks.mlp_decoder(
        (2, 2, 1), 2, units=(3,), activation="sigmoid", output_activation="linear"
    )
    return DenoisingAutoencoder((2, 2, 1), 2, encoder, decoder, stage=stage, **kwargs)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_loss_of_a_stage_by_hand():
    """The second layer gets the clean code of the first, and corrupts that."""
    model = stacked(2, corruption="masking", corruption_level=0.5, emphasis=(2.0, 0.5))
    x = np.linspace(-1, 1, 24).reshape(6, 2, 2, 1).astype("float32")
    (w1, b1, w2, b2), (v2, c2, *_) = model.encoder.get_weights(), model.decoder.get_weights()
    h = sigmoid(x.reshape(6, 4) @ w1 + b1)
    _, changed = corrupt(tf.constant(h), "masking", 0.5, model.key("corruption"), low=0.0)
    changed = changed.numpy()
    assert 0 < changed.mean() < 1
    noisy = np.where(changed, 0, h)
    restored = sigmoid(sigmoid(noisy @ w2 + b2) @ v2 + c2)
    expected = np.where(changed, 2.0, 0.5) * (restored - h) ** 2
    loss, _ = model.autoencoder_loss(tf.constant(x))
    assert float(loss) == pytest.approx(expected.sum(axis=1).mean(), rel=1e-5)


def test_the_first_stage_restores_images():
    model = stacked(1, corruption_level=0.0, reconstruction="cross_entropy")
    x = np.linspace(-1, 1, 24).reshape(6, 2, 2, 1).astype("float32")
    w1, b1 = model.encoder.get_weights()[:2]
    v1, c1 = model.decoder.get_weights()[2:]
    logits = sigmoid(x.reshape(6, 4) @ w1 + b1) @ v1 + c1
    targets, p = (x.reshape(6, 4) + 1) / 2, sigmoid(logits)
    expected = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).sum(axis=1).mean()
    assert float(model.autoencoder_loss(tf.constant(x))[0]) == pytest.approx(expected, rel=1e-4)


def test_the_first_stage_corrupts_its_inputs_as_images():
    """Noise is clipped to [-1, 1] there, and not above."""
    h = tf.constant(np.linspace(-1, 1, 24).reshape(6, 4), tf.float32)
    for stage, clipped in ((1, True), (2, False)):
        model = stacked(stage, corruption_level=2.0)
        noisy, changed = model.noisy_inputs(model._stage, h, noise.key(0))
        assert (np.abs(noisy).max() == 1) == clipped
        assert changed.numpy().all()


def test_the_first_stage_corrupts_whole_pixels():
    shape = (2, 2, 3)
    model = DenoisingAutoencoder(
        shape, 5, corruption="masking", corruption_level=0.5, per_pixel=True, stage=1
    )
    h = tf.fill([8, 12], 0.5)
    noisy, changed = model.noisy_inputs(model._stage, h, noise.key(0))
    pixels = changed.numpy().reshape(8, 4, 3)
    assert 0 < pixels.mean() < 1
    assert np.all(pixels == pixels[..., :1])
    np.testing.assert_array_equal(noisy, np.where(changed, -1.0, 0.5))


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_stage_trains_its_layers_alone(stage):
    model = stacked(stage)
    model.compile(run_eagerly=True)
    networks_ = (model.encoder, model.decoder)
    before = [network.get_weights() for network in networks_]
    model.train_on_batch(np.linspace(-1, 1, 24).reshape(6, 2, 2, 1).astype("float32"))
    moved = [
        [bool(np.any(a != b)) for a, b in zip(old, network.get_weights(), strict=True)]
        for old, network in zip(before, networks_, strict=True)
    ]
    first, second = [True, True, False, False], [False, False, True, True]
    assert moved == {0: [[True] * 4] * 2, 1: [first, second], 2: [second, first]}[stage]


def test_stages_that_there_are_not():
    with pytest.raises(InputError, match=r"^stage: expected a number from 0 to 2, .* got 3"):
        stacked(3)
    with pytest.raises(InputError, match=r"^stage: expected"):
        stacked(-1)
    encoder = networks.mlp_encoder((2, 2, 1), 2, units=(3,))
    decoder = networks.mlp_decoder((2, 2, 1), 2, units=(5,), output_activation="linear")
    with pytest.raises(InputError, match=r"^decoder: expected layers whose widths are those"):
        DenoisingAutoencoder((2, 2, 1), 2, encoder, decoder, stage=2)


def test_a_stage_is_saved_like_any_other(tmp_path):
    model = stacked(2)
    model.compile()
    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    assert loaded.stage == 2
    whole = stacked(0)
    whole.start_from(loaded)
    for a, b in zip(whole.encoder.get_weights(), model.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)

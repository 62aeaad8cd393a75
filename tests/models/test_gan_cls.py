import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.models.tiny import EMBEDDING, LATENT, SHAPE, VOCABULARY, compiled, samples, step, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import GANCLS, JointEmbedding

TEXTS = ["a red circle", "a blue ring"]


def by_hand(**kwargs):
    """D(x, h) = the mean of x + the sum of h before the sigmoid; G(z, h) = h everywhere."""
    image, text = keras.Input((4, 4, 1)), keras.Input((1,))
    mean = keras.layers.GlobalAveragePooling2D()(image)
    discriminator = keras.Model([image, text], keras.layers.Add()([mean, text]))
    z, text = keras.Input((2,)), keras.Input((1,))
    seen = keras.layers.Add()([text, keras.layers.Lambda(lambda z: 0 * z[:, :1])(z)])
    seen = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")(seen)
    made = keras.layers.UpSampling2D(4)(keras.layers.Reshape((1, 1, 1))(seen))
    generator = keras.Model([z, text], made)
    return GANCLS((4, 4, 1), 2, 1, generator, discriminator, **kwargs)


REAL = tf.fill([2, 4, 4, 1], 0.5)
TEXT, MISMATCHING = tf.fill([2, 1], 1.0), tf.fill([2, 1], -1.0)


def losses(model):
    with model.random_phase_of("test", 1):
        fake = model.fakes("latents", REAL, (TEXT,))
        np.testing.assert_array_equal(fake, tf.fill([2, 4, 4, 1], 1.0))
        d_loss, d_logs = model.discriminator_loss(REAL, TEXT, MISMATCHING, fake)
        g_loss, g_logs = model.generator_loss(fake, REAL, TEXT, MISMATCHING)
    logs = {name: float(value) for name, value in (d_logs | g_logs).items()}
    assert set(logs) == set(model.log_names)
    assert (float(d_loss), float(g_loss)) == (logs["d_loss"], logs["g_loss"])
    return logs


def test_losses():
    logs = losses(by_hand())  # scores: 1.5 of s_r, -0.5 of s_w, 2 of s_f
    # softplus(-1.5) + (softplus(-0.5) + softplus(2)) / 2
    assert logs["d_loss"] == pytest.approx(0.2014133 + 0.5 * (0.4740770 + 2.1269280))
    assert logs["g_loss"] == pytest.approx(0.1269280)  # softplus(-2)
    assert logs["d_real"] == pytest.approx(0.8175745)  # sigmoid(1.5)
    assert logs["d_mismatched"] == pytest.approx(0.3775407)
    assert logs["d_fake"] == pytest.approx(0.8807971)


def test_without_mismatching_texts_and_between_texts():
    logs = losses(by_hand(matching_aware=False))
    assert logs["d_loss"] == pytest.approx(0.2014133 + 2.1269280)
    # Halfway between the texts is 0: the generator draws 0, and D scores 0.
    logs = losses(by_hand(interpolation=True))
    assert logs["g_loss"] == pytest.approx(0.1269280 + 0.6931472)


def test_weights_of_the_terms_on_texts_and_between_texts():
    logs = losses(by_hand(interpolation=True, interpolation_weights=(2 / 3, 1 / 3)))
    assert logs["g_loss"] == pytest.approx(2 / 3 * 0.1269280 + 1 / 3 * 0.6931472)


def test_distance_to_the_image_of_the_text():
    with_distance = by_hand(l1_weight=3.0, interpolation=True, interpolation_weights=(2.0, 0.5))
    logs = losses(with_distance)  # G draws 1 everywhere, real images are 0.5
    assert logs["g_l1"] == pytest.approx(0.5)
    assert logs["g_loss"] == pytest.approx(2 * 0.1269280 + 0.5 * 0.6931472 + 3 * 0.5)
    assert "g_l1" not in losses(by_hand())
    with pytest.raises(InputError, match="l1_weight: expected a number from 0 up, got -1"):
        by_hand(l1_weight=-1)


def test_fresh_latents_are_for_the_step_of_the_generator_alone():
    def stepped(fresh_latents):
        keras.utils.set_random_seed(0)
        model = compiled("gan_cls", fresh_latents=fresh_latents)
        judged, fakes = model.generator_loss, []
        model.generator_loss = lambda fake, *args: fakes.append(fake) or judged(fake, *args)
        logs = step(model, samples(model))
        return {name: float(value) for name, value in logs.items()}, np.array(fakes[0])

    (shared_logs, shared), (fresh_logs, fresh) = stepped(False), stepped(True)
    for name in ("d_loss", "d_real", "d_mismatched", "d_fake"):
        assert fresh_logs[name] == shared_logs[name]
    assert np.abs(fresh - shared).max() > 1e-3
    assert fresh_logs["g_loss"] != shared_logs["g_loss"]


def test_the_encoder_stays_as_it_is_and_texts_equal_their_embeddings():
    keras.utils.set_random_seed(0)
    model = compiled("gan_cls", dense=True)
    before = model.text_encoder.get_weights()
    batch = samples(model)
    logs = {name: float(v) for name, v in step(model, batch).items()}
    for old, new in zip(before, model.text_encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    keras.utils.set_random_seed(0)
    other = compiled("gan_cls", dense=True)
    embedded = {k: v if k == "image" else other.embed(v) for k, v in batch.items()}
    assert {name: float(v) for name, v in step(other, embedded).items()} == pytest.approx(logs)
    keras.utils.set_random_seed(0)
    third = tiny("gan_cls", dense=True)
    third.compile(run_eagerly=True)
    data = tf.data.Dataset.from_tensors(tuple(batch.values()))
    history = third.fit(data, shuffle=False, verbose=0).history
    assert {name: v[0] for name, v in history.items()} == pytest.approx(logs, rel=1e-4)


def test_bad_batches():
    model = tiny("gan_cls")
    batch = samples(model)
    with pytest.raises(InputError, match="image, text and mismatching_text"):
        model.batch({"image": batch["image"], "text": batch["text"]})
    with pytest.raises(InputError, match=r"\(batch, 6\), got shape \(4, 5\)"):
        model.batch((batch["image"], np.zeros((4, 5), "float32"), batch["text"]))
    without = tiny("gan_cls", text_encoder=None)
    with pytest.raises(InputError, match="no text_encoder"):
        without.batch(batch)
    assert set(without.endpoints()) == {"generate_from_embeddings"}


def test_generate():
    model = tiny("gan_cls")
    images = model.generate(TEXTS, seed=3)
    assert images.shape == (2, *SHAPE)
    np.testing.assert_allclose(model.generate(TEXTS[0], seed=3), images[:1], atol=1e-6)
    several = model.generate(TEXTS[0], num=3, seed=3)
    np.testing.assert_allclose(several[:1], images[:1], atol=1e-6)
    assert np.abs(several[1] - several[0]).max() > 1e-4
    latents, embeddings = model.sample_latents(2, seed=3), model.embed(TEXTS)
    same = model.generate(latents=latents, embeddings=embeddings)
    np.testing.assert_allclose(same, images, atol=1e-6)
    for arguments, message in (
        ({}, "either texts or embeddings"),
        ({"texts": TEXTS, "num": 2}, "of a single text"),
        ({"texts": TEXTS, "latents": np.zeros((1, LATENT))}, r"latents: expected shape \(2, 8\)"),
        ({"embeddings": np.zeros((2, 5))}, r"embeddings: .* shape \(num, 6\)"),
        ({"texts": []}, "one or more"),
    ):
        with pytest.raises(InputError, match=message):
            model.generate(**arguments)


@keras.saving.register_keras_serializable("test")
def lengths(texts):
    """A text encoder that is no Keras model."""
    return tf.cast(tf.strings.length(texts)[:, tf.newaxis], tf.float32) * tf.ones([1, EMBEDDING])


@pytest.mark.slow
def test_a_function_reads_texts(tmp_path):
    model = tiny("gan_cls", text_encoder=lengths)
    np.testing.assert_array_equal(model.embed(["abc"]), np.full((1, EMBEDDING), 3.0))
    model.compile()
    step(model, samples(model))
    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.generate(TEXTS), model.generate(TEXTS), atol=1e-6)
    unknown = tiny("gan_cls", text_encoder=lambda texts: lengths(texts))
    assert unknown.get_config()["text_encoder"] is None


def test_starts_from_a_joint_embedding():
    encoder = networks.word_encoder(EMBEDDING, vocabulary=VOCABULARY, word_dim=4, units=4)
    images = networks.image_encoder(SHAPE, EMBEDDING, filters=4)
    model = tiny("gan_cls")
    assert np.abs(model.embed(TEXTS) - tiny_embed(encoder)).max() > 1e-3
    model.start_from(JointEmbedding(SHAPE, EMBEDDING, encoder, images))
    np.testing.assert_allclose(model.embed(TEXTS), tiny_embed(encoder), atol=1e-6)


def tiny_embed(encoder):
    return encoder(tf.constant(TEXTS), training=False).numpy()


def test_networks_that_do_not_fit():
    with pytest.raises(InputError, match="generator: expected a network of two inputs"):
        GANCLS(SHAPE, LATENT, EMBEDDING, networks.dcgan_generator(SHAPE, LATENT, filters=4))
    encoder = networks.word_encoder(EMBEDDING + 1, vocabulary=VOCABULARY, word_dim=4, units=4)
    with pytest.raises(InputError, match="text_encoder: expected a network whose output"):
        tiny("gan_cls", text_encoder=encoder)

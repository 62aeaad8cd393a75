"""The loss of the embedding autoencoder, and what it does to a map of points."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny import SHAPE, tiny
from tfgan_zoo import losses, networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import EmbeddingAutoencoder


def images(num=6, shape=SHAPE):
    return np.random.default_rng(0).uniform(-1, 1, (num, *shape)).astype("float32")


def test_loss_by_hand():
    model = tiny("embedding_autoencoder", dense=True, embedding_weight=0.5)
    x = images()
    codes = model.encoder(x).numpy()
    flat, again = x.reshape(6, -1), model.decoder(codes).numpy().reshape(6, -1)
    reconstruction = np.mean(np.sum((flat - again) ** 2, axis=1))
    embedding = np.mean(
        [
            (np.linalg.norm(flat[i] - flat[j]) - np.linalg.norm(codes[i] - codes[j])) ** 2
            for i, j in itertools.combinations(range(6), 2)
        ]
    )
    loss, logs = model.autoencoder_loss(tf.constant(x))
    assert float(logs["reconstruction"]) == pytest.approx(reconstruction, rel=1e-5)
    assert float(logs["embedding"]) == pytest.approx(embedding, rel=1e-4)
    assert float(loss) == pytest.approx(reconstruction + 0.5 * embedding, rel=1e-4)
    assert float(logs["stress"]) == pytest.approx(float(losses.mds_stress(x, codes)))


def test_without_weight_it_is_an_autoencoder():
    """Bit for bit, and with a weight it is another model."""
    weights = []
    for name, arguments in (
        ("autoencoder", {}),
        ("embedding_autoencoder", {"embedding_weight": 0.0}),
        ("embedding_autoencoder", {}),
    ):
        keras.utils.set_random_seed(0)
        model = tiny(name, dense=True, **arguments)
        model.compile(run_eagerly=True)
        model.train_on_batch(images())
        weights.append(model.encoder.get_weights()[0])
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.any(weights[0] != weights[2])


def test_distances_are_kept():
    """Points on a plane in the space of images are laid out as on that plane."""
    shape, rng = (4, 4, 1), np.random.default_rng(0)
    plane = np.linalg.qr(rng.normal(size=(16, 2)))[0].T
    x = (rng.uniform(-1, 1, (64, 2)) @ plane).reshape(-1, *shape).astype("float32")
    keras.utils.set_random_seed(0)
    model = EmbeddingAutoencoder(
        shape,
        2,
        networks.mlp_encoder(shape, 2, units=()),
        networks.mlp_decoder(shape, 2, units=(), output_activation="linear"),
    )
    model.compile(keras.optimizers.Adam(0.05))
    before = float(losses.mds_stress(x, model.encode(x)))
    model.fit(tf.data.Dataset.from_tensors(x).repeat(150), verbose=0)
    after = float(losses.mds_stress(x, model.encode(x)))
    assert after < 1e-3 < 0.05 < before


def test_equal_images_have_a_gradient():
    model = tiny("embedding_autoencoder", dense=True)
    model.compile(run_eagerly=True)
    model.train_on_batch(np.full((4, *SHAPE), -0.5, "float32"))
    assert all(np.all(np.isfinite(w)) for w in model.get_weights())


def test_a_weight_below_zero():
    with pytest.raises(InputError, match=r"^embedding_weight: expected a number from 0 up, got -1"):
        EmbeddingAutoencoder(SHAPE, embedding_weight=-1.0)

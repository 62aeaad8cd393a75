import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny import LATENT, SHAPE, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import SparseAutoencoder


def two_units(activation="sigmoid", **kwargs):
    """Two units that see one pixel each, and a decoder that returns 0."""
    encoder = networks.mlp_encoder((1, 2, 1), 2, units=(), output_activation=activation)
    decoder = networks.mlp_decoder((1, 2, 1), 2, units=(), output_activation="linear")
    encoder.set_weights([np.eye(2), np.zeros(2)])
    decoder.set_weights([np.zeros((2, 2)), np.zeros(2)])
    return SparseAutoencoder((1, 2, 1), 2, encoder, decoder, **kwargs)


X = np.array([[0.5, -1.0], [-0.2, 0.4], [0.9, -0.6]], "float32")


def kl(rho, share):
    return rho * math.log(rho / share) + (1 - rho) * math.log((1 - rho) / (1 - share))


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_the_loss_by_hand(activation):
    """The mean over the batch of each unit, then a sum over units."""
    model = two_units(activation, rho=0.2, sparsity_weight=3.0)
    codes = 1 / (1 + np.exp(-X)) if activation == "sigmoid" else np.tanh(X)
    shares = codes.mean(axis=0)
    if activation == "tanh":
        shares = (1 + shares) / 2
    loss, logs = model.autoencoder_loss(tf.constant(X.reshape(3, 1, 2, 1)))
    expected = sum(kl(0.2, share) for share in shares)
    error = 0.5 * (X**2).sum(axis=1).mean()
    assert float(logs["sparsity"]) == pytest.approx(expected, rel=1e-4)
    assert float(logs["reconstruction"]) == pytest.approx(error, rel=1e-5)
    assert float(loss) == pytest.approx(error + 3 * expected, rel=1e-5)
    assert float(logs["mean_activation"]) == pytest.approx(shares.mean(), rel=1e-5)
    assert model.code_range == ((0.0, 1.0) if activation == "sigmoid" else (-1.0, 1.0))


def test_an_absolute_penalty_by_hand():
    model = two_units("relu", penalty="l1", sparsity_weight=0.5)
    loss, logs = model.autoencoder_loss(tf.constant(X.reshape(3, 1, 2, 1)))
    expected = np.maximum(X, 0).sum(axis=1).mean()
    assert float(logs["sparsity"]) == pytest.approx(expected, rel=1e-5)
    assert float(loss) == pytest.approx(0.5 * (X**2).sum(axis=1).mean() + 0.5 * expected, rel=1e-5)
    assert model.code_range is None


@pytest.mark.parametrize("activation", ["relu", "linear", "softplus"])
def test_units_without_bounds_are_refused(activation):
    with pytest.raises(InputError, match=r"^encoder: .*sigmoid or tanh.* give penalty='l1'"):
        two_units(activation)


def test_units_become_as_sparse_as_they_should():
    """Without the penalty, the same units stay near a half."""
    shares = []
    images = np.random.default_rng(0).uniform(-1, 1, (256, *SHAPE)).astype("float32")
    for weight in (200.0, 0.0):
        keras.utils.set_random_seed(0)
        model = tiny("sparse_autoencoder", dense=True, rho=0.1, sparsity_weight=weight)
        model.compile(keras.optimizers.Adam(0.02))
        model.fit(tf.data.Dataset.from_tensors(images).repeat(100), verbose=0)
        shares.append(model.encode(images, batch_size=256).mean(axis=0))
    assert shares[0].shape == (LATENT,)
    np.testing.assert_allclose(shares[0], 0.1, atol=0.01)
    assert np.abs(shares[1] - 0.1).max() > 0.1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"rho": 0.0}, "rho: expected"),
        ({"rho": 1.0}, "rho: expected"),
        ({"sparsity_weight": -1.0}, "sparsity_weight: expected"),
        ({"penalty": "l2"}, "penalty: expected 'kl' or 'l1', got 'l2'"),
    ],
    ids=str,
)
def test_arguments(arguments, sentence):
    with pytest.raises(InputError, match=f"^{sentence}"):
        SparseAutoencoder((4, 4, 1), 2, **arguments)

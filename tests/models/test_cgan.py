import keras
import numpy as np
import pytest

from tests.models.tiny import LATENT, SHAPE, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import MODELS


def test_the_class_enters_both_networks():
    model = tiny("cgan", dense=True)
    z = np.random.default_rng(0).normal(size=(2, LATENT)).astype("float32")
    x = np.random.default_rng(1).normal(size=(2, *SHAPE)).astype("float32")
    for network, inputs in ((model.generator, z), (model.discriminator, x)):
        one, two = (np.asarray(network([inputs, np.full(2, label)])) for label in (0, 1))
        assert np.abs(one - two).max() > 0


def test_class_units_are_maxout_of_a_one_hot_class():
    """max over pieces of the rows of the table, by hand."""
    network = networks.cgan_discriminator(SHAPE, 3, class_units=4)
    table = np.asarray(network.get_layer("class_embedding").embeddings)
    units = keras.Model(network.inputs, network.get_layer("class_maxout").output)
    found = np.asarray(units([np.zeros((3, *SHAPE), "float32"), np.arange(3)]))
    np.testing.assert_array_equal(found, table.reshape(3, 5, 4).max(axis=1))


def test_each_place_in_a_pack_has_its_own_table():
    network = networks.cgan_discriminator((*SHAPE[:2], 6), 3, 2, dropout=0.0)
    x = np.zeros((1, *SHAPE[:2], 6), "float32")
    one, two = (float(network([x, np.array([pair])])[0, 0]) for pair in ([0, 1], [1, 0]))
    assert one != two


@pytest.mark.parametrize("name", ["cgan", "acgan"])
def test_a_game_without_classes_is_refused(name):
    """With the paper's networks, and with networks that are told none."""
    like = tiny("dcgan")
    for networks_ in ({}, {"generator": like.generator, "discriminator": like.discriminator}):
        for num_classes in (0, None):
            with pytest.raises(InputError, match="num_classes: expected"):
                MODELS[name](SHAPE, LATENT, num_classes=num_classes, **networks_)
    assert tiny("sngan", num_classes=None).num_classes is None

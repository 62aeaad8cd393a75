"""What networks look up by class, in layers of this library."""

import keras
import numpy as np
import pytest
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ConditionalBatchNormalization, SpectralNormalization
from tfgan_zoo.models.mechanics.classes import check_labels, lookups
from tfgan_zoo.models.mechanics.functional import check_mixes, run_on_mixtures
from tfgan_zoo.networks import sngan_generator


def network(look_up):
    x, label = keras.Input((4, 4, 2)), keras.Input((), dtype="int32")
    return keras.Model([x, label], look_up(x, label))


NETWORKS = {
    "norm": lambda x, y: ConditionalBatchNormalization(3, name="norm")([x, y]),
    "table": lambda x, y: SpectralNormalization(layers.Embedding(3, 2, name="table"))(y),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_classes_beyond_a_table(name):
    made = network(NETWORKS[name])
    assert [found[:2] for found in lookups(made, 1, np.arange(3))] == [(name, 3)]
    check_labels([0, 2], [made], 1, "label")
    with pytest.raises(InputError, match=f"expected the 3 classes that layer '{name}'"):
        check_labels([0, 3], [made], 1, "label")


def test_normalisation_by_vectors_looks_nothing_up():
    def look_up(x, label):
        row = layers.Embedding(3, 5, name="shared")(label)
        return ConditionalBatchNormalization()([x, row])

    assert [found[0] for found in lookups(network(look_up), 1, np.arange(3))] == ["shared"]


def test_mixtures_of_classes_in_normalisation():
    """A mixture is the class whose scales and offsets are the weighted means."""
    generator = sngan_generator((16, 16, 3), 4, 3, filters=4)
    norms = [x for x in generator.layers if isinstance(x, ConditionalBatchNormalization)]
    random = np.random.default_rng(0)
    for norm in norms:
        for table in (norm.gain, norm.bias):
            table.embeddings.assign(random.normal(size=(3, 4)))
    check_mixes(generator, 1)
    z = random.normal(size=(2, 4)).astype("float32")
    by_number = generator([z, np.array([2, 0])])
    ends = np.eye(3, dtype="float32")[[2, 0]]
    made = run_on_mixtures(generator, [z, ends], 1, training=False)
    np.testing.assert_allclose(made, by_number, atol=1e-5)
    mixed = run_on_mixtures(generator, [z, np.array([[0.25, 0.0, 0.75]] * 2)], 1, training=False)
    for norm in norms:
        for table in (norm.gain, norm.bias):
            rows = np.array(table.embeddings)
            table.embeddings.assign([0.25 * rows[0] + 0.75 * rows[2]] * 3)
    np.testing.assert_allclose(mixed, generator([z, np.array([1, 1])]), atol=1e-5)
    assert np.abs(mixed - by_number).max() > 1e-3

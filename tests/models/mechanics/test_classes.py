"""What networks look up by class, in layers of this library."""

import keras
import numpy as np
import pytest
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ConditionalBatchNormalization, SpectralNormalization
from tfgan_zoo.models.mechanics.classes import check_labels, lookups


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

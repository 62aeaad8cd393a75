import doctest

import keras
import numpy as np
import pytest

from tfgan_zoo import layers
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import (
    PredictionTimeBatchNormalization,
    StatelessDropout,
    set_inference,
)


def network(*inner):
    """Returns a model with dropout and a nested model."""
    inputs = keras.Input((4, 4, 2))
    nested = keras.Sequential(
        [keras.Input((4, 4, 2)), PredictionTimeBatchNormalization(name="bn"), *inner]
    )
    return keras.Model(inputs, StatelessDropout(0.5, name="drop")(nested(inputs)), name="net")


def modes(model):
    return {layer.name: layer.inference for layer in model._flatten_layers() if layer.name in NAMES}


NAMES = ("bn", "drop")


def test_every_layer_is_set_and_saved(tmp_path):
    model = network()
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype("float32")
    frozen = model(x)
    set_inference(model, "paper")
    assert modes(model) == {"bn": "paper", "drop": "paper"}
    assert np.any(np.array(model(x)) != frozen)
    for copy in (keras.Model.from_config(model.get_config()), keras.models.clone_model(model)):
        assert modes(copy) == {"bn": "paper", "drop": "paper"}
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(x), model(x))
    set_inference(model, "frozen")
    assert modes(model) == {"bn": "frozen", "drop": "frozen"}
    np.testing.assert_array_equal(model(x), frozen)


@pytest.mark.parametrize(
    ("layer", "remedy"),
    [
        (keras.layers.Dropout(0.5, name="k"), "StatelessDropout"),
        (keras.layers.SpatialDropout2D(0.5, name="k"), "StatelessDropout"),
        (keras.layers.GaussianDropout(0.5, name="k"), "StatelessDropout"),
        (keras.layers.BatchNormalization(name="k"), "PredictionTimeBatchNormalization"),
    ],
)
def test_layers_of_keras_are_refused(layer, remedy):
    model = network(layer)
    with pytest.raises(
        InputError, match=rf"'k' of 'net', a keras.layers.{type(layer).__name__}; .*layers.{remedy}"
    ):
        set_inference(model, "paper")
    assert modes(model) == {"bn": "frozen", "drop": "frozen"}
    set_inference(model, "frozen")


def test_unknown_mode():
    with pytest.raises(InputError, match="frozen or paper, got 'test'"):
        set_inference(network(), "test")


def test_networks_without_such_layers_are_left_alone():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    set_inference(model, "paper")


@pytest.mark.parametrize(
    "module",
    [
        layers.batch_normalization,
        layers.dropout,
        layers.image_pool,
        layers.inference,
        layers.reflection_padding,
    ],
)
def test_examples(module):
    names = {"np": np, "StatelessDropout": StatelessDropout}
    result = doctest.testmod(module, extraglobs=names)
    assert result.attempted
    assert not result.failed

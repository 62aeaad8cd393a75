"""Functions, objects and lists of networks as arguments of a model's constructor, saved."""

import warnings

import keras
import numpy as np
import pytest

import tfgan_zoo
from tests.models.tiny import LATENT, SHAPE, tiny
from tfgan_zoo.models import GAN, GANCLS


@keras.saving.register_keras_serializable("test")
class Extended(GAN):
    def __init__(self, *args, extra=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.extra = extra


@keras.saving.register_keras_serializable("test")
def registered(x):
    return x


def unknown(x):
    return x


def with_extra(extra):
    like = tiny("gan")
    return Extended(SHAPE, LATENT, like.generator, like.discriminator, extra=extra)


def network():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])


def saved_and_loaded(model, folder):
    model.save(folder / "model.keras")
    return tfgan_zoo.load_model(folder / "model.keras")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (unknown, "function unknown"),
        (lambda x: x, "function .*<lambda>"),
        (np.tanh, "function tanh"),
        (keras.layers.Dense, "class Dense"),
        ([registered, unknown], "function unknown"),
    ],
)
def test_a_function_that_cannot_be_saved_is_named(extra, said, tmp_path):
    model = with_extra(extra)
    with pytest.warns(UserWarning, match=rf"^extra: .* got the {said}, which is saved as None; "):
        assert saved_and_loaded(model, tmp_path).extra is None


@pytest.mark.parametrize("extra", [registered, keras.activations.relu, [registered], 0.5, None])
def test_what_can_be_saved_is_saved_without_a_warning(extra, tmp_path):
    assert saved_and_loaded(with_extra(extra), tmp_path).extra == extra


def test_objects_and_lists_of_networks_are_loaded_as_such(tmp_path):
    loaded = saved_and_loaded(with_extra(keras.initializers.Constant(0.5)), tmp_path).extra
    np.testing.assert_array_equal(loaded((2,)), [0.5, 0.5])
    own = [network(), network()]
    model = with_extra({"critics": own})
    loaded = saved_and_loaded(model, tmp_path).extra["critics"]
    ones = np.ones((1, 2), "float32")
    for each, other in zip(own, loaded, strict=True):
        assert other is not each
        np.testing.assert_array_equal(other(ones), each(ones))


def test_a_text_encoder_that_is_a_function_may_stay_unsaved(tmp_path):
    like = tiny("gan_cls")
    model = GANCLS(
        like.image_shape,
        like.latent_dim,
        like.embedding_dim,
        like.generator,
        like.discriminator,
        text_encoder=lambda texts: texts,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.get_config()["text_encoder"] is None

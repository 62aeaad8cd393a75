import numpy as np
import pytest

from tfgan_zoo.config import check, load_config
from tfgan_zoo.config.check import _CHOICES
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import metric_name
from tfgan_zoo.metrics.features import FEATURES, open_features
from tfgan_zoo.networks import feature_network


def test_a_config_may_name_what_can_be_opened():
    # The check of a config needs no TensorFlow, so it has a list of its own.
    assert set(_CHOICES["evaluate.features"]) == {"auto", *FEATURES}


def test_a_config_may_name_a_layer():
    check(load_config("dcgan", {"evaluate.features": "figures_v1:conv3"}))
    with pytest.raises(InputError, match=r"evaluate\.features: expected one of auto"):
        check(load_config("dcgan", {"evaluate.features": "figures_v2"}))


def test_a_layer_by_the_name_that_losses_use():
    features = open_features("figures_v1:conv3")
    assert (features.dim, features.classes) == (64, 0)
    assert metric_name("fid", features) == "fid[figures_v1:conv3]"
    images = np.random.default_rng(0).integers(0, 256, (2, 40, 36, 3), np.uint8)
    expected = feature_network("figures_v1:conv3")(images / np.float32(127.5) - 1)
    np.testing.assert_allclose(features(images)[0], np.mean(expected, (1, 2)), rtol=1e-4, atol=1e-5)
    # Dense layers are of one size, to which images are resized.
    assert open_features("figures_v1:dense64")(images)[0].shape == (2, 64)
    for name, said in (
        ("figures_v1:conv3,conv4", "expected one layer"),
        ("figures_v1:conv9", "has no layer 'conv9'"),
    ):
        with pytest.raises(InputError, match=said):
            open_features(name)

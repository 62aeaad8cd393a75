from tfgan_zoo.config.check import _CHOICES
from tfgan_zoo.metrics.features import FEATURES


def test_a_config_may_name_what_can_be_opened():
    # The check of a config needs no TensorFlow, so it has a list of its own.
    assert set(_CHOICES["evaluate.features"]) == {"auto", *FEATURES}

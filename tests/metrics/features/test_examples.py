import doctest

import keras
import numpy as np
import pytest

from tfgan_zoo.metrics import features
from tfgan_zoo.metrics.features import base, classifiers, keras_model, resize


@pytest.mark.parametrize("module", [features, base, classifiers, keras_model, resize])
def test_the_examples_run(module):
    result = doctest.testmod(module, extraglobs={"keras": keras, "np": np})
    assert result.failed == 0
    assert result.attempted > 0

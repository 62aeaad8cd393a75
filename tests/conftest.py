import os
import sys

import pytest

# Before anything imports TensorFlow.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True)
def _fresh_keras():
    """Resets the dtype policy and layer names after every test."""
    yield
    if "keras" in sys.modules:
        keras = sys.modules["keras"]
        keras.config.set_dtype_policy("float32")
        keras.utils.clear_session(free_memory=False)

"""What tests leave in TensorFlow and Keras."""

import importlib

import pytest


def clear():
    """Clears Keras' session, but keeps TensorFlow's kernels.

    The next tests would make most of them again, each of which takes half a millisecond.
    """
    keras = importlib.import_module("keras")
    context = importlib.import_module("tensorflow.python.eager.context").context()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "clear_kernel_cache", lambda: None)
        keras.utils.clear_session(free_memory=False)

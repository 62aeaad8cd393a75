"""The kernels of eager TensorFlow, each of which takes half a millisecond to make."""

import importlib

#: Where TensorFlow and Keras find the function that drops all kernels.
_TENSORFLOW = "tensorflow.python.pywrap_tfe"
_dropping = []


def keep():
    """Lets TensorFlow keep its kernels when a seed is set and when Keras' session is cleared.

    What it drops them for are random numbers that a kernel draws from a state of its own, such as
    those of `tf.random.normal`. Keras and this package draw others.
    """
    module = importlib.import_module(_TENSORFLOW)
    if not _dropping:
        _dropping.append(module.TFE_ContextClearCaches)
        module.TFE_ContextClearCaches = lambda handle: None


def drop():
    """Drops all kernels, as `tf.random.set_seed` does outside of tests."""
    context = importlib.import_module("tensorflow.python.eager.context").context()
    for function in _dropping:
        function(context._context_handle)

"""Refuses Keras backends other than TensorFlow: to be imported before what needs Keras."""

import os

from tfgan_zoo.errors import InputError


def check_backend() -> None:
    """Checks that Keras runs on TensorFlow, without importing what another backend would need.

    Raises:
        InputError: if `KERAS_BACKEND` or Keras' own settings choose another backend.
    """
    name, where = os.environ.get("KERAS_BACKEND") or "tensorflow", "KERAS_BACKEND"
    if name == "tensorflow":
        try:
            import keras
        except ModuleNotFoundError as error:
            if error.name not in ("jax", "torch", "openvino"):
                raise
            name, where = str(error.name), "Keras' backend"
        else:
            name, where = keras.backend.backend(), "Keras' backend"
    if name != "tensorflow":
        raise InputError(
            f"{where}: expected tensorflow, on which tfgan_zoo's models are built, got {name}; set "
            "the environment variable KERAS_BACKEND=tensorflow before Keras is imported."
        )


check_backend()

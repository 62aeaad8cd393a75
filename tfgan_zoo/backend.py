"""Refuses Keras backends other than TensorFlow. Import it before modules that need Keras."""

import os

from tfgan_zoo.errors import InputError


def check_backend() -> None:
    """Checks that Keras uses TensorFlow, without importing another backend.

    Raises:
        InputError: If `KERAS_BACKEND` or the settings of Keras choose another backend.
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

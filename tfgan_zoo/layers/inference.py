"""What layers that are random or mix samples in training do at inference, and how to choose it."""

import keras

from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import layers_of

_NOISY = (
    keras.layers.Dropout,  # And with it the SpatialDropouts.
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.BatchNormalization,
)


def check_inference(mode: str) -> str:
    """Checks what a layer is to do at inference.

    Args:
        mode: `frozen` or `paper`.

    Returns:
        It.

    Raises:
        InputError: If it is neither.
    """
    if mode not in ("frozen", "paper"):
        raise InputError(f"inference must be frozen or paper; got {mode!r}.")
    return mode


def set_inference(network: keras.Model, mode: str) -> None:
    """Says what a network's dropout and batch normalisation do at inference.

    It sets the `inference` of every layer that has one, those of nested models included, and is
    saved with them. A graph that was traced before goes on as it was.

    Args:
        network: The network.
        mode: `frozen`: what Keras does, no dropout and the moving statistics of training. `paper`:
            what pix2pix does (Isola et al. 2016, https://arxiv.org/abs/1611.07004, section 3.4):
            dropout stays on, and each sample is normalised with statistics of its own.

    Raises:
        InputError: If the mode is unknown; or if it is `paper`, and a layer is one of Keras' that
            knows only the other. Nothing is then changed.

    Example:
        >>> drop = StatelessDropout(0.5)
        >>> set_inference(keras.Sequential([drop]), "paper")
        >>> drop.inference
        'paper'
    """
    check_inference(mode)
    layers = layers_of(network)
    if mode == "paper":
        for layer in layers:
            if isinstance(layer, _NOISY) and not hasattr(layer, "inference"):
                normalizes = isinstance(layer, keras.layers.BatchNormalization)
                ours = "PredictionTimeBatchNormalization" if normalizes else "StatelessDropout"
                raise InputError(
                    f"inference='paper' needs layers that can do it; got {layer.name!r} of "
                    f"{network.name!r}, a keras.layers.{type(layer).__name__}: build the network "
                    f"with tfgan_zoo.layers.{ours}, or ask for inference='frozen'."
                )
    for layer in layers:
        if hasattr(layer, "inference"):
            layer.inference = mode

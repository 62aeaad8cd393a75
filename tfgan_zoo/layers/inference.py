"""What dropout and batch normalisation layers do at inference."""

import keras

from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import layers_of

_NOISY = (
    keras.layers.Dropout,  # And its subclasses, SpatialDropout1D to 3D.
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.BatchNormalization,
)


def check_inference(mode: str) -> str:
    """Checks a layer's inference mode.

    Args:
        mode: `frozen` or `paper`.

    Returns:
        The mode.

    Raises:
        InputError: If it is anything else.
    """
    if mode not in ("frozen", "paper"):
        raise InputError(f"inference: expected frozen or paper, got {mode!r}.")
    return mode


def set_inference(network: keras.Model, mode: str) -> None:
    """Sets what a network's dropout and batch normalisation do at inference.

    Sets `inference` on every layer that has it, including those of nested models, and is saved with
    them. Graphs traced before keep the previous mode.

    Args:
        network: The network.
        mode: `frozen`, as in Keras: no dropout, and the moving statistics of training. `paper`, as
            in pix2pix (Isola et al. 2016, https://arxiv.org/abs/1611.07004, section 3.4): dropout
            stays on, and each sample is normalised with its own statistics.

    Raises:
        InputError: If the mode is unknown, or is `paper` and the network has a Keras layer that
            only supports `frozen`. Nothing is changed then.

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
                    f"inference: expected layers that support 'paper', got {layer.name!r} of "
                    f"{network.name!r}, a keras.layers.{type(layer).__name__}; build the network "
                    f"with tfgan_zoo.layers.{ours}, or use inference='frozen'."
                )
    for layer in layers:
        if hasattr(layer, "inference"):
            layer.inference = mode


def batch_normalizations(network: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Returns a network's layers of batch normalisation, also those inside of layers."""
    return [x for x in layers_of(network) if isinstance(x, keras.layers.BatchNormalization)]


def image_statistics(network: keras.Model) -> str | None:
    """Returns the kind of a network's normalisation by statistics of its own input, if any.

    With such a layer a part of an image gives another result than the same part of the whole.

    Args:
        network: The network.

    Example:
        >>> image_statistics(keras.Sequential([keras.layers.GroupNormalization(groups=-1)]))
        'instance normalization'
    """
    for layer in layers_of(network):
        if isinstance(layer, keras.layers.GroupNormalization):
            # Once it is built, `groups` is a number; without scale and offset any may be channels.
            weights = layer.weights
            channels = weights[0].shape[0] if weights else layer.groups
            return f"{'instance' if layer.groups in (-1, channels) else 'group'} normalization"
        if isinstance(layer, keras.layers.LayerNormalization):
            return "layer normalization"
        paper = getattr(layer, "inference", "frozen") == "paper"
        if paper and isinstance(layer, keras.layers.BatchNormalization):
            return "batch normalization with inference=paper"
    return None

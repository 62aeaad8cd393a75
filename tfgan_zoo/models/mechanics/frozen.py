"""Networks that a model uses and nobody trains."""

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import feature_network
from tfgan_zoo.networks.features import check_features


class Frozen(NamedTuple):
    """Declares a frozen network: see `frozen_networks` of the models.

    Attributes:
        load: Returns the network.
        saved: Whether the network is an attribute of the model, and is saved with it. Otherwise
            `load` gets its weights from elsewhere.
    """

    load: Callable[[], keras.Model]
    saved: bool = True


class FrozenNetworks:
    """Holds the frozen networks of a model, where Keras neither tracks nor saves them."""

    def __init__(self) -> None:
        self._loaded: dict[str, keras.Model] = {}

    def get(self, name: str, declared: Frozen) -> keras.Model:
        """Returns a network; loads it the first time.

        Raises:
            InputError: If its weights cannot be loaded.
        """
        if name not in self._loaded:
            network = declared.load()
            network.trainable = False
            self._loaded[name] = network
        return self._loaded[name]


def features_of(name: str, file: str | os.PathLike | None = None) -> Frozen:
    """Declares a network by the name of its features: see `networks.features`.

    Args:
        name: `NETWORK:LAYER[,LAYER...]`.
        file: File of VGG19's weights, "imagenet" or None to download them.
    """
    return Frozen(lambda: feature_network(name, weights=file or "imagenet"), saved=False)


def check_features_file(
    file: Any, features: Any = None, argument: str = "features_file"
) -> str | os.PathLike | None:
    """Returns a file of VGG19's weights, which need not exist yet.

    Args:
        file: The file, or None or "imagenet" for VGG19's own weights.
        features: Name of the features that it is for, or a Keras model; None if there are none.
        argument: What to call the file in messages.

    Raises:
        InputError: If it is neither a path nor None, or features have other weights.
    """
    if not isinstance(file, (str, os.PathLike, type(None))):
        raise InputError(f"{argument}: expected a file of VGG19's weights or None, got {file!r}.")
    if file not in (None, "imagenet") and features is not None:
        name = features if isinstance(features, str) else "a Keras model"
        if name.partition(":")[0] != "vgg19":
            raise InputError(
                f"{argument}: expected a file of VGG19's weights with features='vgg19:LAYER' "
                f"alone, got {str(file)!r} with {name}, which has weights of its own."
            )
    return file


def check_used_features(name: Any, image_shape: Sequence[int], reason: str) -> None:
    """Checks the name of features that a loss compares images in.

    Args:
        name: `NETWORK:LAYER[,LAYER...]`.
        image_shape: Shape of the images.
        reason: The argument that asks for features, for messages.

    Raises:
        InputError: If there is no name, it is wrong, or its network does not take the images.
    """
    if name is None:
        raise InputError(
            "features: expected NETWORK:LAYER, such as 'efficientnet_lite0:block3', with "
            f"{reason}, got None."
        )
    check_features(name, image_shape)

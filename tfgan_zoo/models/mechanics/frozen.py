"""Networks that a model uses and nobody trains."""

from collections.abc import Callable
from typing import NamedTuple

import keras


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

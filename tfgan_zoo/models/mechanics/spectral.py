"""The spectrally normalised layers of a model's networks."""

from collections.abc import Mapping, Sequence

import keras

from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.layers import SpectralNormalization


class SpectralLayers:
    """Lists these layers once, where Keras neither tracks nor saves them.

    Args:
        networks: The networks of each role.
    """

    def __init__(self, networks: Mapping[str, Sequence[keras.Model]]) -> None:
        self._of = {
            role: list(
                {
                    id(layer): layer
                    for network in each
                    for layer in layers_of(network)
                    if isinstance(layer, SpectralNormalization)
                }.values()
            )
            for role, each in networks.items()
        }

    def advance(self, role: str) -> None:
        """Moves the vectors of a role's layers by one step of the power iteration."""
        for layer in self._of.get(role, ()):
            layer.advance()

    def vectors(self) -> list[keras.Variable]:
        """Returns the vectors of all layers."""
        return [v for layers in self._of.values() for layer in layers for v in (layer.u, layer.v)]

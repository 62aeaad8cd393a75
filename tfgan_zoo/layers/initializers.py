"""Initializers that Keras lacks."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfgan_zoo.errors import InputError


@keras.saving.register_keras_serializable("tfgan_zoo")
class ICNR(keras.initializers.Initializer):
    """Initialises a sub-pixel convolution to nearest-neighbour upsampling.

    Initialisation to convolution and nearest-neighbour resize (Aitken et al. 2017,
    https://arxiv.org/abs/1707.02937): the r * r kernels of the pixels in one block are equal, so
    that a convolution followed by `PixelShuffle(r)` yields blocks of one value. Independent kernels
    yield a checkerboard instead, traces of which can survive training.

    Args:
        initializer: Initializer of one kernel per block.
        factor: r, the factor of the `PixelShuffle` that follows, at least 2.

    Raises:
        InputError: If `factor` is invalid, or, when called, if the outputs are not divisible.

    Example:
        >>> kernel = ICNR("random_normal", factor=2)((3, 3, 16, 8))
        >>> bool(np.all(kernel[..., :2] == kernel[..., 2:4]))
        True
    """

    def __init__(self, initializer: Any = "glorot_uniform", factor: int = 2) -> None:
        if isinstance(factor, bool) or not isinstance(factor, int) or factor < 2:
            raise InputError(f"factor: expected an integer of at least 2, got {factor!r}.")
        self.initializer = keras.initializers.get(initializer)
        self.factor = factor

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Returns initial values.

        Args:
            shape: Shape of the kernel, `[..., C * r * r]`.
            dtype: Type of the values.
        """
        area = self.factor**2
        if shape[-1] % area:
            raise InputError(
                f"ICNR: expected outputs that are a multiple of {area}, its factor squared, got a "
                f"kernel of shape {tuple(shape)}."
            )
        values = self.initializer((*shape[:-1], shape[-1] // area), dtype=dtype)
        return ops.tile(values, (1,) * (len(shape) - 1) + (area,))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {
            "initializer": keras.initializers.serialize(self.initializer),
            "factor": self.factor,
        }

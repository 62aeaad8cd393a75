"""Reflection padding for images."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError


@keras.saving.register_keras_serializable("tfgan_zoo")
class ReflectionPadding2D(keras.layers.Layer):
    """Pads images by mirroring them at their edges, without repeating the edge itself.

    A row `a b c d` padded by 2 becomes `c b a b c d c b`. CycleGAN's generator (Zhu et al. 2017,
    https://arxiv.org/abs/1703.10593) uses it, because it adds no artificial edge, as zeros do.

    Args:
        padding: Pixels on every side, or `((top, bottom), (left, right))`.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B, H, W, C]`; H and W may be unknown, and must be larger than their padding.

    Output shape:
        `[B, top + H + bottom, left + W + right, C]`.

    Raises:
        InputError: If `padding` is invalid, or, when called, if a side is too small.

    Example:
        >>> layer = ReflectionPadding2D(((0, 0), (2, 1)))
        >>> layer(np.array([1.0, 2.0, 3.0]).reshape(1, 1, 3, 1)).numpy().ravel().tolist()
        [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]
    """

    def __init__(self, padding: int | Sequence[Sequence[int]] = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pairs = ((padding, padding),) * 2 if isinstance(padding, int) else padding
        if not (
            _is_pair(pairs)
            and all(_is_pair(pair) for pair in pairs)
            and all(isinstance(n, int) and n >= 0 for pair in pairs for n in pair)
        ):
            raise InputError(
                "padding: expected a number of pixels or ((top, bottom), (left, right)), all at "
                f"least 0, got {padding!r}."
            )
        self.padding = tuple(tuple(pair) for pair in pairs)

    def build(self, input_shape: Any) -> None:
        """Creates no weights.

        Args:
            input_shape: Unused.
        """

    def call(self, inputs: Any) -> Any:
        """Pads images.

        Args:
            inputs: Images, `[B, H, W, C]`.
        """
        self.compute_output_shape(inputs.shape)  # TensorFlow's error names no side.
        return tf.pad(inputs, [(0, 0), *self.padding, (0, 0)], mode="REFLECT")

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the padded shape.

        Args:
            input_shape: Shape of the input.
        """
        shape = tuple(input_shape)
        if len(shape) != 4:
            raise InputError(
                f"Layer {self.name!r}: expected inputs [B, H, W, C], got shape {shape}."
            )
        sides = []
        for word, side, pair in zip(("height", "width"), shape[1:3], self.padding, strict=True):
            if side is not None and side <= max(pair):
                raise InputError(
                    f"Layer {self.name!r}: expected a {word} above {max(pair)}, to mirror "
                    f"{max(pair)} pixels, got {side}."
                )
            sides.append(None if side is None else side + sum(pair))
        return (shape[0], *sides, shape[3])

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {"padding": self.padding}


def _is_pair(value: Any) -> bool:
    return isinstance(value, Sequence) and len(value) == 2

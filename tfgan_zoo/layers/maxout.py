"""Maxout: a dense layer whose activation is the largest of several linear pieces."""

from typing import Any

import keras
from keras import ops

from tfgan_zoo.errors import InputError


@keras.saving.register_keras_serializable("tfgan_zoo")
class Maxout(keras.layers.Layer):
    """Dense layer with maxout activation (Goodfellow et al. 2013, https://arxiv.org/abs/1302.4389).

    `output[..., u] = max_p(input @ kernel[:, u * pieces + p] + bias[u * pieces + p])`: every unit
    is the largest of `pieces` linear functions of the input, a learned convex function.

    Args:
        units: Number of outputs, at least 1.
        pieces: Linear functions per output, at least 1 (1 is a dense layer without activation).
        use_bias: Whether each piece has a bias.
        kernel_initializer: Initial values of the kernel, of shape `[D, units * pieces]`.
        bias_initializer: Initial values of the bias, of shape `[units * pieces]`.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[..., D]`, floating.

    Output shape:
        `[..., units]`.

    Raises:
        InputError: If `units` or `pieces` is below 1.

    Example:
        >>> layer = Maxout(units=1, pieces=2, kernel_initializer="ones")
        >>> layer(np.array([[1.0, 2.0]], "float32")).numpy()
        array([[3.]], dtype=float32)
    """

    def __init__(
        self,
        units: int,
        pieces: int,
        *,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if units < 1 or pieces < 1:
            raise InputError(
                f"Maxout: expected units >= 1 and pieces >= 1, got units={units}, pieces={pieces}."
            )
        self.units = units
        self.pieces = pieces
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the kernel and the bias.

        Args:
            input_shape: Shape of the input; the last dimension must be known.
        """
        outputs = self.units * self.pieces
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], outputs),
            initializer=self.kernel_initializer,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(outputs,), initializer=self.bias_initializer
            )

    def call(self, inputs: Any) -> Any:
        """Returns the largest piece of every unit.

        Args:
            inputs: Tensor of shape `[..., D]`.
        """
        x = ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            x = x + self.bias
        x = ops.reshape(x, (*ops.shape(x)[:-1], self.units, self.pieces))
        return ops.max(x, axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns `[..., units]`.

        Args:
            input_shape: Shape of the input.
        """
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {
            "units": self.units,
            "pieces": self.pieces,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

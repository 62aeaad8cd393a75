"""Recurrent layers that Keras lacks."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("tfgan_zoo")
class UngatedStartGRU(keras.layers.GRU):
    """A GRU whose first state is computed without gates, as in Reed et al.'s code.

        h_1 = tanh(W x_1 + b),
        u = sigmoid(W_u x_t + U_u h_t-1 + b_u),  r = sigmoid(W_r x_t + U_r h_t-1 + b_r),
        h_t = (1 - u) tanh(W x_t + U (r h_t-1) + b) + u h_t-1.

    `keras.layers.GRU` starts from h_0 = 0, so its h_1 is (1 - u) tanh(W x_1 + b). Its default,
    `reset_after=True`, also changes the recurrence: r multiplies (U h_t-1 + c).

    The authors' code (https://github.com/reedscot/icml2016, modules/FixedGRU.lua) exchanges
    the roles of u and 1 - u, which only changes a sign, and has two biases where this layer has
    their sum, b. Its first step uses one of the two.

    Args:
        units: Width of the state.
        **kwargs: Arguments of `keras.layers.GRU`. `reset_after` is False; masks, states and
            reversed order are not supported.

    Input shape:
        `[B, T, C]` with at least one step.

    Output shape:
        `[B, T, units]` with `return_sequences=True`, else `[B, units]`.

    Example:
        >>> UngatedStartGRU(3)(np.zeros((2, 4, 5))).shape
        TensorShape([2, 3])
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(units, **{**kwargs, "reset_after": False, "use_cudnn": False})

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """Runs the first step without gates and the others as Keras does.

        Args:
            sequences: Inputs, `[B, T, C]`.
            initial_state: Unused.
            mask: Passed on to Keras.
            training: Passed on to Keras.
        """
        cell = self.cell
        kernel = ops.cast(cell.kernel, self.compute_dtype)[:, 2 * self.units :]
        bias = ops.cast(cell.bias, self.compute_dtype)[2 * self.units :]
        first = ops.tanh(ops.matmul(sequences[:, 0], kernel) + bias)
        if sequences.shape[1] == 1:
            return first, first[:, None], [first]
        last, outputs, states = super().inner_loop(sequences[:, 1:], [first], mask, training)
        if self.return_sequences:
            outputs = ops.concatenate([first[:, None], outputs], axis=1)
        return last, outputs, states

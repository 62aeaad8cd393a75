"""Spectral normalisation: a layer's kernel divided by its largest singular value."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.maxout import Maxout

#: Steps of the power iteration that u and v start with, as in PyTorch.
_FIRST_STEPS = 15
_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
_SUPPORTED = (
    keras.layers.Dense,
    keras.layers.Embedding,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    Maxout,
    *_TRANSPOSED,
)


@keras.saving.register_keras_serializable("tfgan_zoo")
class SpectralNormalization(keras.layers.Wrapper):
    """Divides a layer's kernel by its spectral norm (Miyato et al. 2018, arXiv 1802.05957).

    The wrapped layer computes with W / sigma(W), where sigma(W) is the largest singular value of
    its kernel as a matrix `[-1, outputs]`. It is estimated from a pair of vectors as

        sigma = v^T W u,

    and gradients go through it: they are orthogonal to W. `advance` moves the vectors by one step
    of the power iteration, v = W u / |W u| and u = W^T v / |W^T v|. Nothing else changes them: two
    calls between advances use the same kernel, in training and at inference, and a call changes
    nothing. The models of this library advance the networks of a role once before each of its
    updates. In a training loop of your own, call `advance` once before each update.

    This differs from `keras.layers.SpectralNormalization`, which assigns W / sigma to the kernel in
    every call with `training=True` and computes no gradient through sigma.

    Variables, sigma and the division are float32 whatever the layer's dtype.

    Args:
        layer: A Dense, Embedding, Maxout, Conv1D to Conv3D or Conv1DTranspose to Conv3DTranspose
            layer. An embedding is normalised as the matrix `[num_embeddings, dim]`, a transposed
            kernel with its outputs last.
        name: Name of this layer; the wrapped layer's if it is left out.
        **kwargs: `trainable`, as for `keras.layers.Layer`. The wrapped layer has the dtype.

    Input shape:
        As for the wrapped layer.

    Output shape:
        As for the wrapped layer.

    Raises:
        InputError: If the layer has no kernel that this class knows, or an `activity_regularizer`;
            or, when it is built, if its kernel starts at zero.

    Example:
        >>> layer = SpectralNormalization(keras.layers.Dense(2, use_bias=False))
        >>> layer.build((None, 2))
        >>> layer.layer.kernel.assign([[3.0, 0.0], [0.0, 4.0]])
        >>> for _ in range(50):
        ...     layer.advance()
        >>> np.round(layer(np.ones((1, 2), "float32")), 3).tolist()
        [[0.75, 1.0]]
    """

    def __init__(self, layer: keras.layers.Layer, *, name: str | None = None, **kwargs: Any):
        kernel = type(layer).__name__
        if not isinstance(layer, _SUPPORTED):
            raise InputError(
                "layer: expected Dense, Embedding, Maxout, Conv1D to Conv3D or their transposed "
                f"layers, got {kernel}."
            )
        if layer.activity_regularizer is not None:
            raise InputError(
                f"layer: expected no activity_regularizer, got one in {layer.name!r}; add that "
                "term to the model's loss."
            )
        kwargs.pop("dtype", None)
        super().__init__(layer, name=name or layer.name, dtype="float32", **kwargs)
        # Neither the inputs, which the wrapped layer casts, nor its kernel before the division.
        self.autocast = False

    @property
    def kernel(self) -> keras.Variable:
        """The wrapped layer's kernel, before it is normalised."""
        layer = self.layer
        return layer.embeddings if isinstance(layer, keras.layers.Embedding) else layer.kernel

    def build(self, input_shape: Any = None) -> None:
        """Builds the wrapped layer, and finds the vectors of its initial kernel.

        Args:
            input_shape: Shape of the input.
        """
        super().build(input_shape)
        shape = list(self.kernel.shape)
        outputs = shape.pop(-2 if isinstance(self.layer, _TRANSPOSED) else -1)
        inputs = math.prod(shape)
        # Every replica computes the same values; the first replica's are taken.
        options = {
            "dtype": "float32",
            "trainable": False,
            "autocast": False,
            "aggregation": "only_first_replica",
        }
        first_u, first_v = self._first_u, self._first_v
        self.u = self.add_weight(name="u", shape=(outputs,), initializer=first_u, **options)
        self.v = self.add_weight(name="v", shape=(inputs,), initializer=first_v, **options)

    def _first_u(self, shape: Any, dtype: Any = None) -> np.ndarray:
        del dtype
        # In NumPy, which starts a hundred small operations sooner than TensorFlow.
        with tf.init_scope():
            matrix = self._matrix().numpy()
            u = keras.initializers.RandomNormal(stddev=1.0)(shape).numpy()
        if not matrix.any():
            raise InputError(
                f"Layer {self.name!r}: expected a kernel that does not start at zero, which has no "
                "direction to normalise; give the layer another initializer."
            )
        for _ in range(_FIRST_STEPS):
            v = matrix @ u
            u = matrix.T @ (v / np.linalg.norm(v))
            u /= np.linalg.norm(u)
        return u

    def _first_v(self, shape: Any, dtype: Any = None) -> tf.Tensor:
        del shape, dtype
        v = self._projected()
        return _unit(v, v)

    def _matrix(self) -> tf.Tensor:
        """Returns the kernel as a float32 matrix `[inputs, outputs]`."""
        kernel = tf.cast(self.kernel.value, tf.float32)
        if isinstance(self.layer, _TRANSPOSED):
            kernel = tf.linalg.matrix_transpose(kernel)
        return tf.reshape(kernel, [-1, kernel.shape[-1]])

    def advance(self) -> None:
        """Moves the vectors by one step of the power iteration with the present kernel."""
        matrix = self._matrix()
        old_u, old_v = (tf.convert_to_tensor(x.value) for x in (self.u, self.v))
        v = _unit(_times(matrix, old_u), old_v)
        self.u.assign(_unit(_transposed_times(matrix, v), old_u))
        self.v.assign(v)

    def spectral_norm(self) -> tf.Tensor:
        """Returns sigma, the estimate of the kernel's largest singular value."""
        return tf.tensordot(tf.convert_to_tensor(self.v.value), self._projected(), 1)

    def _projected(self) -> tf.Tensor:
        return _times(self._matrix(), tf.convert_to_tensor(self.u.value))

    def normalized_kernel(self) -> tf.Tensor:
        """Returns W / sigma, the kernel that the layer computes with, in float32."""
        return tf.cast(self.kernel.value, tf.float32) / self.spectral_norm()

    def call(self, inputs: Any) -> Any:
        """Calls the layer with its normalised kernel.

        Args:
            inputs: Inputs of the layer.
        """
        kernel = self.kernel
        others = [(v, v.value) for v in self.layer.variables if v is not kernel]
        # Within another such scope, as where features are computed again, the layer's other
        # variables have values of that scope.
        with keras.StatelessScope([(kernel, self.normalized_kernel()), *others]):
            return self.layer(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the wrapped layer's output shape.

        Args:
            input_shape: Shape of the input.
        """
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Returns the shape and dtype of the wrapped layer's output.

        Args:
            inputs: Symbolic inputs.
        """
        return self.layer.compute_output_spec(inputs)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        config = super().get_config()
        del config["dtype"]
        return config


def _times(matrix: tf.Tensor, vector: tf.Tensor) -> tf.Tensor:
    return tf.linalg.matvec(matrix, vector)


def _transposed_times(matrix: tf.Tensor, vector: tf.Tensor) -> tf.Tensor:
    return tf.linalg.matvec(matrix, vector, transpose_a=True)


def _unit(vector: tf.Tensor, otherwise: tf.Tensor) -> tf.Tensor:
    """Returns a vector of length 1; `otherwise` if its length is zero."""
    length = tf.sqrt(tf.reduce_sum(tf.square(vector)))
    known = length > 0
    return tf.where(known, vector / tf.where(known, length, 1.0), otherwise)

"""Embeddings of classes, whose gradients are as fast as those of dense layers."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfgan_zoo")
class ClassEmbedding(keras.layers.Embedding):
    """A row of a table for each class: `keras.layers.Embedding` with a dense gradient.

    The gradient of `keras.layers.Embedding` is sparse. Keras then updates all of a role's weights
    by small operations, which takes longer than the rest of a small network's step, and a GPU sums
    the rows of a class in any order. Here the gradient is a matrix product.

    Args:
        input_dim: Number of classes.
        output_dim: Length of a row.
        **kwargs: See `keras.layers.Embedding`.

    Example:
        >>> layer = ClassEmbedding(3, 2, embeddings_initializer="ones")
        >>> layer(np.array([0, 2])).shape
        TensorShape([2, 2])
    """

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """Returns the rows of classes, `[..., output_dim]`.

        Args:
            inputs: Class numbers, integers of any shape.
            training: Whether gradients are wanted.
        """
        table = tf.cast(tf.convert_to_tensor(self.embeddings), self.compute_dtype)
        numbers = tf.cast(inputs, tf.int32)
        return _rows(table, numbers) if training else tf.gather(table, numbers)

    def compute_output_spec(self, inputs: Any, training: bool = False) -> keras.KerasTensor:
        """Returns the shape and type of what `call` returns."""
        return super().compute_output_spec(inputs)


@tf.custom_gradient
def _rows(table: tf.Tensor, numbers: tf.Tensor):
    def gradient(upstream: tf.Tensor):
        classes, width = table.shape
        which = tf.one_hot(tf.reshape(numbers, [-1]), classes, dtype=upstream.dtype)
        return tf.matmul(which, tf.reshape(upstream, [-1, width]), transpose_a=True), None

    return tf.gather(table, numbers), gradient

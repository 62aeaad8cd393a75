"""Batch normalisation whose scale and offset follow from a condition."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.class_embedding import ClassEmbedding
from tfgan_zoo.layers.normalization import BatchNormalization
from tfgan_zoo.layers.spectral_normalization import SpectralNormalization


@keras.saving.register_keras_serializable("tfgan_zoo")
class ConditionalBatchNormalization(keras.layers.Layer):
    """Batch normalisation with a scale and an offset of each sample's own.

    Features are normalised without scale and offset; then, for a sample with condition c,

        y = (1 + A c) x + B c.

    With `num_classes`, c is the number of a class, and A and B are tables with a row for each class
    (Dumoulin et al. 2016, https://arxiv.org/abs/1610.07629; Miyato and Koyama 2018,
    https://arxiv.org/abs/1802.05637). Without it, c is a vector, and A and B are matrices without
    bias (Brock et al. 2018, https://arxiv.org/abs/1809.11096).

    Args:
        num_classes: Number of classes; None for conditions that are vectors.
        momentum: As for `BatchNormalization`.
        epsilon: As for `BatchNormalization`.
        synchronized: As for `BatchNormalization`.
        spectral_normalization: Whether A and B are spectrally normalised matrices, as in BigGAN.
        initializer: Initial values of A and B; None for zeros in tables, with which all classes
            start alike, and for Glorot's uniform ones in matrices.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        Features `[B, ..., C]`, and the condition: ints `[B]`, or floats `[B, D]`. Once it is built
        for classes, the layer also takes mixtures of them: weights, floats `[B, num_classes]`.

    Output shape:
        Same shape as the features.

    Raises:
        InputError: If `num_classes` is invalid, or tables should be spectrally normalised; or, when
            it is built, if the inputs have other shapes.

    Example:
        >>> layer = ConditionalBatchNormalization(num_classes=2, epsilon=0.0)
        >>> x = np.array([1.0, 3.0], "float32").reshape(2, 1, 1, 1)
        >>> layer([x, np.array([0, 1])], training=True).numpy().ravel().tolist()
        [-1.0, 1.0]
    """

    def __init__(
        self,
        num_classes: int | None = None,
        *,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        synchronized: bool = False,
        spectral_normalization: bool = False,
        initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if num_classes is not None and (
            isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 1
        ):
            raise InputError(
                f"num_classes: expected an integer of at least 1, or None, got {num_classes!r}."
            )
        if num_classes is not None and spectral_normalization:
            raise InputError(
                "spectral_normalization: expected False with num_classes, whose tables hold scales "
                "and offsets themselves, got True; leave num_classes out and give vectors, such as "
                "an embedding of the class."
            )
        self.num_classes = num_classes
        self.momentum = momentum
        self.epsilon = epsilon
        self.synchronized = synchronized
        self.spectral_normalization = spectral_normalization
        if initializer is None:
            initializer = "glorot_uniform" if num_classes is None else "zeros"
        self.initializer = keras.initializers.get(initializer)
        self.normalization = BatchNormalization(
            momentum=momentum,
            epsilon=epsilon,
            scale=False,
            center=False,
            synchronized=synchronized,
            dtype=self.dtype_policy,
            name="normalization",
        )

    def build(self, input_shape: Any) -> None:
        """Builds the normalisation, A and B.

        Args:
            input_shape: Shapes of the features and of the condition.
        """
        features, condition = self._shapes(input_shape)
        self.normalization.build(features)
        self.gain, self.bias = (self._map(name, features[-1]) for name in ("gain", "bias"))
        for layer in (self.gain, self.bias):
            layer.build(condition)

    def _map(self, name: str, channels: int) -> keras.layers.Layer:
        options = {"dtype": self.dtype_policy, "name": name}
        initializer = self.initializer.clone()  # One instance repeats its numbers.
        if self.num_classes is not None:
            return ClassEmbedding(
                self.num_classes, channels, embeddings_initializer=initializer, **options
            )
        layer = keras.layers.Dense(
            channels, use_bias=False, kernel_initializer=initializer, **options
        )
        return SpectralNormalization(layer) if self.spectral_normalization else layer

    def _shapes(self, input_shape: Any) -> tuple[tuple, tuple]:
        rank = 2 if self.num_classes is None else 1
        shapes = [tuple(shape) for shape in input_shape if isinstance(shape, (list, tuple))]
        if len(shapes) != 2 or len(shapes[0]) < 2 or len(shapes[1]) != rank:
            condition = "a condition [B, D]" if self.num_classes is None else "classes [B]"
            raise InputError(
                f"Layer {self.name!r}: expected features [B, ..., C] and {condition}, got shapes "
                f"{input_shape}."
            )
        return shapes[0], shapes[1]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Normalises features.

        Args:
            inputs: Features and the condition.
            training: Whether to use the batch's statistics and update the moving ones.
        """
        x, condition = inputs
        x = self.normalization(x, training=training)
        shape = [-1, *(1 for _ in x.shape[1:-1]), x.shape[-1]]
        gain, bias = (
            tf.reshape(tf.cast(self._told(layer, condition), x.dtype), shape)
            for layer in (self.gain, self.bias)
        )
        return x * (1 + gain) + bias

    def _told(self, layer: Any, condition: Any) -> Any:
        if self.num_classes is None or not tf.as_dtype(condition.dtype).is_floating:
            return layer(condition)
        return tf.matmul(tf.cast(condition, tf.float32), tf.cast(layer.embeddings, tf.float32))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the features' shape.

        Args:
            input_shape: Shapes of the features and of the condition.
        """
        return self._shapes(input_shape)[0]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {
            "num_classes": self.num_classes,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "synchronized": self.synchronized,
            "spectral_normalization": self.spectral_normalization,
            "initializer": keras.initializers.serialize(self.initializer),
        }

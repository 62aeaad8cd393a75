"""Features computed by any Keras model."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo.data.images import with_channels
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.features.base import NetworkFeatures
from tfgan_zoo.metrics.features.resize import RESIZERS
from tfgan_zoo.pixels import to_unit_range


class ModelFeatures(NetworkFeatures):
    """Features, and logits if there are any, computed by a Keras model.

    Images are resized to the model's size. Their channels are repeated, or converted to grey by
    Rec. 601 luma, to match the model's.

    Args:
        model: Keras model from images to features, or to (features, logits). Features of shape
            [B, H, W, C] are averaged over positions.
        name: Name that appears in scores: `fid[NAME]`.
        preprocess: Function from float32 in 0 to 255 to the model's input, such as
            `keras.applications.resnet50.preprocess_input`. It must be deterministic. The default
            scales to [-1, 1].
        resizer: Key of `RESIZERS`.
        batch_size: Images per batch.
        class_names: Name of the class that each logit stands for, for `class_accuracy`.

    Attributes:
        name: Name of the features.
        dim: Length of a feature vector.
        classes: Number of logits; 0 if the model has none.
        resizer: Key of `RESIZERS`.
        fingerprint: Hash of everything the features depend on: name, resizer, classes and weights
            of the model, and what `preprocess` and the model return for a fixed image. A model
            that is built again has the same one. Up to version 0.2 it was a hash of the model's
            config instead; statistics stored under such a fingerprint are computed again.

    Raises:
        InputError: If the model does not map images to vectors, or the resizer is unknown.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])
        >>> features, logits = ModelFeatures(model, "pixels")(np.zeros((2, 16, 16, 1), np.uint8))
        >>> features.shape, logits
        ((2, 192), None)
    """

    def __init__(
        self,
        model: Any,
        name: str,
        *,
        preprocess: Callable[[np.ndarray], Any] = to_unit_range,
        resizer: str = "antialiased",
        batch_size: int = 256,
        class_names: Sequence[str] = (),
    ):
        if resizer not in RESIZERS:
            raise InputError(f"resizer: expected {' or '.join(RESIZERS)}, got {resizer!r}.")
        shape, outputs = model.input_shape, model.output_shape
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        outputs = [outputs] if isinstance(outputs[-1], int) else list(outputs)
        if (
            not isinstance(shape, tuple)
            or len(shape) != 4
            or shape[-1] not in (1, 3)
            or len(outputs) > 2
            or len(outputs[0]) not in (2, 4)
        ):
            raise InputError(
                "model: expected one from images to (num, dim), or to that and logits, got one "
                f"from {shape} to {model.output_shape}."
            )
        self.name = name
        self.dim = int(outputs[0][-1])
        self.classes = int(outputs[1][-1]) if len(outputs) == 2 else 0
        self.resizer = resizer
        self.image_shape = shape[1:]
        self.batch_size = batch_size
        self.class_names = tuple(class_names)
        if self.class_names and len(self.class_names) != self.classes:
            raise InputError(
                f"class_names: expected {self.classes}, one for each logit, got "
                f"{len(self.class_names)}."
            )
        self._model = model
        self._preprocess = preprocess
        self.fingerprint = self._hash()

    def _hash(self) -> str:
        kinds = " ".join(
            f"{k.__module__}.{k.__qualname__}" for k in (type(self), type(self._model))
        )
        digest = hashlib.sha256(f"{self.name} {self.resizer} {kinds}".encode())
        height, width, channels = (side or _OPEN_SIDE for side in self.image_shape)
        # All values in all channels, so that a change of channel order shows.
        ramp = np.resize(
            np.arange(256, dtype=np.float32), (-(-256 // (height * width)), height, width, channels)
        )
        prepared = np.asarray(self._preprocess(ramp), np.float32)
        digest.update(prepared.tobytes())
        for array in self._model.get_weights():
            digest.update(np.ascontiguousarray(array).tobytes())
        with tf.device("CPU"):  # GPUs may compute in TF32
            outputs = self._network(prepared)
        digest.update(" ".join(summary(np.asarray(x)) for x in outputs if x is not None).encode())
        return digest.hexdigest()[:16]

    def _input_shape(self) -> tuple[int | None, ...]:
        return self.image_shape

    def _prepared(self, images: np.ndarray) -> Any:
        return self._preprocess(self.fitted(images))

    def _network(self, batch: Any) -> tuple[Any, Any]:
        outputs = self._model(batch, training=False)
        features, *logits = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        if len(features.shape) == 4:
            features = tf.reduce_mean(tf.cast(features, tf.float32), axis=(1, 2))
        return features, logits[0] if logits else None

    def fitted(self, images: np.ndarray) -> np.ndarray:
        """Resizes images to the model's size and converts their channels.

        Args:
            images: uint8 or float32 in 0 to 255, shape [B, H, W, 1 or 3].

        Returns:
            float32 in about 0 to 255; antialiasing may overshoot a little.
        """
        height, width, channels = self.image_shape
        images = with_channels(images, channels)
        size = (height or images.shape[1], width or images.shape[2])
        if images.shape[1:3] == size:
            return images.astype(np.float32)
        return RESIZERS[self.resizer](images, size)


#: Side in pixels of the image that a model of any image size is fingerprinted with.
_OPEN_SIDE = 128


def summary(outputs: np.ndarray) -> str:
    """Summarises a network's outputs coarsely enough to be the same on every machine.

    Args:
        outputs: Array of any shape. Its last axis counts the features.

    Returns:
        Mean, root mean square and index-weighted mean of the absolute values, three digits each.
        Sums of positive numbers do not cancel, so the digits do not depend on rounding errors.

    Example:
        >>> summary(np.array([[3.0, -4.0]]))
        '3.50e+00 3.54e+00 5.50e+00'
    """
    size = np.abs(outputs.astype(np.float64))
    index = np.arange(1, size.shape[-1] + 1)
    numbers = size.mean(), np.sqrt((size**2).mean()), (size * index).mean()
    return " ".join(f"{number:.2e}" for number in numbers)

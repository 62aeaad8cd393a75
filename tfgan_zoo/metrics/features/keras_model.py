"""Features of any Keras model."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo.data.images import with_channels
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.features.base import NetworkFeatures
from tfgan_zoo.metrics.features.resize import RESIZERS
from tfgan_zoo.pixels import to_unit_range


class ModelFeatures(NetworkFeatures):
    """Features, and logits if it has any, of a Keras model.

    Images of another size than the model's are resized, and have their channels repeated or turned
    grey (Rec. 601 luma) where it takes another number.

    Args:
        model: from images to features, or to (features, logits). Features of shape (num, height,
            width, channels) are averaged over places.
        name: what scores are named after: `fid[NAME]`.
        preprocess: from float32 in 0..255 to what the model takes, such as
            `keras.applications.resnet50.preprocess_input`; by default to [-1, 1]. The same images
            must always give the same.
        resizer: a key of `RESIZERS`.
        batch_size: images at a time.

    Attributes:
        name: as given.
        dim: length of a feature vector.
        classes: how many logits; 0 if it has none.
        resizer: as given.
        fingerprint: a hash of all that features follow from: name, resizer, the model's weights and
            config (of a subclass without `get_config`, its class' name), and what `preprocess`
            makes of a few images. A model that is made again has the same one.

    Raises:
        InputError: if the model does not go from images to vectors, or there is no such resizer.

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
        self._model = model
        self._preprocess = preprocess
        self.fingerprint = self._hash()

    def _hash(self) -> str:
        kinds = " ".join(
            f"{k.__module__}.{k.__qualname__}" for k in (type(self), type(self._model))
        )
        digest = hashlib.sha256(f"{self.name} {self.resizer} {kinds}".encode())
        digest.update(described(self._model).encode())
        height, width, channels = (side or 16 for side in self.image_shape)
        # All values in all channels, which are told apart.
        ramp = np.resize(
            np.arange(256, dtype=np.float32), (-(-256 // (height * width)), height, width, channels)
        )
        digest.update(np.asarray(self._preprocess(ramp), np.float32).tobytes())
        for array in self._model.get_weights():
            digest.update(np.ascontiguousarray(array).tobytes())
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
        """Brings images to the model's size and channels.

        Args:
            images: uint8 or float32 in 0..255, shape (num, height, width, 1 or 3).

        Returns:
            float32, about in 0..255: antialiasing may overshoot by a little.
        """
        height, width, channels = self.image_shape
        images = with_channels(images, channels)
        size = (height or images.shape[1], width or images.shape[2])
        if images.shape[1:3] == size:
            return images.astype(np.float32)
        return RESIZERS[self.resizer](images, size)


def described(model: Any) -> str:
    """Returns a model's config as JSON, with the names that Keras gave itself numbered anew.

    These count on within a process, `dense`, `dense_1`, so that no two models would be alike.

    Args:
        model: a Keras model; of one without `get_config` nothing is known.

    Example:
        >>> make = lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> described(make()) == described(make())
        True
    """
    try:
        config = {"class_name": type(model).__name__, "config": model.get_config()}
    except NotImplementedError:
        return ""
    names: dict[str, str] = {}
    _number(config, names)
    return json.dumps(_renamed(config, names), default=_plain)


def _number(value: Any, names: dict[str, str]) -> None:
    """Numbers the names like those that Keras makes of a class' name, in their order."""
    if isinstance(value, dict):
        config = value.get("config")
        name = config.get("name") if isinstance(config, dict) else None
        if isinstance(name, str):
            of_class = re.sub(r"_\d+$", "", name).replace("_", "")
            if of_class == str(value.get("class_name")).replace("_", "").lower():
                names.setdefault(name, f"#{len(names)}")
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            _number(each, names)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(each, names) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_renamed(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    """Of what JSON has no word for; arrays in full, for their `repr` leaves numbers out."""
    return value.tolist() if hasattr(value, "tolist") else repr(value)

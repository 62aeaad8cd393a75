"""What everything that turns images into features shares."""

import abc
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tfgan_zoo import progress
from tfgan_zoo.errors import InputError, looks_like_bytes
from tfgan_zoo.metrics.base import FeatureExtractor
from tfgan_zoo.pixels import to_byte_range, to_uint8


class Features(FeatureExtractor, Protocol):
    """An extractor of features that says all that a score in them depends on.

    It is called with images, shape (num, height, width, 1 or 3), uint8 or floats in [-1, 1], which
    are rounded to uint8 first, as when they are saved. It returns NumPy arrays, float32, and raises
    `InputError` where it cannot be given such images. Those that come with the library have
    `of_floats` too, which computes the same without rounding, for images that differ by less.

    Attributes:
        resizer: how images come to the network's size, in a word.
        fingerprint: another one for another network, other weights, or images prepared in another
            way: what stored statistics are known by.
    """

    resizer: str
    fingerprint: str


def as_bytes(images: Any) -> np.ndarray:
    """Checks images, and returns them as uint8, shape (num, height, width, 1 or 3).

    What is a little outside of [-1, 1], as the outputs of a generator without tanh may be, is
    clipped.

    Raises:
        InputError: if they have another shape or type, or numbers that no such images have; see
            `check_floats`.

    Example:
        >>> as_bytes(np.full((1, 1, 1, 1), -1.0)).ravel()
        array([0], dtype=uint8)
    """
    images = _checked(images)
    return images if images.dtype == np.uint8 else to_uint8(images)


def as_byte_range(images: Any) -> np.ndarray:
    """Checks images like `as_bytes`, and returns float32 in 0 to 255 without rounding.

    Example:
        >>> as_byte_range(np.full((1, 1, 1, 1), -0.9)).ravel().round(2)
        array([12.75], dtype=float32)
    """
    images = _checked(images)
    return images.astype(np.float32) if images.dtype == np.uint8 else to_byte_range(images)


def _checked(images: Any) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise InputError(
            f"images: expected shape (num, height, width, 1 or 3), got {images.shape}."
        )
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise InputError(f"images: expected uint8 or floats in [-1, 1], got {images.dtype}.")
    check_floats(images)
    return images


def check_floats(images: np.ndarray) -> None:
    """Checks that floats can be those of images, in [-1, 1]; whatever else there is it lets pass.

    Args:
        images: of any shape.

    Raises:
        InputError: if some are NaN or infinite, or all of them look like 0 to 255.

    Example:
        >>> check_floats(np.array([-1.2, 1.2]))  # of a generator without tanh
    """
    if images.dtype.kind != "f" or not images.size:
        return
    bad = np.count_nonzero(~np.isfinite(images))
    if bad:
        raise InputError(f"images: expected finite numbers, got {bad:,} that are not.")
    low, high = images.min(), images.max()
    if looks_like_bytes(low, high):
        raise InputError(
            f"images: expected floats in [-1, 1], got {low:g} to {high:g}; give those in 0 to 255 "
            "as uint8."
        )


def are_finite(images: np.ndarray) -> np.ndarray:
    """Returns which images have no NaN and no infinity: booleans, shape (num,)."""
    return np.isfinite(images).all(axis=tuple(range(1, images.ndim)))


def _one_like(images: np.ndarray) -> np.ndarray:
    return np.zeros((1, *images.shape[1:]), images.dtype)


class NetworkFeatures(abc.ABC):
    """Features of images that are prepared with NumPy and shown to a network, batch by batch.

    Within a graph the network is part of the graph; only the preparation is called from it. (If all
    were, a network that is a graph itself could wait for ever for the thread that waits for it.)

    A subclass gives `_prepared`, `_network`, and the attributes of `Features`.
    """

    dim: int
    classes: int
    batch_size: int

    def __call__(self, images: Any) -> tuple[Any, Any]:
        """Computes features; see `Features`."""
        return self._computed(images, as_bytes)

    def of_floats(self, images: Any) -> tuple[Any, Any]:
        """Computes features of floats in [-1, 1] without rounding them; or of uint8."""
        return self._computed(images, as_byte_range)

    def _computed(self, images: Any, checked: Callable[[Any], np.ndarray]) -> tuple[Any, Any]:
        if tf.is_symbolic_tensor(images):
            return self._in_graph(images, checked)
        given = checked(images)
        num = len(given)
        features = np.empty((num, self.dim), np.float32)
        logits = np.empty((num, self.classes), np.float32)
        starts = range(0, num, self.batch_size)
        for start in progress.bar(
            starts, "features", num, "images", size=lambda start: min(self.batch_size, num - start)
        ):
            part = slice(start, start + self.batch_size)
            features[part], found = self._network(self._prepared(given[part]))
            if found is not None:
                logits[part] = found
        return features, logits if self.classes else None

    def _in_graph(
        self, images: tf.Tensor, checked: Callable[[Any], np.ndarray]
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        def prepared(images: np.ndarray) -> np.ndarray:
            given = checked(images)
            # TensorFlow's fused convolution fails of no images: it is shown one, for nothing.
            return np.asarray(self._prepared(given if len(given) else _one_like(given)), np.float32)

        batch = tf.numpy_function(prepared, [images], tf.float32)
        outputs = self._network(tf.ensure_shape(batch, [None, *self._input_shape()]))
        num = tf.shape(images)[0]
        features, logits = (None if each is None else each[:num] for each in outputs)
        return features, logits

    @abc.abstractmethod
    def _input_shape(self) -> tuple[int | None, ...]:
        """Of what the network is shown, without the batch."""

    @abc.abstractmethod
    def _prepared(self, images: np.ndarray) -> Any:
        """From uint8 or float32 in 0..255, (num, height, width, 1 or 3), to the network's."""

    @abc.abstractmethod
    def _network(self, batch: Any) -> tuple[Any, Any]:
        """Returns features (num, dim) and logits (num, classes) or None."""

"""Interface and base class of the features that come with the library."""

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
    """A feature extractor that identifies everything a score depends on.

    It is called with images of shape `[B, H, W, 1 or 3]`, uint8 or floats in [-1, 1], which are
    rounded to uint8 first, as when they are saved. It returns float32 NumPy arrays, and raises
    `InputError` for images that it cannot process. Those that come with the library also have
    `of_floats`, which does not round, to compare images that differ by less.

    Attributes:
        resizer: Name of the method that resizes images to the network's size.
        fingerprint: Hash that differs for other networks, other weights and other preparation of
            images. Stored statistics are identified by it.
    """

    resizer: str
    fingerprint: str


def as_bytes(images: Any) -> np.ndarray:
    """Checks images, and returns them as uint8 of shape `[B, H, W, 1 or 3]`.

    Voxels [B, D, H, W, C] are accepted, too, for scores that need no features. Values slightly
    outside [-1, 1], as from a generator without tanh, are clipped.

    Raises:
        InputError: If the shape, the type or the values are wrong; see `check_floats`.

    Example:
        >>> as_bytes(np.full((1, 1, 1, 1), -1.0)).ravel()
        array([0], dtype=uint8)
    """
    images = _checked(images, voxels=True)
    return images if images.dtype == np.uint8 else to_uint8(images)


def as_byte_range(images: Any) -> np.ndarray:
    """Checks images like `as_bytes`, and returns float32 in 0 to 255 without rounding.

    Example:
        >>> as_byte_range(np.full((1, 1, 1, 1), -0.9)).ravel().round(2)
        array([12.75], dtype=float32)
    """
    images = _checked(images)
    return images.astype(np.float32) if images.dtype == np.uint8 else to_byte_range(images)


def _checked(images: Any, voxels: bool = False) -> np.ndarray:
    images = np.asarray(images)
    fits = images.ndim == 4 and images.shape[-1] in (1, 3)
    if not (fits or (voxels and images.ndim == 5)):
        raise InputError(
            f"images: expected shape (num, height, width, 1 or 3), got {images.shape}."
        )
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise InputError(f"images: expected uint8 or floats in [-1, 1], got {images.dtype}.")
    check_floats(images)
    return images


def check_floats(images: np.ndarray) -> None:
    """Checks that floats can be pixels in [-1, 1]. Other types are not checked.

    Args:
        images: Array of any shape.

    Raises:
        InputError: If some values are NaN or infinite, or they look like 0 to 255.

    Example:
        >>> check_floats(np.array([-1.2, 1.2]))  # from a generator without tanh
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
    """Returns which images are finite: booleans of shape (B,)."""
    return np.isfinite(images).all(axis=tuple(range(1, images.ndim)))


def _one_like(images: np.ndarray) -> np.ndarray:
    return np.zeros((1, *images.shape[1:]), images.dtype)


class NetworkFeatures(abc.ABC):
    """Features from a network, for images prepared with NumPy, batch by batch.

    In a graph, only the preparation is a NumPy call; the network is part of the graph. (A network
    that is itself a graph could otherwise deadlock.)

    A subclass defines `_prepared`, `_network` and the attributes of `Features`.
    """

    dim: int
    classes: int
    batch_size: int
    _strategy: tf.distribute.Strategy | None = None
    _on_replicas: Callable[[Any], tuple[Any, Any]]

    def share(self, strategy: tf.distribute.Strategy) -> None:
        """Shares the images among the replicas of a strategy from now on, outside of graphs.

        The results are the same to rounding, as batches may be smaller.

        Args:
            strategy: The one in whose scope these features were made.
        """

        @tf.function(autograph=False, reduce_retracing=True)
        def on_replicas(batches: Any) -> tuple[Any, Any]:
            return strategy.run(self._network, (batches,))

        self._strategy, self._on_replicas = strategy, on_replicas

    def __call__(self, images: Any) -> tuple[Any, Any]:
        """Computes features; see `Features`."""
        return self._computed(images, as_bytes)

    def of_floats(self, images: Any) -> tuple[Any, Any]:
        """Computes features of uint8, or of floats in [-1, 1] without rounding them."""
        return self._computed(images, as_byte_range)

    def _computed(self, images: Any, checked: Callable[[Any], np.ndarray]) -> tuple[Any, Any]:
        if tf.is_symbolic_tensor(images):
            return self._in_graph(images, checked)
        given = checked(images)
        num = len(given)
        features = np.empty((num, self.dim), np.float32)
        logits = np.empty((num, self.classes), np.float32)
        size = self.batch_size
        if self._strategy is not None:
            size *= self._strategy.num_replicas_in_sync
        for start in progress.bar(
            range(0, num, size),
            "features",
            num,
            "images",
            size=lambda start: min(size, num - start),
        ):
            part = slice(start, start + size)
            features[part], found = self._outputs(self._prepared(given[part]))
            if found is not None:
                logits[part] = found
        return features, logits if self.classes else None

    def _outputs(self, batch: Any) -> tuple[Any, Any]:
        """Returns what `_network` returns, computed by all replicas if there are several."""
        strategy = self._strategy
        if strategy is None or len(batch) < strategy.num_replicas_in_sync:
            return self._network(batch)
        shares = np.array_split(np.asarray(batch, np.float32), strategy.num_replicas_in_sync)
        outputs = self._on_replicas(
            strategy.experimental_distribute_values_from_function(
                lambda context: tf.constant(shares[context.replica_id_in_sync_group])
            )
        )
        features, logits = (
            None if each is None else np.concatenate(strategy.experimental_local_results(each))
            for each in outputs
        )
        return features, logits

    def _in_graph(
        self, images: tf.Tensor, checked: Callable[[Any], np.ndarray]
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        def prepared(images: np.ndarray) -> np.ndarray:
            given = checked(images)
            # TensorFlow's fused convolution fails on an empty batch, so it gets one image.
            return np.asarray(self._prepared(given if len(given) else _one_like(given)), np.float32)

        batch = tf.numpy_function(prepared, [images], tf.float32)
        outputs = self._network(tf.ensure_shape(batch, [None, *self._input_shape()]))
        num = tf.shape(images)[0]
        features, logits = (None if each is None else each[:num] for each in outputs)
        return features, logits

    @abc.abstractmethod
    def _input_shape(self) -> tuple[int | None, ...]:
        """Returns the shape of the network's input, without the batch axis."""

    @abc.abstractmethod
    def _prepared(self, images: np.ndarray) -> Any:
        """Prepares uint8 or float32 in 0 to 255, `[B, H, W, 1 or 3]`, for the network."""

    @abc.abstractmethod
    def _network(self, batch: Any) -> tuple[Any, Any]:
        """Returns features of shape (B, dim), and logits of shape (B, classes) or None."""

"""Sliced Wasserstein distance of a stream of images or features."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import FeatureExtractor, SampledMetric
from tfgan_zoo.metrics.sliced_wasserstein import directions, projected_distance
from tfgan_zoo.pixels import to_unit_range


@keras.saving.register_keras_serializable("tfgan_zoo")
class SlicedWasserstein(SampledMetric):
    """`sliced_wasserstein` of a stream: of pixels, or of features.

    Samples are projected as they come, and only projections are kept, so that memory does not
    depend on the size of images. Of the two kinds as many are compared as there are of both, those
    of the larger number chosen at random.

    Args:
        features: an extractor; None to compare what is shown itself, flattened.
        dim: numbers in what is shown, such as height * width * channels; needed for
            `features=None` alone.
        projections: random directions.
        max_samples: how many of each kind are kept, 4 projections bytes each.
        seed: of the directions, which are those of `sliced_wasserstein`, and of what is kept and
            chosen.
        name: of the metric; None for `swd` of what is shown itself, and `swd[NAME]` of features.
        dtype: of the result.

    Example:
        >>> metric = SlicedWasserstein(dim=1)
        >>> metric.update_state(np.array([[6.0], [2.0]]), np.array([[0.0], [5.0]]))
        >>> float(metric.result())
        1.5
    """

    def __init__(
        self,
        features: FeatureExtractor | None = None,
        dim: int | None = None,
        projections: int = 256,
        max_samples: int = 10_000,
        seed: int = 0,
        name: str | None = None,
        dtype: Any = None,
    ):
        if projections < 1:
            raise InputError(f"projections: expected a number from 1 up, got {projections}.")
        self.projections = projections
        # Unlike others, this distance is published of pixels.
        name = name or (None if features else "swd")
        super().__init__("swd", features, dim, max_samples, seed, name, dtype)
        self._directions = directions(self.dim, projections, seed)

    def _row_size(self) -> int:
        return self.projections

    def _rows(self, images: Any, real: bool) -> tf.Tensor:
        if self.features is None:
            images = tf.convert_to_tensor(images)
            if images.dtype == tf.uint8:
                images = to_unit_range(images)
            images = tf.reshape(images, [tf.shape(images)[0], math.prod(images.shape[1:])])
        return tf.matmul(self._extract(images, real), self._directions)

    def _compute(self, real: np.ndarray, generated: np.ndarray) -> Sequence[float]:
        return [projected_distance(generated, real, self.seed)]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "projections": self.projections}

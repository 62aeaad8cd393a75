"""Keras metrics for the scores that NumPy computes without a network."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import FeatureExtractor, SampledMetric
from tfgan_zoo.metrics.features.base import are_finite, as_bytes
from tfgan_zoo.metrics.psnr import psnr
from tfgan_zoo.metrics.sliced_wasserstein import directions, projected_distance
from tfgan_zoo.metrics.ssim import ms_ssim, ssim, ssim_daala
from tfgan_zoo.pixels import to_unit_range


class _Streamed(keras.metrics.Mean):
    """The mean of a function `score(image, reference, border, channel)` over images."""

    _score: Any

    def __init__(
        self,
        border: int = 4,
        channel: str = "y",
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name or self._score.__name__, dtype=dtype)
        self.border = border
        self.channel = channel

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds images.

        Args:
            y_true: References, uint8 or floats in [-1, 1], shape [B, H, W, 1 or 3]. Floats are
                rounded to uint8 first, as when they are saved.
            y_pred: Images of the same shape, uint8 or floats. NaN or infinite pixels make the mean
                NaN, so that training ends by its own rules.
            sample_weight: Weight of each image; None for 1.

        Raises:
            InputError: If floats look like 0 to 255, or references are not finite.
        """

        def scores(references: np.ndarray, images: np.ndarray) -> np.ndarray:
            finite = are_finite(images)
            values = np.full(len(images), np.nan, np.float32)
            pairs = zip(as_bytes(images[finite]), as_bytes(references)[finite], strict=True)
            values[finite] = [type(self)._score(*p, self.border, self.channel) for p in pairs]
            return values

        values = tf.numpy_function(scores, [y_true, y_pred], tf.float32, stateful=False)
        super().update_state(tf.ensure_shape(values, [None]), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "border": self.border, "channel": self.channel}


@keras.saving.register_keras_serializable("tfgan_zoo")
class PSNR(_Streamed):
    """Mean of `metrics.psnr.psnr` over images: the mean of decibels, not of squared errors.

    A single image that equals its reference makes the mean `inf`.

    Args:
        border: Pixels to ignore at each edge.
        channel: "y" or "rgb".
        name: Name of the metric.
        dtype: Type of the mean. The scores themselves are computed in float64 by NumPy.

    Example:
        >>> metric = PSNR(border=0)
        >>> black = np.zeros((2, 16, 16, 1), np.uint8)
        >>> metric.update_state(black, black + 1)
        >>> round(float(metric.result()), 2)
        48.13
    """

    _score = staticmethod(psnr)


@keras.saving.register_keras_serializable("tfgan_zoo")
class SSIM(_Streamed):
    """Mean of `metrics.ssim.ssim` over images; arguments as for `PSNR`."""

    _score = staticmethod(ssim)


@keras.saving.register_keras_serializable("tfgan_zoo")
class SSIMDaala(_Streamed):
    """Mean of `metrics.ssim.ssim_daala` over images; arguments as for `PSNR`."""

    _score = staticmethod(ssim_daala)


@keras.saving.register_keras_serializable("tfgan_zoo")
class MSSSIM(_Streamed):
    """Mean of `metrics.ssim.ms_ssim` over images; arguments as for `PSNR`."""

    _score = staticmethod(ms_ssim)


@keras.saving.register_keras_serializable("tfgan_zoo")
class SlicedWasserstein(SampledMetric):
    """`metrics.sliced_wasserstein` of streams of pixels or of features.

    Keeps only projections of the samples, so memory does not depend on the size of images. If there
    are more samples of one kind, a random choice of them is compared.

    Args:
        features: The extractor; None to compare flattened images.
        dim: Size of a sample, such as height * width * channels; only needed for `features=None`.
        projections: Number of random directions.
        max_samples: Number of samples kept of each kind, `4 * projections` bytes each.
        seed: Seed of the directions, as for `sliced_wasserstein`, and of the samples kept.
        name: Name of the metric; None for `swd` of images, and `swd[NAME]` of features.
        dtype: Type of the result.

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
        # Unlike others, this distance is published for pixels.
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
        """Returns the constructor's arguments."""
        return {**super().get_config(), "projections": self.projections}

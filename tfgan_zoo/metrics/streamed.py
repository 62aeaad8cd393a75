"""Scores of images against references as Keras metrics: the mean over all that were shown."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.metrics.features.base import are_finite, as_bytes
from tfgan_zoo.metrics.psnr import psnr
from tfgan_zoo.metrics.ssim import ms_ssim, ssim, ssim_daala


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
            y_true: references, uint8 or floats in [-1, 1], shape (batch, height, width, 1 or 3);
                floats are rounded to uint8 first, as when they are saved.
            y_pred: images of the same shape, uint8 or floats. One with NaN or infinity has the
                score NaN, of which the mean is NaN, so that training ends by its own rules.
            sample_weight: of each image; None for 1.

        Raises:
            InputError: floats look like 0 to 255, or references are not finite.
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
        """The constructor's arguments."""
        return {**super().get_config(), "border": self.border, "channel": self.channel}


@keras.saving.register_keras_serializable("tfgan_zoo")
class PSNR(_Streamed):
    """Mean of `metrics.psnr.psnr` over images: of decibels, not of squared errors.

    One image that equals its reference makes it `inf`.

    Args:
        border: pixels left out at each edge.
        channel: "y" or "rgb".
        name: of the metric.
        dtype: of the mean; the scores themselves are calculated in float64, with NumPy.

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

"""MS-SSIM of pairs of samples, which shows whether a generator's images differ."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.metrics.features.base import are_finite, check_floats
from tfgan_zoo.metrics.ssim import ms_ssim
from tfgan_zoo.pixels import to_uint8


def scales_of(height: int, width: int) -> int:
    """Returns how many of MS-SSIM's five scales fit an image; the coarsest needs 11x11 pixels.

    Args:
        height: Height in pixels.
        width: Width in pixels.

    Raises:
        InputError: If no scale fits.

    Example:
        >>> [scales_of(side, side) for side in (28, 32, 64, 128, 256)]
        [2, 2, 3, 4, 5]
    """
    fitting = [scales for scales in range(1, 6) if min(height, width) > 10 * 2 ** (scales - 1)]
    if not fitting:
        raise InputError(f"images: expected 11x11 pixels or more, got {width}x{height}.")
    return fitting[-1]


def ms_ssim_diversity(
    images: np.ndarray,
    labels: np.ndarray | None = None,
    pairs: int = 1000,
    seed: int = 0,
) -> float:
    """Mean MS-SSIM of random pairs of samples (Odena et al. 2017, https://arxiv.org/abs/1610.09585).

    Lower means more different samples. It detects collapse to one or a few images, and nothing
    else: noise scores lowest. Compare it with the value of the data, which is not 0.

    Images with sides below 161 pixels have fewer than five scales, see `scales_of`. The remaining
    weights are then scaled to sum to 1, and values can be compared only for the same image size.

    Args:
        images: uint8 or floats in [-1, 1], shape [B, H, W, 1 or 3].
        labels: Integers of shape (B,), to form pairs within classes as Odena et al. do; None for
            pairs of any images.
        pairs: Number of pairs.
        seed: Seed of the pairs.

    Returns:
        The mean, from 0 to 1, over the three channels for RGB.

    Raises:
        InputError: If there are fewer than two images, they have fewer than 11x11 pixels, or floats
            are not finite or not in [-1, 1].

    Example:
        >>> images = np.random.default_rng(0).uniform(-1, 1, (20, 16, 16, 1))
        >>> ms_ssim_diversity(images, pairs=50) < 0.1 < 0.999 < ms_ssim_diversity(images[[3, 3]])
        True
    """
    images = np.asarray(images)
    if images.ndim != 4 or len(images) < 2:
        raise InputError(f"images: expected shape (2 or more, h, w, 1 or 3), got {images.shape}.")
    check_floats(images)
    random = np.random.default_rng(check_seed(seed, least=0))
    labels = np.zeros(len(images), int) if labels is None else np.asarray(labels)
    if labels.shape != images.shape[:1]:
        raise InputError(f"labels: expected the shape ({len(images)},), got {labels.shape}.")
    classes = [
        rows for value in np.unique(labels) if len(rows := np.flatnonzero(labels == value)) > 1
    ]
    if not classes:
        raise InputError("labels: expected a class with two images or more, got none.")
    chosen = [
        random.choice(classes[i], 2, False) for i in random.integers(len(classes), size=pairs)
    ]
    a, b = np.array(chosen).T
    return float(_similarities(images[a], images[b]).mean())


def _similarities(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    scales = scales_of(*a.shape[1:3])
    a, b = (x if x.dtype == np.uint8 else to_uint8(x) for x in (a, b))
    return np.array([ms_ssim(x, y, 0, "rgb", scales) for x, y in zip(a, b, strict=True)])


@keras.saving.register_keras_serializable("tfgan_zoo")
class MSSSIMDiversity(keras.metrics.Mean):
    """`ms_ssim_diversity` of a stream: the mean over pairs of samples within each batch.

    Compares the first half of a batch with the second. A generator's samples are independent, so
    these pairs are as random as any. The last image of an odd batch is ignored.

    Args:
        name: Name of the metric.
        dtype: Type of the mean.

    Example:
        >>> metric = MSSSIMDiversity()
        >>> metric.update_state(None, np.zeros((4, 16, 16, 1), np.uint8))
        >>> float(metric.result())
        1.0
    """

    def __init__(self, name: str = "ms_ssim_diversity", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)

    def update_state(
        self, y_true: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> None:
        """Adds samples.

        Args:
            y_true: Ignored.
            y_pred: Images, uint8 or floats in [-1, 1], shape [B, H, W, 1 or 3]; None for no new
                ones. NaN or infinite pixels make the mean NaN.
            sample_weight: Must be None; Keras passes it.
        """
        if sample_weight is not None:
            raise InputError(f"{self.name}: sample_weight: expected None, got weights.")
        if y_pred is None:
            return

        def halves(images: np.ndarray) -> np.ndarray:
            half = len(images) // 2
            a, b = images[:half], images[half : 2 * half]
            finite = are_finite(a) & are_finite(b)
            check_floats(images[: 2 * half][np.tile(finite, 2)])
            values = np.full(half, np.nan, np.float32)
            values[finite] = _similarities(a[finite], b[finite])
            return values

        values = tf.numpy_function(halves, [y_pred], tf.float32, stateful=False)
        super().update_state(tf.ensure_shape(values, [None]))

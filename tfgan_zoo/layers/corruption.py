"""Corruption of samples for denoising autoencoders, Vincent et al. 2010 (JMLR 11, 3371-3408)."""

from typing import Literal

import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError, check_number

Corruption = Literal["gaussian", "masking", "salt_and_pepper"]

#: The kinds of corruption, and the largest value of each level.
CORRUPTIONS = {"gaussian": float("inf"), "masking": 1.0, "salt_and_pepper": 1.0}


def check_corruption(corruption: str, level: float) -> None:
    """Checks a kind of corruption and how strong it is.

    Raises:
        InputError: If there is no such kind, or the level is out of range.
    """
    if not isinstance(corruption, str) or corruption not in CORRUPTIONS:
        raise InputError(
            f"corruption: expected one of {', '.join(CORRUPTIONS)}, got {corruption!r}."
        )
    check_number("corruption_level", level, least=0)
    if level > CORRUPTIONS[corruption]:
        raise InputError(
            f"corruption_level: expected a share of the values from 0 to 1 of {corruption}, got "
            f"{level!r}."
        )


def corrupt(
    x: tf.Tensor,
    corruption: Corruption,
    level: float,
    key: tf.Tensor,
    *,
    low: float = -1.0,
    high: float = 1.0,
    masked: float | None = None,
    per_pixel: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Corrupts samples at random, each by itself.

    Args:
        x: Samples `[B, ...]`, or codes of a layer.
        corruption: "gaussian" adds noise N(0, level^2). "masking" sets each value to `masked` with
            probability `level`. "salt_and_pepper" sets each value with probability `level` to `low`
            or `high`, by a fair coin. Noisy values are not clipped.
        level: The standard deviation, in the units of `x`, or the probability.
        key: Key from `noise.key`. For a fixed key, the corrupted values of a lower level are among
            those of a higher one.
        low: The value of pepper: black is -1 for images in [-1, 1], and 0 for codes of sigmoids.
        high: The value of salt.
        masked: The value of masked ones; None for `low`. The paper masks to 0 values in [0, 1],
            which is black; 0 among images in [-1, 1] is grey.
        per_pixel: Whether all channels of a pixel, the last axis, are corrupted together. Otherwise
            values are independent, as the paper's, which are grey. Gaussian noise always is.

    Returns:
        The corrupted samples, of the shape and type of `x`; and whether each value is corrupted,
        bool, of the same shape, for losses that weight these values.

    Example:
        >>> x, changed = corrupt(tf.ones([1, 4]), "masking", 1.0, noise.key(0), masked=0.0)
        >>> x.numpy(), changed.numpy()
        (array([[0., 0., 0., 0.]], dtype=float32), array([[ True,  True,  True,  True]]))
    """
    shape = tf.shape(x)
    if corruption == "gaussian":
        added = tf.cast(level * noise.normal(key, shape), x.dtype)
        return x + added, tf.fill(shape, level > 0)
    if per_pixel:
        shape = tf.concat([shape[:-1], [1]], axis=0)
    draws = noise.uniform(key, shape)
    changed = tf.broadcast_to(draws < level, tf.shape(x))
    if corruption == "masking":
        new = tf.fill(tf.shape(x), tf.cast(low if masked is None else masked, x.dtype))
    else:
        coin = noise.uniform(noise.derived(key, "coin"), shape) < 0.5
        new = tf.where(coin, tf.cast(high, x.dtype), tf.cast(low, x.dtype))
    return tf.where(changed, new, x), changed

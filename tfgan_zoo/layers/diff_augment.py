"""Differentiable augmentation (DiffAugment), Zhao et al. 2020, https://arxiv.org/abs/2006.10738."""

from collections.abc import Iterable, Sequence

import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError


def diff_augment(images: tf.Tensor, policy: Sequence[str], key: tf.Tensor) -> tf.Tensor:
    """Augments images differentiably, with independent random draws for each sample.

    Applied to both the real and the generated images that the discriminator sees, it enlarges a
    small dataset without leaking the augmentation into the generator's images.

    Args:
        images: Images `[B, H, W, C]`, floats in [-1, 1].
        policy: Any of "color" (brightness +-0.5, saturation 0 to 2, contrast 0.5 to 1.5),
            "translation" (up to 1/8 of the size, with the gap filled with zeros) and "cutout" (a
            square of half the size set to zero), applied in this order.
        key: Key from `noise.key`.

    Returns:
        Images of the same shape and type.
    """
    for name in ("color", "translation", "cutout"):
        if name in policy:
            images = POLICIES[name](images, noise.uniform(key, [tf.shape(images)[0], 4]))
        key += tf.constant([1, 0], tf.int64)
    return images


def check_policy(policy: Sequence[str]) -> tuple[str, ...]:
    """Returns the policy as a tuple.

    Args:
        policy: Names, also as a string separated by commas; None for none.

    Raises:
        InputError: If a name is unknown.
    """
    if isinstance(policy, str):
        policy = policy.split(",") if policy else ()
    elif policy is None:
        policy = ()
    names = tuple(policy) if isinstance(policy, Iterable) else (policy,)
    for name in names:
        if not isinstance(name, str) or name not in POLICIES:
            raise InputError(f"diff_augment: expected names from {sorted(POLICIES)}, got {name!r}.")
    return names


def _per_sample(values: tf.Tensor, dtype) -> tf.Tensor:
    return tf.cast(values[:, tf.newaxis, tf.newaxis, tf.newaxis], dtype)


def _color(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    brightness, saturation, contrast = (_per_sample(draws[:, i], images.dtype) for i in range(3))
    images += brightness - 0.5
    grey = tf.reduce_mean(images, axis=3, keepdims=True)
    images = (images - grey) * (saturation * 2.0) + grey
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return (images - mean) * (contrast + 0.5) + mean


def _grid(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns height, width, and row and column indices that broadcast over samples."""
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    return height, width, tf.range(height)[tf.newaxis], tf.range(width)[tf.newaxis]


def _integers(draws: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    """Maps draws from U[0, 1) to integers in [low, high], `[B, 1]`."""
    count = tf.cast(high - low + 1, tf.float32)
    return (low + tf.cast(tf.floor(draws * count), tf.int32))[:, tf.newaxis]


def _translation(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    height, width, rows, columns = _grid(images)
    # Rounded as in the authors' code.
    dy_max, dx_max = (tf.cast(tf.cast(n, tf.float32) / 8 + 0.5, tf.int32) for n in (height, width))
    rows += _integers(draws[:, 0], -dy_max, dy_max)
    columns += _integers(draws[:, 1], -dx_max, dx_max)
    inside_y = tf.cast((rows >= 0) & (rows < height), images.dtype)
    inside_x = tf.cast((columns >= 0) & (columns < width), images.dtype)
    images = tf.gather(images, tf.clip_by_value(rows, 0, height - 1), axis=1, batch_dims=1)
    images = tf.gather(images, tf.clip_by_value(columns, 0, width - 1), axis=2, batch_dims=1)
    return images * inside_y[:, :, tf.newaxis, tf.newaxis] * inside_x[:, tf.newaxis, :, tf.newaxis]


def _cutout(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    height, width, rows, columns = _grid(images)
    top = _integers(draws[:, 0], -(height // 4), height - height // 4)
    left = _integers(draws[:, 1], -(width // 4), width - width // 4)
    in_y = (rows >= top) & (rows < top + height // 2)
    in_x = (columns >= left) & (columns < left + width // 2)
    hole = in_y[:, :, tf.newaxis, tf.newaxis] & in_x[:, tf.newaxis, :, tf.newaxis]
    return images * tf.cast(~hole, images.dtype)


#: The kinds of augmentation, in their order.
POLICIES = {"color": _color, "translation": _translation, "cutout": _cutout}

"""Penalties on images that do not look like photographs: on roughness and on extreme values."""

import tensorflow as tf

from tfgan_zoo.errors import InputError


def total_variation(images: tf.Tensor, beta: float = 2.0, *, isotropic: bool = True) -> tf.Tensor:
    r"""E[(dx^2 + dy^2)^(beta / 2)], the roughness of images, in float32.

    dx and dy are the differences to the next pixel on the right and to the one below; at the last
    column dx is 0, and at the last row dy is 0, so that edges are pulled towards nothing (Mahendran
    and Vedaldi 2014, https://arxiv.org/abs/1412.0035, equation 4). The mean is over all values, so
    a weight means the same at every size; papers' sums over an image are `H * W * C` times as
    large. Where an image is flat, the gradient is 0 for every beta.

    Args:
        images: Images `[B, H, W, C]`.
        beta: Exponent, from 1 up: 1 allows sharp edges, and 2 prefers gradual ones.
        isotropic: Whether dx and dy of a pixel count together as above. Otherwise the loss is
            E[|dx|^beta + |dy|^beta], which for 1 is `tf.image.total_variation` as a mean.

    Raises:
        InputError: If beta is below 1, or images have another number of axes.

    Example:
        >>> step = tf.reshape(tf.constant([0.0, 3.0, 4.0, 0.0]), [1, 2, 2, 1])
        >>> float(total_variation(step, beta=1))  # (5 + 3 + 4 + 0) / 4
        3.0
    """
    if not beta >= 1:
        raise InputError(f"beta: expected a number from 1 up, got {beta!r}.")
    images = tf.cast(images, tf.float32)
    if images.shape.rank not in (4, None):
        advice = "; give one image as x[np.newaxis]" * (images.shape.rank == 3)
        raise InputError(f"images: expected shape [B, H, W, C], got {tuple(images.shape)}{advice}.")
    right = tf.pad(images[:, :, 1:] - images[:, :, :-1], [[0, 0], [0, 0], [0, 1], [0, 0]])
    below = tf.pad(images[:, 1:] - images[:, :-1], [[0, 0], [0, 1], [0, 0], [0, 0]])
    if isotropic:
        return tf.reduce_mean(_power(right**2 + below**2, beta / 2))
    return tf.reduce_mean(_power(right**2, beta / 2) + _power(below**2, beta / 2))


def alpha_norm(images: tf.Tensor, alpha: float = 6.0) -> tf.Tensor:
    """E|x|^alpha, which keeps values within a range (Mahendran and Vedaldi 2014), in float32.

    For values in [-1, 1] it is at most 1. The paper sums values in [-128, 128] or so, where the
    same image has a sum `127.5 ** alpha * H * W * C` times as large.

    Args:
        images: Images, of any shape.
        alpha: Exponent, from 1 up.

    Raises:
        InputError: If alpha is below 1.

    Example:
        >>> float(alpha_norm(tf.constant([1.0, -2.0]), alpha=6))  # (1 + 64) / 2
        32.5
    """
    if not alpha >= 1:
        raise InputError(f"alpha: expected a number from 1 up, got {alpha!r}.")
    return tf.reduce_mean(_power(tf.cast(images, tf.float32) ** 2, alpha / 2))


def _power(squares: tf.Tensor, exponent: float) -> tf.Tensor:
    """Returns a power of squares; its gradient is 0 where they are, even of a root."""
    if exponent == 1:
        return squares
    positive = squares > 0
    return tf.where(positive, tf.where(positive, squares, 1.0) ** exponent, 0.0)

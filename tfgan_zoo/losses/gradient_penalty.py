"""Penalties on the gradient of a discriminator's score with respect to its input."""

from collections.abc import Callable

import tensorflow as tf

Critic = Callable[[tf.Tensor], tf.Tensor]


def _scores_and_gradient(critic: Critic, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the scores, and the float32 gradient of their sum, one row per sample."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        scores = critic(inputs)
        total = tf.reduce_sum(tf.cast(scores, tf.float32))
    gradient = tf.cast(tape.gradient(total, inputs), tf.float32)
    return scores, tf.reshape(gradient, [tf.shape(gradient)[0], -1])


def _input_gradient(critic: Critic, inputs: tf.Tensor) -> tf.Tensor:
    """Returns the float32 gradient of the summed scores, flattened to one row per sample."""
    return _scores_and_gradient(critic, inputs)[1]


def gradient_norm(critic: Critic, inputs: tf.Tensor) -> tf.Tensor:
    """|dC/dx| of every sample, `[B]`; differentiable even where the gradient is zero.

    Args:
        critic: From samples to their scores.
        inputs: Samples, `[B, ...]`.
    """
    squares = tf.reduce_sum(tf.square(_input_gradient(critic, inputs)), axis=1)
    return tf.sqrt(squares + 1e-12)  # d sqrt(s)/ds is infinite at 0


def interpolate(real: tf.Tensor, fake: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """A x + (1 - a) G(z), a point on the line between each real sample and its fake.

    Args:
        real: x, `[B, ...]`.
        fake: G(z), of the same shape.
        weight: a ~ U(0, 1), `[B]`: one number per sample.
    """
    weight = tf.cast(tf.reshape(weight, [-1] + [1] * (real.shape.rank - 1)), real.dtype)
    return weight * real + (1 - weight) * fake


def wgan_gp_penalty(norms: tf.Tensor) -> tf.Tensor:
    """E[(|dC/dx| - 1)^2] (Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028).

    Args:
        norms: `gradient_norm` of the critic at points from `interpolate`.
    """
    return tf.reduce_mean(tf.square(norms - 1.0))


def r1_penalty(critic: Critic, real: tf.Tensor) -> tf.Tensor:
    """1/2 E[|dC/dx|^2] at real samples (Mescheder 2018, https://arxiv.org/abs/1801.04406).

    Args:
        critic: From samples to their scores.
        real: Real samples, `[B, ...]`.
    """
    return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(_input_gradient(critic, real)), axis=1))


def scores_and_r1_penalty(critic: Critic, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns C(x) and `r1_penalty`, which share one pass of the critic.

    Args:
        critic: From samples to their scores.
        inputs: Samples: real ones for R1, fakes for R2.

    Example:
        >>> scores, penalty = scores_and_r1_penalty(lambda x: 3.0 * x, tf.constant([[1.0], [2.0]]))
        >>> scores.numpy().tolist(), float(penalty)
        ([[3.0], [6.0]], 4.5)
    """
    scores, gradient = _scores_and_gradient(critic, inputs)
    return scores, 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=1))

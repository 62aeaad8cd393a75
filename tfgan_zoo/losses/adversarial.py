"""Adversarial losses: pure functions of logits, each the mean over a batch.

`logits` are a discriminator's raw scores C(x), of any shape; D(x) = sigmoid(C(x)). Every function
computes in float32 and returns a scalar to minimise.
"""

import math
from collections.abc import Callable

import tensorflow as tf

from tfgan_zoo.losses.shapes import check_same_shape


def _mean(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(values, tf.float32))


def _f32(*logits: tf.Tensor) -> list[tf.Tensor]:
    return [tf.cast(x, tf.float32) for x in logits]


def cross_entropy_discriminator(
    real_logits: tf.Tensor, fake_logits: tf.Tensor, label_smoothing: float = 0.0
) -> tf.Tensor:
    """-E[log D(x)] - E[log(1 - D(G(z)))] (Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661).

    Args:
        real_logits: C(x).
        fake_logits: C(G(z)).
        label_smoothing: s, one-sided (Salimans et al. 2016, https://arxiv.org/abs/1606.03498): real
            samples have the label 1 - s, and fakes keep 0.

    Example:
        >>> float(cross_entropy_discriminator(tf.zeros(4), tf.zeros(4)))  # undecided
        1.3862943649291992
    """
    real_logits, fake_logits = _f32(real_logits, fake_logits)
    real = tf.nn.softplus(-real_logits) + label_smoothing * real_logits
    return _mean(real) + _mean(tf.nn.softplus(fake_logits))


def entropy(label_smoothing: float) -> float:
    """Returns the minimum of cross entropy with a smoothed label: the entropy of the label.

    Example:
        >>> round(entropy(0.1), 4)
        0.3251
    """
    shares = (label_smoothing, 1.0 - label_smoothing)
    return -sum(share * math.log(share) for share in shares if share)


def matching_aware_discriminator(
    real_logits: tf.Tensor, mismatched_logits: tf.Tensor, fake_logits: tf.Tensor
) -> tf.Tensor:
    """-E[log s_r] - 1/2 (E[log(1 - s_w)] + E[log(1 - s_f)]) (https://arxiv.org/abs/1605.05396).

    Args:
        real_logits: Logits of s_r, real images with their own texts.
        mismatched_logits: Logits of s_w, real images with texts of other images.
        fake_logits: Logits of s_f, generated images with the texts they were generated from.

    Example:
        >>> float(matching_aware_discriminator(tf.zeros(4), tf.zeros(4), tf.zeros(4)))
        1.3862943649291992
    """
    real, mismatched, fake = _f32(real_logits, mismatched_logits, fake_logits)
    false = 0.5 * (_mean(tf.nn.softplus(mismatched)) + _mean(tf.nn.softplus(fake)))
    return _mean(tf.nn.softplus(-real)) + false


def minimax_generator(fake_logits: tf.Tensor) -> tf.Tensor:
    """E[log(1 - D(G(z)))]: the value of the game; its gradient vanishes where D is confident."""
    return -_mean(tf.nn.softplus(tf.cast(fake_logits, tf.float32)))


def non_saturating_generator(fake_logits: tf.Tensor) -> tf.Tensor:
    """-E[log D(G(z))]: the same fixed point, with a strong gradient early on."""
    return _mean(tf.nn.softplus(-tf.cast(fake_logits, tf.float32)))


def least_squares_discriminator(
    real_logits: tf.Tensor, fake_logits: tf.Tensor, a: float = 0.0, b: float = 1.0
) -> tf.Tensor:
    """1/2 E[(C(x) - b)^2] + 1/2 E[(C(G(z)) - a)^2] (https://arxiv.org/abs/1611.04076).

    Args:
        real_logits: C(x).
        fake_logits: C(G(z)).
        a: Label of fakes.
        b: Label of real samples.
    """
    real_logits, fake_logits = _f32(real_logits, fake_logits)
    return 0.5 * _mean(tf.square(real_logits - b)) + 0.5 * _mean(tf.square(fake_logits - a))


def least_squares_generator(fake_logits: tf.Tensor, c: float = 1.0) -> tf.Tensor:
    """1/2 E[(C(G(z)) - c)^2], where c is the label that the generator aims for.

    Args:
        fake_logits: C(G(z)).
        c: The label.
    """
    return 0.5 * _mean(tf.square(tf.cast(fake_logits, tf.float32) - c))


def hinge_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """E[max(0, 1 - C(x))] + E[max(0, 1 + C(G(z)))] (Lim and Ye 2017, arXiv 1705.02894).

    Scores beyond the margins, above 1 of real samples and below -1 of fakes, have no gradient.

    Args:
        real_logits: C(x).
        fake_logits: C(G(z)).

    Example:
        >>> float(hinge_discriminator(tf.constant([0.0, 2.0]), tf.constant([1.0, -3.0])))
        1.5
    """
    real_logits, fake_logits = _f32(real_logits, fake_logits)
    return _mean(tf.nn.relu(1.0 - real_logits)) + _mean(tf.nn.relu(1.0 + fake_logits))


def hinge_generator(fake_logits: tf.Tensor) -> tf.Tensor:
    """-E[C(G(z))]."""
    return -_mean(fake_logits)


def wasserstein_critic(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """E[C(G(z))] - E[C(x)] (Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875).

    Its negative estimates the Wasserstein distance, up to the critic's Lipschitz constant.

    Args:
        real_logits: C(x).
        fake_logits: C(G(z)).
    """
    return _mean(fake_logits) - _mean(real_logits)


def wasserstein_generator(fake_logits: tf.Tensor) -> tf.Tensor:
    """-E[C(G(z))]."""
    return -_mean(fake_logits)


def relativistic(
    winner_logits: tf.Tensor, loser_logits: tf.Tensor, label_smoothing: float = 0.0
) -> tf.Tensor:
    """-E[log sigmoid(C(winner) - C(loser))] (https://arxiv.org/abs/1807.00734).

    The discriminator's loss takes (real, fake), and the generator's (fake, real). Samples are
    paired by their position in the batch.

    Args:
        winner_logits: Scores of the samples that should look more real.
        loser_logits: Scores of the other samples.
        label_smoothing: s: the label is 1 - s.

    Raises:
        InputError: If the shapes differ.
    """
    winner_logits, loser_logits = _f32(winner_logits, loser_logits)
    check_same_shape("loser_logits", loser_logits, winner_logits)
    difference = winner_logits - loser_logits
    return _mean(tf.nn.softplus(-difference) + label_smoothing * difference)


def relativistic_average(
    winner_logits: tf.Tensor,
    loser_logits: tf.Tensor,
    label_smoothing: float = 0.0,
    mean: Callable[[tf.Tensor], tf.Tensor] = tf.reduce_mean,
) -> tf.Tensor:
    """-E[log s(C(w) - E[C(l)])] - E[log(1 - s(C(l) - E[C(w)]))], s the logistic function (RaGAN).

    Like `relativistic`, but compares each side with the mean of the other. Smoothing applies to the
    winner's label. `mean` must average over the whole batch, including other replicas' parts.

    Args:
        winner_logits: C(w), scores of the samples that should look more real.
        loser_logits: C(l), scores of the other samples.
        label_smoothing: The winner's label is 1 minus this value.
        mean: The mean over the whole batch.
    """
    winner_logits, loser_logits = _f32(winner_logits, loser_logits)
    return cross_entropy_discriminator(
        winner_logits - mean(loser_logits),
        loser_logits - mean(winner_logits),
        label_smoothing,
    )


def class_cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """-E[log P(y | x)], AC-GAN's loss of the class (https://arxiv.org/abs/1610.09585).

    Args:
        labels: y, class numbers `[B]`.
        logits: Logits of all classes, `[B, num_classes]`.

    Example:
        >>> round(float(class_cross_entropy(tf.constant([2]), tf.zeros([1, 10]))), 4)  # log 10
        2.3026
    """
    (logits,) = _f32(logits)
    return _mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

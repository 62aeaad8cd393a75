"""Terms of the variational bound, in closed form or for importance sampling, one for each sample.

Unlike other losses these are no means over the batch: a model needs them sample by sample. All are
float32, in nats, and sums over the values of a sample, never means: the terms of a bound have no
weights of their own.
"""

import math

import tensorflow as tf


def gaussian_kl(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """KL(N(m, s^2) || N(0, I)) = 1/2 sum_j (m_j^2 + s_j^2 - 1 - log s_j^2), `[...]`.

    Kingma and Welling 2013, https://arxiv.org/abs/1312.6114, appendix B.

    Args:
        mean: m, `[..., dim]`.
        log_variance: The logarithm of s^2, neither log s nor s, `[..., dim]`.

    Example:
        >>> gaussian_kl(tf.ones([1, 4]), tf.zeros([1, 4])).numpy()  # 1/2 for each dimension
        array([2.], dtype=float32)
    """
    mean, log_variance = (tf.cast(x, tf.float32) for x in (mean, log_variance))
    terms = tf.square(mean) + tf.exp(log_variance) - 1.0 - log_variance
    return 0.5 * tf.reduce_sum(terms, axis=-1)


def gaussian_log_density(
    codes: tf.Tensor, mean: tf.Tensor | float = 0.0, log_variance: tf.Tensor | float = 0.0
) -> tf.Tensor:
    """Returns log N(z; m, s^2), summed over the last axis; by default that of N(0, I).

    Args:
        codes: z, `[..., dim]`.
        mean: m; broadcasts with `codes`.
        log_variance: The logarithm of s^2; broadcasts with `codes`.

    Example:
        >>> gaussian_log_density(tf.zeros([1, 2])).numpy()  # -log(2 pi)
        array([-1.837877], dtype=float32)
    """
    codes, mean, log_variance = (tf.cast(x, tf.float32) for x in (codes, mean, log_variance))
    scaled = tf.square(codes - mean) * tf.exp(-log_variance)
    return -0.5 * tf.reduce_sum(math.log(2 * math.pi) + log_variance + scaled, axis=-1)


def gaussian_log_likelihood(
    mean: tf.Tensor, targets: tf.Tensor, sigma: tf.Tensor | float = 1.0
) -> tf.Tensor:
    """Returns log N(x; m, sigma^2 I), summed over all values of a sample.

    Its gradient is that of -1/2 |x - m|^2 / sigma^2: half of the squared error.

    Args:
        mean: m, the decoder's output, `[B, ...]`, or `[draws, B, ...]` for several draws of a code.
        targets: x, `[B, ...]`.
        sigma: The standard deviation of every value, above 0.

    Returns:
        float32 `[B]`, or `[draws, B]`.

    Example:
        >>> gaussian_log_likelihood(tf.ones([1, 2]), tf.zeros([1, 2])).numpy()  # -1 - log(2 pi)
        array([-2.837877], dtype=float32)
    """
    mean, targets, sigma = (tf.cast(x, tf.float32) for x in (mean, targets, sigma))
    constant = math.log(2 * math.pi) + 2 * tf.math.log(sigma)
    return _summed(-0.5 * (constant + tf.square((targets - mean) / sigma)), targets)


def bernoulli_log_likelihood(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Returns sum (x log p + (1 - x) log(1 - p)) over a sample, p = sigmoid(logits).

    Args:
        logits: The decoder's output before any sigmoid, `[B, ...]`, or `[draws, B, ...]`.
        targets: x in [0, 1], `[B, ...]`. It is a likelihood of 0 and 1 alone; of grey values it is
            the usual cross entropy, whose minimum is not 0.

    Returns:
        float32 `[B]`, or `[draws, B]`.

    Example:
        >>> bernoulli_log_likelihood(tf.zeros([1, 3]), tf.ones([1, 3])).numpy()  # -3 log 2
        array([-2.0794415], dtype=float32)
    """
    logits, targets = (tf.cast(x, tf.float32) for x in (logits, targets))
    return _summed(targets * logits - tf.nn.softplus(logits), targets)


def importance_weighted_bound(log_weights: tf.Tensor) -> tf.Tensor:
    """Returns log(1/k sum_i w_i), a lower bound of log p(x) (Burda et al. 2015, arXiv 1509.00519).

    Its expectation rises with k; for one draw it is the variational bound.

    Args:
        log_weights: The logarithms log w_i = log p(x | z_i) + log p(z_i) - log q(z_i | x) of k
            draws from q(z | x), `[k, ...]`.

    Returns:
        float32 `[...]`.

    Example:
        >>> round(float(importance_weighted_bound(tf.math.log([1.0, 3.0]))), 4)  # log 2
        0.6931
    """
    log_weights = tf.cast(log_weights, tf.float32)
    draws = tf.cast(tf.shape(log_weights)[0], tf.float32)
    return tf.reduce_logsumexp(log_weights, axis=0) - tf.math.log(draws)


def _summed(values: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Sums over the axes of one sample; draws may stand before the batch."""
    rank = targets.shape.rank
    return tf.reduce_sum(values, axis=list(range(1 - rank, 0))) if rank > 1 else values

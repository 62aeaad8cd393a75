"""Penalties on the codes of an autoencoder: how sparse they are, and how they are arranged."""

import tensorflow as tf


def sparsity_kl(activity: tf.Tensor, target: float) -> tf.Tensor:
    """sum_j KL(rho || a_j) = sum_j (rho log(rho / a_j) + (1 - rho) log((1 - rho) / (1 - a_j))).

    Of Ng's lecture notes on sparse autoencoders (https://web.stanford.edu/class/cs294a/). The slope
    for one unit is (a_j - rho) / (a_j (1 - a_j)).

    Args:
        activity: a_j, the mean activation of each unit over the batch, in [0, 1], `[units]`: of
            sigmoid units the mean itself, of tanh units (1 + mean) / 2.
        target: The mean activation rho that units should have, above 0 and below 1.

    Example:
        >>> round(float(sparsity_kl(tf.constant([0.05, 0.5]), 0.05)), 4)
        0.4946
    """
    activity = tf.cast(activity, tf.float32)
    # Units that are always off or always on have an infinite distance. Not 1 - a_j + _TINY, which
    # graphs reorder to (1 + _TINY) - a_j, 0 again; a unit at 1 is saturated, and has no slope.
    on, off = tf.math.log(activity + _TINY), tf.math.log(tf.maximum(1.0 - activity, _TINY))
    rho = tf.constant(target, tf.float32)
    terms = rho * (tf.math.log(rho) - on) + (1.0 - rho) * (tf.math.log(1.0 - rho) - off)
    return tf.reduce_sum(terms)


def mds_loss(inputs: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
    """Mean of (|x_i - x_j| - |e_i - e_j|)^2 over the pairs i < j of a batch.

    Multidimensional scaling: codes should be as far apart as their inputs. It grows with the number
    of values of an input, as a squared error that is summed over them does, so that a weight
    between both means the same at any size.

    Args:
        inputs: x, `[B, ...]`.
        codes: e, `[B, dim]`.

    Returns:
        A float32 scalar, whose gradient is finite where codes coincide; 0 for a single sample.

    Example:
        >>> x = tf.constant([[0.0, 0.0], [3.0, 4.0]])
        >>> round(float(mds_loss(x, tf.constant([[0.0], [3.0]]))), 4)  # (5 - 3)^2
        4.0
    """
    wanted, came = _distances(inputs, codes)
    num = tf.cast(tf.shape(wanted)[0], tf.float32)
    return tf.reduce_sum(tf.square(wanted - came)) / tf.maximum(num * (num - 1.0), 1.0)


def mds_stress(inputs: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
    """sum_ij (|x_i - x_j| - |e_i - e_j|)^2 / sum_ij |x_i - x_j|^2 over the pairs of a batch.

    `mds_loss` relative to the distances of the inputs, which does not depend on their size: 0 if
    all distances are kept, 1 if all codes are equal.

    Args:
        inputs: x, `[B, ...]`.
        codes: e, `[B, dim]`.

    Returns:
        A float32 scalar, whose gradient is finite where codes coincide.

    Example:
        >>> x = tf.constant([[0.0, 0.0], [3.0, 4.0]])
        >>> round(float(mds_stress(x, tf.constant([[0.0], [4.0]]))), 4)  # (5 - 4)^2 / 5^2
        0.04
    """
    wanted, came = _distances(inputs, codes)
    squares = tf.reduce_sum(tf.square(wanted))
    return tf.reduce_sum(tf.square(wanted - came)) / tf.maximum(squares, _TINY)


def _distances(inputs: tf.Tensor, codes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns |x_i - x_j| and |e_i - e_j|, `[B, B]`; both are equal on the diagonal."""
    inputs, codes = (tf.cast(x, tf.float32) for x in (inputs, codes))
    wanted = _distances_of_many_values(tf.reshape(inputs, [tf.shape(inputs)[0], -1]))
    differences = codes[:, tf.newaxis] - codes[tf.newaxis]
    return wanted, tf.sqrt(tf.reduce_sum(tf.square(differences), axis=-1) + _TINY)


#: The slope of a root and of a logarithm is infinite at 0.
_TINY = 1e-12


def _distances_of_many_values(x: tf.Tensor) -> tf.Tensor:
    """Returns |x_i - x_j|, `[B, B]`, without a tensor of all differences."""
    x -= tf.reduce_mean(x, axis=0)  # Sums of squares of large numbers would cancel less exactly.
    norms = tf.reduce_sum(tf.square(x), axis=1)
    squares = norms[:, tf.newaxis] + norms - 2.0 * tf.matmul(x, x, transpose_b=True)
    squares = tf.linalg.set_diag(tf.maximum(squares, 0.0), tf.zeros_like(norms))
    return tf.sqrt(squares + _TINY)

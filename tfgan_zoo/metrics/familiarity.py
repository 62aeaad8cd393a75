"""Whether images are of the kind that a classifier was trained on.

A score in the features of a classifier means little for images unlike its training images: a
classifier of drawn figures does not see what is wrong with a photograph. Its confidence does not
reveal this: the mean confidence of `figures_v1` is .88 on photographs (BSDS500) and .97 on noise,
against .997 on its own test images. The distance of an image's features from the nearest class does
(Lee et al. 2018, https://arxiv.org/abs/1807.03888): relative to its own test images it is 11 times
as large on those photographs, and 3 times on noise.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import warn_user

#: Images are unlike the training images if their mean distance exceeds that of the test images by
#: this factor.
FACTOR = 2.0
#: The mean over fewer images is not used.
LEAST = 10


class Familiarity(NamedTuple):
    """Statistics of the features of a classifier's own images.

    Attributes:
        means: Mean features of each class of the training images, float32 of shape (classes, dim).
        whitening: Matrix that whitens differences from these means, float32 of shape (dim, dim).
        distance: Mean of `distances` over the classifier's test images.
    """

    means: np.ndarray
    whitening: np.ndarray
    distance: float

    def distances(self, features: Any) -> tf.Tensor:
        """Returns the squared Mahalanobis distance from the nearest class, divided by `dim`.

        Args:
            features: Features of shape (B, dim).

        Returns:
            float32 of shape (B,).
        """
        whitened = tf.matmul(tf.cast(features, tf.float32), self.whitening)
        means = tf.matmul(self.means, self.whitening)
        squares = (
            tf.reduce_sum(whitened**2, axis=1, keepdims=True)
            - 2 * tf.matmul(whitened, means, transpose_b=True)
            + tf.reduce_sum(means**2, axis=1)
        )
        return tf.maximum(tf.reduce_min(squares, axis=1), 0) / self.means.shape[1]


def fitted(features: np.ndarray, labels: np.ndarray, classes: int) -> Familiarity:
    """Computes the statistics of a classifier's training images, with a distance of 0.

    Args:
        features: Features of the training images, shape (n, dim).
        labels: Their classes, shape (n,); every class occurs.
        classes: Number of classes.
    """
    features = features.astype(np.float64)
    means = np.stack([features[labels == label].mean(axis=0) for label in range(classes)])
    within = features - means[labels]
    covariance = within.T @ within / len(within)
    # A feature that is 0 for all training images has no variance.
    covariance += 1e-3 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    whitening = np.linalg.cholesky(np.linalg.inv(covariance))
    return Familiarity(means.astype(np.float32), whitening.astype(np.float32), 0.0)


def familiarity_of(features: Any) -> Familiarity | None:
    """Returns an extractor's `familiarity`, or None."""
    return getattr(features, "familiarity", None)


def unfamiliar_message(features: Any, distance: float, num: int) -> str | None:
    """Returns a warning if real images are unlike those that an extractor was trained on.

    Args:
        features: The extractor.
        distance: Mean of `Familiarity.distances` over the real images.
        num: Number of real images; fewer than `LEAST` give no warning.

    Returns:
        One sentence, or None if images are familiar or nothing is known.
    """
    known = familiarity_of(features)
    if known is None or num < LEAST or not distance > FACTOR * known.distance:
        return None
    return (
        f"features: expected images like those that {features.name} was trained on, got real "
        f"images of another kind (mean distance from the nearest class {distance:.1f}, against "
        f"{known.distance:.1f} on its own test images), for which its scores mean little; use "
        'features that suit them, such as "inception".'
    )


def warn_if_unfamiliar(features: Any, distance: float, num: int) -> bool:
    """Warns if real images are unlike those that an extractor was trained on.

    See `unfamiliar_message`.

    Returns:
        Whether it warned.
    """
    message = unfamiliar_message(features, distance, num)
    if message is not None:
        warn_user(message)
    return message is not None

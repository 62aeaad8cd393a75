"""Whether images are of the kind that a classifier was trained on.

A score in the features of a classifier says little about images that are nothing like its training
images: a classifier of drawn figures does not see what is wrong with a photograph. Its confidence
does not tell them apart: the mean of `figures_v1` is .88 on photographs (BSDS500) and .97 on noise,
never half of the .997 on its own test images. The distance of an image's features from the nearest
class does (Lee et al. 2018, https://arxiv.org/abs/1807.03888): it is 11 times that of its own test
images on those photographs, and 3 times on noise.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import warn_user

#: The images are unlike the training images where their mean distance is so many times that of the
#: test images.
FACTOR = 2.0
#: The mean over fewer images says nothing.
LEAST = 10


class Familiarity(NamedTuple):
    """What a classifier's own images look like to it.

    Attributes:
        means: of the features of each class' training images, float32, shape (classes, dim).
        whitening: a matrix that takes differences from these means to the unit covariance, float32,
            shape (dim, dim).
        distance: the mean of `distances` over the classifier's test images.
    """

    means: np.ndarray
    whitening: np.ndarray
    distance: float

    def distances(self, features: Any) -> tf.Tensor:
        """Returns the squared Mahalanobis distance from the nearest class, divided by `dim`.

        Args:
            features: shape (num, dim).

        Returns:
            float32, shape (num,).
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
    """Learns what the images of a classifier look like to it; the distance is still 0.

    Args:
        features: of training images, shape (num, dim).
        labels: the classes of these, shape (num,); there is an image of each class.
        classes: how many there are.
    """
    features = features.astype(np.float64)
    means = np.stack([features[labels == label].mean(axis=0) for label in range(classes)])
    within = features - means[labels]
    covariance = within.T @ within / len(within)
    # A feature that is 0 of all training images has no variance.
    covariance += 1e-3 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    whitening = np.linalg.cholesky(np.linalg.inv(covariance))
    return Familiarity(means.astype(np.float32), whitening.astype(np.float32), 0.0)


def familiarity_of(features: Any) -> Familiarity | None:
    """Returns an extractor's `familiarity`; None of one that has none."""
    return getattr(features, "familiarity", None)


def unfamiliar_message(features: Any, distance: float, num: int) -> str | None:
    """Returns a sentence if real images are unlike those that an extractor was trained on.

    Args:
        features: the extractor; of one without a `familiarity` nothing is known.
        distance: the mean of `Familiarity.distances` over the real images.
        num: how many they are; nothing is said of fewer than `LEAST`.
    """
    known = familiarity_of(features)
    if known is None or num < LEAST or not distance > FACTOR * known.distance:
        return None
    return (
        f"features: expected images like those that {features.name} was trained on, got real "
        f"images of another kind (mean distance from the nearest class {distance:.1f}; "
        f"{known.distance:.1f} on its own test images), about which its scores say little; use "
        'features that fit, such as "inception".'
    )


def warn_if_unfamiliar(features: Any, distance: float, num: int) -> bool:
    """Warns if real images are unlike those that an extractor was trained on.

    See `unfamiliar_message`.

    Returns:
        Whether it has.
    """
    message = unfamiliar_message(features, distance, num)
    if message is not None:
        warn_user(message)
    return message is not None

"""Seeded features and an extractor, shared by the tests of metrics."""

import keras
import numpy as np
import tensorflow as tf


def features():
    """Returns real [400, 16], with two correlated dimensions, generated [300, 16], and logits."""
    rng = np.random.default_rng(0)
    real = rng.normal(size=(400, 16)).astype(np.float32)
    real[:, 1] = real[:, 0] + real[:, 1] / 2
    generated = (0.9 * rng.normal(size=(300, 16)) + 0.2).astype(np.float32)
    logits = (3 * rng.normal(size=(250, 10))).astype(np.float32)
    return real, generated, logits


def show(metric, real, generated, size=64):
    """Updates a metric in batches, the last one smaller; either side may be None."""
    most = max(len(x) for x in (real, generated) if x is not None)
    for start in range(0, most, size):
        parts = [None if x is None else x[start : start + size] for x in (real, generated)]
        metric.update_state(*parts)
    return metric.result()


@keras.saving.register_keras_serializable("tests")
class Means:
    """An extractor: the mean of every channel, and twice the mean as logits."""

    def __init__(self, channels=3, name="means"):
        self.name = name
        self.dim = self.classes = channels

    def __call__(self, images):
        means = tf.reduce_mean(tf.cast(images, tf.float32), axis=[1, 2])
        return means, 2 * means

    def get_config(self):
        return {"channels": self.dim, "name": self.name}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

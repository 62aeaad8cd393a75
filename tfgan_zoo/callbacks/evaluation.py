"""Scores of what a model makes, in plain `fit`."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np

from tfgan_zoo.errors import check_seed
from tfgan_zoo.evaluation import distributions
from tfgan_zoo.metrics.features import Features, open_features


class EvaluateImages(keras.callbacks.Callback):
    """Adds scores of a model's images to an epoch's logs, for the callbacks after it.

    Scores of images with NaN are NaN, with a warning. To Keras' `ModelCheckpoint` and
    `EarlyStopping` that is no improvement, but on the first they see: put
    `callbacks.StopOnNonFinite` after this one to end the run, or give `ModelCheckpoint` an
    `initial_value_threshold`.

    Features of a small classifier that was trained on images of another kind are warned of.

    Args:
        metrics: of `tfgan_zoo.evaluation.distributions.METRICS`: "fid", "kid" and so on.
        images: real ones to compare with, uint8 or floats in [-1, 1], shape (num, height, width, 1
            or 3); or batches of them, such as a `tf.data.Dataset`, of which what comes besides the
            images is ignored. At most `num` are used.
        num: images to make.
        features: what they are compared in, or the name of it, one of
            `tfgan_zoo.metrics.features.FEATURES`; see there.
        every: epochs from one evaluation to the next.
        seed: of the images, so that only the model changes.
        make: makes them, given (model, num, seed); None for `model.generate(num, seed=seed)`.

    Raises:
        InputError: if there is no such metric, features are needed that are not there, or there
            are fewer images, real or to be made, than a metric takes, or smaller ones.

    Example:
        >>> evaluate = EvaluateImages(["fid"], images, num=1000, features="mnist_v1")
        >>> best = keras.callbacks.ModelCheckpoint(
        ...     "best.keras", monitor="fid[mnist_v1]", mode="min", save_best_only=True
        ... )
        >>> model.fit(images, epochs=10, callbacks=[evaluate, best])
    """

    def __init__(
        self,
        metrics: Sequence[str],
        images: Any,
        *,
        num: int = 1000,
        features: Features | str = "inception",
        every: int = 1,
        seed: int = 0,
        make: Callable[[Any, int, int], np.ndarray] | None = None,
    ):
        super().__init__()
        distributions.check_metrics(metrics)
        self.metrics = tuple(metrics)
        self.num = num
        self.every = every
        self.seed = check_seed(seed)
        self.make = make or (lambda model, num, seed: model.generate(num, seed=seed))
        self.features: Features | None = None
        if distributions.need_features(metrics):
            self.features = open_features(features) if isinstance(features, str) else features
        parts = distributions.needed_statistics(metrics, self.features)
        distributions.check_enough(metrics, "num", num)
        real = list(_first(images, num))
        sides = real[0].shape[1:3] if real else None
        distributions.check_enough(metrics, "images", sum(map(len, real)), sides)
        self.real = distributions.collect_real(real, parts, self.features)

    def on_epoch_end(self, epoch, logs=None):
        """Scores, when it is time to."""
        if (epoch + 1) % self.every:
            return
        made = self.make(self.model, self.num, self.seed)
        scores = distributions.score_made(self.metrics, self.features, self.real, made)
        if logs is not None:
            logs.update(scores)


def _first(images: Any, num: int) -> Iterable[np.ndarray]:
    """The first images, batch by batch."""
    if isinstance(images, np.ndarray):
        images = [images]
    for batch in images:
        if num <= 0:
            return
        if isinstance(batch, dict):
            batch = batch["image"]
        elif isinstance(batch, (list, tuple)):
            batch = batch[0]
        found = np.asarray(batch)[:num]
        num -= len(found)
        yield found

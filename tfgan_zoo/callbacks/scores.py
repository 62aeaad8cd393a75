"""Callbacks that score a model and add the scores to the logs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfgan_zoo.callbacks.sampling import check_samples
from tfgan_zoo.callbacks.schedule import Schedule
from tfgan_zoo.errors import check_seed
from tfgan_zoo.evaluation import distributions
from tfgan_zoo.metrics.features import Features, open_features


class Evaluate(keras.callbacks.Callback):
    """Adds scores of the model to an epoch's logs, for the callbacks after it.

    Args:
        score: Function of the model that returns named numbers.
        when: When to evaluate.
    """

    def __init__(self, score: Callable[[Any], Mapping[str, float]], when: Schedule):
        super().__init__()
        self.score = score
        self.when = when

    def on_epoch_end(self, epoch, logs=None):
        """Scores the model when due."""
        if self.when.due(self.model.steps_done):
            logs.update(self.score(self.model))


class EvaluateImages(keras.callbacks.Callback):
    """Compares a model's images with real ones, and adds the scores to an epoch's logs.

    If images are not finite, the scores are NaN, with a warning. Keras' `ModelCheckpoint` and
    `EarlyStopping` take NaN for no improvement, except the first time: put
    `callbacks.StopOnNonFinite` after this callback to end the run, or give `ModelCheckpoint` an
    `initial_value_threshold`.

    A warning says if features were trained on images of another kind.

    Args:
        metrics: Keys of `tfgan_zoo.evaluation.distributions.METRICS`: "fid", "kid" and so on.
        images: Real images, uint8 or floats in [-1, 1], shape [B, H, W, 1 or 3]; or batches of
            them, such as a `tf.data.Dataset`, of which only the images are used. At most `num`
            images are read.
        num: Number of images to generate.
        features: Features to compare in, or their name, one of
            `tfgan_zoo.metrics.features.FEATURES`.
        every: Epochs from one evaluation to the next.
        seed: Seed of the generated images, so that only the model changes.
        make: Function of (model, num, seed) that returns images; None for
            `model.generate(num, seed=seed)`. Conditional models need it, and models that translate
            images.

    Raises:
        InputError: If a metric is unknown, features are not available, or images are too few or
            too small for a metric. When training begins, if the model cannot be sampled without
            `make`.

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
        distributions.check_unconditional(metrics, "metrics")
        self.metrics = tuple(metrics)
        self.num = num
        self.every = every
        self.seed = check_seed(seed)
        self.make = make or _generate
        self.features: Features | None = None
        if distributions.need_features(metrics):
            self.features = open_features(features) if isinstance(features, str) else features
        names = distributions.needed_statistics(metrics, self.features)
        distributions.check_enough(metrics, "num", num)
        real = list(_first(images, num))
        sides = real[0].shape[1:3] if real else None
        distributions.check_enough(metrics, "images", sum(map(len, real)), sides)
        self.real = distributions.collect_real(real, names, self.features)

    def on_train_begin(self, logs=None):
        """Checks that the model can be sampled."""
        if self.make is _generate:
            example = "lambda model, num, seed: model.generate(num, seed=seed, {})"
            if "text" in getattr(self.model, "condition", ()):
                example = "lambda model, num, seed: model.generate({}, seed=seed)"
            check_samples(self.model, type(self).__name__, "make", example)

    def on_epoch_end(self, epoch, logs=None):
        """Scores the model when due."""
        if (epoch + 1) % self.every:
            return
        made = self.make(self.model, self.num, self.seed)
        scores = distributions.score_made(self.metrics, self.features, self.real, made)
        if logs is not None:
            logs.update(scores)


def _generate(model: Any, num: int, seed: int) -> np.ndarray:
    return model.generate(num, seed=seed)


def _first(images: Any, num: int) -> Iterable[np.ndarray]:
    """Yields the first images, batch by batch."""
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

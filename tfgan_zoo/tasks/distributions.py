"""Scores of distributions, at every checkpoint."""

from collections.abc import Callable
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo.evaluation import distributions
from tfgan_zoo.metrics.features import open_auto
from tfgan_zoo.tasks.base import Score


class DistributionScores:
    """What a config asks for of `evaluation.distributions.METRICS`, but for "swd".

    Args:
        config: of the run.

    Raises:
        InputError: if features are needed that cannot be had, or a metric takes more images than
            `evaluate.samples`, or larger ones than the model's.
    """

    def __init__(self, config: ConfigDict):
        settings = config.evaluate
        names = set(settings.metrics) & distributions.METRICS.keys() - {"swd"}
        self.metrics = sorted(names)
        height, width = config.model_args.image_shape[:2]
        distributions.check_enough(
            self.metrics, "evaluate.samples", settings.samples, (height, width)
        )
        self.features = None
        if distributions.need_features(names):
            source = config.data.source
            self.features = open_auto(settings.features, source, settings.inception)
        self.parts = distributions.parts_of(names, self.features)
        self._real: distributions.Parts | None = None

    def known(
        self,
        num: int,
        real: Callable[[], np.ndarray],
        make: Callable[[Any], np.ndarray],
        rehearsed: bool = False,
    ) -> dict[str, Score]:
        """Returns the scores by name: one function, which computes them all in one pass.

        Args:
            num: how many real images there are.
            real: returns them, uint8 or floats in [-1, 1].
            make: returns images of a model.
            rehearsed: compute each score by itself, and keep nothing of the real images.

        Raises:
            InputError: if there are fewer real images than a metric takes.
        """
        distributions.check_enough(self.metrics, "evaluate.metrics", num)

        def score(model: Any) -> dict[str, float]:
            if self._real is None:
                self._real = distributions.collect_real([real()], self.parts, self.features)
            return distributions.score_made(self.metrics, self.features, self._real, make(model))

        def alone(name: str) -> Callable[[Any], dict[str, float]]:
            def scored(model: Any) -> dict[str, float]:
                parts = distributions.parts_of([name], self.features)
                kept = distributions.collect([real()], parts, self.features)
                return distributions.score_made([name], self.features, kept, make(model))

            return scored

        return {
            name: (
                alone(name) if rehearsed else score,
                *distributions.main_score(name, self.features),
            )
            for name in self.metrics
        }

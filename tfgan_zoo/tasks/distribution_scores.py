"""Scores of samples against real images, at every checkpoint."""

from collections.abc import Callable
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo.evaluation import distributions
from tfgan_zoo.metrics.features import open_auto
from tfgan_zoo.tasks.base import Score


class DistributionScores:
    """The metrics of `evaluation.distributions.METRICS` that a config asks for, except "swd".

    Args:
        config: The run's config.

    Raises:
        InputError: If features are needed that are not available, or a metric needs more images
            than `evaluate.samples`, or larger ones than the model's.
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
        self.statistics = distributions.needed_statistics(names, self.features)
        self._real: distributions.Statistics | None = None

    def known(
        self,
        num: int,
        real: Callable[[], np.ndarray],
        generate: Callable[[Any], np.ndarray],
        rehearsal: bool = False,
    ) -> dict[str, Score]:
        """Returns the scores by name; they share a function, which computes them in one pass.

        Args:
            num: Number of real images.
            real: Returns them, uint8 or floats in [-1, 1].
            generate: Returns images of a model.
            rehearsal: Whether to compute each score by itself, and keep nothing of the real images.

        Raises:
            InputError: If a metric needs more real images.
        """
        distributions.check_enough(self.metrics, "evaluate.metrics", num)

        def score(model: Any) -> dict[str, float]:
            if self._real is None:
                self._real = distributions.collect_real([real()], self.statistics, self.features)
            images = generate(model)
            return distributions.score_made(self.metrics, self.features, self._real, images)

        def alone(name: str) -> Callable[[Any], dict[str, float]]:
            def scored(model: Any) -> dict[str, float]:
                needed = distributions.needed_statistics([name], self.features)
                kept = distributions.collect([real()], needed, self.features)
                return distributions.score_made([name], self.features, kept, generate(model))

            return scored

        return {
            name: Score(
                alone(name) if rehearsal else score,
                *distributions.main_score(name, self.features),
            )
            for name in self.metrics
        }

"""Scores of samples against real images, at every checkpoint."""

from collections.abc import Callable
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo.errors import warn_user
from tfgan_zoo.evaluation import distributions
from tfgan_zoo.metrics.classes import Classes, class_of_logits
from tfgan_zoo.metrics.features import open_auto
from tfgan_zoo.tasks.base import Score


class DistributionScores:
    """The metrics of `evaluation.distributions.METRICS` that a config asks for, except "swd".

    Args:
        config: The run's config.
        class_names: Names of the classes, by number, of a model that is asked for classes.

    Raises:
        InputError: If features are needed that are not available, or a metric needs more images
            than `evaluate.samples`, or larger ones than the model's, or classes that the model does
            not know.
    """

    def __init__(self, config: ConfigDict, class_names: tuple[str, ...] = ()):
        settings = config.evaluate
        names = set(settings.metrics) & distributions.METRICS.keys() - {"swd"}
        self.metrics = sorted(names)
        self.class_names = class_names
        if not class_names:
            distributions.check_unconditional(self.metrics, "evaluate.metrics")
        height, width = config.model_args.image_shape[:2]
        distributions.check_enough(
            self.metrics, "evaluate.samples", settings.samples, (height, width)
        )
        self.features = None
        if distributions.need_features(names):
            source = config.data.source
            self.features = open_auto(settings.features, source, settings.inception)
        if "class_accuracy" in names:
            class_of_logits(self.features, class_names, range(len(class_names)))
        self.statistics = distributions.needed_statistics(names, self.features)
        self._real: distributions.Statistics | None = None

    def known(
        self,
        num: int,
        real: Callable[[], np.ndarray],
        generate: Callable[[Any], np.ndarray],
        rehearsal: bool = False,
        labels: Callable[[], np.ndarray] | None = None,
    ) -> dict[str, Score]:
        """Returns the scores by name; they share a function, which computes them in one pass.

        Args:
            num: Number of real images.
            real: Returns them, uint8 or floats in [-1, 1].
            generate: Returns images of a model.
            rehearsal: Whether to compute each score by itself, and keep nothing of the real images.
            labels: Returns the classes of all real images, which the generated ones were asked for;
                None if the model is not asked for classes.

        Raises:
            InputError: If a metric needs more real images.
        """
        distributions.check_enough(self.metrics, "evaluate.metrics", num)

        def classes() -> Classes | None:
            return None if labels is None else Classes(self.class_names, labels(), labels())

        def score(model: Any) -> dict[str, float]:
            if self._real is None:
                self._real = distributions.collect_real([real()], self.statistics, self.features)
            images = generate(model)
            return distributions.score_made(
                self.metrics, self.features, self._real, images, classes()
            )

        def alone(name: str) -> Callable[[Any], dict[str, float]]:
            def scored(model: Any) -> dict[str, float]:
                needed = distributions.needed_statistics([name], self.features)
                found = classes()
                if found is not None:
                    distributions.check_classes([name], "evaluate.samples", self.features, found)
                    self._warn_of_few(name, found)
                    found = _rehearsed(found, num)
                kept = distributions.collect([real()], needed, self.features)
                return distributions.score_made([name], self.features, kept, generate(model), found)

            return scored

        return {
            name: Score(
                alone(name) if rehearsal else score,
                *distributions.main_score(name, self.features),
            )
            for name in self.metrics
        }

    def _warn_of_few(self, name: str, classes: Classes) -> None:
        """Warns if FID within classes will be far too high."""
        if name == "intra_fid" and self.features is not None:
            message = distributions.few_per_class(classes, self.features.dim)
            if message is not None:
                warn_user(f"evaluate.samples: {message}")


def _rehearsed(classes: Classes, num: int) -> Classes:
    """Returns classes of the few images of a rehearsal, which all count as one class."""
    one = np.repeat(classes.real[:1], num)
    return classes._replace(real=one, made=one)

"""Scores of images and of runs.

`pairs` scores upscaled images against the originals, without TensorFlow. `distributions` scores
generated images against real ones, from the `statistics` of both. `runs` scores the model of a run.
"""

from tfgan_zoo.evaluation.pairs import (
    BASELINES,
    METRICS,
    Scores,
    baseline,
    by_model,
    enlarged,
    score_images,
    table,
    write_csv,
)

__all__ = [
    "BASELINES",
    "METRICS",
    "Scores",
    "baseline",
    "by_model",
    "enlarged",
    "score_images",
    "table",
    "write_csv",
]

"""Scores of images: of enlarged ones against the originals, of generated ones against others.

`pairs` has the first, for which it needs no TensorFlow; `distributions` and `runs` the second.
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

"""Scores of images and of runs.

`pairs` scores upscaled images against the originals, without TensorFlow. `distributions` scores
generated images against real ones, from the `statistics` of both. `tfgan_zoo.run.evaluation` scores
the model of a run; its `evaluate_run` and what it takes and returns are found here, too.
"""

import importlib
from typing import Any

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

_OF_RUNS = ("Evaluation", "Request", "evaluate_run")


def __getattr__(name: str) -> Any:
    # It imports TensorFlow, and stands above this room.
    if name in _OF_RUNS:
        return getattr(importlib.import_module("tfgan_zoo.run.evaluation"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_OF_RUNS})

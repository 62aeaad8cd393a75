"""Scores of images and of runs.

`pairs` scores upscaled images against the originals, without TensorFlow. `distributions` scores
generated images against real ones, from the `statistics` of both. `tfgan_zoo.run.evaluation` scores
the model of a run, and `tfgan_zoo.run.comparison` two data sources; their `evaluate_run` and
`evaluate_sources`, and what they take and return, are found here, too.
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

_OF_RUNS = {
    "Evaluation": "evaluation",
    "Request": "evaluation",
    "evaluate_run": "evaluation",
    "SourcesRequest": "comparison",
    "evaluate_sources": "comparison",
}


def __getattr__(name: str) -> Any:
    # They import TensorFlow, and stand above this room.
    if name in _OF_RUNS:
        return getattr(importlib.import_module(f"tfgan_zoo.run.{_OF_RUNS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_OF_RUNS})

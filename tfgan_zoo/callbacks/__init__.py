"""Keras callbacks for GANs: sample sheets, guards, records, progress, health."""

import tfgan_zoo.backend  # noqa: F401  (refuses other backends of Keras)
from tfgan_zoo.callbacks.evaluation import EvaluateImages
from tfgan_zoo.callbacks.guards import StopOnNonFinite, StopOnSignal, StopWithoutImprovement
from tfgan_zoo.callbacks.health import Health
from tfgan_zoo.callbacks.progress import Progress, Throughput
from tfgan_zoo.callbacks.records import (
    Evaluate,
    KeepMeans,
    LossScales,
    MetricsLog,
    SaveBeforeScoring,
    SaveCheckpoint,
    Schedule,
    peak_memory,
)
from tfgan_zoo.callbacks.samples import SampleSheet

__all__ = [
    "Evaluate",
    "EvaluateImages",
    "Health",
    "KeepMeans",
    "LossScales",
    "MetricsLog",
    "Progress",
    "SampleSheet",
    "SaveBeforeScoring",
    "SaveCheckpoint",
    "Schedule",
    "StopOnNonFinite",
    "StopOnSignal",
    "StopWithoutImprovement",
    "Throughput",
    "peak_memory",
]

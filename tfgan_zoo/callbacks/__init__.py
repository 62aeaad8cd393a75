"""Keras callbacks: sample sheets, guards, scores, checkpoints, records, progress, health."""

import tfgan_zoo.backend  # noqa: F401  (refuses other backends of Keras)
from tfgan_zoo.callbacks.checkpoints import KeepMeans, SaveBeforeScoring, SaveCheckpoint
from tfgan_zoo.callbacks.guards import StopOnNonFinite, StopOnSignal, StopWithoutImprovement
from tfgan_zoo.callbacks.health import Health
from tfgan_zoo.callbacks.progress import Progress, Throughput
from tfgan_zoo.callbacks.records import LossScales, MetricsLog, peak_memory
from tfgan_zoo.callbacks.samples import SampleSheet
from tfgan_zoo.callbacks.schedule import Schedule
from tfgan_zoo.callbacks.scores import Evaluate, EvaluateImages

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

"""Keras callbacks for GANs: sample sheets, guards, records, progress."""

from tfgan_zoo.callbacks.evaluation import EvaluateImages
from tfgan_zoo.callbacks.guards import StopOnNonFinite, StopOnSignal
from tfgan_zoo.callbacks.progress import Progress, Throughput
from tfgan_zoo.callbacks.records import (
    Evaluate,
    KeepMeans,
    LossScales,
    MetricsLog,
    SaveCheckpoint,
    Schedule,
    peak_memory,
)
from tfgan_zoo.callbacks.samples import SampleSheet

__all__ = [
    "Evaluate",
    "EvaluateImages",
    "KeepMeans",
    "LossScales",
    "MetricsLog",
    "Progress",
    "SampleSheet",
    "SaveCheckpoint",
    "Schedule",
    "StopOnNonFinite",
    "StopOnSignal",
    "Throughput",
    "peak_memory",
]

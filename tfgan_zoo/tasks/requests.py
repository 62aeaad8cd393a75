"""A request to evaluate a finished run."""

import os
from collections.abc import Sequence
from typing import NamedTuple

#: Metrics of a request that names none.
DEFAULT_METRICS = ("fid", "kid", "precision_recall", "density_coverage")


class Request(NamedTuple):
    """A request to evaluate a run.

    Attributes:
        metrics: Keys of `evaluation.distributions.METRICS`, "figures", "solids", and
            "mae", "l1", "psnr", "ssim" and "lpips" for pairs.
        source: A data source; empty for the run's own.
        split: A split of the source; empty for `evaluate.split` of the config, or "test".
        num: Images to generate, and the most real ones to use.
        features: A key of `metrics.features.FEATURES`, or "auto" for those that fit the source.
        inception: The file of Inception-v3; None to download it.
        seed: Seed of the samples.
        checkpoint: "best", "last", or a step.
        raw_weights: Whether to use the generator's weights where they have a moving average.
        direction: The direction of a model that translates both ways.
        data_dir: Where `tfds:` keeps its data; None for the run's own.
        lpips_backbone: For "lpips", see `metrics.lpips_distance`; None for the run's own.
        lpips_heads: For "lpips", see `metrics.lpips_distance`.
    """

    metrics: Sequence[str] = DEFAULT_METRICS
    source: str = ""
    split: str = ""
    num: int = 10_000
    features: str = "auto"
    inception: str | os.PathLike | None = None
    seed: int = 0
    checkpoint: str = "best"
    raw_weights: bool = False
    direction: str = "a_to_b"
    data_dir: str | None = None
    lpips_backbone: str | os.PathLike | None = None
    lpips_heads: str | os.PathLike | None = None

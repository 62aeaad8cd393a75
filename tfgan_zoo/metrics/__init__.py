"""Metrics: numbers that say how good images are, from the images alone.

`docs/evaluation.md` says what each is for. Functions take NumPy arrays; classes are Keras metrics,
which are shown batches.

>>> from tfgan_zoo.metrics import FID
>>> fid = FID(dim=64)
"""

from typing import TYPE_CHECKING, Any

from tfgan_zoo.metrics.psnr import luma, psnr
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.metrics.ssim import ms_ssim, ssim, ssim_daala

if TYPE_CHECKING:
    from tfgan_zoo.metrics.base import FeatureExtractor, metric_name
    from tfgan_zoo.metrics.divergence import reverse_kl
    from tfgan_zoo.metrics.diversity import MSSSIMDiversity, ms_ssim_diversity
    from tfgan_zoo.metrics.figures import (
        agreement,
        caption_scores,
        figure_scores,
        translation_scores,
    )
    from tfgan_zoo.metrics.frechet import FID, Statistics, frechet_distance
    from tfgan_zoo.metrics.inception_score import InceptionScore, inception_score_from_logits
    from tfgan_zoo.metrics.kid import KID, kernel_distance, polynomial_mmd2
    from tfgan_zoo.metrics.mode_coverage import (
        ClassCoverage,
        ModeCoverage,
        class_coverage,
        mode_scores,
        stacked_labels,
    )
    from tfgan_zoo.metrics.path_length import (
        embedding_distance,
        feature_distance,
        perceptual_path_length,
    )
    from tfgan_zoo.metrics.precision_recall import (
        PrecisionRecall,
        density_coverage,
        improved_precision_recall,
    )
    from tfgan_zoo.metrics.streamed import MSSSIM, PSNR, SSIM, SlicedWasserstein, SSIMDaala

# Of names that take seconds to import, with TensorFlow or templates to draw; loaded on first use.
_MODULES = {
    "base": ("FeatureExtractor", "metric_name"),
    "divergence": ("reverse_kl",),
    "diversity": ("MSSSIMDiversity", "ms_ssim_diversity"),
    "figures": ("agreement", "caption_scores", "figure_scores", "translation_scores"),
    "frechet": ("FID", "Statistics", "frechet_distance"),
    "inception_score": ("InceptionScore", "inception_score_from_logits"),
    "kid": ("KID", "kernel_distance", "polynomial_mmd2"),
    "mode_coverage": (
        "ClassCoverage",
        "ModeCoverage",
        "class_coverage",
        "mode_scores",
        "stacked_labels",
    ),
    "path_length": ("embedding_distance", "feature_distance", "perceptual_path_length"),
    "precision_recall": ("PrecisionRecall", "density_coverage", "improved_precision_recall"),
    "streamed": ("MSSSIM", "PSNR", "SSIM", "SSIMDaala", "SlicedWasserstein"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "FID",
    "KID",
    "MSSSIM",
    "PSNR",
    "SSIM",
    "ClassCoverage",
    "FeatureExtractor",
    "InceptionScore",
    "MSSSIMDiversity",
    "ModeCoverage",
    "PrecisionRecall",
    "SSIMDaala",
    "SlicedWasserstein",
    "Statistics",
    "agreement",
    "caption_scores",
    "class_coverage",
    "density_coverage",
    "embedding_distance",
    "feature_distance",
    "figure_scores",
    "frechet_distance",
    "improved_precision_recall",
    "inception_score_from_logits",
    "kernel_distance",
    "luma",
    "metric_name",
    "mode_scores",
    "ms_ssim",
    "ms_ssim_diversity",
    "perceptual_path_length",
    "polynomial_mmd2",
    "psnr",
    "reverse_kl",
    "sliced_wasserstein",
    "ssim",
    "ssim_daala",
    "stacked_labels",
    "translation_scores",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        import importlib

        import tfgan_zoo.backend  # noqa: F401  (refuses other backends of Keras)

        return getattr(importlib.import_module(f"tfgan_zoo.metrics.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

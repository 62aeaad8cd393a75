"""Metrics of image quality, computed from images alone.

`docs/evaluation.md` says what each is for. Functions take NumPy arrays; classes are Keras metrics,
which take batches.

>>> from tfgan_zoo.metrics import FID
>>> fid = FID(dim=64)
"""

from typing import TYPE_CHECKING

from tfgan_zoo.lazy import lazy_attributes
from tfgan_zoo.metrics.checkerboard import checkerboard
from tfgan_zoo.metrics.codes import (
    active_units,
    arithmetic_scores,
    continuity,
    linear_probe,
    sparsity,
    trustworthiness,
)
from tfgan_zoo.metrics.psnr import luma, psnr
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.metrics.ssim import ms_ssim, ssim, ssim_daala

if TYPE_CHECKING:
    from tfgan_zoo.metrics.base import FeatureExtractor, metric_name
    from tfgan_zoo.metrics.divergence import reverse_kl
    from tfgan_zoo.metrics.diversity import MSSSIMDiversity, ms_ssim_diversity
    from tfgan_zoo.metrics.figure_attributes import attribute_scores, mask_iou
    from tfgan_zoo.metrics.figures import (
        agreement,
        caption_scores,
        figure_scores,
        translation_scores,
    )
    from tfgan_zoo.metrics.frechet import FID, Statistics, frechet_distance
    from tfgan_zoo.metrics.inception_score import InceptionScore, inception_score_from_logits
    from tfgan_zoo.metrics.kid import KID, kernel_distance, polynomial_mmd2
    from tfgan_zoo.metrics.lpips import lpips_distance
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
    from tfgan_zoo.metrics.solids import solid_scores
    from tfgan_zoo.metrics.streamed import MSSSIM, PSNR, SSIM, SlicedWasserstein, SSIMDaala

# These import TensorFlow or draw templates, which takes seconds.
_MODULES = {
    "base": ("FeatureExtractor", "metric_name"),
    "divergence": ("reverse_kl",),
    "diversity": ("MSSSIMDiversity", "ms_ssim_diversity"),
    "figures": ("agreement", "caption_scores", "figure_scores", "translation_scores"),
    "figure_attributes": ("attribute_scores", "mask_iou"),
    "frechet": ("FID", "Statistics", "frechet_distance"),
    "inception_score": ("InceptionScore", "inception_score_from_logits"),
    "kid": ("KID", "kernel_distance", "polynomial_mmd2"),
    "lpips": ("lpips_distance",),
    "mode_coverage": (
        "ClassCoverage",
        "ModeCoverage",
        "class_coverage",
        "mode_scores",
        "stacked_labels",
    ),
    "path_length": ("embedding_distance", "feature_distance", "perceptual_path_length"),
    "precision_recall": ("PrecisionRecall", "density_coverage", "improved_precision_recall"),
    "solids": ("solid_scores",),
    "streamed": ("MSSSIM", "PSNR", "SSIM", "SSIMDaala", "SlicedWasserstein"),
}
__getattr__, __dir__ = lazy_attributes(__name__, _MODULES)

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
    "active_units",
    "agreement",
    "arithmetic_scores",
    "attribute_scores",
    "caption_scores",
    "checkerboard",
    "class_coverage",
    "continuity",
    "density_coverage",
    "embedding_distance",
    "feature_distance",
    "figure_scores",
    "frechet_distance",
    "improved_precision_recall",
    "inception_score_from_logits",
    "kernel_distance",
    "linear_probe",
    "lpips_distance",
    "luma",
    "mask_iou",
    "metric_name",
    "mode_scores",
    "ms_ssim",
    "ms_ssim_diversity",
    "perceptual_path_length",
    "polynomial_mmd2",
    "psnr",
    "reverse_kl",
    "sliced_wasserstein",
    "solid_scores",
    "sparsity",
    "ssim",
    "ssim_daala",
    "stacked_labels",
    "translation_scores",
    "trustworthiness",
]

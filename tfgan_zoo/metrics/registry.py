"""Every score by name: what it is computed from, and whether higher is better.

Needs no TensorFlow, so configs can be checked without it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from tfgan_zoo import metrics
from tfgan_zoo.metrics import classes
from tfgan_zoo.metrics.checkerboard import checkerboard
from tfgan_zoo.metrics.psnr import psnr
from tfgan_zoo.metrics.sliced_wasserstein import projected_distance
from tfgan_zoo.metrics.ssim import ms_ssim, ssim, ssim_daala

#: Statistics of a set of images, by name; see `evaluation.statistics.collect`.
Statistics = Mapping[str, np.ndarray]


class Metric(NamedTuple):
    """A score of generated images against real ones.

    Attributes:
        score: Function of the statistics of (real, generated) images that returns named numbers.
        statistics: Names of the statistics it needs of both.
        main: The number that tells which model is better.
        sign: 1 if higher is better, -1 if lower is.
        others: The other numbers that `score` returns.
        in_features: Whether it is computed in features. Its numbers are then named after them.
        least: The smallest number of images it accepts, real or generated.
        least_side: The smallest side of images it accepts, in pixels.
        least_per_class: The smallest number of images of each class, real and generated, that it
            accepts; 0 if it does not compare class by class.
    """

    score: Callable[[Statistics, Statistics], Mapping[str, float]]
    statistics: tuple[str, ...]
    main: str
    sign: int
    others: tuple[str, ...] = ()
    in_features: bool = True
    least: int = 1
    least_side: int = 1
    least_per_class: int = 0


def _fid(real: Statistics, made: Statistics) -> dict[str, float]:
    moments = (each[name] for each in (real, made) for name in ("mean", "covariance"))
    return {"fid": metrics.frechet_distance(*moments)}


def _kid(real: Statistics, made: Statistics) -> dict[str, float]:
    # Subsets of all samples would be identical and have no spread.
    size = min(1000, min(len(real["features"]), len(made["features"])) // 2)
    mean, std = metrics.kernel_distance(real["features"], made["features"], subset_size=size)
    return {"kid": mean, "kid_std": std}


def _inception_score(real: Statistics, made: Statistics) -> dict[str, float]:
    mean, std = metrics.inception_score_from_logits(made["logits"])
    return {"inception_score": mean, "inception_score_std": std}


def _precision_recall(real: Statistics, made: Statistics) -> dict[str, float]:
    values = metrics.improved_precision_recall(real["features"], made["features"])
    return dict(zip(("precision", "recall"), values, strict=True))


def _density_coverage(real: Statistics, made: Statistics) -> dict[str, float]:
    values = metrics.density_coverage(real["features"], made["features"])
    return dict(zip(("density", "coverage"), values, strict=True))


def _class_accuracy(real: Statistics, made: Statistics) -> Mapping[str, float]:
    """Reads the class of each generated image by a classifier."""
    seen = real["class_of_logits"][made["logits"].argmax(axis=1)]
    share, shares = classes.share_right(
        seen == made["labels"], made["labels"], real["class_names"].tolist()
    )
    return classes.summed_up("class_accuracy", shares, 1, share)


def _intra_fid(real: Statistics, made: Statistics) -> Mapping[str, float]:
    found = classes.intra_fid(real["features"], real["labels"], made["features"], made["labels"])
    names = real["class_names"].tolist()
    return classes.summed_up("intra_fid", {names[i]: value for i, value in found.items()}, -1)


def _intra_precision_recall(real: Statistics, made: Statistics) -> Mapping[str, float]:
    found = classes.intra_class(
        metrics.improved_precision_recall,
        *(each[name] for each in (real, made) for name in ("features", "labels")),
    )
    names = real["class_names"].tolist()
    both = [
        classes.summed_up(f"intra_{name}", {names[i]: pair[k] for i, pair in found.items()}, 1)
        for k, name in enumerate(("precision", "recall"))
    ]
    return classes.ClassScores(both[0] | both[1], both[0].by_class | both[1].by_class)


def _modes(real: Statistics, made: Statistics) -> dict[str, float]:
    """Counts the classes of the real images, by the classifier, that generated images cover."""
    classes, labels = np.unique(real["logits"].argmax(axis=1)), made["logits"].argmax(axis=1)
    seen = np.searchsorted(classes, labels[np.isin(labels, classes)])
    counts = np.bincount(seen, minlength=len(classes))
    return {
        "modes": float(np.count_nonzero(counts)),
        "modes_of": float(len(classes)),
        "reverse_kl": metrics.reverse_kl(counts),
    }


def _ms_ssim_diversity(real: Statistics, made: Statistics) -> dict[str, float]:
    return {
        "ms_ssim_diversity": metrics.ms_ssim_diversity(made["sample"]),
        "ms_ssim_diversity_of_data": metrics.ms_ssim_diversity(real["sample"]),
    }


def _swd(real: Statistics, made: Statistics) -> dict[str, float]:
    return {"swd": projected_distance(made["projections"], real["projections"])}


#: Scores of generated images against real images of the same kind.
DISTRIBUTIONS: dict[str, Metric] = {
    "fid": Metric(_fid, ("moments",), "fid", -1, least=2),
    # At least two samples in each half.
    "kid": Metric(_kid, ("features",), "kid", -1, ("kid_std",), least=4),
    # At least one sample in each of ten splits.
    "inception_score": Metric(
        _inception_score, ("logits",), "inception_score", 1, ("inception_score_std",), least=10
    ),
    # Precision and recall need three neighbours of each sample, density and coverage five.
    "precision_recall": Metric(
        _precision_recall, ("features",), "precision", 1, ("recall",), least=4
    ),
    "density_coverage": Metric(
        _density_coverage, ("features",), "coverage", 1, ("density",), least=6
    ),
    "modes": Metric(_modes, ("logits",), "modes", 1, ("modes_of", "reverse_kl")),
    "ms_ssim_diversity": Metric(
        _ms_ssim_diversity,
        ("sample",),
        "ms_ssim_diversity",
        -1,
        ("ms_ssim_diversity_of_data",),
        in_features=False,
        least=2,
        least_side=11,
    ),
    "swd": Metric(_swd, ("projections",), "swd", -1, in_features=False),
    # Of samples that were asked for by class.
    "class_accuracy": Metric(
        _class_accuracy,
        ("logits", "labels"),
        "class_accuracy",
        1,
        ("class_accuracy_worst", "class_accuracy_best"),
        least_per_class=1,
    ),
    "intra_fid": Metric(
        _intra_fid,
        ("features", "labels"),
        "intra_fid",
        -1,
        ("intra_fid_worst", "intra_fid_best"),
        least_per_class=2,
    ),
    "intra_precision_recall": Metric(
        _intra_precision_recall,
        ("features", "labels"),
        "intra_precision",
        1,
        tuple(
            f"intra_{name}{part}"
            for name in ("precision", "recall")
            for part in ("", "_worst", "_best")
            if name + part != "precision"
        ),
        least_per_class=4,
    ),
}

#: Scores of one image against its reference: functions `(image, reference, border, channel)`.
PAIRS: dict[str, Callable[..., float]] = {
    "psnr": psnr,
    "ssim": ssim,
    "ssim_daala": ssim_daala,
    "ms_ssim": ms_ssim,
    "checkerboard": checkerboard,
}

#: The same, computed by a network whose files the user gives; see `metrics.lpips`.
BY_NETWORK = ("lpips",)

#: Scores of translations against their targets, and 1 if higher is better, -1 if lower is.
TARGETS = {"mae": -1, "l1": -1, "psnr": 1, "ssim": 1, "lpips": -1}

#: Scores of the codes of images, and 1 if higher is better, -1 if lower is.
CODES = {"active_units": 1, "probe": 1, "trustworthiness": 1, "continuity": 1, "sparsity": -1}

#: Lower bounds of the likelihood of images.
BOUNDS = {"elbo": 1, "iw_bound": 1}

#: Scores that training can compute, by their names in config.evaluate.metrics. "figures", those of
#: translations and "retrieval" depend on the data of a task; MS-SSIM needs images too large for
#: training.
IN_TRAINING = (
    "figures",
    "solids",
    "swd",
    *TARGETS,
    "ssim_daala",
    "checkerboard",
    "held_out_accuracy",
    "mask_iou",
    "retrieval",
    *CODES,
    *BOUNDS,
    *(name for name in DISTRIBUTIONS if name != "swd"),
)

"""Scores of a set of generated images against a set of real ones, from statistics of both."""

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.statistics import (
    Reference,
    Statistics,
    collect,
    collect_real,
    collect_reference,
    kept_of,
    unfamiliar_message_of,
    with_bar,
)
from tfgan_zoo.evaluation.unfinished import Unfinished
from tfgan_zoo.metrics.base import metric_name
from tfgan_zoo.metrics.classes import Classes, ClassScores, by_class_of, class_of_logits
from tfgan_zoo.metrics.features import Features
from tfgan_zoo.metrics.features.base import check_floats
from tfgan_zoo.metrics.registry import DISTRIBUTIONS as METRICS
from tfgan_zoo.progress import counted
from tfgan_zoo.suggestions import did_you_mean

__all__ = [
    "METRICS",
    "Classes",
    "Reference",
    "Statistics",
    "check_classes",
    "check_enough",
    "check_metrics",
    "check_unconditional",
    "collect",
    "collect_real",
    "collect_reference",
    "compare",
    "main_score",
    "need_features",
    "needed_statistics",
    "score",
    "score_made",
    "unfamiliar_message_of",
]

#: Earlier name of `Statistics`.
Parts = Statistics


def check_metrics(metrics: Sequence[str], others: Collection[str] = ()) -> None:
    """Checks the names of metrics.

    Args:
        metrics: Keys of `METRICS`, or names in `others`.
        others: Other scores that are available.

    Raises:
        InputError: If a name is unknown (the message suggests the nearest), or there is none.
    """
    known = [*METRICS, *others]
    for name in metrics:
        if name not in known:
            raise InputError(f"metrics: there is no {name!r}{did_you_mean(name, known)}")
    if not metrics:
        raise InputError(f"metrics: expected some of {', '.join(known)}, got none.")


def check_enough(
    metrics: Iterable[str], argument: str, num: int, sides: Sequence[int] | None = None
) -> None:
    """Checks that images are numerous and large enough for metrics.

    Args:
        metrics: Keys of `METRICS`.
        argument: The argument that the message names.
        num: Number of images.
        sides: Their height and width, if known.

    Raises:
        InputError: If there are too few images, or they are too small.
    """
    for name in metrics:
        least, side = METRICS[name].least, METRICS[name].least_side
        if num < least:
            raise InputError(
                f"{argument}: expected {counted(least, 'image')} or more for {name}, got {num}."
            )
        if sides is not None and min(sides) < side:
            raise InputError(
                f"{argument}: expected images of {side}x{side} pixels or more for {name}, got "
                f"{sides[1]}x{sides[0]}."
            )


def by_class(metrics: Iterable[str]) -> list[str]:
    """Returns those metrics that compare class by class."""
    return [name for name in metrics if name in METRICS and METRICS[name].least_per_class]


def check_unconditional(metrics: Iterable[str], argument: str) -> None:
    """Raises `InputError` if samples without classes cannot have one of the metrics.

    Args:
        metrics: Names of metrics.
        argument: The argument that the message names.
    """
    for name in by_class(metrics):
        raise InputError(
            f"{argument}: {name} compares samples class by class, so it takes a model that is "
            "asked for classes, with labelled data; leave it out."
        )


def check_classes(
    metrics: Iterable[str], argument: str, features: Features | None, classes: Classes
) -> None:
    """Checks that each class has enough images for metrics, and that a classifier knows them.

    Args:
        metrics: Keys of `METRICS`.
        argument: The argument that the message about too few images names.
        features: The features to compare in.
        classes: The classes of both kinds of images.

    Raises:
        InputError: If there are too few images of a class, or its name is unknown.
    """
    numbers = np.unique(classes.real)
    for name in by_class(metrics):
        for kind, labels in (("real", classes.real), ("generated", classes.made)):
            counts = [int(np.sum(labels == i)) for i in numbers]
            if min(counts) < METRICS[name].least_per_class:
                few = classes.names[numbers[np.argmin(counts)]]
                raise InputError(
                    f"{argument}: expected {METRICS[name].least_per_class} images or more of each "
                    f"class for {name}, got {min(counts)} {kind} ones of {few!r}; take more "
                    "images, or leave it out."
                )
        if "logits" in METRICS[name].statistics and features is not None:
            class_of_logits(features, classes.names, numbers.tolist())


def _with_classes(
    metrics: Sequence[str],
    features: Features | None,
    real: Statistics,
    made: Statistics,
    classes: Classes,
) -> None:
    """Adds what metrics that compare class by class need to the statistics."""
    real |= {"labels": classes.real, "class_names": np.array(classes.names)}
    made["labels"] = classes.made
    if "class_accuracy" in metrics:
        numbers = np.unique(classes.real).tolist()
        real["class_of_logits"] = class_of_logits(features, classes.names, numbers)


def few_per_class(classes: Classes, dim: int) -> str | None:
    """Returns a sentence if classes have no more images than there are features.

    Args:
        classes: The classes of both kinds of images.
        dim: Number of features.
    """
    numbers = np.unique(classes.real)
    counts = [min(np.sum(classes.real == i), np.sum(classes.made == i)) for i in numbers]
    few = sum(count <= dim for count in counts)
    if not few:
        return None
    return (
        f"intra_fid: {few} of {len(numbers)} classes have no more than {dim:,} images, the number "
        f"of features ({min(counts):,} of {classes.names[numbers[np.argmin(counts)]]}); their FID "
        "is far too high and compares only with others of as many images."
    )


def need_features(metrics: Iterable[str]) -> bool:
    """Returns whether any of the metrics is computed in features."""
    return any(name in METRICS and METRICS[name].in_features for name in metrics)


def main_score(metric: str, features: Features | None) -> tuple[str, int]:
    """Returns the name of a metric's main number, and 1 if higher is better, else -1."""
    known = METRICS[metric]
    in_features = features is not None and known.in_features
    return metric_name(known.main, features) if in_features else known.main, known.sign


def score(
    metrics: Sequence[str],
    features: Features | None,
    real: Statistics,
    made: Statistics,
    classes: Classes | None = None,
) -> ClassScores:
    """Scores statistics of generated images against those of real ones.

    Args:
        metrics: Keys of `METRICS`.
        features: The features of the statistics; None if no metric is computed in features.
        real: Statistics from `collect`, of the names that `needed_statistics` returns.
        made: The same statistics of generated images.
        classes: The classes of both, for metrics that compare class by class.

    Returns:
        Numbers by name, and those of each class. Names include the features, except Inception's.
    """
    found = ClassScores()
    if classes is None:
        check_unconditional(metrics, "metrics")
    else:
        real, made = {**real}, {**made}
        _with_classes(metrics, features, real, made, classes)
    for name in metrics:

        def named(key: str, of: str = name) -> str:
            in_features = features is not None and METRICS[of].in_features
            return metric_name(key, features) if in_features else key

        scores = METRICS[name].score(real, made)
        found |= {named(key): float(value) for key, value in scores.items()}
        found.by_class |= {named(key): each for key, each in by_class_of(scores).items()}
    return found


def score_made(
    metrics: Sequence[str],
    features: Features | None,
    real: Statistics,
    made: np.ndarray,
    classes: Classes | None = None,
) -> dict[str, float]:
    """Scores images of a model in training, without raising on bad images.

    Args:
        metrics: Keys of `METRICS`.
        features: Features to compare in; None if no metric needs any.
        real: Statistics from `collect`, of the names that `needed_statistics` returns.
        made: Images, uint8 or floats in [-1, 1], shape [B, H, W, 1 or 3].
        classes: See `score`.

    Returns:
        Numbers as from `score`. All are NaN, with a warning, if pixels are not finite or look like
        0 to 255.
    """
    made = np.asarray(made)
    try:
        check_floats(made)
    except InputError as error:
        warnings.warn(f"{error} Their scores are NaN.", stacklevel=2)
        return dict.fromkeys(_names(metrics, features), np.nan)
    found = collect([made], needed_statistics(metrics, features), features)
    return score(metrics, features, real, found, classes)


def _names(metrics: Iterable[str], features: Features | None) -> list[str]:
    """Returns the names of all numbers that `score` returns."""
    found = []
    for name in metrics:
        known = METRICS[name]
        in_features = features is not None and known.in_features
        for key in (known.main, *known.others):
            found.append(metric_name(key, features) if in_features else key)
    return found


def needed_statistics(metrics: Iterable[str], features: Features | None = None) -> set[str]:
    """Returns the names of the statistics that metrics need; see `collect`.

    Raises:
        InputError: If a metric needs logits and the features have none.
    """
    names: set[str] = set()
    for name in metrics:
        names |= set(METRICS[name].statistics)
        if "logits" in METRICS[name].statistics and features is not None and not features.classes:
            raise InputError(
                f"metrics: {name} needs the logits of a classifier, and {features.name} has none."
            )
    return names


#: Earlier name of `needed_statistics`.
parts_of = needed_statistics


def compare(
    metrics: Sequence[str],
    generated: Iterable[np.ndarray] | Callable[[int], Iterable[np.ndarray]],
    reference: Reference,
    features: Features | None = None,
    *,
    num: int = 0,
    also: Mapping[str, Callable[[np.ndarray], Mapping[str, float]]] | None = None,
    classes: Classes | None = None,
    unfinished: Unfinished | None = None,
) -> tuple[ClassScores, Statistics]:
    """Scores generated images against a reference.

    Args:
        metrics: Keys of `METRICS` and of `also`.
        generated: Batches of images; or a function that returns those from a number on.
        reference: Images to compare with.
        features: Features for the metrics that need them.
        num: Number of generated images, if known, to check it and to show progress.
        also: Further scores by name: functions of all generated images, uint8. Each number is
            called "<name>_<number>", or "<name>" if it has no name of its own.
        classes: The classes of all images, for metrics that compare class by class.
        unfinished: See `collect`. It is not used where `also` needs all images.

    Returns:
        (numbers by name, statistics of the reference). The attribute `by_class` of the former has
        the numbers of each class.

    Raises:
        InputError: If a metric is unknown, or images or features do not fit. Too few or too small
            images are refused before any image is generated.
    """
    also = also or {}
    check_metrics(metrics, also)
    own = [name for name in metrics if name in METRICS]
    if need_features(own) and features is None:
        named = ", ".join(name for name in own if METRICS[name].in_features)
        raise InputError(f"features: expected features for {named}, got None.")
    names = needed_statistics(own, features)
    check_enough(own, "reference", reference.num, _sides(reference, own))
    if num:
        check_enough(own, "num", num)
    if classes is None:
        check_unconditional(own, "metrics")
    else:
        check_classes(own, "num", features, classes)
    real = collect_reference(reference, names, features)
    images = {"images"} if len(own) < len(metrics) else set()
    if callable(generated):
        begin = generated
        made = collect(
            lambda start: with_bar(begin(start), num, "generated", start),
            names | images,
            features,
            num=num,
            unfinished=None if images else unfinished,
        )
    else:
        made = collect(with_bar(generated, num, "generated"), names | images, features, num=num)
    if classes is not None:
        classes = classes._replace(
            real=classes.real[kept_of(len(classes.real))],
            made=classes.made[kept_of(len(classes.made))],
        )
    found = score(own, features, real, made, classes)
    for name in metrics:
        if name in also:
            scores = also[name](made["images"])
            found |= {
                f"{name}_{key}" if key else name: float(value) for key, value in scores.items()
            }
            found.by_class |= {f"{name}_{k}": each for k, each in by_class_of(scores).items()}
    return found, real


def _sides(reference: Reference, metrics: Sequence[str]) -> tuple[int, ...] | None:
    """Returns height and width of the reference's images, or None if no metric depends on them."""
    if all(METRICS[name].least_side == 1 for name in metrics):
        return None
    first = next(iter(reference.batches()), None)
    return None if first is None else np.shape(first)[1:3]

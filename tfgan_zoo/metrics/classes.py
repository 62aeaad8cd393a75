"""Scores of class-conditional generators, class by class."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import progress
from tfgan_zoo.errors import InputError


class Classes(NamedTuple):
    """The classes of real images and of generated ones.

    Attributes:
        names: Names of the classes, by number.
        real: Class number of each real image.
        made: Class number that each generated image was asked for.
    """

    names: tuple[str, ...]
    real: np.ndarray
    made: np.ndarray


class ClassScores(dict[str, float]):
    """Numbers by name, some of which sum up one number for each class.

    Args:
        numbers: The numbers by name.
        by_class: Numbers of each class, by the name of the number that sums them up and by the name
            of the class.

    Attributes:
        by_class: As given.
    """

    def __init__(
        self,
        numbers: Mapping[str, float] | None = None,
        by_class: Mapping[str, Mapping[str, float]] | None = None,
    ):
        super().__init__(numbers or {})
        self.by_class = {name: dict(values) for name, values in (by_class or {}).items()}


def by_class_of(scores: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Returns the numbers of each class, `ClassScores.by_class`, of any scores."""
    return scores.by_class if isinstance(scores, ClassScores) else {}


def summed_up(
    name: str, values: Mapping[str, float], sign: int, mean: float | None = None
) -> ClassScores:
    """Sums up a number of each class.

    Args:
        name: Name of the number.
        values: The number of each class, by the name of the class.
        sign: 1 if higher is better, -1 if lower is.
        mean: What to give as the number itself; None for the mean over classes.

    Returns:
        `name`, and `name_worst` and `name_best`, the numbers of the worst and the best class.

    Example:
        >>> summed_up("intra_fid", {"cat": 2.0, "dog": 4.0}, -1)
        {'intra_fid': 3.0, 'intra_fid_worst': 4.0, 'intra_fid_best': 2.0}
    """
    worst, best = extremes(values, sign)
    own = float(np.mean(list(values.values()))) if mean is None else mean
    numbers = {name: own, f"{name}_worst": values[worst], f"{name}_best": values[best]}
    return ClassScores(numbers, {name: values})


def extremes(values: Mapping[str, float], sign: int) -> tuple[str, str]:
    """Returns the names of the worst and the best class; see `summed_up`."""
    order = sorted(values, key=lambda name: sign * values[name])
    return order[0], order[-1]


def share_right(
    right: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> tuple[float, dict[str, float]]:
    """Returns the share of images of the class that was asked for.

    Args:
        right: Whether each image is, shape (B,).
        labels: The class number that was asked for, shape (B,).
        names: Names of the classes, by number.

    Returns:
        (share of all images, share of those of each class by name).

    Example:
        >>> share_right(np.array([True, False, True]), np.array([0, 0, 1]), ["cat", "dog"])
        (0.66..., {'cat': 0.5, 'dog': 1.0})
    """
    shares = {names[i]: float(right[labels == i].mean()) for i in np.unique(labels)}
    return float(right.mean()), shares


def obedience(
    right: np.ndarray, valid: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> ClassScores:
    """Returns the share of valid samples that are of the class that was asked for.

    Args:
        right: Whether each sample is of that class, shape (B,).
        valid: Whether each sample is of any class, shape (B,).
        labels: The class number that was asked for, shape (B,).
        names: Names of the classes, by number.

    Returns:
        "obedience", "obedience_worst" and "obedience_best". Without valid samples all are NaN;
        otherwise a class that has none counts as 0.

    Example:
        >>> right, valid = np.array([True, False, False]), np.array([True, True, False])
        >>> obedience(right, valid, np.array([0, 0, 1]), ["cat", "dog"])
        {'obedience': 0.5, 'obedience_worst': 0.0, 'obedience_best': 0.5}
    """
    asked = [names[i] for i in np.unique(labels)]
    if not valid.any():
        return summed_up("obedience", dict.fromkeys(asked, np.nan), 1, np.nan)
    share, shares = share_right(right[valid], labels[valid], names)
    return summed_up("obedience", dict.fromkeys(asked, 0.0) | shares, 1, share)


def intra_class(
    score: Callable[[np.ndarray, np.ndarray], Any],
    real: np.ndarray,
    real_labels: np.ndarray,
    generated: np.ndarray,
    labels: np.ndarray,
) -> dict[int, Any]:
    """Compares real and generated images within each class.

    Args:
        score: Function of the features of real and of generated images of one class.
        real: Features of real images, shape (n, dim).
        real_labels: Their class numbers, shape (n,).
        generated: Features of generated images, shape (m, dim).
        labels: The class numbers that they were asked for, shape (m,).

    Returns:
        What the function returns, by class number, for each class of the real images.

    Raises:
        InputError: If shapes do not match.
    """
    for name, features, numbers in (
        ("real_labels", real, real_labels),
        ("labels", generated, labels),
    ):
        if numbers.shape != features.shape[:1]:
            raise InputError(f"{name}: expected {len(features)} of them, got {numbers.shape}.")
    numbers = np.unique(real_labels)
    return {
        int(i): score(real[real_labels == i], generated[labels == i])
        for i in progress.bar(numbers, "compared", len(numbers), "classes")
    }


def intra_fid(
    real: np.ndarray, real_labels: np.ndarray, generated: np.ndarray, labels: np.ndarray
) -> dict[int, float]:
    """FID within each class (Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637).

    Their score is the mean over classes. The FID of few images is too high: compare only scores of
    equally many images of each class, and take more than there are features.

    Args:
        real: See `intra_class`, as for the others.
        real_labels: Class numbers of the real images.
        generated: Features of generated images.
        labels: Class numbers that they were asked for.

    Returns:
        FID by class number.

    Raises:
        InputError: If a class has fewer than two images of either kind.
    """
    from tfgan_zoo.metrics.frechet import frechet_distance  # imports TensorFlow

    def fid(real: np.ndarray, generated: np.ndarray) -> float:
        if min(len(real), len(generated)) < 2:
            raise InputError("labels: expected two images or more of each class of either kind.")
        return frechet_distance(*moments(real), *moments(generated))

    return intra_class(fid, real, real_labels, generated, labels)


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and covariance of features, float64; divided by num - 1."""
    x = features.astype(np.float64)
    mean = x.mean(axis=0)
    return mean, (x - mean).T @ (x - mean) / (len(x) - 1)


def class_of_logits(features: Any, names: Sequence[str], classes: Sequence[int]) -> np.ndarray:
    """Returns which class of some data each logit of a classifier stands for.

    Args:
        features: A feature extractor with `class_names`, the name of the class of each logit;
            several logits may stand for one class. Names are compared without case and
            punctuation, unless the classifier knows all of them as they are, or they differ in
            nothing else. Data whose classes are only numbered have the classifier's classes in its
            order.
        names: Names of the data's classes, by number.
        classes: The class numbers that occur.

    Returns:
        A class number for each logit; -1 if the data has no such class.

    Raises:
        InputError: If the classifier does not know a class that occurs, or has no names for its
            classes.

    Example:
        >>> class_of_logits(open_features("mnist_v1"), ["7", "1"], [0, 1])
        array([-1,  1, -1, -1, -1, -1, -1,  0, -1, -1])
    """
    given = tuple(getattr(features, "class_names", ()) or ())
    if not given:
        raise InputError(
            f"features: expected a classifier of the data's classes for class_accuracy, got "
            f"{features.name}, whose classes have no names; use mnist_v1, fashion_mnist_v1, "
            "figures_v1 or a ModelFeatures with class_names."
        )
    is_exact = set(names) <= set(given) or len(set(map(_plain, names))) < len(names)
    form = str if is_exact else _plain
    known = list(dict.fromkeys(map(form, given)))
    wanted = [form(name) for name in names]
    if not {wanted[i] for i in classes} <= set(known) and _are_numbers(names, len(known)):
        wanted = known[: len(names)]
    strange = [names[i] for i in classes if wanted[i] not in known]
    if strange:
        distinct = tuple(dict.fromkeys(given))
        listed = ", ".join(distinct[:10]) + (", ..." if len(distinct) > 10 else "")
        raise InputError(
            f"features: expected a classifier of the data's classes for class_accuracy, got "
            f"{features.name}, which knows {listed} and not {strange[0]!r}; use features that "
            "know all classes, or leave class_accuracy out."
        )
    number = {name: i for i, name in enumerate(wanted)}
    return np.array([number.get(form(name), -1) for name in given])


def _plain(name: str) -> str:
    # File systems may store an umlaut as a letter and a mark.
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", name)).lower()


def _are_numbers(names: Sequence[str], most: int) -> bool:
    return len(names) <= most and list(names) == [str(i) for i in range(len(names))]

"""Scores of codes: what an encoder keeps, and how it arranges it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfgan_zoo.errors import InputError, check_number


def active_units(means: np.ndarray, threshold: float = 0.01) -> int:
    """Counts the dimensions of a VAE's code that depend on the image.

    A dimension is active if the variance of its mean over the images is above the threshold (Burda
    et al. 2015, https://arxiv.org/abs/1509.00519). The others equal the prior, and the decoder
    ignores them.

    Args:
        means: The means that the encoder returns, `[num, dim]`.
        threshold: The variance.

    Example:
        >>> active_units(np.array([[1.0, 0.01], [-1.0, -0.01]]))
        1
    """
    means = _matrix("means", means)
    return int(np.count_nonzero(means.var(axis=0) > threshold))


def sparsity(
    activations: np.ndarray, dead_below: float = 1e-3, low: float = 0.0
) -> dict[str, float]:
    """Summarises how seldom the units of a layer are active.

    Args:
        activations: Outputs of sigmoid or tanh units, `[num, units]`.
        dead_below: A unit is dead if none of its activations is above `low` by more than this.
        low: The value of a unit that is off: 0 for sigmoid units, -1 for tanh units.

    Returns:
        "mean_activation" of all units, above `low`, and the smallest and the largest of the units'
        own, as shares of the range from `low` to 1; "dead_units", their number.

    Example:
        >>> sparsity(np.array([[0.0, 0.2], [0.0, 0.0]]))["dead_units"]
        1.0
    """
    shares = (_matrix("activations", activations) - low) / (1.0 - low)
    means = shares.mean(axis=0)
    return {
        "mean_activation": float(means.mean()),
        "mean_activation_least": float(means.min()),
        "mean_activation_most": float(means.max()),
        "dead_units": float(np.count_nonzero(shares.max(axis=0) <= dead_below / (1.0 - low))),
    }


def linear_probe(
    codes: np.ndarray,
    labels: np.ndarray,
    test_codes: np.ndarray,
    test_labels: np.ndarray,
    penalty: float = 1e-2,
) -> float:
    """Returns the accuracy of a linear classifier of labels from codes, on held-out codes.

    The classifier is ridge regression onto the classes, of standardised codes: it has a closed form
    and no random numbers.

    Args:
        codes: Codes to learn from, `[num, dim]`; `[num, ...]` is flattened, so that images are the
            baseline.
        labels: Their classes, whole numbers `[num]`.
        test_codes: Codes to classify.
        test_labels: Their classes.
        penalty: Weight of the squared coefficients, relative to the number of codes.

    Raises:
        InputError: If the arrays do not belong together, or there is one class alone.

    Example:
        >>> x = np.array([[0.0], [0.1], [1.0], [1.1]])
        >>> linear_probe(x, np.array([0, 0, 7, 7]), np.array([[0.2], [2.0]]), np.array([0, 7]))
        1.0
    """
    x, test = _matrix("codes", codes), _matrix("test_codes", test_codes)
    labels, test_labels = _labels("labels", labels, x), _labels("test_labels", test_labels, test)
    if x.shape[1] != test.shape[1]:
        raise InputError(
            f"test_codes: expected length {x.shape[1]}, as codes have, got {test.shape[1]}."
        )
    check_number("penalty", penalty, above=0)
    classes, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise InputError("labels: expected two classes or more, got one.")
    mean, spread = x.mean(axis=0), x.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    x, test = (x - mean) / scale, (test - mean) / scale
    wanted = np.eye(len(classes))[numbers]
    offset = wanted.mean(axis=0)
    ridge = penalty * len(x)
    if len(x) < x.shape[1]:  # The smaller of two systems with the same solution.
        dual = np.linalg.solve(x @ x.T + ridge * np.eye(len(x)), wanted - offset)
        weights = x.T @ dual
    else:
        weights = np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ (wanted - offset))
    seen = classes[np.argmax(test @ weights + offset, axis=1)]
    return float(np.mean(seen == test_labels))


def trustworthiness(inputs: np.ndarray, codes: np.ndarray, neighbours: int = 10) -> float:
    """Returns how far neighbours among codes are neighbours among inputs: 1 if all are.

    Venna and Kaski 2001 (https://doi.org/10.1007/3-540-44668-0_68): a neighbour among codes that is
    none among inputs counts by its rank there. Chance is about 0.5.

    Args:
        inputs: `[num, ...]`; distances are Euclidean. Memory and time grow with the square of
            `num`: take some thousands.
        codes: `[num, dim]`.
        neighbours: Neighbours of each, below half of `num`.

    Raises:
        InputError: If the arrays do not belong together, or there are too few codes.

    Example:
        >>> x = np.arange(10.0)[:, np.newaxis]
        >>> trustworthiness(x, 2 * x, 3)
        1.0
    """
    x, e = _matrix("inputs", inputs), _matrix("codes", codes)
    num = len(x)
    if len(e) != num:
        raise InputError(f"codes: expected {num}, one for each input, got {len(e)}.")
    check_number("neighbours", neighbours, least=1, whole=True)
    if 2 * neighbours >= num:
        raise InputError(
            f"neighbours: expected less than half of {num} codes, got {neighbours}; give more "
            "codes."
        )
    ranks = _ranks(x)
    near = _ranks(e) <= neighbours
    excess = np.where(near, np.maximum(ranks - neighbours, 0), 0).sum()
    return float(1 - 2 * excess / (num * neighbours * (2 * num - 3 * neighbours - 1)))


def continuity(inputs: np.ndarray, codes: np.ndarray, neighbours: int = 10) -> float:
    """Returns how far neighbours among inputs stay neighbours among codes: 1 if all do.

    It is `trustworthiness` with the roles of inputs and codes exchanged, and has the same arguments
    and errors.

    Args:
        inputs: `[num, ...]`.
        codes: `[num, dim]`.
        neighbours: Neighbours of each.

    Example:
        >>> x = np.arange(10.0)[:, np.newaxis]
        >>> continuity(x, np.abs(x - 4.5), 1) < trustworthiness(x, x, 1)  # folded
        True
    """
    return trustworthiness(codes, inputs, neighbours)


def arithmetic_scores(
    before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray], changed: str, value: Any
) -> dict[str, float]:
    """Scores arithmetic on codes by what can be read from the images before and after.

    Args:
        before: The attributes of each image, by name, `[num]` each.
        after: The attributes read from the images of the changed codes.
        changed: The attribute that the arithmetic names.
        value: The value it should have afterwards.

    Returns:
        "changed", the share of images that have the value; "kept", the share that keep all other
        attributes; "alone", the share of both.

    Example:
        >>> before = {"shape": np.array([0, 1]), "colour": np.array([2, 2])}
        >>> after = {"shape": np.array([0, 0]), "colour": np.array([5, 5])}
        >>> arithmetic_scores(before, after, "colour", 5)
        {'changed': 1.0, 'kept': 0.5, 'alone': 0.5}
    """
    if changed not in before or set(before) != set(after):
        raise InputError(
            f"changed: expected one of {', '.join(before)}, which both have, got {changed!r}."
        )
    right = np.asarray(after[changed]) == value
    kept = np.ones(len(right), bool)
    for name in before:
        if name != changed:
            kept &= np.asarray(before[name]) == np.asarray(after[name])
    return {
        "changed": float(right.mean()),
        "kept": float(kept.mean()),
        "alone": float((right & kept).mean()),
    }


def _ranks(x: np.ndarray) -> np.ndarray:
    """Returns each row's ranks of the others by distance, 1 for the nearest, `[num, num]`.

    Equal distances are ranked by position. A row itself gets a rank after all others.
    """
    x = x - x.mean(axis=0)
    norms = np.square(x).sum(axis=1)
    squares = norms[:, np.newaxis] + norms - 2 * (x @ x.T)
    np.fill_diagonal(squares, np.inf)
    order = np.argsort(squares, axis=1)
    # Rounding sets equal distances apart, otherwise in each unit: those of binary images, for one.
    steps = np.diff(np.take_along_axis(squares, order, axis=1), prepend=-np.inf)
    numbers = np.cumsum(steps > _EQUAL * norms.max(), axis=1)
    groups = np.empty(order.shape, np.int64)
    np.put_along_axis(groups, order, numbers, axis=1)
    order = np.argsort(groups, axis=1, kind="stable")
    ranks = np.empty(order.shape, np.int64)
    np.put_along_axis(ranks, order, np.arange(1, len(x) + 1)[np.newaxis], axis=1)
    return ranks


#: Squared distances that differ by less are equal; relative to the largest distance from the mean.
_EQUAL = 1e-10


def _matrix(name: str, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim < 2 or values.size == 0:
        raise InputError(f"{name}: expected shape (num, dim), got {values.shape}.")
    if not np.isfinite(values).all():
        raise InputError(f"{name}: expected finite numbers, got NaN or infinity.")
    return values.reshape(len(values), -1)


def _labels(name: str, labels: np.ndarray, codes: np.ndarray) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != (len(codes),):
        raise InputError(
            f"{name}: expected one for each of {len(codes)} codes, got {labels.shape}."
        )
    return labels

"""Clusters of points, by k-means."""

import numpy as np

_ITERATIONS = 100


def k_means(points: np.ndarray, num: int, *, seed: int = 0) -> np.ndarray:
    """Finds centres of clusters by Lloyd's algorithm, from points chosen by k-means++.

    Lloyd 1982; Arthur and Vassilvitskii 2007. The centres are sorted by the size of their clusters,
    the largest first.

    Args:
        points: Floats `[N, D]`, N >= 1.
        num: Number of centres. With fewer different points, some centres are the same.
        seed: Seed of the first centres.

    Returns:
        float32 `[num, D]`.

    Example:
        >>> k_means(np.array([[0.0], [1.0], [9.0]]), 2).tolist()
        [[0.5], [9.0]]
    """
    points = np.asarray(points, np.float64)
    random = np.random.default_rng(seed)
    centres = points[random.integers(len(points), size=1)]
    while len(centres) < num:
        distances = _squared_distances(points, centres).min(1)
        total = distances.sum()
        weights = distances / total if total > 0 else None
        centres = np.vstack([centres, points[random.choice(len(points), p=weights)]])
    for _ in range(_ITERATIONS):
        nearest = _squared_distances(points, centres).argmin(1)
        moved = centres.copy()
        for i in np.unique(nearest):
            moved[i] = points[nearest == i].mean(0)
        if np.array_equal(moved, centres):
            break
        centres = moved
    sizes = np.bincount(_squared_distances(points, centres).argmin(1), minlength=num)
    for i in np.flatnonzero(sizes == 0):  # of fewer points, or a centre that lost all of its own
        centres[i] = centres[sizes.argmax()]
    return centres[np.argsort(-sizes, kind="stable")].astype(np.float32)


def _squared_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return ((points[:, np.newaxis] - centres) ** 2).sum(-1)

"""Sliced Wasserstein distance: how far samples are from data, with no trained network."""

import numpy as np

from tfgan_zoo.errors import InputError, check_seed


def sliced_wasserstein(
    samples: np.ndarray, data: np.ndarray, projections: int = 256, seed: int = 0
) -> float:
    """Mean Wasserstein-1 distance of one-dimensional projections (Rabin et al. 2011).

    Cheap and free of trained weights, it tells a collapsed or noisy generator from a good one on
    one and the same data set; it is no measure of sharpness.

    Args:
        samples: floats, shape (num, ...).
        data: floats, shape (any number, ...). Where the numbers differ, a random choice of the
            larger set is used, as large as the smaller one.
        projections: random directions, from `seed`.
        seed: the same seed gives the same directions.

    Returns:
        The distance, in units of the data: two independent draws of the data give a small number
        above 0.

    Raises:
        InputError: if a sample has another shape in one than in the other, or one has none.

    Example:
        >>> x = np.zeros((100, 2), "float32")
        >>> round(sliced_wasserstein(x, x + 1, projections=10_000), 2)  # E|cos a + sin a|
        0.9
    """
    for name, each in (("samples", samples), ("data", data)):
        if not len(each):
            raise InputError(f"{name}: expected one sample or more, got none.")
    if samples.shape[1:] != data.shape[1:]:
        raise InputError(
            f"samples: expected the shape of the data's samples, {data.shape[1:]}, got "
            f"{samples.shape[1:]}."
        )
    samples = samples.reshape(len(samples), -1).astype(np.float32)
    data = data.reshape(len(data), -1).astype(np.float32)
    onto = directions(samples.shape[1], projections, seed)
    return projected_distance(samples @ onto, data @ onto)


def projected_distance(samples: np.ndarray, data: np.ndarray, seed: int = 0) -> float:
    """Returns the mean Wasserstein-1 distance of projections.

    Args:
        samples: floats, shape (num, projections).
        data: floats of as many projections. Of the longer one, as many rows as the other has are
            used, at random: data may be sorted.
        seed: the same seed gives the same rows.
    """
    num, random = min(len(samples), len(data)), np.random.default_rng(check_seed(seed, least=0))
    a, b = (
        np.sort(x if len(x) == num else x[random.choice(len(x), num, False)], axis=0)
        for x in (samples, data)
    )
    return float(np.mean(np.abs(a - b)))


def directions(dim: int, projections: int, seed: int = 0) -> np.ndarray:
    """Returns random unit vectors, float32, shape (dim, projections).

    Args:
        dim: their length.
        projections: how many.
        seed: the same seed gives the same ones.
    """
    vectors = np.random.default_rng(check_seed(seed, least=0)).normal(size=(dim, projections))
    return (vectors / np.linalg.norm(vectors, axis=0)).astype(np.float32)

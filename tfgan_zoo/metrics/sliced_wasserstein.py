"""Sliced Wasserstein distance of samples from data, without a trained network."""

import numpy as np

from tfgan_zoo.errors import InputError, check_seed


def sliced_wasserstein(
    samples: np.ndarray, data: np.ndarray, projections: int = 256, seed: int = 0
) -> float:
    """Mean Wasserstein-1 distance of one-dimensional projections (Rabin et al. 2011).

    It is cheap, needs no trained weights, and distinguishes a collapsed or noisy generator from a
    good one on the same data set. It does not measure sharpness.

    Args:
        samples: Floats of shape (n, ...).
        data: Floats of shape (m, ...). If n and m differ, a random choice of the larger set is
            used.
        projections: Number of random directions.
        seed: Seed of the directions.

    Returns:
        The distance, in units of the data. Two independent draws of the data give a small positive
        number.

    Raises:
        InputError: If the shapes of the samples differ, or there are none.

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
        samples: Floats of shape (n, projections).
        data: Floats of shape (m, projections). If n and m differ, a random choice of the larger
            set is used, as data may be sorted.
        seed: Seed of that choice.
    """
    num, random = min(len(samples), len(data)), np.random.default_rng(check_seed(seed, least=0))
    a, b = (
        np.sort(x if len(x) == num else x[random.choice(len(x), num, False)], axis=0)
        for x in (samples, data)
    )
    return float(np.mean(np.abs(a - b)))


def directions(dim: int, projections: int, seed: int = 0) -> np.ndarray:
    """Returns random unit vectors, float32 of shape (dim, projections).

    Args:
        dim: Length of the vectors.
        projections: Number of vectors.
        seed: Seed of the vectors.
    """
    vectors = np.random.default_rng(check_seed(seed, least=0)).normal(size=(dim, projections))
    return (vectors / np.linalg.norm(vectors, axis=0)).astype(np.float32)

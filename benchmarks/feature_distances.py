"""Distances of images in the features of a frozen network."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfgan_zoo import pictures


def mean_squares(network: Any, images: np.ndarray, others: np.ndarray) -> list[float]:
    """Returns the mean squared difference of features, for each layer of a network.

    Args:
        network: From `networks.feature_network`.
        images: Images `[num, H, W, C]`, uint8 or floats in [-1, 1].
        others: As many images of the same height and width, of any channels that the network takes.
    """
    found = [
        [np.square(a - b).reshape(len(a), -1).mean(axis=1) for a, b in zip(*both, strict=True)]
        for both in _features(network, images, others)
    ]
    return [float(np.concatenate(layer).mean()) for layer in zip(*found, strict=True)]


def normalised_error(network: Any, images: np.ndarray, originals: np.ndarray) -> float:
    """Returns the mean over images of |f(image) - f(original)|^2 / |f(original)|^2.

    Args:
        network: From `networks.feature_network`, of one layer or more, whose values count alike.
        images: Images `[num, H, W, C]`, uint8 or floats in [-1, 1].
        originals: What they are compared with, as many.
    """
    errors: list[float] = []
    for both in _features(network, images, originals):
        a, b = (np.concatenate([f.reshape(len(f), -1) for f in each], axis=1) for each in both)
        errors += list(np.square(a - b).sum(axis=1) / np.square(b).sum(axis=1))
    return float(np.mean(errors))


def _features(network: Any, images: np.ndarray, others: np.ndarray) -> Iterator[Any]:
    """Yields the features of some images and of their partners, a list of layers each."""
    for i in range(0, len(images), 50):
        found = (network(_floats(each[i : i + 50])) for each in (images, others))
        yield [
            [np.asarray(f, np.float64) for f in (each if isinstance(each, list) else [each])]
            for each in found
        ]


def _floats(images: np.ndarray) -> np.ndarray:
    return pictures.from_uint8(images) if images.dtype == np.uint8 else images

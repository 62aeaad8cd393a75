"""Scores of codes, and of the likelihood of images, for models that encode."""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tfgan_zoo.metrics import (
    active_units,
    continuity,
    linear_probe,
    sparsity,
    trustworthiness,
)
from tfgan_zoo.metrics.registry import BOUNDS, CODES

#: Images whose neighbours are compared, as memory and time grow with the square of their number.
_MOST_NEIGHBOURS = 2000

#: The bound of a number of draws, as `tfgan_zoo.evaluate` takes it.
_OF_DRAWS = re.compile(r"iw_bound\[([1-9]\d*)\]")


def bounds_of(names: Sequence[str]) -> list[str]:
    """Returns the names among some that are bounds of a number of draws, such as iw_bound[50]."""
    return [name for name in names if _OF_DRAWS.fullmatch(name)]


class CodeScores:
    """Scores of the codes of some images.

    Args:
        images: Returns the images, uint8.
        labels: Returns their classes; None without classes.
        training: Returns other images and their classes, for the linear probe.
        draws: Draws of `iw_bound`.
    """

    def __init__(
        self,
        images: Callable[[], np.ndarray],
        labels: Callable[[], np.ndarray] | None,
        training: Callable[[], tuple[np.ndarray, np.ndarray]],
        draws: int,
    ):
        self.images = images
        self.labels = labels
        self.training = training
        self.draws = draws

    def allowed(self, model: Any) -> dict[str, tuple[str, int]]:
        """Returns the scores that a model and its data have: the main number, and its sign."""
        names = dict(CODES)
        if self.labels is None:
            del names["probe"]
        if model.code_range is None:
            del names["sparsity"]
        found = {name: (_MAIN.get(name, name), sign) for name, sign in names.items()}
        if model.has_bound:
            found |= {name: (name, sign) for name, sign in BOUNDS.items()}
            found["iw_bound"] = f"iw_bound[{self.draws}]", 1
        return found

    def score(self, names: Sequence[str], model: Any) -> dict[str, float]:
        """Returns scores by name; the images are encoded once for all of them."""
        images = self.images()

        @functools.cache
        def codes() -> np.ndarray:
            return model.encode(images)

        found: dict[str, float] = {}
        for name in names:
            if name == "elbo":
                found["elbo"] = float(model.bound(images).mean())
            elif name == "iw_bound" or _OF_DRAWS.fullmatch(name):
                match = _OF_DRAWS.fullmatch(name)
                draws = int(match[1]) if match else self.draws
                found[f"iw_bound[{draws}]"] = float(model.bound(images, draws).mean())
            elif name == "probe":
                found["probe"] = self._probe(model, codes())
            else:
                found |= _OF_CODES[name](images, codes(), model)
        return found

    def _probe(self, model: Any, codes: np.ndarray) -> float:
        assert self.labels is not None
        images, labels = self.training()
        return linear_probe(model.encode(images), labels, codes, self.labels())


def _active_units(images: np.ndarray, codes: np.ndarray, model: Any) -> Mapping[str, float]:
    return {"active_units": float(active_units(codes))}


def _sparsity(images: np.ndarray, codes: np.ndarray, model: Any) -> Mapping[str, float]:
    return sparsity(codes, low=model.code_range[0])


def _trustworthiness(images: np.ndarray, codes: np.ndarray, model: Any) -> Mapping[str, float]:
    return {"trustworthiness": _of_neighbours(trustworthiness, images, codes)}


def _continuity(images: np.ndarray, codes: np.ndarray, model: Any) -> Mapping[str, float]:
    return {"continuity": _of_neighbours(continuity, images, codes)}


def _of_neighbours(metric: Callable[..., float], images: np.ndarray, codes: np.ndarray) -> float:
    num = min(len(images), _MOST_NEIGHBOURS)
    # Of a few images, as in a rehearsal, fewer neighbours.
    return metric(images[:num], codes[:num], max(1, min(10, (num - 1) // 2)))


_OF_CODES: Mapping[str, Callable[[np.ndarray, np.ndarray, Any], Mapping[str, float]]] = {
    "active_units": _active_units,
    "sparsity": _sparsity,
    "trustworthiness": _trustworthiness,
    "continuity": _continuity,
}

#: The number that ranks models, of scores with several.
_MAIN = {"sparsity": "dead_units"}

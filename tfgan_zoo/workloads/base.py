"""What a run needs of its kind of model."""

import abc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import GANModel

#: A function that scores a model, the main one of its scores, and 1 if a higher one is better. Of
#: several that share a function, it is called once.
Score = tuple[Callable[[Any], Mapping[str, float]], str, int]

#: What the data pipelines call the options of `data.cache`.
CACHE: dict[str, bool | str] = {"auto": "auto", "yes": True, "no": False}


class Workload(abc.ABC):
    """A config's data, opened, and what to make of it.

    Args:
        config: of the run.
        model: of the run, for its shapes.

    Raises:
        InputError: if the data cannot be used for the model.
    """

    #: Entries of config.data besides those of every model.
    data_entries: tuple[str, ...] = ()

    def __init__(self, config: ConfigDict, model: GANModel):
        self.config = config
        self.model = model
        known = [*config_lib.default_config().data, *self.data_entries]
        config_lib.check_names("data", config.data, known)

    def square_side(self) -> int:
        """Returns the side of the model's images.

        Raises:
            InputError: if they are no squares.
        """
        height, width, _ = self.model.image_shape
        if height != width:
            raise InputError(
                "model_args.image_shape: expected a square for training from files, got "
                f"{self.model.image_shape}."
            )
        return height

    @abc.abstractmethod
    def batches(self, start: int) -> tf.data.Dataset:
        """Returns training batches without end, from those of step `start` on."""

    @abc.abstractmethod
    def describe(self) -> str:
        """Returns what the data is, in a few words."""

    @abc.abstractmethod
    def sheet(self, model: Any) -> np.ndarray:
        """Draws what a model makes now, always from the same inputs: uint8 (height, width, 3)."""

    @abc.abstractmethod
    def known_scores(self) -> dict[str, Score]:
        """Returns what can be scored with this data, by the names of config.evaluate.metrics."""

    def pretraining(self) -> ConfigDict | None:
        """Returns the config of the run before the run, from which it starts; None for none."""
        return None

    @property
    def scores(self) -> list[Score]:
        """What the config asks for and the data allows; the first decides what is best.

        Raises:
            InputError: if the one that is to decide is not among them.
        """
        known, settings = self.known_scores(), self.config.evaluate
        names = [name for name in settings.metrics if name in known]
        if settings.main is not None and settings.main not in names:
            raise InputError(
                f"evaluate.main: expected a metric for this data ({', '.join(names) or 'none'}), "
                f"got {settings.main!r}."
            )
        if settings.patience and not names:
            raise InputError("evaluate.patience: expected 0 where nothing is scored.")
        names.sort(key=lambda name: name != settings.main)
        return [known[name] for name in names]

    def score(self, model: Any) -> dict[str, float]:
        """Returns all scores of a model."""
        found: dict[str, float] = {}
        for function in dict.fromkeys(function for function, _, _ in self.scores):
            found |= function(model)
        return found

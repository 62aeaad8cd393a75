"""Random numbers of train steps: a function of seed, phase, purpose and step."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import check_seed


class Randomness(keras.Model):
    """Gives each draw of a train step a seed that depends on nothing else, so that runs resume."""

    def _init_randomness(self, seed: int) -> None:
        self.seed = check_seed(seed)
        #: Number of times that training went back to a checkpoint; changes the random numbers.
        self.rollbacks = 0
        # MirroredStrategy gives each replica a thread and switches between them during a step.
        self._random_phases = threading.local()

    def key(self, purpose: str) -> tf.Tensor:
        """Returns the seed, for `tfgan_zoo.noise`, of this step's draws for one purpose."""
        *phase, counter = self.random_phase
        attempt = [f"attempt {self.rollbacks}"] if self.rollbacks else []
        return noise.key(self.seed, *attempt, *phase, purpose, counter)

    @property
    def random_phase(self) -> tuple[Any, ...]:
        """The phase that random numbers depend on, besides their purpose: a name, then a counter.

        More names and numbers may stand between them.
        """
        return getattr(self._random_phases, "parts", ("train", self.step))

    @contextlib.contextmanager
    def random_phase_of(self, *parts: Any) -> Iterator[None]:
        """A context in which `random_phase` is `parts`."""
        before, self._random_phases.parts = self.random_phase, parts
        try:
            yield
        finally:
            self._random_phases.parts = before

    @property
    def attempt(self) -> int:
        """The earlier name of `rollbacks`."""
        return self.rollbacks

    @attempt.setter
    def attempt(self, number: int) -> None:
        self.rollbacks = number

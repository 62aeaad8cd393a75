"""Learning rate schedules of papers that Keras does not have."""

from typing import Any

import keras
from keras import ops

from tfgan_zoo.errors import InputError


@keras.saving.register_keras_serializable("tfgan_zoo")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate with a linear decay to 0 (CycleGAN, pix2pix).

        rate(t) = learning_rate * min(1, (steps - t) / (steps - start)), and 0 from `steps` on.

    Args:
        learning_rate: The rate at first.
        steps: The step at which it reaches 0.
        start: The step at which it begins to fall.

    Raises:
        InputError: If `start` is not between 0 and `steps` - 1.

    Example:
        >>> rate = LinearDecay(2e-4, steps=200, start=100)
        >>> [round(float(rate(step)), 6) for step in (0, 100, 150, 200)]
        [0.0002, 0.0002, 0.0001, 0.0]
    """

    def __init__(self, learning_rate: float, steps: int, start: int = 0):
        super().__init__()
        if not 0 <= start < steps:
            raise InputError(f"start: expected a step from 0 to {steps - 1}, got {start}.")
        self.learning_rate = float(learning_rate)
        self.steps = int(steps)
        self.start = int(start)

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at a step."""
        left = ops.cast(self.steps - ops.cast(step, "int64"), "float32")
        return self.learning_rate * ops.clip(left / (self.steps - self.start), 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {"learning_rate": self.learning_rate, "steps": self.steps, "start": self.start}


@keras.saving.register_keras_serializable("tfgan_zoo")
class Scaled(keras.optimizers.schedules.LearningRateSchedule):
    """A multiple of another learning rate schedule: rate(t) = factor * schedule(t).

    Args:
        schedule: A Keras schedule, or its config.
        factor: The factor.

    Example:
        >>> float(Scaled(LinearDecay(1.0, steps=100), 0.5)(50))
        0.25
    """

    def __init__(self, schedule: Any, factor: float):
        super().__init__()
        if isinstance(schedule, dict):
            schedule = keras.saving.deserialize_keras_object(schedule)
        self.schedule = schedule
        self.factor = float(factor)

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at a step."""
        return self.factor * self.schedule(step)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        schedule = keras.saving.serialize_keras_object(self.schedule)
        return {"schedule": schedule, "factor": self.factor}

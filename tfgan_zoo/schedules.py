"""Schedules of papers that Keras does not have: of learning rates and of other settings.

A schedule is a function of the number of updates or train steps so far, which is saved with a
model. A run that resumes, or that is given more steps, therefore goes on exactly.
"""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from tfgan_zoo.errors import InputError, check_number


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


@keras.saving.register_keras_serializable("tfgan_zoo")
class Cosine(keras.optimizers.schedules.LearningRateSchedule):
    """Half a period of a cosine from one value to another, which then stays (R3GAN).

        value(t) = end + (start - end) (1 + cos(pi min(t / steps, 1))) / 2

    Unlike `keras.optimizers.schedules.CosineDecay` it can rise, also from 0.

    Args:
        start: The value at step 0.
        end: The value from `steps` on.
        steps: The step at which it reaches `end`.

    Raises:
        InputError: If a value is no finite number, or `steps` is below 1.

    Example:
        >>> rise = Cosine(0.0, 4.0, steps=100)
        >>> [round(float(rise(step)), 4) for step in (0, 50, 100, 150)]
        [0.0, 2.0, 4.0, 4.0]
    """

    def __init__(self, start: float, end: float, steps: int):
        super().__init__()
        check_number("start", start)
        check_number("end", end)
        check_number("steps", steps, least=1, whole=True)
        self.start, self.end, self.steps = float(start), float(end), int(steps)

    def __call__(self, step: Any) -> Any:
        """Returns the value at a step."""
        share = ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)
        return self.end + (self.start - self.end) * 0.5 * (1.0 + ops.cos(math.pi * share))

    def __repr__(self) -> str:
        return f"Cosine({self.start:g}, {self.end:g}, steps={self.steps})"

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {"start": self.start, "end": self.end, "steps": self.steps}


#: A setting of a model: constant, or a function of the number of train steps so far.
Setting = float | Cosine


def checked(
    name: str,
    value: Any,
    least: float = -math.inf,
    above: float = -math.inf,
    infinite: bool = False,
) -> Setting:
    """Returns a setting that may be a schedule.

    Args:
        name: Its name in messages.
        value: A number, a `Cosine`, or a dict of the latter's arguments.
        least: The least value.
        above: A bound that a constant is above; a schedule may touch it.
        infinite: Whether a constant may be infinite.

    Raises:
        InputError: If it is anything else, or out of range.

    Example:
        >>> checked("r1_gamma", {"start": 2, "end": 0.2, "steps": 1000})
        Cosine(2, 0.2, steps=1000)
    """
    if isinstance(value, Mapping):
        if set(value) != {"start", "end", "steps"}:
            raise InputError(
                f"{name}: expected a number, or a schedule with start, end and steps, got "
                f"{dict(value)!r}."
            )
        check_number(f"{name}.steps", value["steps"], least=1, whole=True)
        for end in ("start", "end"):
            check_number(f"{name}.{end}", value[end])
        value = Cosine(**value)
    if isinstance(value, Cosine):
        for end in ("start", "end"):
            check_number(f"{name}.{end}", getattr(value, end), least=max(least, above))
        return value
    check_number(name, value, least=least, above=above, infinite=infinite)
    return float(value)


def value_at(setting: Setting, step: Any) -> Any:
    """Returns a setting at a step: itself if it is constant, otherwise a tensor.

    Args:
        setting: From `checked`.
        step: The number of train steps so far.
    """
    return setting(step) if isinstance(setting, Cosine) else setting


@keras.saving.register_keras_serializable("tfgan_zoo")
class ScheduledAdam(keras.optimizers.Adam):
    """Adam whose second decay rate follows a schedule, as the learning rate can in Keras.

    The correction of bias takes the present rate to the power of the number of updates, as a
    PyTorch optimizer does whose settings are changed between updates.

    Args:
        *args: See `keras.optimizers.Adam`.
        beta_2: A number, a `Cosine`, or a dict of its arguments: a function of the updates so far.
        **kwargs: See `keras.optimizers.Adam`.

    Raises:
        InputError: If a rate is not from 0 to below 1.

    Example:
        >>> adam = ScheduledAdam(2e-4, beta_1=0.0, beta_2=Cosine(0.9, 0.99, steps=1000))
        >>> round(float(adam.beta_2), 4)
        0.9
    """

    def __init__(self, *args: Any, beta_2: Any = 0.999, **kwargs: Any):
        if isinstance(beta_2, Mapping) and "class_name" in beta_2:
            beta_2 = keras.saving.deserialize_keras_object(beta_2)
        beta_2 = checked("beta_2", beta_2, least=0)
        for rate in (beta_2.start, beta_2.end) if isinstance(beta_2, Cosine) else (beta_2,):
            # At 1 the correction of bias would stop all updates.
            check_number("beta_2", rate, least=0, below=1)
        super().__init__(*args, beta_2=beta_2, **kwargs)

    @property
    def beta_2(self) -> Any:
        """The present rate."""
        if isinstance(self._beta_2, Cosine):
            return self._beta_2(tf.convert_to_tensor(self.iterations))
        return self._beta_2

    @beta_2.setter
    def beta_2(self, rate: Any) -> None:
        self._beta_2 = rate

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        rate = self._beta_2
        if isinstance(rate, Cosine):
            rate = keras.saving.serialize_keras_object(rate)
        return super().get_config() | {"beta_2": rate}

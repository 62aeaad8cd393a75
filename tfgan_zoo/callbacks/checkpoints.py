"""Callbacks that save checkpoints, and that continue an epoch from one."""

from collections.abc import Callable

import keras

from tfgan_zoo.callbacks.schedule import Schedule
from tfgan_zoo.layers.per_replica import assign_replicas, of_all_replicas


class KeepMeans(keras.callbacks.Callback):
    """Continues the running means of a restored model in the first epoch of `fit`.

    `fit` resets them at the start of every epoch. An epoch that was stopped, saved and resumed
    should end with the means of all its steps.

    Args:
        model: The restored model.
    """

    def __init__(self, model: keras.Model):
        super().__init__()
        variables = [v for metric in model.metrics for v in metric.variables]
        self.means = [of_all_replicas(v) for v in variables]

    def on_epoch_begin(self, epoch, logs=None):
        """Restores the means, once."""
        variables = [v for metric in self.model.metrics for v in metric.variables]
        for variable, values in zip(variables, self.means, strict=bool(self.means)):
            assign_replicas(variable, values)
        self.means = []


class SaveBeforeScoring(keras.callbacks.Callback):
    """Saves a checkpoint before the callbacks after it compute anything from the epoch.

    Scoring may fail or be killed. The saved logs let it run again on resume.

    Args:
        save: Function of (model, step, logs) that saves the model; logs are floats by name.
        when: Function of a step that returns whether to save.
    """

    def __init__(
        self,
        save: Callable[[keras.Model, int, dict[str, float]], object],
        when: Callable[[int], bool],
    ):
        super().__init__()
        self.save = save
        self.when = when

    def on_epoch_end(self, epoch, logs=None):
        """Saves when due."""
        step = self.model.steps_done
        if self.when(step):
            self.save(self.model, step, {k: float(v) for k, v in (logs or {}).items()})


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves checkpoints at regular steps.

    Args:
        save: Function of (model, step, score) that saves the model.
        when: When to save.
        score_name: Name of the logged value that tells the best checkpoint; None for none.
        sign: 1 if a higher score is better, -1 if a lower one is.
        besides: Function that returns whether to save at the end of another epoch, too.
        otherwise: Function of the step, called at the end of the other epochs; None for none.
    """

    def __init__(
        self,
        save: Callable[[keras.Model, int, float | None], object],
        when: Schedule,
        score_name: str | None = None,
        sign: int = 1,
        besides: Callable[[], bool] = lambda: False,
        otherwise: Callable[[int], object] | None = None,
    ):
        super().__init__()
        self.save = save
        self.when = when
        self.score_name = score_name
        self.sign = sign
        self.besides = besides
        self.otherwise = otherwise

    def on_epoch_end(self, epoch, logs=None):
        """Saves when due."""
        step = self.model.steps_done
        if self.when.due(step) or self.besides():
            score = (logs or {}).get(self.score_name)
            self.save(self.model, step, None if score is None else self.sign * float(score))
        elif self.otherwise is not None:
            self.otherwise(step)

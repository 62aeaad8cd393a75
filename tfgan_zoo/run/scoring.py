"""When a run is evaluated and saved, and which of its weights are the best."""

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo.callbacks import Schedule
from tfgan_zoo.models import ZooModel
from tfgan_zoo.run.folder import Run, ScoreHistory
from tfgan_zoo.tasks import Task


class RunScores:
    """When a run is evaluated, and by which score its weights are compared.

    Args:
        config: Of the run.
        task: Knows which scores its data allow.

    Attributes:
        name: The logged score that decides; None if nothing is scored.
        sign: 1 if higher is better, -1 if lower.
        when: The steps of the evaluations.
        patience: The run ends after this many evaluations without a better score; 0 for never.
    """

    def __init__(self, config: ConfigDict, task: Task):
        self.name: str | None = None
        self.sign = 1
        if scores := task.scores:
            _, self.name, self.sign = scores[0]
        every = config.evaluate.every or config.train.checkpoint_every
        self.when = Schedule(every, config.train.steps)
        self.patience = config.evaluate.patience

    def history(self, run: Run, last: float = np.inf) -> ScoreHistory:
        """Returns the best step up to `last`, and the number of evaluations since."""
        if self.name is None:
            return ScoreHistory(None, 0)
        return run.score_history(
            self.name, self.sign, lambda step: step <= last and self.when.due(step)
        )

    def out_of_patience(self, run: Run, last: float = np.inf) -> bool:
        """Returns whether the run has run out of patience by a step."""
        return 0 < self.patience <= self.history(run, last).since


class CheckpointPolicy:
    """Which steps of a run are saved.

    A step that will be scored is saved before, with its logs: if scoring fails or is killed, the
    resumed run scores it again instead of training it again.

    Args:
        config: Of the run.
        run: The folder.
        scores: When the run is evaluated.
        start: The step at which training starts or resumes.
    """

    def __init__(self, config: ConfigDict, run: Run, scores: RunScores, start: int):
        self.checkpoints = run.checkpoints
        self.keep = config.train.keep_checkpoints
        self.when = Schedule(config.train.checkpoint_every, config.train.steps)
        self.scores = scores
        self.start = start

    def is_scored_later(self, step: int) -> bool:
        """Returns whether a step is saved before it is scored."""
        return self.when.due(step) or (self.scores.name is not None and self.scores.when.due(step))

    def save_unscored(self, model: ZooModel, step: int, logs: dict[str, float]) -> None:
        """Saves a step before it is scored."""
        self.checkpoints.save(model, step, None, None, logs)

    def save(self, model: ZooModel, step: int, score: float | None = None) -> None:
        """Saves a step, or adds its score to the checkpoint that was saved before."""
        if self.is_scored_later(step):
            self.checkpoints.finish_scoring(step, self.keep, score)
        else:
            self.checkpoints.save(model, step, self.keep, score)

    def drop(self, step: int) -> None:
        """Removes the checkpoint of a step that was saved only to be scored."""
        if step == self.start:  # the last step of a shorter run, which this one resumed
            self.checkpoints.finish_scoring(step, self.keep)
        elif self.is_scored_later(step):
            self.checkpoints.drop(step)

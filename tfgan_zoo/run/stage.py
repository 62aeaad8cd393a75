"""One training with everything that belongs to it: a run, or the pretraining before it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras
from ml_collections import ConfigDict

from tfgan_zoo.models import ZooModel
from tfgan_zoo.models.mechanics.output_ranges import made_before
from tfgan_zoo.progress import counted
from tfgan_zoo.run.building import build_model, short_name
from tfgan_zoo.run.devices import Devices
from tfgan_zoo.run.folder import Run
from tfgan_zoo.run.scoring import RunScores
from tfgan_zoo.tasks import Task


@dataclasses.dataclass
class Stage:
    """One training.

    Attributes:
        config: The resolved config.
        run: The folder.
        model: The model in training.
        task: The data, the sample sheet and the scores.
        scores: When the run is evaluated, and by which score its weights are compared.
        devices: Where it trains.
        report: Receives messages.
        callbacks: Those of `train.callbacks`.
    """

    config: ConfigDict
    run: Run
    model: ZooModel
    task: Task
    scores: RunScores
    devices: Devices
    report: Callable[[str], None]
    callbacks: list[keras.callbacks.Callback] = dataclasses.field(default_factory=list)

    def export(self) -> Path | None:
        """Returns the folder of the SavedModel; None if the run has none."""
        if not (self.config.train.export and self.task.has_export):
            return None
        return self.run.exports / short_name(self.config.model) / "1"

    def sheet(self) -> Path | None:
        """Returns the sample sheet of the finished run; None if its task has none."""
        return self.run.samples / "final.png" if self.task.has_sheet else None

    def single_worker_copy(self) -> Callable[[ZooModel], ZooModel]:
        """Returns a function that copies a model of several workers to this process alone.

        What the chief alone computes must not need the others. With a single worker, the model is
        its own copy.
        """
        if self.devices.workers == 1 or not self.devices.chief:
            return lambda model: model
        with made_before():
            copy = build_model(self.config)

        def current(model: ZooModel) -> ZooModel:
            copy.set_weights(model.get_weights())
            return copy

        return current

    def describe(self, start: int, over: bool) -> str:
        """Returns a few lines about the training that is about to begin.

        Args:
            start: The step at which it starts or resumes.
            over: Whether it has run out of patience.
        """
        config, model = self.config, self.model
        parameters = ", ".join(
            f"{role} {sum(network.count_params() for network in networks):,}"
            for role, networks in model.roles().items()
        )
        batch = model.samples_per_step(config.data.batch_size)
        factors = [
            f" x {name.replace('_', ' ')} {getattr(model, name)}"
            for name in model.sample_factors
            if getattr(model, name) > 1
        ]
        product = f" (batch {config.data.batch_size}{''.join(factors)})" if factors else ""
        steps = f"{counted(config.train.steps, 'step')} of {counted(batch, 'sample')}{product}"
        if start >= config.train.steps:
            steps = "its step is done" if start == 1 else f"all {start:,} steps are done"
        elif over:
            steps = f"ended at step {start:,} of {config.train.steps:,}"
        elif start:
            steps += f", resumed at step {start:,}"
        shape = "x".join(map(str, model.image_shape))
        return (
            f"{type(model).__name__} {shape} (parameters: {parameters})\n"
            f"{self.task.describe()}; {steps}, on {self.devices.describe()}"
        )

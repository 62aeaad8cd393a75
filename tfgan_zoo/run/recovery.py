"""How a run goes on after an interruption, after NaN, and after a full disk."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo.errors import InputError, NonFiniteLossError, StorageError
from tfgan_zoo.keras_internals import inner_optimizer
from tfgan_zoo.models import ZooModel
from tfgan_zoo.progress import counted
from tfgan_zoo.run.devices import Devices
from tfgan_zoo.run.folder import Run
from tfgan_zoo.schedules import Scaled

#: Distance between the data of one rollback and the next, in steps: more than a run has.
STEPS_PER_ROLLBACK = 1_000_003


def resume(run: Run, model: ZooModel, report: Callable[[str], None], devices: Devices) -> int:
    """Loads the last undamaged checkpoint, if there is one, and returns its step."""
    steps: list[int] = []
    with devices.together():
        if devices.chief:
            damaged = run.checkpoints.set_aside_damaged()
            steps = run.checkpoints.steps()
            if damaged and not steps:
                raise InputError(
                    f"--workdir: all checkpoints in {str(run.path)!r} are damaged; give a new "
                    "folder."
                )
            for folder in damaged:
                report(f"A checkpoint is damaged and was set aside: {folder}")
    step = devices.from_chief(steps[-1] if steps else 0)
    if step % model.steps_per_execution:
        raise InputError(
            f"train.steps_per_execution: expected a divisor of {step}, the step at which the run "
            f"resumes, got {model.steps_per_execution}."
        )
    with devices.together():
        if step and step not in run.checkpoints.steps():
            raise InputError(
                f"--workdir: {str(run.path)!r} has no checkpoint of step {step}, at which the "
                "chief resumes; give all workers one shared folder."
            )
    if step:
        run.checkpoints.restore(model, step)
    return step


def is_unscored(run: Run, step: int) -> bool:
    """Returns whether a step is saved but not yet scored."""
    return step > 0 and run.checkpoints.unscored(step) is not None


def rewind(run: Run, step: int) -> None:
    """Removes the records of later steps, and of a step that is scored again."""
    run.trim_metrics(step - 1 if is_unscored(run, step) else step)


# ---------------------------------------------------------------------- after NaN


class Rollbacks:
    """Returns to a checkpoint after NaN, with lower learning rates, other noise and other batches.

    Training is deterministic, so without these changes it would run into the same NaN again. They
    follow from the notes in the run folder, so a resumed run makes them too.

    Args:
        config: Of the run.
        run: The folder, with the notes.
        model: The model as it was built, with the config's learning rates.
    """

    def __init__(self, config: ConfigDict, run: Run, model: ZooModel):
        self.settings = config.nan
        self.run = run
        self.model = model
        self.rates = {role: _learning_rate(model, role) for role in model.roles()}

    def apply(self) -> None:
        """Changes the model as the notes say, after a checkpoint was loaded."""
        notes = self.run.noted_rollbacks()
        if not notes:
            return
        factor = learning_rate_factor(self.run)
        for role, rate in self.rates.items():
            optimizer = getattr(self.model, f"{role}_optimizer")
            if isinstance(rate, float):
                optimizer.learning_rate = rate * factor
            else:
                optimizer.learning_rate = Scaled(rate, factor)
        self.model.rollbacks = len(notes)
        self.model.make_train_function(force=True)  # it captured the old rates and noise

    def roll_back(
        self, error: NonFiniteLossError, report: Callable[[str], None], devices: Devices
    ) -> int:
        """Restores the last checkpoint with other conditions, and returns its step.

        Raises:
            NonFiniteLossError: The given error, if there is no checkpoint or no rollback left.
        """
        run, steps, times = self.run, self.run.checkpoints.steps(), len(self.run.noted_rollbacks())
        if not steps or times >= self.settings.rollbacks:
            if devices.chief:
                run.note_health(self.model.steps_done, "not_finite", str(error))
            raise error
        step, factor = steps[-1], self.settings.learning_rate_factor
        reason = f"{str(error).split('. ')[0]}."
        if devices.chief:
            note = {"at": self.model.steps_done, "to": step, "learning_rate_factor": factor}
            run.note_rollback({**note, "reason": reason})
            rewind(run, step)
        devices.wait()
        slower = "" if factor == 1 else f", learning rates times {factor:g}"
        message = (
            f"{reason} Back to the checkpoint of step {step}, with other noise{slower} "
            f"({times + 1} of at most {counted(self.settings.rollbacks, 'time')})."
        )
        report(message)
        if devices.chief:
            run.note_health(step, "not_finite", message)
        run.checkpoints.restore(self.model, step)
        self.apply()
        return step


def learning_rate_factor(run: Run) -> float:
    """Returns the factor by which a run's rollbacks have changed its learning rates."""
    return float(np.prod([note["learning_rate_factor"] for note in run.noted_rollbacks()]))


def _learning_rate(model: ZooModel, role: str) -> Any:
    """Returns the learning rate of a role's optimizer: a number, or a schedule's config."""
    optimizer = getattr(model, f"{role}_optimizer")
    # The attribute `learning_rate` is a schedule's present value.
    rate = inner_optimizer(optimizer).get_config()["learning_rate"]
    return rate if isinstance(rate, dict) else float(rate)


def advice(config: ConfigDict, run: Run) -> str:
    """Says what is left after a loss became NaN, and what may help."""
    steps = run.checkpoints.steps()
    kept = f"The last good checkpoint is {run.checkpoints.folder(steps[-1])}. " if steps else ""
    r1 = ", or R1 (model_args.r1_gamma)," if "r1_gamma" in config.model_args else ""
    return f"{kept}A lower learning rate{r1} often helps."


# ---------------------------------------------------------------------- storage


@contextlib.contextmanager
def storage_errors(run: Run) -> Iterator[None]:
    """Turns a failure to write files into a `StorageError`."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        if not (isinstance(error, OSError) or _is_full(error)):
            raise
        steps = run.checkpoints.steps()
        kept = f"the last checkpoint is that of step {steps[-1]}" if steps else "none is saved"
        cause = " ".join(str(error).split())
        raise StorageError(
            f"Cannot write to {str(run.path)!r} ({cause}): {kept}; fix the problem and run the "
            "same command to resume."
        ) from error


def _is_full(error: tf.errors.OpError) -> bool:
    texts = ("No space left", "Permission denied", "File too large", "Read-only", "quota")
    return any(text in str(error) for text in texts)

"""The story of a run: it is prepared, trained, and finished."""

import contextlib
import gc
import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo import atomic, pictures, progress
from tfgan_zoo import config as config_lib
from tfgan_zoo.errors import InputError, NonFiniteLossError, input_errors
from tfgan_zoo.models.mechanics.output_ranges import made_before
from tfgan_zoo.progress import counted
from tfgan_zoo.run import styles
from tfgan_zoo.run.building import build_model, model_class
from tfgan_zoo.run.changing import (
    describe_change,
    feature_files,
    only_with_export_of,
    replaced_data,
    unused_changes,
)
from tfgan_zoo.run.devices import Devices, open_devices
from tfgan_zoo.run.fitting import fit_once
from tfgan_zoo.run.folder import Run
from tfgan_zoo.run.planning import plan
from tfgan_zoo.run.recovery import (
    Rollbacks,
    is_unscored,
    learning_rate_factor,
    resume,
    rewind,
    storage_errors,
)
from tfgan_zoo.run.scoring import RunScores
from tfgan_zoo.run.stage import Stage
from tfgan_zoo.run.starting import start_from, start_from_generator
from tfgan_zoo.run.trained import (
    card_details,
    convert_run,
    export_model,
    export_run,
    load_run,
    verify_export,
)
from tfgan_zoo.run.user_callbacks import import_callbacks, make_callbacks
from tfgan_zoo.tasks import Task, open_task, resolve

__all__ = [
    "Result",
    "Run",
    "convert_run",  # where version 0.2 had it, like the others of `run.trained`
    "export_model",
    "export_run",
    "load_run",
    "train",
    "verify_export",
]


class Result(NamedTuple):
    """What a finished run left behind.

    Attributes:
        step: The step of the exported weights: the best, if the run is scored.
        samples: The sample sheet of these weights; None if the task has no sheet.
        model: The `.keras` file.
        export: The SavedModel; None if the run has none.
        scores: The scores of these weights.
        ended: Why training ended.
    """

    step: int
    samples: os.PathLike | None
    model: os.PathLike
    export: os.PathLike | None
    scores: dict[str, float]
    ended: str


def train(
    config: ConfigDict,
    workdir: str | os.PathLike,
    report: Callable[[str], None] = print,
    *,
    recipe: str | None = None,
    accept_changed_data: bool = False,
    extend_to: int | None = None,
    minutes: float | None = None,
    kept: Collection[str] = (),
    say: Callable[[str], None] | None = None,
) -> Result:
    """Trains as the config says, or resumes where an earlier call was stopped.

    Before the first step, the run tries everything that it will compute besides its steps: the
    sample sheet, each score on a few samples, and the export.

    Args:
        config: From `tfgan_zoo.config.load_config`.
        workdir: The run folder; see `tfgan_zoo.run.Run`.
        report: Receives a line at each stage.
        recipe: The name of the config's recipe, to note in the run folder.
        accept_changed_data: Resume even if the data have changed since the run began.
        extend_to: A larger number of steps for a run that has begun. Learning rates that decay
            until the last step are planned again for this number; None for `config.train.steps`.
        minutes: Plan the number of steps of a new run, so that the call takes this long; see
            `tfgan_zoo.run.planning`. A run that has begun keeps its plan. None for
            `config.train.steps`.
        kept: Entries that `minutes` leaves as they are, although they count steps.
        say: The earlier name of `report`.

    Raises:
        InputError: Before any training, if an argument cannot be used, the folder holds a run with
            another config, or its data have changed.
        Interrupted: After a signal, once a checkpoint was saved.
        NonFiniteLossError: If a loss became NaN or infinite, and rolling back to a checkpoint did
            not help; the last good checkpoint stays.
        StorageError: If files cannot be written; the last checkpoint stays.
        WorkerLostError: If another of several workers ended.
    """
    began = time.monotonic()
    config = config_lib.with_whole_shape(config)
    if minutes is not None:
        if extend_to is not None:
            raise InputError("minutes: expected none beside extend_to; give one of them.")
        config_lib.check_minutes(minutes, Run(workdir).path)
    devices = open_devices(config)
    devices.check_batch(config.data.batch_size)
    report = (say or report) if devices.chief else lambda _: None
    run = Run(workdir)
    if extend_to is not None:
        config = config_lib.extended(run.path, config, extend_to)
    if recipe is None and run.has_begun():  # The command starts from the stored config itself.
        config = config_lib.with_rules_of(run.config(), config)
    with devices.watched(), progress.progress_lines(), input_errors():
        with devices.together():
            if devices.chief:  # before a model is built; `claim` checks it again
                config_lib.check_workdir(run.path)
        note: Mapping[str, Any] | None = None
        if minutes is not None and run.has_begun():
            config = config_lib.with_plan_of(run.path, config, kept)
        elif minutes is not None:
            config, note = plan(run, config, minutes, kept, devices, report, began)
        return train_stage(
            run,
            config,
            report,
            devices,
            recipe=recipe,
            accept_changed_data=accept_changed_data,
            extend=extend_to is not None,
            planned=note,
        )


def train_stage(
    run: Run,
    config: ConfigDict,
    report: Callable[[str], None],
    devices: Devices,
    like: Task | None = None,
    *,
    recipe: str | None = None,
    accept_changed_data: bool = False,
    extend: bool = False,
    planned: Mapping[str, Any] | None = None,
) -> Result:
    """Trains a run, or the pretraining before it, on devices that are open; see `train`.

    Args:
        run: The folder.
        config: See `train`.
        report: See `train`.
        devices: Of the run.
        like: A task on the same data, whose opened sources are shared.
        recipe: See `train`.
        accept_changed_data: See `train`.
        extend: Whether learning rates may be planned again for more steps.
        planned: The note of a new run that was planned by time.
    """
    begun = run.has_begun()
    with devices.together():
        functions = import_callbacks(config.train.callbacks)
        config = resolve(config, run.config() if begun else None, model_class(config.model))
        if begun:
            run.check_source(config, extend)
    with devices.scope(), made_before() if begun else contextlib.nullcontext():
        model = build_model(config)
    run.checkpoints.writes = devices.chief
    with contextlib.ExitStack() as claimed:
        with devices.together():
            if not begun:
                model.load_frozen()  # refuses missing weights before anything is written
            # Finds files and checks options; decodes nothing before the folder is claimed.
            task = open_task(config, model, like)
            stage = Stage(config, run, model, task, RunScores(config, task), devices, report)
            pretraining = task.pretraining()
            if pretraining is not None and "batch_size" in config.pretraining:
                devices.check_batch(pretraining.data.batch_size, "pretraining.batch_size")
            if devices.chief:
                claimed.enter_context(run.claim(config, recipe, extend, planned))

        rollbacks = Rollbacks(config, run, model)
        start = resume(run, model, report, devices)
        if start == 0 and config.train.start_from is not None:
            with devices.together():
                taken = start_from(config.train.start_from, model)
            report(taken)
        rollbacks.apply()
        unscored = bool(devices.from_chief(int(is_unscored(run, start))))
        over = bool(devices.from_chief(int(stage.scores.out_of_patience(run, start - unscored))))
        training = (start < config.train.steps and not over) or unscored
        with devices.together():
            if over and extend:
                raise InputError(
                    f"--extend_to: {str(run.path)!r} has ended at step {start:,}, as its score no "
                    "longer improved; add --config.evaluate.patience=0 to train on."
                )
            if training:  # a run that has ended needs none
                model.load_frozen()
            if training and devices.chief:
                check_data(stage, start, accept_changed_data)
                task.rehearse(stage.single_worker_copy()(model))
            if devices.chief:  # only now: a run that is refused stays as it is
                if begun:
                    adopt(stage, start, start - unscored, training)
                rewind(run, start)

        if start == 0 and pretraining is not None:
            report(
                f"Pretraining comes first: {pretraining.model}, "
                f"{counted(pretraining.train.steps, 'step')}, in {run.pretraining}."
            )
            train_stage(
                Run(run.pretraining),
                pretraining,
                report,
                devices,
                task,
                accept_changed_data=accept_changed_data,
            )
            gc.collect()  # frees its model and images before this run decodes its own
        source = config.train.generator_from if pretraining is None else run.pretraining
        if start == 0 and source is not None:
            start_from_generator(source, model)
        elif start == 0 and config.train.start_from is None:
            task.initialize(model)

        report(stage.describe(start, over))
        if training:
            with devices.together():
                if devices.chief:
                    stage.callbacks = make_callbacks(functions, config, run)
            fit(stage, start, rollbacks)
        return finish(stage)


def check_data(stage: Stage, start: int, accept_changed: bool) -> None:
    """Compares the data, and a file of features, with those that the run began with."""
    run = stage.run
    now = stage.task.fingerprints() | feature_files(stage.model)
    replaced = replaced_data(run, stage.config)
    if change := run.check_data(now, start, accept_changed, replaced):
        stage.report(f"The data have changed: {change}; the run continues with them.")


def adopt(stage: Stage, start: int, scored: int, training: bool) -> None:
    """Stores the config with which a run resumes, and reports what has changed.

    Args:
        stage: The run.
        start: The step at which it resumes.
        scored: The last step that is scored.
        training: Whether there are steps left. Otherwise all but the export stays as it was.
    """
    run, config = stage.run, stage.config
    if not training:
        if unused := unused_changes(run, config):
            stage.report(unused)
        config = only_with_export_of(run, config)
    note = run.adopt(config, start, scored)
    if change := describe_change(note, run.config(), stage.model, learning_rate_factor(run)):
        stage.report(change)


def fit(stage: Stage, start: int, rollbacks: Rollbacks) -> None:
    """Trains from step `start` to the end; after NaN, again from a checkpoint, a few times."""
    run, model, devices = stage.run, stage.model, stage.devices
    samples = model.samples_per_step(stage.config.data.batch_size)
    model.report_warnings(samples // devices.replicas, stage.report)
    if devices.chief:
        run.result.unlink(missing_ok=True)  # the run has not ended yet
    while True:
        try:
            with storage_errors(run):
                return fit_once(stage, start)
        except NonFiniteLossError as error:
            start = rollbacks.roll_back(error, stage.report, devices)


def finish(stage: Stage) -> Result:
    """Saves the best weights as `model.keras`, and as a verified SavedModel if asked for."""
    run, devices = stage.run, stage.devices
    with storage_errors(run):
        with devices.together("could not finish the run"):
            if devices.chief:
                write_artifacts(stage)
        done = json.loads(run.result.read_text())
    return Result(
        done["step"],
        stage.sheet(),
        run.model,
        stage.export(),
        done["scores"],
        done.get("ended", ""),  # runs of version 0.1 do not say
    )


def write_artifacts(stage: Stage) -> None:
    """Writes the files of a finished run, unless they exist."""
    config, run, model, task = stage.config, stage.run, stage.model, stage.task
    export, samples = stage.export(), stage.sheet()
    files = (run.result, run.model, samples, export)
    if all(path.exists() for path in files if path is not None):
        return
    if stage.devices.replicas > 1:
        with made_before():
            model = build_model(config)  # for one device, on which it will be used
    what = run.model.name if export is None else f"{run.model.name} and the SavedModel"
    stage.report(f"Writing {what} ...")
    step = run.checkpoints.best() or run.checkpoints.steps()[-1]
    run.checkpoints.restore(model, step)
    task.complete(model)
    styles.store(run, model)
    if samples is not None:
        pictures.save_png(samples, task.sheet(model))
    with atomic.replacing(run.model, ending=".part.keras") as temporary:
        model.save(temporary)
    scores = {name: float(v) for name, v in task.score(model).items() if np.isfinite(v)}
    for leftover in run.exports.glob(".*"):  # of a process that was killed
        shutil.rmtree(leftover)
    if export is not None:
        export_model(model, export, **card_details(config, step, scores))
    elif run.exports.exists():  # an earlier end of this run, of other weights
        shutil.rmtree(run.exports)
    done = {"step": step, "scores": scores, "ended": why_ended(stage)}
    atomic.write_atomically(run.result, json.dumps(done, indent=2) + "\n")


def why_ended(stage: Stage) -> str:
    """Says after which step training ended, and why."""
    last, scores = stage.run.checkpoints.steps()[-1], stage.scores
    if last == stage.config.train.steps:
        return "after its step" if last == 1 else f"after all {last:,} steps"
    if not scores.out_of_patience(stage.run):
        return f"at step {last:,}, by a callback"
    best, since = scores.history(stage.run)
    than = "" if best is None else f" than at step {best:,}"
    without = counted(since, "evaluation")
    return f"at step {last:,}, after {without} without a better {scores.name}{than}"

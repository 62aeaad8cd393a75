"""Keras' `fit` over the steps of a run, with its callbacks."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from tfgan_zoo import callbacks
from tfgan_zoo.callbacks.diagnosis import CONDITIONS
from tfgan_zoo.data import shares
from tfgan_zoo.errors import Interrupted
from tfgan_zoo.run.events import open_events
from tfgan_zoo.run.folder import ScoreHistory
from tfgan_zoo.run.recovery import STEPS_PER_ROLLBACK, advice, is_unscored
from tfgan_zoo.run.scoring import CheckpointPolicy
from tfgan_zoo.run.stage import Stage


def fit_once(stage: Stage, start: int) -> None:
    """Trains from step `start` to the end, a signal, or NaN.

    Raises:
        Interrupted: After a signal, once a checkpoint was saved.
        NonFiniteLossError: If a loss or a weight became NaN or infinite.
    """
    config, run, model, devices = stage.config, stage.run, stage.model, stage.devices
    settings, saving = config.train, CheckpointPolicy(config, run, stage.scores, start)
    unscored = bool(devices.from_chief(int(is_unscored(run, start))))
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(
            callbacks.StopOnSignal(devices.total if devices.workers > 1 else None)
        )
        early = callbacks.StopWithoutImprovement(
            lambda: stage.scores.history(run) if devices.chief else ScoreHistory(None, 0),
            stage.scores.when.due,
            stage.scores.patience,
            devices.from_chief,
        )
        # The order matters: nothing of a failed step is kept, a step is saved before it is scored,
        # and scores precede the records that hold them.
        training = [
            stop,
            callbacks.Throughput(model.samples_per_step(config.data.batch_size)),
            callbacks.LossScales(),
            callbacks.StopOnNonFinite(lambda: advice(config, run), config.nan.steps),
            callbacks.SaveBeforeScoring(saving.save_unscored, saving.is_scored_later),
        ]
        scoring: list[keras.callbacks.Callback] = []
        if devices.chief:
            scoring += _records(stage, start - unscored, stack)
        scoring += [early, _checkpoints(stage, saving, early)]
        if unscored:
            _score_again(stage, start, scoring)
        each_epoch = [*training, *scoring, *stage.callbacks]
        if devices.chief:
            each_epoch.append(_progress(stage, stack))
        if start % settings.log_every and not run.is_logged(start, settings.log_every):
            each_epoch.append(callbacks.KeepMeans(model))
        for first, steps, epochs in intervals(start, settings.steps, settings.log_every):
            if early.over:
                break
            # After a rollback, other batches.
            with shares.only(devices.share()):
                batches = stage.task.batches(first + model.rollbacks * STEPS_PER_ROLLBACK)
            model.fit(
                batches,
                steps_per_epoch=steps,
                epochs=epochs,
                callbacks=each_epoch,
                shuffle=False,  # the pipeline has its own order
                verbose=0,
            )
            if model.stop_training:
                break
    step = model.steps_done
    done = step == settings.steps or early.over
    stopped = stop.received is not None and (devices.workers == 1 or not done)
    if (stopped or not done) and devices.from_chief(int(step not in run.checkpoints.steps())):
        run.checkpoints.save(model, step, settings.keep_checkpoints)
    if stopped:
        # The chief may take longer to save, and schedulers end a job once a worker has ended.
        with devices.together("could not draw a sheet"):
            if devices.chief:
                _draw(stage, step)
        raise Interrupted(
            f"Stopped at step {step} and saved; the same command resumes.", stop.received
        )


def _draw(stage: Stage, step: int) -> None:
    """Draws the sheet of the step at which a signal stopped the run, unless it is there."""
    sheet = callbacks.SampleSheet(
        stage.run.samples, draw=lambda model: stage.task.sheet(stage.single_worker_copy()(model))
    )
    if stage.task.has_sheet and not sheet.path(step).exists():
        sheet.set_model(stage.model)
        sheet.draw_now()


def _records(
    stage: Stage, recorded: int, stack: contextlib.ExitStack
) -> list[keras.callbacks.Callback]:
    """Returns the callbacks that score the model and record what happens.

    Args:
        stage: The training.
        recorded: The last step whose records are complete.
        stack: Closes TensorBoard's file.
    """
    config, run, task = stage.config, stage.run, stage.task
    steps = config.train.steps
    each_line = callbacks.Schedule(config.train.log_every, steps)
    each_sheet = callbacks.Schedule(config.train.sample_every, steps)
    each_look = callbacks.Schedule(config.health.every or 5 * config.train.log_every, steps)
    events = stack.enter_context(contextlib.closing(open_events(run, recorded)))
    local = stage.single_worker_copy()
    records: list[keras.callbacks.Callback] = [
        callbacks.Health(
            task.batches(0),
            stage.report,
            file=run.health,
            conditions=[name for name in CONDITIONS if config.health[name]],
            each=each_line,
            look=each_look,
            before=run.logged(),
            of=local,
            class_names=config.data.get("class_names") or (),
        ),
        callbacks.Evaluate(lambda model: task.score(local(model)), stage.scores.when),
        callbacks.MetricsLog(run.metrics, each_line, events, run.about),
    ]
    if task.has_sheet:
        draw = lambda model: task.sheet(local(model))  # noqa: E731
        records.append(callbacks.SampleSheet(run.samples, each_sheet, draw, events, first=True))
    return records


def _checkpoints(
    stage: Stage, saving: CheckpointPolicy, early: callbacks.StopWithoutImprovement
) -> callbacks.SaveCheckpoint:
    """Returns the callback that saves checkpoints when they are due, and the best in between."""
    best = stage.scores.name if stage.config.evaluate.best else None
    return callbacks.SaveCheckpoint(
        saving.save,
        saving.when,
        best,
        stage.scores.sign,
        # A score between two checkpoints can only be the best if its step is kept.
        lambda: early.over or (best is not None and early.improved),
        saving.drop,
    )


def _progress(stage: Stage, stack: contextlib.ExitStack) -> callbacks.Progress:
    config = stage.config
    bar = callbacks.Progress(
        config.train.steps, stage.model.samples_per_step(config.data.batch_size)
    )
    # Within an epoch, one worker alone cannot read running means.
    bar.reads = stage.devices.workers == 1
    bar.live = bar.live and bar.reads
    return stack.enter_context(bar)


def _score_again(stage: Stage, step: int, scoring: list[keras.callbacks.Callback]) -> None:
    """Runs the callbacks that a killed process had left for a step that it had saved."""
    logs: Any = stage.run.checkpoints.unscored(step) if stage.devices.chief else {}
    for callback in scoring:
        callback.set_model(stage.model)
        callback.on_train_begin()
        callback.on_epoch_end(0, logs)


def intervals(start: int, end: int, every: int) -> Iterator[tuple[int, int, int]]:
    """Splits a run into epochs that end at the multiples of `every`, and at the end.

    Yields:
        (first step, steps per epoch, epochs): the rest of an interrupted epoch, whole epochs, and a
        shorter last one.

    Example:
        >>> list(intervals(13, 45, 10))
        [(13, 7, 1), (20, 10, 2), (40, 5, 1)]
    """
    if start % every and start < end:
        steps = min(every - start % every, end - start)
        yield start, steps, 1
        start += steps
    if epochs := (end - start) // every:
        yield start, every, epochs
        start += epochs * every
    if start < end:
        yield start, end - start, 1

"""A whole run, from a config to a served model: the one place where all rooms meet."""

import contextlib
import gc
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import atomic, callbacks, pictures, progress
from tfgan_zoo import config as config_lib
from tfgan_zoo.callbacks.health import CONDITIONS, MEASURES
from tfgan_zoo.errors import (
    InputError,
    Interrupted,
    NonFiniteLossError,
    StorageError,
    input_errors,
)
from tfgan_zoo.keras_internals import learning_rate_setting
from tfgan_zoo.models import GANModel
from tfgan_zoo.models.mechanics.output_ranges import made_before
from tfgan_zoo.run import folder as runs
from tfgan_zoo.run.building import build_model
from tfgan_zoo.run.devices import Devices, open_devices
from tfgan_zoo.run.folder import Run
from tfgan_zoo.schedules import Scaled
from tfgan_zoo.serving import saved_model
from tfgan_zoo.serving.convert import convert
from tfgan_zoo.serving.settings import write_settings
from tfgan_zoo.tasks import Workload, completed, open_workload
from tfgan_zoo.tasks.base import PER_SAMPLE


class Result(NamedTuple):
    """What a finished run left behind."""

    step: int
    samples: os.PathLike
    model: os.PathLike
    export: os.PathLike
    scores: dict[str, float]
    ended: str


def train(
    config: ConfigDict,
    workdir: str | os.PathLike,
    say: Callable[[str], None] = print,
    *,
    recipe: str | None = None,
    accept_changed_data: bool = False,
) -> Result:
    """Trains as the config says, or goes on where an earlier call was stopped.

    Before the first step everything that the run computes besides its steps is tried out: the
    sample sheet, each score on a few samples, and what is exported.

    Args:
        config: from `tfgan_zoo.config.load_config`.
        workdir: the run folder; see `tfgan_zoo.run.folder.Run`.
        say: receives a line at each stage.
        recipe: what the config was loaded from, to be noted in the run folder.
        accept_changed_data: go on even if the data have changed since the run began.

    Returns:
        The step of the exported weights (the best, where there are scores), where things are, and
        why training ended.

    Raises:
        InputError: before any training, if something given cannot be used, the folder holds a run
            with another config, or its data have changed.
        Interrupted: after a signal, when a checkpoint was saved.
        NonFiniteLossError: if a loss became NaN or infinite, and returning to a checkpoint was of
            no help; the last good checkpoint stays.
        StorageError: if files cannot be written; the last checkpoint stays.
        WorkerLostError: if another of several workers ended.
    """
    devices = open_devices(config)
    devices.check_batch(config.data.batch_size)
    if not devices.chief:
        say = _nothing
    run = Run(workdir)
    if recipe is None and run.has_begun():  # The command starts from the stored config itself.
        config = config_lib.with_rules_of(run.config(), config)
    with devices.watched(), progress.progress_lines(), input_errors():
        return train_in(
            run,
            config,
            say,
            devices,
            recipe=recipe,
            accept_changed_data=accept_changed_data,
        )


def train_in(
    run: Run,
    config: ConfigDict,
    say: Callable[[str], None],
    devices: Devices,
    like: Workload | None = None,
    *,
    recipe: str | None = None,
    accept_changed_data: bool = False,
) -> Result:
    """Trains on devices that are open; see `train`.

    Args:
        run: where.
        config: as for `train`, like the others.
        say: see there.
        devices: of the run.
        like: a workload of the same data, whose opened sources are shared.
        recipe: see `train`.
        accept_changed_data: see `train`.
    """
    with devices.together():
        config = completed(config, run.config() if run.has_begun() else None)
    begun = made_before() if run.has_begun() else contextlib.nullcontext()
    with devices.scope(), begun:
        model = build_model(config)
    run.checkpoints.writes = devices.chief
    with contextlib.ExitStack() as claimed:
        with devices.together():
            # Files are found and options checked, but nothing is decoded before the folder is
            # claimed.
            work = open_workload(config, model, like)
            scores = Scores(config, work)
            before = work.pretraining()
            if before is not None and "batch_size" in config.pretraining:
                devices.check_batch(before.data.batch_size, "pretraining.batch_size")
            if devices.chief:
                claimed.enter_context(run.claim(config, recipe))
        retry = Retry(run, model)
        start = resume(run, model, say, devices)
        retry.apply()
        unscored = bool(devices.from_chief(int(is_unscored(run, start))))
        over = bool(devices.from_chief(int(scores.over(run, start - unscored))))
        training = (start < config.train.steps and not over) or unscored
        with devices.together():
            if training and devices.chief:
                if change := run.check_data(work.fingerprints(), start, accept_changed_data):
                    say(f"The data have changed: {change}; the run goes on with them.")
                work.rehearse(local_copy(config, devices)(model))
            if devices.chief:
                rewind(run, start)  # not before: a run that is refused stays as it is
        if start == 0 and before is not None:
            train_in(
                Run(run.pretraining),
                before,
                say,
                devices,
                work,
                accept_changed_data=accept_changed_data,
            )
            gc.collect()  # its model and images, before this run decodes its own
        source = config.train.generator_from if before is None else run.pretraining
        if start == 0 and source is not None:
            start_from(source, model)
        say(describe(config, model, work, start, devices, over))
        if training:
            samples = model.samples_per_step(config.data.batch_size)
            model.report_warnings(samples // devices.replicas, say)
            fit(config, run, model, work, start, devices, retry, say)
        with told_of_storage(run):
            return finish(config, run, model, work, devices)


def is_unscored(run: Run, step: int) -> bool:
    """Returns whether a step is saved but not yet scored."""
    return step > 0 and run.checkpoints.unscored(step) is not None


class Scores:
    """When a run is evaluated, and by what its weights are judged.

    Args:
        config: of the run.
        work: what can be scored.

    Attributes:
        name: the logged score that decides; None if nothing is scored.
        sign: 1 if a higher score is better, -1 if a lower.
        when: the steps at which it is taken.
        patience: how many evaluations without a better one end the run; 0 for any number.
    """

    def __init__(self, config: ConfigDict, work: Workload):
        self.name: str | None = None
        self.sign = 1
        if scores := work.scores:
            _, self.name, self.sign = scores[0]
        every = config.evaluate.every or config.train.checkpoint_every
        self.when = callbacks.Schedule(every, config.train.steps)
        self.patience = config.evaluate.patience

    def standing(self, run: Run, last: float = np.inf) -> runs.Standing:
        """Returns the best step so far and the number of evaluations since."""
        if self.name is None:
            return runs.Standing(None, 0)
        return run.standing(self.name, self.sign, lambda step: step <= last and self.when.due(step))

    def over(self, run: Run, last: float = np.inf) -> bool:
        """Returns whether patience has run out by a step."""
        return 0 < self.patience <= self.standing(run, last).since


def _nothing(_: str) -> None:
    """Says nothing."""


def start_from(folder: str | os.PathLike, model: GANModel) -> None:
    """Gives a new model what it is to start from: what another run has learnt.

    Raises:
        InputError: if that run's networks are others.
    """
    try:
        model.start_from(load_run(folder))
    except ValueError as error:  # another number of networks, or weights of other shapes
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"train.generator_from: expected a run with the generator of this one, {str(folder)!r} "
            "has another."
        ) from error


# ---------------------------------------------------------------------- training


def resume(run: Run, model: GANModel, say: Callable[[str], None], devices: Devices) -> int:
    """Loads the last checkpoint that is whole, if there is one, and returns its step."""
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
                say(f"A checkpoint is damaged and was set aside: {folder}")
    step = devices.from_chief(steps[-1] if steps else 0)
    if step % model.steps_per_execution:
        raise InputError(
            f"train.steps_per_execution: expected a divisor of {step}, the step where the run goes "
            f"on, got {model.steps_per_execution}."
        )
    with devices.together():
        if step and step not in run.checkpoints.steps():
            raise InputError(
                f"--workdir: {str(run.path)!r} has no checkpoint of step {step}, where the chief "
                "goes on; give all workers one folder that they share."
            )
    if step:
        run.checkpoints.restore(model, step)
    return step


def rewind(run: Run, step: int) -> None:
    """Drops what was written of later steps, and of a step that is to be scored again."""
    run.trim_metrics(step - 1 if is_unscored(run, step) else step)


class Retry:
    """Changes made when training restarts after NaN.

    Learning rates are lower, and the noise and the batches differ.

    Deterministic training would else run into the same NaN again. All of it follows from the notes
    in the run folder, so a run that is resumed goes on in the same way.

    Args:
        run: with the notes.
        model: as it was built, with the config's learning rates.
    """

    def __init__(self, run: Run, model: GANModel):
        self.run = run
        self.model = model
        self.rates: dict[str, Any] = {}
        for role in model.players():
            optimizer = getattr(model, f"{role}_optimizer")
            rate = learning_rate_setting(optimizer)
            scheduled = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
            self.rates[role] = rate if scheduled else float(rate.numpy())

    def apply(self) -> None:
        """Sets the model up as the notes say; to be called after a checkpoint was loaded."""
        notes = self.run.went_back()
        if not notes:
            return
        factor = float(np.prod([note["learning_rate_factor"] for note in notes]))
        for role, rate in self.rates.items():
            optimizer = getattr(self.model, f"{role}_optimizer")
            if isinstance(rate, float):
                optimizer.learning_rate = rate * factor
            else:
                optimizer.learning_rate = Scaled(rate, factor)
        self.model.attempt = len(notes)
        self.model.make_train_function(force=True)  # it holds the attempt and the schedule


def describe(
    config: ConfigDict, model: GANModel, work: Workload, start: int, devices: Devices, over: bool
) -> str:
    """Says in a few lines what is about to happen."""
    players = ", ".join(
        f"{role} {sum(n.count_params() for n in networks):,}"
        for role, networks in model.players().items()
    )
    batch = model.samples_per_step(config.data.batch_size)
    factors = [
        f" x {name.replace('_', ' ')} {getattr(model, name)}"
        for name in PER_SAMPLE
        if getattr(model, name, 1) > 1
    ]
    made_of = f" (batch {config.data.batch_size}{''.join(factors)})" if factors else ""
    steps = f"{config.train.steps:,} steps of {batch} samples{made_of}"
    if start >= config.train.steps:
        steps = f"all {start:,} steps are done"
    elif over:
        steps = f"ended at step {start:,} of {config.train.steps:,}"
    elif start:
        steps += f", resumed at step {start:,}"
    return (
        f"{type(model).__name__} {'x'.join(map(str, model.image_shape))} (parameters: {players})\n"
        f"{work.describe()}; {steps}, on {devices.describe()}"
    )


def fit(
    config: ConfigDict,
    run: Run,
    model: GANModel,
    work: Workload,
    start: int,
    devices: Devices,
    retry: Retry,
    say: Callable[[str], None],
) -> None:
    """Trains from step `start` to the end; after NaN again from a checkpoint, a few times."""
    if devices.chief:
        run.result.unlink(missing_ok=True)  # it is no longer the end
    while True:
        try:
            with told_of_storage(run):
                return fit_on(config, run, model, work, start, devices, say)
        except NonFiniteLossError as error:
            steps = run.checkpoints.steps()
            times = len(run.went_back())
            what = f"{str(error).split('. ')[0]}. "
            if not steps or times >= config.nan.rollbacks:
                if devices.chief:
                    run.note_health(model.steps_done, "not_finite", str(error))
                raise
            start, factor = steps[-1], config.nan.learning_rate_factor
            if devices.chief:
                note = {"at": model.steps_done, "to": start, "learning_rate_factor": factor}
                run.note_rollback({**note, "reason": what.strip()})
                rewind(run, start)
            devices.from_chief(1)
            slower = "" if factor == 1 else f", learning rates times {factor:g}"
            message = (
                f"{what}Back to the checkpoint of step {start}, with other noise{slower} "
                f"({times + 1} of at most {config.nan.rollbacks} times)."
            )
            say(message)
            if devices.chief:
                run.note_health(start, "not_finite", message)
            run.checkpoints.restore(model, start)
            retry.apply()


@contextlib.contextmanager
def told_of_storage(run: Run) -> Iterator[None]:
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


def fit_on(
    config: ConfigDict,
    run: Run,
    model: GANModel,
    work: Workload,
    start: int,
    devices: Devices,
    say: Callable[[str], None],
) -> None:
    """Trains from step `start` to the end."""
    settings, each_step = config.train, model.samples_per_step(config.data.batch_size)
    scores = Scores(config, work)
    each_line, each_sheet, each_checkpoint = (
        callbacks.Schedule(every, settings.steps)
        for every in (settings.log_every, settings.sample_every, settings.checkpoint_every)
    )

    def save_before_scoring(model: GANModel, step: int, logs: dict[str, float]) -> None:
        run.checkpoints.save(model, step, None, None, logs)

    def is_saved_before_scoring(step: int) -> bool:
        return each_checkpoint.due(step) or (scores.name is not None and scores.when.due(step))

    def save(model: GANModel, step: int, score: float | None = None) -> None:
        if is_saved_before_scoring(step):
            run.checkpoints.finish_scoring(step, settings.keep_checkpoints, score)
        else:
            run.checkpoints.save(model, step, settings.keep_checkpoints, score)

    def drop(step: int) -> None:
        if step == start:  # it was resumed from; a shorter run had it for its last
            run.checkpoints.finish_scoring(step, settings.keep_checkpoints)
        elif is_saved_before_scoring(step):
            run.checkpoints.drop(step)

    unscored = bool(devices.from_chief(int(is_unscored(run, start))))

    # What it makes is computed by the chief alone, and so must not need the others.
    local = local_copy(config, devices)

    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(
            callbacks.StopOnSignal(devices.total if devices.workers > 1 else None)
        )
        early = callbacks.StopWithoutImprovement(
            lambda: scores.standing(run) if devices.chief else runs.Standing(None, 0),
            scores.when.due,
            scores.patience,
            devices.from_chief,
        )
        # Their order matters: nothing is kept of a step that went wrong; it is saved before it is
        # scored, and scores precede records.
        used: list[Any] = [
            stop,
            callbacks.Throughput(each_step),
            callbacks.LossScales(),
            callbacks.StopOnNonFinite(lambda: advice(config, run), config.nan.steps),
            callbacks.SaveBeforeScoring(save_before_scoring, is_saved_before_scoring),
        ]
        judging: list[Any] = []
        last: list[Any] = []
        if devices.chief:
            shown = stack.enter_context(callbacks.Progress(settings.steps, each_step))
            # Between the ends of epochs, running means are not for one worker alone to read.
            shown.live = shown.live and devices.workers == 1
            if run.tensorboard.exists():
                forget_events(run.tensorboard, start - unscored)
            events = stack.enter_context(
                contextlib.closing(tf.summary.create_file_writer(str(run.tensorboard)))
            )
            judging += [
                watch(config, run, work, say, local),
                callbacks.Evaluate(lambda model: work.score(local(model)), scores.when),
                callbacks.MetricsLog(run.metrics, each_line, events),
                callbacks.SampleSheet(
                    run.samples, each_sheet, lambda model: work.sheet(local(model)), events
                ),
            ]
            last = [shown]
        best = scores.name if config.evaluate.best else None
        judging += [
            early,
            callbacks.SaveCheckpoint(
                save,
                each_checkpoint,
                best,
                scores.sign,
                # What was scored between two checkpoints can only be the best if it is kept.
                lambda: early.over or (best is not None and early.improved),
                drop,
            ),
        ]
        used += [*judging, *last]
        if unscored:
            logs = run.checkpoints.unscored(start) if devices.chief else {}
            for callback in judging:
                callback.set_model(model)
                callback.on_train_begin()
                callback.on_epoch_end(0, logs)
        if start % settings.log_every:
            used.append(callbacks.KeepMeans(model))
        for first, steps, epochs in intervals(start, settings.steps, settings.log_every):
            if early.over:
                break
            model.fit(
                # Another attempt sees other batches.
                work.batches(first + model.attempt * 1_000_003),
                steps_per_epoch=steps,
                epochs=epochs,
                callbacks=used,
                shuffle=False,  # the pipeline has its own order
                verbose=0,
            )
            if model.stop_training:
                break
    done = model.steps_done == settings.steps or early.over
    if stop.received is not None and (devices.workers == 1 or not done):
        step = model.steps_done
        if devices.from_chief(int(step not in run.checkpoints.steps())):
            run.checkpoints.save(model, step, settings.keep_checkpoints)
        raise Interrupted(
            f"Stopped at step {step} and saved; the same command goes on from there.", stop.received
        )


def watch(
    config: ConfigDict,
    run: Run,
    work: Workload,
    say: Callable[[str], None],
    local: Callable[[GANModel], GANModel],
) -> callbacks.Health:
    """Returns what looks after a run's health, as the config says and the run has got to."""
    settings, steps = config.health, config.train.steps
    return callbacks.Health(
        work.batches(0),
        say,
        file=run.health,
        conditions=[name for name in CONDITIONS if settings[name]],
        each=callbacks.Schedule(config.train.log_every, steps),
        look=callbacks.Schedule(settings.every or 5 * config.train.log_every, steps),
        before=run.logged(),
        of=local,
    )


def local_copy(config: ConfigDict, devices: Devices) -> Callable[[GANModel], GANModel]:
    """Returns what makes of a model of several workers one of this process alone.

    Args:
        config: of the run.
        devices: of the run; with a single worker, the model is its own copy.
    """
    if devices.workers == 1 or not devices.chief:
        return lambda model: model
    with made_before():
        copy = build_model(config)

    def current(model: GANModel) -> GANModel:
        copy.set_weights(model.get_weights())
        return copy

    return current


def forget_events(folder: Path, step: int) -> None:
    """Tells TensorBoard that what was written after `step` is to be written again.

    TensorBoard reads files in the order of their names, in which a second is the finest of times:
    this one has to come after those that are there, and before the one that is written next.
    """
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    names = [path.name.split(".") for path in folder.glob("events.out.tfevents.*")]
    newest = max((int(parts[3]) for parts in names if parts[3].isdigit()), default=0)
    while int(time.time()) <= newest:
        time.sleep(0.05)
    start = SessionLog(status=SessionLog.START)
    temporary = folder.with_name(".events")
    shutil.rmtree(temporary, ignore_errors=True)  # of a process that was killed
    writer = EventFileWriter(str(temporary))
    for _ in range(2):  # The first that is ever read counts as the beginning, not a return.
        writer.add_event(Event(wall_time=time.time(), step=step + 1, session_log=start))
    writer.close()
    (file,) = temporary.iterdir()
    # An exclamation mark comes before every host's name.
    os.replace(file, folder / f"events.out.tfevents.{int(time.time()):010d}.!return")
    temporary.rmdir()


def intervals(start: int, end: int, every: int) -> Iterator[tuple[int, int, int]]:
    """Splits a run into epochs that end at the multiples of `every`, and at the end.

    Yields:
        (first step, steps in an epoch, epochs): what is left of an epoch that was stopped, whole
        ones, and a shorter last one.

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


def advice(config: ConfigDict, run: Run) -> str:
    """Says what is left after a loss became NaN, and what can be done."""
    steps = run.checkpoints.steps()
    kept = f"The last good checkpoint is {run.checkpoints.folder(steps[-1])}. " if steps else ""
    remedy = (
        ", or R1 (model_args.r1_gamma), often helps"
        if "r1_gamma" in config.model_args
        else (" often helps")
    )
    return f"{kept}A lower learning rate{remedy}."


# ---------------------------------------------------------------------- afterwards


def finish(
    config: ConfigDict, run: Run, model: GANModel, work: Workload, devices: Devices
) -> Result:
    """Saves the best weights as `model.keras` and as a SavedModel, which it verifies."""
    with devices.together("could not finish the run"):
        if devices.chief:
            if devices.replicas > 1:
                with made_before():
                    model = build_model(config)  # of one device, as it is to be used
            finished(config, run, model, work)
    export = run.path / "export" / config.model / "1"
    done = json.loads(run.result.read_text())
    return Result(
        done["step"],
        run.samples / "final.png",
        run.model,
        export,
        done["scores"],
        done.get("ended", ""),  # of a version that did not say
    )


def finished(config: ConfigDict, run: Run, model: GANModel, work: Workload) -> None:
    """Makes what `finish` returns, unless it is there."""
    export = run.path / "export" / config.model / "1"
    samples = run.samples / "final.png"
    if run.result.exists() and all(path.exists() for path in (export, samples, run.model)):
        return
    step = run.checkpoints.best() or run.checkpoints.steps()[-1]
    run.checkpoints.restore(model, step)
    pictures.save_png(samples, work.sheet(model))
    for leftover in (run.path / "export").glob(".*"):  # of a process that was killed
        shutil.rmtree(leftover)
    with atomic.replacing(run.model, ending=".part.keras") as temporary:
        model.save(temporary)
    scores = {name: float(v) for name, v in work.score(model).items() if np.isfinite(v)}
    export_model(model, export, **card_details(config, step, scores))
    done = {"step": step, "scores": scores, "ended": why_ended(config, run, Scores(config, work))}
    runs.write_atomically(run.result, json.dumps(done, indent=2) + "\n")


def why_ended(config: ConfigDict, run: Run, scores: Scores) -> str:
    """Says after which step training ended, and why."""
    last = run.checkpoints.steps()[-1]
    if last == config.train.steps:
        return f"after all {last:,} steps"
    best, since = scores.standing(run)
    than = "" if best is None else f" than at step {best:,}"
    return f"at step {last:,}, after {since} evaluations without a better {scores.name}{than}"


def export_model(model: GANModel, path: Path, **details: Any) -> None:
    """Exports, verifies, and only then replaces what was there.

    Args:
        model: what to export.
        path: `<folder of the model>/<version>`.
        **details: of the training, as for `GANModel.export`.

    Raises:
        RuntimeError: if the SavedModel's answers are not the model's.
    """
    with _exported(model, path.parent, details) as new:
        saved_model.place_instead(new, path)
    write_settings(path.parent)


def export_run(
    workdir: str | os.PathLike,
    output: str | os.PathLike,
    checkpoint: str = "best",
    raw_weights: bool = False,
) -> Path:
    """Exports a run's model as the next version of what TF Serving serves from a folder.

    Args:
        workdir: the run folder.
        output: the folder of the model's versions.
        checkpoint: "best", "last", or a step.
        raw_weights: export the generator's weights, also where there is an average of them.

    Returns:
        The new version, `<output>/<number>`.

    Raises:
        InputError: if there is no such run or checkpoint, or `output` is a file, or the folder of
            one version instead of the model's.
        RuntimeError: if the SavedModel's answers are not the model's.
    """
    output = Path(output).resolve()  # what ".." is called
    if output.exists() and not output.is_dir():
        raise InputError(f"--output: expected a folder, {str(output)!r} is a file.")
    if output.name.isdigit() or (output / "saved_model.pb").exists():
        raise InputError(
            f"--output: expected the folder of a model's versions, got {str(output)!r}, which is "
            f"a version's own; give {str(output.parent)!r}, in which the next free number is taken."
        )
    model, run = load_run(workdir, checkpoint), Run.open(workdir)
    config = ConfigDict(run.config(), convert_dict=True)
    details = card_details(config, model.steps_done, scores_at(run, model))
    if model.averages:
        details["facts"]["weights"] = "as trained" if raw_weights else "their moving average"
    with (
        model.raw_weights() if raw_weights else contextlib.nullcontext(),
        _exported(model, output, details) as new,
    ):
        path = saved_model.place_as_next(new, output)
    write_settings(output)
    return path


def convert_run(
    workdir: str | os.PathLike,
    output: str | os.PathLike,
    kind: str,
    checkpoint: str = "best",
    *,
    raw_weights: bool = False,
    overwrite: bool = False,
) -> list[Path]:
    """Converts a run's model to "tflite" or "onnx"; see `tfgan_zoo.serving.convert.convert`."""
    model = load_run(workdir, checkpoint)
    with model.raw_weights() if raw_weights else contextlib.nullcontext():
        return convert(model.endpoints(), Path(output), kind, overwrite)


@contextlib.contextmanager
def _exported(model: GANModel, folder: Path, details: Mapping[str, Any]) -> Iterator[Path]:
    """A verified SavedModel, to be moved into a model's folder."""
    # Beside it: a server that watches the folder must not find it.
    new = atomic.hidden_beside(folder, ".new")
    atomic.remove_leftovers(folder, ".new")
    try:
        model.export(new, **details)
        verify_export(model, new)
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def card_details(config: ConfigDict, step: int, scores: dict[str, float]) -> dict[str, Any]:
    """Returns what an export's README.md says of a run."""
    facts = {
        "model": f"`{config.model}`",
        "data": f"`{config.data.source}`",
        "step": f"{step:,} of {config.train.steps:,}",
        "versions": ", ".join(f"{name} {version}" for name, version in runs.versions().items()),
    }
    return {"facts": facts, "scores": scores, "config": config.to_dict()}


def scores_at(run: Run, model: GANModel) -> dict[str, float]:
    """Returns what a run's model scored at its step, as far as it was written down."""
    step = model.steps_done
    if run.result.exists():
        done = json.loads(run.result.read_text())
        if done["step"] == step:
            return done["scores"]
    rows = [row for row in run.logged() if row["step"] == step]
    others = ("step", "images_per_second", *model.log_names, *MEASURES)
    return {
        name: value
        for row in rows
        for name, value in row.items()
        if value is not None and name not in others and not name.endswith("_mb")
    }


def verify_export(model: GANModel, path: os.PathLike) -> None:
    """Loads a SavedModel and holds every signature against the model.

    Raises:
        RuntimeError: if they differ.
    """
    tolerance = 1e-5 if model.compute_dtype == "float32" else 0.05
    saved_model.verify(path, model.signatures(), tolerance)


def load_run(workdir: str | os.PathLike, checkpoint: str = "best") -> GANModel:
    """Loads a run's model.

    Args:
        workdir: the run folder.
        checkpoint: "best", "last", or a step.

    Raises:
        InputError: if there is no such run or checkpoint.
    """
    run = Run.open(workdir)
    steps = run.checkpoints.steps()
    if not steps:
        raise InputError(f"--workdir: {os.fspath(workdir)!r} has no checkpoint yet.")
    if checkpoint == "best":
        step = run.checkpoints.best() or steps[-1]
    elif checkpoint == "last":
        step = steps[-1]
    elif checkpoint.isdigit() and int(checkpoint) in steps:
        step = int(checkpoint)
    else:
        raise InputError(
            f"--checkpoint: expected best, last or one of {', '.join(map(str, steps))}, "
            f"got {checkpoint!r}."
        )
    with made_before():
        model = build_model(ConfigDict(run.config(), convert_dict=True))
    run.checkpoints.restore(model, step)
    return model

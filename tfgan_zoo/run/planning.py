"""How many steps fit into some minutes: measured with a copy of the run that is thrown away."""

import contextlib
import gc
import math
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import progress
from tfgan_zoo.errors import InputError, Interrupted
from tfgan_zoo.keras_internals import uncounted_names
from tfgan_zoo.models import ZooModel
from tfgan_zoo.run.building import build_model, model_class
from tfgan_zoo.run.devices import Devices
from tfgan_zoo.run.folder import Run
from tfgan_zoo.run.recovery import storage_errors
from tfgan_zoo.run.scoring import RunScores
from tfgan_zoo.run.stage import Stage
from tfgan_zoo.run.starting import start_from, start_from_generator
from tfgan_zoo.run.trained import export_model
from tfgan_zoo.run.user_callbacks import import_callbacks
from tfgan_zoo.tasks import Task, open_task, resolve

#: The speed is measured for this long, in seconds, and for this share of the run at most.
_MEASURED, _SHARE = 30.0, 0.05
#: Training takes at least this share of the run, if fewer sheets and scores make that possible.
_TRAINING = 0.5


class Costs(NamedTuple):
    """Seconds of the parts of a training.

    Attributes:
        entry: The entry of the recipe that holds its number of steps.
        steps: That number.
        start: Everything until the end of the first steps: data, networks, graphs.
        step: One step.
        sheet: One sample sheet.
        score: All scores of one evaluation.
        save: One checkpoint.
        finish: The files of a finished run, but its sheet and scores.
    """

    entry: str
    steps: int
    start: float
    step: float
    sheet: float
    score: float
    save: float
    finish: float


class Plan(NamedTuple):
    """What is planned for some minutes.

    Attributes:
        config: Of the run.
        note: For the run folder: the minutes, and the entries that were planned.
    """

    config: ConfigDict
    note: dict[str, Any]


def plan(
    run: Run,
    config: ConfigDict,
    minutes: float,
    kept: Collection[str],
    devices: Devices,
    report: Callable[[str], None],
    began: float,
) -> Plan:
    """Plans a run that has not begun, so that the whole call takes some minutes.

    A copy of the run takes its first steps, draws a sheet, computes the scores and saves, as the
    run will. Nothing of it remains, so the run is the same as one of as many steps.

    Args:
        run: The folder, which is locked meanwhile. One that is new is removed afterwards.
        config: The recipe's config.
        minutes: The time for everything: this measurement, all stages, sheets, scores and export.
        kept: Entries that stay as they are; see `config.Planner`.
        devices: Of the run.
        report: Receives messages.
        began: When the call began, as `time.monotonic` says.

    Raises:
        InputError: If the run cannot train, or the time is too short.
        Interrupted: After SIGTERM.
        StorageError: If files cannot be written.
    """
    report(f"Measuring how many steps fit into {progress.counted(minutes, 'minute')} ...")
    seconds = min(_MEASURED, _SHARE * 60 * minutes)
    with contextlib.ExitStack() as claimed, uncounted_names(), progress.progress_lines():
        with devices.together():
            import_callbacks(config.train.callbacks)  # refuses before time is spent
            resolved = resolve(config, None, model_class(config.model))
            folder = claimed.enter_context(_claimed(run)) if devices.chief else None
        costs = _measure(run, resolved, devices, seconds, folder)
    gc.collect()  # frees the copy before the run decodes and compiles its own
    left = 60 * minutes - (time.monotonic() - began)
    steps, rarer = 0, 1
    with devices.together():
        if devices.chief:
            steps, rarer = choose_steps(config, kept, costs, left)
            if not steps:
                least = duration(config_lib.Planner(config), costs, 1)
                spent = 60 * minutes - left
                # With more minutes, the speed is measured for longer.
                needed = math.ceil((spent + least) / (1 - 2 * _SHARE) / 6) / 10
                raise InputError(
                    f"--minutes: expected more than {needed:g}, as starting, scoring and "
                    f"exporting take that long here, got {minutes:g}; give more, or fewer scores "
                    "(--config.evaluate.metrics)."
                )
    steps, rarer = devices.from_chief(steps), devices.from_chief(rarer)
    planned = config_lib.Planner(config, kept, rarer).planned(steps)
    note = _note(config, planned, minutes)
    report(_describe(config, planned, costs, minutes))
    return Plan(planned, note)


class _Signal(BaseException):
    """A signal while a run is measured. Keras and AutoGraph replace an `Exception` in a layer."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def _claimed(run: Run) -> Iterator[Path]:
    """Locks a run's folder, in which files that are measured are written; returns their folder.

    They are removed at the end, also after SIGTERM, and the run's folder if it was not there. What
    a killed process leaves is removed when the run begins.
    """

    def stop(number: int, frame: Any) -> None:
        raise _Signal(number)

    is_new, before = not run.path.exists(), None
    is_main = threading.current_thread() is threading.main_thread()
    with run.locked():
        if is_main:
            before = signal.signal(signal.SIGTERM, stop)
        try:
            run.measured.mkdir()
            yield run.measured
        except _Signal as received:
            message = "Stopped before the first step; nothing is saved."
            raise Interrupted(message, received.number) from None
        finally:
            shutil.rmtree(run.measured, ignore_errors=True)
            if is_new:
                with contextlib.suppress(OSError):  # it may hold files by now
                    (run.path / ".lock").unlink()
                    run.path.rmdir()
            if is_main:
                signal.signal(signal.SIGTERM, before)


# ---------------------------------------------------------------------- choosing


def choose_steps(
    config: ConfigDict, kept: Collection[str], costs: Collection[Costs], seconds: float
) -> tuple[int, int]:
    """Returns the largest number of steps that fit, 0 if none do; and `Planner.rarer`.

    Args:
        config: The recipe's config.
        kept: See `config.Planner`.
        costs: Of all stages, the run's own first.
        seconds: The time that is left.
    """
    own, rarer, best = next(iter(costs)), 1, (0, 1)
    while True:
        planner = config_lib.Planner(config, kept, rarer)
        steps = _largest(planner, costs, seconds)
        if steps > best[0]:
            best = steps, rarer
        interval = planner.planned(max(steps, planner.unit)).train.log_every
        enough = steps * own.step >= _TRAINING * seconds
        if enough or not planner.scales_intervals or interval >= config.train.steps:
            return best
        rarer *= 2


def _largest(planner: config_lib.Planner, costs: Collection[Costs], seconds: float) -> int:
    """Returns the largest number of steps that takes no longer than some seconds; 0 if none."""

    def fits(units: int) -> bool:
        return duration(planner, costs, units * planner.unit) <= seconds

    low, high = 0, 1
    while fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low * planner.unit


def duration(planner: config_lib.Planner, costs: Collection[Costs], steps: int) -> float:
    """Returns the seconds that a run of some steps takes with all its stages.

    Args:
        planner: Of the run.
        costs: Of all stages, the run's own first.
        steps: A number of steps, rounded up to the planner's unit.
    """
    steps = -(-steps // planner.unit) * planner.unit
    config = planner.planned(steps)
    settings, total = config.train, 0.0
    for each in costs:
        number = steps
        if each.entry != "train.steps":
            number = planner.stage_steps(each.entry, each.steps, steps)
        scores = -(-number // (config.evaluate.every or settings.checkpoint_every))
        sheets = -(-number // settings.sample_every) + 2  # the first, and that of the best weights
        saves = -(-number // settings.checkpoint_every)
        total += each.start + number * each.step + (scores + 1) * each.score + each.finish
        total += sheets * each.sheet + max(saves, scores) * each.save
    return total


# ---------------------------------------------------------------------- measuring


def _measure(
    run: Run,
    config: ConfigDict,
    devices: Devices,
    seconds: float,
    folder: Path | None,
    entry: str = "train.steps",
    like: Task | None = None,
) -> list[Costs]:
    """Measures a training and the stages before it.

    Args:
        run: Of the training.
        config: Resolved.
        devices: Of the run.
        seconds: Approximate time of the steps that are measured.
        folder: For files; None for workers that write none.
        entry: The entry of the recipe that holds the number of steps.
        like: A task on the same data, whose opened sources are shared.
    """
    clock = _Clock()
    with devices.scope():
        model = build_model(config)
    with devices.together():
        model.load_frozen()  # refuses missing weights before time is spent
        task = open_task(config, model, like)
        stage = Stage(config, run, model, task, RunScores(config, task), devices, lambda _: None)
        pretraining = task.pretraining()
        if pretraining is not None:
            devices.check_batch(pretraining.data.batch_size, "pretraining.batch_size")
        _start(config, task, model, pretraining is not None)
        if devices.chief:
            task.rehearse(stage.single_worker_copy()(model))
    unit = model.steps_per_execution
    _train(stage, 0, unit)
    start = clock.lap()
    step = _seconds_of_step(stage, unit, seconds)
    sheet, score, save, finish = _seconds_of_rest(stage, seconds, folder)
    found = [Costs(entry, config.train.steps, start, step, sheet, score, save, finish)]
    if pretraining is not None:
        frozen = config.get("pretraining", {}).get("frozen_steps", 0)
        before = "pretraining.frozen_steps" if frozen else "pretraining.steps"
        with devices.together():
            resolved = resolve(pretraining, None, model_class(pretraining.model))
        first = Run(run.pretraining)
        found += _measure(first, resolved, devices, seconds / 2, folder, before, task)
    return found


def _start(config: ConfigDict, task: Task, model: ZooModel, is_pretrained: bool) -> None:
    """Gives a model the weights that a run starts from, as far as they exist already."""
    if config.train.start_from is not None:
        start_from(config.train.start_from, model)
    elif is_pretrained:
        return
    elif config.train.generator_from is not None:
        start_from_generator(config.train.generator_from, model)
    else:
        task.initialize(model)


class _Clock:
    """Measures laps."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def lap(self) -> float:
        """Returns the seconds since the last lap."""
        now = time.monotonic()
        self.last, before = now, self.last
        return now - before


class _Pace(keras.callbacks.Callback):
    """Measures an epoch without its first call of the graph, for which the data are opened.

    Attributes:
        steps: Steps that were measured; 0 in an epoch of a single call.
        seconds: Their time.
    """

    steps, seconds = 0, 0.0

    def on_train_batch_begin(self, batch, logs=None):
        """Starts the clock at the second call."""
        if batch and not self.steps:
            self.steps, self.start = self.params["steps"] - batch, time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Stops the clock. Keras has waited for the last step, to read the losses."""
        if self.steps:
            self.seconds = time.monotonic() - self.start


def _train(stage: Stage, start: int, steps: int) -> _Pace:
    """Trains for some steps as a run does."""
    pace = _Pace()
    stage.model.fit(
        stage.task.batches(start),
        steps_per_epoch=steps,
        epochs=1,
        callbacks=[pace],
        shuffle=False,
        verbose=0,
    )
    return pace


def _seconds_of_step(stage: Stage, unit: int, seconds: float) -> float:
    """Returns the seconds of a step, from the longest of some trainings, each longer than before.

    All workers take as many steps as the chief says.
    """
    done, number = unit, 2 * unit
    while True:
        pace = _train(stage, done, number)
        done += number
        wanted = int(0.6 * seconds * pace.steps / max(pace.seconds, 1e-6))
        more = min(64 * number, max(2 * number, wanted)) if pace.seconds < 0.4 * seconds else 0
        more = stage.devices.from_chief(more)
        if not more:
            return pace.seconds / pace.steps
        number = more // unit * unit


def _seconds_of_rest(
    stage: Stage, seconds: float, folder: Path | None
) -> tuple[float, float, float, float]:
    """Returns the seconds of a sheet, of the scores, of a checkpoint, and of the finished files."""
    task, model, devices = stage.task, stage.model, stage.devices
    sheet = score = finish = 0.0
    with storage_errors(stage.run), tempfile.TemporaryDirectory(dir=folder) as nowhere:
        clock = _Clock()
        checkpoints = type(stage.run.checkpoints)(Path(nowhere) / "checkpoints")
        checkpoints.writes = devices.chief
        checkpoints.save(model, stage.model.steps_done, None)
        save = clock.lap()
        with devices.together():
            if devices.chief:
                local = stage.single_worker_copy()(model)
                clock.lap()
                if task.has_sheet:
                    task.sheet(local)
                sheet = clock.lap()
                task.score(local)
                score = clock.lap()
                if score < seconds:  # the first one also prepares what it compares with
                    task.score(local)
                    score = clock.lap()
                task.complete(local)
                local.save(Path(nowhere) / "model.keras")
                if stage.export() is not None:
                    export_model(local, Path(nowhere) / "export" / "1")
                finish = clock.lap()
    return sheet, score, save, finish


# ---------------------------------------------------------------------- reporting


def _note(config: ConfigDict, planned: ConfigDict, minutes: float) -> dict[str, Any]:
    before, after = (config_lib.flatten(each.to_dict()) for each in (config, planned))
    entries = {key: value for key, value in after.items() if before.get(key) != value}
    return {"minutes": float(minutes), "entries": {**entries, "train.steps": planned.train.steps}}


def _describe(
    config: ConfigDict, planned: ConfigDict, costs: Collection[Costs], minutes: float
) -> str:
    own = next(iter(costs))
    training = own.step * planned.train.steps / 60
    text = (
        f"Planned {progress.counted(planned.train.steps, 'step')} for "
        f"{progress.counted(minutes, 'minute')}: {training:.1f} minutes at "
        f"{1e3 * own.step:.3g} ms a step; the rest is for starting, sheets, scores and export"
    )
    before, after = (config_lib.flatten(each.to_dict()) for each in (config, planned))
    names = [key for key in after if key.startswith("pretraining.") or key == "train.log_every"]
    changed = [f"{k}={after[k]}" for k in sorted(names) if before.get(k) != after[k]]
    return text + (f" ({', '.join(changed)})." if changed else ".")

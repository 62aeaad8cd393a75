"""A whole run, from a config to a served model: the one place where all rooms meet."""

import contextlib
import inspect
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import callbacks, pictures, runs
from tfgan_zoo import config as config_lib
from tfgan_zoo.data import (
    ArraySource,
    Source,
    fit_for,
    load_images,
    open_source,
    parse_spec,
    unconditional,
    use_cache,
)
from tfgan_zoo.errors import InputError, Interrupted
from tfgan_zoo.metrics.figures import figure_scores
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.models import MODELS, GANModel
from tfgan_zoo.networks import NETWORKS
from tfgan_zoo.runs import Run


class Result(NamedTuple):
    """What a finished run left behind."""

    step: int
    samples: os.PathLike
    model: os.PathLike
    export: os.PathLike
    scores: dict[str, float]


def train(
    config: ConfigDict, workdir: str | os.PathLike, say: Callable[[str], None] = print
) -> Result:
    """Trains as the config says, or goes on where an earlier call was stopped.

    Args:
        config: from `tfgan_zoo.config.load_config`.
        workdir: the run folder; see `tfgan_zoo.runs.Run`.
        say: receives a line at each stage.

    Returns:
        The step of the exported weights (the best, where there are scores), and where things are.

    Raises:
        InputError: before any training, if something given cannot be used.
        Interrupted: after a signal, when a checkpoint was saved.
        NonFiniteLossError: if a loss became NaN or infinite; the last good checkpoint stays.
    """
    model = build_model(config)
    source = open_data(config)
    batches(config, model, source, 0)  # fails before a folder is made
    run = Run(workdir)
    with run.claim(config):
        start = resume(run, model, say)
        say(describe(config, model, source, start))
        if start < config.train.steps:
            fit(config, run, model, source, start)
        return finish(config, run, model, source)


# ---------------------------------------------------------------------- what the config names


def build_model(config: ConfigDict) -> GANModel:
    """Makes the config's model, compiled; its initial weights follow from the seed."""
    if config.model not in MODELS:
        raise InputError(
            f"model: there is no {config.model!r}"
            + config_lib.nearest(config.model, MODELS, f"choose from {', '.join(MODELS)}")
        )
    cls, args = MODELS[config.model], config.model_args.to_dict()
    _check_names("model_args", args, model_arguments(cls))
    keras.utils.set_random_seed(config.seed)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.train.precision)
    try:
        packed = (*args["image_shape"][:-1], args["image_shape"][-1] * args["packing"])
        model = cls(
            generator=build_network(config, "generator", args["image_shape"], args["latent_dim"]),
            discriminator=build_network(config, "discriminator", packed),
            seed=config.seed,
            name=config.model,
            **args,
        )
        model.compile(
            generator_optimizer=build_optimizer(config, "generator"),
            discriminator_optimizer=build_optimizer(config, "discriminator"),
            jit_compile=config.train.jit_compile,
        )
    finally:
        keras.config.set_dtype_policy(policy)
    return model


def model_arguments(cls: type[GANModel]) -> list[str]:
    """Returns what `model_args` can hold: the constructor's arguments but networks and seed."""
    names: dict[str, None] = {}
    for base in cls.__mro__[: cls.__mro__.index(GANModel) + 1]:
        signature = inspect.signature(base.__init__)  # type: ignore[misc]
        for name, parameter in signature.parameters.items():
            if parameter.kind is not parameter.VAR_KEYWORD:
                names.setdefault(name)
    elsewhere = ("self", "generator", "discriminator", "seed")
    return [name for name in names if name not in elsewhere]


def build_network(config: ConfigDict, role: str, *shape: Any) -> keras.Model | None:
    """Makes a role's network; None without a name."""
    args = config[role].to_dict()
    name = args.pop("name")
    if not name:
        _check_names(role, args, [])
        return None
    if name not in NETWORKS:
        raise InputError(
            f"{role}.name: there is no {name!r}"
            + config_lib.nearest(name, NETWORKS, f"choose from {', '.join(NETWORKS)}")
        )
    _check_names(role, args, list(inspect.signature(NETWORKS[name]).parameters)[len(shape) :])
    return NETWORKS[name](*shape, **args)


def build_optimizer(config: ConfigDict, role: str) -> keras.optimizers.Optimizer | None:
    """Makes a role's optimizer; None without a name."""
    args = config[f"{role}_optimizer"].to_dict()
    name = args.pop("name")
    decay = args.pop("decay", "constant")
    if not name:
        _check_names(f"{role}_optimizer", args, [])
        return None
    known = {n.lower(): c for n, c in vars(keras.optimizers).items() if inspect.isclass(c)}
    known.pop("optimizer")
    if name.lower() not in known:
        raise InputError(
            f"{role}_optimizer.name: there is no {name!r}"
            + config_lib.nearest(name.lower(), known, f"choose from {', '.join(known)}")
        )
    if decay == "linear":
        args["learning_rate"] = keras.optimizers.schedules.PolynomialDecay(
            args["learning_rate"], config.train.steps, end_learning_rate=0.0
        )
    try:
        return known[name.lower()](**args)
    except (TypeError, ValueError) as error:  # an argument that it does not take
        raise InputError(f"{role}_optimizer: {error}.") from error


def _check_names(group: str, args: Iterable[str], known: list[str]) -> None:
    for name in args:
        if name not in known:
            advice = f"there are {', '.join(known)}" if known else f"{group}.name is not given"
            raise InputError(
                f"{group}: there is no {name!r}{config_lib.nearest(name, known, advice)}"
            )


# ---------------------------------------------------------------------- data


def open_data(config: ConfigDict) -> Source:
    """Opens the config's data source; what is to be cached is decoded here, once."""
    kind, _ = parse_spec(config.data.source)
    source = open_source(
        config.data.source,
        config.data.split,
        resolution=config.model_args.image_shape[0] if kind == "figures" else None,
        on_error=config.data.on_error,
        data_dir=config.data.data_dir,
    )
    shape = tuple(config.model_args.image_shape)
    if source.is_vector != (len(shape) == 1):
        kind = "vectors" if source.is_vector else "images"
        raise InputError(
            f"data.source: {config.data.source} holds {kind}, which do not fit the model's "
            f"model_args.image_shape={shape}."
        )
    if not source.is_vector:
        fitting = fit_for(source, **_fitting(config))
        if use_cache(source, fitting, _CACHE[config.data.cache]):
            source = ArraySource(source.spec, load_images(source, fitting))
    return source


_CACHE: dict[str, bool | str] = {"auto": "auto", "yes": True, "no": False}


def _fitting(config: ConfigDict) -> dict[str, Any]:
    """How stored images become the model's: arguments of the data pipeline."""
    shape = config.model_args.image_shape
    if len(shape) == 1:
        return {}
    return {
        "image_size": shape[0],
        "channels": shape[-1],
        "crop": config.data.crop,
        "fit": config.data.fit,
    }


def batches(config: ConfigDict, model: GANModel, source: Source, start: int) -> tf.data.Dataset:
    """Returns training batches without end, from those of step `start` on."""
    fitting = {} if source.array is not None else _fitting(config)
    dataset = unconditional(
        source,
        batch_size=model.samples_per_step(config.data.batch_size),
        flip=config.data.flip,
        cache=_CACHE[config.data.cache],
        seed=config.seed,
        start_step=start,
        **fitting,
    )
    shape = dataset.element_spec.shape[1:]
    if not shape.is_compatible_with(model.image_shape):
        raise InputError(
            f"data.source: {config.data.source} gives samples of shape {tuple(shape)}, the model "
            f"takes model_args.image_shape={tuple(model.image_shape)}."
        )
    return dataset


def real_samples(config: ConfigDict, model: GANModel, source: Source, num: int) -> np.ndarray:
    """Returns real samples as the model sees them, floats: the first `num` of its training data."""
    found: list[np.ndarray] = []
    for batch in batches(config, model, source, 0).as_numpy_iterator():
        found.extend(batch)
        if len(found) >= num:
            break
    real = np.stack(found[:num])
    return real if real.dtype == np.float32 else real.astype(np.float32) / 127.5 - 1.0


# ---------------------------------------------------------------------- training


def resume(run: Run, model: GANModel, say: Callable[[str], None]) -> int:
    """Loads the last checkpoint that is whole, if there is one, and returns its step."""
    damaged = run.checkpoints.set_aside_damaged()
    steps = run.checkpoints.steps()
    if damaged and not steps:
        raise InputError(
            f"--workdir: all checkpoints in {str(run.path)!r} are damaged; give a new folder."
        )
    for folder in damaged:
        say(f"A checkpoint is damaged and was set aside: {folder}")
    step = steps[-1] if steps else 0
    if step:
        run.checkpoints.restore(model, step)
    run.trim_metrics(step)
    return step


def describe(config: ConfigDict, model: GANModel, source: Source, start: int) -> str:
    """Says in a few lines what is about to happen."""
    players = ", ".join(
        f"{role} {sum(n.count_params() for n in networks):,}"
        for role, networks in model.players().items()
    )
    batch = model.samples_per_step(config.data.batch_size)
    steps = f"{config.train.steps:,} steps of {batch} samples"
    if start >= config.train.steps:
        steps = f"all {start:,} steps are done"
    elif start:
        steps += f", resumed at step {start:,}"
    gpus = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    device = ", ".join(gpu.get("device_name", "GPU") for gpu in gpus) or "the CPU"
    return (
        f"{type(model).__name__} {'x'.join(map(str, model.image_shape))} (parameters: {players})\n"
        f"{config.data.source}: {len(source):,} samples; {steps}, on {device}"
    )


def fit(config: ConfigDict, run: Run, model: GANModel, source: Source, start: int) -> None:
    """Trains from step `start` to the end."""
    settings, each_step = config.train, model.samples_per_step(config.data.batch_size)
    run.result.unlink(missing_ok=True)  # it is no longer the end
    reference = real_samples(config, model, source, max(settings.samples, config.evaluate.samples))
    scores, main, sign = scoring(config, reference)
    each_line, each_sheet, each_checkpoint = (
        callbacks.Schedule(every, settings.steps)
        for every in (settings.log_every, settings.sample_every, settings.checkpoint_every)
    )

    def save(model: GANModel, step: int, score: float | None = None) -> None:
        run.checkpoints.save(model, step, settings.keep_checkpoints, score)

    with (
        callbacks.StopOnSignal() as stop,
        callbacks.Progress(settings.steps, each_step) as progress,
        contextlib.closing(tf.summary.create_file_writer(str(run.tensorboard))) as events,
    ):
        # Their order matters: nothing is kept of a step that went wrong; scores precede records.
        used = [
            stop,
            callbacks.Throughput(each_step),
            callbacks.StopOnNonFinite(lambda: advice(run)),
            callbacks.Evaluate(scores, each_checkpoint, config.evaluate.samples),
            callbacks.MetricsLog(run.metrics, each_line, events),
            callbacks.SampleSheet(
                run.samples, each_sheet, settings.samples, data=reference, events=events
            ),
            callbacks.SaveCheckpoint(save, each_checkpoint, main, sign),
            progress,
        ]
        if start % settings.log_every:
            used.append(callbacks.KeepMeans(model))
        for first, steps, epochs in intervals(start, settings.steps, settings.log_every):
            model.fit(
                batches(config, model, source, first),
                steps_per_epoch=steps,
                epochs=epochs,
                callbacks=used,
                shuffle=False,  # the pipeline has its own order
                verbose=0,
            )
            if stop.received is not None:
                break
    if stop.received is not None:
        step = model.steps_done
        if step not in run.checkpoints.steps():
            save(model, step)
        raise Interrupted(
            f"Stopped at step {step} and saved; the same command goes on from there.", stop.received
        )


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


def advice(run: Run) -> str:
    """Says what is left after a loss became NaN."""
    steps = run.checkpoints.steps()
    kept = f"The last good checkpoint is {run.checkpoints.folder(steps[-1])}. " if steps else ""
    return f"{kept}A lower learning rate, or R1 (model_args.r1_gamma), often helps."


def scoring(
    config: ConfigDict, reference: np.ndarray
) -> tuple[list[callbacks.Scores], str | None, int]:
    """Returns the functions that score samples, the main score, and 1 if a higher one is better."""
    kind, view = parse_spec(config.data.source)
    reference = reference[: config.evaluate.samples]
    known = {
        "figures": (lambda x: figure_scores(pictures.to_uint8(x), view), "validity", 1),
        "swd": (lambda x: {"swd": sliced_wasserstein(x, reference)}, "swd", -1),
    }
    if kind != "figures" or reference.shape[-1] != 3:
        del known["figures"]  # there are no figures to be read
    used = [known[name] for name in config.evaluate.metrics if name in known]
    _, main, sign = used[0] if used else (None, None, 1)
    return [score for score, _, _ in used], main, sign


# ---------------------------------------------------------------------- afterwards


def finish(config: ConfigDict, run: Run, model: GANModel, source: Source) -> Result:
    """Saves the best weights as `model.keras` and as a SavedModel, which it verifies."""
    export = run.path / "export" / config.model / "1"
    samples = run.samples / "final.png"
    if run.result.exists() and all(path.exists() for path in (export, samples, run.model)):
        done = json.loads(run.result.read_text())
        return Result(done["step"], samples, run.model, export, done["scores"])
    step = run.checkpoints.best() or run.checkpoints.steps()[-1]
    run.checkpoints.restore(model, step)
    reference = real_samples(config, model, source, config.evaluate.samples)
    sheet = pictures.sheet(model.generate(config.train.samples), reference)
    pictures.save_png(samples, sheet)
    temporary = run.path / ".part.model.keras"
    model.save(temporary)
    os.replace(temporary, run.model)
    export_model(model, export)
    fresh = model.generate(config.evaluate.samples, seed=1)
    scores: dict[str, float] = {}
    for score in scoring(config, reference)[0]:
        scores |= {name: float(v) for name, v in score(fresh).items() if np.isfinite(v)}
    runs.write_atomically(run.result, json.dumps({"step": step, "scores": scores}, indent=2) + "\n")
    return Result(step, samples, run.model, export, scores)


def export_model(model: GANModel, path: Path) -> None:
    """Exports, verifies, and only then replaces what was there.

    Raises:
        RuntimeError: if the SavedModel's answers are not the model's.
    """
    # Beside the model's folder: a server that watches that folder must not find it.
    new, old = (path.parent.with_name(f".{path.parent.name}.{which}") for which in ("new", "old"))
    shutil.rmtree(new, ignore_errors=True)
    model.export(new)
    verify_export(model, new)
    shutil.rmtree(old, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        os.rename(path, old)
    os.rename(new, path)
    shutil.rmtree(old, ignore_errors=True)


def verify_export(model: GANModel, path: os.PathLike) -> None:
    """Loads a SavedModel and holds its default signature against the model.

    Raises:
        RuntimeError: if they differ.
    """
    latents = model.sample_latents(4, seed=2)
    signature = tf.saved_model.load(os.fspath(path)).signatures["serving_default"]
    came = signature(latents=tf.constant(latents))["images"].numpy()
    expected = model.generate(latents=latents)
    if not np.allclose(came, expected, atol=1e-5 if model.compute_dtype == "float32" else 0.05):
        raise RuntimeError(
            f"The SavedModel {os.fspath(path)} and the model differ by up to "
            f"{np.max(np.abs(came - expected)):.2g}."
        )


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
    model = build_model(ConfigDict(run.config(), convert_dict=True))
    run.checkpoints.restore(model, step)
    return model

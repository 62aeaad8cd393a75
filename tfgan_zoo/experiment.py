"""A whole run, from a config to a served model: the one place where all rooms meet."""

import os
import shutil
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import callbacks, pictures
from tfgan_zoo.data import ArraySource, Source, fit_for, load_images, open_source, parse_spec
from tfgan_zoo.data import unconditional, use_cache
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


def train(config: ConfigDict, workdir: str | os.PathLike, say: Callable[[str], None] = print) -> Result:
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
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(config.train.precision)
    model = build_model(config)
    source = open_data(config)
    batches(config, model, source, 0)  # fails before a folder is made
    run = Run(workdir)
    with run.claim(config):
        start = resume(run, model)
        say(describe(config, model, source, start))
        run.trim_metrics(start)
        if start < config.train.steps:
            fit(config, run, model, source, start)
        return finish(config, run, model, source)


# ---------------------------------------------------------------------- what the config names


def build_model(config: ConfigDict) -> GANModel:
    """Makes the config's model, compiled."""
    if config.model not in MODELS:
        raise InputError(f"model: expected one of {', '.join(MODELS)}, got {config.model!r}.")
    args = config.model_args.to_dict()
    packed = (*args["image_shape"][:-1], args["image_shape"][-1] * args["packing"])
    generator = build_network(config.generator, args["image_shape"], args["latent_dim"])
    discriminator = build_network(config.discriminator, packed)
    model = _call(
        "model_args",
        MODELS[config.model],
        generator=generator,
        discriminator=discriminator,
        seed=config.seed,
        name=config.model,
        **args,
    )
    model.compile(
        generator_optimizer=build_optimizer(config, "generator"),
        discriminator_optimizer=build_optimizer(config, "discriminator"),
        jit_compile=config.train.jit_compile,
    )
    return model


def build_network(spec: ConfigDict, *shape: Any) -> keras.Model | None:
    """Makes a network that a config names; None without a name."""
    args = spec.to_dict()
    name = args.pop("name")
    if not name:
        return None
    if name not in NETWORKS:
        raise InputError(f"Networks: expected one of {', '.join(NETWORKS)}, got {name!r}.")
    return _call(name, NETWORKS[name], *shape, **args)


def build_optimizer(config: ConfigDict, role: str) -> keras.optimizers.Optimizer | None:
    """Makes a role's optimizer; None without a name."""
    args = config[f"{role}_optimizer"].to_dict()
    name = args.pop("name")
    decay = args.pop("decay", "constant")
    if not name:
        return None
    if decay == "linear":
        args["learning_rate"] = keras.optimizers.schedules.PolynomialDecay(
            args["learning_rate"], config.train.steps, end_learning_rate=0.0
        )
    try:
        return keras.optimizers.get({"class_name": name, "config": args})
    except (TypeError, ValueError) as error:
        raise InputError(f"{role}_optimizer: {error}") from error


def _call(what: str, function: Callable, *args, **kwargs) -> Any:
    try:
        return function(*args, **kwargs)
    except TypeError as error:  # an argument it does not have
        raise InputError(f"{what}: {error}.") from error


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


def resume(run: Run, model: GANModel) -> int:
    """Loads the last checkpoint, if there is one, and returns its step."""
    steps = run.checkpoints.steps()
    if not steps:
        return 0
    run.checkpoints.restore(model, steps[-1])
    return steps[-1]


def describe(config: ConfigDict, model: GANModel, source: Source, start: int) -> str:
    """Says in a few lines what is about to happen."""
    players = ", ".join(
        f"{role} {sum(n.count_params() for n in networks):,}"
        for role, networks in model.players().items()
    )
    steps = f"{config.train.steps:,} steps of {model.samples_per_step(config.data.batch_size)} samples"
    if start >= config.train.steps:
        steps = f"all {start:,} steps are done"
    elif start:
        steps += f", resumed at step {start:,}"
    return (
        f"{type(model).__name__} {'x'.join(map(str, model.image_shape))} (parameters: {players})\n"
        f"{config.data.source}: {len(source):,} samples; {steps}"
    )


def fit(config: ConfigDict, run: Run, model: GANModel, source: Source, start: int) -> None:
    """Trains from step `start` to the end."""
    settings = config.train
    per_step = model.samples_per_step(config.data.batch_size)
    reference = real_samples(config, model, source, max(settings.samples, config.evaluate.samples))
    each_line, each_sheet, each_checkpoint = (
        callbacks.Schedule(every, settings.steps)
        for every in (settings.log_every, settings.sample_every, settings.checkpoint_every)
    )
    sheet = callbacks.SampleSheet(run.samples, each_sheet, settings.samples, data=reference)
    sheet.set_model(model)
    scores, main, sign = scoring(config, reference)
    stop = callbacks.StopOnSignal()

    def save(model: GANModel, step: int, score: float | None) -> None:
        run.checkpoints.save(model, step, settings.keep_checkpoints, score)

    # Their order matters: nothing is recorded of a step that went wrong, scores come before records.
    everything = [
        stop,
        callbacks.StopOnNonFinite(lambda: advice(run)),
        callbacks.Evaluate(scores, each_checkpoint, config.evaluate.samples),
        callbacks.MetricsLog(
            run.metrics, each_line, per_step, run.tensorboard, sheet.draw, each_sheet
        ),
        sheet,
        callbacks.SaveCheckpoint(save, each_checkpoint, main, sign),
        callbacks.Progress(settings.steps, per_step),
    ]
    done = start % settings.log_every
    if done:
        # Stopped within an epoch: its running means were restored with the rest, and go on.
        everything.insert(0, KeepMeans(model))
        epoch(config, model, source, start, settings.log_every - done, 1, everything)
        everything.pop(0)
        start += settings.log_every - done
    left = settings.steps - start
    if not stop.received and left >= settings.log_every:
        epochs = left // settings.log_every
        epoch(config, model, source, start, settings.log_every, epochs, everything)
        start += epochs * settings.log_every
        left -= epochs * settings.log_every
    if not stop.received and left:
        epoch(config, model, source, start, left, 1, everything)
    if stop.received:
        step = int(model.step)
        raise Interrupted(
            f"Stopped at step {step}; checkpoint {run.checkpoints.folder(step)}. "
            "The same command goes on from there.",
            stop.received,
        )


def epoch(config, model, source, start: int, steps: int, epochs: int, used: list) -> None:
    """Calls `model.fit` for some epochs; an epoch is what lies between two lines of the metrics."""
    model.fit(
        batches(config, model, source, start),
        steps_per_epoch=steps,
        epochs=epochs,
        callbacks=used,
        shuffle=False,  # the pipeline has its own order
        verbose=0,
    )


class KeepMeans(keras.callbacks.Callback):
    """Undoes the reset of the running means with which `fit` begins an epoch."""

    def __init__(self, model: GANModel):
        super().__init__()
        self.values = [v.numpy() for m in model.metrics for v in m.variables]

    def on_epoch_begin(self, epoch, logs=None):
        """Puts the values back."""
        variables = [v for m in self.model.metrics for v in m.variables]
        for variable, value in zip(variables, self.values, strict=True):
            variable.assign(value)


def advice(run: Run) -> str:
    """Says what is left after a loss became NaN."""
    steps = run.checkpoints.steps()
    kept = f"The last good checkpoint is {run.checkpoints.folder(steps[-1])}. " if steps else ""
    return f"{kept}A lower learning rate, or R1 (model_args.r1_gamma), often helps."


def scoring(
    config: ConfigDict, reference: np.ndarray
) -> tuple[list[callbacks.records.Scores], str | None, int]:
    """Returns the functions that score samples, the main score's name, and 1 if higher is better."""
    _, view = parse_spec(config.data.source)
    reference = reference[: config.evaluate.samples]
    known = {
        "figures": (lambda x: figure_scores(pictures.to_uint8(x), view), "validity", 1),
        "swd": (lambda x: {"swd": sliced_wasserstein(x[: len(reference)], reference)}, "swd", -1),
    }
    names = config.evaluate.metrics
    for name in names:
        if name not in known:
            raise InputError(f"evaluate.metrics: expected any of {', '.join(known)}, got {name!r}.")
    if not names:
        return [], None, 1
    return [known[name][0] for name in names], known[names[0]][1], known[names[0]][2]


# ---------------------------------------------------------------------- afterwards


def finish(config: ConfigDict, run: Run, model: GANModel, source: Source) -> Result:
    """Saves the best weights as `model.keras` and as a SavedModel, and looks at both."""
    best = run.checkpoints.best() or run.checkpoints.steps()[-1]
    run.checkpoints.restore(model, best)
    temporary = run.path / ".model.part.keras"
    model.save(temporary)
    os.replace(temporary, run.model)
    reference = real_samples(config, model, source, config.evaluate.samples)
    samples = run.samples / "final.png"
    pictures.save_png(samples, pictures.sheet(model.generate(config.train.samples), reference))
    export = run.path / "export" / config.model / "1"
    if export.exists():
        shutil.rmtree(export)
    model.export(export)
    verify_export(model, export)
    scores = {}
    for score in scoring(config, reference)[0]:
        scores |= score(model.generate(config.evaluate.samples, seed=1))
    return Result(best, samples, run.model, export, {k: float(v) for k, v in scores.items()})


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
    config = ConfigDict(run.config(), convert_dict=True)
    keras.config.set_dtype_policy(config.train.precision)
    model = build_model(config)
    run.checkpoints.restore(model, step)
    return model

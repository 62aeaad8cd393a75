"""The model of a run: loaded, exported for serving, converted."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo import atomic, presets
from tfgan_zoo.callbacks.records import describe_logs
from tfgan_zoo.errors import InputError
from tfgan_zoo.importing import note_of
from tfgan_zoo.models import ZooModel
from tfgan_zoo.models.mechanics.output_ranges import made_before
from tfgan_zoo.models.sampling import Sampling
from tfgan_zoo.run import styles
from tfgan_zoo.run.building import build_model, model_class
from tfgan_zoo.run.devices import Devices, open_for_samples
from tfgan_zoo.run.folder import Run, config_of, versions
from tfgan_zoo.run.loading import load_model
from tfgan_zoo.serving import saved_model
from tfgan_zoo.serving.convert import convert
from tfgan_zoo.serving.settings import write_settings

#: Fewest samples that several replicas share; of fewer, one device makes all of them.
SHARED = 1000


def load_run(workdir: str | os.PathLike, checkpoint: str = "best") -> ZooModel:
    """Loads a run's model.

    Args:
        workdir: The run folder; or a `.keras` file, which has one checkpoint.
        checkpoint: "best", "last", or a step.

    Raises:
        InputError: If there is no such run or checkpoint.
    """
    if is_model_file(workdir):
        if checkpoint not in ("best", "last"):
            raise InputError(
                f"--checkpoint: expected none for a .keras file, which has one set of weights, got "
                f"{checkpoint!r}; leave it out."
            )
        try:
            model = load_model(workdir)
        except InputError as error:
            raise InputError(str(error).replace("filepath:", "--workdir:", 1)) from error
        if isinstance(model, ZooModel):
            return model
        raise InputError(
            f"--workdir: expected a model of tfgan_zoo, got a {type(model).__name__} in "
            f"{os.fspath(workdir)!r}."
        )
    run = Run.open(workdir)
    steps = run.checkpoints.steps()
    if not steps:
        before = Run(run.pretraining)
        has = (
            f"; its pretraining has, in {str(before.path)!r}" if before.checkpoints.steps() else ""
        )
        raise InputError(f"--workdir: {os.fspath(workdir)!r} has no checkpoint yet{has}.")
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
        model = build_model(ConfigDict(run.config(), convert_dict=True), trains=False)
    run.checkpoints.restore(model, step)
    styles.restore(run, model)
    return model


def devices_for_samples(workdir: str | os.PathLike, num: int) -> Devices:
    """Returns the devices on which a run's model makes samples; see `devices.open_for_samples`.

    They are one device for few samples, whatever makes them; for models whose samples replicas
    cannot share; and for `.keras` files that are no presets, of which no config is known. The model
    is then loaded in their scope.

    Args:
        workdir: The run folder, or a `.keras` file.
        num: Number of samples.

    Raises:
        InputError: If the samples are many and there is no such run.
    """
    if num < SHARED or (is_model_file(workdir) and presets.note_of(workdir) is None):
        return Devices()
    config = ConfigDict(config_of(workdir), convert_dict=True)
    if not issubclass(model_class(config.model), Sampling):
        return Devices()
    return open_for_samples(config)


def is_model_file(workdir: str | os.PathLike) -> bool:
    """Returns whether a path is a `.keras` file, where a run folder is expected."""
    path = Path(workdir).expanduser()
    return path.suffix == ".keras" and path.is_file()


# ---------------------------------------------------------------------- exports


def export_run(
    workdir: str | os.PathLike,
    output: str | os.PathLike,
    checkpoint: str = "best",
    raw_weights: bool = False,
) -> Path:
    """Exports a run's model as the next version in a folder that TF Serving serves from.

    Args:
        workdir: The run folder, or a `.keras` file.
        output: The folder of the model's versions.
        checkpoint: "best", "last", or a step.
        raw_weights: Export the generator's weights even if there is a moving average of them.

    Returns:
        The new version, `<output>/<number>`.

    Raises:
        InputError: If there is no such run or checkpoint, or `output` is a file, has no name, is
            the folder of one version instead of the model's, or cannot be written to.
        RuntimeError: If the SavedModel's answers differ from the model's.
    """
    output = Path(output).resolve()  # gives ".." its name
    if not output.name:
        raise InputError(
            f"--output: expected a folder named like the model, got {str(output)!r}; give one in "
            "it."
        )
    if output.exists() and not output.is_dir():
        raise InputError(f"--output: expected a folder, {str(output)!r} is a file.")
    if output.name.isdigit() or (output / "saved_model.pb").exists():
        raise InputError(
            f"--output: expected the folder of a model's versions, got {str(output)!r}, which is "
            f"one version; give {str(output.parent)!r} to write the next free number there."
        )
    atomic.check_output(output / "1")
    model = load_run(workdir, checkpoint)
    if is_model_file(workdir):
        # `export` adds what a preset says of itself.
        details: dict[str, Any] = {"facts": {"model": f"`{Path(workdir).name}`"}}
    else:
        run = Run.open(workdir)
        config = ConfigDict(run.config(), convert_dict=True)
        details = card_details(config, model.steps_done, scores_at(run, model))
    if (note := note_of(workdir)) is not None:
        details["facts"] = _imported_facts(details["facts"], note)
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
    size: tuple[int | None, int | None] | None = None,
) -> list[Path]:
    """Converts a run's model to TensorFlow Lite or ONNX; see `tfgan_zoo.serving.convert.convert`.

    Args:
        workdir: The run folder.
        output: The folder of the files.
        kind: "tflite" or "onnx".
        checkpoint: "best", "last", or a step.
        raw_weights: Convert the generator's weights even if there is a moving average of them.
        overwrite: Replace files that exist.
        size: Height and width of the images that endpoints of any size take.

    Raises:
        InputError: If `output` cannot be written to; and those of `convert`.
    """
    atomic.check_output(Path(output) / f"_.{kind}")
    model = load_run(workdir, checkpoint)
    with model.raw_weights() if raw_weights else contextlib.nullcontext():
        return convert(model.endpoints(), Path(output), kind, overwrite, size)


def export_model(model: ZooModel, path: Path, **details: Any) -> None:
    """Exports and verifies a model, and only then replaces an earlier export.

    Args:
        model: The model to export.
        path: `<folder of the model>/<version>`.
        **details: Of the training; see `ZooModel.export`.

    Raises:
        RuntimeError: If the SavedModel's answers differ from the model's.
    """
    with _exported(model, path.parent, details) as new:
        saved_model.place_instead(new, path)
    write_settings(path.parent)


@contextlib.contextmanager
def _exported(model: ZooModel, folder: Path, details: Mapping[str, Any]) -> Iterator[Path]:
    """Yields a verified SavedModel, to be moved into a model's folder."""
    # If possible beside the folder, which a server may be watching.
    unfinished = atomic.staging_place(folder) / folder.name
    new = atomic.hidden_beside(unfinished, ".new")
    atomic.remove_leftovers(unfinished, ".new")
    try:
        with model.signatures_kept():
            model.export(new, **details)
            verify_export(model, new)
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def verify_export(model: ZooModel, path: os.PathLike) -> None:
    """Loads a SavedModel and compares every signature with the model.

    Raises:
        RuntimeError: If they differ.
    """
    tolerance = 1e-5 if model.compute_dtype == "float32" else 0.05
    saved_model.verify(path, model.signatures(), tolerance)


# ---------------------------------------------------------------------- what an export's card says


def card_details(config: ConfigDict, step: int, scores: dict[str, float]) -> dict[str, Any]:
    """Returns what an export's README.md says about a run."""
    facts = {
        "model": f"`{config.model}`",
        "data": f"`{config.data.source}`",
        "step": f"{step:,} of {config.train.steps:,}",
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }
    return {"facts": facts, "scores": scores, "config": config.to_dict()}


def _imported_facts(facts: Mapping[str, Any], note: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the facts about a model that was trained elsewhere: no data and steps, but files."""
    kept = {name: value for name, value in facts.items() if name not in ("data", "step")}
    for i, file in enumerate(note["files"]):
        direction = "" if i == 0 else " from b to a"
        kept[f"imported weights{direction}"] = (
            f"`{file['file']}`, SHA-256 {file['sha256']}, family `{note['family']}`"
        )
    return kept


def scores_at(run: Run, model: ZooModel) -> dict[str, float]:
    """Returns the recorded scores of a run's model at its step."""
    step = model.steps_done
    if run.result.exists():
        done = json.loads(run.result.read_text())
        if done["step"] == step:
            return done["scores"]
    rows = [row for row in run.logged() if row["step"] == step]
    about = describe_logs(model)
    others = ("step", *about["training"], *about["health"], *about["machine"])
    return {
        name: value
        for row in rows
        for name, value in row.items()
        if value is not None and name not in others
    }


def weights_of(model: Any) -> str:
    """Returns a hash of the weights that a model's samples are drawn with.

    Networks that a preset lacks are left out: they get new weights whenever it is loaded.
    """
    untrained = {
        id(variable)
        for name in getattr(model, "untrained_networks", ())
        for variable in getattr(model, name).variables
    }
    digest = hashlib.sha256()
    for variable in model.variables:
        if id(variable) in untrained:
            continue
        digest.update(np.ascontiguousarray(variable).tobytes())
    return digest.hexdigest()

"""From the flags of `tfgan_zoo.train` to the config of a run, without TensorFlow if possible."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import presets
from tfgan_zoo.commands import own_images
from tfgan_zoo.data.shares import cluster_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.importing import note_of
from tfgan_zoo.progress import counted


class Training(NamedTuple):
    """What to train, and where.

    Attributes:
        config: The resolved config.
        workdir: The run folder.
        recipe: The name of the recipe, to be noted in the run; None if a run is resumed without.
        notes: What the user should know before training starts.
    """

    config: ConfigDict
    workdir: Path
    recipe: str | None
    notes: list[str]


def from_flags(
    model: str | None,
    recipe: str | None,
    workdir: str | None,
    overrides: Mapping[str, str],
    load_tensorflow: Callable[[], None],
    extend_to: int | None = None,
    image_size: str | None = None,
    minutes: float | None = None,
) -> Training:
    """Resolves the config of a training command.

    Args:
        model: The flag --model.
        recipe: The flag --config.
        workdir: The flag --workdir.
        overrides: Config entries set on the command line, as text by dotted key.
        load_tensorflow: Called before anything that needs TensorFlow.
        extend_to: The flag --extend_to.
        image_size: The flag --image_size.
        minutes: The flag --minutes.

    Raises:
        InputError: If there is no such recipe, an override cannot be used, the folder holds a run
            of another model or recipe, or none though there is no recipe.
    """
    if extend_to is not None and "train.steps" in overrides:
        raise InputError("--extend_to: is the new number of steps; leave out --config.train.steps.")

    if minutes is not None and extend_to is not None:
        raise InputError("--minutes: plans a new run; leave out --extend_to, or --minutes.")
    if minutes is not None and "train.steps" in overrides:
        raise InputError("--minutes: plans the number of steps; leave out --config.train.steps.")
    if workdir is not None and note_of(workdir) is not None:
        raise InputError(
            f"--workdir: expected a run that was trained here, or a new folder, got {workdir!r} "
            "with imported weights; start a recipe from them in a new folder, with "
            f"--config.train.start_from={workdir}."
        )

    def arguments(config: ConfigDict, group: str) -> Mapping[str, inspect.Parameter]:
        load_tensorflow()
        from tfgan_zoo.run import building

        return building.arguments(config, group)

    def left_out(stored: Mapping[str, Any], like: ConfigDict) -> dict[str, Any]:
        if stored["model"] != like.model or set(like.model_args) <= set(stored["model_args"]):
            return {}
        load_tensorflow()
        from tfgan_zoo.run import building

        return building.default_arguments(like.model)

    overrides = config_lib.Overrides(overrides, arguments)
    # Of several workers, the chief may have begun to write there; it checks the folder itself.
    alone = cluster_config() is None
    if alone and workdir is not None and (model or recipe or "data.source" in overrides):
        config_lib.check_workdir(Path(workdir))  # before the images are looked at
    flag, name = ("--config", recipe) if recipe else ("--model", model)
    own = own_images.choose(model, recipe, workdir, overrides, left_out, image_size, minutes)
    if own is None and image_size is not None:
        known = (
            config_lib.load_config(name, flag=flag).model_args.image_shape
            if name
            else config_lib.stored_config(_run_to_resume(workdir))["model_args"]["image_shape"]
        )
        sized = own_images.with_image_size(overrides, image_size, known)
        overrides = config_lib.Overrides(sized, arguments)
    if own is not None:
        name = name or own.recipe
    if not name:
        folder = _run_to_resume(workdir)
        _check_minutes(minutes, folder)
        if minutes is not None and not config_lib.has_begun(folder):
            steps = config_lib.stored_config(folder)["train"]["steps"]
            raise InputError(
                f"--minutes: {str(folder)!r} holds a run of {counted(steps, 'step')} that has not "
                "begun; add --model or --config to plan it again, or leave --minutes out to train "
                "it."
            )
        config = config_lib.resumed_config(folder, overrides)
        config = _extended(config, folder, extend_to)
        return Training(config, folder, config_lib.stored_recipe(folder), [])
    config, notes = own[::2] if own else (config_lib.load_config(name, overrides, flag), [])
    if model and config.model != model:
        raise InputError(f"--model={model}: the config {name} is for {config.model!r}.")
    if any(key.endswith(".name") for key in overrides):
        load_tensorflow()
        from tfgan_zoo.run import building

        config, dropped = building.fitting(config, overrides)
        if dropped:
            named = ", ".join(f"{k}={v}" for k, v in overrides.items() if k.endswith(".name"))
            verb = "is" if len(dropped) == 1 else "are"
            notes.append(f"With {named}, the recipe's {', '.join(dropped)} {verb} dropped.")
    began = own.recipe if own else config_lib.recipe_name(name)
    folder = Path(workdir or Path("runs") / config_lib.recipe_name(name))
    if alone:
        config_lib.check_workdir(folder)
    _check_minutes(minutes, folder)
    if config_lib.has_begun(folder):
        today = config
        built_with = left_out(config_lib.stored_config(folder), config)
        config, differ = config_lib.config_to_resume(
            folder, config, overrides, began if own else name, flag, built_with
        )
        if differ:
            to_change = config_lib.flags_to_change(config, today, differ)
            notes.append(_unused(folder, name, differ, to_change))
    else:
        for entry in ("start_from", "generator_from"):
            if config.train[entry] is not None:
                presets.path_of(config.train[entry], f"train.{entry}")
    return Training(_extended(config, folder, extend_to), folder, began, notes)


def _run_to_resume(workdir: str | None) -> Path:
    """Returns the folder of a run that is resumed by its own config."""
    names = ", ".join(config_lib.list_configs())
    if workdir is None:
        raise InputError(
            f"Give --model or --config: one of {names}; or the --workdir of a run, to resume it."
        )
    folder = Path(workdir)
    if (folder / "config.json").is_file():
        return folder
    runs = sorted(str(path.parent) for path in folder.glob("*/config.json"))
    if runs:
        more = f" and {len(runs) - 5} more" if len(runs) > 5 else ""
        raise InputError(
            f"--workdir: expected a run folder, got {workdir!r}; give one of the run folders in "
            f"it: {', '.join(map(repr, runs[:5]))}{more}."
        )
    raise InputError(
        f"--workdir: expected a run to resume, got {workdir!r} without one; give --model or "
        f"--config to begin one there: one of {names}."
    )


def _extended(config: ConfigDict, folder: Path, steps: int | None) -> ConfigDict:
    """Returns a run's config with the steps of --extend_to."""
    return config if steps is None else config_lib.extended(folder, config, steps)


def _check_minutes(minutes: float | None, folder: Path) -> None:
    if minutes is not None:
        config_lib.check_minutes(minutes, folder)


def open_devices(config: ConfigDict) -> None:
    """Starts TensorFlow's devices as a config says."""
    from tfgan_zoo.run import devices

    devices.open_devices(config)


def summary(result: Any) -> str:
    """Returns the lines with which training ends.

    Args:
        result: The result of `run.experiment.train`.
    """
    lines = [f"training ended {result.ended}"] if result.ended else []
    lines += [f"{score}: {value:.3f}" for score, value in result.scores.items()]
    if result.samples is not None:
        lines.append(f"samples:    {result.samples}")
    lines.append(f"model:      {result.model} (step {result.step})")
    if result.export is not None:
        lines.append(f"SavedModel: {result.export} (checked against the model)")
    return "\n".join(lines)


def _unused(workdir: Path, name: str, differ: list[str], to_change: list[str]) -> str:
    """Says how a recipe differs from a run's stored config, and which entries can be changed.

    Either the recipe has changed since, or flags that the run began with were left out.
    """
    shown = "; ".join(differ[:6]) + (f"; and {len(differ) - 6} more" if len(differ) > 6 else "")
    text = f"{workdir} resumes with its stored config; other values of {name} are not used: {shown}"
    if to_change:
        them = "it" if len(to_change) == 1 else "them"
        text += f"; to change {them} for this run, add {' '.join(to_change)}"
    return text

"""From the flags of a command to what it asks for. Nothing here imports TensorFlow by itself."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.errors import InputError

# ---------------------------------------------------------------------- train


class Training(NamedTuple):
    """What to train, and where.

    Attributes:
        config: The resolved config.
        workdir: The run folder.
        recipe: The name of the recipe, to be noted in the run.
        notes: What the user should know before training starts.
    """

    config: ConfigDict
    workdir: Path
    recipe: str
    notes: list[str]


def training(
    model: str | None,
    recipe: str | None,
    workdir: str | None,
    overrides: Mapping[str, str],
    load_tensorflow: Callable[[], None],
) -> Training:
    """Resolves the config of a training command.

    Args:
        model: The flag --model.
        recipe: The flag --config.
        workdir: The flag --workdir.
        overrides: Config entries set on the command line, as text by dotted key.
        load_tensorflow: Called before anything that needs TensorFlow.

    Raises:
        InputError: If there is no such recipe, an override cannot be used, or the folder holds a
            run of another model or recipe.
    """
    flag, name = ("--config", recipe) if recipe else ("--model", model)
    if not name:
        names = ", ".join(config_lib.list_configs())
        raise InputError(f"Give --model or --config: one of {names}.")
    config, notes = config_lib.load_config(name, overrides, flag), []
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
    began = config_lib.recipe_name(name)
    folder = Path(workdir or Path("runs") / began)
    if config_lib.has_begun(folder):
        today = config
        config, differ = config_lib.config_to_resume(folder, config, overrides, name, flag)
        if differ:
            to_change = config_lib.flags_to_change(config, today, differ)
            notes.append(_unused(folder, name, differ, to_change))
    return Training(config, folder, began, notes)


def open_devices(config: ConfigDict) -> None:
    """Starts TensorFlow's devices as a config says."""
    from tfgan_zoo.run import devices

    devices.open_devices(config)


def summary(result: Any) -> str:
    """Returns the lines with which training ends.

    Args:
        result: The result of `run.experiment.train`.
    """
    lines = [f"ended {result.ended}"] if result.ended else []
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


# ---------------------------------------------------------------------- evaluate

#: Flags that apply to one way of scoring alone.
_OF_SAMPLES = ("num", "features", "inception", "seed", "direction")
_OF_PAIRS = ("scale", "channel", "border", "output", "overwrite")
_OF_RUNS = ("checkpoint", "raw_weights")


def evaluate(given: Any) -> str:
    """Scores what the flags of `tfgan_zoo.evaluate` ask for.

    Args:
        given: The flags, with either a workdir or a baseline.

    Returns:
        The scores as text, and where they were written.

    Raises:
        InputError: If a flag does not apply, or the run or the images cannot be scored so.
    """
    if given.workdir is not None:
        from tfgan_zoo.run.evaluation import task_of_run

        if task_of_run(given.workdir).evaluates != "pairs":
            return _evaluate_samples(given)
    return _evaluate_pairs(given)


def _evaluate_samples(given: Any) -> str:
    from tfgan_zoo.run.evaluation import evaluate_run
    from tfgan_zoo.tasks import Request

    given.refuse(_OF_PAIRS, "is for enlarged images; scores of samples are added to the run.")
    values = {name: given[name].value for name in Request._fields if name in given}
    values["source"] = given.data
    request = Request(**{name: value for name, value in values.items() if value is not None})
    report = evaluate_run(given.workdir, request).report()
    return f"{report}\nadded to {Path(given.workdir) / 'evaluation.jsonl'}"


def _evaluate_pairs(given: Any) -> str:
    from tfgan_zoo import evaluation
    from tfgan_zoo.evaluation import upscaled

    given.refuse(_OF_SAMPLES, "is for samples and translations; enlarged images are all scored.")
    if given.baseline is not None:
        given.refuse(_OF_RUNS, "is for a run; a --baseline has no weights.")
        upscaled.check_baseline(given.baseline, given.data)
    fields = ("metrics", "split", "data_dir", "scale", "channel", "border")
    values = {name: given[name].value for name in fields if given[name].value is not None}
    request = upscaled.PairsRequest(source=given.data, **values)
    request.check()
    if given.output:
        upscaled.check_table(given.output, given.overwrite)
    if given.baseline is not None:
        scores = upscaled.score_baseline(given.baseline, request)
    else:
        from tfgan_zoo.run.evaluation import evaluate_pairs

        scores = evaluate_pairs(given.workdir, request, given.checkpoint, given.raw_weights)
    text = evaluation.table(scores)
    if given.output:
        evaluation.write_csv(given.output, scores)
        text += f"\n{len(scores.images)} images: {given.output}"
    return text

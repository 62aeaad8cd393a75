"""From the flags of `tfgan_zoo.evaluate` to scores, without TensorFlow for a baseline."""

from pathlib import Path
from typing import Any

from tfgan_zoo import atomic, presets
from tfgan_zoo import config as config_lib
from tfgan_zoo.errors import InputError
from tfgan_zoo.importing import note_of

#: Flags that apply to one way of scoring alone.
_OF_SAMPLES = ("num", "features", "inception", "seed", "direction")
_OF_PAIRS = ("scale", "channel", "border", "ensemble", "output", "overwrite")
_OF_RUNS = ("checkpoint", "raw_weights")
_OF_SOURCES = ("fake_split", "image_size", "white", "black")
_OF_LPIPS = ("lpips_backbone", "lpips_heads")


def evaluate(given: Any) -> str:
    """Scores what the flags of `tfgan_zoo.evaluate` ask for.

    Args:
        given: The flags, with a workdir, a baseline, or data sources.

    Returns:
        The scores as text, and where they were written. Scores that go to --output are printed
        before they are written, and not returned.

    Raises:
        InputError: If a flag does not apply, or the run or the images cannot be scored so.
    """
    if "lpips" not in (given.metrics or ()):
        given.refuse(_OF_LPIPS, "is for --metrics=lpips, which was not asked for.")
    if given.real is not None or given.fake is not None:
        return _evaluate_sources(given)
    given.refuse(_OF_SOURCES, "is for --real and --fake.")
    if given.workdir is not None:
        if given.data is None:
            _check_has_data(given)
        from tfgan_zoo.run.evaluation import task_of_run

        if task_of_run(given.workdir).evaluates != "pairs":
            return _evaluate_samples(given)
    return _evaluate_pairs(given)


def _check_has_data(given: Any) -> None:
    """Raises `InputError` if a model's own data are not known."""
    if note_of(given.workdir) is not None:
        raise InputError(
            f"--data: expected a data source, as {given.workdir!r} was imported and has no "
            "data of its own, got none; give one, such as folder:PATH."
        )
    if (note := presets.note_of(given.workdir)) is None:
        return
    if not config_lib.stored_config(Path(given.workdir).expanduser())["data"]["source"]:
        raise InputError(
            f"--data: expected a data source, as the preset {note['name']!r} comes without its "
            f"data, {note['data']}, got none; give one, such as folder:PATH."
        )


def _evaluate_samples(given: Any) -> str:
    from tfgan_zoo.run.evaluation import default_metrics, evaluate_run, task_of_run
    from tfgan_zoo.tasks import Request

    if not task_of_run(given.workdir).translates:
        given.refuse(["direction"], "is for a model that translates.")
    _check_features(given)
    output = None
    if presets.note_of(given.workdir) is None:
        given.refuse(_OF_PAIRS, "is for enlarged images; scores of samples are added to the run.")
    else:
        others = [flag for flag in _OF_PAIRS if flag != "output"]
        given.refuse(others, "is for enlarged images; scores of samples are added to --output.")
        output = _scores_file(given.output)
    values = {name: given[name].value for name in Request._fields if name in given}
    values["source"] = given.data
    note = ""
    if _names_nothing(given) and task_of_run(given.workdir).evaluates == "samples":
        values["metrics"], note = default_metrics(given.workdir, given.data)
    request = Request(**{name: value for name, value in values.items() if value is not None})
    return _told(evaluate_run(given.workdir, request, output), note)


def _told(found: Any, note: str = "") -> str:
    """Returns an `Evaluation` as text, and the file that has it."""
    added = f"added to {found.added_to}" if found.added_to else ""
    return "\n".join(filter(None, (found.report(), note, added)))


def _names_nothing(given: Any) -> bool:
    """Returns whether neither metrics nor features are given."""
    return given.metrics is None and given.inception is None and given.features == "auto"


def _check_features(given: Any) -> None:
    """Raises `InputError` if features are given for metrics that need none."""
    from tfgan_zoo.evaluation.distributions import need_features

    if given.metrics is not None and not need_features(given.metrics):
        given.refuse(
            ("features", "inception"),
            f"is for metrics in features, such as fid, got --metrics={','.join(given.metrics)}.",
        )


def _scores_file(output: str | None) -> Path:
    """Returns the file that scores are added to, in a folder that exists."""
    path = Path(output or "evaluation.jsonl")
    if path.suffix.lower() != ".jsonl":
        raise InputError(
            f"--output: expected a .jsonl to add scores to, got {output!r}; leave it out for "
            "evaluation.jsonl."
        )
    atomic.check_output(path)
    if path.is_dir():
        raise InputError(f"--output: expected a file, got the folder {str(path)!r}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _evaluate_sources(given: Any) -> str:
    from tfgan_zoo.run.comparison import SourcesRequest, default_metrics, evaluate_sources

    for flag in ("real", "fake"):
        if given[flag].value is None:
            raise InputError(f"--{flag}: expected a data source, such as folder:PATH, got none.")
    given.refuse(
        (
            *_OF_RUNS,
            "direction",
            "seed",
            "data",
            "scale",
            "channel",
            "border",
            "ensemble",
            "overwrite",
        ),
        "is not for --real and --fake.",
    )
    _check_features(given)
    output = _scores_file(given.output)
    values = {name: given[name].value for name in SourcesRequest._fields}
    request = SourcesRequest(**{key: value for key, value in values.items() if value is not None})
    if _names_nothing(given):
        request = request._replace(metrics=default_metrics(request))
    found = evaluate_sources(request)
    print(found.report(), flush=True)  # before a disk may prove full
    found.append_to(output)
    return f"added to {output}"


def _evaluate_pairs(given: Any) -> str:
    from tfgan_zoo import evaluation
    from tfgan_zoo.evaluation import upscaled

    given.refuse(_OF_SAMPLES, "is for samples and translations; enlarged images are all scored.")
    if given.baseline is not None:
        given.refuse((*_OF_RUNS, "ensemble"), "is for a run; a --baseline has no weights.")
        upscaled.check_baseline(given.baseline, given.data)
    fields = ("metrics", "split", "data_dir", "scale", "channel", "border", *_OF_LPIPS)
    values = {name: given[name].value for name in fields if given[name].value is not None}
    request = upscaled.PairsRequest(source=given.data, **values)
    request.check()
    if not given.output:
        given.refuse(["overwrite"], "expected --output beside it, got none.")
    if given.output:
        upscaled.check_table(given.output, given.overwrite)
    if given.baseline is not None:
        scores = upscaled.score_baseline(given.baseline, request)
    else:
        from tfgan_zoo.run.evaluation import evaluate_pairs

        scores = evaluate_pairs(
            given.workdir, request, given.checkpoint, given.raw_weights, given.ensemble
        )
    table = evaluation.table(scores)
    if not given.output:
        return table
    print(table, flush=True)  # before a disk may prove full
    evaluation.write_csv(given.output, scores)
    return f"{len(scores.images)} images: {given.output}"

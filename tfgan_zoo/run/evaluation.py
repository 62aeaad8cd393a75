"""Evaluates a run: its model's samples against images of the data, with a protocol to cite."""

import contextlib
import datetime
import errno
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.data.splits import open_or_stand_in
from tfgan_zoo.errors import InputError, warn_user
from tfgan_zoo.evaluation import distributions
from tfgan_zoo.evaluation.pairs import Scores, by_model
from tfgan_zoo.evaluation.statistics import KEPT
from tfgan_zoo.evaluation.unfinished import Unfinished
from tfgan_zoo.evaluation.upscaled import PairsRequest, score_source
from tfgan_zoo.metrics.classes import Classes, ClassScores, extremes
from tfgan_zoo.metrics.features import Features, needs_download, open_auto
from tfgan_zoo.metrics.features.base import NetworkFeatures
from tfgan_zoo.metrics.registry import TARGETS
from tfgan_zoo.progress import counted
from tfgan_zoo.run import building, experiment
from tfgan_zoo.run.folder import config_of, versions
from tfgan_zoo.run.trained import devices_for_samples, is_model_file, weights_of
from tfgan_zoo.samples import VOXELS, kind_of
from tfgan_zoo.tasks import EvaluationTask, Request, Task, task_of
from tfgan_zoo.tasks.held_out import splits_to_evaluate
from tfgan_zoo.tasks.requests import DEFAULT_METRICS

#: The name in version 0.2, which scripts pass to `evaluate_run`.
Asked = Request


class Evaluation(NamedTuple):
    """Scores, and everything that they depend on.

    Attributes:
        scores: The scores by name. Those in other features than Inception's include their name.
        protocol: Number of samples, reference, features, resizer, seed, weights, step, versions.
        added_to: The file that has them, if one has.
    """

    scores: dict[str, float]
    protocol: dict[str, Any]
    added_to: Path | None = None

    def report(self) -> str:
        """Returns both as text."""
        width = max(map(len, self.scores))
        lines = [f"{name.ljust(width)}  {_number(value)}" for name, value in self.scores.items()]
        p, reference = self.protocol, self.protocol["reference"]
        if "fake" in p:
            lines += ["", f"{_images(p['fake'])}, against", _images(reference)]
        else:
            direction = reference.get("direction")
            lines += [
                "",
                f"{counted(p['samples'], 'sample')} of {p['model']} at step {p['step']:,}, "
                f"{p['weights']}, seed {p['seed']}" + (f", {direction}" if direction else ""),
                _images(reference),
            ]
        if used := p["features"]:
            lines.append(
                f"features {used['name']} ({used['fingerprint'][:16]}), resizer {used['resizer']}"
            )
        lines.append(", ".join(f"{name} {version}" for name, version in p["versions"].items()))
        return "\n".join(lines + p["notes"])

    def added(self, file: str | os.PathLike) -> "Evaluation":
        """Returns this after `append_to`; if the file cannot be written, there is a warning."""
        try:
            self.append_to(file)
        except OSError as error:
            warn_user(f"The scores are not added to {os.fspath(file)!r}: {error.strerror}.")
            return self
        return self._replace(added_to=Path(file))

    def append_to(self, file: str | os.PathLike) -> None:
        """Adds a line of JSON to a file in one write, so that several writers do not mix.

        Raises:
            OSError: If it cannot be written, or there is no space for all of it.
        """
        finite = {k: v if np.isfinite(v) else None for k, v in self.scores.items()}
        line = json.dumps({"scores": finite, **self.protocol}) + "\n"
        handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                line = "\n" + line  # after half a line, for which there was no space
            if os.write(handle, line.encode()) < len(line.encode()):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(file))
        finally:
            os.close(handle)


def _images(what: Mapping[str, Any]) -> str:
    unit = "object" if len(what.get("size", ())) == 4 else "image"
    return (
        f"{what['samples']:,} of {counted(what['of'], unit)} of {what['source']}, {what['split']}"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and value > 1 else f"{value:.4f}"


def task_of_run(workdir: str | os.PathLike) -> type[Task]:
    """Returns the task of a run's model, by its config alone.

    Raises:
        InputError: If there is no such run, or its model is not known.
    """
    return task_of(building.model_class(config_of(workdir)["model"]))


class Defaults(NamedTuple):
    """The metrics of a command that names neither metrics nor features.

    Attributes:
        metrics: Their names.
        note: What to know about them; empty for nothing.
    """

    metrics: Sequence[str] = DEFAULT_METRICS
    note: str = ""


def default_metrics(workdir: str | os.PathLike, source: str | None = None) -> Defaults:
    """Returns metrics in features, or those of the task if features need a download.

    Args:
        workdir: See `evaluate_run`.
        source: A data source; None for the run's own.
    """
    config = ConfigDict(config_of(workdir), convert_dict=True)
    model, source = building.model_class(config.model), source or config.data.source
    offline = task_of(model).offline_metrics(model, config, source)
    shape = config.model_args.get("image_shape")
    voxels = shape is not None and kind_of(tuple(shape)) is VOXELS
    if voxels:
        return Defaults(offline)
    if not offline or not needs_download(source):
        return Defaults()
    return Defaults(
        offline,
        f"Scored by {', '.join(offline)}, which need no network; for {', '.join(DEFAULT_METRICS)}, "
        "pip install 'tfgan_zoo[imagenet]', or let --features=inception download Inception.",
    )


def evaluate_run(
    workdir: str | os.PathLike, request: Request, output: str | os.PathLike | None = None
) -> Evaluation:
    """Scores the samples of a run's model, and adds the result to its `evaluation.jsonl`.

    Args:
        workdir: The run folder, of a model that generates images, or translates them; or the
            `.keras` file of a preset.
        request: What to score, and on what.
        output: The file that the result is added to; None for that of the run, or for none if it
            is a preset.

    Returns:
        The scores with their protocol.

    Raises:
        InputError: If part of the request is impossible; before anything is generated.
    """
    start = time.monotonic()
    config = ConfigDict(config_of(workdir), convert_dict=True)
    source = request.source or config.data.source
    split = request.split or config.evaluate.get("split") or "test"
    request = request._replace(source=source, split=split)
    task = task_of_run(workdir)
    if task.evaluates != "samples":
        raise task.refusal(os.fspath(workdir))
    distributions.check_metrics(
        request.metrics, ("figures", *TARGETS, *task.metrics_of(request.metrics))
    )
    if request.num < 10:
        raise InputError(f"--num: expected a whole number from 10 up, got {request.num}.")
    own = [name for name in request.metrics if name in distributions.METRICS]
    if not (
        "label" in getattr(building.model_class(config.model), "condition", ())
        or config.model_args.get("num_classes")
    ):  # Before features are opened, which may have to be downloaded.
        distributions.check_unconditional(own, "--metrics")
    features = None
    devices = devices_for_samples(workdir, request.num)
    with devices.scope():
        if distributions.need_features(request.metrics):
            features = open_auto(request.features, source, request.inception)
        distributions.needed_statistics(own, features)
        model = experiment.load_run(workdir, request.checkpoint)
    if devices.strategy is not None and isinstance(features, NetworkFeatures):
        features.share(devices.strategy)

    def of_split(split: str) -> EvaluationTask:
        return task.evaluation(model, config, request._replace(split=split))

    others = splits_to_evaluate(config, source, split)
    compared, split, note = open_or_stand_in(of_split, split, others)
    for name in request.metrics:
        if name in TARGETS and name not in compared.also:
            raise InputError(
                f"--metrics: {name} compares translations with their targets, so it takes a model "
                f"that translates, and pairs of images; {config.model} with {source} has none."
            )
    if "figures" in request.metrics and "figures" not in compared.also:
        raise InputError(
            f"--metrics: figures reads whole splits of the drawn figures, in colour; {source} "
            f"({split}) is none."
        )
    for name in request.metrics:
        if name not in distributions.METRICS and name not in compared.also:
            raise InputError(
                f"--metrics: {name} cannot be computed for {config.model} with {source} ({split}); "
                "leave it out."
            )
    if compared.classes is None:
        distributions.check_unconditional(own, "--metrics")
    else:
        distributions.check_classes(own, "--num", features, compared.classes)
    with model.raw_weights() if request.raw_weights else contextlib.nullcontext():
        unfinished = None
        if compared.resumes and not is_model_file(workdir):
            what = [
                *(request._asdict(), compared.reference.what, weights_of(model)),
                *(versions(), features_key(features), compared.given),
            ]
            unfinished = Unfinished(Path(workdir), what, compared.num)
        scores, real = distributions.compare(
            request.metrics,
            compared.generated if compared.resumes else compared.generated(),
            compared.reference,
            features,
            num=compared.num,
            also=compared.also,
            classes=compared.classes,
            unfinished=unfinished,
        )
    averaged = bool(model.averages) and not request.raw_weights
    notes = [
        *compared.notes,
        *notes_on(request.metrics, features, compared.num, compared.reference.num, real),
        *notes_on_classes(request.metrics, features, compared.classes, scores.by_class),
    ]
    protocol = {
        "model": config.model,
        "step": model.steps_done,
        "weights": "moving average" if averaged else "as trained",
        "samples": compared.num,
        "seed": request.seed,
        "reference": {**compared.reference.what, "sha256": str(real["sha256"])},
        **protocol_of_classes(scores),
        **conditions(features, start, [note] * bool(note) + notes),
    }
    found = Evaluation(scores, protocol)
    if output is None and not is_model_file(workdir):
        output = Path(workdir) / "evaluation.jsonl"
    if output is not None:
        found = found.added(output)
    if unfinished is not None:
        unfinished.remove()
    return found


def features_key(features: Features | None) -> tuple[str, ...]:
    """Returns what tells features from others."""
    return () if features is None else (features.name, features.resizer, features.fingerprint)


def conditions(features: Features | None, start: float, notes: Sequence[str]) -> dict[str, Any]:
    """Returns the part of a protocol that does not depend on where the samples come from.

    Args:
        features: The features, if any.
        start: When the evaluation started, by `time.monotonic`.
        notes: What to know about the scores.
    """
    return {
        "features": None
        if features is None
        else {
            "name": features.name,
            "dim": features.dim,
            "resizer": features.resizer,
            "fingerprint": features.fingerprint,
        },
        "versions": versions(),
        "seconds": round(time.monotonic() - start, 1),
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "notes": list(notes),
    }


def notes_on(
    metrics: Sequence[str],
    features: Features | None,
    num: int,
    num_real: int,
    real: distributions.Statistics,
) -> list[str]:
    """Returns what to know about scores.

    Args:
        metrics: Names of the metrics.
        features: The features, if any.
        num: Number of generated images.
        num_real: Number of real images.
        real: Statistics of the real images.
    """
    least = min(num, num_real)
    notes = []
    sampled = [n for n in metrics if {"features", "logits", "projections"} & statistics_of(n)]
    if max(num, num_real) > KEPT and sampled:
        notes.append(
            f"{', '.join(sampled)}: computed from {KEPT:,} of the images, chosen at random."
        )
    if features is not None and distributions.unfamiliar_message_of(features, real):
        notes.append(f"The images are unlike those that {features.name} was trained on.")
    if features is not None and "fid" in metrics and least <= features.dim:
        notes.append(
            f"FID of {least:,} samples in {features.dim:,} dimensions is far too high; it compares "
            "only with others of as many."
        )
    return notes


def statistics_of(metric: str) -> set[str]:
    """Returns the names of the statistics that a metric needs; see `statistics.collect`."""
    known = distributions.METRICS.get(metric)
    return set() if known is None else set(known.statistics)


def protocol_of_classes(scores: ClassScores) -> dict[str, Any]:
    """Returns the part of a protocol that has the number of each class, if there are any."""
    found = {
        name: {label: v if np.isfinite(v) else None for label, v in values.items()}
        for name, values in scores.by_class.items()
    }
    return {"classes": found} if found else {}


def notes_on_classes(
    metrics: Sequence[str],
    features: Features | None,
    classes: Classes | None,
    by_class: Mapping[str, Mapping[str, float]],
) -> list[str]:
    """Returns which classes are the worst and the best, and whether they have enough images.

    Args:
        metrics: Names of the metrics.
        features: The features, if any.
        classes: The classes, of a model that is asked for classes.
        by_class: Numbers of each class; see `ClassScores`.
    """
    notes = []
    for name, values in by_class.items():
        sign = -1 if name.startswith("intra_fid") else 1
        worst, best = extremes(values, sign)
        if not np.isfinite(values[worst]):
            continue  # no sample shows any class
        if values[worst] == values[best]:
            notes.append(f"{name}: all classes have {values[best]:.4f}.")
            continue
        notes.append(
            f"{name}: the worst class is {worst} ({values[worst]:.4f}), the best {best} "
            f"({values[best]:.4f})."
        )
    if "intra_fid" in metrics and classes is not None and features is not None:
        few = distributions.few_per_class(classes, features.dim)
        notes += [few] if few else []
    return notes


def evaluate_pairs(
    workdir: str | os.PathLike,
    request: PairsRequest,
    checkpoint: str = "best",
    raw_weights: bool = False,
    ensemble: bool = False,
) -> Scores:
    """Scores the images that a run's model upscales against the originals.

    Args:
        workdir: The run folder of a super-resolution model, or the `.keras` file of a preset.
        request: What to score; source and split left out are those that training scored on.
        checkpoint: "best", "last", or a step.
        raw_weights: Whether to use the generator's weights where they have a moving average.
        ensemble: Whether to average over flips and turns; see `pictures.ensemble.self_ensemble`.

    Raises:
        InputError: If part of the request is impossible.
    """
    config = config_of(workdir)
    evaluate, data = config["evaluate"], config["data"]
    if request.lpips_backbone is None:
        request = request._replace(
            lpips_backbone=evaluate.get("lpips_backbone"),
            lpips_heads=request.lpips_heads or evaluate.get("lpips_heads"),
        )
    also = request.opened()
    model = experiment.load_run(workdir, checkpoint)
    if request.scale not in (None, model.scale):
        raise InputError(f"--scale: expected {model.scale}, the model's, got {request.scale}.")
    others = None
    if request.source is None:
        source = evaluate["source"] or data["source"]
        split = request.split or evaluate["split"] or data["split"]
        data_dir = request.data_dir or data["data_dir"]
        request = request._replace(source=source, split=split, data_dir=data_dir)
    if request.source == data["source"]:
        others = splits_to_evaluate(config, data["source"], request.split or "train")
    request = request._replace(scale=model.scale, resolution=max(model.image_shape[:2]))
    rules = {
        **config_lib.opening(config["data"]),
        "on_error": config["data"].get("on_error", "raise"),
    }
    with model.raw_weights() if raw_weights else contextlib.nullcontext():
        return score_source(request, by_model(model, ensemble), others, also, **rules)

"""Evaluates a run: what its model makes, against images of the data, with a protocol to cite."""

import contextlib
import dataclasses
import datetime
import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.data import (
    Fit,
    SliceSource,
    Source,
    figures,
    fit_for,
    load_images,
    open_captioned,
    open_domains,
    open_source,
    parse_spec,
)
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import distributions
from tfgan_zoo.evaluation.distributions import Reference
from tfgan_zoo.metrics import figures as figure_metrics
from tfgan_zoo.metrics.features import open_auto
from tfgan_zoo.models import (
    GANCLS,
    SRGAN,
    GANModel,
    ImageToImage,
    JointEmbedding,
    NoiseToImage,
    ZooModel,
)
from tfgan_zoo.models.texts import check_captions
from tfgan_zoo.run.building import model_class
from tfgan_zoo.run.folder import Run, versions
from tfgan_zoo.run.trained import load_run

#: What is scored where nothing else is asked for.
DEFAULT_METRICS = ("fid", "kid", "precision_recall", "density_coverage")
_BATCH = 256


class Asked(NamedTuple):
    """What to evaluate a run on.

    Attributes:
        metrics: of `distributions.METRICS`, "figures", and of pairs "mae".
        source: a data source; empty for the run's own.
        split: of the source; empty for the config's `evaluate.split`, or else "test".
        num: images to make, and at most as many real ones.
        features: one of `metrics.features.FEATURES`, or "auto": those that fit the source.
        inception: the file of Inception-v3; None to download it.
        seed: of what is made.
        checkpoint: "best", "last", or a step.
        raw_weights: of the generator's weights, also where there is a moving average of them.
        direction: of a model that translates both ways.
        data_dir: where `tfds:` keeps its data.
    """

    metrics: Sequence[str] = DEFAULT_METRICS
    source: str = ""
    split: str = ""
    num: int = 10_000
    features: str = "auto"
    inception: str | os.PathLike | None = None
    seed: int = 0
    checkpoint: str = "best"
    raw_weights: bool = False
    direction: str = "a_to_b"
    data_dir: str | None = None


class Evaluation(NamedTuple):
    """Numbers, and all that they depend on.

    Attributes:
        scores: by name; those in other features than Inception's have the features' name.
        protocol: number of samples, reference, features, resizer, seed, weights, step, versions.
    """

    scores: dict[str, float]
    protocol: dict[str, Any]

    def report(self) -> str:
        """Returns both in lines for a person."""
        width = max(map(len, self.scores))
        lines = [f"{name.ljust(width)}  {_number(value)}" for name, value in self.scores.items()]
        p, reference = self.protocol, self.protocol["reference"]
        lines += [
            "",
            f"{p['samples']:,} samples of {p['model']} at step {p['step']:,}, {p['weights']}, "
            f"seed {p['seed']}",
            f"{reference['samples']:,} of {reference['of']:,} images of {reference['source']}, "
            f"{reference['split']}",
        ]
        if used := p["features"]:
            lines.append(
                f"features {used['name']} ({used['fingerprint'][:16]}), resizer {used['resizer']}"
            )
        lines.append(", ".join(f"{name} {version}" for name, version in p["versions"].items()))
        return "\n".join(lines + p["notes"])

    def append_to(self, file: str | os.PathLike) -> None:
        """Adds a line of JSON to a file, in one stroke: of several writers none cuts another's.

        Raises:
            OSError: if there is no space for all of it.
        """
        finite = {k: v if np.isfinite(v) else None for k, v in self.scores.items()}
        line = json.dumps({"scores": finite, **self.protocol}) + "\n"
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            if os.write(handle, line.encode()) < len(line.encode()):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(file))
        finally:
            os.close(handle)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and value > 1 else f"{value:.4f}"


class Work(NamedTuple):
    """What a kind of model makes, and what of.

    Attributes:
        generated: makes it, batch by batch, floats in [-1, 1].
        num: how many images that are.
        reference: what it is held against.
        also: what the data allow besides: "figures" of drawn ones, "mae" of pairs.
    """

    generated: Callable[[], Iterator[np.ndarray]]
    num: int
    reference: Reference
    also: Mapping[str, Callable[[np.ndarray], Mapping[str, float]]] = {}


def model_of_run(workdir: str | os.PathLike) -> type[ZooModel]:
    """Returns the class of a run's model, from its config alone.

    Raises:
        InputError: if there is no such run, or its model is not one of the zoo's.
    """
    name = Run.open(workdir).config()["model"]
    cls = model_class(name)
    if issubclass(cls, JointEmbedding):
        raise InputError(
            f"--workdir: {os.fspath(workdir)!r} trained {name}, which generates no images; give "
            "the run of a model that does."
        )
    return cls


def evaluate_run(workdir: str | os.PathLike, asked: Asked) -> Evaluation:
    """Scores a run's model, and adds the result to `evaluation.jsonl` in its folder.

    Args:
        workdir: the run folder, of a model that makes images from noise or texts, or translates.
        asked: what to score, and on what.

    Returns:
        The scores with their protocol.

    Raises:
        InputError: before anything is made, if something asked for cannot be done.
    """
    start = time.monotonic()
    config = ConfigDict(Run.open(workdir).config(), convert_dict=True)
    source = asked.source or config.data.source
    kind = model_of_run(workdir)
    distributions.check_metrics(asked.metrics, ("figures", "mae"))
    if issubclass(kind, SRGAN):
        raise InputError(f"--workdir: {os.fspath(workdir)!r} enlarges images; score their pairs.")
    if asked.num < 10:
        raise InputError(f"--num: expected a whole number from 10 up, got {asked.num}.")
    features = None
    if distributions.need_features(asked.metrics):
        features = open_auto(asked.features, source, asked.inception)
    own = [name for name in asked.metrics if name in distributions.METRICS]
    distributions.parts_of(own, features)
    model = load_run(workdir, asked.checkpoint)
    work = _work(model, config, asked._replace(source=source, split=_split(config, asked)))
    if "mae" in asked.metrics and "mae" not in work.also:
        raise InputError(
            "--metrics: mae compares translations with their targets, so it takes a model that "
            f"translates, and pairs of images; {config.model} with {source} has none."
        )
    if "figures" in asked.metrics and "figures" not in work.also:
        raise InputError(
            f"--metrics: figures reads whole splits of the drawn figures, in colour; {source} "
            f"({_split(config, asked)}) is none."
        )
    with model.raw_weights() if asked.raw_weights else contextlib.nullcontext():
        scores, real = distributions.compare(
            asked.metrics,
            work.generated(),
            work.reference,
            features,
            num=work.num,
            also=work.also,
        )
    averaged = bool(model.averages) and not asked.raw_weights
    protocol = {
        "model": config.model,
        "step": model.steps_done,
        "weights": "moving average" if averaged else "as trained",
        "samples": work.num,
        "seed": asked.seed,
        "reference": {**work.reference.what, "sha256": str(real["sha256"])},
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
        "notes": _notes(asked, features, work, real),
    }
    found = Evaluation(scores, protocol)
    found.append_to(Path(workdir) / "evaluation.jsonl")
    return found


def _split(config: ConfigDict, asked: Asked) -> str:
    return asked.split or config.evaluate.get("split") or "test"


def _notes(asked: Asked, features: Any, work: Work, real: distributions.Parts) -> list[str]:
    least = min(work.num, work.reference.num)
    notes = []
    if distributions.unfamiliar_message_of(features, real):
        notes.append(f"The images are unlike those that {features.name} was trained on.")
    if features is not None and "fid" in asked.metrics and least <= features.dim:
        notes.append(
            f"FID of {least:,} samples in {features.dim:,} dimensions is far too high; it compares "
            "only with others of as many."
        )
    return notes


# ---------------------------------------------------------------------- kinds of models


def _work(model: GANModel, config: ConfigDict, asked: Asked) -> Work:
    if isinstance(model, NoiseToImage):
        return _from_noise(model, config, asked)
    if isinstance(model, GANCLS):
        return _from_texts(model, config, asked)
    assert isinstance(model, ImageToImage)
    return _from_images(model, config, asked)


def _from_noise(model: NoiseToImage, config: ConfigDict, asked: Asked) -> Work:
    shape, data = model.image_shape, config.data
    if len(shape) == 1:
        raise InputError("--workdir: expected a run of a model that makes images, got points.")
    kind, view = parse_spec(asked.source)
    source = _opened(asked, config, open_source, shape[0])
    if source.is_vector:
        raise InputError(f"--data: {asked.source} holds vectors, and the model makes images.")
    fitting = fit_for(source, image_size=shape[0], channels=shape[-1], crop=data.crop, fit=data.fit)
    chosen = _chosen(len(source), asked.num)

    def generated() -> Iterator[np.ndarray]:
        latents = model.sample_latents(asked.num, asked.seed)
        for i in range(0, asked.num, _BATCH):
            yield model.generate(latents=latents[i : i + _BATCH])

    also = {}
    if kind == "figures" and shape[-1] == 3:
        also["figures"] = lambda images: figure_metrics.figure_scores(images, view)
    return Work(generated, asked.num, _reference(source, chosen, fitting, asked), also)


def _from_texts(model: GANCLS, config: ConfigDict, asked: Asked) -> Work:
    """One image of the first caption of each image that it is held against."""
    height, _, channels = model.image_shape
    kind, view = parse_spec(asked.source)
    opened = _opened(asked, config, open_captioned, height)
    chosen = _chosen(len(opened.images), asked.num)
    captions = [opened.captions[i][0] for i in chosen]
    check_captions(model.text_encoder, sorted(set(captions)), "--data")

    def generated() -> Iterator[np.ndarray]:
        latents = model.sample_latents(len(captions), asked.seed)
        for i in range(0, len(captions), _BATCH):
            part = slice(i, i + _BATCH)
            yield model.generate(captions[part], latents=latents[part], on_unknown="ignore")

    also = {}
    if kind == "figures" and channels == 3 and asked.split in figures.SPLIT_SIZES:
        wanted = figures.attributes(view, asked.split)[chosen]
        also["figures"] = lambda images: figure_metrics.caption_scores(images, wanted)
    fitting = Fit(height, channels, config.data.crop)
    reference = _reference(opened.images, chosen, fitting, asked)
    return Work(generated, len(captions), reference, also)


def _from_images(model: ImageToImage, config: ConfigDict, asked: Asked) -> Work:
    """Translations of the one domain's images, against the other domain."""
    if asked.direction not in model.translators():
        known = " or ".join(model.translators())
        raise InputError(f"--direction: expected {known}, got {asked.direction!r}.")
    height, data = model.image_shape[0], config.data
    kind, view = parse_spec(asked.source)
    domains = open_domains(
        asked.source,
        asked.split,
        layout=data.layout,
        direction=data.direction,
        resolution=height,
        on_error=data.on_error,
        data_dir=asked.data_dir or data.data_dir,
        **config_lib.decoding(data),
    )
    fittings = [Fit(height, shape[-1], data.crop) for shape in (model.shape_a, model.shape_b)]
    sides = [(domains.a, fittings[0], "a"), (domains.b, fittings[1], "b")]
    (inputs, fit_in, name_in), (targets, fit_out, name_out) = (
        sides if asked.direction == "a_to_b" else sides[::-1]
    )
    chosen = _chosen(len(inputs), asked.num)
    given = _Chosen(inputs, chosen)

    def generated() -> Iterator[np.ndarray]:
        for images in _batches(given, fit_in):
            yield model.translate(images, asked.direction, batch_size=8)

    also: dict[str, Callable[[np.ndarray], Mapping[str, float]]] = {}
    colour = fit_in.channels == fit_out.channels == 3
    if kind == "figures" and colour and asked.split in figures.SPLIT_SIZES:
        letters = "ba" if data.direction == "b_to_a" else "ab"
        drawn = {
            name: figures.attributes(view, asked.split, domain=letter)
            for name, letter in zip("ab", letters, strict=True)
        }
        wanted = dataclasses.replace(drawn[name_in], fill=drawn[name_out].fill)[chosen]
        also["figures"] = lambda images: figure_metrics.translation_scores(images, wanted)
    reference = _reference(targets, _chosen(len(targets), asked.num), fit_out, asked)
    if domains.matched:

        def error(images: np.ndarray) -> dict[str, float]:
            wanted = np.concatenate(list(_batches(_Chosen(targets, chosen), fit_out)))
            difference = images.astype(np.float32) - wanted
            return {"": float(np.abs(difference).mean() / 255)}

        also["mae"] = error
    what = {**reference.what, "direction": asked.direction}
    return Work(generated, len(given), reference._replace(what=what), also)


def _opened(asked: Asked, config: ConfigDict, open_it: Callable[..., Any], side: int) -> Any:
    """Opens a source, by the run's rules; figures are drawn at the model's size."""
    kind, _ = parse_spec(asked.source)
    return open_it(
        asked.source,
        asked.split,
        resolution=side if kind == "figures" else None,
        data_dir=asked.data_dir,
        **config_lib.decoding(config.data),
    )


def _chosen(total: int, num: int) -> np.ndarray:
    """Which images: all, or so many at random, always the same: folders are sorted by class."""
    if num >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(0).permutation(total)[:num])


class _Chosen(Source):
    """Some samples of another source.

    Args:
        source: the other one.
        chosen: their numbers.
    """

    def __init__(self, source: Source, chosen: np.ndarray):
        self.spec = source.spec
        self.shape = source.shape
        self.array = None if source.array is None else source.array[chosen]
        self.extras = {key: values[chosen] for key, values in source.extras.items()}
        self.on_error = source.on_error
        self._source = source
        self._chosen = chosen

    def __len__(self) -> int:
        return len(self._chosen)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        return self._source.read(int(self._chosen[index]), smallest)

    def name(self, index: int) -> str:
        return self._source.name(int(self._chosen[index]))


def _reference(source: Source, chosen: np.ndarray, fitting: Fit, asked: Asked) -> Reference:
    part = _Chosen(source, chosen)
    what = {
        "source": asked.source,
        "split": asked.split,
        "samples": len(part),
        "of": len(source),
        "size": list(fitting.shape),
    }
    return Reference(what, lambda: _batches(part, fitting), len(part))


def _batches(source: Source, fitting: Fit) -> Iterator[np.ndarray]:
    for i in range(0, len(source), _BATCH):
        stop = min(i + _BATCH, len(source))
        yield load_images(SliceSource(source, i, stop, source.spec), fitting)

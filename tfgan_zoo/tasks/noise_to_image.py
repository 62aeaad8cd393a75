"""Images, points or voxels from noise, or from noise and a class."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo import pictures
from tfgan_zoo.data import (
    Source,
    parse_spec,
)
from tfgan_zoo.data.figures import get_view
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.distributions import Classes
from tfgan_zoo.metrics.figures import figure_scores
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.metrics.solids import solid_scores
from tfgan_zoo.models import NoiseToImage
from tfgan_zoo.pictures.drawing import Drawing, DrawRequest
from tfgan_zoo.samples import POINTS, VOXELS, kind_of
from tfgan_zoo.tasks.base import Score, Task
from tfgan_zoo.tasks.classes import (
    check_classes,
    drawing_of_classes,
    latents_of,
    renumbered,
    rows_of,
)
from tfgan_zoo.tasks.comparison import EvaluationTask, reference
from tfgan_zoo.tasks.distribution_scores import DistributionScores
from tfgan_zoo.tasks.drawing import generate
from tfgan_zoo.tasks.images import (
    ImagesTask,
    open_to_evaluate,
    with_class_names,
)
from tfgan_zoo.tasks.requests import Request


class NoiseToImageTask(ImagesTask):
    """Images, points or voxels to imitate."""

    data_entries = ("class_names", "axes", "threshold", "crop_to_object")
    own_metrics = ("solids",)
    draws = True
    use = "draws samples from noise, and translates and encodes no images; use tfgan_zoo.generate"

    def __init__(self, config: ConfigDict, model: NoiseToImage, like: Task | None = None):
        super().__init__(config, model, like)
        data = config.data
        parts = _parts(self.opened, model, advice=_instead_of_classes(model, config))
        check_classes(self.opened, model, data.get("class_names", ()))
        if "label" in parts:  # The sheet draws every class that has a name.
            parts["label"] = np.arange(len(self.opened.class_names))
        model.check_condition(
            parts, "data.source", "make networks for all of them, or leave the others out"
        )
        self.pipeline(self.opened, 0, cache=False)
        images = kind_of(model.image_shape).is_drawn
        self.class_names: tuple[str, ...] = ()
        if "label" in model.condition:
            self.class_names = tuple(data.get("class_names", ()) or self.opened.class_names)
        self.distributions = DistributionScores(config, self.class_names) if images else None

    @property
    def parts(self) -> Sequence[str]:
        """See `ImagesTask.parts`."""
        return self.model.condition

    @property
    def reference(self) -> np.ndarray:
        """The first real samples, with which sheets and scores compare."""
        return self._reference["image"]

    @functools.cached_property
    def _reference(self) -> dict[str, np.ndarray]:
        """The first training samples, as many as sheets and scores need."""
        return self.first(max(self.config.train.samples, self.config.evaluate.samples))

    def _samples(self, model: Any, num: int) -> np.ndarray:
        """Generates samples to score, under the conditions of the first real ones."""
        given = {name: self._reference[name][:num] for name in self.model.condition}
        return model.generate(num, seed=1, **given)

    def prepare(self) -> None:
        """See `Task.prepare`."""
        self.reference  # noqa: B018

    def describe(self) -> str:
        """See `Task.describe`."""
        labelled = "label" in self.model.condition
        classes = f" of {len(self.opened.class_names)} classes" if labelled else ""
        return super().describe() + classes

    def sheet(self, model: Any) -> np.ndarray:
        """Draws samples from fixed latents; a model conditional on classes, a row for each."""
        num = self.config.train.samples
        if self.model.condition == ("label",):
            names = self.opened.class_names[:num]
            columns = max(1, num // len(names))
            if self.model.num_classes is not None:  # Of many classes, too, a row tells something.
                columns = max(columns, min(num, 8))
            latents = model.sample_latents(columns)
            return rows_of(model, range(len(names)), names, latents).sheet()
        given = {name: self._reference[name][:num] for name in self.model.condition}
        return pictures.sheet(model.generate(num, **given), self.reference)

    def known_scores(self, rehearse_on: int | None = None) -> dict[str, Score]:
        """See `Task.known_scores`."""
        num = min(rehearse_on or self.config.evaluate.samples, self.config.evaluate.samples)

        def samples(model: Any) -> np.ndarray:
            return self._samples(model, num)

        def labels() -> np.ndarray:
            return self._reference["label"][: self.config.evaluate.samples]

        def swd(model: Any) -> dict[str, float]:
            return {"swd": sliced_wasserstein(samples(model), self.reference[:num])}

        known = {"swd": Score(swd, "swd", -1)}
        if self.distributions is not None:
            known |= self.distributions.known(
                num,
                lambda: self.reference[:num],
                samples,
                rehearsal=rehearse_on is not None,
                labels=labels if self.class_names else None,
            )
        for name, scores in _scores_of_drawn(self.config.data.source, self.model).items():

            def read(model: Any, scores: _Scores = scores) -> Mapping[str, float]:
                wanted = labels()[:num] if self.class_names else None
                return scores(pictures.to_uint8(samples(model)), wanted)

            known[name] = Score(read, "validity", 1)
        return known

    @classmethod
    def resolve(cls, model: type[Any], config: ConfigDict, before: Mapping[str, Any]) -> ConfigDict:
        """Notes the names of the classes that a model is conditional on; see `Task.resolve`."""
        if not ("label" in model.condition or config.model_args.get("num_classes")):
            return config
        advice = _instead_of_classes(model, config)
        return with_class_names(
            config, before, lambda source: _part(source, "label", "data.source", advice)
        )

    @classmethod
    def offline_metrics(cls, model: type[Any], config: ConfigDict, source: str) -> list[str]:
        """See `Task.offline_metrics`; of drawn solids, also what is read back."""
        shape = config.model_args.get("image_shape")
        if shape is None or kind_of(tuple(shape)) is not VOXELS:
            return super().offline_metrics(model, config, source)
        return ["solids", "swd"] if parse_spec(source)[0] == "voxels" else ["swd"]

    @classmethod
    def drawing(cls, model: Any, request: DrawRequest) -> Drawing:
        """See `Task.drawing`; of a model that is conditional on classes, a row for each label."""
        if request.texts:
            raise InputError(
                f"--text: expected no text for {request.workdir!r}, which draws from noise alone."
            )
        kind = kind_of(model.image_shape)
        if "label" in model.condition:
            return drawing_of_classes(model, request)._replace(kind=kind)
        if request.labels or request.all_labels:
            flag = "label" if request.labels else "all_labels"
            raise InputError(
                f"--{flag}: expected no label for {request.workdir!r}, whose model knows no "
                "classes."
            )
        latents, columns = latents_of(model, request)
        return Drawing(generate(model, latents), len(latents), columns, kind=kind)

    @classmethod
    def evaluation(cls, model: Any, config: ConfigDict, request: Request) -> EvaluationTask:
        """See `Task.evaluation`."""
        shape, data = model.image_shape, config.data
        if kind_of(shape) is POINTS:
            raise InputError("--workdir: expected a run of a model that makes images, got points.")
        for name in request.metrics:
            if kind_of(shape) is VOXELS and name not in ("swd", "solids"):
                raise InputError(f"--metrics: expected swd or solids for voxels, got {name}.")
        source, fitting, chosen = open_to_evaluate(model, config, request)

        # Samples have the conditions of the real images, repeated if there are more samples.
        drawn = np.resize(chosen, request.num)
        parts = _parts(source, model, "--data")
        if "label" in parts:
            parts["label"] = renumbered(
                parts["label"], source, data.get("class_names", ()), request.source
            )
        model.check_condition(parts, "--data", "leave the others out")
        given = {name: values[drawn] for name, values in parts.items()}

        def generated(start: int = 0) -> Iterator[np.ndarray]:
            latents = model.sample_latents(request.num, request.seed)
            return generate(model, latents, **given).after(start)

        classes = wanted = None
        if "label" in parts:
            names = tuple(data.get("class_names", ())) or source.class_names
            classes = Classes(names, parts["label"][chosen], given["label"])
            wanted = source.part("label")[drawn]  # by the numbers of the source
        drawn_scores = _scores_of_drawn(request.source, model)
        return EvaluationTask(
            generated,
            request.num,
            reference(source, chosen, fitting, request),
            {name: _asked_for(scores, wanted) for name, scores in drawn_scores.items()},
            classes=classes,
            resumes=True,
            given=given,
        )


def _instead_of_classes(model: Any, config: ConfigDict) -> str:
    """Returns what else may be done if there are no labels."""
    if "num_classes" not in config.model_args or model.needs_classes:
        return ""
    return ", or train without classes (--config.model_args.num_classes=none)"


def _parts(
    source: Source, model: Any, argument: str = "data.source", advice: str = ""
) -> dict[str, np.ndarray]:
    """Returns the parts of a source that a model is conditional on.

    Args:
        source: The source.
        model: The model.
        argument: What gave the source, for messages.
        advice: What else may be done if there are no labels.

    Raises:
        InputError: If it lacks one.
    """
    return {name: _part(source, name, argument, advice) for name in model.condition}


def _part(source: Source, name: str, argument: str, advice: str) -> np.ndarray:
    try:
        return source.part(name)
    except InputError as error:
        message = str(error).replace("parts", argument, 1)
        if name == "label":
            message = f"{message.removesuffix('.')}{advice}."
        raise InputError(message) from error


#: Scores of uint8 samples, given the labels that they were asked for, if any.
_Scores = Callable[[np.ndarray, np.ndarray | None], Mapping[str, float]]


def _asked_for(
    scores: _Scores, wanted: np.ndarray | None
) -> Callable[[np.ndarray], Mapping[str, float]]:
    return lambda samples: scores(samples, wanted)


def _scores_of_drawn(source: str, model: Any) -> dict[str, _Scores]:
    """Returns the scores that read drawn figures or solids back, by name; none for other sources.

    Args:
        source: The source.
        model: A model of such samples.
    """
    kind, view = parse_spec(source)
    shape = model.image_shape
    readable = kind == "figures" and shape[-1] == 3 and shape[0] == shape[1]
    # The reader does not know figures that are turned.
    if readable and not get_view(view).continuous:
        return {"figures": lambda images, wanted: figure_scores(images, view, wanted)}
    return {"solids": solid_scores} if kind == "voxels" else {}

"""What every kind of task provides: data, sheets and scores of a run, and what commands ask."""

import abc
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.data import parse_spec
from tfgan_zoo.data.fingerprints import Fingerprint
from tfgan_zoo.data.spec import DRAWN
from tfgan_zoo.data.splits import HELD_OUT_STEP, NoSplitError
from tfgan_zoo.data.storage import Caching
from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.metrics.registry import DISTRIBUTIONS, IN_TRAINING
from tfgan_zoo.metrics.ssim import SIDE as SSIM_SIDE
from tfgan_zoo.models import ZooModel
from tfgan_zoo.pictures.drawing import Drawing, DrawRequest
from tfgan_zoo.progress import counted
from tfgan_zoo.suggestions import nearest
from tfgan_zoo.tasks.comparison import EvaluationTask
from tfgan_zoo.tasks.requests import Request

#: The pipelines' `cache` argument by the options of `data.cache`.
CACHE: dict[str, bool | str] = {"auto": "auto", "yes": True, "no": False, "disk": "disk"}


def caching_of(data: Mapping[str, Any]) -> Caching:
    """Returns the pipelines' `cache` argument for `config.data`."""
    return Caching(CACHE[data["cache"]], data.get("memory"), data.get("cache_dir"))


#: Pixels of the shorter side to which sheets are enlarged.
SHEET = 512

#: Samples on which `Task.rehearse` computes each score; none needs more.
REHEARSAL_SAMPLES = max(16, *(metric.least for metric in DISTRIBUTIONS.values()))


class Score(NamedTuple):
    """A score of a model in training.

    Scores that share a function are computed by one call of it.

    Attributes:
        function: Returns named numbers for a model.
        main: The number that ranks models.
        sign: 1 if a higher number is better, -1 if a lower one is.
    """

    function: Callable[[Any], Mapping[str, float]]
    main: str
    sign: int


class Task(abc.ABC):
    """The data of a config, opened, with what a run makes of it.

    Opening finds files and checks options. Images are decoded when they are first needed. The class
    methods answer commands about a finished run, whose training data they do not open.

    Args:
        config: The run's config.
        model: The run's model.
        like: A task on the same data, whose opened sources are shared.

    Raises:
        InputError: If the model cannot use the data.
    """

    #: Entries of `config.data` besides those that every model has.
    data_entries: tuple[str, ...] = ()
    #: Whether the run keeps sample sheets, and whether it exports its model.
    has_sheet = True
    has_export = True
    #: Whether `tfgan_zoo.generate` draws samples, and whether it draws them from texts.
    draws = False
    takes_texts = False
    #: Whether `tfgan_zoo.generate` draws samples from attributes. The model is then an
    #: `AttributeToImage`.
    takes_attributes = False
    #: Whether `tfgan_zoo.translate` translates images. The model then has `translators()`, a dict
    #: by direction, the first of which is the default; `translate(images, direction)`, from floats
    #: in [-1, 1] to floats `scale` times as large; and `source_shape(direction)`, the shape of one
    #: input. See `ImageToImage`.
    translates = False
    #: Whether `tfgan_zoo.encode` and `tfgan_zoo.reconstruct` encode images and decode codes. The
    #: model is then one of `models.coding.Coding`.
    encodes = False
    #: How `tfgan_zoo.evaluate` scores a run: by its samples, by pairs of images, or not at all.
    evaluates: Literal["samples", "pairs", ""] = "samples"
    #: Names of the task's own scores in `EvaluationTask.also`, which `tfgan_zoo.evaluate` accepts
    #: besides those that it knows.
    own_metrics: tuple[str, ...] = ()
    #: What to do with a run instead of what it cannot do; completes "'runs/x' ...".
    use: str

    def __init__(self, config: ConfigDict, model: ZooModel, like: "Task | None" = None):
        self.config = config
        self.model = model
        known = [*config_lib.default_config().data, *self.data_entries]
        config_lib.check_names("data", config.data, known)

    def square_side(self) -> int:
        """Returns the side of the model's images.

        Raises:
            InputError: If they are not square.
        """
        height, width, _ = self.model.image_shape
        if height != width:
            raise InputError(
                "model_args.image_shape: expected a square for this kind of task, got "
                f"{self.model.image_shape}."
            )
        return height

    def check_batch(self, source: str, num: int) -> None:
        """Checks that a source has enough samples for one step.

        Args:
            source: The source's name in messages.
            num: Its number of samples.

        Raises:
            InputError: If it has too few; the message says which entry to change, and to what.
        """
        check_batch_size(
            "data.batch_size",
            self.config.data.batch_size,
            source,
            num,
            self.model.samples_per_step(1),
            [name for name in self.model.sample_factors if getattr(self.model, name) > 1],
        )

    @abc.abstractmethod
    def fingerprints(self) -> dict[str, Fingerprint]:
        """Returns a fingerprint of each source that a run reads, by a name for the source."""

    @abc.abstractmethod
    def batches(self, start: int) -> tf.data.Dataset:
        """Returns an endless dataset of training batches, beginning with that of step `start`."""

    def initialize(self, model: Any) -> None:
        """Sets what the data decide of a new model's initial weights.

        It is called before the first step of a run that starts from no other weights, and gives the
        same weights whenever it is called.
        """
        del model

    @abc.abstractmethod
    def prepare(self) -> None:
        """Decodes the images that sheets and scores use.

        Raises:
            InputError: If one cannot be read, or does not fit.
        """

    @abc.abstractmethod
    def describe(self) -> str:
        """Describes the data in a few words."""

    def sheet(self, model: Any) -> np.ndarray:
        """Draws a model's samples, from the same inputs at each call.

        Returns:
            uint8, shape `(height, width, 3)`.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def known_scores(self, rehearse_on: int | None = None) -> dict[str, Score]:
        """Returns the scores that this data allows, by their names in `config.evaluate.metrics`.

        Args:
            rehearse_on: None for the scores of checkpoints, on `config.evaluate.samples`. A number
                for a rehearsal, see `rehearse`: at most this many samples are scored. Each score
                has a function of its own, so that one that fails does not stop the others, and
                nothing is kept for later scores.
        """

    def complete(self, model: Any) -> None:
        """Sets what a trained model takes from the data besides its weights.

        It is called with the weights that a finished run keeps, before they are saved and exported.
        """
        del model

    def pretraining(self) -> ConfigDict | None:
        """Returns the config of the run that this one starts from; None if there is none."""
        return None

    @property
    def scores(self) -> list[Score]:
        """The scores that the config asks for and the data allows; the first ranks checkpoints.

        Raises:
            InputError: If the score that should rank them is not among these.
        """
        known, settings = self.known_scores(), self.config.evaluate
        names = self._requested(known)
        if settings.main is not None and settings.main not in names:
            raise InputError(
                f"evaluate.main: expected a metric for this data ({', '.join(names) or 'none'}), "
                f"got {settings.main!r}."
            )
        if settings.patience and not names:
            raise InputError("evaluate.patience: expected 0 where nothing is scored.")
        names.sort(key=lambda name: name != settings.main)
        return [known[name] for name in names]

    def _requested(self, known: Mapping[str, Score]) -> list[str]:
        names = self.config.evaluate.metrics
        for name in names:
            if name not in known and name not in IN_TRAINING:
                advice = f"choose from {', '.join(known) or 'none'}"
                raise InputError(
                    f"evaluate.metrics: there is no {name!r}{nearest(name, known, advice)}"
                )
        return [name for name in names if name in known]

    def rehearse(self, model: ZooModel) -> None:
        """Tries everything that a run computes besides its steps, and keeps none of it.

        The sheet is drawn once, each score is computed on a few samples, and the export is traced,
        so that a run that would fail there fails before it has cost anything.

        Args:
            model: The run's model, which is left unchanged.

        Raises:
            InputError: If one of them fails, with the config entry that asks for it; or if an image
                cannot be read.
        """
        self.prepare()
        known = self.known_scores(REHEARSAL_SAMPLES)
        names = self._requested(known)
        failed: dict[str, Exception] = {}
        for name in names:
            try:
                known[name].function(model)
            except Exception as error:
                failed[name] = error
        for name, cause in failed.items():
            others = ",".join(each for each in names if each not in failed)
            raise InputError(
                f"evaluate.metrics={name}: cannot be computed with this data and model "
                f"({_reason(cause)}); give --config.evaluate.metrics={others} to leave it out."
            ) from cause
        if self.has_sheet:
            try:
                self.sheet(model)
            except Exception as error:
                raise InputError(
                    f"train.samples={self.config.train.samples}: the sample sheet cannot be drawn "
                    f"with this data and model ({_reason(error)}); try fewer samples, or another "
                    "model_args.image_shape."
                ) from error
        if self.has_export:
            try:
                model.signatures()  # traces the endpoints
            except Exception as error:
                raise InputError(
                    f"model={self.config.model}: cannot be exported ({_reason(error)}); choose "
                    "other networks (generator.name)."
                ) from error

    def score(self, model: Any) -> dict[str, float]:
        """Returns all scores of a model."""
        found: dict[str, float] = {}
        for function in dict.fromkeys(score.function for score in self.scores):
            found |= function(model)
        return found

    # ------------------------------------------------------------------ commands on a finished run

    @classmethod
    def resolve(cls, model: type[Any], config: ConfigDict, before: Mapping[str, Any]) -> ConfigDict:
        """Returns a config with the entries that its data decides.

        Args:
            model: The class of the run's model.
            config: The run's config.
            before: The stored config of a run that is resumed; empty for a new run.

        Raises:
            InputError: If the data cannot be read.
        """
        del model, before
        return config

    @classmethod
    def open_split(cls, config: ConfigDict, source: str, split: str) -> Any:
        """Opens a source by the rules of a config, to find out whether it has a split.

        Raises:
            NoSplitError: If it has no such split.
        """
        del config, source, split
        return None

    @classmethod
    def metrics_of(cls, names: Sequence[str]) -> list[str]:
        """Returns the names of the task's own scores, for a request of some metrics."""
        del names
        return [*cls.own_metrics]

    @classmethod
    def offline_metrics(cls, model: type[Any], config: ConfigDict, source: str) -> list[str]:
        """Returns metrics of a run without features, to be used where these need a download.

        There are none for images without targets: nothing says as much of them as features do.

        Args:
            model: The class of the run's model.
            config: The run's config.
            source: The data source to compare with.
        """
        del model, config, source
        return []

    @classmethod
    def refusal(cls, workdir: str, model: Any = None) -> InputError:
        """Returns the error for a command that a run cannot serve, with one that it can.

        Args:
            workdir: The run folder.
            model: The run's model, if it is loaded already.
        """
        del model
        return InputError(f"--workdir: {workdir!r} {cls.use}.")

    @classmethod
    def drawing(cls, model: Any, request: DrawRequest) -> Drawing:
        """Returns the samples that `tfgan_zoo.generate` asks for.

        Raises:
            InputError: If the model draws nothing, or not from what the request gives.
        """
        raise cls.refusal(request.workdir, model)

    @classmethod
    def evaluation(cls, model: Any, config: ConfigDict, request: Request) -> EvaluationTask:
        """Returns what `tfgan_zoo.evaluate` compares: a model's samples, and its reference.

        Args:
            model: The run's model.
            config: The run's config.
            request: The request, with source and split filled in.

        Raises:
            InputError: If the model's samples cannot be compared with the source.
        """
        raise NotImplementedError


def metrics_of_pairs(shape: Sequence[int]) -> list[str]:
    """Returns the metrics of images of some shape that have targets, without a network."""
    return ["l1", "psnr", *(["ssim"] if min(shape[:2]) >= SSIM_SIDE else []), "swd"]


def open_source_for(
    opener: Callable[..., Any],
    source: str,
    split: str,
    side: int,
    data: Mapping[str, Any],
    **options: Any,
) -> Any:
    """Opens a source by a config's decoding rules; drawn ones have the model's size.

    Args:
        opener: A function of `tfgan_zoo.data`, such as `open_source`.
        source: The source.
        split: Its split.
        side: The side of the model's images; of rectangles the longer one.
        data: `config.data`.
        **options: Further arguments of `opener`.
    """
    kind, _ = parse_spec(source)
    return opener(
        source,
        split,
        resolution=side if kind in DRAWN else None,
        **config_lib.opening(data),
        **options,
    )


@contextlib.contextmanager
def held_out_split(config: ConfigDict) -> Iterator[None]:
    """Turns the error about a missing split into one about `evaluate.split`.

    Raises:
        InputError: If there is no such split; the message says how to do without it.
    """
    settings = config.evaluate
    try:
        yield
    except NoSplitError as error:
        remedy = "use another split"
        if settings.get("source") in (None, config.data.source):
            train = config.data.split.partition("[")[0]
            flags = (
                config_lib.as_flag("data.split", f"{train}[~::{HELD_OUT_STEP}]"),
                config_lib.as_flag("evaluate.split", f"{train}[::{HELD_OUT_STEP}]"),
            )
            remedy = (
                f"hold every tenth image out with {' '.join(flags)}, or score on the training data "
                "with --config.evaluate.split=none"
            )
        raise InputError(f"evaluate.split={settings.split}: {error.what}; {remedy}.") from error


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") if isinstance(error, InputError) else first_line(error)


def check_batch_size(
    entry: str,
    batch_size: int,
    source: str,
    num: int,
    each: int = 1,
    reasons: Sequence[str] = (),
) -> None:
    """Checks that a source has enough samples for one step.

    Args:
        entry: The config entry with the batch size.
        batch_size: Its value.
        source: The source's name in messages.
        num: Its number of samples.
        each: Samples that a step takes for each of the batch.
        reasons: The model's arguments on which `each` depends.

    Raises:
        InputError: If it has too few; the message says which entry to change, and to what.
    """
    if num >= batch_size * each:
        return
    because = " and ".join(f"model_args.{name}" for name in reasons)
    if num < each:
        raise InputError(
            f"data.source: expected {each} samples or more, as one step takes with {because}, got "
            f"{num} in {source}; lower {because}, or add samples."
        )
    takes = f" ({each} for each, with {because})" if each > 1 else ""
    raise InputError(
        f"{entry}: expected at most {num // each}, got {batch_size}; {source} has "
        f"{counted(num, 'sample')}, "
        f"fewer than one batch takes{takes}."
    )


#: The earlier name of `Task`.
Workload = Task

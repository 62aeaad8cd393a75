"""What a run needs of its kind of model."""

import abc
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.data.fingerprints import Fingerprint
from tfgan_zoo.data.splits import NoSplitError, parse_split
from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.models import GANModel

#: A function that scores a model, the main one of its scores, and 1 if a higher one is better. Of
#: several that share a function, it is called once.
Score = tuple[Callable[[Any], Mapping[str, float]], str, int]

#: What the data pipelines call the options of `data.cache`.
CACHE: dict[str, bool | str] = {"auto": "auto", "yes": True, "no": False}

#: Samples of which `Workload.rehearse` computes each score: more than any score takes at least.
REHEARSED = 16


class Workload(abc.ABC):
    """A config's data, opened, and what to make of it.

    Opening looks for files and checks options. Images are decoded when they are first needed.

    Args:
        config: of the run.
        model: of the run, for its shapes.
        like: a workload of the same data, whose opened sources are shared; None to open them.

    Raises:
        InputError: if the data cannot be used for the model.
    """

    #: Entries of config.data besides those of every model.
    data_entries: tuple[str, ...] = ()

    def __init__(self, config: ConfigDict, model: GANModel, like: "Workload | None" = None):
        self.config = config
        self.model = model
        known = [*config_lib.default_config().data, *self.data_entries]
        config_lib.check_names("data", config.data, known)
        self._check_channels()

    def _check_channels(self) -> None:
        """Raises `InputError` unless images have the channels that those of data sources have."""
        shape = self.model.image_shape
        second = getattr(self.model, "shape_b", None) or shape
        for entry, channels, given in (
            ("image_shape", shape[-1], tuple(shape)),
            ("channels_b", second[-1], second[-1]),
        ):
            if len(shape) == 3 and channels not in (1, 3):
                raise InputError(
                    f"model_args.{entry}: expected 1 (grey) or 3 (colour) channels, which the "
                    f"images of data.source are brought to, got {given}; train on other channels "
                    "in Python, with fit."
                )

    def square_side(self) -> int:
        """Returns the side of the model's images.

        Raises:
            InputError: if they are no squares.
        """
        height, width, _ = self.model.image_shape
        if height != width:
            raise InputError(
                "model_args.image_shape: expected a square for training from files, got "
                f"{self.model.image_shape}."
            )
        return height

    def check_batch(self, source: str, num: int) -> None:
        """Checks that a source has enough samples for one step.

        Args:
            source: what to call it.
            num: its number of samples.

        Raises:
            InputError: if it has fewer; it says which entry to change, and to what.
        """
        check_batch_size(
            "data.batch_size",
            self.config.data.batch_size,
            source,
            num,
            self.model.samples_per_step(1),
            [name for name in PER_SAMPLE if getattr(self.model, name, 1) > 1],
        )

    @abc.abstractmethod
    def fingerprints(self) -> dict[str, Fingerprint]:
        """Returns what a run reads, by a name for each source: numbers and hashes of samples."""

    @abc.abstractmethod
    def batches(self, start: int) -> tf.data.Dataset:
        """Returns training batches without end, from those of step `start` on."""

    @abc.abstractmethod
    def prepare(self) -> None:
        """Decodes the images that sheets and scores are of, or compare with.

        Raises:
            InputError: if one cannot be read, or does not fit.
        """

    @abc.abstractmethod
    def describe(self) -> str:
        """Returns what the data is, in a few words."""

    @abc.abstractmethod
    def sheet(self, model: Any) -> np.ndarray:
        """Draws what a model makes now, always from the same inputs: uint8 (height, width, 3)."""

    @abc.abstractmethod
    def known_scores(self, num: int | None = None) -> dict[str, Score]:
        """Returns what can be scored with this data, by the names of config.evaluate.metrics.

        Args:
            num: how many samples are scored; None for `config.evaluate.samples`.
        """

    def pretraining(self) -> ConfigDict | None:
        """Returns the config of the run before the run, from which it starts; None for none."""
        return None

    @property
    def scores(self) -> list[Score]:
        """What the config asks for and the data allows; the first decides what is best.

        Raises:
            InputError: if the one that is to decide is not among them.
        """
        known, settings = self.known_scores(), self.config.evaluate
        names = self._asked_for(known)
        if settings.main is not None and settings.main not in names:
            raise InputError(
                f"evaluate.main: expected a metric for this data ({', '.join(names) or 'none'}), "
                f"got {settings.main!r}."
            )
        if settings.patience and not names:
            raise InputError("evaluate.patience: expected 0 where nothing is scored.")
        names.sort(key=lambda name: name != settings.main)
        return [known[name] for name in names]

    def _asked_for(self, known: Mapping[str, Score]) -> list[str]:
        return [name for name in self.config.evaluate.metrics if name in known]

    def rehearse(self, model: GANModel) -> None:
        """Tries everything that a run computes besides its steps, and keeps nothing of it.

        The sheet is drawn once, each score is computed of a few samples, and what is exported is
        traced. So what cannot be done ends a run before it has cost anything.

        Args:
            model: of the run; it stays as it is.

        Raises:
            InputError: if one of them fails; it names the entry of the config that asks for it. Or
                if an image cannot be read.
        """
        self.prepare()
        known = self.known_scores(REHEARSED)
        names = self._asked_for(known)
        failed: dict[str, Exception] = {}
        for name in names:
            try:
                known[name][0](model)
            except Exception as error:
                failed[name] = error
        for name, cause in failed.items():
            others = ",".join(each for each in names if each not in failed)
            raise InputError(
                f"evaluate.metrics={name}: cannot be computed with this data and model "
                f"({_reason(cause)}); give --config.evaluate.metrics={others} to leave it out."
            ) from cause
        try:
            self.sheet(model)
        except Exception as error:
            raise InputError(
                f"train.samples={self.config.train.samples}: the sample sheet cannot be drawn of "
                f"this data and model ({_reason(error)}); try fewer samples, or another "
                "model_args.image_shape."
            ) from error
        try:
            model.signatures()  # traces the endpoints
        except Exception as error:
            raise InputError(
                f"model={self.config.model}: cannot be exported ({_reason(error)}); choose other "
                "networks (generator.name)."
            ) from error

    def score(self, model: Any) -> dict[str, float]:
        """Returns all scores of a model."""
        found: dict[str, float] = {}
        for function in dict.fromkeys(function for function, _, _ in self.scores):
            found |= function(model)
        return found


#: Attributes of models that say how many samples a step takes for one of `data.batch_size`.
PER_SAMPLE = ("packing", "discriminator_steps")


@contextlib.contextmanager
def held_out_split(config: ConfigDict) -> Iterator[None]:
    """Within it, the split of `evaluate.split` is opened; an error says that it asked for it.

    Raises:
        InputError: if there is no such split; it says how to go on without one.
    """
    settings = config.evaluate
    try:
        yield
    except NoSplitError as error:
        remedy = "use another split"
        if settings.get("source") in (None, config.data.source):
            train = parse_split(config.data.split)[0]
            remedy = (
                f"hold some images back with --config.data.split={train}[:90%] "
                f"--config.evaluate.split={train}[90%:], or score on the training data with "
                "--config.evaluate.split=none"
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
        entry: of the config that holds the batch size.
        batch_size: what it holds.
        source: what to call the source.
        num: its number of samples.
        each: how many a step takes for one of the batch.
        reasons: arguments of the model that this is due to.

    Raises:
        InputError: if it has fewer; it says which entry to change, and to what.
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
        f"{entry}: expected at most {num // each}, got {batch_size}; {source} has {num} samples, "
        f"fewer than one batch takes{takes}."
    )

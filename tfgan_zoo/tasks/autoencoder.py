"""Images to encode, and to decode again."""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data import figures, load_images, parse_spec
from tfgan_zoo.data.loading import usable_indices
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.pairs import score_targets
from tfgan_zoo.metrics.figures import agreement, figure_scores
from tfgan_zoo.metrics.registry import BOUNDS, BY_NETWORK, CODES, TARGETS
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.metrics.ssim import SIDE as SSIM_SIDE
from tfgan_zoo.models.mechanics.stacking import num_stages
from tfgan_zoo.pictures.drawing import Drawing, DrawRequest
from tfgan_zoo.tasks.base import SHEET, Score, Task, metrics_of_pairs
from tfgan_zoo.tasks.classes import latents_of
from tfgan_zoo.tasks.code_scores import CodeScores, bounds_of
from tfgan_zoo.tasks.comparison import (
    EvaluationTask,
    Subset,
    choose,
    image_batches,
    reference,
)
from tfgan_zoo.tasks.distribution_scores import DistributionScores
from tfgan_zoo.tasks.drawing import generate
from tfgan_zoo.tasks.images import HeldOutImagesTask, open_images, open_to_evaluate
from tfgan_zoo.tasks.requests import Request

#: Images whose mean a decoder starts at.
_MEAN_OF = 10_000

#: Scores of reconstructions against the images.
_OF_PAIRS = {name: sign for name, sign in TARGETS.items() if name not in BY_NETWORK}


class AutoencoderTask(HeldOutImagesTask):
    """Images to encode and decode, and others that are held out to score on."""

    draws = True
    encodes = True
    use = "encodes images and decodes codes; use tfgan_zoo.reconstruct or tfgan_zoo.encode"

    def __init__(self, config: ConfigDict, model: Any, like: Task | None = None):
        super().__init__(config, model, like)
        if "ssim" in config.evaluate.metrics and min(model.image_shape[:2]) < SSIM_SIDE:
            raise InputError(
                f"evaluate.metrics: ssim needs images of {SSIM_SIDE}x{SSIM_SIDE} pixels or more, "
                f"got model_args.image_shape={tuple(model.image_shape)}."
            )
        self.distributions = DistributionScores(config)

    def code_scores(self, num: int) -> CodeScores:
        """Returns the scores of the codes of some held-out images."""

        def training() -> tuple[np.ndarray, np.ndarray]:
            same = self.held_out_source is self.held
            but = self.some_held_out[1] if same else None
            images, chosen = self.load(self.held, others(len(self.held), num, but))
            return images, self.held.part("label")[chosen]

        def labels() -> np.ndarray:
            return self.held_out_source.part("label")[self.some_held_out[1][:num]]

        labelled = self.opened.labels is not None and self.opened_held_out.labels is not None
        return CodeScores(
            lambda: self.held_out[:num],
            labels if labelled else None,
            training,
            self.config.evaluate.draws,
        )

    def initialize(self, model: Any) -> None:
        """See `Task.initialize`; the decoder of a VAE starts at the mean image."""
        if model.starts_at_mean:
            model.start_at_mean(self.load(self.held, choose(len(self.held), _MEAN_OF))[0])

    def pretraining(self) -> ConfigDict | None:
        """Returns the config of the stage before this one, of a model whose layers are stacked."""
        steps = self.config.get("pretraining", ConfigDict()).get("steps", 0)
        if not steps:
            return None
        if "stage" not in self.config.model_args:
            raise InputError(
                f"pretraining.steps: expected 0 for {self.config.model}, whose layers are trained "
                f"together, got {steps}."
            )
        stage = (self.model.stage or num_stages(self.model.encoder) + 1) - 1
        if stage == 0:
            return None
        before = self.config.copy_and_resolve_references()
        with before.unlocked():
            before.model_args.stage = stage
            before.train.steps = steps
            before.train.export = False
            before.evaluate.update(metrics=(), main=None, patience=0)
        config_lib.check(before)
        return before

    def sheet(self, model: Any) -> np.ndarray:
        """Draws held-out images beside their reconstructions.

        Beside them are the corrupted images that a denoising model decodes, and samples of a prior.
        Below are maps of codes of two numbers.
        """
        images = self.held_out[: self.config.train.samples]
        columns, titles = [images], ["original"]
        given = model.corrupted(images)
        if model.corrupts:
            columns.append(pictures.to_uint8(given))
            titles.append("noisy")
        columns.append(pictures.to_uint8(restored(model, images)))
        titles.append("decoded")
        if model.has_prior:
            columns.append(pictures.to_uint8(model.generate(len(images))))
            titles.append("sample")
        # Several of these columns side by side, so that the sheet is about square.
        times = max(1, round(math.sqrt(len(images) / len(columns))))
        rows = math.ceil(len(images) / times)
        parts = [column[i : i + rows] for i in range(0, len(images), rows) for column in columns]
        titles *= len(parts) // len(titles)
        sheet = pictures.titled_rows(titles, parts, at_least=SHEET)
        return sheet if model.latent_dim != 2 else _above(sheet, self.map(model))

    def map(self, model: Any) -> np.ndarray:
        """Draws the held-out images at their codes in the plane, see `pictures.plane`."""
        images, chosen = self.some_held_out
        source = self.held_out_source
        return pictures.plane(
            model.encode(images),
            images,
            None if source.labels is None else source.labels[chosen],
            () if source.labels is None else source.class_names,
        )

    def known_scores(self, rehearse_on: int | None = None) -> dict[str, Score]:
        """See `Task.known_scores`.

        Distributions of images are compared with samples of the prior, where codes have one, and
        with reconstructions otherwise.
        """
        num = min(rehearse_on or self.config.evaluate.samples, self.config.evaluate.samples)

        def shown(model: Any) -> np.ndarray:
            return shown_by(model, self.held_out[:num], seed=1)

        def swd(model: Any) -> dict[str, float]:
            real = pictures.from_uint8(self.held_out[:num])
            return {"swd": sliced_wasserstein(shown(model), real)}

        known = {"swd": Score(swd, "swd", -1)}
        known |= self._pair_scores(num, rehearse_on is not None)
        known |= self.distributions.known(
            min(num, len(self.opened_held_out)),
            lambda: self.held_out[:num],
            shown,
            rehearsal=rehearse_on is not None,
        )
        known |= self._code_scores(num, rehearse_on is not None)
        split = self.config.evaluate.split or self.config.data.split
        if read := figures_reader(self.config.data.source, split, self.model):

            def figures_score(model: Any) -> dict[str, float]:
                return read(model, self.held_out[:num], None, self.some_held_out[1][:num])

            main = "validity" if self.model.has_prior else "reconstructed"
            known["figures"] = Score(figures_score, main, 1)
        return known

    def _pair_scores(self, num: int, rehearsal: bool) -> dict[str, Score]:
        """Returns the scores of reconstructions, which are made once for all that are asked for."""

        def scoring(names: Sequence[str]) -> Callable[[Any], dict[str, float]]:
            def score(model: Any) -> dict[str, float]:
                images = self.held_out[:num]
                return score_targets(names, pictures.to_uint8(restored(model, images)), images)

            return score

        together = scoring([name for name in _OF_PAIRS if name in self.config.evaluate.metrics])
        return {
            name: Score(scoring([name]) if rehearsal else together, name, sign)
            for name, sign in _OF_PAIRS.items()
        }

    def _code_scores(self, num: int, rehearsal: bool) -> dict[str, Score]:
        """Returns the scores of codes, of images that are encoded once for all of them."""
        scores = self.code_scores(num)
        allowed = scores.allowed(self.model)
        asked = [name for name in allowed if name in self.config.evaluate.metrics]
        together = functools.partial(scores.score, asked)
        return {
            name: Score(functools.partial(scores.score, [name]) if rehearsal else together, *main)
            for name, main in allowed.items()
        }

    # ------------------------------------------------------------------ commands on a finished run

    @classmethod
    def offline_metrics(cls, model: type[Any], config: ConfigDict, source: str) -> list[str]:
        """See `Task.offline_metrics`."""
        del model, source
        return metrics_of_pairs(config.model_args.image_shape)

    @classmethod
    def metrics_of(cls, names: Sequence[str]) -> list[str]:
        """See `Task.metrics_of`."""
        return [*CODES, *BOUNDS, *bounds_of(names)]

    @classmethod
    def drawing(cls, model: Any, request: DrawRequest) -> Drawing:
        """See `Task.drawing`: samples of the prior, or walks from image to image."""
        if request.texts or request.labels or request.all_labels:
            flag = "text" if request.texts else "label" if request.labels else "all_labels"
            raise InputError(
                f"--{flag}: expected none for {request.workdir!r}, which decodes codes alone."
            )
        if request.images is not None:
            return _walk(model, request.images, request)
        if not model.has_prior:
            raise InputError(
                f"--workdir: {request.workdir!r} has codes without a prior to draw from; add "
                "--interpolate --input=a.png --input=b.png to walk between images, or use "
                "tfgan_zoo.reconstruct."
            )
        latents, columns = latents_of(model, request)
        return Drawing(generate(model, latents), len(latents), columns)

    @classmethod
    def evaluation(cls, model: Any, config: ConfigDict, request: Request) -> EvaluationTask:
        """See `Task.evaluation`."""
        shape, data = model.image_shape, config.data
        source, fitting, chosen = open_to_evaluate(model, config, request)
        given = Subset(source, chosen)

        @functools.cache
        def images() -> np.ndarray:
            return np.concatenate(list(image_batches(given, fitting)))

        @functools.cache
        def reconstructed() -> np.ndarray:
            return pictures.to_uint8(restored(model, images()))

        def generated() -> Iterator[np.ndarray]:
            if model.has_prior:
                yield from generate(model, model.sample_latents(request.num, request.seed))
            else:
                yield from (restored(model, part) for part in image_batches(given, fitting))

        def scoring(name: str) -> Callable[[np.ndarray], dict[str, float]]:
            return lambda _: {"": score_targets([name], reconstructed(), images())[name]}

        small = min(shape[:2]) < SSIM_SIDE
        also: dict[str, Callable[[np.ndarray], Mapping[str, float]]] = {
            name: scoring(name) for name in _OF_PAIRS if not (name == "ssim" and small)
        }
        if read := figures_reader(request.source, request.split, model):
            also["figures"] = lambda made: read(model, images(), made, chosen)

        def training() -> tuple[np.ndarray, np.ndarray]:
            train = open_images(
                config,
                data.source,
                data.split,
                data_dir=request.data_dir or data.data_dir,
                on_error=data.on_error,
            )
            fit = dataclasses.replace(fitting, alpha=train.alpha)
            same = request.split == data.split
            rest = others(len(train), request.num, chosen if same else None)
            some = usable_indices([train], [fit], rest)
            return load_images(Subset(train, some), fit), train.part("label")[some]

        labelled = source.labels is not None and request.source == data.source
        labels = (lambda: source.part("label")[chosen]) if labelled else None
        codes = CodeScores(images, labels, training, config.evaluate.draws)

        def of_codes(name: str) -> Callable[[np.ndarray], Mapping[str, float]]:
            def score(_: np.ndarray) -> dict[str, float]:
                values = codes.score([name], model)
                return {"": next(iter(values.values()))} if len(values) == 1 else values

            return score

        allowed = [*codes.allowed(model)]
        allowed += bounds_of(request.metrics) if model.has_bound else []
        also |= {name: of_codes(name) for name in allowed}
        made = "samples of the prior" if model.has_prior else "reconstructions"
        return EvaluationTask(
            generated,
            request.num if model.has_prior else len(given),
            reference(source, chosen, fitting, request),
            also,
            [f"Distributions are those of {made}; scores of pairs compare reconstructions."],
        )


def others(total: int, num: int, but: np.ndarray | None) -> np.ndarray:
    """Returns the indices of `num` of `total` images, but none of some.

    Args:
        total: Number of images.
        num: Number to choose.
        but: Indices that a linear probe is scored on, and may not learn; None for none.

    Raises:
        InputError: If no images are left.
    """
    rest = np.arange(total) if but is None else np.setdiff1d(np.arange(total), but)
    if not len(rest):
        raise InputError(
            f"metrics: probe needs images to learn from besides those that it is scored on, and "
            f"all {total} are; score another split, or fewer images."
        )
    return rest[choose(len(rest), num)]


def restored(model: Any, images: np.ndarray) -> np.ndarray:
    """Returns reconstructions of images; a denoising model gets them corrupted, always alike."""
    return model.reconstruct(model.corrupted(images))


def shown_by(model: Any, images: np.ndarray, seed: int) -> np.ndarray:
    """Returns what a model shows: samples of its prior, or without one reconstructions."""
    return model.generate(len(images), seed=seed) if model.has_prior else restored(model, images)


def figures_reader(source: str, split: str, model: Any) -> Callable[..., dict[str, float]] | None:
    """Returns a function that reads what a model makes of drawn figures; None for other data.

    It takes a model, the images, samples of the prior, uint8, or None to draw them, and the indices
    of the images in the split or None for the first ones. "reconstructed" is the share of
    reconstructions that show the same figure in all its attributes; for samples, see
    `figure_scores`.
    """
    kind, view = parse_spec(source)
    height, width, channels = model.image_shape
    known = kind == "figures" and split in figures.SPLIT_SIZES
    if not known or (height, channels) != (width, 3):
        return None
    spec = figures.get_view(view)
    if "a" in spec.elements or spec.continuous:  # The reader knows upright figures alone.
        return None

    def read(
        model: Any,
        images: np.ndarray,
        samples: np.ndarray | None,
        chosen: np.ndarray | None = None,
    ) -> dict[str, float]:
        wanted = figures.attributes(view, split)[
            np.arange(len(images)) if chosen is None else chosen
        ]
        found = {}
        if model.has_prior:
            if samples is None:
                samples = pictures.to_uint8(model.generate(len(images), seed=1))
            found = dict(figure_scores(samples, view))
        same = agreement(pictures.to_uint8(restored(model, images)), wanted)
        return found | {"reconstructed": same["all"]}

    return read


def _above(*parts: np.ndarray) -> np.ndarray:
    """Puts pictures above one another, the narrower ones with white at the right."""
    width = max(part.shape[1] for part in parts)
    padded = [
        np.pad(part, ((0, 8), (0, width - part.shape[1]), (0, 0)), constant_values=255)
        for part in parts
    ]
    return np.concatenate(padded)


def _walk(model: Any, images: np.ndarray, request: DrawRequest) -> Drawing:
    """Returns straight walks of codes from image to image, in one row."""
    ends = images if not request.closed else np.concatenate([images, images[:1]])
    lines = model.interpolate(ends[:-1], ends[1:], request.frames)
    # Each line but the first begins where the one before it ends.
    frames = np.concatenate([line if i == 0 else line[1:] for i, line in enumerate(lines)])
    if request.closed:
        frames = frames[:-1]
    return Drawing([frames], len(frames), len(frames))

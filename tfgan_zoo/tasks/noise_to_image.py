"""Images or points from noise, or from noise and a class."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import pictures
from tfgan_zoo.data import (
    ArraySource,
    Source,
    fit_for,
    load_images,
    open_source,
    parse_spec,
    unconditional,
    use_cache,
)
from tfgan_zoo.data.fingerprints import Fingerprint, fingerprint
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.figures import figure_scores
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.models import NoiseToImage
from tfgan_zoo.pictures.drawing import Drawing, DrawRequest
from tfgan_zoo.tasks.base import CACHE, Score, Task, open_source_for
from tfgan_zoo.tasks.distribution_scores import DistributionScores
from tfgan_zoo.tasks.drawing import generate
from tfgan_zoo.tasks.requests import BATCH, EvaluationTask, Request, choose, reference


class NoiseToImageTask(Task):
    """Images, or points, to imitate."""

    draws = True
    use = (
        "translates no images; tfgan_zoo.generate draws those of models that make them from noise "
        "or texts"
    )

    def __init__(self, config: ConfigDict, model: NoiseToImage, like: Task | None = None):
        super().__init__(config, model, like)
        data = config.data
        self.opened = _open(
            config, data.source, data.split, data_dir=data.data_dir, on_error=data.on_error
        )
        if self.opened.is_vector != (len(model.image_shape) == 1):
            kind = "vectors" if self.opened.is_vector else "images"
            raise InputError(
                f"data.source: {data.source} holds {kind}, which do not fit the model's "
                f"model_args.image_shape={model.image_shape}."
            )
        self.check_batch(data.source, len(self.opened))
        self._pipeline(self.opened, self._fitting(), 0, cache=False)
        self.distributions = DistributionScores(config) if len(model.image_shape) == 3 else None

    @functools.cached_property
    def reference(self) -> np.ndarray:
        """The first real samples, with which sheets and scores compare."""
        return self.real_samples(max(self.config.train.samples, self.config.evaluate.samples))

    @functools.cached_property
    def held(self) -> tuple[Source, dict[str, Any]]:
        """The source and its fitting; a source to be cached is decoded and fitted once."""
        source, fitting = self.opened, self._fitting()
        if source.is_vector:
            return source, fitting
        fit = fit_for(source, **fitting)
        if not use_cache(source, fit, CACHE[self.config.data.cache]):
            return source, fitting
        return ArraySource(source.spec, load_images(source, fit)), {}

    def _fitting(self) -> dict[str, Any]:
        """How stored images become the model's: arguments of the data pipeline."""
        shape, data = self.model.image_shape, self.config.data
        if len(shape) == 1:
            return {}
        return {
            "image_size": shape[0],
            "channels": shape[-1],
            "crop": data.crop,
            "fit": data.fit,
        }

    def fingerprints(self) -> dict[str, Fingerprint]:
        """See `Task.fingerprints`."""
        return {"training data": fingerprint(self.opened, self.config.data.source)}

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Task.batches`."""
        return self._pipeline(*self.held, start, CACHE[self.config.data.cache])

    def _pipeline(
        self, source: Source, fitting: Mapping[str, Any], start: int, cache: bool | str
    ) -> tf.data.Dataset:
        data = self.config.data
        dataset = unconditional(
            source,
            batch_size=self.model.samples_per_step(data.batch_size),
            flip=data.flip,
            cache=cache,
            seed=self.config.seed,
            start_step=start,
            **fitting,
        )
        _check_fits(self.config, dataset.element_spec, self.model.image_shape)
        return dataset

    def real_samples(self, num: int) -> np.ndarray:
        """Returns the first `num` training samples as the model sees them, floats."""
        found: list[np.ndarray] = []
        for batch in self.batches(0).as_numpy_iterator():
            found.extend(batch)
            if len(found) >= num:
                break
        real = np.stack(found[:num])
        return real if real.dtype == np.float32 else pictures.from_uint8(real)

    def prepare(self) -> None:
        """See `Task.prepare`."""
        self.reference  # noqa: B018

    def describe(self) -> str:
        """See `Task.describe`."""
        # Once the images are decoded, those that cannot be read are no longer counted.
        source, _ = vars(self).get("held", (self.opened, {}))
        return f"{self.config.data.source}: {len(source):,} samples"

    def sheet(self, model: Any) -> np.ndarray:
        """Draws samples from fixed latents."""
        return pictures.sheet(model.generate(self.config.train.samples), self.reference)

    def known_scores(self, num: int | None = None) -> dict[str, Score]:
        """See `Task.known_scores`."""
        rehearsal = num is not None
        num = min(num or self.config.evaluate.samples, self.config.evaluate.samples)

        def samples(model: Any) -> np.ndarray:
            return model.generate(num, seed=1)

        def swd(model: Any) -> dict[str, float]:
            return {"swd": sliced_wasserstein(samples(model), self.reference[:num])}

        known = {"swd": Score(swd, "swd", -1)}
        if self.distributions is not None:
            known |= self.distributions.known(num, lambda: self.reference[:num], samples, rehearsal)
        if figures := _figure_scores(self.config.data.source, self.model.image_shape):
            known["figures"] = Score(
                lambda model: figures(pictures.to_uint8(samples(model))), "validity", 1
            )
        return known

    @classmethod
    def drawing(cls, model: Any, request: DrawRequest) -> Drawing:
        """See `Task.drawing`."""
        points = len(model.image_shape) == 1
        if request.texts:
            raise InputError(
                f"--text: expected no text for {request.workdir!r}, which draws from noise alone."
            )
        latents, columns = model.sample_latents(request.num_samples(), request.seed), None
        if request.interpolate:
            latents = pictures.walk(latents, request.frames, request.path, request.closed)
            columns = None if request.closed else request.frames
        return Drawing(generate(model, latents), len(latents), columns, points=points)

    @classmethod
    def evaluation(cls, model: Any, config: ConfigDict, request: Request) -> EvaluationTask:
        """See `Task.evaluation`."""
        shape, data = model.image_shape, config.data
        if len(shape) == 1:
            raise InputError("--workdir: expected a run of a model that makes images, got points.")
        source = _open(
            config, request.source, request.split, data_dir=request.data_dir or data.data_dir
        )
        if source.is_vector:
            raise InputError(f"--data: {request.source} holds vectors, and the model makes images.")
        fitting = fit_for(
            source, image_size=shape[0], channels=shape[-1], crop=data.crop, fit=data.fit
        )
        chosen = choose(len(source), request.num)

        def generated() -> Iterator[np.ndarray]:
            latents = model.sample_latents(request.num, request.seed)
            for i in range(0, request.num, BATCH):
                yield model.generate(latents=latents[i : i + BATCH])

        figures = _figure_scores(request.source, shape)
        return EvaluationTask(
            generated,
            request.num,
            reference(source, chosen, fitting, request),
            {"figures": figures} if figures else {},
        )


def _open(config: ConfigDict, source: str, split: str, **options: Any) -> Source:
    side = config.model_args.image_shape[0]
    return open_source_for(open_source, source, split, side, config.data, **options)


def _figure_scores(
    source: str, shape: Sequence[int]
) -> Callable[[np.ndarray], Mapping[str, float]] | None:
    """Returns what reads drawn figures back from images, uint8, if a source has them in colour."""
    kind, view = parse_spec(source)
    if kind != "figures" or shape[-1] != 3:
        return None
    return lambda images: figure_scores(images, view)


def _check_fits(config: ConfigDict, spec: tf.TensorSpec, shape: Iterable[int]) -> None:
    if not spec.shape[1:].is_compatible_with(tuple(shape)):
        raise InputError(
            f"data.source: {config.data.source} gives samples of shape {tuple(spec.shape[1:])}, "
            f"the model takes model_args.image_shape={tuple(shape)}."
        )

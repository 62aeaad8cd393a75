"""Images, or points, from noise."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data import (
    Source,
    fit_for,
    load_source,
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
from tfgan_zoo.tasks.base import CACHE, Score, Workload
from tfgan_zoo.tasks.distributions import DistributionScores


class NoiseToImageWorkload(Workload):
    """Images, or points, to be imitated."""

    def __init__(self, config: ConfigDict, model: NoiseToImage, like: Workload | None = None):
        super().__init__(config, model, like)
        self.opened = self._open()
        self.check_batch(config.data.source, len(self.opened))
        self._pipeline(self.opened, 0, cache=False)
        self.distributions = DistributionScores(config) if len(model.image_shape) == 3 else None

    @functools.cached_property
    def reference(self) -> np.ndarray:
        """The first real samples, which sheets and scores compare with."""
        return self.real_samples(max(self.config.train.samples, self.config.evaluate.samples))

    def _open(self) -> Source:
        """Opens the source, which holds what the model is for."""
        config, shape = self.config, self.model.image_shape
        kind, _ = parse_spec(config.data.source)
        source = open_source(
            config.data.source,
            config.data.split,
            resolution=shape[0] if kind == "figures" else None,
            on_error=config.data.on_error,
            data_dir=config.data.data_dir,
            **config_lib.decoding(config.data),
        )
        if source.is_vector != (len(shape) == 1):
            kind = "vectors" if source.is_vector else "images"
            raise InputError(
                f"data.source: {config.data.source} holds {kind}, which do not fit the model's "
                f"model_args.image_shape={shape}."
            )
        return source

    @functools.cached_property
    def held(self) -> Source:
        """The source; if it is to be cached, its images are decoded and fitted, once."""
        if self.opened.is_vector:
            return self.opened
        fitting = fit_for(self.opened, **self._fitting())
        if not use_cache(self.opened, fitting, CACHE[self.config.data.cache]):
            return self.opened
        return load_source(self.opened, fitting)

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
        """See `Workload.fingerprints`."""
        return {"training data": fingerprint(self.opened, self.config.data.source)}

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Workload.batches`."""
        return self._pipeline(self.held, start, CACHE[self.config.data.cache])

    def _pipeline(self, source: Source, start: int, cache: bool | str) -> tf.data.Dataset:
        data = self.config.data
        dataset = unconditional(
            source,
            batch_size=self.model.samples_per_step(data.batch_size),
            flip=data.flip,
            cache=cache,
            seed=self.config.seed,
            start_step=start,
            **self._fitting(),
        )
        _check_fits(self.config, dataset.element_spec, self.model.image_shape)
        return dataset

    def real_samples(self, num: int) -> np.ndarray:
        """Returns the first `num` of the training data as the model sees them, floats."""
        found: list[np.ndarray] = []
        for batch in self.batches(0).as_numpy_iterator():
            found.extend(batch)
            if len(found) >= num:
                break
        real = np.stack(found[:num])
        return real if real.dtype == np.float32 else pictures.from_uint8(real)

    def prepare(self) -> None:
        """See `Workload.prepare`."""
        self.reference  # noqa: B018

    def describe(self) -> str:
        """See `Workload.describe`."""
        # Once the images are decoded, those that cannot be read are no longer counted.
        source = vars(self).get("held", self.opened)
        return f"{self.config.data.source}: {len(source):,} samples"

    def sheet(self, model: NoiseToImage) -> np.ndarray:
        """Draws samples from fixed latents."""
        return pictures.sheet(model.generate(self.config.train.samples), self.reference)

    def known_scores(self, num: int | None = None) -> dict[str, Score]:
        """See `Workload.known_scores`."""
        kind, view = parse_spec(self.config.data.source)
        rehearsed = num is not None
        num = min(num or self.config.evaluate.samples, self.config.evaluate.samples)

        def scored(function: Callable[[np.ndarray], Mapping[str, float]]) -> Any:
            return lambda model: function(model.generate(num, seed=1))

        known: dict[str, Score] = {
            "swd": (
                scored(lambda x: {"swd": sliced_wasserstein(x, self.reference[:num])}),
                "swd",
                -1,
            )
        }
        if self.distributions is not None:
            known |= self.distributions.known(
                num,
                lambda: self.reference[:num],
                lambda model: model.generate(num, seed=1),
                rehearsed,
            )
        if kind == "figures" and self.model.image_shape[-1] == 3:
            known["figures"] = (
                scored(lambda x: figure_scores(pictures.to_uint8(x), view)),
                "validity",
                1,
            )
        return known


def _check_fits(config: ConfigDict, spec: tf.TensorSpec, shape: Iterable[int]) -> None:
    if not spec.shape[1:].is_compatible_with(tuple(shape)):
        raise InputError(
            f"data.source: {config.data.source} gives samples of shape {tuple(spec.shape[1:])}, "
            f"the model takes model_args.image_shape={tuple(shape)}."
        )

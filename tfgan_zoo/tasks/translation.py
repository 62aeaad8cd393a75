"""Images of one domain from those of another."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data import (
    Domains,
    figures,
    load_domains,
    load_pairs,
    open_domains,
    paired,
    parse_spec,
    unpaired,
)
from tfgan_zoo.data.fingerprints import Fingerprint, fingerprint
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.figures import translation_scores
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.models import CycleGAN, ImageToImage
from tfgan_zoo.tasks.base import CACHE, Score, Workload, held_out_split
from tfgan_zoo.tasks.distributions import DistributionScores


class TranslationWorkload(Workload):
    """Images of two domains, in pairs or not."""

    data_entries = ("layout", "direction", "load_size")

    def __init__(self, config: ConfigDict, model: ImageToImage, like: Workload | None = None):
        super().__init__(config, model, like)
        self.paired = not isinstance(model, CycleGAN)
        if config.data.fit != "resize":
            raise InputError("data.fit: expected 'resize' for a model that translates.")
        height = self.square_side()
        if config.data.load_size is not None and config.data.load_size < height:
            raise InputError(
                f"data.load_size: expected at least the model's {height} pixels, got "
                f"{config.data.load_size}."
            )
        self.domains = self._open(config.data.split)
        for domain in self.domains[:2]:
            self.check_batch(domain.spec, len(domain))
        self._pipeline(self.domains, 0, cache=False)
        self.distributions = DistributionScores(config)
        held_out = config.evaluate.split
        with held_out_split(config):
            self.held_out = self.domains if held_out is None else self._open(held_out)

    @functools.cached_property
    def held_out_images(self) -> tuple[np.ndarray, np.ndarray]:
        """The first images of both domains, which sheets and scores are of."""
        config, model = self.config, self.model
        return load_pairs(
            self.held if self.held_out is self.domains else self.held_out,
            max(config.train.samples, config.evaluate.samples),
            image_size=model.image_shape[0],
            channels=(model.shape_a[-1], model.shape_b[-1]),
            crop=config.data.crop,
        )

    @property
    def a(self) -> np.ndarray:
        """Those of domain a."""
        return self.held_out_images[0]

    @property
    def b(self) -> np.ndarray:
        """Those of domain b; maybe not as many, if they are no pairs."""
        return self.held_out_images[1]

    def _open(self, split: str) -> Domains:
        data = self.config.data
        return open_domains(
            data.source,
            split,
            layout=data.layout,
            direction=data.direction,
            resolution=self.model.image_shape[0],
            on_error=data.on_error,
            data_dir=data.data_dir,
            **config_lib.decoding(data),
        )

    @functools.cached_property
    def held(self) -> Domains:
        """The domains to train on; what is to be cached is decoded, once."""
        data, model, domains = self.config.data, self.model, self.domains
        return load_domains(
            domains,
            data.load_size or model.image_shape[0],
            (model.shape_a[-1], model.shape_b[-1]),
            data.crop,
            CACHE[data.cache],
        )

    def fingerprints(self) -> dict[str, Fingerprint]:
        """See `Workload.fingerprints`."""
        source, found = self.config.data.source, {}
        for what, domains in (("training", self.domains), ("evaluation", self.held_out)):
            if what == "evaluation" and domains is self.domains:
                continue
            for name, domain in zip("ab", domains[:2], strict=True):
                found[f"{what} data, domain {name}"] = fingerprint(domain, source)
        return found

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Workload.batches`."""
        return self._pipeline(self.held, start, CACHE[self.config.data.cache])

    def _pipeline(self, domains: Domains, start: int, cache: bool | str) -> tf.data.Dataset:
        data, model = self.config.data, self.model
        return (paired if self.paired else unpaired)(
            domains,
            batch_size=data.batch_size,
            image_size=model.image_shape[0],
            channels=(model.shape_a[-1], model.shape_b[-1]),
            load_size=data.load_size,
            crop=data.crop,
            flip=data.flip,
            seed=self.config.seed,
            start_step=start,
            cache=cache,
        )

    def prepare(self) -> None:
        """See `Workload.prepare`."""
        self.held_out_images  # noqa: B018

    def describe(self) -> str:
        """See `Workload.describe`."""
        a, b = self.domains.a, self.domains.b
        counted = f"{len(a):,} pairs" if self.paired else f"{len(a):,} of a, {len(b):,} of b"
        return f"{self.config.data.source}: {counted}"

    def sheet(self, model: ImageToImage) -> np.ndarray:
        """Draws rows of input, translation and target; or of a, b and back, and b, a and back."""
        num = self.config.train.samples
        a, b = self.a[:num], self.b[:num]
        columns = [a, pictures.to_uint8(model.translate(a))]
        if self.paired:
            columns.append(b)
        else:
            columns.append(pictures.to_uint8(model.translate(columns[-1], "b_to_a")))
            columns += [b, pictures.to_uint8(model.translate(b, "b_to_a"))]
            columns.append(pictures.to_uint8(model.translate(columns[-1])))
        return pictures.enlarge(pictures.rows(columns))

    def known_scores(self, num: int | None = None) -> dict[str, Score]:
        """See `Workload.known_scores`.

        Without pairs there may be more of one domain than of the other; all of both are used.
        """
        kind, view = parse_spec(self.config.data.source)
        rehearsed = num is not None
        num = min(num or self.config.evaluate.samples, self.config.evaluate.samples)

        def mae(model: ImageToImage) -> dict[str, float]:
            a, b = self.a[:num], self.b[:num]
            error = pictures.to_uint8(model.translate(a)).astype(np.float32) - b
            return {"mae": float(np.abs(error).mean() / 255)}

        def swd(model: ImageToImage) -> dict[str, float]:
            a, b = self.a[:num], self.b[:num]
            found = {"swd": sliced_wasserstein(model.translate(a), pictures.from_uint8(b))}
            if not self.paired:
                back = model.translate(b, "b_to_a")
                found["swd_b_to_a"] = sliced_wasserstein(back, pictures.from_uint8(a))
                found = {
                    "swd": (found["swd"] + found["swd_b_to_a"]) / 2,
                    "swd_a_to_b": found["swd"],
                    "swd_b_to_a": found["swd_b_to_a"],
                }
            return found

        known: dict[str, Score] = {"swd": (swd, "swd", -1)}
        known |= self.distributions.known(
            min(num, *map(len, self.held_out[:2])),
            lambda: self.b[:num],
            lambda model: model.translate(self.a[:num]),
            rehearsed,
        )
        if self.paired:
            known["mae"] = (mae, "mae", -1)
        split = self.config.evaluate.split or self.config.data.split
        colour = self.model.shape_a[-1] == self.model.shape_b[-1] == 3
        if kind == "figures" and colour and split in figures.SPLIT_SIZES:
            # Of the drawn figures there are as many in either domain.
            count = min(num, len(self.held_out.a))
            known["figures"] = (self._figures(view, split, count), "success", 1)
        return known

    def _figures(self, view: str, split: str, num: int) -> Callable[[Any], dict[str, float]]:
        """Scores translations by what they show, against what they ought to."""
        swapped = self.config.data.direction == "b_to_a"
        drawn = {
            name: figures.attributes(view, split, num, domain=domain)
            for name, domain in zip("ab", "ba" if swapped else "ab", strict=True)
        }

        def score(model: ImageToImage) -> dict[str, float]:
            inputs = {"a_to_b": (self.a[:num], "a", "b"), "b_to_a": (self.b[:num], "b", "a")}
            found: dict[str, float] = {}
            for direction in model.translators():
                images, source, target = inputs[direction]
                wanted = dataclasses.replace(drawn[source], fill=drawn[target].fill)
                made = pictures.to_uint8(model.translate(images, direction, batch_size=16))
                for name, value in translation_scores(made, wanted).items():
                    found[f"{direction}_{name}"] = value
            success = [v for name, v in found.items() if name.endswith("_all")]
            return {"success": float(np.mean(success)), **found}

        return score

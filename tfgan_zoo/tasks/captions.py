"""Images with captions, on which text-to-image models and joint embeddings train."""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo.data import (
    Captioned,
    Fit,
    Source,
    captioned,
    distinct_captions,
    fit_for,
    load_images,
    load_source,
    open_captioned,
    use_cache,
)
from tfgan_zoo.data.fingerprints import Fingerprint, fingerprint_captioned
from tfgan_zoo.data.loading import load_size_for
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.texts import check_captions
from tfgan_zoo.networks import vocabulary_of
from tfgan_zoo.progress import counted
from tfgan_zoo.tasks.base import Task, caching_of, held_out_split, open_source_for


class CaptionsTask(Task):
    """Images with captions."""

    data_entries = ("load_size", "num_captions", "distinct_classes")

    def __init__(self, config: ConfigDict, model: Any, like: Task | None = None):
        super().__init__(config, model, like)
        for entry, wanted in (("fit", "resize"), ("on_error", "raise")):
            if config.data[entry] != wanted:
                raise InputError(
                    f"data.{entry}: expected {wanted!r} for a model that draws texts, got "
                    f"{config.data[entry]!r}."
                )
        shorter = min(model.image_shape[:2])
        if config.data.load_size is not None and config.data.load_size < shorter:
            raise InputError(
                f"data.load_size: expected at least the model's {shorter} pixels, got "
                f"{config.data.load_size}."
            )
        self.like: CaptionsTask | None = None
        if isinstance(like, CaptionsTask):
            self.like = like
            self.opened: Captioned = like.opened
            self.opened_held_out: Captioned = like.opened_held_out
        else:
            self.opened = open_captions(config, config.data.split)
            check_captions(model.text_encoder, distinct_captions(self.opened), "data.source")
            self.opened_held_out = self.opened
            if config.evaluate.split is not None:
                with held_out_split(config):
                    self.opened_held_out = open_captions(config, config.evaluate.split)
                captions = distinct_captions(self.opened_held_out)
                if captions != distinct_captions(self.opened):  # else all has been reported
                    check_captions(model.text_encoder, captions, "evaluate.split", held_out=True)
        model.texts_checked = True
        self.check_batch(config.data.source, len(self.opened.images))
        self.pipeline(0, self.opened, cache=False)
        opened = self.opened_held_out
        count = min(len(opened.images), max(config.evaluate.samples, config.train.samples))
        self.captions = [captions[0] for captions in opened.captions[:count]]

    @functools.cached_property
    def held_out(self) -> np.ndarray:
        """The first held-out images, which sheets and scores use."""
        images, count, like = self.opened_held_out.images, len(self.captions), self.like
        if (
            like is not None
            and like.model.image_shape == self.model.image_shape
            and len(like.captions) == count
        ):
            return like.held_out  # holds them in memory once
        if self.opened_held_out is self.opened:
            # Fitted as for training, but without holding all of them.
            images = self._in_memory(images, count)
        return load_images(images, self._fit(images, self.model.image_shape[:2]), count)

    def fingerprints(self) -> dict[str, Fingerprint]:
        """See `Task.fingerprints`."""
        source = self.config.data.source
        found = {"training data": fingerprint_captioned(self.opened, source)}
        if self.opened_held_out is not self.opened:
            found["evaluation data"] = fingerprint_captioned(self.opened_held_out, source)
        return found

    def _fit(self, images: Source, size: int | tuple[int, ...]) -> Fit:
        crop = self.config.data.crop
        return fit_for(images, image_size=size, channels=self.model.image_shape[-1], crop=crop)

    @functools.cached_property
    def data(self) -> Captioned:
        """The training data; data to be cached is decoded once."""
        return self.opened._replace(images=self._in_memory(self.opened.images))

    def _in_memory(self, images: Source, num: int | None = None) -> Source:
        """Decodes the first images, or all, unless they are not to be cached."""
        load_size, size = self.config.data.load_size, self.model.image_shape[:2]
        loaded = size if load_size is None else load_size_for(load_size, size)
        fitting = self._fit(images, loaded)
        if not use_cache(images, fitting, caching_of(self.config.data)):
            return images
        return load_source(images, fitting, num)

    def pipeline(
        self,
        start: int,
        opened: Captioned | None = None,
        cache: Any | None = None,
        **options: Any,
    ) -> tf.data.Dataset:
        """Returns training batches of images with strings, unless the options say otherwise."""
        data, shape = self.config.data, self.model.image_shape
        return captioned(
            self.data if opened is None else opened,
            batch_size=data.batch_size,
            image_size=shape[:2],
            channels=shape[-1],
            crop=data.crop,
            load_size=data.load_size,
            flip=data.flip,
            seed=self.config.seed,
            start_step=start,
            distinct_classes=data.get("distinct_classes", False),
            cache=caching_of(data) if cache is None else cache,
            **options,
        )

    def prepare(self) -> None:
        """See `Task.prepare`."""
        self.held_out  # noqa: B018

    def describe(self) -> str:
        """See `Task.describe`."""
        count = sum(map(len, self.opened.captions))
        images = counted(len(self.opened.images), "image")
        return f"{self.config.data.source}: {images}, {counted(count, 'caption')}"

    def distinct(self) -> list[int]:
        """Returns the indices of the first held-out samples with different captions."""
        first = {caption: i for i, caption in reversed(list(enumerate(self.captions)))}
        return sorted(first.values())[: self.config.train.samples]

    @classmethod
    def open_split(cls, config: ConfigDict, source: str, split: str) -> Captioned:
        """See `Task.open_split`."""
        return open_captions(config, split, source)

    @classmethod
    def resolve(cls, model: type[Any], config: ConfigDict, before: Mapping[str, Any]) -> ConfigDict:
        """Gives a word encoder without a vocabulary that of the training captions.

        See `Task.resolve`. A run that is resumed keeps its vocabulary.
        """
        del model
        encoder = config.text_encoder
        if encoder.name != "word_encoder" or encoder.get("vocabulary"):
            return config
        config = config.copy_and_resolve_references()
        with config.unlocked():
            known = before.get("text_encoder", {}).get("vocabulary")
            if not known:
                captions = distinct_captions(open_captions(config, config.data.split))
                known = vocabulary_of(captions)
            config.text_encoder.vocabulary = tuple(known)
        return config


def open_captions(
    config: ConfigDict, split: str, source: str | None = None, data_dir: str | None = None
) -> Captioned:
    """Opens captioned images by the rules of a config.

    Args:
        config: The run's config.
        split: A split of the source.
        source: The source; None for the config's.
        data_dir: Where `tfds:` keeps its data; None for the config's.
    """
    data, side = config.data, max(config.model_args.image_shape[:2])
    source, data_dir = source or data.source, data_dir or data.data_dir
    return open_source_for(open_captioned, source, split, side, data, data_dir=data_dir)

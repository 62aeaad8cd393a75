"""Images from texts, and what their texts are read with."""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data import (
    Captioned,
    Fit,
    Source,
    captioned,
    distinct_captions,
    figures,
    fit_for,
    load_images,
    load_source,
    open_captioned,
    parse_spec,
    use_cache,
)
from tfgan_zoo.data.fingerprints import Fingerprint, fingerprint_captioned
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.figures import caption_scores
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.models import GANCLS, JointEmbedding
from tfgan_zoo.models.texts import check_captions
from tfgan_zoo.networks import vocabulary_of
from tfgan_zoo.tasks.base import CACHE, Score, Workload, check_batch_size, held_out_split
from tfgan_zoo.tasks.distributions import DistributionScores
from tfgan_zoo.tasks.drawing import draw_texts


class CaptionsWorkload(Workload):
    """Images with captions."""

    data_entries = ("load_size", "num_captions", "distinct_classes")

    def __init__(
        self,
        config: ConfigDict,
        model: GANCLS | JointEmbedding,
        like: Workload | None = None,
    ):
        super().__init__(config, model, like)
        for entry, wanted in (("fit", "resize"), ("on_error", "raise")):
            if config.data[entry] != wanted:
                raise InputError(
                    f"data.{entry}: expected {wanted!r} for a model that draws texts, got "
                    f"{config.data[entry]!r}."
                )
        height = self.square_side()
        if config.data.load_size is not None and config.data.load_size < height:
            raise InputError(
                f"data.load_size: expected at least the model's {height} pixels, got "
                f"{config.data.load_size}."
            )
        self.like: CaptionsWorkload | None = None
        if isinstance(like, CaptionsWorkload):
            self.like = like
            self.opened: Captioned = like.opened
            self.opened_held_out: Captioned = like.opened_held_out
        else:
            self.opened = open_captions(config, config.data.split)
            check_captions(model.text_encoder, distinct_captions(self.opened), "data.source")
            held_out = config.evaluate.split
            self.opened_held_out = self.opened
            if held_out is not None:
                with held_out_split(config):
                    self.opened_held_out = open_captions(config, held_out)
                captions = distinct_captions(self.opened_held_out)
                if captions != distinct_captions(self.opened):  # else all is said
                    check_captions(model.text_encoder, captions, "evaluate.split")
        model.texts_checked = True
        self.check_batch(config.data.source, len(self.opened.images))
        self.pipeline(0, self.opened, cache=False)
        opened = self.opened_held_out
        count = min(len(opened.images), max(config.evaluate.samples, config.train.samples))
        self.captions = [captions[0] for captions in opened.captions[:count]]

    @functools.cached_property
    def held_out(self) -> np.ndarray:
        """The first images of those that sheets and scores are of."""
        images, count, like = self.opened_held_out.images, len(self.captions), self.like
        if (
            like is not None
            and like.model.image_shape == self.model.image_shape
            and len(like.captions) == count
        ):
            return like.held_out  # they are in memory once
        if self.opened_held_out is self.opened:
            # As what is trained on is held, but without holding all of it.
            images = self._in_memory(images, count)
        return load_images(images, self._fit(images, self.model.image_shape[0]), count)

    def fingerprints(self) -> dict[str, Fingerprint]:
        """See `Workload.fingerprints`."""
        source = self.config.data.source
        found = {"training data": fingerprint_captioned(self.opened, source)}
        if self.opened_held_out is not self.opened:
            found["evaluation data"] = fingerprint_captioned(self.opened_held_out, source)
        return found

    def _fit(self, images: Source, size: int) -> Fit:
        crop = self.config.data.crop
        return fit_for(images, image_size=size, channels=self.model.image_shape[-1], crop=crop)

    @functools.cached_property
    def data(self) -> Captioned:
        """What is trained on; what is to be cached is decoded, once."""
        return self.opened._replace(images=self._in_memory(self.opened.images))

    def _in_memory(self, images: Source, num: int | None = None) -> Source:
        """Decodes the first images, or all, unless they are not to be cached."""
        fitting = self._fit(images, self.config.data.load_size or self.model.image_shape[0])
        if not use_cache(images, fitting, CACHE[self.config.data.cache]):
            return images
        return load_source(images, fitting, num)

    def pipeline(
        self,
        start: int,
        opened: Captioned | None = None,
        cache: bool | str | None = None,
        **options: Any,
    ) -> tf.data.Dataset:
        """Returns training batches of images with strings, unless told otherwise."""
        data, shape = self.config.data, self.model.image_shape
        return captioned(
            self.data if opened is None else opened,
            batch_size=data.batch_size,
            image_size=shape[0],
            channels=shape[-1],
            crop=data.crop,
            load_size=data.load_size,
            flip=data.flip,
            seed=self.config.seed,
            start_step=start,
            distinct_classes=data.get("distinct_classes", False),
            cache=CACHE[data.cache] if cache is None else cache,
            **options,
        )

    def prepare(self) -> None:
        """See `Workload.prepare`."""
        self.held_out  # noqa: B018

    def describe(self) -> str:
        """See `Workload.describe`."""
        count = sum(map(len, self.opened.captions))
        return f"{self.config.data.source}: {len(self.opened.images):,} images, {count:,} captions"

    def distinct(self) -> list[int]:
        """Returns the numbers of the first held-out samples with captions that differ."""
        first = {caption: i for i, caption in reversed(list(enumerate(self.captions)))}
        return sorted(first.values())[: self.config.train.samples]


class TextToImageWorkload(CaptionsWorkload):
    """Images to be drawn from texts."""

    def __init__(self, config: ConfigDict, model: GANCLS, like: Workload | None = None):
        super().__init__(config, model, like)
        if model.text_encoder is None:
            raise InputError("text_encoder.name: expected a network that reads texts, got none.")
        self._embeddings: np.ndarray | None = None
        self.distributions = DistributionScores(config)

    def pretraining(self) -> ConfigDict | None:
        """The text encoder, with an image encoder."""
        settings = self.config.pretraining
        if not settings.steps:
            return None
        check_batch_size(
            "pretraining.batch_size",
            settings.batch_size,
            self.config.data.source,
            len(self.opened.images),
        )
        before = self.config.copy_and_resolve_references()
        before.unlock()
        before.model = "joint_embedding"
        dim = self.config.model_args.embedding_dim
        before.model_args = {"image_shape": self.model.image_shape, "embedding_dim": dim}
        before.train.steps = settings.steps
        before.data.batch_size = settings.batch_size
        before.data.num_captions = 1
        before.data.distinct_classes = settings.get("distinct_classes", False)
        before.train.jit_compile = False  # XLA has no strings
        before.evaluate.update(metrics=("retrieval",), main=None, patience=0)
        before.pretraining.steps = 0
        before.lock()
        config_lib.check(before)
        return before

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Workload.batches`; the encoder stays as it is, so each text is read once."""
        if self._embeddings is None:
            captions = distinct_captions(self.opened)
            self._embeddings = self.model.embed(captions, on_unknown="ignore")
        return self.pipeline(
            start, embeddings=self._embeddings, num_captions=self.config.data.num_captions
        )

    def sheet(self, model: GANCLS) -> np.ndarray:
        """Draws a row of samples of each of some held-out captions."""
        texts = [self.captions[i] for i in self.distinct()]
        return pictures.labelled_rows(texts, draw_texts(model, texts, num=8))

    def known_scores(self, num: int | None = None) -> dict[str, Score]:
        """See `Workload.known_scores`."""
        kind, view = parse_spec(self.config.data.source)
        rehearsed = num is not None
        most = min(self.config.evaluate.samples, len(self.captions))
        num = min(num or most, most)
        captions = self.captions[:num]

        def draw(model: GANCLS) -> np.ndarray:
            return model.generate(captions, seed=1, on_unknown="ignore")

        def swd(model: GANCLS) -> dict[str, float]:
            return {
                "swd": sliced_wasserstein(draw(model), pictures.from_uint8(self.held_out[:num]))
            }

        known: dict[str, Score] = {"swd": (swd, "swd", -1)}
        known |= self.distributions.known(num, lambda: self.held_out[:num], draw, rehearsed)
        split = self.config.evaluate.split or self.config.data.split
        colour = self.model.image_shape[-1] == 3
        if kind == "figures" and colour and split in figures.SPLIT_SIZES:
            wanted = figures.attributes(view, split, num)

            def drawn_as_asked(model: GANCLS) -> dict[str, float]:
                return caption_scores(pictures.to_uint8(draw(model)), wanted)

            known["figures"] = (drawn_as_asked, "seen_all", 1)
        return known


class JointEmbeddingWorkload(CaptionsWorkload):
    """Images and texts to be brought together."""

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Workload.batches`."""
        return self.pipeline(start)

    def sheet(self, model: JointEmbedding) -> np.ndarray:
        """Draws, for some held-out captions, the images that the model holds to be nearest."""
        texts = [self.captions[i] for i in self.distinct()]
        embeddings = model.embed(texts, on_unknown="ignore")
        scores = embeddings @ model.embed_images(self.held_out).T
        nearest = np.argsort(-scores, axis=1)[:, :8]
        return pictures.labelled_rows(texts, self.held_out[nearest])

    def known_scores(self, num: int | None = None) -> dict[str, Score]:
        """See `Workload.known_scores`."""
        num = min(num or self.config.evaluate.samples, self.config.evaluate.samples)
        captions = self.captions[:num]

        def retrieval(model: JointEmbedding) -> dict[str, float]:
            images = self.held_out[:num]
            texts = sorted(set(captions))
            embeddings = model.embed(texts, on_unknown="ignore")
            scores = model.embed_images(images) @ embeddings.T
            found = np.array(texts)[scores.argmax(axis=1)] == np.array(captions)
            return {"retrieval": float(found.mean())}

        return {"retrieval": (retrieval, "retrieval", 1)}


def open_captions(config: ConfigDict, split: str) -> Captioned:
    """Opens the captioned images of a config."""
    data, shape = config.data, config.model_args.image_shape
    kind, _ = parse_spec(data.source)
    return open_captioned(
        data.source,
        split,
        resolution=shape[0] if kind == "figures" else None,
        data_dir=data.data_dir,
        **config_lib.decoding(data),
    )


def with_vocabulary(config: ConfigDict, before: Mapping[str, Any] | None = None) -> ConfigDict:
    """Returns a config whose word encoder has a vocabulary: that of the captions to train on.

    Args:
        config: of the run.
        before: of a run that is resumed, whose vocabulary stays; None for a new one.
    """
    encoder = config.text_encoder
    if encoder.name != "word_encoder" or encoder.get("vocabulary"):
        return config
    config = config.copy_and_resolve_references()
    with config.unlocked():
        known = (before or {}).get("text_encoder", {}).get("vocabulary")
        if not known:
            captions = distinct_captions(open_captions(config, config.data.split))
            known = vocabulary_of(captions)
        config.text_encoder.vocabulary = tuple(known)
    return config

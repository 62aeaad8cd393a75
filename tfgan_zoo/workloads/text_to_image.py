"""Images from texts, and what their texts are read with."""

from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data import (
    ArraySource,
    Captioned,
    Fit,
    captioned,
    distinct_captions,
    figures,
    load_images,
    open_captioned,
    parse_spec,
    use_cache,
)
from tfgan_zoo.drawing import draw_texts
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.figures import caption_scores
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.models import GANCLS, JointEmbedding
from tfgan_zoo.models.texts import check_captions
from tfgan_zoo.networks import vocabulary_of
from tfgan_zoo.workloads.base import CACHE, Score, Workload
from tfgan_zoo.workloads.distributions import DistributionScores


class CaptionsWorkload(Workload):
    """Images with captions."""

    data_entries = ("load_size", "num_captions", "distinct_classes")

    def __init__(self, config: ConfigDict, model: GANCLS | JointEmbedding):
        super().__init__(config, model)
        for entry, wanted in (("fit", "resize"), ("on_error", "raise")):
            if config.data[entry] != wanted:
                raise InputError(
                    f"data.{entry}: expected {wanted!r} for a model that draws texts, got "
                    f"{config.data[entry]!r}."
                )
        height = self.square_side()
        self.data = open_captions(config, config.data.split)
        check_captions(model.text_encoder, distinct_captions(self.data), "data.source")
        model.texts_checked = True
        self.data = self._held(self.data)
        self.pipeline(0)
        held_out = config.evaluate.split
        opened = self.data if held_out is None else open_captions(config, held_out)
        if held_out is not None:
            check_captions(model.text_encoder, distinct_captions(opened), "evaluate.split")
        count = min(len(opened.images), max(config.evaluate.samples, config.train.samples))
        self.held_out = load_images(opened.images, self._fit(height), count)
        self.captions = [captions[0] for captions in opened.captions[:count]]

    def _fit(self, size: int) -> Fit:
        return Fit(size, self.model.image_shape[-1], self.config.data.crop)

    def _held(self, data: Captioned) -> Captioned:
        """Decodes what is to be cached, once."""
        fitting = self._fit(self.config.data.load_size or self.model.image_shape[0])
        if not use_cache(data.images, fitting, CACHE[self.config.data.cache]):
            return data
        images = load_images(data.images, fitting)
        return data._replace(images=ArraySource(data.images.spec, images))

    def pipeline(self, start: int, **options: Any) -> tf.data.Dataset:
        """Returns training batches of images with strings, unless told otherwise."""
        data, shape = self.config.data, self.model.image_shape
        return captioned(
            self.data,
            batch_size=data.batch_size,
            image_size=shape[0],
            channels=shape[-1],
            crop=data.crop,
            load_size=data.load_size,
            flip=data.flip,
            seed=self.config.seed,
            start_step=start,
            distinct_classes=data.get("distinct_classes", False),
            cache=CACHE[data.cache],
            **options,
        )

    def describe(self) -> str:
        """See `Workload.describe`."""
        count = sum(map(len, self.data.captions))
        return f"{self.config.data.source}: {len(self.data.images):,} images, {count:,} captions"

    def distinct(self) -> list[int]:
        """Returns the numbers of the first held-out samples with captions that differ."""
        first = {caption: i for i, caption in reversed(list(enumerate(self.captions)))}
        return sorted(first.values())[: self.config.train.samples]


class TextToImageWorkload(CaptionsWorkload):
    """Images to be drawn from texts."""

    def __init__(self, config: ConfigDict, model: GANCLS):
        super().__init__(config, model)
        if model.text_encoder is None:
            raise InputError("text_encoder.name: expected a network that reads texts, got none.")
        self._embeddings: np.ndarray | None = None
        self.distributions = DistributionScores(config)

    def pretraining(self) -> ConfigDict | None:
        """The text encoder, with an image encoder."""
        settings = self.config.pretraining
        if not settings.steps:
            return None
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
            captions = distinct_captions(self.data)
            self._embeddings = self.model.embed(captions, on_unknown="ignore")
        return self.pipeline(
            start, embeddings=self._embeddings, num_captions=self.config.data.num_captions
        )

    def sheet(self, model: GANCLS) -> np.ndarray:
        """Draws a row of samples of each of some held-out captions."""
        texts = [self.captions[i] for i in self.distinct()]
        return pictures.labelled_rows(texts, draw_texts(model, texts, num=8))

    def known_scores(self) -> dict[str, Score]:
        """See `Workload.known_scores`."""
        kind, view = parse_spec(self.config.data.source)
        num = min(self.config.evaluate.samples, len(self.captions))
        real, captions = self.held_out[:num], self.captions[:num]

        def draw(model: GANCLS) -> np.ndarray:
            return model.generate(captions, seed=1, on_unknown="ignore")

        def swd(model: GANCLS) -> dict[str, float]:
            made = draw(model)
            return {"swd": sliced_wasserstein(made, pictures.from_uint8(real))}

        known: dict[str, Score] = {"swd": (swd, "swd", -1)}
        known |= self.distributions.known(real, draw)
        split = self.config.evaluate.split or self.config.data.split
        if kind == "figures" and real.shape[-1] == 3 and split in figures.SPLIT_SIZES:
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

    def known_scores(self) -> dict[str, Score]:
        """See `Workload.known_scores`."""
        num = self.config.evaluate.samples
        images, captions = self.held_out[:num], self.captions[:num]

        def retrieval(model: JointEmbedding) -> dict[str, float]:
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


def with_vocabulary(config: ConfigDict) -> ConfigDict:
    """Returns a config whose word encoder has a vocabulary: that of the captions to train on."""
    encoder = config.text_encoder
    if encoder.name != "word_encoder" or encoder.get("vocabulary"):
        return config
    config = config.copy_and_resolve_references()
    with config.unlocked():
        captions = distinct_captions(open_captions(config, config.data.split))
        config.text_encoder.vocabulary = vocabulary_of(captions)
    return config

"""Images from texts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures, progress
from tfgan_zoo.data import distinct_captions, figures, fit_for, parse_spec
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.figures import caption_scores
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.models import GANCLS
from tfgan_zoo.models.texts import check_captions, unknown_in_texts
from tfgan_zoo.pictures.drawing import Drawing, DrawRequest
from tfgan_zoo.tasks.base import Score, Task, check_batch_size
from tfgan_zoo.tasks.captions import CaptionsTask, open_captions
from tfgan_zoo.tasks.comparison import BATCH, EvaluationTask, choose, reference
from tfgan_zoo.tasks.distribution_scores import DistributionScores
from tfgan_zoo.tasks.drawing import draw_texts, every_pair, generate, replicas_of, walk_between
from tfgan_zoo.tasks.requests import Request


class TextToImageTask(CaptionsTask):
    """Images to draw from texts."""

    draws = takes_texts = True
    use = "draws texts and translates no images; use tfgan_zoo.generate, with each text as --text"

    def __init__(self, config: ConfigDict, model: GANCLS, like: Task | None = None):
        super().__init__(config, model, like)
        if model.text_encoder is None:
            raise InputError("text_encoder.name: expected a network that reads texts, got none.")
        self._embeddings: np.ndarray | None = None
        self.distributions = DistributionScores(config)

    def pretraining(self) -> ConfigDict | None:
        """Returns the config of the text encoder's run, with an image encoder."""
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
        """See `Task.batches`; the encoder is fixed, so each text is embedded once."""
        if self._embeddings is None:
            captions = distinct_captions(self.opened)
            self._embeddings = self.model.embed(captions, on_unknown="ignore")
        return self.pipeline(
            start, embeddings=self._embeddings, num_captions=self.config.data.num_captions
        )

    def sheet(self, model: Any) -> np.ndarray:
        """Draws a row of samples for each of some held-out captions."""
        texts = [self.captions[i] for i in self.distinct()]
        return pictures.labelled_rows(texts, draw_texts(model, texts, num=8))

    def known_scores(self, rehearse_on: int | None = None) -> dict[str, Score]:
        """See `Task.known_scores`."""
        most = min(self.config.evaluate.samples, len(self.captions))
        num = min(rehearse_on or most, most)
        captions = self.captions[:num]

        def samples(model: Any) -> np.ndarray:
            return model.generate(captions, seed=1, on_unknown="ignore")

        def swd(model: Any) -> dict[str, float]:
            real = pictures.from_uint8(self.held_out[:num])
            return {"swd": sliced_wasserstein(samples(model), real)}

        known = {"swd": Score(swd, "swd", -1)}
        known |= self.distributions.known(
            num, lambda: self.held_out[:num], samples, rehearsal=rehearse_on is not None
        )
        source = self.config.data.source
        split = self.config.evaluate.split or self.config.data.split
        if figures_score := _figures_score(source, split, self.model, np.arange(num)):
            known["figures"] = Score(
                lambda model: figures_score(pictures.to_uint8(samples(model))), "seen_all", 1
            )
        return known

    @classmethod
    def drawing(cls, model: Any, request: DrawRequest) -> Drawing:
        """See `Task.drawing`; a row is a text, or a walk between texts."""
        texts, num = request.texts, request.num_samples()
        if not texts:
            raise InputError(
                f"--text: expected text for {request.workdir!r}, which draws from texts."
            )
        if message := unknown_in_texts(model.text_encoder, texts):
            progress.say(f"warning: --text: {message}")
        if request.interpolate:
            embeddings, latents = walk_between(
                model, texts, request.frames, num, request.seed, request.closed, request.truncation
            )
            labels, columns = [" -> ".join(texts)] * num, len(latents) // num
        else:
            embeddings = model.embed(texts, on_unknown="ignore")
            embeddings, latents = every_pair(
                embeddings, model.sample_latents(num, request.seed, request.truncation)
            )
            labels, columns = list(texts), num
        batches = generate(model, latents, embeddings=embeddings)
        return Drawing(batches, len(latents), columns, labels)

    @classmethod
    def evaluation(cls, model: Any, config: ConfigDict, request: Request) -> EvaluationTask:
        """See `Task.evaluation`; a sample is drawn from the first caption of each real image."""
        *size, channels = model.image_shape
        opened = open_captions(config, request.split, request.source, request.data_dir)
        chosen = choose(len(opened.images), request.num)
        captions = [opened.captions[i][0] for i in chosen]
        check_captions(model.text_encoder, sorted(set(captions)), "--data", held_out=True)

        def generated(start: int = 0) -> Iterator[np.ndarray]:
            latents = model.sample_latents(len(captions), request.seed)
            batch = BATCH * replicas_of(model)
            for i in range(start // batch * batch, len(captions), batch):
                part = slice(i, i + batch)
                images = model.generate(captions[part], latents=latents[part], on_unknown="ignore")
                yield images[max(0, start - i) :]

        figures_score = _figures_score(request.source, request.split, model, chosen)
        fitting = fit_for(opened.images, image_size=size, channels=channels, crop=config.data.crop)
        return EvaluationTask(
            generated,
            len(captions),
            reference(opened.images, chosen, fitting, request),
            {"figures": figures_score} if figures_score else {},
            resumes=True,
            given=captions,
        )


def _figures_score(
    source: str, split: str, model: Any, indices: np.ndarray
) -> Callable[[np.ndarray], Mapping[str, float]] | None:
    """Returns a function that compares uint8 images with the figures that their captions describe.

    None unless the source has the drawn figures in colour, and the images are squares.

    Args:
        source: The source.
        split: Its split.
        model: The model.
        indices: The captions that were drawn.
    """
    kind, view = parse_spec(source)
    height, width, channels = model.image_shape
    readable = height == width and channels == 3
    if kind != "figures" or not readable or split not in figures.SPLIT_SIZES:
        return None
    wanted = figures.attributes(view, split)[indices]
    return lambda images: caption_scores(images, wanted)

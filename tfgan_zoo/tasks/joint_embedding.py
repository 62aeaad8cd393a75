"""Images and texts in one space."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo import pictures
from tfgan_zoo.errors import InputError
from tfgan_zoo.tasks.base import Score
from tfgan_zoo.tasks.captions import CaptionsTask


class JointEmbeddingTask(CaptionsTask):
    """Images and texts to embed together."""

    evaluates = ""
    use = (
        "embeds texts and images and generates none; export it, or start a gan_cls run from its "
        "text encoder with --config.pretraining.steps=0 --config.train.generator_from"
    )

    @classmethod
    def refusal(cls, workdir: str, model: Any = None) -> InputError:
        """See `Task.refusal`."""
        if Path(workdir).expanduser().resolve().name == "pretraining":
            return InputError(
                f"--workdir: {workdir!r} is the first stage of a run and draws nothing; give the "
                "run itself, the folder that holds it."
            )
        return super().refusal(workdir, model)

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Task.batches`."""
        return self.pipeline(start)

    def sheet(self, model: Any) -> np.ndarray:
        """Draws the images nearest to some held-out captions, a row for each caption."""
        texts = [self.captions[i] for i in self.distinct()]
        embeddings = model.embed(texts, on_unknown="ignore")
        scores = embeddings @ model.embed_images(self.held_out).T
        nearest = np.argsort(-scores, axis=1)[:, :8]
        return pictures.labelled_rows(texts, self.held_out[nearest])

    def known_scores(self, rehearse_on: int | None = None) -> dict[str, Score]:
        """See `Task.known_scores`."""
        num = min(rehearse_on or self.config.evaluate.samples, self.config.evaluate.samples)
        captions = self.captions[:num]

        def retrieval(model: Any) -> dict[str, float]:
            images = self.held_out[:num]
            texts = sorted(set(captions))
            embeddings = model.embed(texts, on_unknown="ignore")
            scores = model.embed_images(images) @ embeddings.T
            found = np.array(texts)[scores.argmax(axis=1)] == np.array(captions)
            return {"retrieval": float(found.mean())}

        return {"retrieval": Score(retrieval, "retrieval", 1)}

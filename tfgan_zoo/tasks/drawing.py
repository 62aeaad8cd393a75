"""Samples of models under chosen noise and conditions.

Nothing here warns of words that a text encoder does not know; callers do, once.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.samples import VOXELS, kind_of

#: Images generated at a time on each replica, in batches of a model's `generate`.
_BATCH = 512
#: Voxels generated at a time: a batch may take a thousand times the memory of one of images.
_VOXELS = 32


def replicas_of(model: Any) -> int:
    """Returns the number of replicas that share a model's samples.

    They are those of the strategy in whose scope the model was made. Anything else that has a
    `generate` is called as on one device.

    Args:
        model: A Keras model, or an object with a `generate`.
    """
    if not isinstance(model, keras.Model):
        return 1
    return model.distribute_strategy.num_replicas_in_sync


def generate(model: Any, latents: np.ndarray, **given: np.ndarray) -> "Generated":
    """Generates images, floats in [-1, 1], in batches.

    Args:
        model: The model.
        latents: Its latents, shape `[num, latent_dim]`.
        **given: Further arguments of its `generate`, an entry for each of the latents.
    """
    return Generated(model, latents, given)


class Generated:
    """Batches of images, which are generated when they are iterated over.

    On several replicas more images are generated at a time, and each replica has batches of the
    same images as one device has, so that they are the same ones.

    Args:
        model: See `generate`, as for the others.
        latents: The latents.
        given: The further arguments.
    """

    def __init__(self, model: Any, latents: np.ndarray, given: Mapping[str, np.ndarray]):
        self._model, self._latents, self._given = model, latents, given
        voxels, replicas = kind_of(model.image_shape) is VOXELS, replicas_of(model)
        self._batch = replicas * (_VOXELS if voxels else _BATCH)
        # Otherwise the first replica would have all voxels.
        self._size = {"batch_size": _VOXELS} if voxels and replicas > 1 else {}

    def __iter__(self) -> Iterator[np.ndarray]:
        return self.after(0)

    def after(self, num: int) -> Iterator[np.ndarray]:
        """Generates the images after the first `num`, the same ones as without these."""
        # Batches stay where they are, as the last digits of an image may depend on its batch.
        for i in range(num // self._batch * self._batch, len(self._latents), self._batch):
            part = slice(i, i + self._batch)
            conditions = {name: values[part] for name, values in self._given.items()}
            images = self._model.generate(latents=self._latents[part], **conditions, **self._size)
            yield images[max(0, num - i) :]


def every_pair(conditions: np.ndarray, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns each condition with each of the latents, the latents varying fastest."""
    rows = np.repeat(conditions, len(latents), axis=0)
    return rows, np.tile(latents, (len(conditions), 1))


def draw_texts(model: Any, texts: Sequence[str], num: int, seed: int = 0) -> np.ndarray:
    """Draws each text from the same latents.

    Args:
        model: A text-to-image model.
        texts: The texts.
        num: Images per text.
        seed: Seed of the latents; the i-th image of every text has the same.

    Returns:
        uint8, shape `[len(texts), num, height, width, channels]`.
    """
    embeddings = model.embed(texts, on_unknown="ignore")
    embeddings, latents = every_pair(embeddings, model.sample_latents(num, seed))
    images = np.concatenate(list(generate(model, latents, embeddings=embeddings)))
    return pictures.to_uint8(images).reshape(len(texts), -1, *images.shape[1:])


def walk_between(
    model: Any,
    texts: Sequence[str],
    frames: int,
    num: int,
    seed: int = 0,
    closed: bool = False,
    truncation: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns straight walks from the embedding of each text to that of the next.

    Args:
        model: A text-to-image model.
        texts: Two or more texts.
        frames: Images from text to text, both included.
        num: Walks, each with latents of its own.
        seed: Seed of the latents.
        closed: Whether to return to the first text; see `pictures.walk`.
        truncation: See `NoiseToImage.generate`.

    Returns:
        The embeddings and latents of all images, walk by walk.
    """
    embeddings = model.embed(texts, on_unknown="ignore")
    embeddings = pictures.walk(embeddings, frames, "linear", closed)
    latents = model.sample_latents(num, seed, truncation)
    latents, embeddings = every_pair(latents, embeddings)
    return embeddings, latents

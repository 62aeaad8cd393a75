"""What a text-to-image model draws, arranged for people to look at.

Nothing here warns of words that the model's text encoder does not know; its callers do, once.
"""

from collections.abc import Sequence

import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.models import GANCLS


def draw_texts(model: GANCLS, texts: Sequence[str], num: int, seed: int = 0) -> np.ndarray:
    """Draws each text under the same few noises.

    Args:
        model: draws.
        texts: what to draw.
        num: images of each text.
        seed: of the noise; the i-th image of every text has the same.

    Returns:
        uint8, shape (len(texts), num, height, width, channels).
    """
    embeddings = model.embed(texts, on_unknown="ignore")
    return _draw(model, embeddings, model.sample_latents(num, seed))


def draw_between(
    model: GANCLS, texts: Sequence[str], frames: int, num: int, seed: int = 0, closed: bool = False
) -> np.ndarray:
    """Draws what lies between texts: a straight walk from embedding to embedding.

    Args:
        model: draws.
        texts: two or more, the ends of the stretches.
        frames: images of a stretch, its ends included.
        num: walks, each under a noise of its own.
        seed: of the noise.
        closed: walk back to the first text; see `pictures.walk`.

    Returns:
        uint8, shape (num, steps, height, width, channels).
    """
    embeddings = model.embed(texts, on_unknown="ignore")
    embeddings = pictures.walk(embeddings, frames, "linear", closed)
    return _draw(model, embeddings, model.sample_latents(num, seed)).swapaxes(0, 1)


def _draw(model: GANCLS, embeddings: np.ndarray, latents: np.ndarray) -> np.ndarray:
    made = model.generate(
        embeddings=np.repeat(embeddings, len(latents), axis=0),
        latents=np.tile(latents, (len(embeddings), 1)),
    )
    return pictures.to_uint8(made).reshape(len(embeddings), len(latents), *made.shape[1:])

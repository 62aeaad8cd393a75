"""Small games, trained for figures."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

#: Draws a batch, points `[B, size]` or images, by a generator of random numbers.
Draw = Callable[[int, np.random.Generator], np.ndarray]


def generator(size: int, latent_dim: int, units: tuple[int, ...] = (64, 64)) -> Any:
    """Returns a fully connected generator of points."""
    from tfgan_zoo import networks

    return networks.mlp_generator((size,), latent_dim, units=units, initializer="he_uniform")


def discriminator(size: int, units: tuple[int, ...] = (64, 64), packing: int = 1) -> Any:
    """Returns a fully connected discriminator of points, without dropout."""
    from tfgan_zoo import networks

    return networks.mlp_discriminator(
        (size * packing,),
        units=units,
        maxout_pieces=0,
        input_dropout=0.0,
        dropout=0.0,
        initializer="he_uniform",
    )


def fit(
    model: Any,
    draw: Draw,
    stops: list[int],
    snapshot: Callable[[int], Any],
    batch: int = 128,
) -> list[Any]:
    """Trains a compiled model on new data, and returns a snapshot at each stop.

    Args:
        model: The model.
        draw: Draws data.
        stops: Numbers of steps, rising; 0 is before the first step. From each stop to the next, the
            data are the first ones of the same sequence.
        snapshot: Called with the number of steps.
        batch: Samples of each update of a player.

    Raises:
        NonFiniteLossError: If training diverges.
    """
    import tensorflow as tf

    from tfgan_zoo.callbacks import StopOnNonFinite

    # A game may take several batches in a step.
    num = model.samples_per_step(batch) if hasattr(model, "samples_per_step") else batch

    def batches() -> Iterator[np.ndarray]:
        rng = np.random.default_rng(0)
        while True:
            yield draw(num, rng)

    first = next(batches())
    data = tf.data.Dataset.from_generator(
        batches, output_signature=tf.TensorSpec(first.shape, first.dtype)
    )
    stream, found, done = data.prefetch(2), [], 0
    for stop in stops:
        if stop > done:
            model.fit(
                stream,
                steps_per_epoch=stop - done,
                epochs=1,
                verbose=0,
                shuffle=False,
                callbacks=[StopOnNonFinite()],
            )
        done = stop
        found.append(snapshot(stop))
    return found

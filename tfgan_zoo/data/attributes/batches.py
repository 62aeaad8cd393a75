"""From images with attributes to the batches that a model is trained on.

As in `pipeline`, batch `s` is a function of the data, the seed and `s`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo.data.attributes.opening import Attributed
from tfgan_zoo.data.images import Fit
from tfgan_zoo.data.loading import fit_for, load_sources
from tfgan_zoo.data.pipeline import batches, check_steps, gather, mapped, with_options
from tfgan_zoo.data.source import Source
from tfgan_zoo.data.storage import Caching, storage_for
from tfgan_zoo.errors import check_seed


def attributed(
    data: Attributed,
    *,
    batch_size: int,
    image_size: int | Sequence[int] | None = None,
    channels: int | None = None,
    crop: int | None = None,
    seed: int = 0,
    start_step: int = 0,
    cache: bool | str | Caching = "auto",
) -> tf.data.Dataset:
    """Infinite batches of images with their attributes and masks.

    Every epoch visits each image exactly once, in an order of its own. Nothing is mirrored or cut
    at random: that would change what attributes say of an image.

    Args:
        data: From `open_attributed`.
        batch_size: Images per batch, over all replicas.
        image_size: Side in pixels, or height and width; None for the side of the images, if they
            have one.
        channels: See `images.Fit`; None for those of the source.
        crop: Side of the central square that is cut out of images and masks first.
        seed: Seed of the order, any integer.
        start_step: Number of the first batch.
        cache: See `unconditional`.

    Returns:
        An infinite dataset of dicts: "attributes", the codes float32 `[batch_size, C]`; "image",
        uint8 `[batch_size, height, width, channels]`; and "mask", uint8 of one channel, if there
        are masks.

    Raises:
        InputError: If an image cannot be read or fitted, there are fewer than a batch, or an option
            is invalid.

    Example:
        >>> data = open_attributed("figures/attributes")
        >>> attributed(data, batch_size=64).element_spec["mask"]
        TensorSpec(shape=(64, 32, 32, 1), dtype=tf.uint8, name=None)
    """
    seed = check_seed(seed)
    check_steps(batch_size, start_step)
    fittings = fits(data, image_size, channels, crop)
    sources = sources_of(data)
    storage = storage_for(sources, fittings, cache)
    dataset = batches(sources, fittings, batch_size, seed, start_step, storage)
    codes = gather({"attributes": data.attributes.encode(data.values)})

    def complete(index: tf.Tensor, images: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        return codes(index) | dict(zip(("image", "mask"), images, strict=False))

    return with_options(mapped(dataset, complete, num_parallel_calls=tf.data.AUTOTUNE))


def load_attributed(
    data: Attributed,
    num: int | None = None,
    image_size: int | Sequence[int] | None = None,
    channels: int | None = None,
    crop: int | None = None,
) -> Attributed:
    """Decodes and fits the first images and masks.

    Args:
        data: From `open_attributed`.
        num: Number of images; None for all.
        image_size: See `attributed`.
        channels: See `attributed`.
        crop: See `attributed`. It is not applied again to what is returned.

    Returns:
        The data in memory, without unusable images.

    Raises:
        InputError: If an image cannot be read or fitted.
    """
    images, *masks = load_sources(sources_of(data), fits(data, image_size, channels, crop), num)
    values = {name: np.asarray(each)[images.indices] for name, each in data.values.items()}
    return data._replace(images=images, masks=masks[0] if masks else None, values=values)


def sources_of(data: Attributed) -> list[Source]:
    """Returns the sources of images and, if there are any, of masks."""
    return [data.images] if data.masks is None else [data.images, data.masks]


def fits(data: Attributed, image_size: Any, channels: int | None, crop: int | None) -> list[Fit]:
    """Returns how images, and masks, become the size that is asked for."""
    numbers = [channels, 1]
    return [
        fit_for(source, image_size=image_size, channels=number, crop=crop)
        for source, number in zip(sources_of(data), numbers, strict=False)
    ]

"""Batches of crops in high and in low resolution, for super-resolution."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.data.imresize import imresize_graph
from tfgan_zoo.data.loading import first_usable, in_threads, size_of
from tfgan_zoo.data.pipeline import (
    augmented,
    check_steps,
    count_from,
    decoded,
    epochs,
    mapped,
    on_cpu,
    own_samples,
    random_flip,
    with_options,
)
from tfgan_zoo.data.resolutions import Resolutions, as_resolutions, read_pair
from tfgan_zoo.data.source import Source
from tfgan_zoo.data.storage import Caching, decide_cache, skips_errors
from tfgan_zoo.errors import InputError, check_number, check_seed

_Pair = tuple[np.ndarray | None, np.ndarray]
"""An image in low resolution, None if that is not stored, and in high resolution."""

Cut = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tuple[tf.Tensor, ...]]]
"""Maps indices `[B]` and places `[B, 2]` in [0, 1) to the indices and crops of images used."""


def super_resolution(
    opened: Resolutions | Source | np.ndarray | str | os.PathLike,
    *,
    batch_size: int,
    crop_size: int | tuple[int, int] = 96,
    channels: int = 3,
    flip: bool = False,
    seed: int = 0,
    start_step: int = 0,
    cache: bool | str | Caching = "auto",
    held: Cut | None = None,
) -> tf.data.Dataset:
    """Infinite batches of `(lr, hr)`, as SRGAN is trained on (https://arxiv.org/abs/1609.04802).

    Every epoch visits each image exactly once, in an order of its own, and cuts a random crop out
    of it. The low resolution is the same crop of the image in low resolution; if that is not
    stored, `imresize` computes it from the crop. As in `pipeline`, batch `s` is a function of the
    source, the seed and `s`.

    Args:
        opened: From `open_super_resolution`; or what it opens at scale 4, or images for that scale,
            as an array or a source.
        batch_size: Crops per batch, over all replicas.
        crop_size: Side of square crops in high resolution, or height and width; multiples of the
            scale.
        channels: 1 or 3.
        flip: Mirror each crop left to right with probability 1/2.
        seed: Seed of order, places and flips, any integer.
        start_step: Number of the first batch.
        cache: True decodes everything once, into memory; False decodes at every visit; "auto"
            caches what takes at most a quarter of the machine's memory, or that of a `Caching`,
            estimated from some images. "disk" decodes at every visit, too.
        held: Result of `preload` for the same images, crop size and channels; None to cache images
            for this dataset alone.

    Returns:
        An infinite dataset of uint8 `[batch_size, height / scale, width / scale, channels]` and
        `[batch_size, height, width, channels]` in 0..255, height and width being `crop_size`.

    Raises:
        InputError: If an image cannot be read, is smaller than the crop or does not match its
            partner, or an option is invalid.

    Example:
        >>> opened = open_super_resolution("figures", resolution=96, num=100)
        >>> lr, hr = super_resolution(opened, batch_size=4, crop_size=48).element_spec
        >>> lr
        TensorSpec(shape=(4, 12, 12, 3), dtype=tf.uint8, name=None)
    """
    seed = check_seed(seed)
    opened = as_resolutions(opened)
    scale = opened.scale
    check_steps(batch_size, start_step)
    size = _size(crop_size, scale)
    read = _reader(opened, size, channels)
    factors = [1] if opened.lr is None else [scale, 1]
    order = epochs(len(opened.hr), batch_size, seed, start_step)
    # The place of each crop, as fractions of the way from one edge to the other.
    places = mapped(
        count_from(start_step),
        lambda step: tf.random.stateless_uniform(
            [batch_size, 2], noise.key(seed, "crop", step), dtype=tf.float64
        ),
    )
    if held is None:
        held = preload(opened, crop_size=crop_size, channels=channels, cache=cache)
    if held is not None:
        indices = order.rebatch(batch_size, drop_remainder=True)
        crops = mapped(tf.data.Dataset.zip(indices, places), held)
    else:

        def read_crop(index: int, place: np.ndarray) -> tuple[int, list[np.ndarray]]:
            found, pair = read(index)
            return found, _cut(pair, place, size, scale)

        shapes = [(size[0] // factor, size[1] // factor, channels) for factor in factors]
        samples = tf.data.Dataset.zip(order.unbatch(), places.unbatch())
        crops = decoded(*own_samples(read_crop, samples, batch_size, shapes), shapes)
        crops = crops.batch(batch_size, drop_remainder=True)

    def complete(
        index: tf.Tensor, images: tuple[tf.Tensor, ...], step: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        # Seed and step alone decide which are mirrored: the same in both resolutions.
        images = tuple(random_flip(each, seed, step) for each in images) if flip else images
        hr = images[-1]
        return (imresize_graph(hr, scale) if len(images) == 1 else images[0]), hr

    return with_options(augmented(crops, complete, start_step))


def preload(
    opened: Resolutions | Source | np.ndarray | str | os.PathLike,
    *,
    crop_size: int | tuple[int, int] = 96,
    channels: int = 3,
    cache: bool | str | Caching = "auto",
) -> Cut | None:
    """Decodes images once, for several datasets of `super_resolution` to share.

    Args:
        opened: From `open_super_resolution`.
        crop_size: See `super_resolution`.
        channels: 1 or 3.
        cache: See `super_resolution`.

    Returns:
        A function that cuts crops out of the images in memory; None if they are not to be cached.

    Raises:
        InputError: As for `super_resolution`.

    Example:
        >>> opened = open_super_resolution("figures", resolution=96, num=100)
        >>> held = preload(opened, crop_size=48)
        >>> dataset = super_resolution(opened, batch_size=4, crop_size=48, held=held)
    """
    opened = as_resolutions(opened)
    if not decide_cache(cache, lambda: _num_bytes(opened, channels)):
        return None
    size = _size(crop_size, opened.scale)
    read = _reader(opened, size, channels)
    pairs = list(in_threads(read, len(opened.hr), opened.hr.spec, "images"))
    return _cut_from_memory(pairs, size, opened.scale)


hold = preload  # Its earlier name.


def _size(crop_size: int | tuple[int, int], scale: int) -> tuple[int, int]:
    """Returns height and width of crops."""
    side = size_of("crop_size", crop_size)
    height, width = (side, side) if isinstance(side, int) else side
    check_number("crop_size", min(height, width), least=scale, whole=True)
    if height % scale or width % scale:
        raise InputError(f"crop_size: expected a multiple of scale={scale}, got {side!r}.")
    return height, width


def _reader(
    opened: Resolutions, size: tuple[int, int], channels: int
) -> Callable[[int], tuple[int, _Pair]]:
    """Returns a function that reads an image, or the next usable one; see `first_usable`."""
    if channels not in (1, 3):
        raise InputError(f"channels: expected 1 (grey) or 3 (colour), got {channels!r}.")

    def read(index: int) -> _Pair:
        lr, hr = read_pair(opened, index, channels)
        height, width = hr.shape[:2]
        if height < size[0] or width < size[1]:
            square = size[0] == size[1]
            least = min(height, width) if square else (height, width)
            raise InputError(
                f"{opened.hr.name(index)} is {width}x{height} pixels, too small for "
                f"crop_size={size[0] if square else size}; choose one of at most {least}, or "
                "remove the image."
            )
        return lr, hr

    sources = [opened.hr] if opened.lr is None else [opened.hr, opened.lr]
    return first_usable(
        read, len(opened.hr), skip=skips_errors(sources), label=opened.hr.spec, unit="images"
    )


def _cut(pair: _Pair, place: np.ndarray, size: tuple[int, int], scale: int) -> list[np.ndarray]:
    """Cuts the same crop out of both resolutions, or of the high one if there is no other."""
    lr, hr = pair
    # Crops lie on whole pixels of a stored low resolution.
    unit = 1 if lr is None else scale
    top, left = (
        int(share * ((side - wanted) // unit + 1)) * unit
        for share, side, wanted in zip(place, hr.shape[:2], size, strict=True)
    )
    height, width = size
    crop = hr[top : top + height, left : left + width]
    if lr is None:
        return [crop]
    top, left, height, width = (n // scale for n in (top, left, height, width))
    return [lr[top : top + height, left : left + width], crop]


def _cut_from_memory(pairs: list[tuple[int, _Pair]], size: tuple[int, int], scale: int) -> Cut:
    """Returns what `_cut` does, for a batch and in TensorFlow alone; empties the list of pairs."""
    # An image that stands in for others is held once.
    images = dict(pairs)
    rank = {index: row for row, index in enumerate(images)}
    indices = on_cpu([index for index, _ in pairs], tf.int64)
    rows = on_cpu([rank[index] for index, _ in pairs], tf.int64)
    pairs.clear()
    highs = [hr for _, hr in images.values()]
    lows = [lr for lr, _ in images.values() if lr is not None]
    images.clear()
    unit = scale if lows else 1
    shapes = np.array([hr.shape[:2] for hr in highs])
    sides = on_cpu(shapes, tf.int64)
    # All pixels in one list, from which one gather picks: images differ in size.
    kept = []
    for some, factor in ((lows, scale), (highs, 1)) if lows else ((highs, 1),):
        sizes = shapes // factor
        ends = np.cumsum(sizes.prod(axis=1))
        pixels = on_cpu(_join(some))
        starts = on_cpu(ends - sizes.prod(axis=1), tf.int64)
        kept.append((pixels, starts, on_cpu(sizes[:, 1], tf.int64), factor))

    def cut(index: tf.Tensor, place: tf.Tensor) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
        row = tf.gather(rows, index)
        room = (tf.gather(sides, row) - size) // unit + 1
        corners = tf.cast(place * tf.cast(room, tf.float64), tf.int64) * unit
        crops = []
        for pixels, starts, widths, factor in kept:
            high, wide = (side // factor for side in size)
            down, along = (tf.range(side, dtype=tf.int64) for side in (high, wide))
            top, left = tf.unstack(corners[:, :, tf.newaxis] // factor, axis=1)
            width = tf.gather(widths, row)[:, tf.newaxis]
            lines = tf.gather(starts, row)[:, tf.newaxis] + (top + down) * width + left
            crop = tf.gather(pixels, lines[:, :, tf.newaxis] + along)
            crops.append(tf.ensure_shape(crop, [place.shape[0], high, wide, pixels.shape[1]]))
        return tf.gather(indices, index), tuple(crops)

    return cut


def _join(images: list[np.ndarray]) -> np.ndarray:
    """Joins all pixels, uint8 `[pixels, channels]`, and empties the list.

    So decoded images are not in memory twice.
    """
    count, channels = sum(image.size for image in images), images[0].shape[-1]
    pixels = np.empty((count // channels, channels), np.uint8)
    end = len(pixels)
    while images:
        image = images.pop().reshape(-1, channels)
        pixels[end - len(image) : end] = image
        end -= len(image)
    return pixels


def _num_bytes(opened: Resolutions, channels: int) -> float:
    """Estimates the memory that the images take from the headers of some.

    Reading a million headers would take minutes.
    """
    num = len(opened.hr)
    pixels = []
    for index in range(0, num, max(1, num // 256)):
        try:
            width, height = opened.hr.size(index)
        except InputError:
            continue  # Reading it later raises the error again, or leaves the image out.
        pixels.append(width * height)
    stored = 1 + (opened.lr is not None) / opened.scale**2
    return num * float(np.mean(pixels or [0])) * channels * stored

"""Batches of squares in high and in low resolution, for super-resolution."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.data.imresize import imresize_graph
from tfgan_zoo.data.loading import decide_cache, first_usable, in_threads, skips_errors
from tfgan_zoo.data.pipeline import (
    augmented,
    check_steps,
    decoded,
    epochs,
    on_cpu,
    random_flip,
    with_options,
)
from tfgan_zoo.data.resolutions import Resolutions, as_resolutions, read_pair
from tfgan_zoo.data.source import Source
from tfgan_zoo.errors import InputError, check_number, check_seed

_Pair = tuple[np.ndarray | None, np.ndarray]
"""An image in low resolution, None if that is not stored, and in high resolution."""

Cut = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tuple[tf.Tensor, ...]]]
"""Maps indices `[B]` and places `[B, 2]` in [0, 1) to the indices and squares of images used."""


def super_resolution(
    opened: Resolutions | Source | np.ndarray | str | os.PathLike,
    *,
    batch_size: int,
    crop_size: int = 96,
    channels: int = 3,
    flip: bool = False,
    seed: int = 0,
    start_step: int = 0,
    cache: bool | str = "auto",
    held: Cut | None = None,
) -> tf.data.Dataset:
    """Infinite batches of `(lr, hr)`, as SRGAN is trained on (https://arxiv.org/abs/1609.04802).

    Every epoch visits each image exactly once, in an order of its own, and cuts a random
    square out of it. The low resolution is the same square of the image in low resolution;
    if that is not stored, `imresize` computes it from the square. As in `pipeline`, batch `s` is a
    function of the source, the seed and `s`.

    Args:
        opened: From `open_super_resolution`; or what it opens at scale 4, or images for that scale,
            as an array or a source.
        batch_size: Squares per batch, over all replicas.
        crop_size: Side of the squares in high resolution, a multiple of the scale.
        channels: 1 or 3.
        flip: Mirror each square left to right with probability 1/2.
        seed: Seed of order, places and flips, any integer.
        start_step: Number of the first batch.
        cache: True decodes everything once, into memory; False decodes at every visit; "auto"
            caches what takes at most `loading.MEMORY_LIMIT` bytes, estimated from some images.
        held: Result of `preload` for the same images, crop size and channels; None to cache images
            for this dataset alone.

    Returns:
        An infinite dataset of uint8 `[batch_size, crop_size / scale, crop_size / scale, channels]`
        and `[batch_size, crop_size, crop_size, channels]` in 0..255.

    Raises:
        InputError: If an image cannot be read, is smaller than the square or does not match its
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
    read = _reader(opened, crop_size, channels)
    sides = [crop_size] if opened.lr is None else [crop_size // scale, crop_size]
    order = epochs(len(opened.hr), batch_size, seed, start_step)
    # The place of each square, as fractions of the way from one edge to the other.
    places = tf.data.Dataset.counter(start_step).map(
        lambda step: tf.random.stateless_uniform(
            [batch_size, 2], noise.key(seed, "crop", step), dtype=tf.float64
        )
    )
    if held is None:
        held = preload(opened, crop_size=crop_size, channels=channels, cache=cache)
    if held is not None:
        indices = order.rebatch(batch_size, drop_remainder=True)
        squares = tf.data.Dataset.zip(indices, places).map(held)
    else:

        def read_square(index: int, place: np.ndarray) -> tuple[int, list[np.ndarray]]:
            found, pair = read(index)
            return found, _cut(pair, place, crop_size, scale)

        squares = decoded(
            read_square,
            tf.data.Dataset.zip(order.unbatch(), places.unbatch()),
            [(side, side, channels) for side in sides],
        ).batch(batch_size, drop_remainder=True)

    def complete(
        index: tf.Tensor, images: tuple[tf.Tensor, ...], step: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        # Seed and step alone decide which are mirrored: the same in both resolutions.
        images = tuple(random_flip(each, seed, step) for each in images) if flip else images
        hr = images[-1]
        return (imresize_graph(hr, scale) if len(images) == 1 else images[0]), hr

    return with_options(augmented(squares, complete, start_step))


def preload(
    opened: Resolutions | Source | np.ndarray | str | os.PathLike,
    *,
    crop_size: int = 96,
    channels: int = 3,
    cache: bool | str = "auto",
) -> Cut | None:
    """Decodes images once, for several datasets of `super_resolution` to share.

    Args:
        opened: From `open_super_resolution`.
        crop_size: See `super_resolution`.
        channels: 1 or 3.
        cache: See `super_resolution`.

    Returns:
        A function that cuts squares out of the images in memory; None if they are not to be cached.

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
    read = _reader(opened, crop_size, channels)
    pairs = list(in_threads(read, len(opened.hr), opened.hr.spec, "images"))
    return _cut_from_memory(pairs, crop_size, opened.scale)


hold = preload  # Its earlier name.


def _reader(
    opened: Resolutions, crop_size: int, channels: int
) -> Callable[[int], tuple[int, _Pair]]:
    """Returns a function that reads an image, or the next usable one; see `first_usable`."""
    check_number("crop_size", crop_size, least=opened.scale, whole=True)
    if crop_size % opened.scale:
        raise InputError(
            f"crop_size: expected a multiple of scale={opened.scale}, got {crop_size!r}."
        )
    if channels not in (1, 3):
        raise InputError(f"channels: expected 1 (grey) or 3 (colour), got {channels!r}.")

    def read(index: int) -> _Pair:
        lr, hr = read_pair(opened, index, channels)
        height, width = hr.shape[:2]
        if min(height, width) < crop_size:
            raise InputError(
                f"{opened.hr.name(index)} is {width}x{height} pixels, too small for "
                f"crop_size={crop_size}; choose one of at most {min(height, width)}, or remove the "
                "image."
            )
        return lr, hr

    sources = [opened.hr] if opened.lr is None else [opened.hr, opened.lr]
    return first_usable(
        read, len(opened.hr), skip=skips_errors(sources), label=opened.hr.spec, unit="images"
    )


def _cut(pair: _Pair, place: np.ndarray, crop_size: int, scale: int) -> list[np.ndarray]:
    """Cuts the same square out of both resolutions, or of the high one if there is no other."""
    lr, hr = pair
    # Squares lie on whole pixels of a stored low resolution.
    unit = 1 if lr is None else scale
    top, left = (
        int(share * ((side - crop_size) // unit + 1)) * unit
        for share, side in zip(place, hr.shape[:2], strict=True)
    )
    square = hr[top : top + crop_size, left : left + crop_size]
    if lr is None:
        return [square]
    top, left, side = top // scale, left // scale, crop_size // scale
    return [lr[top : top + side, left : left + side], square]


def _cut_from_memory(pairs: list[tuple[int, _Pair]], crop_size: int, scale: int) -> Cut:
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
        room = (tf.gather(sides, row) - crop_size) // unit + 1
        corners = tf.cast(place * tf.cast(room, tf.float64), tf.int64) * unit
        squares = []
        for pixels, starts, widths, factor in kept:
            side = crop_size // factor
            window = tf.range(side, dtype=tf.int64)
            top, left = tf.unstack(corners[:, :, tf.newaxis] // factor, axis=1)
            width = tf.gather(widths, row)[:, tf.newaxis]
            lines = tf.gather(starts, row)[:, tf.newaxis] + (top + window) * width + left
            square = tf.gather(pixels, lines[:, :, tf.newaxis] + window)
            squares.append(tf.ensure_shape(square, [place.shape[0], side, side, pixels.shape[1]]))
        return tf.gather(indices, index), tuple(squares)

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

"""From a source to the batches that a model is trained on.

Every pipeline here is a function of the step number: batch `s` depends on the source, the seed and
`s` alone. To resume at step `s` is to ask for `start_step=s`; the batches are bit for bit those of
a run that was never stopped, and nothing has to be read and thrown away to get there.
"""

from __future__ import annotations

import concurrent.futures
import logging
import os
import time
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
import tqdm

from tfgan_zoo.data.images import Fit
from tfgan_zoo.data.sources import Source
from tfgan_zoo.errors import InputError

MEMORY_LIMIT = 4 * 2**30
"""Bytes of decoded images that `cache="auto"` is willing to hold."""

_log = logging.getLogger(__name__)


def unconditional(
    source: Source,
    *,
    batch_size: int,
    image_size: int | None = None,
    channels: int | None = None,
    crop: int | None = None,
    fit: str = "resize",
    flip: bool = False,
    seed: int = 0,
    start_step: int = 0,
    cache: bool | str = "auto",
) -> tf.data.Dataset:
    """Batches of images (or vectors) alone, without end.

    Every epoch visits each sample exactly once, in an order of its own. A batch may reach over the
    end of an epoch, so that no sample is dropped.

    Args:
        source: from `open_source`.
        batch_size: samples per batch, over all replicas.
        image_size: side in pixels; None for that of the source, if it has one.
        channels: 1 or 3; None for those of the source (3 for files).
        crop: side of the central square cut out first; see `images.Fit`.
        fit: "resize" or "pad"; see `images.Fit`.
        flip: mirror each image left to right with probability 1/2, anew at every visit.
        seed: of order and flips, any integer.
        start_step: number of the first batch.
        cache: True decodes everything once, into memory; False decodes at every visit; "auto"
            caches what takes at most `MEMORY_LIMIT`.

    Returns:
        An infinite dataset of uint8 `[batch_size, image_size, image_size, channels]` in 0..255, or
        for vectors float32 `[batch_size, D]`.

    Raises:
        InputError: an image cannot be read or fitted, the source has fewer samples than a batch,
            or an option does not go with it.

    Example:
        >>> source = open_source("figures")
        >>> unconditional(source, batch_size=64).element_spec
        TensorSpec(shape=(64, 32, 32, 3), dtype=tf.uint8, name=None)
    """
    _check_batch_size(source, len(source), batch_size)
    if source.is_vector and source.array is not None:
        if flip or fit != "resize" or (image_size, channels, crop) != (None, None, None):
            raise InputError(
                f"{source.spec} holds vectors of {source.array.shape[1]} numbers, to which "
                "image_size, channels, crop, fit and flip do not apply; leave them out."
            )
        return _finish(_gather(source.array, batch_size, seed, start_step))
    fitting = fit_for(source, image_size=image_size, channels=channels, crop=crop, fit=fit)
    if use_cache(source, fitting, cache):
        images = load_images(source, fitting)
        _check_batch_size(source, len(images), batch_size)
        dataset = _gather(images, batch_size, seed, start_step)
    else:
        dataset = _decode(source, fitting, batch_size, seed, start_step)
    if flip:
        steps = tf.data.Dataset.counter(start_step)
        dataset = tf.data.Dataset.zip(dataset, steps).map(
            lambda images, step: random_flip(images, seed, step),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
    return _finish(dataset)


def fit_for(
    source: Source,
    *,
    image_size: int | None = None,
    channels: int | None = None,
    crop: int | None = None,
    fit: str = "resize",
) -> Fit:
    """Completes a `Fit` with what the source has: its size and channels where None was given.

    Raises:
        InputError: an option is invalid, or `image_size` is needed and was not given.
    """
    if image_size is None:
        if crop is not None and fit == "resize":
            image_size = crop
        elif source.shape is not None and fit == "resize":
            image_size = min(source.shape[:2])
        else:
            raise InputError(
                f"{source.spec} has images of any size; give image_size."
                if source.shape is None
                else 'fit="pad" needs image_size, the size to pad to.'
            )
    if channels is None:
        channels = 3 if source.shape is None or source.shape[2] > 2 else 1
    return Fit(image_size, channels, crop, fit)


def use_cache(source: Source, fitting: Fit, cache: bool | str) -> bool:
    """Decides whether the fitted images are to be held in memory; see `unconditional`."""
    if cache == "auto":
        return len(source) * int(np.prod(fitting.shape)) <= MEMORY_LIMIT
    if not isinstance(cache, bool):
        raise InputError(f'cache must be "auto", True or False, not {cache!r}.')
    return cache


def load_images(source: Source, fitting: Fit) -> np.ndarray:
    """Decodes and fits every image of a source, in their order.

    Args:
        source: of images.
        fitting: size and channels to bring them to.

    Returns:
        uint8 `[N, image_size, image_size, channels]`, where N is less than `len(source)` if the
        source was opened with `on_error="skip"` and images had to be left out.

    Raises:
        InputError: an image cannot be read or fitted; with "skip", none can.
    """
    if source.shape == fitting.shape and source.array is not None:
        return source.array
    if source.array is not None and (fitting.fit == "pad" or fitting.crop == fitting.image_size):
        return fitting(source.array, source.spec)  # Nothing to resample: one stroke for all.
    images = np.empty((len(source),) + fitting.shape, np.uint8)
    kept = np.ones(len(source), bool)
    errors: list[InputError] = []

    def load(index: int) -> InputError | None:
        try:
            images[index] = fitting(source.read(index, fitting.smallest), source.name(index))
        except InputError as error:
            return error
        return None

    start = time.perf_counter()
    # Pillow decodes and resamples without the GIL.
    pool = concurrent.futures.ThreadPoolExecutor(min(32, os.cpu_count() or 1))
    try:
        results = pool.map(load, range(len(source)))
        # `disable=None` keeps the bar off anything that is not a terminal.
        bar = tqdm.tqdm(
            results,
            source.spec,
            total=len(source),
            unit=" images",
            delay=1,
            disable=None,
            leave=False,
        )
        for index, error in enumerate(bar):
            if error is not None:
                if source.on_error == "raise":
                    raise error
                kept[index] = False
                errors.append(error)
    finally:
        pool.shutdown(cancel_futures=True)
    if errors:
        _report_skipped(source, errors)
        images = images[kept]
    seconds = time.perf_counter() - start
    _log.info(
        "%s: %d images in %.1f s (%.0f/s)", source.spec, len(images), seconds, len(images) / seconds
    )
    return images


def _report_skipped(source: Source, errors: list[InputError]) -> None:
    if len(errors) == len(source):
        raise InputError(
            f"{source.spec}: none of the {len(source)} images can be used; the first: {errors[0]}"
        )
    first = " ".join(str(error) for error in errors[:3])
    _log.warning("%s: %d of %d images left out. %s", source.spec, len(errors), len(source), first)


def _check_batch_size(source: Source, num: int, batch_size: int) -> None:
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, not {batch_size}.")
    if num < batch_size:
        raise InputError(
            f"{source.spec} has {num} samples, fewer than one batch of {batch_size}; use a "
            f"batch_size of at most {num}."
        )


def epochs(num: int, batch_size: int, seed: int, start_step: int) -> tf.data.Dataset:
    """The order of samples: one shuffled epoch after the other, from a given step on.

    Args:
        num: samples in an epoch.
        batch_size: samples per step.
        seed: of the order.
        start_step: the step to start at, which may be within an epoch.

    Returns:
        An infinite dataset of int64 vectors, each the (rest of) an epoch's permutation. Cut it with
        `rebatch(batch_size)`, which joins the end of one with the start of the next.
    """
    first, done = divmod(start_step * batch_size, num)

    def order(epoch: tf.Tensor) -> tf.Tensor:
        # Not tf.random.experimental.index_shuffle, which needs no memory for a permutation but for
        # small sets knows only 256 of them per seed, neighbours being correlated.
        permutation = tf.random.experimental.stateless_shuffle(
            tf.range(num, dtype=tf.int64), seed=tf.stack([tf.constant(seed, tf.int64), epoch])
        )
        return permutation[tf.where(epoch == first, done, 0) :]

    # The prefetch draws the next epoch's order before the current one runs out.
    return tf.data.Dataset.counter(first).map(order).prefetch(1)


def _gather(array: np.ndarray, batch_size: int, seed: int, start_step: int) -> tf.data.Dataset:
    # Else TensorFlow would put the whole data set into the memory of the GPU.
    with tf.device("cpu"):
        samples = tf.convert_to_tensor(array)
    order = epochs(len(array), batch_size, seed, start_step)
    batches = order.rebatch(batch_size, drop_remainder=True)
    return batches.map(lambda indices: tf.gather(samples, indices))


def _decode(
    source: Source, fitting: Fit, batch_size: int, seed: int, start_step: int
) -> tf.data.Dataset:
    reported = False

    def load(index: int) -> np.ndarray:
        nonlocal reported
        errors = []
        # An image that has to be left out is replaced by the next good one, so that batches stay
        # full and the same at every run.
        for candidate in _cycle(int(index), len(source)):
            try:
                return fitting(source.read(candidate, fitting.smallest), source.name(candidate))
            except InputError as error:
                if source.on_error == "raise":
                    raise
                errors.append(error)
                if not reported:
                    reported = True
                    _log.warning("%s: leaving out unusable images. %s", source.spec, error)
        raise InputError(f"{source.spec}: no image can be used; one of them: {errors[0]}")

    def load_op(index: tf.Tensor) -> tf.Tensor:
        image = tf.numpy_function(load, [index], tf.uint8, stateful=False)
        return tf.ensure_shape(image, fitting.shape)

    indices = epochs(len(source), batch_size, seed, start_step).unbatch()
    images = indices.map(load_op, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return images.batch(batch_size, drop_remainder=True)


def _cycle(start: int, num: int) -> Iterator[int]:
    yield from range(start, num)
    yield from range(start)


def random_flip(images: tf.Tensor, seed: int, step: tf.Tensor) -> tf.Tensor:
    """Mirrors each image of a batch left to right with probability 1/2.

    Args:
        images: `[B, H, W, C]`.
        seed: any integer.
        step: int64 scalar; the same seed and step flip the same images.

    Returns:
        Of the same shape and type.
    """
    # The complement keeps this stream apart from the one of the epochs' order.
    key = tf.stack([tf.constant(~seed, tf.int64), step])
    num = tf.shape(images)[0]
    flipped = tf.random.stateless_uniform([num], seed=key) < 0.5
    # Picking rows out of both versions takes a fifth of the time of tf.where, and reversing is
    # twice as fast with three dimensions as with four.
    rows = tf.reshape(images, [-1, images.shape[2], images.shape[3]])
    mirrored = tf.reshape(tf.reverse(rows, axis=[1]), tf.shape(images))
    both = tf.concat([images, mirrored], axis=0)
    return tf.gather(both, tf.range(num) + num * tf.cast(flipped, tf.int32))


def _finish(dataset: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    options.deterministic = True
    # Several workers take turns with the batches; there are no files of tf.data's to deal out.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    infinite = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return dataset.apply(infinite).prefetch(tf.data.AUTOTUNE).with_options(options)

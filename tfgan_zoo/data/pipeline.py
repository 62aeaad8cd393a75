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
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo import noise, progress
from tfgan_zoo.data.images import Fit
from tfgan_zoo.data.source import Source, ViewSource, as_source
from tfgan_zoo.errors import InputError, check_number, check_seed, whole_number, without_advice

MEMORY_LIMIT = 4 * 2**30
"""Bytes of decoded images that `cache="auto"` is willing to hold."""

_log = logging.getLogger(__name__)


def unconditional(
    source: Source | np.ndarray | str | os.PathLike,
    *,
    batch_size: int,
    image_size: int | Sequence[int] | None = None,
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
        source: from `open_source`, or what it opens; or an array as `ArraySource` takes it.
        batch_size: samples per batch, over all replicas.
        image_size: side in pixels, `64` or `(64, 64)`; None for that of the source, if it has one.
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
    seed = check_seed(seed)
    source = as_source(source)
    check_steps(batch_size, start_step)
    _check_batch_size([source], len(source), batch_size)
    if source.is_vector and source.array is not None:
        if flip or fit != "resize" or (image_size, channels, crop) != (None, None, None):
            raise InputError(
                f"{source.spec} holds vectors of {source.array.shape[1]} numbers, to which "
                "image_size, channels, crop, fit and flip do not apply; leave them out."
            )
        order = epochs(len(source.array), batch_size, seed, start_step)
        return finish(_gather([source.array], batch_size, order))
    fitting = fit_for(source, image_size=image_size, channels=channels, crop=crop, fit=fit)
    cached = use_cache(source, fitting, cache)
    dataset = batches([source], [fitting], batch_size, seed, start_step, cached)
    if flip:
        dataset = augmented(
            dataset, lambda images, step: random_flip(images, seed, step), start_step
        )
    return finish(dataset)


def check_steps(batch_size: Any, start_step: Any) -> None:
    """Raises `InputError` unless these are whole numbers, from 1 and from 0 up."""
    check_number("batch_size", batch_size, least=1, whole=True)
    check_number("start_step", start_step, least=0, whole=True)


def side_of(name: str, size: Any) -> int:
    """Takes the size of square images as people have it: 64, or (64, 64).

    Args:
        name: of the argument, for the error.
        size: a whole number, or two that are equal.

    Returns:
        The side.

    Raises:
        InputError: it is neither.

    Example:
        >>> side_of("image_size", (64, 64))
        64
    """
    sides = list(size) if isinstance(size, (tuple, list)) else [size]
    whole = all(whole_number(side) is not None for side in sides)
    if not whole or len(sides) not in (1, 2) or len(set(sides)) > 1:
        raise InputError(
            f"{name}: expected the side of square images, a whole number such as 64 or (64, 64), "
            f"got {size!r}."
        )
    return int(sides[0])


def fit_for(
    source: Source,
    *,
    image_size: int | Sequence[int] | None = None,
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
    image_size = side_of("image_size", image_size)
    if channels is None:
        channels = 3 if source.shape is None or source.shape[2] > 2 else 1
    return Fit(image_size, channels, crop, fit)


def use_cache(source: Source, fitting: Fit, cache: bool | str) -> bool:
    """Decides whether the fitted images are to be held in memory; see `unconditional`."""
    return fits_memory([source], [fitting], cache)


def fits_memory(sources: Sequence[Source], fittings: Sequence[Fit], cache: bool | str) -> bool:
    """Decides like `use_cache` for several sources at once."""
    if cache == "auto":
        sizes = (
            len(source) * int(np.prod(fitting.shape))
            for source, fitting in zip(sources, fittings, strict=True)
        )
        return sum(sizes) <= MEMORY_LIMIT
    if not isinstance(cache, bool):
        raise InputError(f'cache must be "auto", True or False, not {cache!r}.')
    return cache


def load_images(
    source: Source | np.ndarray | str | os.PathLike, fitting: Fit, num: int | None = None
) -> np.ndarray:
    """Decodes and fits every image of a source, in their order.

    Args:
        source: of images; see `unconditional`.
        fitting: size and channels to bring them to.
        num: how many of the first images; None for all.

    Returns:
        uint8 `[N, image_size, image_size, channels]`, where N is less than that if the source
        was opened with `on_error="skip"` and images had to be left out.

    Raises:
        InputError: an image cannot be read or fitted; with "skip", none can.
    """
    if num is not None:
        check_number("num", num, least=1, whole=True)
    return load_together([as_source(source)], [fitting], num)[0]


def load_together(
    sources: Sequence[Source], fittings: Sequence[Fit], num: int | None = None
) -> list[np.ndarray]:
    """Decodes and fits the images of sources whose samples belong together.

    Args:
        sources: of the same length; of pairs, two.
        fittings: one for each.
        num: how many of the first samples; None for all.

    Returns:
        An array like that of `load_images` for each source. A sample that is unusable in one of
        them is left out of all, with `on_error="skip"`.

    Raises:
        InputError: as for `load_images`, or images that belong together differ in size.
    """
    num = len(sources[0]) if num is None else min(num, len(sources[0]))
    each = list(zip(sources, fittings, strict=True))
    if all(_nothing_to_resample(source, fitting) for source, fitting in each):
        # In one stroke for all; where there is nothing to do at all, without a copy.
        return [fitting(source.array[:num], source.spec) for source, fitting in each]  # type: ignore[index]
    loaded = [np.empty((num,) + fitting.shape, np.uint8) for fitting in fittings]
    kept = np.ones(num, bool)
    errors: list[InputError] = []

    def load(index: int) -> InputError | None:
        try:
            for images, image in zip(loaded, _read(sources, fittings, index), strict=True):
                images[index] = image
        except InputError as error:
            return error
        return None

    start = time.perf_counter()
    # Pillow decodes and resamples without the GIL.
    pool = concurrent.futures.ThreadPoolExecutor(min(32, os.cpu_count() or 1))
    try:
        results = pool.map(load, range(num))
        shown = progress.bar(results, _label(sources), num, _unit(sources))
        for index, error in enumerate(shown):
            if error is not None:
                if _must_raise(sources):
                    raise error
                kept[index] = False
                errors.append(error)
    finally:
        pool.shutdown(cancel_futures=True)
    if errors:
        _report_skipped(sources, errors, num)
        loaded = [images[kept] for images in loaded]
    seconds = time.perf_counter() - start
    good = len(loaded[0])
    _log.info(
        "%s: %d %s in %.1f s (%.0f/s)",
        _label(sources),
        good,
        _unit(sources),
        seconds,
        good / seconds,
    )
    return loaded


def _nothing_to_resample(source: Source, fitting: Fit) -> bool:
    if source.array is None:
        return False
    side = fitting.crop or min(source.array.shape[1:3])
    return fitting.fit == "pad" or side == fitting.image_size


def _read(sources: Sequence[Source], fittings: Sequence[Fit], index: int) -> list[np.ndarray]:
    """Reads and fits the samples of one number; a file that several are views of, once."""
    wholes: dict[int, np.ndarray] = {}
    fitted = []
    for source, fitting in zip(sources, fittings, strict=True):
        whole = source.source if isinstance(source, ViewSource) else source
        if id(whole) not in wholes:
            wholes[id(whole)] = whole.read(index, fitting.smallest)
        image = wholes[id(whole)]
        if isinstance(source, ViewSource):
            image = source.look(image)
        fitted.append(fitting(image, source.name(index)))
    if len(wholes) > 1:
        # What was read does not tell: a JPEG may have been shrunk while decoding.
        sizes = [source.size(index) for source in sources]
        if len(set(sizes)) > 1:
            found = " but ".join(
                f"{source.name(index)} is {width}x{height}"
                for source, (width, height) in zip(sources, sizes, strict=True)
            )
            raise InputError(f"{found} pixels; both images of a pair must have one size.")
    return fitted


def _label(sources: Sequence[Source]) -> str:
    return " with ".join(source.spec for source in sources)


def _unit(sources: Sequence[Source]) -> str:
    return "images" if len(sources) == 1 else "pairs"


def _must_raise(sources: Sequence[Source]) -> bool:
    return any(source.on_error == "raise" for source in sources)


def _report_skipped(sources: Sequence[Source], errors: list[InputError], num: int) -> None:
    label, unit = _label(sources), _unit(sources)
    if len(errors) == num:
        raise InputError(f"{label}: none of the {num} {unit} can be used; the first: {errors[0]}")
    first = "; ".join(map(without_advice, errors[:3]))
    more = f"; and {len(errors) - 3} more" if len(errors) > 3 else ""
    are = "is" if len(errors) == 1 else "are"
    _log.warning(
        "%s: %d of %d %s %s left out: %s%s.", label, len(errors), num, unit, are, first, more
    )


def _check_batch_size(sources: Sequence[Source], num: int, batch_size: int) -> None:
    if num < batch_size:
        raise InputError(
            f"{_label(sources)} has {num} samples, fewer than one batch of {batch_size}; use a "
            f"batch_size of at most {num}."
        )


def batches(
    sources: Sequence[Source],
    fittings: Sequence[Fit],
    batch_size: int,
    seed: int,
    start_step: int,
    cached: bool,
    order: tf.data.Dataset | None = None,
) -> tf.data.Dataset:
    """Shuffled batches of fitted images that belong together, before any augmentation.

    Args:
        sources: of the same length.
        fittings: one for each.
        batch_size: see `unconditional`.
        seed: of the order.
        start_step: number of the first batch.
        cached: decode everything now, into memory, or each image at every visit.
        order: int64 vectors of numbers of samples, from `start_step` on; None for `epochs`.

    Returns:
        An infinite dataset of uint8 tensors, for several sources of tuples of them.

    Raises:
        InputError: fewer samples than a batch; if `cached`, an image that cannot be used.
    """
    _check_batch_size(sources, len(sources[0]), batch_size)
    if not cached:
        order = epochs(len(sources[0]), batch_size, seed, start_step) if order is None else order
        return _decode(sources, fittings, batch_size, order)
    loaded = load_together(sources, fittings)
    _check_batch_size(sources, len(loaded[0]), batch_size)
    order = epochs(len(loaded[0]), batch_size, seed, start_step) if order is None else order
    return _gather(loaded, batch_size, order)


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


def _gather(
    arrays: Sequence[np.ndarray], batch_size: int, order: tf.data.Dataset
) -> tf.data.Dataset:
    # Else TensorFlow would put the whole data set into the memory of the GPU.
    with tf.device("cpu"):
        samples = [tf.convert_to_tensor(array) for array in arrays]
    indices = order.rebatch(batch_size, drop_remainder=True)
    return indices.map(lambda index: _bare([tf.gather(each, index) for each in samples]))


def _bare(tensors: list[tf.Tensor]) -> tf.Tensor | tuple[tf.Tensor, ...]:
    return tensors[0] if len(tensors) == 1 else tuple(tensors)


def _decode(
    sources: Sequence[Source],
    fittings: Sequence[Fit],
    batch_size: int,
    order: tf.data.Dataset,
) -> tf.data.Dataset:
    num = len(sources[0])
    label, unit = _label(sources), _unit(sources)
    reported = False

    def load(index: int) -> list[np.ndarray]:
        nonlocal reported
        errors = []
        # What has to be left out is replaced by the next that is good, so that batches stay full
        # and the same at every run.
        for candidate in _cycle(int(index), num):
            try:
                return _read(sources, fittings, candidate)
            except InputError as error:
                if _must_raise(sources):
                    raise
                errors.append(error)
                if not reported:
                    reported = True
                    fault = without_advice(error)
                    _log.warning("%s: unusable %s are left out, such as: %s.", label, unit, fault)
        what = unit.removesuffix("s")
        raise InputError(f"{label}: no {what} can be used; one of them: {errors[0]}")

    def load_op(index: tf.Tensor) -> tf.Tensor | tuple[tf.Tensor, ...]:
        images = tf.numpy_function(
            without_traceback(load), [index], [tf.uint8] * len(sources), stateful=False
        )
        return _bare(
            [
                tf.ensure_shape(image, fitting.shape)
                for image, fitting in zip(images, fittings, strict=True)
            ]
        )

    images = order.unbatch().map(load_op, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return images.batch(batch_size, drop_remainder=True)


def without_traceback(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a function so that TensorFlow reports its error message without a traceback.

    Otherwise TensorFlow prints the traceback once for each image that is being decoded.
    """

    def bare(*args: Any) -> Any:
        try:
            return function(*args)
        except InputError as error:
            sentence = str(error)
        raise InputError(sentence)

    return tf.autograph.experimental.do_not_convert(bare)


def _cycle(start: int, num: int) -> Iterator[int]:
    yield from range(start, num)
    yield from range(start)


def augmented(
    dataset: tf.data.Dataset, augment: Callable[[Any, tf.Tensor], Any], start_step: int
) -> tf.data.Dataset:
    """Maps every batch by `augment(batch, step)`, step an int64 scalar from `start_step` on."""
    steps = tf.data.Dataset.counter(start_step)
    return tf.data.Dataset.zip(dataset, steps).map(augment, num_parallel_calls=tf.data.AUTOTUNE)


def random_crop(images: tf.Tensor, size: int, seed: int, step: tf.Tensor) -> tf.Tensor:
    """Cuts a square out of each image of a batch, each place equally likely.

    Args:
        images: `[B, H, H, C]` with static H and C.
        size: side of the square, at most H.
        seed: any integer.
        step: int64 scalar; the same seed, step and H cut at the same places.

    Returns:
        `[B, size, size, C]`.
    """
    num, side = tf.shape(images)[0], images.shape[1]
    key = noise.key(check_seed(seed), "crop", step)
    corners = tf.random.stateless_uniform([num, 2], key, 0, side - size + 1, tf.int32)
    top, left = corners[:, 0], corners[:, 1]
    window = tf.range(size)
    # One gather of pixels from all images, which costs less than slicing them one by one.
    rows = (tf.range(num) * side + top)[:, tf.newaxis] + window
    pixels = (rows * side + left[:, tf.newaxis])[..., tf.newaxis] + window
    cut = tf.gather(tf.reshape(images, [-1, images.shape[3]]), pixels)
    return tf.ensure_shape(cut, [images.shape[0], size, size, images.shape[3]])


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
    key = tf.stack([tf.constant(~check_seed(seed), tf.int64), step])
    num = tf.shape(images)[0]
    flipped = tf.random.stateless_uniform([num], seed=key) < 0.5
    # Picking rows out of both versions takes a fifth of the time of tf.where, and reversing is
    # twice as fast with three dimensions as with four.
    rows = tf.reshape(images, [-1, images.shape[2], images.shape[3]])
    mirrored = tf.reshape(tf.reverse(rows, axis=[1]), tf.shape(images))
    both = tf.concat([images, mirrored], axis=0)
    return tf.gather(both, tf.range(num) + num * tf.cast(flipped, tf.int32))


def finish(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Sets the options that every task's dataset has, and prefetches."""
    options = tf.data.Options()
    options.deterministic = True
    # Several workers take turns with the batches; there are no files of tf.data's to deal out.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    infinite = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return dataset.apply(infinite).prefetch(tf.data.AUTOTUNE).with_options(options)

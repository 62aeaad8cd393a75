"""Reads, fits and caches the images of sources, without TensorFlow."""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import logging
import os
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tfgan_zoo import progress
from tfgan_zoo.data.fitting import LabelFit
from tfgan_zoo.data.images import Fit
from tfgan_zoo.data.opening import as_source
from tfgan_zoo.data.source import FittedSource, Source, ViewSource
from tfgan_zoo.data.storage import skips_errors, storage_for
from tfgan_zoo.data.voxels import VoxelFit, fit_voxels
from tfgan_zoo.errors import InputError, check_number, whole_number, without_advice
from tfgan_zoo.lazy import names_from
from tfgan_zoo.sizes import scaled_to

#: What brings samples to the size of a model.
Fitting = Fit | VoxelFit

_log = logging.getLogger(__name__)

_Sample = TypeVar("_Sample")


def side_of(name: str, size: Any) -> int:
    """Converts the size of square images as users give it, 64 or (64, 64), to their side.

    Args:
        name: Name of the argument, for the error.
        size: An integer, or two equal ones.

    Returns:
        The side.

    Raises:
        InputError: If it is neither.

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


def size_of(name: str, size: Any) -> int | tuple[int, int]:
    """Converts the size of images as users give it to their side, or to height and width.

    Args:
        name: Name of the argument, for the error.
        size: An integer, or two: height and width.

    Returns:
        The side of square images; otherwise height and width.

    Raises:
        InputError: If it is neither.

    Example:
        >>> size_of("image_size", (64, 64)), size_of("image_size", [96, 128])
        (64, (96, 128))
    """
    sides = [whole_number(s) for s in (size if isinstance(size, (tuple, list)) else [size])]
    if None in sides or len(sides) not in (1, 2):
        raise InputError(
            f"{name}: expected the side of square images, a whole number such as 64, or height and "
            f"width such as (96, 128), got {size!r}."
        )
    height, width = int(sides[0] or 0), int(sides[-1] or 0)
    return height if height == width else (height, width)


def load_size_for(size: Any, image_size: int | tuple[int, ...]) -> int | tuple[int, int]:
    """Converts the size that images are resized to before a random crop of `image_size`.

    Args:
        size: A side, of rectangles the shorter one; or height and width.
        image_size: See `size_of`.

    Raises:
        InputError: If it is neither, or smaller than the crop.

    Example:
        >>> load_size_for(72, 64), load_size_for(108, (96, 128))
        (72, (108, 144))
    """
    found = size_of("load_size", size)
    if isinstance(found, int) and isinstance(image_size, tuple):
        found = scaled_to(found, image_size)
    pairs = zip(as_sides(found), as_sides(image_size), strict=True)
    if any(side < least for side, least in pairs):
        raise InputError(
            f"load_size: expected at least image_size={image_size}, which is cut out of it, got "
            f"{size}; leave it out for no jitter."
        )
    return found


def as_sides(size: int | tuple[int, ...]) -> tuple[int, int]:
    """Returns height and width of a size; see `size_of`."""
    return (size[0], size[-1]) if isinstance(size, tuple) else (size, size)


def fit_for(
    source: Source,
    *,
    image_size: int | Sequence[int] | None = None,
    channels: int | None = None,
    crop: int | None = None,
    fit: str = "resize",
) -> Any:
    """Returns a `Fit` with the size and channels of the source where None is given.

    For voxels it is a `VoxelFit`, whose size is the side of cubes.

    The images of a `FittedSource` are not cropped again: the `crop` that made them is ignored.

    Args:
        source: The images.
        image_size: A side of squares, or (height, width).
        channels: Channels of the images.
        crop: Side of the square to crop from the middle first.
        fit: How images of another shape are brought to the size: see `Fit`.

    Raises:
        InputError: If an option is invalid, or `image_size` is needed and not given.
    """
    if source.is_voxels:
        if crop is not None:
            raise InputError(
                f"crop: expected None for voxels, got {crop}; crop_to_object "
                "(--config.data.crop_to_object=true) cuts out what is full."
            )
        return fit_voxels(source, image_size, channels, fit)
    if isinstance(source, FittedSource) and crop == source.fitting.crop:
        crop = None
    if image_size is None:
        if crop is not None and fit == "resize":
            image_size = crop
        elif source.shape is not None and fit == "resize":
            image_size = min(source.shape[:2])
        else:
            raise InputError(
                f"image_size: expected a number for {source.spec}, whose images have different "
                "sizes, got None."
                if source.shape is None
                else 'image_size: expected the size to pad to with fit="pad", got None.'
            )
    size = size_of("image_size", image_size)
    if source.label_channels:
        return LabelFit(size, source.label_channels, crop)
    if channels is None:
        have = 3 if source.shape is None else source.shape[2]
        channels = have if have > 4 else 3 if have > 2 else 1
    fitting = Fit(size, channels, crop, fit, source.alpha)
    if source.shape is not None:
        fitting.check_channels(source.shape[2], source.spec)
    return fitting


def use_cache(source: Source, fitting: Fitting, cache: Any) -> bool:
    """Returns whether to decode all images first, into memory; see `unconditional`.

    Args:
        source: The images.
        fitting: How they are fitted.
        cache: See `storage.Caching`.
    """
    return fits_memory([source], [fitting], cache)


def fits_memory(sources: Sequence[Source], fittings: Sequence[Fitting], cache: Any) -> bool:
    """Returns the same for several sources together."""
    return storage_for(sources, fittings, cache).place == "memory"


class Loaded(NamedTuple):
    """Decoded images of sources whose samples belong together.

    Attributes:
        images: For each source, uint8 `[N, height, width, channels]`.
        indices: The index of each sample in the sources, int64 `[N]`.
    """

    images: list[np.ndarray]
    indices: np.ndarray


def load_images(
    source: Source | np.ndarray | str | os.PathLike, fitting: Fitting, num: int | None = None
) -> np.ndarray:
    """Decodes and fits the images of a source, in order.

    Args:
        source: Source of images; see `unconditional`.
        fitting: Size and channels to convert them to.
        num: Number of images, from the first; None for all.

    Returns:
        uint8 `[N, height, width, channels]`. If the source was opened with
        `on_error="skip"`, unusable images are missing.

    Raises:
        InputError: If an image cannot be read or fitted; with "skip", if none can.
    """
    return load_source(source, fitting, num).array


def load_source(
    source: Source | np.ndarray | str | os.PathLike, fitting: Fitting, num: int | None = None
) -> FittedSource:
    """Decodes and fits the images of a source into another source, with labels and other parts.

    Args:
        source: See `load_images`.
        fitting: See `load_images`.
        num: See `load_images`.

    Returns:
        The images in memory. Pipelines do not crop them again: see `fit_for`.

    Raises:
        InputError: As for `load_images`.

    Example:
        >>> load_source("folder:animals", Fit(64, 3, crop=108)).class_names
        ('cat', 'dog')
    """
    if num is not None:
        check_number("num", num, least=1, whole=True)
    return load_sources([as_source(source)], [fitting], num)[0]


def load_sources(
    sources: Sequence[Source], fittings: Sequence[Fitting], num: int | None = None
) -> list[FittedSource]:
    """Does what `load_source` does for sources whose samples belong together; see `load`."""
    loaded = load(sources, fittings, num)
    return [
        FittedSource(source, fitting, images, loaded.indices)
        for source, fitting, images in zip(sources, fittings, loaded.images, strict=True)
    ]


def load_together(
    sources: Sequence[Source], fittings: Sequence[Fitting], num: int | None = None
) -> list[np.ndarray]:
    """Returns the images that `load` returns."""
    return load(sources, fittings, num).images


def load(sources: Sequence[Source], fittings: Sequence[Fitting], num: int | None = None) -> Loaded:
    """Decodes and fits the images of sources whose samples belong together.

    Args:
        sources: Sources of the same length, such as the two of pairs.
        fittings: One for each.
        num: Number of samples, from the first; None for all.

    Returns:
        The images and their indices. With `on_error="skip"`, a sample that is unusable in one of
        the sources is left out of all.

    Raises:
        InputError: As for `load_images`, or if images that belong together differ in size.
    """
    num = len(sources[0]) if num is None else min(num, len(sources[0]))
    indices = np.arange(num)
    each = list(zip(sources, fittings, strict=True))
    if all(nothing_to_resample(source, fitting) for source, fitting in each):
        # All images in one operation, and without a copy if they stay as they are.
        images = [fitting(source.gather(slice(num)), source.spec) for source, fitting in each]
        return Loaded(images, indices)
    loaded: list[np.ndarray] = [
        np.empty((num,) + fitting.shape, fitting.dtype) for fitting in fittings
    ]
    kept = np.ones(num, bool)
    errors: list[InputError] = []

    def load_one(index: int) -> InputError | None:
        try:
            for images, image in zip(loaded, read_fitted(sources, fittings, index), strict=True):
                images[index] = image
        except InputError as error:
            return error
        return None

    start = time.perf_counter()
    results = in_threads(load_one, num, label_of(sources), unit_of(sources))
    with contextlib.closing(results):
        for index, error in enumerate(results):
            if error is not None:
                if not skips_errors(sources):
                    raise error
                kept[index] = False
                errors.append(error)
    if errors:
        _report_skipped(sources, errors, num)
        loaded = [images[kept] for images in loaded]
    for sentence in dict.fromkeys(s for source in sources for s in source.remarks()):
        _log.warning("%s", sentence)
    seconds = time.perf_counter() - start
    good = len(loaded[0])
    _log.info(
        "%s: %d %s in %.1f s (%.0f/s)",
        label_of(sources),
        good,
        unit_of(sources),
        seconds,
        good / seconds,
    )
    return Loaded(loaded, indices[kept])


def usable_indices(
    sources: Sequence[Source],
    fittings: Sequence[Fitting],
    indices: np.ndarray,
    read: Callable[[int], Any] | None = None,
) -> np.ndarray:
    """Returns the indices of samples that can be read and fitted, in all of some sources.

    Args:
        sources: Sources of the same length, such as the two of pairs.
        fittings: One for each.
        indices: Indices of samples.
        read: Reads the sample of an index; None for `read_fitted`.

    Returns:
        The indices without those of unusable samples, which a warning names. All of them, unread,
        unless the sources were opened with `on_error="skip"`.

    Raises:
        InputError: If none of the samples can be used.
    """
    if not skips_errors(sources):
        return indices

    def fault(row: int) -> InputError | None:
        try:
            if read is None:
                read_fitted(sources, fittings, int(indices[row]))
            else:
                read(int(indices[row]))
        except InputError as error:
            return error
        return None

    results = in_threads(fault, len(indices), label_of(sources), unit_of(sources))
    with contextlib.closing(results):
        found = list(results)
    if errors := [error for error in found if error is not None]:
        _report_skipped(sources, errors, len(indices))
    return indices[[error is None for error in found]]


def in_threads(
    function: Callable[[int], _Sample], num: int, label: str, unit: str
) -> Generator[_Sample, None, None]:
    """Yields `function(index)` for each index, in order, and shows a progress bar.

    Pillow decodes and resamples without the GIL.
    """
    pool = concurrent.futures.ThreadPoolExecutor(min(32, os.cpu_count() or 1))
    try:
        yield from progress.bar(pool.map(function, range(num)), label, num, unit)
    finally:
        pool.shutdown(cancel_futures=True)


def first_usable(
    read: Callable[[int], _Sample], num: int, *, skip: bool, label: str, unit: str
) -> Callable[[int], tuple[int, _Sample]]:
    """Returns a function that reads a sample, or the next usable one in its place.

    So batches stay full, and are the same in every run. A warning names the first unusable sample.

    Args:
        read: Reads the sample of an index, or raises `InputError`.
        num: Number of samples.
        skip: Whether to leave unusable samples out. Otherwise the error is raised.
        label: Name of the sources, for messages.
        unit: What the samples are, for messages, such as "images".

    Returns:
        A function from an index to the index of the sample that was read, and the sample.
    """
    warned = False

    def read_usable(index: int) -> tuple[int, _Sample]:
        nonlocal warned
        errors = []
        for candidate in itertools.chain(range(index, num), range(index)):
            try:
                return candidate, read(candidate)
            except InputError as error:
                if not skip:
                    raise
                errors.append(error)
                if not warned:
                    warned = True
                    fault = without_advice(error)
                    _log.warning("%s: unusable %s are left out, such as: %s.", label, unit, fault)
        what = unit.removesuffix("s")
        raise InputError(f"{label}: no {what} can be used; one of them: {errors[0]}")

    return read_usable


def read_fitted(
    sources: Sequence[Source], fittings: Sequence[Fitting], index: int
) -> list[np.ndarray]:
    """Reads and fits the samples of one index; a file is read once for all of its views.

    Raises:
        InputError: If an image is unusable, or they differ in size.
    """
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
        # The decoded sizes do not tell: a JPEG may have been shrunk while decoding.
        sizes = [source.size(index) for source in sources]
        if len(set(sizes)) > 1:
            found = " but ".join(
                f"{source.name(index)} is {width}x{height}"
                for source, (width, height) in zip(sources, sizes, strict=True)
            )
            raise InputError(f"{found} pixels; both images of a pair must have one size.")
    return fitted


def nothing_to_resample(source: Source, fitting: Fitting) -> bool:
    """Returns whether a source holds an array of the size that its images are brought to."""
    if not source.is_array or source.shape is None:
        return False
    if isinstance(fitting, VoxelFit):
        return source.shape == fitting.shape
    height, width = source.shape[:2]
    return fitting.fit == "pad" or fitting.cut(height, width) == fitting.size


def label_of(sources: Sequence[Source]) -> str:
    """Returns a name for sources that belong together, for messages."""
    return " with ".join(source.spec for source in sources)


def unit_of(sources: Sequence[Source]) -> str:
    """Returns what their samples are, for messages."""
    if len(sources) > 1:
        return "pairs"
    return "objects" if sources[0].is_voxels else "images"


def _report_skipped(sources: Sequence[Source], errors: list[InputError], num: int) -> None:
    label, unit = label_of(sources), unit_of(sources)
    if len(errors) == num:
        none = f"none of the {num:,} {unit} can be used; the first"
        if num == 1:
            none = f"the only {unit.removesuffix('s')} cannot be used"
        raise InputError(f"{label}: {none}: {errors[0]}")
    first = "; ".join(map(without_advice, errors[:3]))
    more = f"; and {len(errors) - 3} more" if len(errors) > 3 else ""
    are = "is" if len(errors) == 1 else "are"
    _log.warning(
        "%s: %d of %d %s %s left out: %s%s.", label, len(errors), num, unit, are, first, more
    )


# Names that were public here before this module was divided.
__getattr__ = names_from(
    __name__, {"tfgan_zoo.data.storage": ("MEMORY_LIMIT", "decide_cache", "skips_errors")}
)

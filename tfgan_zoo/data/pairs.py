"""From two domains to the batches `(a, b)` that a translation model is trained on.

As in `pipeline`, batch `s` is a function of the domains, the seed and `s`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.data.domains import Domains, open_domains
from tfgan_zoo.data.images import Fit
from tfgan_zoo.data.loading import fit_for, fits_memory, load_size_for, load_source, load_sources
from tfgan_zoo.data.opening import as_source
from tfgan_zoo.data.pipeline import (
    augmented,
    batches,
    check_steps,
    mapped,
    random_crop,
    random_flip,
    with_options,
)
from tfgan_zoo.data.source import FittedSource
from tfgan_zoo.data.spec import as_spec
from tfgan_zoo.data.storage import Caching, storage_for
from tfgan_zoo.errors import InputError, check_number, check_seed
from tfgan_zoo.progress import counted


def paired(
    domains: Domains | Sequence[Any] | str | os.PathLike,
    *,
    batch_size: int,
    image_size: int | Sequence[int] | None = None,
    channels: Sequence[int] = (3, 3),
    load_size: int | Sequence[int] | None = None,
    crop: int | None = None,
    flip: bool = False,
    seed: int = 0,
    start_step: int = 0,
    cache: bool | str | Caching = "auto",
) -> tf.data.Dataset:
    """Infinite batches of pairs `(a, b)`, as pix2pix is trained on.

    Every epoch visits each pair exactly once, in an order of its own. The jitter is that of pix2pix
    (https://arxiv.org/abs/1611.07004): both halves are resized to `load_size`, then the same random
    square is cut out of both, and both are mirrored or neither, at random at each visit.

    Args:
        domains: Matched domains from `open_domains`, or what it opens; or two sources or arrays
            `(a, b)` of equal length, which form pairs.
        batch_size: Pairs per batch, over all replicas.
        image_size: Side in pixels, or height and width; None for the side of the domains, if they
            have one.
        channels: Channels of a and of b, as for `images.Fit`.
        load_size: Side to resize to before the random crop, 286 for 256 in the paper, of rectangles
            the shorter one; None for `image_size`, without jitter.
        crop: Side of the central square that is cut out first; see `images.Fit`.
        flip: Mirror each pair left to right with probability 1/2.
        seed: Seed of order, crops and flips, any integer.
        start_step: Number of the first batch.
        cache: See `unconditional`; images are held at `load_size`.

    Returns:
        An infinite dataset of `(a, b)`, uint8 `[batch_size, height, width, channels]` in 0..255.

    Raises:
        InputError: If the domains are not matched (the first file without a partner is named), an
            image cannot be read or fitted, there are fewer pairs than a batch, or an option is
            invalid.

    Example:
        >>> a, b = paired(open_domains("figures/paired"), batch_size=4, load_size=36).element_spec
        >>> a
        TensorSpec(shape=(4, 32, 32, 3), dtype=tf.uint8, name=None)
    """
    seed = check_seed(seed)
    domains = _as_domains(domains)
    check_steps(batch_size, start_step)
    _check_matched(domains)
    size, fittings = _fittings(domains, image_size, channels, crop, load_size)
    sources = (domains.a, domains.b)
    storage = storage_for(sources, fittings, cache)
    dataset = batches(sources, fittings, batch_size, seed, start_step, storage)
    return with_options(_jittered(dataset, size, fittings[0], flip, seed, start_step))


def unpaired(
    domains: Domains | Sequence[Any] | str | os.PathLike,
    *,
    batch_size: int,
    image_size: int | Sequence[int] | None = None,
    channels: Sequence[int] = (3, 3),
    load_size: int | Sequence[int] | None = None,
    crop: int | None = None,
    flip: bool = False,
    seed: int = 0,
    start_step: int = 0,
    cache: bool | str | Caching = "auto",
) -> tf.data.Dataset:
    """Infinite batches of independent images `(a, b)`, as CycleGAN is trained on.

    Each domain has epochs, crops and flips of its own, so b is drawn independently of a
    (https://arxiv.org/abs/1703.10593). In every `epoch_size(domains)` images of each, every image
    of the larger domain occurs exactly once.

    Args:
        domains: From `open_domains`, matched or not, or what it opens; or two sources or arrays
            `(a, b)`.
        batch_size: Images of each domain per batch, over all replicas.
        image_size: See `paired`.
        channels: See `paired`.
        load_size: See `paired`.
        crop: See `paired`.
        flip: Mirror each image left to right with probability 1/2.
        seed: See `paired`.
        start_step: See `paired`.
        cache: See `paired`.

    Returns:
        A dataset like that of `paired`.

    Raises:
        InputError: If an image cannot be read or fitted, a domain has fewer images than a batch, or
            an option is invalid.

    Example:
        >>> a, b = unpaired(open_domains("figures/unpaired"), batch_size=1).element_spec
        >>> b
        TensorSpec(shape=(1, 32, 32, 3), dtype=tf.uint8, name=None)
    """
    seed = check_seed(seed)
    domains = _as_domains(domains)
    check_steps(batch_size, start_step)
    size, fittings = _fittings(domains, image_size, channels, crop, load_size)
    sources = (domains.a, domains.b)
    storage = storage_for(sources, fittings, cache)
    streams = []
    for name, source, fitting in zip(("a", "b"), sources, fittings, strict=True):
        own = int(noise.key(seed, name)[0])
        stream = batches([source], [fitting], batch_size, own, start_step, storage)
        streams.append(_jittered(stream, size, fitting, flip, own, start_step))
    return with_options(mapped(tf.data.Dataset.zip(*streams), lambda a, b: a + b))


def _as_domains(domains: Any) -> Domains:
    """Converts what a user gives as two domains: see `paired` and `unpaired`."""
    if isinstance(domains, Domains):
        return domains
    if isinstance(domains, (str, os.PathLike)):
        return open_domains(as_spec(domains, "domains"))
    if not isinstance(domains, (tuple, list)) or len(domains) != 2:
        raise InputError(
            "domains: expected what open_domains returns, a data source such as 'figures/paired' "
            f"or 'folder:PATH', or two sources or arrays (a, b), got {type(domains).__name__}."
        )
    a, b = (as_source(each, name) for each, name in zip(domains, "ab", strict=True))
    for source in (a, b):
        if source.holds != "images":
            raise InputError(f"{source.spec} holds {source.holds}; two domains must be images.")
    matched = len(a) == len(b)
    return Domains(a, b, matched, "" if matched else f"there are {len(a)} of a and {len(b)} of b")


def epoch_size(domains: Domains) -> int:
    """Returns the number of items in an epoch, which is that of the larger domain.

    Example:
        >>> epoch_size(open_domains("figures/paired", num=100))
        100
    """
    return max(len(domains.a), len(domains.b))


def load_pairs(
    domains: Domains | Sequence[Any] | str | os.PathLike,
    num: int | None = None,
    image_size: int | Sequence[int] | None = None,
    channels: Sequence[int] = (3, 3),
    crop: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Decodes and fits the first images of both domains, in order and without jitter.

    Args:
        domains: See `paired` and `unpaired`.
        num: Number of images of each, if there are as many; None for all.
        image_size: See `paired`.
        channels: See `paired`.
        crop: See `paired`.

    Returns:
        `(a, b)`, uint8 `[num, height, width, channels]`. Of matched domains `a[i]` belongs
        to `b[i]`. With `on_error="skip"`, unusable images are missing.

    Raises:
        InputError: If an image cannot be read or fitted, or an option is invalid.

    Example:
        >>> a, b = load_pairs(open_domains("figures/paired", "test"), 16)
        >>> a.shape
        (16, 32, 32, 3)
    """
    domains = _as_domains(domains)
    if num is not None:
        check_number("num", num, least=1, whole=True)
    _, fittings = _fittings(domains, image_size, channels, crop)
    a, b = _load(domains, fittings, num)
    return a.array, b.array


def load_domains(
    domains: Domains,
    image_size: int | Sequence[int] | None = None,
    channels: Sequence[int] = (3, 3),
    crop: int | None = None,
    cache: bool | str | Caching = "auto",
) -> Domains:
    """Decodes and fits all images of both domains, for several datasets to share.

    Args:
        domains: From `open_domains`.
        image_size: Side to hold the images at: the `load_size` of `paired`, if that is given.
        channels: See `paired`.
        crop: See `paired`. The pipelines do not apply it again to what is returned.
        cache: See `unconditional`.

    Returns:
        The domains in memory; the same domains if they are not to be cached.

    Raises:
        InputError: As for `load_pairs`.
    """
    _, fittings = _fittings(domains, image_size, channels, crop)
    if not fits_memory((domains.a, domains.b), fittings, cache):
        return domains
    a, b = _load(domains, fittings, None)
    return domains._replace(a=a, b=b)


def are_held(
    domains: Domains,
    image_size: int | Sequence[int] | None,
    channels: Sequence[int],
    crop: int | None,
    cache: bool | str | Caching,
) -> bool:
    """Returns whether `load_domains` decodes all images; the arguments are the same."""
    _, fittings = _fittings(domains, image_size, channels, crop)
    return fits_memory((domains.a, domains.b), fittings, cache)


def _load(domains: Domains, fittings: Sequence[Fit], num: int | None) -> Sequence[FittedSource]:
    if domains.matched:
        _check_matched(domains)
        return load_sources((domains.a, domains.b), fittings, num)
    return [
        load_source(source, fitting, num)
        for source, fitting in zip((domains.a, domains.b), fittings, strict=True)
    ]


def _check_matched(domains: Domains) -> None:
    a, b, matched, reason = domains
    if not matched:
        because = f": {reason}" if reason else ""
        raise InputError(
            f"{a.spec} and {b.spec} are not pairs{because}; pair them up, or use a model that "
            "needs no pairs."
        )
    if len(a) != len(b):
        raise InputError(
            f"{a.spec} has {counted(len(a), 'image')} but {b.spec} {len(b)}; pairs need as many."
        )
    if a.shape is not None and b.shape is not None and a.shape[:2] != b.shape[:2]:
        raise InputError(
            f"{a.spec} is {a.shape[1]}x{a.shape[0]} but {b.spec} {b.shape[1]}x{b.shape[0]} pixels; "
            "both images of a pair must have one size."
        )


def _fittings(
    domains: Domains,
    image_size: int | Sequence[int] | None,
    channels: Sequence[int],
    crop: int | None,
    load_size: int | Sequence[int] | None = None,
) -> tuple[int | tuple[int, int], list[Fit]]:
    """Returns the final size, and the `Fit` of each domain to `load_size`."""
    if not isinstance(channels, (tuple, list)) or len(channels) != 2:
        raise InputError(f"channels: expected two numbers, of a and of b, got {channels!r}.")
    fittings = [
        fit_for(source, image_size=image_size, channels=number, crop=crop)
        for source, number in zip((domains.a, domains.b), channels, strict=True)
    ]
    size, other = (fitting.image_size for fitting in fittings)
    if size != other:
        raise InputError(
            f"{domains.a.spec} has images of {size} pixels but {domains.b.spec} of {other}; give "
            "image_size."
        )
    if load_size is None:
        return size, fittings
    loaded = load_size_for(load_size, size)
    return size, [dataclasses.replace(fitting, image_size=loaded) for fitting in fittings]


def _jittered(
    dataset: tf.data.Dataset,
    size: int | tuple[int, int],
    fitting: Fit,
    flip: bool,
    seed: int,
    start_step: int,
) -> tf.data.Dataset:
    """Crops and flips the images of batches at random, and drops their indices.

    Seed and step alone decide how, so it is the same for both halves of a pair.
    """
    if fitting.image_size == size and not flip:
        return mapped(dataset, lambda index, images: images)

    def jitter(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        if fitting.image_size != size:
            images = random_crop(images, size, seed, step)
        return random_flip(images, seed, step) if flip else images

    return augmented(
        dataset,
        lambda index, images, step: tuple(jitter(each, step) for each in images),
        start_step,
    )

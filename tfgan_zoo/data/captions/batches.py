"""Batches of images with a text of their own and a mismatching one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.data.captions.opening import Captioned, captions_of, open_captioned
from tfgan_zoo.data.captions.pairing import distinct_captions, groups, matching_images
from tfgan_zoo.data.loading import fit_for, load_size_for
from tfgan_zoo.data.pipeline import (
    augmented,
    batches,
    check_steps,
    count_from,
    mapped,
    on_cpu,
    random_crop,
    random_flip,
    with_options,
)
from tfgan_zoo.data.spec import as_spec
from tfgan_zoo.data.storage import Caching, storage_for
from tfgan_zoo.errors import InputError, check_number, check_seed


def captioned(
    data: Captioned | str | os.PathLike,
    *,
    batch_size: int,
    image_size: int | Sequence[int] | None = None,
    channels: int | None = None,
    crop: int | None = None,
    load_size: int | Sequence[int] | None = None,
    flip: bool = False,
    embeddings: np.ndarray | None = None,
    num_captions: int = 1,
    distinct_classes: bool = False,
    seed: int = 0,
    start_step: int = 0,
    cache: bool | str | Caching = "auto",
) -> tf.data.Dataset:
    """Infinite batches of images with a text of their own and one of another image.

    Every epoch visits each image exactly once, in an order of its own. Texts are drawn at every
    visit. The mismatching text comes from all images of other classes or, without classes, from
    those that share no caption with this one. It does not depend on the other images of the batch.

    Args:
        data: From `open_captioned`, or what it opens.
        batch_size: Images per batch, over all replicas.
        image_size: See `unconditional`.
        channels: See `unconditional`.
        crop: See `unconditional`.
        load_size: Side to resize to before a random part of `image_size` is cut out, of
            rectangles the shorter one; None for `image_size`.
        flip: Mirror each image with probability 1/2. Not for captions that say left or right.
        embeddings: Embeddings of `distinct_captions(data)`, float `[captions, D]`; None for
            strings.
        num_captions: Number of different captions of an image that are drawn and whose embeddings
            are averaged; all captions of an image that has fewer.
        distinct_classes: Draw every batch independently, one image from each of `batch_size`
            different classes, with equal probability for all classes and for all images of a class,
            instead of in epochs.
        seed: Seed of everything that is drawn, any integer.
        start_step: Number of the first batch.
        cache: See `unconditional`; images are held at `load_size`.

    Returns:
        An infinite dataset of dicts: "image", uint8 `[batch_size, height, width, channels]`
        in 0..255; "text" and "mismatching_text", strings `[batch_size]`, or float32
        `[batch_size, D]`; "class", int64 `[batch_size]`, the number of the image's class or,
        without classes, a number shared by all images that captions link, directly or over others.

    Raises:
        InputError: If there are fewer images than a batch, no caption mismatches an image, or an
            option is out of range.

    Example:
        >>> data = open_captioned("figures/captions", num=100)
        >>> sorted(captioned(data, batch_size=4).element_spec)
        ['class', 'image', 'mismatching_text', 'text']
    """
    seed = check_seed(seed)
    if isinstance(data, (str, os.PathLike)):
        data = open_captioned(as_spec(data, "data"))
    if not isinstance(data, Captioned):
        raise InputError(
            "data: expected what open_captioned returns, or a data source such as "
            f"'figures/captions' or 'folder:PATH', got {type(data).__name__}."
        )
    check_steps(batch_size, start_step)
    check_number("num_captions", num_captions, least=1, whole=True)
    if num_captions > 1 and embeddings is None:
        raise InputError(
            f"num_captions: expected 1 for strings, got {num_captions!r}; give embeddings."
        )
    fitting = fit_for(data.images, image_size=image_size, channels=channels, crop=crop)
    size = fitting.image_size
    if load_size is not None:
        loaded = load_size_for(load_size, size)
        fitting = fit_for(data.images, image_size=loaded, channels=channels, crop=crop)
    draw = _texts(data, embeddings, batch_size, num_captions, seed)
    order = _distinct_classes(data, batch_size, seed, start_step) if distinct_classes else None
    storage = storage_for([data.images], [fitting], cache)
    dataset = batches([data.images], [fitting], batch_size, seed, start_step, storage, order)

    def complete(
        index: tf.Tensor, images: tuple[tf.Tensor], step: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        (image,) = images
        if fitting.image_size != size:
            image = random_crop(image, size, seed, step)
        if flip:
            image = random_flip(image, seed, step)
        return {"image": image, **draw(index, step)}

    return with_options(augmented(dataset, complete, start_step))


def _distinct_classes(
    data: Captioned, batch_size: int, seed: int, start_step: int
) -> tf.data.Dataset:
    """The order of samples with, at each step, one image of each of `batch_size` classes."""
    spec = data.images.spec
    if data.classes is None:
        raise InputError(f"distinct_classes: expected False for {spec}, which has no classes.")
    if data.images.on_error == "skip":
        raise InputError(
            "distinct_classes: expected False where unreadable images are skipped, got True; "
            "remove those images, and open the source with on_error='raise'."
        )
    numbers, counts = np.unique(data.classes, return_inverse=True, return_counts=True)[1:]
    if len(counts) < batch_size:
        raise InputError(
            f"batch_size: expected at most {len(counts)}, the number of classes of {spec}, since "
            f"the images of a batch are of different classes, got {batch_size}; give a smaller "
            "one, or distinct_classes=False."
        )
    by_class = on_cpu(np.argsort(numbers, kind="stable"), tf.int64)
    sizes = on_cpu(counts, tf.int64)
    starts = on_cpu(np.cumsum(counts) - counts, tf.int64)

    def draw(step: tf.Tensor) -> tf.Tensor:
        # The largest of random numbers, one for each class, are a draw without replacement.
        shares = tf.random.stateless_uniform([len(counts)], noise.key(seed, "classes", step))
        chosen = tf.math.top_k(shares, batch_size).indices
        size = tf.gather(sizes, chosen)
        share = tf.random.stateless_uniform(
            [batch_size], noise.key(seed, "images of classes", step), dtype=tf.float64
        )
        place = tf.minimum(tf.cast(share * tf.cast(size, tf.float64), tf.int64), size - 1)
        return tf.gather(by_class, tf.gather(starts, chosen) + place)

    return mapped(count_from(start_step), draw)


def _texts(
    data: Captioned,
    embeddings: np.ndarray | None,
    batch_size: int,
    num_captions: int,
    seed: int,
) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
    """Returns a function from `(indices of images, step)` to the texts of a batch."""
    num = len(data.images)
    data = data._replace(captions=captions_of(data))
    counts = np.array([len(each) for each in data.captions])
    if len(counts) != num or not counts.all():
        raise InputError(
            f"data.captions: expected one or more of each of {num} images of {data.images.spec}, "
            f"got those of {np.count_nonzero(counts)}."
        )
    if data.classes is not None and np.shape(data.classes) != (num,):
        raise InputError(
            f"data.classes: expected shape ({num},), the number of each image's class, got "
            f"{np.shape(data.classes)}."
        )
    flat = [caption for each in data.captions for caption in each]
    mismatching = _mismatching_images(data, batch_size, seed)
    most = counts.max()
    taken = min(num_captions, most)
    group = on_cpu(groups(data), tf.int64)
    offsets = on_cpu(np.cumsum(counts) - counts, tf.int64)
    counts = on_cpu(counts, tf.int64)
    if embeddings is None:
        texts = on_cpu(flat)
    else:
        rows = {caption: i for i, caption in enumerate(distinct_captions(data))}
        if np.ndim(embeddings) != 2 or len(embeddings) != len(rows):
            raise InputError(
                f"embeddings: expected shape ({len(rows)}, D), one of each distinct caption, "
                f"got {np.shape(embeddings)}."
            )
        vectors = on_cpu(embeddings, tf.float32)
        texts = on_cpu([rows[caption] for caption in flat], tf.int64)

    def text_of(image: tf.Tensor, purpose: str, step: tf.Tensor) -> tf.Tensor:
        count = tf.gather(counts, image)[:, tf.newaxis]
        # The largest of random numbers, one for each caption, are a draw without replacement.
        share = tf.random.stateless_uniform([batch_size, most], noise.key(seed, purpose, step))
        share = tf.where(tf.range(most, dtype=tf.int64) < count, share, -1.0)
        drawn = tf.math.top_k(share, taken)
        place = tf.minimum(tf.cast(drawn.indices, tf.int64), count - 1)
        text = tf.gather(texts, tf.gather(offsets, image)[:, tf.newaxis] + place)
        if embeddings is None:
            return text[:, 0]
        weights = tf.cast(drawn.values >= 0, tf.float32)
        weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
        return tf.reduce_sum(tf.gather(vectors, text) * weights[..., tf.newaxis], axis=1)

    return lambda index, step: {
        "text": text_of(index, "text", step),
        "mismatching_text": text_of(mismatching(index, step), "mismatching text", step),
        "class": tf.gather(group, index),
    }


def _mismatching_images(
    data: Captioned, batch_size: int, seed: int
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Returns a function that draws, for each image, one whose captions do not match it.

    It draws uniformly from outside a set of indices: it takes k < num - len(set), and adds the
    number of the set's members that come before the k-th image outside, which it finds by a binary
    search. Offsetting set i by `i * (num + 1)` lets all sets share one sorted array.
    """
    num = len(data.images)
    numbers, sets = matching_images(data)
    passed = [images - np.arange(len(images)) + i * (num + 1) for i, images in enumerate(sets)]
    counts = np.array([len(images) for images in sets])
    set_of = on_cpu(numbers, tf.int64)
    sizes = on_cpu(counts, tf.int64)
    starts = on_cpu(np.cumsum(counts) - counts, tf.int64)
    thresholds = on_cpu(np.concatenate(passed), tf.int64)

    def draw(index: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        own = tf.gather(set_of, index)
        others = num - tf.gather(sizes, own)
        share = tf.random.stateless_uniform(
            [batch_size], noise.key(seed, "mismatching image", step), dtype=tf.float64
        )
        place = tf.cast(share * tf.cast(others, tf.float64), tf.int64)
        place = tf.minimum(place, others - 1)
        before = tf.searchsorted(
            thresholds, own * (num + 1) + place, side="right", out_type=tf.int64
        )
        return place + before - tf.gather(starts, own)

    return draw

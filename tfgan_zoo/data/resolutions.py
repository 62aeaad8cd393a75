"""Super-resolution: images in high and in low resolution, and the batches of both.

| source | high resolution | low resolution |
|---|---|---|
| `folder:PATH` with files `*_HR`, `*_LR` | those called `*_HR` | those called `*_LR` |
| `folder:PATH` with folders `HR`, `LR` | the one | the other, or its sub-folder `X4` |
| `folder:PATH` of DIV2K | `DIV2K_train_HR` | `DIV2K_train_LR_bicubic/X4` |
| `tfds:NAME[/CONFIG]` with features `hr`, `lr` | the one | the other |
| any other source of images | its images | made of them by `imresize` |
"""

from __future__ import annotations

import concurrent.futures
import logging
import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tfgan_zoo import progress
from tfgan_zoo.data.images import DecodingRules, with_channels
from tfgan_zoo.data.imresize import imresize, imresize_graph
from tfgan_zoo.data.source import (
    FOLDERS,
    SPLIT_FOLDERS,
    FileSource,
    Source,
    ViewSource,
    as_source,
    as_spec,
    checked_kind,
    existing_folder,
    images_of_split,
    no_split,
    open_source,
    parse_split,
    part_of,
    some_images,
    split_folders,
    subfolders,
)
from tfgan_zoo.errors import InputError, check_number, check_seed, without_advice

if TYPE_CHECKING:
    import tensorflow as tf

_FOLDER = re.compile(r"(?:(?P<of>.+)_)?(?P<which>hr|lr)(?:_bicubic)?(?:_?x(?P<factor>\d+))?")

_log = logging.getLogger(__name__)

_Pair = tuple[int, np.ndarray | None, np.ndarray]
"""Number of an image, its low resolution if there is a file of it, its high resolution."""

Cut = Callable[["tf.Tensor", "tf.Tensor"], "tuple[tf.Tensor, ...]"]
"""From numbers of images, `[B]`, and places, `[B, 2]` in [0, 1), to squares of each resolution."""


class Resolutions(NamedTuple):
    """Images in high and in low resolution.

    Attributes:
        hr: the high one. Sides that are no multiple of the scale are cut at the right and the lower
            edge, which tables of super-resolution call modcrop.
        lr: the low one, `lr[i]` that of `hr[i]`; None if it is to be made by `imresize`.
        scale: the factor between them.
    """

    hr: Source
    lr: Source | None
    scale: int


def open_super_resolution(
    spec: str,
    split: str = "train",
    *,
    scale: int = 4,
    resolution: int | None = None,
    num: int | None = None,
    seed: int = 0,
    on_error: str = "raise",
    data_dir: str | os.PathLike | None = None,
    white: float | None = None,
    color_profiles: str = "srgb",
) -> Resolutions:
    """Opens a data source for super-resolution.

    Folders may be called `HR`, or `NAME_HR` and `NAME_SPLIT_HR` as those of DIV2K, in either case,
    and lie in folders of splits or hold them. Partners have the same file name but for the ending,
    `_HR` and `_LR`, and the factor: `0001.png` and `0001x4.png`. Beside files called `*_HR`, others
    are left out. Where there is nothing at this scale, the low resolution is made.

    Args:
        spec: see the table above.
        split: see `open_source`.
        scale: a whole factor from 2 up.
        resolution: see `open_source`.
        num: see `open_source`.
        seed: see `open_source`.
        on_error: see `open_source`; a pair is left out whole.
        data_dir: see `open_source`.
        white: see `open_source`.
        color_profiles: see `open_source`.

    Returns:
        Both resolutions. Of a folder only a few files are looked at yet.

    Raises:
        InputError: the source is misspelt, missing or empty, has no such split, or a file is
            without its partner. The message says what to do.

    Example:
        >>> open_super_resolution("figures", resolution=96, num=100).hr.shape
        (96, 96, 3)
    """
    check_number("scale", scale, least=2, whole=True)
    spec, kind, rest = checked_kind(spec, split, num, on_error, resolution)
    rules = DecodingRules(white, color_profiles)
    hr: Source
    lr: Source | None = None
    if kind in FOLDERS:
        hr, lr = _open_folder(spec, rest, split, scale, on_error, rules)
    elif kind == "tfds":
        # Imported here since TFDS takes seconds to import and may not be installed.
        from tfgan_zoo.data.readers.tfds import open_tfds_resolutions

        hr, lr = open_tfds_resolutions(spec, rest, split, data_dir, on_error, rules)
    else:
        hr = open_source(
            spec,
            split,
            resolution=resolution,
            num=num,
            seed=seed,
            on_error=on_error,
            white=white,
        )
        if hr.is_vector:
            raise InputError(f"{spec} holds vectors, which have no resolution; use images.")
    return Resolutions(_cut_to(hr, scale), lr, scale)


def _cut_to(hr: Source, scale: int) -> Source:
    if hr.shape is None or hr.shape[0] % scale or hr.shape[1] % scale:
        return _CutSource(hr, scale)
    return hr


def _as_resolutions(opened: Any) -> Resolutions:
    """Takes images as people have them: see `super_resolution`."""
    if isinstance(opened, Resolutions):
        return opened
    if isinstance(opened, (str, os.PathLike)):
        return open_super_resolution(as_spec(opened, "opened"))
    source = as_source(opened, "opened")
    if source.is_vector:
        raise InputError(f"{source.spec} holds vectors, which have no resolution; use images.")
    return Resolutions(_cut_to(source, 4), None, 4)


class _CutSource(ViewSource):
    """Images cut to a multiple of the scale."""

    def __init__(self, source: Source, scale: int):
        def cut(image: np.ndarray) -> np.ndarray:
            height, width = image.shape[:2]
            return image[: height - height % scale, : width - width % scale]

        super().__init__(source.spec, source, cut)
        self._scale = scale

    def size(self, index: int) -> tuple[int, int]:
        """See `Source.size`."""
        width, height = self.source.size(index)
        return width - width % self._scale, height - height % self._scale


def _open_folder(
    spec: str, path: str, split: str, scale: int, on_error: str, rules: DecodingRules
) -> tuple[Source, Source | None]:
    root = existing_folder(spec, path)
    name = parse_split(split)[0]
    folders = _folders(spec, root, scale)
    if folders:
        if name not in folders:
            raise no_split(spec, name, list(folders), "use another split")
        if "hr" not in folders[name]:
            raise InputError(
                f"{spec} has {folders[name]['lr']} in low resolution, but no such folder in high; "
                "add it, called HR."
            )
        paths = {
            which: [os.path.join(folder, file) for file in some_images(spec, folder)]
            for which, folder in folders[name].items()
        }
    else:
        folder, files = images_of_split(spec, root, name)
        paths = {
            which: [os.path.join(folder, file) for file in files if _stem(file).endswith(ending)]
            for which, ending in (("hr", "_HR"), ("lr", "_LR"))
        }
        if not paths["hr"]:
            if paths["lr"]:
                raise InputError(
                    f"{spec} has {paths['lr'][0]}, but no files called *_HR; add them."
                )
            paths["hr"] = [os.path.join(folder, file) for file in files]
    whole = FileSource(spec, paths["hr"], on_error=on_error, rules=rules)
    whole.warn_if_dark()
    hr = part_of(whole, split)
    if not paths.get("lr"):
        return hr, None
    partners = _partners(spec, paths["hr"], paths["lr"], scale)
    low = FileSource(f"{spec} (lr)", partners, on_error=on_error, rules=rules)
    return hr, part_of(low, split)


def _folders(spec: str, root: str, scale: int) -> dict[str, dict[str, str]]:
    """Finds the folders of both resolutions: split -> "hr" or "lr" -> path."""
    found: dict[str, dict[str, str]] = {}
    aliases = {alias: split for split, names in SPLIT_FOLDERS.items() for alias in names}
    for outer, folder in {"": root, **split_folders(root)}.items():
        for name, path in sorted(subfolders(folder).items()):
            match = _FOLDER.fullmatch(name)
            if match is None or int(match["factor"] or scale) != scale:
                continue
            factors = {key: inner for key, inner in subfolders(path).items() if key[:1] == "x"}
            if match["which"] == "lr" and factors:
                if f"x{scale}" not in factors:
                    continue
                path = factors[f"x{scale}"]
            split = outer or aliases.get((match["of"] or "").rsplit("_", 1)[-1])
            splits = {split: path} if split else split_folders(path) or {"train": path}
            for split, place in splits.items():
                other = found.setdefault(split, {}).setdefault(match["which"], place)
                if other != place:
                    raise InputError(
                        f"{spec} has two folders of images for split {split!r}, {other} and "
                        f"{place}; put them into folders of their own and name one."
                    )
    return found


def _stem(file: str) -> str:
    return os.path.splitext(os.path.basename(file))[0]


def _partners(spec: str, hr: Sequence[str], lr: Sequence[str], scale: int) -> list[str]:
    """Finds the file in low resolution of each in high resolution."""
    ending = re.compile(rf"(_HR|_LR|_?x{scale})$")

    def named(paths: Sequence[str]) -> dict[str, str]:
        folder = os.path.commonpath([os.path.dirname(path) for path in paths])
        names: dict[str, str] = {}
        for path in paths:
            stem = ending.sub("", os.path.splitext(os.path.relpath(path, folder))[0])
            twin = names.setdefault(stem, path)
            if twin != path:
                raise InputError(
                    f"{twin} and {path} have the same name but for the ending; rename one of them."
                )
        return names

    high, low = named(hr), named(lr)
    for some, others, which in ((high, low, "low"), (low, high, "high")):
        alone = [path for stem, path in some.items() if stem not in others]
        if alone:
            more = f" (and {len(alone) - 1} more)" if len(alone) > 1 else ""
            raise InputError(
                f"{spec}: {alone[0]}{more} has no partner in {which} resolution; add it, or remove "
                "the file."
            )
    return [low[stem] for stem in high]


def load_pair(opened: Resolutions, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Reads one image in both resolutions, as it is scored.

    Args:
        opened: from `open_super_resolution`.
        index: 0 to `len(opened.hr) - 1`.

    Returns:
        `(lr, hr)`, uint8 `[height, width, channels]` and `[scale * height, scale * width,
        channels]`; grey images have one channel, others three.

    Raises:
        InputError: an image cannot be read, or the two do not fit together.

    Example:
        >>> opened = open_super_resolution("figures", resolution=96, num=100)
        >>> [image.shape for image in load_pair(opened, 0)]
        [(24, 24, 3), (96, 96, 3)]
    """
    lr, hr = _read(opened, index)
    return imresize(hr, 1 / opened.scale) if lr is None else lr, hr


def _read(
    opened: Resolutions, index: int, channels: int | None = None
) -> tuple[np.ndarray | None, np.ndarray]:
    source, partners, scale = opened
    hr, name = source.read(index), source.name(index)
    height, width = hr.shape[:2]
    if min(height, width) < scale:
        raise InputError(f"{name} has sides shorter than scale={scale}; remove it.")
    channels = channels or (1 if hr.shape[2] < 3 else 3)
    hr = with_channels(hr, channels)
    if partners is None:
        return None, hr
    lr = partners.read(index)
    if (lr.shape[0] * scale, lr.shape[1] * scale) != (height, width):
        raise InputError(
            f"{partners.name(index)} is {lr.shape[1]}x{lr.shape[0]} pixels, not the "
            f"{width // scale}x{height // scale} that belong to {name} at scale={scale}; replace "
            "it, or use another scale."
        )
    return with_channels(lr, channels), hr


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
    """Batches of `(lr, hr)`, without end, as SRGAN is trained on (https://arxiv.org/abs/1609.04802).

    Every epoch visits each image exactly once, in an order of its own, and cuts one square out of
    it, anew at every visit. Its low resolution is the same square of the image in low resolution;
    where there is none, it is made of the square, by `imresize`. Like those of `tasks`, batch `s`
    is a function of the source, the seed and `s`.

    Args:
        opened: from `open_super_resolution`; or what it opens at scale 4, or images at that scale,
            as an array or a source.
        batch_size: squares per batch, over all replicas.
        crop_size: side of the squares in high resolution, a multiple of the scale.
        channels: 1 or 3.
        flip: mirror each square left to right with probability 1/2.
        seed: of order, places and flips, any integer.
        start_step: number of the first batch.
        cache: True decodes everything once, into memory; False decodes at every visit; "auto"
            caches what takes at most `tasks.MEMORY_LIMIT`, going by the sizes of some images.
        held: what `hold` returned for the same images, crop size and channels; None to decode what
            is to be cached for this dataset alone.

    Returns:
        An infinite dataset of uint8 `[batch_size, crop_size / scale, crop_size / scale, channels]`
        and `[batch_size, crop_size, crop_size, channels]` in 0..255.

    Raises:
        InputError: an image cannot be read, is smaller than the square or does not fit its partner,
            or an option is invalid.

    Example:
        >>> opened = open_super_resolution("figures", resolution=96, num=100)
        >>> lr, hr = super_resolution(opened, batch_size=4, crop_size=48).element_spec
        >>> lr
        TensorSpec(shape=(4, 12, 12, 3), dtype=tf.uint8, name=None)
    """
    # Imported here since scoring, for which images are opened too, does without.
    import tensorflow as tf

    from tfgan_zoo import noise
    from tfgan_zoo.data.pipeline import (
        augmented,
        check_steps,
        epochs,
        finish,
        random_flip,
        without_traceback,
    )

    seed = check_seed(seed)
    opened = _as_resolutions(opened)
    scale = opened.scale
    check_steps(batch_size, start_step)
    decode = _decoder(opened, crop_size, channels)
    sides = [crop_size] if opened.lr is None else [crop_size // scale, crop_size]
    order = epochs(len(opened.hr), batch_size, seed, start_step)
    # Where each square lies, as shares of the way from one edge to the other.
    places = tf.data.Dataset.counter(start_step).map(
        lambda step: tf.random.stateless_uniform(
            [batch_size, 2], noise.key(seed, "crop", step), dtype=tf.float64
        )
    )
    if held is None:
        held = hold(opened, crop_size=crop_size, channels=channels, cache=cache)
    if held is not None:
        indices = order.rebatch(batch_size, drop_remainder=True)
        squares = tf.data.Dataset.zip(indices, places).map(held)
    else:

        def cut_op(index: tf.Tensor, place: tf.Tensor) -> tuple[tf.Tensor, ...]:
            images = tf.numpy_function(
                without_traceback(
                    lambda index, place: _cut(decode(int(index)), place, crop_size, scale)
                ),
                [index, place],
                [tf.uint8] * len(sides),
                stateful=False,
            )
            return tuple(
                tf.ensure_shape(image, (side, side, channels))
                for image, side in zip(images, sides, strict=True)
            )

        squares = tf.data.Dataset.zip(order.unbatch(), places.unbatch()).map(
            cut_op, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        )
        squares = squares.batch(batch_size, drop_remainder=True)

    def augment(images: tuple[tf.Tensor, ...], step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Seed and step alone decide which are mirrored: the same in both resolutions.
        images = tuple(random_flip(each, seed, step) for each in images) if flip else images
        hr = images[-1]
        return (imresize_graph(hr, scale) if len(images) == 1 else images[0]), hr

    return finish(augmented(squares, augment, start_step))


def hold(
    opened: Resolutions | Source | np.ndarray | str | os.PathLike,
    *,
    crop_size: int = 96,
    channels: int = 3,
    cache: bool | str = "auto",
) -> Cut | None:
    """Decodes images once, for every dataset that `super_resolution` makes of them.

    Args:
        opened: from `open_super_resolution`.
        crop_size: see `super_resolution`, as the others.
        channels: 1 or 3.
        cache: whether they are to be held.

    Returns:
        What cuts squares out of the images in memory; None if they are not to be held.

    Raises:
        InputError: as for `super_resolution`.

    Example:
        >>> opened = open_super_resolution("figures", resolution=96, num=100)
        >>> held = hold(opened, crop_size=48)
        >>> dataset = super_resolution(opened, batch_size=4, crop_size=48, held=held)
    """
    opened = _as_resolutions(opened)
    if not _fits_memory(opened, channels, cache):
        return None
    images = _decode_all(opened, _decoder(opened, crop_size, channels))
    return _cut_from_memory(images, crop_size, opened.scale)


def _decoder(opened: Resolutions, crop_size: int, channels: int) -> Callable[[int], _Pair]:
    """Returns what reads an image, or if it is to be left out, the next that is good.

    So batches stay full, and the same at every run, from memory or not.
    """
    check_number("crop_size", crop_size, least=opened.scale, whole=True)
    if crop_size % opened.scale:
        raise InputError(
            f"crop_size: expected a multiple of scale={opened.scale}, got {crop_size!r}."
        )
    if channels not in (1, 3):
        raise InputError(f"channels: expected 1 (grey) or 3 (colour), got {channels!r}.")
    num, label = len(opened.hr), opened.hr.spec
    skip = "raise" not in {source.on_error for source in (opened.hr, opened.lr) if source}
    warned = False

    def decode(index: int) -> _Pair:
        nonlocal warned
        errors = []
        for candidate in (*range(index, num), *range(index)):
            try:
                lr, hr = _read(opened, candidate, channels)
                height, width = hr.shape[:2]
                if min(height, width) < crop_size:
                    raise InputError(
                        f"{opened.hr.name(candidate)} is {width}x{height} pixels, too small for "
                        f"crop_size={crop_size}; choose one of at most {min(height, width)}, or "
                        "remove the image."
                    )
                return candidate, lr, hr
            except InputError as error:
                if not skip:
                    raise
                errors.append(error)
                if not warned:
                    warned = True
                    fault = without_advice(error)
                    _log.warning("%s: unusable images are left out, such as: %s.", label, fault)
        raise InputError(f"{label}: no image can be used; one of them: {errors[0]}")

    return decode


def _cut(pair: _Pair, place: np.ndarray, crop_size: int, scale: int) -> list[np.ndarray]:
    """Cuts the same square out of both resolutions, or of the high one if there is no other."""
    _, lr, hr = pair
    # Squares lie on whole pixels of the low resolution, if that is not made of them.
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


def _cut_from_memory(pairs: list[_Pair], crop_size: int, scale: int) -> Cut:
    """Returns what `_cut` is, for a batch, and in TensorFlow alone; empties the list of pairs."""
    import tensorflow as tf

    # An image that stands in for others is held once.
    images = {number: (lr, hr) for number, lr, hr in pairs}
    rank = {number: at for at, number in enumerate(images)}
    # Else TensorFlow would put the whole data set into the memory of the GPU.
    with tf.device("cpu"):
        rows = tf.constant([rank[number] for number, _, _ in pairs], tf.int64)
        pairs.clear()
        highs = [hr for _, hr in images.values()]
        lows = [lr for lr, _ in images.values() if lr is not None]
        images.clear()
        unit = scale if lows else 1
        shapes = np.array([hr.shape[:2] for hr in highs])
        # All pixels in one list, which one gather can pick from: images differ in size.
        kept = []
        for some, factor in ((lows, scale), (highs, 1)) if lows else ((highs, 1),):
            sizes = shapes // factor
            ends = np.cumsum(sizes.prod(axis=1))
            pixels = tf.constant(_joined(some))
            starts = tf.constant(ends - sizes.prod(axis=1), tf.int64)
            kept.append((pixels, starts, tf.constant(sizes[:, 1], tf.int64), factor))
        sides = tf.constant(shapes, tf.int64)

    def cut(index: tf.Tensor, place: tf.Tensor) -> tuple[tf.Tensor, ...]:
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
        return tuple(squares)

    return cut


def _joined(images: list[np.ndarray]) -> np.ndarray:
    """Puts all pixels into one list, uint8 `[pixels, channels]`, and empties that of the images.

    So what is decoded is not in memory twice.
    """
    count, channels = sum(image.size for image in images), images[0].shape[-1]
    pixels = np.empty((count // channels, channels), np.uint8)
    end = len(pixels)
    while images:
        image = images.pop().reshape(-1, channels)
        pixels[end - len(image) : end] = image
        end -= len(image)
    return pixels


def _fits_memory(opened: Resolutions, channels: int, cache: bool | str) -> bool:
    from tfgan_zoo.data.pipeline import MEMORY_LIMIT

    if isinstance(cache, bool):
        return cache
    if cache != "auto":
        raise InputError(f'cache must be "auto", True or False, not {cache!r}.')
    num = len(opened.hr)
    pixels = []
    # To look at a million headers takes minutes; some tell what all will take.
    for index in range(0, num, max(1, num // 256)):
        try:
            width, height = opened.hr.size(index)
        except InputError:
            continue  # It will be met again, where it is raised or left out.
        pixels.append(width * height)
    each = (
        float(np.mean(pixels or [0])) * channels * (1 + (opened.lr is not None) / opened.scale**2)
    )
    return num * each <= MEMORY_LIMIT


def _decode_all(opened: Resolutions, decode: Callable[[int], _Pair]) -> list[_Pair]:
    num = len(opened.hr)
    # Pillow decodes without the GIL.
    pool = concurrent.futures.ThreadPoolExecutor(min(32, os.cpu_count() or 1))
    try:
        results = pool.map(decode, range(num))
        return list(progress.bar(results, opened.hr.spec, num, "images"))
    finally:
        pool.shutdown(cancel_futures=True)

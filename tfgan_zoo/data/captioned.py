"""Images with captions, and the batches that a text-to-image model is trained on.

| source | captions | classes |
|---|---|---|
| `figures/captions` | one an image, a sentence on what is drawn | none |
| `folder:PATH` | `captions.jsonl`, `captions.csv`, or a .txt beside each image | `class`, or folders |
| `tfds:NAME[/CONFIG]` | the feature `caption`, `captions` or `text` | `label` |

Of a folder the first that is found counts, in the folder of the split or in the whole one:

    captions.jsonl   {"image": "birds/1.jpg", "caption": "a red bird", "class": "cardinal"}
    captions.csv     image,caption,class
                     birds/1.jpg,"a red bird, small",cardinal
    birds/1.txt      a red bird             (a caption a line, beside birds/1.jpg)

`file` will do for `image`; a caption may be a list in JSON, and in CSV an image may have several
lines; `class` is optional, and so is `split`, for tables of a whole data set. CUB and Oxford-102,
which papers use, are brought to the last form: `train/<class>/<name>.jpg` with
`train/<class>/<name>.txt`, ten captions each, and for a zero-shot test other classes in `test/`.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tfgan_zoo.data.sources import (
    FileSource,
    Source,
    checked_kind,
    existing_folder,
    images_of_split,
    no_split,
    open_source,
    parse_split,
    part_bounds,
    part_of,
    split_folders,
)
from tfgan_zoo.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf

TABLES = ("captions.jsonl", "captions.csv")


class Captioned(NamedTuple):
    """Images, what they show, and what kind of thing it is.

    Args:
        images: the source of the images.
        captions: one or more of each image.
        classes: the number of each image's class, int `[N]`; None where there are none.
    """

    images: Source
    captions: Sequence[tuple[str, ...]]
    classes: np.ndarray | None = None


def open_captioned(
    spec: str,
    split: str = "train",
    *,
    resolution: int | None = None,
    num: int | None = None,
    seed: int = 0,
    data_dir: str | None = None,
) -> Captioned:
    """Opens images with their captions.

    Args:
        spec: see the table above.
        split: as for `open_source`.
        resolution: side in pixels at which `figures` are drawn.
        num: how many `figures` there are.
        seed: of the `figures`.
        data_dir: where `tfds:` keeps its data.

    Returns:
        The images and their captions; no image is decoded yet.

    Raises:
        InputError: the source is missing or has no captions, an image has none, or a table names an
            image that is not there. The message names the file and the line.

    Example:
        >>> open_captioned("figures/captions", num=2).captions[0]
        ('a small blue ring at the top on a light background',)
    """
    kind, rest = checked_kind(spec, num, "raise")
    if kind == "tfds":
        from tfgan_zoo.data.tfds_source import open_tfds_captioned

        images, captions, labels = open_tfds_captioned(spec, rest, split, data_dir)
        return _checked(Captioned(images, captions, labels))
    name = parse_split(split)[0]
    if kind == "figures":
        source = open_source(spec, name, resolution=resolution, num=num, seed=seed)
        if "caption" not in source.extras:
            raise InputError(f"{spec} has no captions; use figures/captions.")
        # No classes: captions of one shape and colour differ in place and size, too.
        data = Captioned(source, [(str(caption),) for caption in source.extras["caption"]])
    elif kind == "folder":
        data = _open_folder(spec, rest, name)
    else:
        raise InputError(f"{spec} has no captions; use figures/captions, folder:PATH or tfds:NAME.")
    start, stop = part_bounds(data.images, split)
    classes = None if data.classes is None else data.classes[start:stop]
    return _checked(Captioned(part_of(data.images, split), data.captions[start:stop], classes))


def _checked(data: Captioned) -> Captioned:
    """Strips white space off the captions' ends.

    Raises:
        InputError: if nothing is left of one, or an image has none.
    """
    stripped = [tuple(caption.strip() for caption in each) for each in data.captions]
    for i, captions in enumerate(stripped):
        if not captions or not all(captions):
            raise InputError(
                f"{data.images.name(i)} has {'an empty' if captions else 'no'} caption; write one, "
                "or leave the image out."
            )
    return data._replace(captions=stripped)


# ---------------------------------------------------------------------- folders


def _open_folder(spec: str, path: str, split: str) -> Captioned:
    root = existing_folder(spec, path)
    splits = split_folders(root)
    own = splits.get(split)
    for folder in filter(None, (own, root)):
        for table in TABLES:
            if os.path.isfile(os.path.join(folder, table)):
                rows = list(_read_table(os.path.join(folder, table)))
                inside = os.path.relpath(own, root) if own and folder == root else None
                return _from_table(spec, split, os.path.join(folder, table), rows, inside)
    if splits and own is None:
        raise no_split(spec, split, list(splits), f"add a sub-folder {split} or use another split")
    folder, files = images_of_split(spec, root, split)
    captions = []
    for file in files:
        text = os.path.splitext(os.path.join(folder, file))[0] + ".txt"
        if not os.path.isfile(text):
            missing = [f for f in files if not _beside(folder, f).is_file()]
            raise InputError(
                f"{spec}: {len(missing)} of {len(files)} images have no captions, the first "
                f"{missing[0]}; put {' or '.join(TABLES)} into {folder}, or a .txt beside each."
            )
        captions.append(tuple(line for line in _read_text(text).splitlines() if line.strip()))
    return _from_files(spec, folder, files, captions, None)


def _beside(folder: str, file: str) -> Path:
    return Path(folder, file).with_suffix(".txt")


def _read_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 ({error}); save it as such.") from error


def _read_table(path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Reads the lines of a table: (number, {image, captions, class, split})."""
    text = _read_text(path)
    for number, row in _json_lines(path, text) if path.endswith("l") else _csv_lines(path, text):
        image, captions = row.get("image") or row.get("file"), row.get("caption")
        captions = captions if isinstance(captions, list) else [captions]
        if not isinstance(image, str) or not all(isinstance(c, str) for c in captions):
            raise InputError(
                f"{path}, line {number}: expected an image and a caption (or a list of them), got "
                f"{row!r}."
            )
        yield number, {**row, "image": image, "captions": tuple(captions)}


def _json_lines(path: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number} is no JSON ({error}); correct it.") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number}: expected an object, got {line[:80]}.")
        yield number, row


def _csv_lines(path: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(text.splitlines(keepends=True), skipinitialspace=True)
    columns = reader.fieldnames or []
    if "caption" not in columns or not {"image", "file"} & set(columns):
        raise InputError(
            f"{path} has columns {', '.join(columns) or 'none'}; expected a first line with image "
            "and caption."
        )
    for row in reader:
        yield reader.line_num, row


def _from_table(
    spec: str,
    split: str,
    table: str,
    rows: Sequence[tuple[int, Mapping[str, Any]]],
    inside: str | None,
) -> Captioned:
    """Makes a split of what a table says.

    Args:
        spec: the source, for messages.
        split: its name.
        table: the file.
        rows: what `_read_table` gave.
        inside: a folder, relative to the table's, to which the split's images are confined.
    """
    folder = os.path.dirname(table)
    by_split = any(row.get("split") for _, row in rows)
    if by_split:
        have = sorted({str(row["split"]) for _, row in rows if row.get("split")})
        if split not in have:
            raise no_split(spec, split, have, f"see the column split of {table}")
        rows = [row for row in rows if row[1].get("split") == split]
    elif inside is not None:
        rows = [row for row in rows if Path(row[1]["image"]).parts[0] == inside]
    elif split != "train" and os.path.basename(folder).lower() != split:
        raise no_split(spec, split, ["train"], f"add a column split to {table}")
    if not rows:
        raise InputError(f"{table} has no captions of split {split!r}; add some.")
    captions: dict[str, tuple[str, ...]] = {}
    classes: dict[str, str] = {}
    for number, row in rows:
        file = os.path.normpath(row["image"])
        if file not in captions and not os.path.isfile(os.path.join(folder, file)):
            raise InputError(f"{table}, line {number}: there is no image {row['image']}.")
        captions[file] = captions.get(file, ()) + row["captions"]
        if row.get("class") not in (None, ""):
            classes[file] = str(row["class"])
    files = sorted(captions, key=lambda file: Path(file).parts)
    if classes and len(classes) < len(files):
        without = next(file for file in files if file not in classes)
        raise InputError(f"{table}: {without} has no class, others have; give all of them one.")
    named = [classes[file] for file in files] if classes else None
    return _from_files(spec, folder, files, [captions[file] for file in files], named, inside)


def _from_files(
    spec: str,
    folder: str,
    files: Sequence[str],
    captions: Sequence[tuple[str, ...]],
    classes: Sequence[str] | None,
    inside: str | None = None,
) -> Captioned:
    if classes is None:
        relative = [os.path.relpath(file, inside) if inside else file for file in files]
        classes = [os.path.dirname(file).split(os.sep)[0] for file in relative]
        if len(set(classes)) == 1 or "" in classes:
            classes = None
    numbers = None if classes is None else np.unique(classes, return_inverse=True)[1]
    source = FileSource(spec, [os.path.join(folder, file) for file in files])
    return Captioned(source, captions, numbers)


# ---------------------------------------------------------------------- batches


def distinct_captions(data: Captioned) -> list[str]:
    """Returns every caption once, sorted: the order in which `captioned` takes embeddings.

    Example:
        >>> distinct_captions(Captioned(source, [("b", "a"), ("b",)]))
        ['a', 'b']
    """
    return sorted({caption for captions in data.captions for caption in captions})


def groups(data: Captioned) -> np.ndarray:
    """Numbers what does not count as mismatching: the classes, or images with a caption in common.

    Returns:
        int64 `[N]`. Case and white space do not make captions different.

    Raises:
        InputError: if there is one group only.
    """
    if data.classes is not None:
        found = np.unique(data.classes, return_inverse=True)[1].astype(np.int64)
    else:
        found = _connected(data.captions)
    if found.max() == 0:
        what = "all captions are the same" if data.classes is None else "there is one class only"
        raise InputError(f"{data.images.spec}: no caption mismatches an image, since {what}.")
    return found


def _connected(captions: Sequence[tuple[str, ...]]) -> np.ndarray:
    parent = list(range(len(captions)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, each in enumerate(captions):
        for caption in each:
            parent[root(i)] = root(first.setdefault(" ".join(caption.casefold().split()), i))
    return np.unique([root(i) for i in range(len(captions))], return_inverse=True)[1]


def captioned(
    data: Captioned,
    *,
    batch_size: int,
    image_size: int | None = None,
    channels: int | None = None,
    crop: int | None = None,
    load_size: int | None = None,
    flip: bool = False,
    embeddings: np.ndarray | None = None,
    num_captions: int = 1,
    seed: int = 0,
    start_step: int = 0,
    cache: bool | str = "auto",
) -> tf.data.Dataset:
    """Batches of images with a text of their own and one of others, without end.

    Every epoch visits each image exactly once, in an order of its own, with captions drawn anew.
    The mismatching text is drawn from all images of another class, or without classes from those
    that have no caption in common with this one; whoever else is in the batch has no part in it.

    Args:
        data: from `open_captioned`.
        batch_size: images per batch, over all replicas.
        image_size: see `unconditional`.
        channels: see `unconditional`.
        crop: see `unconditional`.
        load_size: side to resize to before a random square of `image_size` is cut out; None for
            `image_size`.
        flip: mirror each image with probability 1/2; not where captions say left and right.
        embeddings: of `distinct_captions(data)`, float `[captions, D]`; None for strings.
        num_captions: how many of an image's captions are drawn, and their embeddings averaged; of
            an image that has fewer some are drawn again.
        seed: of everything drawn, any integer.
        start_step: number of the first batch.
        cache: see `unconditional`; images are held at `load_size`.

    Returns:
        An infinite dataset of dicts: "image", uint8 `[batch_size, image_size, image_size,
        channels]` in 0..255; "text" and "mismatching_text", strings `[batch_size]`, or float32
        `[batch_size, D]`; "class", int64 `[batch_size]`, a number that images share whose captions
        do not count as mismatching each other.

    Raises:
        InputError: there are fewer images than a batch, no caption mismatches an image, or an
            option is out of range.

    Example:
        >>> data = open_captioned("figures/captions", num=100)
        >>> sorted(captioned(data, batch_size=4).element_spec)
        ['class', 'image', 'mismatching_text', 'text']
    """
    import tensorflow as tf

    from tfgan_zoo.data.tasks import (
        augmented,
        batches,
        epochs,
        finish,
        fit_for,
        random_crop,
        random_flip,
        use_cache,
    )

    if num_captions < 1 or (num_captions > 1 and embeddings is None):
        raise InputError(
            "num_captions: expected 1 for strings, or a whole number from 1 up for embeddings, "
            f"got {num_captions}."
        )
    fitting = fit_for(data.images, image_size=image_size, channels=channels, crop=crop)
    size = fitting.shape[0]
    if load_size is not None:
        if load_size < size:
            raise InputError(f"load_size: expected at least image_size={size}, got {load_size}.")
        fitting = fit_for(data.images, image_size=load_size, channels=channels, crop=crop)
    draw = _drawing(data, embeddings, num_captions, seed)
    cached = use_cache(data.images, fitting, cache)
    images = batches([data.images], [fitting], batch_size, seed, start_step, cached)
    # The same order once more: which images these are.
    order = epochs(len(data.images), batch_size, seed, start_step)
    indices = order.rebatch(batch_size, drop_remainder=True)

    def complete(batch: tuple[tf.Tensor, tf.Tensor], step: tf.Tensor) -> dict[str, tf.Tensor]:
        image, index = batch
        if load_size is not None and load_size > size:
            image = random_crop(image, size, seed, step)
        if flip:
            image = random_flip(image, seed, step)
        return {"image": image, **draw(index, step)}

    dataset = augmented(tf.data.Dataset.zip(images, indices), complete, start_step)
    return finish(dataset)


def _drawing(
    data: Captioned, embeddings: np.ndarray | None, num_captions: int, seed: int
) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
    """Returns what draws texts: from (numbers of images, step) to the texts of a batch."""
    import tensorflow as tf

    from tfgan_zoo import noise

    group = groups(data)
    counts = np.array([len(each) for each in data.captions])
    offsets = np.concatenate([[0], np.cumsum(counts)[:-1]])
    flat = [caption for each in data.captions for caption in each]
    # Images in order of their groups, so that another group is anything outside of a range.
    by_group = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    with tf.device("cpu"):
        constant = {
            name: tf.constant(value, tf.int64)
            for name, value in {
                "group": group,
                "counts": counts,
                "offsets": offsets,
                "by_group": by_group,
                "sizes": sizes,
                "starts": starts,
            }.items()
        }
        if embeddings is None:
            texts = tf.constant(flat)
        else:
            rows = {caption: i for i, caption in enumerate(distinct_captions(data))}
            if np.ndim(embeddings) != 2 or len(embeddings) != len(rows):
                raise InputError(
                    f"embeddings: expected shape ({len(rows)}, D), one of each distinct caption, "
                    f"got {np.shape(embeddings)}."
                )
            vectors = tf.constant(embeddings, tf.float32)
            texts = tf.constant([rows[caption] for caption in flat], tf.int64)

    def below(purpose: str, step: tf.Tensor, bound: tf.Tensor) -> tf.Tensor:
        """Draws whole numbers from 0 to `bound` - 1, one of each."""
        share = tf.random.stateless_uniform(
            tf.shape(bound), noise.key(seed, purpose, step), dtype=tf.float64
        )
        return tf.minimum(tf.cast(share * tf.cast(bound, tf.float64), tf.int64), bound - 1)

    def text_of(image: tf.Tensor, purpose: str, step: tf.Tensor) -> tf.Tensor:
        count = tf.gather(constant["counts"], image)
        first, offset = below(purpose, step, count), tf.gather(constant["offsets"], image)
        # Consecutive ones from a random one on: none twice where there are enough.
        drawn = [tf.gather(texts, offset + (first + i) % count) for i in range(num_captions)]
        if embeddings is None:
            return drawn[0]
        return tf.add_n([tf.gather(vectors, row) for row in drawn]) / num_captions

    def draw(index: tf.Tensor, step: tf.Tensor) -> dict[str, tf.Tensor]:
        own = tf.gather(constant["group"], index)
        start, size = (tf.gather(constant[name], own) for name in ("starts", "sizes"))
        place = below("other image", step, len(data.captions) - size)
        place += tf.where(place >= start, size, 0)  # Step over the own group.
        other = tf.gather(constant["by_group"], place)
        return {
            "text": text_of(index, "text", step),
            "mismatching_text": text_of(other, "mismatching text", step),
            "class": own,
        }

    return draw

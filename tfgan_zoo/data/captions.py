"""Images with captions, and the batches that a text-to-image model is trained on.

| source | captions | classes |
|---|---|---|
| `figures/captions` | one an image, a sentence on what is drawn | none |
| `folder:PATH`, `zip:PATH` | `captions.jsonl`, `captions.csv`, .txt files | `class`, or folders |
| `tfds:NAME[/CONFIG]` | the feature `caption`, `captions` or `text` | `label` |

Of a folder the first that is found counts, in the folder of the split or in the whole one:

    captions.jsonl   {"image": "birds/1.jpg", "caption": "a red bird", "class": "cardinal"}
    captions.csv     image,caption,class
                     birds/1.jpg,"a red bird, small",cardinal
    birds/1.txt      a red bird             (a caption a line, beside birds/1.jpg)

`file` will do for `image`; a caption may be a list in JSON, and in CSV an image may have several
lines; `class` is optional, and so is `split`, for tables of a whole data set. The .txt files may
also lie in a folder `text` or `captions` that mirrors the images: `text/birds/1.txt`, for
`birds/1.jpg` as for `images/birds/1.jpg`. Every image needs a caption.

CUB and Oxford-102, which papers use, are brought to the last form: in `folder:CUB`,
`train/<class>/<name>.jpg` with `train/<class>/<name>.txt`, ten captions each, and for a zero-shot
test other class folders in `test/`.
"""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tfgan_zoo.data.images import DecodingRules, Fit
from tfgan_zoo.data.readers import archives
from tfgan_zoo.data.source import (
    CAPTION_TABLES,
    FOLDERS,
    SPLIT_FOLDERS,
    FileSource,
    Source,
    as_spec,
    checked_kind,
    existing_folder,
    images_of_split,
    list_images,
    no_split,
    open_source,
    parse_split,
    part_bounds,
    part_of,
    split_folders,
)
from tfgan_zoo.errors import InputError, check_number, check_seed, check_texts

if TYPE_CHECKING:
    import tensorflow as tf

TEXT_FOLDERS = ("text", "captions")
"""Folders with a .txt of each image, where they do not lie beside the images."""


class Captioned(NamedTuple):
    """Images, what they show, and what kind of thing it is.

    Args:
        images: the source of the images.
        captions: one or more of each image; one string is one caption.
        classes: the number of each image's class, int `[N]`; None where there are none.
    """

    images: Source
    captions: Sequence[str | Sequence[str]]
    classes: np.ndarray | None = None

    def __repr__(self) -> str:
        num = len(self.captions)
        if not isinstance(self.captions, str):
            num = sum(1 if isinstance(each, str) else len(each) for each in self.captions)
        return f"<Captioned {self.images.spec}: {len(self.images):,} images, {num:,} captions>"


def open_captioned(
    spec: str,
    split: str = "train",
    *,
    resolution: int | None = None,
    num: int | None = None,
    seed: int = 0,
    on_error: str = "raise",
    data_dir: str | os.PathLike | None = None,
    white: float | None = None,
    color_profiles: str = "srgb",
) -> Captioned:
    """Opens images with their captions.

    Args:
        spec: as in the table of `help(tfgan_zoo.data.captioned)` and docs/data.md, such as
            "figures/captions" or "folder:PATH".
        split: as for `open_source`.
        resolution: side in pixels at which `figures` are drawn.
        num: how many `figures` there are.
        seed: of the `figures`.
        on_error: see `open_source`; of images only, captions have to be there.
        data_dir: where `tfds:` keeps its data.
        white: see `open_source`.
        color_profiles: see `open_source`.

    Returns:
        The images and their captions; of the images only a few are looked at yet.

    Raises:
        InputError: the source is missing or has no captions, an image has none, a table names an
            image that is not there, or a text cannot be read. The message names the file and the
            line.

    Example:
        >>> open_captioned("figures/captions", num=2).captions[0]
        ('a small blue ring at the top on a light background',)
    """
    spec, kind, rest = checked_kind(spec, split, num, on_error, resolution)
    rules = DecodingRules(white, color_profiles)
    if kind == "tfds":
        from tfgan_zoo.data.readers.tfds import open_tfds_captioned

        images, captions, labels = open_tfds_captioned(spec, rest, split, data_dir, on_error, rules)
        return _checked(Captioned(images, captions, labels))
    name = parse_split(split)[0]
    if kind == "figures":
        source = open_source(spec, name, resolution=resolution, num=num, seed=seed)
        if "caption" not in source.extras:
            raise InputError(f"{spec} has no captions; use figures/captions.")
        # No classes: captions of one shape and colour differ in place and size, too.
        data = Captioned(source, [(str(caption),) for caption in source.extras["caption"]])
    elif kind in FOLDERS:
        data = _open_folder(spec, rest, name, on_error, rules)
    else:
        raise InputError(
            f"{spec} has no captions; use figures/captions, folder:PATH, zip:PATH or tfds:NAME."
        )
    start, stop = part_bounds(data.images, split)
    classes = None if data.classes is None else data.classes[start:stop]
    return _checked(Captioned(part_of(data.images, split), data.captions[start:stop], classes))


def _checked(data: Captioned) -> Captioned:
    """Strips white space off the captions' ends.

    Raises:
        InputError: if nothing is left of one, or an image has none.
    """
    stripped = [tuple(caption.strip() for caption in each) for each in captions_of(data)]
    for i, captions in enumerate(stripped):
        if not captions or not all(captions):
            raise InputError(
                f"{data.images.name(i)} has {'an empty' if captions else 'no'} caption; write one, "
                "or leave the image out."
            )
    return data._replace(captions=stripped)


# ---------------------------------------------------------------------- folders


def _open_folder(
    spec: str, path: str, split: str, on_error: str, rules: DecodingRules
) -> Captioned:
    root = existing_folder(spec, path)
    own = split_folders(root).get(split)
    for folder in filter(None, (own, root)):
        for table in CAPTION_TABLES:
            if archives.is_file(os.path.join(folder, table)):
                inside = os.path.relpath(own, root) if own and folder == root else None
                file = os.path.join(folder, table)
                return _from_table(spec, root, split, file, inside, on_error, rules)
    folder, files = images_of_split(spec, root, split)
    texts = [_text_file(root, folder, file) for file in files]
    missing = [file for file, text in zip(files, texts, strict=True) if text is None]
    if missing:
        raise InputError(
            f"{spec}: {len(missing)} of {len(files)} images have no captions, the first "
            f"{missing[0]}; put {' or '.join(CAPTION_TABLES)} into {folder}, or a .txt beside each."
        )
    captions = [
        _lines_of(text, file) for file, text in zip(files, texts, strict=True) if text is not None
    ]
    return _from_files(spec, folder, files, captions, None, on_error, rules)


def _text_file(root: str, folder: str, file: str) -> str | None:
    """Finds the .txt of an image: beside it, or in a folder that mirrors those of the images."""
    places = [folder]
    for name in TEXT_FOLDERS:
        places.append(os.path.join(folder, name))
        places.append(os.path.join(root, name, os.path.relpath(folder, root)))
    text = os.path.splitext(file)[0] + ".txt"
    found = (os.path.join(place, each) for place in places for each in (text, _below_images(text)))
    return next(filter(archives.is_file, found), None)


def _below_images(file: str) -> str:
    """Leaves out a first folder that is called `images`."""
    first, _, rest = file.partition(os.sep)
    return rest if rest and first.lower() == "images" else file


def _lines_of(path: str, file: str) -> tuple[str, ...]:
    lines = tuple(line for line in _read_text(path).split("\n") if line.strip())
    if not lines:
        raise InputError(
            f"{file} has no caption in {path}; write one a line, or leave the image out."
        )
    return lines


def _read_text(path: str) -> str:
    data = archives.read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {number} cannot be read as UTF-8 ({error.reason}); save it as such."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_table(path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Reads the lines of a table: (number, {image, captions, class, split})."""
    text = _read_text(path)
    for number, row in _json_lines(path, text) if path.endswith("l") else _csv_lines(path, text):
        image, captions = row.get("image") or row.get("file"), row.get("caption")
        captions = captions if isinstance(captions, list) else [captions]
        if not image or not all(isinstance(each, str) for each in (image, *captions)):
            raise InputError(
                f"{path}, line {number}: expected an image and a caption (or a list of them), got "
                f"{row!r}; correct it."
            )
        if not captions or not all(each.strip() for each in captions):
            raise InputError(
                f"{path}, line {number}: {image} has {'an empty' if captions else 'no'} caption; "
                "write one, or remove the line."
            )
        # Of "./birds/1.jpg" and "birds/1.jpg", one.
        yield number, {**row, "image": os.path.normpath(image), "captions": tuple(captions)}


def _json_lines(path: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # Not `splitlines`: JSON allows other ends of lines within a string.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number} is no JSON ({error}); correct it.") from error
        if not isinstance(row, dict):
            raise InputError(
                f"{path}, line {number}: expected an object with image and caption, got "
                f"{line[:80]}; write one a line."
            )
        yield number, row


def _csv_lines(path: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    lines = [line + "\n" for line in text.removesuffix("\n").split("\n")]
    reader = csv.reader(lines, skipinitialspace=True, strict=True)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        if "caption" not in columns or not {"image", "file"} & set(columns):
            raise InputError(
                f"{path} has columns {', '.join(columns) or 'none'}; expected a first line with "
                "image and caption."
            )
        for values in reader:
            if values and len(values) != len(columns):
                raise InputError(
                    f"{path}, line {reader.line_num} has {len(values)} values for {len(columns)} "
                    'columns; put a caption that has commas between "quotes".'
                )
            if values:
                yield reader.line_num, dict(zip(columns, values, strict=True))
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num} is no CSV ({error}); correct its quotes."
        ) from error


def _from_table(
    spec: str,
    root: str,
    split: str,
    table: str,
    inside: str | None,
    on_error: str,
    rules: DecodingRules,
) -> Captioned:
    """Makes a split of what a table says.

    Args:
        spec: the source, for messages.
        root: its folder.
        split: its name.
        table: the file.
        inside: the folder of the split, relative to the table's; None if the table is in it, or
            there is none.
        on_error: see `Source`.
        rules: see `FileSource`.
    """
    folder = os.path.dirname(table)
    rows = list(_read_table(table))
    by_split = any(row.get("split") for _, row in rows)
    if not by_split:
        if inside is not None:
            rows = [row for row in rows if Path(row[1]["image"]).parts[0] == inside]
        elif folder == root and (split_folders(root) or split != "train"):
            have = list(split_folders(root)) or ["train, the whole folder"]
            raise no_split(spec, split, have, f"add a column split to {table}")
    known = {row["image"] for _, row in rows}
    if by_split:
        rows = _rows_of_split(spec, split, table, rows)
    captions: dict[str, tuple[str, ...]] = {}
    classes: dict[str, str] = {}
    for number, row in rows:
        file = row["image"]
        if file not in captions and not archives.is_file(os.path.join(folder, file)):
            raise InputError(
                f"{table}, line {number}: there is no image {file} in {folder}; add it, or remove "
                "the line."
            )
        captions[file] = captions.get(file, ()) + row["captions"]
        if row.get("class") not in (None, ""):
            name = str(row["class"])
            if classes.setdefault(file, name) != name:
                raise InputError(
                    f"{table}, line {number}: {file} is of class {name!r}, but of "
                    f"{classes[file]!r} before; give it one."
                )
    if not captions:
        raise InputError(f"{table} has no captions of split {split!r}; add some.")
    # Where the table says of each image which split it is in, all of them are looked at.
    seen = inside if inside is not None and not by_split else "."
    found = [
        os.path.normpath(os.path.join(seen, file))
        for file in list_images(os.path.join(folder, seen))
    ]
    missing = [file for file in found if file not in known]
    if missing:
        raise InputError(
            f"{table}: {len(missing)} of {len(found)} images have no captions, the first "
            f"{missing[0]}; add them, or remove the images."
        )
    files = sorted(captions, key=lambda file: Path(file).parts)
    if classes and len(classes) < len(files):
        without = next(file for file in files if file not in classes)
        raise InputError(f"{table}: {without} has no class, others have; give all of them one.")
    named = [classes[file] for file in files] if classes else None
    texts = [captions[file] for file in files]
    return _from_files(spec, folder, files, texts, named, on_error, rules, inside)


def _rows_of_split(
    spec: str, split: str, table: str, rows: Sequence[tuple[int, dict[str, Any]]]
) -> list[tuple[int, dict[str, Any]]]:
    aliases = {alias: name for name, names in SPLIT_FOLDERS.items() for alias in names}
    by_split = defaultdict(list)
    for number, row in rows:
        if not row.get("split"):
            raise InputError(
                f"{table}, line {number} has no split, others have; give all of them one."
            )
        name = str(row["split"]).strip().lower()
        by_split[aliases.get(name, name)].append((number, row))
    if split not in by_split:
        raise no_split(spec, split, sorted(by_split), f"see the column split of {table}")
    return by_split[split]


def _from_files(
    spec: str,
    folder: str,
    files: Sequence[str],
    captions: list[tuple[str, ...]],
    classes: Sequence[str] | None,
    on_error: str,
    rules: DecodingRules,
    inside: str | None = None,
) -> Captioned:
    if classes is None:
        relative = [os.path.relpath(file, inside) if inside else file for file in files]
        classes = [os.path.dirname(_below_images(file)).split(os.sep)[0] for file in relative]
        # As for `open_source`: one "class", or images beside the folders, is not a labelled set.
        if len(set(classes)) == 1 or "" in classes:
            classes = None
    numbers = None if classes is None else np.unique(classes, return_inverse=True)[1]
    paths = [os.path.join(folder, file) for file in files]
    source = FileSource(spec, paths, on_error=on_error, rules=rules)
    source.warn_if_dark()
    return Captioned(source, captions, numbers)


# ---------------------------------------------------------------------- batches


def captions_of(data: Captioned) -> list[tuple[str, ...]]:
    """Returns the captions of each image.

    Raises:
        InputError: if one is no string.

    Example:
        >>> captions_of(Captioned(source, ["a red bird", ("a bird", "it is small")]))
        [('a red bird',), ('a bird', 'it is small')]
    """
    if isinstance(data.captions, str):
        raise InputError(
            f"data.captions: expected the captions of each of {len(data.images)} images, got the "
            f"string {data.captions!r}."
        )
    checked = []
    for i, each in enumerate(data.captions):
        none = not isinstance(each, str) and isinstance(each, Sequence) and not len(each)
        name = f"data.captions[{i}]"
        checked.append(() if none else tuple(check_texts(name, each)))
    return checked


def distinct_captions(data: Captioned) -> list[str]:
    """Returns every caption once, sorted: the order in which `captioned` takes embeddings.

    Example:
        >>> distinct_captions(Captioned(source, [("b", "a"), ("b",)]))
        ['a', 'b']
    """
    return sorted({caption for captions in captions_of(data) for caption in captions})


def groups(data: Captioned) -> np.ndarray:
    """Numbers the classes; without them, the images that are linked by captions in common.

    Returns:
        int64 `[N]`. Case and white space do not make captions different.
    """
    if data.classes is not None:
        return np.unique(data.classes, return_inverse=True)[1].astype(np.int64)
    return _connected(captions_of(data))


def _comparable(caption: str) -> str:
    return " ".join(caption.casefold().split())


def _matches(data: Captioned) -> tuple[np.ndarray, list[np.ndarray]]:
    """Finds the images whose captions do not mismatch an image: of its class, or with one of its.

    Returns:
        `(numbers, sets)`, int64 `[N]` and sorted numbers of images: image i is matched by
        `sets[numbers[i]]`, itself among them.

    Raises:
        InputError: if that is all images.
    """
    keys: list[frozenset[Any]]
    if data.classes is not None:
        keys = [frozenset([number]) for number in data.classes.tolist()]
    else:
        keys = [frozenset(map(_comparable, captions)) for captions in captions_of(data)]
    listed = defaultdict(list)
    for i, each in enumerate(keys):
        for key in each:
            listed[key].append(i)
    holders = {key: np.array(images) for key, images in listed.items()}
    sets: list[np.ndarray] = []
    by_keys: dict[frozenset[Any], int] = {}
    by_content: dict[bytes, int] = {}
    for i, each in enumerate(keys):
        if each in by_keys:
            continue
        images = np.unique(np.concatenate([holders[key] for key in each]))
        # Many sets of captions lead to the same images if one of them is that of a whole class.
        by_keys[each] = by_content.setdefault(images.tobytes(), len(sets))
        if by_keys[each] == len(sets):
            sets.append(images)
        if len(images) == len(keys):
            why = (
                f"every image has one in common with {data.images.name(i)}"
                if data.classes is None
                else "there is one class only"
            )
            raise InputError(f"{data.images.spec}: no caption mismatches an image, since {why}.")
    return np.array([by_keys[each] for each in keys]), sets


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
            parent[root(i)] = root(first.setdefault(_comparable(caption), i))
    return np.unique([root(i) for i in range(len(captions))], return_inverse=True)[1]


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
    cache: bool | str = "auto",
) -> tf.data.Dataset:
    """Batches of images with a text of their own and one of others, without end.

    Every epoch visits each image exactly once, in an order of its own, with captions drawn anew.
    The mismatching text is drawn from all images of another class, or without classes from those
    that have no caption in common with this one; whoever else is in the batch has no part in it.

    Args:
        data: from `open_captioned`, or what it opens.
        batch_size: images per batch, over all replicas.
        image_size: see `unconditional`.
        channels: see `unconditional`.
        crop: see `unconditional`.
        load_size: side to resize to before a random square of `image_size` is cut out; None for
            `image_size`.
        flip: mirror each image with probability 1/2; not where captions say left and right.
        embeddings: of `distinct_captions(data)`, float `[captions, D]`; None for strings.
        num_captions: how many different ones of an image's captions are drawn, and their
            embeddings averaged; all of an image that has fewer.
        distinct_classes: draw every batch anew, as an image each of `batch_size` different classes,
            all classes equally likely, and of a class all its images; instead of epochs.
        seed: of everything drawn, any integer.
        start_step: number of the first batch.
        cache: see `unconditional`; images are held at `load_size`.

    Returns:
        An infinite dataset of dicts: "image", uint8 `[batch_size, image_size, image_size,
        channels]` in 0..255; "text" and "mismatching_text", strings `[batch_size]`, or float32
        `[batch_size, D]`; "class", int64 `[batch_size]`, of the image's class, or without classes
        a number that images share which captions in common link, directly or over others.

    Raises:
        InputError: there are fewer images than a batch, no caption mismatches an image, or an
            option is out of range.

    Example:
        >>> data = open_captioned("figures/captions", num=100)
        >>> sorted(captioned(data, batch_size=4).element_spec)
        ['class', 'image', 'mismatching_text', 'text']
    """
    import tensorflow as tf

    from tfgan_zoo.data.pipeline import (
        augmented,
        batches,
        check_steps,
        finish,
        fit_for,
        random_crop,
        random_flip,
        side_of,
        use_cache,
    )

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
        load_size = side_of("load_size", load_size)
        if load_size < size:
            raise InputError(f"load_size: expected at least image_size={size}, got {load_size}.")
        fitting = fit_for(data.images, image_size=load_size, channels=channels, crop=crop)
    draw = _drawing(data, embeddings, batch_size, num_captions, seed)
    order = None
    if distinct_classes:
        order = _distinct_classes(data, batch_size, seed, start_step)
    cached = use_cache(data.images, fitting, cache)
    # What is left out with `on_error="skip"` takes its number along.
    sources, fittings = [data.images, _Numbers(data.images)], [fitting, Fit(1, 3)]
    dataset = batches(sources, fittings, batch_size, seed, start_step, cached, order)

    def complete(batch: tuple[tf.Tensor, tf.Tensor], step: tf.Tensor) -> dict[str, tf.Tensor]:
        image, number = batch
        if fitting.image_size != size:
            image = random_crop(image, size, seed, step)
        if flip:
            image = random_flip(image, seed, step)
        digits = tf.cast(number[:, 0, 0], tf.int64)
        return {"image": image, **draw(tf.reduce_sum(digits * _DIGITS, axis=1), step)}

    return finish(augmented(dataset, complete, start_step))


def _distinct_classes(
    data: Captioned, batch_size: int, seed: int, start_step: int
) -> tf.data.Dataset:
    """The order of samples: at each step one image each of `batch_size` different classes."""
    import tensorflow as tf

    from tfgan_zoo import noise

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
            f"batch_size: expected at most {len(counts)}, the number of classes of {spec}, as each "
            f"batch has an image each of different classes, got {batch_size}; give a smaller one, "
            "or distinct_classes=False."
        )
    # Else TensorFlow would put them into the memory of the GPU.
    with tf.device("cpu"):
        by_class = tf.constant(np.argsort(numbers, kind="stable"), tf.int64)
        sizes = tf.constant(counts, tf.int64)
        starts = tf.constant(np.cumsum(counts) - counts, tf.int64)

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

    return tf.data.Dataset.counter(start_step).map(draw)


_DIGITS = np.array([1, 2**8, 2**16])


class _Numbers(Source):
    """The numbers of images, as images of one pixel: they go the way of what they belong to."""

    shape = (1, 1, 3)
    array: np.ndarray

    def __init__(self, images: Source):
        self.spec = "its captions"
        self.extras = {}
        self.on_error = images.on_error
        numbers = np.arange(len(images))[:, np.newaxis, np.newaxis, np.newaxis]
        self.array = (numbers // _DIGITS % 2**8).astype(np.uint8)
        self._images = images

    def __len__(self) -> int:
        return len(self.array)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        return self.array[index]

    def name(self, index: int) -> str:
        return self._images.name(index)

    def size(self, index: int) -> tuple[int, int]:
        return self._images.size(index)


def _drawing(
    data: Captioned,
    embeddings: np.ndarray | None,
    batch_size: int,
    num_captions: int,
    seed: int,
) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
    """Returns what draws texts: from (numbers of images, step) to the texts of a batch."""
    import tensorflow as tf

    from tfgan_zoo import noise

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
    numbers, sets = _matches(data)
    # Before the k-th image outside of a set lie those of the set that have at most k others before
    # them. A search in the sorted counts of others finds how many: of all sets in one array, each
    # set's moved up beyond the last one's.
    passed = [images - np.arange(len(images)) + i * (num + 1) for i, images in enumerate(sets)]
    sizes = np.array([len(images) for images in sets])
    most = counts.max()
    taken = min(num_captions, most)
    tables = {
        "group": groups(data),
        "counts": counts,
        "offsets": np.cumsum(counts) - counts,
        "set": numbers,
        "sizes": sizes,
        "starts": np.cumsum(sizes) - sizes,
        "passed": np.concatenate(passed),
    }
    # Else TensorFlow would put them into the memory of the GPU.
    with tf.device("cpu"):
        constant = {name: tf.constant(value, tf.int64) for name, value in tables.items()}
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

    def mismatching(index: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Draws an image outside of each image's set, all of them equally likely."""
        own = tf.gather(constant["set"], index)
        others = num - tf.gather(constant["sizes"], own)
        share = tf.random.stateless_uniform(
            [batch_size], noise.key(seed, "mismatching image", step), dtype=tf.float64
        )
        place = tf.cast(share * tf.cast(others, tf.float64), tf.int64)
        place = tf.minimum(place, others - 1)
        before = tf.searchsorted(
            constant["passed"], own * (num + 1) + place, side="right", out_type=tf.int64
        )
        return place + before - tf.gather(constant["starts"], own)

    def text_of(image: tf.Tensor, purpose: str, step: tf.Tensor) -> tf.Tensor:
        count = tf.gather(constant["counts"], image)[:, tf.newaxis]
        # The largest of random numbers, one for each caption, are a draw without replacement.
        share = tf.random.stateless_uniform([batch_size, most], noise.key(seed, purpose, step))
        share = tf.where(tf.range(most, dtype=tf.int64) < count, share, -1.0)
        drawn = tf.math.top_k(share, taken)
        place = tf.minimum(tf.cast(drawn.indices, tf.int64), count - 1)
        text = tf.gather(texts, tf.gather(constant["offsets"], image)[:, tf.newaxis] + place)
        if embeddings is None:
            return text[:, 0]
        there = tf.cast(drawn.values >= 0, tf.float32)
        there /= tf.reduce_sum(there, axis=1, keepdims=True)
        return tf.reduce_sum(tf.gather(vectors, text) * there[..., tf.newaxis], axis=1)

    def draw(index: tf.Tensor, step: tf.Tensor) -> dict[str, tf.Tensor]:
        other = mismatching(index, step)
        return {
            "text": text_of(index, "text", step),
            "mismatching_text": text_of(other, "mismatching text", step),
            "class": tf.gather(constant["group"], index),
        }

    return draw

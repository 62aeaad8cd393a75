"""`tfds:NAME[/CONFIG]`: images of a TensorFlow Datasets data set, by index.

TFDS decodes nothing here. Images are taken encoded, as they are stored, and decoded like the files
of a folder, so that they share its fast path and its cache. Data sets in TFDS' `array_record`
format, in which this module prepares new ones, are read from disk in any order; the encoded images
of others (`tfrecord`) are held in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tfgan_zoo.data.images import DecodingRules
from tfgan_zoo.data.source import EncodedSource, Source
from tfgan_zoo.data.spec import Opening
from tfgan_zoo.data.splits import NoSplitError, no_split, part_or_none, rows_of
from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.suggestions import did_you_mean

MEMORY_LIMIT = 4 * 2**30
"""Most bytes of encoded images to hold, for formats without random access."""

READ_AT_A_TIME = 64
"""Examples to read at a time where all are read for their labels or captions."""

_ALIASES = {"val": "validation", "validation": "val"}


class TFDSSource(EncodedSource):
    """Encoded images of examples.

    Args:
        spec: Name for messages.
        examples: The examples, `{feature: value}`.
        key: The feature that holds the image.
        shape: Shape of every image; None if they differ.
        on_error: See `Source`.
        rules: See `EncodedSource`.
        class_names: Names of the classes that the feature `label` numbers; None if there is no
            such feature.
        origin: Describes where the examples come from; None if that is not known.
    """

    def __init__(
        self,
        spec: str,
        examples: Sequence[Mapping[str, Any]],
        key: str,
        shape: tuple[int, ...] | None,
        on_error: str = "raise",
        rules: DecodingRules = DecodingRules(),  # noqa: B008  (it is frozen)
        class_names: Sequence[str] | None = None,
        origin: str | None = None,
    ):
        self.spec = spec
        self.shape = shape
        self.on_error = on_error
        self.rules = rules
        self.examples = examples
        self._key = key
        self._origin = origin
        if class_names is not None:
            # Reads every example, so only when labels are wanted.
            self._set_labels(self._read_labels, class_names)

    def _read_labels(self) -> np.ndarray:
        return np.array([each["label"] for each in in_order(self.examples)], np.int64)

    def __len__(self) -> int:
        return len(self.examples)

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return f"{self.spec}[{index}]"

    def size(self, index: int) -> tuple[int, int]:
        """See `Source.size`."""
        return super().size(index) if self.shape is None else (self.shape[1], self.shape[0])

    def whole(self, index: int) -> Any:
        """See `EncodedSource.whole`."""
        return io.BytesIO(self.examples[index][self._key])

    def identity(self) -> str | None:
        """See `Source.identity`; prepared data sets do not change."""
        return self._origin and f"{self._origin} {self._key} {len(self)} {self.rules}"

    def stamp(self, index: int) -> str:
        """See `Source.stamp`."""
        return f"{self._origin} {index}"


class _Some(Sequence):
    """Some of the examples that can be read from disk in any order."""

    def __init__(self, examples: Any, indices: range | np.ndarray):
        self._examples = examples
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: Any) -> Any:
        return self._examples[int(self._indices[index])]

    def __getitems__(self, indices: Sequence[int]) -> Any:
        return self._examples.__getitems__([int(self._indices[i]) for i in indices])


def in_order(examples: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yields all examples; reads several at a time where they are read from disk."""
    read_several = getattr(examples, "__getitems__", None)
    if read_several is None:
        yield from examples
        return
    for start in range(0, len(examples), READ_AT_A_TIME):
        yield from read_several(range(start, min(start + READ_AT_A_TIME, len(examples))))


def open_tfds(opening: Opening) -> Source:
    """Opens a data set of TFDS, which is downloaded and prepared if necessary.

    Args:
        opening: What follows `tfds:` is a name as in `tfds.load`, `NAME[/CONFIG][:VERSION]`. The
            split is any split expression of TFDS, or one with a step or `~`, such as "train[::10]";
            "val" also finds "validation".

    Returns:
        The images of the split. Their labels are the feature `label`, if it is an integer.

    Raises:
        InputError: If TFDS is not installed, or the data set, the split or an image feature does
            not exist and cannot be prepared.
    """
    return _open_images(opening, *_prepared(opening))


def check_tfds_split(opening: Opening) -> None:
    """Checks that a data set of TFDS has a split, or two domains of it, without reading samples.

    It is downloaded and prepared if necessary.

    Raises:
        NoSplitError: If it has no such split.
        InputError: If it cannot be prepared, or the part of the split is empty.
    """
    _, builder = _prepared(opening)
    bare, bracket, part = opening.split.partition("[")
    splits = set(builder.info.splits)
    for name in (bare, _ALIASES.get(bare, bare)):
        if not splits & {bare, name} and {f"{name}A", f"{name}B"} <= splits:
            for domain in "AB":
                _split(opening.spec, f"{name}{domain}{bracket}{part}", builder)
            return
    _split(opening.spec, opening.split, builder)


def _open_images(opening: Opening, tfds: Any, builder: Any, also: Sequence[str] = ()) -> TFDSSource:
    images = _image_features(tfds, builder)
    key = "image" if "image" in images else next(iter(images), "")
    if not images or (len(images) > 1 and key != "image"):
        raise InputError(
            f"{opening.spec} has {len(images)} image features where one is needed (its features: "
            f"{_described(builder)}); choose another data set or config."
        )
    return _sources(opening, tfds, builder, opening.split, {key: opening.spec}, also)[0]


def open_tfds_domains(opening: Opening) -> tuple[Source, Source, bool]:
    """Opens both domains of a data set of TFDS for image translation.

    Domains are the two image features `a` and `b`, which form pairs; or the splits `trainA` and
    `trainB` (`testA` and `testB`, ...), which do not.

    Args:
        opening: See `open_tfds`. For domains in splits, the split is "train" for `trainA` and
            `trainB`, with or without the bounds of a part.

    Returns:
        `(a, b, matched)`; see `domains.Domains`.

    Raises:
        InputError: As for `open_tfds`, or if the data set has neither.
    """
    spec, split = opening.spec, opening.split
    tfds, builder = _prepared(opening)
    images = _image_features(tfds, builder)
    if set(images) == {"a", "b"}:
        specs = {key: f"{spec} ({key})" for key in ("a", "b")}
        a, b = _sources(opening, tfds, builder, split, specs)
        return a, b, True
    splits = set(builder.info.splits)
    have = sorted(each[:-1] for each in splits if each[-1] == "A" and f"{each[:-1]}B" in splits)
    if not have or len(images) != 1:
        raise InputError(
            f"{spec} has neither two image features a and b nor splits trainA and trainB (its "
            f"features: {_described(builder)}; its splits: {', '.join(sorted(splits))}); use one "
            'that has, such as tfds:cycle_gan/horse2zebra, or layout="grey" to learn colouring.'
        )
    bare, bracket, part = split.partition("[")
    if bare not in have:
        bare = _ALIASES.get(bare, bare)
    if bare not in have:
        raise no_split(spec, split, have, "choose another")
    (key,) = images
    a, b = (
        _sources(opening, tfds, builder, domain + bracket + part, {key: f"{spec} ({domain})"})[0]
        for domain in (f"{bare}A", f"{bare}B")
    )
    return a, b, False


def open_tfds_resolutions(opening: Opening) -> tuple[Source, Source | None]:
    """Opens images in high and in low resolution: the image features `hr` and `lr`.

    Args:
        opening: See `open_tfds`.

    Returns:
        Both; or, for a data set with one image feature, its images and None.

    Raises:
        InputError: As for `open_tfds`.
    """
    tfds, builder = _prepared(opening)
    if {"hr", "lr"} <= set(_image_features(tfds, builder)):
        specs = {key: f"{opening.spec} ({key})" for key in ("hr", "lr")}
        hr, lr = _sources(opening, tfds, builder, opening.split, specs)
        return hr, lr
    return _open_images(opening, tfds, builder), None


def open_tfds_captioned(
    opening: Opening,
) -> tuple[Source, list[tuple[str, ...]], np.ndarray | None]:
    """Opens the images of a data set of TFDS with their captions.

    Captions are the feature `caption`, `captions` or `text`: a string, several, or several dicts
    with a `text`, as in `coco_captions`. Classes are the feature `label`, if it is an integer.

    Args:
        opening: See `open_tfds`.

    Returns:
        The images; the captions of each; the class number of each, int64 `[N]`, or None.

    Raises:
        InputError: As for `open_tfds`, or if the data set has no such feature, or captions that
            are not UTF-8.
    """
    tfds, builder = _prepared(opening)
    features = dict(builder.info.features.items())
    names = ("caption", "captions", "text")
    key = next((k for k in names if k in features and _is_text(tfds, features[k])), None)
    source = _open_images(opening, tfds, builder, () if key is None else (key,))
    if key is None:
        raise InputError(
            f"{opening.spec} has no feature caption, captions or text that is text (its features: "
            f"{_described(builder)}); choose another data set, or use folder:PATH."
        )
    labelled = _class_names(tfds, builder) is not None
    captions, labels = [], []
    for i, example in enumerate(in_order(source.examples)):
        try:
            captions.append(tuple(_texts(example[key])))
        except UnicodeDecodeError as error:
            raise InputError(
                f"{source.name(i)}: its {key} is not UTF-8 ({error.reason}); choose another data "
                "set, or use folder:PATH."
            ) from error
        if labelled:
            labels.append(int(example["label"]))
    return source, captions, np.array(labels, np.int64) if labelled else None


def _class_names(tfds: Any, builder: Any) -> Sequence[str] | None:
    """Returns the names of the classes, empty if they have none; None if there are no classes."""
    label = dict(builder.info.features.items()).get("label")
    if label is None or label.shape != () or not np.issubdtype(label.np_dtype, np.integer):
        return None
    if isinstance(label, tfds.features.ClassLabel) and label.num_classes:
        return label.names
    return ()


def _is_text(tfds: Any, feature: Any) -> bool:
    """Whether a feature is a string, strings, or dicts with a string called `text`."""
    while isinstance(feature, tfds.features.Sequence):
        feature = feature.feature
    if isinstance(feature, tfds.features.FeaturesDict):
        return "text" in feature and _is_text(tfds, feature["text"])
    return feature.np_dtype == np.object_


def _texts(value: Any) -> list[str]:
    """Returns the strings of a text feature, of a sequence of them, or of dicts with `text`."""
    if isinstance(value, Mapping):
        return _texts(value["text"])
    if isinstance(value, (bytes, str)):
        return [value.decode() if isinstance(value, bytes) else value]
    return [text for each in value for text in _texts(each)]


def _prepared(opening: Opening) -> tuple[Any, Any]:
    """Returns TFDS and the builder of a data set that is on disk."""
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise InputError(
            f"{opening.spec} needs TensorFlow Datasets ({error}); run pip install "
            "tensorflow_datasets."
        ) from error
    builder = _builder(tfds, opening.spec, opening.rest, opening.data_dir)
    _prepare(tfds, opening.spec, builder)
    return tfds, builder


def _sources(
    opening: Opening,
    tfds: Any,
    builder: Any,
    split: str,
    specs: Mapping[str, str],
    also: Sequence[str] = (),
) -> list[TFDSSource]:
    """Opens some image features of a split.

    Args:
        opening: The options.
        tfds: The package.
        builder: The data set.
        split: The split, which may be another one than that of the options.
        specs: For each feature, its name for messages.
        also: Further features to keep in the examples.
    """
    spec = next(iter(specs.values()))
    split, rows = _split(spec, split, builder)
    class_names = _class_names(tfds, builder)
    decoders = {key: tfds.decode.SkipDecoding() for key in _image_features(tfds, builder)}
    examples: Sequence[Mapping[str, Any]]
    if tfds.core.FileFormat.ARRAY_RECORD in builder.info.available_file_formats():
        examples = builder.as_data_source(
            split, decoders=decoders, file_format=tfds.core.FileFormat.ARRAY_RECORD
        )
        if rows is not None:
            examples = _Some(examples, rows)
    else:
        size = builder.info.splits[split].num_bytes or 0
        if rows is not None:
            size = size * len(rows) // builder.info.splits[split].num_examples
        if size > MEMORY_LIMIT:
            raise InputError(
                f"{spec} is stored as {builder.info.file_format.value} in {builder.data_path}, "
                f"{size / 2**30:.1f} GiB that cannot be read in any order; prepare it again in "
                "another data_dir, where it will become array_record."
            )
        # Which example is the tenth must not depend on how many files are read at a time.
        config = None if rows is None else tfds.ReadConfig(interleave_cycle_length=1)
        dataset = builder.as_dataset(
            split, decoders=decoders, shuffle_files=False, read_config=config
        )
        kept = [*specs, *also, *([] if class_names is None else ["label"])]
        read: Iterator[Mapping[str, Any]] = dataset.as_numpy_iterator()
        if rows is not None:
            wanted = set(map(int, rows))
            read = (each for index, each in enumerate(read) if index in wanted)
        examples = [{key: each[key] for key in kept} for each in read]
    sources = []
    for key, name in specs.items():
        shape = builder.info.features[key].shape
        source = TFDSSource(
            name,
            examples,
            key,
            None if None in shape else tuple(shape),
            opening.on_error,
            opening.rules,
            class_names,
            _origin(builder, split, rows),
        )
        source.warn_if_dark()
        sources.append(source)
    return sources


def _origin(builder: Any, split: str, rows: Any) -> str | None:
    """Describes some examples of a data set that is prepared, for `decoded`."""
    try:
        state = os.stat(os.path.join(builder.data_path, "dataset_info.json"))
    except OSError:  # not on this machine
        return None
    chosen = rows if rows is None or isinstance(rows, range) else _digest(rows)
    return f"{builder.data_path} {state.st_size} {state.st_mtime_ns} {split} {chosen}"


def _digest(rows: np.ndarray) -> str:
    return hashlib.sha256(np.asarray(rows, np.int64).tobytes()).hexdigest()


def _builder(tfds: Any, spec: str, name: str, data_dir: str | os.PathLike | None) -> Any:
    bare, _, config = name.partition(":")[0].partition("/")
    # The zoo's own data set registers itself when it is imported.
    if bare == "figures" and importlib.util.find_spec("tfgan_zoo.data.figures.tfds"):
        importlib.import_module("tfgan_zoo.data.figures.tfds")
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError:
        known = tfds.list_builders(with_community_datasets=False)
        hint = did_you_mean(bare, known) or "; its names are at tensorflow.org/datasets/catalog."
        raise InputError(f"TensorFlow Datasets has no data set {bare!r}{hint}") from None
    except Exception as error:
        configs: Sequence[str] = ()
        # A data set that exists on disk only has no class; then TFDS' own words have to do.
        with contextlib.suppress(Exception):
            configs = list(tfds.builder_cls(bare).builder_configs)
        if config and configs and config not in configs:
            hint = did_you_mean(config, configs) or f"; it has {len(configs)}, such as {configs[0]}"
            raise InputError(
                f"{bare} of TensorFlow Datasets has no config {config!r}{hint}"
            ) from None
        raise InputError(f"{spec} cannot be opened: {first_line(error)}") from error


def _prepare(tfds: Any, spec: str, builder: Any) -> None:
    if builder.is_prepared():
        return
    try:
        _check_online(builder)
        builder.download_and_prepare(file_format=tfds.core.FileFormat.ARRAY_RECORD)
    except ModuleNotFoundError as error:
        raise InputError(
            f"{spec} needs the package {error.name} to be prepared; run pip install {error.name}."
        ) from error
    except Exception as error:
        if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
            raise InputError(
                f"{spec} is not in {builder.data_path} and TFDS cannot download it by itself; "
                f"follow https://www.tensorflow.org/datasets/catalog/{builder.name} or use "
                "folder:PATH."
            ) from error
        raise InputError(
            f"{spec} is not in {builder.data_path} and cannot be prepared ({first_line(error)}); "
            f"run `tfds build {builder.name} --file_format=array_record` on a machine that can and "
            "copy that folder here, or use folder:PATH."
        ) from error


def _check_online(builder: Any) -> None:
    """Raises at once what TFDS finds out only after minutes of retries: there is no network."""
    hosts = {urllib.parse.urlparse(url).hostname for url in builder.url_infos or ()} - {None}
    root = os.fspath(builder.data_path).removesuffix(builder.info.full_name)
    downloads = os.path.join(root, "downloads", builder.name)
    cached = os.path.isdir(downloads) and any(".tmp." not in name for name in os.listdir(downloads))
    # With a proxy names need not resolve here; what was downloaded before needs no network.
    if not hosts or cached or urllib.request.getproxies():
        return
    for host in sorted(hosts):
        try:
            socket.getaddrinfo(host, 443)
        except OSError:
            continue
        return
    raise ConnectionError(f"no network: cannot resolve {min(hosts)}")


def _image_features(tfds: Any, builder: Any) -> list[str]:
    return [
        key
        for key, feature in builder.info.features.items()
        if isinstance(feature, tfds.features.Image) and feature.np_dtype != np.float32
    ]


def _described(builder: Any) -> str:
    features = builder.info.features.items()
    return ", ".join(f"{name}: {type(feature).__name__}" for name, feature in features)


def _split(spec: str, split: str, builder: Any) -> tuple[str, range | np.ndarray | None]:
    """Finds a split.

    Returns:
        A split expression of TFDS, and which of its samples to take; None for all of them.
    """
    part = part_or_none(split)
    if part is not None and not part.is_slice:  # TFDS knows no steps.
        whole, _ = _split(spec, part.name, builder)
        return whole, rows_of(spec, builder.info.splits[whole].num_examples, split)
    splits = list(builder.info.splits)
    if split not in splits and _ALIASES.get(split) in splits:
        split = _ALIASES[split]
    try:
        num = builder.info.splits[split].num_examples  # Also parses "train[:90%]" and "train+test".
    except Exception:
        hint = did_you_mean(split, splits)
        if split.isidentifier() and split not in splits:
            remedy = hint.removeprefix("; ").rstrip(".") or f"choose from {', '.join(splits)}"
            raise NoSplitError(f"{spec} has no split {split!r}", remedy) from None
        raise InputError(f"{spec} has no split {split!r}{hint}") from None
    if not num:
        raise InputError(f"{spec} has no images in split {split!r}; choose another.")
    return split, None

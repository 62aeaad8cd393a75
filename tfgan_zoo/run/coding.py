"""Image files through the encoder and decoder of a run's model."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo import atomic, pictures, progress
from tfgan_zoo import config as config_lib
from tfgan_zoo.data import FileSource, Fit, Source, fit_for, load_images
from tfgan_zoo.data.images import DecodingRules
from tfgan_zoo.data.loading import usable_indices
from tfgan_zoo.data.spec import SOURCE_KINDS
from tfgan_zoo.errors import InputError, without_advice
from tfgan_zoo.pictures import files
from tfgan_zoo.run import experiment
from tfgan_zoo.run.folder import config_of
from tfgan_zoo.tasks import task_of
from tfgan_zoo.tasks.comparison import Subset, image_batches
from tfgan_zoo.tasks.images import open_images


class Encoded(NamedTuple):
    """The codes of images.

    Attributes:
        codes: float32 `[num, latent_dim]`.
        names: The name of each image: its file, below the folder that was given.
        labels: The class number of each image, int64; None without classes.
        class_names: The names of the classes, by number.
    """

    codes: np.ndarray
    names: Sequence[str]
    labels: np.ndarray | None
    class_names: Sequence[str]

    def save(self, output: Path) -> None:
        """Writes an .npz file: `codes`, `names` and, with classes, `labels` and `class_names`."""
        arrays: dict[str, Any] = {"codes": self.codes, "names": np.array(self.names)}
        if self.labels is not None:
            arrays |= {"labels": self.labels, "class_names": np.array(self.class_names)}
        output.parent.mkdir(parents=True, exist_ok=True)
        with atomic.replacing(output, ending=".part.npz") as temporary:
            np.savez(temporary, **arrays)


def check_codes_file(output: str | os.PathLike, overwrite: bool) -> Path:
    """Returns the path of an .npz file to write.

    Raises:
        InputError: If it has another ending, is a folder, or exists.
    """
    path = Path(output).expanduser()
    atomic.check_name(path, "--output")
    if path.suffix.lower() != ".npz" or path.is_dir():
        raise InputError(f"--output: expected the name of an .npz file, got {str(path)!r}.")
    if path.exists() and not overwrite:
        raise InputError(f"--output: {str(path)!r} exists; add --overwrite to replace it.")
    return path


def encode_source(
    workdir: str | os.PathLike,
    source: str,
    *,
    split: str = "train",
    checkpoint: str = "best",
    on_error: str = "raise",
) -> Encoded:
    """Encodes images, read and resized by the rules of the run's data.

    Args:
        workdir: The run folder, or the `.keras` file of a preset.
        source: An image file, a folder, whose sub-folders are classes, or a data source such as
            `idx:mnist`.
        split: Its split.
        checkpoint: "best", "last", or a step.
        on_error: "raise" or "skip", for images that cannot be read.

    Raises:
        InputError: If the run has no such checkpoint, its model encodes no images, or an image
            cannot be read.
    """
    config, model = _loaded(workdir, checkpoint)
    opened, root = _opened(config, source, split, on_error)
    if opened.holds != "images":
        raise InputError(f"--input: {source} holds {opened.holds}, and the model takes images.")
    fitting = _fit(config, model, opened)
    chosen = usable_indices([opened], [fitting], np.arange(len(opened)))
    parts = image_batches(Subset(opened, chosen), fitting)
    codes = [
        model.encode(part)
        for part in progress.bar(parts, "encoded", len(chosen), "images", size=len)
    ]
    names = [opened.name(int(i)) for i in chosen]
    if root is not None:
        names = [os.path.relpath(name, root) for name in names]
    labels = opened.labels
    return Encoded(
        np.concatenate(codes),
        names,
        None if labels is None else labels[chosen],
        () if labels is None else opened.class_names,
    )


def reconstruct_files(
    workdir: str | os.PathLike,
    planned: Mapping[Path, Path],
    *,
    checkpoint: str = "best",
    compare: bool = False,
    on_error: str = "raise",
) -> int:
    """Reconstructs image files, read and resized by the rules of the run's data.

    Args:
        workdir: The run folder, or the `.keras` file of a preset.
        planned: Results by image, from `pictures.files.plan`. They have the model's size.
        checkpoint: "best", "last", or a step.
        compare: Whether to also write what the model saw beside each result.
        on_error: "raise", or "skip" to leave out images that cannot be read.

    Returns:
        The number of images written.

    Raises:
        InputError: As for `encode_source`.
    """
    config, model = _loaded(workdir, checkpoint)
    written = 0
    for path, result in progress.bar(planned.items(), "reconstructed", len(planned), "images"):
        try:
            images = _read(config, model, [path])
        except InputError as error:
            if on_error != "skip":
                raise
            progress.say(f"left out: {without_advice(error).rstrip('.')}.")
            continue
        made = pictures.to_uint8(model.reconstruct(images))
        result.parent.mkdir(parents=True, exist_ok=True)
        if compare:  # first, so that there is none to write once the result exists
            both = pictures.titled_rows(["input", "reconstructed"], [images, made])
            pictures.save_png(files.comparison(result), both)
        pictures.save_image(result, made[0])
        written += 1
    return written


def read_images(workdir: str | os.PathLike, model: Any, paths: Sequence[str]) -> np.ndarray:
    """Returns image files as a run's model takes them, uint8 `[num, H, W, C]`.

    Raises:
        InputError: If one does not exist, or cannot be read.
    """
    for path in paths:
        if not Path(path).expanduser().is_file():
            raise InputError(f"--input: expected an image file, {path!r} is none.")
    return _read(_config(workdir), model, [Path(path).expanduser() for path in paths])


def _loaded(workdir: str | os.PathLike, checkpoint: str) -> tuple[ConfigDict, Any]:
    model = experiment.load_run(workdir, checkpoint)
    task = task_of(model)
    if not task.encodes:
        raise task.refusal(os.fspath(workdir))
    return _config(workdir), model


def _config(workdir: str | os.PathLike) -> ConfigDict:
    return ConfigDict(config_of(workdir), convert_dict=True)


def _opened(
    config: ConfigDict, source: str, split: str, on_error: str
) -> tuple[Source, Path | None]:
    """Opens what --input names, and returns the folder that names of files begin with."""
    path = Path(source).expanduser()
    if path.is_file():
        return FileSource("--input", [str(path)], on_error=on_error, rules=_rules(config)), None
    root = path if path.is_dir() else None
    if root is None and re.split("[:/]", source)[0] not in SOURCE_KINDS:
        raise InputError(f"--input: {source!r} does not exist; check the path.")
    spec = source if root is None else f"folder:{root}"
    opened = open_images(
        config, spec, split, data_dir=config.data.get("data_dir"), on_error=on_error
    )
    return opened, root


def _read(config: ConfigDict, model: Any, paths: Sequence[Path]) -> np.ndarray:
    source = FileSource("--input", [str(path) for path in paths], rules=_rules(config))
    return load_images(source, _fit(config, model, source))


def _rules(config: ConfigDict) -> DecodingRules:
    return DecodingRules(**config_lib.decoding(config.data))


def _fit(config: ConfigDict, model: Any, source: Source) -> Fit:
    shape, data = model.image_shape, config.data
    return fit_for(source, image_size=shape[:2], channels=shape[-1], crop=data.crop, fit=data.fit)

"""Image files through the encoder and decoder of a run's model."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data import FileSource, Fit, Source, codes, fit_for, load_images
from tfgan_zoo.data.images import DecodingRules
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import files
from tfgan_zoo.run import experiment
from tfgan_zoo.run.folder import config_of
from tfgan_zoo.tasks import task_of
from tfgan_zoo.tasks.images import open_images


def encode_source(
    workdir: str | os.PathLike,
    source: str,
    *,
    split: str = "train",
    checkpoint: str = "best",
    on_error: str = "raise",
) -> codes.Encoded:
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
    opened, root = codes.opened(
        source,
        lambda spec: open_images(
            config, spec, split, data_dir=config.data.get("data_dir"), on_error=on_error
        ),
        _rules(config),
        on_error,
    )
    return codes.encode(opened, root, lambda: _fit(config, model, opened), model.encode)


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
    return files.make(
        planned,
        lambda path: _read(config, model, [path]),
        lambda images: pictures.to_uint8(model.reconstruct(images))[0],
        ("reconstructed", "images"),
        sheet=_compared if compare else None,
        on_error=on_error,
    )


def _compared(images: np.ndarray, made: np.ndarray) -> np.ndarray:
    return pictures.titled_rows(["input", "reconstructed"], [images, made[np.newaxis]])


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
        raise task.refusal(os.fspath(workdir), model)
    return _config(workdir), model


def _config(workdir: str | os.PathLike) -> ConfigDict:
    return ConfigDict(config_of(workdir), convert_dict=True)


def _read(config: ConfigDict, model: Any, paths: Sequence[Path]) -> np.ndarray:
    source = FileSource("--input", [str(path) for path in paths], rules=_rules(config))
    return load_images(source, _fit(config, model, source))


def _rules(config: ConfigDict) -> DecodingRules:
    return DecodingRules(**config_lib.decoding(config.data))


def _fit(config: ConfigDict, model: Any, source: Source) -> Fit:
    shape, data = model.image_shape, config.data
    return fit_for(source, image_size=shape[:2], channels=shape[-1], crop=data.crop, fit=data.fit)

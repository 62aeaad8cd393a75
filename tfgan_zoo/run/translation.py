"""Image files through a run's model."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo import config as config_lib
from tfgan_zoo import presets, progress
from tfgan_zoo.data.images import DecodingRules
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.inference import image_statistics
from tfgan_zoo.models import ImageToImage, LabelToImage
from tfgan_zoo.pictures import files, large_tiff, resizing, tiling
from tfgan_zoo.pictures.ensemble import self_ensemble
from tfgan_zoo.run import experiment
from tfgan_zoo.run.folder import config_of, versions
from tfgan_zoo.run.label_translation import Maps, check_has_no_maps, translate_label_maps
from tfgan_zoo.run.trained import is_model_file, weights_of
from tfgan_zoo.tasks import task_of

Function = Callable[[np.ndarray], np.ndarray]


def translate_files(
    workdir: str | os.PathLike,
    planned: Mapping[Path, Path],
    *,
    checkpoint: str = "best",
    direction: str | None = None,
    size: int | None = None,
    tile: int = 0,
    overlap: int | None = None,
    blend: bool = False,
    ensemble: bool = False,
    white: float | None = None,
    compare: bool = False,
    on_error: str = "raise",
    frames: str | None = None,
    bits: int = 8,
    maps: Maps = Maps(),  # noqa: B008  (it is a tuple)
) -> tuple[int, float]:
    """Translates or upscales image files, read by the rules of the run's data.

    Args:
        workdir: The run folder; or a `.keras` file, whose images are read by the default rules
            unless it is a preset.
        planned: Results by image, from `pictures.files.plan`.
        checkpoint: "best", "last", or a step.
        direction: One of the model's; None for its first.
        size: The shorter side to which images are resized for the model, whose results are resized
            back; 0 for none. None resizes images that are much larger than those of training to the
            size of these, unless `tile` is given.
        tile: See `pictures.tiling.in_tiles`.
        overlap: See `pictures.tiling.in_tiles`.
        blend: See `pictures.tiling.in_tiles`.
        ensemble: Whether to average over flips and turns; see `pictures.ensemble.self_ensemble`.
        white: The value of white in images of more than 8 bits; None for the run's.
        compare: See `pictures.files.convert`.
        on_error: See `pictures.files.convert`.
        frames: See `pictures.files.Form`.
        bits: See `pictures.files.Form`.
        maps: What belongs to label maps, of a model that takes these.

    Returns:
        (images written, seconds).

    Raises:
        InputError: If the run has no such checkpoint or direction, its model enlarges and a size is
            given, it does not and `ensemble` is, or an image cannot be read.
    """
    model = experiment.load_run(workdir, checkpoint)
    task = task_of(model)
    if not task.translates:
        raise task.refusal(os.fspath(workdir), model)
    chosen = _direction(model, direction)
    if size and model.scale != 1:
        raise InputError(
            f"--size: expected none for a model that enlarges, got {size}; leave it out."
        )

    _check_enlarges(model, ensemble)
    data = _data_of(workdir)
    if isinstance(model, LabelToImage) and model.takes_labels:
        others = {"size": size, "tile": tile, "overlap": overlap, "blend": blend}
        _check_label_options(**others, white=white, all_frames=frames, bits=bits != 8)
        start = time.perf_counter()
        num = translate_label_maps(model, data, planned, maps, compare=compare, on_error=on_error)
        return num, time.perf_counter() - start
    check_has_no_maps(maps)

    def translate(image: np.ndarray) -> np.ndarray:
        return model.translate(image[np.newaxis], chosen)[0]

    statistics = image_statistics(model.translators()[chosen])
    function = tiling.in_tiles(
        self_ensemble(translate) if ensemble else translate,
        tile,
        overlap,
        model.scale,
        blend=blend,
        on_tiles=None if blend or statistics is None else _warn_of_seams(statistics),
        multiple=model.tile_multiple(chosen) if isinstance(model, ImageToImage) else 1,
    )
    if size:
        function = resizing.at_size(function, size)
    elif size is None and not tile and (side := _training_side(model, data)):
        function = _shrinking(function, side)
    rules = config_lib.decoding(data)
    if white is not None:
        rules["white"] = white
    start = time.perf_counter()
    num = files.convert(
        planned,
        function,
        model.source_shape(chosen)[-1],
        compare=compare,
        on_error=on_error,
        rules=DecodingRules(**rules),
        frames=frames,
        bits=bits,
        titles=("input", "translated" if model.scale == 1 else "enlarged"),
        keeps_grey=model.scale != 1,
    )
    return num, time.perf_counter() - start


def translate_tiff(
    workdir: str | os.PathLike,
    source: Path,
    output: Path,
    *,
    checkpoint: str = "best",
    direction: str | None = None,
    tile: int = 0,
    overlap: int | None = None,
    blend: bool = False,
    ensemble: bool = False,
) -> float:
    """Translates a TIFF of any size to another one, in memory that does not grow with its height.

    Args:
        workdir: See `translate_files`, as for the others.
        source: The image.
        output: The result; see `pictures.large_tiff`.
        checkpoint: "best", "last", or a step.
        direction: One of the model's; None for its first.
        tile: See `pictures.tiling.in_tiles`.
        overlap: See `pictures.tiling.in_tiles`.
        blend: See `pictures.tiling.in_tiles`.
        ensemble: See `translate_files`.

    Returns:
        The seconds it took.

    Raises:
        InputError: If the run has no such checkpoint or direction, or the image cannot be read in
            parts.
    """
    model = experiment.load_run(workdir, checkpoint)
    task = task_of(model)
    if not task.translates:
        raise task.refusal(os.fspath(workdir), model)
    if isinstance(model, LabelToImage) and model.takes_labels:
        raise InputError(
            f"--output: expected a .png or a folder for label maps, got {str(output)!r}."
        )
    _check_enlarges(model, ensemble)
    chosen = _direction(model, direction)
    cut = tiling.Tiling.of(
        tile,
        overlap,
        model.scale,
        blend,
        model.tile_multiple(chosen) if isinstance(model, ImageToImage) else 1,
    )
    statistics = image_statistics(model.translators()[chosen])
    if statistics is not None and not blend:
        _warn_of_seams(statistics)(f"{source} in tiles of {cut.tile}x{cut.tile}")
    state = os.stat(source)
    times = (state.st_mtime_ns, state.st_ctime_ns)
    known = [str(source.resolve()), state.st_size, *times, str(output.resolve())]
    colors = _data_of(workdir).get("color_profiles", "srgb")
    key = json.dumps([*known, chosen, cut, ensemble, weights_of(model), versions(), colors])

    def translate(image: np.ndarray) -> np.ndarray:
        return model.translate(image[np.newaxis], chosen)[0]

    start = time.perf_counter()
    large_tiff.translate(
        source,
        output,
        self_ensemble(translate) if ensemble else translate,
        model.source_shape(chosen)[-1],
        cut,
        hashlib.sha256(key.encode()).hexdigest(),
        colors,
        keeps_grey=model.scale != 1,
    )
    return time.perf_counter() - start


def _direction(model: Any, direction: str | None) -> str:
    directions = list(model.translators())
    chosen = direction or directions[0]
    if chosen not in directions:
        raise InputError(f"--direction: expected {' or '.join(directions)}, got {chosen!r}.")
    return chosen


def _check_enlarges(model: Any, ensemble: bool) -> None:
    if ensemble and model.scale == 1:
        raise InputError(
            f"--ensemble: expected a model that enlarges, got {type(model).__name__}, to which a "
            "turned image may be something else; leave it out."
        )


def _check_label_options(**given: Any) -> None:
    for name, value in given.items():
        if value:
            raise InputError(
                f"--{name}: expected none for label maps, which are translated whole and at their "
                f"own size, got {value!r}; leave it out."
            )


def _data_of(workdir: str | os.PathLike) -> Mapping[str, Any]:
    """Returns the config of the data that a model was trained on; the default's if unknown."""
    if is_model_file(workdir) and presets.note_of(workdir) is None:
        return config_lib.run_config().data
    return config_of(workdir)["data"]


def _training_side(model: Any, data: Mapping[str, Any]) -> int | None:
    """Returns the shorter side of images at the scale of training; None if it is not known.

    A model that enlarges takes images of any scale. Where training crops the originals, their scale
    depends on these.
    """
    if model.scale != 1 or data.get("crop") is not None:
        return None
    return min(model.image_shape[:2])


def _warn_of_seams(statistics: str) -> Callable[[str], None]:
    """Returns a function of a description of tiles, which warns the first time."""
    told = False

    def warn(tiles: str) -> None:
        nonlocal told
        if not told:
            progress.say(
                f"warning: {tiles}: the generator's {statistics} treats each tile by itself, so "
                "colours may step from tile to tile; --blend fades tiles into each other, and "
                "--size or a larger --tile needs fewer of them."
            )
        told = True

    return warn


def _shrinking(function: Function, side: int) -> Function:
    """Returns a function that resizes images much larger than those of training, and says so."""
    at_size, most = resizing.at_size(function, side), resizing.MUCH_LARGER * side
    told = False

    def apply(image: np.ndarray) -> np.ndarray:
        nonlocal told
        if min(image.shape[:2]) <= most:
            return function(image)
        if not told:
            told = True
            progress.say(
                f"Images with a shorter side above {most} pixels, {resizing.MUCH_LARGER} times "
                f"that of training, are translated at {side} pixels and resized back; --size=0 "
                "translates them at their own size."
            )
        return at_size(image)

    return apply

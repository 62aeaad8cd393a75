"""Image files through a run's model."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tfgan_zoo.data.images import DecodingRules
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import files, tiling
from tfgan_zoo.run import experiment
from tfgan_zoo.run.folder import Run
from tfgan_zoo.tasks import task_of


def translate_files(
    workdir: str | os.PathLike,
    planned: Mapping[Path, Path],
    *,
    checkpoint: str = "best",
    direction: str | None = None,
    tile: int = 0,
    overlap: int = 64,
    white: float | None = None,
    compare: bool = False,
    on_error: str = "raise",
) -> tuple[int, float]:
    """Translates or upscales image files, read by the rules of the run's data.

    Args:
        workdir: The run folder.
        planned: Results by image, from `pictures.files.plan`.
        checkpoint: "best", "last", or a step.
        direction: One of the model's; None for its first.
        tile: See `pictures.tiling.in_tiles`.
        overlap: See `pictures.tiling.in_tiles`.
        white: The value of white in images of more than 8 bits; None for the run's.
        compare: See `pictures.files.convert`.
        on_error: See `pictures.files.convert`.

    Returns:
        (images written, seconds).

    Raises:
        InputError: If the run has no such checkpoint or direction, or an image cannot be read.
    """
    model = experiment.load_run(workdir, checkpoint)
    task = task_of(model)
    if not task.translates:
        raise task.refusal(os.fspath(workdir))
    directions = list(model.translators())
    chosen = direction or directions[0]
    if chosen not in directions:
        raise InputError(f"--direction: expected {' or '.join(directions)}, got {chosen!r}.")

    def translate(image: np.ndarray) -> np.ndarray:
        return model.translate(image[np.newaxis], chosen)[0]

    function = tiling.in_tiles(translate, tile, overlap, model.scale)
    rules = Run.open(workdir).decoding()
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
    )
    return num, time.perf_counter() - start

"""Samples of a run's model, for commands."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures.drawing import DrawRequest
from tfgan_zoo.pictures.labels import Sweep
from tfgan_zoo.pictures.voxel_output import ENDINGS
from tfgan_zoo.progress import counted
from tfgan_zoo.run import experiment
from tfgan_zoo.run.coding import read_images
from tfgan_zoo.run.folder import versions
from tfgan_zoo.run.trained import devices_for_samples, weights_of
from tfgan_zoo.samples import POINTS, VOXELS, kind_of
from tfgan_zoo.tasks import task_of


def draw_run(request: DrawRequest, output: Path, checkpoint: str = "best") -> str:
    """Draws a run's samples and writes them.

    Args:
        request: What to draw.
        output: A .png, a .gif, a .mp4, a file of voxels, or a folder.
        checkpoint: "best", "last", or a step.

    Returns:
        How many samples were written, and where.

    Raises:
        InputError: If there is no such run or checkpoint, or its model does not draw that.
    """
    with devices_for_samples(request.workdir, request.num_samples()).scope():
        model = experiment.load_run(request.workdir, checkpoint)
    task = task_of(model)
    if request.inputs:
        if not task.encodes:
            raise InputError(
                f"--input: expected none for {request.workdir!r}, whose model encodes no images."
            )
        request = request._replace(images=read_images(request.workdir, model, request.inputs))
    if (request.attributes or request.sweep is not None) and not task.takes_attributes:
        flag = "attribute" if request.attributes else "sweep"
        raise InputError(
            f"--{flag}: expected none for {request.workdir!r}, whose model draws from no "
            "attributes; leave it out."
        )
    drawing = task.drawing(model, request)._replace(voxels=request.voxels)
    kind = drawing.kind
    if kind is not VOXELS and (flag := request.voxels.given):
        raise InputError(
            f"--{flag}: expected none for {request.workdir!r}, whose model makes {kind.name}."
        )
    if kind is not VOXELS and output.suffix.lower() in ENDINGS:
        raise InputError(
            f"--output: a {output.suffix} holds voxels, and {request.workdir!r} makes {kind.name}; "
            "give a .png or a folder."
        )
    if drawing.points and output.suffix.lower() != ".png":
        raise InputError(f"--output: {request.workdir!r} makes points, which are drawn as a .png.")
    drawing.save(output, _key(request, output, model))
    unit = "object" if kind is VOXELS else "point" if drawing.points else "image"
    told = "" if drawing.sweep is None else f"\n{_described(drawing.sweep)}"
    return f"{counted(drawing.num, unit)}: {output}{told}"


def _described(sweep: Sweep) -> str:
    """Returns a line about the values of a sweep; those in the middle are left out of many."""
    values = [*sweep.values]
    if len(values) > 12:
        values[4:-1] = ["..."]
    return f"{sweep.name}: {', '.join(values)}"


def _key(request: DrawRequest, output: Path, model: Any) -> str:
    """Returns a hash of everything that the files of a request depend on."""

    def plain(value: Any) -> str:
        if isinstance(value, np.ndarray):
            return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return str(value)

    asked = [request, output.resolve(), versions(), weights_of(model)]
    return hashlib.sha256(json.dumps(asked, default=plain).encode()).hexdigest()


def walk_run(
    workdir: str, texts: list[str], seed: int, num: int = 6, frames: int = 12
) -> tuple[str, np.ndarray]:
    """Walks between samples of a run's best weights.

    Args:
        workdir: The run folder.
        texts: Texts to walk between, for a model that draws texts.
        seed: Seed of the latents.
        num: Walks.
        frames: Images of a walk.

    Returns:
        (a title, uint8 images of shape `[num, frames, height, width, channels]`).

    Raises:
        InputError: If the run has no checkpoint, or its model nothing to walk between.
    """
    model = experiment.load_run(workdir)
    task = task_of(model)
    request = DrawRequest(workdir, num, seed, texts, interpolate=True, frames=frames)
    title = " \u2192 ".join(texts)
    if task.takes_texts:
        if len(texts) < 2:
            raise InputError(f"--text: expected two or more to walk between, for {workdir!r}.")
    elif not (task.draws and kind_of(model.image_shape) is not POINTS):
        raise InputError(f"--interpolate: {workdir!r} draws no images from latents; leave it out.")
    else:
        title, request = "between latents", request._replace(num=num + 1, texts=())
    return title, task.drawing(model, request).rows()

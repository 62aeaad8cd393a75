"""Voxels of a served model, written as `tfgan_zoo.generate` writes them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import drawing, files, voxel_output
from tfgan_zoo.pictures.voxels import full_voxels
from tfgan_zoo.samples import VOXELS
from tfgan_zoo.serving import requests
from tfgan_zoo.serving.client import Client, Signature


def options(given: Any) -> voxel_output.VoxelOptions:
    """Returns how the flags say that voxels are drawn and written."""
    return voxel_output.VoxelOptions(
        given.threshold, given.largest_component, given.turntable, f".{given.format}"
    )


def check_none(given: Any) -> None:
    """Raises `InputError` if a flag is for voxels alone, which the model does not make."""
    if flag := options(given).given:
        raise InputError(f"--{flag}: expected none for this model, which makes no voxels.")


def check_images(given: Any) -> None:
    """Raises `InputError` if the output is a file that cannot hold images."""
    output = Path(given.output)
    if output.suffix.lower() in voxel_output.ENDINGS and not output.expanduser().is_dir():
        raise InputError(
            "--output: expected a .png or a folder for this model, which makes images, got "
            f"{given.output!r}."
        )


def draw(
    given: Any,
    client: Client,
    signatures: Mapping[str, Signature],
    labels: Sequence[int | None],
) -> str:
    """Asks for voxels and writes them.

    Args:
        given: The flags of `tfgan_zoo.predict`.
        client: Client of the server.
        signatures: Its signatures.
        labels: Class numbers, None for a model that is told none.

    Returns:
        How many objects were written, and where.

    Raises:
        InputError: If the output cannot hold them, or a flag is for images alone.
        ServerError: If the server cannot be reached, or does not answer with voxels.
    """
    if given.text:
        raise InputError("--text: expected none for this model, which makes voxels from seeds.")
    how, output = options(given), Path(given.output).expanduser()
    inputs = ["seed", *["label"] * bool(given.class_label)]
    name = given.signature and given.signature.removesuffix("_bits")
    chosen = requests.choose(signatures, inputs, name, requests.VOXELS)
    # Bits say all that a drawing or a file shows, in a hundredth of the bytes.
    occupancies = output.suffix.lower() == ".npz" and how.threshold is None
    if not occupancies and how.threshold in (None, 0.5):
        chosen = requests.bits_of(signatures, chosen)

    def asked(seeds: Sequence[int], label: int | None) -> Iterator[np.ndarray]:
        return requests.drawn_voxels(client, signatures, chosen, seeds, given.batch_size, label)

    seeds = requests.check_seeds(given.seed, given.num)
    one_file = (".png", *drawing.ANIMATIONS, *voxel_output.ENDINGS)
    if how.turntable or (output.suffix.lower() in one_file and not output.is_dir()):
        num = len(seeds) * len(labels)
        num, existing = _write_file(given, output, num, (asked(seeds, each) for each in labels))
    else:
        replace = given.overwrite or given.skip_existing
        paths = requests.paths(given.output, seeds, given.class_label, replace, how.kind)
        num = 0
        for i, label in enumerate(labels):
            wanted = zip(seeds, paths[i * len(seeds) :], strict=False)
            places = {s: p for s, p in wanted if not (given.skip_existing and p.exists())}
            batches = drawing.Drawing(asked(list(places), label), len(places), kind=VOXELS)
            objects = batches._replace(voxels=how).samples()
            for path, each in zip(places.values(), objects, strict=True):
                _save(path, each[np.newaxis], how)
            num += len(places)
        existing = len(paths) - num
    count, others = files.counted(num, num, existing, "object")
    return f"{count} by {chosen}{others}: {given.output}"


def _write_file(
    given: Any, output: Path, num: int, asked: Iterator[Iterator[np.ndarray]]
) -> tuple[int, int]:
    """Writes all objects to one file; returns how many, and how many were there already."""
    how = options(given)
    request = drawing.DrawRequest("", given.num, labels=given.class_label)
    drawing.of_one_object(request, output)
    replace = given.overwrite or given.skip_existing
    drawing.check_output(output, replace, interpolate=False, voxels=how)
    if given.skip_existing and output.exists():
        return 0, num
    made = drawing.Drawing((batch for each in asked for batch in each), num, kind=VOXELS)
    if len(given.class_label) > 1:
        made = made._replace(columns=given.num, labels=given.class_label)
    made._replace(voxels=how).save(output)
    return num, 0


def _save(path: Path, samples: np.ndarray, how: voxel_output.VoxelOptions) -> None:
    if how.kind != ".png":
        voxel_output.save_voxels(path, samples, how)
        return
    voxel_output.warn_of_empty(path, int(not full_voxels(samples).any()), 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures.save_png(path, pictures.draw_voxels(samples)[0])

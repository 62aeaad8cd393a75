"""Label maps through a served model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo.commands import served_codes, served_voxels
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import files, label_files
from tfgan_zoo.serving import requests
from tfgan_zoo.serving.client import Client, Signature

#: Class numbers that a file may hold; the server knows how many the model has.
_MOST_CLASSES = 2**15


def fits(signatures: Mapping[str, Signature]) -> bool:
    """Returns whether the model takes label maps."""
    return any("labels" in signature.inputs for signature in signatures.values())


def check_none(given: Any) -> None:
    """Raises `InputError` if a flag is for label maps alone."""
    given.check_defaults(
        {"instances": None, "style": None, "ignored": None, "classes": "values"},
        "--input of label maps beside it, and a model that takes them",
    )


def translate(given: Any, client: Client, signatures: Mapping[str, Signature]) -> str:
    """Asks for the images of label maps, and writes them.

    Args:
        given: The flags of `tfgan_zoo.predict`.
        client: Client of the server.
        signatures: Its signatures.

    Returns:
        How many images were written, and where.

    Raises:
        InputError: If a map cannot be read, or the model does not take what is given with them.
        ServerError: If the server cannot be reached, or its answer is not PNG files.
    """
    served_voxels.check_images(given)
    served_codes.check_none(given)
    if given.bits != 8:
        raise InputError(f"--bits: expected 8 for label maps, got {given.bits}.")
    if given.white is not None:
        raise InputError(f"--white: expected none for label maps, got {given.white}.")
    takes = {name for s in signatures.values() if "labels" in s.inputs for name in s.inputs}
    chosen = requests.choose(signatures, sorted(takes), given.signature)
    if given.style is not None and "styles" not in takes:
        raise InputError("--style: expected none for this model, which has no styles.")
    replace = given.overwrite or given.skip_existing
    all_planned = files.plan(given.input, given.output, overwrite=replace, on_error=given.on_error)
    labels = {label: all_planned[Path(label)] for label in label_files.labels_of(all_planned)}
    instances = label_files.instances_of(list(labels), given.instances, "instances" in takes)
    planned = {
        label: result
        for label, result in labels.items()
        if not (given.skip_existing and result.exists())
    }

    def convert(found: np.ndarray) -> np.ndarray:
        maps = np.moveaxis(found, -1, 0)[:, np.newaxis].astype(np.int32)
        sent = {
            "labels": maps[0],
            "instances": maps[-1],
            "styles": np.array([given.style or 0], np.int32),
        }
        made = client.predict(chosen, {name: sent[name] for name in sorted(takes)})
        (came,) = made[requests.FILES].tolist()
        return np.atleast_3d(requests.opened(came, client.name, chosen))

    read = label_files.reader(_MOST_CLASSES, given.classes, given.ignored, {})
    num = label_files.convert(planned, convert, read, instances, on_error=given.on_error)
    count, others = files.counted(num, len(planned), len(labels) - len(planned))
    return f"{count} by {chosen}{others}: {given.output}"

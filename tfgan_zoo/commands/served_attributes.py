"""Images and masks of a served model that draws from attributes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import files
from tfgan_zoo.pictures.attribute_drawing import combinations, parse_values
from tfgan_zoo.serving import requests
from tfgan_zoo.serving.client import Client, Signature


def draw(given: Any, client: Client, signatures: Mapping[str, Signature]) -> str:
    """Asks for the images and masks of attributes, and writes them.

    Attributes that are not given are random. An image depends on its own seed alone.

    Args:
        given: The flags of `tfgan_zoo.predict`.
        client: Client of the server.
        signatures: Its signatures.

    Returns:
        How many images were written, and where.

    Raises:
        InputError: If the model does not tell its attributes, or a value cannot be used.
        ServerError: If the server cannot be reached, or does not answer with images and masks.
    """
    for flag in ("text", "class_label"):
        if given[flag].value:
            raise InputError(
                f"--{flag}: expected none for this model, which draws from attributes; give "
                "--attribute=NAME=VALUE."
            )
    chosen = requests.choose(signatures, ["codes"], given.signature, requests.MASKS)
    coding = requests.attributes(client, signatures)
    if coding is None:
        raise InputError(
            "The model does not tell its attributes, as it was exported by an earlier version; "
            "export it again."
        )
    every, labels = combinations(parse_values(coding, given.attribute))
    seeds = requests.check_seeds(given.seed, given.num)
    replace = given.overwrite or given.skip_existing
    paths = requests.paths(given.output, seeds, labels or (), replace)
    masks = [mask_of(path) for path in paths]
    existing = [path for path in masks if path.exists()]
    if existing and not replace:
        raise InputError(f"--output: {str(existing[0])!r} exists; add --overwrite to replace it.")
    codes, places = [], []
    for i, path in enumerate(paths):
        if given.skip_existing and path.exists():
            continue
        values, seed = every[i // len(seeds)], seeds[i % len(seeds)]
        drawn = coding.sample(1, seed % 2**64)
        codes.append(coding.encode(drawn | values, "--attribute"))
        places.append((path, f"{chosen} for seed {seed}"))
    for i in range(0, len(places), given.batch_size):
        part = slice(i, i + given.batch_size)
        made = client.predict(chosen, {"codes": np.concatenate(codes[part])})
        rows = zip(made[requests.MASKS].tolist(), made[requests.FILES].tolist(), strict=True)
        for (path, sent), (mask, image) in zip(places[part], rows, strict=True):
            for file in (mask, image):
                requests.opened(file, client.name, sent)
            requests.save(mask_of(path), mask)  # first, as an image that exists has its mask
            requests.save(path, image)
    count, others = files.counted(len(places), len(places), len(paths) - len(places))
    return f"{count} by {chosen}{others}: {given.output}"


def mask_of(path: Path) -> Path:
    """Returns the path of an image's mask."""
    return path.with_name(f"{path.stem}_mask.png")

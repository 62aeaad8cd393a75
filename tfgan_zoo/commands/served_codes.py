"""Images through the encoder and decoder of a served model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_zoo.commands import served_voxels
from tfgan_zoo.data import FileSource, Fit, codes, load_images, open_source
from tfgan_zoo.data.images import DecodingRules
from tfgan_zoo.errors import InputError, ServerError
from tfgan_zoo.pictures import files
from tfgan_zoo.serving import requests
from tfgan_zoo.serving.client import Client, Signature


def fits(given: Any, signatures: Mapping[str, Signature]) -> bool:
    """Returns whether the model encodes images; those of 16 bits are floats of its own size."""
    encodes = any(requests.CODES in signature.outputs for signature in signatures.values())
    return encodes and (given.bits == 8 or _is_npz(given))


def check_none(given: Any) -> None:
    """Raises `InputError` if a flag is for models that encode images alone."""
    given.check_defaults(
        {"crop": None, "fit": "resize", "split": "train"},
        "--input of images beside it, and a model that encodes them",
    )


def answer(given: Any, client: Client, signatures: Mapping[str, Signature]) -> str:
    """Asks for the codes of images, for a .npz, or for their reconstructions, and writes them.

    Args:
        given: The flags of `tfgan_zoo.predict`.
        client: Client of the server.
        signatures: Its signatures.

    Returns:
        How many codes or images were written, and where.

    Raises:
        InputError: If an image cannot be read, or the model does not do what is asked.
        ServerError: If the server cannot be reached, or its answer is not codes or PNG files.
    """
    rules = DecodingRules(given.white)
    if _is_npz(given):
        return _encode(given, client, signatures, rules)
    served_voxels.check_images(given)
    if given.split != "train":
        raise InputError(f"--split: expected --output of a .npz beside it, got {given.output}.")
    chosen = requests.choose(signatures, [requests.FILES], given.signature)
    fit = _fit(given, signatures, chosen)
    planned, existing = files.plan_missing(
        given.input,
        given.output,
        overwrite=given.overwrite,
        skip_existing=given.skip_existing,
        on_error=given.on_error,
    )

    def reconstructed(images: np.ndarray) -> np.ndarray:
        (came,) = client.predict(chosen, _sent(images))[requests.FILES].tolist()
        return np.atleast_3d(requests.opened(came, client.name, chosen))

    num = files.make(
        planned,
        lambda path: load_images(FileSource("--input", [str(path)], rules=rules), fit),
        reconstructed,
        ("reconstructed", "images"),
        on_error=given.on_error,
    )
    count, others = files.counted(num, len(planned), existing)
    return f"{count} by {chosen}{others}: {given.output}"


def _is_npz(given: Any) -> bool:
    return Path(given.output).suffix.lower() == ".npz"


def _encode(
    given: Any, client: Client, signatures: Mapping[str, Signature], rules: DecodingRules
) -> str:
    if given.bits != 8:
        raise InputError(f"--bits: expected 8 for codes of images, got {given.bits}.")
    chosen = requests.choose(signatures, [requests.FILES], given.signature, requests.CODES)
    if given.skip_existing and Path(given.output).expanduser().exists():
        return f"0 codes by {chosen}, 1 file there already: {given.output}"
    output = codes.check_codes_file(given.output, given.overwrite)
    fit = _fit(given, signatures, chosen)
    size = signatures[chosen].outputs[requests.CODES].shape[-1]

    def encoded(images: np.ndarray) -> np.ndarray:
        made = client.predict(chosen, _sent(images))[requests.CODES]
        if made.shape != (len(images), size) or not np.isfinite(made).all():
            raise ServerError(f"{client.name}: the answer of {chosen} is no codes.")
        return made

    def open_spec(spec: str) -> Any:
        resolution = max(fit.size)
        return open_source(
            spec, given.split, resolution=resolution, on_error=given.on_error, white=given.white
        )

    source, root = codes.opened(given.input, open_spec, rules, given.on_error)
    found = codes.encode(source, root, lambda: fit, encoded, given.batch_size)
    found.save(output)
    return f"{found.counted()} by {chosen}: {output}"


def _fit(given: Any, signatures: Mapping[str, Signature], chosen: str) -> Fit:
    """Returns how images become those that the model takes."""
    height, width, channels = requests.shape_of(signatures, chosen)
    return Fit((height, width), channels, given.crop, given.fit)


def _sent(images: np.ndarray) -> dict[str, np.ndarray]:
    """Returns images as PNG files."""
    sent = np.empty(len(images), object)
    sent[:] = [requests.png_of(image) for image in images]
    return {requests.FILES: sent}

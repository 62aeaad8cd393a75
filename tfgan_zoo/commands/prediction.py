"""The flags of `tfgan_zoo.predict`, checked and carried out."""

from collections.abc import Mapping
from typing import Any

from tfgan_zoo import pictures
from tfgan_zoo.data.images import DecodingRules
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.pictures import files
from tfgan_zoo.serving import requests
from tfgan_zoo.serving.client import Client, Signature


def check(given: Any) -> None:
    """Checks what does not depend on the server.

    Args:
        given: The flags.

    Raises:
        InputError: If one is out of range, or there is nowhere to write.
    """
    for flag in ("num", "batch_size"):
        if given[flag].value < 1:
            raise InputError(
                f"--{flag}: expected a whole number from 1 up, got {given[flag].value}."
            )
    if given.white is not None:
        check_number("--white", given.white, above=0)
    if given.timeout <= 0 or given.retries < 0:
        raise InputError("--timeout, --retries: expected seconds above 0, and a number from 0 up.")
    if given.output is None and not given.list:
        raise InputError("--output: expected a .png or a folder, got none.")
    if given.output is not None and given.input is None:
        pictures.check_ending(given.output, [".png"])
    requests.check_seeds(given.seed, given.num)


def answer(given: Any) -> str:
    """Asks a server for what the flags say, and writes its images.

    Args:
        given: The flags.

    Returns:
        What the model takes, or how many images were written, and where.

    Raises:
        InputError: If the flags do not fit one another or the model, or an image cannot be read.
        ServerError: If the server cannot be reached, or does not answer with images.
    """
    client = requests.connect(
        given.url,
        given.grpc,
        given.model_name,
        given.version,
        given.label,
        timeout=given.timeout,
        retries=given.retries,
    )
    signatures = client.signatures()
    if given.list:
        return requests.table(signatures)
    if given.input is not None:
        return _translate(given, client, signatures)
    return _draw(given, client, signatures)


def _translate(given: Any, client: Client, signatures: Mapping[str, Signature]) -> str:
    planned = files.plan(
        given.input, given.output, overwrite=given.overwrite, on_error=given.on_error
    )
    chosen = requests.choose(signatures, ["images_bytes"], given.signature)
    num = files.convert(
        planned,
        requests.converter(client, chosen),
        requests.channels(signatures, chosen),
        on_error=given.on_error,
        rules=DecodingRules(given.white),
    )
    left_out = f", {len(planned) - num} left out" if num < len(planned) else ""
    return f"{num} {'image' if num == 1 else 'images'} by {chosen}{left_out}: {given.output}"


def _draw(given: Any, client: Client, signatures: Mapping[str, Signature]) -> str:
    seeds = requests.check_seeds(given.seed, given.num)
    paths = requests.paths(given.output, seeds, given.text, given.overwrite)
    inputs = ["seed", "text"] if given.text else ["seed"]
    chosen = requests.choose(signatures, inputs, given.signature)
    images = requests.drawn(client, chosen, seeds, given.text, given.batch_size)
    for path, file in zip(paths, images, strict=True):
        requests.save(path, file)
    return f"{len(paths)} {'image' if len(paths) == 1 else 'images'} by {chosen}: {given.output}"

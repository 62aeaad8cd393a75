"""The flags of `tfgan_zoo.predict`, checked and carried out."""

from collections.abc import Mapping
from typing import Any

from tfgan_zoo import pictures
from tfgan_zoo.commands import served_attributes, served_codes, served_labels, served_voxels
from tfgan_zoo.data.images import DecodingRules
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.pictures import files, label_files
from tfgan_zoo.pictures.drawing import ANIMATIONS
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
    if given.bits not in (8, 16):
        raise InputError(f"--bits: expected 8 or 16, got {given.bits}.")
    if given.bits == 16 and given.input is None:
        raise InputError("--bits: expected --input beside 16, got none.")
    if given.timeout <= 0 or given.retries < 0:
        raise InputError("--timeout, --retries: expected seconds above 0, and a number from 0 up.")
    if given.skip_existing and given.overwrite:
        raise InputError("--skip_existing: expected without --overwrite, got both.")
    if given.text and given.class_label:
        raise InputError("--class_label: expected none beside --text; leave one of them out.")
    label_files.check_style(given.style)
    if given.input is None:
        served_labels.check_none(given)
        served_codes.check_none(given)
    elif given.attribute:
        raise InputError("--attribute: expected none beside --input; leave one of them out.")
    if given.output is None and not given.list:
        raise InputError("--output: expected a .png or a folder, got none.")
    if given.output is not None and given.input is None:
        pictures.check_ending(given.output, [".png", *ANIMATIONS * given.turntable])
    served_voxels.options(given).check()
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
        headers=given.header,
        tls=given.tls,
        ca_file=given.ca_file,
    )
    signatures = client.signatures()
    if given.list:
        return requests.table(signatures)
    if given.input is not None:
        return _translate(given, client, signatures)
    return _draw(given, client, signatures)


def _translate(given: Any, client: Client, signatures: Mapping[str, Signature]) -> str:
    served_voxels.check_none(given)
    if served_labels.fits(signatures):
        return served_labels.translate(given, client, signatures)
    served_labels.check_none(given)
    if served_codes.fits(given, signatures):
        return served_codes.answer(given, client, signatures)
    served_codes.check_none(given)
    served_voxels.check_images(given)
    options: dict[str, Any] = {"on_error": given.on_error, "bits": given.bits}
    planned, existing = files.plan_missing(
        given.input,
        given.output,
        overwrite=given.overwrite,
        skip_existing=given.skip_existing,
        **options,
    )
    chosen = requests.choose(signatures, ["images_bytes"], given.signature)
    channels = requests.channels(signatures, chosen)
    if given.bits == 16:
        chosen = requests.of_floats(signatures, chosen)
        function = requests.converter_of_floats(client, signatures[chosen], chosen)
    else:
        function = requests.converter(client, chosen)
    num = files.convert(
        planned,
        function,
        channels,
        rules=DecodingRules(given.white),
        keeps_grey=chosen.startswith("upscale"),  # the endpoint of models that enlarge
        **options,
    )
    count, others = files.counted(num, len(planned), existing)
    return f"{count} by {chosen}{others}: {given.output}"


def _draw(given: Any, client: Client, signatures: Mapping[str, Signature]) -> str:
    if any(requests.MASKS in signature.outputs for signature in signatures.values()):
        served_voxels.check_none(given)
        served_voxels.check_images(given)
        return served_attributes.draw(given, client, signatures)
    if given.attribute:
        raise InputError(
            "--attribute: expected none for this model, which draws from no attributes."
        )
    if any(requests.VOXELS in signature.outputs for signature in signatures.values()):
        _check_told(given, signatures)
        labels = _labels(given, client, signatures)
        return served_voxels.draw(given, client, signatures, labels)
    served_voxels.check_none(given)
    served_voxels.check_images(given)
    seeds = requests.check_seeds(given.seed, given.num)
    replace = given.overwrite or given.skip_existing
    named = given.text or given.class_label
    paths = requests.paths(given.output, seeds, named, replace)
    inputs = ["seed", *["text"] * bool(given.text), *["label"] * bool(given.class_label)]
    _check_told(given, signatures)
    chosen = requests.choose(signatures, inputs, given.signature)
    labels = _labels(given, client, signatures)
    num = 0
    texts: list[list[str]] = [[text] for text in given.text] or [[] for _ in labels]
    for i, (text, label) in enumerate(zip(texts, labels, strict=True)):
        wanted = zip(seeds, paths[i * len(seeds) :], strict=False)
        places = {s: p for s, p in wanted if not (given.skip_existing and p.exists())}
        images = requests.drawn(client, chosen, list(places), text, given.batch_size, label)
        for path, file in zip(places.values(), images, strict=True):
            requests.save(path, file)
        num += len(places)
    count, others = files.counted(num, num, len(paths) - num)
    return f"{count} by {chosen}{others}: {given.output}"


def _labels(given: Any, client: Client, signatures: Mapping[str, Signature]) -> list[int | None]:
    """Returns the numbers of the classes; without any, None for each text."""
    if not given.class_label:
        return [None] * max(1, len(given.text))
    names = requests.class_names(client, signatures)
    return [requests.class_number(label, names) for label in given.class_label]


def _check_told(given: Any, signatures: Mapping[str, Signature]) -> None:
    """Checks that classes are given to models that are told one, and to no others."""
    told = any({"seed", "label"} <= set(signature.inputs) for signature in signatures.values())
    if given.class_label and not told:
        raise InputError("--class_label: expected none for this model, which is told no classes.")
    if told and not (given.class_label or given.text):
        raise InputError("--class_label: expected a class, which this model draws, got none.")

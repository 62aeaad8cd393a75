"""Requests to a served model, and its answers as files."""

import io
import json
import math
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from tfgan_zoo import atomic
from tfgan_zoo.attributes import Attributes
from tfgan_zoo.errors import InputError, RefusedError, ServerError, check_texts, first_line
from tfgan_zoo.pixels import to_unit_range
from tfgan_zoo.serving.client import Client, GrpcClient, RestClient, Signature, Tensor
from tfgan_zoo.serving.connection import parse_headers
from tfgan_zoo.suggestions import nearest

FILES = "images_bytes"
_FORM = "_png"
#: Outputs that are voxels: occupancies in [0, 1]; and packed bits, in a form of its own.
VOXELS = "voxels"
_BITS = "voxels_bits"
_BITS_FORM = "_bits"
#: The output that is codes of images.
CODES = "codes"
#: The output that is masks beside images, as PNG files.
MASKS = "masks_bytes"


def choose(
    signatures: Mapping[str, Signature],
    inputs: Sequence[str],
    name: str | None = None,
    output: str = FILES,
) -> str:
    """Returns the name of the signature that takes certain inputs and returns a certain output.

    Args:
        signatures: Signatures of the server.
        inputs: Names of the inputs to send.
        name: Name of the signature, or of the endpoint whose form it is; None for the first that
            fits.
        output: Name of the output; by default that of PNG files.

    Raises:
        InputError: If there is none.

    Example:
        >>> choose(client.signatures(), ["images_bytes"], "b_to_a")
        'b_to_a_png'
    """
    fit = [
        key
        for key, signature in signatures.items()
        if set(signature.inputs) == set(inputs) and output in signature.outputs
    ]
    for key in fit:
        if name in (None, key, key.removesuffix(_FORM)):
            return key
    wanted = f"takes {' and '.join(inputs)} and returns {output}"
    if name is not None:
        known = ", ".join(fit) or "none"
        raise InputError(f"--signature: expected one that {wanted} ({known}), got {name!r}.")
    others = "; ".join(f"{key} takes {', '.join(s.inputs)}" for key, s in signatures.items())
    raise InputError(f"The model has no signature that {wanted}: {others}.")


def channels(signatures: Mapping[str, Signature], name: str) -> int:
    """Returns the number of channels of the images that a PNG signature takes."""
    last = _shape(signatures, name)[-1]
    return last if last > 0 else 3


def shape_of(signatures: Mapping[str, Signature], name: str) -> tuple[int, ...]:
    """Returns the shape of the images that a PNG signature takes, of one size.

    Raises:
        InputError: If it takes images of any size, or does not tell.
    """
    shape = _shape(signatures, name)
    if len(shape) != 3 or min(shape) < 1:
        raise InputError(f"The model does not tell which size of images {name} takes.")
    return shape


def _shape(signatures: Mapping[str, Signature], name: str) -> tuple[int, ...]:
    floats = signatures.get(name.removesuffix(_FORM))
    return floats.inputs["images"].shape[1:] if floats and "images" in floats.inputs else (3,)


def png_of(image: np.ndarray) -> bytes:
    """Returns an image, uint8 `[H, W, 1 or 3]`, as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "PNG")
    return file.getvalue()


def drawn(
    client: Client,
    signature: str,
    seeds: Sequence[int],
    texts: str | Sequence[str] = (),
    batch_size: int = 16,
    label: int | None = None,
) -> Iterator[bytes]:
    """Requests an image for each seed, or for each text and each seed.

    Args:
        client: Client of the server.
        signature: Signature from `choose`.
        seeds: Seeds of the images.
        texts: One text or several, for a model that takes texts.
        batch_size: Number of images per request.
        label: Number of a class, for a model that is told one.

    Yields:
        PNG files, those of the first text first.

    Raises:
        ServerError: If the server cannot be reached, or its answer is not PNG files.
    """
    for text in check_texts("texts", texts) if len(texts) else (None,):
        for part in _parts(seeds, batch_size):
            given = {}
            if text is not None:
                encoded = text if isinstance(text, bytes) else text.encode()
                given["text"] = np.array([encoded] * len(part), object)
            made = client.predict(signature, _of_seeds(part, label) | given)[FILES].tolist()
            for seed, file in zip(part, made, strict=True):
                sent = f"seed {seed}" if text is None else f"seed {seed} and the text {text!r}"
                opened(file, client.name, f"{signature} for {sent}")
                yield file


def _parts(seeds: Sequence[int], batch_size: int) -> Iterator[Sequence[int]]:
    for i in range(0, len(seeds), batch_size):
        yield seeds[i : i + batch_size]


def _of_seeds(seeds: Sequence[int], label: int | None) -> dict[str, np.ndarray]:
    inputs = {"seed": np.array(seeds, np.int64)}
    if label is not None:
        inputs["label"] = np.full(len(seeds), label, np.int32)
    return inputs


def drawn_voxels(
    client: Client,
    signatures: Mapping[str, Signature],
    name: str,
    seeds: Sequence[int],
    batch_size: int = 16,
    label: int | None = None,
) -> Iterator[np.ndarray]:
    """Requests voxels for each seed.

    Args:
        client: Client of the server.
        signatures: Its signatures.
        name: One that returns `voxels`; or its form that returns packed bits.
        seeds: Seeds of the objects.
        batch_size: Number of objects per request.
        label: Number of a class, for a model that is told one.

    Yields:
        Batches of floats in [-1, 1], `[B, D, H, W, C]`; of bits, -1 and 1.

    Raises:
        ServerError: If the server cannot be reached, or its answer is not voxels.
    """
    shape = signatures[name.removesuffix(_BITS_FORM)].outputs[VOXELS].shape[1:]
    for part in _parts(seeds, batch_size):
        made = client.predict(name, _of_seeds(part, label))
        if _BITS in made and made[_BITS].shape == (len(part), -(-math.prod(shape) // 8)):
            bits = np.unpackbits(made[_BITS], axis=1, count=math.prod(shape))
            occupancies = bits.reshape(len(part), *shape).astype(np.float32)
        else:
            occupancies = made.get(VOXELS, np.zeros(0, np.float32))
        if occupancies.shape != (len(part), *shape) or not np.all(
            (occupancies >= 0) & (occupancies <= 1)
        ):
            raise ServerError(f"{client.name}: the answer of {name} is no voxels.")
        yield 2 * occupancies - 1


def bits_of(signatures: Mapping[str, Signature], name: str) -> str:
    """Returns the form with packed bits of a signature of voxels; itself if it has none."""
    form = signatures.get(name + _BITS_FORM, Signature({}, {}))
    return name + _BITS_FORM if _BITS in form.outputs else name


#: Class names asked for at a time.
_NAMES = 256


def class_names(client: Client, signatures: Mapping[str, Signature]) -> list[str]:
    """Requests the names of a model's classes, by number; none if it does not tell them.

    Raises:
        ServerError: If the server cannot be reached.
    """
    return _texts(client, signatures, "class_names", "label", "class_name")


def _texts(
    client: Client, signatures: Mapping[str, Signature], name: str, number: str, text: str
) -> list[str]:
    """Requests the texts of a signature of `signatures.of_texts`; none if there is no such."""
    texts: list[str] = []
    while name in signatures and len(texts) % _NAMES == 0:
        numbers = np.arange(len(texts), len(texts) + _NAMES, dtype=np.int32)
        found = client.predict(name, {number: numbers})[text].tolist()
        more = [each.decode() for each in found if each]
        texts += more
        if not more:
            break
    return texts


def attributes(client: Client, signatures: Mapping[str, Signature]) -> Attributes | None:
    """Requests what a model draws from; None if it does not tell.

    Raises:
        ServerError: If the server cannot be reached, or does not answer with attributes.
    """
    texts = _texts(client, signatures, "attributes", "index", "attribute")
    try:
        return Attributes(dict(map(json.loads, texts))) if texts else None
    except (InputError, TypeError, ValueError) as error:
        raise ServerError(f"{client.name}: the answer of attributes is none.") from error


def class_number(label: str, names: Sequence[str]) -> int:
    """Returns the number of a class.

    Args:
        label: Its name or number.
        names: The names of all classes, by number; empty if the model does not tell them.

    Raises:
        InputError: If there is no such class.

    Example:
        >>> class_number("ring", ["disk", "ring"]), class_number("7", [])
        (1, 7)
    """
    if label in names:
        return list(names).index(label)
    if label.isdecimal() and (not names or int(label) < len(names)):
        return int(label)
    if not names:
        raise InputError(
            f"--class_label: expected a class number, as the model tells no names, got {label!r}."
        )
    advice = f"choose from {', '.join(names)}"
    raise InputError(f"--class_label: there is no class {label!r}{nearest(label, names, advice)}")


def converter(client: Client, signature: str) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function that lets the server translate an image, for `pictures.files.convert`.

    Returns:
        A function from uint8 of shape (height, width, channels) to floats in [-1, 1]. It raises
        `ServerError` if the server cannot be reached, or its answer is not an image.
    """

    def convert(image: np.ndarray) -> np.ndarray:
        sent = np.array([png_of(image)], object)
        (came,) = client.predict(signature, {FILES: sent})[FILES].tolist()
        pixels = opened(came, client.name, signature)
        return to_unit_range(np.atleast_3d(pixels))

    return convert


def of_floats(signatures: Mapping[str, Signature], name: str) -> str:
    """Returns the form with floats of a signature from `choose`.

    Raises:
        InputError: If the model has none.
    """
    name = name.removesuffix(_FORM)
    form = signatures.get(name, Signature({}, {}))
    if any(side.get("images", Tensor("", ()))[0] != "float32" for side in form):
        raise InputError(
            f"--bits: expected 8, as the model has no signature {name} that takes and returns "
            "floats, got 16."
        )
    return name


def converter_of_floats(
    client: Client, form: Signature, name: str
) -> Callable[[np.ndarray], np.ndarray]:
    """Returns what `converter` does, but sends and receives floats, which keep 16 bits.

    Args:
        client: Client of the server.
        form: The signature.
        name: Its name, from `of_floats`.

    Returns:
        A function between floats in [-1, 1] of shape (height, width, channels). It raises
        `ServerError` as that of `converter` does, also for an image of a size that the model does
        not take.
    """
    shape = form.inputs["images"].shape[1:]

    def convert(image: np.ndarray) -> np.ndarray:
        if any(-1 < wanted != given for wanted, given in zip(shape, image.shape, strict=True)):
            sizes = ("x".join(map(str, each[:2][::-1])) for each in (shape, image.shape))
            raise RefusedError("{} takes images of {} pixels, not {}.".format(name, *sizes))
        (made,) = client.predict(name, {"images": image[np.newaxis].astype(np.float32)})["images"]
        if made.ndim != 3 or not made.size or not np.isfinite(made).all():
            raise ServerError(f"{client.name}: the answer of {name} is no image.")
        return made

    return convert


def opened(file: Any, server: str, what: str) -> np.ndarray:
    """Returns the pixels of a PNG file from a server.

    Args:
        file: The answer of the server.
        server: Name of the server, for errors.
        what: Name of the request, for errors.

    Returns:
        uint8, grey of shape (height, width) or colour of shape (height, width, 3).

    Raises:
        ServerError: If it is not a complete PNG file of 8 bits.
    """
    came = f"{len(file):,} bytes" if isinstance(file, bytes) else type(file).__name__
    try:
        with Image.open(io.BytesIO(file), formats=["PNG"]) as image:
            image.load()
            if image.mode in ("1", "L", "P", "LA", "RGB", "RGBA"):
                grey = image.mode in ("1", "L", "LA")
                return np.asarray(image.convert("L" if grey else "RGB"))
            came = f"one of mode {image.mode}"
    except UnidentifiedImageError:
        came += " of another kind"
    except (OSError, SyntaxError, TypeError, ValueError, struct.error, zlib.error) as error:
        came += f" ({first_line(error).rstrip('.')})"
    raise ServerError(f"{server}: expected a PNG file of 8 bits from {what}, got {came}.")


def connect(
    url: str | None,
    grpc: str | None,
    model_name: str | None,
    version: int | None = None,
    label: str | None = None,
    *,
    headers: Sequence[str] = (),
    tls: bool = False,
    ca_file: str | None = None,
    **patience: Any,
) -> Client:
    """Returns the client for the flags of `tfgan_zoo.predict`.

    Raises:
        InputError: If they do not name one model of one server, or a header or the certificates
            cannot be used.
    """
    headers_by_name = parse_headers(headers)
    if (url is None) == (grpc is None):
        raise InputError("Give --url or --grpc: http://HOST:8501/v1/models/NAME, or HOST:8500.")
    if version is not None and label is not None:
        raise InputError("Give --version or --label, not both.")
    if grpc is not None:
        if model_name is None:
            raise InputError("--model_name: expected a name beside --grpc, got none.")
        if headers:
            raise InputError("--header: expected none with --grpc; use --url.")
        return GrpcClient(grpc, model_name, version, label, tls=tls, ca_file=ca_file, **patience)
    if model_name is not None:
        raise InputError("--model_name: expected none with --url, which ends in it; leave it out.")
    if tls:
        raise InputError("--tls: expected none with --url; use https:// in the URL.")
    part = f"/versions/{version}" if version is not None else f"/labels/{label}" if label else ""
    return RestClient(f"{url}{part}", headers=headers_by_name, ca_file=ca_file, **patience)


def table(signatures: Mapping[str, Signature]) -> str:
    """Returns a line for each signature: its inputs and outputs."""

    def side(tensors: Mapping[str, Tensor]) -> str:
        return ", ".join(
            f"{name} {'string' if t.dtype == 'object' else t.dtype}"
            f"[{', '.join('?' if n < 0 else str(n) for n in t.shape)}]"
            for name, t in tensors.items()
        )

    return "\n".join(f"{k}: {side(s.inputs)} -> {side(s.outputs)}" for k, s in signatures.items())


def check_seeds(first: int, num: int) -> range:
    """Returns the seeds of a number of images.

    Raises:
        InputError: If one has more than 64 bits.
    """
    least, most = -(2**63), 2**63 - num
    if not least <= first <= most:
        raise InputError(f"--seed: expected a whole number from {least} to {most}, got {first}.")
    return range(first, first + num)


def paths(
    output: str,
    seeds: Sequence[int],
    texts: str | Sequence[str] = (),
    overwrite: bool = False,
    ending: str = ".png",
) -> list[Path]:
    """Returns the path of each image of `drawn`.

    In a folder an image is named after its seed, 000007.png, and for several texts also after the
    number of the text, 1_000007.png.

    Args:
        output: A .png for one image, or a folder.
        seeds: Seeds of the images.
        texts: What each of the seeds draws: texts, or classes.
        overwrite: Whether files may exist.
        ending: Of the files in a folder.

    Raises:
        InputError: If a file exists, would have to hold several images, or has an invalid name.
    """
    texts = check_texts("texts", texts) if len(texts) else ()
    place = Path(output).expanduser()
    atomic.check_output(place)
    if place.suffix.lower() == ".png" and not place.is_dir():
        if len(seeds) * max(1, len(texts)) > 1:
            raise InputError(f"--output: {output!r} holds one image; give a folder for several.")
        named = [place]
    else:
        several = range(1, len(texts) + 1) if len(texts) > 1 else ()
        firsts = [f"{number}_" for number in several] or [""]
        named = [place / f"{first}{seed:06d}{ending}" for first in firsts for seed in seeds]
    existing = [path for path in named if path.exists()]
    if existing and not overwrite:
        raise InputError(f"--output: {str(existing[0])!r} exists; add --overwrite to replace it.")
    return named


def save(path: Path, file: bytes) -> None:
    """Writes a file, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.open_replacing(path) as written:
        written.write(file)

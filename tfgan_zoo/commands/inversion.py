"""Sheets of what the layers of a network keep of photographs, for `tfgan_zoo.invert`."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import atomic, pictures, progress
from tfgan_zoo.data import images
from tfgan_zoo.errors import InputError
from tfgan_zoo.hashes import content_of
from tfgan_zoo.models import FeatureInversion
from tfgan_zoo.models.feature_inversion import Inverted
from tfgan_zoo.networks.features import files_of, maps_of, sides_of
from tfgan_zoo.pictures.resizing import resized, scaled
from tfgan_zoo.suggestions import nearest

#: Longest shorter side of images by default.
SIDE = 224
#: Height of a row of a sheet, to which small images are enlarged.
_ROW = 160


class Settings(NamedTuple):
    """What the flags say.

    Attributes:
        features: Name of a network.
        layers: Its layers; all if empty.
        style: Picture whose style is added; None for none.
        style_weight: See `FeatureInversion.invert`.
        centre: See `FeatureInversion.invert`.
        size: Shorter side of images; None for `SIDE` at the most.
        options: Arguments of `FeatureInversion`.
    """

    features: str
    layers: tuple[str, ...]
    style: str | None
    style_weight: float
    centre: int | None
    size: int | None
    options: Mapping[str, Any]


def invert_files(planned: Mapping[Path, Path], settings: Settings) -> None:
    """Writes a sheet for each image.

    Args:
        planned: Sheets by image, from `pictures.files.plan`.
        settings: What the flags say.

    Raises:
        InputError: If there is no such network or layer, an image cannot be read, or it does not
            fit the network.
    """
    inversion = FeatureInversion(settings.features, **settings.options)
    layers = list(settings.layers or inversion.layers)
    for layer in layers:
        if layer not in inversion.layers:
            advice = f"its layers are {', '.join(inversion.layers)}"
            near = nearest(layer, inversion.layers, advice)
            raise InputError(f"--layers: {settings.features} has no layer {layer!r}{near}")
    maps = maps_of(settings.features, layers)
    for flag, value in (("centre", settings.centre), ("style", settings.style)):
        if value is not None and not maps:
            raise InputError(
                f"--layers: expected a layer with positions for --{flag}, got {', '.join(layers)}; "
                "add a convolutional layer."
            )
    if settings.centre is not None:  # Layers without positions have no middle.
        layers = maps
    sides = sides_of(settings.features, layers)
    if sides is not None and settings.size not in (None, min(sides)):
        raise InputError(
            f"--size: expected none for {', '.join(layers)} of {settings.features}, which takes "
            f"images of {sides[0]}x{sides[1]} pixels alone, got {settings.size}; leave it out."
        )
    style = None if settings.style is None else _read(Path(settings.style), "--style")
    network = _network_files(settings)
    for path, result in planned.items():
        photograph = _fitted(_read(path, "--input"), settings, layers)
        parts = result.with_name(f"{result.name}.parts")
        result.parent.mkdir(parents=True, exist_ok=True)
        columns, titles = [photograph], ["image"]
        for number, layer in enumerate(layers, 1):
            key = _fingerprint(settings, layer, photograph, style, network)
            part = parts / f"{layer}.{key}.npz"
            found = _stored(part)
            if found is None:
                try:
                    found = inversion.invert(
                        photograph[np.newaxis],
                        layer,
                        centre=settings.centre,
                        style=None if style is None else _fitted(style, settings, layers),
                        style_layers=None if style is None else maps,
                        style_weight=settings.style_weight,
                    )
                except InputError as refused:
                    if not str(refused).startswith("images: "):
                        raise
                    said = str(refused).removeprefix("images: ")
                    raise InputError(f"--input: {path.name}: {said}") from refused
                parts.mkdir(exist_ok=True)
                with atomic.open_replacing(part) as file:
                    np.savez(file, images=found.images, error=found.error)
            error = f"{layer} {found.error[0]:.1%}"
            progress.say(f"{path.name}: {number} of {len(layers)}, {error}")
            columns.append(pictures.to_uint8(found.images[0]))
            titles.append(error)
        pictures.save_image(result, _sheet(titles, columns))
        shutil.rmtree(parts, ignore_errors=True)


def _sheet(titles: list[str], columns: list[np.ndarray]) -> np.ndarray:
    """Draws a row of images, each with its title below it."""
    factor = max(1, round(_ROW / columns[0].shape[0]))
    large = [
        np.repeat(np.repeat(image, factor, axis=0), factor, axis=1)
        for image in map(pictures.as_colour, columns)
    ]
    return pictures.labelled_grid(titles, np.stack(large), min(len(large), 6))


def _read(path: Path, flag: str) -> np.ndarray:
    if not path.is_file():
        raise InputError(f"{flag}: there is no file {str(path)!r}.")
    return images.with_channels(images.decode(path), 3)


def _fitted(image: np.ndarray, settings: Settings, layers: Sequence[str]) -> np.ndarray:
    """Returns an image at the size of the flags, or of a network that takes one size alone."""
    sides = sides_of(settings.features, layers)
    if sides is not None:
        height, width = image.shape[:2]
        factor = max(sides[0] / height, sides[1] / width)
        large = (max(sides[0], round(height * factor)), max(sides[1], round(width * factor)))
        image = resized(image, large)
        top, left = ((a - b) // 2 for a, b in zip(large, sides, strict=True))
        return image[top : top + sides[0], left : left + sides[1]]
    shorter = min(image.shape[:2])
    side = min(shorter, SIDE) if settings.size is None else settings.size
    return image if side == shorter else resized(image, scaled(image.shape[:2], side))


def _network_files(settings: Settings) -> bytes:
    """Returns a hash of the network's files, which may have been replaced under their names."""
    files = files_of(settings.features, settings.options.get("features_file"))
    return "".join(content_of(path)[1] for path in files.values()).encode()


def _fingerprint(
    settings: Settings,
    layer: str,
    photograph: np.ndarray,
    style: np.ndarray | None,
    network: bytes,
) -> str:
    """Returns a hash of all that an image of a layer depends on."""
    fixed = settings._replace(layers=settings.layers if style is not None else (), style=None)
    digest = hashlib.sha256(json.dumps([*fixed, layer], default=str).encode() + network)
    for pixels in (photograph, style):
        if pixels is not None:
            digest.update(repr(pixels.shape).encode() + pixels.tobytes())
    return digest.hexdigest()[:16]


def _stored(path: Path) -> Inverted | None:
    """Returns what an earlier command has left; None if it left nothing."""
    if not path.is_file():
        return None
    with np.load(path) as arrays:
        return Inverted(arrays["images"], arrays["error"])

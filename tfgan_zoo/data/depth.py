"""Reads image files with 16 bits per channel; `tfgan_zoo.data.images` reads 8."""

from __future__ import annotations

import dataclasses
import importlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageOps

from tfgan_zoo.data import images, profiles
from tfgan_zoo.data.missing import check_no_nan
from tfgan_zoo.data.readers import scientific
from tfgan_zoo.errors import InputError

#: White in 16 bits.
MOST = 65535

#: TIFF's tag for what further channels are; 1 for alpha that colours are multiplied by.
_EXTRA_SAMPLES = 338

_NEEDED = {"cv2": "colour needs OpenCV", "tifffile": "colour in several pages needs tifffile"}


def decode_16_bits(
    file: str | os.PathLike,
    rules: images.DecodingRules,
    *,
    skip: str = images.SKIP,
    ask_white: str = images.WHITE,
) -> np.ndarray:
    """Reads an image file with all of its bits.

    Grey of 16 or 32 bits is read by Pillow, colour of 16 bits by OpenCV. NumPy arrays, DICOM, and
    TIFF that these cannot read are read by `tfgan_zoo.data.readers.scientific`, files of 8 bits as
    `decode` reads them, and scaled. EXIF orientation is applied, and colours with an embedded
    profile become sRGB, which `imagecodecs` computes with 16 bits.

    Args:
        file: Path of the file.
        rules: See `tfgan_zoo.data.images.decode`.
        skip: See `tfgan_zoo.data.images.decode`.
        ask_white: See `tfgan_zoo.data.images.decode`.

    Returns:
        uint16 `[height, width, channels]`, 65535 for white; channels as of `decode`.

    Raises:
        InputError: If the file cannot be read, or a package is needed and not installed.
    """
    name = os.fspath(file)
    # OpenCV reads colour of 16 bits with and without a value of white.
    if images.is_measured(file, name, dataclasses.replace(rules, black=None, white=None)):
        return images.read_scaled(file, name, rules, ask_white, MOST)
    with images.opened_with_bits(file, name, skip) as (image, bits):
        if bits.number > 8:
            return _page(image, name, 0, rules, skip, ask_white)
    plain = dataclasses.asdict(rules)
    pixels = images.decode(file, name, skip=skip, ask_white=ask_white, **plain)
    return pixels.astype(np.uint16) * (MOST // 255)


def decode_frames_16_bits(
    file: str | os.PathLike,
    rules: images.DecodingRules,
    *,
    skip: str = images.SKIP,
    ask_white: str = images.WHITE,
) -> Iterator[np.ndarray]:
    """Yields every frame of an animation or page of a document; see `decode_16_bits`.

    Raises:
        InputError: If one cannot be read, or the file is an animation of 16 bits.
    """
    name = os.fspath(file)
    with images.opened_with_bits(file, name, skip) as (image, bits):
        if bits.number > 8 and image.format != "TIFF":
            raise InputError(
                f"{name} is an animation of 16 bits, whose frames are read with 8 bits only; leave "
                "out --bits=16 or --all_frames."
            )
        for number in images.numbers_of_frames(image):
            image.seek(number)
            if images.bits_of(image).number > 8:
                yield _page(image, name, number, rules, skip, ask_white)
            else:
                pixels = images.decode_opened(image, name, rules, ask_white)
                yield pixels.astype(np.uint16) * (MOST // 255)


def _page(
    image: Image.Image,
    name: str,
    number: int,
    rules: images.DecodingRules,
    skip: str,
    ask_white: str,
) -> np.ndarray:
    """Reads the current frame of an opened file, which has more than 8 bits."""
    bits = images.bits_of(image)
    profile = image.info.get("icc_profile") if rules.color_profiles == "srgb" else None
    if bits.kept:
        image.load()
        pixels = np.asarray(ImageOps.exif_transpose(image))[..., np.newaxis]
    else:
        pixels = _colour(image, name, number, skip)
    scaled = _scaled(pixels, bits, name, rules, ask_white)
    if bits.negative:
        scaled = MOST - scaled
    return profiles.to_srgb_16_bits(scaled, profile, name) if profile else scaled


def package(module: str) -> Any:
    """Imports a package that images of 16 bits need.

    Raises:
        InputError: If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"--bits=16: {_NEEDED[module]}, which is not installed; pip install 'tfgan_zoo[depth]'."
        ) from error


def _colour(image: Image.Image, name: str, number: int, skip: str) -> np.ndarray:
    """Reads 16-bit colour, upright.

    Args:
        image: The file, opened by Pillow.
        name: Its path.
        number: Number of the page.
        skip: See `decode_16_bits`.
    """
    tags = getattr(image, "tag_v2", None) or image.getexif()
    turned = tags.get(ExifTags.Base.Orientation, 1)
    pixels: np.ndarray | None
    multiplied = image.format == "TIFF" and tags.get(_EXTRA_SAMPLES) == (1,)
    if image.format == "TIFF" and (turned != 1 or number or multiplied):  # Where OpenCV fails.
        pixels = scientific.read_page(name, name, number)
    else:
        pixels = _by_opencv(name, turned)
    if pixels is None or pixels.dtype != np.uint16:
        raise InputError(
            f"{name} cannot be read with 16 bits; replace or delete it, leave out --bits=16, or "
            f"skip such files with {skip}."
        )
    return pixels if image.has_transparency_data else pixels[..., :3]


def _by_opencv(name: str, turned: int) -> np.ndarray | None:
    """Reads a file by OpenCV, upright; None if that is impossible."""
    cv2 = package("cv2")
    pixels = cv2.imread(name, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[-1] not in (3, 4):
        return None
    return scientific.turned_upright(pixels[..., [2, 1, 0, 3][: pixels.shape[-1]]], turned)


def _scaled(
    pixels: np.ndarray, bits: images.Bits, name: str, rules: images.DecodingRules, ask_white: str
) -> np.ndarray:
    """Scales pixels of more than 8 bits to uint16. Alpha has the whole range of its bits."""
    if bits.number == 16 and (bits.scaled or not rules.white):
        return images.scaled_to(pixels, MOST, most=MOST)
    if not rules.white:
        raise InputError(
            f"{name} has 32-bit pixels ({images.range_of(pixels)}) of which the value of white is "
            f"unknown; give it as {ask_white}, or save the image with 16 bits."
        )
    check_no_nan(pixels, name)
    scaled = images.scaled_to(pixels, rules.white, rules.black, MOST)
    if pixels.shape[-1] == 4:
        scaled[..., 3] = pixels[..., 3]
    return scaled

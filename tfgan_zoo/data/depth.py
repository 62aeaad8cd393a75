"""Reads image files with 16 bits per channel; `tfgan_zoo.data.images` reads 8."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np
from PIL import ExifTags

from tfgan_zoo.data import images, profiles
from tfgan_zoo.errors import InputError

#: White in 16 bits.
MOST = 65535


def decode_16_bits(
    file: str | os.PathLike,
    rules: images.DecodingRules,
    *,
    skip: str = images.SKIP,
    ask_white: str = images.WHITE,
) -> np.ndarray:
    """Reads an image file with all of its bits.

    Grey of 16 or 32 bits is read by Pillow, colour of 16 bits by OpenCV, and what only
    `scientific` reads by that. Files of 8 bits are read as `decode` reads them, and scaled.

    Args:
        file: Path of the file.
        rules: See `tfgan_zoo.data.images.decode`.
        skip: See `tfgan_zoo.data.images.decode`.
        ask_white: See `tfgan_zoo.data.images.decode`.

    Returns:
        uint16 `[height, width, channels]`, 65535 for white; channels as of `decode`.

    Raises:
        InputError: If the file cannot be read, or has 16 bits and a colour profile other than sRGB,
            which Pillow converts with 8 bits only, or OpenCV is needed and not installed.
    """
    name = os.fspath(file)
    # OpenCV reads colour of 16 bits with and without a value of white.
    if images.is_measured(file, name, dataclasses.replace(rules, black=None, white=None)):
        return images.read_scaled(file, name, rules, ask_white, MOST)
    with images.opened_with_bits(file, name, skip) as (image, bits):
        if bits.number > 8:
            profile = image.info.get("icc_profile") if rules.color_profiles == "srgb" else None
            if profile and not profiles.is_srgb(profile):
                raise InputError(
                    f"{name} has 16 bits and a colour profile other than sRGB, which can be "
                    "converted with 8 bits only; save it as sRGB, or leave out --bits=16."
                )
            if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
                raise InputError(
                    f"{name} has 16 bits and is stored turned; save it upright, or leave out "
                    "--bits=16."
                )
            if bits.kept:
                image.load()
                grey = _scaled(np.asarray(image), bits, name, rules, ask_white)[..., None]
                return MOST - grey if images.is_stored_negative(image, bits) else grey
    if bits.number > 8:
        return _scaled(_by_opencv(name, skip), bits, name, rules, ask_white)
    plain = dataclasses.asdict(rules)
    pixels = images.decode(file, name, skip=skip, ask_white=ask_white, **plain)
    return pixels.astype(np.uint16) * (MOST // 255)


def opencv() -> Any:
    """Returns OpenCV's module.

    Raises:
        InputError: If it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise InputError(
            "--bits=16: colour needs OpenCV, which is not installed; "
            "pip install 'tfgan_zoo[depth]'."
        ) from error
    return cv2


def _by_opencv(name: str, skip: str) -> np.ndarray:
    """Returns the pixels of a file of 16-bit colour, as it stores them."""
    cv2 = opencv()
    pixels = cv2.imread(name, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise InputError(
            f"{name} cannot be read with 16 bits; replace or delete it, leave out --bits=16, or "
            f"skip such files with {skip}."
        )
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}
    return pixels[..., order[pixels.shape[-1]]]


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
    scaled = images.scaled_to(pixels, rules.white, rules.black, MOST)
    if pixels.ndim == 3 and pixels.shape[-1] == 4:
        scaled[..., 3] = pixels[..., 3]
    return scaled

"""Embedded colour profiles: converts the colours of cameras, phones and presses to sRGB."""

from __future__ import annotations

import functools
import io
import warnings
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

from tfgan_zoo.errors import InputError

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
# Flags of lcms2, by number, since their names change between versions of Pillow.
_BLACK_POINT_COMPENSATION = 0x2000
# A transform that does not remember its last pixel can be shared by threads.
_NO_CACHE = 0x0040
_NO_OPTIMIZATION = 0x0100

_SAME = 2
"""Largest difference, of 255, from sRGB of a profile that counts as sRGB: rounding."""

_LEVELS = np.arange(256, dtype=np.uint8)[np.newaxis]

_noted: set[str] = set()

Convert = Callable[[Image.Image], Image.Image]


def to_srgb(image: Image.Image, profile: bytes, name: str) -> Image.Image:
    """Converts the colours of an image to sRGB; alpha stays.

    The rendering is relative colorimetric, with black point compensation. Grey images may have an
    RGB profile, which is applied to R = G = B. A profile that cannot be read, or does
    not match the colours of the image, is ignored, with one warning for each reason.

    Args:
        image: An image of mode L, LA, RGB, RGBA or CMYK.
        profile: An ICC profile, as files embed it.
        name: Name of the image, for the warning.

    Returns:
        An image of the same mode, but RGB for CMYK; the image itself if its profile is sRGB.
    """
    kind = {"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode)
    found = _conversion_of(kind, profile, name)
    if found is None:
        return image
    _, convert = found
    if image.mode == kind:
        return convert(image)
    alpha = image.getchannel("A")
    converted = convert(image.convert(kind))
    converted.putalpha(alpha)
    return converted


def to_srgb_16_bits(pixels: np.ndarray, profile: bytes, name: str) -> np.ndarray:
    """Converts the colours of an image of 16 bits to sRGB like `to_srgb`, without losing any bits.

    Args:
        pixels: uint16 `[height, width, channels]`: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and
            alpha.
        profile: An ICC profile, as files embed it.
        name: Name of the image, for messages.

    Returns:
        uint16 of the same shape; the image itself if its profile is sRGB, or cannot be used.

    Raises:
        InputError: If a conversion is necessary, and `imagecodecs` is not installed.
    """
    kind = "L" if pixels.shape[-1] < 3 else "RGB"
    found = _conversion_of(kind, profile, name)
    if found is None:
        return pixels
    mode, _ = found
    if kind == "L":
        levels = np.arange(65536, dtype=np.uint16)[np.newaxis, :, np.newaxis]
        given = levels if mode == "L" else np.repeat(levels, 3, axis=-1)
        table = _by_imagecodecs(given, profile, mode, name)[0, :, 1]
        colours = table[pixels[..., :1]]
    else:
        colours = _by_imagecodecs(pixels[..., :3], profile, mode, name)
    alpha = pixels[..., {"L": 1, "RGB": 3}[kind] :]
    return np.concatenate([colours, alpha], axis=-1)


def _conversion_of(kind: str, profile: bytes, name: str) -> tuple[str, Convert] | None:
    """Returns the mode of a profile and its conversion of images of a kind.

    The kind is "L", "RGB" or "CMYK". None if the profile is sRGB, or cannot be used, which a
    warning says.
    """
    try:
        mode, convert = _conversion(profile)
    except Exception as error:  # Pillow raises its own, OSError, TypeError ... on damaged profiles
        _note(f"cannot be read ({type(error).__name__}: {error})", name)
        return None
    if (kind, mode) == ("L", "RGB"):
        convert = convert and _conversion_of_grey(profile)
    elif mode != kind:
        _note(f"is for {mode} where the image is {kind}", name)
        return None
    return None if convert is None else (mode, convert)


def _by_imagecodecs(pixels: np.ndarray, profile: bytes, mode: str, name: str) -> np.ndarray:
    """Converts uint16 `[H, W, 1 or 3]` to sRGB; lcms2 in Pillow has 8 bits only."""
    try:
        import imagecodecs
    except ImportError as error:
        raise InputError(
            f"{name} has 16 bits and a colour profile other than sRGB, whose conversion needs "
            "imagecodecs; run pip install 'tfgan_zoo[depth]', save the image as sRGB, or leave out "
            "--bits=16."
        ) from error
    # An optimised transform has steps of up to 15 of 255 levels.
    return imagecodecs.cms_transform(
        np.ascontiguousarray(pixels[..., 0] if mode == "L" else pixels),
        profile,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        colorspace="gray" if mode == "L" else "rgb",
        outcolorspace="rgb",
        outdtype=np.uint16,
        intent=int(ImageCms.Intent.RELATIVE_COLORIMETRIC),
        flags=_BLACK_POINT_COMPENSATION | _NO_CACHE | _NO_OPTIMIZATION,
    )


def _note(what: str, name: str) -> None:
    if what in _noted:
        return
    _noted.add(what)
    warnings.warn(
        f"{name}: its colour profile {what}, and is ignored, here and elsewhere; save the image "
        "as sRGB if its colours look wrong.",
        UserWarning,
        stacklevel=2,
    )


@functools.lru_cache(maxsize=64)
def _conversion(profile: bytes) -> tuple[str, Convert | None]:
    """Returns the mode of a profile and its conversion, None if the profile is sRGB."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    if space not in _MODES:
        raise ValueError(f"colours of kind {space}")
    mode = _MODES[space]
    flags = _BLACK_POINT_COMPENSATION | _NO_CACHE | (_NO_OPTIMIZATION if mode == "L" else 0)
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        # The 256 levels of grey need no intermediate table.
        flags,  # type: ignore[arg-type]  # newer versions of Pillow have names for them
    )

    def convert(image: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(image, transform)
        assert converted is not None  # It is None for conversions in place.
        return converted

    if mode == "CMYK":
        return mode, convert
    if mode == "L":
        return mode, _by_table(np.asarray(convert(Image.fromarray(_LEVELS)).convert("L")))
    steps = np.append(np.arange(0, 255, 15), 255).astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    same = _is_same(colours, np.asarray(convert(Image.fromarray(colours))))
    return mode, None if same else convert


@functools.lru_cache(maxsize=64)
def _conversion_of_grey(profile: bytes) -> Convert | None:
    """Returns the conversion of grey images by an RGB profile, None if it is sRGB."""
    _, convert = _conversion(profile)
    if convert is None:
        return None
    colours = convert(Image.fromarray(_LEVELS).convert("RGB"))
    return _by_table(np.asarray(colours.getchannel("G")))


def _by_table(grey: np.ndarray) -> Convert | None:
    """Returns a conversion to the given 256 levels, None if it changes nothing."""
    if _is_same(_LEVELS, grey):
        return None
    table = grey[0].tolist()
    return lambda image: image.point(table)


def _is_same(before: np.ndarray, after: np.ndarray) -> bool:
    return bool(np.abs(before.astype(int) - after).max() <= _SAME)

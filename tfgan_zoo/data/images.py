"""Converts image files and arrays to the square uint8 images that a model is trained on."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps

from tfgan_zoo.data import profiles
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.sizes import inner_rectangle, scaled_to

EXTENSIONS = frozenset(
    (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
)
"""Endings of image files, in either case."""

BACKGROUND = 255
"""Value behind transparent pixels: white, the page that icons and drawings are made for."""

COLOR_PROFILES = ("srgb", "ignore")

_RGB_FROM = {"CMYK", "YCbCr", "LAB", "HSV", "RGBX"}
_KEPT = {"L", "LA", "RGB", "RGBA"}


SKIP = 'on_error="skip" (--config.data.on_error=skip)'
"""The option that leaves out files that cannot be read, for messages."""

WHITE = "white (--config.data.white)"
"""The option that says which value is white, for messages."""


@dataclasses.dataclass(frozen=True)
class DecodingRules:
    """How the pixels of an image file become 8-bit sRGB.

    Attributes:
        white: The value of white in files of more than 8 bits, integers or floats. Pixels become
            `255 * pixels / white`, rounded and clipped. None assumes the whole range of 16 bits,
            and refuses 32-bit pixels, whose range is unknown. 0 assumes 16 bits for integers of any
            size, as earlier versions did. Files of 8 bits stay as they are.
        color_profiles: "srgb" converts pixels with an embedded colour profile to sRGB; "ignore"
            leaves them as they are stored, as earlier versions did.

    Raises:
        InputError: If one is out of range.
    """

    white: float | None = None
    color_profiles: str = "srgb"

    def __post_init__(self):
        if self.white is not None:
            check_number("white", self.white, least=0, below=math.inf)
        if self.color_profiles not in COLOR_PROFILES:
            raise InputError(
                f"color_profiles: expected {' or '.join(COLOR_PROFILES)}, got "
                f"{self.color_profiles!r}."
            )


def decode(
    file: Any,
    name: str = "",
    smallest: int | None = None,
    *,
    white: float | None = None,
    color_profiles: str = "srgb",
    skip: str = SKIP,
    ask_white: str = WHITE,
) -> np.ndarray:
    """Reads an image in any format that Pillow supports.

    Palettes are looked up, EXIF orientation is applied, and an animation gives its first frame.
    Pixels of more than 8 bits are scaled to 8 bits, 16-bit grey by `255 / 65535` unless `white`
    says otherwise. Colours with an embedded profile, such as Display P3 or Adobe RGB, are converted
    to sRGB; 16-bit grey is scaled first. Alpha and the number of channels stay.

    Args:
        file: Path or binary file object.
        name: Name for messages; the path by default.
        smallest: Let the JPEG decoder shrink by 2, 4 or 8 while both sides stay at least twice
            this long. That is several times faster for photographs, and leaves enough pixels for
            the final antialiased resize. None reads every pixel.
        white: The value of white in a file of more than 8 bits; see `DecodingRules`.
        color_profiles: "srgb" or "ignore"; see `DecodingRules`.
        skip: The option that leaves out files that cannot be read, for messages.
        ask_white: The option that says which value is white, for messages.

    Returns:
        uint8 `[height, width, channels]`: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.

    Raises:
        InputError: If the file is missing, damaged or not an image, or has 32-bit pixels and
            `white` is not given.

    Example:
        >>> decode("scan.png").shape
        (480, 640, 1)
    """
    name = name or os.fspath(file)
    rules = DecodingRules(white, color_profiles)
    with _opened(file, name, skip) as image:
        if smallest is not None:
            image.draft(image.mode, (2 * smallest, 2 * smallest))
        bits = _bits(image)
        profile = image.info.get("icc_profile") if rules.color_profiles == "srgb" else None
        image.load()
        image = ImageOps.exif_transpose(image)
        return _to_array(image, name, bits, profile, rules.white, ask_white)


class Bits(NamedTuple):
    """Bit depth of the pixels of a file.

    Attributes:
        number: 8, 16, or 32.
        kept: Whether Pillow reads all bits; for 16-bit colour it reads the upper 8.
        scaled: Whether Pillow has scaled them to 16 bits by the value of white in the file.
    """

    number: int
    kept: bool = True
    scaled: bool = False


def _bits(image: Image.Image) -> Bits:
    """Returns the bit depth of an image that is not loaded yet."""
    tiles = getattr(image, "tile", [])  # (decoder, box, offset, its arguments)
    if image.mode.startswith("I;16"):
        return Bits(16)
    if image.mode == "I" and image.format == "PNG":  # of an older Pillow
        return Bits(16)
    if image.mode == "I" and image.format == "PPM":
        # A file that gives 65535 as its white may hold fewer bits.
        return Bits(16, scaled=any(tile[0] != "raw" for tile in tiles))
    if image.mode in ("I", "F"):
        return Bits(32)
    stored = (tile[3] if isinstance(tile[3], tuple) else (tile[3],) for tile in tiles)
    if any(";16" in part for parts in stored for part in parts if isinstance(part, str)):
        return Bits(16, kept=False)
    return Bits(8)


def highest_of_16_bits(file: Any, name: str) -> int | None:
    """Returns the highest value of a file of 16 bits, in 0..65535; None if it has fewer or more.

    Raises:
        InputError: If the file is missing, damaged or not an image.
    """
    with _opened(file, name) as image:
        bits = _bits(image)
        if bits.number != 16 or bits.scaled:
            return None
        image.load()
        pixels = np.asarray(image)
        if bits.kept:
            return int(pixels.max())
        # Without alpha, which is usually white.
        colours = pixels[..., :-1] if image.mode in ("LA", "RGBA") else pixels
        return int(colours.max()) * 256


def extremes_of_8_bits(file: Any, name: str) -> tuple[int, int] | None:
    """Returns the lowest and highest value of a file of 8 bits, without alpha.

    Returns:
        Each 0 to 255; None if the file has more bits, has a palette, or is a JPEG, which holds no
        masks.

    Raises:
        InputError: If the file is missing, damaged or not an image.
    """
    with _opened(file, name) as image:
        if image.mode not in _KEPT or image.format == "JPEG" or _bits(image).number != 8:
            return None
        bands = [np.asarray(image.getchannel(band)) for band in image.getbands() if band != "A"]
        return min(int(band.min()) for band in bands), max(int(band.max()) for band in bands)


def range_of(pixels: np.ndarray) -> str:
    """Returns the lowest and highest finite value, for messages.

    Example:
        >>> range_of(np.array([0.5, np.nan, 2.0]))
        'from 0.5 to 2'
    """
    finite = pixels[np.isfinite(pixels)]
    if not finite.size:
        return "none of them finite"
    return f"from {float(finite.min()):g} to {float(finite.max()):g}"


@contextlib.contextmanager
def of_any_size() -> Iterator[None]:
    """Allows images of any size in this context, without Pillow's warning.

    Pillow refuses images of more than 179 million pixels as decompression bombs, and warns from
    half of that. A user who asks to convert an image knows it; an image that does not fit into
    memory still raises an `InputError`.
    """
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def measure(file: Any, name: str = "") -> tuple[int, int]:
    """Reads the width and height of an image from its header, EXIF orientation applied.

    Args:
        file: Path or binary file object.
        name: Name for messages; the path by default.

    Returns:
        `(width, height)` of what `decode` returns, in pixels.

    Raises:
        InputError: If the file is missing or not an image.
    """
    with _opened(file, name or os.fspath(file)) as image:
        if image.format == "TIFF":  # Whether it is turned already depends on Pillow's version.
            image.load()
            return ImageOps.exif_transpose(image).size
        # For a PNG, getexif would decode the image to find EXIF behind its pixels.
        exif = image.getexif() if image.format != "PNG" or "exif" in image.info else {}
        turned = exif.get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
        return image.size[::-1] if turned else image.size


@contextlib.contextmanager
def _opened(file: Any, name: str, skip: str = SKIP) -> Iterator[Image.Image]:
    """Opens an image; whatever Pillow raises in the block becomes an `InputError`."""
    try:
        with Image.open(file) as image:
            yield image
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; check the path.") from None
    # Pillow raises OSError, SyntaxError, ValueError, struct.error ... on damaged files, and
    # DecompressionBombError on absurd sizes. In each case the file is unusable.
    except Exception as error:
        raise InputError(
            f"{name} cannot be read as an image ({type(error).__name__}: {error}); "
            f"replace or delete it, or skip such files with {skip}."
        ) from error


def _to_array(
    image: Image.Image,
    name: str,
    bits: Bits,
    profile: bytes | None,
    white: float | None,
    ask_white: str,
) -> np.ndarray:
    if image.mode.startswith(("I", "F")):
        grey = _scaled(np.asarray(image), name, bits, white, ask_white)
        if profile:
            grey = np.asarray(profiles.to_srgb(Image.fromarray(grey), profile, name))
        return grey[..., np.newaxis]
    if white not in (None, 0, 65535) and not bits.kept:
        raise InputError(
            f"{name} has 16-bit colour, of which the upper 8 bits alone can be read, so that "
            f"white={white:g} does not apply; save it with 8 bits, or as 16-bit grey."
        )
    if image.mode == "CMYK" and profile:
        image, profile = profiles.to_srgb(image, profile, name), None
    if image.has_transparency_data:
        # Also palettes with a transparent entry, and PNG's "this one colour is transparent".
        image = image.convert("LA" if image.mode in ("LA", "La", "L") else "RGBA")
    elif image.mode in _RGB_FROM or image.mode == "P":
        if image.mode == "LAB":  # which Pillow converts by itself
            profile = None
        image = image.convert("RGB")
    elif image.mode not in _KEPT:
        image = image.convert("L" if image.mode == "1" else "RGB")
    if profile:
        image = profiles.to_srgb(image, profile, name)
    pixels = np.asarray(image)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _scaled(
    pixels: np.ndarray, name: str, bits: Bits, white: float | None, ask_white: str
) -> np.ndarray:
    """Scales grey of more than 8 bits to uint8."""
    if bits.number == 16:
        # The value of white in the file itself takes precedence.
        table = _table_of_16_bits(65535.0 if bits.scaled else float(white or 65535))
        return table[pixels.astype(np.uint16)]
    is_float = pixels.dtype.kind == "f"
    if white == 0 and not is_float and pixels.min() >= 0 and pixels.max() <= 65535:
        return _table_of_16_bits(65535.0)[pixels.astype(np.uint16)]
    if not white:
        kind = "floats" if is_float else "integers"
        raise InputError(
            f"{name} has 32-bit pixels ({kind} {range_of(pixels)}) of which the value of white is "
            f"unknown; give it as {ask_white}, or save the image with 8 or 16 bits."
        )
    return scaled_to_bytes(pixels, white)


def scaled_to_bytes(pixels: np.ndarray, white: float) -> np.ndarray:
    """Returns uint8 `255 * pixels / white`, rounded and clipped; NaN becomes 0."""
    shares = np.nan_to_num(pixels.astype(np.float64) * 255 / white, nan=0.0)
    return np.clip(np.rint(shares), 0, 255).astype(np.uint8)


@functools.lru_cache(maxsize=16)
def _table_of_16_bits(white: float) -> np.ndarray:
    """Returns the uint8 value of each 16-bit value."""
    scaled = np.arange(65536, dtype=np.float64) * 255 / white
    return np.minimum(np.rint(scaled), 255).astype(np.uint8)


def with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Converts between grey and colour, and puts transparent images on white (`BACKGROUND`).

    Args:
        images: uint8 `[..., height, width, 1 to 4]`, channels as `decode` returns them; or float32
            without transparency.
        channels: 1 or 3.

    Returns:
        `[..., height, width, channels]` of the same type. Grey is ITU-R 601 luma, as in Pillow,
        and not rounded for floats.
    """
    have = images.shape[-1]
    if have in (2, 4):
        colour = images[..., :-1].astype(np.uint32)
        alpha = images[..., -1:].astype(np.uint32)
        images = ((colour * alpha + BACKGROUND * (255 - alpha) + 127) // 255).astype(np.uint8)
        have -= 1
    if have == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    weights = np.array([19595, 38470, 7471], np.uint32)
    if images.dtype.kind == "f":
        return images @ (weights / 0x10000).astype(images.dtype)[:, np.newaxis]
    luma = (images.astype(np.uint32) @ weights + 0x8000) >> 16
    return luma.astype(np.uint8)[..., np.newaxis]


@dataclasses.dataclass(frozen=True)
class Fit:
    """Converts images to a size and a number of channels.

    Attributes:
        image_size: Side of the resulting square in pixels; or height and width of a rectangle.
        channels: 1 or 3.
        crop: Side of the central square to cut out first, in pixels of the original; of a
            rectangle, which has the proportions of `image_size`, the shorter side. None takes
            the largest central one, or with `fit="pad"` the whole image.
        fit: "resize" resamples that to `image_size` (Lanczos, antialiased); "pad" leaves the
            pixels alone and surrounds them with black, 28 -> 32 for the MNIST family.

    Example:
        >>> Fit(64, 3, crop=108)(decode("celeba/000001.jpg"), "000001.jpg").shape
        (64, 64, 3)
    """

    image_size: int | tuple[int, int]
    channels: int
    crop: int | None = None
    fit: str = "resize"

    def __post_init__(self):
        if self.fit not in ("resize", "pad"):
            raise InputError(f'fit: expected "resize" or "pad", got {self.fit!r}.')
        if self.channels not in (1, 3):
            raise InputError(f"channels: expected 1 (grey) or 3 (colour), got {self.channels!r}.")
        if isinstance(self.image_size, tuple):
            height, width = self.image_size
            check_number("image_size", height, least=1, whole=True)
            check_number("image_size", width, least=1, whole=True)
            if height == width:
                object.__setattr__(self, "image_size", height)
        else:
            check_number("image_size", self.image_size, least=1, whole=True)
        if self.crop is not None:
            check_number("crop", self.crop, least=1, whole=True)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a resulting image."""
        if isinstance(self.image_size, tuple):
            return self.image_size
        return self.image_size, self.image_size

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a resulting image, `(height, width, channels)`."""
        return (*self.size, self.channels)

    @property
    def smallest(self) -> int | None:
        """The value of `smallest` to pass to `decode`."""
        return max(self.size) if self.crop is None and self.fit == "resize" else None

    def __call__(self, images: np.ndarray, name: str) -> np.ndarray:
        """Fits one image or a stack of them.

        Args:
            images: uint8 `[..., height, width, 1 to 4]`.
            name: Name of the image, for messages.

        Returns:
            uint8 `[..., *shape]`.

        Raises:
            InputError: If the image is smaller than the crop, or too large to pad.
        """
        images = with_channels(self._cropped(images, name), self.channels)
        if images.shape[-3:] == self.shape:
            return images
        if self.fit == "pad":
            return self._padded(images, name)
        if images.ndim == 3:
            return self._resized(images)
        return np.stack([self(image, name) for image in images])

    def _cropped(self, images: np.ndarray, name: str) -> np.ndarray:
        height, width = images.shape[-3:-1]
        if self.crop is None and self.fit == "pad":
            return images
        high, wide = self.cut(height, width)
        if high > height or wide > width:
            # The largest crop whose proportional rectangle fits.
            most = min(inner_rectangle(height, width, self.size))
            raise InputError(
                f"{name} is {width}x{height} pixels, too small for crop={self.crop}; choose a crop "
                f"of at most {most} or remove the image."
            )
        top, left = (height - high) // 2, (width - wide) // 2
        return images[..., top : top + high, left : left + wide, :]

    def cut(self, height: int, width: int) -> tuple[int, int]:
        """Returns the size of what is cut out of an image before it is resized."""
        if self.crop is None:
            return inner_rectangle(height, width, self.size)
        return scaled_to(self.crop, self.size)

    def _padded(self, images: np.ndarray, name: str) -> np.ndarray:
        height, width = images.shape[-3:-1]
        high, wide = self.size
        if height > high or width > wide:
            raise InputError(
                f"{name} is {width}x{height} pixels, too large to pad to image_size="
                f'{self.image_size}; use fit="resize" or a larger image_size.'
            )
        top, left = (high - height) // 2, (wide - width) // 2
        padded = np.zeros(images.shape[:-3] + self.shape, np.uint8)
        padded[..., top : top + height, left : left + width, :] = images
        return padded

    def _resized(self, image: np.ndarray) -> np.ndarray:
        pixels = Image.fromarray(image[..., 0] if self.channels == 1 else image)
        pixels = pixels.resize(self.size[::-1], Image.Resampling.LANCZOS)
        return np.asarray(pixels).reshape(self.shape)

"""Reads image files as uint8 arrays."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, features

from tfgan_zoo.data import profiles
from tfgan_zoo.data.fitting import BACKGROUND, Fit, with_channels  # noqa: F401  (public here)
from tfgan_zoo.data.missing import check_no_nan
from tfgan_zoo.data.readers import scientific
from tfgan_zoo.errors import InputError, check_number, unreadable_files

EXTENSIONS = frozenset(
    (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
)
"""Endings of image files, in either case."""

LATER_EXTENSIONS = frozenset((".heic", ".heif", ".avif"))
"""Endings of formats that not every installation of Pillow reads."""

COLOR_PROFILES = ("srgb", "ignore")

_RGB_FROM = {"CMYK", "YCbCr", "LAB", "HSV", "RGBX"}
_KEPT = {"L", "LA", "RGB", "RGBA"}


SKIP = 'on_error="skip" (--config.data.on_error=skip)'
"""The option that leaves out files that cannot be read, for messages."""

BLACK = "black (--config.data.black)"
"""The option that says which value is black, for messages."""

WHITE = "white (--config.data.white)"
"""The option that says which value is white, for messages."""


@dataclasses.dataclass(frozen=True)
class DecodingRules:
    """How the pixels of an image file become 8-bit sRGB.

    Attributes:
        white: The value of white in files of more than 8 bits, integers or floats. Pixels become
            `255 * (pixels - black) / (white - black)`, rounded and clipped. None assumes the whole
            range of 16 bits, and refuses 32-bit pixels, whose range is unknown. 0 assumes 16 bits
            for integers of any size, as earlier versions did. Files of 8 bits stay as they are.
        color_profiles: "srgb" converts pixels with an embedded colour profile to sRGB; "ignore"
            leaves them as they are stored, as earlier versions did.
        black: The value of black in files of more than 8 bits; None for 0. It may be negative, as
            in scans in Hounsfield units.
        pages: What becomes of the pages of a TIFF or DICOM file: "first" takes the first alone,
            "channels" takes each as a channel.

    Raises:
        InputError: If one is out of range.
    """

    white: float | None = None
    color_profiles: str = "srgb"
    black: float | None = None
    pages: str = "first"

    def __post_init__(self):
        check_window(self.black, self.white)
        if self.pages not in scientific.PAGES:
            raise InputError(
                f"pages: expected {' or '.join(scientific.PAGES)}, got {self.pages!r}."
            )
        if self.color_profiles not in COLOR_PROFILES:
            raise InputError(
                f"color_profiles: expected {' or '.join(COLOR_PROFILES)}, got "
                f"{self.color_profiles!r}."
            )


def check_window(black: float | None, white: float | None) -> None:
    """Checks the values of black and of white.

    Raises:
        InputError: If one is not a finite number, or black is not below white.
    """
    for name, value in (("black", black), ("white", white)):
        if value is not None:
            check_number(name, value)
    if not black and white is not None:
        check_number("white", white, least=0)
    elif black and white is None:
        raise InputError(f"black: expected {WHITE} with it, got black={black:g} alone.")
    elif black and white is not None and black >= white:
        raise InputError(f"black: expected a number below white={white:g}, got {black:g}.")


def decode(
    file: Any,
    name: str = "",
    smallest: int | None = None,
    *,
    white: float | None = None,
    color_profiles: str = "srgb",
    black: float | None = None,
    pages: str = "first",
    skip: str = SKIP,
    ask_white: str = WHITE,
) -> np.ndarray:
    """Reads an image in any format that Pillow supports, a NumPy array, or DICOM.

    TIFF that Pillow cannot read, such as floats in colour, DICOM and the pages of TIFF need the
    extra `tfgan_zoo[scientific]`.

    Palettes are looked up, EXIF orientation is applied, and an animation gives its first frame;
    `decode_frames` gives all. Pixels of more than 8 bits are scaled to 8 bits, 16-bit grey by
    `255 / 65535` unless `white` says otherwise. Colours with an embedded profile, such as
    Display P3 or Adobe RGB, are converted to sRGB; 16-bit grey is scaled first. Alpha and the
    number of channels stay.

    Args:
        file: Path or binary file object.
        name: Name for messages; the path by default.
        smallest: Let the JPEG decoder shrink by 2, 4 or 8 while both sides stay at least twice
            this long. That is several times faster for photographs, and leaves enough pixels for
            the final antialiased resize. None reads every pixel.
        white: The value of white in a file of more than 8 bits; see `DecodingRules`.
        color_profiles: "srgb" or "ignore"; see `DecodingRules`.
        black: The value of black in a file of more than 8 bits; see `DecodingRules`.
        pages: "first" or "channels"; see `DecodingRules`.
        skip: The option that leaves out files that cannot be read, for messages.
        ask_white: The option that says which value is white, for messages.

    Returns:
        uint8 `[height, width, channels]`: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha; any
        number in NumPy arrays, DICOM and TIFF.

    Raises:
        InputError: If the file is missing, damaged or not an image, or has 32-bit pixels and
            `white` is not given.

    Example:
        >>> decode("scan.png").shape
        (480, 640, 1)
    """
    name = name or os.fspath(file)
    rules = DecodingRules(white, color_profiles, black, pages)
    if is_measured(file, name, rules):
        return read_scaled(file, name, rules, ask_white)
    with _opened(file, name, skip) as image:
        if smallest is not None:
            image.draft(image.mode, (2 * smallest, 2 * smallest))
        return decode_opened(image, name, rules, ask_white)


@contextlib.contextmanager
def opened_with_bits(file: Any, name: str, skip: str = SKIP) -> Iterator[tuple[Image.Image, Bits]]:
    """Opens an image, not loaded yet, and yields it with its bit depth.

    Args:
        file: See `decode`.
        name: See `decode`.
        skip: See `decode`.

    Raises:
        InputError: If it cannot be opened, or loaded in this context.
    """
    with _opened(file, name, skip) as image:
        yield image, bits_of(image)


class Frame(NamedTuple):
    """A frame of an animation, or a page of a document.

    Attributes:
        pixels: As `decode` returns them.
        duration: Milliseconds; None if the file says none.
        loop: How often the animation is repeated, 0 for ever; None if the file says nothing.
    """

    pixels: np.ndarray
    duration: float | None = None
    loop: int | None = None


def count_frames(file: Any) -> int:
    """Returns the number of frames or pages of a GIF, WebP, PNG or TIFF file; 1 for any other.

    Files that cannot be read count as one; decoding them raises the error.
    """
    with contextlib.suppress(InputError), _opened(file, os.fspath(file)) as image:
        if image.format in ("GIF", "WEBP", "PNG", "TIFF"):
            return len(numbers_of_frames(image))
    return 1


def numbers_of_frames(image: Image.Image) -> range:
    """Returns the numbers that Pillow gives the frames of an opened file.

    An animated PNG may hold a picture for programs that show no animation, which is none of its
    frames.
    """
    number = getattr(image, "n_frames", 1)
    beside = image.format == "PNG" and number > 1 and bool(image.info.get("default_image"))
    return range(int(beside), number)


def decode_frames(
    file: Any, name: str = "", *, skip: str = SKIP, ask_white: str = WHITE, **rules: Any
) -> Iterator[Frame]:
    """Yields every frame of an animation or page of a document; see `decode`.

    Args:
        file: See `decode`.
        name: See `decode`.
        skip: See `decode`.
        ask_white: See `decode`.
        **rules: See `DecodingRules`.

    Raises:
        InputError: If a frame cannot be read.
    """
    name = name or os.fspath(file)
    with _opened(file, name, skip) as image:
        for number in numbers_of_frames(image):
            image.seek(number)
            pixels = decode_opened(image, name, DecodingRules(**rules), ask_white)
            yield Frame(pixels, image.info.get("duration"), image.info.get("loop"))


def decode_opened(
    image: Image.Image, name: str, rules: DecodingRules, ask_white: str
) -> np.ndarray:
    """Returns the pixels of an opened file's current frame, as `decode` does."""
    bits = bits_of(image)
    profile = image.info.get("icc_profile") if rules.color_profiles == "srgb" else None
    image.load()
    upright = ImageOps.exif_transpose(image)
    return _to_array(upright, name, bits, profile, rules, ask_white)


def is_measured(file: Any, name: str, rules: DecodingRules | None) -> bool:
    """Returns whether `scientific` reads a file, as Pillow cannot read all of it."""
    ending = scientific.ending_of(name)
    if ending in scientific.ARRAYS:
        return True
    if ending not in scientific.TIFF:
        return False
    if rules is not None and rules.pages == "channels":
        return True
    try:
        with Image.open(file) as image:
            tags = getattr(image, "tag_v2", {})
            planes = tags.get(284) == 2 and tags.get(277, 1) != len(image.getbands())
            return planes or (rules is not None and bool(rules.white) and not bits_of(image).kept)
    except Image.UnidentifiedImageError:
        return _starts_as_tiff(file)
    except Exception:  # `decode` reports it.
        return False
    finally:
        if hasattr(file, "seek"):
            file.seek(0)


def _starts_as_tiff(file: Any) -> bool:
    with contextlib.nullcontext(file) if hasattr(file, "read") else open(file, "rb") as opened:
        opened.seek(0)
        return opened.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_scaled(
    file: Any, name: str, rules: DecodingRules, ask_white: str, most: int = 255
) -> np.ndarray:
    """Reads measured values, and scales them to the whole numbers up to `most`.

    Values of 8 bits have the whole range of these, and so has alpha that of its type.

    Args:
        file: See `decode`.
        name: See `decode`.
        rules: See `decode`.
        ask_white: See `decode`.
        most: 255 or 65535, for white.

    Raises:
        InputError: As for `decode`.
    """
    values, is_negative, has_alpha = scientific.read_measured(file, name, rules.pages)
    if values.dtype == np.uint8:
        scaled = scaled_to(values, 255, most=most)
    elif not rules.white:
        raise InputError(
            f"{name} has values of type {values.dtype} ({range_of(values)}) of which that of "
            f"white is unknown; give it as {ask_white}, and that of black as {BLACK} unless it "
            "is 0."
        )
    else:
        check_no_nan(values, name)
        scaled = scaled_to(values, rules.white, rules.black, most)
        if has_alpha:
            whole = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
            scaled[..., -1] = scaled_to(values[..., -1], whole, most=most)
    return most - scaled if is_negative else scaled


def has_opacity(file: Any, name: str, rules: DecodingRules) -> bool:
    """Returns whether the last of 2 or 4 channels of a file is opacity, not a measurement."""
    ending = scientific.ending_of(name)
    if ending in scientific.ARRAYS or rules.pages == "channels":
        return False
    if ending in scientific.TIFF and is_measured(file, name, rules):
        with contextlib.suppress(InputError):  # `decode` reports it.
            return scientific.has_alpha(file, name)
    return True


class Bits(NamedTuple):
    """Bit depth of the pixels of a file.

    Attributes:
        number: 8, 16, or 32.
        kept: Whether Pillow reads all bits; for 16-bit colour it reads the upper 8.
        scaled: Whether Pillow has scaled them to 16 bits by the value of white in the file.
        negative: Whether low values are bright, as in some TIFF; Pillow reverses 8 bits alone.
    """

    number: int
    kept: bool = True
    scaled: bool = False
    negative: bool = False


def bits_of(image: Image.Image) -> Bits:
    """Returns the bit depth of an image that is not loaded yet."""
    tiles = getattr(image, "tile", [])  # (decoder, box, offset, its arguments)
    negative = getattr(image, "tag_v2", {}).get(262) == 0
    if image.mode.startswith("I;16"):
        return Bits(16, negative=negative)
    if image.mode == "I" and image.format == "PNG":  # of an older Pillow
        return Bits(16)
    if image.mode == "I" and image.format == "PPM":
        # A file that gives 65535 as its white may hold fewer bits.
        return Bits(16, scaled=any(tile[0] != "raw" for tile in tiles))
    if image.mode in ("I", "F"):
        return Bits(32, negative=negative)
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
        bits = bits_of(image)
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
    if is_measured(file, name, None):
        values = scientific.read_measured(file, name).values
        return (int(values.min()), int(values.max())) if values.dtype == np.uint8 else None
    with _opened(file, name) as image:
        if image.mode not in _KEPT or image.format == "JPEG" or bits_of(image).number != 8:
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
    name = name or os.fspath(file)
    if is_measured(file, name, None):
        height, width = scientific.read_measured(file, name).values.shape[:2]
        return width, height
    with _opened(file, name) as image:
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
    remedy = f"replace or delete it, or skip such files with {skip}"
    with unreadable_files(name, "as an image", remedy):
        ending = scientific.ending_of(name)
        _load_plugin(ending, name)
        with contextlib.ExitStack() as stack:
            if ending in scientific.TIFF and not hasattr(file, "read"):
                # Pillow mixes up the sides of turned files that it maps into memory, by their path.
                file = stack.enter_context(open(file, "rb"))
            yield stack.enter_context(Image.open(file))


def _load_plugin(ending: str, name: str) -> None:
    """Makes Pillow read the format of an ending.

    Raises:
        InputError: If a package is missing.
    """
    if package := _missing_package(ending):
        raise InputError(
            f"{name} needs another package to be read; run pip install {package}, or convert such "
            "files to PNG."
        )


def _missing_package(ending: str) -> str:
    """Returns what to install in order to read files of an ending; "" if nothing is missing."""
    heif = ending in (".heic", ".heif") and not _reads_heif()
    if heif or (ending == ".avif" and not features.check("avif")):
        return "'tfgan_zoo[formats]'"
    if ending in (".dcm", ".dicom") and importlib.util.find_spec("pydicom") is None:
        return "'tfgan_zoo[scientific]'"
    return ""


def check_packages(spec: str, files: Sequence[str], skip: str = SKIP) -> None:
    """Checks that the packages that read some files are installed.

    Args:
        spec: Description of the files, for the message.
        files: Their names.
        skip: The option that leaves out files that cannot be read, for the message.

    Raises:
        InputError: If a package is missing. The message says which, for which files.
    """
    endings = {scientific.ending_of(file) for file in files}
    missing = {ending: package for ending in endings if (package := _missing_package(ending))}
    if not missing:
        return
    groups: dict[str, list[str]] = {}
    for file in files:
        if (ending := scientific.ending_of(file)) in missing:
            groups.setdefault(missing[ending], []).append(file)
    clauses = [
        f"{len(group)} of {len(files)} files, such as {group[0]} (pip install {package})"
        for package, group in sorted(groups.items())
    ]
    raise InputError(
        f"{spec}: a package is missing for {' and '.join(clauses)}; install it or convert such "
        f"files to PNG, or skip them with {skip}."
    )


@functools.cache
def _reads_heif() -> bool:
    try:
        plugin = importlib.import_module("pillow_heif")
    except ImportError:
        return False
    plugin.register_heif_opener()
    return True


def _to_array(
    image: Image.Image,
    name: str,
    bits: Bits,
    profile: bytes | None,
    rules: DecodingRules,
    ask_white: str,
) -> np.ndarray:
    if image.mode.startswith(("I", "F")):
        grey = _scaled(np.asarray(image), name, bits, rules, ask_white)
        if bits.negative:
            grey = 255 - grey
        if profile:
            grey = np.asarray(profiles.to_srgb(Image.fromarray(grey), profile, name))
        return grey[..., np.newaxis]
    white = rules.white
    if (white not in (None, 0, 65535) or rules.black) and not bits.kept:
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
    pixels: np.ndarray, name: str, bits: Bits, rules: DecodingRules, ask_white: str
) -> np.ndarray:
    """Scales grey of more than 8 bits to uint8."""
    white = rules.white
    if bits.number == 16:
        # The value of white in the file itself takes precedence.
        if bits.scaled:
            table = _table_of_16_bits(65535.0)
        else:
            table = _table_of_16_bits(float(white or 65535), float(rules.black or 0))
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
    check_no_nan(pixels, name)
    return scaled_to_bytes(pixels, white, rules.black)


def scaled_to_bytes(pixels: np.ndarray, white: float, black: float | None = None) -> np.ndarray:
    """Returns uint8 `255 * (pixels - black) / (white - black)`, rounded and clipped."""
    return scaled_to(pixels, white, black)


def scaled_to(
    pixels: np.ndarray, white: float, black: float | None = None, most: int = 255
) -> np.ndarray:
    """Returns what `scaled_to_bytes` does or, for `most=65535`, the same in uint16."""
    kind = np.uint8 if most == 255 else np.uint16
    if pixels.dtype == kind and (white, black or 0) == (most, 0):
        return pixels
    values = pixels.astype(np.float64)
    if black:
        values, white = values - black, white - black
    return np.clip(np.rint(values * most / white), 0, most).astype(kind)


@functools.lru_cache(maxsize=16)
def _table_of_16_bits(white: float, black: float = 0.0) -> np.ndarray:
    """Returns the uint8 value of each 16-bit value."""
    return scaled_to_bytes(np.arange(65536), white, black)

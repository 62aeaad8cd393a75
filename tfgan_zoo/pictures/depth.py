"""Images of 16 bits per channel: what a model is given, and what is written."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tfgan_zoo import atomic
from tfgan_zoo.data.depth import MOST, package
from tfgan_zoo.data.images import with_channels
from tfgan_zoo.pictures.grids import as_colour

#: Suffixes of files that can hold 16 bits per channel.
WRITTEN_16 = (".png", ".tif", ".tiff")
#: Of these, suffixes of files that can hold several pages.
PAGES_16 = (".tif", ".tiff")


def floats_of(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Returns 16-bit pixels as floats, transparent ones on white.

    Args:
        pixels: uint16 `(height, width, channels)`, as `decode_16_bits` returns them.
        channels: Channels of the result; as for `with_channels`.

    Returns:
        float32 `(height, width, channels)` in [-1, 1].
    """
    shares = pixels.astype(np.float32) / MOST
    have = pixels.shape[-1]
    if have == channels:
        return 2 * shares - 1
    if channels in (2, 4) and have <= 4:
        opaque = np.ones_like(shares[..., :1])
        alpha = shares[..., -1:] if have in (2, 4) else opaque
        colour = shares[..., :-1] if have in (2, 4) else shares
        return 2 * np.concatenate([with_channels(colour, channels - 1), alpha], axis=-1) - 1
    if have in (2, 4):
        alpha = shares[..., -1:]
        shares = shares[..., :-1] * alpha + (1 - alpha)
    return 2 * with_channels(shares, channels) - 1


def to_uint16(images: np.ndarray) -> np.ndarray:
    """Rounds floats in [-1, 1] to uint16 pixels; clips values outside.

    Example:
        >>> to_uint16(np.float32([-1, 0, 1.2]))
        array([    0, 32768, 65535], dtype=uint16)
    """
    scaled = (np.asarray(images, np.float64) + 1) * (MOST / 2)
    return np.clip(np.rint(scaled), 0, MOST).astype(np.uint16)


def save_16_bits(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes a uint16 image as PNG or TIFF, complete or not at all.

    Pillow writes grey. It cannot write colour of 16 bits, which OpenCV does.

    Args:
        path: Path of the file, with a suffix of `WRITTEN_16`.
        image: Image `(height, width, channels)`, as for `save_png`; a second or fourth channel is
            alpha.

    Raises:
        InputError: If OpenCV is needed and not installed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = _as_written(image)
    if image.shape[-1] == 1:
        kind = "PNG" if path.suffix.lower() == ".png" else "TIFF"
        with atomic.open_replacing(path) as file:
            Image.fromarray(image[..., 0]).save(file, kind)
        return
    order = [2, 1, 0, 3][: image.shape[-1]]  # OpenCV's
    done, encoded = package("cv2").imencode(
        path.suffix.lower(), np.ascontiguousarray(image[..., order])
    )
    if not done:
        raise OSError(f"{path}: OpenCV cannot encode an image of shape {image.shape}.")
    with atomic.open_replacing(path) as file:
        file.write(encoded.tobytes())


def save_pages_16_bits(path: str | os.PathLike, pages: Sequence[np.ndarray]) -> None:
    """Writes uint16 images as a TIFF of several pages, complete or not at all.

    Pillow writes grey pages. Those of colour need tifffile.

    Args:
        path: Path of the file.
        pages: Images as for `save_16_bits`, not necessarily of one size.

    Raises:
        InputError: If tifffile is needed and not installed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    pages = [_as_written(page) for page in pages]
    if all(page.shape[-1] == 1 for page in pages):
        first, *rest = (Image.fromarray(page[..., 0]) for page in pages)
        with atomic.open_replacing(path, "w+b") as file:  # Pillow reads pages that it has written
            first.save(file, "TIFF", save_all=True, append_images=rest)
        return
    tifffile = package("tifffile")
    with atomic.open_replacing(path, "w+b") as file, tifffile.TiffWriter(file) as writer:
        for page in pages:
            kind = "minisblack" if page.shape[-1] == 1 else "rgb"
            alpha = {"extrasamples": ["unassalpha"]} if page.shape[-1] == 4 else {}
            stored = np.ascontiguousarray(page[..., 0] if page.shape[-1] == 1 else page)
            writer.write(stored, photometric=kind, metadata=None, **alpha)


def _as_written(image: np.ndarray) -> np.ndarray:
    """Returns an image with 1, 3 or 4 channels: of many the first three, of 2 RGB and alpha."""
    if image.shape[-1] > 4:
        return as_colour(image)
    return image[..., [0, 0, 0, 1]] if image.shape[-1] == 2 else image

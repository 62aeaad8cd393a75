"""Images of 16 bits per channel: what a model is given, and what is written."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from tfgan_zoo import atomic
from tfgan_zoo.data.depth import MOST, opencv
from tfgan_zoo.data.images import with_channels
from tfgan_zoo.pictures.grids import as_colour

#: Suffixes of files that can hold 16 bits per channel.
WRITTEN_16 = (".png", ".tif", ".tiff")


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
    if image.shape[-1] > 4:
        image = as_colour(image)
    if image.shape[-1] == 1:
        kind = "PNG" if path.suffix.lower() == ".png" else "TIFF"
        with atomic.open_replacing(path) as file:
            Image.fromarray(image[..., 0]).save(file, kind)
        return
    if image.shape[-1] == 2:
        image = image[..., [0, 0, 0, 1]]
    order = [2, 1, 0, 3][: image.shape[-1]]  # OpenCV's
    done, encoded = opencv().imencode(path.suffix.lower(), np.ascontiguousarray(image[..., order]))
    if not done:
        raise OSError(f"{path}: OpenCV cannot encode an image of shape {image.shape}.")
    with atomic.open_replacing(path) as file:
        file.write(encoded.tobytes())

"""From the models' floats to pictures a person looks at: grids, animations, scatter plots."""

import contextlib
import functools
import json
import math
import os
import re
import tempfile
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfgan_zoo import atomic
from tfgan_zoo.data.images import with_channels
from tfgan_zoo.errors import InputError
from tfgan_zoo.pixels import from_uint8, to_uint8  # noqa: F401  (of the public API)

_KINDS = (
    "apng avif bmp eps gif heic ico jfif jp2 jpe jpeg jpg mkv mov mp4 pdf pgm png ppm ps svg tga "
    "tif tiff webm webp"
)
#: What the names of pictures and films end with, whoever writes them.
ENDINGS = frozenset(f".{kind}" for kind in _KINDS.split())


def check_ending(output: str | os.PathLike, known: Sequence[str]) -> None:
    """Checks that what `--output` names is a folder, or a picture of a kind that can be written.

    Args:
        output: a path. What does not end like a picture or a film is a folder's, and so is what
            exists as one.
        known: endings of files that can be written, such as ".png"; ".jpg" is ".jpeg", too.

    Raises:
        InputError: if it ends like another picture.
    """
    path = Path(output).expanduser()
    ending = path.suffix.lower().replace(".jpeg", ".jpg")
    if ending in ENDINGS and ending not in known and not path.is_dir():
        kinds = "".join(f"a {kind}, " for kind in known).removesuffix(", ")
        raise InputError(f"--output: expected {kinds} or a folder, got {str(output)!r}.")


def as_colour(images: np.ndarray, alpha: bool = False) -> np.ndarray:
    """Turns images of any number of channels into what a person can look at.

    One channel is grey, three are colour. Two are shown as two grey panels side by side. Of four
    and more the first three are shown, and a warning says so once. With `alpha`, four channels are
    RGBA, drawn on white.

    Args:
        images: uint8, shape (..., height, width, channels).
        alpha: whether a fourth channel is the opacity.

    Returns:
        uint8, shape (..., height, width, 3), or (..., height, 2 * width, 3) of two channels.
    """
    channels = images.shape[-1]
    if channels == 2:
        images = np.concatenate([images[..., :1], images[..., 1:]], axis=-2)
    if channels <= 2:
        return np.repeat(images, 3, axis=-1)
    if channels == 4 and alpha:
        return with_channels(images, 3)
    if channels > 3:
        _say_first_three(channels)
    return images[..., :3]


@functools.cache
def _say_first_three(channels: int) -> None:
    warnings.warn(
        f"Images of {channels} channels: pictures show the first three of them as red, green and "
        "blue; draw the others with a function of your own, such as SampleSheet(draw=...).",
        UserWarning,
        stacklevel=3,
    )


def grid(images: np.ndarray, columns: int | None = None, gap: int = 2) -> np.ndarray:
    """Lays images out in rows.

    Args:
        images: uint8, shape (num, height, width, channels), drawn as by `as_colour`.
        columns: images in a row; None for a square.
        gap: pixels between two images.

    Returns:
        uint8, shape (height, width, 3).
    """
    images = as_colour(images)
    num, height, width, _ = images.shape
    columns = columns or math.ceil(math.sqrt(num))
    rows = math.ceil(num / columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def rows(columns: Sequence[np.ndarray], gap: int = 2) -> np.ndarray:
    """Lays the i-th images of several batches side by side, in a row of their own.

    Args:
        columns: batches of uint8 images of one size, drawn as by `as_colour`. Where a batch has
            fewer images than another, its places at the end stay white.
        gap: pixels between two images.

    Returns:
        uint8, shape (height, width, 3).
    """
    colour = [as_colour(column) for column in columns]
    num = max(map(len, colour))
    # Images of two channels are twice as wide as the others.
    width = max(column.shape[2] for column in colour)
    filled = [
        np.pad(
            c,
            ((0, num - len(c)), (0, 0), (0, width - c.shape[2]), (0, 0)),
            constant_values=255,
        )
        for c in colour
    ]
    in_rows = np.stack(filled, axis=1)
    return grid(in_rows.reshape(-1, *in_rows.shape[2:]), len(columns), gap)


def labelled_rows(labels: Sequence[str], images: np.ndarray, gap: int = 2) -> np.ndarray:
    """Lays out images in rows, each under a line of text of its own.

    Args:
        labels: one a row; cut where they are too long for the row and for 400 pixels.
        images: uint8, shape (rows, columns, height, width, channels), drawn as by `as_colour`;
            small ones are enlarged by a whole factor.
        gap: pixels between two images.

    Returns:
        uint8, shape (height, width, 3).
    """
    font = _font()
    factor = max(1, round(64 / images.shape[2]))
    images = np.repeat(np.repeat(images, factor, axis=2), factor, axis=3)
    strips = [grid(row, len(row), gap) for row in images]
    line = 22
    height, width = strips[0].shape[:2]
    longest = max(math.ceil(font.getlength(_in_font(label, font))) + 4 for label in labels)
    width = max(width, min(longest, _LABEL_WIDTH))
    sheet = Image.new("RGB", (width, (line + height) * len(strips)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (label, strip) in enumerate(zip(labels, strips, strict=True)):
        top = i * (line + height)
        draw.text((2, top + 2), _cut(label, font, width - 4), fill="black", font=font)
        sheet.paste(Image.fromarray(strip), (0, top + line))
    return np.asarray(sheet)


def labelled_grid(labels: Sequence[str], images: np.ndarray, columns: int) -> np.ndarray:
    """Lays out images in rows, each with a line of text of its own under it.

    Args:
        labels: one an image; cut where they are too long.
        images: uint8, shape (num, height, width, channels), drawn as by `as_colour`.
        columns: images in a row.

    Returns:
        uint8, shape (height, width, 3).
    """
    font, line = _font(), 20
    cells = []
    for label, image in zip(labels, as_colour(images), strict=True):
        height, width = image.shape[:2]
        cell = Image.new("RGB", (width, height + line), "white")
        cell.paste(Image.fromarray(grid(image[np.newaxis], 1)))
        text = _cut(label, font, width)
        left = (width - font.getlength(text)) / 2
        ImageDraw.Draw(cell).text((left, height + 1), text, fill="black", font=font)
        cells.append(np.asarray(cell))
    return grid(np.stack(cells), columns)


_LABEL_WIDTH = 400


@functools.cache
def _font() -> Any:
    """Returns a font with letters of many scripts if the system has one, else Pillow's own."""
    for name in ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf"):
        with contextlib.suppress(OSError):
            return ImageFont.truetype(name, 13)
    return _own_font()


@functools.cache
def _own_font() -> Any:
    return ImageFont.load_default(14)


def _in_font(text: str, font: Any) -> str:
    """Returns text on one line, without what Pillow's own font, of ASCII, would show as boxes."""
    text = " ".join(text.split())
    if font is not _own_font():
        return text
    plain = unicodedata.normalize("NFKD", text.replace("\N{LATIN SMALL LETTER SHARP S}", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return plain.encode("ascii", "replace").decode()


def _cut(text: str, font: Any, width: int) -> str:
    text = _in_font(text, font)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."


def scatter(points: np.ndarray, data: np.ndarray | None = None, size: int = 384) -> np.ndarray:
    """Plots 2-D samples in blue over real data in grey.

    Args:
        points: shape (num, dimensions); the first two dimensions are plotted.
        data: real samples, of the same dimensions; they also set the plot's range.
        size: pixels of a side.

    Returns:
        uint8, shape (size, size, 3).
    """
    clouds = [
        (_two_dimensions(cloud), colour)
        for cloud, colour in ((data, (200, 200, 200)), (points, (31, 80, 200)))
        if cloud is not None
    ]
    reach = 1.25 * float(np.max(np.abs(clouds[0][0]))) or 1.0
    picture = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(picture)
    for cloud, colour in clouds:
        for x, y in (cloud * [1, -1] / reach + 1) * (size / 2):
            draw.ellipse((x - 1, y - 1, x + 1, y + 1), fill=colour)
    return np.asarray(picture)


def _two_dimensions(points: np.ndarray) -> np.ndarray:
    return np.pad(points[:, :2], ((0, 0), (0, max(0, 2 - points.shape[1]))))


def sheet(
    samples: np.ndarray, data: np.ndarray | None = None, columns: int | None = None
) -> np.ndarray:
    """Draws a model's samples, floats: a `grid` of images in [-1, 1], or a `scatter` of points.

    Small images are enlarged by a whole factor, so that one can see them.
    """
    if samples.ndim == 2:
        return scatter(samples, data)
    return enlarge(grid(to_uint8(samples), columns))


def enlarge(picture: np.ndarray, at_least: int = 512) -> np.ndarray:
    """Repeats pixels until the shorter side has about `at_least` of them."""
    factor = max(1, round(at_least / min(picture.shape[:2])))
    return np.repeat(np.repeat(picture, factor, axis=0), factor, axis=1)


def walk(
    anchors: np.ndarray, frames: int, path: str = "spherical", closed: bool = False
) -> np.ndarray:
    """Walks from each latent vector to the next, and shows both ends of every stretch.

    Args:
        anchors: shape (num, latent_dim), two or more.
        frames: vectors on each stretch, its ends included.
        path: "linear", or "spherical" (White 2016, https://arxiv.org/abs/1609.04468), which keeps
            to the shell on which normal noise lies.
        closed: walk back to the first anchor and, for an animation that repeats, visit each anchor
            once.

    Returns:
        shape (stretches * frames, latent_dim); if closed, (num * (frames - 1), latent_dim).
    """
    if path not in ("linear", "spherical"):
        raise InputError(f"path: expected 'spherical' or 'linear', got {path!r}.")
    between = slerp if path == "spherical" else _lerp
    ends = np.roll(anchors, -1, axis=0) if closed else anchors[1:]
    times = np.linspace(0.0, 1.0, frames)[: -1 if closed else None]
    vectors = [between(a, b, t) for a, b in zip(anchors, ends, strict=False) for t in times]
    return np.stack(vectors).astype(anchors.dtype)


def slerp(start: np.ndarray, end: np.ndarray, t: float) -> np.ndarray:
    """Goes from `start` (t = 0) to `end` (t = 1) along the great circle, straight where none is."""
    lengths = np.linalg.norm(start) * np.linalg.norm(end)
    angle = np.arccos(np.clip(np.dot(start, end) / lengths, -1.0, 1.0)) if lengths else 0.0
    if t in (0.0, 1.0) or np.sin(angle) < 1e-6:
        return _lerp(start, end, t)
    return (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)


def _lerp(start: np.ndarray, end: np.ndarray, t: float) -> np.ndarray:
    return (1 - t) * start + t * end


def save_png(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes a uint8 image; complete or not at all.

    Args:
        path: of the file.
        image: shape (height, width) or (height, width, channels). All of up to four channels are
            in the file, a second or fourth as its alpha. Of more, the first three are; a warning
            says so once.
    """
    if image.ndim == 3 and image.shape[-1] > 4:
        image = as_colour(image)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    _save(path, lambda file: Image.fromarray(image).save(file, "PNG"))


def save_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes a uint8 image; complete or not at all.

    Args:
        path: a name that ends in .jpg or .jpeg is written as JPEG, of quality 95 and with colour in
            full resolution; others as PNG.
        image: shape (height, width, channels), as for `save_png`; a second or fourth channel is
            alpha, which a JPEG loses.
    """
    if Path(path).suffix.lower() not in (".jpg", ".jpeg"):
        save_png(path, image)
        return
    if image.shape[-1] > 4:
        image = as_colour(image)
    colour = image[..., 0] if image.shape[-1] < 3 else image[..., :3]
    _save(path, lambda file: Image.fromarray(colour).save(file, "JPEG", quality=95, subsampling=0))


def save_gif(path: str | os.PathLike, frames: Sequence[np.ndarray], fps: float = 12.0) -> None:
    """Writes uint8 images of one size as an animation that repeats; complete or not at all."""
    pictures = [Image.fromarray(f[..., 0] if f.shape[-1] == 1 else as_colour(f)) for f in frames]
    _save(
        path,
        lambda file: pictures[0].save(
            file,
            "GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 / fps),
            loop=0,
        ),
    )


def save_folder(
    folder: str | os.PathLike, images: Iterable[np.ndarray], captions: Sequence[str] | None = None
) -> int:
    """Writes uint8 images as 000000.png, 000001.png, ...; those of before go when all are written.

    Args:
        folder: made if it is not there; one of which `foreign_file` names none.
        images: each of shape (height, width, channels), taken one by one; see `save_png`.
        captions: of the images, written to captions.jsonl, from which `folder:` reads them again.

    Returns:
        How many images there were.

    Raises:
        InputError: if the folder holds other files, which are left alone.
    """
    folder = Path(folder).resolve()
    if other := foreign_file(folder):
        raise InputError(f"{str(folder)!r} holds files of others ({other}); give another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    num = 0
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-") as written:
        for image in images:
            save_png(Path(written, f"{num:06d}.png"), image)
            num += 1
        if captions is not None:
            lines = [
                json.dumps({"file": f"{i:06d}.png", "caption": caption}, ensure_ascii=False) + "\n"
                for i, caption in enumerate(captions)
            ]
            Path(written, _CAPTIONS).write_text("".join(lines), encoding="utf-8")
        folder.mkdir(exist_ok=True)
        for old in list(folder.iterdir()):
            old.unlink()
        for new in list(Path(written).iterdir()):
            new.rename(folder / new.name)
    return num


def foreign_file(folder: Path) -> str | None:
    """Returns the name of something in a folder that `save_folder` did not write, if there is any.

    Example:
        >>> foreign_file(Path("/"))
        '...'
    """
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return next((n for n in names if n != _CAPTIONS and not re.fullmatch(r"\d{6,}\.png", n)), None)


_CAPTIONS = "captions.jsonl"


def _save(path: str | os.PathLike, write: Callable[[BinaryIO], object]) -> None:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.open_replacing(path) as file:
        write(file)

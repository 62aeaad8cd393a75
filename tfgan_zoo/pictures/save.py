"""Writing pictures to files, each complete or not at all."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from tfgan_zoo import atomic, progress
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures.grids import as_colour

_KINDS = (
    "apng avif bmp eps gif heic ico jfif jp2 jpe jpeg jpg mkv mov mp4 pdf pgm png ppm ps svg tga "
    "tif tiff webm webp"
)
#: Suffixes of pictures and films in general, including kinds that are not written here.
ENDINGS = frozenset(f".{kind}" for kind in _KINDS.split())

#: Formats of several frames or pages, by suffix.
_CONTAINERS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}

_CAPTIONS = "captions.jsonl"


def check_ending(output: str | os.PathLike, known: Sequence[str]) -> None:
    """Checks that `--output` names a folder, or a picture of a kind that can be written.

    Args:
        output: A path. It names a folder if it is one or has no suffix of a picture or film.
        known: Suffixes of files that can be written, such as ".png"; ".jpg" includes ".jpeg".

    Raises:
        InputError: If it has the suffix of any other picture.
    """
    path = Path(output).expanduser()
    ending = path.suffix.lower().replace(".jpeg", ".jpg")
    if ending in ENDINGS and ending not in known and not path.is_dir():
        kinds = "".join(f"a {kind}, " for kind in known).removesuffix(", ")
        raise InputError(f"--output: expected {kinds} or a folder, got {str(output)!r}.")


def save_png(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes a uint8 image as PNG.

    Args:
        path: Path of the file.
        image: Image `(height, width)` or `(height, width, channels)`. Up to four channels are
            written, a second or fourth as alpha. Of more, only the first three are, with a warning
            the first time.
    """
    if image.ndim == 3 and image.shape[-1] > 4:
        image = as_colour(image)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    _save(path, lambda file: Image.fromarray(image).save(file, "PNG"))


def save_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes a uint8 image as JPEG or PNG.

    Args:
        path: Path of the file. With suffix .jpg or .jpeg it is a JPEG with quality 95 and colour
            in full resolution; otherwise a PNG.
        image: Image `(height, width, channels)`, as for `save_png`; a second or fourth channel is
            alpha, which is left out of a JPEG.
    """
    if Path(path).suffix.lower() not in (".jpg", ".jpeg"):
        save_png(path, image)
        return
    if image.shape[-1] > 4:
        image = as_colour(image)
    colour = image[..., 0] if image.shape[-1] < 3 else image[..., :3]
    _save(path, lambda file: Image.fromarray(colour).save(file, "JPEG", quality=95, subsampling=0))


def save_gif(path: str | os.PathLike, frames: Sequence[np.ndarray], fps: float = 12.0) -> None:
    """Writes uint8 images of one size as an animation that repeats.

    Equal frames that follow one another are stored as one, which is shown as long as all of them.

    Args:
        path: The file.
        frames: Images of one size.
        fps: Frames per second.
    """
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


def find_ffmpeg() -> str:
    """Returns the path of the program ffmpeg.

    Raises:
        InputError: If it is not on the PATH.
    """
    found = shutil.which("ffmpeg")
    if found is None:
        raise InputError(
            "--output: a .mp4 is written by the program ffmpeg, which is not on the PATH; install "
            "it, or give a .gif."
        )
    return found


def save_mp4(path: str | os.PathLike, frames: Sequence[np.ndarray], fps: float = 12.0) -> None:
    """Writes uint8 images of one size as a film, with the program ffmpeg.

    Odd sides get one more row or column of black, as most players need even ones.

    Args:
        path: The file.
        frames: Images of one size.
        fps: Frames per second.

    Raises:
        InputError: If ffmpeg is not on the PATH, or cannot write the film.
    """
    path, pixels = Path(path), as_colour(np.stack(frames))
    height, width = pixels.shape[1:3]
    command = [find_ffmpeg(), "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-", "-pix_fmt", "yuv420p"]
    command += ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-movflags", "+faststart", "-f", "mp4"]
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(path, ending=".part.mp4") as temporary:
        film = pixels.tobytes()
        done = subprocess.run([*command, str(temporary)], input=film, capture_output=True)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise InputError(f"--output: ffmpeg cannot write {str(path)!r}: {said[-1]}")


def save_frames(
    path: str | os.PathLike,
    frames: Sequence[np.ndarray],
    durations: Sequence[float | None],
    loop: int | None = None,
) -> None:
    """Writes uint8 images as an animation or a document of several pages.

    Args:
        path: Path of the file: a .gif, .webp (lossless), .png (animated), .tif or .tiff.
        frames: Images `(height, width, channels)`, as for `save_image`; a second or fourth channel
            is alpha.
        durations: Milliseconds of each frame; None for the format's default. Pages have none. As
            equal frames become one that is shown as long as all of them, frames of a .gif get the
            100 that browsers take for none and for 0.
        loop: How often the animation is repeated, 0 for ever; None for once.
    """
    first, *rest = (Image.fromarray(f[..., 0] if f.shape[-1] == 1 else f) for f in frames)
    kind = _CONTAINERS[Path(path).suffix.lower()]
    options: dict[str, Any] = {"compression": "tiff_deflate"} if kind == "TIFF" else {}
    if kind == "GIF":
        durations = [duration or 100 for duration in durations]
    if kind != "TIFF" and None not in durations:
        options["duration"] = [round(duration or 0) for duration in durations]
    if loop is not None and kind != "TIFF":
        options["loop"] = loop
    if kind == "WEBP":
        options["lossless"] = True
    if kind == "GIF":
        options["disposal"] = 2 if frames[0].shape[-1] in (2, 4) else 1
    _save(path, lambda file: first.save(file, kind, save_all=True, append_images=rest, **options))


def save_folder(
    folder: str | os.PathLike,
    images: Iterable[np.ndarray] | Callable[[int], Iterable[np.ndarray]],
    captions: Sequence[str] | None = None,
    *,
    key: str = "",
) -> int:
    """Writes uint8 images as 000000.png, 000001.png, ...; earlier ones go once all are written.

    Args:
        folder: Path of the folder, which is created if needed and may only hold files that
            `save_folder` wrote.
        images: Images `(height, width, channels)`, consumed one by one; see `save_png`. With `key`,
            a function that returns those from a number on.
        captions: Captions of the images, written to captions.jsonl, which `folder:` reads.
        key: Names the images. If writing is stopped, what is written stays beside the folder, and
            writing images of the same key resumes from there.

    Returns:
        The number of images.

    Raises:
        InputError: If the folder holds other files; it is left unchanged.
    """
    folder = Path(folder).resolve()
    if other := foreign_file(folder):
        raise InputError(
            f"folder: expected only files that save_folder wrote in {str(folder)!r}, got {other}; "
            "give another folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with atomic.unfinished(folder, key) as written:
        num = _complete(written)
        if num:
            progress.say(
                f"{progress.counted(num, 'image')} {'was' if num == 1 else 'were'} written before."
            )
        for image in images(num) if callable(images) else images:
            save_png(written / f"{num:06d}.png", image)
            num += 1
        if captions is not None:
            lines = [
                json.dumps({"file": f"{i:06d}.png", "caption": caption}, ensure_ascii=False) + "\n"
                for i, caption in enumerate(captions)
            ]
            (written / _CAPTIONS).write_text("".join(lines), encoding="utf-8")
        atomic.move_into(written, folder)
    return num


def _complete(written: Path) -> int:
    """Returns the number of images in a folder, and removes what else a killed process left."""
    names = set(os.listdir(written))
    num = next(i for i in range(len(names) + 1) if f"{i:06d}.png" not in names)
    for name in names - {f"{i:06d}.png" for i in range(num)}:
        (written / name).unlink()
    return num


def foreign_file(folder: Path, kind: str = ".png") -> str | None:
    """Returns the name of an entry of a folder that `save_folder` did not write, or None.

    Args:
        folder: The folder.
        kind: Ending of the files, of others than pictures.

    Example:
        >>> foreign_file(Path("/"))
        '...'
    """
    own = re.compile(rf"\d{{6,}}{re.escape(kind)}")
    return next(
        (n for n in atomic.finished(folder) if n != _CAPTIONS and not own.fullmatch(n)), None
    )


def _save(path: str | os.PathLike, write: Callable[[BinaryIO], object]) -> None:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.open_replacing(path, "w+b") as file:  # Pillow reads pages that it has written
        write(file)

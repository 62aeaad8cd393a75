"""Converting image files: the names of results, and the conversion."""

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from tfgan_zoo import atomic, pictures, progress
from tfgan_zoo.data import images
from tfgan_zoo.data.brightness import warn_of_depth
from tfgan_zoo.data.readers.folder import some_images
from tfgan_zoo.errors import InputError, ServerError, without_advice

#: Suffixes of results.
WRITTEN = (".png", ".jpg", ".jpeg")


def plan(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    compare: bool = False,
    overwrite: bool = False,
    on_error: str = "raise",
) -> dict[Path, Path]:
    """Plans the path of each image's result, without writing anything.

    A result keeps its image's name and, in a folder, its relative path. Suffixes other than .png,
    .jpg and .jpeg become .png.

    Args:
        source: An image file, or a folder, which is read with its subfolders.
        output: A folder; or, for a file, a path with suffix .png, .jpg or .jpeg.
        compare: Whether results have a `comparison` beside them.
        overwrite: Whether results may replace existing files.
        on_error: "raise" rejects results whose names are too long for a file; "skip" leaves them to
            `convert`.

    Returns:
        Results by image, in the order of `tfgan_zoo.data.readers.folder.list_images`.

    Raises:
        InputError: If there is no image, the output does not match the input, a result's name is
            too long, or a result would replace an image, another result or (without `overwrite`)
            an existing file.

    Example:
        >>> plan("photos", "drawings")
        {PosixPath('photos/a.webp'): PosixPath('drawings/a.png')}
    """
    source, output = Path(source).expanduser(), Path(output).expanduser()
    if source.is_dir():
        planned = _plan_folder(source, output)
    elif source.exists():
        planned = {source: _named(source, output)}
    else:
        raise InputError(f"--input: {str(source)!r} does not exist; check the path.")
    originals = {image.resolve() for image in planned}
    results: dict[Path, Path] = {}
    for image, result in planned.items():
        for path in _written_for(result, compare):
            if on_error == "raise":
                atomic.check_name(path, "--output")
            if path in results:
                raise InputError(
                    f"--input: {str(results[path])!r} and {str(image)!r} would both be written to "
                    f"{str(path)!r}; rename one of them."
                )
            if path.resolve() in originals:
                raise InputError(
                    f"--output: {str(path)!r} is itself an input image; give another path."
                )
            results[path] = image
    existing = [path for path in results if os.path.exists(path)]
    if existing and not overwrite:
        others = f" and {len(existing) - 1} more of the results" if len(existing) > 1 else ""
        exist, them = ("exist", "them") if others else ("exists", "it")
        raise InputError(
            f"--output: {str(existing[0])!r}{others} {exist}; add --overwrite to replace {them}."
        )
    return planned


def comparison(result: Path) -> Path:
    """Returns the path of the sheet that shows a result beside its image."""
    return result.with_name(f"{result.stem}_compare.png")


def _written_for(result: Path, compare: bool) -> tuple[Path, ...]:
    return (result, comparison(result)) if compare else (result,)


def _plan_folder(source: Path, output: Path) -> dict[Path, Path]:
    ending = output.suffix.lower()
    if output.exists() and not output.is_dir():
        raise InputError(f"--output: expected a folder, got {str(output)!r}, a file.")
    if ending in pictures.ENDINGS and not output.exists():
        raise InputError(
            f"--output: expected a folder, as the input is one, got the file name {str(output)!r}."
        )
    if output.resolve().is_relative_to(source.resolve()):
        raise InputError(
            f"--output: {str(output)!r} is inside the input folder {str(source)!r}, so results "
            "would be read again; give another folder."
        )
    names = some_images("--input", str(source))
    return {source / name: output / _written(Path(name)) for name in names}


def _named(source: Path, output: Path) -> Path:
    """Returns the result of one image: the output itself, or a file in that folder."""
    ending = output.suffix.lower()
    pictures.check_ending(output, (".png", ".jpg"))
    if output.is_dir() or ending not in WRITTEN:
        if output.is_file():
            raise InputError(
                f"--output: expected a .png, a .jpg or a folder, got {str(output)!r}, another file."
            )
        return output / _written(Path(source.name))
    return output


def _written(name: Path) -> Path:
    return name if name.suffix.lower() in WRITTEN else name.with_suffix(".png")


@images.of_any_size()
def convert(
    planned: Mapping[Path, Path],
    function: Callable[[np.ndarray], np.ndarray],
    channels: int,
    *,
    compare: bool = False,
    on_error: str = "raise",
    rules: images.DecodingRules = images.DecodingRules(),  # noqa: B008  (it is frozen)
) -> int:
    """Reads every image, applies a function and writes the result.

    EXIF orientation is applied. Transparent images are drawn on white for the function, and keep
    their alpha in the result, except in a JPEG. Each file appears complete or not at all. On a
    terminal, a bar shows progress. The size of an image is limited only by memory.

    Args:
        planned: Results by image, from `plan`.
        function: From a uint8 image `(height, width, channels)` to floats in [-1, 1], of the same
            size or a multiple of it.
        channels: Channels that the function takes, 1 (colour becomes grey) or 3.
        compare: Whether to also write a `comparison` of the function's input and output.
        on_error: "raise" stops at an image that cannot be read, and before the first image if the
            name of a result is too long for a file; "skip" leaves such images out and reports them
            on standard error.
        rules: How the pixels of a file become 8-bit sRGB.

    Returns:
        The number of images converted.

    Raises:
        InputError: If an image cannot be read or a name is too long, with "raise".
        ServerError: If the function raises it; the message names the image.
    """
    if rules.white is None:
        some = list(planned)[:: max(1, len(planned) // 16)]
        looks = {
            str(path): functools.partial(images.highest_of_16_bits, path, str(path))
            for path in some
        }
        warn_of_depth("--input", looks, "--white")
    if on_error == "raise":
        for result in planned.values():
            for written in _written_for(result, compare):
                atomic.check_name(written, "--output")
    done = 0
    for path, result in progress.bar(planned.items(), "converted", len(planned), "images"):
        try:
            for written in _written_for(result, compare):
                atomic.check_name(written, "--output")
            pixels = images.decode(
                path,
                white=rules.white,
                color_profiles=rules.color_profiles,
                black=rules.black,
                pages=rules.pages,
                skip="--on_error=skip",
                ask_white="--white",
            )
        except InputError as error:
            if on_error != "skip":
                raise
            progress.say(f"left out: {without_advice(error)}.")
            continue
        given = images.with_channels(pixels, channels)
        try:
            made = pictures.to_uint8(function(given))
        except ServerError as error:
            raise ServerError(f"{path}: {error}") from error
        kept = [made]
        if pixels.shape[-1] in (2, 4) and made.shape[-1] in (1, 3):
            kept.append(_sized(pixels[..., -1:], made))
        pictures.save_image(result, np.concatenate(kept, axis=-1))
        if compare:
            sides = [_sized(given, made)[np.newaxis], made[np.newaxis]]
            pictures.save_png(comparison(result), pictures.rows(sides))
        done += 1
    return done


def _sized(pixels: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Resizes to another image's size, bicubically."""
    height, width = like.shape[:2]
    if pixels.shape[:2] == (height, width):
        return pixels
    # Channel by channel, so that Pillow takes none for opacity.
    resized = [
        Image.fromarray(np.ascontiguousarray(pixels[..., i])).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        for i in range(pixels.shape[-1])
    ]
    return np.stack([np.asarray(channel) for channel in resized], axis=-1)

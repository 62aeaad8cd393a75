"""Converting image files: the names of results, and the conversion."""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import atomic, pictures, progress
from tfgan_zoo.data import images
from tfgan_zoo.data.brightness import warn_of_depth
from tfgan_zoo.data.depth import decode_16_bits, decode_frames_16_bits
from tfgan_zoo.data.readers.folder import some_images
from tfgan_zoo.errors import InputError, RefusedError, ServerError, without_advice
from tfgan_zoo.pictures import depth
from tfgan_zoo.pictures.resizing import resized

#: Suffixes of results.
WRITTEN = (".png", ".jpg", ".jpeg")
#: Suffixes of results of several frames or pages in one file.
CONTAINERS = (".gif", ".webp", ".png", ".tif", ".tiff")


class Form(NamedTuple):
    """What a conversion writes for an image.

    Attributes:
        compare: Whether to also write a `comparison` of the function's input and output.
        frames: None for the first frame or page of a file; "container" for all of them in a file of
            the same format, or with 16 bits in a TIFF; "files" for a numbered .png of each.
        bits: 8 or 16 per channel.
    """

    compare: bool = False
    frames: str | None = None
    bits: int = 8

    def name(self, image: Path, name: Path) -> Path:
        """Returns the name of an image's result, from the image's own name."""
        ending = name.suffix.lower()
        several = self.frames is not None and images.count_frames(image) > 1
        if self.bits == 16 and several and self.frames == "container":
            return name if ending in depth.PAGES_16 else name.with_suffix(".tif")
        if self.bits == 16 and not several:
            return name if ending in depth.WRITTEN_16 else name.with_suffix(".png")
        if several and self.frames == "container" and ending in CONTAINERS:
            return name
        if ending in WRITTEN and not several:
            return name
        return name.with_suffix(".png")

    def written(self, image: Path, result: Path) -> list[Path]:
        """Returns every file written for an image, the last one at the end."""
        sheets = [comparison(result)] if self.compare else []
        number = images.count_frames(image) if self.frames == "files" else 1
        return sheets + (numbered(result, number) if number > 1 else [result])


def numbered(result: Path, number: int) -> list[Path]:
    """Returns the files of a number of frames.

    Example:
        >>> numbered(Path("walk.png"), 2)
        [PosixPath('walk_000000.png'), PosixPath('walk_000001.png')]
    """
    return [result.with_name(f"{result.stem}_{i:06d}{result.suffix}") for i in range(number)]


def plan(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    compare: bool = False,
    overwrite: bool = False,
    on_error: str = "raise",
    frames: str | None = None,
    bits: int = 8,
    skippable: bool = False,
) -> dict[Path, Path]:
    """Plans the path of each image's result, without writing anything.

    A result keeps its image's name and, in a folder, its relative path. Suffixes other than .png,
    .jpg and .jpeg become .png; .gif, .webp, .tif and .tiff stay where the result has several frames
    or pages, and .tif and .tiff, but not .jpg, where it has 16 bits. Several frames of 16 bits
    become pages of a .tif.

    Args:
        source: An image file, or a folder, which is read with its subfolders.
        output: A folder; or, for a file, a path with suffix .png, .jpg or .jpeg.
        compare: Whether results have a `comparison` beside them.
        overwrite: Whether results may replace existing files.
        on_error: "raise" rejects results whose names are too long for a file; "skip" leaves them to
            `convert`.
        frames: See `Form`.
        bits: See `Form`.
        skippable: Whether the command has --skip_existing, for the message.

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
    atomic.check_output(output)
    form = Form(compare, frames, bits)
    if source.is_dir():
        planned = _plan_folder(source, output, form, on_error)
    elif source.exists():
        planned = {source: _named(source, output, form)}
    else:
        raise InputError(f"--input: {str(source)!r} does not exist; check the path.")
    originals = {image.resolve() for image in planned}
    results: dict[Path, Path] = {}
    for image, result in planned.items():
        for path in form.written(image, result):
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
        skip = f", or --skip_existing to leave {them} out" if skippable and source.is_dir() else ""
        raise InputError(
            f"--output: {str(existing[0])!r}{others} {exist}; add --overwrite to replace "
            f"{them}{skip}."
        )
    return planned


def plan_missing(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    overwrite: bool = False,
    skip_existing: bool = False,
    **form: Any,
) -> tuple[dict[Path, Path], int]:
    """Plans the results of images as `plan` does, or the missing ones of them.

    Args:
        source: See `plan`.
        output: See `plan`.
        overwrite: See `plan`.
        skip_existing: Whether images whose results exist are left out.
        **form: Other arguments of `plan`.

    Returns:
        `(planned, existing)`: results by image, and the number of images that are left out.
    """
    replace = overwrite or skip_existing
    planned = plan(source, output, overwrite=replace, skippable=True, **form)
    wanted = missing(planned, form.get("frames")) if skip_existing else planned
    return wanted, len(planned) - len(wanted)


def missing(planned: Mapping[Path, Path], frames: str | None = None) -> dict[Path, Path]:
    """Returns the part of a plan whose results do not exist, to resume a conversion.

    Files appear complete or not at all, and of those of one image the last is written last, so one
    that exists needs no other look.

    Args:
        planned: From `plan` with `overwrite`.
        frames: See `Form`.
    """
    form = Form(frames=frames)
    return {
        image: result
        for image, result in planned.items()
        if not os.path.exists(form.written(image, result)[-1])
    }


def counted(num: int, planned: int, existing: int = 0, unit: str = "image") -> tuple[str, str]:
    """Returns what a command says about its images.

    Args:
        num: Number of images converted.
        planned: Number of images that should be.
        existing: Number of images whose results existed.
        unit: What one of them is called.

    Returns:
        ("N images", further numbers, each after a comma).

    Example:
        >>> counted(1, 3, existing=5)
        ('1 image', ', 2 left out, 5 there already')
    """
    left_out = f", {planned - num} left out" if num < planned else ""
    there = f", {existing} there already" if existing else ""
    return f"{num} {unit}{'s' * (num != 1)}", left_out + there


def comparison(result: Path) -> Path:
    """Returns the path of the sheet that shows a result beside its image."""
    return result.with_name(f"{result.stem}_compare.png")


def _plan_folder(source: Path, output: Path, form: Form, on_error: str) -> dict[Path, Path]:
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
    if on_error == "raise":
        images.check_packages("--input", names, "--on_error=skip")
    return {source / name: output / form.name(source / name, Path(name)) for name in names}


def _named(source: Path, output: Path, form: Form) -> Path:
    """Returns the result of one image: the output itself, or a file in that folder."""
    ending = output.suffix.lower()
    own = form.name(source, Path(source.name))
    known = {16: [".png", ".tif"], 8: [".png", ".jpg"]}[form.bits]
    several = form.frames == "container" and images.count_frames(source) > 1
    if several and own.suffix.lower() not in WRITTEN:
        known = [".tif" if form.bits == 16 else own.suffix.lower()]
    accepted = {".jpg": (".jpg", ".jpeg"), ".tif": (".tif", ".tiff")}
    suffixes = [each for kind in known for each in accepted.get(kind, (kind,))]
    if ending not in suffixes:
        pictures.check_ending(output, known)
    if output.is_dir() or ending not in suffixes:
        if output.is_file():
            kinds = ", ".join(f"a {kind}" for kind in known)
            raise InputError(
                f"--output: expected {kinds} or a folder, got {str(output)!r}, another file."
            )
        return output / own
    return output


@images.of_any_size()
def convert(
    planned: Mapping[Path, Path],
    function: Callable[[np.ndarray], np.ndarray],
    channels: int,
    *,
    compare: bool = False,
    on_error: str = "raise",
    rules: images.DecodingRules = images.DecodingRules(),  # noqa: B008  (it is frozen)
    frames: str | None = None,
    bits: int = 8,
    titles: Sequence[str] = ("input", "result"),
    keeps_grey: bool = False,
) -> int:
    """Reads every image, applies a function and writes the result.

    EXIF orientation is applied. Transparent images are drawn on white for the function, and keep
    their alpha in the result, except in a JPEG. Each file appears complete or not at all. On a
    terminal, a bar shows progress. The size of an image is limited only by memory.

    Args:
        planned: Results by image, from `plan`.
        function: From an image `(height, width, channels)`, uint8 or with 16 bits floats in
            [-1, 1], to floats in [-1, 1], of the same size or a multiple of it, with one or three
            channels.
        channels: Channels that the function takes, 1 (colour becomes grey) or 3.
        compare: See `Form`. Of several frames, the sheet shows the first.
        on_error: "raise" stops at an image that cannot be read, and before the first image if the
            name of a result is too long for a file; "skip" leaves such images out, and those that a
            server refuses, and reports them on standard error.
        rules: How the pixels of a file become 8-bit sRGB.
        frames: See `Form`; as for `plan`.
        bits: See `Form`; as for `plan`.
        titles: The titles of both columns of a `comparison`.
        keeps_grey: Whether results of grey images become grey. Of several frames, all must be grey.

    Returns:
        The number of images converted.

    Raises:
        InputError: If an image cannot be read or a name is too long, with "raise".
        ServerError: If the function raises it; the message names the image.
    """
    form = Form(compare, frames, bits)
    _warn_of_depth(list(planned), rules)
    if on_error == "raise":
        for path, result in planned.items():
            _check_names(form.written(path, result))
    left_out: list[Path] = []

    def leave_out(path: Path, error: Exception) -> None:
        left_out.append(path)
        progress.say(f"left out: {str(error).rstrip('.')}.")

    for path, result in progress.bar(planned.items(), "converted", len(planned), "images"):
        try:
            _check_names(form.written(path, result))
            read = _read(path, rules, form)
        except InputError as error:
            if on_error != "skip":
                raise
            leave_out(path, InputError(without_advice(error)))
            continue
        try:
            grey = keeps_grey and all(frame.pixels.shape[-1] in (1, 2) for frame in read)
            made = [_converted(frame.pixels, function, channels, grey) for frame in read]
        except ServerError as error:
            named = type(error)(f"{path}: {error}")
            if on_error == "skip" and isinstance(error, RefusedError):
                leave_out(path, named)
                continue
            raise named from error
        if compare:  # first, so that there is none to write once the result exists
            sides = _sides(read[0].pixels, made[0], channels)
            pictures.save_png(comparison(result), pictures.titled_rows(titles, sides))
        kept = [_with_alpha(image, f.pixels) for image, f in zip(made, read, strict=True)]
        _write(result, kept, read, form)
    if len(left_out) > 1:
        some = ", ".join(map(str, left_out[:20]))
        more = f" and {len(left_out) - 20} more" if len(left_out) > 20 else ""
        progress.say(f"{len(left_out)} of {len(planned)} left out: {some}{more}")
    return len(planned) - len(left_out)


def make(
    planned: Mapping[Any, Path],
    read: Callable[[Any], np.ndarray],
    function: Callable[[np.ndarray], np.ndarray],
    words: tuple[str, str],
    *,
    sheet: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    on_error: str = "raise",
) -> int:
    """Reads every file by a function, applies another and writes the image that it returns.

    Args:
        planned: Results by file.
        read: From a file to an array.
        function: From that to an image, uint8 `[H, W, C]`.
        words: What is done to what, for the bar: "translated", "label maps".
        sheet: From an array and its image to the picture of both that is written beside a result;
            None for no such pictures.
        on_error: "raise", or "skip" to leave out files that cannot be read, and those that a server
            refuses.

    Returns:
        The number of images written.

    Raises:
        InputError: If a file cannot be read, with "raise".
        ServerError: If the function raises it; the message names the file.
    """
    done = 0
    for path, result in progress.bar(planned.items(), words[0], len(planned), words[1]):
        try:
            found = read(path)
        except InputError as error:
            if on_error != "skip":
                raise
            progress.say(f"left out: {without_advice(error).rstrip('.')}.")
            continue
        try:
            made = function(found)
        except ServerError as error:
            named = type(error)(f"{path}: {error}")
            if on_error == "skip" and isinstance(error, RefusedError):
                progress.say(f"left out: {str(named).rstrip('.')}.")
                continue
            raise named from error
        result.parent.mkdir(parents=True, exist_ok=True)
        if sheet is not None:  # first, so that there is none to write once the result exists
            pictures.save_png(comparison(result), sheet(found, made))
        pictures.save_image(result, made)
        done += 1
    return done


def _warn_of_depth(planned: Sequence[Path], rules: images.DecodingRules) -> None:
    if rules.white is None:
        looks = {
            str(path): functools.partial(images.highest_of_16_bits, path, str(path))
            for path in planned[:: max(1, len(planned) // 16)]
        }
        warn_of_depth("--input", looks, "--white")


def _check_names(written: Sequence[Path]) -> None:
    for path in written:
        atomic.check_name(path, "--output")


def _read(path: Path, rules: images.DecodingRules, form: Form) -> list[images.Frame]:
    """Reads an image, or all of its frames; uint8, or uint16 for 16 bits."""
    ask: dict[str, Any] = {"skip": "--on_error=skip", "ask_white": "--white"}
    several = form.frames is not None and images.count_frames(path) > 1
    if form.bits == 16 and several:
        return [images.Frame(pixels) for pixels in decode_frames_16_bits(path, rules, **ask)]
    if form.bits == 16:
        return [images.Frame(decode_16_bits(path, rules, **ask))]
    plain = dataclasses.asdict(rules)
    if several:
        return list(images.decode_frames(path, **ask, **plain))
    return [images.Frame(images.decode(path, **ask, **plain))]


def _given(pixels: np.ndarray, channels: int) -> np.ndarray:
    if pixels.dtype == np.uint16:
        return depth.floats_of(pixels, channels)
    return images.with_channels(pixels, channels)


def _converted(
    pixels: np.ndarray,
    function: Callable[[np.ndarray], np.ndarray],
    channels: int,
    grey: bool,
) -> np.ndarray:
    """Returns the function's result for an image, rounded to the type of the image's pixels."""
    rounded = depth.to_uint16 if pixels.dtype == np.uint16 else pictures.to_uint8
    made = function(_given(pixels, channels))
    return rounded(to_grey(made) if grey else made)


def to_grey(image: np.ndarray) -> np.ndarray:
    """Returns an image, floats in [-1, 1] except for overshoots, as grey."""
    return images.with_channels(np.clip(image, -1.0, 1.0), 1)


def _with_alpha(made: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Returns a result with the alpha of its image, if there is one."""
    if pixels.shape[-1] not in (2, 4) or made.shape[-1] not in (1, 3):
        return made
    alpha = pixels[..., -1:]
    if alpha.dtype == np.uint16:  # which Pillow does not resize
        floats = resized(alpha.astype(np.float32), made.shape[:2])
        return np.concatenate([made, np.clip(np.rint(floats), 0, 65535).astype(np.uint16)], -1)
    return np.concatenate([made, resized(alpha, made.shape[:2])], axis=-1)


def _sides(pixels: np.ndarray, made: np.ndarray, channels: int) -> list[np.ndarray]:
    """Returns what a comparison shows, uint8: the function's input and its result."""
    given = _given(pixels, channels)
    if pixels.dtype == np.uint16:
        given, made = pictures.to_uint8(given), np.rint(made / 257).astype(np.uint8)
    return [resized(given, made.shape[:2])[np.newaxis], made[np.newaxis]]


def _write(
    result: Path, made: Sequence[np.ndarray], read: Sequence[images.Frame], form: Form
) -> None:
    save = depth.save_16_bits if form.bits == 16 else pictures.save_image
    if len(made) == 1:
        save(result, made[0])
    elif form.frames == "files":
        for path, image in zip(numbered(result, len(made)), made, strict=True):
            save(path, image)
    elif form.bits == 16:
        depth.save_pages_16_bits(result, made)
    else:
        durations = [frame.duration for frame in read]
        pictures.save_frames(result, _alike(made), durations, read[0].loop)


def _alike(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Gives all frames alpha if one has it, as in an animation of which some are opaque."""
    most = max(frame.shape[-1] for frame in frames)
    opaque = [np.full((*frame.shape[:2], 1), 255, np.uint8) for frame in frames]
    return [
        frame if frame.shape[-1] == most else np.concatenate([frame, alpha], axis=-1)
        for frame, alpha in zip(frames, opaque, strict=True)
    ]

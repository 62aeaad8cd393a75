"""Samples that a command asks for, and how they are arranged and written."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfgan_zoo import atomic, pictures, progress
from tfgan_zoo.errors import InputError

#: Suffixes of outputs that show a walk in time.
ANIMATIONS = (".gif", ".mp4")


class DrawRequest(NamedTuple):
    """A request to draw a run's samples, as `tfgan_zoo.generate` states it.

    Attributes:
        workdir: The run folder, for messages and for what the run knows about its classes.
        num: Samples; per text or class where there are any. None for a number that suits.
        seed: Seed of the noise.
        texts: Texts to draw.
        labels: Names or numbers of classes to draw.
        interpolate: Whether to walk between samples, or between texts.
        frames: Images from sample to sample, both included.
        path: How to walk between latents, "spherical" or "linear".
        closed: Whether walks return to their start, for an animation that repeats.
        truncation: The largest distance of latents from 0; see `NoiseToImage.generate`.
        all_labels: Whether to draw every class.
        inputs: Files of images to walk between, for a model that encodes images.
        images: These images as the model takes them, uint8 `[num, H, W, C]`; None if there are
            none.
        attributes: Values of attributes to draw from, NAME=VALUE; several of one are drawn one by
            one, or walked between.
        sweep: One attribute that changes along a row, NAME:FIRST:LAST:FRAMES; None for none.
    """

    workdir: str
    num: int | None = None
    seed: int = 0
    texts: Sequence[str] = ()
    labels: Sequence[str] = ()
    interpolate: bool = False
    frames: int = 12
    path: str = "spherical"
    closed: bool = False
    truncation: float | None = None
    all_labels: bool = False
    inputs: Sequence[str] = ()
    images: np.ndarray | None = None
    attributes: Sequence[str] = ()
    sweep: str | None = None

    def num_samples(self) -> int:
        """Returns how many samples to draw, per text or class where there are any."""
        if self.num is not None:
            return self.num
        if self.texts or len(self.labels) > 1:
            return 1 if self.interpolate else 8
        if self.interpolate:
            return 5
        return 8 if self.labels or self.all_labels or self.attributes else 64

    def check(self) -> None:
        """Checks what does not depend on the model.

        Raises:
            InputError: If a number is out of range, or there is only one text to walk between.
        """
        ends = 2 if self.interpolate and not self.texts and len(self.labels) < 2 else 1
        for flag, value, least in (("num", self.num_samples(), ends), ("frames", self.frames, 2)):
            if value < least:
                raise InputError(f"--{flag}: expected a whole number from {least} up, got {value}.")
        if self.labels and self.all_labels:
            raise InputError("--all_labels: expected none beside --label; leave one of them out.")
        if self.truncation is not None and self.truncation <= 0:
            raise InputError(f"--truncation: expected a number above 0, got {self.truncation}.")
        if self.inputs and not self.interpolate:
            raise InputError("--input: expected --interpolate beside it, got none.")
        if len(self.inputs) == 1:
            raise InputError("--input: expected two images or more to walk between, got one.")
        if self.inputs and self.num is not None:
            raise InputError(f"--num: expected none beside --input, got {self.num}.")
        if self.interpolate and len(self.texts) == 1:
            raise InputError("--interpolate: expected two texts or more to walk between, got one.")


class Drawing(NamedTuple):
    """Samples in rows.

    Attributes:
        batches: The samples, row by row, in batches: floats in [-1, 1] of shape
            `[num, height, width, channels]`, or points of shape `[num, size]`.
        num: Number of samples.
        columns: Samples per row; None for a square.
        labels: A text for each row; None if rows have none.
        points: Whether the samples are points.
    """

    batches: Iterable[np.ndarray]
    num: int
    columns: int | None = None
    labels: Sequence[str] | None = None
    points: bool = False

    def images(self) -> Iterator[np.ndarray]:
        """Yields the images one by one, uint8, with a bar on a terminal."""
        batches = (pictures.to_uint8(batch) for batch in self.batches)
        for batch in progress.bar(batches, "generated", self.num, "images", size=len):
            yield from batch

    def rows(self) -> np.ndarray:
        """Returns the images, uint8, shape `[rows, columns, height, width, channels]`."""
        images = np.stack(list(self.images()))
        return images.reshape(-1, self.columns or len(images), *images.shape[1:])

    def sheet(self) -> np.ndarray:
        """Draws all samples as one picture, uint8, shape `(height, width, 3)`."""
        if self.labels is not None:
            return pictures.labelled_rows(self.labels, self.rows())
        return pictures.sheet(np.concatenate(list(self.batches)), columns=self.columns)

    def animation(self) -> list[np.ndarray]:
        """Draws the columns as pictures, uint8, that follow one another."""
        rows = self.rows()
        if self.labels is None:
            return [pictures.enlarge(image, 256) for image in rows[0]]
        return [pictures.enlarge(pictures.grid(i, len(rows)), 256) for i in rows.swapaxes(0, 1)]

    def save(self, output: Path) -> None:
        """Writes a .png with all samples, a .gif, a .mp4, or a folder of single files.

        Args:
            output: Where, as `check_output` accepts it. A folder holds the labels as captions.
        """
        kind = output.suffix.lower()
        if kind == ".png":
            pictures.save_png(output, self.sheet())
        elif kind == ".gif":
            pictures.save_gif(output, self.animation())
        elif kind == ".mp4":
            pictures.save_mp4(output, self.animation())
        else:
            captions = None
            if self.labels is not None:
                columns = self.num // len(self.labels)
                captions = [label for label in self.labels for _ in range(columns)]
            pictures.save_folder(output, self.images(), captions)


def check_output(output: Path, overwrite: bool, interpolate: bool = True) -> None:
    """Checks where a drawing goes.

    Args:
        output: A .png, a .gif, a .mp4, or a folder.
        overwrite: Whether what is there may be replaced. Foreign files never are.
        interpolate: Whether the drawing is a walk, which a .gif and a .mp4 can show.

    Raises:
        InputError: If the drawing cannot be written there, or needs ffmpeg and there is none.
    """
    kind = output.suffix.lower()
    if kind in ANIMATIONS and not interpolate:
        raise InputError(f"--output: a {kind} shows a walk; add --interpolate, or --sweep.")
    if kind == ".mp4":
        pictures.find_ffmpeg()
    atomic.check_name(output, "--output")
    pictures.check_ending(output, (".png", *ANIMATIONS))
    picture = kind in (".png", *ANIMATIONS)
    if output.is_dir() and picture:
        raise InputError(f"--output: expected a picture's name, {str(output)!r} is a folder.")
    if output.is_dir() and (other := pictures.foreign_file(output)):
        raise InputError(
            f"--output: {str(output)!r} contains files that this command did not write ({other}); "
            "give a folder that is new or empty."
        )
    if output.exists() and not output.is_dir() and not picture:
        raise InputError(f"--output: expected a folder's name, {str(output)!r} is a file.")
    if output.exists() and not overwrite and (picture or any(output.iterdir())):
        raise InputError(f"--output: {str(output)!r} exists; add --overwrite to replace it.")


def read_texts(texts: Sequence[str], file: str | None) -> list[str]:
    """Returns texts with those of a file, one a line.

    Raises:
        InputError: If the file cannot be read or has none.
    """
    if file is None:
        return list(texts)
    try:
        lines = [line.strip() for line in Path(file).read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--text_file: cannot read {file!r}: {error}.") from error
    found = [line for line in lines if line]
    if not found:
        raise InputError(f"--text_file: expected a text a line, {file!r} has none.")
    return [*texts, *found]

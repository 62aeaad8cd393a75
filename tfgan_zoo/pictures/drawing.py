"""Samples that a command asks for, and how they are arranged and written."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfgan_zoo import atomic, pictures, progress
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import voxel_output
from tfgan_zoo.pictures.labels import Sweep
from tfgan_zoo.pictures.voxel_output import VoxelOptions
from tfgan_zoo.pictures.voxels import full_voxels
from tfgan_zoo.samples import IMAGES, POINTS, VOXELS, SampleKind

#: Suffixes of outputs that show a walk in time.
ANIMATIONS = (".gif", ".mp4")


#: Fewest images of a folder that are kept if writing is stopped.
RESUMED = 1000


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
        path: How to walk, "spherical" or "linear"; None for spherical between latents, and linear
            between images, texts, classes and attributes, which have no other way.
        closed: Whether walks return to their start, for an animation that repeats.
        truncation: The largest distance of latents from 0; see `NoiseToImage.generate`.
        all_labels: Whether to draw every class.
        inputs: Files of images to walk between, for a model that encodes images.
        images: These images as the model takes them, uint8 `[num, H, W, C]`; None if there are
            none.
        attributes: Values of attributes to draw from, NAME=VALUE; several of one are drawn one by
            one, or walked between.
        sweep: One attribute that changes along a row, NAME:FIRST:LAST:FRAMES; None for none.
        voxels: How voxels are drawn and written.
    """

    workdir: str
    num: int | None = None
    seed: int = 0
    texts: Sequence[str] = ()
    labels: Sequence[str] = ()
    interpolate: bool = False
    frames: int = 12
    path: str | None = None
    closed: bool = False
    truncation: float | None = None
    all_labels: bool = False
    inputs: Sequence[str] = ()
    images: np.ndarray | None = None
    attributes: Sequence[str] = ()
    sweep: str | None = None
    voxels: VoxelOptions = VoxelOptions()

    def num_samples(self) -> int:
        """Returns how many samples to draw, per text or class where there are any."""
        if self.num is not None:
            return self.num
        if self.voxels.turntable:
            return 4 if self.labels or self.all_labels else 9
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
        self.voxels.check()
        if self.voxels.turntable and self.interpolate:
            raise InputError("--turntable: expected none beside --interpolate.")
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
        if self.inputs and self.truncation is not None:
            raise InputError(
                f"--truncation: expected none beside --input, whose codes are not drawn, got "
                f"{self.truncation}."
            )
        for between, given in (
            ("images", self.inputs),
            ("texts", self.texts),
            ("classes", self.labels[1:]),
            ("attributes", self.attributes),
        ):
            if given and self.interpolate:
                self.check_line(between)
        if self.interpolate and len(self.texts) == 1:
            raise InputError("--interpolate: expected two texts or more to walk between, got one.")

    def check_line(self, between: str) -> None:
        """Raises `InputError` if `path` is not a line, the only way between some things."""
        if self.path not in (None, "linear"):
            raise InputError(
                f"--path: expected linear, the only way between {between}, got {self.path}."
            )


class Drawing(NamedTuple):
    """Samples in rows.

    Attributes:
        batches: The samples, row by row, in batches: floats in [-1, 1] of shape
            `[num, height, width, channels]`, voxels of shape `[num, depth, height, width,
            channels]`, or points of shape `[num, size]`.
        num: Number of samples.
        columns: Samples per row; None for a square.
        labels: A text for each row; None if rows have none.
        kind: What the samples are.
        voxels: How voxels are drawn and written.
        sweep: What changes along each row; None if it has no values to name.
    """

    batches: Iterable[np.ndarray]
    num: int
    columns: int | None = None
    labels: Sequence[str] | None = None
    kind: SampleKind = IMAGES
    voxels: VoxelOptions = VoxelOptions()
    sweep: Sweep | None = None

    @property
    def points(self) -> bool:
        """Whether the samples are points."""
        return self.kind is POINTS

    def images(self, start: int = 0) -> Iterator[np.ndarray]:
        """Yields the images one by one, uint8, with a bar on a terminal; voxels are drawn.

        Empty voxels bring a warning at the end.
        """
        draw = pictures.draw_voxels if self.kind is VOXELS else pictures.to_uint8
        empty = 0
        for each in self.samples(start):
            yield draw(each[np.newaxis])[0]
            empty += self.kind is VOXELS and not full_voxels(each).any()
        voxel_output.warn_of_empty(None, empty, self.num - start)

    def samples(self, start: int = 0) -> Iterator[np.ndarray]:
        """Yields the samples one by one, with a bar on a terminal; voxels as they are written.

        Args:
            start: Number of samples to leave out, which takes batches that have `after`.
        """
        unit = "objects" if self.kind is VOXELS else "images"
        batches = self.batches.after(start) if start else self.batches  # type: ignore[attr-defined]
        for batch in progress.bar(batches, "generated", self.num - start, unit, size=len):
            yield from self.voxels.cleaned(batch) if self.kind is VOXELS else batch

    def rows(self) -> np.ndarray:
        """Returns the images, uint8, shape `[rows, columns, height, width, channels]`."""
        images = np.stack(list(self.images()))
        return images.reshape(-1, self.columns or len(images), *images.shape[1:])

    def sheet(self) -> np.ndarray:
        """Draws all samples as one picture, uint8, shape `(height, width, 3)`."""
        if self.labels is not None or self.sweep is not None:
            return pictures.labelled_rows(self.labels, self.rows(), sweep=self.sweep)
        if self.kind is VOXELS:
            return pictures.enlarge(pictures.grid(np.stack(list(self.images())), self.columns))
        return pictures.sheet(np.concatenate(list(self.batches)), columns=self.columns)

    def animation(self) -> list[np.ndarray]:
        """Draws the columns as pictures, uint8, that follow one another; or voxels in turn."""
        if self.voxels.turntable:
            objects = np.stack(list(self.samples()))
            empty = sum(not each.any() for each in full_voxels(objects))
            voxel_output.warn_of_empty(None, empty, len(objects))
            turned = pictures.turntable(objects)
            return [pictures.enlarge(pictures.grid(i, self.columns), 256) for i in turned]
        rows = self.rows()
        if self.labels is None:
            return [pictures.enlarge(image, 256) for image in rows[0]]
        return [pictures.enlarge(pictures.grid(i, len(rows)), 256) for i in rows.swapaxes(0, 1)]

    def captions(self) -> list[str] | None:
        """Returns what is known about each sample: the label of its row, and its value."""
        rows, columns = self.labels or [""], [""]
        if self.sweep is not None:
            columns = [f"{self.sweep.name} {value}" for value in self.sweep.values]
        elif self.labels is not None:
            columns = [""] * (self.num // len(self.labels))
        else:
            return None
        return [", ".join(filter(None, each)) for each in itertools.product(rows, columns)]

    def save(self, output: Path, key: str = "") -> None:
        """Writes a .png with all samples, a .gif, a .mp4, voxels, or a folder of single files.

        Args:
            output: Where, as `check_output` accepts it. A folder holds the `captions`.
            key: Names the samples, so that writing many of them to a folder can be resumed.

        Raises:
            InputError: If its format cannot hold the voxels.
        """
        kind = output.suffix.lower()
        if kind in voxel_output.ENDINGS:
            samples = np.stack(list(self.samples()))
            voxel_output.save_voxels(output, samples, self.voxels)
            return
        if self.voxels.kind != ".png" and kind not in (".png", *ANIMATIONS):
            voxel_output.save_voxel_folder(output, self.samples(), self.voxels.kind)
            return
        if kind == ".png":
            pictures.save_png(output, self.sheet())
        elif kind == ".gif":
            pictures.save_gif(output, self.animation())
        elif kind == ".mp4":
            pictures.save_mp4(output, self.animation())
        else:
            captions = self.captions()
            if self.num < RESUMED or not hasattr(self.batches, "after"):
                pictures.save_folder(output, self.images(), captions)
            else:
                pictures.save_folder(output, self.images, captions, key=key)


def check_output(
    output: Path,
    overwrite: bool,
    interpolate: bool = True,
    voxels: VoxelOptions = VoxelOptions(),  # noqa: B008  (it is a tuple)
) -> None:
    """Checks where a drawing goes.

    Args:
        output: A .png, a .gif, a .mp4, one of `voxel_output.ENDINGS`, or a folder.
        overwrite: Whether what is there may be replaced. Foreign files never are.
        interpolate: Whether the drawing is a walk, which a .gif and a .mp4 can show.
        voxels: How voxels are written.

    Raises:
        InputError: If the drawing cannot be written there, or needs ffmpeg and there is none.
    """
    kind = output.suffix.lower()
    if kind in ANIMATIONS and not (interpolate or voxels.turntable):
        raise InputError(
            f"--output: a {kind} shows a walk; add --interpolate, or --sweep, or for voxels "
            "--turntable."
        )
    if voxels.turntable and kind not in ANIMATIONS:
        raise InputError(f"--turntable: expected --output to be a .gif or a .mp4, got {output}.")
    if kind in (".png", *ANIMATIONS, *voxel_output.ENDINGS) and voxels.kind != ".png":
        raise InputError(f"--format: expected --output to be a folder, got {output}.")
    if kind == ".mp4":
        pictures.find_ffmpeg()
    atomic.check_output(output)
    pictures.check_ending(output, (".png", *ANIMATIONS))
    picture = kind in (".png", *ANIMATIONS, *voxel_output.ENDINGS)
    if output.is_dir() and picture:
        raise InputError(f"--output: expected a file's name, {str(output)!r} is a folder.")
    if output.is_dir() and (other := pictures.foreign_file(output, voxels.kind)):
        raise InputError(
            f"--output: {str(output)!r} contains files that this command did not write ({other}); "
            "give a folder that is new or empty."
        )
    if output.exists() and not output.is_dir() and not picture:
        raise InputError(f"--output: expected a folder's name, {str(output)!r} is a file.")
    if output.exists() and not overwrite and (picture or atomic.finished(output)):
        raise InputError(f"--output: {str(output)!r} exists; add --overwrite to replace it.")


def of_one_object(request: DrawRequest, output: Path) -> DrawRequest:
    """Returns a request for one sample if its output is a file that holds a single object.

    Raises:
        InputError: If it asks for several.
    """
    kind = output.suffix.lower()
    if kind not in voxel_output.WRITERS or output.is_dir():
        return request
    if request.num not in (None, 1) or len(request.labels) > 1 or request.all_labels:
        raise InputError(
            f"--num: expected 1, as a {kind} holds one object, got more; give a folder as --output "
            f"and --format={kind[1:]}, or a .npz."
        )
    if request.interpolate:
        raise InputError(f"--output: a {kind} holds one object, and no walk.")
    return request._replace(num=1)


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

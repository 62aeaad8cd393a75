"""Codes of images, whatever encodes them: a model, or a server."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo import atomic, progress
from tfgan_zoo.data.images import DecodingRules, Fit
from tfgan_zoo.data.loading import load_images, usable_indices
from tfgan_zoo.data.source import FileSource, PartSource, SliceSource, Source
from tfgan_zoo.data.spec import SOURCE_KINDS, kind_of_path, parse_spec, path_advice
from tfgan_zoo.errors import InputError

#: Images encoded at a time.
BATCH = 256


class Encoded(NamedTuple):
    """The codes of images.

    Attributes:
        codes: float32 `[num, latent_dim]`.
        names: The name of each image: its file, below the folder that was given.
        labels: The class number of each image, int64; None without classes.
        class_names: The names of the classes, by number.
    """

    codes: np.ndarray
    names: Sequence[str]
    labels: np.ndarray | None
    class_names: Sequence[str]

    def counted(self) -> str:
        """Returns how many codes there are, of what length and of how many classes."""
        num, dim = self.codes.shape
        classes = f", of {len(self.class_names)} classes" if len(self.class_names) else ""
        return f"{progress.counted(num, 'code')} of {progress.counted(dim, 'number')}{classes}"

    def save(self, output: Path) -> None:
        """Writes an .npz file: `codes`, `names` and, with classes, `labels` and `class_names`."""
        arrays: dict[str, Any] = {"codes": self.codes, "names": np.array(self.names)}
        if self.labels is not None:
            arrays |= {"labels": self.labels, "class_names": np.array(self.class_names)}
        output.parent.mkdir(parents=True, exist_ok=True)
        with atomic.replacing(output, ending=".part.npz") as temporary:
            np.savez(temporary, **arrays)


def check_codes_file(output: str | os.PathLike, overwrite: bool) -> Path:
    """Returns the path of an .npz file to write.

    Raises:
        InputError: If it has another ending, is a folder, or exists.
    """
    path = Path(output).expanduser()
    atomic.check_output(path)
    if path.suffix.lower() != ".npz" or path.is_dir():
        raise InputError(f"--output: expected the name of an .npz file, got {str(path)!r}.")
    if path.exists() and not overwrite:
        raise InputError(f"--output: {str(path)!r} exists; add --overwrite to replace it.")
    return path


def opened(
    source: str,
    open_spec: Callable[[str], Source],
    rules: DecodingRules,
    on_error: str = "raise",
) -> tuple[Source, Path | None]:
    """Opens what --input names.

    Args:
        source: An image file, a folder, or a data source such as `idx:mnist`.
        open_spec: Opens a data source.
        rules: How a file is decoded.
        on_error: "raise" or "skip", for a file that cannot be read.

    Returns:
        The images, and the folder or archive that names of files begin with, if there is one.

    Raises:
        InputError: If it does not exist, or holds no images.
    """
    path = Path(source).expanduser()
    if path.is_file():
        if path.suffix.lower() != ".npy" and kind_of_path(source):
            raise InputError(
                f"--input: expected an image file, a folder or a data source, got {source!r}; "
                f"{path_advice(source)}."
            )
        return FileSource("--input", [str(path)], on_error=on_error, rules=rules), None
    root = path if path.is_dir() else None
    if root is None and re.split("[:/]", source)[0] not in SOURCE_KINDS:
        raise InputError(f"--input: {source!r} does not exist; check the path.")
    found = open_spec(source if root is None else f"folder:{root}")
    if found.holds != "images":
        raise InputError(f"--input: {source} holds {found.holds}, and the model takes images.")
    if root is None and re.split("[:/]", source)[0] in ("folder", "zip"):
        root = Path(parse_spec(source)[1]).expanduser()
    return found, root


def encode(
    source: Source,
    root: Path | None,
    fit: Callable[[], Fit],
    function: Callable[[np.ndarray], np.ndarray],
    batch_size: int = BATCH,
) -> Encoded:
    """Encodes images that can be read.

    Args:
        source: The images, from `opened`.
        root: The folder or archive that names of files begin with; None for none.
        fit: Returns how images become the model's size.
        function: From images, uint8 `[B, H, W, C]`, to codes, float32 `[B, latent_dim]`.
        batch_size: Number of images at a time.

    Raises:
        InputError: If an image cannot be read, unless the source was opened to skip it.
    """
    fitting = fit()
    chosen = usable_indices([source], [fitting], np.arange(len(source)))
    some = PartSource(source, chosen, source.spec)
    found = []
    starts = range(0, len(some), batch_size)
    bar: Any = progress.bar(
        (
            load_images(SliceSource(some, i, min(i + batch_size, len(some)), source.spec), fitting)
            for i in starts
        ),
        "encoded",
        len(chosen),
        "images",
        size=len,
    )
    for part in bar:
        found.append(function(part))
    names = [source.name(int(i)) for i in chosen]
    if root is not None:
        names = [os.path.relpath(name, root) for name in names]
    labels = source.labels
    return Encoded(
        np.concatenate(found),
        names,
        None if labels is None else labels[chosen],
        () if labels is None else source.class_names,
    )

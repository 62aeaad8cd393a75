"""Writes SavedModels, complete or not at all, and holds them against what they are of."""

import math
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import atomic
from tfgan_zoo.errors import InputError
from tfgan_zoo.serving import warmup
from tfgan_zoo.serving.signatures import Endpoint


def write(
    path: str | os.PathLike,
    signatures: Mapping[str, Endpoint],
    model_name: str,
    card: Callable[[int], str],
    verbose: bool = False,
) -> None:
    """Writes a SavedModel with warm-up requests and a README.md.

    Args:
        path: a new folder. It appears complete or not at all.
        signatures: from `signatures.in_every_form`; the first is the default too.
        model_name: what warm-up requests call it.
        card: returns README.md's text, given the size of all else in bytes.
        verbose: print the signatures.

    Raises:
        InputError: if `path` exists.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"filepath: expected a folder that does not exist, got {str(path)!r}.")
    parent = path.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    # It finds the variables that the endpoints use; tracked besides, each would be there twice.
    archive = keras.export.ExportArchive()
    for i, (name, signature) in enumerate(signatures.items()):
        archive.add_endpoint(name, signature.function)
        if i == 0:
            archive.add_endpoint("serving_default", signature.function)
    # TF Serving passes over names that are no numbers.
    temporary = tempfile.mkdtemp(prefix=".export-", dir=parent)
    try:
        archive.write_out(temporary, verbose=verbose)
        warmup.write_requests(temporary, signatures, model_name)
        (Path(temporary) / "README.md").write_text(card(size(temporary)))
        os.chmod(temporary, 0o755)
        os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def size(path: str | os.PathLike) -> int:
    """Returns the bytes of all files in a folder."""
    return sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())


def versions(folder: Path) -> list[int]:
    """Returns the numbers of all versions of a model, in order."""
    return sorted(int(p.name) for p in folder.glob("*") if p.name.isdigit())


def place_as_next(new: Path, folder: Path) -> Path:
    """Moves a SavedModel to where TF Serving takes it for the model's newest version.

    Args:
        new: a SavedModel on the same file system.
        folder: the model's; its versions are `<folder>/<number>`.

    Returns:
        The next free number's path, also where several processes ask at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        path = folder / str(max(versions(folder), default=0) + 1)
        try:
            os.rename(new, path)
            return path
        except OSError:
            if not path.exists():
                raise


def place_instead(new: Path, path: Path) -> None:
    """Moves a SavedModel to a place, and what was there away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the model's folder: a server that watches that folder must not find it.
    if path.exists():
        os.rename(path, atomic.hidden_beside(path.parent, ".old"))
    os.rename(new, path)
    # Also those of processes that were killed before they came here.
    atomic.remove_leftovers(path.parent, ".old", age=0)


def verify(
    path: str | os.PathLike, signatures: Mapping[str, Endpoint], tolerance: float = 1e-5
) -> None:
    """Loads a SavedModel and holds each signature against what it is of.

    Args:
        path: of the SavedModel.
        signatures: what it was written from.
        tolerance: the greatest difference between floats; for pixels, it is rounded up to levels.

    Raises:
        RuntimeError: if they differ by more.
    """
    loaded = tf.saved_model.load(os.fspath(path)).signatures
    for name, signature in signatures.items():
        request = {key: tf.constant(value) for key, value in signature.example(2).items()}
        came, expected = loaded[name](**request), signature.function(*request.values())
        for key, value in expected.items():
            apart = difference(came[key].numpy(), value.numpy())
            allowed = tolerance if value.dtype.is_floating else math.ceil(tolerance * 127.5)
            if not apart <= allowed:
                raise RuntimeError(
                    f"The SavedModel {os.fspath(path)} and the model differ by up to "
                    f"{apart:.2g} in {name}."
                )


def difference(came: np.ndarray, expected: np.ndarray) -> float:
    """Returns by how much tensors differ at most: numbers, or the pixels of PNG files.

    Of numbers beyond 1 it is the relative difference, as rounding is.
    """
    if expected.dtype == object:
        pairs = zip(came.tolist(), expected.tolist(), strict=True)
        return max(difference(*(tf.io.decode_png(x).numpy() for x in pair)) for pair in pairs)
    if came.shape != expected.shape:
        return math.inf
    wanted = expected.astype(np.float64)
    scale = 1.0 if expected.dtype == np.uint8 else np.maximum(1.0, np.abs(wanted))
    return float(np.max(np.abs(came.astype(np.float64) - wanted) / scale, initial=0))

"""Writes SavedModels, complete or not at all, and compares them with their models."""

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
from tfgan_zoo.serving.signatures import BITS, Endpoint


def write(
    path: str | os.PathLike,
    signatures: Mapping[str, Endpoint],
    model_name: str,
    card: Callable[[int], str],
    verbose: bool = False,
) -> None:
    """Writes a SavedModel with warm-up requests and a README.md.

    Args:
        path: A new folder. It appears complete or not at all.
        signatures: Signatures from `signatures.in_every_form`; the first is the default.
        model_name: Name of the model in warm-up requests.
        card: Function of the size of all other files in bytes that returns the text of README.md.
        verbose: Whether to print the signatures.

    Raises:
        InputError: If `path` exists.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"filepath: expected a folder that does not exist, got {str(path)!r}.")
    parent = path.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    # It finds the variables of the endpoints itself; tracking them would store each twice.
    archive = keras.export.ExportArchive()
    for i, (name, signature) in enumerate(signatures.items()):
        archive.add_endpoint(name, signature.function)
        if i == 0:
            archive.add_endpoint("serving_default", signature.function)
    # TF Serving ignores names that are not numbers.
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
    """Returns the size of all files in a folder, in bytes."""
    return sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())


def versions(folder: Path) -> list[int]:
    """Returns the version numbers of a model, in order."""
    return sorted(int(p.name) for p in folder.glob("*") if p.name.isdigit())


def place_as_next(new: Path, folder: Path) -> Path:
    """Moves a SavedModel to where TF Serving finds the newest version of a model.

    Args:
        new: A SavedModel on the same file system.
        folder: Folder of the model; its versions are `<folder>/<number>`.

    Returns:
        Path of the next free number, also if several processes move at the same time.
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
    """Replaces the SavedModel at a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # If possible outside of the model's folder, which a server may be watching.
    aside = atomic.staging_place(path.parent) / path.parent.name
    if path.exists():
        os.rename(path, atomic.hidden_beside(aside, ".old"))
    os.rename(new, path)
    # Also removes leftovers of killed processes.
    atomic.remove_leftovers(aside, ".old", age=0)


def verify(
    path: str | os.PathLike, signatures: Mapping[str, Endpoint], tolerance: float = 1e-5
) -> None:
    """Loads a SavedModel and compares each signature with the model.

    Args:
        path: Path of the SavedModel.
        signatures: The signatures that it was written from.
        tolerance: The largest difference allowed between floats; for pixels it is rounded up to
            whole levels.

    Raises:
        RuntimeError: If they differ by more.
    """
    loaded = tf.saved_model.load(os.fspath(path)).signatures
    for name, signature in signatures.items():
        request = {key: tf.constant(value) for key, value in signature.example(2).items()}
        came, expected = loaded[name](**request), signature.function(*request.values())
        for key, value in expected.items():
            apart = difference(came[key].numpy(), value.numpy())
            if key == BITS:  # A rounding error may move an occupancy of 0.5.
                flipped = np.unpackbits(came[key].numpy() ^ value.numpy()).mean()
                apart = math.inf if flipped > 1e-3 else 0.0
            allowed = tolerance if value.dtype.is_floating else math.ceil(tolerance * 127.5)
            if not apart <= allowed:
                raise RuntimeError(
                    f"The SavedModel {os.fspath(path)} and the model differ by up to "
                    f"{apart:.2g} in {name}."
                )


def difference(came: np.ndarray, expected: np.ndarray) -> float:
    """Returns the largest difference of two tensors of numbers or of PNG files.

    For numbers above 1 it is the relative difference, like rounding errors.
    """
    if expected.dtype == object:
        if came.tolist() == expected.tolist():  # texts, or equal files
            return 0.0
        pairs = zip(came.tolist(), expected.tolist(), strict=True)
        return max(difference(*(tf.io.decode_png(x).numpy() for x in pair)) for pair in pairs)
    if came.shape != expected.shape:
        return math.inf
    wanted = expected.astype(np.float64)
    scale = 1.0 if expected.dtype == np.uint8 else np.maximum(1.0, np.abs(wanted))
    return float(np.max(np.abs(came.astype(np.float64) - wanted) / scale, initial=0))

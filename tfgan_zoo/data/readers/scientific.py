"""Files of measurements rather than pictures: NumPy arrays, DICOM, and TIFF that Pillow rejects.

They hold any number of channels, integers or floats. DICOM and TIFF need the extra
`tfgan_zoo[scientific]`, whose packages are imported when the first such file is read.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.errors import InputError, unreadable_files

ARRAYS = frozenset((".npy", ".dcm", ".dicom"))
"""Endings of files that are read here alone."""

TIFF = frozenset((".tif", ".tiff"))
"""Endings of files that are read here if Pillow cannot read all of them."""

PAGES = ("first", "channels")
"""What becomes of the pages of a file: the first is the image, or each is one of its channels."""


class Measured(NamedTuple):
    """The values of an image as they are stored.

    Attributes:
        values: Integers or floats `[H, W, C]`.
        is_negative: Whether low values are bright.
    """

    values: np.ndarray
    is_negative: bool = False


def read_measured(file: Any, name: str, pages: str = "first") -> Measured:
    """Reads a NumPy array, DICOM or TIFF.

    Args:
        file: Path or binary file object.
        name: Name of the file, whose ending says what it is.
        pages: One of `PAGES`.

    Raises:
        InputError: If the file is damaged, or holds no image, or a package is missing.

    Example:
        >>> read_measured("scan.dcm", "scan.dcm").values.shape
        (512, 512, 1)
    """
    ending = os.path.splitext(name)[1].lower()
    with unreadable_files(name):
        if ending == ".npy":
            with _as_file(file) as opened:
                return Measured(_shaped(np.load(opened, allow_pickle=False), name))
        if ending in TIFF:
            return Measured(_read_tiff(file, name, pages))
        return _read_dicom(file, name, pages)


@contextlib.contextmanager
def _as_file(file: Any) -> Iterator[Any]:
    if hasattr(file, "read"):
        yield file
        return
    with open(file, "rb") as opened:
        yield opened


def _package(module: str, name: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"{name} needs the package {module.partition('.')[0]} to be read; run pip install "
            "'tfgan_zoo[scientific]'."
        ) from error


def _shaped(values: np.ndarray, name: str) -> np.ndarray:
    """Returns an array `[H, W]` or `[H, W, C]` as `[H, W, C]`."""
    if values.ndim == 2:
        values = values[..., np.newaxis]
    if values.ndim != 3 or not values.size or values.dtype.kind not in "iufb":
        raise InputError(
            f"{name} is {values.dtype} {list(values.shape)}, not numbers [H, W] or "
            "[H, W, channels]; write one image into each file."
        )
    if values.shape[2] > 4 and values.shape[2] >= min(values.shape[:2]):
        raise InputError(
            f"{name} is {values.dtype} {list(values.shape)}, whose last axis is too long for "
            "channels; write it as [H, W, channels]."
        )
    return values


def _of_pages(values: np.ndarray, axes: str, name: str, pages: str) -> np.ndarray:
    """Returns values with named axes as `[H, W, C]`.

    Args:
        values: The values.
        axes: A letter for each axis: Y and X, S for the samples of a pixel, C for channels, and
            others for pages.
        name: Name of the file, for messages.
        pages: One of `PAGES`.
    """
    # Channels may lie before, between or behind the others.
    order = [i for i, axis in enumerate(axes) if axis not in "YXSC"]
    order += [axes.index(axis) for axis in "YX"]
    order += [axes.index(axis) for axis in "CS" if axis in axes]
    values = values.transpose(order)
    stacked = len(order) - 2 - sum(axis in axes for axis in "CS")
    height, width = values.shape[stacked : stacked + 2]
    values = values.reshape(-1, height, width, int(np.prod(values.shape[stacked + 2 :])))
    if pages == "first":
        return _shaped(values[0], name)
    return _shaped(np.moveaxis(values, 0, 2).reshape(height, width, -1), name)


def _read_tiff(file: Any, name: str, pages: str) -> np.ndarray:
    tifffile = _package("tifffile", name)
    with tifffile.TiffFile(file) as opened:
        series = opened.series[0]
        axes = "".join(series.axes)
        if axes.count("Y") != 1 or axes.count("X") != 1:
            raise InputError(f"{name} has axes {axes}, not those of an image; write it again.")
        return _of_pages(series.asarray(), axes, name, pages)


def _read_dicom(file: Any, name: str, pages: str) -> Measured:
    pydicom = _package("pydicom", name)
    pixels = _package("pydicom.pixels", name)
    data = pydicom.dcmread(io.BytesIO(file.read()) if hasattr(file, "read") else file)
    if "PixelData" not in data and "FloatPixelData" not in data:
        raise InputError(f"{name} holds no image; remove it.")
    values = data.pixel_array
    axes = "YX" if values.ndim == 2 else "IYX"
    if data.SamplesPerPixel > 1:
        axes = ("I" if values.ndim == 4 else "") + "YXS"
    else:
        # The units that black and white are given in, such as Hounsfield's.
        values = pixels.apply_rescale(values, data)
    negative = data.PhotometricInterpretation == "MONOCHROME1"
    return Measured(_of_pages(values, axes, name, pages), negative)

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


def ending_of(file: str) -> str:
    """Returns the ending of a file's name in lower case, such as ".png"; "" if it has none."""
    return os.path.splitext(file)[1].lower()


class Measured(NamedTuple):
    """The values of an image as they are stored.

    Attributes:
        values: Integers or floats `[H, W, C]`.
        is_negative: Whether low values are bright.
        has_alpha: Whether the last channel is opacity, as the file says.
    """

    values: np.ndarray
    is_negative: bool = False
    has_alpha: bool = False


def read_measured(file: Any, name: str, pages: str = "first") -> Measured:
    """Reads a NumPy array, DICOM or TIFF.

    As in other images, palettes are looked up, and the orientation of a TIFF is applied.

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
    ending = ending_of(name)
    with unreadable_files(name):
        if ending == ".npy":
            with _as_file(file) as opened:
                return Measured(_shaped(np.load(opened, allow_pickle=False), name))
        if ending in TIFF:
            return _read_tiff(file, name, pages)
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


def has_alpha(file: Any, name: str) -> bool:
    """Returns whether the last band of a TIFF is opacity, as the file says.

    Raises:
        InputError: If the file cannot be read, or a package is missing.
    """
    tifffile = _package("tifffile", name)
    with unreadable_files(name), tifffile.TiffFile(file) as opened:
        return _last_is_alpha(opened.series[0].keyframe)


def _last_is_alpha(page: Any) -> bool:
    extra = [int(sample) for sample in page.extrasamples]
    return page.samplesperpixel in (2, 4) and extra in ([1], [2])


def _read_tiff(file: Any, name: str, pages: str) -> Measured:
    tifffile = _package("tifffile", name)
    with tifffile.TiffFile(file) as opened:
        # Some programs write each page as a series of its own. Previews and masks are none.
        pages_of_own = [each for each in opened.series if not _is_beside(each.keyframe)]
        chosen = pages_of_own if pages == "channels" and pages_of_own else opened.series[:1]
        images = [_values_of(series, name, pages) for series in chosen]
        first = opened.series[0].keyframe
        orientation, negative = _orientation_of(first), first.photometric == _WHITE_IS_ZERO
        alpha = _last_is_alpha(first)
    sizes = sorted({image.shape[:2] for image in images})
    if len(sizes) > 1:
        found = " and ".join(f"{width}x{height}" for height, width in sizes)
        raise InputError(f"{name} has pages of {found} pixels, which cannot be channels of one.")
    values = _shaped(np.concatenate(images, axis=-1) if len(images) > 1 else images[0], name)
    turned = turned_upright(values, orientation)
    return Measured(turned, negative, alpha and values.shape[2] in (2, 4) and pages == "first")


def read_page(file: Any, name: str, number: int) -> np.ndarray:
    """Reads a page of a TIFF, upright.

    Args:
        file: See `read_measured`.
        name: See `read_measured`.
        number: Number of the page, from 0.

    Returns:
        The values as they are stored, `[H, W, C]`.

    Raises:
        InputError: As for `read_measured`.
    """
    tifffile = _package("tifffile", name)
    with unreadable_files(name), tifffile.TiffFile(file) as opened:
        page = opened.pages[number]
        return turned_upright(_values_of(page, name, "first"), _orientation_of(page))


def _orientation_of(page: Any) -> int:
    return page.tags.valueof(274, default=1)


def _is_beside(page: Any) -> bool:
    return bool(page.is_reduced or page.is_mask)


def _values_of(series: Any, name: str, pages: str) -> np.ndarray:
    """Returns the values of a series or page of a TIFF as `[H, W, C]`."""
    axes = "".join(series.axes)
    if axes.count("Y") != 1 or axes.count("X") != 1:
        raise InputError(f"{name} has axes {axes}, not those of an image; write it again.")
    try:
        values = series.asarray()
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        raise InputError(
            f"{name} is compressed by {series.keyframe.compression.name}, which needs another "
            "package to be read; run pip install imagecodecs, or write it without compression."
        ) from error
    colours = series.keyframe.colormap
    if list(series.keyframe.extrasamples) == [_ASSOCIATED] and axes.endswith("S"):
        values = _unassociated(values)
    if series.keyframe.photometric == _PALETTE and colours is not None and values.dtype.kind == "u":
        values = np.moveaxis((colours[:, values] >> 8).astype(np.uint8), 0, -1)
        axes += "S"
    return _of_pages(values, axes, name, pages)


#: Values of TIFF's tag PhotometricInterpretation, and of ExtraSamples for multiplied colours.
_WHITE_IS_ZERO, _PALETTE, _ASSOCIATED = 0, 3, 1


def _unassociated(values: np.ndarray) -> np.ndarray:
    """Divides colours by the alpha that they are multiplied by, as Pillow does with 8 bits."""
    alpha = values[..., -1:]
    most = 1.0 if values.dtype.kind == "f" else np.iinfo(values.dtype).max
    colours = values[..., :-1] * (most / np.where(alpha > 0, alpha, most))
    if values.dtype.kind != "f":
        colours = np.rint(colours)
    return np.concatenate([np.clip(colours, 0, most).astype(values.dtype), alpha], axis=-1)


def turned_upright(values: np.ndarray, orientation: int) -> np.ndarray:
    """Turns an image `[H, W, C]` as a value of EXIF's and TIFF's tag Orientation says.

    Example:
        >>> turned_upright(np.array([[[1], [2]]]), 8).ravel()
        array([2, 1])
    """
    if orientation in (5, 6, 7, 8):  # Rows are columns.
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return np.ascontiguousarray(values)


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
    elif data.PhotometricInterpretation == "PALETTE COLOR":
        values, axes = pixels.apply_color_lut(values, data), axes + "S"
        if values.dtype == np.uint16:
            values = (values >> 8).astype(np.uint8)
    else:
        # The units that black and white are given in, such as Hounsfield's.
        rescaled = pixels.apply_rescale(values, data)
        # A slope of 1 and an intercept of 0 leave 8 bits what they are.
        is_same = values.dtype == np.uint8 and np.array_equal(rescaled, values)
        values = values if is_same else rescaled
    negative = data.PhotometricInterpretation == "MONOCHROME1"
    return Measured(_of_pages(values, axes, name, pages), negative)

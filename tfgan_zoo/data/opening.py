"""Opens a data source: `figures`, `tfds:mnist`, `folder:photos`, ...; see `tfgan_zoo.data.spec`."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tfgan_zoo.data.source import ArraySource, Source, part_of
from tfgan_zoo.data.spec import SOURCE_KINDS, Opening, as_spec, describe_value
from tfgan_zoo.data.voxels import VoxelRules
from tfgan_zoo.errors import InputError
from tfgan_zoo.lazy import imported


def open_source(
    spec: str,
    split: str = "train",
    *,
    resolution: int | None = None,
    num: int | None = None,
    seed: int = 0,
    on_error: str = "raise",
    data_dir: str | os.PathLike | None = None,
    white: float | None = None,
    color_profiles: str = "srgb",
    black: float | None = None,
    pages: str = "first",
    formats: str = "all",
    voxels: VoxelRules | None = None,
) -> Source:
    """Opens a data source.

    Samples are labelled where the source has classes, which `labels` and `class_names` of the
    result give: in folders, one folder for each class; in `idx:`, a file of labels beside the
    images; in `npz:`, an array such as `label` or `y_train`; in `tfds:`, a feature `label`. Of
    `figures` they are shapes in colours.

    Args:
        spec: A source as in the table of `help(tfgan_zoo.data.spec)` and docs/data.md, such as
            "figures", "folder:PATH" or "npz:PATH"; or the `Path` of a folder or file.
        split: "train", "test" or "val", or a part such as "train[:360]", "train[360:]",
            "train[:90%]", "train[::10]" (every tenth sample) or "train[~::10]" (all others); for
            `tfds:` also any of its split expressions.
        resolution: Side at which `figures`, `voxels/solids` and `solids/views` are drawn; 32 if
            None. Stored images keep their size, until `unconditional` or another pipeline fits
            them.
        num: Number of samples of embedded data, such as `figures`; None for their default.
        seed: Seed of the embedded data; another seed gives another data set.
        on_error: "raise" stops at an unreadable file; "skip" leaves it out and warns once.
        data_dir: Where `tfds:` keeps its data; None for the default of TFDS.
        white: The value of white in images of more than 8 bits, such as 4095 for 12 bits; for
            `npz:`, in arrays of any type but uint8. None takes 65535 for 16-bit files, warns if
            they are nearly black, and refuses 32-bit files; see `images.DecodingRules`.
        color_profiles: "srgb" converts images with an embedded colour profile to sRGB; "ignore"
            keeps colours as they are stored.
        black: The value of black where `white` is given; None for 0.
        pages: "first" or "channels": what becomes of the pages of TIFF and DICOM files.
        formats: Which files of a folder are images. "all" takes every format; "common" takes those
            of `images.EXTENSIONS` alone where there are any, as earlier versions did.
        voxels: How voxels are read, which `folder:`, `zip:` and `npz:` then hold; None for images.

    Returns:
        The source. Only a few files of a folder are read yet.

    Raises:
        InputError: If the source is misspelt, missing or empty, or has no such split. The message
            says what to do.

    Example:
        >>> open_source("points/ring", num=1000)
        <ArraySource points/ring: 1000 2>
        >>> open_source("points/ring", "train[:25%]", num=1000)
        <SliceSource points/ring (train[:25%]): 250 2>
    """
    rules = (white, color_profiles, black, pages, formats)
    opening = Opening(spec, split, resolution, num, seed, on_error, data_dir, *rules, voxels)
    return open_with(opening)


def open_with(opening: Opening) -> Source:
    """Opens a data source like `open_source`."""
    kind = SOURCE_KINDS[opening.kind]
    if opening.voxels is not None and opening.kind != "voxels":
        kind = kind._replace(reader="voxels:open_voxels", reads_split=False)
    if not kind.reads_split:
        opening.split_name  # noqa: B018  (fails before anything is read)
    source = imported(f"tfgan_zoo.data.readers.{kind.reader}")(opening)
    return source if kind.reads_split else part_of(source, opening.split)


def as_source(source: Any, argument: str = "source") -> Source:
    """Converts what a user gives as samples to a source.

    Args:
        source: A `Source`; a spec or path, whose `train` split is opened; or an array as
            `ArraySource` takes it.
        argument: Name of the argument, for messages.

    Returns:
        The source.

    Raises:
        InputError: If it is none of these, or cannot be opened.

    Example:
        >>> as_source(np.zeros((10, 28, 28), np.uint8))
        <ArraySource source: 10 28x28x1>
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, (str, os.PathLike)):
        return open_source(as_spec(source, argument))
    if hasattr(source, "__array__") and hasattr(source, "shape"):
        return ArraySource(argument, np.asarray(source))
    raise InputError(
        f"{argument}: expected what open_source returns, a data source such as 'figures' or "
        f"'folder:PATH', or an array, got {describe_value(source)}."
    )

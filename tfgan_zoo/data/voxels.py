"""Voxels as data: how stored cubes become what a model is trained on.

Voxels are uint8 `[depth, height, width, channels]` here, 0 where a voxel is empty and 255 where it
is full. Index 0 of the depth is in front, of the height at the top, and of the width on the left.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from tfgan_zoo.data.missing import check_no_nan
from tfgan_zoo.errors import InputError, check_number

AXES = ("auto", "z_up", "y_up")
"""What the axes of stored arrays mean; see `VoxelRules`."""

THRESHOLD = "threshold (--config.data.threshold)"
"""The option that says which values are full, for messages."""

HALF_FULL = 128
"""The stored value of an occupancy of 0.5, from which a voxel counts as full."""


@dataclasses.dataclass(frozen=True)
class VoxelRules:
    """How stored voxels are read.

    Attributes:
        axes: What the axes of stored voxels and meshes are. "z_up": x, y and z, with z up, as in
            MagicaVoxel; "y_up": x, y and z, with y up and z towards the viewer, as in OpenGL.
            "auto": "y_up" for .binvox and .obj, "z_up" for .off, and for arrays depth, height from
            the top, and width. Files in .vox format are always "z_up".
        threshold: Values from this one up are full, and all others empty. None takes stored values
            for occupancies: False and True, 0 and 1, or floats in between; or 0 to 255.
        crop: Whether to cut out the smallest box around the full voxels; of occupancies in between,
            those of 0.5 and more.
        resolution: Voxels along the longest side of a mesh.

    Raises:
        InputError: If one is out of range.
    """

    axes: str = "auto"
    threshold: float | None = None
    crop: bool = False
    resolution: int = 32

    def __post_init__(self):
        check_number("resolution", self.resolution, least=2, whole=True)
        if self.axes not in AXES:
            raise InputError(f"axes: expected one of {', '.join(AXES)}, got {self.axes!r}.")
        if self.threshold is not None:
            check_number("threshold", self.threshold)
        if not isinstance(self.crop, bool):
            raise InputError(f"crop_to_object: expected True or False, got {self.crop!r}.")

    def read(self, values: np.ndarray, name: str, axes: str | None = None) -> np.ndarray:
        """Returns one stored object as uint8 `[depth, height, width, channels]`.

        Args:
            values: Its values, `[A, B, C]` or `[A, B, C, channels]`.
            name: Its name in messages.
            axes: What its axes are if `self.axes` is "auto".

        Raises:
            InputError: If the values are no occupancies, or nothing is full.
        """
        full = self.full(values if values.ndim == 4 else values[..., np.newaxis], name)
        return self.placed(full, name, axes)

    def placed(self, full: np.ndarray, name: str, axes: str | None = None) -> np.ndarray:
        """Returns what `full` has returned of one object as `read` does.

        Args:
            full: uint8 `[A, B, C, channels]`.
            name: Its name in messages.
            axes: What its axes are if `self.axes` is "auto".

        Raises:
            InputError: If nothing is full, or to crop, nothing reaches an occupancy of 0.5.
        """
        found = turned(full, axes or "auto" if self.axes == "auto" else self.axes)
        if not found.any():
            raise InputError(f"{name} is empty: no voxel of it is full; leave it out.")
        if not self.crop:
            return found
        if found.max() < HALF_FULL:
            raise InputError(
                f"{name}: expected an occupancy of 0.5 or more to crop around, got at most "
                f"{found.max() / 255:.2g}; give a lower one as {THRESHOLD}, or leave it "
                "out."
            )
        return cropped(found)

    def full(self, values: np.ndarray, name: str) -> np.ndarray:
        """Returns stored values, of any shape, as uint8 from 0 (empty) to 255 (full)."""
        return as_bytes(values, name, self.threshold)


def as_bytes(values: np.ndarray, name: str, threshold: float | None = None) -> np.ndarray:
    """Returns stored values, of any shape, as uint8 from 0 (empty) to 255 (full).

    Args:
        values: The values.
        name: What they are, for messages.
        threshold: See `VoxelRules`.

    Raises:
        InputError: If some are NaN, or they are no occupancies and there is no threshold.

    Example:
        >>> as_bytes(np.array([False, True]), "mine"), as_bytes(np.array([0.0, 0.5]), "mine")
        (array([  0, 255], dtype=uint8), array([  0, 128], dtype=uint8))
    """
    if values.dtype.kind not in "iufb":
        raise InputError(f"{name}: expected numbers, got {values.dtype}.")
    check_no_nan(values, name)
    if threshold is not None:
        return np.where(values >= threshold, np.uint8(255), np.uint8(0))
    if values.dtype.kind == "b":
        return np.where(values, np.uint8(255), np.uint8(0))
    low, high = (float(each) for each in (values.min(), values.max()))
    if low >= 0 and high <= 1:
        return np.rint(values.astype(np.float32) * 255).astype(np.uint8)
    if values.dtype == np.uint8 and high == 255:
        return values
    raise InputError(
        f"{name}: expected occupancies: 0 and 1, floats in between, or 0 to 255 as uint8, "
        f"got {values.dtype} from {low:g} to {high:g}; give the lowest value of a full voxel as "
        f"{THRESHOLD}."
    )


def check_not_binary(voxels: Any, name: str) -> None:
    """Checks that voxels are on the scale of models, and not 0 and 1 as in files.

    Args:
        voxels: A batch that has its values; None for a missing one.
        name: Their name in a message.

    Raises:
        InputError: If they are.
    """
    values = None if voxels is None else np.asarray(voxels)
    if values is None or values.dtype.kind not in "biuf" or not values.size:
        return
    # Floats of 1 alone are full voxels on the scale of models.
    binary = values.max() == 1 and values.min() == 0 and bool(np.isin(values, (0, 1)).all())
    whole_ones = values.dtype.kind in "iu" and values.max() == 1
    if values.dtype.kind == "b" or whole_ones or binary:
        raise InputError(
            f"{name}: expected voxels of 0 and 255 as uint8, or floats in [-1, 1], got "
            f"{values.dtype} of 0 and 1; give 2.0 * x - 1, as floats, or np.uint8(255) * x."
        )


def turned(voxels: np.ndarray, axes: str) -> np.ndarray:
    """Returns voxels with the axes depth, height and width, seen from the front.

    Args:
        voxels: `[A, B, C, ...]`.
        axes: One of `AXES`; see `VoxelRules`.
    """
    if axes == "z_up":  # x to the right, y away from the viewer
        return np.moveaxis(voxels, (1, 2, 0), (0, 1, 2))[:, ::-1]
    if axes == "y_up":  # x to the right, z towards the viewer
        return np.moveaxis(voxels, (2, 1, 0), (0, 1, 2))[::-1, ::-1]
    return voxels


def turned_back(voxels: np.ndarray, axes: str) -> np.ndarray:
    """Does the reverse of `turned`."""
    if axes == "z_up":
        return np.moveaxis(voxels[:, ::-1], (0, 1, 2), (1, 2, 0))
    if axes == "y_up":
        return np.moveaxis(voxels[::-1, ::-1], (0, 1, 2), (2, 1, 0))
    return voxels


def cropped(voxels: np.ndarray) -> np.ndarray:
    """Returns the smallest box around the voxels of `HALF_FULL` and more in `[D, H, W, C]`."""
    full, bounds = voxels >= HALF_FULL, []
    for axis in range(3):
        others = tuple(i for i in range(voxels.ndim) if i != axis)
        (where,) = np.nonzero(full.any(axis=others))
        bounds.append(slice(where[0], where[-1] + 1))
    return voxels[tuple(bounds)]


@dataclasses.dataclass(frozen=True)
class VoxelFit:
    """Converts voxels to the size of a model, a cube.

    Attributes:
        resolution: Voxels of a side.
        channels: Numbers of a voxel, which stay as they are.
        fit: "resize" scales the object so that the longest side of its array has `resolution`
            voxels: smaller ones take the mean of what they cover, larger ones repeat it. "pad"
            leaves voxels alone. Either surrounds the rest with empty voxels.

    Example:
        >>> VoxelFit(16)(np.full((8, 4, 8, 1), 255, np.uint8), "mine").shape
        (16, 16, 16, 1)
    """

    resolution: int
    channels: int = 1
    fit: str = "resize"

    def __post_init__(self):
        if self.fit not in ("resize", "pad"):
            raise InputError(f'fit: expected "resize" or "pad", got {self.fit!r}.')

    #: What a result consists of.
    dtype: ClassVar[type] = np.uint8
    #: Files are read whole.
    smallest: ClassVar[None] = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of a result."""
        return (self.resolution,) * 3 + (self.channels,)

    def __call__(self, voxels: np.ndarray, name: str) -> np.ndarray:
        """Fits one object or a stack of them.

        Args:
            voxels: uint8 `[..., D, H, W, C]`.
            name: Its name, for messages.

        Raises:
            InputError: If it has other channels, or is too large to pad.
        """
        *before, depth, height, width, channels = voxels.shape
        if channels != self.channels:
            raise InputError(
                f"{name}: expected {self.channels} numbers for each voxel, as the model has "
                f"(model_args.image_shape), got {channels}."
            )
        if voxels.shape[-4:] == self.shape:
            return voxels
        if before:
            return np.stack([self(each, name) for each in voxels])
        side = max(depth, height, width)
        if self.fit == "resize" and side != self.resolution:
            voxels = _scaled(voxels, self.resolution, side)
            depth, height, width, _ = voxels.shape
        elif side > self.resolution:
            raise InputError(
                f"{name}: expected at most {self.resolution} voxels along each side to pad, got "
                f'{depth}x{height}x{width}; use fit="resize" (--config.data.fit=resize), or a '
                "model of a higher resolution (model_args.image_shape)."
            )
        made = np.zeros(self.shape, np.uint8)
        low = [(self.resolution - size) // 2 for size in (depth, height, width)]
        made[low[0] : low[0] + depth, low[1] : low[1] + height, low[2] : low[2] + width] = voxels
        return made


def fit_voxels(source: Any, image_size: Any, channels: int | None, fit: str) -> VoxelFit:
    """Returns the `VoxelFit` of a source, with its own size and channels where None is given.

    Raises:
        InputError: If the size is no cube's, or needed and not given.
    """
    if image_size is None:
        if source.shape is None or len(set(source.shape[:3])) > 1:
            raise InputError(
                f"image_size: expected the voxels of a side for {source.spec}, got None."
            )
        image_size = source.shape[0]
    sides = {*image_size} if isinstance(image_size, Sequence) else {image_size}
    if len(sides) > 1:
        raise InputError(
            f"image_size: expected cubes of voxels, all sides alike, got {image_size}; other "
            "shapes are surrounded with empty voxels."
        )
    side = sides.pop()
    check_number("image_size", side, least=1, whole=True)
    if channels is None:
        channels = 1 if source.shape is None else source.shape[3]
    return VoxelFit(int(side), channels, fit)


def _scaled(voxels: np.ndarray, resolution: int, side: int) -> np.ndarray:
    """Scales all axes by `resolution / side`."""
    made = voxels.astype(np.float32)
    for axis in range(3):
        have = voxels.shape[axis]
        want = max(1, round(have * resolution / side))
        if want > have:
            rows = ((np.arange(want) + 0.5) * have / want).astype(int)
            made = made.take(rows, axis)
        elif want < have:
            made = np.moveaxis(np.tensordot(_shares(have, want), made, (1, axis)), 0, axis)
    return np.rint(made).astype(np.uint8)


def _shares(have: int, want: int) -> np.ndarray:
    """Returns which share of each new voxel the old ones cover, `[want, have]`."""
    edges = np.arange(want + 1) * (have / want)
    low, high = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    old = np.arange(have)
    covered = np.minimum(high, old + 1) - np.maximum(low, old)
    return (np.maximum(covered, 0) * (want / have)).astype(np.float32)

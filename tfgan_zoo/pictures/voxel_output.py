"""Writes generated voxels: all in one .npz, or each in a file of its own."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfgan_zoo import atomic
from tfgan_zoo.data.readers.voxel_files import WRITERS, largest_component
from tfgan_zoo.errors import InputError, warn_user
from tfgan_zoo.pictures.voxels import full_voxels
from tfgan_zoo.pixels import to_occupancy

#: Endings of files of voxels.
ENDINGS = (".npz", *WRITERS)


class VoxelOptions(NamedTuple):
    """How voxels are drawn and written.

    Attributes:
        threshold: The occupancy from which a voxel is full; None for 0.5 where that must be
            decided, and for occupancies in .npz files.
        largest_component: Whether to keep the largest part of each object alone, whose voxels
            touch one another by their faces.
        turntable: Whether an animation turns the objects around.
        kind: Ending of the files in a folder: ".png" for pictures, or one of `WRITERS`.
    """

    threshold: float | None = None
    largest_component: bool = False
    turntable: bool = False
    kind: str = ".png"

    def check(self) -> None:
        """Checks what does not depend on the model.

        Raises:
            InputError: If the threshold is out of range.
        """
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise InputError(
                f"--threshold: expected an occupancy above 0, up to 1, got {self.threshold}."
            )

    @property
    def given(self) -> str:
        """A flag that is only for voxels and was given; empty if there is none."""
        flags = {
            "threshold": self.threshold is not None,
            "largest_component": self.largest_component,
            "turntable": self.turntable,
            "format": self.kind != ".png",
        }
        return next((name for name, given in flags.items() if given), "")

    def cleaned(self, samples: np.ndarray) -> np.ndarray:
        """Returns samples `[B, D, H, W, C]` in [-1, 1] as they are drawn or written.

        With a threshold they are -1 and 1. Outside of the largest component they are -1.
        """
        if self.threshold is not None:
            samples = np.where(samples >= 2 * self.threshold - 1, 1.0, -1.0).astype(np.float32)
        if self.largest_component:
            parts = [largest_component(each) for each in full_voxels(samples)]
            samples = np.where(np.stack(parts)[..., np.newaxis], samples, np.float32(-1.0))
        return samples


def save_voxels(path: Path, samples: np.ndarray, options: VoxelOptions) -> None:
    """Writes voxels that `VoxelOptions.cleaned` has returned.

    Args:
        path: A .npz for all samples, with the array `voxels`: occupancies, float32
            `[B, D, H, W, C]`, or bool with a threshold. Another of `ENDINGS` for a single one.
        samples: Floats in [-1, 1], `[B, D, H, W, C]`.
        options: Whether there is a threshold.

    Raises:
        InputError: If the format cannot hold the voxels.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".npz":
        voxels = to_occupancy(samples) if options.threshold is None else samples > 0
        with atomic.replacing(path, ending=".part.npz") as temporary:
            np.savez_compressed(temporary, voxels=voxels)
        return
    (full,) = full_voxels(samples)
    warn_of_empty(path, int(not full.any()), 1)
    content = WRITERS[path.suffix.lower()](full)
    with atomic.open_replacing(path, "wb") as file:
        file.write(content)


def save_voxel_folder(folder: Path, objects: Iterable[np.ndarray], kind: str) -> int:
    """Writes objects as 000000.vox, 000001.vox, ...; earlier ones go once all are written.

    Args:
        folder: Path of the folder, which may only hold files that this function wrote.
        objects: Floats in [-1, 1], `[D, H, W, C]`, consumed one by one.
        kind: One of `WRITERS`.

    Returns:
        The number of objects.
    """
    folder = Path(folder).resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    num = empty = 0
    with atomic.unfinished(folder) as written:
        for each in objects:
            full = full_voxels(each)
            (written / f"{num:06d}{kind}").write_bytes(WRITERS[kind](full))
            num += 1
            empty += not full.any()
        atomic.move_into(written, folder)
    warn_of_empty(folder, empty, num)
    return num


def warn_of_empty(path: Path | None, empty: int, num: int) -> None:
    """Warns if some of the objects in a picture, file or folder have no full voxels.

    Args:
        path: The file or folder; None for pictures, which may not have one yet.
        empty: Number of objects without a full voxel.
        num: Number of all objects.
    """
    if empty:
        place = "" if path is None else f"{path}: "
        are = "object is" if num == 1 else "objects are"
        warn_user(
            f"{place}{empty} of {num} {are} empty, as no voxel reaches the threshold; try a lower "
            "--threshold."
        )

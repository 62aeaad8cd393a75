"""Files of one object: `.binvox`, MagicaVoxel's `.vox`, NumPy's `.npy`; and meshes.

Meshes are made voxels by trimesh, of the extra `tfgan_zoo[meshes]`, which is imported when the
first is read. Formats: https://www.patrickmin.com/binvox/binvox.html and
https://github.com/ephtracy/voxel-model/blob/master/MagicaVoxel-file-format-vox.txt.
"""

from __future__ import annotations

import dataclasses
import io
import math
import os
import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from tfgan_zoo.data.readers import archives
from tfgan_zoo.data.voxels import VoxelRules, turned_back
from tfgan_zoo.errors import InputError, unreadable_files

#: The longest side that a .vox file can hold.
_VOX_SIDE = 256
#: The longest side that is read; a damaged header may ask for more memory than there is.
_MOST = 2048


def read_file(
    path: str, rules: VoxelRules, on_open: Callable[[str], None] | None = None
) -> np.ndarray:
    """Reads the object in a file, which may be in a zip archive.

    Args:
        path: The file. Its ending says what it is, one of `READERS`.
        rules: How its values are read.
        on_open: Called with the path of a mesh that is not closed; None to ignore that.

    Returns:
        uint8 `[depth, height, width, channels]`, 0 to 255.

    Raises:
        InputError: If the file is damaged, holds no single object, or is empty.
    """
    reader, axes = READERS[os.path.splitext(path)[1].lower()]
    with unreadable_files(path, "as voxels"):
        data = archives.read_bytes(path)
        if reader is _read_mesh:
            values = _read_mesh(data, path, rules, on_open)
        else:
            values = reader(data, path, rules)
        if reader is _read_vox:
            rules = dataclasses.replace(rules, axes=axes)
        return np.ascontiguousarray(rules.read(values, path, axes))


def _read_npy(data: bytes, name: str, rules: VoxelRules) -> np.ndarray:
    del rules
    values = np.load(io.BytesIO(data), allow_pickle=False)
    if values.ndim not in (3, 4) or not values.size:
        raise InputError(
            f"{name}: expected voxels of shape (A, B, C) or (A, B, C, channels), got "
            f"{values.shape}."
        )
    return values


def _read_binvox(data: bytes, name: str, rules: VoxelRules) -> np.ndarray:
    """Returns bool `[x, y, z]`."""
    del rules
    # Some programs end the lines of the header as Windows does.
    end = re.search(rb"^data(\r?)\n", data, re.MULTILINE)
    head, body = (data[: end.start()], data[end.end() :]) if end else (b"", b"")
    lines = head.decode("ascii", "replace").splitlines()
    if end is None or not lines or not lines[0].startswith("#binvox"):
        raise InputError(f"{name}: expected a .binvox file, got another; replace or delete it.")
    dims = next((line.split()[1:] for line in lines if line.startswith("dim")), [])
    sides = [int(side) for side in dims]
    if len(sides) != 3 or not all(0 < side <= _MOST for side in sides):
        raise InputError(
            f"{name}: expected three sides of up to {_MOST} voxels, got {' '.join(dims) or 'none'}."
        )
    if len(set(sides)) > 1:
        raise InputError(
            f"{name}: expected a cube of voxels, as binvox makes them, got {' '.join(dims)}, whose "
            "order programs disagree on; save it as .npy."
        )
    pairs = np.frombuffer(body[: len(body) // 2 * 2], np.uint8).reshape(-1, 2)
    size, have = math.prod(sides), int(pairs[:, 1].sum(dtype=np.int64))
    if have != size or not np.isin(pairs[:, 0], (0, 1)).all():
        advice = "replace or delete it"
        if end[1]:
            advice = "if it was copied as text, which changes the ends of lines, copy it as binary"
        raise InputError(
            f"{name} is damaged: expected {size} voxels of 0 and 1, got {have}; {advice}."
        )
    # y runs fastest, then z, then x.
    full = np.repeat(pairs[:, 0] == 1, pairs[:, 1])
    return full.reshape(sides).transpose(0, 2, 1)


def _read_vox(data: bytes, name: str, rules: VoxelRules) -> np.ndarray:
    """Returns bool `[x, y, z]`."""
    del rules
    if data[:4] != b"VOX " or data[8:12] != b"MAIN":
        raise InputError(f"{name}: expected a MagicaVoxel file, got another; replace or delete it.")
    sizes, objects = [], []
    place = 8 + 12 + struct.unpack_from("<i", data, 12)[0]
    while place < len(data):
        kind = data[place : place + 4]
        length, children = struct.unpack_from("<ii", data, place + 4)
        if min(length, children) < 0 or place + 12 + length > len(data):
            raise InputError(f"{name} is damaged: it ends too soon; replace or delete it.")
        content = data[place + 12 : place + 12 + length]
        if kind == b"SIZE":
            sizes.append(struct.unpack_from("<3i", content))
        elif kind == b"XYZI":
            (num,) = struct.unpack_from("<I", content)
            objects.append(np.frombuffer(content, np.uint8, 4 * num, 4).reshape(num, 4))
        place += 12 + length
    if len(objects) != 1 or len(sizes) != 1:
        raise InputError(
            f"{name}: expected a file of one object, got {len(objects)}; save each by itself."
        )
    (sides,), (filled,) = sizes, objects
    if not all(0 < side <= _MOST for side in sides) or (filled[:, :3] >= sides).any():
        raise InputError(f"{name} is damaged: voxels outside of {sides}; replace or delete it.")
    full = np.zeros(sides, bool)
    # Colour 0 stands for an empty voxel.
    full[tuple(filled[:, :3].T)] = filled[:, 3] > 0
    return full


def _read_mesh(
    data: bytes, name: str, rules: VoxelRules, on_open: Callable[[str], None] | None = None
) -> np.ndarray:
    """Returns bool `[x, y, z]`: what the surface of a mesh passes through, and what it encloses."""
    try:
        import scipy  # noqa: F401  (trimesh needs it for voxels)
        import trimesh
    except ImportError as error:
        raise InputError(
            f"{name} is a mesh, which the packages trimesh and scipy make voxels of; run pip "
            "install 'tfgan_zoo[meshes]', or give .binvox files."
        ) from error
    kind = os.path.splitext(name)[1].lower()[1:]
    mesh: Any = trimesh.load(io.BytesIO(data), file_type=kind, force="mesh")
    if not len(mesh.faces) or not np.isfinite(mesh.extents).all() or not max(mesh.extents) > 0:
        raise InputError(f"{name} is a mesh without faces; leave it out.")
    if on_open is not None and len(trimesh.grouping.group_rows(mesh.edges_sorted, 1)):
        on_open(name)  # Some edge is that of a single face.
    # Centres of voxels are multiples of their side: from 0 on, the first and the last are at the
    # ends of the longest side. Of a mesh around 0, both ends could be between two voxels.
    mesh.apply_translation(-mesh.bounds[0])
    made = mesh.voxelized(float(max(mesh.extents)) / (rules.resolution - 1))
    return np.asarray(made.fill("holes").matrix, bool)


#: By the ending of a file: what reads it, and what its axes are by default.
READERS: dict[str, tuple[Callable[[bytes, str, VoxelRules], np.ndarray], str]] = {
    ".binvox": (_read_binvox, "y_up"),
    ".npy": (_read_npy, "auto"),
    ".obj": (_read_mesh, "y_up"),
    ".off": (_read_mesh, "z_up"),
    ".vox": (_read_vox, "z_up"),
}

# ---------------------------------------------------------------------- writing


def as_binvox(full: np.ndarray) -> bytes:
    """Returns the content of a .binvox file, with y up.

    Args:
        full: Which voxels are full, bool `[depth, height, width]`.

    Raises:
        InputError: If it is no cube.
    """
    if len(set(full.shape)) > 1:
        raise InputError(f"A .binvox file holds a cube of voxels, got {full.shape}.")
    values = turned_back(full, "y_up").transpose(0, 2, 1).ravel()
    (starts,) = np.nonzero(np.diff(values, prepend=not values[0]))
    lengths = np.diff(starts, append=len(values))
    # A run of more than 255 takes several pairs.
    times = -(-lengths // 255)
    counts = np.full(int(times.sum()), 255, np.uint8)
    counts[np.cumsum(times) - 1] = lengths - 255 * (times - 1)
    pairs = np.stack([np.repeat(values[starts].astype(np.uint8), times), counts], axis=1)
    side = len(full)
    head = f"#binvox 1\ndim {side} {side} {side}\ntranslate 0 0 0\nscale 1\ndata\n"
    return head.encode() + pairs.tobytes()


def as_vox(full: np.ndarray) -> bytes:
    """Returns the content of a MagicaVoxel file, with z up and one colour.

    Args:
        full: Which voxels are full, bool `[depth, height, width]`.

    Raises:
        InputError: If a side is longer than the format's 256.
    """
    values = turned_back(full, "z_up")
    if max(values.shape) > _VOX_SIDE:
        raise InputError(f"A .vox file holds up to {_VOX_SIDE} voxels a side, got {full.shape}.")
    places = np.argwhere(values).astype(np.uint8)
    # Index 79 of the standard palette is a light colour.
    filled = np.concatenate([places, np.full((len(places), 1), 79, np.uint8)], axis=1)
    content = _chunk(b"SIZE", struct.pack("<3i", *values.shape))
    content += _chunk(b"XYZI", struct.pack("<i", len(filled)) + filled.tobytes())
    return b"VOX " + struct.pack("<i", 150) + _chunk(b"MAIN", b"", content)


def _chunk(kind: bytes, content: bytes, children: bytes = b"") -> bytes:
    return kind + struct.pack("<ii", len(content), len(children)) + content + children


def as_obj(full: np.ndarray) -> bytes:
    """Returns the content of a .obj file: the faces of voxels between full and empty.

    The sides of all voxels together are 1 long, the centre is at 0, and y is up. Faces are squares
    whose corners run counter-clockwise seen from outside.

    Args:
        full: Which voxels are full, bool `[depth, height, width]`.
    """
    values = turned_back(full, "y_up")
    padded = np.pad(values, 1)
    inner = (slice(1, -1),) * 3
    corners = []
    for axis in range(3):
        for sign in (1, -1):
            # The neighbour in this direction is empty.
            beside = np.roll(padded, -sign, axis)[inner]
            places = np.argwhere(values & ~beside)
            one, other = (axis + 1) % 3, (axis + 2) % 3
            square = np.zeros((4, 3), int)
            square[:, axis] = sign > 0
            square[[1, 2], one] = 1
            square[[2, 3], other] = 1
            corners.append(places[:, np.newaxis] + (square if sign > 0 else square[::-1]))
    faces = np.concatenate(corners).reshape(-1, 3)
    points, numbers = np.unique(faces, axis=0, return_inverse=True)
    placed = points / max(values.shape) - np.array(values.shape) / (2 * max(values.shape))
    lines = [f"v {x:.6g} {y:.6g} {z:.6g}" for x, y, z in placed.tolist()]
    lines += ["f {} {} {} {}".format(*face) for face in (numbers.reshape(-1, 4) + 1).tolist()]
    return ("\n".join(lines) + "\n").encode()


#: What writes a file of one object, by its ending.
WRITERS: dict[str, Callable[[np.ndarray], bytes]] = {
    ".binvox": as_binvox,
    ".vox": as_vox,
    ".obj": as_obj,
}


def largest_component(full: np.ndarray) -> np.ndarray:
    """Returns the largest part of an object whose voxels touch one another by their faces.

    Args:
        full: Which voxels are full, bool `[depth, height, width]`.

    Example:
        >>> largest_component(np.array([[[True, True, False, True]]])).tolist()
        [[[True, True, False, False]]]
    """
    numbers = np.arange(full.size).reshape(full.shape)
    touching = []
    for axis in range(3):
        voxels, beside = np.moveaxis(full, axis, 0), np.moveaxis(numbers, axis, 0)
        both = voxels[:-1] & voxels[1:]
        touching.append(np.stack([beside[:-1][both], beside[1:][both]]))
    one, other = np.concatenate(touching, axis=1)
    # The lowest number that is known of the part of each voxel.
    root = numbers.ravel()
    while len(one):
        first, second = root[one], root[other]
        np.minimum.at(root, np.maximum(first, second), np.minimum(first, second))
        while not np.array_equal(root, followed := root[root]):
            root = followed
        apart = root[one] != root[other]
        one, other = one[apart], other[apart]
    sizes = np.bincount(root[full.ravel()], minlength=1)
    return full & (root == sizes.argmax()).reshape(full.shape)

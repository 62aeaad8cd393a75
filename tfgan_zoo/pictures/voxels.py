"""Pictures of voxels: shaded cubes, seen from above and from one side."""

import math
from typing import Any

import numpy as np

from tfgan_zoo.data.voxels import check_not_binary

#: Angle between the line of sight and the ground, as in isometric drawings: all edges of a cube
#: that is seen from a corner have the same length.
ELEVATION = math.atan(1 / math.sqrt(2))
#: Degrees by which objects are turned, so that front, top and one side show. At 45, all faces of a
#: cube would look alike.
AZIMUTH = 30.0
#: Colour of full voxels, where the light falls.
COLOUR = (120, 175, 235)
BACKGROUND = 255
#: Share of light on a face that faces away from the lamp.
_AMBIENT = 0.3
#: Where the lamp is, in (right, up, towards the viewer).
_LAMP = np.array([-0.45, 0.8, 0.4]) / math.sqrt(0.45**2 + 0.8**2 + 0.4**2)


def full_voxels(samples: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Returns which voxels are full: of several channels, those with one that is.

    Args:
        samples: Floats in [-1, 1], uint8 in 0 to 255, or bool, `[..., D, H, W, C]`.
        threshold: The occupancy, in [0, 1], from which a voxel is full.

    Returns:
        bool `[..., D, H, W]`.
    """
    samples = np.asarray(samples)
    if samples.dtype == bool:
        return np.any(samples, axis=-1)
    least = 255 * threshold if samples.dtype == np.uint8 else 2 * threshold - 1
    return np.any(samples >= least, axis=-1)


def draw_voxels(
    samples: np.ndarray,
    *,
    threshold: float = 0.5,
    azimuth: float = AZIMUTH,
    size: int | None = None,
) -> np.ndarray:
    """Draws objects as shaded cubes, in parallel projection.

    Args:
        samples: Floats in [-1, 1], uint8 in 0 to 255, or bool, `[B, D, H, W, C]`.
        threshold: The occupancy, in [0, 1], from which a voxel is full.
        azimuth: Degrees by which objects are turned around their vertical axis.
        size: Pixels of a side; None for enough to see single voxels, from 96 to 256.

    Returns:
        Pictures `[B, size, size, 3]`, uint8.

    Raises:
        InputError: If the voxels are 0 and 1 as numbers.

    Example:
        >>> draw_voxels(np.ones((2, 8, 8, 8, 1)), size=64).shape
        (2, 64, 64, 3)
    """
    if np.asarray(samples).dtype != bool:
        check_not_binary(samples, "draw_voxels")
    full = full_voxels(samples, threshold)
    if size is None:
        size = int(np.clip(6 * max(full.shape[1:]), 96, 256))
    view = _View(full.shape[1:], math.radians(azimuth), 2 * size)
    made = np.stack([view.draw(each) for each in full])
    # Twice the size, and then the mean of four pixels: smooth edges.
    halved = made.reshape(len(made), size, 2, size, 2, 3).mean(axis=(2, 4))
    return np.rint(halved).astype(np.uint8)


def turntable(
    samples: np.ndarray, frames: int = 36, *, threshold: float = 0.5, size: int | None = None
) -> list[np.ndarray]:
    """Draws objects from all sides.

    Args:
        samples: See `draw_voxels`.
        frames: Number of pictures in one turn.
        threshold: See `draw_voxels`.
        size: See `draw_voxels`.

    Returns:
        Batches of pictures `[B, size, size, 3]`, uint8, one for each angle.
    """
    angles = [AZIMUTH + 360 * i / frames for i in range(frames)]
    return [draw_voxels(samples, threshold=threshold, azimuth=a, size=size) for a in angles]


class _View:
    """A direction from which voxels are drawn, with what each visible kind of face looks like.

    Faces are drawn from back to front, each as the pixels that its parallelogram covers.
    """

    def __init__(self, shape: tuple[int, ...], azimuth: float, size: int):
        self.size = size
        cos, sin, tilt = math.cos(azimuth), math.sin(azimuth), ELEVATION
        # Array axes in (right, up, towards the viewer) before the object is turned.
        axes = np.array([[0.0, 0.0, -1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
        turn = np.array([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])
        lean = np.array(
            [
                [1.0, 0.0, 0.0],
                [0.0, math.cos(tilt), -math.sin(tilt)],
                [0.0, math.sin(tilt), math.cos(tilt)],
            ]
        )
        turned = axes @ turn.T
        seen = turned @ lean.T
        # Every cube of these sides, turned in any way, fits the picture.
        self.scale = 0.96 * size / math.sqrt(sum(side * side for side in shape))
        self.right, self.up, self.near = seen.T * self.scale
        self.middle = np.array(shape) / 2
        #: Of each axis, which of its two faces shows.
        self.signs = np.where(self.near > 0, 1, -1)
        self.shades = [
            _AMBIENT + (1 - _AMBIENT) * max(0.0, float(sign * axis @ _LAMP))
            for sign, axis in zip(self.signs, turned, strict=True)
        ]
        self.faces = [self._pixels_of(axis) for axis in range(3)]

    def _pixels_of(self, axis: int) -> np.ndarray:
        """Returns the pixels of a face that starts at 0, as (down, right)."""
        one, other = (i for i in range(3) if i != axis)
        edges = np.array([[-self.up[i], self.right[i]] for i in (one, other)])
        area = np.linalg.det(edges)
        if abs(area) < 1e-6 * self.scale**2:
            return np.zeros((0, 2), int)
        reach = int(np.ceil(np.abs(edges).sum(axis=0).max())) + 2
        grid = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
        inside = grid @ np.linalg.inv(edges)
        # Half a pixel more on every side, so that there are no gaps between faces.
        slack = 0.5 * np.linalg.norm(np.linalg.inv(edges), axis=0)
        return grid[((inside > -slack) & (inside < 1 + slack)).all(axis=1)]

    def draw(self, full: np.ndarray) -> np.ndarray:
        """Returns a picture of the voxels that are full, uint8 `[size, size, 3]`."""
        picture = np.full((self.size * self.size, 3), BACKGROUND, np.uint8)
        found = [self._faces(full, axis) for axis in range(3) if len(self.faces[axis])]
        depths, pixels, shades = (np.concatenate(each) for each in zip(*found, strict=True))
        order = np.argsort(depths, kind="stable")
        if len(order):
            colours = np.rint(np.clip(shades[order, None] * _TONES, 0, 255)).astype(np.uint8)
            pixels = pixels[order]
            # Of equal pixels the last one counts, that of the nearest face.
            picture[pixels.ravel()] = np.repeat(colours, pixels.shape[1], axis=0)
        return picture.reshape(self.size, self.size, 3)

    def _faces(self, full: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns depth, pixels and shade of each face across an axis that is not covered."""
        sign = self.signs[axis]
        beside = np.roll(np.pad(full, 1), -sign, axis)[1:-1, 1:-1, 1:-1]
        places = np.argwhere(full & ~beside)
        depth = (places + 0.5) @ self.near
        corner = places - self.middle
        corner[:, axis] += sign > 0
        middle = (self.size - 1) / 2
        down = np.rint(middle - corner @ self.up).astype(int)
        right = np.rint(middle + corner @ self.right).astype(int)
        offsets = self._padded(axis)
        rows = np.clip(down[:, None] + offsets[:, 0], 0, self.size - 1)
        columns = np.clip(right[:, None] + offsets[:, 1], 0, self.size - 1)
        # Deeper faces are a little darker, so that parts behind one another stand apart.
        span = np.abs(self.near) @ (2 * self.middle)
        haze = 0.85 + 0.3 * (((places + 0.5 - self.middle) @ self.near) / span)
        return depth, rows * self.size + columns, self.shades[axis] * haze

    def _padded(self, axis: int) -> np.ndarray:
        """Returns the pixels of a face, as many as the largest face has."""
        most = max(map(len, self.faces))
        own = self.faces[axis]
        return own[np.minimum(np.arange(most), len(own) - 1)]


#: Of each channel: what full light makes of the colour.
_TONES: Any = np.array(COLOUR) * 1.25

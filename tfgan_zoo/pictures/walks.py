"""Walks between latent vectors."""

import numpy as np

from tfgan_zoo.errors import InputError


def walk(
    anchors: np.ndarray, frames: int, path: str = "spherical", closed: bool = False
) -> np.ndarray:
    """Interpolates from each latent vector to the next, including both ends of each segment.

    Args:
        anchors: Two or more latent vectors, `[B, latent_dim]`.
        frames: Vectors per segment, including its ends.
        path: "linear", or "spherical" (White 2016, https://arxiv.org/abs/1609.04468), which stays
            on the shell where normal noise lies.
        closed: Whether to return to the first anchor and to visit each anchor once, for an
            animation that repeats.

    Returns:
        Vectors `[segments * frames, latent_dim]`; if closed, `[B * (frames - 1), latent_dim]`.

    Raises:
        InputError: If the path is unknown.
    """
    if path not in ("linear", "spherical"):
        raise InputError(f"path: expected 'spherical' or 'linear', got {path!r}.")
    between = slerp if path == "spherical" else _lerp
    ends = np.roll(anchors, -1, axis=0) if closed else anchors[1:]
    times = np.linspace(0.0, 1.0, frames)[: -1 if closed else None]
    vectors = [between(a, b, t) for a, b in zip(anchors, ends, strict=False) for t in times]
    return np.stack(vectors).astype(anchors.dtype)


def slerp(start: np.ndarray, end: np.ndarray, t: float) -> np.ndarray:
    """Interpolates from `start` (t = 0) to `end` (t = 1) on the great circle, if there is one.

    For vectors that are parallel, opposite or zero, the interpolation is linear.

    Args:
        start: A vector, `[D]`.
        end: Another one.
        t: From 0 to 1.
    """
    lengths = np.linalg.norm(start) * np.linalg.norm(end)
    angle = np.arccos(np.clip(np.dot(start, end) / lengths, -1.0, 1.0)) if lengths else 0.0
    if t in (0.0, 1.0) or np.sin(angle) < 1e-6:
        return _lerp(start, end, t)
    return (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)


def _lerp(start: np.ndarray, end: np.ndarray, t: float) -> np.ndarray:
    return (1 - t) * start + t * end

"""What `benchmarks.autoencoders` compares autoencoders with, and how it scores them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from tfgan_zoo import pictures
from tfgan_zoo.data import figures
from tfgan_zoo.metrics import arithmetic_scores, linear_probe
from tfgan_zoo.metrics.figures import read

#: Attributes of the view `full` that are probed for.
PROBED = ("shape", "colour", "fill", "size", "place")
#: Sides of the windows of median filters.
WINDOWS = (3, 5, 7)


class Components(NamedTuple):
    """The principal components of images.

    Attributes:
        mean: The mean image, `[values]`.
        axes: Orthonormal rows, by falling variance, `[dim, values]`.
    """

    mean: np.ndarray
    axes: np.ndarray

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Returns coordinates along the axes, `[num, dim]`."""
        return (_flat(images) - self.mean) @ self.axes.T

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Returns images projected on the space that the axes span."""
        return (self.mean + self.encode(images) @ self.axes).reshape(images.shape)

    def first(self, dim: int) -> "Components":
        """Returns the first few components."""
        return Components(self.mean, self.axes[:dim])


def components(images: np.ndarray, dim: int) -> Components:
    """Returns the principal components of images, `[num, ...]`."""
    x = _flat(images)
    mean = x.mean(axis=0)
    x = x - mean
    _, axes = np.linalg.eigh(x.T @ x)  # by rising variance
    return Components(mean, axes[:, ::-1][:, :dim].T)


def mse(images: np.ndarray, others: np.ndarray) -> float:
    """Returns the mean squared difference of values in [0, 1], of images in [-1, 1]."""
    return float(np.mean(np.square(np.subtract(images, others, dtype=np.float64)))) / 4


def psnr(images: np.ndarray, others: np.ndarray) -> float:
    """Returns the PSNR in dB of images in [-1, 1], the mean of the images' own ratios."""
    squares = np.square(np.subtract(images, others, dtype=np.float64)) / 4
    each = squares.reshape(len(squares), -1).mean(axis=1)
    return float(np.mean(-10 * np.log10(np.maximum(each, 1e-12))))


def median_filtered(images: np.ndarray, window: int) -> np.ndarray:
    """Replaces each value by the median of its channel in a square window around it.

    Args:
        images: Images `[num, H, W, C]`.
        window: Side of the window, an odd number; edges are repeated.
    """
    reach = window // 2
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    done = [
        np.median(
            np.lib.stride_tricks.sliding_window_view(part, (window, window), axis=(1, 2)),
            axis=(-2, -1),
        )
        for part in np.array_split(padded, max(1, len(images) // 100))
    ]
    return np.concatenate(done).astype(images.dtype)


def best_median(noisy: np.ndarray, clean: np.ndarray) -> tuple[int, np.ndarray]:
    """Returns the window whose median filter has the best PSNR, and what it makes of images."""
    made = {window: median_filtered(noisy, window) for window in WINDOWS}
    best = max(made, key=lambda window: psnr(made[window], clean))
    return best, made[best]


def share_clean(images: np.ndarray) -> float:
    """Returns the share of images, floats in [-1, 1], that are one clean figure."""
    return float(read(pictures.to_uint8(np.clip(images, -1, 1))).valid.mean())


def probes(
    codes: np.ndarray, seen: figures.Attributes, test_codes: np.ndarray, tested: figures.Attributes
) -> dict[str, float]:
    """Returns the accuracy of linear probes of the attributes in `PROBED`."""
    return {
        name: linear_probe(codes, getattr(seen, name), test_codes, getattr(tested, name))
        for name in PROBED
    }


def recolour(
    model: Any, seen: tuple[np.ndarray, figures.Attributes], images: np.ndarray
) -> tuple[dict[str, float], np.ndarray]:
    """Changes colours by arithmetic on codes, and reads what became of the figures.

    The difference of the mean codes of two colours is added to the code of each image of the first,
    for all ordered pairs of colours. What is read from the reconstruction of an image is what its
    change is compared with.

    Args:
        model: A model that encodes and decodes.
        seen: Training images, uint8, and their attributes, for the means.
        images: Held-out images, uint8.

    Returns:
        The mean scores of `metrics.arithmetic_scores`, of images whose reconstruction is one clean
        figure; and the first images of a pair of colours, beside what became of them.
    """
    codes, colours = model.encode(seen[0]), seen[1].colour
    number = len(figures.COLOURS)
    means = np.stack([codes[colours == i].mean(axis=0) for i in range(number)])
    own = model.encode(images)
    before = read(pictures.to_uint8(model.decode(own)))
    found, shown = [], []
    for to in range(number):
        fitting = before.valid & (before.attributes.colour != to)
        if not fitting.any():
            continue
        moved = own[fitting] + means[to] - means[before.attributes.colour[fitting]]
        made = pictures.to_uint8(model.decode(moved))
        after = read(made)
        names = ("shape", "colour", "size", "place", "fill")
        old, new = before.attributes[fitting], after.attributes
        # An image that is no clean figure has none of the attributes.
        values = {name: np.where(after.valid, getattr(new, name), -1) for name in names}
        found.append(
            arithmetic_scores({name: getattr(old, name) for name in names}, values, "colour", to)
        )
        shown.append((images[fitting][:4], made[:4]))
    scores = {name: float(np.mean([each[name] for each in found])) for name in found[0]}
    return scores, pictures.rows([np.concatenate(column) for column in zip(*shown, strict=True)])


def blends(model: Any, images: np.ndarray, num: int = 5) -> tuple[float, float]:
    """Returns the share of clean figures half-way between pairs of images, in two ways.

    Args:
        model: A model that encodes and decodes.
        images: Images, uint8; the first half is paired with the second.
        num: Images on each line, both ends included; the ends do not count.

    Returns:
        Of decoded codes between those of the images, and of blended pixels.
    """
    half = len(images) // 2
    a, b = (pictures.from_uint8(part) for part in (images[:half], images[half : 2 * half]))
    between = model.interpolate(a, b, num)[:, 1:-1].reshape(-1, *images.shape[1:])
    shares = np.linspace(0, 1, num)[1:-1].reshape(-1, 1, 1, 1)
    pixels = (a[:, np.newaxis] * (1 - shares) + b[:, np.newaxis] * shares).reshape(between.shape)
    return share_clean(between), share_clean(pixels)


def best_scale(x: np.ndarray, codes: np.ndarray) -> float:
    """Returns the factor of codes for which their distances are closest to those of images."""
    far, near = (np.sqrt(np.maximum(_squares(_flat(each)), 0)) for each in (x, codes))
    return float((far * near).sum() / max((near * near).sum(), 1e-12))


def _squares(x: np.ndarray) -> np.ndarray:
    x = x - x.mean(axis=0)
    norms = np.square(x).sum(axis=1)
    return norms[:, np.newaxis] + norms - 2 * x @ x.T


def filters(encoder: Any, shape: Sequence[int], num: int = 64) -> np.ndarray:
    """Draws the weights of the first units of a dense layer on pixels, each on its own scale."""
    kernel = next(layer for layer in encoder.layers if layer.weights).get_weights()[0]
    maps = kernel.T[:num].reshape(-1, *shape)
    reach = np.abs(maps).max(axis=(1, 2, 3), keepdims=True)
    return pictures.enlarge(pictures.grid(pictures.to_uint8(maps / np.maximum(reach, 1e-12))))


def plane(codes: np.ndarray, labels: np.ndarray, size: int = 384) -> np.ndarray:
    """Plots codes of two numbers as dots, in the colour of their class."""
    low, high = np.percentile(codes, [0.5, 99.5], axis=0)
    scale = 0.9 * size / float((high - low).max() or 1.0)
    places = (codes - (low + high) / 2) * [scale, -scale] + size / 2
    picture = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(picture)
    for (x, y), label in zip(places, labels, strict=True):
        draw.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=_COLOURS[label % len(_COLOURS)])
    return np.asarray(picture)


_COLOURS = (
    *((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189)),
    *((140, 86, 75), (227, 119, 194), (127, 127, 127), (188, 189, 34), (23, 190, 207)),
)


def _flat(images: np.ndarray) -> np.ndarray:
    return np.asarray(images, np.float64).reshape(len(images), -1)

"""Figures of what latents, attributes and features mean, on the drawn figures of the library."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gallery import style
from benchmarks.gallery.figure import Figure


def interpolation(workdir: Path) -> Any:
    """Draws walks from one class to another, and from one noise vector to another."""
    from tfgan_zoo import pictures
    from tfgan_zoo.run import load_run

    model, frames = load_run(workdir), 13
    noise = model.sample_latents(4, seed=0)
    rows = {}
    for start, end in (("red ring", "green star"), ("blue circle", "yellow square"),
                       ("pink triangle", "cyan cross")):  # fmt: skip
        labels = between(model.class_names, start, end, frames)
        latents = np.repeat(noise[:1], frames, axis=0)
        rows[f"{start}\nto {end}"] = model.generate(latents=latents, label=labels)
    for name in ("orange star", "purple square"):
        latents = pictures.walk(noise[2:], frames)
        rows[f"{name},\nz to z'"] = model.generate(latents=latents, label=name)
    return style.strips(rows)


def between(class_names: Sequence[str], start: str, end: str, frames: int) -> np.ndarray:
    """Returns mixtures of two classes, from all of the first to all of the second.

    Args:
        class_names: All names.
        start: The first class.
        end: The second class.
        frames: Number of mixtures.

    Returns:
        Weights `[frames, classes]`, whose rows add up to 1.

    Example:
        >>> between(("a", "b", "c"), "a", "c", 3).tolist()
        [[1.0, 0.0, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]]
    """
    weights = np.zeros((frames, len(class_names)), np.float32)
    weights[:, class_names.index(start)] = np.linspace(1, 0, frames)
    weights[:, class_names.index(end)] += np.linspace(0, 1, frames)
    return weights


def inversion(steps: int = 150) -> Any:
    """Draws what each layer of a classifier keeps of two figures, and the middle of each layer."""
    from tfgan_zoo import models, pictures
    from tfgan_zoo.data import figures

    images = pictures.from_uint8(figures.load("full", split="test", resolution=32, num=40)["image"])
    images = images[[3, 8]]
    found = models.FeatureInversion("figures_v1", steps=steps)
    layers = [layer for layer in found.layers if layer not in ("logits",)][:7]
    whole = [found.invert(images, layer) for layer in layers]
    maps = [layer for layer in layers if layer not in ("pool", "dense64")]
    centres = {layer: found.invert(images[:1], layer, centre=3).images for layer in maps}
    figure, axes = style.panels(3, len(layers) + 1, 1.0)
    for each in axes.ravel():
        style.bare(each)
    for row in range(2):
        axes[row, 0].imshow(pictures.to_uint8(images[row]))
        for each, inverted in zip(axes[row, 1:], whole, strict=True):
            each.imshow(pictures.to_uint8(inverted.images[row]))
    axes[2, 0].imshow(pictures.to_uint8(images[0]))
    for each, layer in zip(axes[2, 1:], layers, strict=True):
        if layer in centres:
            each.imshow(pictures.to_uint8(centres[layer][0]))
    for each, name in zip(axes[0], ("image", *layers), strict=True):
        each.set_title(name, loc="center")
    axes[2, 0].set_ylabel("middle 3x3", fontsize=7.5)
    return figure


FIGURES = {
    "interpolation": Figure(
        "Between two samples",
        "The first rows walk from one class to another, with the same noise z: colour and shape "
        "change together, through figures that were never in the data. In the last rows the "
        "class stays and z walks from one vector to another, which changes size and place a "
        "little.",
        interpolation,
        recipe="dcgan_conditional",
    ),
    "inversion": Figure(
        "What each layer keeps",
        "From noise, images are changed until a layer of a classifier of figures sees in them "
        "what it sees in the first one. Early layers keep every pixel, later ones shape and "
        "colour but not the place; in the last row only the middle of each layer counts, which "
        "shows how far it sees.",
        inversion,
    ),
}

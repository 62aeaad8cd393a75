"""Figures of what latents, attributes and features mean, on the drawn figures of the library."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

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


def inversion(steps: int = 300) -> Any:
    """Draws what each layer of a classifier keeps of two figures, and the middle of each layer."""
    from tfgan_zoo import models, pictures
    from tfgan_zoo.data import figures

    images = pictures.from_uint8(figures.load("captions", split="test", num=8)["image"])
    images = images[[0, 5]]
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


class _Style(NamedTuple):
    """An image whose style is transferred, and the settings that show it best.

    Attributes:
        view: The view of the figures, of whose second domain the image is.
        index: Its number.
        content: The layer that compares the content.
        layers: The layers that compare the style.
    """

    view: str
    index: int
    content: str
    layers: tuple[str, ...]


_STYLES = {
    "style transfer\nof an outline": _Style("transfer", 0, "conv2", ("conv1",)),
    "style transfer\nof stripes": _Style("unpaired", 1, "conv1", ("conv1", "conv2", "conv3")),
}


def transfer(workdir: Path, steps: int = 200) -> Any:
    """Draws what a DTN and what style transfer make of the same figures."""
    from tfgan_zoo import models, pictures
    from tfgan_zoo.data import figures
    from tfgan_zoo.run import load_run

    model = load_run(workdir)
    shapes = figures.attributes("transfer", "test", 40, domain="a").shape
    domains = figures.load("transfer", "test", num=40)
    sources = domains["a"][np.unique(shapes, return_index=True)[1]]
    inversion = models.FeatureInversion("figures_v1", steps=steps, tv_weight=0.1)
    blank = np.full_like(sources[0], 255)
    rows = {"source": [blank, blank, *sources]}
    for title, (view, index, content, layers) in _STYLES.items():
        image = figures.load(view, "test", num=index + 1)["b"][index]
        styled = inversion.invert(
            sources, content, style=image, style_layers=layers, style_weight=3.0
        )
        rows[title] = [image, blank, *pictures.to_uint8(styled.images)]
    made = pictures.to_uint8(model.translate(sources))
    rows["DTN trained\non outlines"] = [domains["b"][2], blank, *made]
    return style.strips({title: np.stack(row) for title, row in rows.items()}, height=0.92)


FIGURES = {
    "transfer": Figure(
        "Domain transfer beside style transfer",
        "Style transfer keeps the features of a figure, and takes the statistics of those of "
        "the image at the left, wherever they are in it: solid figures stay solid, and are "
        "painted with bits of lines or with stripes. A DTN has learned from many outlines how "
        "images of that domain look, and draws the outline of the same shape in the same place.",
        transfer,
        recipe="dtn",
    ),
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
        "what it sees in the first one. Early layers keep the picture, the next ones the figure "
        "without its background, and the last ones hardly more than colours; in the last row "
        "only the middle 3x3 positions of each layer count, which shows how far they see.",
        inversion,
    ),
}

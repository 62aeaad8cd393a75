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


def attributes(workdir: Path) -> Any:
    """Draws figures from descriptions: one attribute changes, or one class becomes another."""
    from tfgan_zoo.run import load_run

    model = load_run(workdir)
    frames = 12
    plain = {"shape": "star", "angle": 0.0, "x": 0.5, "y": 0.5, "size": 0.24}
    plain |= {"red": 255.0, "green": 130.0, "blue": 0.0}

    def swept(name: str, first: float, last: float) -> np.ndarray:
        return model.generate(plain | {name: np.linspace(first, last, frames)})

    def walked(start: str, end: str) -> np.ndarray:
        return model.interpolate(plain | {"shape": start}, plain | {"shape": end}, frames)[0]

    rows = {
        "angle": swept("angle", 0.0, 66.0),
        "size": swept("size", 0.18, 0.26),
        "x": swept("x", 0.36, 0.64),
        "blue": swept("blue", 0.0, 255.0),
        "star to\ncircle": walked("star", "circle"),
        "triangle\nto cross": walked("triangle", "cross"),
    }
    return style.strips(rows)


def learning(steps: int = 1500, frames: int = 15) -> list[np.ndarray]:
    """Draws samples of a VAE and a GAN while both learn, over a logarithmic time."""
    import keras

    import tfgan_zoo
    from benchmarks.gallery import training
    from tfgan_zoo import networks, pictures
    from tfgan_zoo.data import figures

    shape, images = (32, 32, 3), figures.load()["image"]
    stops = sorted({0, *np.unique(np.geomspace(10, steps, frames).astype(int)).tolist()})
    keras.utils.set_random_seed(0)
    vae = tfgan_zoo.VAE(
        shape,
        16,
        networks.conv_encoder(shape, 32, filters=16),
        networks.conv_decoder(shape, 16, filters=16, output_activation="linear"),
        sigma=0.3,
    )
    vae.start_at_mean(images[:2000])
    vae.compile(keras.optimizers.Adam(2e-3))
    keras.utils.set_random_seed(0)
    gan = tfgan_zoo.DCGAN(
        shape,
        8,
        networks.dcgan_generator(shape, 8, filters=24, kernel_size=4),
        networks.dcgan_discriminator(shape, filters=24, kernel_size=4, normalization="none"),
        r1_gamma=0.3,
        r1_every=8,
    )
    gan.compile(*(keras.optimizers.Adam(1e-3, 0.0, 0.99) for _ in range(2)))
    made = {}
    for name, model in (("VAE", vae), ("GAN", gan)):

        def draw(num: int, rng: np.random.Generator) -> np.ndarray:
            return images[rng.integers(len(images), size=num)]

        made[name] = training.fit(
            model, draw, stops, lambda step, m=model: m.generate(20, seed=0), batch=32
        )
    drawn = []
    for i, stop in enumerate(stops):
        figure, axes = style.panels(1, 2, 3.1, dpi=90)
        for each, (name, samples) in zip(axes[0], made.items(), strict=True):
            sheet = pictures.grid(pictures.to_uint8(samples[i]), 5, gap=1)
            each.imshow(sheet, interpolation="nearest")
            style.bare(each)
            each.set_title(f"{name}, step {stop:,}")
        drawn.append(style.pixels(figure))
    return drawn


FIGURES = {
    "learning": Figure(
        "A VAE and a GAN learn to draw",
        "Both models see the same images in batches of 32, and the frames show samples of the "
        "same noise at steps that grow by a constant factor. The VAE has blurred blobs early "
        "and sharpens them slowly; the GAN has none of them for long, and then finds edges "
        "first.",
        learning,
        "gif",
        models=("vae", "dcgan"),
    ),
    "attributes": Figure(
        "One attribute at a time",
        "A network draws figures from descriptions: in each of the first rows one number of the "
        "description changes, and all others stay. In the last rows the weights of two classes "
        "change, and shapes appear that belong to neither.",
        attributes,
        recipe="attribute_to_image",
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

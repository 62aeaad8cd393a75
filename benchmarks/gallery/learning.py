"""A film of two models that learn to draw the same images."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.gallery import style, training
from benchmarks.gallery.figure import Figure

#: Steps that the film stops at: about evenly apart on a log scale.
STOPS = (0, 1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 2500)
_COLUMNS, _ROWS = 5, 3
_BATCH = 32


class Taught(NamedTuple):
    """What a model drew while it learned.

    Attributes:
        samples: At each stop, samples of the same latents, `[num, H, W, C]`, floats in [-1, 1].
        seconds: CPU time of a train step.
    """

    samples: list[np.ndarray]
    seconds: float


def learning(stops: Sequence[int] = STOPS, width: int = 24) -> list[np.ndarray]:
    """Draws samples of a VAE and a GAN while both learn, with the time on two scales."""
    from tfgan_zoo.data import figures

    images = figures.load()["image"]
    return film(
        {
            name: taught(model, images, stops)
            for name, model in (
                ("VAE", vae(images, width, stops[-1])),
                ("GAN", gan(width, stops[-1])),
            )
        },
        stops,
    )


def vae(images: np.ndarray, width: int, steps: int) -> Any:
    """Returns a VAE, compiled for some steps; `width` is the number of maps at full size."""
    import keras

    import tfgan_zoo
    from tfgan_zoo import networks

    keras.utils.set_random_seed(0)
    shape, dim = images.shape[1:], 16
    model = tfgan_zoo.VAE(
        shape,
        dim,
        networks.conv_encoder(shape, 2 * dim, filters=width // 2),
        networks.conv_decoder(shape, dim, filters=width, output_activation="linear"),
        seed=1,
    )
    model.start_at_mean(images[:2000])
    model.compile(keras.optimizers.Adam(_falling(2e-3, steps)))
    return model


def gan(width: int, steps: int) -> Any:
    """Returns a DCGAN for figures, likewise."""
    import keras

    import tfgan_zoo
    from tfgan_zoo import networks

    keras.utils.set_random_seed(0)
    shape, dim = (32, 32, 3), 8
    model = tfgan_zoo.DCGAN(
        shape,
        dim,
        networks.dcgan_generator(shape, dim, filters=width, kernel_size=4),
        networks.dcgan_discriminator(shape, filters=width, kernel_size=4, normalization="none"),
        label_smoothing=0.0,
        r1_gamma=0.3,
        r1_every=8,
        ema_half_life=10_000.0,
        seed=1,
    )
    model.compile(*(keras.optimizers.Adam(_falling(1e-3, steps), 0.0, 0.99) for _ in range(2)))
    return model


def _falling(rate: float, steps: int) -> Any:
    """Returns a learning rate that falls to 0."""
    import keras

    return keras.optimizers.schedules.PolynomialDecay(rate, steps, 0.0)


def taught(model: Any, images: np.ndarray, stops: Sequence[int]) -> Taught:
    """Trains a model, and returns what it draws at each stop.

    Args:
        model: A compiled model that generates images.
        images: The training images, uint8 `[N, H, W, C]`.
        stops: Steps, of two numbers or more. The last ones, which build no graphs, are timed.
    """
    starts, ends = [], []

    def draw(num: int, rng: np.random.Generator) -> np.ndarray:
        return images[rng.integers(len(images), size=num)]

    def snapshot(step: int) -> np.ndarray:
        del step
        ends.append(time.process_time())
        made = model.generate(_COLUMNS * _ROWS, seed=0)
        starts.append(time.process_time())
        return made

    samples = training.fit(model, draw, list(stops), snapshot, batch=_BATCH)
    return Taught(samples, (ends[-1] - starts[-2]) / (stops[-1] - stops[-2]))


def film(made: dict[str, Taught], stops: Sequence[int]) -> list[np.ndarray]:
    """Returns a frame for each stop: samples of both models, and below them the time.

    Args:
        made: Two models by name.
        stops: The steps of the frames.
    """
    from tfgan_zoo import pictures

    frames = []
    for i, stop in enumerate(stops):
        figure, axes = style.panels(2, 2, 1.5, dpi=110, height_ratios=(6.4, 1))
        for each, (name, (samples, seconds)) in zip(axes[0], made.items(), strict=True):
            sheet = pictures.grid(pictures.to_uint8(samples[i]), _COLUMNS, gap=1)
            each.imshow(sheet, interpolation="nearest")
            style.bare(each)
            each.set_title(f"{name}, step {stop:,}: {duration(stop * seconds)}")
        for each, scale in zip(axes[1], ("log", "linear"), strict=True):
            _timeline(each, scale, stops, i)
        frames.append(style.pixels(figure))
    return frames


def _timeline(axes: Any, scale: str, stops: Sequence[int], i: int) -> None:
    """Draws the steps up to a frame on a log or a linear scale."""
    if scale == "log":
        axes.set_xscale("symlog", linthresh=1, linscale=0.5)
        axes.set_xticks([0, *(stop for stop in (1, 10, 100, 1000) if stop <= stops[-1])])
        limits = -0.15, 1.25 * stops[-1]
    else:
        axes.set_xticks(np.linspace(0, stops[-1], 6))
        limits = -0.04 * stops[-1], 1.04 * stops[-1]
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    axes.minorticks_off()
    axes.plot(stops, np.zeros(len(stops)), "|", color=style.MUTED, markersize=5)
    axes.plot([0, stops[i]], [0, 0], color=style.SAMPLES, linewidth=2.5)
    axes.plot(stops[i], 0, "o", color=style.SAMPLES, markersize=6)
    axes.set(xlim=limits, ylim=(-0.5, 1), yticks=[])
    axes.set_xlabel(f"step, {scale} scale")
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def duration(seconds: float) -> str:
    """Returns a CPU time in words.

    Example:
        >>> [duration(each) for each in (0, 0.032, 4.26, 61.7)]
        ['0 s', '0.03 s', '4.3 s', '62 s']
    """
    digits = 0 if seconds >= 10 or not seconds else 1 if seconds >= 1 else 2
    return f"{seconds:.{digits}f} s"


FIGURES = {
    "learning": Figure(
        "A VAE and a GAN learn to draw",
        "Samples of the same latents, while both models learn from the same images: steps are "
        "about evenly apart on the log scale at the left, and crowd at the start of the linear "
        "one at the right. Figures of the VAE emerge from a grey blur, colours last, and many "
        "stay between two figures. The GAN has bright colours and edges from step 100 on, and "
        "then finds the shapes.",
        learning,
        "gif",
        models=("vae", "dcgan"),
        milliseconds=700,
    ),
}

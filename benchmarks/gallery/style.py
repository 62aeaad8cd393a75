"""One style for all figures: light paper, so that they can be read on dark pages, too."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfgan_zoo import atomic
from tfgan_zoo.errors import InputError

#: The same thing has the same colour in all figures.
DATA, SAMPLES, JUDGE = "#57606a", "#1f50c8", "#d1491b"
GREEN, VIOLET, AMBER = "#1a8754", "#8250b4", "#b7791f"
#: Curves that are neither data, samples, nor a discriminator, in this order.
CURVES = (SAMPLES, JUDGE, GREEN, VIOLET, AMBER)
INK, MUTED, RULE, PAPER = "#24292f", "#6e7781", "#e4e7eb", "#ffffff"
#: Shades of a discriminator's output, from fake to real.
SHADES = ("#f4c7b8", "#fbeee9", "#ffffff", "#e9eefb", "#b9c9f3")

#: Inches of a full width, and pixels of an inch.
WIDTH, DPI = 7.2, 144
#: Colours of a file, and of a film, shades of grey included.
_PALETTE, _FILM_PALETTE, _FILM_GREYS = 256, 64, 12

_SETTINGS = {
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.7,
    "lines.solid_capstyle": "round",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
}


@contextlib.contextmanager
def settings() -> Iterator[None]:
    """Applies the style to all that is drawn in the block.

    Raises:
        InputError: If Matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError:
        raise InputError(
            "benchmarks.gallery: Matplotlib is not installed; pip install 'tfgan_zoo[docs]'."
        ) from None
    with matplotlib.rc_context(_SETTINGS):
        yield


def panels(
    rows: int = 1, columns: int = 1, height: float = 2.6, dpi: int = DPI, **kwargs: Any
) -> tuple[Any, np.ndarray]:
    """Returns a figure and its axes, `[rows, columns]`.

    Args:
        rows: Rows of axes.
        columns: Axes in a row.
        height: Inches of a row.
        dpi: Pixels of an inch.
        **kwargs: More of `Figure.subplots`, such as `sharey`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, rows * height), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **kwargs)


def bare(axes: Any) -> None:
    """Removes ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def plane(axes: Any, reach: float) -> None:
    """Shows the square from -reach to reach, in a thin frame."""
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(RULE)


def shades() -> Any:
    """Returns the colour map of a discriminator's output."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("judge", SHADES)


def pixels(figure: Any) -> np.ndarray:
    """Returns a Matplotlib figure as an image `[H, W, 3]`, uint8."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def save(path: Path, drawn: Any, milliseconds: int = 120) -> None:
    """Writes what a figure's function returns: a Matplotlib figure, an image, or images.

    Args:
        path: A .png, or a .gif for images.
        drawn: What to write.
        milliseconds: How long a GIF shows an image; the last one stays for two seconds.
    """
    if isinstance(drawn, Sequence):
        _save_gif(path, drawn, milliseconds)
        return
    image = Image.fromarray(drawn if isinstance(drawn, np.ndarray) else pixels(drawn))
    _write(path, image.quantize(_PALETTE, dither=Image.Dither.NONE), "PNG", optimize=True)


def _save_gif(path: Path, frames: Sequence[np.ndarray], milliseconds: int) -> None:
    # One palette for all frames, so that what stands still does not flicker: that of the end, as
    # noise at the beginning would take most of it.
    palette = _palette(np.concatenate(frames[-3:]))
    images = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    durations = [milliseconds] * (len(images) - 1) + [2000]
    _write(
        path, images[0], "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0
    )


def _palette(pixels: np.ndarray) -> Image.Image:
    """Returns the palette of a film: shades of grey, for texts, and colours of the pixels.

    Similar colours count once, however many pixels have them: black and white would take most of
    the palette.
    """
    level = 16
    colours, counts = np.unique(
        pixels.reshape(-1, 3) // level * level + level // 2, axis=0, return_counts=True
    )
    common = colours[counts >= min(8, counts.max())].astype(np.uint8)
    num = _FILM_PALETTE - _FILM_GREYS
    chosen = Image.fromarray(common[np.newaxis]).quantize(num, kmeans=2).getpalette() or []
    greys = np.linspace(0, 255, _FILM_GREYS).astype(int).repeat(3)
    palette = Image.new("P", (1, 1))
    palette.putpalette([*greys.tolist(), *chosen[: 3 * num]])
    return palette


def _write(path: Path, image: Image.Image, kind: str, **options: Any) -> None:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_atomically(path, buffer.getvalue())


def strips(
    rows: dict[str, np.ndarray],
    columns: int | None = None,
    height: float = 0.62,
    heads: Sequence[str] = (),
) -> Any:
    """Returns a figure of rows of images, each with its name at the left.

    Args:
        rows: Name -> images `[N, H, W, C]`, uint8 or floats in [-1, 1].
        columns: Images in a row; None for all.
        height: Inches of a row.
        heads: Words above the images of the first row.
    """
    from tfgan_zoo import pictures

    figure, axes = panels(len(rows), 1, height)
    for each, (name, images) in zip(axes[:, 0], rows.items(), strict=True):
        shown = images[:columns]
        shown = shown if shown.dtype == np.uint8 else pictures.to_uint8(shown)
        each.imshow(pictures.grid(shown, len(shown), gap=1), interpolation="nearest")
        bare(each)
        each.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=6)
    for i, head in enumerate(heads):
        width = shown.shape[2]
        axes[0, 0].text(i * (width + 1) + width / 2, -3, head, ha="center", va="bottom", size=7.5)
    return figure

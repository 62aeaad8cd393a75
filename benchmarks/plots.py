"""Line plots of scores, as pictures."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_COLOURS = ("#1f50c8", "#c83c1f", "#1f9650", "#8c3cb4", "#c88c14", "#505050")
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 800, 440, 60, 30, 45

Curve = Sequence[tuple[float, float]]


def plot(curves: dict[str, Curve], title: str, along: str, *, log: bool = False) -> np.ndarray:
    """Plots values over steps or time.

    Args:
        curves: Points (x, value) by name in the legend.
        title: Title of the values.
        along: Title of x.
        log: Whether the scale of the values is logarithmic, for positive ones, or linear from 0.

    Returns:
        A picture `(height, width, 3)`, uint8.
    """
    image = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    right = 60 + round(max(draw.textlength(name, font=font) for name in curves))
    end = max(x for points in curves.values() for x, _ in points)

    def height(value: float) -> float:
        return math.log10(value) if log else value

    values = [height(value) for points in curves.values() for _, value in points]
    low = math.floor(min(values) * 5) / 5 if log else 0.0
    high = max(low + 0.2, math.ceil(max(values) * 5 - 1e-9) / 5)

    def place(x: float, value: float) -> tuple[float, float]:
        across = (_WIDTH - _LEFT - right) * x / end
        up = (_HEIGHT - _TOP - _BOTTOM) * (height(value) - low) / (high - low)
        return _LEFT + across, _HEIGHT - _BOTTOM - up

    for level in np.linspace(low, high, 6) if log else _ticks(high):
        value = 10**level if log else level
        x, y = place(0, value)
        draw.line((x, y, _WIDTH - right, y), fill="#dddddd")
        label = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        draw.text((x - 6, y), label, fill="black", font=font, anchor="rm")
    bottom = _HEIGHT - _BOTTOM
    for x in _ticks(end):
        across = place(x, 10**low if log else low)[0]
        draw.text((across, bottom + 6), f"{x:,.10g}", fill="black", font=font, anchor="mt")
    draw.text((_LEFT, 8), title, fill="black", font=font)
    draw.text(
        ((_LEFT + _WIDTH - right) / 2, bottom + 24), along, fill="black", font=font, anchor="mt"
    )
    for i, (name, points) in enumerate(curves.items()):
        colour = _COLOURS[i % len(_COLOURS)]
        places = [place(*point) for point in points]
        draw.line(places, fill=colour, width=2)
        for x, y in places:
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)
        y = _TOP + 20 * i
        start = _WIDTH - right
        draw.line((start + 15, y, start + 35, y), fill=colour, width=2)
        draw.text((start + 42, y), name, fill="black", font=font, anchor="lm")
    return np.asarray(image)


def _ticks(end: float) -> list[float]:
    """Returns five to ten round numbers from 0 to the end."""
    power = 10 ** math.floor(math.log10(end))
    step = next(power * part for part in (0.1, 0.2, 0.5, 1.0) if end / (power * part) <= 10)
    return [step * i for i in range(math.floor(end / step + 1e-9) + 1)]

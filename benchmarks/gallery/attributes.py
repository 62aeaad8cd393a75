"""Figures of images drawn from attributes: figures, and solids from all around."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gallery import style
from benchmarks.gallery.drawing import between
from benchmarks.gallery.figure import Figure

_FRAMES = 12
#: A figure in the middle.
_PLAIN = {"angle": 0.0, "x": 0.5, "y": 0.5, "size": 0.24}
_PLAIN |= {"red": 255.0, "green": 130.0, "blue": 0.0}
_WALKS = (("star", "circle"), ("triangle", "cross"))

#: A solid from a little above, and degrees that the camera goes around it.
_SOLID = {"elevation": 30.0, "size": 0.33, "red": 50.0, "green": 210.0, "blue": 225.0}
_VIEWS = np.arange(0.0, 181.0, 15.0)


def attributes(workdir: Path) -> Any:
    """Draws figures: one attribute changes, or one class becomes another, beside a blend."""
    from tfgan_zoo.run import load_run

    model = load_run(workdir)
    changes = {
        "angle": ("triangle", "angle", 0.0, 110.0),
        "size": ("star", "size", 0.18, 0.26),
        "place": ("cross", "x", 0.4, 0.6),
        "colour": ("ring", "blue", 0.0, 255.0),
    }
    rows = {}
    for title, (shape, name, first, last) in changes.items():
        values = np.linspace(first, last, _FRAMES)
        rows[title] = model.generate(_PLAIN | {"shape": shape, name: values})
    for start, end in _WALKS:
        ends = (_PLAIN | {"shape": shape} for shape in (start, end))
        walk = model.interpolate(*ends, _FRAMES)[0]
        rows[f"{start}\nto {end}"] = walk
        rows[f"{start}, {end}:\npixels blended"] = blend(walk[0], walk[-1], _FRAMES)
    return style.strips({title: _middle(images) for title, images in rows.items()})


def _middle(images: np.ndarray) -> np.ndarray:
    """Returns three quarters of the images' sides, where the figures are."""
    edge = images.shape[1] // 8
    return images[:, edge:-edge, edge:-edge]


def blend(first: np.ndarray, last: np.ndarray, frames: int) -> np.ndarray:
    """Returns mixtures of the pixels of two images, `[frames, H, W, C]`, both included.

    Example:
        >>> blend(np.zeros((1, 1, 1)), np.ones((1, 1, 1)), 3).ravel().tolist()
        [0.0, 0.5, 1.0]
    """
    shares = np.linspace(0, 1, frames, dtype=np.float32)[:, None, None, None]
    return (1 - shares) * first + shares * last


def turning(workdir: Path) -> Any:
    """Draws solids from many views, beside their renderings, and solids that become others."""
    from tfgan_zoo.data.solid_views import HELD_OUT_VIEWS
    from tfgan_zoo.data.solids import KINDS
    from tfgan_zoo.run import load_run

    model = load_run(workdir)
    turned = _SOLID | {"view": _VIEWS}
    rows = {}
    for kind in ("torus", "cone", "cross-bar"):
        rows[kind] = model.generate(turned | {"kind": kind})
        rows[f"{kind},\nrendered"] = rendered(kind, model.image_shape[0])
    for start, end in (("box", "torus"), ("cone", "cross-bar")):
        kinds = between(KINDS, start, end, len(_VIEWS))
        rows[f"{start}\nto {end}"] = model.generate(turned | {"kind": kinds})
    first, last = HELD_OUT_VIEWS
    heads = [f"({view:.0f}°)" if first <= view < last else f"{view:.0f}°" for view in _VIEWS]
    return style.strips(rows, heads=heads)


def rendered(kind: str, side: int) -> np.ndarray:
    """Returns exact pictures of a solid from `_VIEWS`, on black, uint8."""
    from tfgan_zoo.data import solid_views
    from tfgan_zoo.data.solids import KINDS
    from tfgan_zoo.pixels import on_black

    num = len(_VIEWS)
    rgb = np.array([[_SOLID[name] for name in ("red", "green", "blue")]] * num, np.uint8)
    solids = solid_views.Attributes(
        kind=np.full(num, KINDS.index(kind), np.int32),
        colour=np.zeros(num, np.int32),
        view=_VIEWS,
        elevation=np.full(num, _SOLID["elevation"]),
        radius=np.full(num, _SOLID["size"]),
        rgb=rgb,
    )
    return on_black(*solid_views.render(solids, side))


FIGURES = {
    "attributes": Figure(
        "One attribute at a time",
        "A network draws figures from descriptions: in each of the first rows one number of the "
        "description changes, and all others stay. Between two classes it draws shapes with one "
        "outline that belong to neither, where a blend of pixels shows both at once, each of "
        "them half transparent.",
        attributes,
        recipe="attribute_to_image",
    ),
    "turning": Figure(
        "A solid turns",
        "From numbers that describe a solid and a view, a network draws what the camera sees, "
        "beside exact renderings. Training left out all views from 90 to 120 degrees (in "
        "brackets): there the network draws what is symmetrical well, and the cone at 105 "
        "degrees badly. In the last rows the kind changes with the view.",
        turning,
        recipe="attribute_to_image_solids",
    ),
}

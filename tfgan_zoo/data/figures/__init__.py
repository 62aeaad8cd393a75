"""`figures`: a data set that the library draws from a seed, with NumPy alone.

One coloured figure on a plain background, at any resolution, with labels and a caption. It needs
no network and no disk, and because everything about an image is known, what a model trained on it
makes can be read back exactly (see `tfgan_zoo.metrics.figures`).

The bytes are the same on every machine: attributes come from an integer hash of
(seed, view, split, field, index), so any slice can be drawn alone, and pixels from signed distances
in float64 using only `+ - * /` and `sqrt`, which IEEE 754 rounds correctly everywhere.

Example:
>>> data = load("captions", split="test", resolution=64, num=3)
>>> data["image"].shape, data["image"].dtype
((3, 64, 64, 3), dtype('uint8'))
>>> str(data["caption"][0])
'a large green circle at the bottom left on a dark background'
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfgan_zoo.data.figures.shapes import (  # noqa: F401  (offered here, too)
    FILLS,
    SHAPES,
    STRIPE_PERIOD,
    STROKE,
    SYMMETRIES,
    coverage,
    sine_and_cosine,
)
from tfgan_zoo.data.streams import Rows, of_split, pairs_without, pick, uniform, uniform_outside
from tfgan_zoo.errors import InputError
from tfgan_zoo.suggestions import did_you_mean

COLOURS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
#: Names of the classes, by `Attributes.label`.
CLASS_NAMES = tuple(f"{colour} {shape}" for shape in SHAPES for colour in COLOURS)
BACKGROUNDS = ("dark", "grey", "light")
SIZES = ("small", "large")
PLACES = (
    "top left",
    "top",
    "top right",
    "left",
    "centre",
    "right",
    "bottom left",
    "bottom",
    "bottom right",
)

# At least 100 apart from each other and from the backgrounds, in RGB of 0..255.
COLOUR_RGB = np.array(
    [
        [215, 25, 35],
        [255, 130, 0],
        [255, 240, 60],
        [40, 160, 60],
        [50, 210, 225],
        [30, 80, 230],
        [135, 30, 200],
        [255, 125, 200],
    ],
    np.uint8,
)
BACKGROUND_RGB = np.array([[25, 25, 30], [128, 128, 128], [225, 225, 225]], np.uint8)
#: The colour beyond `COLOURS` that the view `transfer` draws: index and RGB.
GREY = len(COLOURS)
GREY_RGB = np.array([200, 200, 200], np.uint8)
for _table in (COLOUR_RGB, BACKGROUND_RGB, GREY_RGB):
    _table.flags.writeable = False

# Words for numbers, in fractions of the image: a radius from here on is large, and the two cuts
# of each axis divide the image into the nine places.
SIZE_THRESHOLD = 0.2
PLACE_THRESHOLDS = (0.395, 0.605)

SPLIT_SIZES = {"train": 20_000, "test": 2_000}

# (shape, colour) pairs that `captions` keeps out of train. Every shape and every colour is still
# seen there, in other pairs.
HELD_OUT = (
    ("circle", "yellow"),
    ("square", "purple"),
    ("triangle", "red"),
    ("triangle", "cyan"),
    ("star", "blue"),
    ("star", "orange"),
    ("ring", "green"),
    ("cross", "pink"),
)

#: Angles in degrees that the view `attributes` keeps out of train.
HELD_OUT_ANGLES = (90.0, 120.0)
#: The attributes of the view `attributes`, with their classes and ranges; see
#: `tfgan_zoo.attributes`.
DESCRIBED: Mapping[str, Any] = {
    "shape": SHAPES,
    "angle": "degrees",
    "x": (0.36, 0.64),
    "y": (0.36, 0.64),
    "size": (0.18, 0.26),
    "red": (0.0, 255.0),
    "green": (0.0, 255.0),
    "blue": (0.0, 255.0),
}
#: The most that a channel of a colour differs there from that of the nearest of `COLOURS`.
COLOUR_JITTER = 16

_CENTRES = (0.29, 0.5, 0.71)
_SMALL, _LARGE = (0.15, 0.17), (0.23, 0.255)


@dataclasses.dataclass(frozen=True)
class View:
    """A variant of the data set: what varies, and the parts of a sample.

    Args:
        description: One sentence for a reader choosing a view.
        elements: The keys of an element.
        fills: The fills drawn.
        backgrounds: The backgrounds drawn.
        radii: Ranges of the radius, in fractions of the image; one is picked per figure.
        centres: Places of the centre along each axis, in fractions of the image.
        jitter: Half the width of the uniform noise added to each centre.
        combination: The attributes whose joint values are counted as modes of the view.
        held_out: (shape, colour) pairs that never occur in train.
        independent: Whether the domains are other figures, rather than the same ones.
        grey: Domains whose figures are all grey.
        continuous: Whether centre, size, angle and colour vary continuously, each centre within
            `jitter` of the middle.
    """

    description: str
    elements: tuple[str, ...] = ("image", "label", "caption")
    fills: tuple[str, ...] = ("solid",)
    backgrounds: tuple[str, ...] = ("dark",)
    radii: tuple[tuple[float, float], ...] = ((0.3, 0.38),)
    centres: tuple[float, ...] = (0.5,)
    jitter: float = 0.04
    combination: tuple[str, ...] = ("shape", "colour")
    held_out: tuple[tuple[str, str], ...] = ()
    independent: bool = False
    grey: tuple[str, ...] = ()
    continuous: bool = False


VIEWS: Mapping[str, View] = {
    "": View(
        "One solid figure near the middle of a dark image, 6 shapes x 8 colours: "
        "what a small GAN learns in minutes."
    ),
    "full": View(
        "Every attribute varies: shape, colour, fill, size, place and background.",
        fills=FILLS,
        backgrounds=BACKGROUNDS,
        radii=(_SMALL, _LARGE),
        centres=_CENTRES,
        jitter=0.025,
        combination=("shape", "colour", "fill"),
    ),
    "captions": View(
        "Images with captions of shape, colour, place (four of the nine) and background; some "
        "(shape, colour) pairs occur in test only.",
        elements=("image", "label", "caption", "held_out"),
        backgrounds=("dark", "light"),
        radii=((0.26, 0.3),),
        centres=(0.32, 0.68),
        jitter=0.02,
        held_out=HELD_OUT,
    ),
    "paired": View(
        "Pairs for image translation: a is the outline of a figure, b the same figure solid.",
        elements=("a", "b"),
        fills=("outline", "solid"),
        radii=((0.28, 0.38),),
        jitter=0.08,
    ),
    "unpaired": View(
        "Two independent domains for image translation: a is solid figures, b striped ones.",
        elements=("a", "b"),
        fills=("solid", "striped"),
        radii=((0.28, 0.38),),
        jitter=0.08,
        independent=True,
    ),
    "transfer": View(
        "Two independent domains for domain transfer, in nine places: a is solid coloured figures, "
        "b grey outlines.",
        elements=("a", "b"),
        fills=("solid", "outline"),
        radii=(_LARGE,),
        centres=_CENTRES,
        jitter=0.025,
        independent=True,
        grey=("b",),
    ),
    "attributes": View(
        "Images with masks and continuous attributes: place, size, angle and colour; some (shape, "
        "colour) pairs and a range of angles occur in test only.",
        elements=("image", "mask", *DESCRIBED, "label", "held_out"),
        backgrounds=BACKGROUNDS,
        radii=((0.18, 0.26),),
        jitter=0.14,
        held_out=HELD_OUT,
        continuous=True,
    ),
}


@dataclasses.dataclass(frozen=True)
class Attributes(Rows):
    """What is drawn, one entry per image; index it with a slice or an array for a part.

    Args:
        shape: int32, index into `SHAPES`.
        colour: int32, index into `COLOURS`, or `GREY`.
        fill: int32, index into `FILLS`.
        background: int32, index into `BACKGROUNDS`.
        radius: float64, half the side of the square that encloses the figure, as a fraction of
            the image's side.
        x: float64, the centre of that square from the left, in [0, 1].
        y: float64, the same from the top.
        angle: float64, degrees clockwise about that centre; None for upright figures. A turned
            figure may reach beyond the square.
        rgb: uint8 `[N, 3]`, the colours that are drawn; None for those of `colour`.
    """

    shape: np.ndarray
    colour: np.ndarray
    fill: np.ndarray
    background: np.ndarray
    radius: np.ndarray
    x: np.ndarray
    y: np.ndarray
    angle: np.ndarray | None = None
    rgb: np.ndarray | None = None

    @property
    def size(self) -> np.ndarray:
        """The index into `SIZES`, from the radius."""
        return (self.radius >= SIZE_THRESHOLD).astype(np.int32)

    @property
    def place(self) -> np.ndarray:
        """The index into `PLACES`, from the centre."""
        low, high = PLACE_THRESHOLDS
        column = (self.x >= low).astype(np.int32) + (self.x >= high)
        row = (self.y >= low).astype(np.int32) + (self.y >= high)
        return 3 * row + column

    @property
    def label(self) -> np.ndarray:
        """`shape * 8 + colour`, in 0..47; grey figures have none of their own."""
        return self.shape * len(COLOURS) + self.colour


# --- drawing attributes ---------------------------------------------------------------------------


def get_view(view: str) -> View:
    """Returns the `View` of this name; raises `InputError` naming the nearest if there is none."""
    if view == "labels":
        raise InputError(
            "figures/labels holds label maps; use a model of these, such as pix2pix_hd, or "
            "tfgan_zoo.data.figures.scenes."
        )
    if view not in VIEWS:
        raise InputError(f"figures has no view {view!r}{did_you_mean(view, filter(None, VIEWS))}")
    return VIEWS[view]


def attributes(
    view: str = "",
    split: str = "train",
    num: int | None = None,
    seed: int = 0,
    start: int = 0,
    domain: str = "",
) -> Attributes:
    """Draws the attributes of images `start` to `start + num` of a split.

    Access is random: `attributes(num=3, start=5)` equals `attributes(num=8)[5:]`. Train and test
    are different streams of the same seed.

    Args:
        view: A key of `VIEWS`.
        split: "train" or "test".
        num: How many; the split's size (20,000 or 2,000) if None.
        seed: Any integer; another seed is another data set.
        start: Index of the first.
        domain: "a" or "b" for the views with these elements ("a" if empty), which fixes the fill.
            In `paired` both domains are the same figures; in the others they are independent.

    Returns:
        `Attributes` of `num` entries.

    Raises:
        InputError: If the view, the split or the domain does not exist, or a count is negative.

    Example:
    >>> attributes("full", num=4).shape
    array([4, 5, 4, 4], dtype=int32)
    """
    spec = get_view(view)
    stream = f"figures/{view}/{split}/"
    if spec.independent:
        stream += (domain or "a") + "/"
    num, bits = of_split("figures", split, SPLIT_SIZES, num, seed, start, stream)
    translation = "a" in spec.elements
    if domain not in (("", "a", "b") if translation else ("",)):
        raise InputError(f"figures: the view {view!r} has no domain {domain!r}.")
    lacks = split == "train"
    allowed = pairs_without(SHAPES, COLOURS, spec.held_out if lacks else ())
    shape, colour = allowed[pick(bits("label"), len(allowed))].T
    if translation:
        fill = np.full(num, FILLS.index(spec.fills[int(domain == "b")]), np.int32)
    else:
        fills = np.array([FILLS.index(name) for name in spec.fills], np.int32)
        fill = fills[pick(bits("fill"), len(fills))]
    if (domain or "a") in spec.grey:
        colour = np.full(num, GREY, np.int32)
    backgrounds = np.array([BACKGROUNDS.index(name) for name in spec.backgrounds], np.int32)
    radii = np.array(spec.radii)[pick(bits("size"), len(spec.radii))]
    centres = np.array(spec.centres)
    turned: dict[str, np.ndarray] = {}
    if spec.continuous:
        turned["angle"] = uniform_outside(bits("angle"), 360.0, HELD_OUT_ANGLES if lacks else None)
        turned["rgb"] = jittered(colour, bits)
    return Attributes(
        shape=np.ascontiguousarray(shape),
        colour=np.ascontiguousarray(colour),
        fill=fill,
        background=backgrounds[pick(bits("background"), len(backgrounds))],
        radius=uniform(bits("radius"), radii[:, 0], radii[:, 1]),
        x=centres[pick(bits("column"), len(centres))]
        + uniform(bits("x"), -spec.jitter, spec.jitter),
        y=centres[pick(bits("row"), len(centres))] + uniform(bits("y"), -spec.jitter, spec.jitter),
        **turned,
    )


def jittered(colour: np.ndarray, bits: Callable[[str], np.ndarray]) -> np.ndarray:
    """Returns colours near those of `COLOURS`, uint8 `[N, 3]`.

    Args:
        colour: Indices into `COLOURS`, `[N]`.
        bits: From the name of a stream to its random numbers; see `streams.of_split`.
    """
    rgb = COLOUR_RGB[colour].astype(np.int64)
    for channel, name in enumerate(("red", "green", "blue")):
        rgb[:, channel] += pick(bits(name), 2 * COLOUR_JITTER + 1) - COLOUR_JITTER
    return np.clip(rgb, 0, 255).astype(np.uint8)


# --- rendering ------------------------------------------------------------------------------------


def render(figures: Attributes, resolution: int = 32) -> np.ndarray:
    """Draws figures.

    Args:
        figures: What to draw, N of them.
        resolution: Side of the images in pixels, 8 or more.

    Returns:
        uint8 `[N, resolution, resolution, 3]` in 0..255.

    Raises:
        InputError: If the resolution is below 8.

    Example:
    >>> render(attributes(num=2), 32)[:, 0, 0]  # the background
    array([[25, 25, 30],
           [25, 25, 30]], dtype=uint8)
    """
    palette = np.concatenate([COLOUR_RGB, GREY_RGB[np.newaxis]])
    above = palette[figures.colour] if figures.rgb is None else figures.rgb
    return _drawn(figures, above, BACKGROUND_RGB[figures.background], resolution)


def _drawn(
    figures: Attributes, colours: np.ndarray, backgrounds: np.ndarray, resolution: int
) -> np.ndarray:
    """Draws figures in some colours on others, uint8 `[N, channels]` each."""
    if resolution < 8:
        raise InputError(f"figures: the resolution must be 8 or more, not {resolution}.")
    channels = colours.shape[1]
    images = np.empty((len(figures), resolution, resolution, channels), np.uint8)
    # What a chunk touches fits the processor's cache, and memory stays bounded at any size.
    chunk = max(1, (1 << 16) // resolution**2)
    for kind in range(len(SHAPES) * len(FILLS)):
        shape, fill = divmod(kind, len(FILLS))
        (where,) = np.nonzero((figures.shape == shape) & (figures.fill == fill))
        for i in range(0, len(where), chunk):
            index = where[i : i + chunk]
            part = figures[index]
            mask = coverage(shape, fill, part.radius, part.x, part.y, resolution, part.angle)
            below = backgrounds[index].astype(np.float64)
            above = colours[index].astype(np.float64) - below
            pixels = np.empty((*mask.shape, channels), np.uint8)
            for channel in range(channels):
                value = mask * above[:, channel, None, None]
                value += below[:, channel, None, None]
                pixels[..., channel] = np.rint(value, out=value)
            images[index] = pixels
    return images


def masks(figures: Attributes, resolution: int = 32) -> np.ndarray:
    """Draws the masks of figures: the share of each pixel that the figure covers.

    Args:
        figures: What to draw, N of them.
        resolution: Side of the masks in pixels, 8 or more.

    Returns:
        uint8 `[N, resolution, resolution, 1]` in 0..255.

    Raises:
        InputError: If the resolution is below 8.

    Example:
    >>> masks(attributes(num=2), 32)[:, 0, 0, 0].tolist()  # the background
    [0, 0]
    """
    white = np.full((len(figures), 1), 255, np.uint8)
    return _drawn(figures, white, np.zeros_like(white), resolution)


def described(figures: Attributes) -> dict[str, np.ndarray]:
    """Returns the values of `DESCRIBED`, of figures of the view `attributes`, N of each.

    Example:
    >>> values = described(attributes("attributes", num=1))
    >>> {name: round(float(each[0]), 2) for name, each in values.items()}
    {'shape': 0.0, 'angle': 181.0, 'x': 0.44, 'y': 0.53, 'size': 0.2, 'red': 255.0, ...}
    """
    assert figures.angle is not None
    assert figures.rgb is not None
    red, green, blue = figures.rgb.astype(np.float64).T
    return {
        "shape": figures.shape,
        "angle": figures.angle,
        "x": figures.x,
        "y": figures.y,
        "size": figures.radius,
        "red": red,
        "green": green,
        "blue": blue,
    }


def captions(figures: Attributes) -> list[str]:
    """Describes what is drawn, from the same attributes as the pixels and the labels.

    Args:
        figures: What is drawn, N of them.

    Returns:
        N sentences. A solid figure's fill is not mentioned.

    Example:
    >>> captions(attributes("full", num=1))
    ['a small outlined pink ring on the left on a light background']
    """
    fills = ("", "outlined ", "striped ")
    places = tuple(
        ("in the " if name == "centre" else "on the " if name in ("left", "right") else "at the ")
        + name
        for name in PLACES
    )
    columns = (
        figures.size,
        figures.fill,
        figures.colour,
        figures.shape,
        figures.place,
        figures.background,
    )
    return [
        f"a {SIZES[s]} {fills[f]}{(*COLOURS, 'grey')[c]} {SHAPES[k]} {places[p]}"
        f" on a {BACKGROUNDS[b]} background"
        for s, f, c, k, p, b in zip(*(column.tolist() for column in columns), strict=True)
    ]


def is_held_out(figures: Attributes) -> np.ndarray:
    """Returns whether each figure's (shape, colour) pair is one of `HELD_OUT`: bool [N].

    Of turned figures, also whether the angle is one of `HELD_OUT_ANGLES`.
    """
    labels = [SHAPES.index(s) * len(COLOURS) + COLOURS.index(c) for s, c in HELD_OUT]
    held_out = np.isin(figures.label, labels)
    if figures.angle is not None:
        first, last = HELD_OUT_ANGLES
        held_out |= (figures.angle >= first) & (figures.angle < last)
    return held_out


def counterparts(
    split: str = "test",
    resolution: int = 32,
    num: int | None = None,
    seed: int = 0,
    view: str = "unpaired",
) -> dict[str, np.ndarray]:
    """Returns the true translations of the images of `load(view, ...)`, for scoring only.

    Args:
        split: "train" or "test".
        resolution: Side of the images in pixels.
        num: How many; all of the split if None.
        seed: The data set's seed.
        view: "unpaired", or "transfer" for the first of the two.

    Returns:
        "a_to_b": each image of a in the style of b; "b_to_a": each image of b solid. uint8 NHWC.
    """
    a = attributes(view, split, num, seed, domain="a")
    b = attributes(view, split, num, seed, domain="b")
    found = {"a_to_b": render(in_style_of(a, b), resolution)}
    if not get_view(view).grey:  # Nothing says which colour a grey figure had.
        found["b_to_a"] = render(in_style_of(b, a), resolution)
    return found


def in_style_of(figures: Attributes, others: Attributes) -> Attributes:
    """Returns figures as another domain draws them: with its fill, and grey if it is grey."""
    restyled = dataclasses.replace(figures, fill=others.fill)
    is_grey = len(others) > 0 and bool((others.colour == GREY).all())
    return dataclasses.replace(restyled, colour=others.colour) if is_grey else restyled


def load(
    view: str = "",
    split: str = "train",
    resolution: int = 32,
    num: int | None = None,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Draws a split into memory.

    Args:
        view: A key of `VIEWS`: "" (default), "full", "captions", "paired", "unpaired", "transfer"
            or "attributes".
        split: "train" or "test"; they never share a stream.
        resolution: Side of the images in pixels, 8 or more.
        num: How many images; 20,000 of train and 2,000 of test if None.
        seed: Any integer; another seed is another data set.

    Returns:
        A dict of arrays, N long, with the view's elements: "image", "a" and "b" are uint8 NHWC;
        "label" int32 in 0..47 (`shape * 8 + colour`); "caption" unicode strings; "held_out" bool,
        whether the (shape, colour) pair is absent from train. Of "attributes", "mask" is uint8
        NHWC of one channel, and the keys of `DESCRIBED` have the values that images were drawn
        from; "held_out" is also true of angles that are absent from train.

    Raises:
        InputError: If the view or the split does not exist, or a number is out of range.

    Example:
    >>> {key: value.shape for key, value in load("paired", num=5).items()}
    {'a': (5, 32, 32, 3), 'b': (5, 32, 32, 3)}
    """
    spec = get_view(view)
    if "a" in spec.elements:
        return {
            domain: render(attributes(view, split, num, seed, domain=domain), resolution)
            for domain in ("a", "b")
        }
    figures = attributes(view, split, num, seed)
    makers: dict[str, Any] = {
        "image": lambda: render(figures, resolution),
        "label": lambda: figures.label,
        "caption": lambda: np.array(captions(figures), np.str_),
        "held_out": lambda: is_held_out(figures),
        "mask": lambda: masks(figures, resolution),
    }
    if spec.continuous:
        values = described(figures)
        makers |= {name: functools.partial(values.get, name) for name in values}
    return {element: makers[element]() for element in spec.elements}

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
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.suggestions import did_you_mean

SHAPES = ("circle", "square", "triangle", "star", "ring", "cross")
COLOURS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
FILLS = ("solid", "outline", "striped")
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
}


@dataclasses.dataclass(frozen=True)
class Attributes:
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
    """

    shape: np.ndarray
    colour: np.ndarray
    fill: np.ndarray
    background: np.ndarray
    radius: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.shape)

    def __getitem__(self, index: slice | np.ndarray) -> "Attributes":
        return Attributes(**{f.name: getattr(self, f.name)[index] for f in _FIELDS})

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


_FIELDS = dataclasses.fields(Attributes)

# --- drawing attributes ---------------------------------------------------------------------------

_MASK64 = (1 << 64) - 1


def _mix(z: np.ndarray) -> np.ndarray:
    """SplitMix64's output function (Steele et al. 2014), uint64 -> uint64."""
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def random_bits(seed: int, stream: str, index: np.ndarray) -> np.ndarray:
    """Returns 64 random bits for each index of a named stream."""
    key = 0xCBF29CE484222325  # FNV-1a, because Python's hash() differs from run to run
    for byte in stream.encode():
        key = ((key ^ byte) * 0x100000001B3) & _MASK64
    start = _mix(np.array([(key + seed) & _MASK64], np.uint64))
    return _mix(_mix(start ^ np.uint64(key)) + index)


def pick(bits: np.ndarray, options: int) -> np.ndarray:
    """Returns uniform int32 in 0..options-1."""
    return (((bits >> np.uint64(32)) * np.uint64(options)) >> np.uint64(32)).astype(np.int32)


def uniform(bits: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
    """Returns uniform float64 in [low, high)."""
    return low + (high - low) * ((bits >> np.uint64(11)).astype(np.float64) * 2.0**-53)


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


def _check_split(split: str) -> None:
    if split not in SPLIT_SIZES:
        raise InputError(f"figures has no split {split!r}{did_you_mean(split, SPLIT_SIZES)}")


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
    seed = check_seed(seed, any_integer=True)
    _check_split(split)
    num = SPLIT_SIZES[split] if num is None else num
    if num < 0 or start < 0:
        raise InputError(f"figures: num and start must be 0 or more, not {num} and {start}.")
    translation = "a" in spec.elements
    if domain not in (("", "a", "b") if translation else ("",)):
        raise InputError(f"figures: the view {view!r} has no domain {domain!r}.")
    stream = f"figures/{view}/{split}/"
    if spec.independent:
        stream += (domain or "a") + "/"

    index = np.arange(start, start + num, dtype=np.uint64)

    def bits(field: str) -> np.ndarray:
        return random_bits(seed, stream + field, index)

    allowed = np.array(
        [
            (s, c)
            for s in range(len(SHAPES))
            for c in range(len(COLOURS))
            if split != "train" or (SHAPES[s], COLOURS[c]) not in spec.held_out
        ],
        np.int32,
    )
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
    return Attributes(
        shape=np.ascontiguousarray(shape),
        colour=np.ascontiguousarray(colour),
        fill=fill,
        background=backgrounds[pick(bits("background"), len(backgrounds))],
        radius=uniform(bits("radius"), radii[:, 0], radii[:, 1]),
        x=centres[pick(bits("column"), len(centres))]
        + uniform(bits("x"), -spec.jitter, spec.jitter),
        y=centres[pick(bits("row"), len(centres))] + uniform(bits("y"), -spec.jitter, spec.jitter),
    )


# --- rendering ------------------------------------------------------------------------------------

# In units of the radius. The ring is far thicker than an outline, so that an outlined circle is not
# a ring.
STROKE = 0.17
STRIPE_PERIOD = 0.5
_SIN36, _COS36 = 0.5877852522924731, 0.8090169943749475
_SIN60 = 0.8660254037844386
_STAR_INNER = 0.45


def _circle(x, y):
    return np.sqrt(x * x + y * y) - 0.95


def _square(x, y):
    return np.maximum(np.abs(x), np.abs(y)) - 0.82


def _triangle(x, y):
    # Equilateral, circumradius 1.15, moved down so that its bounding box is centred.
    y = y - 0.2875
    return np.maximum(y, _SIN60 * np.abs(x) - 0.5 * y) - 0.575


def _star(x, y):
    # Fold the plane into the wedge of the top point, then one line bounds the figure.
    x, y = np.abs(x), 0.1 - y
    fold = 2.0 * np.maximum(_COS36 * x - _SIN36 * y, 0.0)
    x, y = x - fold * _COS36, y + fold * _SIN36
    fold = 2.0 * np.maximum(-_COS36 * x - _SIN36 * y, 0.0)
    x, y = np.abs(x + fold * _COS36), y + fold * _SIN36
    # The edge from the point (0, 1.05) to the inner corner.
    run, drop = 1.05 * _STAR_INNER * _SIN36, 1.05 - 1.05 * _STAR_INNER * _COS36
    length = (run * run + drop * drop) ** 0.5
    return x * (drop / length) + (y - 1.05) * (run / length)


def _ring(x, y):
    return np.abs(np.sqrt(x * x + y * y) - 0.71) - 0.27


def _cross(x, y):
    x, y = np.abs(x), np.abs(y)
    return np.maximum(np.maximum(x, y) - 0.95, np.minimum(x, y) - 0.32)


_DISTANCES = (_circle, _square, _triangle, _star, _ring, _cross)


def coverage(
    shape: int,
    fill: int,
    radius: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    resolution: int,
) -> np.ndarray:
    """Returns the share of each pixel that a figure covers, antialiased, for one shape and fill.

    `clip(0.5 - d, 0, 1)` with d the signed distance of the pixel's centre from the edge, in pixels.

    Args:
        shape: Index into `SHAPES`.
        fill: Index into `FILLS`.
        radius: [n], fraction of the image.
        x: [n], fraction of the image, from the left.
        y: [n], fraction of the image, from the top.
        resolution: Side of the image in pixels.

    Returns:
        [n, resolution, resolution] in [0, 1], of the dtype of `radius`.
    """
    dtype = radius.dtype
    pixels = ((np.arange(resolution) + 0.5) / resolution).astype(dtype)
    u = ((pixels - x[:, None]) / radius[:, None])[:, None, :]
    v = ((pixels - y[:, None]) / radius[:, None])[:, :, None]
    distance = _DISTANCES[shape](u, v)
    if fill == 1:
        distance = np.maximum(distance, -STROKE - distance)
    elif fill == 2:
        # Four horizontal bars; the outer ones end inside every shape, so that none is a sliver.
        turns = v / STRIPE_PERIOD
        bars = (np.abs(turns - np.floor(turns) - 0.5) - 0.25) * STRIPE_PERIOD
        distance = np.maximum(distance, bars)
    distance *= (radius * resolution)[:, None, None]
    return np.clip(0.5 - distance, 0.0, 1.0, dtype=dtype)


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
    if resolution < 8:
        raise InputError(f"figures: the resolution must be 8 or more, not {resolution}.")
    images = np.empty((len(figures), resolution, resolution, 3), np.uint8)
    palette = np.concatenate([COLOUR_RGB, GREY_RGB[np.newaxis]])
    # What a chunk touches fits the processor's cache, and memory stays bounded at any size.
    chunk = max(1, (1 << 16) // resolution**2)
    for kind in range(len(SHAPES) * len(FILLS)):
        shape, fill = divmod(kind, len(FILLS))
        (where,) = np.nonzero((figures.shape == shape) & (figures.fill == fill))
        for i in range(0, len(where), chunk):
            index = where[i : i + chunk]
            part = figures[index]
            mask = coverage(shape, fill, part.radius, part.x, part.y, resolution)
            below = BACKGROUND_RGB[part.background].astype(np.float64)
            above = palette[part.colour].astype(np.float64) - below
            pixels = np.empty(mask.shape + (3,), np.uint8)
            for channel in range(3):
                value = mask * above[:, channel, None, None]
                value += below[:, channel, None, None]
                pixels[..., channel] = np.rint(value, out=value)
            images[index] = pixels
    return images


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
    """Returns whether each figure's (shape, colour) pair is one of `HELD_OUT`: bool [N]."""
    labels = [SHAPES.index(s) * len(COLOURS) + COLOURS.index(c) for s, c in HELD_OUT]
    return np.isin(figures.label, labels)


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
        view: A key of `VIEWS`: "" (default), "full", "captions", "paired", "unpaired" or
            "transfer".
        split: "train" or "test"; they never share a stream.
        resolution: Side of the images in pixels, 8 or more.
        num: How many images; 20,000 of train and 2,000 of test if None.
        seed: Any integer; another seed is another data set.

    Returns:
        A dict of arrays, N long, with the view's elements: "image", "a" and "b" are uint8 NHWC;
        "label" int32 in 0..47 (`shape * 8 + colour`); "caption" unicode strings; "held_out" bool,
        whether the (shape, colour) pair is absent from train.

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
    }
    return {element: makers[element]() for element in spec.elements}

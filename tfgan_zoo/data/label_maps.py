"""Opens label maps with their images: class numbers, instance numbers, and pictures.

| source | label maps and images |
|---|---|
| `figures/labels` | drawn, embedded |
| `folder:PATH`, `zip:PATH` | folders `label`, `inst` and `image`, or files `*_labelIds.png` |
| two domains of images, with `classes` the name of a palette | domain a by its colours, domain b |

A sample of a map is int16 `[H, W, 2]`: the class of each pixel, -1 for none, and the number of its
instance in the image; without instances `[H, W, 1]`.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tfgan_zoo.data.domains import Domains, open_domains
from tfgan_zoo.data.loading import in_threads
from tfgan_zoo.data.readers.label_maps import LabelFileSource, files_of, read_label_map
from tfgan_zoo.data.source import ArraySource, FileSource, Source, ViewSource, part_of
from tfgan_zoo.data.spec import FOLDERS, Opening
from tfgan_zoo.errors import InputError

#: Colours of classes in RGB, by the name of a palette.
PALETTES: dict[str, tuple[tuple[int, int, int], ...]] = {
    # Of the facades of pix2pix: background, facade, window, door, cornice, sill, balcony, blind,
    # deco, molding, pillar, shop.
    "cmp_facades": (
        (0, 0, 222),
        (0, 48, 255),
        (0, 128, 255),
        (0, 207, 255),
        (32, 255, 224),
        (112, 255, 143),
        (192, 255, 63),
        (255, 240, 0),
        (255, 159, 0),
        (255, 80, 0),
        (255, 0, 0),
        (174, 0, 0),
    ),
}

#: What the values of label files mean: class numbers, or the colours of a palette.
CLASSES = ("values", *PALETTES)


class LabelArraySource(Source):
    """Label maps in memory.

    Args:
        spec: Name for messages.
        array: int16 `[N, H, W, 1 or 2]`.
    """

    array: np.ndarray
    shape: tuple[int, ...]
    alpha = False

    def __init__(self, spec: str, array: np.ndarray):
        self.spec = spec
        self.array = array
        self.shape = array.shape[1:]
        self.label_channels = array.shape[-1]

    def __len__(self) -> int:
        return len(self.array)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`."""
        return self.array[index]

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return f"{self.spec}[{index}]"


class PaletteSource(ViewSource):
    """Label maps whose classes are the nearest colours of a palette, as JPEG changes colours.

    Args:
        spec: Name for messages.
        source: A source of images.
        palette: A key of `PALETTES`.
    """

    def __init__(self, spec: str, source: Source, palette: str):
        colours = np.array(PALETTES[palette], np.float32)
        # Of a view, such as one half of each image, the whole image is read.
        whole = source.source if isinstance(source, ViewSource) else source
        within = source.look if isinstance(source, ViewSource) else None

        def look(image: np.ndarray) -> np.ndarray:
            return nearest_colours(image if within is None else within(image), colours)

        super().__init__(spec, whole, look)
        self.label_channels = 1


def nearest_colours(image: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Returns the index of the nearest of some colours for each pixel.

    Args:
        image: uint8 `[H, W, 3]`, or grey or with alpha.
        colours: `[N, 3]` in 0..255.

    Returns:
        int16 `[H, W, 1]`.

    Example:
        >>> nearest_colours(np.uint8([[[10, 0, 0], [0, 250, 0]]]), np.eye(3) * 255).tolist()
        [[[0], [1]]]
    """
    pixels = np.asarray(image, np.float32)
    pixels = np.repeat(pixels[..., :1], 3, -1) if pixels.shape[-1] < 3 else pixels[..., :3]
    # |p - c|^2 without |p|^2, which is the same for all colours.
    distances = (np.asarray(colours, np.float32) ** 2).sum(1) - 2 * pixels @ np.transpose(colours)
    return distances.argmin(-1).astype(np.int16)[..., np.newaxis]


@functools.lru_cache(maxsize=8)
def check_class_numbers(
    files: tuple[str, ...], num_classes: int, ignored: int | None, label: str
) -> None:
    """Reads the class numbers of all label maps, without instances and images.

    A process reads the same files once. On a terminal, a bar shows progress.

    Args:
        files: The files.
        num_classes: Number of classes.
        ignored: The value of pixels of no class.
        label: Name of the files, for the bar.

    Raises:
        InputError: If a file cannot be read, or a value is of no class.
    """

    def check(index: int) -> None:
        read_label_map(files[index], None, num_classes, ignored)

    for _ in in_threads(check, len(files), label, "label maps"):
        pass


def check_ignored(classes: str, ignored: int | None) -> None:
    """Raises `InputError` if there is an ignored value where classes have colours."""
    if classes != "values" and ignored is not None:
        raise InputError(
            f"ignored: expected None for classes={classes}, in which each pixel is of the class "
            f"with the nearest colour, got {ignored!r}."
        )


def open_label_maps(
    spec: str,
    split: str = "train",
    *,
    num_classes: int,
    classes: str = "values",
    ignored: int | None = None,
    instances: bool = True,
    layout: str = "auto",
    direction: str = "a_to_b",
    **options: Any,
) -> Domains:
    """Opens label maps, domain a, and their images, domain b.

    A folder has sub-folders `label`, `inst` and `image`, each with splits or within one; or all
    files of a split lie together, those of label maps ending in `_labelIds`, those of instance maps
    in `_instanceIds`, as in Cityscapes, whose folders `gtFine` and `leftImg8bit` are read as they
    are. What belongs together has the same name but for such endings.

    Args:
        spec: See the table above.
        split: See `open_source`, as for further options.
        num_classes: Number of classes.
        classes: "values", or the name of a palette: see `PALETTES`.
        ignored: The value of pixels of no class, with classes="values".
        instances: Whether to read maps of instances.
        layout: With a palette, see `open_domains`.
        direction: With a palette, see `open_domains`.
        **options: See `open_domains`.

    Returns:
        The domains, matched.

    Raises:
        InputError: If files are missing, or as `open_domains` says.

    Example:
        >>> domains = open_label_maps("figures/labels", num_classes=7, num=2, resolution=64)
        >>> domains.a[0].shape, domains.b[0].shape
        ((64, 64, 2), (64, 64, 3))
    """
    if classes not in CLASSES:
        raise InputError(f"classes: expected one of {', '.join(CLASSES)}, got {classes!r}.")
    check_ignored(classes, ignored)
    if classes != "values":
        return _by_colours(spec, split, classes, num_classes, instances, layout, direction, options)
    if (layout, direction) != ("auto", "a_to_b"):
        raise InputError(
            f'layout and direction: expected "auto" and "a_to_b" for label maps of class numbers, '
            f'got "{layout}" and "{direction}".'
        )
    opening = Opening(spec, split, **options)
    if opening.kind == "figures":
        return _open_figures(opening, num_classes, instances)
    if opening.kind not in FOLDERS:
        raise InputError(
            f"{spec} holds no label maps; use figures/labels, or folder: or zip: with folders "
            "label, inst and image."
        )
    found = files_of(opening, instances)
    for what, files in (("label", found.labels), ("image", found.images)):
        if not files:
            raise InputError(f"{spec} has no files of {what} in split {opening.split_name!r}.")
    maps = LabelFileSource(
        f"{spec} (label)",
        found.labels,
        found.instances if instances else None,
        num_classes,
        ignored,
        opening.on_error,
    )
    images = FileSource(
        f"{spec} (image)", found.images, on_error=opening.on_error, rules=opening.rules
    )
    a, b = (part_of(each, opening.split) for each in (maps, images))
    return Domains(a, b, True)


def _open_figures(opening: Opening, num_classes: int, instances: bool) -> Domains:
    from tfgan_zoo.data.figures import scenes

    if opening.rest != scenes.VIEW:
        raise InputError(f"{opening.spec} holds no label maps; use figures/{scenes.VIEW}.")
    if num_classes < len(scenes.CLASS_NAMES):
        raise InputError(
            f"num_classes: expected {len(scenes.CLASS_NAMES)} for {opening.spec}, "
            f"{', '.join(scenes.CLASS_NAMES)}, got {num_classes}."
        )
    fields = scenes.load(opening.split_name, opening.resolution or 64, opening.num, opening.seed)
    names = ["label", "inst"] if instances else ["label"]
    maps = np.stack([fields[name] for name in names], axis=-1).astype(np.int16)
    sources = (
        LabelArraySource(f"{opening.spec} (label)", maps),
        ArraySource(f"{opening.spec} (image)", fields["image"]),
    )
    a, b = (part_of(source, opening.split) for source in sources)
    return Domains(a, b, True)


def _by_colours(
    spec: str,
    split: str,
    palette: str,
    num_classes: int,
    instances: bool,
    layout: str,
    direction: str,
    options: dict[str, Any],
) -> Domains:
    """Opens two domains of images, the first of which is label maps in colours."""
    if num_classes != len(PALETTES[palette]):
        raise InputError(
            f"num_classes: expected {len(PALETTES[palette])} for classes={palette}, got "
            f"{num_classes}."
        )
    if instances:
        raise InputError(
            f"boundaries: expected False for classes={palette}, and style_size=0, as {spec} has "
            "no instance maps; add --config.model_args.boundaries=False "
            "--config.model_args.style_size=0."
        )
    domains = open_domains(spec, split, layout=layout, direction=direction, **options)
    return domains._replace(a=PaletteSource(domains.a.spec, domains.a, palette))

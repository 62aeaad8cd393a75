"""Opens images with their captions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tfgan_zoo.data.captions.reading import open_folder
from tfgan_zoo.data.opening import open_with
from tfgan_zoo.data.source import Source, part_of, part_rows
from tfgan_zoo.data.spec import FOLDERS, Opening
from tfgan_zoo.errors import InputError, check_texts
from tfgan_zoo.progress import counted


class Captioned(NamedTuple):
    """Images, what they show, and which class of thing that is.

    Args:
        images: The source of the images.
        captions: One or more captions of each image; a string is a single caption.
        classes: The class number of each image, integers `[N]`; None without classes. Their names
            are `images.class_names`, where the source knows them.
    """

    images: Source
    captions: Sequence[str | Sequence[str]]
    classes: np.ndarray | None = None

    def __repr__(self) -> str:
        num = len(self.captions)
        if not isinstance(self.captions, str):
            num = sum(1 if isinstance(each, str) else len(each) for each in self.captions)
        images = counted(len(self.images), "image")
        return f"<Captioned {self.images.spec}: {images}, {counted(num, 'caption')}>"


def open_captioned(
    spec: str,
    split: str = "train",
    *,
    resolution: int | None = None,
    num: int | None = None,
    seed: int = 0,
    on_error: str = "raise",
    data_dir: str | os.PathLike | None = None,
    white: float | None = None,
    color_profiles: str = "srgb",
    black: float | None = None,
    pages: str = "first",
    formats: str = "all",
) -> Captioned:
    """Opens images with their captions.

    Args:
        spec: A source as in the table of `help(tfgan_zoo.data.captions)` and docs/data.md, such as
            "figures/captions" or "folder:PATH".
        split: See `open_source`, as for the arguments below.
        resolution: Side in pixels at which `figures` are drawn.
        num: Number of `figures`.
        seed: Seed of the `figures`.
        on_error: "skip" leaves out unreadable images. Captions are always required.
        data_dir: Where `tfds:` keeps its data.
        white: The value of white in images of more than 8 bits.
        color_profiles: "srgb" or "ignore".
        black: See `open_source`, as for `pages` and `formats`.
        pages: "first" or "channels".
        formats: "all" or "common".

    Returns:
        The images and their captions. Only a few of the images are read yet.

    Raises:
        InputError: If the source is missing or has no captions, an image has none, a table names an
            image that does not exist, or a text cannot be read. The message names the file and the
            line.

    Example:
        >>> open_captioned("figures/captions", num=2).captions[0]
        ('a small blue ring at the top on a light background',)
    """
    rules = (white, color_profiles, black, pages, formats)
    opening = Opening(spec, split, resolution, num, seed, on_error, data_dir, *rules)
    if opening.kind == "tfds":
        from tfgan_zoo.data.readers.tfds import open_tfds_captioned

        return _checked(Captioned(*open_tfds_captioned(opening)))
    if opening.kind == "figures":
        images = open_with(opening)
        if "caption" not in images.extras:
            raise InputError(f"{opening.spec} has no captions; use figures/captions.")
        # No classes: captions of one shape and colour differ in place and size, too.
        return _checked(Captioned(images, images.extras["caption"].tolist()))
    if opening.kind not in FOLDERS:
        raise InputError(
            f"{opening.spec} has no captions; use figures/captions, folder:PATH, zip:PATH or "
            "tfds:NAME."
        )
    whole, captions = open_folder(opening)
    images = part_of(whole, opening.split)
    captions = [captions[i] for i in part_rows(whole, opening.split)]
    return _checked(Captioned(images, captions, images.labels))


def _checked(data: Captioned) -> Captioned:
    """Removes white space from the ends of the captions.

    Raises:
        InputError: If nothing is left of one, or an image has none.
    """
    stripped = [tuple(caption.strip() for caption in each) for each in captions_of(data)]
    for i, captions in enumerate(stripped):
        if not captions or not all(captions):
            raise InputError(
                f"{data.images.name(i)} has {'an empty' if captions else 'no'} caption; write one, "
                "or leave the image out."
            )
    return data._replace(captions=stripped)


def captions_of(data: Captioned) -> list[tuple[str, ...]]:
    """Returns the captions of each image.

    Raises:
        InputError: If one is not a string.

    Example:
        >>> captions_of(Captioned(source, ["a red bird", ("a bird", "it is small")]))
        [('a red bird',), ('a bird', 'it is small')]
    """
    if isinstance(data.captions, str):
        raise InputError(
            f"data.captions: expected the captions of each of {len(data.images)} images, got the "
            f"string {data.captions!r}."
        )
    checked = []
    for i, each in enumerate(data.captions):
        none = not isinstance(each, str) and isinstance(each, Sequence) and not len(each)
        name = f"data.captions[{i}]"
        checked.append(() if none else tuple(check_texts(name, each)))
    return checked

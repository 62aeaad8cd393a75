"""`figures`, `points` and `solids`: data sets that the library draws itself."""

from __future__ import annotations

from tfgan_zoo.data import points
from tfgan_zoo.data.source import ArraySource, Source
from tfgan_zoo.data.spec import Opening
from tfgan_zoo.errors import InputError
from tfgan_zoo.suggestions import did_you_mean


def open_figures(opening: Opening) -> Source:
    """Draws a split of a view of `figures`; their classes are shapes in colours.

    Raises:
        InputError: If there is no such view or split, or the view holds pairs of images.
    """
    from tfgan_zoo.data import figures

    fields = figures.load(
        opening.rest,
        split=opening.split_name,
        resolution=opening.resolution or 32,
        num=opening.num,
        seed=opening.seed,
    )
    if "image" not in fields:
        raise InputError(
            f"{opening.spec} has pairs ({', '.join(fields)}), not single images; use figures, or a "
            "model that translates."
        )
    image = fields.pop("image")
    return ArraySource(opening.spec, image, fields, class_names=figures.CLASS_NAMES)


def open_solid_views(opening: Opening) -> Source:
    """Draws a split of `solids/views`; the classes are the kinds of solids.

    Raises:
        InputError: If there is no such set or split.
    """
    if opening.rest != "views":
        raise InputError(f"There is no {opening.spec}{did_you_mean(opening.rest, ('views',))}.")
    from tfgan_zoo.data import solid_views

    fields = solid_views.load(
        opening.split_name, opening.resolution or 32, opening.num, opening.seed
    )
    image = fields.pop("image")
    return ArraySource(opening.spec, image, fields, class_names=solid_views.KINDS)


def open_points(opening: Opening) -> Source:
    """Samples a toy set; see `tfgan_zoo.data.points`.

    Raises:
        InputError: If there is no such set.
    """
    name = opening.rest
    if name not in points.NAMES:
        raise InputError(f"There is no toy set {opening.spec}{did_you_mean(name, points.NAMES)}.")
    num = 100_000 if opening.num is None else opening.num
    sampled = points.sample(name, num, split=opening.split_name, seed=opening.seed)
    return ArraySource(opening.spec, sampled)

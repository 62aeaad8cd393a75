"""Opens images with their attributes and masks."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.attributes import DEGREES, Attributes, check_name
from tfgan_zoo.data import figures, solid_views
from tfgan_zoo.data.attributes.masks import files_of, open_masks
from tfgan_zoo.data.captions.reading import read_text
from tfgan_zoo.data.opening import open_with
from tfgan_zoo.data.readers import archives
from tfgan_zoo.data.readers.folder import existing_folder
from tfgan_zoo.data.source import ArraySource, Source, part_of, part_rows
from tfgan_zoo.data.spec import FOLDERS, Opening
from tfgan_zoo.data.splits import SPLIT_OF_FOLDER, no_split
from tfgan_zoo.errors import InputError, warn_user
from tfgan_zoo.progress import counted
from tfgan_zoo.suggestions import nearest

#: The table of a folder's attributes.
TABLE = "attributes.csv"

#: Columns of the table that are no attributes.
_FILES, _SPLIT = ("file", "image"), "split"

#: Names of columns that hold degrees, besides those that end in `_degrees`, in either case.
ANGLES = ("angle", "azimuth", "elevation", "rotation", "view")

#: What the images of embedded data are drawn from, by the kind of the source.
_DRAWN = {"figures": figures.DESCRIBED, "solids": solid_views.DESCRIBED}

#: What programs write for a value that is missing.
_MISSING = ("nan", "na", "n/a", "null")
_DECLARE = "declare what the columns hold by attributes (--config.data.attributes)"


class Attributed(NamedTuple):
    """Images, what they can be drawn from, and which of their pixels show it.

    Args:
        images: The source of the images.
        masks: A source of as many masks, of one channel; None without masks.
        attributes: The attributes, as `tfgan_zoo.attributes` declares them.
        values: A value of each attribute for each image, arrays `[N]` by name; see
            `Attributes.encode`.
    """

    images: Source
    masks: Source | None
    attributes: Attributes
    values: Mapping[str, np.ndarray]

    def __repr__(self) -> str:
        masks = "with" if self.masks is not None else "without"
        names = ", ".join(self.attributes.names)
        return f"<Attributed {self.images.spec}: {len(self.images):,} {masks} masks: {names}>"


def open_attributed(
    spec: str,
    split: str = "train",
    *,
    attributes: Mapping[str, Any] | None = None,
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
) -> Attributed:
    """Opens images with their attributes, and masks if there are any.

    A folder holds a table `attributes.csv`. Its first line names the columns: `file`, relative to
    the folder; if the images are divided, `split`; and the attributes. A column of numbers is a
    number, one of texts is a class. Degrees are in columns called angle, azimuth, elevation,
    rotation or view, in either case, or whose names end in `_degrees`. A folder `masks` beside the
    table holds a grey mask for each image under the same path, with any ending: white where the
    object is.

    Args:
        spec: "figures/attributes", "solids/views", "folder:PATH" or "zip:PATH".
        split: See `open_source`, as for the arguments below.
        attributes: What attributes are declared as, to have the same classes and ranges in every
            split and data set; None for those that the data have, in all splits together.
        resolution: Side in pixels at which `figures` and `solids` are drawn.
        num: Number of `figures` or `solids`.
        seed: Seed of the `figures` or `solids`.
        on_error: "skip" leaves out unreadable images.
        data_dir: Has no effect here.
        white: The value of white in images of more than 8 bits.
        color_profiles: "srgb" or "ignore".
        black: See `open_source`, as for `pages` and `formats`.
        pages: "first" or "channels".
        formats: "all" or "common".

    Returns:
        The images with what belongs to them. No image is decoded yet.

    Raises:
        InputError: If the source is missing or has no attributes, a value is missing, unknown or
            out of range, or a mask is missing, in colour, or of another size than its image. The
            message names the file and the line.

    Example:
        >>> open_attributed("figures/attributes", num=2).values["angle"].round(1)
        array([181. , 229.8])
    """
    rules = (white, color_profiles, black, pages, formats)
    opening = Opening(spec, split, resolution, num, seed, on_error, data_dir, *rules)
    if opening.kind in _DRAWN:
        return _of_drawn(opening, _DRAWN[opening.kind], attributes)
    if opening.kind not in FOLDERS:
        raise InputError(
            f"{opening.spec} has no attributes; use figures/attributes or solids/views, or a "
            f"folder or an archive that holds {TABLE}."
        )
    return _of_folder(opening, attributes)


def _of_drawn(
    opening: Opening, described: Mapping[str, Any], attributes: Mapping[str, Any] | None
) -> Attributed:
    images = open_with(opening)
    if "mask" not in images.extras:
        raise InputError(f"{opening.spec} has no attributes; use figures/attributes.")
    declared = Attributes(described)
    if attributes and Attributes(attributes).declared != declared.declared:
        raise InputError(
            f"attributes: expected those of {opening.spec}, {', '.join(declared.texts())}, got "
            f"{', '.join(Attributes(attributes).texts())}; leave them out."
        )
    masks = ArraySource(f"{opening.spec}, masks", images.extras["mask"])
    extras = {name: values for name, values in images.extras.items() if name != "mask"}
    labelled = ArraySource(
        opening.spec, images.gather(slice(None)), extras, class_names=images.class_names
    )
    values = {name: labelled.part(name) for name in described}
    return Attributed(labelled, masks, declared, values)


def holds_attributes(opening: Opening) -> bool:
    """Returns whether a folder or an archive has a table of attributes, which may be unusable."""
    return archives.is_file(os.path.join(existing_folder(opening.spec, opening.rest), TABLE))


# ---------------------------------------------------------------------- tables


class _Row(NamedTuple):
    number: int
    file: str
    split: str
    values: dict[str, str]


def _of_folder(opening: Opening, attributes: Mapping[str, Any] | None) -> Attributed:
    root = existing_folder(opening.spec, opening.rest)
    table = os.path.join(root, TABLE)
    if not archives.is_file(table):
        raise InputError(
            f"{opening.spec}: there is no {TABLE} in {root}; write one, with a column file and one "
            "for each attribute."
        )
    rows = _read(table)
    declared = Attributes(attributes) if attributes else _declared(table, rows)
    _check_columns(table, rows[0].values, declared, bool(attributes))
    rows = _rows_of_split(opening, table, rows)
    values = {name: _column(table, rows, name, declared) for name in declared.names}
    _check_images(table, root, rows)
    images = files_of(opening, root, [row.file for row in rows], opening.spec)
    images.warn_if_dark()
    masks = open_masks(opening, root, TABLE, {row.file: row.number for row in rows})
    part, spec = part_rows(images, opening.split), opening.split
    return Attributed(
        part_of(images, spec),
        None if masks is None else part_of(masks, spec),
        declared,
        {name: column[part] for name, column in values.items()},
    )


def _read(table: str) -> list[_Row]:
    """Reads the lines of a table."""
    lines = [line + "\n" for line in read_text(table).removesuffix("\n").split("\n")]
    reader = csv.reader(lines, skipinitialspace=True, strict=True)
    rows: list[_Row] = []
    seen: dict[str, int] = {}
    try:
        columns = [name.strip() for name in next(reader, [])]
        files = [i for i, name in enumerate(columns) if name.lower() in _FILES]
        splits = [i for i, name in enumerate(columns) if name.lower() == _SPLIT]
        others = [i for i in range(len(columns)) if i not in (*files, *splits)]
        if len(columns) == 1 and (other := [sign for sign in ";\t|" if sign in columns[0]]):
            raise InputError(
                f"{table}: expected commas between columns, got {other[0]!r}; save it with commas."
            )
        if len(files) != 1 or len(splits) > 1 or not others or len(set(columns)) < len(columns):
            raise InputError(
                f"{table} has columns {', '.join(columns) or 'none'}; expected a first line with "
                "file, split if the images are divided, and one or more attributes, each once."
            )
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            number = reader.line_num
            if len(values) != len(columns):
                raise InputError(
                    f"{table}, line {number} has {counted(len(values), 'value')} for "
                    f"{len(columns)} columns; correct it."
                )
            if empty := [name for name, value in zip(columns, values, strict=True) if not value]:
                raise InputError(
                    f"{table}, line {number}: expected a value of {empty[0]}, got none; add it, or "
                    "remove the line."
                )
            file = os.path.normpath(values[files[0]].strip())
            if file in seen:
                raise InputError(
                    f"{table}, line {number}: {file} is in line {seen[file]}, too; remove one."
                )
            seen[file] = number
            split = values[splits[0]].strip().lower() if splits else ""
            described = {columns[i]: values[i].strip() for i in others}
            rows.append(_Row(number, file, SPLIT_OF_FOLDER.get(split, split), described))
    except csv.Error as error:
        raise InputError(
            f"{table}, line {reader.line_num} is not CSV ({error}); correct its quotes."
        ) from error
    if not rows:
        raise InputError(f"{table}: expected a line for each image, got none.")
    return rows


def _declared(table: str, rows: Sequence[_Row]) -> Attributes:
    """Returns what the columns of a table hold, over all its splits."""
    found: dict[str, Any] = {}
    for name in rows[0].values:
        check_name(name, table, f"; rename its column, or {_DECLARE}")
        values = [row.values[name] for row in rows]
        numbers = [number for value in values if (number := _number(value)) is not None]
        if _is_angle(name):
            found[name] = DEGREES
            _warn_of_radians(table, name, numbers)
        elif len(numbers) == len(rows):
            found[name] = (min(numbers), max(numbers))
        else:
            _check_classes(table, name, rows)
            found[name] = tuple(sorted(set(values)))
        if len(set(values)) == 1 and found[name] != DEGREES:
            raise InputError(
                f"{table}: expected different values in the column {name}, got {values[0]!r} in "
                "all lines; leave it out."
            )
    return Attributes(found, table)


def _is_angle(name: str) -> bool:
    return name.lower() in ANGLES or name.lower().endswith("_degrees")


def _check_classes(table: str, name: str, rows: Sequence[_Row]) -> None:
    """Checks that a column of texts holds names of classes.

    Raises:
        InputError: If some are numbers, or all with a decimal comma; if two differ in case only, or
            one stands for no value.
    """
    known: dict[str, _Row] = {}
    number = next((row for row in rows if _number(row.values[name]) is not None), None)
    with_points = [_number(row.values[name].replace(",", ".", 1)) for row in rows]
    if number is None and None not in with_points:
        raise InputError(
            f"{table}, line {rows[0].number}: {name}: expected a number with a decimal point, got "
            f"{rows[0].values[name]!r}; replace the commas, or {_DECLARE}."
        )
    for row in rows:
        text, place = row.values[name], f"{table}, line {row.number}: {name}"
        if number is not None and _number(text) is None:
            raise InputError(
                f"{place}: expected a number as in line {number.number}, got {text!r}; correct it, "
                f"or {_DECLARE}."
            )
        if text.lower() in _MISSING:
            raise InputError(f"{place}: expected a value, got {text!r}; correct it, or {_DECLARE}.")
        other = known.setdefault(text.lower(), row)
        if (before := other.values[name]) != text:
            raise InputError(
                f"{place}: expected {before!r} as in line {other.number}, got {text!r}; write it "
                f"in one way, or {_DECLARE}."
            )


def _warn_of_radians(table: str, name: str, numbers: Sequence[float]) -> None:
    """Warns if angles are fractions within a turn of 6.28."""
    if not numbers or max(map(abs, numbers)) > 2 * math.pi + 0.01:
        return
    if max(numbers) - min(numbers) > math.pi / 2 and any(each % 1 for each in numbers):
        warn_user(
            f"{table}: {name} is read as degrees, but from {min(numbers):g} to {max(numbers):g} "
            "looks like radians; multiply radians by 180 / pi."
        )


def _check_columns(
    table: str, columns: Mapping[str, str], declared: Attributes, given: bool
) -> None:
    """Checks that a table has the attributes that are declared.

    Raises:
        InputError: If one is missing; the message names the nearest.
    """
    for name in declared.names if given else ():
        if name not in columns:
            near = nearest(name, columns, f"it has {', '.join(columns)}")
            raise InputError(f"{table}: there is no column {name!r}{near}")


def _column(table: str, rows: Sequence[_Row], name: str, declared: Attributes) -> np.ndarray:
    """Returns the values of an attribute: names of classes, or numbers.

    Raises:
        InputError: If one is no number, unknown, or out of range; the message names its line.
    """
    kind = declared.declared[name]
    values: list[Any] = []
    for row in rows:
        text, place = row.values[name], f"{table}, line {row.number}: {name}"
        if name in declared.classes:
            known = declared.classes[name]
            if text not in known:
                near = nearest(text, known, f"choose from {', '.join(known[:12])}")
                raise InputError(f"{place}: there is no {text!r}{near}")
            values.append(text)
            continue
        number = _number(text)
        if number is None:
            advice = f", or {_DECLARE}" if kind == DEGREES else ""
            raise InputError(f"{place}: expected a number, got {text!r}; correct it{advice}.")
        if kind != DEGREES and not kind[0] <= number <= kind[1]:
            raise InputError(
                f"{place}: expected numbers from {kind[0]:g} to {kind[1]:g}, got {text}; correct "
                "it, or remove the line."
            )
        values.append(number)
    return np.array(values)


def _number(text: str) -> float | None:
    """Returns the finite number that a text is, or None."""
    try:
        number = float("nan" if "_" in text else text)  # 1_2 is a name.
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _rows_of_split(opening: Opening, table: str, rows: list[_Row]) -> list[_Row]:
    have = sorted({row.split for row in rows})
    if have == [""]:
        if opening.split_name != "train":
            advice = f"add a column split to {table}"
            raise no_split(opening.spec, opening.split_name, ["train, the whole folder"], advice)
        return rows
    if opening.split_name not in have:
        raise no_split(opening.spec, opening.split_name, have, f"see the column split of {table}")
    return [row for row in rows if row.split == opening.split_name]


def _check_images(table: str, root: str, rows: Sequence[_Row]) -> None:
    for row in rows:
        if not archives.is_file(os.path.join(root, row.file)):
            raise InputError(
                f"{table}, line {row.number}: there is no image {row.file} in {root}; add it, or "
                "remove the line."
            )

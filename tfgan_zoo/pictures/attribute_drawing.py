"""Drawings from attributes: single ones, sweeps of one attribute, and walks."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tfgan_zoo.attributes import DEGREES, Attributes
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures.drawing import Drawing, DrawRequest
from tfgan_zoo.pictures.labels import Sweep

#: Images drawn at a time.
_BATCH = 512
#: Rows that a sweep has at most for classes that the request does not choose.
_ROWS = 12


def drawing_of(model: Any, request: DrawRequest) -> Drawing:
    """Returns the images that a request describes by attributes.

    - A sweep changes one attribute along each row. An attribute that is not given is in the middle
      of its range; of the first class that is not given, each has a row.
    - A walk goes from each description to the next: attributes that are given several times
      change. If none is, it goes between random descriptions.
    - Otherwise each combination of the given values has a row, and what is not given is random.

    Args:
        model: An `AttributeToImage`.
        request: The request.

    Raises:
        InputError: If it asks for anything else, or a value cannot be used.
    """
    for flag, value in (
        ("text", request.texts),
        ("label", request.labels),
        ("all_labels", request.all_labels),
        ("truncation", request.truncation is not None),
    ):
        if value:
            raise InputError(
                f"--{flag}: expected none for {request.workdir!r}, which draws from attributes; "
                "give --attribute=NAME=VALUE."
            )
    coding = model.coding
    given = parse_values(coding, request.attributes)
    if request.sweep is not None:
        return _sweep(model, request, given)
    if request.interpolate:
        return _walk(model, request, given)
    return _rows(model, request, given)


def parse_values(coding: Attributes, texts: Sequence[str]) -> dict[str, list[Any]]:
    """Returns values by attribute from texts such as "size=0.3".

    Raises:
        InputError: If one is written in another way, or there is no such attribute or value.
    """
    found: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value:
            raise InputError(f"--attribute: expected NAME=VALUE, got {text!r}.")
        if name not in coding.declared:
            raise coding.unknown(name, "--attribute")
        read: Any = value
        if name not in coding.classes:
            read = _number(value, f"--attribute={name}")
        _check(coding, name, read, "--attribute")
        found.setdefault(name, []).append(read)
    return found


def parse_sweep(coding: Attributes, text: str) -> tuple[str, np.ndarray]:
    """Returns the attribute and the values of a sweep such as "angle:0:360:36".

    Both ends are values, but full turns do not repeat their first.

    Raises:
        InputError: If it is written in another way, or out of range.

    Example:
        >>> parse_sweep(Attributes({"angle": "degrees"}), "angle:0:360:4")
        ('angle', array([  0.,  90., 180., 270.]))
    """
    name, *rest = text.split(":")
    if name not in coding.declared:
        raise coding.unknown(name, "--sweep")
    if name in coding.classes:
        raise InputError(
            f"--sweep: expected a number or an angle, got the class {name!r}; walk between classes "
            f"with --interpolate and --attribute={name}=... twice or more."
        )
    if len(rest) != 3:
        raise InputError(f"--sweep: expected NAME:FIRST:LAST:FRAMES, got {text!r}.")
    first, last = (_number(each, "--sweep") for each in rest[:2])
    if not rest[2].isdecimal() or int(rest[2]) < 2:
        raise InputError(f"--sweep: expected a whole number of frames from 2 up, got {rest[2]!r}.")
    turns = coding.declared[name] == DEGREES and first != last and (last - first) % 360 == 0
    values = np.linspace(first, last, int(rest[2]), endpoint=not turns)
    _check(coding, name, values, "--sweep")
    return name, values


def _check(coding: Attributes, name: str, value: Any, flag: str) -> None:
    """Raises `InputError`, in terms of a flag, if an attribute cannot have a value."""
    try:
        coding.encode({**coding.middle(), name: value}, flag)
    except InputError as error:
        raise InputError(str(error).replace(f"{flag}.{name}", f"{flag}={name}", 1)) from None


def _number(text: str, flag: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{flag}: expected a number, got {text!r}.")
    return number


def _sweep(model: Any, request: DrawRequest, given: Mapping[str, list[Any]]) -> Drawing:
    coding = model.coding
    if request.interpolate:
        raise InputError("--sweep: expected none beside --interpolate; leave one of them out.")
    name, values = parse_sweep(coding, str(request.sweep))
    if name in given:
        raise InputError(f"--attribute: expected none for {name!r}, which --sweep changes.")
    given = dict(given)
    free = [each for each in coding.classes if each not in given]
    for each in free[:1]:
        given[each] = list(coding.classes[each])[:_ROWS]
    every, labels = combinations(given)
    rows = [coding.encode({**coding.middle(), **one, name: values}, "--attribute") for one in every]
    sweep = Sweep(name, [f"{value:.4g}" for value in values])
    return _drawn(model, np.concatenate(rows), len(values), labels)._replace(sweep=sweep)


def _walk(model: Any, request: DrawRequest, given: Mapping[str, list[Any]]) -> Drawing:
    request.check_line("attributes")
    coding = model.coding
    several = {name: len(values) for name, values in given.items() if len(values) > 1}
    if len(set(several.values())) > 1:
        counts = ", ".join(f"{num} of {name}" for name, num in several.items())
        raise InputError(f"--attribute: expected as many of each that changes, got {counts}.")
    if several and request.num is not None:
        raise InputError(
            f"--num: expected none for a walk between values of --attribute, got {request.num}."
        )
    num = next(iter(several.values()), request.num_samples())
    filled = dict(coding.middle() if several else coding.sample(num, request.seed))
    stops = coding.encode(
        filled | {name: v if len(v) > 1 else v[0] for name, v in given.items()}, "--attribute"
    )
    ends = np.roll(stops, -1, axis=0) if request.closed else stops[1:]
    lines = coding.between(stops[: len(ends)], ends, request.frames)
    if request.closed:
        lines = lines[:, :-1]
    else:  # Each line but the first begins where the one before it ends.
        lines = [line if i == 0 else line[1:] for i, line in enumerate(lines)]
    codes = np.concatenate(list(lines))
    return _drawn(model, codes, len(codes), None)


def _rows(model: Any, request: DrawRequest, given: Mapping[str, list[Any]]) -> Drawing:
    coding = model.coding
    if not given:
        num = request.num_samples()
        return _drawn(model, coding.encode(coding.sample(num, request.seed)), None, None)
    missing = [name for name in coding.names if name not in given]
    num = request.num_samples() if missing or request.num is not None else 1
    drawn = {n: v for n, v in coding.sample(num, request.seed).items() if n in missing}
    every, labels = combinations(given)
    rows = []
    for one in every:
        codes = coding.encode({**drawn, **one}, "--attribute")
        rows.append(np.broadcast_to(codes, (num, codes.shape[1])))
    return _drawn(model, np.concatenate(rows), num, labels)


def combinations(
    given: Mapping[str, list[Any]],
) -> tuple[list[dict[str, Any]], list[str] | None]:
    """Returns every combination of values, and what tells them apart; None of a single one."""
    found = [dict(zip(given, each, strict=True)) for each in itertools.product(*given.values())]
    names = [name for name, values in given.items() if len(values) > 1]
    if len(found) == 1:
        return found, None
    return found, [", ".join(_shown(name, one[name]) for name in names) for one in found]


def _shown(name: str, value: Any) -> str:
    return value if isinstance(value, str) else f"{name} {value:g}"


def _drawn(
    model: Any, codes: np.ndarray, columns: int | None, labels: Sequence[str] | None
) -> Drawing:
    def batches() -> Iterator[np.ndarray]:
        for i in range(0, len(codes), _BATCH):
            yield model.generate(codes[i : i + _BATCH])

    return Drawing(batches(), len(codes), columns, labels)

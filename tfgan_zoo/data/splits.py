"""The syntax of splits: `train`, `test` or `val`, or a part of one.

Parts follow the order of the samples: `train[:360]`, `train[360:]`, `test[10:20]`, `train[:90%]`,
`train[-100:]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tfgan_zoo.errors import InputError

SPLIT_FOLDERS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "val": ("val", "valid", "validation"),
}
"""Names that the folder of a split may have, in either case."""

SPLIT_OF_FOLDER = {alias: split for split, aliases in SPLIT_FOLDERS.items() for alias in aliases}
"""The split that each of these names stands for."""

_BOUND = r"\s*(-?\d+%?)?\s*"
_SPLIT = re.compile(rf"([^\[\]]+)(?:\[{_BOUND}:{_BOUND}\])?")


def parse_split(split: str) -> tuple[str, str | None, str | None]:
    """Separates a split into its name and the bounds of the part.

    Args:
        split: `NAME` or `NAME[FROM:TO]`. Each bound may be omitted, or is a number of samples or a
            percentage; a negative one counts from the end.

    Returns:
        `(name, from, to)`, with None for an omitted bound.

    Raises:
        InputError: If the split has any other form.

    Example:
        >>> parse_split("train"), parse_split("train[:90%]")
        (('train', None, None), ('train', None, '90%'))
    """
    matched = _SPLIT.fullmatch(split)
    if matched is None:
        raise InputError(
            f"The split {split!r} is not understood; write it like train, train[:360], "
            "train[360:] or train[:90%]."
        )
    name, start, stop = matched.groups()
    return name, start, stop


def bounds(spec: str, num: int, split: str) -> tuple[int, int]:
    """Returns the index of a part's first sample, and the index after its last.

    Percentages are rounded to the nearest sample, so `[:90%]` and `[90%:]` share no sample and omit
    none.

    Args:
        spec: The source, for messages.
        num: Number of samples in the whole split.
        split: Its name, with or without a part.

    Raises:
        InputError: If the part is empty or reaches beyond the samples.

    Example:
        >>> bounds("mine", 10, "train[-30%:]")
        (7, 10)
    """
    start, stop = (
        default if bound is None else _position(spec, split, bound, num)
        for bound, default in zip(parse_split(split)[1:], (0, num), strict=True)
    )
    if start >= stop:
        raise InputError(
            f"{spec} has {num} samples, and none of them is in {split!r} (from {start} to {stop}); "
            "choose another part."
        )
    return start, stop


def _position(spec: str, split: str, bound: str, num: int) -> int:
    """Converts a bound such as 360, -10 or 90% to an index among `num` samples."""
    digits = bound.removeprefix("-")
    count = int(digits.removesuffix("%"))
    beyond = count > (100 if digits.endswith("%") else num)
    if digits.endswith("%"):
        count = (count * num + 50) // 100
    if beyond:
        raise InputError(f"{spec} has {num} samples; {split!r} reaches beyond them.")
    return num - count if bound != digits else count


class NoSplitError(InputError):
    """A source lacks a split.

    Args:
        what: Which split is missing, and which exist.
        remedy: What to do.
    """

    def __init__(self, what: str, remedy: str):
        super().__init__(f"{what}; {remedy}.")
        self.what = what


def no_split(spec: str, split: str, have: Sequence[str], remedy: str) -> NoSplitError:
    """Returns the error for a split that does not exist."""
    found = " and ".join(have) if have else "none"
    return NoSplitError(f"{spec} has no split {split!r} (found: {found})", remedy)

"""The syntax of splits: `train`, `test` or `val`, or a part of one.

Parts follow the order of the samples: `train[:360]`, `train[360:]`, `test[10:20]`, `train[:90%]`,
`train[-100:]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from tfgan_zoo.errors import InputError, warn_user

_Opened = TypeVar("_Opened")

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
        super().__init__(f"{what}; {remedy}{'' if remedy.endswith('?') else '.'}")
        self.what = what


def no_split(spec: str, split: str, have: Sequence[str], remedy: str) -> NoSplitError:
    """Returns the error for a split that does not exist."""
    found = " and ".join(have) if have else "none"
    return NoSplitError(f"{spec} has no split {split!r} (found: {found})", remedy)


class HeldOut(NamedTuple):
    """A split to train on, and another to score on.

    Attributes:
        train: The training split.
        test: The split of the held-out samples.
        what: A clause that says so, for messages.
    """

    train: str
    test: str
    what: str


def stand_ins(train: str, test: str) -> list[HeldOut]:
    """Returns what can be held out where a source lacks a split, the best first.

    That is another split or, of a training split that is not a part itself, its last tenth, which
    is no longer trained on.

    Args:
        train: The split to train on.
        test: The split that is missing.

    Example:
        >>> [pair[:2] for pair in stand_ins("train", "test")]
        [('train', 'val'), ('train[:90%]', 'train[90%:]')]
    """
    name, start, stop = parse_split(train)
    others = [split for split in ("test", "val") if split not in (name, parse_split(test)[0])]
    found = [HeldOut(train, split, f"its split {split} is used instead") for split in others]
    if (start, stop) == (None, None):
        what = f"the last tenth of {name} is held out instead"
        found.append(HeldOut(f"{name}[:90%]", f"{name}[90%:]", what))
    return found


def rest_of(split: str) -> str | None:
    """Returns the samples of a split that a part at its beginning or end leaves out, as a split.

    Example:
        >>> rest_of("train[:90%]"), rest_of("train[100:]"), rest_of("train")
        ('train[90%:]', 'train[:100]', None)
    """
    name, start, stop = parse_split(split)
    if (start is None) == (stop is None):
        return None
    return f"{name}[{stop}:]" if start is None else f"{name}[:{start}]"


def is_known(split: str) -> bool:
    """Returns whether a split is train, test or val by one of its names, and not a part of it."""
    return split in SPLIT_OF_FOLDER


def splits_of_another(wanted: str) -> list[tuple[str, str]]:
    """Returns what to use, and says so, instead of a split that a source not trained on lacks.

    Example:
        >>> splits_of_another("train")
        [('test', 'its split test is used instead'), ('val', 'its split val is used instead')]
    """
    names = [name for name in ("test", "val", "train") if name != wanted]
    return [(name, f"its split {name} is used instead") for name in names]


def open_or_stand_in(
    open_split: Callable[[str], _Opened],
    split: str,
    others: Iterable[tuple[str, str]],
    flag: str = "--split",
) -> tuple[_Opened, str, str]:
    """Opens a split or, if the source lacks it, the first of some others that it has.

    Args:
        open_split: Opens a split.
        split: The split.
        others: The others, each with a clause that says what it is.
        flag: The flag of the split, for the warning that names the other.

    Returns:
        What `open_split` returns, its split, and the warning, which is empty for `split` itself.

    Raises:
        NoSplitError: If the source has none of them, or the name of the split looks mistyped.
    """
    try:
        return open_split(split), split, ""
    except NoSplitError as error:
        if not is_known(parse_split(split)[0]):
            raise
        missing = error
    for other, what in others:
        try:
            opened = open_split(other)
        except NoSplitError:
            continue
        note = f"{flag}: {missing.what}; {what} ({flag}={other})."
        warn_user(note)
        return opened, other, note
    raise missing

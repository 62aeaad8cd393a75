"""The syntax of splits: `train`, `test` or `val`, or a part of one.

Parts follow the order of the samples, as slices of NumPy do: `train[:360]`, `train[360:]`,
`test[10:20]`, `train[:90%]`, `train[-100:]`, and `train[::10]` for every tenth sample. With `~`,
which inverts masks in NumPy, a part is all the others: `train[~::10]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from tfgan_zoo.errors import InputError, warn_user
from tfgan_zoo.progress import counted

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
_SPLIT = re.compile(rf"([^\[\]]+)(?:\[\s*(~)?{_BOUND}:{_BOUND}(?::\s*(\d+)?\s*)?\])?")

#: Of how many samples one is held out where a source lacks a split for that.
HELD_OUT_STEP = 10


class Part(NamedTuple):
    """A split, or a part of one.

    Attributes:
        name: Name of the split.
        start: The part's first sample, a number or a percentage, negative from the end; None for
            that of the split.
        stop: The sample after its last, likewise.
        step: Takes every `step`-th sample between them.
        inverted: Takes all other samples of the split instead.
    """

    name: str
    start: str | None = None
    stop: str | None = None
    step: int = 1
    inverted: bool = False

    @classmethod
    def parse(cls, split: str) -> Part:
        """Reads a split.

        Args:
            split: `NAME`, `NAME[FROM:TO]`, `NAME[FROM:TO:STEP]`, or one of the latter two with `~`
                after the bracket. Bounds and step may be omitted.

        Raises:
            InputError: If the split has any other form.

        Example:
            >>> Part.parse("train[:90%]").stop, Part.parse("train[~::10]")[3:]
            ('90%', (10, True))
        """
        matched = _SPLIT.fullmatch(split)
        if matched is None:
            raise InputError(
                f"The split {split!r} is not understood; write it like train, train[:360], "
                "train[360:] or train[:90%], train[::10] for every tenth sample, or train[~::10] "
                "for the others."
            )
        name, inverted, start, stop, step = matched.groups()
        if step is not None and not int(step):
            raise InputError(
                f"split: expected a step of at least 1, got {split!r}; train[::10] takes every "
                "tenth sample."
            )
        return cls(name, start, stop, int(step or 1), inverted is not None)

    @property
    def is_whole(self) -> bool:
        """Whether it is a split by its name alone."""
        return self[1:] == (None, None, 1, False)

    @property
    def is_slice(self) -> bool:
        """Whether its samples are consecutive, between two bounds."""
        return self.step == 1 and not self.inverted


def parse_split(split: str) -> tuple[str, str | None, str | None]:
    """Separates a split of consecutive samples into its name and the bounds of the part.

    Args:
        split: `NAME` or `NAME[FROM:TO]`. Each bound may be omitted, or is a number of samples or a
            percentage; a negative one counts from the end.

    Returns:
        `(name, from, to)`, with None for an omitted bound.

    Raises:
        InputError: If the split has any other form, or a step or `~`, which `Part` reads.

    Example:
        >>> parse_split("train"), parse_split("train[:90%]")
        (('train', None, None), ('train', None, '90%'))
    """
    part = Part.parse(split)
    if not part.is_slice:
        raise InputError(
            f"split: expected consecutive samples, got {split!r}; read it by "
            "tfgan_zoo.data.splits.Part."
        )
    return part[:3]


def rows_of(spec: str, num: int, split: str) -> range | np.ndarray:
    """Returns the indices of a part's samples, in ascending order.

    A part and the same part with `~` share no sample and omit none. Nor do `[:90%]` and `[90%:]`,
    as percentages are rounded to the nearest sample.

    Args:
        spec: The source, for messages.
        num: Number of samples in the whole split.
        split: Its name, with or without a part.

    Returns:
        A range, or int64 `[N]` for a part with `~`.

    Raises:
        InputError: If the part is empty or reaches beyond the samples.

    Example:
        >>> rows_of("mine", 10, "train[-30%:]"), rows_of("mine", 10, "train[~::3]")
        (range(7, 10), array([1, 2, 4, 5, 7, 8]))
    """
    part = Part.parse(split)
    start = 0 if part.start is None else _position(spec, split, part.start, num)
    stop = num if part.stop is None else _position(spec, split, part.stop, num)
    named = range(start, stop, part.step)
    rows = np.delete(np.arange(num), named) if part.inverted else named
    if not named or not len(rows):
        between = "" if named else f" (from {start} to {stop})"
        raise InputError(
            f"{spec} has {counted(num, 'sample')}, and none of them is in "
            f"{split!r}{between}; choose another part."
        )
    return rows


def _position(spec: str, split: str, bound: str, num: int) -> int:
    """Converts a bound such as 360, -10 or 90% to an index among `num` samples."""
    digits = bound.removeprefix("-")
    count = int(digits.removesuffix("%"))
    beyond = count > (100 if digits.endswith("%") else num)
    if digits.endswith("%"):
        count = (count * num + 50) // 100
    if beyond:
        raise InputError(f"{spec} has {counted(num, 'sample')}; {split!r} reaches beyond them.")
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

    That is another split or, of a training split that is not a part itself, every tenth sample,
    which is no longer trained on. Parts that are spread out have samples of every class, also of
    folders that are read class after class.

    Args:
        train: The split to train on.
        test: The split that is missing.

    Example:
        >>> [pair[:2] for pair in stand_ins("train", "test")]
        [('train', 'val'), ('train[~::10]', 'train[::10]')]
    """
    part = part_or_none(train)
    name = train if part is None else part.name
    known = {SPLIT_OF_FOLDER.get(each, each) for each in (name, test.partition("[")[0])}
    others = [split for split in ("test", "val") if split not in known]
    found = [HeldOut(train, split, f"its split {split} is used instead") for split in others]
    if part is not None and part.is_whole:
        every = f"{name}[::{HELD_OUT_STEP}]"
        what = f"every tenth of {name} is held out instead"
        found.append(HeldOut(f"{name}[~::{HELD_OUT_STEP}]", every, what))
    return found


def is_stand_in(begun: tuple[str, str | None], train: str, test: str) -> bool:
    """Returns whether a run that was given two splits may have begun with two others instead.

    Args:
        begun: The splits with which it began.
        train: The split to train on that it was given.
        test: The split to score on that it was given.

    Example:
        >>> is_stand_in(("train[~::10]", "train[::10]"), "train", "test")
        True
    """
    # Earlier versions held out the last tenth.
    earlier = f"{train}[:90%]", f"{train}[90%:]"
    return begun in [earlier, *(held[:2] for held in stand_ins(train, test))]


def rest_of(split: str) -> str | None:
    """Returns the samples that a part of a split leaves out, as a split; None if there are none.

    Example:
        >>> rest_of("train[:90%]"), rest_of("train[~::10]"), rest_of("train")
        ('train[90%:]', 'train[::10]', None)
    """
    part = part_or_none(split)
    if part is None or part.is_whole:
        return None
    name, start, stop, step, inverted = part
    if part.is_slice and start is None:
        return f"{name}[{stop}:]"
    if part.is_slice and stop is None:
        return f"{name}[:{start}]"
    steps = f":{step}" if step > 1 else ""
    return f"{name}[{'' if inverted else '~'}{start or ''}:{stop or ''}{steps}]"


def part_or_none(split: str) -> Part | None:
    """Returns a split as a part; None for other expressions of TFDS, such as `train+test`."""
    try:
        part = Part.parse(split)
    except InputError:
        return None
    return None if "+" in part.name else part


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
        if not is_known(split.partition("[")[0]):
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

"""Random numbers by index, the same on every machine: what drawn data sets are made from.

The numbers of a stream follow from (seed, name of the stream, index) by an integer hash, so that
any slice can be drawn alone.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.suggestions import did_you_mean

_MASK64 = (1 << 64) - 1


def _mix(z: np.ndarray) -> np.ndarray:
    """SplitMix64's output function (Steele et al. 2014), uint64 -> uint64."""
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def bits(seed: int, stream: str, index: np.ndarray) -> np.ndarray:
    """Returns 64 random bits for each index of a named stream."""
    key = 0xCBF29CE484222325  # FNV-1a, because Python's hash() differs from run to run
    for byte in stream.encode():
        key = ((key ^ byte) * 0x100000001B3) & _MASK64
    start = _mix(np.array([(key + seed) & _MASK64], np.uint64))
    return _mix(_mix(start ^ np.uint64(key)) + index)


def pick(random: np.ndarray, options: int) -> np.ndarray:
    """Returns uniform int32 in 0..options-1."""
    return (((random >> np.uint64(32)) * np.uint64(options)) >> np.uint64(32)).astype(np.int32)


def uniform(random: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
    """Returns uniform float64 in [low, high)."""
    return low + (high - low) * ((random >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def uniform_outside(
    random: np.ndarray, high: float, left_out: tuple[float, float] | None
) -> np.ndarray:
    """Returns uniform float64 from 0 up to `high`, but for a range within; None for all of it."""
    first, last = left_out or (high, high)
    drawn = uniform(random, 0.0, high - (last - first))
    return np.where(drawn < first, drawn, drawn + (last - first))


def pairs_without(
    one: Sequence[str], other: Sequence[str], left_out: Sequence[tuple[str, str]]
) -> np.ndarray:
    """Returns the pairs of two sets of names, but for some, as int32 indices `[num, 2]`.

    Example:
        >>> pairs_without(("box", "ball"), ("red", "blue"), [("box", "red")]).tolist()
        [[0, 1], [1, 0], [1, 1]]
    """
    pairs = [
        (i, j)
        for i, first in enumerate(one)
        for j, second in enumerate(other)
        if (first, second) not in left_out
    ]
    return np.array(pairs, np.int32)


def of_split(
    spec: str,
    split: str,
    sizes: Mapping[str, int],
    num: int | None,
    seed: int,
    start: int,
    stream: str,
) -> tuple[int, Callable[[str], np.ndarray]]:
    """Checks what part of a split is drawn, and returns its random numbers.

    Args:
        spec: The data set, for messages.
        split: A key of `sizes`.
        sizes: Number of samples by split.
        num: How many samples; the split's size if None.
        seed: Any integer.
        start: Index of the first.
        stream: What the names of the streams begin with.

    Returns:
        The number of samples, and a function from the name of a field to `bits` of each.

    Raises:
        InputError: If the split does not exist, or a number is out of range.
    """
    seed = check_seed(seed, any_integer=True)
    if split not in sizes:
        raise InputError(f"{spec} has no split {split!r}{did_you_mean(split, sizes)}")
    num = sizes[split] if num is None else num
    if num < 0 or start < 0:
        raise InputError(f"{spec}: expected num and start of 0 or more, got {num} and {start}.")
    index = np.arange(start, start + num, dtype=np.uint64)
    return num, lambda field: bits(seed, stream + field, index)


class Rows:
    """Base of dataclasses of arrays, or None, with one entry per sample.

    Index one with a slice or an array for a part of its samples.
    """

    def _arrays(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(next(iter(self._arrays().values())))

    def __getitem__(self, index: slice | np.ndarray) -> Self:
        parts = {name: None if v is None else v[index] for name, v in self._arrays().items()}
        return type(self)(**parts)

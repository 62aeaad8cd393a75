"""What `fit` and its like are given, looked at before a train step sees it."""

from collections.abc import Mapping, Sequence
from typing import Any


def unpacked(data: Any) -> Any:
    """Returns the parts of a batch, a dict or a list, however Keras packs what it is given.

    `fit((a, b))` gives a step `((a, b),)`, and `train_on_batch(a, b)` gives it `(a, b, None)`.

    Example:
        >>> unpacked((("a", "b"),)), unpacked(("a", "b", None)), unpacked(({"a": 1}, None, None))
        (['a', 'b'], ['a', 'b'], {'a': 1})
    """
    if not isinstance(data, (list, tuple)):
        return data if isinstance(data, Mapping) else [data]
    parts = list(data)
    while parts and parts[-1] is None:
        parts.pop()
    nested = len(parts) == 1 and isinstance(parts[0], (list, tuple, Mapping))
    return unpacked(parts[0]) if nested else parts


def parts_of(data: Any, names: Sequence[str]) -> list[Any]:
    """Returns the parts of a batch in order, of a dict those of these names that it has."""
    parts = unpacked(data)
    if isinstance(parts, Mapping):
        return [parts[name] for name in names if name in parts]
    return parts


def what_came(data: Any) -> str:
    """Says what a batch consists of, for a message about what it lacks."""
    parts = unpacked(data)
    if isinstance(parts, Mapping):
        return f"a dict with the keys {', '.join(map(str, parts))}"
    return f"{len(parts)} part{'s' * (len(parts) != 1)}"

"""Helpful words for a name that was mistyped."""

from __future__ import annotations

from collections.abc import Iterable

from tfgan_zoo.errors import similar


def did_you_mean(name: str, known: Iterable[str], most: int = 12) -> str:
    """The clause to end an error message with: the nearest names, or the known ones.

    Args:
        name: what was typed.
        known: what could have been typed.
        most: list all known names only if there are no more than this.

    Returns:
        A clause that starts with `; `, or nothing when there is nothing useful to say.

    Example:
        >>> did_you_mean("gird", ["ring", "grid"])
        '; did you mean grid?'
        >>> did_you_mean("xyz", ["ring", "grid"])
        '; choose from ring, grid'
    """
    known = list(known)
    near = similar(name, known)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; choose from {', '.join(known)}" if 0 < len(known) <= most else ""

"""Helpful words for a name that was mistyped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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
    folded = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(folded[each] for each in near)}?"
    return f"; choose from {', '.join(known)}" if 0 < len(known) <= most else ""

"""Advice for names that were mistyped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def similar(name: str, known: Iterable[str]) -> list[str]:
    """Returns up to three known names that resemble a mistyped one.

    A name that differs in case alone comes back alone.

    Example:
        >>> similar("Gird", ["ring", "grid"])
        ['grid']
        >>> similar("Grid", ["grid", "grids"])
        ['grid']
    """
    folded = {each.lower(): each for each in known if each}
    if name.lower() in folded:
        return [folded[name.lower()]]
    return [folded[near] for near in difflib.get_close_matches(name.lower(), folded, 3, 0.55)]


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """Returns the end of an error message: the nearest names, or other advice.

    Args:
        name: What was typed.
        known: The names that exist.
        otherwise: Advice for when no name resembles it.

    Example:
        >>> nearest("gird", ["ring", "grid"], "see --help")
        '; did you mean grid?'
        >>> nearest("xyz", ["ring", "grid"], "see --help")
        '; see --help.'
    """
    near = similar(name, known)
    return f"; did you mean {' or '.join(near)}?" if near else f"; {otherwise}."


def did_you_mean(name: str, known: Iterable[str], most: int = 12) -> str:
    """Returns the end of an error message: the nearest names, or a short list of all.

    Args:
        name: What was typed.
        known: The names that exist.
        most: Lists all names only if there are at most this many.

    Returns:
        A clause that starts with `; `, or an empty string if there is nothing useful to say.

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

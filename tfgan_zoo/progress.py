"""Progress of long operations."""

import contextlib
import contextvars
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import tqdm

#: Seconds until anything is shown: most of what is short stays quiet.
QUIET = 2.0
#: Seconds from one line to the next, where there is no bar.
EVERY = 10.0

_lines = contextvars.ContextVar("lines", default=False)

Item = TypeVar("Item")


def on_terminal() -> bool:
    """Returns whether standard error is a terminal on which a bar has room.

    Some terminals, such as those of `docker run -t` without a window, say that they have no
    columns; a bar would be invisible there.
    """
    if not sys.stderr.isatty():
        return False
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except OSError:  # no file of the system's; whoever put it there knows best
        return True


@contextlib.contextmanager
def progress_lines() -> Iterator[None]:
    """Within it, `bar` prints lines to standard error where that is no terminal.

    A run wants them, since its output often goes to a file that somebody watches. A pipeline in a
    user's own program stays quiet there.
    """
    token = _lines.set(True)
    try:
        yield
    finally:
        _lines.reset(token)


def bar(items: Iterable[Item], what: str, total: int, unit: str) -> Iterator[Item]:
    """Yields the items, and shows how many are done if that takes longer than `QUIET` seconds.

    Args:
        items: what is gone through.
        what: what to call it.
        total: how many there are.
        unit: their name in the plural.

    Yields:
        The items.
    """
    if on_terminal():
        yield from tqdm.tqdm(
            items,
            what,
            total=total,
            unit=f" {unit}",
            delay=QUIET,
            dynamic_ncols=True,
            leave=False,
        )
        return
    if not _lines.get():
        yield from items
        return
    start, due = time.monotonic(), QUIET
    for done, item in enumerate(items, 1):
        yield item
        spent = time.monotonic() - start
        if spent >= due and done < total:
            due = spent + EVERY
            left = tqdm.tqdm.format_interval(spent / done * (total - done))
            text = f"{what}: {done:,} of {total:,} {unit}  {done / spent:,.0f}/s  {left} left"
            print(text, file=sys.stderr, flush=True)

"""Progress of long operations."""

import contextlib
import contextvars
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
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


def bar(
    items: Iterable[Item],
    what: str,
    total: int | None,
    unit: str,
    size: Callable[[Item], int] = lambda item: 1,
) -> Iterator[Item]:
    """Yields the items, and shows how many are done if that takes longer than `QUIET` seconds.

    Args:
        items: what is gone through.
        what: what to call it.
        total: how many units there are; None if that is unknown.
        unit: their name in the plural.
        size: how many units an item is; `len` for batches of images.

    Yields:
        The items.
    """
    if on_terminal():
        with tqdm.tqdm(
            desc=what,
            total=total,
            unit=f" {unit}",
            delay=QUIET,
            dynamic_ncols=True,
            leave=False,
        ) as shown:
            for item in items:
                yield item
                shown.update(size(item))
        return
    if not _lines.get():
        yield from items
        return
    start, due, done = time.monotonic(), QUIET, 0
    for item in items:
        yield item
        done += size(item)
        spent = time.monotonic() - start
        if spent >= due and (total is None or done < total):
            due = spent + EVERY
            text = f"{what}: {done:,} {unit}  {done / spent:,.0f}/s"
            if total is not None:
                left = tqdm.tqdm.format_interval(spent / max(done, 1) * (total - done))
                text = f"{what}: {done:,} of {total:,} {unit}  {done / spent:,.0f}/s  {left} left"
            print(text, file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Prints a line to standard error, above a bar that is shown there."""
    tqdm.tqdm.write(text, file=sys.stderr)

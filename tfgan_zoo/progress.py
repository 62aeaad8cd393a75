"""Progress of long operations, on standard error."""

import contextlib
import contextvars
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import tqdm

#: Seconds before anything is shown, so that short operations stay quiet.
QUIET = 2.0
#: Seconds between two lines, if there is no bar.
EVERY = 10.0

_lines = contextvars.ContextVar("lines", default=False)

Item = TypeVar("Item")

#: The bar that is shown, if any.
_shown: list[str] = []


def on_terminal() -> bool:
    """Returns whether standard error is a terminal with room for a bar.

    Some terminals, such as those of `docker run -t` without a window, report no columns. A bar
    would be invisible there.
    """
    if not sys.stderr.isatty():
        return False
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except OSError:  # not a file of the system, so it was replaced on purpose
        return True


@contextlib.contextmanager
def progress_lines() -> Iterator[None]:
    """Makes `bar` print lines if standard error is not a terminal.

    Runs use it, because their output often goes to a log file. A pipeline in a user's own program
    stays quiet.
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
    """Yields items, and shows progress if that takes longer than `QUIET` seconds.

    Within another bar, whose items these belong to, nothing is shown.

    Args:
        items: The items.
        what: Name of the operation.
        total: Number of units; None if unknown.
        unit: Name of the units, in the plural.
        size: Function that returns the units of an item, such as `len` for batches of images.

    Yields:
        The items.
    """
    if _shown:
        yield from items
        return
    _shown.append(what)
    try:
        yield from _shown_bar(items, what, total, unit, size)
    finally:
        _shown.remove(what)


def _shown_bar(
    items: Iterable[Item], what: str, total: int | None, unit: str, size: Callable[[Item], int]
) -> Iterator[Item]:
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
            speed = per_second(done / spent)
            text = f"{what}: {counted(done, unit.removesuffix('s'))}  {speed}/s"
            if total is not None:
                left = tqdm.tqdm.format_interval(spent / max(done, 1) * (total - done))
                text = f"{what}: {done:,} of {total:,} {unit}  {speed}/s  {left} left"
            print(text, file=sys.stderr, flush=True)


def counted(num: float, what: str) -> str:
    """Returns a number of things as a text, in the singular or the plural.

    Example:
        >>> counted(1, "step"), counted(2300, "step"), counted(1.0, "minute")
        ('1 step', '2,300 steps', '1 minute')
    """
    number = f"{num:g}" if isinstance(num, float) else f"{num:,}"
    return f"{number} {what}{'s' * (num != 1)}"


def per_second(number: float) -> str:
    """Returns a speed as a text; slow ones have decimals, so that they are not 0.

    Args:
        number: A number of units per second.

    Example:
        >>> per_second(1234.5), per_second(0.34)
        ('1,234', '0.34')
    """
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def say(text: str) -> None:
    """Prints a line to standard error, above the bar if there is one."""
    tqdm.tqdm.write(text, file=sys.stderr)

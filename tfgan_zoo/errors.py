"""What the commands print as a sentence instead of a traceback, and words for it."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Something the user gave cannot be used: a path, a flag, a dataset, an argument.

    The message is one sentence that names the thing, says what was expected and what came,
    and how to mend it. Commands print it and exit with status 2; in Python it is a `ValueError`.
    """


class Interrupted(Exception):  # noqa: N818  (it is no error)
    """Training was stopped by a signal, after saving.

    Args:
        message: what was saved and how to go on.
        signal_number: the signal.
    """

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.signal_number = signal_number


class NonFiniteLossError(RuntimeError):
    """A loss or a weight became NaN or infinite; the message names the last good checkpoint."""


class ServerError(RuntimeError):
    """A server did not answer, or answered that it cannot; the message says which and what."""


class StorageError(OSError):
    """A run cannot be written any further; the message says what is left of it."""


class WorkerLostError(RuntimeError):
    """Another process of a run on several machines ended, or cannot be reached."""


def first_line(error: BaseException) -> str:
    """Returns an error's kind and the first line of what may run to a page, for a sentence.

    Example:
        >>> first_line(ValueError("No such layer.\\nTraceback ..."))
        'ValueError: No such layer.'
    """
    lines = str(error).strip().splitlines() or [""]
    text = lines[0] if len(lines[0]) <= 200 else lines[0][:200] + "..."
    return f"{type(error).__name__}: {text}"


def similar(name: str, known: Iterable[str]) -> list[str]:
    """Returns up to three of the names that could have been typed and look like what was.

    Example:
        >>> similar("Gird", ["ring", "grid"])
        ['grid']
    """
    folded = {each.lower(): each for each in known if each}
    return [folded[near] for near in difflib.get_close_matches(name.lower(), folded, 3, 0.55)]

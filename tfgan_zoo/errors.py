"""What the commands print as a sentence instead of a traceback, and words for it."""

import contextlib
import difflib
import math
import numbers
import re
from collections.abc import Iterable, Iterator
from typing import Any


class InputError(ValueError):
    """Something the user gave cannot be used: a path, a flag, a dataset, an argument.

    The message is one sentence that names the thing, says what was expected and what came,
    and how to mend it. Commands print it and exit with status 2; in Python it is a `ValueError`.
    """


def input_error_in(error: BaseException) -> InputError | None:
    """Finds the `InputError` that TensorFlow has wrapped in an error of its own.

    What is raised in a tf.data pipeline, or asserted in a graph, arrives as a page of text in which
    the sentence stands on a line of its own.

    Args:
        error: any; only one of TensorFlow's is looked into.

    Returns:
        The error as it was raised; None if there is none.

    Example:
        >>> import tensorflow as tf
        >>> error = tf.errors.InvalidArgumentError(None, None, "{{node X}} InputError: No.")
        >>> input_error_in(error)
        InputError('No.')
    """
    text = getattr(error, "message", None)
    if not type(error).__module__.startswith("tensorflow.") or not isinstance(text, str):
        return None
    if raised := re.search(r"\bInputError: (.+)", text):
        return InputError(raised[1].strip())
    asserted = re.search(r"assertion failed: ((?:\[[^\[\]]*\] ?)+)", text)
    said = re.findall(r"\[([^\[\]]*)\]", asserted[1]) if asserted else []
    if not said or ": expected " not in said[0]:
        return None
    sentence = " ".join(said).replace(" ;", ";").replace(" .", ".")
    return InputError(sentence if sentence.endswith(".") else f"{sentence}.")


@contextlib.contextmanager
def input_errors() -> Iterator[None]:
    """Within it, an `InputError` that TensorFlow has wrapped is raised as it was."""
    try:
        yield
    except Exception as error:
        found = input_error_in(error)
        if found is None:
            raise
        raise found from None


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


def check_number(
    name: str,
    value: Any,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    whole: bool = False,
) -> None:
    """Checks an argument that is a number.

    Args:
        name: what it is called.
        value: what came.
        least: the smallest that will do.
        above: what it has to be larger than.
        below: what it has to be smaller than, if that is finite.
        whole: whether it has to be an integer.

    Raises:
        InputError: if it is none, or out of this range.

    Example:
        >>> check_number("packing", 0, least=1, whole=True)
        Traceback (most recent call last):
        tfgan_zoo.errors.InputError: packing: expected a whole number from 1 up, got 0.
    """
    kind = numbers.Integral if whole else numbers.Real
    is_number: bool = isinstance(value, kind) and not isinstance(value, bool)
    if is_number and value >= least and value > above and (below == math.inf or value < below):
        return
    start = f"from {least:g}" if least > -math.inf else f"above {above:g}"
    end = f" to below {below:g}" if below < math.inf else " up" * (least > -math.inf)
    raise InputError(f"{name}: expected a {'whole ' * whole}number {start}{end}, got {value!r}.")


def looks_like_bytes(low: float, high: float) -> bool:
    """Whether floats of this range are an image's 0..255, where [-1, 1] is expected.

    A generator without tanh leaves [-1, 1] too, but has dark pixels beside bright ones; floats in
    [0, 1] cannot be told.

    Args:
        low: the smallest.
        high: the largest.

    Example:
        >>> looks_like_bytes(0.0, 255.0), looks_like_bytes(-1.2, 2.1), looks_like_bytes(0.0, 1.0)
        (True, False, False)
    """
    return low >= 0 and high > 2


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
